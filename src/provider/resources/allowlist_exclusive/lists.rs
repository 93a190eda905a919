//! The allowlists that a plan has read. All its decisions and warnings are based on these values.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::ExclusiveModel;
use super::kind::{Live, Managed, Side};
use crate::framework::Private;
use crate::gitlab::{
    Allowlist, Client, Error, Freshness, GroupId, Kind, PermissionList, ProjectId, Target,
};

/// A value for each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ByKind<T> {
    pub(super) projects: T,
    pub(super) groups: T,
}

impl<T> ByKind<T> {
    pub(super) fn of(&self, kind: Kind) -> &T {
        match kind {
            Kind::Project => &self.projects,
            Kind::Group => &self.groups,
        }
    }
}

/// Returns the kinds that a plan has to read: those that are, may be, or were managed.
pub(super) fn to_read(prior: Option<&ExclusiveModel>, config: &ExclusiveModel) -> ByKind<bool> {
    let reads = |config: Side<'_>, prior: Option<Side<'_>>| {
        config.is_managed() != Some(false)
            || prior.is_some_and(|prior| prior.is_managed() != Some(false))
    };
    ByKind {
        projects: reads(ProjectId::side(config), prior.map(ProjectId::side)),
        groups: reads(GroupId::side(config), prior.map(GroupId::side)),
    }
}

/// Returns the kinds that a plan adopts, which means that the prior state doesn't have the entries
/// that the apply removes: in the first apply, in the first one after an import, if the project
/// changes, and if the kind wasn't managed before.
pub(super) fn adopted(
    planned: &ExclusiveModel,
    prior: Option<&ExclusiveModel>,
    newly_imported: bool,
) -> ByKind<bool> {
    let same_list = prior.filter(|prior| {
        !newly_imported
            && (planned.project_id.is_unknown() || prior.project_id == planned.project_id)
    });
    let is_new = |planned: Side<'_>, prior: Option<Side<'_>>| {
        planned.is_managed() != Some(false)
            && prior.is_none_or(|prior| prior.is_managed() == Some(false))
    };
    ByKind {
        projects: is_new(ProjectId::side(planned), same_list.map(ProjectId::side)),
        groups: is_new(GroupId::side(planned), same_list.map(GroupId::side)),
    }
}

/// The allowlists that were read.
#[derive(Debug, Default)]
pub(super) struct Lists {
    members: ByKind<Option<Arc<Allowlist>>>,
    /// The permissions of the entries, if they were read.
    permissions: Option<Arc<PermissionList>>,
}

impl Lists {
    /// Reads the allowlists of these kinds.
    ///
    /// # Errors
    ///
    /// Fails if one of them can't be read.
    pub(super) async fn read(
        gitlab: &Client,
        project_id: ProjectId,
        kinds: ByKind<bool>,
    ) -> Result<Self, Error> {
        let read = async |kind| {
            if !*kinds.of(kind) {
                return Ok(None);
            }
            gitlab.allowlist(project_id, kind, Freshness::Shared).await.map(Some)
        };
        // Waits for both, so that of two errors always the same one is returned.
        let (projects, groups) = tokio::join!(read(Kind::Project), read(Kind::Group));
        Ok(Self { members: ByKind { projects: projects?, groups: groups? }, permissions: None })
    }

    /// Returns the project's current path, if the allowlist of projects has it.
    pub(super) fn project_path(&self) -> Option<&str> {
        self.members.projects.as_ref()?.project_path()
    }

    /// Returns the entries of one kind.
    pub(super) fn live<I: Managed>(&self) -> Option<Live<I>> {
        self.members.of(I::KIND).as_ref().map(|list| Live::of(list, self.permissions.as_deref()))
    }

    /// Adds the permissions of the entries.
    pub(super) fn with(self, permissions: Arc<PermissionList>) -> Self {
        Self { permissions: Some(permissions), ..self }
    }

    /// Returns the allowlist of a kind, if it was read.
    pub(super) fn members(&self, kind: Kind) -> Option<&Allowlist> {
        self.members.of(kind).as_deref()
    }

    /// Returns the targets on all allowlists that were read.
    pub(super) fn targets(&self) -> impl Iterator<Item = Target> {
        let lists = [&self.members.projects, &self.members.groups].into_iter().flatten();
        lists.flat_map(|list| list.iter()).map(|entry| entry.target)
    }

    /// Returns the permissions of the entries, if they were read.
    pub(super) fn permissions(&self) -> Option<&PermissionList> {
        self.permissions.as_deref()
    }

    /// Returns whether an allowlist that was read has the target.
    pub(super) fn shows(&self, target: Target) -> bool {
        self.members.of(target.kind()).as_ref().is_some_and(|list| list.get(target).is_some())
    }
}

/// The note with the targets, by kind, that according to the plan may lose access.
const NAMED: &str = "named";
/// The same note of the first plan, in the plan during apply.
const FIRST_PLAN: &str = "named_by_first_plan";

/// Returns the notes with the targets that may lose access: all on the allowlists that were read,
/// except for those that are certain to stay. If the host passes on the first plan, only the
/// targets that it named are allowed.
pub(super) fn note_of(
    lists: &Lists,
    kept: &BTreeSet<Target>,
    first_plan: Option<&Private>,
) -> Map<String, Json> {
    if let Some(named) = first_plan.and_then(|first| first.note(NAMED)) {
        return Map::from_iter([(FIRST_PLAN.to_owned(), named.clone())]);
    }
    let named = |list: &Allowlist| {
        let lost = list.iter().map(|entry| entry.target).filter(|target| !kept.contains(target));
        Json::from_iter(lost.map(Target::id))
    };
    let kinds = Kind::ALL
        .into_iter()
        .filter_map(|kind| Some((kind.to_string(), named(lists.members.of(kind).as_ref()?))));
    Map::from_iter([(NAMED.to_owned(), Json::Object(kinds.collect()))])
}

/// Returns the targets that a plan has named, by kind.
pub(super) fn named(plan: &Private) -> BTreeMap<Kind, BTreeSet<u64>> {
    ids_by_kind(plan, NAMED)
}

fn ids_by_kind(private: &Private, note: &str) -> BTreeMap<Kind, BTreeSet<u64>> {
    let note = private.note(note).and_then(Json::as_object);
    let kinds = Kind::ALL.into_iter().filter_map(|kind| {
        let ids = note?.get(kind.as_str())?.as_array()?;
        Some((kind, ids.iter().filter_map(Json::as_u64).collect()))
    });
    kinds.collect()
}

/// Returns the targets that an apply may remove, by kind. If nothing is known about the plan of a
/// kind, the kind is missing, and the apply may remove all of its targets. The targets come from
/// the first plan, if the host passes it on, or from the prior state: targets that it has and the
/// new state doesn't were in the plan.
pub(super) fn removable(
    private: &Private,
    prior: Option<&ExclusiveModel>,
) -> BTreeMap<Kind, BTreeSet<u64>> {
    let mut named = ids_by_kind(private, FIRST_PLAN);
    let kinds = Kind::ALL.into_iter().filter_map(|kind| {
        let of_prior = || prior.and_then(|prior| managed(prior, kind));
        Some((kind, named.remove(&kind).or_else(of_prior)?))
    });
    kinds.collect()
}

fn managed(state: &ExclusiveModel, kind: Kind) -> Option<BTreeSet<u64>> {
    fn ids<I: Managed>(side: Side<'_>) -> Option<BTreeSet<u64>> {
        side.is_managed()?.then_some(())?;
        Some(side.ids::<I>().map(|id| Into::<Target>::into(id).id()).collect())
    }
    match kind {
        Kind::Project => ids::<ProjectId>(ProjectId::side(state)),
        Kind::Group => ids::<GroupId>(GroupId::side(state)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::{Attr, Set};

    /// Returns the allowlist of project 1 with these projects. Groups aren't managed.
    fn list(projects: Attr<Set<i64>>) -> ExclusiveModel {
        ExclusiveModel {
            target_project_ids: projects,
            project_id: Attr::Known(1),
            ..ExclusiveModel::default()
        }
    }

    fn none() -> Attr<Set<i64>> {
        Attr::Known(Set(Vec::new()))
    }

    const PROJECTS: ByKind<bool> = ByKind { projects: true, groups: false };
    const NOTHING: ByKind<bool> = ByKind { projects: false, groups: false };

    #[test]
    fn first_apply_adopts_what_is_managed_or_may_be() {
        assert_eq!(adopted(&list(none()), None, false), PROJECTS);
        assert_eq!(adopted(&list(Attr::Unknown), None, false), PROJECTS);
        assert_eq!(adopted(&list(Attr::Null), None, false), NOTHING);
    }

    #[test]
    fn later_applies_adopt_only_what_was_just_imported() {
        assert_eq!(adopted(&list(none()), Some(&list(none())), false), NOTHING);
        assert_eq!(adopted(&list(none()), Some(&list(none())), true), PROJECTS);
    }

    #[test]
    fn kind_that_was_not_managed_is_adopted() {
        assert_eq!(adopted(&list(none()), Some(&list(Attr::Null)), false), PROJECTS);
        assert_eq!(to_read(Some(&list(none())), &list(Attr::Null)), PROJECTS);
        assert_eq!(to_read(Some(&list(Attr::Null)), &list(Attr::Null)), NOTHING);
    }

    #[test]
    fn list_of_another_project_is_adopted() {
        let other = ExclusiveModel { project_id: Attr::Known(2), ..list(none()) };
        assert_eq!(adopted(&list(none()), Some(&other), false), PROJECTS);
    }

    #[test]
    fn apply_may_remove_what_the_state_before_had() {
        let before = list(Attr::Known(Set(vec![Attr::Known(57)])));
        let removable = removable(&Private::default(), Some(&before));
        assert_eq!(removable, [(Kind::Project, [57].into())].into());
    }
}
