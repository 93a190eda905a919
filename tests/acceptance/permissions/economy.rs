//! The number of requests for permissions: one read per project, one write per entry.

use super::*;
use crate::worlds::APP_ONLY;

const FULL: usize = 200;

/// Starts a GitLab with 200 projects for one allowlist and returns entries for them, with
/// permissions.
fn full() -> (Simulator, String) {
    let gitlab = APP_ONLY.start();
    for n in 0..FULL {
        gitlab.add_project(&format!("targets/t{n}"));
    }
    let config = r#"
        resource "gitlab_job_token_allowlist_entry" "each" {
          count              = 200
          project            = "acme/app"
          target_project     = "targets/t${count.index}"
          job_token_policies = ["READ_JOBS"]
        }
    "#;
    (gitlab, config.to_owned())
}

fn lists(requests: &Requests) -> usize {
    requests.to(Route::AllowlistProjectsGet).len()
}

#[test]
fn creating_200_entries_with_permissions_costs_one_write_each() {
    let (gitlab, config) = full();
    let tf = workspace(&gitlab);
    tf.config(&config);

    tf.apply_with(&["-parallelism=50"]).succeeds();

    let requests = gitlab.requests();
    let mutations = requests.to(Route::GraphqlMutation);
    assert_eq!(
        (mutations.len(), mutations.named(ADD).len(), requests.writes().len()),
        (FULL, FULL, FULL)
    );
    // Paths are looked up in the plan and in the apply, which are two processes, and many of them
    // at once.
    let look_ups = requests.to(Route::ProjectGet).len() + requests.named("ProjectPaths").len();
    assert!(look_ups <= FULL, "{look_ups}");
    let others = requests.len() - FULL - look_ups;
    // The plan and the apply query the names of policies once each.
    assert!(
        others <= 8,
        "{}",
        requests.filter(|request| request.route != Route::ProjectGet && !request.route.is_write())
    );
    assert!(requests.to(Route::GraphqlQuery).len() - requests.named("ProjectPaths").len() <= 4);
    let in_flight = gitlab.max_in_flight();
    assert!(in_flight <= 10, "{in_flight} requests were under way at a time");

    gitlab.clear_requests();
    tf.plan_with(&["-parallelism=50"]).changes_nothing();
    let requests = gitlab.requests();
    assert_eq!((lists(&requests), graphql(&requests).len()), (3, 1), "{requests}");
    assert!(requests.len() <= 3 + 1 + 2, "{requests}");

    gitlab.clear_requests();
    tf.destroy().succeeds();
    let requests = gitlab.requests();
    assert_eq!(requests.to(Route::AllowlistProjectDelete).len(), FULL);
    assert_eq!(graphql(&requests).len(), 1, "only the refresh before");
    assert!(requests.len() <= FULL + 3 + 1 + 5);
}

#[test]
fn restricting_200_entries_costs_one_write_each() {
    let (gitlab, config) = full();
    let tf = workspace(&gitlab);
    tf.config(&config);
    tf.apply().succeeds();
    gitlab.clear_requests();
    tf.config(&config.replace(r#"["READ_JOBS"]"#, "[]"));

    tf.apply_with(&["-parallelism=50"]).succeeds();

    let requests = gitlab.requests();
    assert_eq!(requests.writes().named(UPDATE).len(), FULL);
    assert_eq!(requests.writes().len(), FULL);
    assert!(requests.to(Route::GraphqlQuery).len() <= 2, "{}", graphql(&requests).len());
}

#[test]
fn permissions_of_one_project_cost_nothing_for_another() {
    let (gitlab, tf) = THREE_PROJECTS.with_workspace();
    let other = r#"
        resource "gitlab_job_token_allowlist_entry" "other" {
          project        = "acme/other"
          target_project = "acme/lib"
        }
    "#;
    tf.config(&format!("{}{other}", entry(JOBS)));
    tf.apply().succeeds();
    gitlab.clear_requests();

    tf.plan().changes_nothing();

    // One query for both projects, if they are read at the same time, or else one for the
    // permissions alone; and one more to learn what this version lacks.
    let requests = gitlab.requests();
    assert!(graphql(&requests).len() <= 2, "{requests}");
    assert!(requests.len() <= 4, "{requests}");
}
