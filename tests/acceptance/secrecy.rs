//! Neither the log nor any other output contains secrets: the token, and the values of headers.

use std::fs;
use std::path::{Path, PathBuf};

use gitlab_simulator::{Fault, Injection, Route, Simulator, Target};
use insta::assert_snapshot;
use terraform_cli::Workspace;

use crate::kit::{json, replaced, workspace};
use crate::needs::EPHEMERAL_VARIABLES;
use crate::worlds::APP_AND_LIB;

const HEADER_VALUE: &str = "hush-hush-header";

const SCOPE_ONLY: &str = r#"resource "gitlab_job_token_scope" "app" { project = "acme/app" }"#;

const CONFIG: &str = r#"
variable "header" {
  sensitive = true
}
provider "gitlab" {
  headers = { "X-Proxy-Authorization" = var.header }
  retries = 0
}
resource "gitlab_job_token_scope" "app" {
  project = "acme/app"
}
resource "gitlab_job_token_allowlist_entry" "lib" {
  project        = "acme/app"
  target_project = "acme/lib"
}
"#;

/// Makes a workspace that logs everything to a file, with a secret token and header.
fn logging() -> (Simulator, Workspace, PathBuf) {
    let gitlab = APP_AND_LIB.start();
    gitlab.set_inbound_enabled(1, false);
    let mut tf = workspace(&gitlab);
    let log = tf.directory().join("trace.log");
    tf.set_env("TF_LOG", "TRACE");
    tf.set_env("TF_LOG_PATH", &log.to_string_lossy());
    tf.set_env("TF_VAR_header", HEADER_VALUE);
    tf.config(CONFIG);
    (gitlab, tf, log)
}

/// Removes the fields whose values differ from run to run.
fn without_varying_fields(line: &str) -> String {
    let volatile = ["base_url=", "elapsed_ms=", "timestamp=", "tf_req_duration_ms="];
    let mut fields: Vec<_> = line
        .split(' ')
        .filter(|field| !volatile.iter().any(|name| field.starts_with(name)))
        .collect();
    // The host prints the fields after the message in varying order.
    let first = fields.iter().position(|field| field.contains('=')).unwrap_or(fields.len());
    fields[first..].sort_unstable();
    fields[1..].join(" ")
}

#[test]
fn log_lines_have_their_level_and_fields() {
    let (_gitlab, tf, log) = logging();
    tf.apply().succeeds();

    let log = fs::read_to_string(log).unwrap();
    let ours: Vec<_> =
        log.lines().filter(|line| line.contains("terraform-provider-gitlab-job-token: ")).collect();
    let line = |of: &str| match ours.iter().find(|line| line.contains(of)) {
        Some(line) => without_varying_fields(line),
        None => panic!("no line with {of:?} in {ours:#?}"),
    };
    assert_snapshot!(line("GitLab accepts the token"), @"[INFO]  \
        provider.terraform-provider-gitlab-job-token: GitLab accepts the token: \
        @module=provider.provider.config tf_rpc=ConfigureProvider user=administrator");
    assert_snapshot!(line("method=PATCH"), @"[DEBUG] provider.terraform-provider-gitlab-job-token: \
        request to GitLab: @module=provider.gitlab.sender.send attempt=1 method=PATCH \
        path=/projects/1/job_token_scope status=204 tf_resource_type=gitlab_job_token_scope \
        tf_rpc=ApplyResourceChange");
    assert_snapshot!(line("method=POST"), @"[DEBUG] provider.terraform-provider-gitlab-job-token: \
        request to GitLab: @module=provider.gitlab.sender.send attempt=1 method=POST \
        path=/projects/1/job_token_scope/allowlist status=201 \
        tf_resource_type=gitlab_job_token_allowlist_entry tf_rpc=ApplyResourceChange");
}

/// Returns all files that the program has left except the saved plan, which is compressed and has
/// the values of variables by design.
fn files_left(directory: &Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        let name = path.to_string_lossy().into_owned();
        if path.is_dir() {
            files.extend(files_left(&path));
        } else if !name.ends_with(".tfplan") {
            files.push((
                name,
                String::from_utf8_lossy(&fs::read(&path).expect("a file")).into_owned(),
            ));
        }
    }
    files
}

/// Returns responses that repeat the secrets in different encodings, and faults whose errors may
/// contain a request.
fn faults(secrets: &str, elsewhere: &str) -> Vec<Fault> {
    let response_of = |status, content_type: &str, body| Fault::Responds {
        status,
        content_type: content_type.to_owned(),
        body,
    };
    let page = format!("<html><head><title>Who is {secrets}?</title></head></html>");
    // Truncation for display cuts the message in the middle of a secret.
    let long = format!("{} {secrets} {secrets} {secrets}", "x".repeat(230));
    vec![
        response_of(
            500,
            "application/json",
            format!(r#"{{"message":{{"base":["{secrets}"],"{secrets}":["no"]}}}}"#),
        ),
        response_of(400, "application/json", format!(r#"{{"message":"{long}"}}"#)),
        response_of(
            403,
            "application/json",
            format!(
                r#"{{"error":"insufficient_scope","error_description":"{secrets}","scope":"{secrets}"}}"#
            ),
        ),
        response_of(401, "application/json", format!(r#"{{"message":"401 {secrets}"}}"#)),
        response_of(502, "text/html", page.clone()),
        response_of(200, "text/html", page),
        response_of(404, "text/plain", secrets.to_owned()),
        Fault::RedirectsTo(elsewhere.to_owned()),
        Fault::RejectsTheToken,
        Fault::DropsTheRequest,
        Fault::DropsTheResponse,
    ]
}

#[test]
fn runs_never_write_the_token_or_header_values() {
    const ENTRY: &str = "gitlab_job_token_allowlist_entry.lib";
    let (gitlab, tf, log) = logging();
    let other = Simulator::start();
    let secrets = format!("{} {HEADER_VALUE}", gitlab.token());
    let mut runs = Vec::new();

    // Create, then drift with a refresh and an update.
    let plan = tf.plan();
    runs.push(("plan", plan.run().to_string()));
    let plan_in_full = tf.run(&["show", "-json", &plan.file().to_string_lossy()]);
    let created = tf.apply_saved();
    created.succeeds();
    runs.push(("create", created.to_string()));
    gitlab.revoke(1, Target::Project(2));
    gitlab.set_inbound_enabled(1, false);
    let repaired = tf.apply();
    repaired.succeeds();
    runs.push(("drift", repaired.to_string()));

    // Each fault affects reads in one run and writes in another.
    for trouble in faults(&secrets, &format!("{}/{}", other.url(), gitlab.token())) {
        gitlab.inject(
            Injection::from(trouble.clone()).on(Route::ScopeGet).on(Route::AllowlistProjectsGet),
        );
        let reading = tf.apply_with(&["-refresh-only"]);
        reading.fails();
        runs.push(("read in trouble", reading.to_string()));
        gitlab.clear_faults();
        if trouble != Fault::DropsTheResponse {
            gitlab.inject(Injection::from(trouble).writes_only());
            let writing = tf.apply_with(&["-destroy", "-refresh=false"]);
            writing.fails();
            runs.push(("destroy in trouble", writing.to_string()));
            gitlab.clear_faults();
        }
    }

    // Import and destroy.
    tf.run(&["state", "rm", ENTRY]).succeeds();
    let imported = tf.import(ENTRY, "acme/app:project:acme/lib");
    imported.succeeds();
    runs.push(("import", imported.to_string()));
    let destroyed = tf.destroy();
    destroyed.succeeds();
    runs.push(("destroy", destroyed.to_string()));

    let logged = fs::read_to_string(log).unwrap();
    assert!(
        logged.contains("request to GitLab") && logged.contains("[redacted]"),
        "nothing to look into"
    );
    let files = files_left(&tf.directory());
    assert!(files.iter().any(|(name, text)| name.contains("tfstate") && text.contains("acme/app")));
    let files = files.iter().map(|(name, text)| (name.as_str(), text));
    let runs = runs.iter().map(|(name, text)| (*name, text));
    for (place, text) in runs.chain(files) {
        for (what, secret) in
            [("the token", gitlab.token()), ("the value of a header", HEADER_VALUE)]
        {
            // A part of a secret must not occur either.
            let piece = &secret[..secret.len().min(12)];
            assert!(!text.contains(piece), "{place} holds {what}");
        }
    }
    assert!(!plan_in_full.stdout().contains(gitlab.token()), "the plan holds the token");
    assert_eq!(other.connections(), 0);
}

#[test]
fn token_echoed_by_the_server_is_in_no_message() {
    let (gitlab, tf, log) = logging();
    let body = format!(
        r#"{{"message":"400 Bad request - no {} or {HEADER_VALUE}, please"}}"#,
        gitlab.token()
    );
    let chatty = Fault::Responds { status: 400, content_type: "application/json".to_owned(), body };
    gitlab.inject(chatty.on(Route::ScopePatch));

    assert_snapshot!(tf.apply().error(), @r#"
    Error: Can't restrict project acme/app (1)
      gitlab_job_token_scope.app
      > resource "gitlab_job_token_scope" "app" {

    PATCH /projects/1/job_token_scope: GitLab rejected the request (400).
    Response: no [redacted] or [redacted], please
    "#);

    let log = fs::read_to_string(log).unwrap();
    assert!(!log.contains(gitlab.token()) && !log.contains(HEADER_VALUE));
}

#[test]
fn token_echoed_under_status_200_is_in_no_message() {
    let (gitlab, tf, log) = logging();
    let target = "target_project = \"acme/lib\"";
    tf.config(&replaced(
        CONFIG,
        target,
        &format!("{target}\n  job_token_policies = [\"READ_JOBS\"]"),
    ));
    let said = format!("no {} or {HEADER_VALUE}, please", gitlab.token());
    let top_level = format!(r#"{{"errors":[{{"message":"{said}"}}]}}"#);
    let of_the_mutation = format!(
        r#"{{"data":{{"written":{{"ciJobTokenScopeAllowlistEntry":null,"errors":["{said}"]}}}}}}"#
    );
    for body in [top_level, of_the_mutation] {
        gitlab.inject(json(&body).on(Route::GraphqlMutation));

        let error = tf.apply().error().replace('\n', " ");
        assert!(error.contains("no [redacted] or [redacted], please"), "{error}");

        gitlab.clear_faults();
    }
    tf.apply().succeeds();
    let log = fs::read_to_string(log).unwrap();
    assert!(log.contains("operation=AllowWithPermissions"));
    assert!(!log.contains(gitlab.token()) && !log.contains(HEADER_VALUE));
}

#[test]
fn without_logging_only_the_output_is_written() {
    let (_gitlab, mut tf, _) = logging();
    tf.remove_env("TF_LOG");
    tf.remove_env("TF_LOG_PATH");

    assert_eq!(tf.apply().succeeds().stderr(), "");
}

/// A plan saves the values of variables, but for ephemeral ones.
#[test]
fn ephemeral_token_is_not_in_a_saved_plan() {
    EPHEMERAL_VARIABLES.require();
    let gitlab = Simulator::start();
    gitlab.add_project("acme/app");
    gitlab.set_inbound_enabled(1, false);
    let mut tf = workspace(&gitlab);
    tf.remove_env("GITLAB_TOKEN");
    tf.config(
        r#"
        variable "token" {
          ephemeral = true
        }
        provider "gitlab" {
          token = var.token
        }
        resource "gitlab_job_token_scope" "app" {
          project = "acme/app"
        }
        "#,
    );
    tf.set_env("TF_VAR_token", gitlab.token());
    let plan = tf.plan();
    plan.succeeds();
    let shown = tf.saved_plan().to_string();
    assert!(!shown.contains(gitlab.token()), "{shown}");

    tf.remove_env("TF_VAR_token");
    tf.apply_saved().fails();
    assert!(!gitlab.inbound_enabled(1));

    tf.set_env("TF_VAR_token", gitlab.token());
    tf.apply_saved().succeeds();
    assert!(gitlab.inbound_enabled(1));
    let state = fs::read_to_string(tf.state_file()).expect("a state");
    assert!(!state.contains(gitlab.token()), "{state}");
}

#[test]
fn literal_secrets_are_in_no_source_line_of_an_error() {
    let (_gitlab, tf) = APP_AND_LIB.with_workspace();
    for (block, title) in [
        (r#"token = "glpat-hush-hush""#, "Can't use GitLab"),
        (r#"token = "glpat- hush-hush""#, "Invalid provider configuration"),
        (r#"token = "glcbt-hush-hush""#, "CI/CD job token can't be used"),
        (r#"headers = { "X Proxy" = "hush-hush" }"#, "Invalid provider configuration"),
        (r#"base_url = "https://ci:hush-hush@gitlab.example.com""#, "Invalid base URL"),
        (r#"base_url = "https://gitlab.example.com?token=hush-hush""#, "Invalid base URL"),
        (r#"base_url = "https://gitlab.example.com/glpat-hush-hush""#, "Invalid base URL"),
        (
            r#"client_key = "-----BEGIN PRIVATE KEY-----\nhush-hush""#,
            "Incomplete client certificate",
        ),
    ] {
        tf.config(&format!("provider \"gitlab\" {{\n  {block}\n}}\n{SCOPE_ONLY}"));

        let error = tf.plan().error();

        assert!(error.contains(title), "{error}");
        assert!(!error.contains("hush-hush"), "{error}");
    }
}

#[test]
fn credentials_in_a_url_are_in_no_error() {
    const URL: &str = "https://oauth2:hush-hush@gitlab.example.com/acme/app.git";
    let (_gitlab, tf) = APP_AND_LIB.with_workspace();
    let scope = |project: &str| {
        format!("resource \"gitlab_job_token_scope\" \"app\" {{\n  project = \"{project}\"\n}}\n")
    };
    let list = |arguments: &str| {
        format!(
            "resource \"gitlab_job_token_allowlist_exclusive\" \"app\" {{\n  project = \
             \"acme/app\"\n  {arguments}\n}}\n"
        )
    };
    for config in [
        scope(URL),
        scope("oauth2:hush-hush@gitlab.example.com/acme/app"),
        scope("acme/app?private_token=hush-hush"),
        list(&format!("target_projects = [\"2.5\", \"{URL}\"]")),
        list(&format!("target_projects = [null, \"{URL}\"]")),
        list(&format!("projects = {{ \"{URL}\" = {{}} }}")),
        list(&format!("projects = {{ \"{URL}\" = {{ job_token_policies = [\"x\"] }} }}")),
        list(&format!("target_projects = [\"{URL}\"]\n  target_project_ids = [2]")),
        list(&format!(
            "projects = {{ \"{URL}\" = {{ default_permissions = true, job_token_policies = \
             [\"READ_JOBS\"] }} }}"
        )),
        format!(
            "resource \"gitlab_job_token_allowlist_entry\" \"app\" {{\n  project = \"{URL}\"\n  \
             target_project = \"{URL}\"\n}}\n"
        ),
        format!("data \"gitlab_job_token_allowlist\" \"app\" {{\n  project = \"{URL}\"\n}}\n"),
    ] {
        tf.config(&config);

        let run = tf.plan();

        let output = run.run().fails().to_string();
        assert!(
            output.contains("…@gitlab.example.com") || output.contains("acme/app?…"),
            "{output}"
        );
        assert!(!output.contains("hush-hush"), "{output}");
    }
}
