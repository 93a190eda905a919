//! The paths of a user's files on each system: the mirrors that Terraform and OpenTofu search by
//! default, and their configuration files. Nothing is read or written here.

use std::ffi::OsString;
use std::path::PathBuf;

use super::InstallError;
use super::mirror::Mirror;

/// The systems with different paths. All others use those of Linux.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum System {
    Linux,
    MacOs,
    Windows,
}

/// A user of this machine, described by the environment.
pub(super) struct User<F> {
    system: System,
    environment: F,
}

/// The files that may configure Terraform or OpenTofu.
pub(super) struct CliConfig {
    pub(super) files: Vec<PathBuf>,
    /// Directories in which all files with certain extensions are read.
    pub(super) directories: Vec<PathBuf>,
}

impl User<fn(&str) -> Option<OsString>> {
    /// Returns the user who runs this process.
    pub(super) fn current() -> Self {
        let system = match std::env::consts::OS {
            "macos" => System::MacOs,
            "windows" => System::Windows,
            _ => System::Linux,
        };
        Self { system, environment: |name| std::env::var_os(name) }
    }
}

impl<F: Fn(&str) -> Option<OsString>> User<F> {
    /// Returns the implied mirror, which both programs search by default.
    ///
    /// It is the one in the data directory and not `~/.terraform.d`: if the latter doesn't exist,
    /// creating it would change where OpenTofu stores its credentials.
    pub(super) fn implied_mirror(&self) -> Result<Mirror, InstallError> {
        let (kept, data, directory) = match self.system {
            System::Linux => match self.directory("XDG_DATA_HOME") {
                // Both programs ignore a relative path.
                Some(data) => (data.clone(), data, "terraform"),
                None => {
                    let home = self.required("HOME")?;
                    (home.clone(), home.join(".local").join("share"), "terraform")
                }
            },
            System::MacOs => {
                let home = self.required("HOME")?;
                (home.clone(), home.join("Library").join("Application Support"), "io.terraform")
            }
            System::Windows => {
                let data = self.required("APPDATA")?;
                (data.clone(), data.join("HashiCorp"), "Terraform")
            }
        };
        Ok(Mirror::implied(data.join(directory).join("plugins"), kept))
    }

    /// Returns the mirror in the user's home that both programs search before the implied one.
    pub(super) fn earlier_mirror(&self) -> Option<PathBuf> {
        let (home, directory) = match self.system {
            System::Windows => (self.directory("APPDATA"), "terraform.d"),
            System::Linux | System::MacOs => (self.directory("HOME"), ".terraform.d"),
        };
        home.map(|home| home.join(directory).join("plugins"))
    }

    /// Returns the configuration files of both programs, whether they exist or not.
    pub(super) fn cli_config(&self) -> CliConfig {
        if let Some(only) = self.set("TF_CLI_CONFIG_FILE").or_else(|| self.set("TERRAFORM_CONFIG"))
        {
            return CliConfig { files: vec![only.into()], directories: Vec::new() };
        }
        let opentofu =
            self.set("XDG_CONFIG_HOME").map(|config| PathBuf::from(config).join("opentofu"));
        let (home, files, directory, opentofu) = match self.system {
            System::Windows => {
                (self.directory("APPDATA"), ["terraform.rc", "tofu.rc"], "terraform.d", None)
            }
            System::Linux | System::MacOs => {
                (self.directory("HOME"), [".terraformrc", ".tofurc"], ".terraform.d", opentofu)
            }
        };
        let in_home = home.iter().flat_map(|home| files.map(|file| home.join(file)));
        let files =
            in_home.chain(opentofu.iter().map(|directory| directory.join("tofurc"))).collect();
        let directories =
            home.iter().map(|home| home.join(directory)).chain(opentofu.clone()).collect();
        CliConfig { files, directories }
    }

    fn set(&self, variable: &str) -> Option<OsString> {
        (self.environment)(variable).filter(|value| !value.is_empty())
    }

    fn directory(&self, variable: &str) -> Option<PathBuf> {
        self.set(variable).map(PathBuf::from).filter(|path| path.is_absolute())
    }

    fn required(&self, variable: &'static str) -> Result<PathBuf, InstallError> {
        self.directory(variable).ok_or(InstallError::NoHome { variable })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(
        system: System,
        variables: &'static [(&str, &str)],
    ) -> User<impl Fn(&str) -> Option<OsString>> {
        let environment = |name: &str| {
            variables
                .iter()
                .find(|(variable, _)| *variable == name)
                .map(|(_, value)| OsString::from(value))
        };
        User { system, environment }
    }

    fn mirror(system: System, variables: &'static [(&str, &str)]) -> String {
        match user(system, variables).implied_mirror() {
            Ok(mirror) => mirror.root().to_string_lossy().replace('\\', "/"),
            Err(error) => error.to_string(),
        }
    }

    // The paths are absolute only on systems without drive letters.
    #[cfg(unix)]
    #[test]
    fn implied_mirror_depends_on_the_system() {
        const HOME: (&str, &str) = ("HOME", "/home/ann");
        assert_eq!(mirror(System::Linux, &[HOME]), "/home/ann/.local/share/terraform/plugins");
        assert_eq!(
            mirror(System::Linux, &[HOME, ("XDG_DATA_HOME", "/data")]),
            "/data/terraform/plugins"
        );
        assert_eq!(
            mirror(System::MacOs, &[HOME, ("XDG_DATA_HOME", "/data")]),
            "/home/ann/Library/Application Support/io.terraform/plugins"
        );
        assert_eq!(
            mirror(System::Windows, &[HOME, ("APPDATA", "/c/Roaming")]),
            "/c/Roaming/HashiCorp/Terraform/plugins"
        );
    }

    #[cfg(unix)]
    #[test]
    fn empty_or_relative_data_directory_is_ignored() {
        for odd in [
            &[("HOME", "/home/ann"), ("XDG_DATA_HOME", "")],
            &[("HOME", "/home/ann"), ("XDG_DATA_HOME", "data")],
        ] {
            assert_eq!(mirror(System::Linux, odd), "/home/ann/.local/share/terraform/plugins");
        }
    }

    #[test]
    fn error_without_a_home_names_the_variable() {
        for (system, variable) in
            [(System::Linux, "HOME"), (System::MacOs, "HOME"), (System::Windows, "APPDATA")]
        {
            let error = mirror(system, &[("HOME", "relative")]);
            assert!(error.starts_with(&format!("the environment variable {variable} ")), "{error}");
            assert!(error.contains("--dir"), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn named_configuration_file_is_the_only_one() {
        let named =
            user(System::Linux, &[("HOME", "/home/ann"), ("TF_CLI_CONFIG_FILE", "ci.tfrc")])
                .cli_config();
        assert_eq!(named.files, [PathBuf::from("ci.tfrc")]);
        assert!(named.directories.is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn default_configuration_files_are_those_of_both_programs() {
        let variables =
            &[("HOME", "/home/ann"), ("APPDATA", "/c/Roaming"), ("XDG_CONFIG_HOME", "/config")];
        let linux = user(System::Linux, variables).cli_config();
        let files = ["/home/ann/.terraformrc", "/home/ann/.tofurc", "/config/opentofu/tofurc"];
        assert_eq!(linux.files, files.map(PathBuf::from));
        assert_eq!(
            linux.directories,
            ["/home/ann/.terraform.d", "/config/opentofu"].map(PathBuf::from)
        );
        let windows = user(System::Windows, variables).cli_config();
        assert_eq!(
            windows.files,
            ["/c/Roaming/terraform.rc", "/c/Roaming/tofu.rc"].map(PathBuf::from)
        );
        assert_eq!(windows.directories, [PathBuf::from("/c/Roaming/terraform.d")]);
    }
}
