//! `/projects/:id`: the settings of a project.

use serde::Deserialize;
use serde_json::json;

use crate::gitlab::names::ProjectId;
use crate::gitlab::sender::Call;

/// The settings of a project that are used here.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(in crate::gitlab) struct Settings {
    /// `None` before GitLab 17.2, or without the Maintainer role.
    pub(in crate::gitlab) ci_push_repository_for_job_token_allowed: Option<bool>,
}

/// `GET /projects/:id`, for its settings.
pub(in crate::gitlab) fn settings(project: ProjectId) -> Call<Settings> {
    Call::get(format!("/projects/{project}"))
}

/// `PUT /projects/:id`
pub(in crate::gitlab) fn set_push_allowed(project: ProjectId, allowed: bool) -> Call<Settings> {
    Call::put(
        format!("/projects/{project}"),
        json!({ "ci_push_repository_for_job_token_allowed": allowed }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn setting_has_the_documented_url_and_body() {
        let call = set_push_allowed(7_u64.try_into().unwrap(), true);
        assert_eq!(call.line().to_string(), "PUT /projects/7");
        assert_eq!(
            call.body().unwrap().to_string(),
            r#"{"ci_push_repository_for_job_token_allowed":true}"#
        );
    }
}
