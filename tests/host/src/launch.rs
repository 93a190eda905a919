//! Starts a plugin with the environment of a host, of which tests can change every part.

use std::ffi::OsString;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;

use tokio::process::Command;
use tokio::time::timeout;

use crate::plugin::{LIMIT, Plugin};
use crate::{ClientCertificate, Error};

/// The value of Terraform and OpenTofu.
const COOKIE: &str = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";
/// The rest of the environment is empty, so that no test depends on its caller.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// A killed plugin leaves its socket behind, so each gets a private directory that is removed with
/// it.
const TEMPORARY: &str = "TMPDIR";

/// The program to start, and its environment.
#[derive(Clone, Debug)]
pub struct Launch {
    binary: PathBuf,
    variables: Vec<(OsString, OsString)>,
    tls: Tls,
}

#[derive(Clone, Debug)]
enum Tls {
    Fresh,
    Given(Arc<ClientCertificate>),
    Off,
}

/// A finished process.
#[derive(Debug)]
pub struct Finished {
    /// The exit status.
    pub status: ExitStatus,
    /// Its output on standard output.
    pub stdout: String,
    /// Its output on standard error.
    pub stderr: String,
}

impl Launch {
    /// Creates a launch of `binary` as by Terraform and OpenTofu, with a new certificate for each
    /// start.
    pub fn new(binary: impl Into<PathBuf>) -> Self {
        Self { binary: binary.into(), variables: Vec::new(), tls: Tls::Fresh }
            .env("PATH", PATH)
            .env("TF_PLUGIN_MAGIC_COOKIE", COOKIE)
            .env("PLUGIN_PROTOCOL_VERSIONS", "5,6")
            .ports(10000..=25000)
    }

    /// Sets a variable.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        let name = name.into();
        self = self.without_env(&name);
        self.variables.push((name, value.into()));
        self
    }

    /// Removes a variable.
    #[must_use]
    pub fn without_env(mut self, name: impl Into<OsString>) -> Self {
        let name = name.into();
        self.variables.retain(|(variable, _)| *variable != name);
        self
    }

    /// Sets the magic cookie, or removes it.
    #[must_use]
    pub fn cookie(self, cookie: Option<&str>) -> Self {
        match cookie {
            Some(cookie) => self.env("TF_PLUGIN_MAGIC_COOKIE", cookie),
            None => self.without_env("TF_PLUGIN_MAGIC_COOKIE"),
        }
    }

    /// Sets the range of TCP ports to choose from.
    #[must_use]
    pub fn ports(self, ports: RangeInclusive<u16>) -> Self {
        self.env("PLUGIN_MIN_PORT", ports.start().to_string())
            .env("PLUGIN_MAX_PORT", ports.end().to_string())
    }

    /// Makes the provider listen on a loopback port.
    #[must_use]
    pub fn tcp(self) -> Self {
        self.env("GITLAB_JOB_TOKEN_PLUGIN_NETWORK", "tcp")
    }

    /// Announces and presents this certificate instead of a fresh one.
    #[must_use]
    pub fn certificate(mut self, certificate: ClientCertificate) -> Self {
        self.tls = Tls::Given(Arc::new(certificate));
        self
    }

    /// Announces no certificate, as with `TF_DISABLE_PLUGIN_TLS`: connections are plaintext.
    #[must_use]
    pub fn without_tls(mut self) -> Self {
        self.tls = Tls::Off;
        self
    }

    /// Starts the plugin and reads its handshake.
    ///
    /// # Errors
    ///
    /// Fails if it can't be run, exits early, or writes something else.
    pub async fn start(&self) -> Result<Plugin, Error> {
        let certificate = self.fresh_certificate()?;
        let temporary = tempfile::tempdir()?;
        let mut command = self.command(certificate.as_deref());
        if !self.variables.iter().any(|(variable, _)| variable == TEMPORARY) {
            command.env(TEMPORARY, temporary.path());
        }
        Plugin::start(command, &self.binary, certificate, temporary).await
    }

    /// Runs the binary to its end.
    ///
    /// # Errors
    ///
    /// Fails if it can't be run or doesn't exit by itself.
    pub async fn run(&self) -> Result<Finished, Error> {
        let certificate = self.fresh_certificate()?;
        let running = self.command(certificate.as_deref()).stdin(Stdio::null()).output();
        let output = timeout(LIMIT, running).await.map_err(|_| Error::Timeout("end"))?;
        let output = output.map_err(|source| self.spawn_error(source))?;
        Ok(Finished {
            status: output.status,
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    fn spawn_error(&self, source: std::io::Error) -> Error {
        Error::Spawn { binary: self.binary.display().to_string(), source }
    }

    fn fresh_certificate(&self) -> Result<Option<Arc<ClientCertificate>>, Error> {
        Ok(match &self.tls {
            Tls::Fresh => Some(Arc::new(ClientCertificate::fresh()?)),
            Tls::Given(certificate) => Some(Arc::clone(certificate)),
            Tls::Off => None,
        })
    }

    fn command(&self, certificate: Option<&ClientCertificate>) -> Command {
        let mut command = Command::new(&self.binary);
        command.env_clear().envs(self.variables.iter().map(|(name, value)| (name, value)));
        if let Some(certificate) = certificate {
            command.env("PLUGIN_CLIENT_CERT", certificate.pem());
        }
        command.kill_on_drop(true);
        command
    }
}
