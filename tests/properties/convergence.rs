//! Applies any sequence of allowlists with any faults and signals. No write grants access that the
//! current goal doesn't name, or removes access that it does. Unmanaged kinds aren't changed, the
//! state matches the server, and without further faults the goal is reached and plans clean.

use std::collections::BTreeSet;

use gitlab_simulator::{Allowlist, Fault, Logged, Route, Simulator, Target};
use plugin_host::Applied;
use proptest::prelude::*;
use proptest::sample::subsequence;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::check_all;
use crate::disturbance::{Disturbance, LISTS, Stop, disturbance, response_of, stop, stopped};
use crate::host::{Resource, block, failed};

const CASES: u32 = 40;
const APP: u64 = 1;
/// Number of targets of each kind.
const TARGETS: u64 = 6;

/// The desired targets of each kind, as indexes; none for a kind that isn't managed.
#[derive(Clone, Debug)]
struct Goal {
    projects: Option<BTreeSet<usize>>,
    groups: Option<BTreeSet<usize>>,
    by_path: bool,
}

#[derive(Clone, Debug)]
struct Scenario {
    projects: BTreeSet<usize>,
    groups: BTreeSet<usize>,
    /// The goals, each applied once with its faults and signal. The last one is then applied
    /// without.
    goals: Vec<(Goal, Vec<Disturbance>, Option<Stop>)>,
}

fn places() -> impl Strategy<Value = BTreeSet<usize>> {
    let all: Vec<usize> = (0..usize::try_from(TARGETS).unwrap()).collect();
    let most = all.len();
    subsequence(all, 0..=most).prop_map(|places| places.into_iter().collect())
}

fn goal() -> impl Strategy<Value = Goal> {
    let goals = (
        prop::option::weighted(0.8, places()),
        prop::option::weighted(0.8, places()),
        any::<bool>(),
    );
    goals.prop_filter_map("one kind at least is managed", |(projects, groups, by_path)| {
        (projects.is_some() || groups.is_some()).then_some(Goal { projects, groups, by_path })
    })
}

fn scenario() -> impl Strategy<Value = Scenario> {
    let goals = (goal(), prop::collection::vec(disturbance(), 0..5), stop());
    let goals = prop::collection::vec(goals, 1..4);
    (places(), places(), goals).prop_map(|(projects, groups, goals)| Scenario {
        projects,
        groups,
        goals,
    })
}

/// A GitLab with the targets, and a provider that manages one project's allowlist.
struct World {
    gitlab: Simulator,
    resource: Resource,
    projects: Vec<u64>,
    groups: Vec<u64>,
}

async fn start(gitlab: &Simulator) -> Resource {
    Resource::start("gitlab_job_token_allowlist_exclusive", block(gitlab)).await
}

impl World {
    async fn of(scenario: &Scenario) -> Self {
        let gitlab = Simulator::start();
        assert_eq!(gitlab.add_project("acme/app"), APP);
        let projects =
            (0..TARGETS).map(|place| gitlab.add_project(&format!("acme/p{place}"))).collect();
        let groups = (0..TARGETS).map(|place| gitlab.add_group(&format!("g{place}"))).collect();
        let resource = start(&gitlab).await;
        let world = Self { gitlab, resource, projects, groups };
        world
            .ids(&world.projects, &scenario.projects)
            .for_each(|id| world.gitlab.allow(APP, Target::Project(id)));
        world
            .ids(&world.groups, &scenario.groups)
            .for_each(|id| world.gitlab.allow(APP, Target::Group(id)));
        world
    }

    fn ids<'a>(
        &self,
        targets: &'a [u64],
        places: &'a BTreeSet<usize>,
    ) -> impl Iterator<Item = u64> + use<'a> {
        places.iter().map(|place| targets[*place])
    }

    fn config(&self, goal: &Goal) -> Value {
        let ids_of = |targets: &[u64], places: &Option<BTreeSet<usize>>| {
            places.as_ref().map(|places| self.ids(targets, places).collect::<Vec<_>>())
        };
        // Half of the cases use paths, the others IDs.
        let texts = |places: &Option<BTreeSet<usize>>, path: fn(usize) -> String| {
            places
                .as_ref()
                .map(|places| places.iter().map(|place| path(*place)).collect::<Vec<_>>())
        };
        if goal.by_path {
            let projects = texts(&goal.projects, |place| format!("acme/p{place}"));
            let groups = texts(&goal.groups, |place| format!("g{place}"));
            json!({"project": "acme/app", "target_projects": projects, "target_groups": groups})
        } else {
            let projects = ids_of(&self.projects, &goal.projects);
            let groups = ids_of(&self.groups, &goal.groups);
            json!({"project": "1", "target_project_ids": projects, "target_group_ids": groups})
        }
    }

    /// Returns the allowlist that reaching the goal must result in.
    fn wanted(&self, goal: &Goal, before: &Allowlist) -> Allowlist {
        let kind = |places: &Option<BTreeSet<usize>>, targets: &[u64], before: &BTreeSet<u64>| {
            match places {
                Some(places) => self.ids(targets, places).collect(),
                None => before.clone(),
            }
        };
        Allowlist {
            projects: kind(&goal.projects, &self.projects, &before.projects),
            groups: kind(&goal.groups, &self.groups, &before.groups),
        }
    }

    /// Does what a run of the program does: refresh, plan, apply. Returns whether it succeeded.
    async fn run(&mut self, goal: &Goal, stop: Option<Stop>, state: &mut Value) -> bool {
        self.resource.begin_run().await;
        if !state.is_null() {
            let Some(read) = self.resource.refresh(state).await else { return false };
            *state = read;
        }
        let planned = self.resource.plan(state, &self.config(goal)).await;
        let Some((plan, planned)) = planned else { return false };
        if planned.state == *state {
            return true;
        }
        let before = self.gitlab.allowlist(APP);
        self.gitlab.clear_requests();
        let apply = self.resource.apply(&plan, &planned);
        let applied = stopped(stop, &self.resource.host, &self.gitlab, apply).await;
        if stop.is_some() {
            // A stopped host can't be used for another run.
            self.resource = start(&self.gitlab).await;
        }
        self.assert_writes(goal, &before);
        self.assert_state(&plan.prior, &applied);
        let succeeded = !failed(&applied.diagnostics);
        if succeeded {
            assert_eq!(self.gitlab.allowlist(APP), self.wanted(goal, &before));
        }
        *state = applied.state;
        succeeded
    }

    /// Panics if a write adds a target that the goal doesn't name, removes one that it does, or
    /// touches a kind that isn't managed.
    fn assert_writes(&self, goal: &Goal, before: &Allowlist) {
        let wanted = self.wanted(goal, before);
        let names = |target| match target {
            Target::Project(id) => wanted.projects.contains(&id),
            Target::Group(id) => wanted.groups.contains(&id),
        };
        let manages = |target| match target {
            Target::Project(_) => goal.projects.is_some(),
            Target::Group(_) => goal.groups.is_some(),
        };
        for write in self.gitlab.requests().writes().iter() {
            let target = write.target.unwrap_or_else(|| panic!("{write} has no target"));
            assert!(manages(target), "{write} is about a kind that is not managed");
            assert_eq!(write.method == "POST", names(target), "{write} leads away from the goal");
        }
    }

    /// Panics unless the state after an apply matches the server's entries of the managed kinds. If
    /// the allowlist couldn't be read after a failure, the state must be unchanged, and a failed
    /// create must leave none.
    fn assert_state(&self, prior: &Value, applied: &Applied) {
        let failed = failed(&applied.diagnostics);
        if failed && prior.is_null() {
            assert_eq!(applied.state, Value::Null, "a failed create leaves no state");
            return;
        }
        let is_faulty = |request: &Logged| request.faulty && LISTS.contains(&request.route);
        let unreadable = self.gitlab.requests().iter().any(is_faulty);
        if failed && unreadable && applied.state == *prior {
            return;
        }
        let list = self.gitlab.allowlist(APP);
        for (attribute, held) in
            [("target_project_ids", &list.projects), ("target_group_ids", &list.groups)]
        {
            if let Value::Array(ids) = &applied.state[attribute] {
                let ids: BTreeSet<u64> = ids.iter().map(|id| id.as_u64().unwrap()).collect();
                assert_eq!(&ids, held, "{attribute} after {:?}", applied.diagnostics);
            }
        }
    }
}

async fn run_scenario(scenario: Scenario) {
    let mut world = World::of(&scenario).await;
    let mut state = Value::Null;
    for (goal, disturbances, stop) in &scenario.goals {
        disturbances.iter().for_each(|disturbance| world.gitlab.inject(disturbance.injection()));
        world.run(goal, *stop, &mut state).await;
        world.gitlab.clear_faults();
    }
    let (goal, ..) = scenario.goals.last().unwrap();
    let before = world.gitlab.allowlist(APP);
    assert!(world.run(goal, None, &mut state).await, "the goal is not reached");
    assert_eq!(world.gitlab.allowlist(APP), world.wanted(goal, &before));
    world.gitlab.clear_requests();
    assert!(world.run(goal, None, &mut state).await);
    assert_eq!(world.gitlab.requests().writes().to_string(), "", "a second run writes");
}

/// Found by the test below: a failed removal followed by a missing list was reported as a removal.
#[test]
fn briefly_hidden_list_proves_no_removal() {
    let goal = |projects: &[usize]| Goal {
        projects: Some(projects.iter().copied().collect()),
        groups: None,
        by_path: false,
    };
    let fails = Disturbance {
        fault: Fault::BadGateway,
        route: Route::AllowlistProjectDelete,
        after: 0,
        times: 1,
        carried_out: false,
    };
    let is_hidden = Disturbance {
        fault: response_of(404, r#"{"message":"404 Not found"}"#),
        route: Route::AllowlistProjectsGet,
        after: 1,
        ..fails.clone()
    };
    let goals = vec![(goal(&[0, 4]), Vec::new(), None), (goal(&[]), vec![fails, is_hidden], None)];
    let scenario = Scenario { projects: BTreeSet::new(), groups: BTreeSet::new(), goals };
    Runtime::new().unwrap().block_on(run_scenario(scenario));
}

/// Found by the test below: a removal that succeeded with an authentication error kept the target
/// in the shared snapshot.
#[test]
fn failed_reversal_leaves_no_outdated_snapshot() {
    let goal = |groups: &[usize]| Goal {
        projects: None,
        groups: Some(groups.iter().copied().collect()),
        by_path: false,
    };
    let refused = Disturbance {
        fault: Fault::RejectsTheToken,
        route: Route::AllowlistGroupDelete,
        after: 0,
        times: 1,
        carried_out: true,
    };
    let goals = vec![(goal(&[]), vec![refused], None), (goal(&[4]), Vec::new(), None)];
    let scenario = Scenario { projects: BTreeSet::new(), groups: BTreeSet::from([4]), goals };
    Runtime::new().unwrap().block_on(run_scenario(scenario));
}

#[test]
fn any_list_converges_to_any_other_despite_faults() {
    let runtime = Runtime::new().unwrap();
    check_all(CASES, scenario(), |scenario| runtime.block_on(run_scenario(scenario)));
}
