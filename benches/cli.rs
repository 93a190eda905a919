//! Measures plan, apply and destroy with the real CLI, compared with the floor: the same number of
//! `terraform_data` instances, which is what Terraform itself costs.
//!
//! `cargo bench --bench cli`. With `-- quick`, it measures only the smallest size; with `-- scale`,
//! how the cost grows with the number of entries.

mod command;
mod process;

use std::env;
use std::error::Error;
use std::time::Duration;

use command::{Cost, Subject, faster, print_header, print_row};
use gitlab_simulator::{Simulator, Target};
use terraform_cli::Cli;

/// Number of runs, of which the fastest counts: noise only makes a run slower. Where a run takes a
/// minute, noise evens out and fewer runs are enough.
const RUNS: usize = 5;
const RUNS_OF_MANY: usize = 2;
const MANY: usize = 500;

const COMMANDS: [&[&str]; 3] = [
    &["apply", "-auto-approve", "-no-color"],
    &["plan", "-no-color"],
    &["destroy", "-auto-approve", "-no-color"],
];

const COLUMNS: [&str; 10] = [
    "entries",
    "latency",
    "command",
    "ours",
    "floor",
    "ratio",
    "requests",
    "provider CPU",
    "CPU per entry",
    "provider memory",
];

/// Number of projects, and of entries on each allowlist.
#[derive(Clone, Copy)]
struct Size {
    projects: usize,
    entries_each: Each,
}

/// Number of targets on each allowlist.
#[derive(Clone, Copy)]
struct Each {
    projects: usize,
    groups: usize,
}

impl Each {
    fn sum(self) -> usize {
        self.projects + self.groups
    }
}

impl Size {
    const fn new(projects: usize, target_projects: usize, target_groups: usize) -> Self {
        Self { projects, entries_each: Each { projects: target_projects, groups: target_groups } }
    }

    fn entries(self) -> usize {
        self.projects * self.entries_each.sum()
    }

    fn runs(self) -> usize {
        if self.entries() < MANY { RUNS } else { RUNS_OF_MANY }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let has_argument = |mode: &str| env::args().any(|argument| argument == mode);
    let (sizes, latencies): (&[Size], &[u64]) = if has_argument("quick") {
        (&[Size::new(1, 50, 0)], &[0])
    } else if has_argument("scale") {
        (
            &[
                Size::new(1, 50, 0),
                Size::new(1, 200, 0),
                Size::new(1, 200, 200),
                Size::new(5, 200, 0),
            ],
            &[0],
        )
    } else {
        (&[Size::new(1, 50, 0), Size::new(1, 200, 0), Size::new(20, 10, 0)], &[0, 20, 50])
    };
    let cli = Cli::find()?;
    print_header(&COLUMNS);
    for &size in sizes {
        for &latency in latencies {
            let subjects = [
                Entries::provider(&cli, size, Duration::from_millis(latency))?,
                Entries::terraform_data(&cli, size)?,
            ];
            for (command, [ours, floor]) in COMMANDS.iter().zip(measure(&subjects, size.runs())) {
                print_row(&cells(size, latency, command[0], &ours, &floor));
            }
        }
    }
    Ok(())
}

fn cells(size: Size, latency: u64, command: &str, ours: &Cost, floor: &Cost) -> [String; 10] {
    let (time, floor) = (ours.time.as_secs_f64(), floor.time.as_secs_f64());
    let cpu_ms = ours.usage.cpu.as_secs_f64() * 1e3;
    [
        format!("{} x {}", size.projects, size.entries_each.sum()),
        format!("{latency} ms"),
        command.to_owned(),
        format!("{time:.2} s"),
        format!("{floor:.2} s"),
        format!("{:.2}", time / floor),
        ours.requests.len().to_string(),
        format!("{cpu_ms:.0} ms"),
        format!("{:.2} ms", cpu_ms / size.entries() as f64),
        format!("{:.1} MiB", ours.usage.peak_kib as f64 / 1024.0),
    ]
}

/// A workspace with a number of entries.
struct Entries {
    subject: Subject,
    sources: Vec<u64>,
    entries_each: usize,
}

impl Entries {
    fn provider(cli: &Cli, size: Size, latency: Duration) -> Result<Self, Box<dyn Error>> {
        let gitlab = Simulator::start();
        let sources: Vec<u64> = (0..size.projects)
            .map(|source| gitlab.add_project(&format!("sources/o{source}")))
            .collect();
        let projects = (0..size.entries_each.projects)
            .map(|target| Target::Project(gitlab.add_project(&format!("targets/t{target}"))));
        let groups = (0..size.entries_each.groups)
            .map(|target| Target::Group(gitlab.add_group(&format!("groups-{target}"))));
        let targets: Vec<Target> = projects.chain(groups).collect();
        gitlab.set_latency(latency);
        let config = format!(
            r#"
            resource "gitlab_job_token_allowlist_entry" "this" {{
              for_each = {}

              project           = each.value.source
              target_project_id = each.value.target_project
              target_group_id   = each.value.target_group
            }}
            "#,
            instances(&sources, &targets)
        );
        let subject = Subject::provider(cli, gitlab, &config)?;
        Ok(Self { subject, sources, entries_each: targets.len() })
    }

    /// Makes a workspace of the floor, which doesn't use GitLab.
    fn terraform_data(cli: &Cli, size: Size) -> Result<Self, Box<dyn Error>> {
        let sources: Vec<_> = (1..=size.projects as u64).collect();
        let targets: Vec<_> = (1..=size.entries_each.sum() as u64).map(Target::Project).collect();
        let config = format!(
            r#"
            resource "terraform_data" "this" {{
              for_each = {}

              input            = each.value.source
              triggers_replace = [each.value.target_project, each.value.target_group]
            }}
            "#,
            instances(&sources, &targets)
        );
        Ok(Self { subject: Subject::floor(cli, &config)?, sources: Vec::new(), entries_each: 0 })
    }

    /// Applies everything, plans without changes, and destroys.
    fn cycle(&self) -> [Cost; 3] {
        let apply = self.subject.cost(COMMANDS[0]);
        self.assert_on_each_list(self.entries_each);
        let plan = self.subject.cost(COMMANDS[1]);
        let destroy = self.subject.cost(COMMANDS[2]);
        self.assert_on_each_list(0);
        [apply, plan, destroy]
    }

    /// Panics unless each list has this many entries, since a failed run must not be measured.
    fn assert_on_each_list(&self, entries: usize) {
        for source in &self.sources {
            let list = self.subject.gitlab.allowlist(*source);
            assert_eq!(list.projects.len() + list.groups.len(), entries);
        }
    }
}

/// Returns the same literal map for both configurations: Terraform evaluates an expression again
/// for each instance, which isn't a cost of the provider.
fn instances(sources: &[u64], targets: &[Target]) -> String {
    let pairs =
        sources.iter().flat_map(|source| targets.iter().map(move |target| (source, target)));
    let entries = pairs.map(|(source, target)| {
        let (kind, project, group) = match target {
            Target::Project(id) => ("project", id.to_string(), "null".to_owned()),
            Target::Group(id) => ("group", "null".to_owned(), id.to_string()),
        };
        format!(
            r#"
            "{source}-{kind}-{}" = {{
              source         = {source}
              target_project = {project}
              target_group   = {group}
            }}
            "#,
            target.id()
        )
    });
    format!("{{\n{}}}", entries.collect::<String>())
}

/// Returns the fastest of several runs of each command. Provider and floor alternate, so that a
/// slow minute of the machine affects both.
fn measure([ours, floor]: &[Entries; 2], runs: usize) -> [[Cost; 2]; 3] {
    let mut best = (ours.cycle(), floor.cycle());
    for _ in 1..runs {
        best = (faster(best.0, ours.cycle()), faster(best.1, floor.cycle()));
    }
    let (ours, floor) = best;
    std::array::from_fn(|command| [ours[command].clone(), floor[command].clone()])
}
