//! Puts the running binary where Terraform and OpenTofu find it without a registry, and takes it
//! away again. Only what it made itself is ever changed; the user's CLI configuration is read and
//! left alone.

mod cli_config;
mod error;
mod mirror;
mod package;
mod platform;
mod report;
mod user;

use std::path::{Path, PathBuf};

pub use error::InstallError;
use mirror::Mirror;
use package::Outcome;
pub use platform::Platform;
use user::User;

/// The version under which the binary is installed.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The result of an installation, printed for a person: where it is, and what to do next.
#[derive(Debug)]
pub struct Installed {
    mirror: Mirror,
    platform: Platform,
    executables: Vec<(PathBuf, Outcome)>,
    cli_config_files: Vec<PathBuf>,
    found_before: Option<PathBuf>,
}

/// The result of a removal, printed for a person.
#[derive(Debug)]
pub struct Uninstalled {
    mirror: Mirror,
    executables: Vec<PathBuf>,
    other_versions: Vec<String>,
}

/// Installs the running binary for Terraform and for OpenTofu: in the mirror at `directory`, or
/// else in that of the user, which both search by themselves. What is there already under the same
/// version is replaced.
///
/// # Errors
/// When there is no such mirror, or the binary can't be read, or the mirror can't be written to.
pub fn install(directory: Option<&Path>) -> Result<Installed, InstallError> {
    let platform = Platform::current()?;
    let user = User::current();
    let mirror = mirror(&user, directory)?;
    let binary = running_binary()?;
    let put = |package: package::Package| {
        let outcome = mirror.put(&package, &binary)?;
        Ok((package.executable().to_owned(), outcome))
    };
    let executables = mirror.packages(VERSION, platform).map(put).collect::<Result<_, _>>()?;
    let cli_config_files = cli_config::files_with_block(&user);
    let found_before = user.earlier_mirror().filter(|root| holds_the_provider(root));
    Ok(Installed { mirror, platform, executables, cli_config_files, found_before })
}

/// Takes a folder that can't be read for empty: this serves a warning only.
fn holds_the_provider(root: &Path) -> bool {
    Mirror::named(root)
        .and_then(|mirror| mirror.versions())
        .is_ok_and(|versions| !versions.is_empty())
}

/// Removes what [`install`] has put into the same mirror, of this version or of all, and the
/// folders that are empty then.
///
/// # Errors
/// When there is no such mirror, or something in it can't be removed.
pub fn uninstall(
    directory: Option<&Path>,
    all_versions: bool,
) -> Result<Uninstalled, InstallError> {
    let platform = Platform::current()?;
    let mirror = mirror(&User::current(), directory)?;
    let (mut executables, mut other_versions) = (Vec::new(), Vec::new());
    for version in mirror.versions()? {
        let is_meant = all_versions || version == VERSION;
        for package in mirror.packages(&version, platform).filter(package::Package::is_there) {
            if !is_meant {
                other_versions.push(version.clone());
            } else if mirror.remove(&package)? {
                executables.push(package.executable().to_owned());
            }
        }
    }
    other_versions.dedup();
    Ok(Uninstalled { mirror, executables, other_versions })
}

fn mirror<F: Fn(&str) -> Option<std::ffi::OsString>>(
    user: &User<F>,
    directory: Option<&Path>,
) -> Result<Mirror, InstallError> {
    directory.map_or_else(|| user.implied_mirror(), Mirror::named)
}

/// Read as a whole before anything is written, since it may be the very file that is replaced.
fn running_binary() -> Result<Vec<u8>, InstallError> {
    let path = std::env::current_exe().map_err(InstallError::Unfindable)?;
    std::fs::read(&path).map_err(|source| InstallError::Unreadable { path, source })
}
