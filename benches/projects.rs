//! Measures many projects, each with a scope and an exclusive list of two projects and a group by
//! path: plan, apply of the saved plan, plan without changes and destroy, compared with the floor
//! of as many `terraform_data` instances. Then it measures a plan without GraphQL, and one new
//! entry per project.
//!
//! `cargo bench --bench projects`. Arguments are the numbers of projects to measure; by default
//! 100, 500 and 1,000.

mod command;
mod process;

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::time::Duration;

use command::{Cost, Subject, faster, print_header};
use gitlab_simulator::{Fault, Injection, Requests, Route, Simulator};
use terraform_cli::Cli;

const SIZES: [usize; 3] = [100, 500, 1000];
const LATENCIES: [u64; 2] = [0, 50];

/// Number of runs, of which the fastest counts; one is enough where a run takes minutes.
const RUNS: usize = 3;
const MANY: usize = 500;

const COMMANDS: [(&str, &[&str]); 4] = [
    ("plan of the create", &["plan", "-no-color", "-out=saved.tfplan"]),
    ("apply of it", &["apply", "-no-color", "saved.tfplan"]),
    ("plan", &["plan", "-no-color", "-detailed-exitcode"]),
    ("destroy", &["destroy", "-auto-approve", "-no-color"]),
];

const COLUMNS: [&str; 11] = [
    "projects",
    "latency",
    "command",
    "ours",
    "floor",
    "ratio",
    "requests",
    "a project",
    "provider CPU",
    "provider memory",
    "by kind",
];

fn main() -> Result<(), Box<dyn Error>> {
    let requested: Vec<usize> = env::args().filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if requested.is_empty() { &SIZES } else { requested.as_slice() };
    let cli = Cli::find()?;
    print_header(&COLUMNS);
    for &projects in sizes {
        for latency in LATENCIES {
            measure(&cli, projects, latency)?;
        }
        without_graphql(&cli, projects)?;
        one_new_entry(&cli, projects)?;
    }
    Ok(())
}

fn measure(cli: &Cli, projects: usize, latency: u64) -> Result<(), Box<dyn Error>> {
    let ours = Subject::provider(cli, gitlab(projects, latency), &configuration(projects))?;
    let floor = Subject::floor(cli, &floor(projects))?;
    let cycle = |subject: &Subject| COMMANDS.map(|(_, command)| subject.cost(command));
    let mut best = (cycle(&ours), cycle(&floor));
    for _ in 1..if projects < MANY { RUNS } else { 1 } {
        best = (faster(best.0, cycle(&ours)), faster(best.1, cycle(&floor)));
    }
    for ((name, _), (ours, floor)) in COMMANDS.iter().zip(best.0.iter().zip(&best.1)) {
        print_cost(projects, latency, name, ours, Some(floor));
    }
    Ok(())
}

/// Measures a plan without changes where a proxy rejects GraphQL.
fn without_graphql(cli: &Cli, projects: usize) -> Result<(), Box<dyn Error>> {
    let ours = Subject::provider(cli, gitlab(projects, 0), &configuration(projects))?;
    ours.cost(&["apply", "-auto-approve", "-no-color"]);
    let refusal = Fault::Responds {
        status: 403,
        content_type: "text/html".to_owned(),
        body: "<html><body>Forbidden</body></html>".to_owned(),
    };
    ours.gitlab.inject(Injection::from(refusal).on(Route::GraphqlQuery));
    print_cost(projects, 0, "plan by REST alone", &ours.cost(COMMANDS[2].1), None);
    Ok(())
}

/// Measures plan and apply of one new entry on each project's allowlist.
fn one_new_entry(cli: &Cli, projects: usize) -> Result<(), Box<dyn Error>> {
    let config = format!(
        r#"
        resource "gitlab_job_token_allowlist_entry" "this" {{
          count          = {projects}
          project        = "apps/app-${{count.index}}"
          target_project = "platform/deploy"
        }}
        "#
    );
    let ours = Subject::provider(cli, gitlab(projects, 50), &config)?;
    let cost = ours.cost(&["apply", "-auto-approve", "-no-color"]);
    print_cost(projects, 50, "one new entry each, plan and apply", &cost, None);
    Ok(())
}

fn gitlab(projects: usize, latency: u64) -> Simulator {
    let gitlab = Simulator::start();
    for app in 0..projects {
        gitlab.add_project(&format!("apps/app-{app}"));
    }
    for team in 0..10 {
        gitlab.add_group(&format!("teams/team-{team}"));
    }
    gitlab.add_project("platform/deploy");
    gitlab.set_latency(Duration::from_millis(latency));
    gitlab
}

fn configuration(projects: usize) -> String {
    include_str!("../tests/fixtures/many_projects.tf").replace("PROJECTS", &projects.to_string())
}

fn floor(projects: usize) -> String {
    format!(
        r#"
        resource "terraform_data" "scope" {{
          count = {projects}
          input = "apps/app-${{count.index}}"
        }}
        resource "terraform_data" "list" {{
          count            = {projects}
          input            = "apps/app-${{count.index}}"
          triggers_replace = ["apps/app-${{count.index + 1}}", "teams/team-${{count.index % 10}}"]
        }}
        "#
    )
}

fn print_cost(projects: usize, latency: u64, command: &str, ours: &Cost, floor: Option<&Cost>) {
    let time = ours.time.as_secs_f64();
    let floor = floor.map(|floor| floor.time.as_secs_f64());
    let requests = ours.requests.len();
    command::print_row(&[
        projects.to_string(),
        format!("{latency} ms"),
        command.to_owned(),
        format!("{time:.2} s"),
        floor.map_or_else(String::new, |floor| format!("{floor:.2} s")),
        floor.map_or_else(String::new, |floor| format!("{:.2}", time / floor)),
        requests.to_string(),
        format!("{:.2}", requests as f64 / projects as f64),
        format!("{:.0} ms", ours.usage.cpu.as_secs_f64() * 1e3),
        format!("{:.1} MiB", ours.usage.peak_kib as f64 / 1024.0),
        by_kind(&ours.requests),
    ]);
}

/// Returns the requests by kind: writes, queries over GraphQL, lists, settings, look-ups and token
/// checks.
fn by_kind(requests: &Requests) -> String {
    let mut kinds = BTreeMap::<&str, usize>::new();
    for request in requests.iter() {
        let kind = match request.route {
            route if route.is_write() => "writes",
            Route::GraphqlQuery => "queries",
            Route::AllowlistProjectsGet | Route::AllowlistGroupsGet => "lists",
            Route::ScopeGet => "settings",
            Route::ProjectGet | Route::GroupGet => "look-ups",
            _ => "others",
        };
        *kinds.entry(kind).or_default() += 1;
    }
    kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect::<Vec<_>>().join(", ")
}
