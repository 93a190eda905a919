//! Any resources over the same few projects, through any edits, in whole runs of core: resources that are renamed, moved,
//! replaced and removed, overlapping ones too, in any order of the calls and with faults on the way. An apply that succeeds
//! leaves on the server what the configuration says wherever no plan warned of a conflict, and takes no access that no plan
//! has named.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::join_all;
use gitlab_simulator::{Simulator, Target};
use plugin_host::{Action, Change, Diagnostic, Instance, Launch, Outcome, Walk, Wanted, failed};
use proptest::prelude::*;
use proptest::sample::{Index, subsequence};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::time::sleep;

use crate::convergence::{Disturbance, disturbance};
use crate::hold;
use crate::host::{BINARY, block};

const CASES: u32 = 40;

const SCOPE: &str = "gitlab_job_token_scope";
const ENTRY: &str = "gitlab_job_token_allowlist_entry";
const LIST: &str = "gitlab_job_token_allowlist_exclusive";

/// So many projects and groups come first that no ID reads like another number in a message.
const OTHERS: u64 = 100;
const OWNERS: [u64; 2] = [101, 102];
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
    owner: u64,
    what: What,
    by_path: bool,
    create_before_destroy: bool,
}

/// A change of the configuration. Resources are picked from those that there are.
#[derive(Clone, Debug)]
enum Edit {
    Add(Declared),
    /// A second resource of the same content.
    Repeat(Index),
    /// A list of all that is wanted where the resource is, beside what is there or in its place.
    Gather(Index, bool),
    /// Entries in place of a list.
    Scatter(Index),
    Drop(Index),
    Rename(Index),
    Change(Index, Declared),
    /// Two resources change places under their names, as with a shifted `count`.
    Swap(Index, Index),
}

/// The reading of a plan walk.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Refresh {
    /// Everything is read before it is planned.
    Full,
    /// Only what a first plan changes is read, and then planned again: `-minimal-refresh`.
    Minimal,
    /// `-refresh=false`.
    Off,
}

/// One run, and what comes before it.
#[derive(Clone, Debug)]
struct Step {
    edits: Vec<Edit>,
    /// Edits that make resources contradict each other are made, too.
    daring: bool,
    /// `moved` blocks for what is renamed.
    moved: bool,
    /// The reading of the plan walk, where the state is up to date. Elsewhere it is full.
    refresh: Refresh,
    /// The resource that `-replace` names.
    replaced: Option<Index>,
    /// Entries that somebody else adds or removes before the run.
    outside: Vec<(u64, Target)>,
    disturbances: Vec<Disturbance>,
    /// Pauses before each resource's calls, in milliseconds: the order of a run.
    pauses: Vec<u64>,
    stores_planned_private: bool,
}

/// A resource's type and name.
type Address = (&'static str, u32);

/// The allowlists and access settings of all owners.
#[derive(Clone, Debug, PartialEq)]
struct Server {
    allowed: BTreeSet<(u64, Target)>,
    restricted: BTreeSet<u64>,
}

/// A GitLab and a Terraform with its configuration and state.
struct World {
    gitlab: Simulator,
    config: BTreeMap<u32, Declared>,
    names: u32,
    state: BTreeMap<Address, Kept>,
    /// The mark of a state whose configuration was applied without an error.
    settled: bool,
}

/// An instance, and the resource that it was last applied from.
#[derive(Clone, Debug)]
struct Kept {
    instance: Instance,
    declared: Declared,
}

fn target() -> impl Strategy<Value = Target> {
    prop::sample::select([&PROJECTS[..], &GROUPS[..]].concat())
}

/// Mostly the first one, so that resources meet.
fn owner() -> impl Strategy<Value = u64> {
    prop_oneof![4 => Just(OWNERS[0]), 1 => Just(OWNERS[1])]
}

fn some_of(targets: &[Target]) -> impl Strategy<Value = Option<BTreeSet<Target>>> + use<> {
    let some = subsequence(targets.to_vec(), 0..=targets.len());
    prop::option::weighted(0.7, some.prop_map(|targets| targets.into_iter().collect()))
}

fn declared() -> impl Strategy<Value = Declared> {
    let list = (some_of(&PROJECTS), some_of(&GROUPS)).prop_filter_map(
        "one kind is managed",
        |(projects, groups)| {
            (projects.is_some() || groups.is_some()).then_some(What::List { projects, groups })
        },
    );
    let what = prop_oneof![
        9 => target().prop_map(What::Entry),
        1 => list,
        2 => any::<bool>().prop_map(|restricted| What::Scope { restricted }),
    ];
    (owner(), what, any::<bool>(), prop::bool::weighted(0.3)).prop_map(
        |(owner, what, by_path, create_before_destroy)| Declared {
            owner,
            what,
            by_path,
            create_before_destroy,
        },
    )
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        4 => declared().prop_map(Edit::Add),
        1 => any::<Index>().prop_map(Edit::Repeat),
        5 => (any::<Index>(), any::<bool>()).prop_map(|(which, beside)| Edit::Gather(which, beside)),
        2 => any::<Index>().prop_map(Edit::Scatter),
        3 => any::<Index>().prop_map(Edit::Drop),
        5 => any::<Index>().prop_map(Edit::Rename),
        2 => (any::<Index>(), declared()).prop_map(|(which, declared)| Edit::Change(which, declared)),
        2 => (any::<Index>(), any::<Index>()).prop_map(|(one, other)| Edit::Swap(one, other)),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let disturbances = prop_oneof![
        3 => Just(Vec::new()),
        1 => prop::collection::vec(disturbance(), 1..3),
    ];
    let outside = prop_oneof![
        3 => Just(Vec::new()),
        1 => prop::collection::vec((owner(), target()), 1..3),
    ];
    let parts = (
        prop::collection::vec(edit(), 1..4),
        prop::bool::weighted(0.3),
        any::<bool>(),
        prop_oneof![3 => Just(Refresh::Full), 1 => Just(Refresh::Minimal), 1 => Just(Refresh::Off)],
        prop::option::weighted(0.3, any::<Index>()),
        outside,
        disturbances,
        prop::collection::vec(0_u64..12, 1..8),
        any::<bool>(),
    );
    parts.prop_map(
        |(edits, daring, moved, refresh, replaced, outside, disturbances, pauses, stores_planned_private)| {
            Step {
                edits,
                daring,
                moved,
                refresh,
                replaced,
                outside,
                disturbances,
                pauses,
                stores_planned_private,
            }
        },
    )
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
        parts.into_iter().map(|part| (self.owner, part)).collect()
    }

    /// Returns the targets that it wants on the list of a part; none unless it manages all of that part.
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

    /// Checks whether both manage one object.
    fn overlaps(&self, other: &Declared) -> bool {
        let both_entries =
            matches!((&self.what, &other.what), (What::Entry(one), What::Entry(other)) if one != other);
        !both_entries && !self.parts().is_disjoint(&other.parts())
    }

    /// Checks whether both manage one object, and not as a list and an entry that it names.
    fn contradicts(&self, other: &Declared) -> bool {
        let named = |list: &Declared, entry: &Declared| match entry.what {
            What::Entry(target) => list.whole(part_of(target)).is_some_and(|whole| whole.contains(&target)),
            _ => false,
        };
        self.overlaps(other) && !named(self, other) && !named(other, self)
    }

    fn wanted(&self, replace: bool) -> Wanted {
        let project =
            if self.by_path { format!("acme/owner-{}", self.owner) } else { self.owner.to_string() };
        let mut config = json!({"project": project});
        match &self.what {
            What::Entry(target) if self.by_path => {
                config[format!("target_{}", target.kind())] = path(*target).into()
            }
            What::Entry(target) => config[format!("target_{}_id", target.kind())] = target.id().into(),
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
fn of_part(all: &BTreeSet<(u64, Target)>, owner: u64, part: Part) -> BTreeSet<Target> {
    let these = all.iter().filter(|(of, target)| *of == owner && part_of(*target) == part);
    these.map(|(_, target)| *target).collect()
}

/// Returns the entries that a state holds.
fn held(state: &Value) -> BTreeSet<(u64, Target)> {
    let owner = state["project_id"].as_u64().unwrap_or_default();
    let ids = |kind: &str, target: fn(u64) -> Target| {
        let single = state[format!("target_{kind}_id")].as_u64();
        let many =
            state[format!("target_{kind}_ids")].as_array().into_iter().flatten().filter_map(Value::as_u64);
        single.into_iter().chain(many).map(|id| (owner, target(id))).collect::<Vec<_>>()
    };
    [ids("project", Target::Project), ids("group", Target::Group)].into_iter().flatten().collect()
}

fn text(told: &Diagnostic) -> String {
    format!("{}\n{}", told.summary, told.detail)
}

fn warns_of_a_conflict(change: &Change) -> bool {
    change.warnings.iter().any(|told| text(told).to_lowercase().contains("conflict"))
}

/// Checks whether a plan says that a target loses access: by removing its entry, or in a warning.
fn names(change: &Change, (owner, target): (u64, Target)) -> bool {
    let held = held(&change.before.stored.state).contains(&(owner, target));
    let removed = match change.action {
        Action::Destroy | Action::Replace => true,
        Action::Update => !self::held(&change.planned.state).contains(&(owner, target)),
        Action::Create | Action::Nothing => false,
    };
    (held && removed) || warns_of(change, target)
}

/// Checks whether a warning of a plan names a target by path or ID.
fn warns_of(change: &Change, target: Target) -> bool {
    let is_name = |word: &str| word == path(target) || word == target.id().to_string();
    change.warnings.iter().any(|told| {
        let text = text(told);
        let mut words = text.split(|letter: char| !letter.is_alphanumeric() && !"/-_".contains(letter));
        words.any(is_name)
    })
}

fn contradictions(config: &BTreeMap<u32, Declared>) -> usize {
    let all: Vec<_> = config.values().collect();
    pairs(&all).filter(|(one, other)| one.contradicts(other)).count()
}

/// Returns pairs of different elements.
fn pairs<T>(all: &[T]) -> impl Iterator<Item = (&T, &T)> {
    all.iter()
        .enumerate()
        .flat_map(move |(place, one)| all[place + 1..].iter().map(move |other| (one, other)))
}

impl World {
    fn new() -> World {
        let gitlab = Simulator::start();
        for other in 1..=OTHERS {
            gitlab.add_project(&format!("others/project-{other}"));
        }
        for owner in OWNERS {
            assert_eq!(gitlab.add_project(&format!("acme/owner-{owner}")), owner);
        }
        for target in PROJECTS {
            assert_eq!(gitlab.add_project(&path(target)), target.id());
        }
        for other in 3..=OTHERS {
            assert_eq!(gitlab.add_group(&format!("others/group-{other}")), other);
        }
        for target in GROUPS {
            assert_eq!(gitlab.add_group(&path(target)), target.id());
        }
        World { gitlab, config: BTreeMap::new(), names: 0, state: BTreeMap::new(), settled: true }
    }

    fn name(&mut self) -> u32 {
        self.names += 1;
        self.names
    }

    /// Edits the configuration, and moves states along if there are `moved` blocks.
    fn edit(&mut self, step: &Step) {
        for edit in &step.edits {
            let names: Vec<u32> = self.config.keys().copied().collect();
            let earlier = self.config.clone();
            match edit {
                Edit::Add(declared) => {
                    let name = self.name();
                    self.config.insert(name, declared.clone());
                }
                _ if names.is_empty() => {}
                Edit::Repeat(which) => {
                    let (name, first) = (self.name(), self.config[which.get(&names)].clone());
                    self.config.insert(name, Declared { by_path: !first.by_path, ..first });
                }
                Edit::Gather(which, beside) => {
                    let (name, first) = (self.name(), self.config[which.get(&names)].clone());
                    let Some(list) = self.list_of_all(&first) else { continue };
                    if !beside {
                        self.config.retain(|_, declared| declared.parts().is_disjoint(&list.parts()));
                    }
                    self.config.insert(name, list);
                }
                Edit::Scatter(which) => {
                    let list = self.config[which.get(&names)].clone();
                    let What::List { .. } = list.what else { continue };
                    self.config.remove(which.get(&names));
                    for target in list.targets() {
                        let name = self.name();
                        self.config.insert(name, Declared { what: What::Entry(target), ..list.clone() });
                    }
                }
                Edit::Drop(which) => {
                    self.config.remove(which.get(&names));
                }
                Edit::Rename(which) => {
                    let (old, new) = (*which.get(&names), self.name());
                    let declared = self.config.remove(&old).unwrap();
                    let type_name = declared.type_name();
                    self.config.insert(new, declared);
                    if step.moved
                        && let Some(kept) = self.state.remove(&(type_name, old))
                    {
                        self.state.insert((type_name, new), kept);
                    }
                }
                Edit::Change(which, declared) => {
                    self.config.insert(*which.get(&names), declared.clone());
                }
                Edit::Swap(one, other) => {
                    let (one, other) = (*one.get(&names), *other.get(&names));
                    let (first, second) = (self.config[&one].clone(), self.config[&other].clone());
                    self.config.extend([(one, second), (other, first)]);
                }
            }
            if !step.daring && contradictions(&self.config) > contradictions(&earlier) {
                self.config = earlier;
            }
        }
        for (owner, target) in &step.outside {
            if !self.gitlab.revoke(*owner, *target) {
                self.gitlab.allow(*owner, *target);
            }
        }
    }

    /// Returns a list of all that the configuration wants on the lists that a resource is about, if it is about any.
    fn list_of_all(&self, first: &Declared) -> Option<Declared> {
        let wanted = self.config.values().filter(|declared| declared.owner == first.owner);
        let wanted: BTreeSet<Target> = wanted.flat_map(Declared::targets).collect();
        let of = |part| wanted.iter().copied().filter(|target| part_of(*target) == part).collect();
        let managed = |part| first.parts().contains(&(first.owner, part)).then(|| of(part));
        let (projects, groups) = (managed(Part::Projects), managed(Part::Groups));
        let some = projects.is_some() || groups.is_some();
        some.then(|| Declared { what: What::List { projects, groups }, ..first.clone() })
    }

    fn server(&self) -> Server {
        let allowed = OWNERS.into_iter().flat_map(|owner| {
            let list = self.gitlab.allowlist(owner);
            let projects = list.projects.into_iter().map(Target::Project);
            projects.chain(list.groups.into_iter().map(Target::Group)).map(move |target| (owner, target))
        });
        let restricted = OWNERS.into_iter().filter(|owner| self.gitlab.inbound_enabled(*owner));
        Server { allowed: allowed.collect(), restricted: restricted.collect() }
    }

    /// Checks whether the state says what the server holds.
    fn is_up_to_date(&self) -> bool {
        let server = self.server();
        self.state.values().all(|Kept { instance, declared }| {
            let (owner, state) = (declared.owner, &instance.stored.state);
            let held = held(state);
            let is_whole = |part| {
                let same = || of_part(&held, owner, part) == of_part(&server.allowed, owner, part);
                declared.whole(part).is_none() || same()
            };
            let restricted = server.restricted.contains(&owner);
            let is_same = declared.type_name() != SCOPE || state["inbound_enabled"] == restricted;
            !instance.tainted && held.is_subset(&server.allowed) && PARTS.into_iter().all(is_whole) && is_same
        })
    }

    async fn walk(&self, step: &Step) -> Walk {
        let mut walk = Walk::start(&Launch::new(BINARY), block(&self.gitlab)).await.unwrap();
        walk.host.connection.stores_planned_private = step.stores_planned_private;
        walk
    }

    /// The plan walk: everything in the configuration and the state is read and then planned, at the same time.
    async fn plan(&self, step: &Step) -> BTreeMap<Address, Change> {
        let declared = self.config.iter().map(|(name, declared)| ((declared.type_name(), *name), declared));
        let declared: BTreeMap<Address, &Declared> = declared.collect();
        let addresses: BTreeSet<_> = declared.keys().chain(self.state.keys()).copied().collect();
        let replaced = step.replaced.filter(|_| !declared.is_empty());
        let replaced = replaced.map(|which| *declared.keys().nth(which.index(declared.len())).unwrap());
        let refresh = if self.is_up_to_date() { step.refresh } else { Refresh::Full };
        let walk = &self.walk(step).await;
        let plans = addresses.into_iter().enumerate().map(|(place, address)| {
            let wanted = match declared.get(&address) {
                Some(declared) => declared.wanted(replaced == Some(address)),
                None => Wanted::gone(address.0),
            };
            let stored = self.state.get(&address).map(|kept| kept.instance.clone()).unwrap_or_default();
            async move {
                pause(step, place).await;
                let is_orphan = wanted.config.is_null();
                if refresh == Refresh::Off || (refresh == Refresh::Minimal && !is_orphan) {
                    let change = walk.plan(&wanted, stored.clone()).await.unwrap();
                    let is_new = stored.stored.state.is_null();
                    if refresh == Refresh::Off || is_new || change.action == Action::Nothing {
                        return (address, change);
                    }
                }
                let is_there = !stored.stored.state.is_null();
                let before = if is_there { walk.refresh(address.0, &stored).await.unwrap() } else { stored };
                pause(step, place + 1).await;
                (address, walk.plan(&wanted, before).await.unwrap())
            }
        });
        join_all(plans).await.into_iter().collect()
    }

    /// The apply walk: everything that changes is applied at the same time.
    async fn apply(&self, step: &Step, changes: &BTreeMap<Address, Change>) -> BTreeMap<Address, Outcome> {
        let walk = &self.walk(step).await;
        let applies = changes.iter().enumerate().map(|(place, (address, change))| async move {
            pause(step, place + 2).await;
            (*address, walk.apply(change).await.unwrap())
        });
        join_all(applies).await.into_iter().collect()
    }

    /// Stores the end of each instance's apply.
    fn store(&mut self, changes: &BTreeMap<Address, Change>, outcomes: BTreeMap<Address, Outcome>) {
        let mut state = BTreeMap::new();
        for (address, outcome) in outcomes {
            let earlier = self.state.get(&address).map(|kept| kept.declared.clone());
            let now = self.config.get(&address.1).filter(|now| now.type_name() == address.0).cloned();
            let declared =
                if changes[&address].action == Action::Destroy { earlier } else { now.or(earlier) };
            let declared = declared.expect("every instance was declared once");
            if let Some(instance) = outcome.instance {
                state.insert(address, Kept { instance, declared: declared.clone() });
            }
            if let Some(instance) = outcome.deposed {
                // Core keeps it beside its successor; that it is destroyed by the next run is all that matters here.
                state.insert((address.0, self.name()), Kept { instance, declared });
            }
        }
        self.state = state;
    }

    /// A whole run.
    async fn run(&mut self, step: &Step) {
        self.edit(step);
        let changes = self.plan(step).await;
        self.assert_warnings(&changes);
        let before = self.server();
        step.disturbances.iter().for_each(|disturbance| self.gitlab.inject(disturbance.injection()));
        let outcomes = self.apply(step, &changes).await;
        self.gitlab.clear_faults();
        let told: Vec<_> = outcomes.values().flat_map(|outcome| &outcome.diagnostics).collect();
        let succeeded = !outcomes.values().any(|outcome| failed(&outcome.diagnostics));
        if !changes.values().any(warns_of_a_conflict) && step.disturbances.is_empty() {
            assert!(succeeded, "{told:#?}");
        }
        let after = self.server();
        for lost in before.allowed.difference(&after.allowed) {
            assert!(
                changes.values().any(|change| names(change, *lost)),
                "no plan names {lost:?}: {changes:#?}"
            );
        }
        if succeeded {
            self.assert_configured(&before, &after, &changes);
        }
        self.store(&changes, outcomes);
        self.settled = succeeded;
    }

    /// Checks that a contradiction is warned of, and nothing else where no two resources manage one object.
    fn assert_warnings(&self, changes: &BTreeMap<Address, Change>) {
        let now: Vec<_> = self.config.values().collect();
        for (one, other) in pairs(&now) {
            if one.contradicts(other) {
                let common: Vec<_> = one.parts().intersection(&other.parts()).copied().collect();
                let warned = self.excused(changes);
                assert!(
                    common.iter().any(|part| warned.contains(part)),
                    "no conflict of {one:?} and {other:?}"
                );
            }
        }
        let earlier: Vec<_> = self.state.values().map(|kept| &kept.declared).collect();
        let overlap = pairs(&now).chain(pairs(&earlier)).any(|(one, other)| one.overlaps(other));
        if self.settled && !overlap {
            let accused = changes.values().find(|change| warns_of_a_conflict(change));
            assert!(accused.is_none(), "there is no conflict: {accused:#?}");
        }
    }

    /// Returns the parts of which a plan says that there is a conflict.
    fn excused(&self, changes: &BTreeMap<Address, Change>) -> BTreeSet<(u64, Part)> {
        let warning = changes.iter().filter(|(_, change)| warns_of_a_conflict(change));
        let declared = warning.flat_map(|(address, _)| {
            let now = self.config.get(&address.1).filter(|now| now.type_name() == address.0);
            now.into_iter().chain(self.state.get(address).map(|kept| &kept.declared))
        });
        declared.flat_map(Declared::parts).collect()
    }

    fn assert_configured(&self, before: &Server, after: &Server, changes: &BTreeMap<Address, Change>) {
        let excused = self.excused(changes);
        for part in OWNERS.into_iter().flat_map(|owner| PARTS.map(|part| (owner, part))) {
            if excused.contains(&part) {
                continue;
            }
            if part.1 == Part::Access {
                let wanted = self.wants_restricted(part.0, before, changes);
                assert_eq!(after.restricted.contains(&part.0), wanted, "{part:?} of {:#?}", self.config);
            } else {
                self.assert_allowed(part, before, after, changes);
            }
        }
    }

    fn wants_restricted(&self, owner: u64, before: &Server, changes: &BTreeMap<Address, Change>) -> bool {
        let mut scopes = self.config.values().filter(|declared| declared.owner == owner);
        let wanted = scopes.find_map(|declared| match declared.what {
            What::Scope { restricted } => Some(restricted),
            _ => None,
        });
        let restored = changes.iter().any(|((type_name, _), change)| {
            let ends = matches!(change.action, Action::Destroy | Action::Replace);
            *type_name == SCOPE && ends && change.before.stored.state["project_id"] == owner
        });
        wanted.unwrap_or(restored || before.restricted.contains(&owner))
    }

    fn assert_allowed(
        &self,
        (owner, part): (u64, Part),
        before: &Server,
        after: &Server,
        changes: &BTreeMap<Address, Change>,
    ) {
        let declared = || self.config.values().filter(|declared| declared.owner == owner);
        let wanted: BTreeSet<_> =
            declared().flat_map(Declared::targets).filter(|target| part_of(*target) == part).collect();
        // What no list manages stays, unless the entry or list that it is of ends.
        let mut stays = BTreeSet::new();
        let mut may_stay = BTreeSet::new();
        if !declared().any(|declared| declared.whole(part).is_some()) {
            stays = of_part(&before.allowed, owner, part);
            for change in changes.values() {
                let held = of_part(&held(&change.before.stored.state), owner, part);
                match change.action {
                    Action::Destroy | Action::Replace => stays.retain(|target| !held.contains(target)),
                    // A list that gives up a kind lets go of its entries, whoever else is to remove them.
                    Action::Update => may_stay.extend(held),
                    Action::Create | Action::Nothing => {}
                }
            }
        }
        let allowed = of_part(&after.allowed, owner, part);
        let most: BTreeSet<_> = wanted.iter().chain(&stays).chain(&may_stay).copied().collect();
        // What one resource keeps and another takes away goes, if either's plan says so.
        let may_go = |target: &Target| {
            let holders = changes
                .values()
                .filter(|change| held(&change.before.stored.state).contains(&(owner, *target)));
            let holders: Vec<_> = holders.collect();
            let is_kept = holders.iter().any(|change| change.action == Action::Nothing);
            is_kept && holders.iter().any(|change| warns_of(change, *target))
        };
        let least = wanted.union(&stays).copied().filter(|target| !may_go(target));
        let least: BTreeSet<_> = least.collect();
        assert!(
            least.is_subset(&allowed) && allowed.is_subset(&most),
            "{part:?} of {owner}: {allowed:?}, not from {least:?} to {most:?}, by {:#?}",
            self.config
        );
    }
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
        daring: false,
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
fn the_server_is_as_configured_unless_a_plan_warned() {
    let runtime = Runtime::new().unwrap();
    let stories = (prop::collection::vec(declared(), 2..8), prop::collection::vec(step(), 1..5));
    hold(CASES, stories, |(first, steps)| runtime.block_on(live(first, &steps)));
}
