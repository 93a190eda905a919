//! Moves from the official provider's `gitlab_project_job_token_scope`, which is one entry despite
//! its name.

use super::EntryModel;
use super::ids::{project_of, target_of};
use crate::framework::{Attr, Diagnostic, Errors, MoveSource};
use crate::gitlab::{GroupId, ProjectId};
use crate::provider::moved;
use crate::provider::project::{Stage, check_id};

pub(super) const SOURCE_TYPE: &str = "gitlab_project_job_token_scope";

/// Converts the state.
pub(super) fn convert(source: &MoveSource) -> Result<EntryModel, Errors> {
    let project = moved::project(source, &["project"]);
    let id = project.known().and_then(|path_or_id| path_or_id.parse::<i64>().ok());
    let entry = EntryModel {
        target_project_id: moved::id(source, "target_project_id"),
        target_group_id: moved::id(source, "target_group_id"),
        project_id: id.map_or(Attr::Null, Attr::Known),
        project,
        ..EntryModel::default()
    };
    let readable = check_id::<ProjectId>(Stage::Planning, "", &entry.target_project_id).is_none()
        && check_id::<GroupId>(Stage::Planning, "", &entry.target_group_id).is_none();
    match (target_of(&entry), project_of(&entry)) {
        (Some(target), Some(project_id)) if readable => Ok(entry.with_ids(project_id, target)),
        (Some(target), None) if readable && entry.project.known().is_some() => {
            Ok(EntryModel { target_type: Attr::Known(target.kind().as_str().to_owned()), ..entry })
        }
        _ => Err(incomplete(source).into()),
    }
}

fn incomplete(source: &MoveSource) -> Diagnostic {
    let detail = format!(
        "The state of the {} doesn't have one project and one target. Replace the `moved` block \
         with a `removed` block that has `destroy = false`, and import the entry.",
        moved::named(source)
    );
    Diagnostic::new("Unreadable state", detail)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn moved(state: serde_json::Value) -> Result<EntryModel, Errors> {
        convert(&MoveSource {
            provider_address: "registry.opentofu.org/gitlabhq/gitlab".into(),
            type_name: SOURCE_TYPE.into(),
            schema_version: 1,
            state: state.as_object().unwrap().clone(),
        })
    }

    fn to_project(id: &str) -> EntryModel {
        EntryModel {
            project: Attr::Known("99".into()),
            target_project_id: Attr::Known(42),
            target_type: Attr::Known("project".into()),
            project_id: Attr::Known(99),
            id: Attr::Known(id.into()),
            ..EntryModel::default()
        }
    }

    #[test]
    fn all_official_state_formats_are_converted() {
        let of_16_3 = json!({"id":"99:42","project":"99","target_project_id":42});
        assert_eq!(moved(of_16_3), Ok(to_project("99:project:42")));
        let of_17_9 = json!({"id":"99:project:42","project":"99","target_project_id":42,"target_group_id":null});
        assert_eq!(moved(of_17_9), Ok(to_project("99:project:42")));
        let to_group =
            json!({"id":"99:group:7","project":"99","target_project_id":null,"target_group_id":7});
        let group = EntryModel {
            target_project_id: Attr::Null,
            target_group_id: Attr::Known(7),
            target_type: Attr::Known("group".into()),
            ..to_project("99:group:7")
        };
        assert_eq!(moved(to_group), Ok(group));
    }

    #[test]
    fn unknown_ids_stay_null() {
        let by_path = json!({"id":"foo/bar:42","project":"foo/bar","target_project_id":42});
        let expected = EntryModel {
            project: Attr::Known("foo/bar".into()),
            project_id: Attr::Null,
            id: Attr::Null,
            ..to_project("")
        };
        assert_eq!(moved(by_path), Ok(expected));
    }

    #[test]
    fn state_without_a_target_is_an_error() {
        for state in [
            json!({"project":"99"}),
            json!({"target_project_id":42}),
            json!({"project":"9","target_project_id":0}),
        ] {
            assert_eq!(moved(state).unwrap_err().as_slice()[0].summary, "Unreadable state");
        }
    }
}
