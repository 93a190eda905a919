//! The program to run: the one that the environment names, the first on `PATH`, or a fetched one.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};

use crate::command;
use crate::fetch::{self, FetchError};

/// The environment variable for the program to run instead of the one on `PATH`.
pub const PATH_VARIABLE: &str = "TF_ACC_TERRAFORM_PATH";

const NAMES: [&str; 2] = ["terraform", "tofu"];

/// A Terraform or OpenTofu program. Clones share its release.
#[derive(Debug, Clone)]
pub struct Cli {
    path: PathBuf,
    /// The path as [`PATH_VARIABLE`] has it, if that names the program.
    named: Option<PathBuf>,
    release: Arc<OnceLock<Release>>,
}

/// The program and the version that a CLI shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Release {
    /// The program of this release.
    pub program: Program,
    /// The major and minor version.
    pub version: (u64, u64),
}

/// The programs that the provider works with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// HashiCorp's.
    Terraform,
    /// The Linux Foundation's.
    OpenTofu,
}

/// The error of finding a program to run.
#[derive(Debug, thiserror::Error)]
pub enum NoCli {
    /// There is none on `PATH`, and none can be fetched.
    #[error(
        "neither `terraform` nor `tofu` is on PATH, and {0} \
         (https://developer.hashicorp.com/terraform/install, \
         https://opentofu.org/docs/intro/install)"
    )]
    NotOnPath(FetchError),
    /// The program that the environment names doesn't exist.
    #[error("{PATH_VARIABLE} names {0:?}, where there is no file")]
    NotThere(PathBuf),
}

/// The error of a program that isn't Terraform or OpenTofu.
#[derive(Debug, thiserror::Error)]
#[error(
    "{origin}, which isn't Terraform or OpenTofu: `{} version` should print a line such as \
     `Terraform v1.15.5`, but {outcome}",
    .path.display()
)]
pub struct NotACli {
    origin: String,
    path: PathBuf,
    outcome: String,
}

impl Cli {
    /// Finds the program that [`PATH_VARIABLE`] names, else `terraform`, else `tofu` on `PATH`. If
    /// there is none, fetches Terraform and prints a notice.
    ///
    /// # Errors
    ///
    /// See [`NoCli`].
    pub fn find() -> Result<Self, NoCli> {
        Self::find_in(set_variable, || {
            let version = fetch::DEFAULT_VERSION;
            let path = fetch::terraform(version)?;
            fetch::print_notice(&format!(
                "No terraform or tofu on PATH: using Terraform {version} from {}",
                path.display()
            ));
            Ok(path)
        })
    }

    /// Finds the program that [`PATH_VARIABLE`] names, else `terraform`, else `tofu` on `PATH`.
    /// Fetches nothing.
    ///
    /// # Errors
    ///
    /// [`NoCli::NotThere`] if the variable names no file.
    pub fn find_installed() -> Result<Option<Self>, NoCli> {
        Self::find_installed_in(set_variable)
    }

    fn find_in(
        variable: impl Fn(&str) -> Option<OsString>,
        fetch: impl FnOnce() -> Result<PathBuf, FetchError>,
    ) -> Result<Self, NoCli> {
        match Self::find_installed_in(variable)? {
            Some(cli) => Ok(cli),
            None => fetch().map(Self::at).map_err(NoCli::NotOnPath),
        }
    }

    fn find_installed_in(
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Option<Self>, NoCli> {
        if let Some(named) = variable(PATH_VARIABLE) {
            let named = PathBuf::from(named);
            // Commands run in other directories, so a relative path is resolved here.
            let path = named.canonicalize().ok().filter(|path| path.is_file());
            return match path {
                Some(path) => Ok(Some(Self { named: Some(named), ..Self::at(path) })),
                None => Err(NoCli::NotThere(named)),
            };
        }
        let search_path = variable("PATH").unwrap_or_default();
        let in_directory = |name: &'static str| {
            env::split_paths(&search_path)
                .map(move |directory| directory.join(format!("{name}{}", env::consts::EXE_SUFFIX)))
                .find(|path| path.is_file())
        };
        Ok(NAMES.into_iter().find_map(in_directory).map(Self::at))
    }

    fn at(path: PathBuf) -> Self {
        Self { path, named: None, release: Arc::default() }
    }

    /// Returns the path of the program.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the program and version that the CLI reports. The result is cached.
    ///
    /// # Panics
    ///
    /// When the program can't be started or doesn't say it.
    #[track_caller]
    #[must_use]
    pub fn release(&self) -> Release {
        self.identify().unwrap_or_else(|error| panic!("{error}"))
    }

    /// Returns the program and version that the CLI reports, like [`Cli::release`].
    ///
    /// # Errors
    ///
    /// When the program can't be started or doesn't say it.
    pub fn identify(&self) -> Result<Release, NotACli> {
        if let Some(release) = self.release.get() {
            return Ok(*release);
        }
        let mut version = Command::new(&self.path);
        version.arg("version").env("CHECKPOINT_DISABLE", "1");
        let outcome = match command::output(&mut version) {
            Err(error) => format!("can't be started: {error}"),
            Ok(output) => {
                let printed = String::from_utf8_lossy(&output.stdout);
                if let Some(release) = printed.lines().find_map(Release::read) {
                    return Ok(*self.release.get_or_init(|| release));
                }
                match printed.lines().next() {
                    Some(line) => format!("printed {line:?}"),
                    None => "printed nothing".to_owned(),
                }
            }
        };
        let origin = match &self.named {
            Some(named) => format!("{PATH_VARIABLE} names {named:?}"),
            None => format!("PATH has {:?}", self.path),
        };
        Err(NotACli { origin, path: self.path.clone(), outcome })
    }
}

fn set_variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

impl Release {
    /// Reads a line such as `Terraform v1.11.4`.
    fn read(line: &str) -> Option<Self> {
        let (name, version) = line.split_once(" v")?;
        let program = match name {
            "Terraform" => Program::Terraform,
            "OpenTofu" => Program::OpenTofu,
            _ => return None,
        };
        let mut parts = version.split('.').map_while(|part| part.parse().ok());
        Some(Self { program, version: (parts.next()?, parts.next()?) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory_with(names: &[&str]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        for name in names {
            let file = format!("{name}{}", env::consts::EXE_SUFFIX);
            std::fs::write(directory.path().join(file), "").unwrap();
        }
        directory
    }

    fn found(named: Option<&Path>, search_path: &[&Path]) -> Result<String, NoCli> {
        found_or_fetched(named, search_path, || unreachable!("nothing is to be fetched"))
    }

    fn found_or_fetched(
        named: Option<&Path>,
        search_path: &[&Path],
        fetch: impl FnOnce() -> Result<PathBuf, FetchError>,
    ) -> Result<String, NoCli> {
        let variable = |name: &str| match name {
            PATH_VARIABLE => named.map(|path| path.as_os_str().to_owned()),
            "PATH" => Some(env::join_paths(search_path).unwrap()),
            _ => None,
        };
        Cli::find_in(variable, fetch)
            .map(|cli| cli.path.file_stem().unwrap().to_str().unwrap().to_owned())
    }

    #[test]
    fn terraform_is_preferred_to_tofu() {
        let (tofu, both) = (directory_with(&["tofu"]), directory_with(&["terraform", "tofu"]));
        assert_eq!(found(None, &[tofu.path(), both.path()]).unwrap(), "terraform");
        assert_eq!(found(None, &[tofu.path()]).unwrap(), "tofu");
    }

    #[test]
    fn named_program_takes_precedence_and_must_exist() {
        let (path, named) = (directory_with(&["terraform"]), directory_with(&["mine"]));
        let mine = named.path().join(format!("mine{}", env::consts::EXE_SUFFIX));
        assert_eq!(found(Some(&mine), &[path.path()]).unwrap(), "mine");
        let absent = named.path().join("absent");
        assert!(
            matches!(found(Some(&absent), &[path.path()]), Err(NoCli::NotThere(path)) if path == absent)
        );
    }

    #[cfg(unix)]
    #[test]
    fn invalid_program_is_an_error_with_the_variable() {
        let error_of = |named: &str, text: &str| {
            use std::fs::Permissions;
            use std::os::unix::fs::PermissionsExt as _;

            let directory = directory_with(&[named]);
            let program = directory.path().join(named);
            std::fs::write(&program, text).unwrap();
            std::fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
            let variable = |name: &str| (name == PATH_VARIABLE).then(|| program.clone().into());
            let cli = Cli::find_installed_in(variable).unwrap().unwrap();
            let message = cli.identify().unwrap_err().to_string();
            message.replace(directory.path().canonicalize().unwrap().to_str().unwrap(), "/there")
        };
        let expected = "TF_ACC_TERRAFORM_PATH names \"/there/true\", which isn't Terraform or \
                        OpenTofu: `/there/true version` should print a line such as `Terraform \
                        v1.15.5`, but ";
        let silent = error_of("true", "#!/bin/sh\n");
        assert_eq!(silent, format!("{expected}printed nothing"));
        let other = error_of("true", "#!/bin/sh\necho other 1.2\n");
        assert_eq!(other, format!("{expected}printed \"other 1.2\""));
    }

    #[test]
    fn program_is_fetched_if_none_is_on_the_path() {
        let fetch = || Ok(PathBuf::from("target/terraform/1.2.3/terraform"));
        assert_eq!(found_or_fetched(None, &[], fetch).unwrap(), "terraform");
    }

    #[test]
    fn nothing_is_installed_on_an_empty_path() {
        let nowhere = |name: &str| (name == "PATH").then(OsString::new);
        assert!(Cli::find_installed_in(nowhere).unwrap().is_none());
    }

    #[test]
    fn error_says_where_to_get_a_cli() {
        let fetch =
            || Err(FetchError::NoSource { version: "1.2.3".to_owned(), failures: Vec::new() });
        let error = found_or_fetched(None, &[], fetch).unwrap_err().to_string();
        assert!(error.contains("terraform/install") && error.contains(PATH_VARIABLE), "{error}");
    }

    #[test]
    fn both_programs_print_their_name_and_version() {
        let read = |line| Release::read(line).map(|release| (release.program, release.version));
        assert_eq!(read("Terraform v1.11.4"), Some((Program::Terraform, (1, 11))));
        assert_eq!(read("OpenTofu v1.10.0-rc1"), Some((Program::OpenTofu, (1, 10))));
        assert_eq!(read("on linux_amd64"), None);
        assert_eq!(read("+ provider registry.terraform.io/a/b v1.2.3"), None);
    }
}
