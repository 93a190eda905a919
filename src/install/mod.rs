//! Installs the running binary into a filesystem mirror, where Terraform and OpenTofu find it
//! without a registry, and uninstalls it. Other files aren't changed, including the CLI
//! configuration.

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

/// The result of an installation. `Display` prints the paths and the next steps.
#[derive(Debug)]
pub struct Installed {
    mirror: Mirror,
    platform: Platform,
    executables: Vec<(PathBuf, Outcome)>,
    cli_config_files: Vec<PathBuf>,
    found_before: Option<PathBuf>,
}

/// The result of a removal. `Display` prints the paths.
#[derive(Debug)]
pub struct Uninstalled {
    mirror: Mirror,
    executables: Vec<PathBuf>,
    other_versions: Vec<String>,
}

/// Installs the running binary for Terraform and OpenTofu into the mirror at `directory`, by
/// default the user's implied mirror. Replaces an installation of the same version.
///
/// # Errors
///
/// Fails if the mirror can't be determined or written, or if the binary can't be read.
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
    let found_before = user.earlier_mirror().filter(|root| contains_provider(root));
    Ok(Installed { mirror, platform, executables, cli_config_files, found_before })
}

/// Returns whether the mirror contains the provider. An unreadable directory counts as empty,
/// because the result is only used for a warning.
fn contains_provider(root: &Path) -> bool {
    Mirror::named(root)
        .and_then(|mirror| mirror.versions())
        .is_ok_and(|versions| !versions.is_empty())
}

/// Removes what [`install`] has installed into the same mirror, in this version or in all versions,
/// and the directories that are then empty.
///
/// # Errors
///
/// Fails if the mirror can't be determined or read, or if a file can't be removed.
pub fn uninstall(
    directory: Option<&Path>,
    all_versions: bool,
) -> Result<Uninstalled, InstallError> {
    let platform = Platform::current()?;
    let mirror = mirror(&User::current(), directory)?;
    let (mut executables, mut other_versions) = (Vec::new(), Vec::new());
    for version in mirror.versions()? {
        let is_selected = all_versions || version == VERSION;
        for package in mirror.packages(&version, platform).filter(package::Package::exists) {
            if !is_selected {
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

/// Reads the running binary. It is read completely before anything is written, because it may be
/// the file that is replaced.
fn running_binary() -> Result<Vec<u8>, InstallError> {
    let path = std::env::current_exe().map_err(InstallError::UnknownExecutable)?;
    std::fs::read(&path).map_err(|source| InstallError::Unreadable { path, source })
}
