//! Allowlists and their entries: links of both directions, their authors and their permissions.

use apollo_compiler::resolvers::{FieldError, ObjectValue, ResolveInfo, ResolvedValue};
use apollo_compiler::response::JsonValue;

use super::connection::Connection;
use super::objects::{GroupNode, ProjectNode, Session};
use crate::world::{AllowlistEntry, Direction, Target};

/// `CiJobTokenScopeAllowlist`.
pub(super) struct Allowlist<'s>(pub(super) ProjectNode<'s>);

impl ObjectValue for Allowlist<'_> {
    fn type_name(&self) -> &str {
        "CiJobTokenScopeAllowlist"
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        let ProjectNode { session, id: source_project } = self.0;
        let targets: Vec<(Direction, Target)> = session.read(|world| {
            let Some(project) = world.project(source_project) else { return Vec::new() };
            let inbound = |target| (Direction::Inbound, target);
            match info.field_name() {
                "projectsAllowlist" => {
                    let outbound = project.outbound_projects.keys().copied().map(Target::Project);
                    let projects = project.allowed_projects.keys().copied().map(Target::Project);
                    projects
                        .map(inbound)
                        .chain(outbound.map(|target| (Direction::Outbound, target)))
                        .collect()
                }
                _ => {
                    project.allowed_groups.keys().copied().map(Target::Group).map(inbound).collect()
                }
            }
        });
        let entries = targets.into_iter().map(|(direction, target)| EntryNode {
            session,
            source_project,
            direction,
            target,
        });
        let connection = Connection::of_entries(entries, info)?;
        Ok(ResolvedValue::object(if session.empties_lists() {
            connection.redacted()
        } else {
            connection
        }))
    }
}

/// `CiJobTokenScopeAllowlistEntry`.
#[derive(Clone, Copy)]
pub(super) struct EntryNode<'s> {
    pub(super) session: &'s Session<'s>,
    pub(super) source_project: u64,
    pub(super) direction: Direction,
    pub(super) target: Target,
}

impl<'s> EntryNode<'s> {
    /// Returns the ID of the link behind the entry.
    pub(super) fn link_id(&self) -> u64 {
        self.entry(|entry| entry.link_id).unwrap_or_default()
    }

    fn entry<T>(&self, read: impl FnOnce(&AllowlistEntry) -> T) -> Option<T> {
        self.session.read(|world| {
            let project = world.project(self.source_project)?;
            project.entry(self.direction, self.target).map(read)
        })
    }

    fn leaf<T: Into<JsonValue>>(&self, read: impl FnOnce(&AllowlistEntry) -> T) -> JsonValue {
        self.entry(|entry| read(entry).into()).unwrap_or_default()
    }

    /// Returns the target. Before targets had types of their own, one that wasn't visible was null.
    fn target<'a>(&self) -> ResolvedValue<'a>
    where
        's: 'a,
    {
        let Self { session, target, .. } = *self;
        if session.read(|world| world.settings.version.has_accessible_targets()) {
            return ResolvedValue::object(AccessibleNode { session, target });
        }
        match target {
            _ if !session.sees(target) => ResolvedValue::null(),
            Target::Project(id) => ResolvedValue::object(ProjectNode { session, id }),
            Target::Group(id) => ResolvedValue::object(GroupNode { session, id }),
        }
    }
}

impl ObjectValue for EntryNode<'_> {
    fn type_name(&self) -> &str {
        "CiJobTokenScopeAllowlistEntry"
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        let Self { session, source_project, direction, .. } = *self;
        // If permissions are turned off, GitLab doesn't return them.
        let switched_on = session.read(|world| world.has_fine_grained_permissions(source_project));
        Ok(match info.field_name() {
            "addedBy" => {
                let user = self.entry(|entry| entry.added_by);
                ResolvedValue::nullable_object(user.map(|id| UserNode { session, id }))
            }
            "autopopulated" => ResolvedValue::leaf(self.leaf(|entry| entry.autopopulated)),
            "createdAt" => ResolvedValue::leaf(self.leaf(|entry| entry.created_at.clone())),
            "defaultPermissions" => ResolvedValue::leaf(
                self.leaf(|entry| !switched_on || entry.permissions.default_permissions),
            ),
            "direction" => ResolvedValue::leaf(direction.name()),
            "jobTokenPolicies" if !switched_on => ResolvedValue::null(),
            "jobTokenPolicies" => {
                let policies = self.entry(|entry| entry.permissions.job_token_policies.clone());
                ResolvedValue::list(
                    policies.unwrap_or_default().into_iter().map(ResolvedValue::leaf),
                )
            }
            "sourceProject" => ResolvedValue::object(ProjectNode { session, id: source_project }),
            "target" => self.target(),
            _ => return Err(self.unknown_field_error(info)),
        })
    }
}

/// `CiJobTokenAccessibleProject` or `CiJobTokenAccessibleGroup`, which show a target also if it
/// isn't visible.
pub(super) struct AccessibleNode<'s> {
    pub(super) session: &'s Session<'s>,
    pub(super) target: Target,
}

impl ObjectValue for AccessibleNode<'_> {
    fn type_name(&self) -> &str {
        match self.target {
            Target::Project(_) => "CiJobTokenAccessibleProject",
            Target::Group(_) => "CiJobTokenAccessibleGroup",
        }
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        let value = self.session.place(self.target, info.field_name());
        value.map(ResolvedValue::leaf).ok_or_else(|| self.unknown_field_error(info))
    }
}

/// `User`.
struct UserNode<'s> {
    session: &'s Session<'s>,
    id: u64,
}

impl ObjectValue for UserNode<'_> {
    fn type_name(&self) -> &str {
        "User"
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        let value = match info.field_name() {
            "id" => format!("gid://gitlab/User/{}", self.id),
            "name" | "username" => self
                .session
                .read(|world| world.user_name(self.id).map(str::to_owned))
                .unwrap_or_default(),
            _ => return Err(self.unknown_field_error(info)),
        };
        Ok(ResolvedValue::leaf(value))
    }
}
