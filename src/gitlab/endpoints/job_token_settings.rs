//! A project's CI/CD settings for job tokens in GraphQL, some of which REST doesn't have.

use serde::Deserialize;
use serde_json::json;

use super::global_id::GlobalId;
use crate::gitlab::sender::{Call, Document, Envelope, Optional, bounded};

/// The setting that GitLab has since 19.1.
pub(super) const CROSS_PROJECT_PUSH: Optional = Optional::field(
    "ProjectCiCdSetting",
    "crossProjectPushForJobTokenAllowed",
    "crossProjectPushForJobTokenAllowed",
);

/// The setting that GitLab is going to remove.
pub(super) const OUTBOUND: Optional =
    Optional::field("ProjectCiCdSetting", "jobTokenScopeEnabled", "jobTokenScopeEnabled");

/// The setting that GitLab has since 17.2.
pub(super) const PUSH: Optional = Optional::field(
    "ProjectCiCdSetting",
    "pushRepositoryForJobTokenAllowed",
    "pushRepositoryForJobTokenAllowed",
);

const SHOW: Document = Document {
    name: "JobTokenSettings",
    optional: &[CROSS_PROJECT_PUSH],
    text: "query JobTokenSettings($project: ID!) {
  project(fullPath: $project) {
    id
    ciCdSettings {
      inboundJobTokenScopeEnabled
      pushRepositoryForJobTokenAllowed
      crossProjectPushForJobTokenAllowed
    }
  }
}
",
};

const SET_CROSS_PROJECT_PUSH: Document = Document {
    name: "SetCrossProjectPush",
    optional: &[],
    text: "mutation SetCrossProjectPush($project: ID!, $allowed: Boolean!) {
  written: projectCiCdSettingsUpdate(input: {
    fullPath: $project, crossProjectPushForJobTokenAllowed: $allowed
  }) {
    ciCdSettings { crossProjectPushForJobTokenAllowed }
    errors
  }
}
",
};

/// The settings of a project. Each is `None` if this GitLab version doesn't have it, or if it isn't
/// visible to the token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Settings {
    /// The project's own setting. If the instance enforces allowlists, access is restricted anyway.
    pub inbound_job_token_scope_enabled: Option<bool>,
    /// Whether job tokens of the project can push to its repository.
    pub push_repository_for_job_token_allowed: Option<bool>,
    /// Whether job tokens of other projects on the allowlist can push to the repository.
    pub cross_project_push_for_job_token_allowed: Option<bool>,
}

/// All settings, including the one that is otherwise read over REST.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::gitlab) struct AllSettings {
    /// Whether access from the project is restricted, which is `outbound_enabled` in REST. `None`
    /// if GitLab doesn't have it any more.
    #[serde(default)]
    pub(in crate::gitlab) job_token_scope_enabled: Option<bool>,
    #[serde(flatten)]
    pub(in crate::gitlab) own: Settings,
}

/// The response to [`show`].
#[derive(Debug, Deserialize)]
pub(in crate::gitlab) struct Shown {
    /// `None` if the path isn't that of a project that is visible to the token.
    pub(in crate::gitlab) project: Option<ShownProject>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::gitlab) struct ShownProject {
    pub(in crate::gitlab) id: GlobalId,
    /// `None` if the token's user lacks the Maintainer role.
    pub(in crate::gitlab) ci_cd_settings: Option<Settings>,
}

/// The response to [`set_cross_project_push`].
#[derive(Debug, Deserialize)]
pub(in crate::gitlab) struct Changed {
    pub(in crate::gitlab) written: Option<Written>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::gitlab) struct Written {
    pub(in crate::gitlab) ci_cd_settings: Option<Settings>,
    #[serde(default, deserialize_with = "bounded::list")]
    pub(in crate::gitlab) errors: Vec<String>,
}

/// Creates the query for the settings of a project.
pub(in crate::gitlab) fn show(project: &str) -> Call<Envelope<Shown>> {
    Call::query(SHOW, json!({ "project": project }))
}

/// Creates the mutation that sets whether job tokens of other projects may push to the repository.
pub(in crate::gitlab) fn set_cross_project_push(
    project: &str,
    allowed: bool,
) -> Call<Envelope<Changed>> {
    Call::mutation(SET_CROSS_PROJECT_PUSH, json!({ "project": project, "allowed": allowed }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_settings_are_read_together() {
        let read = |text| serde_json::from_str::<AllSettings>(text).unwrap();
        let all = read(r#"{"jobTokenScopeEnabled":false,"inboundJobTokenScopeEnabled":true}"#);
        assert_eq!(all.job_token_scope_enabled, Some(false));
        assert_eq!(all.own.inbound_job_token_scope_enabled, Some(true));
        assert_eq!(read("{}").own, Settings::default());
    }

    #[test]
    fn documents_hold_their_operation_and_optional_parts() {
        for Document { name, text, optional } in [SHOW, SET_CROSS_PROJECT_PUSH] {
            assert!(text.contains(&format!(" {name}(")), "{name}");
            assert!(optional.iter().all(|part| text.matches(part.text).count() == 1), "{name}");
        }
        let call = set_cross_project_push("a/b", true);
        assert_eq!(call.body().unwrap()["variables"], json!({ "project": "a/b", "allowed": true }));
    }
}
