//! Entries of an allowlist for projects, over REST.

use serde_json::{Value, json};

use crate::check::{Check, Outcome, Problem};
use crate::site::{ProjectOrGroup, Site};

pub(super) const CHECKS: &[Check] = &[
    Check::new(
        "REST: an addition of a project returns 201 with both IDs",
        "`POST /projects/:id/job_token_scope/allowlist` with `target_project_id` returns 201 with \
         `source_project_id` and `target_project_id`, and nothing else.",
        addition_returns_both_ids,
    ),
    Check::new(
        "REST: the list shows an added project with its path",
        "`GET /projects/:id/job_token_scope/allowlist` shows an added project as a project object \
         with `id`, `name`, `path_with_namespace` and `web_url`.",
        list_shows_the_entry,
    ),
    Check::new(
        "REST: the list of projects takes a full path",
        "`GET /projects/:id/job_token_scope/allowlist` takes the URL-encoded full path of the \
         project.",
        list_takes_a_path,
    ),
    Check::new(
        "REST: the list of projects has the project itself",
        "`GET /projects/:id/job_token_scope/allowlist` of a new project holds the project itself \
         and nothing else.",
        list_contains_the_project_itself,
    ),
    Check::new(
        "REST: a second addition of a project returns 400",
        "`POST …/allowlist` of a project that is on the list returns 400 with \"already in the job \
         token\".",
        second_addition,
    ),
    Check::new(
        "REST: removal of a project returns 204 with no body",
        "`DELETE …/allowlist/:target_project_id` returns 204 with an empty body, and the project \
         is off the list.",
        removal,
    ),
    Check::new(
        "REST: a second removal of a project returns 400",
        "`DELETE …/allowlist/:target_project_id` of a project that isn't on the list returns 400 \
         \"Target project is not in the job token scope\".",
        second_removal,
    ),
    Check::new(
        "REST: additions of projects need the ID of the project",
        "`POST …/allowlist` with the URL-encoded full path of the source project returns 400 \
         `{\"error\":\"id is invalid\"}`.",
        addition_needs_an_id,
    ),
    Check::new(
        "REST: removals of projects need the ID of the project",
        "`DELETE …/allowlist/:target_project_id` with the URL-encoded full path of the source \
         project returns 400 `{\"error\":\"id is invalid\"}`.",
        removal_needs_an_id,
    ),
    Check::new(
        "REST: an addition needs a target_project_id",
        "`POST …/allowlist` without `target_project_id` returns 400 \
         `{\"error\":\"target_project_id is missing\"}`, and `{\"error\":\"target_project_id is \
         invalid\"}` with 12.34 or a path.",
        addition_needs_a_target,
    ),
    Check::new(
        "REST: the addition of an unknown project returns 404",
        "`POST …/allowlist` of a project that doesn't exist returns 404 \"404 target_project_id \
         not found Not Found\".",
        addition_of_an_unknown_target,
    ),
    Check::new(
        "REST: the removal of an unknown project returns 404",
        "`DELETE …/allowlist/:target_project_id` of a project that doesn't exist returns 404 \
         \"404 Project Not Found\".",
        removal_of_an_unknown_target,
    ),
    Check::new(
        "REST: the project itself can't be removed",
        "`DELETE …/allowlist/:target_project_id` of the source project itself returns 400 \"Source \
         project cannot be removed from the job token scope\".",
        removal_of_itself,
    ),
    Check::new(
        "REST: the addition of the project itself",
        "`POST …/allowlist` of the source project itself returns 400 before GitLab 18.3. From then \
         on it returns 201, the list holds the project twice, and `X-Total` counts it twice.",
        addition_of_itself,
    ),
];

/// An ID that no project or group has.
pub(super) const UNKNOWN: u64 = 2_147_483_000;

/// Makes a source project and a target, and adds the one to the list of the other.
fn listed(site: &Site) -> Result<(ProjectOrGroup, ProjectOrGroup), Problem> {
    let (source, target) = (site.project()?, site.project()?);
    site.api.post(&source.scope("/allowlist"), &body(target.id))?.created(201)?;
    Ok((source, target))
}

fn body(target: u64) -> Value {
    json!({ "target_project_id": target })
}

fn addition_returns_both_ids(site: &Site) -> Outcome {
    let (source, target) = (site.project()?, site.project()?);
    let response = site.api.post(&source.scope("/allowlist"), &body(target.id))?;
    response.is(201, &json!({ "source_project_id": source.id, "target_project_id": target.id }))
}

fn list_shows_the_entry(site: &Site) -> Outcome {
    let (source, target) = listed(site)?;
    let response = site.api.get(&source.scope("/allowlist"))?.has_status(200)?;
    let elements = response.elements();
    let entry =
        elements.iter().find(|element| element["id"] == target.id).cloned().unwrap_or_default();
    let web_url =
        entry["web_url"].as_str().is_some_and(|url| url.ends_with(&format!("/{}", target.path)));
    let holds = entry["path_with_namespace"] == target.path && entry["name"].is_string() && web_url;
    response
        .expect(format!("an element for project {} ({})", target.id, target.path), holds)
        .map(drop)
}

fn list_takes_a_path(site: &Site) -> Outcome {
    let path = format!("/projects/{}/job_token_scope/allowlist", site.project()?.encoded());
    site.api.get(&path)?.has_status(200).map(drop)
}

fn list_contains_the_project_itself(site: &Site) -> Outcome {
    let source = site.project()?;
    let response = site.api.get(&source.scope("/allowlist"))?.has_status(200)?;
    let alone = response.ids() == [source.id];
    response.expect(format!("one element, the project {} itself", source.id), alone).map(drop)
}

fn second_addition(site: &Site) -> Outcome {
    let (source, target) = listed(site)?;
    let response = site.api.post(&source.scope("/allowlist"), &body(target.id))?;
    response.refuses(400, "already in the job token")
}

fn removal(site: &Site) -> Outcome {
    let (source, target) = listed(site)?;
    site.api.delete(&source.scope(&format!("/allowlist/{}", target.id)))?.has_no_content()?;
    let response = site.api.get(&source.scope("/allowlist"))?.has_status(200)?;
    let gone = !response.ids().contains(&target.id);
    response.expect(format!("no element for project {}", target.id), gone).map(drop)
}

fn second_removal(site: &Site) -> Outcome {
    let (source, target) = listed(site)?;
    let path = source.scope(&format!("/allowlist/{}", target.id));
    site.api.delete(&path)?.succeeds()?;
    site.api.delete(&path)?.refuses(400, "Target project is not in the job token scope")
}

fn addition_needs_an_id(site: &Site) -> Outcome {
    let path = format!("/projects/{}/job_token_scope/allowlist", site.project()?.encoded());
    let response = site.api.post(&path, &body(site.project()?.id))?;
    response.is(400, &json!({ "error": "id is invalid" }))
}

fn removal_needs_an_id(site: &Site) -> Outcome {
    let (source, target) = listed(site)?;
    let path = format!("/projects/{}/job_token_scope/allowlist/{}", source.encoded(), target.id);
    site.api.delete(&path)?.is(400, &json!({ "error": "id is invalid" }))
}

fn addition_needs_a_target(site: &Site) -> Outcome {
    let path = site.project()?.scope("/allowlist");
    site.api
        .post(&path, &json!({}))?
        .is(400, &json!({ "error": "target_project_id is missing" }))?;
    for target in [json!(12.34), json!("some/project")] {
        let response = site.api.post(&path, &json!({ "target_project_id": target }))?;
        response.is(400, &json!({ "error": "target_project_id is invalid" }))?;
    }
    Ok(())
}

fn addition_of_an_unknown_target(site: &Site) -> Outcome {
    let response = site.api.post(&site.project()?.scope("/allowlist"), &body(UNKNOWN))?;
    response.refuses(404, "404 target_project_id not found Not Found")
}

fn removal_of_an_unknown_target(site: &Site) -> Outcome {
    let response = site.api.delete(&site.project()?.scope(&format!("/allowlist/{UNKNOWN}")))?;
    response.refuses(404, "404 Project Not Found")
}

fn removal_of_itself(site: &Site) -> Outcome {
    let source = site.project()?;
    let response = site.api.delete(&source.scope(&format!("/allowlist/{}", source.id)))?;
    response.refuses(400, "Source project cannot be removed from the job token scope")
}

fn addition_of_itself(site: &Site) -> Outcome {
    let source = site.project()?;
    let response = site.api.post(&source.scope("/allowlist"), &body(source.id))?;
    if !site.version.is_since(18, 3) {
        return response.refuses(400, "");
    }
    response.has_status(201)?;
    let list = site.api.get(&source.scope("/allowlist"))?.has_status(200)?;
    let twice = list.ids() == [source.id, source.id] && list.header("x-total") == Some("2");
    list.expect("the project itself, twice, and `X-Total: 2`", twice).map(drop)
}
