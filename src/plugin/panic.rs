//! Reports a panic. A host shows a crash to its user only when a line on standard error begins in a
//! way that it knows; Rust's own begins otherwise. A panic that someone will turn into a diagnostic
//! is no crash, and becomes an ordinary log entry.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt;
use std::io::Write as _;
use std::panic::PanicHookInfo;

/// By this beginning a host recognises a crash, and takes what follows for a part of it.
const CRASH: &str = "panic: ";

/// Replaces Rust's own report of a panic for the whole process. `program` is what the defect is in,
/// with its version.
///
/// `is_contained` is asked on the thread that panics, before it unwinds: whether the panic is going
/// to be caught and reported as the failure of one call. It must not panic.
pub fn install(program: &'static str, is_contained: impl Fn() -> bool + Send + Sync + 'static) {
    std::panic::set_hook(Box::new(move |info| {
        let report = Report::of(program, info);
        if is_contained() {
            tracing::error!(
                location = report.location,
                "a call failed by a defect in this provider: {}",
                report.what
            );
        } else {
            // Standard error may be closed, and there is no other place to tell it.
            drop(std::io::stderr().lock().write_all(report.to_string().as_bytes()));
        }
    }));
}

/// The report of a crash for the host's user.
struct Report {
    program: &'static str,
    what: String,
    location: String,
    backtrace: Backtrace,
}

impl Report {
    fn of(program: &'static str, info: &PanicHookInfo<'_>) -> Self {
        Self {
            program,
            what: text(info.payload()).to_owned(),
            location: info
                .location()
                .map_or_else(|| "an unknown place".to_owned(), ToString::to_string),
            backtrace: Backtrace::capture(),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{CRASH}{} (at {})", self.what, self.location)?;
        writeln!(f, "This is a defect in {}. Please report it with these lines.", self.program)?;
        match self.backtrace.status() {
            BacktraceStatus::Captured => writeln!(f, "{}", self.backtrace),
            _ => Ok(()),
        }
    }
}

fn text(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_begins_as_hosts_expect_and_says_whose_fault_it_is() {
        let report = Report {
            program: "a-provider 1.2.3",
            what: "index out of bounds".to_owned(),
            location: "src/lib.rs:1:2".to_owned(),
            backtrace: Backtrace::disabled(),
        };
        assert_eq!(
            report.to_string(),
            "panic: index out of bounds (at src/lib.rs:1:2)\n\
             This is a defect in a-provider 1.2.3. Please report it with these lines.\n"
        );
    }

    /// The hook belongs to the whole process, so this test runs itself in one of its own.
    #[test]
    fn only_a_panic_that_nobody_contains_is_told_as_a_crash() {
        const CHILD: &str = "TEST_PANICS";
        if let Some(kind) = std::env::var_os(CHILD) {
            crate::plugin::log::install();
            install("a-provider 1.2.3", move || kind == "contained");
            panic!("as planned");
        }
        let stderr_of = |kind: &str| {
            let name = "plugin::panic::tests::only_a_panic_that_nobody_contains_is_told_as_a_crash";
            let output = std::process::Command::new(std::env::current_exe().unwrap())
                .args(["--exact", name])
                .env_clear()
                .envs([(CHILD, kind), ("TF_LOG", "ERROR")])
                .output()
                .unwrap();
            String::from_utf8(output.stderr).unwrap()
        };

        let crash = stderr_of("crash");
        assert!(crash.starts_with("panic: as planned (at src/plugin/panic.rs:"), "{crash}");
        let contained = stderr_of("contained");
        assert!(
            contained.starts_with(r#"{"@level":"error","@message":"a call failed by a defect"#),
            "{contained}"
        );
        assert!(contained.contains("as planned") && !contained.contains("panic: "), "{contained}");
    }

    #[test]
    fn the_message_is_found_however_the_panic_was_raised() {
        assert_eq!(text(&"plain"), "plain");
        assert_eq!(text(&"formatted".to_owned()), "formatted");
        assert_eq!(text(&5), "without a message");
    }
}
