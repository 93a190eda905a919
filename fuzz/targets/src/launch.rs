//! The environment that starts the process.

use std::ffi::OsString;

use terraform_provider_gitlab_job_token::plugin::{Launch, LaunchError};

/// Reads each line as an environment variable, written `name=value`.
///
/// # Panics
///
/// Panics if an accepted launch can't be served, or if an error doesn't name its variable.
pub fn handshake(bytes: &[u8]) {
    let variables: Vec<(&[u8], &[u8])> =
        bytes.split(|byte| *byte == b'\n').filter_map(variable).collect();
    let lookup = |name: &str| {
        let found = variables.iter().find(|(variable, _)| *variable == name.as_bytes());
        found.map(|(_, value)| os_string(value))
    };
    match Launch::read(lookup) {
        Ok(launch) => assert!(launch.ports.start() <= launch.ports.end(), "{:?}", launch.ports),
        Err(LaunchError::NoHost) => {}
        Err(error @ LaunchError::Invalid { variable, .. }) => {
            assert!(lookup(variable).is_some(), "{variable} is not set");
            assert!(error.to_string().contains(variable));
        }
    }
}

fn variable(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let equals = line.iter().position(|byte| *byte == b'=')?;
    Some((&line[..equals], &line[equals + 1..]))
}

#[cfg(unix)]
fn os_string(bytes: &[u8]) -> OsString {
    use std::os::unix::ffi::OsStrExt as _;

    std::ffi::OsStr::from_bytes(bytes).to_owned()
}

#[cfg(not(unix))]
fn os_string(bytes: &[u8]) -> OsString {
    String::from_utf8_lossy(bytes).into_owned().into()
}
