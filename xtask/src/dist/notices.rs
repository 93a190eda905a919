//! The notices that licenses of dependencies require: the crates linked into the program, and their
//! license texts.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use terraform_provider_gitlab_job_token::address::EXECUTABLE;

use super::DistError;
use super::crates::Crate;

/// Lowercase prefixes of the names of license and notice files.
const BEGINNINGS: [&str; 6] = ["licen", "unlicense", "copying", "copyright", "notice", "patents"];

const RULE: &str =
    "--------------------------------------------------------------------------------";

/// The notice of the standard library, which isn't a package.
const STANDARD_LIBRARY: &str = "The standard library of Rust (https://www.rust-lang.org), \
     Copyright (c) The Rust Project Contributors, is used under the Apache License, Version 2.0, \
     which is among the licenses below.";

/// Composes the notices for a program that is linked from these crates.
///
/// # Errors
///
/// Fails if a crate has no license text.
pub(super) fn compose(packages: &[Crate]) -> Result<String, DistError> {
    let mut by_text: BTreeMap<String, Vec<&Crate>> = BTreeMap::new();
    for package in packages {
        for text in texts(package, packages)? {
            by_text.entry(text).or_default().push(package);
        }
    }
    let mut sections: Vec<(Vec<String>, String)> = by_text
        .into_iter()
        .map(|(text, packages)| (packages.into_iter().map(heading).collect(), text))
        .collect();
    sections.sort();
    let mut notices =
        format!("{EXECUTABLE} is linked from the software of others that is named below.\n\n");
    notices.push_str(STANDARD_LIBRARY);
    notices.push('\n');
    for (headings, text) in sections {
        notices.push_str(&format!("\n{RULE}\n{}\n\n{text}\n", headings.join("\n")));
    }
    Ok(notices)
}

fn heading(package: &Crate) -> String {
    let Crate { name, version, license, repository, .. } = package;
    let license = license.as_deref().unwrap_or("license below");
    match repository {
        Some(repository) => format!("{name} {version} ({license}), {repository}"),
        None => format!("{name} {version} ({license})"),
    }
}

/// Returns the package's own license texts, or those of the other parts of the same work if it has
/// none.
fn texts(package: &Crate, all: &[Crate]) -> Result<BTreeSet<String>, DistError> {
    let own = own_texts(package)?;
    if !own.is_empty() {
        return Ok(own);
    }
    let of_same_work = |other: &&Crate| {
        package.repository.is_some()
            && (&other.repository, &other.license) == (&package.repository, &package.license)
    };
    let mut shared = BTreeSet::new();
    for sibling in all.iter().filter(of_same_work) {
        shared.extend(own_texts(sibling)?);
    }
    match shared.is_empty() {
        true => Err(DistError::NoLicense(format!("{} {}", package.name, package.version))),
        false => Ok(shared),
    }
}

fn own_texts(package: &Crate) -> Result<BTreeSet<String>, DistError> {
    let directory = package.manifest_path.parent().unwrap_or(Path::new("."));
    let mut texts = BTreeSet::new();
    for entry in fs::read_dir(directory).map_err(DistError::reading(directory))? {
        let file = entry.map_err(DistError::reading(directory))?.path();
        if file.is_file() && is_notice(&file) {
            let text = fs::read(&file).map_err(DistError::reading(&file))?;
            texts.insert(plain(&String::from_utf8_lossy(&text)));
        }
    }
    Ok(texts)
}

fn is_notice(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}

/// Returns the text without differences in line ends and trailing spaces.
fn plain(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n").trim_matches('\n').to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::crates;
    use super::super::target::Target;
    use super::*;

    /// Returns a package in a directory with these files.
    fn package(directory: &Path, name: &str, files: &[(&str, &str)]) -> Crate {
        let home = directory.join(name);
        fs::create_dir(&home).unwrap();
        for (file, text) in files {
            fs::write(home.join(file), text).unwrap();
        }
        Crate {
            name: name.to_owned(),
            version: "1.2.3".to_owned(),
            license: Some("MIT".to_owned()),
            repository: Some("https://example.com/work".to_owned()),
            manifest_path: home.join("Cargo.toml"),
            checksum: None,
        }
    }

    #[test]
    fn shared_license_text_is_printed_once() {
        let directory = tempfile::tempdir().unwrap();
        let one = package(
            directory.path(),
            "one",
            &[("LICENSE-MIT", "Do\r\nas you like.  \n"), ("lib.rs", "code")],
        );
        let two = package(
            directory.path(),
            "two",
            &[("license.md", "\nDo\nas you like.\n"), ("NOTICE", "By two.")],
        );
        let part = Crate { version: "2.0.0".to_owned(), ..package(directory.path(), "part", &[]) };
        assert_eq!(
            compose(&[one, part, two]).unwrap(),
            format!(
                "{EXECUTABLE} is linked from the software of others that is named \
                 below.\n\n{STANDARD_LIBRARY}\n\n\
                 {RULE}\n\
                 one 1.2.3 (MIT), https://example.com/work\n\
                 part 2.0.0 (MIT), https://example.com/work\n\
                 two 1.2.3 (MIT), https://example.com/work\n\nDo\nas you like.\n\n\
                 {RULE}\n\
                 part 2.0.0 (MIT), https://example.com/work\n\
                 two 1.2.3 (MIT), https://example.com/work\n\nBy two.\n\
                 "
            )
        );
    }

    #[test]
    fn package_without_a_license_text_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let with = package(directory.path(), "with", &[("COPYING", "Do as you like.")]);
        let without = Crate {
            license: Some("ISC".to_owned()),
            ..package(directory.path(), "without", &[("README", "")])
        };
        let error = compose(&[with, without]).unwrap_err().to_string();
        assert_eq!(error, "without 1.2.3 has no license text, which a package must include");
    }

    #[test]
    fn notices_have_the_license_texts_of_all_crates() {
        let target = Target::of_this_machine().unwrap();
        let notices = compose(&crates::of_program(crate::project(), &target).unwrap().all).unwrap();
        for linked in ["aws-lc-sys ", "tokio ", "reqwest ", "tonic-prost "] {
            assert!(notices.contains(&format!("\n{linked}")), "{linked}");
        }
        assert!(notices.contains("Apache License"));
        assert!(!notices.contains('\r'));
    }
}
