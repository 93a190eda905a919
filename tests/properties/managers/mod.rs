//! Runs any resources for a few projects through any edits: resources are renamed, moved, replaced
//! and removed, may overlap, and are called in any order with faults. After a successful apply
//! without a warned conflict, the server matches the configuration, and no access is lost that no
//! plan named.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gitlab_simulator::{Simulator, Target};
use plugin_host::{Action, Change, Diagnostic, Instance, Wanted};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::time::sleep;

use crate::check_all;
use crate::disturbance::Disturbance;

mod strategies;
mod world;

use strategies::{declared, step};

const CASES: u32 = 40;

const SCOPE: &str = "gitlab_job_token_scope";
const ENTRY: &str = "gitlab_job_token_allowlist_entry";
const LIST: &str = "gitlab_job_token_allowlist_exclusive";

/// The number of leading projects and groups, so that no ID equals another number in a message.
const OTHERS: u64 = 100;
const SOURCES: [u64; 2] = [101, 102];
const PROJECTS: [Target; 3] = [Target::Project(103), Target::Project(104), Target::Project(105)];
const GROUPS: [Target; 2] = [Target::Group(101), Target::Group(102)];

/// A part of a project's settings that a resource manages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Projects,
    Groups,
    Access,
}

const PARTS: [Part; 3] = [Part::Projects, Part::Groups, Part::Access];

/// The content of a resource.
#[derive(Clone, Debug, PartialEq)]
enum What {
    Entry(Target),
    /// The targets by kind; none where a kind is not managed.
    List {
        projects: Option<BTreeSet<Target>>,
        groups: Option<BTreeSet<Target>>,
    },
    Scope {
        restricted: bool,
    },
}

/// A resource of a configuration.
#[derive(Clone, Debug)]
struct Declared {
    source: u64,
    what: What,
    by_path: bool,
    create_before_destroy: bool,
}

/// An edit of the configuration, which picks existing resources.
#[derive(Clone, Debug)]
enum Edit {
    Add(Declared),
    /// Adds a second resource with the same content.
    Duplicate(Index),
    /// Adds a list of everything that is configured for the project, or replaces the resources with
    /// it.
    Merge(Index, bool),
    /// Replaces a list with entries.
    Split(Index),
    Drop(Index),
    Rename(Index),
    Change(Index, Declared),
    /// Swaps the names of two resources, as a shifted `count` does.
    Swap(Index, Index),
}

/// The refresh mode of a plan.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Refresh {
    /// Everything is read before it is planned.
    Full,
    /// Only changed resources are read and then planned again: `-minimal-refresh`.
    Minimal,
    /// `-refresh=false`.
    Off,
}

/// A run, and the edits before it.
#[derive(Clone, Debug)]
struct Step {
    edits: Vec<Edit>,
    /// Whether edits may make resources conflict.
    allows_conflicts: bool,
    /// Whether renamed resources have `moved` blocks.
    moved: bool,
    /// The refresh mode if the state is up to date. Otherwise it is full.
    refresh: Refresh,
    /// The resource that `-replace` names.
    replaced: Option<Index>,
    /// Entries that are added or removed outside Terraform before the run.
    outside: Vec<(u64, Target)>,
    disturbances: Vec<Disturbance>,
    /// Pauses before each resource's calls, in milliseconds, which vary the order of a run.
    pauses: Vec<u64>,
    stores_planned_private: bool,
}

/// A resource's type and name.
type Address = (&'static str, u32);

/// The allowlists and access settings of all sources.
#[derive(Clone, Debug, PartialEq)]
struct Server {
    allowed: BTreeSet<(u64, Target)>,
    restricted: BTreeSet<u64>,
}

/// A GitLab, a configuration and its state.
struct World {
    gitlab: Simulator,
    config: BTreeMap<u32, Declared>,
    names: u32,
    state: BTreeMap<Address, Kept>,
    /// Whether the configuration was applied without an error.
    converged: bool,
}

/// An instance, and the configuration that it was last applied with.
#[derive(Clone, Debug)]
struct Kept {
    instance: Instance,
    declared: Declared,
}

/// Paths whose order is not that of the IDs.
fn path(target: Target) -> String {
    format!("acme/{}-{}", target.kind(), 999 - target.id())
}

fn part_of(target: Target) -> Part {
    match target {
        Target::Project(_) => Part::Projects,
        Target::Group(_) => Part::Groups,
    }
}

impl Declared {
    fn type_name(&self) -> &'static str {
        match self.what {
            What::Entry(_) => ENTRY,
            What::List { .. } => LIST,
            What::Scope { .. } => SCOPE,
        }
    }

    /// Returns the parts of the project's settings that it is about.
    fn parts(&self) -> BTreeSet<(u64, Part)> {
        let parts = match &self.what {
            What::Entry(target) => vec![part_of(*target)],
            What::List { projects, groups } => {
                let managed = [(projects, Part::Projects), (groups, Part::Groups)].into_iter();
                managed.filter(|(targets, _)| targets.is_some()).map(|(_, part)| part).collect()
            }
            What::Scope { .. } => vec![Part::Access],
        };
        parts.into_iter().map(|part| (self.source, part)).collect()
    }

    /// Returns the targets that it wants on the list of a part; none unless it manages all of that
    /// part.
    fn whole(&self, part: Part) -> Option<&BTreeSet<Target>> {
        match (&self.what, part) {
            (What::List { projects, .. }, Part::Projects) => projects.as_ref(),
            (What::List { groups, .. }, Part::Groups) => groups.as_ref(),
            _ => None,
        }
    }

    /// Returns the targets that it wants on its project's lists.
    fn targets(&self) -> BTreeSet<Target> {
        match &self.what {
            What::Entry(target) => [*target].into(),
            What::List { projects, groups } => {
                [projects, groups].into_iter().flatten().flatten().copied().collect()
            }
            What::Scope { .. } => BTreeSet::new(),
        }
    }

    /// Returns whether both manage one object.
    fn overlaps(&self, other: &Self) -> bool {
        let both_entries = matches!((&self.what, &other.what), (What::Entry(one), What::Entry(other)) if one != other);
        !both_entries && !self.parts().is_disjoint(&other.parts())
    }

    /// Returns whether both manage one object, and not as a list and an entry that it names.
    fn conflicts_with(&self, other: &Self) -> bool {
        let named = |list: &Self, entry: &Self| match entry.what {
            What::Entry(target) => {
                list.whole(part_of(target)).is_some_and(|whole| whole.contains(&target))
            }
            _ => false,
        };
        self.overlaps(other) && !named(self, other) && !named(other, self)
    }

    fn wanted(&self, replace: bool) -> Wanted {
        let project = if self.by_path {
            format!("acme/source-{}", self.source)
        } else {
            self.source.to_string()
        };
        let mut config = json!({"project": project});
        match &self.what {
            What::Entry(target) if self.by_path => {
                config[format!("target_{}", target.kind())] = path(*target).into()
            }
            What::Entry(target) => {
                config[format!("target_{}_id", target.kind())] = target.id().into()
            }
            What::List { projects, groups } => {
                for (kind, targets) in [("project", projects), ("group", groups)] {
                    let Some(targets) = targets else { continue };
                    if self.by_path {
                        let paths: Vec<_> = targets.iter().copied().map(path).collect();
                        config[format!("target_{kind}s")] = paths.into();
                    } else {
                        let ids: Vec<_> = targets.iter().map(|target| target.id()).collect();
                        config[format!("target_{kind}_ids")] = ids.into();
                    }
                }
            }
            What::Scope { restricted } => config["inbound_enabled"] = (*restricted).into(),
        }
        let create_before_destroy = self.create_before_destroy;
        Wanted { replace, create_before_destroy, ..Wanted::new(self.type_name(), config) }
    }
}

/// Returns the targets of one kind on one project's list.
fn of_part(all: &BTreeSet<(u64, Target)>, source: u64, part: Part) -> BTreeSet<Target> {
    let these = all.iter().filter(|(of, target)| *of == source && part_of(*target) == part);
    these.map(|(_, target)| *target).collect()
}

/// Returns the entries that a state holds.
fn held(state: &Value) -> BTreeSet<(u64, Target)> {
    let source = state["project_id"].as_u64().unwrap_or_default();
    let ids = |kind: &str, target: fn(u64) -> Target| {
        let single = state[format!("target_{kind}_id")].as_u64();
        let many = state[format!("target_{kind}_ids")]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_u64);
        single.into_iter().chain(many).map(|id| (source, target(id))).collect::<Vec<_>>()
    };
    [ids("project", Target::Project), ids("group", Target::Group)].into_iter().flatten().collect()
}

fn text(diagnostic: &Diagnostic) -> String {
    format!("{}\n{}", diagnostic.summary, diagnostic.detail)
}

fn warns_of_a_conflict(change: &Change) -> bool {
    change.warnings.iter().any(|diagnostic| text(diagnostic).to_lowercase().contains("conflict"))
}

/// Returns whether a plan says that a target loses access: by removing its entry, or in a warning.
fn names(change: &Change, (source, target): (u64, Target)) -> bool {
    let held = held(&change.before.stored.state).contains(&(source, target));
    let removed = match change.action {
        Action::Destroy | Action::Replace => true,
        Action::Update => !self::held(&change.planned.state).contains(&(source, target)),
        Action::Create | Action::Nothing => false,
    };
    (held && removed) || warns_of(change, target)
}

/// Returns whether a warning of a plan names a target by path or ID.
fn warns_of(change: &Change, target: Target) -> bool {
    let is_name = |word: &str| word == path(target) || word == target.id().to_string();
    change.warnings.iter().any(|diagnostic| {
        let text = text(diagnostic);
        let mut words =
            text.split(|letter: char| !letter.is_alphanumeric() && !"/-_".contains(letter));
        words.any(is_name)
    })
}

fn count_conflicts(config: &BTreeMap<u32, Declared>) -> usize {
    let all: Vec<_> = config.values().collect();
    pairs(&all).filter(|(one, other)| one.conflicts_with(other)).count()
}

/// Returns pairs of different elements.
fn pairs<T>(all: &[T]) -> impl Iterator<Item = (&T, &T)> {
    all.iter()
        .enumerate()
        .flat_map(move |(place, one)| all[place + 1..].iter().map(move |other| (one, other)))
}

/// Waits for as long as the step says at this place.
async fn pause(step: &Step, place: usize) {
    sleep(Duration::from_millis(step.pauses[place % step.pauses.len()])).await;
}

async fn live(first: Vec<Declared>, steps: &[Step]) {
    let mut world = World::new();
    let last = steps.last().unwrap();
    let calm = Step {
        edits: Vec::new(),
        allows_conflicts: false,
        replaced: None,
        outside: Vec::new(),
        disturbances: Vec::new(),
        ..last.clone()
    };
    let edits = first.into_iter().map(Edit::Add).collect();
    world.run(&Step { edits, ..calm.clone() }).await;
    for step in steps {
        world.run(step).await;
    }
    world.run(&calm).await;
}

#[test]
fn server_matches_the_config_unless_a_plan_warned() {
    let runtime = Runtime::new().unwrap();
    let scenarios = (prop::collection::vec(declared(), 2..8), prop::collection::vec(step(), 1..5));
    check_all(CASES, scenarios, |(first, steps)| runtime.block_on(live(first, &steps)));
}
