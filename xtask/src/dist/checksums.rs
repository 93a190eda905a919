//! Checksum files, in the format of `sha256sum --check`. Their signatures cover all files that they
//! name.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};

use super::DistError;
use super::assets;
use super::oci;

/// The path of the registry's manifest.
const MANIFEST: &str = "terraform-registry-manifest.json";

/// The content of files by name.
type Files = BTreeMap<String, Vec<u8>>;

/// Writes the other files of a release into the directory of its packages: the manifest, the image
/// layout, and the checksums.
pub(super) fn write(project: &Path, directory: &Path) -> Result<(), DistError> {
    let packages = read(directory, |name| assets::platform_of_package(name).is_some())?;
    let mut others = read(directory, |name| assets::platform_of_sbom(name).is_some())?;
    others.insert(assets::image_layout(), oci::image_layout(&packages)?);
    put(directory, &assets::image_layout(), &others[&assets::image_layout()])?;

    let kept = project.join(MANIFEST);
    let manifest = fs::read(&kept).map_err(DistError::reading(&kept))?;
    put(directory, &assets::manifest(), &manifest)?;
    let mut for_registries = packages;
    for_registries.insert(assets::manifest(), manifest);

    put(directory, &assets::checksums(), lines(&for_registries).as_bytes())?;
    put(directory, &assets::other_checksums(), lines(&others).as_bytes())
}

/// Writes the checksums of the packages for one system, and of their bills of materials, for a
/// release that has its own already. Returns false if there are none.
pub(super) fn write_later(directory: &Path, system: &str) -> Result<bool, DistError> {
    let files = read(directory, |name| {
        let platform = assets::platform_of_package(name).or_else(|| assets::platform_of_sbom(name));
        platform.is_some_and(|(of, _)| of == system)
    })?;
    if !files.keys().any(|name| assets::platform_of_package(name).is_some()) {
        return Ok(false);
    }
    put(directory, &assets::later_checksums(system), lines(&files).as_bytes())?;
    Ok(true)
}

fn put(directory: &Path, name: &str, content: &[u8]) -> Result<(), DistError> {
    let file = directory.join(name);
    fs::write(&file, content).map_err(DistError::writing(&file))
}

fn read(directory: &Path, is_wanted: impl Fn(&str) -> bool) -> Result<Files, DistError> {
    let mut files = Files::new();
    for entry in fs::read_dir(directory).map_err(DistError::reading(directory))? {
        let path = entry.map_err(DistError::reading(directory))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if is_wanted(&name) {
            files.insert(name, fs::read(&path).map_err(DistError::reading(&path))?);
        }
    }
    Ok(files)
}

fn lines(files: &Files) -> String {
    files.iter().map(|(name, content)| format!("{}  {name}\n", sha256(content))).collect()
}

pub(super) fn sha256(content: &[u8]) -> String {
    digest(&SHA256, content).as_ref().iter().fold(String::new(), |mut sum, byte| {
        // Writing to a string can't fail.
        let _ = write!(sum, "{byte:02x}");
        sum
    })
}
