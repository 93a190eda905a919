//! A running command, which tests can interrupt or kill. Signals and the list of processes work on
//! Linux; on other systems, these methods panic.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _};
use std::process::{Child, Command, Output, Stdio};

use crate::run::Run;

/// A running command. It is killed when dropped, so that a failing test leaves no process behind.
///
/// Every method panics if the system returns an error.
#[derive(Debug)]
pub struct Running {
    arguments: Vec<String>,
    child: Child,
    stdout: File,
    stderr: File,
}

impl Running {
    /// Starts the command as the leader of a process group, as a shell does. Output goes to files,
    /// since a full pipe would block it.
    pub(crate) fn start(command: &mut Command, arguments: &[&str]) -> io::Result<Self> {
        let (stdout, stderr) = (tempfile::tempfile()?, tempfile::tempfile()?);
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        let child = command
            .stdin(Stdio::null())
            .stdout(stdout.try_clone()?)
            .stderr(stderr.try_clone()?)
            .spawn()?;
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        Ok(Self { arguments, child, stdout, stderr })
    }

    /// Interrupts the program and its children, as Ctrl-C does in a terminal.
    #[track_caller]
    pub fn interrupt(&self) {
        self.signal_group("INT");
    }

    /// Sends a signal such as `TERM` to the program and its children, as service managers and
    /// `timeout` do.
    #[track_caller]
    pub fn signal_group(&self, name: &str) {
        signal(name, &format!("-{}", self.child.id()));
    }

    /// Kills only the program.
    #[track_caller]
    pub fn kill(&mut self) {
        if let Err(error) = self.child.kill() {
            panic!("the program can't be killed: {error}");
        }
    }

    /// Returns whether the standard output contains `text` so far.
    #[must_use]
    pub fn has_printed(&self, text: &str) -> bool {
        String::from_utf8_lossy(&so_far(&self.stdout)).contains(text)
    }

    /// Returns the process IDs of running providers that the program started.
    #[must_use]
    pub fn children(&self) -> Vec<u32> {
        let parent = self.child.id();
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        let numbers = processes.filter_map(|process| process.file_name().to_str()?.parse().ok());
        numbers
            .filter(|number| status(*number).is_some_and(|status| status.parent == parent))
            .collect()
    }

    /// Waits for the end.
    #[track_caller]
    pub fn wait(mut self) -> Run {
        let finished = self.child.wait().and_then(|status| {
            Ok(Output {
                status,
                stdout: content(&mut self.stdout)?,
                stderr: content(&mut self.stderr)?,
            })
        });
        let arguments: Vec<_> = self.arguments.iter().map(String::as_str).collect();
        match finished {
            Ok(output) => Run::new(&arguments, &output),
            Err(error) => panic!("`{}` can't be waited for: {error}", arguments.join(" ")),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Kills a process.
#[track_caller]
pub fn kill_process(number: u32) {
    signal("KILL", &number.to_string());
}

/// Sends a signal such as `HUP` to one process.
#[track_caller]
pub fn signal_process(name: &str, number: u32) {
    signal(name, &number.to_string());
}

/// Returns whether a process is running. A zombie isn't.
#[must_use]
pub fn is_process_running(number: u32) -> bool {
    status(number).is_some()
}

#[track_caller]
fn signal(name: &str, whom: &str) {
    let sent = Command::new("sh").args(["-c", &format!("kill -s {name} -- {whom}")]).status();
    assert!(sent.as_ref().is_ok_and(|status| status.success()), "{whom} gets no {name}: {sent:?}");
}

struct Status {
    parent: u32,
}

/// Returns the status of a running process.
fn status(number: u32) -> Option<Status> {
    let stat = fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
    // The name before the state is in parentheses and may hold anything.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let (state, parent) = (fields.next()?, fields.next()?.parse().ok()?);
    (state != "Z").then_some(Status { parent })
}

/// Returns the content of the file without moving the position at which the program goes on
/// writing.
#[cfg(unix)]
fn so_far(file: &File) -> Vec<u8> {
    let mut content = vec![0; file.metadata().map_or(0, |file| file.len() as usize)];
    if let Err(error) = std::os::unix::fs::FileExt::read_exact_at(file, &mut content, 0) {
        panic!("what the program writes can't be read: {error}");
    }
    content
}

/// Panics, because on this system, reading changes the position at which the program writes.
#[cfg(not(unix))]
fn so_far(_: &File) -> Vec<u8> {
    panic!("what the program writes can't be read while it runs on this system");
}

fn content(file: &mut File) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut content)?;
    Ok(content)
}
