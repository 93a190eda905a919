//! HashiCorp's archives: the release's checksums must be signed by the pinned key, and have the
//! archive's checksum.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::error::last_lines;
use super::{SourceError, check_sum, make_executable, output, program, unzip};

/// A publisher of signed Terraform archives.
#[derive(Debug)]
pub(super) struct Publisher {
    /// The directory that has a directory for each version.
    pub(super) releases: String,
    /// The public key. It need not be trusted, since its fingerprint is verified.
    pub(super) key: String,
    /// The fingerprint of the primary key.
    pub(super) fingerprint: String,
}

impl Publisher {
    pub(super) fn hashicorp() -> Self {
        Self {
            releases: "https://releases.hashicorp.com/terraform".to_owned(),
            key: "https://www.hashicorp.com/.well-known/pgp-key.txt".to_owned(),
            fingerprint: "C874011F0AB405110D02105534365D9472D7468F".to_owned(),
        }
    }
}

/// Downloads the archive for a version and this platform, and unpacks the program once everything
/// fits.
pub(super) fn fetch(
    publisher: &Publisher,
    version: &str,
    directory: &Path,
) -> Result<(), SourceError> {
    let downloads = Downloads::new()?;
    let release = format!("{}/{version}", publisher.releases);
    let key = downloads.get(&publisher.key, "key.asc")?;
    let list = format!("terraform_{version}_SHA256SUMS");
    let sums = downloads.get(&format!("{release}/{list}"), "sums")?;
    let signature = downloads.get(&format!("{release}/{list}.sig"), "sums.sig")?;
    verify(&publisher.fingerprint, &key, &signature, &sums)?;
    let name = format!("terraform_{version}_{}.zip", platform());
    let listed = fs::read_to_string(&sums).map_err(SourceError::file(&sums))?;
    let sum = sum_of(&listed, &name).ok_or_else(|| SourceError::NotListed(name.clone()))?;
    let archive = downloads.get(&format!("{release}/{name}"), &name)?;
    check_sum(&archive, sum)?;
    let to = directory.join(program());
    unzip(&archive, &program(), &to)?;
    make_executable(&to)
}

/// Returns the platform as Go names it.
fn platform() -> String {
    let system = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let processor = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("{system}_{processor}")
}

/// Returns the checksum of a file in a checksum list.
fn sum_of<'a>(list: &'a str, name: &str) -> Option<&'a str> {
    list.lines()
        .find_map(|line| line.split_once("  ").filter(|(_, listed)| *listed == name))
        .map(|(sum, _)| sum)
}

/// Downloaded files, removed when dropped. GnuPG uses their directory as its home, which needs a
/// short path for its sockets and must not have keys of the user.
struct Downloads(tempfile::TempDir);

impl Downloads {
    fn new() -> Result<Self, SourceError> {
        let directory = tempfile::Builder::new().prefix("tf").tempdir();
        directory.map(Downloads).map_err(SourceError::file(&std::env::temp_dir()))
    }

    /// Downloads with curl, so that its configuration applies. Offline, it fails within seconds.
    fn get(&self, url: &str, name: &str) -> Result<PathBuf, SourceError> {
        let to = self.0.path().join(name);
        let mut curl = Command::new("curl");
        curl.args(["--fail", "--silent", "--show-error", "--location", "--connect-timeout", "5"]);
        output(curl.args(["--max-time", "600", "--output"]).arg(&to).arg(url))?;
        Ok(to)
    }
}

/// Checks that the signature is good and the pinned key's. GnuPG's exit status alone doesn't tell
/// whose it is.
fn verify(
    fingerprint: &str,
    key: &Path,
    signature: &Path,
    signed: &Path,
) -> Result<(), SourceError> {
    let gpg = || {
        let mut gpg = Command::new("gpg");
        gpg.env("GNUPGHOME", key.parent().unwrap_or(key)).args(["--batch", "--no-tty"]);
        gpg
    };
    output(gpg().arg("--import").arg(key))?;
    let mut verify = gpg();
    verify.args(["--status-fd", "1", "--verify"]).arg(signature).arg(signed);
    let checked = verify
        .output()
        .map_err(|source| SourceError::NotStarted { name: "gpg".to_owned(), source })?;
    let status = String::from_utf8_lossy(&checked.stdout);
    if checked.status.success() && is_good(&status, fingerprint) {
        return Ok(());
    }
    let message = last_lines(&String::from_utf8_lossy(&checked.stderr));
    Err(SourceError::Signature { fingerprint: fingerprint.to_owned(), message })
}

/// Reads GnuPG's status lines. One signature is good, by a key that is neither expired nor revoked,
/// and the last word of its details is the fingerprint of the primary key.
fn is_good(status: &str, fingerprint: &str) -> bool {
    let lines: Vec<Vec<&str>> = status
        .lines()
        .filter_map(|line| Some(line.strip_prefix("[GNUPG:] ")?.split_whitespace().collect()))
        .collect();
    let all = |keyword: &str| {
        lines.iter().filter(|words| words.first() == Some(&keyword)).collect::<Vec<_>>()
    };
    matches!((&all("GOODSIG")[..], &all("VALIDSIG")[..]), ([_], [valid]) if valid.last() == Some(&fingerprint))
}

#[cfg(test)]
mod tests;
