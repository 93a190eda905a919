//! The number of requests, counted on the server for a whole command with all provider processes:
//! no more than GitLab's API requires.

use std::time::Duration;

use gitlab_simulator::{Requests, Route, Simulator, Target};
use terraform_cli::Workspace;

use crate::kit::workspace;

/// The maximum number of entries of a kind.
const FULL: usize = 200;

/// `terraform apply` plans in one process and applies in another, and each verifies the token.
const TOKEN_CHECKS_OF_APPLY: usize = 2;

/// `terraform destroy` refreshes, plans the destruction and applies it in a process each.
const TOKEN_CHECKS_OF_DESTROY: usize = 3;

struct Allowlists {
    sources: Vec<u64>,
    projects: Vec<u64>,
    groups: Vec<u64>,
}

impl Allowlists {
    fn of(gitlab: &Simulator, sources: usize, projects: usize, groups: usize) -> Self {
        Self {
            sources: (0..sources).map(|n| gitlab.add_project(&format!("sources/o{n}"))).collect(),
            projects: (0..projects).map(|n| gitlab.add_project(&format!("targets/t{n}"))).collect(),
            groups: (0..groups).map(|n| gitlab.add_group(&format!("group-{n}"))).collect(),
        }
    }

    fn entries(&self) -> String {
        let Self { sources, projects, groups } = self;
        format!(
            r#"
            resource "gitlab_job_token_allowlist_entry" "project" {{
              for_each = {{ for pair in setproduct({sources:?}, {projects:?}) : "${{pair[0]}}-${{pair[1]}}" => pair }}

              project           = each.value[0]
              target_project_id = each.value[1]
            }}
            resource "gitlab_job_token_allowlist_entry" "group" {{
              for_each = {{ for pair in setproduct({sources:?}, {groups:?}) : "${{pair[0]}}-${{pair[1]}}" => pair }}

              project         = each.value[0]
              target_group_id = each.value[1]
            }}
            "#
        )
    }

    fn exclusive_lists(&self) -> String {
        let Self { sources, projects, groups } = self;
        format!(
            r#"
            resource "gitlab_job_token_allowlist_exclusive" "this" {{
              for_each = toset([for source in {sources:?} : tostring(source)])

              project            = each.value
              target_project_ids = {projects:?}
              target_group_ids   = {groups:?}
            }}
            "#
        )
    }

    /// Adds all targets to all lists outside Terraform.
    fn allow_all(&self, gitlab: &Simulator) {
        for source in &self.sources {
            self.projects.iter().for_each(|id| gitlab.allow(*source, Target::Project(*id)));
            self.groups.iter().for_each(|id| gitlab.allow(*source, Target::Group(*id)));
        }
    }
}

fn pages(requests: &Requests) -> usize {
    requests.to(Route::AllowlistProjectsGet).len() + requests.to(Route::AllowlistGroupsGet).len()
}

/// Pages of lists, and all other requests.
#[track_caller]
fn assert_reads_at_most(gitlab: &Simulator, most_pages: usize, most_others: usize) {
    let requests = gitlab.requests();
    let pages = pages(&requests);
    assert!(pages <= most_pages, "{pages} pages\n{requests}");
    assert!(
        requests.len() - pages <= most_others,
        "{} other requests\n{requests}",
        requests.len() - pages
    );
}

/// Panics unless there were exactly this many writes and token checks, one check per configured
/// provider process, and at most this many others.
#[track_caller]
fn assert_writes(gitlab: &Simulator, writes: usize, tries: usize, others: usize) {
    let requests = gitlab.requests();
    let counted = [requests.writes().len(), requests.to(Route::UserGet).len()];
    assert_eq!(counted, [writes, tries]);
    let rest = requests.len() - writes - tries;
    assert!(
        rest <= others,
        "{rest} other requests\n{}",
        requests.filter(|request| request.method == "GET")
    );
}

/// Panics if more requests were in flight at once. `max_concurrent_requests` limits them however
/// many instances Terraform handles at once.
#[track_caller]
fn assert_in_flight_at_most(gitlab: &Simulator, most: usize) {
    let in_flight = gitlab.max_in_flight();
    assert!(in_flight <= most, "{in_flight} requests were under way at a time");
}

#[track_caller]
fn applied(gitlab: &Simulator, tf: &Workspace, config: &str) {
    tf.config(config);
    tf.apply().succeeds();
    gitlab.clear_requests();
}

#[test]
fn refresh_of_a_full_project_list_reads_three_pages_once() {
    let gitlab = Simulator::start();
    let allowlists = Allowlists::of(&gitlab, 1, FULL, 0);
    let tf = workspace(&gitlab);
    applied(&gitlab, &tf, &allowlists.entries());

    tf.plan().changes_nothing();

    assert_reads_at_most(&gitlab, 3, 2);
}

#[test]
fn refresh_of_both_full_lists_reads_five_pages_once() {
    let gitlab = Simulator::start();
    let allowlists = Allowlists::of(&gitlab, 1, FULL, FULL);
    let tf = workspace(&gitlab);
    applied(&gitlab, &tf, &allowlists.entries());

    tf.plan().changes_nothing();
    assert_reads_at_most(&gitlab, 5, 2);

    gitlab.clear_requests();
    tf.plan_with(&["-parallelism=50"]).changes_nothing();
    assert_reads_at_most(&gitlab, 5, 2);
}

#[test]
fn refresh_looks_up_no_paths_that_the_list_shows() {
    let gitlab = Simulator::start();
    let allowlists = Allowlists::of(&gitlab, 1, 50, 50);
    let tf = workspace(&gitlab);
    let by_path = r#"
        resource "gitlab_job_token_allowlist_entry" "project" {
          count          = 50
          project        = "sources/o0"
          target_project = "targets/t${count.index}"
        }
        resource "gitlab_job_token_allowlist_entry" "group" {
          count        = 50
          project      = "sources/o0"
          target_group = "group-${count.index}"
        }
    "#;
    applied(&gitlab, &tf, by_path);
    assert_eq!(gitlab.allowlist(allowlists.sources[0]).groups.len(), 50);

    tf.plan().changes_nothing();

    assert_reads_at_most(&gitlab, 2, 2);
}

#[test]
fn many_projects_cost_one_page_per_project_and_kind() {
    let gitlab = Simulator::start();
    let allowlists = Allowlists::of(&gitlab, 20, 5, 5);
    let tf = workspace(&gitlab);
    applied(&gitlab, &tf, &allowlists.entries());

    // If projects are read concurrently, one query reads both lists.
    tf.plan().changes_nothing();
    assert!(gitlab.requests().len() <= 42, "{}", gitlab.requests());

    gitlab.clear_requests();
    tf.plan_with(&["-parallelism=50"]).changes_nothing();
    assert!(gitlab.requests().len() <= 22, "{}", gitlab.requests());
    assert_in_flight_at_most(&gitlab, 10);
}

#[test]
fn creating_and_destroying_200_entries_costs_one_write_each() {
    let gitlab = Simulator::start();
    let allowlists = Allowlists::of(&gitlab, 1, FULL, 0);
    let tf = workspace(&gitlab);
    tf.config(&allowlists.entries());

    tf.apply_with(&["-parallelism=50"]).succeeds();
    assert_writes(&gitlab, FULL, TOKEN_CHECKS_OF_APPLY, 2);
    assert_in_flight_at_most(&gitlab, 10);

    gitlab.clear_requests();
    tf.apply_with(&["-destroy", "-parallelism=50"]).succeeds();
    // A destroy refreshes first: the three pages of the list.
    assert_writes(&gitlab, FULL, TOKEN_CHECKS_OF_DESTROY, 3);
    assert_in_flight_at_most(&gitlab, 10);
    assert!(gitlab.allowlist(allowlists.sources[0]).projects.is_empty());
}

#[test]
fn exclusive_list_of_400_costs_one_write_per_difference() {
    let gitlab = Simulator::start();
    let allowlists = Allowlists::of(&gitlab, 1, FULL, FULL);
    let tf = workspace(&gitlab);
    tf.config(&allowlists.exclusive_lists());

    tf.apply().succeeds();
    // Each of the two processes reads the lists to plan, and the second writes from what it has
    // just read: one empty page of each kind.
    assert_writes(&gitlab, 2 * FULL, TOKEN_CHECKS_OF_APPLY, 4);

    gitlab.clear_requests();
    tf.plan().changes_nothing();
    assert_reads_at_most(&gitlab, 5, 2);

    gitlab.revoke(allowlists.sources[0], Target::Project(allowlists.projects[7]));
    gitlab.clear_requests();
    tf.apply().succeeds();
    assert_eq!(gitlab.requests().writes().len(), 1);

    gitlab.clear_requests();
    tf.destroy().succeeds();
    assert_writes(&gitlab, 2 * FULL, TOKEN_CHECKS_OF_DESTROY, 5);
}

/// Without the early check, the only requests are for lists and writes.
#[test]
fn full_lists_cost_at_most_five_requests_beside_the_writes() {
    for (projects, groups, entries) in [(FULL, 0, true), (FULL, FULL, false)] {
        let gitlab = Simulator::start();
        let allowlists = Allowlists::of(&gitlab, 1, projects, groups);
        let mut tf = workspace(&gitlab);
        tf.set_env("GITLAB_EARLY_AUTH_CHECK", "false");
        tf.config(&if entries { allowlists.entries() } else { allowlists.exclusive_lists() });

        for options in [&["-parallelism=50"][..], &["-parallelism=50", "-destroy"]] {
            gitlab.clear_requests();
            tf.apply_with(options).succeeds();
            assert_writes(&gitlab, projects + groups, 0, 5);
        }
    }
}

#[test]
fn matching_settings_are_not_written() {
    let gitlab = Simulator::start();
    let allowlists = Allowlists::of(&gitlab, 2, 30, 10);
    allowlists.allow_all(&gitlab);
    let tf = workspace(&gitlab);
    tf.config(&allowlists.exclusive_lists());

    tf.apply().succeeds();

    assert_eq!(gitlab.requests().writes().to_string(), "");
}

#[test]
fn rate_limit_pauses_the_whole_run_once() {
    let gitlab = Simulator::start();
    let allowlists = Allowlists::of(&gitlab, 1, FULL, 0);
    let tf = workspace(&gitlab);
    tf.config(&allowlists.entries());
    // More requests than fit in one window but not more than two, and slow enough that a busy
    // machine reaches the limit too.
    gitlab.limit_rate(150, Duration::from_secs(30));

    tf.apply().succeeds();

    let refusals = gitlab.refusals();
    assert!(refusals.requests > 0, "the limit was not met, so nothing was shown");
    assert!(refusals.windows_in_a_row <= 1, "{refusals:?}");
    assert_eq!(gitlab.allowlist(allowlists.sources[0]).projects.len(), FULL);
}
