//! What reaches the log, and what must reach nothing at all: the token, and the values of headers.

use std::fs;
use std::path::PathBuf;

use gitlab_simulator::{Fault, Route, Simulator};
use insta::assert_snapshot;
use terraform_cli::Workspace;

use crate::kit::workspace;

const HEADER_VALUE: &str = "hush-hush-header";

const CONFIG: &str = r#"
variable "header" {
  sensitive = true
}
provider "gitlab" {
  headers = { "X-Proxy-Authorization" = var.header }
}
resource "gitlab_job_token_scope" "app" {
  project = "acme/app"
}
resource "gitlab_job_token_allowlist_entry" "lib" {
  project        = "acme/app"
  target_project = "acme/lib"
}
"#;

/// A workspace that logs all there is to a file, with a token and a header to be kept.
fn logging() -> Option<(Simulator, Workspace, PathBuf)> {
    let gitlab = Simulator::start();
    gitlab.add_project("acme/app");
    gitlab.add_project("acme/lib");
    gitlab.set_inbound_enabled(1, false);
    let mut tf = workspace(&gitlab)?;
    let log = tf.directory().join("trace.log");
    tf.set_env("TF_LOG", "TRACE");
    tf.set_env("TF_LOG_PATH", &log.to_string_lossy());
    tf.set_env("TF_VAR_header", HEADER_VALUE);
    tf.config(CONFIG);
    Some((gitlab, tf, log))
}

/// The values of these fields differ from run to run.
fn steady(line: &str) -> String {
    let volatile = ["base_url=", "elapsed_ms=", "timestamp=", "tf_req_duration_ms="];
    let mut fields: Vec<_> =
        line.split(' ').filter(|field| !volatile.iter().any(|name| field.starts_with(name))).collect();
    // The host prints the fields after the message in no order of its own.
    let first = fields.iter().position(|field| field.contains('=')).unwrap_or(fields.len());
    fields[first..].sort_unstable();
    fields[1..].join(" ")
}

#[test]
fn our_log_lines_arrive_with_level_and_fields() {
    let Some((_gitlab, tf, log)) = logging() else { return };
    tf.apply().succeeds();

    let log = fs::read_to_string(log).unwrap();
    let ours: Vec<_> =
        log.lines().filter(|line| line.contains("terraform-provider-gitlab-job-token: ")).collect();
    let line = |of: &str| match ours.iter().find(|line| line.contains(of)) {
        Some(line) => steady(line),
        None => panic!("no line with {of:?} in {ours:#?}"),
    };
    assert_snapshot!(line("GitLab accepts the token"), @"[INFO]  provider.terraform-provider-gitlab-job-token: GitLab accepts the token: @module=provider.provider.config tf_rpc=ConfigureProvider user=administrator");
    assert_snapshot!(line("method=PATCH"), @"[DEBUG] provider.terraform-provider-gitlab-job-token: request to GitLab: @module=provider.gitlab.client attempt=1 method=PATCH path=/projects/1/job_token_scope status=204 tf_resource_type=gitlab_job_token_scope tf_rpc=ApplyResourceChange");
    assert_snapshot!(line("method=POST"), @"[DEBUG] provider.terraform-provider-gitlab-job-token: request to GitLab: @module=provider.gitlab.client attempt=1 method=POST path=/projects/1/job_token_scope/allowlist status=201 tf_resource_type=gitlab_job_token_allowlist_entry tf_rpc=ApplyResourceChange");
}

#[test]
fn nothing_that_terraform_writes_holds_the_token_or_the_values_of_headers() {
    let Some((gitlab, tf, log)) = logging() else { return };

    let plan = tf.plan();
    let plan_in_full = tf.run(&["show", "-json", &plan.file().to_string_lossy()]);
    let apply = tf.apply_saved();
    gitlab.inject(Fault::InternalError.on(Route::ScopePatch));
    let failing = tf.destroy();

    plan.succeeds();
    apply.succeeds();
    failing.fails();
    let log = fs::read_to_string(log).unwrap();
    let state = fs::read_to_string(tf.state_file()).unwrap();
    assert!(log.contains("request to GitLab") && state.contains("acme/app"), "nothing to look into");
    let written = [
        ("output of the plan", plan.run().to_string()),
        ("output of the apply", apply.to_string()),
        ("output of a failure", failing.to_string()),
        ("the state", state),
        ("the log", log),
    ];
    for (place, text) in written {
        assert!(!text.contains(gitlab.token()), "{place} holds the token");
        assert!(!text.contains(HEADER_VALUE), "{place} holds the value of a header");
    }
    // A saved plan holds the values of variables by design, so only the token can be kept out of it.
    assert!(!plan_in_full.stdout().contains(gitlab.token()), "the plan holds the token");
}

#[test]
fn a_server_that_repeats_the_token_does_not_get_it_into_a_message() {
    let Some((gitlab, tf, log)) = logging() else { return };
    let body =
        format!(r#"{{"message":"400 Bad request - no {} or {HEADER_VALUE}, please"}}"#, gitlab.token());
    let chatty = Fault::Answers { status: 400, content_type: "application/json".to_owned(), body };
    gitlab.inject(chatty.on(Route::ScopePatch));

    assert_snapshot!(tf.apply().error(), @r#"
    Error: Can't set `inbound_enabled = true` on project 1
      gitlab_job_token_scope.app
      > resource "gitlab_job_token_scope" "app" {

    PATCH /projects/1/job_token_scope: refused (400): no [hidden] or [hidden],
    please.
    "#);

    let log = fs::read_to_string(log).unwrap();
    assert!(!log.contains(gitlab.token()) && !log.contains(HEADER_VALUE));
}

#[test]
fn without_a_request_for_logs_nothing_is_written_beside_the_output() {
    let Some((_gitlab, mut tf, _)) = logging() else { return };
    tf.remove_env("TF_LOG");
    tf.remove_env("TF_LOG_PATH");

    assert_eq!(tf.apply().succeeds().stderr(), "");
}
