//! Instances that enforce allowlists: opening a project is an error of the plan where the token can
//! read the setting.

use gitlab_simulator::{Enforcement, Route, TokenScope, TokenSpec};
use insta::assert_snapshot;

use super::*;
use crate::kit::workspace;

const OPEN: &str = r#"
resource "gitlab_job_token_scope" "app" {
  project = "acme/app"
  inbound_enabled = false
}
"#;
const RESTRICTED: &str =
    "resource \"gitlab_job_token_scope\" \"app\" {\n  project = \"acme/app\"\n}\n";

fn enforced() -> Simulator {
    THREE_PROJECTS.start_with(Simulator::builder().version("19.4.1-ee").enforced())
}

#[test]
fn administrator_gets_an_error_of_the_plan() {
    let gitlab = enforced();
    let tf = workspace(&gitlab);
    tf.config(OPEN);

    assert_snapshot!(tf.plan().error(), @"
    Error: Can't open project acme/app (1)
      gitlab_job_token_scope.app
      > inbound_enabled = false

    The configuration sets `inbound_enabled = false`, but this GitLab instance
    enforces allowlists. Remove the attribute, and add the projects and groups
    that need access to the allowlist.

    If a destroy stops at this error, run it with the option `-refresh=false`.
    ");
    assert_eq!(gitlab.requests().to(Route::ApplicationSettingsGet).len(), 1);

    tf.config(RESTRICTED);
    tf.apply().succeeds();
    tf.config(OPEN);
    assert!(tf.plan().error().contains("Can't open project"), "an update likewise");
}

#[test]
fn maintainer_gets_an_error_where_the_setting_shows_it() {
    let gitlab = enforced();
    gitlab.set_inbound_enabled(APP, false);
    let token = gitlab.add_token(TokenSpec::new("maintainer").maintainer_of(ACME));
    let mut tf = workspace(&gitlab);
    tf.set_env("GITLAB_TOKEN", &token);
    tf.config(OPEN);
    assert!(tf.plan().error().contains("Can't open project"));

    // The project's own setting then doesn't show the enforcement.
    gitlab.set_inbound_enabled(APP, true);
    let plan = tf.plan();
    plan.succeeds();
    let error = tf.apply_saved().error();
    assert!(error.contains("Can't open project"), "{error}");
}

#[test]
fn without_enforcement_a_project_can_be_opened() {
    // GitLab 16.0 can't change the setting over REST.
    for version in VERSIONS.into_iter().skip(1) {
        let gitlab = of_version(version);
        let tf = workspace(&gitlab);
        tf.config(OPEN);
        tf.apply().succeeds();
        assert!(!gitlab.inbound_enabled(APP), "{version}");
        gitlab.clear_requests();
        tf.plan().changes_nothing();
        assert!(
            gitlab.requests().to(Route::ApplicationSettingsGet).is_empty(),
            "nothing is to be opened"
        );
        tf.destroy().succeeds();
        assert!(gitlab.inbound_enabled(APP), "{version}");
    }
}

/// The instance began to enforce the allowlists after the project was opened.
#[test]
fn destroy_ignores_enforcement_of_other_settings() {
    let gitlab = newest();
    let tf = workspace(&gitlab);
    tf.config(OPEN);
    tf.apply().succeeds();
    gitlab.set_enforcement(Enforcement::Refusing);

    tf.run(&["destroy", "-auto-approve", "-no-color", "-refresh=false"]).succeeds();
    assert!(gitlab.inbound_enabled(APP));
    assert!(tf.state().addresses().is_empty());
}

#[test]
fn destroy_of_a_restricted_scope_succeeds() {
    let gitlab = newest();
    let mut tf = workspace(&gitlab);
    tf.config(RESTRICTED);
    tf.apply().succeeds();
    let reader = gitlab
        .add_token(TokenSpec::new("reader").maintainer_of(ACME).scopes([TokenScope::ReadApi]));
    tf.set_env("GITLAB_TOKEN", &reader);

    tf.destroy().succeeds();
    assert!(gitlab.inbound_enabled(APP));
    assert!(tf.state().addresses().is_empty());
}
