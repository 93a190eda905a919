//! The client's cache, which its writes keep up to date. There is no I/O here.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::allowlist::Allowlist;
use super::permission_list::PermissionList;
use super::snapshot::{CachePolicy, RECENT, Snapshot, Snapshots};
use crate::gitlab::endpoints::job_token_permissions::PermittedEntry;
use crate::gitlab::endpoints::job_token_scope::ScopeSettings;
use crate::gitlab::endpoints::job_token_settings::{AllSettings, Settings};
use crate::gitlab::endpoints::lookup::Resolved;
use crate::gitlab::names::{Kind, ProjectId, Target};

/// Maximum age of a list: long enough for one run, short enough to show the changes of others.
const SNAPSHOT_MAX_AGE: Duration = Duration::from_secs(30);

/// The cache of a client.
pub(super) struct Cache {
    pub(super) scopes: Scopes,
    /// The settings from GraphQL.
    pub(super) all_settings: Snapshots<ProjectId, AllSettings>,
    /// Whether REST still has the setting of access from a project. GraphQL may keep it longer.
    pub(super) has_outbound: Snapshots<(), bool>,
    unenforced_max_age: Duration,
    /// The time of the last request in which REST showed an open project, so the instance didn't
    /// enforce allowlists.
    open_project_seen: Mutex<Option<Instant>>,
    pub(super) own_settings: Snapshots<ProjectId, Settings>,
    /// Whether the instance enforces allowlists, if GitLab shows it.
    pub(super) enforcement: Snapshots<(), Option<bool>>,
    /// The names of all policies.
    pub(super) policies: Snapshots<(), Arc<BTreeSet<String>>>,
    pub(super) lists: Lists,
    pub(super) lookups: Lookups,
}

/// The settings, by project.
pub(super) struct Scopes(Snapshots<ProjectId, ScopeSettings>);

/// The lists, by project.
pub(super) struct Lists {
    allowlists: Snapshots<(ProjectId, Kind), Arc<Allowlist>>,
    permissions: Snapshots<ProjectId, Arc<PermissionList>>,
}

/// Resolved projects and groups, by ID or folded path. Text of digits is always an ID.
pub(super) struct Lookups(Snapshots<(Kind, String), Option<Arc<Resolved>>>);

impl Cache {
    /// Creates a cache with these maximum ages.
    fn with_max_ages(lists: Duration, lookups: Duration) -> Self {
        Self {
            scopes: Scopes(Snapshots::new(CachePolicy::all(lists))),
            all_settings: Snapshots::new(CachePolicy::all(lists)),
            has_outbound: Snapshots::new(CachePolicy::all(lookups)),
            unenforced_max_age: lists.min(RECENT),
            open_project_seen: Mutex::default(),
            own_settings: Snapshots::new(CachePolicy::all(lists)),
            enforcement: Snapshots::new(CachePolicy::all(lookups)),
            policies: Snapshots::new(CachePolicy::all(lookups)),
            lists: Lists {
                allowlists: Snapshots::new(CachePolicy::all(lists)),
                permissions: Snapshots::new(CachePolicy::all(lists)),
            },
            lookups: Lookups(Snapshots::new(CachePolicy {
                max_age: lookups,
                is_cacheable: Option::is_some,
            })),
        }
    }

    /// Records that a REST request that started at `began` returned an open project.
    pub(super) fn note_open_project(&self, began: Instant) {
        *self.open_project_seen() = Some(began);
    }

    /// Returns whether the instance is known not to enforce allowlists.
    pub(super) fn is_unenforced(&self) -> bool {
        self.open_project_seen().is_some_and(|seen| seen.elapsed() < self.unenforced_max_age)
    }

    fn open_project_seen(&self) -> MutexGuard<'_, Option<Instant>> {
        self.open_project_seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Creates a cache that stores nothing. Only concurrent reads are shared.
    pub(super) fn disabled() -> Self {
        Self::with_max_ages(Duration::ZERO, Duration::ZERO)
    }
}

impl Default for Cache {
    fn default() -> Self {
        Self::with_max_ages(SNAPSHOT_MAX_AGE, Duration::MAX)
    }
}

impl Scopes {
    /// Returns the snapshot of the project's settings.
    pub(super) fn of(&self, project: ProjectId) -> Arc<Snapshot<ScopeSettings>> {
        self.0.of(project)
    }
}

impl Lists {
    /// Returns the snapshot of the project's allowlist of that kind.
    pub(super) fn allowlist(
        &self,
        project: ProjectId,
        kind: Kind,
    ) -> Arc<Snapshot<Arc<Allowlist>>> {
        self.allowlists.of((project, kind))
    }

    /// Returns the snapshot of the permissions of the project's entries.
    pub(super) fn permissions(&self, project: ProjectId) -> Arc<Snapshot<Arc<PermissionList>>> {
        self.permissions.of(project)
    }

    /// Records that the target was added, with unknown permissions.
    pub(super) fn added(&self, project: ProjectId, target: Target) {
        self.listed(project, target);
        self.permissions(project).invalidate();
    }

    /// Records an entry of a response.
    pub(super) fn permitted(&self, project: ProjectId, entry: &PermittedEntry) {
        self.listed(project, entry.target);
        self.permissions(project).written(|list| Arc::make_mut(list).insert(entry.clone()));
    }

    /// Adds an entry to the cached allowlist, unless it is the project's entry for itself, which
    /// allowlists leave out.
    fn listed(&self, project: ProjectId, target: Target) {
        if target == Target::Project(project) {
            return;
        }
        self.allowlist(project, target.kind()).written(|list| Arc::make_mut(list).add(target));
    }

    /// Records that the target was removed.
    pub(super) fn removed(&self, project: ProjectId, target: Target) {
        self.allowlist(project, target.kind()).written(|list| Arc::make_mut(list).remove(target));
        self.permissions(project).written(|list| Arc::make_mut(list).remove(target));
    }

    /// Records that it is unknown whether the target is on the list.
    pub(super) fn invalidate(&self, project: ProjectId, target: Target) {
        self.allowlist(project, target.kind()).invalidate();
        self.permissions(project).invalidate();
    }
}

impl Lookups {
    /// Returns the snapshot for a folded name.
    pub(super) fn named(&self, kind: Kind, name: String) -> Arc<Snapshot<Option<Arc<Resolved>>>> {
        self.0.of((kind, name))
    }

    /// Adds another folded name for a snapshot.
    pub(super) fn alias(
        &self,
        kind: Kind,
        name: String,
        known: &Arc<Snapshot<Option<Arc<Resolved>>>>,
    ) {
        self.0.alias((kind, name), known);
    }
}
