//! Lists whose pages are inconsistent.

use gitlab_simulator::{Fault, Route};
use insta::assert_snapshot;

use super::{APP, allow_all, exclusive, with_targets};
use crate::kit::workspace;

/// A list of two pages.
const LONG: u64 = 150;

#[test]
fn endless_list_is_an_error() {
    let gitlab = with_targets(2);
    let tf = workspace(&gitlab);
    tf.config(&exclusive([2]));
    gitlab.inject(Fault::NeverEndsTheList.on(Route::AllowlistProjectsGet));

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Can't read allowlist: project 1
      gitlab_job_token_allowlist_exclusive.app
      > resource "gitlab_job_token_allowlist_exclusive" "app" {

    GET /projects/1/job_token_scope/allowlist: the response isn't from GitLab's
    API (200): the list is longer than GitLab's limit.

    A login page, a proxy or another server may have sent the response. Check the
    provider's `base_url`.
    "#);

    assert!(gitlab.requests().to(Route::AllowlistProjectsGet).len() <= 500);
}

#[test]
fn repeated_pages_are_an_error() {
    let gitlab = with_targets(2);
    let tf = workspace(&gitlab);
    tf.config(&exclusive([2]));
    gitlab.inject(Fault::RepeatsThePage.on(Route::AllowlistProjectsGet));

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Can't read allowlist: project 1
      gitlab_job_token_allowlist_exclusive.app
      > resource "gitlab_job_token_allowlist_exclusive" "app" {

    GET /projects/1/job_token_scope/allowlist: the response isn't from GitLab's
    API (200): one page repeats another.

    A login page, a proxy or another server may have sent the response. Check the
    provider's `base_url`.
    "#);

    assert_eq!(gitlab.requests().to(Route::AllowlistProjectsGet).len(), 2);
}

#[test]
fn entry_that_slips_to_another_page_is_not_lost_or_readded() {
    let gitlab = with_targets(LONG);
    let tf = workspace(&gitlab);
    tf.config(&exclusive(2..2 + LONG));
    allow_all(&gitlab, 2..2 + LONG);
    tf.apply().succeeds();
    gitlab.clear_requests();
    gitlab.inject(Fault::ShiftsTheList.on(Route::AllowlistProjectsGet).times(2));

    tf.plan().changes_nothing();

    assert_eq!(gitlab.requests().to(Route::AllowlistProjectsGet).len(), 4);
    assert_eq!(gitlab.allowlist(APP).projects.len() as u64, LONG);
}
