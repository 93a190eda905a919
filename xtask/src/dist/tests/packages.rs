//! What is in a package and beside it, down to the byte.

use std::fs;
use std::io::{Cursor, Read as _};
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use zip::ZipArchive;

use super::super::*;
use crate::project;

const VERSION: &str = env!("CARGO_PKG_VERSION");
const NAME: &str = "terraform-provider-gitlab-job-token";
const LINUX: &str = "x86_64-unknown-linux-musl";
const NOTICES: &str = "By many.\n";

/// Compressible and long enough for more than one block.
fn program() -> Vec<u8> {
    (0_u32..100_000).flat_map(|number| (number % 977 * number / 13).to_le_bytes()).collect()
}

/// A folder with a program that was built elsewhere, and room for packages.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        fs::write(place.binary(), program()).unwrap();
        place
    }

    fn binary(&self) -> PathBuf {
        self.0.path().join("built elsewhere")
    }

    fn out(&self) -> PathBuf {
        self.0.path().join("out/dist")
    }

    fn pack(&self, target: &str) -> Result<String, Problem> {
        let options =
            Options { target: Some(target.to_owned()), binary: Some(self.binary()), out: Some(self.out()) };
        // Those of other platforms would have cargo load packages that this machine has no use for.
        package_with(project(), &options, |_, _| Ok(NOTICES.to_owned()))
    }

    fn files(&self) -> Vec<(String, Vec<u8>)> {
        let entries = fs::read_dir(self.out()).unwrap().map(|entry| entry.unwrap());
        let read =
            |entry: fs::DirEntry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap());
        let mut files: Vec<_> = entries.map(read).collect();
        files.sort();
        files
    }

    fn names(&self) -> Vec<String> {
        self.files().into_iter().map(|(name, _)| name).collect()
    }

    fn sums(&self) -> String {
        fs::read_to_string(self.out().join(format!("{NAME}_{VERSION}_SHA256SUMS"))).unwrap()
    }

    /// Name, mode and content of what a package holds.
    fn unpacked(&self, platform: &str) -> Vec<(String, u32, Vec<u8>)> {
        let packed = fs::read(self.out().join(format!("{NAME}_{VERSION}_{platform}.zip"))).unwrap();
        let mut archive = ZipArchive::new(Cursor::new(packed)).unwrap();
        let mut files = Vec::new();
        for index in 0..archive.len() {
            let mut file = archive.by_index(index).unwrap();
            assert_eq!(file.last_modified().unwrap().to_string(), "1980-01-01 00:00:00");
            let mut content = Vec::new();
            file.read_to_end(&mut content).unwrap();
            files.push((file.name().unwrap().into_owned(), file.unix_mode().unwrap() & 0o7777, content));
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
fn the_files_have_the_names_that_registries_look_for() {
    let place = Place::new();
    place.pack(LINUX).unwrap();
    let expected = ["SHA256SUMS", "linux_amd64.zip", "manifest.json"];
    assert_eq!(place.names(), expected.map(|what| format!("{NAME}_{VERSION}_{what}")));
}

#[test]
fn a_package_holds_the_program_ready_to_run_and_what_licences_ask_for() {
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
fn the_program_for_windows_has_its_ending() {
    let place = Place::new();
    place.pack("aarch64-pc-windows-msvc").unwrap();
    let names: Vec<String> = place.unpacked("windows_arm64").into_iter().map(|(name, ..)| name).collect();
    assert_eq!(names.last().unwrap(), &format!("{NAME}_v{VERSION}.exe"));
}

#[test]
fn packing_twice_gives_the_same_bytes_wherever_and_whenever() {
    let (one, other) = (Place::new(), Place::new());
    set_mode(&one.binary(), 0o700);
    set_mode(&other.binary(), 0o644);
    let long_ago = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    fs::File::options().write(true).open(other.binary()).unwrap().set_modified(long_ago).unwrap();
    one.pack(LINUX).unwrap();
    other.pack(LINUX).unwrap();
    assert_eq!(one.files(), other.files());
    other.pack(LINUX).unwrap();
    assert_eq!(one.files(), other.files());
}

/// The bytes as they were once, so that no other machine, and no other version of what packs, changes them unnoticed.
#[test]
fn packing_gives_the_same_bytes_on_every_machine() {
    let packed = archive::pack(&[("LICENSE", 0o644, b"As you like it.\n"), ("program", 0o755, &program())]);
    assert_eq!(
        checksums::sha256(&packed.unwrap()),
        "4df1fda23099ca902ec757cf756f8ddb7cd647b2900ecbf5f9a8c6ac9ff1e631"
    );
}

#[test]
fn the_manifest_is_that_of_the_project_and_names_the_protocol() {
    let place = Place::new();
    place.pack(LINUX).unwrap();
    let manifest = fs::read_to_string(place.out().join(format!("{NAME}_{VERSION}_manifest.json"))).unwrap();
    let spaceless: String = manifest.split_whitespace().collect();
    assert_eq!(spaceless, r#"{"version":1,"metadata":{"protocol_versions":["6.0"]}}"#);
}

#[test]
fn a_checksum_is_the_sha_256_in_lower_case() {
    let of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(checksums::sha256(b"abc"), of_abc);
}

#[test]
fn each_package_of_the_version_and_the_manifest_have_a_checksum_sorted_by_name() {
    let place = Place::new();
    place.pack("x86_64-pc-windows-msvc").unwrap();
    for stranger in [&format!("{NAME}_0.0.1_linux_amd64.zip"), &format!("{NAME}_{VERSION}_notes.md")] {
        fs::write(place.out().join(stranger), "").unwrap();
    }
    place.pack(LINUX).unwrap();

    let sums = place.sums();
    let named: Vec<&str> = sums.lines().map(|line| line.split_once("  ").unwrap().1).collect();
    let expected = ["linux_amd64.zip", "manifest.json", "windows_amd64.zip"];
    assert_eq!(named, expected.map(|what| format!("{NAME}_{VERSION}_{what}")));
    for (name, content) in place.files().iter().filter(|(name, _)| named.contains(&name.as_str())) {
        assert!(sums.contains(&format!("{}  {name}\n", checksums::sha256(content))), "{name}\n{sums}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_usual_tool_accepts_the_checksums() {
    let place = Place::new();
    place.pack(LINUX).unwrap();
    let sums = format!("{NAME}_{VERSION}_SHA256SUMS");
    let mut check = std::process::Command::new("sha256sum");
    let checked = check.args(["--check", "--strict", &sums]).current_dir(place.out()).output().unwrap();
    assert!(checked.status.success(), "{checked:?}");
}

#[test]
fn the_signature_has_its_place_and_its_command() {
    let place = Place::new();
    let said = place.pack(LINUX).unwrap();
    let sums = place.out().join(format!("{NAME}_{VERSION}_SHA256SUMS"));
    assert!(said.contains(&format!("gpg --detach-sign \"{}\"\n", sums.display())), "{said}");
}

#[test]
fn a_release_is_summed_up_when_it_is_whole_and_not_before() {
    let place = Place::new();
    let targets = target::of_releases().unwrap();
    let (last, others) = targets.split_last().unwrap();
    for target in others {
        place.pack(target.triple()).unwrap();
    }
    let error = sum_up(project(), &place.out()).unwrap_err().to_string();
    let missing = format!("{NAME}_{VERSION}_{}.zip", last.platform());
    assert!(error.ends_with(&format!("Missing:\n\n  {missing}")), "{error}");

    place.pack(last.triple()).unwrap();
    fs::remove_file(place.out().join(format!("{NAME}_{VERSION}_SHA256SUMS"))).unwrap();
    sum_up(project(), &place.out()).unwrap();
    assert_eq!(place.sums().lines().count(), targets.len() + 1);
}

#[test]
fn a_release_is_for_four_systems_on_two_processors() {
    let platforms = target::of_releases().unwrap();
    let mut platforms: Vec<String> = platforms.iter().map(|target| target.platform().to_string()).collect();
    platforms.sort();
    let systems = ["darwin", "freebsd", "linux", "windows"];
    let expected =
        systems.iter().flat_map(|system| ["amd64", "arm64"].map(|processor| format!("{system}_{processor}")));
    assert_eq!(platforms, expected.collect::<Vec<_>>());
}

#[test]
fn a_target_that_is_none_and_one_that_hosts_do_not_know_are_told() {
    let place = Place::new();
    let error = place.pack("x86_64-unknown-nowhere").unwrap_err().to_string();
    assert!(error.starts_with("the compiler knows no target x86_64-unknown-nowhere"), "{error}");
    let error = place.pack("wasm32-wasip1").unwrap_err().to_string();
    assert_eq!(error, "there is no known name in registries for the platform of wasm32-wasip1");
    assert!(!place.out().exists());
}

#[test]
fn a_binary_that_is_not_there_is_told() {
    let place = Place::new();
    fs::remove_file(place.binary()).unwrap();
    let error = place.pack(LINUX).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{} can't be read: ", place.binary().display())), "{error}");
}
