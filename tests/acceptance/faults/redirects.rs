//! Redirects to another address, which never gets the token.

use std::net::TcpListener;

use gitlab_simulator::{Fault, Injection, Route, Simulator};
use insta::assert_snapshot;

use super::{APP, Switchover, entries, with_targets};
use crate::kit::{replaced, workspace};

#[test]
fn reads_by_the_former_path_of_a_renamed_project_find_it() {
    let gitlab = with_targets(1);
    let tf = workspace(&gitlab);
    tf.config(&replaced(&entries([2]), "project = 1", "project = \"acme/app\""));
    gitlab.rename_project(APP, "acme/renamed");

    tf.apply().succeeds();

    tf.plan().changes_nothing();
    assert!(
        gitlab.requests().iter().any(|request| request.status == Some(301)),
        "{}",
        gitlab.requests()
    );
}

#[test]
fn token_is_not_sent_to_another_gitlab() {
    let switchover = Switchover::new();
    let other = Simulator::start();
    let elsewhere = Fault::RedirectsTo(format!("{}/user", other.api_url()));

    // Reads, which may be retried elsewhere on the same host, and writes alike.
    switchover.gitlab.inject(Injection::from(elsewhere.clone()).on(Route::UserGet));
    assert_snapshot!(switchover.tf.plan().error(), @r#"
    Error: Can't use GitLab at http://127.0.0.1:PORT
      provider["aff15f21/gitlab-job-token"]
      > provider "gitlab" {

    GET /user: redirected to http://127.0.0.1:PORT (302).

    Redirects aren't followed, so that the token isn't sent to another address. If
    GitLab has moved, set the provider's `base_url` to its new URL.

    `base_url` isn't set, so the URL is from the `GITLAB_BASE_URL` environment
    variable.
    "#);
    switchover.gitlab.clear_faults();
    switchover.switch("retries = 0", [Injection::from(elsewhere).writes_only()]).fails();

    switchover.assert_in_sync();
    assert_eq!(other.requests().to_string(), "");
    assert_eq!(other.connections(), 0);
}

#[test]
fn single_sign_on_is_named() {
    let switchover = Switchover::new();
    let location = "https://acme.cloudflareaccess.com/cdn-cgi/access/login?kid=hush".to_owned();
    switchover.gitlab.inject(Fault::RedirectsTo(location).on(Route::UserGet));
    assert_snapshot!(switchover.tf.plan().error(), @r#"
    Error: Can't use GitLab at http://127.0.0.1:PORT
      provider["aff15f21/gitlab-job-token"]
      > provider "gitlab" {

    GET /user: redirected to a sign-in page at https://acme.cloudflareaccess.com
    (302).

    GitLab's API doesn't redirect to sign-in pages, so this is from a single
    sign-on proxy or the like. Set its credentials for programs in the provider's
    `headers`, or use an address that bypasses it. If the page is GitLab's own,
    `base_url` isn't the URL of the instance.

    `base_url` isn't set, so the URL is from the `GITLAB_BASE_URL` environment
    variable.
    "#);
}

#[test]
fn nothing_is_sent_to_another_port_of_the_host() {
    let switchover = Switchover::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    listener.set_nonblocking(true).expect("a listener to be looked at");
    for location in [format!("http://{address}/api/v4/user"), format!("//{address}/api/v4/user")] {
        switchover.gitlab.inject(Fault::RedirectsTo(location).on(Route::UserGet).once());
        assert!(!switchover.tf.plan().run().is_success());
    }
    // A request that hasn't arrived by now was never sent: the providers have ended.
    assert!(listener.accept().is_err(), "somebody came");
}

#[test]
fn redirect_loop_is_an_error() {
    let switchover = Switchover::new();
    switchover.gitlab.clear_requests();
    switchover.gitlab.inject(
        Fault::RedirectsTo(format!("{}/user", switchover.gitlab.api_url())).on(Route::UserGet),
    );

    assert_snapshot!(switchover.tf.plan().error(), @r#"
    Error: Can't use GitLab at http://127.0.0.1:PORT
      provider["aff15f21/gitlab-job-token"]
      > provider "gitlab" {

    GET /user: redirected to http://127.0.0.1:PORT (302).
    Response: one redirect leads to the next, the last one to /api/v4/user

    Redirects aren't followed, so that the token isn't sent to another address. If
    GitLab has moved, set the provider's `base_url` to its new URL.

    `base_url` isn't set, so the URL is from the `GITLAB_BASE_URL` environment
    variable.
    "#);

    assert_eq!(switchover.gitlab.requests().to(Route::UserGet).len(), 4);
}

#[test]
fn login_page_is_not_gitlab() {
    let switchover = Switchover::new();
    switchover.gitlab.inject(Fault::LoginPage.on(Route::UserGet));

    assert_snapshot!(switchover.tf.plan().error(), @r#"
    Error: Can't use GitLab at http://127.0.0.1:PORT
      provider["aff15f21/gitlab-job-token"]
      > provider "gitlab" {

    GET /user: redirected to a sign-in page at http://127.0.0.1:PORT (302).

    GitLab's API doesn't redirect to sign-in pages, so this is from a single
    sign-on proxy or the like. Set its credentials for programs in the provider's
    `headers`, or use an address that bypasses it. If the page is GitLab's own,
    `base_url` isn't the URL of the instance.

    `base_url` isn't set, so the URL is from the `GITLAB_BASE_URL` environment
    variable.
    "#);
}
