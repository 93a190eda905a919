//! A plugin's process: its handshake, what it writes, and its end.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::{ClientCertificate, Connection, Error, Handshake};

/// The timeout of each step, far longer than needed on a busy machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// A running plugin. It is killed when dropped.
#[derive(Debug)]
pub struct Plugin {
    child: Child,
    handshake: Handshake,
    line: String,
    certificate: Option<Arc<ClientCertificate>>,
    stdout: Lines,
    stderr: Lines,
    _temporary: TempDir,
}

/// The exit of a plugin.
#[derive(Clone, Copy, Debug)]
pub struct Exit {
    /// The status of the process.
    pub status: ExitStatus,
    /// The time until it exited.
    pub duration: Duration,
}

/// A signal that users and systems send to whole process groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT, as a terminal sends it on Ctrl-C.
    Interrupt,
    /// SIGTERM, as service managers and `timeout` send it.
    Terminate,
    /// SIGHUP, as a terminal sends it when it is closed.
    HangUp,
}

impl Signal {
    fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "INT",
            Self::Terminate => "TERM",
            Self::HangUp => "HUP",
        }
    }
}

impl Plugin {
    pub(crate) async fn start(
        mut command: Command,
        binary: &Path,
        certificate: Option<Arc<ClientCertificate>>,
        temporary: TempDir,
    ) -> Result<Self, Error> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let spawned = command.spawn();
        let mut child = spawned
            .map_err(|source| Error::Spawn { binary: binary.display().to_string(), source })?;
        let (first, mut first_line) = mpsc::channel(1);
        let stdout = Lines::collect(child.stdout.take(), Some(first));
        let stderr = Lines::collect(child.stderr.take(), None);
        let line = timeout(LIMIT, first_line.recv())
            .await
            .map_err(|_| Error::Timeout("write a handshake"))?;
        let Some(line) = line else {
            let status = child.wait().await?;
            return Err(Error::EndedEarly { status, stderr: stderr.finish().await });
        };
        let handshake = Handshake::parse(&line)?;
        Ok(Self { child, handshake, line, certificate, stdout, stderr, _temporary: temporary })
    }

    /// Returns the parsed handshake.
    pub fn handshake(&self) -> &Handshake {
        &self.handshake
    }

    /// Returns the handshake line.
    pub fn handshake_line(&self) -> &str {
        &self.line
    }

    /// Returns the process ID, or `None` if the process has exited.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Returns the lines written to standard error so far.
    pub fn stderr(&self) -> Vec<String> {
        self.stderr.so_far()
    }

    /// Returns the lines written to standard output since the handshake.
    pub fn stdout(&self) -> Vec<String> {
        self.stdout.so_far()
    }

    /// Connects as the host that started it.
    ///
    /// # Errors
    ///
    /// Fails if the plugin rejects the connection.
    pub async fn connect(&self) -> Result<Connection, Error> {
        self.connect_with(self.certificate.as_deref()).await
    }

    /// Connects by TLS if the plugin has a certificate, and presents `certificate`.
    ///
    /// # Errors
    ///
    /// As [`Plugin::connect`].
    pub async fn connect_with(
        &self,
        certificate: Option<&ClientCertificate>,
    ) -> Result<Connection, Error> {
        Connection::open(&self.handshake, certificate).await
    }

    /// Connects without TLS, whatever the plugin expects.
    ///
    /// # Errors
    ///
    /// As [`Plugin::connect`].
    pub async fn connect_plaintext(&self) -> Result<Connection, Error> {
        let handshake = Handshake { certificate: None, ..self.handshake.clone() };
        Connection::open(&handshake, None).await
    }

    /// Waits for the process to end by itself.
    ///
    /// # Errors
    ///
    /// Fails if it doesn't exit.
    pub async fn wait(&mut self) -> Result<Exit, Error> {
        let start = Instant::now();
        let status =
            timeout(LIMIT, self.child.wait()).await.map_err(|_| Error::Timeout("end"))??;
        Ok(Exit { status, duration: start.elapsed() })
    }

    /// Waits for the process to end, and for all that it wrote to standard error.
    ///
    /// # Errors
    ///
    /// As [`Plugin::wait`].
    pub async fn wait_for_stderr(mut self) -> Result<Vec<String>, Error> {
        self.wait().await?;
        Ok(self.stderr.finish().await)
    }

    /// Kills the process, as a host does after a timeout.
    ///
    /// # Errors
    ///
    /// Fails if the system returns an error.
    pub async fn kill(&mut self) -> Result<(), Error> {
        Ok(self.child.kill().await?)
    }

    /// Sends the process a signal. Works on unix only.
    ///
    /// # Errors
    ///
    /// Fails if it has already exited or the signal can't be sent.
    pub async fn signal(&self, signal: Signal) -> Result<(), Error> {
        let ended = || std::io::Error::other("the process has ended");
        let pid = self.pid().ok_or_else(ended)?;
        let command = format!("kill -{} {pid}", signal.name());
        let status = Command::new("sh").args(["-c", &command]).status().await?;
        if status.success() { Ok(()) } else { Err(ended().into()) }
    }
}

/// The lines of a stream so far.
#[derive(Debug)]
struct Lines {
    lines: Arc<Mutex<Vec<String>>>,
    reader: JoinHandle<()>,
}

impl Lines {
    /// Sends the first line to `first`, if given, and collects the others.
    fn collect(
        stream: Option<impl AsyncRead + Unpin + Send + 'static>,
        mut first: Option<mpsc::Sender<String>>,
    ) -> Self {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let collected = Arc::clone(&lines);
        let reader = tokio::spawn(async move {
            let Some(stream) = stream else { return };
            let mut stream = BufReader::new(stream).split(b'\n');
            while let Ok(Some(line)) = stream.next_segment().await {
                let line = String::from_utf8_lossy(&line).into_owned();
                match first.take() {
                    // Sending fails only if the start was aborted.
                    Some(first) => drop(first.send(line).await),
                    None => collected.lock().unwrap_or_else(PoisonError::into_inner).push(line),
                }
            }
        });
        Self { lines, reader }
    }

    fn so_far(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn finish(self) -> Vec<String> {
        // If the reader failed, the lines so far are still available.
        drop(self.reader.await);
        std::mem::take(&mut *self.lines.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
