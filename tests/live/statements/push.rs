//! The settings that let job tokens push.

use serde_json::json;

use crate::check::{Check, Need, Outcome};
use crate::site::Site;

const PUSH: &str = "ci_push_repository_for_job_token_allowed";

pub(super) const CHECKS: &[Check] = &[
    Check::new(
        "REST: PUT sets whether the project's own jobs can push",
        "`PUT /projects/:id` with `ci_push_repository_for_job_token_allowed` returns 200, and `GET \
         /projects/:id` shows the value; it is false in a new project.",
        own_push,
    )
    .needs(&[Need::Since(18, 4)]),
    Check::new(
        "GraphQL: the push settings are among the CI/CD settings",
        "`projectCiCdSettingsUpdate` sets `crossProjectPushForJobTokenAllowed`, and \
         `project.ciCdSettings` shows it beside `pushRepositoryForJobTokenAllowed`.",
        cross_project_push,
    )
    .needs(&[Need::Since(19, 1)]),
];

fn own_push(site: &Site) -> Outcome {
    let path = format!("/projects/{}", site.project()?.id);
    for (write, expected) in [(None, false), (Some(true), true), (Some(false), false)] {
        if let Some(allowed) = write {
            site.api.put(&path, &json!({ PUSH: allowed }))?.has_status(200)?;
        }
        let response = site.api.get(&path)?.has_status(200)?;
        let holds = response.json()[PUSH] == expected;
        response.expect(format!("`{PUSH}` {expected}"), holds)?;
    }
    Ok(())
}

fn cross_project_push(site: &Site) -> Outcome {
    let project = site.project()?;
    let mutation = "mutation($input: ProjectCiCdSettingsUpdateInput!) {
        projectCiCdSettingsUpdate(input: $input) { errors }
    }";
    let input = json!({ "fullPath": project.path, "crossProjectPushForJobTokenAllowed": true });
    let response = site.api.graphql(mutation, &json!({ "input": input }))?.has_status(200)?;
    let done = response.data()["projectCiCdSettingsUpdate"]["errors"] == json!([]);
    response.expect("no errors", done)?;
    let query = "query($path: ID!) { project(fullPath: $path) {
        ciCdSettings { crossProjectPushForJobTokenAllowed pushRepositoryForJobTokenAllowed }
    } }";
    let response = site.api.graphql(query, &json!({ "path": project.path }))?.has_status(200)?;
    let settings = response.data()["project"]["ciCdSettings"].clone();
    let expected = json!({ "crossProjectPushForJobTokenAllowed": true, "pushRepositoryForJobTokenAllowed": false });
    response.expect(format!("the settings {expected}"), settings == expected).map(drop)
}
