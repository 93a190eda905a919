//! The endpoints of projects and groups: read, settings, create and delete.

use serde_json::json;

use super::api_response::ApiResponse;
use super::endpoints::{Request, is_number};
use super::pagination::Page;
use super::render::PUSH_REPOSITORY;
use crate::world::{BuildError, Project, Refusal, Role, Target, World, slug};

/// Some other settings of a project, which GitLab names if none is given.
const OTHER_SETTINGS: [&str; 3] = ["name", "description", "visibility"];

impl Request<'_> {
    pub(super) fn project(&self, world: &World) -> Result<ApiResponse, ApiResponse> {
        self.project_response(world, 200, self.source(world)?)
    }

    /// Changes the path of a project or its only supported setting. A version without the setting
    /// ignores the parameter and then requires another one.
    pub(super) fn set_project(&self, world: &mut World) -> Result<ApiResponse, ApiResponse> {
        let mut check = self.params.check();
        let known = world.settings.version.has_push_setting().then_some(PUSH_REPOSITORY);
        let path = self.params.text("path");
        if path.is_none() {
            check.at_least_one_of(known, &OTHER_SETTINGS);
        }
        let allowed = check.optional_boolean(PUSH_REPOSITORY, false);
        check.done()?;
        let id = self.source(world)?;
        if path.is_none() || self.params.text(PUSH_REPOSITORY).is_some() {
            world.set_push_repository(self.token, id, allowed)?;
        }
        if let Some(path) = path {
            self.rename(world, id, &path)?;
        }
        self.project_response(world, 200, id)
    }

    fn rename(&self, world: &mut World, id: u64, path: &str) -> Result<(), ApiResponse> {
        if world.role(self.token, Target::Project(id)) < Some(Role::Maintainer) {
            return Err(Refusal::Forbidden.into());
        }
        world.rename(id, path).map_err(|error| {
            ApiResponse::json(400, &json!({ "message": { "path": [reason(&error)] } }))
        })
    }

    /// Creates a project in a group, or in the namespace of the token's user, at a path made of its
    /// name unless one is given.
    pub(super) fn create_project(&self, world: &mut World) -> Result<ApiResponse, ApiResponse> {
        let mut check = self.params.check();
        let name = check.name("name");
        check.done()?;
        let path = self.params.text("path").unwrap_or_else(|| slug(&name));
        let namespace = self.params.lenient_id("namespace_id");
        let id = world.create_project(self.token, namespace, &name, &path).map_err(|error| {
            let why = json!([reason(&error)]);
            let message = match error {
                BuildError::NoNamespace(_) => json!({ "namespace": ["is not valid"] }),
                _ => json!({ "name": why, "path": why }),
            };
            ApiResponse::json(400, &json!({ "message": message }))
        })?;
        self.project_response(world, 201, id)
    }

    pub(super) fn delete_project(&self, world: &mut World) -> Result<ApiResponse, ApiResponse> {
        let id = self.source(world)?;
        self.delete(world, Target::Project(id))
    }

    /// Deletes a project or group, permanently if requested.
    fn delete(&self, world: &mut World, place: Target) -> Result<ApiResponse, ApiResponse> {
        let mut check = self.params.check();
        let for_good = check.optional_boolean("permanently_remove", false);
        check.done()?;
        let path = for_good.then(|| self.params.text("full_path").unwrap_or_default());
        world.delete(self.token, place, path.as_deref())?;
        Ok(ApiResponse::message(202, "202 Accepted"))
    }

    fn project_response(
        &self,
        world: &World,
        status: u16,
        id: u64,
    ) -> Result<ApiResponse, ApiResponse> {
        let project = world.project(id).ok_or(Refusal::ProjectNotFound)?;
        Ok(ApiResponse::json(status, &self.render(world).project(project)))
    }

    pub(super) fn group(&self, world: &World) -> Result<ApiResponse, ApiResponse> {
        let mut check = self.params.check();
        let with_projects = check.optional_boolean("with_projects", true);
        check.done()?;
        let id = self.seen_group(world)?;
        self.group_response(world, 200, id, with_projects)
    }

    /// Returns the projects of a group, by ID. This GitLab has no shared projects.
    pub(super) fn group_projects(&self, world: &World) -> Result<ApiResponse, ApiResponse> {
        let page = Page::read(self.params)?;
        let mut check = self.params.check();
        let deep = check.optional_boolean("include_subgroups", false);
        let archived = check.optional_boolean("archived", false);
        check.done()?;
        let chooses = self.params.text("archived").is_some();
        let id = self.seen_group(world)?;
        let is_shown = |project: &&Project| {
            (!chooses || project.archived == archived)
                && world.can_see(self.token, Target::Project(project.id))
        };
        let projects: Vec<&Project> = world.projects_below(id, deep).filter(is_shown).collect();
        let render = self.render(world);
        let elements =
            page.slice(&projects).iter().map(|project| render.basic_project(project)).collect();
        Ok(self.list(world, page, projects.len(), elements))
    }

    pub(super) fn create_group(&self, world: &mut World) -> Result<ApiResponse, ApiResponse> {
        let mut check = self.params.check();
        let (name, path) = (check.name("name"), check.name("path"));
        let parent = check.optional_number("parent_id", 0);
        check.done()?;
        let parent = self.parent_of_new_group(world, u64::try_from(parent).unwrap_or_default())?;
        let id =
            world.create_group(self.token, parent.as_deref(), &name, &path).map_err(|error| {
                ApiResponse::message(
                    400,
                    &format!("Failed to save group {{:path=>[\"{}\"]}}", reason(&error)),
                )
            })?;
        self.group_response(world, 201, id, false)
    }

    /// Returns the path of the group in which one is to be created; none for a top-level group.
    fn parent_of_new_group(&self, world: &World, id: u64) -> Result<Option<String>, ApiResponse> {
        if id == 0 {
            return Ok(None);
        }
        let place = Target::Group(id);
        if !world.exists(place) || !world.can_see(self.token, place) {
            return Err(group_not_found());
        }
        let path = world.group_path_for(self.token, id, Role::Maintainer);
        path.map(Some).ok_or_else(|| Refusal::Forbidden.into())
    }

    pub(super) fn delete_group(&self, world: &mut World) -> Result<ApiResponse, ApiResponse> {
        let id = self.seen_group(world)?;
        self.delete(world, Target::Group(id))
    }

    fn group_response(
        &self,
        world: &World,
        status: u16,
        id: u64,
        with_projects: bool,
    ) -> Result<ApiResponse, ApiResponse> {
        let group = world.group(id).ok_or_else(group_not_found)?;
        Ok(ApiResponse::json(status, &self.render(world).group(group, with_projects)))
    }

    /// Returns the ID of the visible group in the path, which may be an ID or a full path.
    pub(super) fn seen_group(&self, world: &World) -> Result<u64, ApiResponse> {
        let id = self.params.text("id").unwrap_or_default();
        let found = if is_number(&id) { id.parse().ok() } else { world.group_id(&id) };
        let seen = found.filter(|id| {
            let place = Target::Group(*id);
            world.exists(place) && world.can_see(self.token, place)
        });
        seen.ok_or_else(group_not_found)
    }
}

fn group_not_found() -> ApiResponse {
    ApiResponse::message(404, "404 Group Not Found")
}

fn reason(error: &BuildError) -> &'static str {
    match error {
        BuildError::PathTaken(_) => "has already been taken",
        BuildError::NoNamespace(_) | BuildError::BadPath(_) | BuildError::NoSuch(_) => "is invalid",
    }
}
