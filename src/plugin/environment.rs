//! The environment variables that a host sets, read once into a typed value. Only
//! [`Launch::from_environment`] and [`Launch::for_debug`] read the process environment.

use std::ffi::OsString;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use super::PROTOCOL_VERSION;

/// The magic cookie. It isn't a security measure: it shows that a host started the plugin.
const COOKIE_VARIABLE: &str = "TF_PLUGIN_MAGIC_COOKIE";
/// The value of the cookie in Terraform and OpenTofu, for all protocol versions.
const COOKIE: &str = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";

const PROTOCOL_VERSIONS: &str = "PLUGIN_PROTOCOL_VERSIONS";
const MIN_PORT: &str = "PLUGIN_MIN_PORT";
const MAX_PORT: &str = "PLUGIN_MAX_PORT";
const CLIENT_CERT: &str = "PLUGIN_CLIENT_CERT";
const MULTIPLEX: &str = "PLUGIN_MULTIPLEX_GRPC";
pub(super) const SOCKET_DIR: &str = "PLUGIN_UNIX_SOCKET_DIR";
const SOCKET_GROUP: &str = "PLUGIN_UNIX_SOCKET_GROUP";

/// The user's directory for temporary files.
pub(super) const TEMPORARY_DIR: &str = "TMPDIR";
/// The system's directory for temporary files. Go plugins use it if `TMPDIR` is unset.
const SYSTEM_TEMPORARY_DIR: &str = "/tmp";

/// A variable of this provider: `tcp` or `unix`, instead of the default of the system.
pub(super) const NETWORK: &str = "GITLAB_JOB_TOKEN_PLUGIN_NETWORK";

/// The settings that a host passes to the plugin process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// The protocol versions that the host supports, in random order.
    pub protocol_versions: Vec<u32>,
    /// The TCP ports to choose from; `0..=0` lets the system choose.
    pub ports: RangeInclusive<u16>,
    /// The PEM client certificate of the host. If it is set, mutual TLS is required.
    pub client_certificate: Option<String>,
    /// Whether the handshake must state if the plugin multiplexes connections.
    pub multiplexing_requested: bool,
    /// The directory for the socket, instead of a temporary one.
    pub socket_dir: Option<PathBuf>,
    /// The temporary directories for the socket, in order of preference.
    pub temporary_dirs: Vec<PathBuf>,
    /// The name or ID of a group that may use the socket besides its owner.
    pub socket_group: Option<String>,
    /// The network that the user requested. By default it depends on the system.
    pub network: Option<Network>,
}

/// The network to listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// A Unix socket in a private directory.
    Unix,
    /// TCP on the loopback interface.
    Tcp,
}

/// The error of reading the launch settings.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum LaunchError {
    /// The magic cookie is missing or wrong: a person probably ran the binary by hand.
    #[error(
        "{COOKIE_VARIABLE} is missing or wrong, so this process was not started by Terraform or \
         OpenTofu"
    )]
    NoHost,
    /// A variable has an invalid value.
    #[error("the environment variable {variable} is {value:?}, but must be {expected}")]
    Invalid {
        /// The name of the variable.
        variable: &'static str,
        /// The value, with invalid Unicode replaced.
        value: String,
        /// The expected kind of value, worded to follow "must be".
        expected: &'static str,
    },
}

impl Launch {
    /// Reads the settings from the environment of this process.
    ///
    /// # Errors
    ///
    /// See [`Launch::read`].
    pub fn from_environment() -> Result<Self, LaunchError> {
        Self::read(|name| std::env::var_os(name))
    }

    /// Reads the settings from the variables that `lookup` returns. As in hosts, an empty variable
    /// is unset.
    ///
    /// # Errors
    ///
    /// Returns [`LaunchError::NoHost`] without the magic cookie, and [`LaunchError::Invalid`] for
    /// an invalid value.
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
            client_certificate: environment.text(CLIENT_CERT, "a PEM certificate")?,
            multiplexing_requested: environment.raw(MULTIPLEX).is_some(),
            socket_dir: environment.raw(SOCKET_DIR).map(PathBuf::from),
            temporary_dirs: environment.temporary_dirs(),
            socket_group: environment.text(SOCKET_GROUP, "the name or ID of a group")?,
            network: environment.network()?,
        })
    }

    /// Returns the settings of debug mode, in which hosts attach to the process and set no
    /// variables.
    ///
    /// # Errors
    ///
    /// Returns [`LaunchError::Invalid`] if the user requested an unknown network.
    pub fn for_debug() -> Result<Self, LaunchError> {
        Self::read_for_debug(|name| std::env::var_os(name))
    }

    fn read_for_debug(lookup: impl Fn(&str) -> Option<OsString>) -> Result<Self, LaunchError> {
        let environment = Environment(lookup);
        Ok(Self {
            protocol_versions: vec![PROTOCOL_VERSION],
            ports: 0..=0,
            client_certificate: None,
            multiplexing_requested: false,
            socket_dir: None,
            temporary_dirs: environment.temporary_dirs(),
            socket_group: None,
            network: environment.network()?,
        })
    }

    /// Returns whether the host supports [`PROTOCOL_VERSION`]. If it doesn't, it reports an error
    /// when it reads the handshake.
    #[must_use]
    pub fn supports_our_protocol(&self) -> bool {
        self.protocol_versions.contains(&PROTOCOL_VERSION)
    }

    /// Returns whether a loopback port may be used if no Unix socket can be created.
    ///
    /// Every user of the machine can connect to a port, so it requires mutual TLS. A host that sets
    /// a directory or group may not be able to connect to a port.
    pub(super) fn allows_port_fallback(&self) -> bool {
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
    fn missing_or_wrong_cookie_is_an_error() {
        assert_eq!(read(&[]), Err(LaunchError::NoHost));
        assert_eq!(read(&[(COOKIE_VARIABLE, "")]), Err(LaunchError::NoHost));
        assert_eq!(read(&[(COOKIE_VARIABLE, "d602bf8f")]), Err(LaunchError::NoHost));
    }

    #[test]
    fn variables_of_hosts_are_read() {
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
                multiplexing_requested: true,
                socket_dir: Some("/run/plugins".into()),
                temporary_dirs: vec!["/var/tmp".into(), "/tmp".into()],
                socket_group: Some("staff".to_owned()),
                network: Some(Network::Tcp),
            }
        );
        assert!(launch.supports_our_protocol());
    }

    #[test]
    fn empty_variables_are_unset() {
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
    fn only_the_cookie_is_required() {
        let launch = read_with_cookie(&[]).unwrap();
        assert_eq!(launch.ports, 0..=0);
        assert_eq!(launch.client_certificate, None);
        assert!(!launch.multiplexing_requested);
        assert!(!launch.supports_our_protocol());
    }

    #[test]
    fn maximum_port_below_the_minimum_is_ignored() {
        let launch = read_with_cookie(&[(MIN_PORT, "10000")]).unwrap();
        assert_eq!(launch.ports, 10000..=10000);
    }

    #[test]
    fn invalid_value_is_named_with_its_variable() {
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
    fn debug_mode_ignores_the_variables_of_hosts() {
        let host = [
            (SOCKET_DIR, "/run/plugins"),
            (SOCKET_GROUP, "staff"),
            (MIN_PORT, "10000"),
            (NETWORK, "tcp"),
        ];
        let launch = Launch::read_for_debug(|name| {
            host.iter()
                .find(|(variable, _)| *variable == name)
                .map(|(_, value)| OsString::from(value))
        })
        .unwrap();
        assert_eq!((launch.socket_dir, launch.socket_group, launch.ports), (None, None, 0..=0));
        assert_eq!((launch.client_certificate, launch.network), (None, Some(Network::Tcp)));
    }

    #[test]
    fn system_temporary_directory_is_not_repeated() {
        for value in ["", "/tmp", "/tmp/"] {
            let launch = read_with_cookie(&[(TEMPORARY_DIR, value)]).unwrap();
            assert_eq!(launch.temporary_dirs, [PathBuf::from("/tmp")]);
        }
    }

    #[test]
    fn port_fallback_requires_tls() {
        let may = |variables: &[_]| read_with_cookie(variables).unwrap().allows_port_fallback();
        let tls = (CLIENT_CERT, "-----BEGIN CERTIFICATE-----\n");
        assert!(may(&[tls]));
        assert!(!may(&[]));
        for wish in [(SOCKET_DIR, "/run/plugins"), (SOCKET_GROUP, "staff"), (NETWORK, "unix")] {
            assert!(!may(&[tls, wish]), "{wish:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn invalid_unicode_is_an_error() {
        use std::os::unix::ffi::OsStringExt as _;

        let launch = Launch::read(|name| match name {
            COOKIE_VARIABLE => Some(COOKIE.into()),
            CLIENT_CERT => Some(OsString::from_vec(vec![0xff])),
            _ => None,
        });
        assert!(matches!(launch, Err(LaunchError::Invalid { variable: CLIENT_CERT, .. })));
    }
}
