//! The `docs` command: generates the registry's documentation from schemas, examples and prose. It
//! generates all of `docs/`, and removes other files from it.

mod attributes;
mod pages;
mod problem;
mod prose;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::{fs, io};

const DIRECTORY: &str = "docs";

/// Writes all pages, and removes all other files.
///
/// # Errors
///
/// Fails if a source can't be read, or `docs/` can't be written.
pub fn write(project: &Path) -> Result<(), Box<dyn Error>> {
    let pages = pages::all(project)?;
    let directory = project.join(DIRECTORY);
    for former in files(&directory)?.iter().filter(|file| !pages.contains_key(*file)) {
        fs::remove_file(directory.join(former))?;
        println!("removed {DIRECTORY}/{}", former.display());
    }
    for (file, page) in &pages {
        let path = directory.join(file);
        if fs::read_to_string(&path).is_ok_and(|former| former == *page) {
            continue;
        }
        fs::create_dir_all(path.parent().unwrap_or(&directory))?;
        fs::write(&path, page)?;
        println!("wrote {DIRECTORY}/{}", file.display());
    }
    Ok(())
}

/// The pages by their paths in `docs/`.
type Pages = BTreeMap<PathBuf, String>;

/// Returns the relative paths of all files below a directory, which may not exist.
fn files(directory: &Path) -> io::Result<BTreeSet<PathBuf>> {
    let mut found = BTreeSet::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(next) = directories.pop() {
        if !next.is_dir() {
            continue;
        }
        for entry in fs::read_dir(next)? {
            let path = entry?.path();
            if path.is_dir() {
                directories.push(path);
            } else if let Ok(file) = path.strip_prefix(directory) {
                found.insert(file.to_owned());
            }
        }
    }
    Ok(found)
}
