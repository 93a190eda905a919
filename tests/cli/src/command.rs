//! Runs programs that may have just been written.

use std::io;
use std::process::{Command, Output};
use std::thread;
use std::time::Duration;

/// Number of attempts to start a program that is still open for writing, and the time between two.
const ATTEMPTS: usize = 50;
const INTERVAL: Duration = Duration::from_millis(20);

/// Runs a command to its end like [`Command::output`], and starts it again while its program is
/// open for writing. A file that this process has just written is, until each child that another
/// thread started meanwhile has replaced its copy of the file descriptors.
///
/// # Errors
///
/// Those of [`Command::output`].
pub(crate) fn output(command: &mut Command) -> io::Result<Output> {
    for _ in 1..ATTEMPTS {
        match command.output() {
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => {
                thread::sleep(INTERVAL);
            }
            outcome => return outcome,
        }
    }
    command.output()
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::fs::{self, File, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn program_open_for_writing_starts_once_it_is_closed() {
        let directory = tempfile::tempdir().unwrap();
        let program = directory.path().join("program");
        fs::write(&program, "#!/bin/sh\necho started\n").unwrap();
        fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
        let open = File::options().append(true).open(&program).unwrap();
        let busy = Command::new(&program).output().unwrap_err();
        assert_eq!(busy.kind(), io::ErrorKind::ExecutableFileBusy);

        let closing = thread::spawn(move || {
            thread::sleep(2 * INTERVAL);
            drop(open);
        });

        assert_eq!(output(&mut Command::new(&program)).unwrap().stdout, b"started\n");
        closing.join().unwrap();
    }
}
