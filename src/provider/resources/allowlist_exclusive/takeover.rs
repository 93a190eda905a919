//! The kinds whose entries a plan takes over: what the apply removes of them was in no earlier state, so that nothing
//! but a look at the list can tell.

use std::sync::Arc;

use super::ExclusiveModel;
use super::kind::{Live, Managed, Side};
use crate::gitlab::{Allowlist, Client, Error, Freshness, GroupId, Kind, ProjectId};

/// Whether a plan takes over the projects, and whether the groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TakenOver {
    pub(super) projects: bool,
    pub(super) groups: bool,
}

impl TakenOver {
    /// A kind is taken over by a first apply, by the first one after an import, when another project's list is meant
    /// from now on, and when the kind was left alone before.
    pub(super) fn by(
        planned: &ExclusiveModel,
        prior: Option<&ExclusiveModel>,
        newly_imported: bool,
    ) -> TakenOver {
        let same_list = prior.filter(|prior| !newly_imported && prior.project_id == planned.project_id);
        let is_new = |planned: Side<'_>, prior: Option<Side<'_>>| {
            planned.is_managed() != Some(false) && prior.is_none_or(|prior| prior.numbers.is_null())
        };
        TakenOver {
            projects: is_new(ProjectId::side(planned), same_list.map(ProjectId::side)),
            groups: is_new(GroupId::side(planned), same_list.map(GroupId::side)),
        }
    }

    fn includes(self, kind: Kind) -> bool {
        match kind {
            Kind::Project => self.projects,
            Kind::Group => self.groups,
        }
    }

    /// Reads the lists of these kinds, beside those that need no request.
    pub(super) async fn read_lists(self, gitlab: &Client, owner: ProjectId) -> Result<Lists, Error> {
        let read = async |kind| {
            if self.includes(kind) {
                gitlab.allowlist(owner, kind, Freshness::Shared).await.map(Some)
            } else {
                Ok(gitlab.peek_allowlist(owner, kind))
            }
        };
        // Both are waited for, so that of two refusals the same one is told each time.
        let (projects, groups) = tokio::join!(read(Kind::Project), read(Kind::Group));
        Ok(Lists { projects: projects?, groups: groups? })
    }
}

/// The allowlists that a plan has at hand: what it decides and warns of is made from these values.
#[derive(Debug, Default)]
pub(super) struct Lists {
    projects: Option<Arc<Allowlist>>,
    groups: Option<Arc<Allowlist>>,
}

impl Lists {
    /// Returns those that need no request: the refresh of the same process has read them.
    pub(super) fn at_hand(gitlab: &Client, owner: ProjectId) -> Self {
        let list = |kind| gitlab.peek_allowlist(owner, kind);
        Self { projects: list(Kind::Project), groups: list(Kind::Group) }
    }

    /// Returns the path that the owner has now, if the list of projects tells it.
    pub(super) fn owner_path(&self) -> Option<&str> {
        self.projects.as_ref()?.owner_path()
    }

    /// Returns the entries of one kind.
    pub(super) fn live<I: Managed>(&self) -> Option<Live<I>> {
        let list = match I::KIND {
            Kind::Project => &self.projects,
            Kind::Group => &self.groups,
        };
        list.as_ref().map(|list| Live::from(Arc::clone(list)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::{Attr, Set};

    /// A list of project 1 with those numbers of projects; groups are left alone.
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

    const PROJECTS: TakenOver = TakenOver { projects: true, groups: false };
    const NOTHING: TakenOver = TakenOver { projects: false, groups: false };

    #[test]
    fn the_first_apply_takes_over_what_is_managed_or_may_be() {
        assert_eq!(TakenOver::by(&list(none()), None, false), PROJECTS);
        assert_eq!(TakenOver::by(&list(Attr::Unknown), None, false), PROJECTS);
        assert_eq!(TakenOver::by(&list(Attr::Null), None, false), NOTHING);
    }

    #[test]
    fn later_ones_do_not_unless_the_list_was_just_imported() {
        assert_eq!(TakenOver::by(&list(none()), Some(&list(none())), false), NOTHING);
        assert_eq!(TakenOver::by(&list(none()), Some(&list(none())), true), PROJECTS);
    }

    #[test]
    fn a_kind_that_was_left_alone_is_taken_over() {
        assert_eq!(TakenOver::by(&list(none()), Some(&list(Attr::Null)), false), PROJECTS);
    }

    #[test]
    fn the_list_of_another_project_is_taken_over() {
        let other = ExclusiveModel { project_id: Attr::Known(2), ..list(none()) };
        assert_eq!(TakenOver::by(&list(none()), Some(&other), false), PROJECTS);
    }
}
