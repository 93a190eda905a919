//! Hand-over in one apply: one resource removes an object and another adds it. Whatever the order
//! of requests, the server then matches the configuration.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::time::Duration;

use futures_util::future::join_all;
use gitlab_simulator::{Barrier, Fault, Permissions, Route, Simulator, Target};
use plugin_host::{Action, Change, Error, Instance, Outcome, Walk, Wanted, failed};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::kit::{ENTRY, EXCLUSIVE, SCOPE};
use crate::{LIMIT, launch};

mod keepers;
mod orders;

use orders::{EVERY_ORDER, Order, SOME_ORDERS, apply};

const APP: u64 = 1;
/// Long enough for the other side to finish, unless it waits for the delayed side.
const SHORT: Duration = Duration::from_millis(400);

const REMOVALS: [Route; 3] = [Route::AllowlistProjectDelete, Route::ScopePatch, Route::ProjectPut];
const ADDITIONS: [Route; 4] =
    [Route::AllowlistProjectPost, Route::GraphqlMutation, Route::ScopePatch, Route::ProjectPut];
const READINGS: [Route; 4] =
    [Route::AllowlistProjectsGet, Route::GraphqlQuery, Route::ScopeGet, Route::ProjectGet];

/// Resources by name.
type Configuration = BTreeMap<String, Wanted>;
/// Instances by name.
type State = BTreeMap<String, Instance>;

/// The two configurations of a hand-over.
struct HandOver {
    before: Configuration,
    after: Configuration,
}

/// Starts a GitLab with project 1, `targets` projects for its allowlist, and one more.
fn gitlab(targets: u64) -> Simulator {
    let gitlab = Simulator::start();
    assert_eq!(gitlab.add_project("acme/app"), APP);
    for id in ids(targets + 1) {
        assert_eq!(gitlab.add_project(&path(id)), id);
    }
    gitlab
}

fn ids(targets: u64) -> impl Iterator<Item = u64> + Clone {
    (1..=targets).map(|target| APP + target)
}

fn path(id: u64) -> String {
    format!("acme/target-{id}")
}

async fn start(gitlab: &Simulator) -> Walk {
    let block = json!({
        "base_url": gitlab.api_url(), "token": gitlab.token(), "early_auth_check": false, "retries": 0,
        // Requests that are held leave room for others.
        "max_concurrent_requests": 200,
    });
    Walk::start(&launch(), block).await.unwrap()
}

/// Plans each resource of a configuration, then the removal of those that it no longer has.
async fn plan(
    walk: &Walk,
    config: &Configuration,
    old: &Configuration,
    state: &State,
) -> Vec<(String, Change)> {
    let removed = old.iter().filter(|(name, _)| !config.contains_key(*name));
    let removed = removed.map(|(name, was)| (name.clone(), Wanted::gone(was.type_name)));
    let all = config.iter().map(|(name, wanted)| (name.clone(), wanted.clone())).chain(removed);
    let mut changes = Vec::new();
    for (name, wanted) in all {
        let stored = state.get(&name).cloned();
        let before = match stored {
            Some(stored) => walk.refresh(wanted.type_name, &stored).await.unwrap(),
            None => Instance::default(),
        };
        changes.push((name, walk.plan(&wanted, before).await.unwrap()));
    }
    changes
}

/// Applies a new configuration.
async fn establish(gitlab: &Simulator, config: &Configuration) -> State {
    let changes = plan(&start(gitlab).await, config, &Configuration::new(), &State::new()).await;
    let walk = start(gitlab).await;
    let mut state = State::new();
    for (name, change) in changes {
        let outcome = walk.apply(&change).await.unwrap();
        assert!(!failed(&outcome.diagnostics), "{:#?}", outcome.diagnostics);
        state.insert(name, outcome.instance.unwrap());
    }
    state
}

/// The entries and settings on the server.
#[derive(Clone, Debug, PartialEq)]
struct Server {
    /// The entries, with their policies unless they have the default permissions.
    allowed: BTreeMap<u64, Option<BTreeSet<String>>>,
    /// By project: access is restricted, and pushes are allowed.
    settings: BTreeMap<u64, (bool, bool)>,
}

impl Server {
    fn of(gitlab: &Simulator, targets: u64) -> Self {
        let allowed = gitlab.allowlist(APP).projects.into_iter().map(|id| {
            let held = gitlab.permissions(APP, Target::Project(id)).unwrap();
            (id, (!held.default_permissions).then(|| held.job_token_policies.into_iter().collect()))
        });
        let settings = ids(targets).map(|id| {
            (id, (gitlab.inbound_enabled(id), gitlab.push_repository_for_job_token_allowed(id)))
        });
        Self { allowed: allowed.collect(), settings: settings.collect() }
    }

    /// Describes the difference from the desired state.
    fn difference(&self, wanted: &Self) -> String {
        let lost: Vec<_> =
            wanted.allowed.keys().filter(|id| !self.allowed.contains_key(id)).collect();
        let others =
            self.allowed.iter().filter(|(id, policies)| wanted.allowed.get(id) != Some(policies));
        let settings =
            self.settings.iter().filter(|(id, settings)| wanted.settings[*id] != **settings);
        let (others, settings): (Vec<_>, Vec<_>) = (others.collect(), settings.collect());
        format!("lost {lost:?}, now {others:?}, settings now {settings:?}")
    }

    fn restore(&self, gitlab: &Simulator) {
        for id in gitlab.allowlist(APP).projects {
            gitlab.revoke(APP, Target::Project(id));
        }
        for (id, policies) in &self.allowed {
            let permissions =
                policies.iter().map(Permissions::limited_to).next().unwrap_or_default();
            gitlab.allow_with(APP, Target::Project(*id), permissions);
        }
        for (id, (restricted, push)) in &self.settings {
            gitlab.set_inbound_enabled(*id, *restricted);
            gitlab.set_push_repository_for_job_token_allowed(*id, *push);
        }
    }
}

/// Returns the server that a configuration makes of one where nothing is yet.
async fn configured(config: &Configuration, targets: u64) -> Server {
    let gitlab = gitlab(targets);
    establish(&gitlab, config).await;
    Server::of(&gitlab, targets)
}

/// Runs a hand-over of this number of targets in these orders. Returns those after which the server
/// isn't as configured.
async fn broken(case: fn(u64) -> HandOver, targets: u64, orders: &[Order]) -> Vec<String> {
    let gitlab = gitlab(targets);
    let HandOver { before, after } = case(targets);
    let state = establish(&gitlab, &before).await;
    let held = Server::of(&gitlab, targets);
    let wanted = configured(&after, targets).await;
    let changes = plan(&start(&gitlab).await, &after, &before, &state).await;
    let changes: Vec<_> = changes.into_iter().map(|(_, change)| change).collect();
    assert!(
        changes.iter().all(|change| change.action != Action::Nothing),
        "nothing is handed over"
    );
    let conflict = changes.iter().flat_map(|change| &change.warnings).find(|diagnostic| {
        format!("{} {}", diagnostic.summary, diagnostic.detail).to_lowercase().contains("conflict")
    });
    let mut broken: Vec<_> =
        conflict.iter().map(|diagnostic| format!("{targets}: {diagnostic:?}")).collect();
    for order in orders {
        held.restore(&gitlab);
        let walk = start(&gitlab).await;
        let Ok(outcomes) = timeout(LIMIT, apply(&walk, &gitlab, &changes, *order)).await else {
            broken.push(format!("{targets}, {order:?}: no end"));
            continue;
        };
        let diagnostics: Vec<_> =
            outcomes.iter().flat_map(|outcome| &outcome.diagnostics).collect();
        if outcomes.iter().any(|outcome| failed(&outcome.diagnostics)) {
            broken.push(format!("{targets}, {order:?}: {diagnostics:#?}"));
        } else if Server::of(&gitlab, targets) != wanted {
            let difference = Server::of(&gitlab, targets).difference(&wanted);
            broken.push(format!("{targets}, {order:?}: {difference}"));
        }
    }
    broken
}

async fn assert_kept(case: fn(u64) -> HandOver) {
    assert_kept_in(&EVERY_ORDER, case).await;
}

/// Panics if a replacement, whose own order is given, loses something.
async fn assert_kept_in_place(case: fn(u64) -> HandOver) {
    assert_kept_in(&SOME_ORDERS, case).await;
}

async fn assert_kept_in(orders: &[Order], case: fn(u64) -> HandOver) {
    let mut all = broken(case, 1, orders).await;
    all.extend(broken(case, 3, orders).await);
    all.extend(broken(case, 40, &SOME_ORDERS).await);
    assert!(all.is_empty(), "{}", all.join("\n"));
}

fn entries(prefix: &str, targets: u64) -> Configuration {
    let entry = |id| Wanted::new(ENTRY, json!({"project": "acme/app", "target_project": path(id)}));
    ids(targets).map(|id| (format!("{prefix}-{id}"), entry(id))).collect()
}

fn restricted(prefix: &str, targets: u64, policy: &str) -> Configuration {
    let mut entries = entries(prefix, targets);
    entries.values_mut().for_each(|entry| entry.config["job_token_policies"] = json!([policy]));
    entries
}

fn list(name: &str, targets: u64) -> Configuration {
    let targets: Vec<_> = ids(targets).collect();
    let list = Wanted::new(EXCLUSIVE, json!({"project": "1", "target_project_ids": targets}));
    [(name.to_owned(), list)].into()
}

/// Returns one scope for each project but the first.
fn scopes(prefix: &str, targets: u64, setting: &Value) -> Configuration {
    let scope = |id: u64| {
        let mut config = setting.clone();
        config["project"] = id.to_string().into();
        Wanted::new(SCOPE, config)
    };
    ids(targets).map(|id| (format!("{prefix}-{id}"), scope(id))).collect()
}

fn open(prefix: &str, targets: u64) -> Configuration {
    scopes(prefix, targets, &json!({"inbound_enabled": false}))
}

fn push(prefix: &str, targets: u64) -> Configuration {
    scopes(prefix, targets, &json!({"push_repository_for_job_token_allowed": true}))
}

/// Returns the same configuration with every resource to be replaced.
fn replaced(before: Configuration, create_before_destroy: bool) -> HandOver {
    let mut after = before.clone();
    for wanted in after.values_mut() {
        (wanted.replace, wanted.create_before_destroy) = (true, create_before_destroy);
    }
    HandOver { before, after }
}

/// Entries of which each takes the next one's target.
fn exchanged(targets: u64, create_before_destroy: bool) -> HandOver {
    let before = entries("entry", targets + 1);
    let others = before.values().cycle().skip(1).cloned();
    let after =
        before.keys().cloned().zip(others.map(|wanted| Wanted { create_before_destroy, ..wanted }));
    HandOver { after: after.collect(), before }
}

#[tokio::test]
async fn entries_are_renamed() {
    assert_kept(|n| HandOver { before: entries("old", n), after: entries("new", n) }).await;
}

#[tokio::test]
async fn restricted_entries_are_renamed() {
    assert_kept(|n| HandOver {
        before: restricted("old", n, "READ_JOBS"),
        after: restricted("new", n, "READ_JOBS"),
    })
    .await;
}

#[tokio::test]
async fn entries_are_renamed_and_restricted_otherwise() {
    assert_kept(|n| HandOver {
        before: restricted("old", n, "READ_JOBS"),
        after: restricted("new", n, "READ_PACKAGES"),
    })
    .await;
}

#[tokio::test]
async fn list_becomes_restricted_entries() {
    assert_kept(|n| HandOver {
        before: list("list", n),
        after: restricted("entry", n, "READ_JOBS"),
    })
    .await;
}

#[tokio::test]
async fn restricted_entries_are_replaced_create_before_destroy() {
    assert_kept_in_place(|n| replaced(restricted("entry", n, "READ_JOBS"), true)).await;
}

#[tokio::test]
async fn entries_become_a_list() {
    assert_kept(|n| HandOver { before: entries("entry", n), after: list("list", n) }).await;
}

#[tokio::test]
async fn list_becomes_entries() {
    assert_kept(|n| HandOver { before: list("list", n), after: entries("entry", n) }).await;
}

#[tokio::test]
async fn list_is_renamed() {
    assert_kept(|n| HandOver { before: list("old", n), after: list("new", n) }).await;
}

#[tokio::test]
async fn scopes_are_renamed() {
    assert_kept(|n| HandOver { before: open("old", n), after: open("new", n) }).await;
}

#[tokio::test]
async fn scopes_with_a_push_setting_are_renamed() {
    assert_kept(|n| HandOver { before: push("old", n), after: push("new", n) }).await;
}

#[tokio::test]
async fn entries_are_replaced() {
    assert_kept_in_place(|n| replaced(entries("entry", n), false)).await;
}

#[tokio::test]
async fn entries_are_replaced_create_before_destroy() {
    assert_kept_in_place(|n| replaced(entries("entry", n), true)).await;
}

#[tokio::test]
async fn entries_exchange_their_targets() {
    assert_kept(|n| exchanged(n, false)).await;
}

#[tokio::test]
async fn entries_exchange_their_targets_create_before_destroy() {
    assert_kept(|n| exchanged(n, true)).await;
}

#[tokio::test]
async fn list_is_replaced() {
    assert_kept_in_place(|n| replaced(list("list", n), false)).await;
}

#[tokio::test]
async fn list_is_replaced_create_before_destroy() {
    assert_kept_in_place(|n| replaced(list("list", n), true)).await;
}

#[tokio::test]
async fn scopes_are_replaced() {
    assert_kept_in_place(|n| replaced(open("scope", n), false)).await;
}

#[tokio::test]
async fn scopes_are_replaced_create_before_destroy() {
    assert_kept_in_place(|n| replaced(open("scope", n), true)).await;
}

#[tokio::test]
async fn push_settings_are_replaced() {
    assert_kept_in_place(|n| replaced(push("scope", n), false)).await;
}

#[tokio::test]
async fn push_settings_are_replaced_create_before_destroy() {
    assert_kept_in_place(|n| replaced(push("scope", n), true)).await;
}

/// No project is restricted and opened again.
#[tokio::test]
async fn replaced_scope_is_not_written_to() {
    for setting in
        [json!({"inbound_enabled": false}), json!({"push_repository_for_job_token_allowed": true})]
    {
        for create_before_destroy in [false, true] {
            let gitlab = gitlab(1);
            let HandOver { before, after } =
                replaced(scopes("scope", 1, &setting), create_before_destroy);
            let state = establish(&gitlab, &before).await;
            let changes = plan(&start(&gitlab).await, &after, &before, &state).await;
            gitlab.clear_requests();
            let outcome = start(&gitlab).await.apply(&changes[0].1).await.unwrap();
            assert!(!failed(&outcome.diagnostics), "{:#?}", outcome.diagnostics);
            assert_eq!(
                gitlab.requests().writes().to_string(),
                "",
                "{setting}, {create_before_destroy}"
            );
        }
    }
}

/// The new list fails to add its own target, after the old one has left the other targets to it.
#[tokio::test]
async fn failed_create_names_what_was_left_for_it() {
    let (gitlab, before) = (gitlab(4), list("old", 3));
    let state = establish(&gitlab, &before).await;
    let changes = plan(&start(&gitlab).await, &list("new", 4), &before, &state).await;
    let [(_, create), (_, destroy)] = &changes[..] else { panic!("{changes:#?}") };
    let walk = start(&gitlab).await;
    let planned = walk.plan_again(create).await.unwrap();
    let destroyed = walk.destroy(destroy).await.unwrap();
    assert!(!failed(&destroyed.diagnostics), "{:#?}", destroyed.diagnostics);
    assert_eq!(gitlab.allowlist(APP).projects, ids(3).collect(), "they are left to the new list");

    gitlab.inject(Fault::InternalError.on(Route::AllowlistProjectPost));
    let created = walk.put_as_planned(create, &planned).await.unwrap();
    assert!(failed(&created.diagnostics));
    for id in ids(3) {
        assert!(
            created.diagnostics.iter().any(|diagnostic| names(&diagnostic.detail, id)),
            "{:#?}",
            created.diagnostics
        );
    }
}

/// The push setting of a scope is rejected: the project stays open, and the state or the error says
/// so.
#[tokio::test]
async fn failed_scope_names_the_project_left_open() {
    let (gitlab, before) = (gitlab(1), open("old", 1));
    let state = establish(&gitlab, &before).await;
    let both = json!({"inbound_enabled": false, "push_repository_for_job_token_allowed": true});
    let changes = plan(&start(&gitlab).await, &scopes("new", 1, &both), &before, &state).await;
    let [(_, create), (_, destroy)] = &changes[..] else { panic!("{changes:#?}") };
    let walk = start(&gitlab).await;
    let planned = walk.plan_again(create).await.unwrap();
    let destroyed = walk.destroy(destroy).await.unwrap();
    assert!(!failed(&destroyed.diagnostics), "{:#?}", destroyed.diagnostics);

    gitlab.inject(Fault::InternalError.on(Route::ProjectPut));
    let created = walk.put_as_planned(create, &planned).await.unwrap();
    assert!(failed(&created.diagnostics));
    assert!(!gitlab.inbound_enabled(2), "it is left to the new scope");
    let state = created.instance.map(|scope| scope.stored.state).unwrap_or_default();
    let is_named = created
        .diagnostics
        .iter()
        .any(|diagnostic| diagnostic.detail.contains("`inbound_enabled`"));
    assert!(state["inbound_enabled"] == json!(false) || is_named, "{:#?}", created.diagnostics);
}

/// Returns whether a text names a target by path or ID.
fn names(text: &str, id: u64) -> bool {
    let words = text.split(|letter: char| !letter.is_alphanumeric() && !"/-_.".contains(letter));
    words.map(|word| word.trim_matches('.')).any(|word| word == path(id) || word == id.to_string())
}

/// The list is read over REST, its permissions over GraphQL.
#[tokio::test]
async fn entry_removed_between_two_reads_is_reported() {
    let gitlab = gitlab(1);
    let removed = Target::Project(APP + 2);
    gitlab.allow(APP, removed);
    let permissions = gitlab.hold(Barrier::before(Route::GraphqlQuery));
    let wanted = Wanted::new(
        EXCLUSIVE,
        json!({ "project": "acme/app", "projects": { path(APP + 1): { "job_token_policies": ["READ_JOBS"] } } }),
    );
    let walk = start(&gitlab).await;
    let removal = async {
        permissions.reached(1, LIMIT).await.expect("a query for permissions");
        gitlab.revoke(APP, removed);
        drop(permissions);
    };

    let (change, ()) = tokio::join!(walk.plan(&wanted, Instance::default()), removal);

    let outcome = start(&gitlab).await.apply(&change.unwrap()).await.unwrap();
    assert!(!failed(&outcome.diagnostics), "{:#?}", outcome.diagnostics);
    assert_eq!(gitlab.allowlist(APP).projects, [APP + 1].into());
}
