//! The Rego policy and the checks of the example, on real plans that follow the rules or break
//! them.

use gitlab_simulator::Simulator;
use terraform_cli::Workspace;

use super::guides::guide;
use super::text;
use crate::kit::workspace;
use crate::needs::{CHECK_BLOCKS, TERRAFORM_DATA};
use crate::worlds::examples::{allow, project_id, with_examples};

const EXAMPLE: &str = "policy-as-code";

/// Starts a GitLab that has every setting that the policy checks.
fn gitlab() -> Simulator {
    let gitlab = with_examples(Simulator::builder().version("19.4.1-ee").start());
    gitlab.set_push_repository_for_job_token_allowed(project_id(&gitlab, "platform/deploy"), true);
    gitlab
}

/// Returns what the policy finds in the plan that was saved last.
#[track_caller]
fn denied(tf: &Workspace) -> Vec<String> {
    let mut engine = regorus::Engine::new();
    let policy = text(&format!("guides/{EXAMPLE}/policy/job_token.rego"));
    engine.add_policy("job_token.rego".to_owned(), policy).expect("a policy");
    engine.set_input_json(&tf.saved_plan().to_string()).expect("a plan");
    let denied = engine.eval_rule("data.main.deny".to_owned()).expect("an evaluation");
    serde_json::from_str(&denied.to_json_str().expect("JSON")).expect("a set of messages")
}

/// Plans a configuration and returns what the policy finds.
#[track_caller]
fn denied_in(tf: &Workspace, config: &str) -> Vec<String> {
    tf.config(config);
    tf.plan().succeeds();
    denied(tf)
}

/// OPA reads the arguments of a negated function before the negation, and skips the rule if one is
/// undefined. `regorus` doesn't, so the other tests can't tell.
#[test]
fn negations_read_only_defined_values() {
    let policy = text(&format!("guides/{EXAMPLE}/policy/job_token.rego"));
    let negations: Vec<_> =
        policy.lines().filter_map(|line| line.trim().strip_prefix("not ")).collect();
    assert!(negations.len() >= 5, "{negations:?}");
    for negation in negations {
        assert!(negation.ends_with(')') && !negation.contains(['.', '[']), "{negation}");
    }
}

fn scope(settings: &str) -> String {
    resource("scope", settings)
}

fn entry(settings: &str) -> String {
    resource("allowlist_entry", settings)
}

fn exclusive(settings: &str) -> String {
    resource("allowlist_exclusive", settings)
}

/// Returns a resource of `platform/deploy`, beside one whose output is unknown until the apply.
fn resource(name: &str, settings: &str) -> String {
    format!(
        r#"
resource "terraform_data" "later" {{
  input = {{ yes = true, no = false, path = "shop", policies = ["READ_JOBS"], groups = {{}}, entry = {{ default_permissions = true }} }}
}}

resource "gitlab_job_token_{name}" "this" {{
  project = "platform/deploy"
  {settings}
}}
"#
    )
}

const SCOPE: &str = "gitlab_job_token_scope.this";
const ENTRY: &str = "gitlab_job_token_allowlist_entry.this";
const EXCLUSIVE: &str = "gitlab_job_token_allowlist_exclusive.this";

const LATER: &str = "terraform_data.later.output";
const CROSS: &str =
    "push_repository_for_job_token_allowed = true\n  cross_project_push_for_job_token_allowed";

#[test]
pub(super) fn example_follows_its_own_policy_and_checks() {
    CHECK_BLOCKS.require();
    let gitlab = gitlab();
    let tf = workspace(&gitlab);
    guide(&tf, EXAMPLE);

    // Terraform warns that the last check waits for the apply.
    tf.plan().succeeds();
    assert_eq!(denied(&tf), Vec::<String>::new());
    tf.apply_saved().succeeds().has_no_warnings();
    tf.plan().changes_nothing().has_no_warnings();
    assert_eq!(denied(&tf), Vec::<String>::new());
}

#[test]
fn settings_that_follow_the_rules_pass() {
    TERRAFORM_DATA.require();
    let gitlab = gitlab();
    let tf = workspace(&gitlab);
    for config in [
        scope(""),
        scope("inbound_enabled = true"),
        scope(&format!("{CROSS} = false")),
        entry("target_project = \"shop/web\"\n  default_permissions = true")
            .replace("shop/web", "security/scanner"),
        entry("target_group = \"shop\"\n  job_token_policies = [\"READ_JOBS\"]"),
        entry("target_group = \"shop\"\n  job_token_policies = []"),
        exclusive(r#"groups = { shop = { job_token_policies = ["READ_JOBS"] } }"#),
        exclusive(r#"projects = { "security/scanner" = { default_permissions = true } }"#),
        exclusive("groups = {}"),
        exclusive("target_groups = []"),
        exclusive(r#"target_projects = ["security/scanner"]"#),
    ] {
        assert_eq!(denied_in(&tf, &config), Vec::<String>::new(), "{config}");
    }
}

#[test]
fn settings_that_break_a_rule_are_denied() {
    TERRAFORM_DATA.require();
    let gitlab = gitlab();
    let tf = workspace(&gitlab);
    let open = format!("{SCOPE}: inbound_enabled must be true");
    let push = format!("{SCOPE}: cross_project_push_for_job_token_allowed must not be true");
    let entry_of_group = format!("{ENTRY}: a group needs job_token_policies");
    let shop = format!("{EXCLUSIVE}: group shop needs job_token_policies");
    let groups = format!("{EXCLUSIVE}: groups must be known");
    let paths = format!("{EXCLUSIVE}: use groups in place of target_groups");
    let ids = format!("{EXCLUSIVE}: use groups in place of target_group_ids");
    for (config, expected) in [
        (scope("inbound_enabled = false"), vec![&open]),
        (scope(&format!("inbound_enabled = {LATER}.yes")), vec![&open]),
        (scope(&format!("{CROSS} = true")), vec![&push]),
        (scope(&format!("{CROSS} = {LATER}.no")), vec![&push]),
        (entry("target_group = \"shop\""), vec![&entry_of_group]),
        (entry("target_group_id = 11"), vec![&entry_of_group]),
        (entry("target_group = \"shop\"\n  default_permissions = true"), vec![&entry_of_group]),
        (entry(&format!("target_group = {LATER}.path")), vec![&entry_of_group]),
        (
            entry(&format!("target_group = \"shop\"\n  job_token_policies = {LATER}.policies")),
            vec![&entry_of_group],
        ),
        (exclusive("groups = { shop = { default_permissions = true } }"), vec![&shop]),
        (
            exclusive(&format!(
                "groups = {{ shop = {{ job_token_policies = {LATER}.policies }} }}"
            )),
            vec![&shop],
        ),
        (exclusive(&format!("groups = {{ shop = {LATER}.entry }}")), vec![&shop]),
        (exclusive(&format!("groups = {LATER}.groups")), vec![&groups]),
        (exclusive("target_groups = [\"shop\"]"), vec![&ids, &paths]),
        (exclusive("target_group_ids = [11]"), vec![&ids]),
        (exclusive(&format!("target_groups = [{LATER}.path]")), vec![&ids, &paths]),
    ] {
        let denied = denied_in(&tf, &config);
        assert_eq!(denied.iter().collect::<Vec<_>>(), expected, "{config}");
    }
}

#[test]
fn unchanged_and_replaced_are_checked_but_removed_are_not() {
    TERRAFORM_DATA.require();
    let gitlab = gitlab();
    gitlab.set_inbound_enabled(project_id(&gitlab, "platform/deploy"), false);
    let tf = workspace(&gitlab);
    let open = [format!("{SCOPE}: inbound_enabled must be true")];
    tf.config(&scope("inbound_enabled = false"));
    tf.apply().succeeds();

    tf.plan().changes_nothing();
    assert_eq!(denied(&tf), open);
    tf.plan_with(&[&format!("-replace={SCOPE}")]).succeeds();
    assert_eq!(denied(&tf), open);
    tf.plan_with(&["-destroy"]).succeeds();
    assert_eq!(denied(&tf), Vec::<String>::new());
}

#[test]
fn entry_without_managed_permissions_is_checked() {
    TERRAFORM_DATA.require();
    let gitlab = gitlab();
    let tf = workspace(&gitlab);
    tf.config(&entry("target_group = \"shop\""));
    tf.apply().succeeds();

    tf.plan().changes_nothing();

    assert_eq!(denied(&tf), [format!("{ENTRY}: a group needs job_token_policies")]);
}

#[test]
fn modules_are_checked_but_data_sources_are_not() {
    TERRAFORM_DATA.require();
    let gitlab = gitlab();
    gitlab.set_inbound_enabled(project_id(&gitlab, "platform/charts"), false);
    let tf = workspace(&gitlab);
    std::fs::create_dir(tf.directory().join("inner")).expect("a directory");
    let requirements = text(&format!("guides/{EXAMPLE}/versions.tf"));
    tf.file("inner/versions.tf", &requirements);
    tf.file("inner/main.tf", &scope("inbound_enabled = false"));
    tf.config(
        r#"
module "inner" {
  source   = "./inner"
  for_each = toset(["one"])
}

data "gitlab_job_token_scope" "later" {
  project    = "platform/charts"
  depends_on = [module.inner]
}
"#,
    );
    tf.run(&["get"]).succeeds();

    tf.plan().succeeds();

    let open = format!("module.inner[\"one\"].{SCOPE}: inbound_enabled must be true");
    assert_eq!(denied(&tf), [open]);
    assert_eq!(tf.saved_plan()["resource_changes"].as_array().map(Vec::len), Some(3));
}

#[test]
fn checks_warn_of_planned_settings() {
    CHECK_BLOCKS.require();
    let gitlab = gitlab();
    let tf = workspace(&gitlab);
    guide(&tf, EXAMPLE);
    let example = text(&format!("guides/{EXAMPLE}/main.tf"));
    tf.config(
        &example.replace("{ job_token_policies = policies }", "{ default_permissions = true }"),
    );
    let bad = "\"platform/deploy\" = {\n    inbound_enabled = false\n    cross_project_push = true";
    let variables = text(&format!("guides/{EXAMPLE}/terraform.tfvars"));
    tf.file("terraform.tfvars", &variables.replace("\"platform/deploy\" = {", bad));

    let warnings = tf.plan().run().warnings();

    for finding in [
        "A project is open to the job tokens of all projects.",
        "A group has the default permissions.",
        "Jobs of other projects can push.",
    ] {
        assert!(
            warnings.iter().any(|warning| warning.detail == finding),
            "{finding}: {warnings:?}"
        );
    }
}

#[test]
fn checks_warn_of_unmanaged_settings() {
    CHECK_BLOCKS.require();
    let gitlab = gitlab();
    let charts = project_id(&gitlab, "platform/charts");
    gitlab.set_inbound_enabled(charts, false);
    gitlab.set_cross_project_push_for_job_token_allowed(charts, true);
    allow(&gitlab, "platform/charts", &["shop/*"]);
    let tf = workspace(&gitlab);
    guide(&tf, EXAMPLE);

    let warnings = tf.apply().succeeds().warnings();

    let details: Vec<_> = warnings.iter().map(|warning| warning.detail.as_str()).collect();
    let findings = [
        "Open: platform/charts.",
        "Groups with the default permissions: platform/charts <- shop.",
        "Open to pushes: platform/charts.",
    ];
    assert_eq!(details, findings);
}
