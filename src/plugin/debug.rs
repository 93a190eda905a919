//! Debug mode: serves hosts that attach to this process, for example one that runs in a debugger.
//! There is no cookie, handshake or TLS, and only an interrupt stops the process. It prints the
//! environment variable that a host needs.

use std::fmt;
use std::io::{self, Write};
use std::time::Duration;

use serde_json::{Value, json};
use tonic::service::Routes;

use super::PROTOCOL_VERSION;
use super::connection::{ConnectionTracker, Session};
use super::environment::Launch;
use super::handshake::Address;
use super::listener::{HostLimit, Listener};
use super::serve::{ServeError, StopReason, serve_until_stopped};
use super::services;
use super::shutdown::Shutdown;

/// The environment variable with the providers that a host attaches to.
const VARIABLE: &str = "TF_REATTACH_PROVIDERS";

/// Maximum time for RPCs in flight to finish after an interrupt. A response that arrives in time
/// lets the host store its state.
const DRAIN_LIMIT: Duration = Duration::from_secs(5);

/// Serves `provider` with the source addresses `addresses` to all hosts that attach, until an
/// interrupt. Writes to `stdout` how to set the environment variable of a host.
///
/// Any number of hosts may be connected at a time. Each request has the session `S` of its
/// connection in its extensions.
///
/// # Errors
///
/// Fails if no host can be served at all. A failing connection or RPC isn't an error.
pub async fn serve_debug<S: Session>(
    launch: &Launch,
    addresses: &[String],
    provider: Routes,
    mut stdout: impl Write,
) -> Result<StopReason, ServeError> {
    // Before the socket is created, so that an interrupt can't leave it behind.
    let interrupts = Interrupts::listen().map_err(ServeError::Interrupts)?;
    let mut listener = Listener::bind(launch, HostLimit::Unlimited).await?;
    let announcement =
        Announcement { address: listener.address(), providers: addresses, shell: Shell::NATIVE };
    write!(stdout, "{announcement}").and_then(|()| stdout.flush()).map_err(ServeError::Announce)?;

    let shutdown = Shutdown::default();
    let routes = services::with_plugin_services(provider, &shutdown).await;
    let interrupted = async {
        interrupts.first().await;
        StopReason::Interrupted
    };
    let connections = ConnectionTracker::default();
    serve_until_stopped::<S>(
        &mut listener,
        None,
        routes,
        &connections,
        &shutdown,
        interrupted,
        DRAIN_LIMIT,
    )
    .await
}

/// The signals by which a terminal or a process manager terminates the process.
struct Interrupts {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(windows)]
    interrupt: tokio::signal::windows::CtrlC,
    #[cfg(windows)]
    terminate: tokio::signal::windows::CtrlBreak,
}

impl Interrupts {
    /// Installs the signal handlers, so that the signals don't terminate the process immediately.
    #[cfg(unix)]
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    #[cfg(windows)]
    fn listen() -> io::Result<Self> {
        use tokio::signal::windows::{ctrl_break, ctrl_c};

        Ok(Self { interrupt: ctrl_c()?, terminate: ctrl_break()? })
    }

    async fn first(mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// The shell syntax for setting the variable.
#[derive(Clone, Copy, Debug)]
enum Shell {
    Posix,
    Windows,
}

impl Shell {
    const NATIVE: Self = if cfg!(windows) { Self::Windows } else { Self::Posix };

    fn assign(self, value: &str) -> String {
        match self {
            Self::Posix => format!("  export {VARIABLE}='{}'\n", value.replace('\'', r"'\''")),
            Self::Windows => format!(
                "In PowerShell:\n\n  $env:{VARIABLE} = '{}'\n\nIn the Command Prompt:\n\n  set \
                 \"{VARIABLE}={value}\"\n\
                 ",
                value.replace('\'', "''")
            ),
        }
    }
}

struct Announcement<'a> {
    address: &'a Address,
    providers: &'a [String],
    shell: Shell,
}

impl Announcement<'_> {
    /// Returns the value of the variable, a line of JSON.
    fn variable(&self) -> String {
        let (network, text) = match self.address {
            #[cfg(unix)]
            Address::Unix(path) => ("unix", path.to_string_lossy().into_owned()),
            Address::Tcp(address) => ("tcp", address.to_string()),
        };
        let provider = json!({
            "Protocol": "grpc",
            "ProtocolVersion": PROTOCOL_VERSION,
            "Pid": std::process::id(),
            // Without it, hosts expect another protocol and kill the process at the end.
            "Test": true,
            "Addr": { "Network": network, "String": text },
        });
        Value::Object(
            self.providers.iter().map(|address| (address.clone(), provider.clone())).collect(),
        )
        .to_string()
    }

    fn access_note(&self) -> &'static str {
        match self.address {
            #[cfg(unix)]
            Address::Unix(_) => "Only you can reach the socket.",
            Address::Tcp(_) => {
                "Every user of this machine can reach the port, and use the provider."
            }
        }
    }
}

impl fmt::Display for Announcement<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "Waiting for Terraform or OpenTofu. To attach one, set this variable in its shell:\n"
        )?;
        writeln!(f, "{}", self.shell.assign(&self.variable()))?;
        writeln!(f, "The provider uses the environment of this process, not that of the shell.")?;
        writeln!(f, "Connections are not encrypted in this mode. {}", self.access_note())?;
        writeln!(f, "Press Ctrl-C to stop.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn announced(address: &Address, shell: Shell) -> String {
        let providers = ["registry.example/acme/thing".to_owned()];
        let announcement = Announcement { address, providers: &providers, shell };
        announcement.to_string().replace(&format!("\"Pid\":{},", std::process::id()), "\"Pid\":1,")
    }

    fn line<'a>(announced: &'a str, prefix: &str) -> &'a str {
        announced.lines().find_map(|line| line.trim_start().strip_prefix(prefix)).unwrap()
    }

    #[cfg(unix)]
    #[test]
    fn posix_assignment_is_quoted_on_one_line() {
        let announced = announced(&Address::Unix("/tmp/it's/socket".into()), Shell::Posix);
        assert_eq!(
            line(&announced, "export TF_REATTACH_PROVIDERS="),
            concat!(
                r#"'{"registry.example/acme/thing":{"Addr":{"Network":"unix","String":"/tmp/it'\''s/socket"},"#,
                r#""Pid":1,"Protocol":"grpc","ProtocolVersion":6,"Test":true}}'"#,
            )
        );
        assert!(announced.contains("Only you can reach the socket."), "{announced}");
    }

    #[test]
    fn windows_has_an_assignment_for_each_shell() {
        let announced = announced(&Address::Tcp(([127, 0, 0, 1], 10000).into()), Shell::Windows);
        let value = concat!(
            r#"{"registry.example/acme/thing":{"Addr":{"Network":"tcp","String":"127.0.0.1:10000"},"#,
            r#""Pid":1,"Protocol":"grpc","ProtocolVersion":6,"Test":true}}"#,
        );
        assert_eq!(line(&announced, "$env:TF_REATTACH_PROVIDERS = "), format!("'{value}'"));
        assert_eq!(line(&announced, "set "), format!("\"TF_REATTACH_PROVIDERS={value}\""));
        assert!(announced.contains("Every user of this machine can reach the port"), "{announced}");
    }
}
