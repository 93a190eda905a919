//! The reports of the commands. They fit 80 columns unless a path is long, and text to be copied is
//! in separate lines.

use std::fmt;
use std::path::Path;

use super::package::Outcome;
use super::{Installed, Uninstalled, VERSION};
use crate::address::{EXECUTABLE, REGISTRIES, SOURCE};

impl fmt::Display for Installed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mirror, platform, executables, .. } = self;
        let (all, any) = (self.all(Outcome::Unchanged), self.any(Outcome::Replaced));
        let what = match (all, any) {
            (true, _) => "Installed already",
            (false, true) => "Replaced",
            (false, false) => "Installed",
        };
        writeln!(f, "{what}: {EXECUTABLE} {VERSION} ({platform})\n")?;
        executables.iter().try_for_each(|(path, _)| writeln!(f, "  {}", path.display()))?;
        if mirror.is_implied() {
            writeln!(
                f,
                "\nTerraform and OpenTofu look there by themselves. As long as a version is \
                 there,\nnone is taken from a registry.\n\
                 "
            )?;
        } else {
            writeln!(
                f,
                "\nTerraform and OpenTofu look there when their CLI configuration says so:\n"
            )?;
            writeln!(f, "{}", indented(&provider_installation(mirror.root())))?;
        }
        writeln!(f, "Name the provider in a configuration:\n\n{}", indented(&requirement()))?;
        writeln!(f, "Then run, in the directory of that configuration:\n")?;
        let [terraform, opentofu] = REGISTRIES.map(|registry| registry.program);
        writeln!(f, "  {terraform} init   # or: {opentofu} init\n")?;
        writeln!(f, "To remove it again: {EXECUTABLE} uninstall{}", of_mirror(self.mirror_option()))
    }
}

impl Installed {
    /// Returns the warnings, each with one or more paragraphs.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.any(Outcome::Replaced) {
            warnings.push(self.about_lock_files());
        }
        if self.mirror.is_implied() {
            warnings.extend(self.found_before.as_deref().map(about_earlier_mirror));
            warnings.extend(self.cli_config_files.iter().map(|file| self.about_cli_config(file)));
        }
        warnings
    }

    fn about_lock_files(&self) -> String {
        let [terraform, opentofu] = REGISTRIES.map(|registry| registry.program);
        format!(
            "this is another build than the one that was version {VERSION} before\n\n\
             Configurations whose lock file recorded the other one refuse this one, with\n\
             `init -upgrade` too, until it is recorded as well. In the directory of each, with\n\
             {terraform} or {opentofu}:\n\n\
             \x20 {terraform} providers lock -fs-mirror={} {SOURCE}\n\
             \x20 {terraform} init\n",
            quoted(self.mirror.root()),
        )
    }

    fn about_cli_config(&self, file: &Path) -> String {
        format!(
            "a configuration of the CLI may keep it from looking there\n\n\
             {}\n\
             seems to hold a provider_installation block. A program that reads this file\n\
             looks only where the block says. Add this method to it, and the `exclude` to\n\
             each of its other methods:\n\n{}",
            file.display(),
            indented(&provider_installation(self.mirror.root())),
        )
    }

    fn any(&self, wanted: Outcome) -> bool {
        self.executables.iter().any(|(_, outcome)| *outcome == wanted)
    }

    fn all(&self, wanted: Outcome) -> bool {
        self.executables.iter().all(|(_, outcome)| *outcome == wanted)
    }

    fn mirror_option(&self) -> Option<&Path> {
        (!self.mirror.is_implied()).then(|| self.mirror.root())
    }
}

impl fmt::Display for Uninstalled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mirror, executables, other_versions } = self;
        let root = mirror.root().display();
        if executables.is_empty() {
            writeln!(f, "Nothing to remove: {EXECUTABLE} {VERSION} is not in\n{root}")?;
        } else {
            writeln!(f, "Removed:\n")?;
            executables.iter().try_for_each(|path| writeln!(f, "  {}", path.display()))?;
            writeln!(
                f,
                "\nConfigurations that use it need another `init` before their next plan."
            )?;
        }
        if !other_versions.is_empty() {
            let others = other_versions.join(", ");
            writeln!(
                f,
                "\nOther versions are still there: {others}. Remove them with --all-versions."
            )?;
        }
        Ok(())
    }
}

fn about_earlier_mirror(root: &Path) -> String {
    format!(
        "another mirror holds this provider, too\n\n\
         {}\n\
         is searched first, so a package of the same version is taken from there. Remove\n\
         it there if that is not what you want.\n",
        root.display(),
    )
}

fn of_mirror(directory: Option<&Path>) -> String {
    directory.map_or_else(String::new, |path| format!(" --dir {}", quoted(path)))
}

fn requirement() -> String {
    format!(
        "terraform {{\n\
         \x20 required_providers {{\n\
         \x20   gitlab = {{\n\
         \x20     source  = \"{SOURCE}\"\n\
         \x20     version = \"{VERSION}\"\n\
         \x20   }}\n\
         \x20 }}\n\
         }}\n"
    )
}

fn provider_installation(root: &Path) -> String {
    format!(
        "provider_installation {{\n\
         \x20 filesystem_mirror {{\n\
         \x20   path    = {}\n\
         \x20   include = [\"{SOURCE}\"]\n\
         \x20 }}\n\
         \x20 direct {{\n\
         \x20   exclude = [\"{SOURCE}\"]\n\
         \x20 }}\n\
         }}\n",
        hcl_string(&root.to_string_lossy())
    )
}

/// Quotes a path for the shells of all systems. Only spaces are supported.
fn quoted(path: &Path) -> String {
    format!("\"{}\"", path.display())
}

fn hcl_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn indented(block: &str) -> String {
    block.lines().map(|line| format!("  {line}\n")).collect()
}
