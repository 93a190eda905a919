//! The provider block and the environment variables for it.

use gitlab_simulator::{Route, Simulator};
use insta::assert_snapshot;

use crate::kit::{bare_workspace, workspace};
use crate::worlds::APP_ONLY;

/// A port of this machine on which nothing listens.
pub(crate) const UNREACHABLE: &str = "http://127.0.0.1:1";

/// Returns a configuration of a provider block and one scope.
pub(crate) fn with_block(block: &str) -> String {
    format!(
        r#"
        provider "gitlab" {{
          {block}
        }}
        resource "gitlab_job_token_scope" "app" {{
          project = "acme/app"
        }}
        "#
    )
}

#[test]
fn unverified_certificates_are_warned_of() {
    let (_gitlab, tf) = APP_ONLY.with_workspace();
    tf.config(&with_block("insecure = true"));

    assert_snapshot!(tf.plan().warning(), @r#"
    Warning: Server certificate isn't verified
      provider["aff15f21/gitlab-job-token"]
      > insecure = true

    With `insecure = true`, the provider accepts any server certificate, so anyone
    between this machine and GitLab can read the token. To trust your own
    certificate authority, use `cacert_file`.
    "#);
}

#[test]
fn base_url_works_with_and_without_api_path_and_slash() {
    let (gitlab, tf) = APP_ONLY.with_workspace();
    for suffix in ["", "/", "/api/v4", "/api/v4/"] {
        tf.config(&with_block(&format!("base_url = \"{}{suffix}\"", gitlab.url())));
        tf.plan().succeeds();
    }
}

#[test]
fn relative_url_root_is_part_of_the_base_url() {
    let gitlab = APP_ONLY.start_with(Simulator::builder().relative_url_root("/gitlab"));
    let tf = workspace(&gitlab);
    tf.config(
        r#"
        resource "gitlab_job_token_allowlist_entry" "acme" {
          project      = "acme/app"
          target_group = "acme"
        }
        "#,
    );

    tf.apply().succeeds();

    tf.plan().changes_nothing();
}

#[test]
fn attributes_override_the_environment() {
    let (gitlab, mut tf) = APP_ONLY.with_workspace();
    tf.set_env("GITLAB_BASE_URL", UNREACHABLE);
    tf.set_env("GITLAB_TOKEN", "glpat-of-another-instance");
    tf.config(&with_block(&format!(
        "base_url = \"{}\"\ntoken = \"{}\"",
        gitlab.api_url(),
        gitlab.token()
    )));

    tf.apply().succeeds();
}

#[test]
fn gitlab_base_url_overrides_ci_api_v4_url() {
    let (_gitlab, mut tf) = APP_ONLY.with_workspace();
    tf.set_env("CI_API_V4_URL", UNREACHABLE);
    tf.config(&with_block(""));

    tf.apply().succeeds();
}

#[test]
fn ci_job_uses_its_own_instance() {
    let gitlab = APP_ONLY.start();
    let mut tf = bare_workspace();
    tf.set_env("CI_API_V4_URL", &gitlab.api_url());
    tf.set_env("GITLAB_TOKEN", gitlab.token());
    tf.config(&with_block(""));

    tf.apply().succeeds();
}

#[test]
fn token_is_verified_once_per_run() {
    let (gitlab, tf) = APP_ONLY.with_workspace();
    tf.config(&with_block(""));

    tf.plan().succeeds();

    assert_eq!(gitlab.requests().to(Route::UserGet).len(), 1);
}

#[test]
fn early_check_can_be_disabled_in_either_place() {
    let (gitlab, mut tf) = APP_ONLY.with_workspace();
    tf.config(&with_block("early_auth_check = false"));
    tf.plan().succeeds();
    tf.set_env("GITLAB_EARLY_AUTH_CHECK", "false");
    tf.config(&with_block(""));
    tf.plan().succeeds();

    assert!(gitlab.requests().to(Route::UserGet).is_empty());
    assert!(!gitlab.requests().is_empty());
}

#[test]
fn custom_headers_are_sent_with_each_request() {
    let (gitlab, tf) = APP_ONLY.with_workspace();
    tf.config(&with_block("headers = { \"X-Team\" = \"platform\" }"));

    tf.apply().succeeds();

    let requests = gitlab.requests();
    assert!(requests.len() > 2, "{requests}");
    assert_eq!(
        requests.filter(|request| request.header("x-team") != Some("platform")).to_string(),
        ""
    );
}
