//! Moves from the official provider's `gitlab_project_job_token_scopes`.

use super::ExclusiveModel;
use crate::framework::{Attr, Diagnostic, Errors, MoveSource, Set, Warnings};
use crate::provider::moved;

pub(super) const SOURCE_TYPE: &str = "gitlab_project_job_token_scopes";

/// Converts the state. A kind that the state doesn't have isn't managed.
pub(super) fn convert(source: &MoveSource, warnings: &Warnings) -> Result<ExclusiveModel, Errors> {
    let project = moved::project(source, &["project", "project_id", "id"]);
    let Some(path_or_id) = project.known() else { return Err(no_project(source).into()) };
    let project_id: Option<i64> = path_or_id.parse().ok();
    let set = |attribute| {
        let others = moved::ids(source, attribute).map(|mut ids| {
            if attribute == "target_project_ids" {
                ids.retain(|id| Some(*id) != project_id);
            }
            Set(ids.into_iter().map(Attr::Known).collect())
        });
        others.map_or(Attr::Null, Attr::Known)
    };
    if let Some(enabled) = source.state.get("enabled").and_then(serde_json::Value::as_bool) {
        warnings.add(enabled_not_moved(path_or_id, enabled));
    }
    Ok(ExclusiveModel {
        target_project_ids: set("target_project_ids"),
        target_group_ids: set("target_group_ids"),
        project_id: project_id.map_or(Attr::Null, Attr::Known),
        id: project_id.map_or(Attr::Null, |project_id| Attr::Known(project_id.to_string())),
        project: project.clone(),
        ..ExclusiveModel::default()
    })
}

fn enabled_not_moved(project: &str, enabled: bool) -> Diagnostic {
    Diagnostic::new(
        format!("Job token scope not managed: project {project}"),
        format!(
            "The `{SOURCE_TYPE}` of project {project} also managed `enabled = {enabled}`, which an \
             exclusive allowlist doesn't. If the project exists, GitLab keeps the setting. To \
             continue managing it, add a `gitlab_job_token_scope` with `inbound_enabled = \
             {enabled}`, and import it with the ID \"{project}\"."
        ),
    )
}

fn no_project(source: &MoveSource) -> Diagnostic {
    let detail = format!(
        "The state of the {} doesn't have a project. Replace the `moved` block with a `removed` \
         block that has `destroy = false`, and import the allowlist by its project.",
        moved::named(source)
    );
    Diagnostic::new("Unreadable state", detail)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn moved(state: serde_json::Value) -> (ExclusiveModel, Vec<Diagnostic>) {
        let source = MoveSource {
            provider_address: "registry.terraform.io/gitlabhq/gitlab".into(),
            type_name: SOURCE_TYPE.into(),
            schema_version: 0,
            state: state.as_object().unwrap().clone(),
        };
        let warnings = Warnings::default();
        let model = convert(&source, &warnings).unwrap();
        (model, warnings.take())
    }

    fn ids(ids: &[i64]) -> Attr<Set<i64>> {
        Attr::Known(Set(ids.iter().copied().map(Attr::Known).collect()))
    }

    fn with_ids(projects: Attr<Set<i64>>, groups: Attr<Set<i64>>) -> ExclusiveModel {
        ExclusiveModel {
            project: Attr::Known("111".into()),
            target_project_ids: projects,
            target_group_ids: groups,
            project_id: Attr::Known(111),
            id: Attr::Known("111".into()),
            ..ExclusiveModel::default()
        }
    }

    #[test]
    fn all_official_state_formats_are_converted() {
        let of_17_0 = json!({"id":"111","project_id":111,"target_project_ids":[123]});
        assert_eq!(moved(of_17_0).0, with_ids(ids(&[123]), Attr::Null));
        let of_17_3 = json!({"id":"111","project":"111","project_id":111,"target_project_ids":[123],"target_group_ids":[]});
        assert_eq!(moved(of_17_3).0, with_ids(ids(&[123]), ids(&[])));
        let of_18 = json!({"id":"111","project":"111","project_id":111,"enabled":true,"target_project_ids":[123],
                           "target_group_ids":[7]});
        assert_eq!(moved(of_18).0, with_ids(ids(&[123]), ids(&[7])));
        let of_19_0 = json!({"id":"111","project":"111","enabled":true,"target_project_ids":[],"target_group_ids":[]});
        assert_eq!(moved(of_19_0).0, with_ids(ids(&[]), ids(&[])));
        let of_19_1 = json!({"id":"grp/prj","project":"grp/prj","enabled":true,"target_project_ids":[],"target_group_ids":[7]});
        let by_path = ExclusiveModel {
            project: Attr::Known("grp/prj".into()),
            project_id: Attr::Null,
            id: Attr::Null,
            ..with_ids(ids(&[]), ids(&[7]))
        };
        assert_eq!(moved(of_19_1).0, by_path);
    }

    #[test]
    fn project_itself_is_not_a_target() {
        let state = json!({"id":"111","project":"111","target_project_ids":[111,123]});
        assert_eq!(moved(state).0.target_project_ids, ids(&[123]));
    }

    #[test]
    fn state_with_enabled_warns() {
        let (_, warnings) =
            moved(json!({"id":"111","project":"111","enabled":false,"target_project_ids":[]}));
        assert_eq!(
            warnings,
            [Diagnostic::new(
                "Job token scope not managed: project 111",
                "The `gitlab_project_job_token_scopes` of project 111 also managed `enabled = \
                 false`, which an exclusive allowlist doesn't. If the project exists, GitLab keeps \
                 the setting. To continue managing it, add a `gitlab_job_token_scope` with \
                 `inbound_enabled = false`, and import it with the ID \"111\"."
            )]
        );
        assert!(moved(json!({"id":"111","project":"111","enabled":null})).1.is_empty());
    }
}
