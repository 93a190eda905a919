//! Reads of several projects at the same time, in one GraphQL query for all of them. Everything
//! that it tells of a project is remembered, as if it had been asked for. What GraphQL doesn't tell
//! exactly as REST does is left to REST.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tokio::time::Instant;

use super::allowlist::Allowlist;
use super::batch::BatchLoader;
use super::handle::Client;
use super::permission_list::PermissionList;
use super::snapshot::{Freshness, Snapshot};
use crate::gitlab::endpoints::job_token_permissions::Lists;
use crate::gitlab::endpoints::job_token_scope::ScopeSettings;
use crate::gitlab::endpoints::job_token_settings::{AllSettings, Settings};
use crate::gitlab::endpoints::lookup::Found;
use crate::gitlab::endpoints::many_projects::{
    self as endpoint, MAX_PLACES, MAX_PLACES_BY_ID, MAX_WHOLE, Place, WholeProject,
};
use crate::gitlab::names::{Id as _, Kind, ProjectId, folded, same_path};
use crate::gitlab::sender::{Call, Envelope, Error};

/// The projects that are asked for at the same time.
pub(super) struct Together {
    projects: BatchLoader<ProjectId, Arc<Reading>>,
    projects_by_path: BatchLoader<String, Arc<Reading>>,
    places: BatchLoader<String, Arc<Found>>,
    places_by_id: BatchLoader<ProjectId, Arc<Found>>,
}

/// A project as one query shows it. What isn't there must be asked for by itself.
pub(super) struct Reading {
    pub(super) all_settings: Option<AllSettings>,
    pub(super) own_settings: Option<Settings>,
    projects: Option<Arc<Allowlist>>,
    groups: Option<Arc<Allowlist>>,
    pub(super) permissions: Option<Arc<PermissionList>>,
    place: Arc<Found>,
}

impl Default for Together {
    fn default() -> Self {
        Self {
            projects: BatchLoader::with_max_size(MAX_WHOLE),
            projects_by_path: BatchLoader::with_max_size(MAX_WHOLE),
            places: BatchLoader::with_max_size(MAX_PLACES),
            places_by_id: BatchLoader::with_max_size(MAX_PLACES_BY_ID),
        }
    }
}

impl Reading {
    /// Returns the allowlist of one kind.
    pub(super) fn allowlist(&self, kind: Kind) -> Option<Arc<Allowlist>> {
        match kind {
            Kind::Project => self.projects.clone(),
            Kind::Group => self.groups.clone(),
        }
    }

    fn of(project: ProjectId, shown: WholeProject) -> Self {
        let place = Arc::new(Found { target: shown.id.0, full_path: shown.full_path });
        let all_settings = shown.ci_cd_settings;
        // A token that can't see the settings may get empty lists, which say nothing.
        let lists = shown.ci_job_token_scope_allowlist.filter(|_| all_settings.is_some());
        let allowlist = |lists: &Lists, kind| {
            let targets = lists.targets(kind)?;
            let project_path = (kind == Kind::Project).then(|| place.full_path.clone());
            Some(Arc::new(Allowlist::of_targets(project, project_path, targets)))
        };
        let projects = lists.as_ref().and_then(|lists| allowlist(lists, Kind::Project));
        let groups = lists.as_ref().and_then(|lists| allowlist(lists, Kind::Group));
        let permissions =
            lists.filter(Lists::is_whole).map(|lists| Arc::new(PermissionList::of(lists)));
        let own_settings = all_settings.map(|all| all.own);
        Self { all_settings, own_settings, projects, groups, permissions, place }
    }

    /// Checks whether this is more than a project's place.
    fn tells_something(&self) -> bool {
        self.own_settings.is_some() || self.projects.is_some() || self.groups.is_some()
    }
}

impl Client {
    /// Returns what one query shows of the project together with others that are read at the same
    /// time, or nothing if it has to be read alone.
    pub(super) async fn read_together(&self, project: ProjectId) -> Option<Arc<Reading>> {
        let is_idle = || self.sender.is_idle();
        // Boxed, as its like below: the futures of all reads would be larger otherwise.
        Box::pin(self.together.projects.load(project, is_idle, |projects| self.query(projects)))
            .await
    }

    /// Returns a result about the project as [`Snapshot::get`] does, once a query under way that
    /// may bring it has ended.
    pub(super) fn get_of<T: Clone>(
        &self,
        project: ProjectId,
        snapshot: &Snapshot<T>,
        freshness: Freshness,
        work: impl Future<Output = Result<T, Error>>,
    ) -> impl Future<Output = Result<T, Error>> {
        let work = snapshot.get(freshness, work);
        async move {
            if freshness == Freshness::Shared && snapshot.peek().is_none() {
                Box::pin(self.together.projects.join(&project, |projects| self.query(projects)))
                    .await;
            }
            work.await
        }
    }

    /// Returns what a path stands for as [`find_together`](Self::find_together) does, and remembers
    /// all that is read of the project.
    pub(super) async fn find_and_read_together(&self, path: &str) -> Option<Arc<Found>> {
        let is_idle = || self.sender.is_idle();
        let by_path = &self.together.projects_by_path;
        let reading =
            Box::pin(by_path.load(folded(path), is_idle, |paths| self.query_by_path(paths)))
                .await?;
        Some(Arc::clone(&reading.place))
    }

    /// Returns what a path stands for, if others are looked up at the same time and one query finds
    /// it. Only the path that a project has now leads to it here.
    pub(super) async fn find_together(&self, path: &str) -> Option<Arc<Found>> {
        let is_idle = || self.sender.is_idle();
        let places = &self.together.places;
        Box::pin(places.load(folded(path), is_idle, |paths| self.query_places(paths))).await
    }

    /// Returns where a project is, if others are looked up at the same time and one query finds it.
    pub(super) async fn place_together(&self, project: ProjectId) -> Option<Arc<Found>> {
        let is_idle = || self.sender.is_idle();
        let places = &self.together.places_by_id;
        Box::pin(places.load(project, is_idle, |projects| self.query_places_by_id(projects))).await
    }

    async fn query(&self, projects: Vec<ProjectId>) -> Option<HashMap<ProjectId, Arc<Reading>>> {
        self.readings(&endpoint::by_id(&projects)).await
    }

    async fn query_by_path(&self, paths: Vec<String>) -> Option<HashMap<String, Arc<Reading>>> {
        let readings = self.readings(&endpoint::by_path(&paths)).await?;
        let is_asked = |path: &String| paths.iter().any(|asked| same_path(asked, path));
        let by_path =
            readings.into_values().map(|reading| (folded(&reading.place.full_path), reading));
        Some(by_path.filter(|(path, _)| is_asked(path)).collect())
    }

    /// Returns the projects of an answer, and remembers all that it tells. Returns nothing if it
    /// tells no more than where they are.
    async fn readings(
        &self,
        call: &Call<Envelope<endpoint::Shown<WholeProject>>>,
    ) -> Option<HashMap<ProjectId, Arc<Reading>>> {
        let asked = Instant::now();
        let by_id = |shown: WholeProject| {
            let project = ProjectId::of(shown.id.0)?;
            Some((project, Arc::new(Reading::of(project, shown))))
        };
        let mut readings = HashMap::new();
        let mut twice = HashSet::new();
        for (project, reading) in self.shown(call).await?.into_iter().filter_map(by_id) {
            if readings.insert(project, reading).is_some() {
                twice.insert(project);
            }
        }
        // Which of two is right can't be told.
        readings.retain(|project, _| !twice.contains(project));
        for (project, reading) in &readings {
            self.remember(*project, reading, asked);
        }
        readings.values().any(|reading| reading.tells_something()).then_some(readings)
    }

    async fn query_places(&self, paths: Vec<String>) -> Option<HashMap<String, Arc<Found>>> {
        let shown = self.shown(&endpoint::places(&paths)).await?;
        let is_asked = |place: &Place| paths.iter().any(|path| same_path(path, &place.full_path));
        let found = shown.into_iter().filter(is_asked).map(|Place { id, full_path }| {
            (folded(&full_path), Arc::new(Found { target: id.0, full_path }))
        });
        Some(found.collect()).filter(|found: &HashMap<_, _>| !found.is_empty())
    }

    async fn query_places_by_id(
        &self,
        projects: Vec<ProjectId>,
    ) -> Option<HashMap<ProjectId, Arc<Found>>> {
        let shown = self.shown(&endpoint::places_by_id(&projects)).await?;
        let found = shown.into_iter().filter_map(|Place { id, full_path }| {
            Some((ProjectId::of(id.0)?, Arc::new(Found { target: id.0, full_path })))
        });
        Some(found.collect()).filter(|found: &HashMap<_, _>| !found.is_empty())
    }

    /// Returns the projects of an answer, or nothing if GraphQL has none for this token.
    async fn shown<P>(&self, call: &Call<Envelope<endpoint::Shown<P>>>) -> Option<Vec<P>> {
        let failed = |error: &Error| {
            tracing::debug!(%error, "GraphQL doesn't show several projects at once: each is read \
                alone");
        };
        let (answer, fault) = self.sender.execute_partial(call).await.inspect_err(failed).ok()?;
        // Of projects that the token's user doesn't maintain, GitLab tells less and adds an error.
        if let Some(fault) = fault.filter(Error::is_about_fine_grained_token) {
            failed(&fault);
            return None;
        }
        Some(answer.value.projects?.nodes.into_iter().flatten().collect())
    }

    fn remember(&self, project: ProjectId, reading: &Reading, asked: Instant) {
        let memory = &self.memory;
        memory.all_settings.of(project).offer(asked, reading.all_settings);
        let has_outbound = memory.has_outbound.of(()).peek();
        let settings = reading.all_settings.zip(has_outbound).and_then(|(all, has_outbound)| {
            settings_as_rest(all, has_outbound, memory.is_unenforced())
        });
        memory.scopes.of(project).offer(asked, settings);
        memory.own_settings.of(project).offer(asked, reading.own_settings);
        for kind in Kind::ALL {
            memory.lists.allowlist(project, kind).offer(asked, reading.allowlist(kind));
        }
        memory.lists.permissions(project).offer(asked, reading.permissions.clone());
        let place = memory.lookups.named(Kind::Project, project.to_string());
        place.offer(asked, Some(Some(Arc::clone(&reading.place))));
        memory.lookups.alias(Kind::Project, folded(&reading.place.full_path), &place);
    }
}

/// Returns the settings as REST tells them, which may have lost that of access from the project.
/// Where the instance enforces the allowlists, REST says that access is restricted whatever the
/// project's own setting is; `is_unenforced` says that it is known not to.
pub(super) fn settings_as_rest(
    all: AllSettings,
    has_outbound: bool,
    is_unenforced: bool,
) -> Option<ScopeSettings> {
    let inbound_enabled = all.own.inbound_job_token_scope_enabled?;
    let outbound_enabled = if has_outbound { Some(all.job_token_scope_enabled?) } else { None };
    (inbound_enabled || is_unenforced)
        .then_some(ScopeSettings { inbound_enabled, outbound_enabled })
}

#[cfg(test)]
mod tests;
