//! A package: a ZIP archive of the program, its license and those of its dependencies. Its bytes
//! depend only on theirs, not on the clock, on modes, owners and order of files, or on the machine.

use std::fs;
use std::io::{Cursor, Write as _};
use std::path::Path;

use zip::result::ZipResult;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipWriter};

use super::DistError;
use super::assets;
use super::target::Target;

const LICENSE: &str = "LICENSE";
const NOTICES: &str = "THIRD-PARTY-NOTICES";

/// Hosts restore the modes: without this one, a provider can't be started.
const EXECUTABLE_MODE: u32 = 0o755;
const FILE_MODE: u32 = 0o644;

/// The best compression: a release is packed once and downloaded often.
const BEST: i64 = 9;

/// Returns the package of a binary for a platform.
pub(super) fn of_provider(
    project: &Path,
    target: &Target,
    binary: &Path,
    notices: &str,
) -> Result<Vec<u8>, DistError> {
    let read = |path: &Path| fs::read(path).map_err(DistError::reading(path));
    let license = read(&project.join(LICENSE))?;
    let program = read(binary)?;
    let executable = assets::executable(target.platform());
    Ok(pack(&[
        (LICENSE, FILE_MODE, &license),
        (NOTICES, FILE_MODE, notices.as_bytes()),
        (&executable, EXECUTABLE_MODE, &program),
    ])?)
}

/// Packs files by name, mode and content, in this order.
pub(super) fn pack(files: &[(&str, u32, &[u8])]) -> ZipResult<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, mode, content) in files {
        archive.start_file(*name, options(*mode))?;
        archive.write_all(content)?;
    }
    Ok(archive.finish()?.into_inner())
}

fn options(mode: u32) -> SimpleFileOptions {
    SimpleFileOptions::default()
        .system(System::Unix)
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(BEST))
        .last_modified_time(DateTime::DEFAULT)
        .unix_permissions(mode)
}
