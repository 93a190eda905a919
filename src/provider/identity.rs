//! The identity of objects that exist once per project: the project's ID.

use super::report::{quoted, report};
use super::resources::project_in_import_id;
use super::{names, project};
use crate::framework::{
    Diagnostic, Errors, IdentityAttribute, IdentitySchema, ImportBy, Model, Type, model, named_by,
};
use crate::gitlab::{Client, Id, Kind, ProjectId};

model! {
    /// The attributes of the identity.
    pub(super) struct ProjectIdentity {
        project_id: i64,
    }
}

/// Returns the schema of the identity.
pub(super) fn of_project() -> IdentitySchema {
    IdentitySchema { version: 0, attributes: vec![project_id()] }
}

/// Returns the attribute that all identities share.
pub(super) fn project_id() -> IdentityAttribute {
    IdentityAttribute {
        name: "project_id",
        ty: Type::Number,
        required: true,
        description: "ID of the project.",
    }
}

/// Returns the project to import, with its path or ID as the import ID has it. An identity has no
/// such text: see [`as_written`].
pub(super) async fn imported_project(
    client: &Client,
    by: ImportBy<'_, ProjectIdentity>,
) -> Result<(Option<String>, ProjectId), Errors> {
    match by {
        ImportBy::Id(id) => {
            if let Some((kind, named)) = after_a_kind(id) {
                return Err(id_with_a_kind(kind, named).into());
            }
            if let Some(project) = project_in_import_id(id) {
                return Err(id_of_an_entry(project).into());
            }
            Ok((Some(id.to_owned()), project::find(client, None, id).await?))
        }
        ImportBy::Identity(identity) => Ok((None, id("project_id", identity.project_id.known())?)),
    }
}

/// Returns the kind that an import ID begins with, and the rest.
fn after_a_kind(id: &str) -> Option<(Kind, &str)> {
    let (prefix, named) = id.split_once(':')?;
    let kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == prefix)?;
    Some((kind, named))
}

fn id_with_a_kind(kind: Kind, named: &str) -> Diagnostic {
    let detail = match kind {
        Kind::Project => format!(
            "The import ID of this resource is the ID or full path of the project, without its \
             kind. Did you mean {}?",
            quoted(named)
        ),
        Kind::Group => "This names a group, but the import ID of this resource is the ID or full \
                        path of a project, for example \"platform/deploy\"."
            .to_owned(),
    };
    Diagnostic::new("Malformed import ID", detail)
}

fn id_of_an_entry(project: &str) -> Diagnostic {
    let detail = format!(
        "This is the import ID of a `gitlab_job_token_allowlist_entry`. The import ID of this \
         resource is the ID or full path of the project: {}.",
        quoted(project)
    );
    Diagnostic::new("Malformed import ID", detail)
}

/// Returns the `project` attribute of an imported object: the user's own text, or the full path,
/// which list resources return as well. Call it after reading the object: most reads also give the
/// path.
pub(super) async fn as_written(
    client: &Client,
    text: Option<String>,
    project: ProjectId,
) -> Result<String, Errors> {
    match text {
        Some(text) => Ok(text),
        None => client
            .project_path(project)
            .await
            .map_err(|error| report(format!("Can't look up project {project}"), &error).into()),
    }
}

/// Returns the display name of an imported project.
pub(super) fn name(text: Option<&str>, project: ProjectId) -> String {
    names::known(text.filter(|text| *text != project.to_string()), project)
}

/// Returns an ID of an identity.
pub(super) fn id<I: Id>(name: &'static str, value: Option<&i64>) -> Result<I, Errors> {
    let id = value.and_then(|id| I::try_from(*id).ok());
    id.ok_or_else(|| {
        let value = value.map_or_else(|| "null".to_owned(), i64::to_string);
        let detail = format!(
            "`{name}` is {value}, but must be the ID of a {}, which is 1 or more.",
            I::KIND
        );
        Diagnostic::new("Invalid identity", detail).into()
    })
}

/// Returns the display name of what an import names: its ID, or its identity.
pub(super) fn import_source<I: Model>(by: &ImportBy<'_, I>) -> String {
    match by {
        ImportBy::Id(id) => quoted(id),
        ImportBy::Identity(identity) => named_by(&identity.clone().into_object()),
    }
}
