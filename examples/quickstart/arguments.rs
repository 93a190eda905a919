//! The arguments of the command line.

use std::ffi::OsString;

pub(crate) const USAGE: &str = "\
Shows the provider at work on an in-memory GitLab.

Usage: cargo run --example quickstart [-- --help]

TF_ACC_TERRAFORM_PATH names the Terraform or OpenTofu that runs the provider.
If it isn't set, the first terraform or tofu on PATH does; without any, the host
of this repository's tests does.
";

/// Returns the text to print instead of running the quickstart, if the arguments request it.
///
/// # Errors
///
/// Fails for an unknown argument.
pub(crate) fn parse(
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<Option<&'static str>, String> {
    let mut usage = None;
    for argument in arguments {
        match argument.to_str() {
            Some("-h" | "--help") => usage = Some(USAGE),
            _ => return Err(format!("unexpected argument {argument:?}\n\n{USAGE}")),
        }
    }
    Ok(usage)
}
