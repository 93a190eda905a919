//! The cost of managing many projects: concurrent reads share requests. How many do depends on
//! timing, so that counts are upper bounds.

use std::collections::BTreeMap;
use std::time::Duration;

use gitlab_simulator::{Fault, GranularGraphql, Injection, Requests, Route, Simulator, TokenSpec};
use terraform_cli::Workspace;

use crate::kit::workspace;

/// The latency of requests, long enough that concurrent reads meet even on a busy machine.
const LATENCY: Duration = Duration::from_millis(250);

/// The reads before GraphQL turns out to be unavailable, and the token check.
const EXTRA_REQUESTS: usize = 6;

/// Returns a scope and an exclusive list, of two projects and a group by path, for each project.
fn configuration(projects: usize) -> String {
    include_str!("../fixtures/many_projects.tf").replace("PROJECTS", &projects.to_string())
}

/// Starts a slow GitLab with these projects, which are restricted by default.
fn gitlab(projects: usize) -> (Simulator, Vec<u64>) {
    let gitlab = Simulator::builder().version("19.4").start();
    let projects =
        (0..projects).map(|app| gitlab.add_project(&format!("apps/app-{app}"))).collect();
    for team in 0..10 {
        gitlab.add_group(&format!("teams/team-{team}"));
    }
    gitlab.set_latency(LATENCY);
    (gitlab, projects)
}

fn applied(gitlab: &Simulator, tf: &Workspace, config: &str) {
    tf.config(config);
    tf.apply().succeeds();
    gitlab.clear_requests();
}

/// Returns the number of requests of each kind, as readable text.
fn by_kind(requests: &Requests) -> String {
    let mut kinds = BTreeMap::<String, usize>::new();
    for request in requests.iter() {
        let operation = request.names.first().map(|name| format!(" {name}")).unwrap_or_default();
        *kinds.entry(format!("{}{operation}", request.route.name())).or_default() += 1;
    }
    kinds.iter().map(|(kind, count)| format!("\n{count:6} {kind}")).collect()
}

#[track_caller]
fn assert_at_most(gitlab: &Simulator, most: usize) {
    let requests = gitlab.requests();
    assert!(
        requests.len() <= most,
        "{} requests, not {most}:{}",
        requests.len(),
        by_kind(&requests)
    );
}

#[test]
fn plan_of_many_projects_costs_less_than_half_a_request_each() {
    let (gitlab, projects) = gitlab(100);
    let tf = workspace(&gitlab);
    applied(&gitlab, &tf, &configuration(projects.len()));

    tf.plan().changes_nothing();

    assert_at_most(&gitlab, projects.len() / 2);
}

#[test]
fn saved_creates_cost_their_writes_and_a_request_each() {
    let (gitlab, projects) = gitlab(100);
    let tf = workspace(&gitlab);
    projects.iter().for_each(|project| gitlab.set_inbound_enabled(*project, false));
    tf.config(&configuration(projects.len()));
    tf.plan().succeeds();
    gitlab.clear_requests();

    tf.apply_saved().succeeds();

    assert_eq!(gitlab.requests().writes().len(), 4 * projects.len());
    assert_at_most(&gitlab, 5 * projects.len());
}

#[test]
fn restricted_projects_are_restricted_without_a_write() {
    let (gitlab, projects) = gitlab(60);
    let tf = workspace(&gitlab);
    tf.config(
        r#"
        resource "gitlab_job_token_scope" "this" {
          count   = 60
          project = "apps/app-${count.index}"
        }
        "#,
    );

    tf.apply().succeeds();

    assert_eq!(gitlab.requests().writes().to_string(), "");
    assert_at_most(&gitlab, projects.len());
}

#[test]
fn without_graphql_a_plan_costs_three_requests_for_a_project() {
    let (gitlab, projects) = gitlab(50);
    let tf = workspace(&gitlab);
    applied(&gitlab, &tf, &configuration(projects.len()));
    let refusal = Fault::Responds {
        status: 403,
        content_type: "text/html".to_owned(),
        body: "<html><body>Forbidden</body></html>".to_owned(),
    };
    gitlab.inject(Injection::from(refusal).on(Route::GraphqlQuery));

    tf.plan().changes_nothing();

    assert_at_most(&gitlab, 3 * projects.len() + EXTRA_REQUESTS);
}

#[test]
fn fine_grained_token_costs_three_requests_for_a_project() {
    for responses in [GranularGraphql::Errors, GranularGraphql::Nulls, GranularGraphql::EmptyLists]
    {
        let (gitlab, projects) = gitlab(30);
        let mut tf = workspace(&gitlab);
        applied(&gitlab, &tf, &configuration(projects.len()));
        gitlab.set_granular_graphql(responses);
        let reads = ["Job Token Scope: Read", "Job Token Scope Allowlist: Read", "User: Read"];
        let spec = TokenSpec::new("reader").administrator().fine_grained(reads);
        tf.set_env("GITLAB_TOKEN", &gitlab.add_token(spec));

        tf.plan().changes_nothing();

        assert_at_most(&gitlab, 3 * projects.len() + EXTRA_REQUESTS);
    }
}

#[test]
fn new_entry_per_project_costs_little_more_than_a_write() {
    let (gitlab, projects) = gitlab(100);
    let tf = workspace(&gitlab);
    let target = gitlab.add_project("platform/deploy");
    tf.config(&format!(
        r#"
        resource "gitlab_job_token_allowlist_entry" "this" {{
          for_each = toset([for id in {projects:?} : tostring(id)])

          project           = each.value
          target_project_id = {target}
        }}
        "#
    ));

    tf.apply().succeeds();

    assert_at_most(&gitlab, 160);
    assert!(projects.iter().all(|project| gitlab.allowlist(*project).projects.contains(&target)));
}
