//! The panic hook. Hosts show a crash to the practitioner only if a line on standard error has the
//! prefix of a Go panic. A panic that becomes a diagnostic is logged as an ordinary entry.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt;
use std::io::Write as _;
use std::panic::PanicHookInfo;

/// The prefix by which hosts recognize a crash. They treat the following lines as part of it.
const CRASH_PREFIX: &str = "panic: ";

/// Installs the panic hook of the process. `program` is the name and version in the report.
///
/// `is_contained` returns whether the panic will be caught and reported as the error of an RPC. It
/// is called on the panicking thread before unwinding, and must not panic.
pub fn install(program: &'static str, is_contained: impl Fn() -> bool + Send + Sync + 'static) {
    std::panic::set_hook(Box::new(move |info| {
        let report = CrashReport::new(program, info);
        if is_contained() {
            tracing::error!(
                location = report.location,
                "an RPC panicked, which is a bug in this provider: {}",
                report.message
            );
        } else {
            // Standard error may be closed, and there is nowhere else to report the crash.
            drop(std::io::stderr().lock().write_all(report.to_string().as_bytes()));
        }
    }));
}

/// The report of a crash, which the host shows to the practitioner.
struct CrashReport {
    program: &'static str,
    message: String,
    location: String,
    backtrace: Backtrace,
}

impl CrashReport {
    fn new(program: &'static str, info: &PanicHookInfo<'_>) -> Self {
        Self {
            program,
            message: payload_text(info.payload()).to_owned(),
            location: info
                .location()
                .map_or_else(|| "unknown location".to_owned(), ToString::to_string),
            backtrace: Backtrace::capture(),
        }
    }
}

impl fmt::Display for CrashReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{CRASH_PREFIX}{} (at {})", self.message, self.location)?;
        writeln!(f, "This is a bug in {}. Please report it with these lines.", self.program)?;
        match self.backtrace.status() {
            BacktraceStatus::Captured => writeln!(f, "{}", self.backtrace),
            _ => Ok(()),
        }
    }
}

fn payload_text(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crash_has_the_prefix_and_names_the_program() {
        let report = CrashReport {
            program: "a-provider 1.2.3",
            message: "index out of bounds".to_owned(),
            location: "src/lib.rs:1:2".to_owned(),
            backtrace: Backtrace::disabled(),
        };
        assert_eq!(
            report.to_string(),
            "panic: index out of bounds (at src/lib.rs:1:2)\n\
             This is a bug in a-provider 1.2.3. Please report it with these lines.\n"
        );
    }

    /// The hook applies to the whole process, so the test runs itself in a child process.
    #[test]
    fn only_an_uncontained_panic_is_a_crash() {
        const CHILD: &str = "TEST_PANICS";
        if let Some(kind) = std::env::var_os(CHILD) {
            crate::plugin::log::install();
            install("a-provider 1.2.3", move || kind == "contained");
            panic!("as planned");
        }
        let stderr_of = |kind: &str| {
            let name = "plugin::panic::tests::only_an_uncontained_panic_is_a_crash";
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
            contained.starts_with(r#"{"@level":"error","@message":"an RPC panicked"#),
            "{contained}"
        );
        assert!(contained.contains("as planned") && !contained.contains("panic: "), "{contained}");
    }

    #[test]
    fn payloads_of_any_type_have_a_text() {
        assert_eq!(payload_text(&"plain"), "plain");
        assert_eq!(payload_text(&"formatted".to_owned()), "formatted");
        assert_eq!(payload_text(&5), "no message");
    }
}
