//! Applies any sequence of permissions to an entry, managed by itself or in the map of an exclusive
//! list, with faults and signals. The entry never has more permissions than before or than
//! configured, the state matches the server, and without further faults the goal is reached and
//! plans clean.

use std::collections::BTreeSet;

use gitlab_simulator::{Fault, Permissions, Route, Simulator, Target};
use plugin_host::{Action, Change, Diagnostic, Instance, Launch, Outcome, Walk, Wanted, failed};
use proptest::prelude::*;
use proptest::sample::subsequence;
use serde_json::json;
use tokio::runtime::Runtime;

use crate::check_all;
use crate::disturbance::{Disturbance, Stop, response_of, stop, stopped};
use crate::host::{BINARY, block};

const CASES: u32 = 40;
const OWNER: u64 = 1;
const TARGET: Target = Target::Project(2);
const PATH: &str = "acme/lib";
const POLICIES: [&str; 3] = ["ADMIN_PACKAGES", "READ_JOBS", "READ_PACKAGES"];

/// The permissions of an entry: the default ones, or only these policies.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Permitted {
    Default,
    Only(BTreeSet<String>),
}

/// The resource that manages the entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manager {
    Entry,
    List,
}

#[derive(Clone, Debug)]
struct Scenario {
    manager: Manager,
    /// The entry that exists before.
    before: Option<Permitted>,
    /// The goals, each applied once with its faults and signal. The last one is then applied
    /// without. `None` stands for no entry.
    goals: Vec<(Option<Permitted>, Vec<Disturbance>, Option<Stop>)>,
}

fn permitted() -> impl Strategy<Value = Permitted> {
    let policies = subsequence(&POLICIES[..], 1..=POLICIES.len());
    let only =
        policies.prop_map(|names| Permitted::Only(names.into_iter().map(str::to_owned).collect()));
    prop_oneof![1 => Just(Permitted::Default), 3 => only]
}

/// Generates a fault of a request about the entry. A request that was carried out never gets
/// GitLab's own rejection.
fn disturbance() -> impl Strategy<Value = Disturbance> {
    let doubtful = vec![
        Fault::DropsTheRequest,
        Fault::DropsTheResponse,
        Fault::BadGateway,
        Fault::InternalError,
        Fault::Unavailable { retry_after: None },
        Fault::BreaksOffTheBody,
        Fault::TruncatedJson,
        Fault::NotJson,
        response_of(200, "{}"),
        response_of(200, r#"{"data":null}"#),
        response_of(200, r#"{"data":{"written":null}}"#),
        response_of(
            200,
            r#"{"data":{"written":null},"errors":[{"message":"Timeout on GraphQL query"}]}"#,
        ),
        response_of(200, r#"{"data":{"project":null}}"#),
        response_of(404, r#"{"message":"no Route matched with those values"}"#),
        response_of(503, r#"{"message":"503 Service Unavailable"}"#),
    ];
    let refusing = vec![
        Fault::RejectsTheToken,
        Fault::GraphqlError(
            "The resource that you are attempting to access does not exist".to_owned(),
        ),
        response_of(403, r#"{"message":"403 Forbidden"}"#),
        response_of(400, r#"{"message":"400 Bad request"}"#),
    ];
    let fault = prop_oneof![
        3 => (prop::sample::select(doubtful), any::<bool>()),
        1 => (prop::sample::select(refusing), Just(false)),
    ];
    let route = prop_oneof![
        4 => Just(Route::GraphqlMutation),
        1 => Just(Route::GraphqlQuery),
        1 => Just(Route::AllowlistProjectsGet),
        1 => Just(Route::AllowlistProjectPost),
        2 => Just(Route::AllowlistProjectDelete),
    ];
    (fault, route, 0_usize..2, 1_usize..4).prop_map(
        |((fault, carried_out), route, after, times)| Disturbance {
            fault,
            route,
            after,
            times,
            carried_out,
        },
    )
}

fn scenario() -> impl Strategy<Value = Scenario> {
    let goal = prop::option::weighted(0.75, permitted());
    let goals =
        prop::collection::vec((goal, prop::collection::vec(disturbance(), 0..4), stop()), 1..5);
    let manager = prop::sample::select(vec![Manager::Entry, Manager::List]);
    (manager, prop::option::weighted(0.2, permitted()), goals)
        .prop_map(|(manager, before, goals)| Scenario { manager, before, goals })
}

impl Manager {
    fn resource(self) -> &'static str {
        match self {
            Self::Entry => "gitlab_job_token_allowlist_entry",
            Self::List => "gitlab_job_token_allowlist_exclusive",
        }
    }

    fn wanted(self, goal: Option<&Permitted>) -> Wanted {
        let Some(goal) = goal else { return Wanted::gone(self.resource()) };
        let permissions = match goal {
            Permitted::Default => json!({ "default_permissions": true }),
            Permitted::Only(policies) => json!({ "job_token_policies": policies }),
        };
        let mut arguments = json!({ "project": "acme/app" });
        match self {
            Self::Entry => {
                arguments["target_project"] = PATH.into();
                arguments.as_object_mut().unwrap().extend(permissions.as_object().unwrap().clone());
            }
            Self::List => arguments["projects"] = json!({ PATH: permissions }),
        }
        Wanted::new(self.resource(), arguments)
    }

    fn of_state(self, instance: &Instance) -> Option<Permitted> {
        let state = &instance.stored.state;
        let entry = match self {
            Self::Entry => state,
            Self::List => state["projects"].get(PATH)?,
        };
        let policies = || entry["job_token_policies"].as_array().into_iter().flatten();
        Some(match entry["default_permissions"].as_bool() {
            Some(true) => Permitted::Default,
            None if self == Self::Entry => Permitted::Default,
            Some(false) | None => Permitted::Only(
                policies().map(|policy| policy.as_str().unwrap().to_owned()).collect(),
            ),
        })
    }
}

impl Permitted {
    fn of_server(gitlab: &Simulator) -> Option<Self> {
        let Permissions { default_permissions, job_token_policies } =
            gitlab.permissions(OWNER, TARGET)?;
        Some(match default_permissions {
            true => Self::Default,
            false => Self::Only(job_token_policies.into_iter().collect()),
        })
    }

    fn on_the_server(&self) -> Permissions {
        match self {
            Self::Default => Permissions::default(),
            Self::Only(policies) => Permissions::limited_to(policies),
        }
    }
}

struct World {
    manager: Manager,
    gitlab: Simulator,
    instance: Instance,
    /// Whether an entry may exist that isn't in the state.
    others: bool,
}

/// Returns whether this says that a removal leaves the entry.
fn says_left(diagnostic: &Diagnostic) -> bool {
    diagnostic.summary.starts_with("Not removed")
}

impl World {
    fn of(scenario: &Scenario) -> Self {
        let gitlab = Simulator::start();
        assert_eq!(gitlab.add_project("acme/app"), OWNER);
        assert_eq!(gitlab.add_project(PATH), TARGET.id());
        if let Some(before) = &scenario.before {
            gitlab.allow_with(OWNER, TARGET, before.on_the_server());
        }
        let Scenario { manager, before, .. } = scenario;
        Self { manager: *manager, gitlab, instance: Instance::default(), others: before.is_some() }
    }

    async fn walk(&self) -> Walk {
        Walk::start(&Launch::new(BINARY), block(&self.gitlab)).await.unwrap()
    }

    /// Runs a plan and a disturbed apply. Returns whether it succeeded.
    async fn run(
        &mut self,
        goal: Option<&Permitted>,
        disturbances: &[Disturbance],
        stop: Option<Stop>,
    ) -> bool {
        let walk = self.walk().await;
        if !self.instance.stored.state.is_null() {
            self.instance = walk.refresh(self.manager.resource(), &self.instance).await.unwrap();
        }
        let change = walk.plan(&self.manager.wanted(goal), self.instance.clone()).await.unwrap();
        let before = Permitted::of_server(&self.gitlab);
        disturbances.iter().for_each(|disturbance| self.gitlab.inject(disturbance.injection()));
        self.gitlab.clear_requests();
        let walk = self.walk().await;
        let outcome = stopped(stop, &walk.host, &self.gitlab, walk.apply(&change)).await.unwrap();
        self.gitlab.clear_faults();
        self.assert_holds(goal, before.as_ref(), &change, &outcome);
        let is_left = outcome.diagnostics.iter().any(says_left);
        // A failed create of a list leaves no state, and the next one adopts what it has added.
        let is_untracked = self.manager == Manager::List && change.action == Action::Create;
        let may_be_left = outcome.instance.is_none() && (is_left || is_untracked);
        self.others |= may_be_left && Permitted::of_server(&self.gitlab).is_some();
        self.instance = outcome.instance.unwrap_or_default();
        !failed(&outcome.diagnostics)
    }

    fn assert_holds(
        &self,
        goal: Option<&Permitted>,
        before: Option<&Permitted>,
        change: &Change,
        outcome: &Outcome,
    ) {
        let now = Permitted::of_server(&self.gitlab);
        let Outcome { instance, diagnostics, .. } = outcome;
        let may_be = now.is_none() || now.as_ref() == before || now.as_ref() == goal;
        assert!(may_be, "{now:?} on the way from {before:?} to {goal:?}: {diagnostics:?}");
        match instance {
            _ if change.action == Action::Nothing => {}
            // A replacement that ends between its two steps leaves the entry, and says so.
            None if change.action == Action::Replace && diagnostics.iter().any(says_left) => {}
            None if self.manager == Manager::List && change.action == Action::Create => {}
            None => {
                let is_ours = change.action != Action::Create;
                assert!(
                    now.is_none() || (!is_ours && now.as_ref() == before),
                    "{now:?} is left: {diagnostics:?}"
                );
            }
            Some(instance) if !failed(diagnostics) => {
                assert_eq!(now.as_ref(), goal, "{diagnostics:?}");
                assert_eq!(now, self.manager.of_state(instance));
            }
            // A tainted object may exist or not.
            Some(instance) if instance.tainted => {}
            Some(instance) => {
                let is_unread = self.gitlab.requests().iter().any(|request| {
                    request.faulty
                        && matches!(
                            request.route,
                            Route::GraphqlQuery | Route::AllowlistProjectsGet
                        )
                });
                let is_same = now == self.manager.of_state(instance);
                assert!(
                    is_same || is_unread || now.is_none(),
                    "{now:?} is {instance:?}: {diagnostics:?}"
                );
            }
        }
    }
}

async fn run_scenario(scenario: Scenario) {
    let mut world = World::of(&scenario);
    for (goal, disturbances, stop) in &scenario.goals {
        world.run(goal.as_ref(), disturbances, *stop).await;
    }
    let (goal, ..) = scenario.goals.last().unwrap();
    assert!(world.run(goal.as_ref(), &[], None).await, "the goal is not reached");
    if goal.is_some() || !world.others {
        assert_eq!(Permitted::of_server(&world.gitlab), *goal);
    }
    world.gitlab.clear_requests();
    assert!(world.run(goal.as_ref(), &[], None).await);
    assert_eq!(world.gitlab.requests().writes().to_string(), "", "a second run writes");
}

#[test]
fn permissions_converge_despite_any_fault() {
    let runtime = Runtime::new().unwrap();
    check_all(CASES, scenario(), |scenario| runtime.block_on(run_scenario(scenario)));
}

/// A separate scenario with the deepest call stack, which once overflowed.
#[test]
fn permissions_of_a_list_survive_a_lost_write() {
    let restricted = Permitted::Only(["READ_PACKAGES".to_owned()].into());
    let lost = Disturbance {
        fault: Fault::DropsTheRequest,
        route: Route::GraphqlMutation,
        after: 0,
        times: 1,
        carried_out: false,
    };
    let goals =
        vec![(Some(Permitted::Default), vec![], None), (Some(restricted), vec![lost], None)];
    let runtime = Runtime::new().unwrap();
    runtime.block_on(run_scenario(Scenario { manager: Manager::List, before: None, goals }));
}
