//! The objects of queries, as handles on the world: each has an identity, and looks up its object
//! when a field is read. As in GitLab, a field is null if it is hidden from the token.

use std::cell::RefCell;

use apollo_compiler::resolvers::{FieldError, ObjectValue, ResolveInfo, ResolvedValue};
use apollo_compiler::response::JsonValue;

use super::auth_log::auth_logs;
use super::connection::Connection;
use super::entries::Allowlist;
use crate::http::Site;
use crate::world::{GranularGraphql, Project, Requirement, Target, TokenId, World, last_part};

/// The error if something doesn't exist, is hidden or forbidden.
pub(super) const NOT_AVAILABLE: &str = "The resource that you are attempting to access does not \
                                        exist or you don't have permission to perform this action";

/// The error of fields whose types aren't covered by permissions of fine-grained tokens.
const NOT_COVERED: &str =
    "Access denied: This operation doesn't support fine-grained personal access tokens.";

/// The maximum number of full paths in one field.
const MAX_FULL_PATHS: usize = 50;

/// The shared data of one request. It borrows itself, so that all objects can have one lifetime.
pub(super) struct Session<'s> {
    pub(super) world: RefCell<&'s mut World>,
    pub(super) site: &'s Site,
    pub(super) token: TokenId,
    /// True if the token's scopes allow mutations.
    pub(super) may_write: bool,
}

impl<'s> Session<'s> {
    pub(super) fn read<T>(&self, read: impl FnOnce(&World) -> T) -> T {
        read(&self.world.borrow())
    }

    fn web_url(&self, target: Target, path: &str) -> String {
        match target {
            Target::Project(_) => format!("{}/{path}", self.site.url()),
            Target::Group(_) => format!("{}/groups/{path}", self.site.url()),
        }
    }

    pub(super) fn sees(&self, target: Target) -> bool {
        self.read(|world| world.exists(target) && world.can_see(self.token, target))
    }

    /// Checks the permission of a fine-grained token.
    pub(super) fn check(&self, needed: Requirement) -> Result<(), FieldError> {
        self.read(|world| world.check_permission(self.token, needed))
            .map_err(|message| FieldError { message })
    }

    /// Returns the response in place of a type that the permissions of fine-grained tokens don't
    /// cover, if there is one.
    pub(super) fn withheld<'a>(&self) -> Option<Result<ResolvedValue<'a>, FieldError>> {
        Some(match self.granular()? {
            GranularGraphql::Errors => Err(FieldError { message: NOT_COVERED.to_owned() }),
            GranularGraphql::Nulls | GranularGraphql::EmptyLists => Ok(ResolvedValue::null()),
        })
    }

    /// Returns whether lists of such types are empty.
    pub(super) fn empties_lists(&self) -> bool {
        self.granular() == Some(GranularGraphql::EmptyLists)
    }

    fn granular(&self) -> Option<GranularGraphql> {
        self.read(|world| world.is_granular(self.token).then_some(world.settings.granular_graphql))
    }

    /// Returns a project or group by its full path, if it is visible to the token. A former path
    /// isn't found.
    fn root<'a>(&'s self, info: &ResolveInfo<'_>) -> ResolvedValue<'a>
    where
        's: 'a,
    {
        let path =
            info.arguments().get("fullPath").and_then(|path| path.as_str()).unwrap_or_default();
        let (project, group) = self.read(|world| (world.project_id(path), world.group_id(path)));
        match info.field_name() {
            "project" => ResolvedValue::nullable_object(
                project
                    .filter(|id| self.sees(Target::Project(*id)))
                    .map(|id| ProjectNode { session: self, id }),
            ),
            _ => ResolvedValue::nullable_object(
                group
                    .filter(|id| self.sees(Target::Group(*id)))
                    .map(|id| GroupNode { session: self, id }),
            ),
        }
    }

    /// Returns the projects visible to the token, filtered by IDs and paths if there are any.
    fn projects<'a>(&'s self, info: &ResolveInfo<'_>) -> Result<ResolvedValue<'a>, FieldError>
    where
        's: 'a,
    {
        let texts = |name: &str| -> Option<Vec<&str>> {
            let values = info.arguments().get(name)?.as_array()?;
            Some(values.iter().filter_map(JsonValue::as_str).collect())
        };
        let (ids, paths) = (texts("ids"), texts("fullPaths"));
        if paths.as_ref().is_some_and(|paths| paths.len() > MAX_FULL_PATHS) {
            let message = format!("You cannot provide more than {MAX_FULL_PATHS} full_paths");
            return Err(FieldError { message });
        }
        let is_meant = |project: &Project| {
            let id = global_id(Target::Project(project.id));
            ids.as_ref().is_none_or(|ids| ids.contains(&id.as_str()))
                && paths.as_ref().is_none_or(|paths| {
                    paths.iter().any(|path| path.eq_ignore_ascii_case(&project.path))
                })
        };
        let projects: Vec<u64> = self.read(|world| {
            let seen = |project: &&Project| world.can_see(self.token, Target::Project(project.id));
            world
                .projects()
                .filter(seen)
                .filter(|project| is_meant(project))
                .map(|project| project.id)
                .collect()
        });
        let projects = projects.into_iter().map(|id| ProjectNode { session: self, id });
        Connection::of_projects(projects, info).map(ResolvedValue::object)
    }

    /// Returns the fields that identify a project or group to users who can see it.
    pub(super) fn place(&self, target: Target, field: &str) -> Option<JsonValue> {
        let path = self.read(|world| match target {
            Target::Project(id) => world.project(id).map(|project| project.path.clone()),
            Target::Group(id) => world.group(id).map(|group| group.path.clone()),
        })?;
        Some(match field {
            "id" => global_id(target).into(),
            "fullPath" => path.into(),
            "name" => self.read(|world| world.name(target).to_owned()).into(),
            "path" => last_part(&path).into(),
            "webUrl" => self.web_url(target, &path).into(),
            "avatarUrl" => JsonValue::Null,
            _ => return None,
        })
    }
}

/// Returns the global ID.
fn global_id(target: Target) -> String {
    match target {
        Target::Project(id) => format!("gid://gitlab/Project/{id}"),
        Target::Group(id) => format!("gid://gitlab/Group/{id}"),
    }
}

/// `Query`.
pub(super) struct Query<'s>(pub(super) &'s Session<'s>);

impl ObjectValue for Query<'_> {
    fn type_name(&self) -> &str {
        "Query"
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        match info.field_name() {
            "project" | "group" => Ok(self.0.root(info)),
            "projects" => self.0.projects(info),
            _ => Err(self.unknown_field_error(info)),
        }
    }
}

/// `Project`.
#[derive(Clone, Copy)]
pub(super) struct ProjectNode<'s> {
    pub(super) session: &'s Session<'s>,
    pub(super) id: u64,
}

impl ProjectNode<'_> {
    fn leaf<T: Into<JsonValue>>(&self, read: impl FnOnce(&Project) -> T) -> JsonValue {
        self.session
            .read(|world| world.project(self.id).map(|project| read(project).into()))
            .unwrap_or_default()
    }
}

impl ObjectValue for ProjectNode<'_> {
    fn type_name(&self) -> &str {
        "Project"
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        let Self { session, id } = *self;
        match info.field_name() {
            "ciCdSettings" | "ciJobTokenAuthLogs" | "ciJobTokenScopeAllowlist" => {
                self.guarded(info)
            }
            field => {
                session.check(Requirement::project("Project: Read"))?;
                let value = match field {
                    "archived" => Some(self.leaf(|project| project.archived)),
                    _ => session.place(Target::Project(id), field),
                };
                value.map(ResolvedValue::leaf).ok_or_else(|| self.unknown_field_error(info))
            }
        }
    }
}

impl ProjectNode<'_> {
    /// Returns the fields that only maintainers can read.
    fn guarded<'a>(&'a self, info: &'a ResolveInfo<'a>) -> Result<ResolvedValue<'a>, FieldError> {
        let session = self.session;
        let is_list = info.field_name() != "ciCdSettings";
        if let Some(response) = session.withheld().filter(|_| !is_list || !session.empties_lists())
        {
            return response;
        }
        let administered = session.read(|world| world.may_administer(session.token, self.id));
        Ok(match info.field_name() {
            "ciCdSettings" => {
                ResolvedValue::nullable_object(administered.then_some(CiCdSettings(*self)))
            }
            _ if !administered => return Err(FieldError { message: NOT_AVAILABLE.to_owned() }),
            "ciJobTokenAuthLogs" => return auth_logs(*self, info),
            _ => ResolvedValue::object(Allowlist(*self)),
        })
    }
}

/// `ProjectCiCdSetting`: the settings of the project itself. Enforcement by the instance doesn't
/// show.
pub(super) struct CiCdSettings<'s>(pub(super) ProjectNode<'s>);

impl ObjectValue for CiCdSettings<'_> {
    fn type_name(&self) -> &str {
        "ProjectCiCdSetting"
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        let value = self.0.leaf(|project| match info.field_name() {
            "inboundJobTokenScopeEnabled" => Some(project.inbound_enabled),
            "jobTokenScopeEnabled" => Some(project.outbound_enabled),
            "pushRepositoryForJobTokenAllowed" => {
                Some(project.push_repository_for_job_token_allowed)
            }
            "crossProjectPushForJobTokenAllowed" => {
                Some(project.cross_project_push_for_job_token_allowed)
            }
            _ => None,
        });
        if value.is_null() {
            Err(self.unknown_field_error(info))
        } else {
            Ok(ResolvedValue::leaf(value))
        }
    }
}

/// `Group`.
pub(super) struct GroupNode<'s> {
    pub(super) session: &'s Session<'s>,
    pub(super) id: u64,
}

impl ObjectValue for GroupNode<'_> {
    fn type_name(&self) -> &str {
        "Group"
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        let Self { session, id } = *self;
        if info.field_name() != "projects" {
            session.check(Requirement::group("Group: Read"))?;
            let value = session.place(Target::Group(id), info.field_name());
            return value.map(ResolvedValue::leaf).ok_or_else(|| self.unknown_field_error(info));
        }
        let asked = |name: &str, default| {
            info.arguments().get(name).and_then(JsonValue::as_bool).unwrap_or(default)
        };
        let (deep, archived) = (asked("includeSubgroups", false), asked("includeArchived", true));
        let projects: Vec<u64> = session.read(|world| {
            let shown = |project: &&Project| {
                (archived || !project.archived)
                    && world.can_see(session.token, Target::Project(project.id))
            };
            world.projects_below(id, deep).filter(shown).map(|project| project.id).collect()
        });
        let projects = projects.into_iter().map(|id| ProjectNode { session, id });
        Connection::of_projects(projects, info).map(ResolvedValue::object)
    }
}
