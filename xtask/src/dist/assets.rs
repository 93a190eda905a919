//! The file names of a release, by which registries and packed mirrors find files.

use terraform_provider_gitlab_job_token::address::EXECUTABLE;
use terraform_provider_gitlab_job_token::install::Platform;

const VERSION: &str = env!("CARGO_PKG_VERSION");

const PACKAGE_ENDING: &str = ".zip";
const SBOM_ENDING: &str = ".cdx.json";

/// Returns the package for a platform.
pub(super) fn package(platform: Platform) -> String {
    asset(&format!("{platform}{PACKAGE_ENDING}"))
}

/// Returns the SBOM of the package for a platform. CycloneDX recommends the extension.
pub(super) fn sbom(platform: Platform) -> String {
    asset(&format!("{platform}{SBOM_ENDING}"))
}

/// Returns the system and processor of the package of this version that has this name.
pub(super) fn platform_of_package(name: &str) -> Option<(&str, &str)> {
    name.strip_prefix(&asset(""))?.strip_suffix(PACKAGE_ENDING)?.split_once('_')
}

/// Returns the system and processor of the bill of materials of this version that has this name.
pub(super) fn platform_of_sbom(name: &str) -> Option<(&str, &str)> {
    name.strip_prefix(&asset(""))?.strip_suffix(SBOM_ENDING)?.split_once('_')
}

/// Returns the file with the packages for OCI registries.
pub(super) fn image_layout() -> String {
    asset("oci.tar")
}

/// Returns the file that tells registries which protocol the provider speaks.
pub(super) fn manifest() -> String {
    asset("manifest.json")
}

/// Returns the checksums that registries read: those of packages and the manifest. Terraform's
/// registry rejects a release if the file has others.
pub(super) fn checksums() -> String {
    asset("SHA256SUMS")
}

/// Returns the checksums of files that registries don't read. The extension differs too, so that a
/// registry can't confuse the files.
pub(super) fn other_checksums() -> String {
    asset("checksums.txt")
}

/// Returns the checksums of files that are added to a release later, for one system.
pub(super) fn later_checksums(system: &str) -> String {
    asset(&format!("{system}_checksums.txt"))
}

/// Returns whether a file of this name holds checksums, which are signed.
pub(super) fn is_signed(name: &str) -> bool {
    name.ends_with("SHA256SUMS") || name.ends_with("checksums.txt")
}

/// Returns the program's name in a package.
pub(super) fn executable(platform: Platform) -> String {
    format!("{EXECUTABLE}_v{VERSION}{}", platform.executable_suffix())
}

fn asset(what: &str) -> String {
    format!("{EXECUTABLE}_{VERSION}_{what}")
}
