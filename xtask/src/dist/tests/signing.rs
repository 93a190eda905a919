//! `.ci/sign`, with keys that are made here. Without GnuPG, these tests are skipped with a message.

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::project;

const PASSPHRASE: &str = "correct horse";

/// A private key ring. Its path is short, because GnuPG's socket is in it.
struct Keys(TempDir);

impl Keys {
    fn new() -> Option<Self> {
        if Command::new("gpg").arg("--version").output().is_err() {
            let _ = writeln!(
                std::io::stderr(),
                "TESTS OF SIGNING ARE SKIPPED: there is no gpg on PATH."
            );
            return None;
        }
        let home = tempfile::Builder::new().prefix("k").tempdir().unwrap();
        // Otherwise it spends seconds on key protection that such short-lived keys don't need.
        fs::write(home.path().join("gpg-agent.conf"), "s2k-count 65536\n").unwrap();
        Some(Self(home))
    }

    fn gpg<I: IntoIterator<Item: AsRef<OsStr>>>(&self, arguments: I) -> Output {
        let mut gpg = Command::new("gpg");
        gpg.env("GNUPGHOME", self.0.path()).args([
            "--batch",
            "--pinentry-mode",
            "loopback",
            "--passphrase",
        ]);
        gpg.arg(PASSPHRASE).args(arguments).output().unwrap()
    }

    /// Returns a new armored key.
    fn secret(&self, algorithm: &str) -> String {
        let made = self.gpg([
            "--quick-generate-key",
            "Releases <releases@example.org>",
            algorithm,
            "sign",
        ]);
        assert!(made.status.success(), "{made:?}");
        String::from_utf8(self.gpg(["--armor", "--export-secret-keys"]).stdout).unwrap()
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        let mut end = Command::new("gpgconf");
        drop(end.env("GNUPGHOME", self.0.path()).args(["--kill", "gpg-agent"]).status());
    }
}

/// Makes a directory with the checksums of a release.
fn release() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let sums = directory.path().join("terraform-provider-x_1.0.0_SHA256SUMS");
    fs::write(&sums, "00  terraform-provider-x_1.0.0_linux_amd64.zip\n").unwrap();
    (directory, sums)
}

fn sign(directory: &Path, key: &str, passphrase: &str) -> Output {
    let mut command = Command::new(project().join(".ci/sign"));
    command
        .arg(directory)
        .env("GPG_PRIVATE_KEY", key)
        .env("PASSPHRASE", passphrase)
        .output()
        .unwrap()
}

#[test]
fn signature_is_binary_detached_and_valid() {
    let Some(keys) = Keys::new() else { return };
    let (key, (directory, sums)) = (keys.secret("rsa2048"), release());

    let signed = sign(directory.path(), &key, PASSPHRASE);

    assert!(signed.status.success(), "{signed:?}");
    let signature = sums.with_file_name("terraform-provider-x_1.0.0_SHA256SUMS.sig");
    assert!(
        fs::read(&signature).unwrap()[0] & 0x80 != 0,
        "an armoured signature begins with a letter"
    );
    let verified = keys.gpg([OsStr::new("--verify"), signature.as_os_str(), sums.as_os_str()]);
    assert!(verified.status.success(), "{verified:?}");
    fs::write(&sums, "11  terraform-provider-x_1.0.0_linux_amd64.zip\n").unwrap();
    let verified = keys.gpg([OsStr::new("--verify"), signature.as_os_str(), sums.as_os_str()]);
    assert!(!verified.status.success(), "{verified:?}");
}

#[test]
fn all_checksums_of_a_release_are_signed() {
    let Some(keys) = Keys::new() else { return };
    let (key, (directory, sums)) = (keys.secret("rsa2048"), release());
    let others = sums.with_file_name("terraform-provider-x_1.0.0_checksums.txt");
    fs::copy(&sums, &others).unwrap();

    let signed = sign(directory.path(), &key, PASSPHRASE);

    assert!(signed.status.success(), "{signed:?}");
    for sums in [sums, others] {
        let signature = format!("{}.sig", sums.display());
        let verified = keys.gpg([OsStr::new("--verify"), OsStr::new(&signature), sums.as_os_str()]);
        assert!(verified.status.success(), "{verified:?}");
    }
}

#[test]
fn key_that_registries_reject_leaves_no_signature() {
    let Some(keys) = Keys::new() else { return };
    let (key, (directory, _)) = (keys.secret("ed25519"), release());

    let signed = sign(directory.path(), &key, PASSPHRASE);

    assert!(!signed.status.success(), "{signed:?}");
    assert!(
        String::from_utf8_lossy(&signed.stderr).contains("registries want an RSA key"),
        "{signed:?}"
    );
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn wrong_passphrase_fails_without_showing_it() {
    let Some(keys) = Keys::new() else { return };
    let (key, (directory, _)) = (keys.secret("ed25519"), release());

    let signed = sign(directory.path(), &key, "battery staple");

    assert!(!signed.status.success(), "{signed:?}");
    let said = [signed.stdout, signed.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(!said.contains("battery staple") && !said.contains("PRIVATE KEY"), "{said}");
}

#[test]
fn directory_without_checksums_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let signed = sign(directory.path(), "none", "");
    assert!(!signed.status.success(), "{signed:?}");
    assert!(
        String::from_utf8_lossy(&signed.stderr).contains("does not hold the checksums"),
        "{signed:?}"
    );
}
