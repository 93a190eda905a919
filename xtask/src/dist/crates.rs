//! The crates that are linked into the program for a target, as cargo resolves them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use terraform_provider_gitlab_job_token::address::EXECUTABLE;

use super::DistError;
use super::build::cargo;
use super::target::Target;

const LOCK: &str = "Cargo.lock";

/// A crate as cargo knows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(super) struct Crate {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) license: Option<String>,
    pub(super) repository: Option<String>,
    pub(super) manifest_path: PathBuf,
    /// The SHA-256 of the archive on crates.io, in hexadecimal.
    #[serde(skip)]
    pub(super) checksum: Option<String>,
}

/// A crate's name and version, which are unique in the lock file.
pub(super) type Key = (String, String);

/// The crates that are linked into the program, without the program itself.
#[derive(Debug, Default)]
pub(super) struct Crates {
    /// In the order of names and versions.
    pub(super) all: Vec<Crate>,
    /// The dependencies of each crate and of the program.
    pub(super) dependencies: BTreeMap<Key, BTreeSet<Key>>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: BTreeSet<Crate>,
}

impl Crate {
    pub(super) fn key(&self) -> Key {
        (self.name.clone(), self.version.clone())
    }
}

/// Returns the crates that cargo links into the program for this target.
///
/// # Errors
///
/// Fails if cargo fails, or the lock file can't be read.
pub(super) fn of_program(project: &Path, target: &Target) -> Result<Crates, DistError> {
    let tree = [
        ["tree", "--locked"],
        ["--package", EXECUTABLE],
        ["--target", target.triple()],
        ["--edges", "normal,no-proc-macro"],
        ["--prefix", "depth"],
        ["--format", "{p}"],
    ];
    let dependencies = edges(&run_cargo(project, tree.as_flattened())?);
    let linked: BTreeSet<&Key> = dependencies.values().flatten().collect();
    let metadata = [
        ["metadata", "--locked"],
        ["--format-version", "1"],
        ["--filter-platform", target.triple()],
    ];
    let metadata = run_cargo(project, metadata.as_flattened())?;
    let metadata: Metadata = serde_json::from_str(&metadata).map_err(DistError::Metadata)?;
    let lock = project.join(LOCK);
    let lock = fs::read_to_string(&lock).map_err(DistError::reading(&lock))?;
    let checksums = checksums(&lock);
    let with_checksum = |found: Crate| {
        let checksum = checksums.get(&(found.name.as_str(), found.version.as_str()));
        Crate { checksum: checksum.map(|&sum| sum.to_owned()), ..found }
    };
    let all = metadata.packages.into_iter().filter(|found| linked.contains(&found.key()));
    Ok(Crates { all: all.map(with_checksum).collect(), dependencies })
}

fn run_cargo(project: &Path, arguments: &[&str]) -> Result<String, DistError> {
    let program = cargo();
    let output = Command::new(&program).args(arguments).current_dir(project).output();
    let output = output.map_err(|source| DistError::NotStarted { program, source })?;
    if !output.status.success() {
        return Err(DistError::NoCrates(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Reads cargo's tree, whose lines are such as `2url v2.5.8 (*)`: the depth, then the crate. It
/// shows what is below a crate once, so every edge is in it.
fn edges(tree: &str) -> BTreeMap<Key, BTreeSet<Key>> {
    let mut edges: BTreeMap<Key, BTreeSet<Key>> = BTreeMap::new();
    let mut above: Vec<Key> = Vec::new();
    for (depth, key) in tree.lines().filter_map(depth_and_key) {
        above.truncate(depth);
        if let Some(parent) = above.last() {
            edges.entry(parent.clone()).or_default().insert(key.clone());
        }
        edges.entry(key.clone()).or_default();
        above.push(key);
    }
    edges
}

fn depth_and_key(line: &str) -> Option<(usize, Key)> {
    let name = line.find(|letter: char| !letter.is_ascii_digit())?;
    let mut words = line[name..].split_whitespace();
    let key = (words.next()?.to_owned(), words.next()?.strip_prefix('v')?.to_owned());
    Some((line[..name].parse().ok()?, key))
}

/// Returns the checksums in a lock file, by name and version. Cargo writes each field of a package
/// on its own line.
fn checksums(lock: &str) -> BTreeMap<(&str, &str), &str> {
    let packages = lock.split("[[package]]").skip(1);
    packages
        .filter_map(|package| {
            let field = |name: &str| {
                package.lines().find_map(|line| {
                    line.strip_prefix(name)?.strip_prefix(" = \"")?.strip_suffix('"')
                })
            };
            Some(((field("name")?, field("version")?), field("checksum")?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> Key {
        (name.to_owned(), "1.0.0".to_owned())
    }

    #[test]
    fn edges_follow_the_indentation() {
        let tree = "0top v1.0.0 (/project)\n1left v1.0.0\n2below v1.0.0\n1right v1.0.0\n2left \
            v1.0.0 (*)\n\
            ";
        let expected = [
            ("top", vec!["left", "right"]),
            ("left", vec!["below"]),
            ("below", vec![]),
            ("right", vec!["left"]),
        ];
        let expected =
            expected.map(|(name, below)| (key(name), below.into_iter().map(key).collect()));
        assert_eq!(edges(tree), expected.into());
    }

    #[test]
    fn each_version_has_its_checksum() {
        let lock = "version = 4\n\n[[package]]\nname = \"one\"\nversion = \"1.0.0\"\nchecksum = \
                    \"aa\"\n\n\
                    [[package]]\nname = \"own\"\nversion = \"0.1.0\"\ndependencies = [\n \
                    \"one\",\n]\n\n\
                    [[package]]\nname = \"one\"\nversion = \"2.0.0\"\nchecksum = \"bb\"\n\
                    ";
        assert_eq!(checksums(lock), [(("one", "1.0.0"), "aa"), (("one", "2.0.0"), "bb")].into());
    }

    #[test]
    fn program_links_libraries_but_no_build_tools() {
        let crates = of_program(crate::project(), &Target::of_this_machine().unwrap()).unwrap();
        let names: BTreeSet<&str> = crates.all.iter().map(|found| found.name.as_str()).collect();
        for linked in ["aws-lc-sys", "tokio", "reqwest", "tonic-prost"] {
            assert!(names.contains(linked), "{linked}");
        }
        for not_linked in ["insta", "proptest", "prost-build", "syn", "zip", EXECUTABLE] {
            assert!(!names.contains(not_linked), "{not_linked}");
        }
        assert!(crates.all.iter().all(|found| found.checksum.is_some()), "all come from crates.io");
        let program = (EXECUTABLE.to_owned(), env!("CARGO_PKG_VERSION").to_owned());
        assert!(crates.dependencies[&program].iter().any(|(name, _)| name == "reqwest"));
        assert_eq!(crates.dependencies.len(), crates.all.len() + 1);
    }
}
