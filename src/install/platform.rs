//! Platforms by the names of Go, which mirrors use.

use std::env::consts;
use std::fmt;

use super::InstallError;

/// A platform. `Display` prints it as the directory in a mirror: `linux_amd64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Platform {
    system: &'static str,
    processor: &'static str,
}

impl Platform {
    /// Returns the platform that this binary was built for.
    pub(super) fn current() -> Result<Self, InstallError> {
        let (system, processor) = (consts::OS, consts::ARCH);
        Self::of(system, processor, cfg!(target_endian = "little"))
            .ok_or(InstallError::Platform { system, processor })
    }

    /// Returns the platform with these names in Rust, as in `target_os` and `target_arch`, or
    /// `None` if its name in Go is uncertain: hosts would never search a wrong directory.
    #[must_use]
    pub fn of(system: &str, processor: &str, little_endian: bool) -> Option<Self> {
        let (system, processor) = (go_system(system)?, go_processor(processor, little_endian)?);
        Some(Self { system, processor })
    }

    /// Returns Go's name of the system, such as `darwin`.
    #[must_use]
    pub fn system(self) -> &'static str {
        self.system
    }

    /// Returns the suffix of executables, such as `.exe`.
    #[must_use]
    pub fn executable_suffix(self) -> &'static str {
        if self.system == "windows" { ".exe" } else { "" }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.system, self.processor)
    }
}

fn go_system(rust: &str) -> Option<&'static str> {
    match rust {
        "linux" => Some("linux"),
        "macos" => Some("darwin"),
        "windows" => Some("windows"),
        "freebsd" => Some("freebsd"),
        "openbsd" => Some("openbsd"),
        "netbsd" => Some("netbsd"),
        "dragonfly" => Some("dragonfly"),
        "solaris" => Some("solaris"),
        "illumos" => Some("illumos"),
        _ => None,
    }
}

fn go_processor(rust: &str, little_endian: bool) -> Option<&'static str> {
    match rust {
        "x86_64" => Some("amd64"),
        "aarch64" => Some("arm64"),
        "x86" => Some("386"),
        "arm" => Some("arm"),
        "powerpc64" if little_endian => Some("ppc64le"),
        "powerpc64" => Some("ppc64"),
        "loongarch64" => Some("loong64"),
        "riscv64" => Some("riscv64"),
        "s390x" => Some("s390x"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systems_and_processors_have_their_go_names() {
        let systems = ["macos", "windows", "linux", "freebsd"].map(go_system);
        assert_eq!(systems, ["darwin", "windows", "linux", "freebsd"].map(Some));
        let processors =
            ["x86_64", "aarch64", "x86", "arm", "powerpc64"].map(|name| go_processor(name, true));
        assert_eq!(processors, ["amd64", "arm64", "386", "arm", "ppc64le"].map(Some));
        assert_eq!(go_processor("powerpc64", false), Some("ppc64"));
    }

    #[test]
    fn platform_without_a_go_name_is_none() {
        assert_eq!(Platform::of("linux", "sparc64", false), None);
        assert_eq!(Platform::of("hermit", "x86_64", true), None);
    }

    #[test]
    fn platform_displays_as_its_directory() {
        let apple = Platform::of("macos", "aarch64", true).expect("a platform");
        assert_eq!(apple.to_string(), "darwin_arm64");
    }

    #[test]
    fn executables_have_a_suffix_only_on_windows() {
        let suffix =
            |system| Platform::of(system, "x86_64", true).expect("a platform").executable_suffix();
        assert_eq!(["windows", "linux"].map(suffix), [".exe", ""]);
    }
}
