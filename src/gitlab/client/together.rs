//! Reads of several projects at the same time, in one GraphQL query for all of them. Everything that it tells of a project is
//! remembered, as if it had been asked for. What GraphQL doesn't tell exactly as REST does is left to REST.

use std::collections::HashMap;
use std::sync::Arc;

use super::allowlist::Allowlist;
use super::batch::Batches;
use super::handle::Client;
use super::permission_list::PermissionList;
use super::snapshot::Mark;
use crate::gitlab::endpoints::job_token_permissions::Lists;
use crate::gitlab::endpoints::job_token_scope::ScopeSettings;
use crate::gitlab::endpoints::job_token_settings::Settings;
use crate::gitlab::endpoints::lookup::Found;
use crate::gitlab::endpoints::many_projects::{self as endpoint, MOST_IDS, MOST_PATHS, Place, WholeProject};
use crate::gitlab::names::{Id as _, Kind, ProjectId, folded, same_path};
use crate::gitlab::sender::{Call, Envelope, Error};

/// The projects that are asked for at the same time.
pub(super) struct Together {
    projects: Batches<ProjectId, Arc<Reading>>,
    paths: Batches<String, Arc<Found>>,
}

/// A project as one query shows it. What isn't there must be asked for by itself.
pub(super) struct Reading {
    pub(super) settings: Option<ScopeSettings>,
    pub(super) own_settings: Option<Settings>,
    pub(super) projects: Option<Arc<Allowlist>>,
    pub(super) groups: Option<Arc<Allowlist>>,
    pub(super) permissions: Option<Arc<PermissionList>>,
    place: Arc<Found>,
}

/// The moments at which a query was sent, for each answer that it may bring.
struct Marks {
    settings: Mark,
    own_settings: Mark,
    projects: Mark,
    groups: Mark,
    permissions: Mark,
    place: Mark,
}

impl Default for Together {
    fn default() -> Self {
        Self { projects: Batches::of_at_most(MOST_IDS), paths: Batches::of_at_most(MOST_PATHS) }
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
        let all = shown.ci_cd_settings;
        // Where the instance restricts access, REST says so whatever the project's own setting is.
        let settings = all.and_then(|all| {
            let outbound_enabled = Some(all.job_token_scope_enabled?);
            let is_restricted = all.own.inbound_job_token_scope_enabled == Some(true);
            is_restricted.then_some(ScopeSettings { inbound_enabled: true, outbound_enabled })
        });
        // A token that can't see the settings may get empty lists, which say nothing.
        let lists = shown.ci_job_token_scope_allowlist.filter(|_| all.is_some());
        let allowlist = |lists: &Lists, kind| {
            let targets = lists.targets(kind)?;
            Some(Arc::new(Allowlist::of_targets(project, &place.full_path, targets)))
        };
        let projects = lists.as_ref().and_then(|lists| allowlist(lists, Kind::Project));
        let groups = lists.as_ref().and_then(|lists| allowlist(lists, Kind::Group));
        let permissions = lists.filter(Lists::is_whole).map(|lists| Arc::new(PermissionList::of(lists)));
        let own_settings = all.map(|all| all.own);
        Self { settings, own_settings, projects, groups, permissions, place }
    }

    /// Checks whether this is more than a project's place.
    fn tells_something(&self) -> bool {
        self.own_settings.is_some() || self.projects.is_some() || self.groups.is_some()
    }
}

impl Client {
    /// Returns what one query shows of the project together with others that are read at the same time, or nothing if it has to
    /// be read alone.
    pub(super) async fn read_together(&self, project: ProjectId) -> Option<Arc<Reading>> {
        self.together.projects.ask(project, |projects| self.query(projects)).await
    }

    /// Waits for a query under way that shows the project. What it shows is known afterwards.
    pub(super) async fn settle_reading(&self, project: ProjectId) {
        self.together.projects.join(&project, |projects| self.query(projects)).await;
    }

    /// Returns what a path stands for, if others are looked up at the same time and one query finds it. Only the path that a
    /// project has now leads to it here.
    pub(super) async fn find_together(&self, path: &str) -> Option<Arc<Found>> {
        self.together.paths.ask(folded(path), |paths| self.query_paths(paths)).await
    }

    async fn query(&self, projects: Vec<ProjectId>) -> Option<HashMap<ProjectId, Arc<Reading>>> {
        let marks: Vec<(ProjectId, Marks)> =
            projects.iter().map(|project| (*project, self.marks(*project))).collect();
        let shown = self.shown(&endpoint::by_id(&projects)).await?;
        let by_id = |shown: WholeProject| {
            let project = ProjectId::of(shown.id.0)?;
            Some((project, Arc::new(Reading::of(project, shown))))
        };
        let readings: HashMap<_, _> = shown.into_iter().filter_map(by_id).collect();
        for (project, marks) in marks {
            if let Some(reading) = readings.get(&project) {
                self.remember(project, reading, marks);
            }
        }
        readings.values().any(|reading| reading.tells_something()).then_some(readings)
    }

    async fn query_paths(&self, paths: Vec<String>) -> Option<HashMap<String, Arc<Found>>> {
        let shown = self.shown(&endpoint::by_path(&paths)).await?;
        let is_asked = |place: &Place| paths.iter().any(|path| same_path(path, &place.full_path));
        let found = shown.into_iter().filter(is_asked).map(|Place { id, full_path }| {
            (folded(&full_path), Arc::new(Found { target: id.0, full_path }))
        });
        Some(found.collect()).filter(|found: &HashMap<_, _>| !found.is_empty())
    }

    /// Returns the projects of an answer, or nothing if GraphQL has none for this token.
    async fn shown<P>(&self, call: &Call<Envelope<endpoint::Shown<P>>>) -> Option<Vec<P>> {
        let failed = |error: &Error| {
            tracing::debug!(%error, "GraphQL doesn't show several projects at once: each is read alone");
        };
        let (answer, fault) = self.sender.ask_for_parts(call).await.inspect_err(failed).ok()?;
        // Of projects that the token's user doesn't maintain, GitLab tells less and adds an error.
        if let Some(fault) = fault.filter(Error::is_about_fine_grained_token) {
            failed(&fault);
            return None;
        }
        Some(answer.value.projects?.nodes.into_iter().flatten().collect())
    }

    fn marks(&self, project: ProjectId) -> Marks {
        let memory = &self.memory;
        Marks {
            settings: memory.scopes.of(project).mark(),
            own_settings: memory.own_settings.of(project).mark(),
            projects: memory.lists.allowlist(project, Kind::Project).mark(),
            groups: memory.lists.allowlist(project, Kind::Group).mark(),
            permissions: memory.lists.permissions(project).mark(),
            place: memory.lookups.named(Kind::Project, project.to_string()).mark(),
        }
    }

    fn remember(&self, project: ProjectId, reading: &Reading, marks: Marks) {
        let memory = &self.memory;
        memory.scopes.of(project).offer(marks.settings, reading.settings);
        memory.own_settings.of(project).offer(marks.own_settings, reading.own_settings);
        let lists = [(Kind::Project, marks.projects), (Kind::Group, marks.groups)];
        for (kind, mark) in lists {
            memory.lists.allowlist(project, kind).offer(mark, reading.allowlist(kind));
        }
        memory.lists.permissions(project).offer(marks.permissions, reading.permissions.clone());
        let place = memory.lookups.named(Kind::Project, project.to_string());
        place.offer(marks.place, Some(Some(Arc::clone(&reading.place))));
        memory.lookups.alias(Kind::Project, folded(&reading.place.full_path), &place);
    }
}
