//! Outbound links of old versions, which aren't allowlist entries.

use serde_json::json;

use super::*;
use crate::kit::workspace;

const LIMITED: &str = "target_project_id = 2\n  job_token_policies = [\"READ_JOBS\"]";

/// Starts a GitLab in which `acme/lib` is on the allowlist of `acme/app` with few permissions, and
/// also the target of an outbound link.
fn with_both_directions(outbound_first: bool) -> Simulator {
    let gitlab = newest();
    if outbound_first {
        gitlab.allow_outbound(APP, LIB);
    }
    gitlab.allow_with(APP, TARGET, only(&["READ_JOBS"]));
    if !outbound_first {
        gitlab.allow_outbound(APP, LIB);
    }
    gitlab
}

#[test]
fn outbound_link_to_the_same_target_is_not_drift() {
    for outbound_first in [true, false] {
        let gitlab = with_both_directions(outbound_first);
        let tf = workspace(&gitlab);
        tf.config(&entry(LIMITED));
        tf.import(ENTRY, "acme/app:project:acme/lib").succeeds();
        assert_eq!(tf.state().of(ENTRY)["job_token_policies"], json!(["READ_JOBS"]));

        tf.plan().changes_nothing();
    }
}

#[test]
fn data_source_shows_only_the_inbound_entry() {
    let gitlab = with_both_directions(true);
    gitlab.allow_outbound(APP, 3);
    let tf = workspace(&gitlab);
    tf.config("data \"gitlab_job_token_allowlist\" \"app\" {\n  project = \"acme/app\"\n}\n");

    tf.apply().succeeds().has_no_warnings();

    let state = tf.state();
    let projects = &state.of("data.gitlab_job_token_allowlist.app")["projects"];
    assert_eq!(projects.as_array().map(Vec::len), Some(1));
    assert_eq!(projects[0]["default_permissions"], false);
}

#[test]
fn scopes_count_neither_outbound_links_nor_the_project() {
    let gitlab = newest();
    gitlab.allow_with(APP, TARGET, only(&[]));
    gitlab.allow_outbound(APP, LIB);
    gitlab.allow_outbound(APP, 3);
    gitlab.allow(APP, Target::Project(APP));
    let tf = workspace(&gitlab);
    tf.config("data \"gitlab_job_token_scopes\" \"acme\" {\n  group = \"acme\"\n}\n");

    tf.apply().succeeds().has_no_warnings();

    let state = tf.state();
    let app = &state.of("data.gitlab_job_token_scopes.acme")["projects"][0];
    let counts = ["allowed_project_count", "allowed_group_count", "default_permissions_count"];
    assert_eq!(counts.map(|count| app[count].clone()), [1, 0, 0].map(|count| json!(count)));
}

#[test]
fn scopes_count_lists_that_are_longer_than_a_page() {
    let gitlab = newest();
    for number in 0..200 {
        let inbound = gitlab.add_project(&format!("many/in-{number}"));
        gitlab.allow(APP, Target::Project(inbound));
        let outbound = gitlab.add_project(&format!("many/out-{number}"));
        gitlab.allow_outbound(APP, outbound);
    }
    gitlab.allow(APP, Target::Project(APP));
    let tf = workspace(&gitlab);
    tf.config("data \"gitlab_job_token_scopes\" \"acme\" {\n  group = \"acme\"\n}\n");

    tf.apply().succeeds().has_no_warnings();

    let state = tf.state();
    let app = &state.of("data.gitlab_job_token_scopes.acme")["projects"][0];
    assert_eq!(
        (&app["allowed_project_count"], &app["default_permissions_count"]),
        (&json!(200), &json!(200))
    );
}
