//! A run of the CLI: its exit status and output, which failed assertions print.

use std::fmt;
use std::process::Output;

use crate::diagnostic::{Diagnostic, Severity};

/// The exit status that `plan -detailed-exitcode` gives to a plan with changes.
pub(crate) const CHANGES: i32 = 2;

/// The title of the warning about development overrides, which comes with every run.
const OVERRIDES: &str = "Provider development overrides are in effect";

/// A finished run.
#[must_use = "a run proves nothing until somebody looks at how it ended"]
#[derive(Debug)]
pub struct Run {
    command: String,
    status: Option<i32>,
    stdout: String,
    stderr: String,
    is_json: bool,
}

impl Run {
    pub(crate) fn new(arguments: &[&str], output: &Output) -> Self {
        Self {
            command: arguments.join(" "),
            status: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            is_json: arguments.contains(&"-json"),
        }
    }

    /// Returns whether the command succeeded. Terraform has ended with status 0 after an error that
    /// it printed.
    #[must_use]
    pub fn is_success(&self) -> bool {
        matches!(self.status, Some(0 | CHANGES)) && self.errors().is_empty()
    }

    /// Returns the exit status; none if a signal ended the run.
    #[must_use]
    pub fn status(&self) -> Option<i32> {
        self.status
    }

    /// Returns the standard output.
    #[must_use]
    pub fn stdout(&self) -> &str {
        &self.stdout
    }

    /// Returns the standard error output.
    #[must_use]
    pub fn stderr(&self) -> &str {
        &self.stderr
    }

    /// Panics unless the command succeeded.
    #[track_caller]
    pub fn succeeds(&self) -> &Self {
        assert!(self.is_success(), "the command should succeed\n{self}");
        self
    }

    /// Panics if the command succeeded.
    #[track_caller]
    pub fn fails(&self) -> &Self {
        assert!(!self.is_success(), "the command should fail\n{self}");
        self
    }

    /// Returns all errors, in order.
    #[must_use]
    pub fn errors(&self) -> Vec<Diagnostic> {
        self.diagnostics(Severity::Error)
    }

    /// Returns all warnings, except the one about development overrides.
    #[must_use]
    pub fn warnings(&self) -> Vec<Diagnostic> {
        let mut warnings = self.diagnostics(Severity::Warning);
        warnings.retain(|warning| warning.summary != OVERRIDES);
        warnings
    }

    /// Returns the only error as the CLI prints it. Panics if the run succeeded or has several
    /// errors.
    #[track_caller]
    #[must_use]
    pub fn error(&self) -> String {
        self.fails();
        self.only(&self.errors(), "error")
    }

    /// Returns the only warning as the CLI prints it. Panics if there is none or several.
    #[track_caller]
    #[must_use]
    pub fn warning(&self) -> String {
        self.only(&self.warnings(), "warning")
    }

    /// Panics if there is a warning.
    #[track_caller]
    pub fn has_no_warnings(&self) -> &Self {
        assert!(self.warnings().is_empty(), "there should be no warning\n{self}");
        self
    }

    #[track_caller]
    fn only(&self, diagnostics: &[Diagnostic], what: &str) -> String {
        match diagnostics {
            [only] => only.to_string(),
            all => panic!("there should be one {what}, but there are {}\n{self}", all.len()),
        }
    }

    fn diagnostics(&self, severity: Severity) -> Vec<Diagnostic> {
        let mut all: Vec<Diagnostic> = if self.is_json {
            self.stdout.lines().filter_map(Diagnostic::from_json).collect()
        } else {
            Diagnostic::all_from_text(&self.stderr)
        };
        all.retain(|diagnostic| diagnostic.severity == severity);
        all
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { command, status, stdout, stderr, .. } = self;
        let status =
            status.map_or_else(|| "a signal".to_owned(), |status| format!("status {status}"));
        write!(f, "`{command}` ended with {status}\n--- stdout\n{stdout}\n--- stderr\n{stderr}")
    }
}
