//! Runs each step with a plan walk and an apply walk, and checks the result.

use futures_util::future::join_all;
use plugin_host::{Launch, Outcome, Walk, failed};

use super::*;
use crate::host::{BINARY, block};

impl World {
    pub(super) fn new() -> Self {
        let gitlab = Simulator::start();
        for other in 1..=OTHERS {
            gitlab.add_project(&format!("others/project-{other}"));
        }
        for source in SOURCES {
            assert_eq!(gitlab.add_project(&format!("acme/source-{source}")), source);
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
        Self { gitlab, config: BTreeMap::new(), names: 0, state: BTreeMap::new(), converged: true }
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
                Edit::Duplicate(which) => {
                    let (name, first) = (self.name(), self.config[which.get(&names)].clone());
                    self.config.insert(name, Declared { by_path: !first.by_path, ..first });
                }
                Edit::Merge(which, beside) => {
                    let (name, first) = (self.name(), self.config[which.get(&names)].clone());
                    let Some(list) = self.list_of_all(&first) else { continue };
                    if !beside {
                        self.config
                            .retain(|_, declared| declared.parts().is_disjoint(&list.parts()));
                    }
                    self.config.insert(name, list);
                }
                Edit::Split(which) => {
                    let list = self.config[which.get(&names)].clone();
                    let What::List { .. } = list.what else { continue };
                    self.config.remove(which.get(&names));
                    for target in list.targets() {
                        let name = self.name();
                        self.config
                            .insert(name, Declared { what: What::Entry(target), ..list.clone() });
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
            if !step.allows_conflicts && count_conflicts(&self.config) > count_conflicts(&earlier) {
                self.config = earlier;
            }
        }
        for (source, target) in &step.outside {
            if !self.gitlab.revoke(*source, *target) {
                self.gitlab.allow(*source, *target);
            }
        }
    }

    /// Returns a list of everything that the configuration has for the project and kinds of a
    /// resource, if it has any.
    fn list_of_all(&self, first: &Declared) -> Option<Declared> {
        let wanted = self.config.values().filter(|declared| declared.source == first.source);
        let wanted: BTreeSet<Target> = wanted.flat_map(Declared::targets).collect();
        let of = |part| wanted.iter().copied().filter(|target| part_of(*target) == part).collect();
        let managed = |part| first.parts().contains(&(first.source, part)).then(|| of(part));
        let (projects, groups) = (managed(Part::Projects), managed(Part::Groups));
        let some = projects.is_some() || groups.is_some();
        some.then(|| Declared { what: What::List { projects, groups }, ..first.clone() })
    }

    fn server(&self) -> Server {
        let allowed = SOURCES.into_iter().flat_map(|source| {
            let list = self.gitlab.allowlist(source);
            let projects = list.projects.into_iter().map(Target::Project);
            projects
                .chain(list.groups.into_iter().map(Target::Group))
                .map(move |target| (source, target))
        });
        let restricted = SOURCES.into_iter().filter(|source| self.gitlab.inbound_enabled(*source));
        Server { allowed: allowed.collect(), restricted: restricted.collect() }
    }

    /// Returns whether the state matches the server.
    fn is_up_to_date(&self) -> bool {
        let server = self.server();
        self.state.values().all(|Kept { instance, declared }| {
            let (source, state) = (declared.source, &instance.stored.state);
            let held = held(state);
            let is_whole = |part| {
                let same =
                    || of_part(&held, source, part) == of_part(&server.allowed, source, part);
                declared.whole(part).is_none() || same()
            };
            let restricted = server.restricted.contains(&source);
            let is_same = declared.type_name() != SCOPE || state["inbound_enabled"] == restricted;
            !instance.tainted
                && held.is_subset(&server.allowed)
                && PARTS.into_iter().all(is_whole)
                && is_same
        })
    }

    async fn walk(&self, step: &Step) -> Walk {
        let mut walk = Walk::start(&Launch::new(BINARY), block(&self.gitlab)).await.unwrap();
        walk.host.connection.stores_planned_private = step.stores_planned_private;
        walk
    }

    /// Runs the plan walk: reads and plans everything in the configuration and the state
    /// concurrently.
    async fn plan(&self, step: &Step) -> BTreeMap<Address, Change> {
        let declared =
            self.config.iter().map(|(name, declared)| ((declared.type_name(), *name), declared));
        let declared: BTreeMap<Address, &Declared> = declared.collect();
        let addresses: BTreeSet<_> = declared.keys().chain(self.state.keys()).copied().collect();
        let replaced = step.replaced.filter(|_| !declared.is_empty());
        let replaced =
            replaced.map(|which| *declared.keys().nth(which.index(declared.len())).unwrap());
        let refresh = if self.is_up_to_date() { step.refresh } else { Refresh::Full };
        let walk = &self.walk(step).await;
        let plans = addresses.into_iter().enumerate().map(|(place, address)| {
            let wanted = match declared.get(&address) {
                Some(declared) => declared.wanted(replaced == Some(address)),
                None => Wanted::gone(address.0),
            };
            let stored =
                self.state.get(&address).map(|kept| kept.instance.clone()).unwrap_or_default();
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
                let before =
                    if is_there { walk.refresh(address.0, &stored).await.unwrap() } else { stored };
                pause(step, place + 1).await;
                (address, walk.plan(&wanted, before).await.unwrap())
            }
        });
        join_all(plans).await.into_iter().collect()
    }

    /// Runs the apply walk: applies all changes concurrently.
    async fn apply(
        &self,
        step: &Step,
        changes: &BTreeMap<Address, Change>,
    ) -> BTreeMap<Address, Outcome> {
        let walk = &self.walk(step).await;
        let applies = changes.iter().enumerate().map(|(place, (address, change))| async move {
            pause(step, place + 2).await;
            (*address, walk.apply(change).await.unwrap())
        });
        join_all(applies).await.into_iter().collect()
    }

    /// Stores the result of each instance's apply.
    fn store(&mut self, changes: &BTreeMap<Address, Change>, outcomes: BTreeMap<Address, Outcome>) {
        let mut state = BTreeMap::new();
        for (address, outcome) in outcomes {
            let earlier = self.state.get(&address).map(|kept| kept.declared.clone());
            let now =
                self.config.get(&address.1).filter(|now| now.type_name() == address.0).cloned();
            let declared =
                if changes[&address].action == Action::Destroy { earlier } else { now.or(earlier) };
            let declared = declared.expect("every instance was declared once");
            if let Some(instance) = outcome.instance {
                state.insert(address, Kept { instance, declared: declared.clone() });
            }
            if let Some(instance) = outcome.deposed {
                // Core keeps it as a deposed object; here it only matters that the next run
                // destroys it.
                state.insert((address.0, self.name()), Kept { instance, declared });
            }
        }
        self.state = state;
    }

    /// Runs a plan and an apply.
    pub(super) async fn run(&mut self, step: &Step) {
        self.edit(step);
        let changes = self.plan(step).await;
        self.assert_warnings(&changes);
        let before = self.server();
        step.disturbances
            .iter()
            .for_each(|disturbance| self.gitlab.inject(disturbance.injection()));
        let outcomes = self.apply(step, &changes).await;
        self.gitlab.clear_faults();
        let diagnostics: Vec<_> =
            outcomes.values().flat_map(|outcome| &outcome.diagnostics).collect();
        let succeeded = !outcomes.values().any(|outcome| failed(&outcome.diagnostics));
        if !changes.values().any(warns_of_a_conflict) && step.disturbances.is_empty() {
            assert!(succeeded, "{diagnostics:#?}");
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
        self.converged = succeeded;
    }

    /// Checks that conflicts, and nothing else, cause conflict warnings.
    fn assert_warnings(&self, changes: &BTreeMap<Address, Change>) {
        let now: Vec<_> = self.config.values().collect();
        for (one, other) in pairs(&now) {
            if one.conflicts_with(other) {
                let common: Vec<_> = one.parts().intersection(&other.parts()).copied().collect();
                let warned = self.exempt(changes);
                assert!(
                    common.iter().any(|part| warned.contains(part)),
                    "no conflict of {one:?} and {other:?}"
                );
            }
        }
        let earlier: Vec<_> = self.state.values().map(|kept| &kept.declared).collect();
        let overlap = pairs(&now).chain(pairs(&earlier)).any(|(one, other)| one.overlaps(other));
        if self.converged && !overlap {
            let accused = changes.values().find(|change| warns_of_a_conflict(change));
            assert!(accused.is_none(), "a warning without a conflict: {accused:#?}");
        }
    }

    /// Returns the parts of which a plan says that there is a conflict.
    fn exempt(&self, changes: &BTreeMap<Address, Change>) -> BTreeSet<(u64, Part)> {
        let warning = changes.iter().filter(|(_, change)| warns_of_a_conflict(change));
        let declared = warning.flat_map(|(address, _)| {
            let now = self.config.get(&address.1).filter(|now| now.type_name() == address.0);
            now.into_iter().chain(self.state.get(address).map(|kept| &kept.declared))
        });
        declared.flat_map(Declared::parts).collect()
    }

    fn assert_configured(
        &self,
        before: &Server,
        after: &Server,
        changes: &BTreeMap<Address, Change>,
    ) {
        let exempt = self.exempt(changes);
        for part in SOURCES.into_iter().flat_map(|source| PARTS.map(|part| (source, part))) {
            if exempt.contains(&part) {
                continue;
            }
            if part.1 == Part::Access {
                let wanted = self.wants_restricted(part.0, before, changes);
                assert_eq!(
                    after.restricted.contains(&part.0),
                    wanted,
                    "{part:?} of {:#?}",
                    self.config
                );
            } else {
                self.assert_allowed(part, before, after, changes);
            }
        }
    }

    fn wants_restricted(
        &self,
        source: u64,
        before: &Server,
        changes: &BTreeMap<Address, Change>,
    ) -> bool {
        let mut scopes = self.config.values().filter(|declared| declared.source == source);
        let wanted = scopes.find_map(|declared| match declared.what {
            What::Scope { restricted } => Some(restricted),
            _ => None,
        });
        let restored = changes.iter().any(|((type_name, _), change)| {
            let ends = matches!(change.action, Action::Destroy | Action::Replace);
            *type_name == SCOPE && ends && change.before.stored.state["project_id"] == source
        });
        wanted.unwrap_or(restored || before.restricted.contains(&source))
    }

    fn assert_allowed(
        &self,
        (source, part): (u64, Part),
        before: &Server,
        after: &Server,
        changes: &BTreeMap<Address, Change>,
    ) {
        let declared = || self.config.values().filter(|declared| declared.source == source);
        let wanted: BTreeSet<_> = declared()
            .flat_map(Declared::targets)
            .filter(|target| part_of(*target) == part)
            .collect();
        // What no list manages stays, unless the entry or list that it is of ends.
        let mut stays = BTreeSet::new();
        let mut may_stay = BTreeSet::new();
        if !declared().any(|declared| declared.whole(part).is_some()) {
            stays = of_part(&before.allowed, source, part);
            for change in changes.values() {
                let held = of_part(&held(&change.before.stored.state), source, part);
                match change.action {
                    Action::Destroy | Action::Replace => {
                        stays.retain(|target| !held.contains(target))
                    }
                    // A list that drops a kind keeps its entries, even if another resource removes
                    // them.
                    Action::Update => may_stay.extend(held),
                    Action::Create | Action::Nothing => {}
                }
            }
        }
        let allowed = of_part(&after.allowed, source, part);
        let most: BTreeSet<_> = wanted.iter().chain(&stays).chain(&may_stay).copied().collect();
        // An entry that one resource keeps and another removes is removed if either plan says so.
        let may_go = |target: &Target| {
            let holders = changes
                .values()
                .filter(|change| held(&change.before.stored.state).contains(&(source, *target)));
            let holders: Vec<_> = holders.collect();
            let is_kept = holders.iter().any(|change| change.action == Action::Nothing);
            is_kept && holders.iter().any(|change| warns_of(change, *target))
        };
        let least = wanted.union(&stays).copied().filter(|target| !may_go(target));
        let least: BTreeSet<_> = least.collect();
        assert!(
            least.is_subset(&allowed) && allowed.is_subset(&most),
            "{part:?} of {source}: {allowed:?}, not from {least:?} to {most:?}, by {:#?}",
            self.config
        );
    }
}
