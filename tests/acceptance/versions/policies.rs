//! The names of policies, which differ by version.

use gitlab_simulator::Route;
use insta::assert_snapshot;

use super::*;
use crate::kit::workspace;

fn with(policies: &str) -> String {
    entry(&format!("target_project = \"acme/lib\"\n  job_token_policies = [{policies}]"))
}

#[test]
fn unknown_policy_is_an_error_of_the_plan() {
    let gitlab = newest();
    let tf = workspace(&gitlab);
    tf.config(&with("\"READ_JOBS\", \"READ_PACKAGE\", \"BREW_TEA\""));

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Unknown job token policies
      gitlab_job_token_allowlist_entry.entry
      > job_token_policies = ["READ_JOBS", "READ_PACKAGE", "BREW_TEA"]

    `job_token_policies` has policies that this GitLab version doesn't have:

      - BREW_TEA
      - READ_PACKAGE: did you mean READ_PACKAGES?

    It has ADMIN_BADGES, ADMIN_DEPLOYMENTS, ADMIN_ENVIRONMENTS, ADMIN_JOBS,
    ADMIN_PACKAGES, ADMIN_PIPELINES, ADMIN_RELEASES, ADMIN_REPOSITORIES,
    ADMIN_SECURE_FILES, ADMIN_TERRAFORM_STATE, READ_BADGES, READ_DEPLOYMENTS,
    READ_ENVIRONMENTS, READ_JOBS, READ_MERGE_REQUESTS, READ_PACKAGES,
    READ_PIPELINES, READ_RELEASES, READ_REPOSITORIES, READ_SECURE_FILES,
    READ_TERRAFORM_STATE, READ_WORK_ITEMS.

    Correct the names, or remove them. A name that is right belongs to a newer
    version: upgrade GitLab. The `gitlab_job_token_policies` data source reads the
    names that your GitLab accepts.

    If a destroy stops at this error, run it with the option `-refresh=false`.
    "#);
    assert_eq!(gitlab.requests().writes().to_string(), "");
}

#[test]
fn one_unknown_policy_is_in_the_singular() {
    let gitlab = newest();
    let tf = workspace(&gitlab);
    tf.config(&with("\"READ_PACKAGE\""));

    let error = tf.plan().error();

    assert!(error.starts_with("Error: Unknown job token policy\n"), "{error}");
    assert!(error.contains("`job_token_policies` has a policy that"), "{error}");
}

#[test]
fn policy_is_valid_from_its_first_version() {
    for (version, policy, is_known) in [
        ("18.8.2-ee", "ADMIN_REPOSITORIES", false),
        ("19.1.3-ee", "ADMIN_REPOSITORIES", true),
        ("19.1.3-ee", "READ_BADGES", false),
        ("19.4.1-ee", "READ_BADGES", true),
    ] {
        let gitlab = of_version(version);
        let tf = workspace(&gitlab);
        tf.config(&with(&format!("{policy:?}")));
        let plan = tf.plan();
        assert_eq!(plan.run().is_success(), is_known, "{policy} in {version}");
    }
}

#[test]
fn names_are_queried_once_and_only_for_new_policies() {
    let gitlab = newest();
    let tf = workspace(&gitlab);
    let second = with("\"READ_PACKAGES\"")
        .replace("\"entry\"", "\"other\"")
        .replace("acme/lib", "acme/other");
    tf.config(&format!("{}{second}", with("\"READ_JOBS\"")));
    let asked = || {
        let requests = gitlab.requests();
        requests.filter(|request| request.names.iter().any(|name| name == "JobTokenPolicies")).len()
    };
    tf.plan().succeeds();
    assert_eq!(asked(), 1);
    tf.apply().succeeds();
    gitlab.clear_requests();

    tf.plan().changes_nothing();
    tf.config(&format!("{}{second}", with("")));
    tf.plan().succeeds();

    assert_eq!(asked(), 0);
}

#[test]
fn server_that_lists_no_names_is_accepted() {
    let gitlab = newest();
    gitlab.inject(
        gitlab_simulator::Fault::RejectsTheToken.on(Route::GraphqlQuery).named("JobTokenPolicies"),
    );
    let tf = workspace(&gitlab);
    tf.config(&with("\"READ_JOBS\""));

    tf.apply().succeeds().has_no_warnings();
}

#[test]
fn data_source_lists_the_names_of_the_version() {
    for (version, count) in [("18.3.6-ee", 19), ("19.1.3-ee", 20), ("19.4.1-ee", 22)] {
        let gitlab = of_version(version);
        let tf = workspace(&gitlab);
        tf.config("data \"gitlab_job_token_policies\" \"known\" {}\n");
        tf.apply().succeeds().has_no_warnings();
        let state = tf.state();
        let names = state.of("data.gitlab_job_token_policies.known")["names"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        assert_eq!(names.len(), count, "{version}");
        assert!(names.contains(&"READ_JOBS".into()));
    }
}
