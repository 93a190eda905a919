//! Finds CLI configuration files that may exclude the implied mirror. The files are searched for a
//! word and not parsed, so the result is only a hint for the user, and never an error.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::user::{CliConfig, User};

/// The block that restricts the CLI to the installation methods that it lists.
const BLOCK: &str = "provider_installation";

/// The extensions of files in a configuration directory.
const EXTENSIONS: [&str; 2] = [".tfrc", ".tfrc.json"];

/// Returns the configuration files of Terraform and OpenTofu that seem to contain the block.
pub(super) fn files_with_block<F: Fn(&str) -> Option<OsString>>(user: &User<F>) -> Vec<PathBuf> {
    let CliConfig { files, directories } = user.cli_config();
    let files =
        files.into_iter().chain(directories.iter().flat_map(|directory| files_in(directory)));
    files.filter(|file| fs::read_to_string(file).is_ok_and(|text| has_block(&text))).collect()
}

fn files_in(directory: &Path) -> Vec<PathBuf> {
    let names_a_config = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        EXTENSIONS.iter().any(|ending| name.ends_with(ending))
    };
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.path()).filter(names_a_config).collect();
    files.sort();
    files
}

/// Returns whether a configuration seems to contain the block. In HCL its name begins a line; in
/// JSON, and optionally in HCL, it is in quotes.
fn has_block(text: &str) -> bool {
    let quoted = format!("\"{BLOCK}\"");
    let mut code = text.lines().map(str::trim_start).filter(|line| !line.starts_with(['#', '/']));
    code.any(|line| line.starts_with(BLOCK) || line.contains(&quoted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_is_found_in_hcl_and_json_but_not_in_comments() {
        for text in [
            "plugin_cache_dir = \"x\"\n  provider_installation {\n}\n",
            "provider_installation{}",
            r#"{"credentials": {}, "provider_installation": {"direct": {}}}"#,
        ] {
            assert!(has_block(text), "{text}");
        }
        for text in [
            "",
            "# provider_installation {}",
            "// provider_installation",
            "credentials \"host\" {}",
        ] {
            assert!(!has_block(text), "{text}");
        }
    }
}
