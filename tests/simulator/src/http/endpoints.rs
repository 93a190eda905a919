//! The endpoints. Each checks in GitLab's order: token, parameters, source project, then the rest.
//! `world` has the rules.

use serde_json::{Value, json};

use super::api_response::ApiResponse;
use super::call::{Call, target_name};
use super::instance;
use super::pagination::{ListAddress, Page};
use super::params::Params;
use super::render::Render;
use super::route::Route;
use super::site::Site;
use crate::world::{Enforcement, Occupant, Permissions, Refusal, Target, TokenId, Version, World};

/// Executes a request and returns the response.
pub(crate) fn carry_out(call: &Call, site: &Site, world: &mut World) -> ApiResponse {
    match call.matched.route {
        Route::Unknown
            if site.below_root(&call.path).is_some_and(|path| path.starts_with("/api/v4/")) =>
        {
            not_found()
        }
        Route::Unknown => ApiResponse::html(404, "Not Found"),
        Route::SignInPage => ApiResponse::html(200, "Sign in"),
        Route::MethodNotAllowed => {
            ApiResponse::error(405, "405 Not Allowed").with("allow", &call.matched.allow)
        }
        Route::GraphqlQuery | Route::GraphqlMutation => {
            graphql(call, site, world).unwrap_or_else(|refusal| refusal)
        }
        route if !is_served(route, &world.settings.version) => not_found(),
        _ => api(call, site, world).unwrap_or_else(|refusal| refusal),
    }
}

/// Returns whether a version has an endpoint.
fn is_served(route: Route, version: &Version) -> bool {
    match route {
        Route::ScopePatch
        | Route::AllowlistProjectsGet
        | Route::AllowlistProjectPost
        | Route::AllowlistProjectDelete => version.has_project_entries(),
        Route::AllowlistGroupsGet | Route::AllowlistGroupPost | Route::AllowlistGroupDelete => {
            version.has_group_entries()
        }
        _ => true,
    }
}

fn graphql(call: &Call, site: &Site, world: &mut World) -> Result<ApiResponse, ApiResponse> {
    let bearer = call.caller.authorize_graphql(world)?;
    let request = call.graphql.as_ref().ok_or_else(not_found)?.as_ref().map_err(Clone::clone)?;
    Ok(crate::graphql::carry_out(request, bearer, site, world))
}

fn api(call: &Call, site: &Site, world: &mut World) -> Result<ApiResponse, ApiResponse> {
    let route = call.matched.route;
    let token = call.caller.authorize(world, route)?;
    let request =
        Request { call, site, token, params: call.params.as_ref().map_err(Clone::clone)? };
    match route {
        Route::ScopeGet => request.scope(world),
        Route::ScopePatch => request.set_scope(world),
        Route::AllowlistProjectsGet => request.listed_projects(world),
        Route::AllowlistGroupsGet => request.listed_groups(world),
        Route::AllowlistProjectPost | Route::AllowlistGroupPost => request.add(world),
        Route::AllowlistProjectDelete | Route::AllowlistGroupDelete => request.remove(world),
        Route::ProjectGet => request.project(world),
        Route::ProjectPost => request.create_project(world),
        Route::ProjectPut => request.set_project(world),
        Route::ProjectDelete => request.delete_project(world),
        Route::GroupGet => request.group(world),
        Route::GroupProjectsGet => request.group_projects(world),
        Route::GroupPost => request.create_group(world),
        Route::GroupDelete => request.delete_group(world),
        Route::UserGet => Ok(ApiResponse::json(200, &request.render(world).own_user())),
        Route::VersionGet => Ok(ApiResponse::json(200, &instance::version(site, world))),
        Route::UserPost => request.create_user(world),
        Route::UserDelete => request.delete_user(world),
        Route::UserTokenPost => request.create_token(world),
        Route::OwnTokenDelete => request.revoke_own_token(world),
        Route::ProjectMemberPost => request.add_project_member(world),
        Route::GroupMemberPost => request.add_group_member(world),
        Route::ApplicationSettingsGet => request.application_settings(world),
        Route::ApplicationSettingsPut => request.set_application_settings(world),
        // Handled elsewhere, without a token.
        Route::GraphqlQuery
        | Route::GraphqlMutation
        | Route::SignInPage
        | Route::MethodNotAllowed
        | Route::Unknown => Err(not_found()),
    }
}

/// A request with a valid token and parsed parameters.
pub(super) struct Request<'a> {
    call: &'a Call,
    site: &'a Site,
    pub(super) token: TokenId,
    pub(super) params: &'a Params,
}

impl Request<'_> {
    fn scope(&self, world: &World) -> Result<ApiResponse, ApiResponse> {
        let scope = world.scope(self.token, self.source(world)?)?;
        let body = if world.settings.omits_outbound_enabled {
            json!({ "inbound_enabled": scope.inbound_enabled })
        } else {
            json!({ "inbound_enabled": scope.inbound_enabled, "outbound_enabled": scope.outbound_enabled })
        };
        Ok(ApiResponse::json(200, &body))
    }

    fn set_scope(&self, world: &mut World) -> Result<ApiResponse, ApiResponse> {
        let mut check = self.params.check();
        let enabled = check.boolean("enabled");
        check.done()?;
        world.set_inbound(self.token, self.source(world)?, enabled)?;
        Ok(ApiResponse::no_content())
    }

    fn listed_projects(&self, world: &World) -> Result<ApiResponse, ApiResponse> {
        let page = Page::read(self.params)?;
        let projects = world.listed_projects(self.token, self.source(world)?)?;
        let render = self.render(world);
        let elements =
            page.slice(&projects).iter().map(|project| render.basic_project(project)).collect();
        Ok(self.list(world, page, projects.len(), elements))
    }

    fn listed_groups(&self, world: &World) -> Result<ApiResponse, ApiResponse> {
        let page = Page::read(self.params)?;
        let groups = world.listed_groups(self.token, self.source(world)?)?;
        let render = self.render(world);
        let elements = page.slice(&groups).iter().map(|group| render.basic_group(group)).collect();
        Ok(self.list(world, page, groups.len(), elements))
    }

    fn add(&self, world: &mut World) -> Result<ApiResponse, ApiResponse> {
        let (project, target) = self.project_and_target()?;
        world.add_link(self.token, project, target, Permissions::default())?;
        let source = if world.settings.version.names_source_project() {
            "source_project_id"
        } else {
            "project_id"
        };
        let key = target_name(self.call.matched.route);
        Ok(ApiResponse::json(201, &json!({ source: project, key: target.id() })))
    }

    fn remove(&self, world: &mut World) -> Result<ApiResponse, ApiResponse> {
        let (project, target) = self.project_and_target()?;
        world.remove_link(self.token, project, target)?;
        Ok(ApiResponse::no_content())
    }

    /// Returns the ID of the visible project in the path, which can be an ID or a full path. A
    /// former path redirects.
    pub(super) fn source(&self, world: &World) -> Result<u64, ApiResponse> {
        let named = self.params.text("id").unwrap_or_default();
        let (id, moved) = match world.occupant(&named) {
            _ if is_number(&named) => (named.parse().ok(), false),
            Some(Occupant::Project(id)) => (Some(id), false),
            Some(Occupant::MovedProject(id)) => (Some(id), true),
            Some(Occupant::Group(_)) | None => (None, false),
        };
        let seen = |id: &u64| {
            let place = Target::Project(*id);
            world.exists(place) && world.can_see(self.token, place)
        };
        let id = id.filter(seen).ok_or(Refusal::ProjectNotFound)?;
        if moved { Err(self.redirect(id)) } else { Ok(id) }
    }

    /// Returns the response to a former path: a redirect to the path with the ID on reads, an error
    /// otherwise.
    fn redirect(&self, id: u64) -> ApiResponse {
        if self.call.matched.route.is_write() {
            return ApiResponse::message(405, "Non GET methods are not allowed for moved projects");
        }
        let (before, after) = self.call.path.split_once("/projects/").unwrap_or_default();
        let rest = after.split_once('/').map_or(String::new(), |(_, rest)| format!("/{rest}"));
        let query = if self.call.query.is_empty() {
            String::new()
        } else {
            format!("?{}", self.call.query)
        };
        let location = self.site.absolute(&format!("{before}/projects/{id}{rest}{query}"));
        ApiResponse::text(301, &format!("This resource has been moved permanently to {location}."))
            .with("location", location)
    }

    /// Returns both IDs of a write to an allowlist, neither of which can be a path.
    fn project_and_target(&self) -> Result<(u64, Target), ApiResponse> {
        let route = self.call.matched.route;
        let mut check = self.params.check();
        let project = check.id("id");
        let target = check.id(target_name(route));
        check.done()?;
        let target = match route {
            Route::AllowlistGroupPost | Route::AllowlistGroupDelete => Target::Group(target),
            _ => Target::Project(target),
        };
        Ok((project, target))
    }

    /// Fails unless the token is that of an administrator.
    pub(super) fn administrator(&self, world: &World) -> Result<(), ApiResponse> {
        if world.is_administrator(self.token) { Ok(()) } else { Err(Refusal::Forbidden.into()) }
    }

    fn application_settings(&self, world: &World) -> Result<ApiResponse, ApiResponse> {
        self.administrator(world)?;
        Ok(ApiResponse::json(200, &instance::application_settings(world)))
    }

    /// Changes the only supported setting.
    fn set_application_settings(&self, world: &mut World) -> Result<ApiResponse, ApiResponse> {
        self.administrator(world)?;
        let version = world.settings.version.clone();
        let mut check = self.params.check();
        let is_enforced = world.settings.enforcement != Enforcement::Off;
        let enforced = check.optional_boolean(instance::ENFORCEMENT, is_enforced);
        check.done()?;
        if version.has_enforcement() && enforced != is_enforced {
            world.settings.enforcement =
                if enforced { version.enforcement() } else { Enforcement::Off };
        }
        self.application_settings(world)
    }

    pub(super) fn list(
        &self,
        world: &World,
        page: Page,
        total: usize,
        elements: Vec<Value>,
    ) -> ApiResponse {
        let address = ListAddress {
            url: &self.site.absolute(&self.call.path),
            query: &self.call.query,
            omits_totals: world.settings.omits_totals,
        };
        page.headers(ApiResponse::json(200, &Value::Array(elements)), total, &address)
    }

    pub(super) fn render<'w>(&'w self, world: &'w World) -> Render<'w> {
        Render { site: self.site, world, token: self.token }
    }
}

fn not_found() -> ApiResponse {
    ApiResponse::error(404, "404 Not Found")
}

pub(super) fn is_number(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit())
}
