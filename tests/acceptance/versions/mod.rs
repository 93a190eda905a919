//! The differences between GitLab versions and between kinds of tokens: what works, and the error
//! where it doesn't.

mod cross_push;
mod directions;
mod enforcement;
mod fields;
mod fine_grained;
mod matrix;
mod own_entry;
mod partial;
mod policies;

use gitlab_simulator::{Permissions, Simulator, Target};

use crate::worlds::{APP, LIB, THREE_PROJECTS};

/// The versions that differ from each other, the oldest first.
const VERSIONS: [&str; 7] =
    ["16.0.8-ee", "17.2.9-ee", "18.0.6-ee", "18.3.6-ee", "18.8.2-ee", "19.1.3-ee", "19.4.1-ee"];

const TARGET: Target = Target::Project(LIB);
/// The group `acme`, in which all projects are.
const ACME: Target = Target::Group(1);

fn of_version(version: &str) -> Simulator {
    THREE_PROJECTS.start_version(version)
}

fn newest() -> Simulator {
    of_version(VERSIONS[VERSIONS.len() - 1])
}

fn only(policies: &[&str]) -> Permissions {
    Permissions::limited_to(policies.iter().copied())
}

/// Returns an entry on the allowlist of `acme/app`, named `entry`.
fn entry(arguments: &str) -> String {
    format!(
        r#"
        resource "gitlab_job_token_allowlist_entry" "entry" {{
          project = "acme/app"
          {arguments}
        }}
        "#
    )
}

const ENTRY: &str = "gitlab_job_token_allowlist_entry.entry";
