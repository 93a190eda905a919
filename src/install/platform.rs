//! The names that Go gives to systems and processors, since mirrors are laid out by them.

use std::env::consts;
use std::fmt;

use super::InstallError;

/// A system and a processor, printed as the folder of a mirror that holds their packages: `linux_amd64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Platform {
    system: &'static str,
    processor: &'static str,
}

impl Platform {
    /// What this binary was built for.
    pub(super) fn current() -> Result<Self, InstallError> {
        let (system, processor) = (consts::OS, consts::ARCH);
        go_processor(processor, cfg!(target_endian = "little"))
            .map(|processor| Self { system: go_system(system), processor })
            .ok_or(InstallError::Platform { system, processor })
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.system, self.processor)
    }
}

fn go_system(rust: &'static str) -> &'static str {
    if rust == "macos" { "darwin" } else { rust }
}

/// None where Go's name is not known for certain: a wrong folder would never be looked at.
fn go_processor(rust: &'static str, little_endian: bool) -> Option<&'static str> {
    match rust {
        "x86_64" => Some("amd64"),
        "aarch64" => Some("arm64"),
        "x86" => Some("386"),
        "powerpc64" if little_endian => Some("ppc64le"),
        "powerpc64" => Some("ppc64"),
        "loongarch64" => Some("loong64"),
        "arm" | "riscv64" | "s390x" => Some(rust),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systems_and_processors_have_the_names_that_go_gives_them() {
        assert_eq!([go_system("macos"), go_system("windows")], ["darwin", "windows"]);
        assert_eq!([go_system("linux"), go_system("freebsd")], ["linux", "freebsd"]);
        let processors =
            ["x86_64", "aarch64", "x86", "arm", "powerpc64"].map(|name| go_processor(name, true));
        assert_eq!(processors, ["amd64", "arm64", "386", "arm", "ppc64le"].map(Some));
        assert_eq!(go_processor("powerpc64", false), Some("ppc64"));
        assert_eq!(go_processor("sparc64", false), None);
    }

    #[test]
    fn a_platform_prints_as_its_folder() {
        assert_eq!(Platform { system: "darwin", processor: "arm64" }.to_string(), "darwin_arm64");
    }
}
