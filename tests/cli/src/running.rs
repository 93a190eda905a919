//! A run of the program that has not ended yet.

use std::io;
use std::process::{Child, Command, Stdio};

use crate::run::Run;

/// A running command. Dropping it ends it by force.
#[must_use = "a run proves nothing until somebody looks at how it ended"]
#[derive(Debug)]
pub struct Running {
    child: Option<Child>,
    arguments: Vec<String>,
}

impl Running {
    pub(crate) fn start(mut command: Command, arguments: &[&str]) -> io::Result<Running> {
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        Ok(Running { child: Some(child), arguments })
    }

    /// Tells the program to stop, as a user does with Ctrl-C; only the program itself, not what it has started.
    #[cfg(unix)]
    #[track_caller]
    pub fn interrupt(&self) {
        let Some(child) = &self.child else { return };
        let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        assert!(sent.as_ref().is_ok_and(std::process::ExitStatus::success), "no interrupt: {sent:?}");
    }

    /// Waits for the end.
    #[track_caller]
    pub fn wait(mut self) -> Run {
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        match self.child.take().map(Child::wait_with_output) {
            Some(Ok(output)) => Run::new(&arguments, &output),
            ended => panic!("`{}` can't be waited for: {ended:?}", arguments.join(" ")),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            drop(child.kill());
            drop(child.wait());
        }
    }
}
