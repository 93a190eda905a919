//! `default_permissions` and `job_token_policies`: the permissions of an entry, which only GraphQL
//! supports.

mod bad_input;
mod drift;
mod economy;
mod faults;
mod import;
mod managing;
mod paths;
mod reading;
mod refusals;
mod support;
mod unmanaged;

use gitlab_simulator::{Permissions, Requests, Route, Simulator, Target};
use terraform_cli::Workspace;

use crate::kit::workspace;
use crate::worlds::{APP, LIB, THREE_PROJECTS};

const ENTRY: &str = "gitlab_job_token_allowlist_entry.lib";
const TARGET: Target = Target::Project(LIB);
const ADD: &str = "ciJobTokenScopeAddGroupOrProject";
const UPDATE: &str = "ciJobTokenScopeUpdatePolicies";

const JOBS: &str = r#"job_token_policies = ["READ_JOBS"]"#;
const JOBS_AND_PACKAGES: &str = r#"job_token_policies = ["READ_PACKAGES", "READ_JOBS"]"#;

/// Returns the entry of `acme/lib` on the list of `acme/app`, with these arguments besides.
fn entry(arguments: &str) -> String {
    format!(
        r#"
        resource "gitlab_job_token_allowlist_entry" "lib" {{
          project        = "acme/app"
          target_project = "acme/lib"
          {arguments}
        }}
        "#
    )
}

fn only(policies: &[&str]) -> Permissions {
    Permissions::limited_to(policies.iter().copied())
}

/// Returns the permissions of `acme/lib`, if it is on the list.
fn held(gitlab: &Simulator) -> Option<Permissions> {
    gitlab.permissions(APP, TARGET)
}

/// Applies the entry with these arguments.
#[track_caller]
fn applied(gitlab: &Simulator, arguments: &str) -> Workspace {
    let tf = workspace(gitlab);
    tf.config(&entry(arguments));
    tf.apply().succeeds();
    gitlab.clear_requests();
    tf
}

fn graphql(requests: &Requests) -> Requests {
    requests.filter(|request| matches!(request.route, Route::GraphqlQuery | Route::GraphqlMutation))
}
