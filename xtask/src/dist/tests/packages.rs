//! The content of a package and the other files, byte by byte.

use std::fs;
use std::io::{Cursor, Read as _};
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use zip::ZipArchive;

use super::super::*;
use crate::project;

pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");
pub(super) const NAME: &str = "terraform-provider-gitlab-job-token";
pub(super) const LINUX: &str = "x86_64-unknown-linux-musl";
const NOTICES: &str = "By many.\n";

/// Returns a program that is compressible and longer than one block.
fn program() -> Vec<u8> {
    (0_u32..100_000).flat_map(|number| (number % 977 * number / 13).to_le_bytes()).collect()
}

/// Returns a crate with one dependency.
pub(super) fn crates() -> Crates {
    let found = |name: &str, license: &str| crates::Crate {
        name: name.to_owned(),
        version: "1.2.3+4".to_owned(),
        license: Some(license.to_owned()),
        repository: Some("https://example.com/work".to_owned()),
        manifest_path: PathBuf::new(),
        checksum: Some("ab".repeat(32)),
    };
    let all = vec![found("one", "MIT / Apache-2.0"), found("two", "ISC")];
    let key = |name: &str| (name.to_owned(), "1.2.3+4".to_owned());
    let program = (NAME.to_owned(), VERSION.to_owned());
    let dependencies = [
        (key("one"), [key("two")].into()),
        (key("two"), [].into()),
        (program, [key("one")].into()),
    ];
    Crates { all, dependencies: dependencies.into() }
}

/// A directory with a prebuilt program, and another for packages.
pub(super) struct Place(TempDir);

impl Place {
    pub(super) fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        fs::write(place.binary(), program()).unwrap();
        place
    }

    pub(super) fn binary(&self) -> PathBuf {
        self.0.path().join("built elsewhere")
    }

    pub(super) fn out(&self) -> PathBuf {
        self.0.path().join("out/dist")
    }

    pub(super) fn pack(&self, target: &str) -> Result<String, DistError> {
        let options = Options {
            target: Some(target.to_owned()),
            binary: Some(self.binary()),
            out: Some(self.out()),
        };
        // Those of other platforms would have cargo load packages that this machine has no use for.
        package_with(project(), &options, |_, _| {
            Ok(Contents { crates: crates(), notices: NOTICES.to_owned() })
        })
    }

    pub(super) fn write_checksums(
        &self,
        without: &[&str],
        only: Option<&str>,
    ) -> Result<String, DistError> {
        let without = without.iter().map(|&system| system.to_owned()).collect();
        let parts = Parts { directory: self.out(), without, only: only.map(str::to_owned) };
        super::super::write_checksums(project(), &parts)
    }

    pub(super) fn read(&self, what: &str) -> Vec<u8> {
        fs::read(self.out().join(format!("{NAME}_{VERSION}_{what}"))).unwrap()
    }

    pub(super) fn files(&self) -> Vec<(String, Vec<u8>)> {
        let entries = fs::read_dir(self.out()).unwrap().map(|entry| entry.unwrap());
        let read = |entry: fs::DirEntry| {
            (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())
        };
        let mut files: Vec<_> = entries.map(read).collect();
        files.sort();
        files
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.files().into_iter().map(|(name, _)| name).collect()
    }

    /// Returns the names in a checksum file, and checks each checksum.
    #[track_caller]
    pub(super) fn checksummed(&self, what: &str) -> Vec<String> {
        let sums = String::from_utf8(self.read(what)).unwrap();
        let lines = sums.lines().map(|line| line.split_once("  ").unwrap());
        lines
            .map(|(sum, name)| {
                assert_eq!(
                    checksums::sha256(&fs::read(self.out().join(name)).unwrap()),
                    sum,
                    "{name}"
                );
                name.strip_prefix(&format!("{NAME}_{VERSION}_")).unwrap().to_owned()
            })
            .collect()
    }

    /// Returns name, mode and content of the files in a package.
    pub(super) fn unpacked(&self, platform: &str) -> Vec<(String, u32, Vec<u8>)> {
        let packed = fs::read(self.out().join(format!("{NAME}_{VERSION}_{platform}.zip"))).unwrap();
        let mut archive = ZipArchive::new(Cursor::new(packed)).unwrap();
        let mut files = Vec::new();
        for index in 0..archive.len() {
            let mut file = archive.by_index(index).unwrap();
            assert_eq!(file.last_modified().unwrap().to_string(), "1980-01-01 00:00:00");
            let mut content = Vec::new();
            file.read_to_end(&mut content).unwrap();
            files.push((
                file.name().unwrap().into_owned(),
                file.unix_mode().unwrap() & 0o7777,
                content,
            ));
        }
        files
    }
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: u32) {}

#[test]
fn files_have_the_names_that_registries_expect() {
    let place = Place::new();
    place.pack(LINUX).unwrap();
    let expected = [
        "SHA256SUMS",
        "checksums.txt",
        "linux_amd64.cdx.json",
        "linux_amd64.zip",
        "manifest.json",
        "oci.tar",
    ];
    assert_eq!(place.names(), expected.map(|what| format!("{NAME}_{VERSION}_{what}")));
}

#[test]
fn package_has_an_executable_program_and_license_texts() {
    let place = Place::new();
    set_mode(&place.binary(), 0o600);
    place.pack(LINUX).unwrap();
    let license = fs::read(project().join("LICENSE")).unwrap();
    let files = [
        ("LICENSE".to_owned(), 0o644, license),
        ("THIRD-PARTY-NOTICES".to_owned(), 0o644, NOTICES.into()),
        (format!("{NAME}_v{VERSION}"), 0o755, program()),
    ];
    assert_eq!(place.unpacked("linux_amd64"), files);
}

#[test]
fn windows_program_has_its_extension() {
    let place = Place::new();
    place.pack("aarch64-pc-windows-msvc").unwrap();
    let names: Vec<String> =
        place.unpacked("windows_arm64").into_iter().map(|(name, ..)| name).collect();
    assert_eq!(names.last().unwrap(), &format!("{NAME}_v{VERSION}.exe"));
}

#[test]
fn packing_twice_gives_the_same_bytes() {
    let (one, other) = (Place::new(), Place::new());
    set_mode(&one.binary(), 0o700);
    set_mode(&other.binary(), 0o644);
    let long_ago =
        std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    fs::File::options().write(true).open(other.binary()).unwrap().set_modified(long_ago).unwrap();
    one.pack(LINUX).unwrap();
    other.pack(LINUX).unwrap();
    assert_eq!(one.files(), other.files());
    other.pack(LINUX).unwrap();
    assert_eq!(one.files(), other.files());
}

/// Pins the bytes, so that another machine or a new version of a packing library can't change them
/// unnoticed.
#[test]
fn packing_gives_the_same_bytes_on_every_machine() {
    let packed =
        archive::pack(&[("LICENSE", 0o644, b"As you like it.\n"), ("program", 0o755, &program())]);
    assert_eq!(
        checksums::sha256(&packed.unwrap()),
        "4df1fda23099ca902ec757cf756f8ddb7cd647b2900ecbf5f9a8c6ac9ff1e631"
    );
}

#[test]
fn manifest_is_copied_and_names_the_protocol() {
    let place = Place::new();
    place.pack(LINUX).unwrap();
    let manifest =
        fs::read_to_string(place.out().join(format!("{NAME}_{VERSION}_manifest.json"))).unwrap();
    let spaceless: String = manifest.split_whitespace().collect();
    assert_eq!(spaceless, r#"{"version":1,"metadata":{"protocol_versions":["6.0"]}}"#);
}

#[test]
fn checksum_is_a_lowercase_sha_256() {
    let of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(checksums::sha256(b"abc"), of_abc);
}

/// Terraform's registry rejects a release whose `SHA256SUMS` names a file that the registry doesn't
/// ask for.
#[test]
fn checksums_cover_only_packages_and_the_manifest() {
    let place = Place::new();
    place.pack("x86_64-pc-windows-msvc").unwrap();
    for stranger in
        [&format!("{NAME}_0.0.1_linux_amd64.zip"), &format!("{NAME}_{VERSION}_notes.md")]
    {
        fs::write(place.out().join(stranger), "").unwrap();
    }
    place.pack(LINUX).unwrap();
    assert_eq!(
        place.checksummed("SHA256SUMS"),
        ["linux_amd64.zip", "manifest.json", "windows_amd64.zip"]
    );
    let others = ["linux_amd64.cdx.json", "oci.tar", "windows_amd64.cdx.json"];
    assert_eq!(place.checksummed("checksums.txt"), others);
}

#[cfg(target_os = "linux")]
#[test]
fn sha256sum_accepts_the_checksums() {
    let place = Place::new();
    place.pack(LINUX).unwrap();
    for sums in ["SHA256SUMS", "checksums.txt"] {
        let sums = format!("{NAME}_{VERSION}_{sums}");
        let mut check = std::process::Command::new("sha256sum");
        let checked =
            check.args(["--check", "--strict", &sums]).current_dir(place.out()).output().unwrap();
        assert!(checked.status.success(), "{checked:?}");
    }
}

#[test]
fn each_signature_has_its_place_and_its_command() {
    let place = Place::new();
    let said = place.pack(LINUX).unwrap();
    for sums in ["SHA256SUMS", "checksums.txt"] {
        let sums = place.out().join(format!("{NAME}_{VERSION}_{sums}"));
        assert!(said.contains(&format!("gpg --detach-sign \"{}\"\n", sums.display())), "{said}");
    }
}

#[test]
fn checksums_need_a_complete_release() {
    let place = Place::new();
    let targets = target::of_releases().unwrap();
    let due: Vec<_> = targets.iter().filter(|target| !target.is_later()).collect();
    let (last, others) = due.split_last().unwrap();
    for target in others {
        place.pack(target.triple()).unwrap();
    }
    let error = place.write_checksums(&[], None).unwrap_err().to_string();
    let missing =
        ["zip", "cdx.json"].map(|ending| format!("{NAME}_{VERSION}_{}.{ending}", last.platform()));
    assert!(error.ends_with(&format!("Missing:\n\n  {}", missing.join("\n  "))), "{error}");

    place.pack(last.triple()).unwrap();
    fs::remove_file(place.out().join(format!("{NAME}_{VERSION}_SHA256SUMS"))).unwrap();
    place.write_checksums(&[], None).unwrap();
    assert_eq!(place.checksummed("SHA256SUMS").len(), due.len() + 1);
}

#[test]
fn missing_platform_of_a_release_is_named() {
    let place = Place::new();
    for target in target::of_releases().unwrap() {
        if !target.is_later() && target.platform().system() != "darwin" {
            place.pack(target.triple()).unwrap();
        }
    }
    assert!(
        place
            .write_checksums(&["windows"], None)
            .unwrap_err()
            .to_string()
            .contains("darwin_arm64.zip")
    );
    place.write_checksums(&["darwin"], None).unwrap();
    assert_eq!(place.checksummed("SHA256SUMS").len(), 5);
}

#[test]
fn later_files_have_separate_checksums() {
    let place = Place::new();
    place.pack(LINUX).unwrap();
    let error = place.write_checksums(&[], Some("freebsd")).unwrap_err().to_string();
    assert_eq!(error, format!("{} doesn't hold a package for freebsd", place.out().display()));

    place.pack("x86_64-unknown-freebsd").unwrap();
    let before = place.read("SHA256SUMS");
    place.write_checksums(&[], Some("freebsd")).unwrap();
    let sums = place.checksummed("freebsd_checksums.txt");
    assert_eq!(sums, ["freebsd_amd64.cdx.json", "freebsd_amd64.zip"]);
    assert_eq!(place.read("SHA256SUMS"), before);
}

#[test]
fn release_is_for_four_systems_on_two_processors() {
    let platforms = target::of_releases().unwrap();
    let mut platforms: Vec<String> =
        platforms.iter().map(|target| target.platform().to_string()).collect();
    platforms.sort();
    let systems = ["darwin", "freebsd", "linux", "windows"];
    let expected = systems
        .iter()
        .flat_map(|system| ["amd64", "arm64"].map(|processor| format!("{system}_{processor}")));
    assert_eq!(platforms, expected.collect::<Vec<_>>());
}

#[test]
fn invalid_target_and_target_unknown_to_hosts_are_errors() {
    let place = Place::new();
    let error = place.pack("x86_64-unknown-nowhere").unwrap_err().to_string();
    assert!(error.starts_with("the compiler knows no target x86_64-unknown-nowhere"), "{error}");
    let error = place.pack("wasm32-wasip1").unwrap_err().to_string();
    assert_eq!(error, "registries have no name for the platform of wasm32-wasip1");
    assert!(!place.out().exists());
}

#[test]
fn missing_binary_is_an_error() {
    let place = Place::new();
    fs::remove_file(place.binary()).unwrap();
    let error = place.pack(LINUX).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{} can't be read: ", place.binary().display())), "{error}");
}
