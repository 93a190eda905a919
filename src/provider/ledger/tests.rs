use super::*;
use crate::gitlab::{GroupId, Kind, Permissions};

fn app() -> ProjectId {
    ProjectId::try_from(1_u64).unwrap()
}

fn project(id: u64) -> Object {
    Object::Entry(app(), Target::Project(ProjectId::try_from(id).unwrap()))
}

fn group(id: u64) -> Object {
    Object::Entry(app(), Target::Group(GroupId::try_from(id).unwrap()))
}

fn instance() -> Instance {
    Instance { id: InstanceId::random(), replaces: None, persistent: true }
}

fn entry(object: Object) -> Wanted {
    Wanted::default().with(object, Value::Entry(None), object.to_string())
}

fn restricted(object: Object) -> Wanted {
    let nothing = Permissions::Only(BTreeSet::new());
    Wanted::default()
        .with(object, Value::Entry(Some(nothing)), object.to_string())
        .new_on_the_server(object)
}

fn list(kind: Kind, objects: &[Object]) -> Wanted {
    let with = |wanted: Wanted, object: &Object| {
        wanted.with(*object, Value::Entry(None), object.to_string()).new_on_the_server(*object)
    };
    objects.iter().fold(Wanted::default().exclusively(app(), kind), with)
}

fn access(value: bool) -> Wanted {
    Wanted::default().with(Object::Access(app()), Value::Setting(value), "access")
}

/// Plans the first of two resources, and returns the ledger with the findings of the second.
fn second(first: (Manager, Wanted), second: (Manager, Wanted)) -> Vec<Finding> {
    let ledger = Ledger::default();
    assert_eq!(ledger.claim(instance(), first.0, BTreeSet::new(), first.1, false), []);
    ledger.claim(instance(), second.0, BTreeSet::new(), second.1, false)
}

/// As [`second`], for either order.
fn both_orders(one: (Manager, Wanted), other: (Manager, Wanted)) -> [Vec<Finding>; 2] {
    [second(one.clone(), other.clone()), second(other, one)]
}

fn names(objects: &[Object]) -> BTreeSet<String> {
    objects.iter().map(Object::to_string).collect()
}

#[test]
fn two_scopes_of_a_project_conflict() {
    for value in [true, false] {
        let found = second((Manager::Scope, access(value)), (Manager::Scope, access(true)));
        assert_eq!(found, [Finding::SameSettings(vec![(Object::Access(app()), value)])]);
    }
}

#[test]
fn exclusive_lists_of_one_kind_conflict() {
    let projects = (Manager::Exclusive, list(Kind::Project, &[project(2)]));
    let found = second(projects.clone(), (Manager::Exclusive, list(Kind::Project, &[])));
    let theirs = Differences { theirs: names(&[project(2)]), ..Differences::default() };
    assert_eq!(found, [Finding::SameList(Kind::Project, theirs)]);
    assert_eq!(second(projects, (Manager::Exclusive, list(Kind::Group, &[group(7)]))), []);
}

#[test]
fn findings_of_two_lists_have_differences_by_kind() {
    let both = |objects: &[Object]| {
        let wanted = list(Kind::Project, objects).exclusively(app(), Kind::Group);
        (Manager::Exclusive, wanted)
    };
    let (one, other) = (both(&[project(2), project(3), group(7)]), both(&[project(2), project(4)]));
    let found = second(one, other);
    let (own, theirs) = (names(&[project(4)]), names(&[project(3)]));
    let projects = Differences { own, theirs, unlike: BTreeSet::new() };
    let groups = Differences { theirs: names(&[group(7)]), ..Differences::default() };
    let expected = [(Kind::Project, projects), (Kind::Group, groups)];
    assert_eq!(found, expected.map(|(kind, found)| Finding::SameList(kind, found)));
}

#[test]
fn findings_of_two_lists_have_unlike_permissions() {
    let with = |permissions| {
        let value = Value::Entry(Some(permissions));
        let entry = Wanted::default().with(project(2), value, project(2).to_string());
        (Manager::Exclusive, entry.exclusively(app(), Kind::Project))
    };
    let nothing = Permissions::Only(BTreeSet::new());
    let unlike = Differences { unlike: names(&[project(2)]), ..Differences::default() };
    assert_eq!(
        second(with(Permissions::Default), with(nothing)),
        [Finding::SameList(Kind::Project, unlike)]
    );
}

#[test]
fn entries_of_one_target_conflict() {
    let found =
        second((Manager::Entry, restricted(project(2))), (Manager::Entry, entry(project(2))));
    assert_eq!(
        found,
        [Finding::SameEntry(project(2).to_string(), Some(Permissions::Only(BTreeSet::new())))]
    );
    assert_eq!(
        second((Manager::Entry, entry(project(2))), (Manager::Entry, entry(project(3)))),
        []
    );
}

#[test]
fn entry_conflicts_with_a_list_that_removes_it() {
    let lists = (Manager::Exclusive, list(Kind::Project, &[project(2)]));
    for found in both_orders(lists.clone(), (Manager::Entry, entry(project(3)))) {
        assert_eq!(found, [Finding::ExcludedEntries(names(&[project(3)]))]);
    }
    for entry in [entry(project(2)), entry(group(7))] {
        assert_eq!(both_orders(lists.clone(), (Manager::Entry, entry)), [[], []]);
    }
}

#[test]
fn list_that_adds_a_restricted_target_widens_it() {
    let lists = (Manager::Exclusive, list(Kind::Project, &[project(2), project(3)]));
    for found in both_orders(lists, (Manager::Entry, restricted(project(3)))) {
        assert_eq!(found, [Finding::WidenedEntries(Manager::Exclusive, names(&[project(3)]))]);
    }
}

/// Returns an exclusive allowlist with a restricted entry for project 3 that isn't on the server
/// yet.
fn restricting_list() -> Wanted {
    let restricted = Value::Entry(Some(Permissions::Only(BTreeSet::new())));
    let wanted = Wanted::default().with(project(3), restricted, project(3).to_string());
    wanted.new_on_the_server(project(3)).exclusively(app(), Kind::Project)
}

#[test]
fn entry_that_a_list_restricts_is_widened_by_the_entry() {
    let lists = (Manager::Exclusive, restricting_list());
    let added = entry(project(3)).new_on_the_server(project(3));
    for found in both_orders(lists, (Manager::Entry, added)) {
        assert_eq!(found, [Finding::WidenedEntries(Manager::Entry, names(&[project(3)]))]);
    }
}

#[test]
fn list_and_entry_conflict_if_their_permissions_differ() {
    let lists = (Manager::Exclusive, restricting_list());
    let with = |permissions| {
        let value = Value::Entry(Some(permissions));
        Wanted::default().with(project(3), value, project(3).to_string())
    };
    for found in both_orders(lists.clone(), (Manager::Entry, with(Permissions::Default))) {
        assert_eq!(found, [Finding::DifferentPermissions(names(&[project(3)]))]);
    }
    let alike = with(Permissions::Only(BTreeSet::new()));
    assert_eq!(both_orders(lists, (Manager::Entry, alike)), [[], []]);
}

#[test]
fn repeated_plan_and_replacement_do_not_conflict() {
    let ledger = Ledger::default();
    let first = instance();
    for _ in 0..2 {
        assert_eq!(
            ledger.claim(first, Manager::Entry, [project(2)].into(), entry(project(3)), false),
            []
        );
        let second = Instance { replaces: Some(first.id), ..instance() };
        assert_eq!(ledger.plan_replacement(second, &entry(project(3))), [project(3)].into());
        assert_eq!(
            ledger.claim(second, Manager::Entry, BTreeSet::new(), entry(project(3)), false),
            []
        );
    }
}

#[test]
fn instances_without_persistent_ids_do_not_conflict() {
    let ledger = Ledger::default();
    let without_id = || Instance { persistent: false, ..instance() };
    for instance in [without_id(), without_id(), instance()] {
        assert_eq!(ledger.claim(instance, Manager::Scope, BTreeSet::new(), access(true), true), []);
    }
}

#[test]
fn read_claims_nothing() {
    let ledger = Ledger::default();
    ledger.note_read(Some(instance()), Manager::Entry, [project(2)].into());
    assert_eq!(
        ledger.claim(instance(), Manager::Entry, BTreeSet::new(), entry(project(2)), false),
        []
    );
}

#[test]
fn removal_leaves_what_a_resource_that_stays_has() {
    let ledger = Ledger::default();
    let held: BTreeSet<Object> = [project(2), project(3), project(4)].into();
    ledger.note_read(Some(instance()), Manager::Entry, [project(2)].into());
    ledger.claim(instance(), Manager::Entry, [project(3)].into(), entry(project(3)), true);
    // In the apply, its own claim protects it.
    ledger.claim(instance(), Manager::Entry, BTreeSet::new(), entry(project(4)), false);
    let leaves = ledger.plan_removal(Some(instance()), Manager::Exclusive, &held);
    assert_eq!(leaves, [project(2), project(3)].into());
}

#[test]
fn last_of_two_removals_removes_the_object() {
    let ledger = Ledger::default();
    let (one, other) = (instance(), instance());
    let held = [project(2)].into();
    ledger.note_read(Some(one), Manager::Entry, [project(2)].into());
    ledger.note_read(Some(other), Manager::Exclusive, [project(2)].into());
    assert_eq!(ledger.plan_removal(Some(one), Manager::Entry, &held), held);
    assert_eq!(ledger.plan_removal(Some(other), Manager::Exclusive, &held), BTreeSet::new());
}

#[test]
fn earlier_removal_is_found_by_a_resource_that_stays() {
    for (unchanged, found) in
        [(true, vec![Finding::RemovedObjects(names(&[project(2)]))]), (false, vec![])]
    {
        let ledger = Ledger::default();
        let held: BTreeSet<Object> = [project(2)].into();
        assert_eq!(ledger.plan_removal(Some(instance()), Manager::Entry, &held), BTreeSet::new());
        let findings = ledger.claim(instance(), Manager::Entry, held, entry(project(2)), unchanged);
        assert_eq!(findings, found);
    }
}

#[tokio::test]
async fn only_a_write_that_is_still_wanted_conflicts() {
    let ledger = Ledger::default();
    let (one, other) = (instance(), instance());
    ledger.claim(one, Manager::Scope, BTreeSet::new(), access(false), false);
    let object = Object::Access(app());
    ledger.lock(object).await.wrote(Some(one.id), Value::Setting(false));
    let guard = ledger.lock(object).await;
    assert_eq!(guard.undoes(other.id, &Value::Setting(true)), Some(Manager::Scope));
    assert_eq!(guard.undoes(other.id, &Value::Setting(false)), None);
    assert_eq!(guard.undoes(one.id, &Value::Setting(true)), None);
    ledger.plan_removal(Some(one), Manager::Scope, &[object].into());
    assert_eq!(guard.undoes(other.id, &Value::Setting(true)), None);
}

#[tokio::test]
async fn addition_undoes_what_an_exclusive_list_has_removed() {
    let ledger = Ledger::default();
    let (lists, single) = (instance(), instance());
    ledger.claim(lists, Manager::Exclusive, BTreeSet::new(), list(Kind::Project, &[]), false);
    ledger.lock(project(2)).await.wrote(Some(lists.id), Value::Default);
    let guard = ledger.lock(project(2)).await;
    assert_eq!(guard.undoes(single.id, &Value::Entry(None)), Some(Manager::Exclusive));
    drop(guard);
    assert!(ledger.has_removed(single.id, &entry(project(2))).await);
    assert!(!ledger.has_removed(lists.id, &entry(project(2))).await);
}

#[tokio::test]
async fn writes_are_attributed_to_their_instance() {
    let ledger = Ledger::default();
    let (one, other) = (Some(instance().id), Some(instance().id));
    let written_by = || [one, other].map(|id| ledger.is_written_by(id, project(2)));
    assert_eq!(written_by(), [false, false]);
    ledger.lock(project(2)).await.found(one, Value::Default);
    assert_eq!(written_by(), [false, false]);
    ledger.lock(project(2)).await.wrote(other, Value::Default);
    assert_eq!(written_by(), [false, true]);
}

#[tokio::test]
async fn running_removal_is_awaited() {
    let ledger = Ledger::default();
    let (keeper, removed) = (instance(), instance());
    let guard = ledger.lock(project(2)).await;
    let finds = async { ledger.has_removed(keeper.id, &entry(project(2))).await };
    let removes = async {
        guard.wrote(Some(removed.id), Value::Default);
        drop(guard);
    };
    assert!(tokio::join!(finds, removes).0);
}

#[tokio::test]
async fn permissions_are_undone_only_by_others() {
    let ledger = Ledger::default();
    let one = instance();
    ledger.claim(one, Manager::Entry, BTreeSet::new(), restricted(project(2)), false);
    let nothing = Value::Entry(Some(Permissions::Only(BTreeSet::new())));
    ledger.lock(project(2)).await.wrote(Some(one.id), nothing.clone());
    let guard = ledger.lock(project(2)).await;
    let all = Value::Entry(Some(Permissions::Default));
    assert_eq!(guard.undoes(instance().id, &all), Some(Manager::Entry));
    for value in [nothing, Value::Entry(None)] {
        assert_eq!(guard.undoes(instance().id, &value), None);
    }
    assert!(ledger.is_restricted_by_another(project(2), instance().id));
    assert!(!ledger.is_restricted_by_another(project(2), one.id));
}

#[tokio::test]
async fn objects_left_by_a_removal_are_recorded_until_written() {
    let ledger = Ledger::default();
    let wanted = entry(project(2));
    let kept = instance();
    ledger.claim(kept, Manager::Entry, BTreeSet::new(), wanted.clone(), false);
    let guard = ledger.lock(project(2)).await;
    assert!(guard.is_wanted_by_another(Some(instance().id)));
    assert!(guard.is_wanted_by_another(None));
    assert!(!guard.is_wanted_by_another(Some(kept.id)));
    guard.leave();
    assert_eq!(ledger.left(&wanted), [project(2).to_string()]);
    guard.wrote(Some(kept.id), Value::Entry(None));
    assert_eq!(ledger.left(&wanted), [""; 0]);
}

#[tokio::test]
async fn existing_object_conflicts_without_a_write() {
    let ledger = Ledger::default();
    let (one, other) = (instance(), instance());
    ledger.claim(one, Manager::Scope, BTreeSet::new(), access(true), false);
    ledger.lock(Object::Access(app())).await.found(Some(one.id), Value::Setting(true));
    assert!(!ledger.has_written(Object::Access(app())));
    let guard = ledger.lock(Object::Access(app())).await;
    assert_eq!(guard.undoes(other.id, &Value::Setting(false)), Some(Manager::Scope));
    assert_eq!(guard.undoes(other.id, &Value::Setting(true)), None);
    assert_eq!(guard.undoes(one.id, &Value::Setting(false)), None);

    guard.wrote(Some(other.id), Value::Setting(false));
    guard.found(Some(one.id), Value::Setting(false));
    assert!(ledger.has_written(Object::Access(app())), "a write is not forgotten");
}

#[tokio::test]
async fn objects_kept_by_the_first_plan_stay() {
    let ledger = Ledger::default();
    ledger.note_kept([project(2).to_string()]);
    assert!(ledger.lock(project(2)).await.is_wanted_by_another(None));
    assert!(!ledger.lock(project(3)).await.is_wanted_by_another(None));
}

#[test]
fn replacement_finds_a_resource_that_stays() {
    let ledger = Ledger::default();
    let (kept, replaced) = (instance(), instance());
    ledger.claim(kept, Manager::Entry, [project(2)].into(), entry(project(2)), true);
    ledger.claim(
        replaced,
        Manager::Exclusive,
        [project(2), project(3)].into(),
        Wanted::default(),
        false,
    );
    let held = [project(2), project(3)].into();
    assert_eq!(ledger.kept_by_others(replaced.id, &held), [project(2)]);
    assert_eq!(ledger.kept_by_others(kept.id, &held), []);
}

#[test]
fn changing_resource_does_not_keep_replaced_objects() {
    let ledger = Ledger::default();
    let (moving, replaced) = (instance(), instance());
    let held: BTreeSet<Object> = [project(2)].into();
    ledger.note_read(Some(moving), Manager::Entry, held.clone());
    assert_eq!(ledger.kept_by_others(replaced.id, &held), []);
    ledger.claim(moving, Manager::Entry, held.clone(), entry(project(3)), false);
    assert_eq!(ledger.kept_by_others(replaced.id, &held), []);
}

#[test]
fn earlier_replacement_is_found_by_a_resource_that_stays() {
    let ledger = Ledger::default();
    let (kept, replaced) = (instance(), instance());
    let held: BTreeSet<Object> = [project(2)].into();
    ledger.note_read(Some(kept), Manager::Entry, held.clone());
    ledger.claim(replaced, Manager::Entry, held.clone(), entry(project(3)), false);
    let second = Instance { replaces: Some(replaced.id), ..instance() };
    let wanted = entry(project(3));
    assert_eq!(ledger.plan_replacement(second, &wanted), [project(2), project(3)].into());
    ledger.claim(second, Manager::Entry, BTreeSet::new(), wanted, false);
    let findings = ledger.claim(kept, Manager::Entry, held, entry(project(2)), true);
    assert_eq!(findings, [Finding::ReplacedObjects(names(&[project(2)]))]);
}

#[tokio::test]
async fn writes_of_one_object_are_sequential() {
    use futures_util::FutureExt as _;

    let ledger = Ledger::default();
    let guard = ledger.lock(project(2)).await;
    assert!(ledger.lock(project(2)).now_or_never().is_none());
    assert!(ledger.wait_for_writes([project(2)]).now_or_never().is_none());
    assert!(ledger.lock(project(3)).now_or_never().is_some());
    drop(guard);
    assert!(ledger.wait_for_writes([project(2)]).now_or_never().is_some());
}

/// Resources are planned at the same time, so the last ones must not count each other.
#[test]
fn additions_are_counted_in_the_order_of_plans() {
    let ledger = Ledger::default();
    let instances = [2, 3, 4].map(|id| (instance(), project(id)));
    for (instance, object) in instances {
        let wanted = entry(object).new_on_the_server(object);
        ledger.claim(instance, Manager::Entry, BTreeSet::new(), wanted, false);
    }
    ledger.claim(instance(), Manager::Entry, BTreeSet::new(), entry(project(5)), false);

    let counts = instances.map(|(own, _)| ledger.additions(own.id, app(), Kind::Project));

    assert_eq!(counts, [1, 2, 3]);
}

#[test]
fn planned_removals_are_counted() {
    let ledger = Ledger::default();
    let kept = instance();
    ledger.note_read(Some(kept), Manager::Entry, BTreeSet::from([project(2)]));
    for id in [2, 3, 4] {
        let held = BTreeSet::from([project(id)]);
        ledger.plan_removal(Some(instance()), Manager::Entry, &held);
    }

    assert_eq!(ledger.removals(app(), Kind::Project), 2);
    assert_eq!(ledger.removals(app(), Kind::Group), 0);
}

#[test]
fn full_allowlist_is_noted_once() {
    let ledger = Ledger::default();
    let first = [Kind::Project, Kind::Group, Kind::Project];

    assert_eq!(first.map(|kind| ledger.note_full(app(), kind)), [true, true, false]);
}

#[test]
fn planned_entries_have_their_permissions() {
    let ledger = Ledger::default();
    let list = list(Kind::Project, &[project(2), project(3)]);
    for (manager, wanted) in [(Manager::Exclusive, list), (Manager::Entry, restricted(project(3)))]
    {
        ledger.claim(instance(), manager, BTreeSet::new(), wanted, false);
    }

    let entries = ledger.wanted_entries(app());

    let permissions: Vec<_> = entries.values().map(|(_, permissions)| permissions).collect();
    assert_eq!(permissions, [&None, &Some(Permissions::Only(BTreeSet::new()))]);
    let removed = [project(2), project(4), group(4)].map(|entry| ledger.is_removed(entry));
    assert_eq!(removed, [false, true, false]);
}
