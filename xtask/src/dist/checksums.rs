//! The file of checksums, in the form that `sha256sum --check` reads. A signature of it vouches for a whole release.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};

use super::Problem;
use super::assets;

/// Where the project keeps what registries are to know.
const MANIFEST: &str = "terraform-registry-manifest.json";

/// Writes the manifest, and the checksums of it and of all packages of this version in the folder.
pub(super) fn write(project: &Path, folder: &Path) -> Result<(), Problem> {
    let kept = project.join(MANIFEST);
    let manifest = fs::read(&kept).map_err(Problem::reading(&kept))?;
    let file = folder.join(assets::manifest());
    fs::write(&file, &manifest).map_err(Problem::writing(&file))?;
    let file = folder.join(assets::checksums());
    fs::write(&file, lines(folder)?).map_err(Problem::writing(&file))
}

fn lines(folder: &Path) -> Result<String, Problem> {
    let mut sums = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(Problem::reading(folder))? {
        let path = entry.map_err(Problem::reading(folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if assets::is_package(&name) || name == assets::manifest() {
            sums.insert(name, sha256(&fs::read(&path).map_err(Problem::reading(&path))?));
        }
    }
    Ok(sums.iter().map(|(name, sum)| format!("{sum}  {name}\n")).collect())
}

pub(super) fn sha256(content: &[u8]) -> String {
    digest(&SHA256, content).as_ref().iter().fold(String::new(), |mut sum, byte| {
        // Writing to a string can't fail.
        let _ = write!(sum, "{byte:02x}");
        sum
    })
}
