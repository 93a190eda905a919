//! The environment that a host gives us, read once into a typed value. The process's real
//! environment is touched in one line, so every rule is testable without a process.

use std::ffi::OsString;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use super::PROTOCOL_VERSION;

/// Proves nothing but good will: hosts set it so that a plugin started by hand can say what it is.
const COOKIE_VARIABLE: &str = "TF_PLUGIN_MAGIC_COOKIE";
/// The same in Terraform and OpenTofu, for every protocol version.
const COOKIE: &str = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";

const PROTOCOL_VERSIONS: &str = "PLUGIN_PROTOCOL_VERSIONS";
const MIN_PORT: &str = "PLUGIN_MIN_PORT";
const MAX_PORT: &str = "PLUGIN_MAX_PORT";
const CLIENT_CERT: &str = "PLUGIN_CLIENT_CERT";
const MULTIPLEX: &str = "PLUGIN_MULTIPLEX_GRPC";
pub(super) const SOCKET_DIR: &str = "PLUGIN_UNIX_SOCKET_DIR";
const SOCKET_GROUP: &str = "PLUGIN_UNIX_SOCKET_GROUP";

/// The system's, not a host's: the user's directory for temporary files.
pub(super) const TEMPORARY_DIR: &str = "TMPDIR";
/// The directory for temporary files that every Unix has. Hosts' own plugins use it if `TMPDIR` is
/// unset.
const SYSTEM_TEMPORARY_DIR: &str = "/tmp";

/// Ours, not a host's: `tcp` or `unix` in place of what suits the system.
pub(super) const NETWORK: &str = "GITLAB_JOB_TOKEN_PLUGIN_NETWORK";

/// Settings by a host for the process that it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// The protocol versions that the host speaks, in its own order, which is random.
    pub protocol_versions: Vec<u32>,
    /// The TCP ports to choose from; `0..=0` lets the system choose.
    pub ports: RangeInclusive<u16>,
    /// The PEM certificate that the host will present. Present means that mutual TLS is required.
    pub client_certificate: Option<String>,
    /// The host wants to read in the handshake whether we multiplex connections.
    pub asks_for_multiplexing: bool,
    /// The directory for the socket, instead of a temporary one.
    pub socket_dir: Option<PathBuf>,
    /// The temporary directories to put the socket in, the preferred one first.
    pub temporary_dirs: Vec<PathBuf>,
    /// The group, by name or number, that may use the socket beside its owner.
    pub socket_group: Option<String>,
    /// The kind of socket that the user asks for. Without it, the system's usual kind is used if it
    /// works.
    pub network: Option<Network>,
}

/// The kind of socket to listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// A unix socket in a directory of our own.
    Unix,
    /// TCP on the loopback interface.
    Tcp,
}

/// The error of a start without anything to serve.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum LaunchError {
    /// The magic cookie is missing or wrong: most likely a person runs the binary by hand.
    #[error(
        "{COOKIE_VARIABLE} is missing or wrong, so this process was not started by Terraform or \
         OpenTofu"
    )]
    NoHost,
    /// A variable holds something that cannot be used.
    #[error("the environment variable {variable} is {value:?}, but must be {expected}")]
    Invalid {
        /// The variable's name.
        variable: &'static str,
        /// The value, with characters replaced that are not Unicode.
        value: String,
        /// The values that it may have, as the end of a sentence.
        expected: &'static str,
    },
}

impl Launch {
    /// Reads the environment of this process.
    ///
    /// # Errors
    /// As [`Launch::read`].
    pub fn from_environment() -> Result<Self, LaunchError> {
        Self::read(|name| std::env::var_os(name))
    }

    /// Reads the environment that `lookup` gives. An empty variable counts as unset, as it does for
    /// hosts.
    ///
    /// # Errors
    /// [`LaunchError::NoHost`] without the right cookie, [`LaunchError::Invalid`] for a value that
    /// makes no sense.
    pub fn read(lookup: impl Fn(&str) -> Option<OsString>) -> Result<Self, LaunchError> {
        let environment = Environment(lookup);
        if environment.raw(COOKIE_VARIABLE).is_none_or(|cookie| cookie != COOKIE) {
            return Err(LaunchError::NoHost);
        }
        let min_port = environment.port(MIN_PORT)?;
        let max_port = environment.port(MAX_PORT)?.max(min_port);
        Ok(Self {
            protocol_versions: environment.protocol_versions()?,
            ports: min_port..=max_port,
            client_certificate: environment.text(CLIENT_CERT, "a certificate in PEM form")?,
            asks_for_multiplexing: environment.raw(MULTIPLEX).is_some(),
            socket_dir: environment.raw(SOCKET_DIR).map(PathBuf::from),
            temporary_dirs: environment.temporary_dirs(),
            socket_group: environment.text(SOCKET_GROUP, "the name or number of a group")?,
            network: environment.network()?,
        })
    }

    /// Returns settings for hosts that attach: nothing is asked by them, so the system chooses,
    /// unless the user of this process has chosen the kind of socket.
    ///
    /// # Errors
    /// [`LaunchError::Invalid`] for a kind of socket that does not exist.
    pub fn to_attach() -> Result<Self, LaunchError> {
        Self::read_to_attach(|name| std::env::var_os(name))
    }

    fn read_to_attach(lookup: impl Fn(&str) -> Option<OsString>) -> Result<Self, LaunchError> {
        let environment = Environment(lookup);
        Ok(Self {
            protocol_versions: vec![PROTOCOL_VERSION],
            ports: 0..=0,
            client_certificate: None,
            asks_for_multiplexing: false,
            socket_dir: None,
            temporary_dirs: environment.temporary_dirs(),
            socket_group: None,
            network: environment.network()?,
        })
    }

    /// Returns whether the host speaks our protocol. One that does not will say so itself, once it
    /// reads the handshake.
    pub fn speaks_our_protocol(&self) -> bool {
        self.protocol_versions.contains(&PROTOCOL_VERSION)
    }

    /// Checks whether a loopback port may replace a unix socket that can't be made. Every user of
    /// the machine reaches a port, so mutual TLS must keep them out; and a host that names a
    /// directory or a group may be unable to reach anything else.
    pub(super) fn may_replace_socket_by_port(&self) -> bool {
        self.network.is_none()
            && self.client_certificate.is_some()
            && self.socket_dir.is_none()
            && self.socket_group.is_none()
    }
}

struct Environment<F>(F);

impl<F: Fn(&str) -> Option<OsString>> Environment<F> {
    fn raw(&self, variable: &str) -> Option<OsString> {
        (self.0)(variable).filter(|value| !value.is_empty())
    }

    fn text(
        &self,
        variable: &'static str,
        expected: &'static str,
    ) -> Result<Option<String>, LaunchError> {
        self.raw(variable)
            .map(|value| {
                value.into_string().map_err(|value| LaunchError::Invalid {
                    variable,
                    value: value.to_string_lossy().into_owned(),
                    expected,
                })
            })
            .transpose()
    }

    fn port(&self, variable: &'static str) -> Result<u16, LaunchError> {
        let expected = "a port number";
        match self.text(variable, expected)? {
            None => Ok(0),
            Some(value) => {
                value.parse().map_err(|_| LaunchError::Invalid { variable, value, expected })
            }
        }
    }

    fn protocol_versions(&self) -> Result<Vec<u32>, LaunchError> {
        let expected = "a list of numbers separated by commas";
        let list = self.text(PROTOCOL_VERSIONS, expected)?.unwrap_or_default();
        list.split(',')
            .map(str::trim)
            .filter(|version| !version.is_empty())
            .map(str::parse)
            .collect::<Result<_, _>>()
            .map_err(|_| LaunchError::Invalid {
                variable: PROTOCOL_VERSIONS,
                value: list.clone(),
                expected,
            })
    }

    fn temporary_dirs(&self) -> Vec<PathBuf> {
        let system = PathBuf::from(SYSTEM_TEMPORARY_DIR);
        match self.raw(TEMPORARY_DIR).map(PathBuf::from) {
            Some(user) if user != system => vec![user, system],
            _ => vec![system],
        }
    }

    fn network(&self) -> Result<Option<Network>, LaunchError> {
        let expected = "\"unix\" or \"tcp\"";
        match self.text(NETWORK, expected)? {
            None => Ok(None),
            Some(value) if value == "unix" => Ok(Some(Network::Unix)),
            Some(value) if value == "tcp" => Ok(Some(Network::Tcp)),
            Some(value) => Err(LaunchError::Invalid { variable: NETWORK, value, expected }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Launch, LaunchError> {
        Launch::read(|name| {
            variables
                .iter()
                .find(|(variable, _)| *variable == name)
                .map(|(_, value)| OsString::from(value))
        })
    }

    fn read_with_cookie(variables: &[(&str, &str)]) -> Result<Launch, LaunchError> {
        read(&[variables, &[(COOKIE_VARIABLE, COOKIE)]].concat())
    }

    #[test]
    fn without_the_right_cookie_there_is_no_host() {
        assert_eq!(read(&[]), Err(LaunchError::NoHost));
        assert_eq!(read(&[(COOKIE_VARIABLE, "")]), Err(LaunchError::NoHost));
        assert_eq!(read(&[(COOKIE_VARIABLE, "d602bf8f")]), Err(LaunchError::NoHost));
    }

    #[test]
    fn everything_a_host_sets_is_read() {
        let launch = read_with_cookie(&[
            (PROTOCOL_VERSIONS, "6,5"),
            (MIN_PORT, "10000"),
            (MAX_PORT, "25000"),
            (CLIENT_CERT, "-----BEGIN CERTIFICATE-----\n"),
            (MULTIPLEX, "false"),
            (SOCKET_DIR, "/run/plugins"),
            (SOCKET_GROUP, "staff"),
            (TEMPORARY_DIR, "/var/tmp"),
            (NETWORK, "tcp"),
        ])
        .unwrap();
        assert_eq!(
            launch,
            Launch {
                protocol_versions: vec![6, 5],
                ports: 10000..=25000,
                client_certificate: Some("-----BEGIN CERTIFICATE-----\n".to_owned()),
                asks_for_multiplexing: true,
                socket_dir: Some("/run/plugins".into()),
                temporary_dirs: vec!["/var/tmp".into(), "/tmp".into()],
                socket_group: Some("staff".to_owned()),
                network: Some(Network::Tcp),
            }
        );
        assert!(launch.speaks_our_protocol());
    }

    #[test]
    fn an_empty_variable_counts_as_unset() {
        let names = [
            PROTOCOL_VERSIONS,
            MIN_PORT,
            MAX_PORT,
            CLIENT_CERT,
            MULTIPLEX,
            SOCKET_DIR,
            SOCKET_GROUP,
            TEMPORARY_DIR,
            NETWORK,
        ];
        let empty: Vec<_> = names.iter().map(|name| (*name, "")).collect();
        assert_eq!(read_with_cookie(&empty), read_with_cookie(&[]));
    }

    #[test]
    fn the_least_that_a_host_can_set_is_enough() {
        let launch = read_with_cookie(&[]).unwrap();
        assert_eq!(launch.ports, 0..=0);
        assert_eq!(launch.client_certificate, None);
        assert!(!launch.asks_for_multiplexing);
        assert!(!launch.speaks_our_protocol());
    }

    #[test]
    fn an_upper_port_below_the_lower_one_leaves_the_lower_one() {
        let launch = read_with_cookie(&[(MIN_PORT, "10000")]).unwrap();
        assert_eq!(launch.ports, 10000..=10000);
    }

    #[test]
    fn a_value_without_sense_is_named_with_its_variable() {
        for (variable, value, message) in [
            (MIN_PORT, "65536", r#"PLUGIN_MIN_PORT is "65536", but must be a port number"#),
            (
                PROTOCOL_VERSIONS,
                "5,six",
                r#"PLUGIN_PROTOCOL_VERSIONS is "5,six", but must be a list of numbers separated by commas"#,
            ),
            (
                NETWORK,
                "udp",
                r#"GITLAB_JOB_TOKEN_PLUGIN_NETWORK is "udp", but must be "unix" or "tcp""#,
            ),
        ] {
            let error = read_with_cookie(&[(variable, value)]).unwrap_err();
            assert_eq!(error.to_string(), format!("the environment variable {message}"));
        }
    }

    #[test]
    fn of_a_hosts_variables_none_counts_for_one_that_attaches() {
        let host = [
            (SOCKET_DIR, "/run/plugins"),
            (SOCKET_GROUP, "staff"),
            (MIN_PORT, "10000"),
            (NETWORK, "tcp"),
        ];
        let launch = Launch::read_to_attach(|name| {
            host.iter()
                .find(|(variable, _)| *variable == name)
                .map(|(_, value)| OsString::from(value))
        })
        .unwrap();
        assert_eq!((launch.socket_dir, launch.socket_group, launch.ports), (None, None, 0..=0));
        assert_eq!((launch.client_certificate, launch.network), (None, Some(Network::Tcp)));
    }

    #[test]
    fn the_systems_temporary_directory_is_named_once() {
        for value in ["", "/tmp", "/tmp/"] {
            let launch = read_with_cookie(&[(TEMPORARY_DIR, value)]).unwrap();
            assert_eq!(launch.temporary_dirs, [PathBuf::from("/tmp")]);
        }
    }

    #[test]
    fn a_port_replaces_a_socket_only_behind_tls() {
        let may =
            |variables: &[_]| read_with_cookie(variables).unwrap().may_replace_socket_by_port();
        let tls = (CLIENT_CERT, "-----BEGIN CERTIFICATE-----\n");
        assert!(may(&[tls]));
        assert!(!may(&[]));
        for wish in [(SOCKET_DIR, "/run/plugins"), (SOCKET_GROUP, "staff"), (NETWORK, "unix")] {
            assert!(!may(&[tls, wish]), "{wish:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_value_that_is_not_unicode_is_an_error_not_a_panic() {
        use std::os::unix::ffi::OsStringExt as _;

        let launch = Launch::read(|name| match name {
            COOKIE_VARIABLE => Some(COOKIE.into()),
            CLIENT_CERT => Some(OsString::from_vec(vec![0xff])),
            _ => None,
        });
        assert!(matches!(launch, Err(LaunchError::Invalid { variable: CLIENT_CERT, .. })));
    }
}
