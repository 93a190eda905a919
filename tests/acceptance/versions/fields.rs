//! Fields that GitLab may remove: everything that doesn't need them still works.

use gitlab_simulator::Requests;
use serde_json::Value;

use super::*;
use crate::kit::workspace;

const READ: &str = "data \"gitlab_job_token_allowlist\" \"app\" {\n  project = \"acme/app\"\n}\n";
const DATA: &str = "data.gitlab_job_token_allowlist.app";

#[test]
fn response_without_the_outbound_setting_is_read() {
    let gitlab = THREE_PROJECTS
        .start_with(Simulator::builder().version("19.4.1-ee").without_outbound_enabled());
    let tf = workspace(&gitlab);
    tf.config(
        r#"
        resource "gitlab_job_token_scope" "app" {
          project = "acme/app"
        }
        data "gitlab_job_token_scope" "app" {
          project = "acme/app"
        }
        "#,
    );

    tf.apply().succeeds().has_no_warnings();

    let state = tf.state();
    for address in ["gitlab_job_token_scope.app", "data.gitlab_job_token_scope.app"] {
        assert_eq!(state.of(address)["outbound_enabled"], Value::Null, "{address}");
    }
    tf.plan().changes_nothing();
}

#[test]
fn query_is_repeated_once_without_a_missing_field() {
    for field in ["createdAt", "addedBy", "direction"] {
        let gitlab = THREE_PROJECTS
            .start_with(Simulator::builder().version("19.4.1-ee").without_field(field));
        gitlab.allow_with(APP, TARGET, only(&["READ_JOBS"]));
        let tf = workspace(&gitlab);
        let other =
            "data \"gitlab_job_token_allowlist\" \"other\" {\n  project = \"acme/other\"\n}\n";
        tf.config(&format!("{READ}{other}"));

        tf.apply().succeeds().has_no_warnings();

        let state = tf.state();
        let listed = &state.of(DATA)["projects"][0];
        assert_eq!(listed["default_permissions"], false, "{field}");
        let shown = ["created_at", "added_by"].map(|name| !listed[name].is_null());
        assert_eq!(shown, [field != "createdAt", field != "addedBy"], "{field}");
        // Both lists may be asked for at the same time, in one query or two, in the plan and in the
        // apply.
        let asked = graphql(&gitlab.requests()).len();
        assert!((2..=8).contains(&asked), "{asked} queries without {field}");
    }
}

#[test]
fn entries_are_managed_where_the_schema_lacks_fields() {
    let gitlab = newest();
    for field in ["createdAt", "addedBy", "autopopulated"] {
        gitlab.remove_field("CiJobTokenScopeAllowlistEntry", field);
    }
    let tf = workspace(&gitlab);
    tf.config(&entry("target_project = \"acme/lib\"\n  job_token_policies = [\"READ_JOBS\"]"));

    tf.apply().succeeds().has_no_warnings();

    assert_eq!(gitlab.permissions(APP, TARGET), Some(only(&["READ_JOBS"])));
    tf.plan().changes_nothing();
    tf.destroy().succeeds();
}

fn graphql(requests: &Requests) -> Requests {
    let reads = ["JobTokenPermissions", "JobTokenProjects", "JobTokenProjectsByPath"];
    requests.filter(|request| request.names.iter().any(|name| reads.contains(&name.as_str())))
}
