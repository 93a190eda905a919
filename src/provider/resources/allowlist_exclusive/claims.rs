//! The claims of an exclusive allowlist in the ledger of the run.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};

use super::kind::Managed;
use super::lists::Lists;
use super::{ExclusiveModel, ids, project_of};
use crate::framework::PlanContext;
use crate::gitlab::{GroupId, Kind, Permissions, ProjectId, Target};
use crate::provider::connection::Connection;
use crate::provider::ledger::{Manager, Object, Value, Wanted};
use crate::provider::{claiming, conflicts, names};

/// The targets that are certain to be on the allowlist, with their display names.
pub(super) type Named = BTreeMap<Target, String>;

/// Returns the targets whose IDs are known, with their display names. The paths come from the keys
/// of maps, and from sets if it is clear which ID a path has.
pub(super) fn named(list: &ExclusiveModel) -> Named {
    fn of<I: Managed>(list: &ExclusiveModel) -> impl Iterator<Item = (Target, String)> {
        let by_id =
            ids::named(&I::side(list).texts().collect::<Vec<_>>(), I::side(list).ids::<I>());
        let by_id = by_id.into_iter().map(|(id, name)| (id.into(), name));
        let by_key = I::side(list).elements().filter_map(|(key, entry)| {
            let id = I::try_from(*entry.id.known()?).ok()?;
            Some((id.into(), names::of(id, key)))
        });
        by_id.chain(by_key)
    }
    of::<ProjectId>(list).chain(of::<GroupId>(list)).collect()
}

/// Returns the objects and values of a planned allowlist. Targets that the allowlist on the server
/// doesn't show are new.
pub(super) fn wanted(
    project_id: ProjectId,
    planned: &ExclusiveModel,
    kept: &Named,
    lists: Option<&Lists>,
) -> Wanted {
    let mut wanted = Wanted::default();
    let permissions = permissions(planned);
    for (target, name) in kept {
        let object = Object::Entry(project_id, *target);
        wanted = wanted.with(object, Value::Entry(permissions.get(target).cloned()), name.clone());
        if lists.is_some_and(|lists| !lists.shows(*target)) {
            wanted = wanted.new_on_the_server(object);
        }
    }
    let kinds = [(Kind::Project, ProjectId::side(planned)), (Kind::Group, GroupId::side(planned))];
    for (kind, side) in kinds {
        wanted = match side.is_managed() {
            _ if side.is_wholly_known() => wanted.exclusively(project_id, kind),
            Some(true) => wanted.managing(project_id, kind),
            // An unknown attribute may be null.
            Some(false) | None => wanted,
        };
    }
    wanted
}

/// Returns the managed permissions, by target.
pub(super) fn permissions(list: &ExclusiveModel) -> BTreeMap<Target, Permissions> {
    fn of<I: Managed>(list: &ExclusiveModel) -> impl Iterator<Item = (Target, Permissions)> {
        let permissions = I::side(list).permissions::<I>().into_iter();
        permissions.map(|(id, permissions)| (id.into(), permissions))
    }
    of::<ProjectId>(list).chain(of::<GroupId>(list)).collect()
}

/// Claims the planned entries, warns of conflicts with other resources, and returns the notes that
/// the apply of a replacement needs.
pub(super) fn plan(
    connection: &Connection,
    context: &PlanContext<'_, Connection>,
    prior: Option<&ExclusiveModel>,
    planned: &ExclusiveModel,
    wanted: Wanted,
) -> Map<String, Json> {
    let Some(project_id) = project_of(planned) else { return Map::new() };
    let planned = claiming::Planned {
        manager: Manager::Exclusive,
        project: &names::project(&planned.project, project_id),
        held: prior.map(held),
        wanted,
        unchanged: prior == Some(planned),
    };
    claiming::plan(connection, context, planned)
}

/// Plans the removal of a state's allowlist, and returns the notes for its apply.
pub(super) fn plan_removal(
    connection: &Connection,
    context: &PlanContext<'_, Connection>,
    state: &ExclusiveModel,
) -> Map<String, Json> {
    let (leaves, note) =
        claiming::plan_removal(connection, context, Manager::Exclusive, &held(state));
    if let (Some(project_id), false) = (project_of(state), leaves.is_empty()) {
        let names = names(state);
        let named = |object| {
            let name =
                names.get(&object).cloned().unwrap_or_else(|| conflicts::display_name(object));
            conflicts::named(&connection.ledger, object, name)
        };
        let left = leaves.into_iter().map(named).collect();
        context
            .warnings
            .add(conflicts::entries_left(&left, &names::project(&state.project, project_id)));
    }
    note
}

/// Returns the entries of a state as objects of the ledger.
pub(super) fn held(state: &ExclusiveModel) -> BTreeSet<Object> {
    names(state).into_keys().collect()
}

/// Returns the entries of a state, with their display names.
pub(super) fn names(state: &ExclusiveModel) -> BTreeMap<Object, String> {
    let Some(project_id) = project_of(state) else { return BTreeMap::new() };
    let named = named(state).into_iter();
    named.map(|(target, name)| (Object::Entry(project_id, target), name)).collect()
}
