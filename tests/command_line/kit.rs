//! Runs the binary with a private home directory and nothing else in its environment.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_terraform-provider-gitlab-job-token");
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The registries, whose trees are alike.
pub(crate) const HOSTS: [&str; 2] = ["registry.terraform.io", "registry.opentofu.org"];

pub(crate) struct Home(TempDir);

/// The output of a run. Values that differ between machines are replaced.
#[derive(Debug)]
pub(crate) struct Printed {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn command(&self, binary: impl AsRef<OsStr>, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary);
        // One of them locates the user's data, depending on the system.
        command.args(arguments).env_clear().env("HOME", self.path()).env("APPDATA", self.path());
        command.current_dir(self.path());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Printed {
        self.printed(self.command(BINARY, arguments).output().unwrap())
    }

    pub(crate) fn printed(&self, output: Output) -> Printed {
        let readable = |bytes: &[u8]| {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            text.replace(&*self.path().to_string_lossy(), "HOME")
                .replace(&platform(), "PLATFORM")
                .replace(VERSION, "VERSION")
        };
        let Output { status, stdout, stderr } = output;
        Printed { status: status.code(), stdout: readable(&stdout), stderr: readable(&stderr) }
    }

    /// Returns the relative paths of all files and directories below, in order.
    pub(crate) fn content(&self) -> Vec<String> {
        let mut found = Vec::new();
        collect(self.path(), &mut found);
        let relative =
            |path: PathBuf| path.strip_prefix(self.path()).unwrap().to_string_lossy().into_owned();
        let mut found: Vec<_> = found.into_iter().map(relative).collect();
        found.sort();
        found
    }
}

/// Returns the mirror's directory for packages of this platform, which Go's names identify.
pub(crate) fn platform() -> String {
    let system = if cfg!(target_os = "macos") { "darwin" } else { std::env::consts::OS };
    let processor = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("{system}_{processor}")
}

/// Returns the path of a version's executable in a mirror.
pub(crate) fn executable(mirror: &Path, host: &str, version: &str) -> PathBuf {
    let name =
        format!("terraform-provider-gitlab-job-token_v{version}{}", std::env::consts::EXE_SUFFIX);
    mirror
        .join(host)
        .join("aff15f21")
        .join("gitlab-job-token")
        .join(version)
        .join(platform())
        .join(name)
}

fn collect(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in directory.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            collect(&path, found);
        }
        found.push(path);
    }
}
