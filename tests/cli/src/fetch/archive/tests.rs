//! Releases that are signed here and served on loopback. Without GnuPG and curl, these tests are
//! skipped with a message, unless `CI=true`.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Cursor, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

use tempfile::TempDir;

use super::*;
use crate::fetch::{print_notice, sha256};

const VERSION: &str = "1.2.3";
const SUMS: &str = "terraform_1.2.3_SHA256SUMS";

/// A private key ring. Its path is short, because GnuPG's socket is in it.
struct Keys(TempDir);

impl Keys {
    fn new() -> Option<Self> {
        let there = |program| Command::new(program).arg("--version").output().is_ok();
        if !there("gpg") || !there("curl") {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "gpg and curl must be on PATH");
            print_notice(
                "TESTS OF SIGNED ARCHIVES ARE SKIPPED: there is no gpg or no curl on PATH.",
            );
            return None;
        }
        let keys = Self(tempfile::Builder::new().prefix("k").tempdir().unwrap());
        keys.gpg(&[
            "--passphrase",
            "",
            "--quick-generate-key",
            "A Publisher <a@example.org>",
            "rsa2048",
            "sign",
        ]);
        Some(keys)
    }

    fn gpg(&self, arguments: &[&str]) -> Vec<u8> {
        let mut gpg = Command::new("gpg");
        gpg.env("GNUPGHOME", self.0.path())
            .args(["--batch", "--pinentry-mode", "loopback"])
            .args(arguments);
        output(&mut gpg).unwrap()
    }

    fn fingerprint(&self) -> String {
        let listed = String::from_utf8(self.gpg(&["--with-colons", "--list-keys"])).unwrap();
        let line = listed.lines().find(|line| line.starts_with("fpr:")).unwrap();
        line.split(':').nth(9).unwrap().to_owned()
    }

    fn public(&self) -> Vec<u8> {
        self.gpg(&["--armor", "--export"])
    }

    fn sign(&self, content: &[u8]) -> Vec<u8> {
        let file = self.0.path().join("content");
        fs::write(&file, content).unwrap();
        self.gpg(&["--output", "-", "--detach-sign", file.to_str().unwrap()])
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        let mut end = Command::new("gpgconf");
        drop(end.env("GNUPGHOME", self.0.path()).args(["--kill", "gpg-agent"]).status());
    }
}

/// The files of a server, by path.
type Files = BTreeMap<String, Vec<u8>>;

fn archive_name() -> String {
    format!("terraform_1.2.3_{}.zip", platform())
}

/// Makes a valid release and its key.
fn release(keys: &Keys) -> Files {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file(program(), zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(b"the program").unwrap();
    let archive = zip.finish().unwrap().into_inner();
    let sums =
        format!("00  terraform_1.2.3_plan9_386.zip\n{}  {}\n", sha256(&archive), archive_name());
    Files::from([
        ("/key".to_owned(), keys.public()),
        (format!("/{VERSION}/{SUMS}.sig"), keys.sign(sums.as_bytes())),
        (format!("/{VERSION}/{SUMS}"), sums.into_bytes()),
        (format!("/{VERSION}/{}", archive_name()), archive),
    ])
}

/// Serves the files on loopback, for as long as the tests run.
fn serve(files: Files) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        listener.incoming().flatten().for_each(|stream| response(&files, stream))
    });
    format!("http://{address}")
}

fn response(files: &Files, mut stream: TcpStream) {
    let head: Vec<_> = BufReader::new(&stream)
        .lines()
        .map_while(Result::ok)
        .take_while(|line| !line.is_empty())
        .collect();
    let path = head.first().and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
    let (status, body) =
        files.get(path).map_or(("404 Not Found", &b"no"[..]), |body| ("200 OK", body.as_slice()));
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    drop(stream.write_all(&[head.as_bytes(), body].concat()));
}

/// Fetches from a server with these files. Whatever the error, there is no program then.
fn fetched(keys: &Keys, files: Files) -> Result<Vec<u8>, SourceError> {
    let releases = serve(files);
    let publisher =
        Publisher { key: format!("{releases}/key"), releases, fingerprint: keys.fingerprint() };
    let directory = tempfile::tempdir().unwrap();
    let result = fetch(&publisher, VERSION, directory.path());
    assert_eq!(directory.path().join(program()).exists(), result.is_ok());
    result.map(|()| fs::read(directory.path().join(program())).unwrap())
}

#[test]
fn signed_release_is_unpacked() {
    let Some(keys) = Keys::new() else { return };
    assert_eq!(fetched(&keys, release(&keys)).unwrap(), b"the program");
}

#[test]
fn changed_checksums_are_an_error() {
    let Some(keys) = Keys::new() else { return };
    let mut files = release(&keys);
    files.get_mut(&format!("/{VERSION}/{SUMS}")).unwrap().push(b'\n');
    let error = fetched(&keys, files).unwrap_err();
    assert!(matches!(error, SourceError::Signature { .. }), "{error}");
    assert!(error.to_string().contains("BAD signature"), "{error}");
}

/// The server's key matches the signature, which proves nothing.
#[test]
fn signature_with_another_key_is_an_error() {
    let (Some(keys), Some(others)) = (Keys::new(), Keys::new()) else { return };
    let error = fetched(&keys, release(&others)).unwrap_err();
    assert!(matches!(error, SourceError::Signature { .. }), "{error}");
    assert!(error.to_string().contains(&keys.fingerprint()), "{error}");
}

#[test]
fn second_signature_with_another_key_is_an_error() {
    let (Some(keys), Some(others)) = (Keys::new(), Keys::new()) else { return };
    let mut files = release(&keys);
    files.get_mut("/key").unwrap().extend(others.public());
    let second = others.sign(&files[&format!("/{VERSION}/{SUMS}")]);
    files.get_mut(&format!("/{VERSION}/{SUMS}.sig")).unwrap().extend(second);
    let error = fetched(&keys, files).unwrap_err();
    assert!(matches!(error, SourceError::Signature { .. }), "{error}");
}

#[test]
fn archive_with_another_checksum_is_an_error() {
    let Some(keys) = Keys::new() else { return };
    let mut files = release(&keys);
    files.get_mut(&format!("/{VERSION}/{}", archive_name())).unwrap().push(b'\n');
    let error = fetched(&keys, files).unwrap_err();
    assert!(matches!(error, SourceError::Sum { .. }), "{error}");
}

#[test]
fn unlisted_archive_is_an_error() {
    let Some(keys) = Keys::new() else { return };
    let mut files = release(&keys);
    let sums = b"00  terraform_1.2.3_plan9_386.zip\n".to_vec();
    files.insert(format!("/{VERSION}/{SUMS}.sig"), keys.sign(&sums));
    files.insert(format!("/{VERSION}/{SUMS}"), sums);
    let error = fetched(&keys, files).unwrap_err();
    assert!(matches!(error, SourceError::NotListed(..)), "{error}");
}

#[test]
fn missing_file_is_an_error() {
    let Some(keys) = Keys::new() else { return };
    let whole = release(&keys);
    for path in whole.keys() {
        let mut files = whole.clone();
        files.remove(path);
        let error = fetched(&keys, files).unwrap_err().to_string();
        assert!(error.starts_with("`curl` failed") && error.contains("404"), "{path}: {error}");
    }
}

#[test]
fn signature_of_an_expired_or_revoked_key_is_invalid() {
    let valid = |key| {
        format!(
            "[GNUPG:] NEWSIG\n[GNUPG:] {key} 1 A\n[GNUPG:] VALIDSIG SUB 2026-01-01 1 0 4 0 1 8 00 \
             MAIN\n\
             "
        )
    };
    assert!(is_good(&valid("GOODSIG"), "MAIN"));
    assert!(!is_good(&valid("GOODSIG"), "SUB"));
    assert!(!is_good(&valid("EXPKEYSIG"), "MAIN"));
    assert!(!is_good(&valid("REVKEYSIG"), "MAIN"));
    assert!(!is_good("", "MAIN"));
}
