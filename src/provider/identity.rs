//! The identity of what exists once for each project: the project's number.

use super::project;
use crate::framework::{Diagnostic, Errors, IdentityAttribute, IdentitySchema, ImportBy, Type, model};
use crate::gitlab::{Client, Id, ProjectId};

model! {
    /// The attributes of such an identity.
    pub(super) struct ProjectIdentity {
        project_id: i64,
    }
}

/// Their schema.
pub(super) fn of_project() -> IdentitySchema {
    IdentitySchema { version: 0, attributes: vec![project_id()] }
}

/// The attribute that every identity begins with.
pub(super) fn project_id() -> IdentityAttribute {
    IdentityAttribute {
        name: "project_id",
        ty: Type::Number,
        required: true,
        description: "Number of the project.",
    }
}

/// The project to import by, with its spelling in the import: number or full path in an id, number in an identity.
pub(super) async fn imported_project(
    client: &Client,
    by: ImportBy<'_, ProjectIdentity>,
) -> Result<(String, ProjectId), Errors> {
    match by {
        ImportBy::Id(id) => Ok((id.to_owned(), project::find(client, None, id).await?)),
        ImportBy::Identity(identity) => {
            let project: ProjectId = number("project_id", identity.project_id.known())?;
            Ok((project.to_string(), project))
        }
    }
}

/// A number of an identity.
pub(super) fn number<I: Id>(name: &'static str, number: Option<&i64>) -> Result<I, Errors> {
    let id = number.and_then(|number| I::try_from(*number).ok());
    id.ok_or_else(|| {
        let detail = format!("`{name}` must be the number of a {}, which is 1 or more.", I::KIND);
        Diagnostic::new("Invalid identity", detail).into()
    })
}
