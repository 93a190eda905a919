//! What can be read, as handles on the world: each knows which thing it stands for, and looks it up when a field is
//! asked for. Null is what GitLab answers where the token may not look.

use std::cell::RefCell;

use apollo_compiler::resolvers::{FieldError, ObjectValue, ResolveInfo, ResolvedValue};
use apollo_compiler::response::JsonValue;

use super::connection::Connection;
use crate::http::Site;
use crate::world::{AllowlistEntry, Enforcement, Project, Target, TokenId, World, last_part};

/// What the objects of one request share. It borrows itself, so that they can have one lifetime.
pub(super) struct Session<'s> {
    pub(super) world: RefCell<&'s mut World>,
    pub(super) site: &'s Site,
    pub(super) token: TokenId,
    /// Whether the token's scopes allow mutations.
    pub(super) may_write: bool,
}

impl<'s> Session<'s> {
    fn read<T>(&self, read: impl FnOnce(&World) -> T) -> T {
        read(&self.world.borrow())
    }

    fn web_url(&self, target: Target, path: &str) -> String {
        match target {
            Target::Project(_) => format!("{}/{path}", self.site.url()),
            Target::Group(_) => format!("{}/groups/{path}", self.site.url()),
        }
    }

    fn sees(&self, target: Target) -> bool {
        self.read(|world| world.exists(target) && world.can_see(self.token, target))
    }

    /// A project or group by its full path, if the token sees it. A former path leads nowhere.
    pub(super) fn root<'a>(&'s self, info: &ResolveInfo<'_>) -> ResolvedValue<'a>
    where
        's: 'a,
    {
        let path = info.arguments().get("fullPath").and_then(|path| path.as_str()).unwrap_or_default();
        let (project, group) = self.read(|world| (world.project_id(path), world.group_id(path)));
        match info.field_name() {
            "project" => ResolvedValue::nullable_object(
                project
                    .filter(|id| self.sees(Target::Project(*id)))
                    .map(|id| ProjectNode { session: self, id }),
            ),
            _ => ResolvedValue::nullable_object(
                group.filter(|id| self.sees(Target::Group(*id))).map(|id| GroupNode { session: self, id }),
            ),
        }
    }
}

/// `Query`.
pub(super) struct Query<'s>(pub(super) &'s Session<'s>);

impl ObjectValue for Query<'_> {
    fn type_name(&self) -> &str {
        "Query"
    }

    fn resolve_field<'a>(&'a self, info: &'a ResolveInfo<'a>) -> Result<ResolvedValue<'a>, FieldError> {
        match info.field_name() {
            "project" | "group" => Ok(self.0.root(info)),
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

    fn resolve_field<'a>(&'a self, info: &'a ResolveInfo<'a>) -> Result<ResolvedValue<'a>, FieldError> {
        let Self { session, id } = *self;
        let administered = || session.read(|world| world.may_administer(session.token, id));
        Ok(match info.field_name() {
            "archived" => ResolvedValue::leaf(self.leaf(|project| project.archived)),
            "ciCdSettings" => ResolvedValue::nullable_object(administered().then_some(CiCdSettings(*self))),
            "ciJobTokenScopeAllowlist" => {
                ResolvedValue::nullable_object(administered().then_some(Allowlist(*self)))
            }
            field => match session.place(Target::Project(id), field) {
                Some(value) => ResolvedValue::leaf(value),
                None => return Err(self.unknown_field_error(info)),
            },
        })
    }
}

impl Session<'_> {
    /// The fields that identify a project or group to whoever may know of it.
    fn place(&self, target: Target, field: &str) -> Option<JsonValue> {
        let path = self.read(|world| match target {
            Target::Project(id) => world.project(id).map(|project| project.path.clone()),
            Target::Group(id) => world.group(id).map(|group| group.path.clone()),
        })?;
        Some(match field {
            "id" => global_id(target).into(),
            "fullPath" => path.into(),
            "name" | "path" => last_part(&path).into(),
            "webUrl" => self.web_url(target, &path).into(),
            "avatarUrl" => JsonValue::Null,
            _ => return None,
        })
    }
}

/// A number among all things of the instance.
fn global_id(target: Target) -> String {
    match target {
        Target::Project(id) => format!("gid://gitlab/Project/{id}"),
        Target::Group(id) => format!("gid://gitlab/Group/{id}"),
    }
}

struct CiCdSettings<'s>(ProjectNode<'s>);

impl ObjectValue for CiCdSettings<'_> {
    fn type_name(&self) -> &str {
        "ProjectCiCdSetting"
    }

    fn resolve_field<'a>(&'a self, info: &'a ResolveInfo<'a>) -> Result<ResolvedValue<'a>, FieldError> {
        let enforced = self.0.session.read(|world| world.settings.enforcement != Enforcement::Off);
        let value = self.0.leaf(|project| match info.field_name() {
            "inboundJobTokenScopeEnabled" => Some(enforced || project.inbound_enabled),
            "jobTokenScopeEnabled" => Some(project.outbound_enabled),
            "pushRepositoryForJobTokenAllowed" => Some(project.push_repository_for_job_token_allowed),
            _ => None,
        });
        if value.is_null() { Err(self.unknown_field_error(info)) } else { Ok(ResolvedValue::leaf(value)) }
    }
}

struct Allowlist<'s>(ProjectNode<'s>);

impl ObjectValue for Allowlist<'_> {
    fn type_name(&self) -> &str {
        "CiJobTokenScopeAllowlist"
    }

    fn resolve_field<'a>(&'a self, info: &'a ResolveInfo<'a>) -> Result<ResolvedValue<'a>, FieldError> {
        let ProjectNode { session, id: owner } = self.0;
        let kind: fn(u64) -> Target = match info.field_name() {
            "projectsAllowlist" => Target::Project,
            "groupsAllowlist" => Target::Group,
            _ => return Err(self.unknown_field_error(info)),
        };
        let targets: Vec<u64> = session.read(|world| {
            world
                .project(owner)
                .map(|project| project.links(kind(0)).keys().copied().collect())
                .unwrap_or_default()
        });
        let entries = targets.into_iter().map(|id| EntryNode { session, owner, target: kind(id) });
        Connection::of_entries(entries, info).map(ResolvedValue::object)
    }
}

/// `CiJobTokenScopeAllowlistEntry`.
#[derive(Clone, Copy)]
pub(super) struct EntryNode<'s> {
    pub(super) session: &'s Session<'s>,
    pub(super) owner: u64,
    pub(super) target: Target,
}

impl EntryNode<'_> {
    fn leaf<T: Into<JsonValue>>(&self, read: impl FnOnce(&AllowlistEntry) -> T) -> JsonValue {
        self.session.read(|world| {
            let entry = world
                .project(self.owner)
                .and_then(|project| project.links(self.target).get(&self.target.id()));
            entry.map(|entry| read(entry).into()).unwrap_or_default()
        })
    }
}

impl ObjectValue for EntryNode<'_> {
    fn type_name(&self) -> &str {
        "CiJobTokenScopeAllowlistEntry"
    }

    fn resolve_field<'a>(&'a self, info: &'a ResolveInfo<'a>) -> Result<ResolvedValue<'a>, FieldError> {
        let Self { session, owner, target } = *self;
        // Where they are switched off, GitLab keeps permissions to itself.
        let switched_on = session.read(|world| world.has_fine_grained_permissions(owner));
        Ok(match info.field_name() {
            "autopopulated" => ResolvedValue::leaf(self.leaf(|entry| entry.autopopulated)),
            "createdAt" => ResolvedValue::leaf(self.leaf(|entry| entry.created_at.clone())),
            "defaultPermissions" => {
                ResolvedValue::leaf(self.leaf(|entry| !switched_on || entry.permissions.default_permissions))
            }
            "direction" => ResolvedValue::leaf("inbound"),
            "jobTokenPolicies" if !switched_on => ResolvedValue::null(),
            "jobTokenPolicies" => {
                let policies =
                    self.leaf(|entry| JsonValue::from(entry.permissions.job_token_policies.clone()));
                let policies = policies.as_array().cloned().unwrap_or_default();
                ResolvedValue::list(policies.into_iter().map(ResolvedValue::Leaf))
            }
            "sourceProject" => ResolvedValue::object(ProjectNode { session, id: owner }),
            "target" => ResolvedValue::object(TargetNode { session, target }),
            _ => return Err(self.unknown_field_error(info)),
        })
    }
}

/// A target as whoever may read the list sees it, in sight or not.
struct TargetNode<'s> {
    session: &'s Session<'s>,
    target: Target,
}

impl ObjectValue for TargetNode<'_> {
    fn type_name(&self) -> &str {
        match self.target {
            Target::Project(_) => "CiJobTokenAccessibleProject",
            Target::Group(_) => "CiJobTokenAccessibleGroup",
        }
    }

    fn resolve_field<'a>(&'a self, info: &'a ResolveInfo<'a>) -> Result<ResolvedValue<'a>, FieldError> {
        let value = self.session.place(self.target, info.field_name());
        value.map(ResolvedValue::leaf).ok_or_else(|| self.unknown_field_error(info))
    }
}

struct GroupNode<'s> {
    session: &'s Session<'s>,
    id: u64,
}

impl ObjectValue for GroupNode<'_> {
    fn type_name(&self) -> &str {
        "Group"
    }

    fn resolve_field<'a>(&'a self, info: &'a ResolveInfo<'a>) -> Result<ResolvedValue<'a>, FieldError> {
        let Self { session, id } = *self;
        if info.field_name() != "projects" {
            let value = session.place(Target::Group(id), info.field_name());
            return value.map(ResolvedValue::leaf).ok_or_else(|| self.unknown_field_error(info));
        }
        let asked =
            |name: &str, default| info.arguments().get(name).and_then(JsonValue::as_bool).unwrap_or(default);
        let (deep, archived) = (asked("includeSubgroups", false), asked("includeArchived", true));
        let projects: Vec<u64> = session.read(|world| {
            let shown = |project: &&Project| {
                (archived || !project.archived) && world.can_see(session.token, Target::Project(project.id))
            };
            world.projects_below(id, deep).filter(shown).map(|project| project.id).collect()
        });
        let projects = projects.into_iter().map(|id| ProjectNode { session, id });
        Connection::of_projects(projects, info).map(ResolvedValue::object)
    }
}
