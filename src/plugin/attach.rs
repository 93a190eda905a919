//! Serves hosts that did not start this process but attach to it, so that a debugger can hold it:
//! no cookie, no handshake, no TLS, and an end only when a person asks for it. What the host needs
//! to know is printed for that person.

use std::fmt;
use std::io::{self, Write};
use std::time::Duration;

use serde_json::{Value, json};
use tonic::service::Routes;

use super::PROTOCOL_VERSION;
use super::connection::{Connections, Session};
use super::environment::Launch;
use super::handshake::Address;
use super::listener::{Hosts, Listener};
use super::serve::{End, ServeError, serve_until_end};
use super::services;
use super::shutdown::Shutdown;

/// The variable in which hosts look for providers to attach to.
const VARIABLE: &str = "TF_REATTACH_PROVIDERS";

/// Maximum time for calls in flight to finish after an interrupt. Nobody kills us here, and an
/// answer that gets through spares the host's state; but nobody who presses Ctrl-C wants to wait
/// long.
const DRAIN_LIMIT: Duration = Duration::from_secs(5);

/// Serves `provider` under these full addresses to all hosts that attach, until an interrupt. What
/// to tell a host is written to `announce_on` for a person to paste into the shell in which the
/// host runs.
///
/// Hosts may come and go, many at once. Each request carries the `S` of its connection.
///
/// # Errors
/// When nobody can be served at all. A failing connection or call is not an error here.
pub async fn serve_attached<S: Session>(
    launch: &Launch,
    addresses: &[String],
    provider: Routes,
    mut announce_on: impl Write,
) -> Result<End, ServeError> {
    // Before there is a socket, so that no interrupt leaves one behind.
    let interrupts = Interrupts::listen().map_err(ServeError::Interrupts)?;
    let mut listener = Listener::bind(launch, Hosts::Many).await?;
    let announcement =
        Announcement { address: listener.address(), providers: addresses, shells: Shells::HERE };
    write!(announce_on, "{announcement}")
        .and_then(|()| announce_on.flush())
        .map_err(ServeError::Announce)?;

    let shutdown = Shutdown::default();
    let routes = services::beside(provider, &shutdown).await;
    let interrupted = async {
        interrupts.first().await;
        End::Interrupted
    };
    let connections = Connections::default();
    serve_until_end::<S>(
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

/// The signals with which a terminal or a process manager ends a process.
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
    /// From now on, they no longer end the process by themselves.
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

/// In whose language the variable is set.
#[derive(Clone, Copy, Debug)]
enum Shells {
    Posix,
    Windows,
}

impl Shells {
    const HERE: Self = if cfg!(windows) { Self::Windows } else { Self::Posix };

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
    shells: Shells,
}

impl Announcement<'_> {
    /// One line of JSON, since shells and hosts both read it.
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
            // Without it, hosts take us for one of another protocol, and kill us in the end.
            "Test": true,
            "Addr": { "Network": network, "String": text },
        });
        Value::Object(
            self.providers.iter().map(|address| (address.clone(), provider.clone())).collect(),
        )
        .to_string()
    }

    fn who_can_connect(&self) -> &'static str {
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
            "Waiting for Terraform or OpenTofu. Have one attach by setting, in its shell:\n"
        )?;
        writeln!(f, "{}", self.shells.assign(&self.variable()))?;
        writeln!(
            f,
            "The environment of this process counts for the provider, not that of the shell."
        )?;
        writeln!(f, "Connections are not encrypted in this mode. {}", self.who_can_connect())?;
        writeln!(f, "Press Ctrl-C to end.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn announced(address: &Address, shells: Shells) -> String {
        let providers = ["registry.example/acme/thing".to_owned()];
        let announcement = Announcement { address, providers: &providers, shells };
        announcement.to_string().replace(&format!("\"Pid\":{},", std::process::id()), "\"Pid\":1,")
    }

    fn line<'a>(announced: &'a str, beginning: &str) -> &'a str {
        announced.lines().find_map(|line| line.trim_start().strip_prefix(beginning)).unwrap()
    }

    #[cfg(unix)]
    #[test]
    fn a_shell_gets_the_socket_of_every_address_in_one_quoted_line() {
        let announced = announced(&Address::Unix("/tmp/it's/socket".into()), Shells::Posix);
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
    fn windows_gets_a_line_for_each_of_its_shells() {
        let announced = announced(&Address::Tcp(([127, 0, 0, 1], 10000).into()), Shells::Windows);
        let value = concat!(
            r#"{"registry.example/acme/thing":{"Addr":{"Network":"tcp","String":"127.0.0.1:10000"},"#,
            r#""Pid":1,"Protocol":"grpc","ProtocolVersion":6,"Test":true}}"#,
        );
        assert_eq!(line(&announced, "$env:TF_REATTACH_PROVIDERS = "), format!("'{value}'"));
        assert_eq!(line(&announced, "set "), format!("\"TF_REATTACH_PROVIDERS={value}\""));
        assert!(announced.contains("Every user of this machine can reach the port"), "{announced}");
    }
}
