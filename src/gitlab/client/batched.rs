//! Reads several projects that are requested concurrently in one GraphQL query. The cache stores
//! all that it returns. Values that GraphQL doesn't return exactly as REST are read over REST.

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
use crate::gitlab::endpoints::lookup::Resolved;
use crate::gitlab::endpoints::many_projects::{
    self as endpoint, MAX_PATHS, MAX_PATHS_BY_ID, MAX_WHOLE, ProjectPath, WholeProject,
};
use crate::gitlab::names::{Id as _, Kind, ProjectId, folded, same_path};
use crate::gitlab::sender::{Call, Envelope, Error};

/// The batch loaders of projects.
pub(super) struct Loaders {
    projects: BatchLoader<ProjectId, Arc<ProjectData>>,
    projects_by_path: BatchLoader<String, Arc<ProjectData>>,
    paths: BatchLoader<String, Arc<Resolved>>,
    paths_by_id: BatchLoader<ProjectId, Arc<Resolved>>,
}

/// The data of a project in a batch. Missing parts must be read separately.
pub(super) struct ProjectData {
    pub(super) all_settings: Option<AllSettings>,
    pub(super) own_settings: Option<Settings>,
    projects: Option<Arc<Allowlist>>,
    groups: Option<Arc<Allowlist>>,
    pub(super) permissions: Option<Arc<PermissionList>>,
    resolved: Arc<Resolved>,
}

impl Default for Loaders {
    fn default() -> Self {
        Self {
            projects: BatchLoader::with_max_size(MAX_WHOLE),
            projects_by_path: BatchLoader::with_max_size(MAX_WHOLE),
            paths: BatchLoader::with_max_size(MAX_PATHS),
            paths_by_id: BatchLoader::with_max_size(MAX_PATHS_BY_ID),
        }
    }
}

impl ProjectData {
    /// Returns the allowlist of one kind.
    pub(super) fn allowlist(&self, kind: Kind) -> Option<Arc<Allowlist>> {
        match kind {
            Kind::Project => self.projects.clone(),
            Kind::Group => self.groups.clone(),
        }
    }

    fn of(project: ProjectId, shown: WholeProject) -> Self {
        let resolved = Arc::new(Resolved { target: shown.id.0, full_path: shown.full_path });
        let all_settings = shown.ci_cd_settings;
        // A token that can't see the settings may get empty allowlists.
        let lists = shown.ci_job_token_scope_allowlist.filter(|_| all_settings.is_some());
        let allowlist = |lists: &Lists, kind| {
            let targets = lists.targets(kind)?;
            let project_path = (kind == Kind::Project).then(|| resolved.full_path.clone());
            Some(Arc::new(Allowlist::of_targets(project, project_path, targets)))
        };
        let projects = lists.as_ref().and_then(|lists| allowlist(lists, Kind::Project));
        let groups = lists.as_ref().and_then(|lists| allowlist(lists, Kind::Group));
        let permissions =
            lists.filter(Lists::is_whole).map(|lists| Arc::new(PermissionList::of(lists)));
        let own_settings = all_settings.map(|all| all.own);
        Self { all_settings, own_settings, projects, groups, permissions, resolved }
    }

    /// Returns whether there is data besides the project's path.
    fn has_data(&self) -> bool {
        self.own_settings.is_some() || self.projects.is_some() || self.groups.is_some()
    }
}

impl Client {
    /// Reads the project together with projects that are read concurrently. Returns `None` if it
    /// must be read alone.
    pub(super) async fn read_batched(&self, project: ProjectId) -> Option<Arc<ProjectData>> {
        let is_idle = || self.sender.is_idle();
        // Boxed, as below, to keep the futures of all reads small.
        Box::pin(self.loaders.projects.load(project, is_idle, |projects| self.query(projects)))
            .await
    }

    /// Returns a result like [`Snapshot::get`], after a running batch that may contain it.
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
                Box::pin(self.loaders.projects.join(&project, |projects| self.query(projects)))
                    .await;
            }
            work.await
        }
    }

    /// Resolves a path like [`resolve_batched`](Self::resolve_batched), and caches all data that is
    /// read with it.
    pub(super) async fn resolve_and_read_batched(&self, path: &str) -> Option<Arc<Resolved>> {
        let is_idle = || self.sender.is_idle();
        let by_path = &self.loaders.projects_by_path;
        let data = Box::pin(by_path.load(folded(path), is_idle, |paths| self.query_by_path(paths)))
            .await?;
        Some(Arc::clone(&data.resolved))
    }

    /// Resolves the current path of a project together with paths that are resolved concurrently.
    pub(super) async fn resolve_batched(&self, path: &str) -> Option<Arc<Resolved>> {
        let is_idle = || self.sender.is_idle();
        let loader = &self.loaders.paths;
        Box::pin(loader.load(folded(path), is_idle, |paths| self.query_paths(paths))).await
    }

    /// Reads the path of a project together with projects that are resolved concurrently.
    pub(super) async fn resolve_id_batched(&self, project: ProjectId) -> Option<Arc<Resolved>> {
        let is_idle = || self.sender.is_idle();
        let loader = &self.loaders.paths_by_id;
        Box::pin(loader.load(project, is_idle, |projects| self.query_paths_by_id(projects))).await
    }

    async fn query(
        &self,
        projects: Vec<ProjectId>,
    ) -> Option<HashMap<ProjectId, Arc<ProjectData>>> {
        self.projects(&endpoint::by_id(&projects)).await
    }

    async fn query_by_path(&self, paths: Vec<String>) -> Option<HashMap<String, Arc<ProjectData>>> {
        let projects = self.projects(&endpoint::by_path(&paths)).await?;
        let is_requested = |path: &String| paths.iter().any(|requested| same_path(requested, path));
        let by_path = projects.into_values().map(|data| (folded(&data.resolved.full_path), data));
        Some(by_path.filter(|(path, _)| is_requested(path)).collect())
    }

    /// Reads projects and caches all their data. Returns `None` if the response has only paths.
    async fn projects(
        &self,
        call: &Call<Envelope<endpoint::Shown<WholeProject>>>,
    ) -> Option<HashMap<ProjectId, Arc<ProjectData>>> {
        let began = Instant::now();
        let by_id = |shown: WholeProject| {
            let project = ProjectId::of(shown.id.0)?;
            Some((project, Arc::new(ProjectData::of(project, shown))))
        };
        let mut projects = HashMap::new();
        let mut twice = HashSet::new();
        for (project, data) in self.shown(call).await?.into_iter().filter_map(by_id) {
            if projects.insert(project, data).is_some() {
                twice.insert(project);
            }
        }
        // If a project occurs twice, it is unknown which one is right.
        projects.retain(|project, _| !twice.contains(project));
        for (project, data) in &projects {
            self.remember(*project, data, began);
        }
        projects.values().any(|data| data.has_data()).then_some(projects)
    }

    async fn query_paths(&self, paths: Vec<String>) -> Option<HashMap<String, Arc<Resolved>>> {
        let shown = self.shown(&endpoint::paths(&paths)).await?;
        let is_requested =
            |found: &ProjectPath| paths.iter().any(|path| same_path(path, &found.full_path));
        let found = shown.into_iter().filter(is_requested).map(|ProjectPath { id, full_path }| {
            (folded(&full_path), Arc::new(Resolved { target: id.0, full_path }))
        });
        Some(found.collect()).filter(|found: &HashMap<_, _>| !found.is_empty())
    }

    async fn query_paths_by_id(
        &self,
        projects: Vec<ProjectId>,
    ) -> Option<HashMap<ProjectId, Arc<Resolved>>> {
        let shown = self.shown(&endpoint::paths_by_id(&projects)).await?;
        let found = shown.into_iter().filter_map(|ProjectPath { id, full_path }| {
            Some((ProjectId::of(id.0)?, Arc::new(Resolved { target: id.0, full_path })))
        });
        Some(found.collect()).filter(|found: &HashMap<_, _>| !found.is_empty())
    }

    /// Returns the projects of a response, or `None` if GraphQL doesn't return any to this token.
    async fn shown<P>(&self, call: &Call<Envelope<endpoint::Shown<P>>>) -> Option<Vec<P>> {
        let failed = |error: &Error| {
            tracing::debug!(%error, "GraphQL doesn't show several projects at once: each is read \
                alone");
        };
        let (response, fault) = self.sender.execute_partial(call).await.inspect_err(failed).ok()?;
        // For projects without the Maintainer role, GitLab returns less and adds an error.
        if let Some(fault) = fault.filter(Error::is_fine_grained_token_error) {
            failed(&fault);
            return None;
        }
        Some(response.value.projects?.nodes.into_iter().flatten().collect())
    }

    fn remember(&self, project: ProjectId, data: &ProjectData, began: Instant) {
        let cache = &self.cache;
        cache.all_settings.of(project).offer(began, data.all_settings);
        let has_outbound = cache.has_outbound.of(()).peek();
        let settings = data.all_settings.zip(has_outbound).and_then(|(all, has_outbound)| {
            settings_as_rest(all, has_outbound, cache.is_unenforced())
        });
        cache.scopes.of(project).offer(began, settings);
        cache.own_settings.of(project).offer(began, data.own_settings);
        for kind in Kind::ALL {
            cache.lists.allowlist(project, kind).offer(began, data.allowlist(kind));
        }
        cache.lists.permissions(project).offer(began, data.permissions.clone());
        let lookup = cache.lookups.named(Kind::Project, project.to_string());
        lookup.offer(began, Some(Some(Arc::clone(&data.resolved))));
        cache.lookups.alias(Kind::Project, folded(&data.resolved.full_path), &lookup);
    }
}

/// Converts the settings to those of REST, or returns `None` if that isn't possible.
///
/// REST may lack the setting of access from the project. If the instance enforces allowlists, REST
/// reports restricted access whatever the project's own setting is; `is_unenforced` is whether it
/// is known not to.
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
