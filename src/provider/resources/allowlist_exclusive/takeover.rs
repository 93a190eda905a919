//! The kinds whose entries a plan takes over: what the apply removes of them was in no earlier state, so that nothing
//! but a look at the list can tell.

use super::ExclusiveModel;
use super::kind::{Managed, Side};
use crate::gitlab::{Client, Error, Freshness, GroupId, ProjectId};

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

    /// Reads the lists of these kinds, to be found by [`Client::peek_allowlist`] afterwards.
    pub(super) async fn read_lists(self, gitlab: &Client, owner: ProjectId) -> Result<(), Error> {
        // Both are waited for, so that of two refusals the same one is told each time.
        let (projects, groups) = tokio::join!(
            read::<ProjectId>(self.projects, gitlab, owner),
            read::<GroupId>(self.groups, gitlab, owner)
        );
        projects.and(groups)
    }
}

async fn read<I: Managed>(wanted: bool, gitlab: &Client, owner: ProjectId) -> Result<(), Error> {
    if wanted {
        gitlab.allowlist(owner, I::KIND, Freshness::Shared).await?;
    }
    Ok(())
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
