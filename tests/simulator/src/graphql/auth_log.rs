//! The authentication log: which projects' jobs have used a job token against a project.

use apollo_compiler::resolvers::{FieldError, ObjectValue, ResolveInfo, ResolvedValue};

use super::connection::Connection;
use super::entries::AccessibleNode;
use super::objects::{ProjectNode, Session};
use crate::world::Target;

/// Returns the page of a project's log that the arguments of a field request.
pub(super) fn auth_logs<'a, 's: 'a>(
    project: ProjectNode<'s>,
    info: &ResolveInfo<'_>,
) -> Result<ResolvedValue<'a>, FieldError> {
    let ProjectNode { session, id } = project;
    let origins: Vec<u64> = session.read(|world| {
        if session.empties_lists() {
            return Vec::new();
        }
        let authentications = world.project(id).map(|project| &project.authentications);
        authentications.into_iter().flat_map(|log| log.keys().copied()).collect()
    });
    let rows = origins.into_iter().map(|origin| AuthLogNode { session, project: id, origin });
    Connection::of_auth_logs(rows, info).map(ResolvedValue::object)
}

/// `CiJobTokenAuthLog`.
#[derive(Clone, Copy)]
pub(super) struct AuthLogNode<'s> {
    session: &'s Session<'s>,
    project: u64,
    pub(super) origin: u64,
}

impl AuthLogNode<'_> {
    /// Returns the moment of the last use.
    fn last_authorized_at(&self) -> String {
        self.session.read(|world| {
            let project = world.project(self.project);
            project
                .and_then(|project| project.authentications.get(&self.origin))
                .cloned()
                .unwrap_or_default()
        })
    }
}

impl ObjectValue for AuthLogNode<'_> {
    fn type_name(&self) -> &str {
        "CiJobTokenAuthLog"
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        let Self { session, origin, .. } = *self;
        Ok(match info.field_name() {
            "lastAuthorizedAt" => ResolvedValue::leaf(self.last_authorized_at()),
            "originProject" => {
                ResolvedValue::object(AccessibleNode { session, target: Target::Project(origin) })
            }
            _ => return Err(self.unknown_field_error(info)),
        })
    }
}
