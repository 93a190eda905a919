//! A private directory for a configuration, and the CLI commands in it. The CLI is isolated: it
//! gets no environment variables except `PATH`, its own home directory and CLI configuration.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use serde_json::Value;
use tempfile::TempDir;

use crate::cli::{Cli, Program};
use crate::plan::Plan;
use crate::run::Run;
use crate::running::Running;
use crate::state::State;

/// The address under which configurations name the provider.
pub const PROVIDER_SOURCE: &str = "aff15f21/gitlab-job-token";

/// Extensions of files that the CLI reads by default.
const CONFIG_EXTENSIONS: [&str; 3] = ["tf", "tfvars", "hcl"];
/// The file with the provider requirement.
const VERSIONS_FILE: &str = "versions.tf";
const CONFIG_FILE: &str = "main.tf";
/// Outside the configuration's directory, so that neither affects the other.
const HOME: &str = "home";
const CLI_CONFIG: &str = "cli.tfrc";
const PLAN_FILE: &str = "saved.tfplan";
const STATE_FILE: &str = "terraform.tfstate";

/// Variables that Windows programs need for sockets and temporary files. Other systems don't set
/// them.
const OF_WINDOWS: [&str; 3] = ["SystemRoot", "TEMP", "TMP"];

const APPLY: [&str; 5] = ["apply", "-json", "-no-color", "-input=false", "-auto-approve"];

/// A configuration, its state, and an environment to run the program in. Removed when dropped.
///
/// Every method panics if the directory can't be used or the program can't be started. The [`Run`]
/// has the result.
#[derive(Debug)]
pub struct Workspace {
    cli: Cli,
    root: TempDir,
    environment: BTreeMap<String, OsString>,
}

impl Workspace {
    /// Creates an empty workspace for a provider that was just built, under the local name
    /// `gitlab`.
    ///
    /// # Errors
    ///
    /// When the directory can't be made, or `provider` is not there.
    pub fn new(cli: &Cli, provider: &Path) -> io::Result<Self> {
        let provider = provider.canonicalize()?;
        let directory = provider.parent().unwrap_or(&provider);
        Self::configured(cli, &provider_overrides(&[(PROVIDER_SOURCE, directory)]))
    }

    /// Creates an empty workspace for a provider that has yet to be installed or attached, under
    /// the local name `gitlab`. The CLI configuration and the home directory are empty.
    ///
    /// # Errors
    ///
    /// When the directory can't be made.
    pub fn without_provider(cli: &Cli) -> io::Result<Self> {
        Self::configured(cli, "")
    }

    fn configured(cli: &Cli, cli_config: &str) -> io::Result<Self> {
        let root = tempfile::Builder::new().prefix("terraform-").tempdir()?;
        let home = root.path().join(HOME);
        fs::create_dir(&home)?;
        fs::write(root.path().join(CLI_CONFIG), cli_config)?;
        let cli_config = root.path().join(CLI_CONFIG);
        let mut environment = BTreeMap::from([
            ("PATH".to_owned(), env::var_os("PATH").unwrap_or_default()),
            ("HOME".to_owned(), home.into_os_string()),
            ("TF_CLI_CONFIG_FILE".to_owned(), cli_config.into_os_string()),
            ("CHECKPOINT_DISABLE".to_owned(), "1".into()),
        ]);
        if cfg!(windows) {
            let set =
                OF_WINDOWS.iter().filter_map(|&name| Some((name.to_owned(), env::var_os(name)?)));
            environment.extend(set);
        }
        let workspace = Self { cli: cli.clone(), root, environment };
        fs::create_dir(workspace.directory())?;
        fs::write(workspace.directory().join(VERSIONS_FILE), requirements())?;
        Ok(workspace)
    }

    /// Returns the directory of the configuration, in which the program runs.
    #[must_use]
    pub fn directory(&self) -> PathBuf {
        self.root.path().join("work")
    }

    /// Returns the home directory of the program.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.root.path().join(HOME)
    }

    /// Replaces the CLI configuration.
    #[track_caller]
    pub fn cli_config(&self, content: &str) -> PathBuf {
        let path = self.root.path().join(CLI_CONFIG);
        if let Err(error) = fs::write(&path, content) {
            panic!("{path:?} can't be written: {error}");
        }
        path
    }

    /// Returns the default registry host of the CLI.
    #[track_caller]
    #[must_use]
    pub fn registry(&self) -> &'static str {
        match self.cli.release().program {
            Program::Terraform => "registry.terraform.io",
            Program::OpenTofu => "registry.opentofu.org",
        }
    }

    /// Sets a variable of the program's environment.
    pub fn set_env(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.into());
    }

    /// Removes a variable from the program's environment.
    pub fn remove_env(&mut self, name: &str) {
        self.environment.remove(name);
    }

    /// Replaces the configuration. The provider requirement is already in another file.
    #[track_caller]
    pub fn config(&self, hcl: &str) {
        self.file(CONFIG_FILE, hcl);
    }

    /// Writes a file beside the configuration and returns its path.
    #[track_caller]
    pub fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.directory().join(name);
        if let Err(error) = fs::write(&path, content) {
            panic!("{path:?} can't be written: {error}");
        }
        path
    }

    /// Replaces the configuration with the files of a directory. If they have no provider
    /// requirement, the workspace's own is added.
    #[track_caller]
    pub fn config_from(&self, directory: &Path) {
        if let Err(error) = self.replace_config(directory) {
            panic!("{directory:?} can't be made the configuration: {error}");
        }
    }

    fn replace_config(&self, directory: &Path) -> io::Result<()> {
        for former in config_files(&self.directory())? {
            fs::remove_file(former)?;
        }
        let mut names_provider = false;
        for file in config_files(directory)? {
            let content = fs::read_to_string(&file)?;
            names_provider |= content.contains("required_providers");
            fs::write(self.directory().join(file.file_name().unwrap_or_default()), content)?;
        }
        if !names_provider {
            fs::write(self.directory().join(VERSIONS_FILE), requirements())?;
        }
        Ok(())
    }

    /// Plans and saves the plan.
    #[track_caller]
    pub fn plan(&self) -> Plan<'_> {
        self.plan_with(&[])
    }

    /// Plans with further options, such as `-destroy`, and saves the plan.
    #[track_caller]
    pub fn plan_with(&self, options: &[&str]) -> Plan<'_> {
        let out = format!("-out={PLAN_FILE}");
        let arguments = ["plan", "-json", "-no-color", "-input=false", "-detailed-exitcode", &out];
        let run = self.run(&[&arguments, options].concat());
        Plan::new(self, self.directory().join(PLAN_FILE), run)
    }

    /// Plans and applies.
    #[track_caller]
    pub fn apply(&self) -> Run {
        self.apply_with(&[])
    }

    /// Plans and applies with further options, such as `-refresh-only`; the path of a saved plan
    /// comes last.
    #[track_caller]
    pub fn apply_with(&self, options: &[&str]) -> Run {
        self.run(&[&APPLY, options].concat())
    }

    /// Starts an apply without waiting for its end.
    #[track_caller]
    pub fn start_apply(&self) -> Running {
        self.start(&APPLY)
    }

    /// Applies the last saved plan.
    #[track_caller]
    pub fn apply_saved(&self) -> Run {
        self.apply_with(&[PLAN_FILE])
    }

    /// Destroys all managed objects.
    #[track_caller]
    pub fn destroy(&self) -> Run {
        self.run(&["destroy", "-json", "-no-color", "-input=false", "-auto-approve"])
    }

    /// Imports an object with the `import` command.
    #[track_caller]
    pub fn import(&self, address: &str, id: &str) -> Run {
        self.run(&["import", "-no-color", "-input=false", address, id])
    }

    /// Runs `terraform test`.
    #[track_caller]
    pub fn test(&self) -> Run {
        self.run(&["test", "-json", "-no-color"])
    }

    /// Returns an output value of the root module; null if the output doesn't exist.
    #[track_caller]
    #[must_use]
    pub fn output(&self, name: &str) -> Value {
        self.show(None)["values"]["outputs"][name]["value"].clone()
    }

    /// Returns the state that `show -json` prints.
    #[track_caller]
    #[must_use]
    pub fn state(&self) -> State {
        State::read(&self.show(None))
    }

    /// Returns the path of the state file, which exists from the first apply on.
    #[must_use]
    pub fn state_file(&self) -> PathBuf {
        self.directory().join(STATE_FILE)
    }

    /// Runs any command, with readable output unless `-json` is among the arguments.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> Run {
        match self.command(arguments).output() {
            Ok(output) => Run::new(arguments, &output),
            Err(error) => panic!("{:?} can't be started: {error}", self.cli.path()),
        }
    }

    /// Starts any command without waiting for its end. See [`Workspace::run`].
    #[track_caller]
    pub fn start(&self, arguments: &[&str]) -> Running {
        match Running::start(&mut self.command(arguments), arguments) {
            Ok(running) => running,
            Err(error) => panic!("{:?} can't be started: {error}", self.cli.path()),
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.cli.path());
        command.args(arguments).current_dir(self.directory()).env_clear().envs(&self.environment);
        command
    }

    /// Returns the last saved plan as `show -json` prints it.
    #[track_caller]
    #[must_use]
    pub fn saved_plan(&self) -> Value {
        self.show(Some(Path::new(PLAN_FILE)))
    }

    #[track_caller]
    pub(crate) fn show(&self, file: Option<&Path>) -> Value {
        let file = file.map(|file| file.to_string_lossy().into_owned());
        let run = self.run(&[&["show", "-json"], file.as_deref().as_slice()].concat());
        match serde_json::from_str(run.succeeds().stdout()) {
            Ok(shown) => shown,
            Err(error) => panic!("the output isn't JSON: {error}\n{run}"),
        }
    }
}

fn config_files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let is_config = |path: &PathBuf| {
        path.extension()
            .is_some_and(|extension| CONFIG_EXTENSIONS.iter().any(|known| extension == *known))
    };
    let paths =
        fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    Ok(paths.into_iter().filter(is_config).collect())
}

/// Returns a CLI configuration with a development override for each provider, by source address and
/// directory.
#[must_use]
pub fn provider_overrides(directories: &[(&str, &Path)]) -> String {
    let line = |(source, directory): &(&str, &Path)| {
        format!("    {} = {}\n", quoted(source), quoted(&directory.to_string_lossy()))
    };
    let lines: String = directories.iter().map(line).collect();
    format!("provider_installation {{\n  dev_overrides {{\n{lines}  }}\n  direct {{}}\n}}\n")
}

fn requirements() -> String {
    format!(
        r#"terraform {{
  required_providers {{
    gitlab = {{
      source = "{PROVIDER_SOURCE}"
    }}
  }}
}}
"#
    )
}

/// Returns a quoted HCL string, which equals a JSON string as long as it has no template.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
