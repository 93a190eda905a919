//! The text that the quickstart prints.

use std::io::{self, Write};

use super::world::World;

/// Width of the text.
const COLUMNS: usize = 80;

/// A printed report, and the summary at its end.
pub(crate) struct Report<'a> {
    out: &'a mut dyn Write,
    /// True after an empty line, so that no second one follows.
    is_apart: bool,
    summary: Vec<String>,
}

impl<'a> Report<'a> {
    pub(crate) fn new(out: &'a mut dyn Write) -> Self {
        Self { out, is_apart: false, summary: Vec::new() }
    }

    /// Prints the title of a step.
    pub(crate) fn heading(&mut self, title: &str) -> io::Result<()> {
        self.gap()?;
        self.line(&format!("=== {title}"))?;
        self.gap()
    }

    /// Prints a line as it is.
    pub(crate) fn line(&mut self, text: &str) -> io::Result<()> {
        self.is_apart = text.is_empty();
        writeln!(self.out, "{text}")
    }

    /// Prints an empty line, unless one was printed last.
    pub(crate) fn gap(&mut self) -> io::Result<()> {
        if self.is_apart { Ok(()) } else { self.line("") }
    }

    /// Prints prose.
    pub(crate) fn text(&mut self, text: &str) -> io::Result<()> {
        self.indented(0, text)
    }

    /// Prints prose with an indent.
    pub(crate) fn indented(&mut self, indent: usize, text: &str) -> io::Result<()> {
        for line in text.lines() {
            for line in wrapped(line, COLUMNS - indent) {
                self.line(&format!("{:indent$}{line}", ""))?;
            }
        }
        Ok(())
    }

    /// Prints the allowlist as GitLab has it.
    pub(crate) fn allowlist(&mut self, world: &World) -> io::Result<()> {
        let (project, entries) = (world.project(), world.entries());
        self.line(&match (world.is_restricted(), entries.is_empty()) {
            (true, false) => format!("In GitLab, {project} is restricted to the allowlist:"),
            (true, true) => {
                format!("In GitLab, {project} is restricted to the allowlist, which is empty.")
            }
            (false, false) => format!("In GitLab, {project} is open. Its allowlist:"),
            (false, true) => format!("In GitLab, {project} is open. Its allowlist is empty."),
        })?;
        if !entries.is_empty() {
            self.line("\n  kind       ID  full path")?;
        }
        for (kind, id, path) in entries {
            self.line(&format!("  {kind:<7}  {id:>4}  {path}"))?;
        }
        self.gap()
    }

    /// Adds a line to the summary.
    pub(crate) fn done(&mut self, step: &str, result: &str) {
        self.summary.push(format!("{step:<7}  {result}"));
    }

    /// Prints the summary.
    pub(crate) fn summary(&mut self) -> io::Result<()> {
        self.heading("Summary")?;
        std::mem::take(&mut self.summary).iter().try_for_each(|line| self.line(line))
    }

    /// Prints what to do next, after the advice.
    pub(crate) fn next(&mut self, advice: Option<&str>) -> io::Result<()> {
        self.heading("Next")?;
        self.text(advice.unwrap_or_default())?;
        self.line(
            "Choose a resource: docs/index.md\n\
             Install the provider for your own configurations:\n\
             \n  cargo build --release\
             \n  ./target/release/terraform-provider-gitlab-job-token install",
        )
    }
}

/// Breaks a line between words. A word that is wider than the text gets its own line.
fn wrapped(line: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in line.split_whitespace() {
        let last = lines.len() - 1;
        if lines[last].is_empty() {
            lines[last].push_str(word);
        } else if lines[last].chars().count() + 1 + word.chars().count() <= width {
            lines[last].push(' ');
            lines[last].push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}
