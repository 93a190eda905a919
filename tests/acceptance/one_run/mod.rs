//! Interactions within one run: resources that manage the same entry or setting, values that are
//! unknown until the apply, and changes on the server between plan and apply.
//!
//! These tests pin the facts in messages, not their wording.

mod conflicts;
mod hand_over;
mod least_privilege;
mod named;
mod overlap;
mod paths;
mod unknown_ids;
mod warnings;

use std::fmt::Write as _;

use gitlab_simulator::{Simulator, Target};
use terraform_cli::{Diagnostic, PROVIDER_SOURCE, Run, Workspace};

use crate::kit::bare_workspace;
use crate::worlds::APP;

const ENTRY: &str = "gitlab_job_token_allowlist_entry";
const LIST: &str = "gitlab_job_token_allowlist_exclusive";
const SCOPE: &str = "gitlab_job_token_scope";

/// The words by which a message says that something on the server remains.
const KEPT: &str = "keep|kept|stay|remain|leave|left|still|doesn't remove|doesn't reset";

/// Returns an entry for a target on the allowlist of `acme/app`.
fn entry(name: &str, arguments: &str) -> String {
    resource(ENTRY, name, arguments)
}

/// Returns an exclusive list of `acme/app`.
fn list(name: &str, arguments: &str) -> String {
    resource(LIST, name, arguments)
}

/// Returns a scope of `acme/app`.
fn scope(name: &str, arguments: &str) -> String {
    resource(SCOPE, name, arguments)
}

/// Returns a resource of `acme/app`.
fn resource(kind: &str, name: &str, arguments: &str) -> String {
    resource_of("\"acme/app\"", kind, name, arguments)
}

/// Returns a resource of the project that an expression names.
fn resource_of(project: &str, kind: &str, name: &str, arguments: &str) -> String {
    let mut block = format!("resource \"{kind}\" \"{name}\" {{\n  project = {project}\n");
    for argument in arguments.lines().map(str::trim) {
        writeln!(block, "  {argument}").expect("a string takes all text");
    }
    block + "}\n"
}

/// Returns arguments that order a block after others.
fn after(addresses: &str) -> String {
    format!("\ndepends_on = [{addresses}]")
}

/// A kind of target, for tests that cover both.
#[derive(Clone, Copy)]
struct Kind {
    /// The argument of an entry.
    argument: &'static str,
    /// The argument of an exclusive list.
    set: &'static str,
    /// The paths of three targets.
    paths: [&'static str; 3],
    /// The IDs of these targets.
    ids: [u64; 3],
    target: fn(u64) -> Target,
}

/// The kinds of target. None of the groups contains the projects.
const KINDS: [Kind; 2] = [
    Kind {
        argument: "target_project",
        set: "target_projects",
        paths: ["acme/lib", "acme/web", "acme/old"],
        ids: [2, 3, 4],
        target: Target::Project,
    },
    Kind {
        argument: "target_group",
        set: "target_groups",
        paths: ["labs", "partners", "vendors"],
        ids: [4, 5, 6],
        target: Target::Group,
    },
];

impl Kind {
    /// Starts a GitLab that has the targets, some of them on the allowlist of `acme/app`.
    fn gitlab(&self, allowed: &[usize]) -> Simulator {
        let gitlab = crate::worlds::FOUR_PROJECTS.start();
        for path in KINDS[1].paths {
            gitlab.add_group(path);
        }
        allowed.iter().for_each(|index| self.allow(&gitlab, *index));
        gitlab
    }

    /// Puts a target on the allowlist of `acme/app`, outside Terraform.
    fn allow(&self, gitlab: &Simulator, index: usize) {
        gitlab.allow(APP, (self.target)(self.ids[index]));
    }

    /// Returns the indexes of the targets that are on the allowlist of `acme/app`.
    fn allowed(&self, gitlab: &Simulator) -> Vec<usize> {
        let is_allowed =
            |index: &usize| gitlab.entry(APP, (self.target)(self.ids[*index])).is_some();
        (0..self.ids.len()).filter(is_allowed).collect()
    }

    /// Returns the argument of an entry for a target.
    fn entry(&self, index: usize) -> String {
        format!("{} = \"{}\"", self.argument, self.paths[index])
    }

    /// Returns the argument of a list of targets.
    fn list(&self, indexes: &[usize]) -> String {
        let paths: Vec<&str> = indexes.iter().map(|index| self.paths[*index]).collect();
        format!("{} = {paths:?}", self.set)
    }

    /// Returns the target as messages name it: as it is written, followed by its ID.
    fn named(&self, index: usize) -> String {
        format!("{} {} ({})", self.noun(), self.paths[index], self.ids[index])
    }

    /// Returns `project` or `group`.
    fn noun(&self) -> &str {
        self.argument.trim_start_matches("target_")
    }
}

/// Makes a workspace for a provider whose token comes from [`unknown_token`].
#[track_caller]
fn workspace_without_token(gitlab: &Simulator) -> Workspace {
    let mut tf = bare_workspace();
    tf.set_env("GITLAB_BASE_URL", &gitlab.api_url());
    tf.set_env("TF_VAR_token", gitlab.token());
    tf
}

/// Returns a provider block whose token is unknown in the plan of each new generation.
fn unknown_token(generation: u32) -> String {
    format!(
        r#"
        variable "token" {{
          sensitive = true
        }}
        resource "terraform_data" "token" {{
          input            = var.token
          triggers_replace = [{generation}]
        }}
        provider "gitlab" {{
          token = terraform_data.token.output
        }}
        "#
    )
}

/// Returns the provider requirement, which each module needs.
fn provider_requirement() -> String {
    format!(
        r#"
        terraform {{
          required_providers {{
            gitlab = {{
              source = "{PROVIDER_SOURCE}"
            }}
          }}
        }}
        "#
    )
}

/// Returns title and detail of a message on one line and in lower case.
fn text_of(diagnostic: &Diagnostic) -> String {
    let text = format!("{} {}", diagnostic.summary, diagnostic.detail);
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Returns whether a message has all of these facts in it, each in one of the wordings that `|`
/// separates.
fn mentions(diagnostic: &Diagnostic, facts: &[&str]) -> bool {
    let text = text_of(diagnostic);
    facts.iter().all(|fact| fact.split('|').any(|wording| text.contains(&wording.to_lowercase())))
}

/// Returns the warnings of several runs that contain all of these facts.
fn warnings_of(runs: &[&Run], facts: &[&str]) -> Vec<Diagnostic> {
    let all = runs.iter().flat_map(|run| run.warnings());
    all.filter(|warning| mentions(warning, facts)).collect()
}

/// Panics unless one warning of the run has all of these facts in it.
#[track_caller]
fn assert_warns(run: &Run, facts: &[&str]) {
    assert_one_warns(&[run], facts);
}

/// Panics unless one warning of the runs has all of these facts in it.
#[track_caller]
fn assert_one_warns(runs: &[&Run], facts: &[&str]) {
    let shown = || runs.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert!(!warnings_of(runs, facts).is_empty(), "no warning of {facts:?}\n{}", shown());
}

/// Panics if a warning of the run has all of these facts in it.
#[track_caller]
fn assert_does_not_warn(run: &Run, facts: &[&str]) {
    assert!(warnings_of(&[run], facts).is_empty(), "a warning of {facts:?}\n{run}");
}

/// Panics unless the run failed and one of its errors has all of these facts in it.
#[track_caller]
fn assert_fails_with(run: &Run, facts: &[&str]) {
    let errors = run.fails().errors();
    assert!(errors.iter().any(|error| mentions(error, facts)), "no error of {facts:?}\n{run}");
}

/// Plans and applies the saved plan, after which nothing is left to do. Returns both runs'
/// warnings.
#[track_caller]
fn plans_and_applies(tf: &Workspace) -> Vec<Diagnostic> {
    let plan = tf.plan();
    plan.succeeds();
    let applied = tf.apply_saved();
    applied.succeeds();
    let warnings = [plan.run().warnings(), applied.warnings()].concat();
    tf.plan().changes_nothing();
    warnings
}
