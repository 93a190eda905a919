//! The `dist` and `checksums` commands. A package and its SBOM are made on a machine that can build
//! for its platform; the image layout and the checksums are made from all packages in one
//! directory. Nothing is signed here.

mod archive;
mod assets;
mod build;
mod checksums;
mod crates;
mod error;
mod notices;
mod oci;
mod sbom;
mod target;

#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crates::Crates;
pub use error::DistError;
use target::Target;

/// The input and output of a package.
#[derive(Debug, Default, clap::Args)]
pub struct Options {
    /// Target triple to build for, instead of this machine
    #[arg(long, value_name = "TRIPLE")]
    pub target: Option<String>,
    /// Binary to pack instead of building one; must be built for the target
    #[arg(long, value_name = "PATH")]
    pub binary: Option<PathBuf>,
    /// Output directory, instead of target/dist
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// The packages that a directory must contain.
#[derive(Debug, Default, clap::Args)]
pub struct Parts {
    /// Directory with the packages
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// Doesn't require packages for this system, such as darwin
    #[arg(long, value_name = "SYSTEM")]
    pub without: Vec<String>,
    /// Writes checksums only for this system, whose packages are added to a release later
    #[arg(long, value_name = "SYSTEM", conflicts_with = "without")]
    pub only: Option<String>,
}

/// The crates in a package's program, and their notices.
struct Contents {
    crates: Crates,
    notices: String,
}

/// Makes the package for one platform with its bill of materials, and updates the checksums of all
/// packages in the directory. Returns the text to print.
///
/// # Errors
///
/// Fails if the binary can't be built or read, a license text is missing, or the directory can't be
/// written.
pub fn package(project: &Path, options: &Options) -> Result<String, DistError> {
    package_with(project, options, |project, target| {
        let crates = crates::of_program(project, target)?;
        Ok(Contents { notices: notices::compose(&crates.all)?, crates })
    })
}

fn package_with(
    project: &Path,
    options: &Options,
    contents: impl FnOnce(&Path, &Target) -> Result<Contents, DistError>,
) -> Result<String, DistError> {
    let target = options.target.as_deref().map_or_else(Target::of_this_machine, Target::named)?;
    let binary = match &options.binary {
        Some(binary) => binary.clone(),
        None => build::release_binary(project, &target)?,
    };
    let Contents { crates, notices } = contents(project, &target)?;
    let package = archive::of_provider(project, &target, &binary, &notices)?;
    let sbom = sbom::compose(&sbom::Package {
        target: target.triple(),
        sha256: &checksums::sha256(&package),
        compiler: &target::compiler_version()?,
        crates: &crates,
    })?;
    let directory = options.out.clone().unwrap_or_else(|| project.join("target/dist"));
    fs::create_dir_all(&directory).map_err(DistError::writing(&directory))?;
    let files =
        [(assets::package(target.platform()), package), (assets::sbom(target.platform()), sbom)];
    for (name, content) in &files {
        let file = directory.join(name);
        fs::write(&file, content).map_err(DistError::writing(&file))?;
    }
    checksums::write(project, &directory)?;
    Ok(report(&directory, &files.map(|(name, _)| name), &of_all()))
}

/// Writes the checksums of a release, whose packages must be complete. Returns the text to print.
///
/// # Errors
///
/// Fails if a package is missing, or the directory can't be read or written.
pub fn write_checksums(project: &Path, parts: &Parts) -> Result<String, DistError> {
    let directory = &parts.directory;
    if let Some(system) = &parts.only {
        return match checksums::write_later(directory, system)? {
            true => Ok(report(directory, &[], &[assets::later_checksums(system)])),
            false => Err(DistError::NothingLater {
                directory: directory.clone(),
                system: system.clone(),
            }),
        };
    }
    let targets = target::of_releases()?;
    let is_due = |target: &&Target| {
        !target.is_later()
            && !parts.without.iter().any(|system| system == target.platform().system())
    };
    let files: Vec<String> = targets
        .iter()
        .filter(is_due)
        .flat_map(|target| [assets::package(target.platform()), assets::sbom(target.platform())])
        .filter(|name| !directory.join(name).is_file())
        .collect();
    if !files.is_empty() {
        return Err(DistError::Missing { directory: directory.clone(), files });
    }
    checksums::write(project, directory)?;
    Ok(report(directory, &[], &of_all()))
}

/// Returns the names of the files made from all packages in a directory, those to sign last.
fn of_all() -> [String; 4] {
    [assets::manifest(), assets::image_layout(), assets::checksums(), assets::other_checksums()]
}

fn report(directory: &Path, of_package: &[String], of_directory: &[String]) -> String {
    let mut text = String::from("Made:\n\n");
    for file in of_package.iter().chain(of_directory) {
        // Writing to a string can't fail.
        let _ = writeln!(text, "  {}", directory.join(file).display());
    }
    text.push_str(
        "\nRegistries want the checksums signed with an RSA key, each in a file that gpg\nnames \
         itself, with .sig at the end:\n\n\
         ",
    );
    for sums in of_directory.iter().filter(|name| assets::is_signed(name)) {
        let _ = writeln!(text, "  gpg --detach-sign \"{}\"", directory.join(sums).display());
    }
    text
}
