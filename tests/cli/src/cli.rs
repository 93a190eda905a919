//! Which program is meant: the one that the environment names, else the first on the search path.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Names the program to run, Terraform or OpenTofu, in place of the one on `PATH`.
pub const PATH_VARIABLE: &str = "TF_ACC_TERRAFORM_PATH";

const NAMES: [&str; 2] = ["terraform", "tofu"];

/// A Terraform or OpenTofu program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cli {
    path: PathBuf,
}

/// Why there is no program to run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoCli {
    /// Nothing on the search path.
    #[error(
        "neither `terraform` nor `tofu` is on PATH. Install one (https://developer.hashicorp.com/terraform/install or \
         https://opentofu.org/docs/intro/install), or name it in {PATH_VARIABLE}"
    )]
    NotOnPath,
    /// The environment names what is not there.
    #[error("{PATH_VARIABLE} names {0:?}, where there is no file")]
    NotThere(PathBuf),
}

impl Cli {
    /// The program that [`PATH_VARIABLE`] names, else `terraform`, else `tofu` on `PATH`.
    ///
    /// # Errors
    ///
    /// See [`NoCli`].
    pub fn find() -> Result<Cli, NoCli> {
        Cli::find_in(|name| env::var_os(name).filter(|value| !value.is_empty()))
    }

    fn find_in(variable: impl Fn(&str) -> Option<OsString>) -> Result<Cli, NoCli> {
        if let Some(named) = variable(PATH_VARIABLE) {
            let named = PathBuf::from(named);
            // Runs happen in other directories, so a relative path is settled here.
            let path = named.canonicalize().ok().filter(|path| path.is_file());
            return path.map(|path| Cli { path }).ok_or(NoCli::NotThere(named));
        }
        let search_path = variable("PATH").unwrap_or_default();
        let in_directory = |name: &'static str| {
            env::split_paths(&search_path)
                .map(move |directory| directory.join(format!("{name}{}", env::consts::EXE_SUFFIX)))
                .find(|path| path.is_file())
        };
        NAMES.into_iter().find_map(in_directory).map(|path| Cli { path }).ok_or(NoCli::NotOnPath)
    }

    /// Where the program is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
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
        let variable = |name: &str| match name {
            PATH_VARIABLE => named.map(|path| path.as_os_str().to_owned()),
            "PATH" => Some(env::join_paths(search_path).unwrap()),
            _ => None,
        };
        Cli::find_in(variable).map(|cli| cli.path.file_stem().unwrap().to_str().unwrap().to_owned())
    }

    #[test]
    fn terraform_is_preferred_to_tofu_wherever_it_is_on_the_path() {
        let (tofu, both) = (directory_with(&["tofu"]), directory_with(&["terraform", "tofu"]));
        assert_eq!(found(None, &[tofu.path(), both.path()]).unwrap(), "terraform");
        assert_eq!(found(None, &[tofu.path()]).unwrap(), "tofu");
    }

    #[test]
    fn a_named_program_wins_and_must_be_there() {
        let (path, named) = (directory_with(&["terraform"]), directory_with(&["mine"]));
        let mine = named.path().join(format!("mine{}", env::consts::EXE_SUFFIX));
        assert_eq!(found(Some(&mine), &[path.path()]).unwrap(), "mine");
        let absent = named.path().join("absent");
        assert_eq!(found(Some(&absent), &[path.path()]), Err(NoCli::NotThere(absent)));
    }

    #[test]
    fn without_any_the_reader_is_told_where_to_get_one() {
        let told = found(None, &[]).unwrap_err().to_string();
        assert!(told.contains("terraform/install") && told.contains(PATH_VARIABLE), "{told}");
    }
}
