//! What the client remembers, and how its own writes keep that true. Nothing here asks GitLab.

use std::sync::Arc;
use std::time::Duration;

use super::allowlist::{AllowedGroup, AllowedProject, Allowlist};
use super::permission_list::PermissionList;
use super::snapshot::{Keeping, Snapshot, Snapshots};
use crate::gitlab::endpoints::groups::Group;
use crate::gitlab::endpoints::job_token_permissions::PermittedEntry;
use crate::gitlab::endpoints::projects::Project;
use crate::gitlab::names::{ProjectId, Target};

/// How old a shared list may be: long enough to serve one run of a program, short enough to show what others do.
const SNAPSHOT_LIFE: Duration = Duration::from_secs(30);

/// All that is remembered.
#[derive(Default)]
pub(super) struct Memory {
    pub(super) lists: Lists,
    pub(super) lookups: Lookups,
}

/// The snapshots, by owner.
pub(super) struct Lists {
    pub(super) projects: Snapshots<ProjectId, Arc<Allowlist<AllowedProject>>>,
    pub(super) groups: Snapshots<ProjectId, Arc<Allowlist<AllowedGroup>>>,
    permissions: Snapshots<ProjectId, Arc<PermissionList>>,
}

impl Default for Lists {
    fn default() -> Self {
        Self {
            projects: Snapshots::new(Keeping { life: SNAPSHOT_LIFE, when: |_| true }),
            groups: Snapshots::new(Keeping { life: SNAPSHOT_LIFE, when: |_| true }),
            permissions: Snapshots::new(Keeping { life: SNAPSHOT_LIFE, when: |_| true }),
        }
    }
}

impl Lists {
    /// What is known of the permissions of the owner's entries.
    pub(super) fn permissions(&self, owner: ProjectId) -> Arc<Snapshot<Arc<PermissionList>>> {
        self.permissions.of(owner)
    }

    /// Notes that GitLab has put the target on the list, and nothing is known of its permissions.
    pub(super) fn added(&self, owner: ProjectId, target: Target) {
        self.listed(owner, target);
        self.permissions(owner).forget();
    }

    /// Notes that the list has this entry, by GitLab's own answer.
    pub(super) fn permitted(&self, owner: ProjectId, entry: &PermittedEntry) {
        self.listed(owner, entry.target);
        self.permissions(owner).written(|list| Arc::make_mut(list).insert(entry.clone()));
    }

    fn listed(&self, owner: ProjectId, target: Target) {
        match target {
            Target::Project(id) => {
                self.projects
                    .of(owner)
                    .written(|list| Arc::make_mut(list).add(id.get(), AllowedProject::bare(id)));
            }
            Target::Group(id) => {
                self.groups
                    .of(owner)
                    .written(|list| Arc::make_mut(list).add(id.get(), AllowedGroup::bare(id)));
            }
        }
    }

    /// Notes that GitLab has taken the target off the list.
    pub(super) fn removed(&self, owner: ProjectId, target: Target) {
        let id = target.number();
        match target {
            Target::Project(_) => self.projects.of(owner).written(|list| Arc::make_mut(list).remove(id)),
            Target::Group(_) => self.groups.of(owner).written(|list| Arc::make_mut(list).remove(id)),
        }
        self.permissions(owner).written(|list| Arc::make_mut(list).remove(target));
    }

    /// Notes that nobody knows whether the target is on the list.
    pub(super) fn in_doubt(&self, owner: ProjectId, target: Target) {
        match target {
            Target::Project(_) => self.projects.of(owner).forget(),
            Target::Group(_) => self.groups.of(owner).forget(),
        }
        self.permissions(owner).forget();
    }
}

/// What is known by the ways to name it: numbers in digits, paths folded. A path of digits is never one of these,
/// because it reads as a number.
pub(super) struct Lookups {
    pub(super) projects: Snapshots<String, Option<Arc<Project>>>,
    pub(super) groups: Snapshots<String, Option<Arc<Group>>>,
}

impl Default for Lookups {
    fn default() -> Self {
        Self {
            projects: Snapshots::new(Keeping { life: Duration::MAX, when: Option::is_some }),
            groups: Snapshots::new(Keeping { life: Duration::MAX, when: Option::is_some }),
        }
    }
}
