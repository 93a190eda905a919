//! `dist` and `checksums`: what registries want of a release. A package is made on a machine that can build for its
//! platform; the checksums are those of all packages of the version that lie in one folder. Nothing is signed here.

mod archive;
mod assets;
mod build;
mod checksums;
mod error;
mod notices;
mod target;

#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

pub use error::Problem;
use target::Target;

/// What to make a package of, and where.
#[derive(Debug, Default, clap::Args)]
pub struct Options {
    /// Build for this target of Rust's, in place of this machine
    #[arg(long, value_name = "TRIPLE")]
    pub target: Option<String>,
    /// Pack this binary, in place of building one; it must be one for the target
    #[arg(long, value_name = "PATH")]
    pub binary: Option<PathBuf>,
    /// Where packages go, in place of target/dist
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Makes the package for one platform, and sums up all that lie beside it. Returns what to tell.
///
/// # Errors
///
/// Where the binary can't be built or read, a licence is missing, or the folder can't be written.
pub fn package(project: &Path, options: &Options) -> Result<String, Problem> {
    package_with(project, options, notices::of_program)
}

fn package_with(
    project: &Path,
    options: &Options,
    notices: impl FnOnce(&Path, &Target) -> Result<String, Problem>,
) -> Result<String, Problem> {
    let target = options.target.as_deref().map_or_else(Target::of_this_machine, Target::named)?;
    let binary = match &options.binary {
        Some(binary) => binary.clone(),
        None => build::release_binary(project, &target)?,
    };
    let package = archive::of_provider(project, &target, &binary, &notices(project, &target)?)?;
    let folder = options.out.clone().unwrap_or_else(|| project.join("target/dist"));
    fs::create_dir_all(&folder).map_err(Problem::writing(&folder))?;
    let file = folder.join(assets::package(target.platform()));
    fs::write(&file, package).map_err(Problem::writing(&file))?;
    checksums::write(project, &folder)?;
    Ok(report(&folder, &[assets::package(target.platform()), assets::manifest(), assets::checksums()]))
}

/// Sums up the packages of a release, which must all be there. Returns what to tell.
///
/// # Errors
///
/// Where a package is missing, or the folder can't be read or written.
pub fn sum_up(project: &Path, folder: &Path) -> Result<String, Problem> {
    let missing: Vec<String> = target::of_releases()?
        .iter()
        .map(|target| assets::package(target.platform()))
        .filter(|package| !folder.join(package).is_file())
        .collect();
    if !missing.is_empty() {
        return Err(Problem::Missing { folder: folder.to_owned(), packages: missing });
    }
    checksums::write(project, folder)?;
    Ok(report(folder, &[assets::manifest(), assets::checksums()]))
}

fn report(folder: &Path, files: &[String]) -> String {
    let mut text = String::from("Made:\n\n");
    for file in files {
        // Writing to a string can't fail.
        let _ = writeln!(text, "  {}", folder.join(file).display());
    }
    let sums = folder.join(assets::checksums());
    let _ = writeln!(
        text,
        "\nRegistries want the checksums signed with an RSA key, in a file that gpg names\nitself, with .sig at the \
         end:\n\n  gpg --detach-sign \"{}\"",
        sums.display()
    );
    text
}
