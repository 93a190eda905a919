//! Entries of an allowlist for groups, over REST.

use serde_json::{Value, json};

use super::entries::UNKNOWN;
use crate::check::{Check, Outcome, Problem};
use crate::site::{ProjectOrGroup, Site};

pub(super) const CHECKS: &[Check] = &[
    Check::new(
        "REST: an addition of a group returns 201 with both IDs",
        "`POST /projects/:id/job_token_scope/groups_allowlist` with `target_group_id` returns 201 \
         with `source_project_id` and `target_group_id`, and nothing else.",
        addition_returns_both_ids,
    ),
    Check::new(
        "REST: the list of groups shows three keys of each group",
        "`GET /projects/:id/job_token_scope/groups_allowlist` shows `id`, `web_url` and `name` of \
         each group, and nothing else. `web_url` ends in `/groups/` and the full path.",
        list_shows_three_keys,
    ),
    Check::new(
        "REST: the list of groups takes a full path",
        "`GET /projects/:id/job_token_scope/groups_allowlist` takes the URL-encoded full path of \
         the project, and is empty for a new project.",
        list_takes_a_path,
    ),
    Check::new(
        "REST: a second addition of a group returns 400",
        "`POST …/groups_allowlist` of a group that is on the list returns 400 with \"already in \
         the job token\".",
        second_addition,
    ),
    Check::new(
        "REST: removal of a group returns 204 with no body",
        "`DELETE …/groups_allowlist/:target_group_id` returns 204 with an empty body, and the \
         group is off the list.",
        removal,
    ),
    Check::new(
        "REST: a second removal of a group returns 400",
        "`DELETE …/groups_allowlist/:target_group_id` of a group that isn't on the list returns \
         400 \"Target group is not in the job token scope\".",
        second_removal,
    ),
    Check::new(
        "REST: writes of group entries need the ID of the project",
        "`POST …/groups_allowlist` and `DELETE …/groups_allowlist/:target_group_id` with the \
         URL-encoded full path of the source project return 400 `{\"error\":\"id is invalid\"}`.",
        writes_need_an_id,
    ),
    Check::new(
        "REST: an addition of a group needs a target_group_id",
        "`POST …/groups_allowlist` without `target_group_id`, also with `target_project_id` in its \
         place, returns 400 `{\"error\":\"target_group_id is missing\"}`.",
        addition_needs_a_target,
    ),
    Check::new(
        "REST: writes with an unknown group return 404",
        "`POST …/groups_allowlist` and `DELETE …/groups_allowlist/:target_group_id` of a group \
         that doesn't exist return 404 \"404 target_group_id not found Not Found\".",
        unknown_target,
    ),
];

/// Makes a source project and a target, and adds the one to the list of the other.
fn listed(site: &Site) -> Result<(ProjectOrGroup, ProjectOrGroup), Problem> {
    let (source, target) = (site.project()?, site.subgroup()?);
    site.api.post(&source.scope("/groups_allowlist"), &body(target.id))?.created(201)?;
    Ok((source, target))
}

fn body(target: u64) -> Value {
    json!({ "target_group_id": target })
}

fn addition_returns_both_ids(site: &Site) -> Outcome {
    let (source, target) = (site.project()?, site.subgroup()?);
    let response = site.api.post(&source.scope("/groups_allowlist"), &body(target.id))?;
    response.is(201, &json!({ "source_project_id": source.id, "target_group_id": target.id }))
}

fn list_shows_three_keys(site: &Site) -> Outcome {
    let (source, target) = listed(site)?;
    let response = site.api.get(&source.scope("/groups_allowlist"))?.has_status(200)?;
    let elements = response.elements();
    let keys: Vec<&String> =
        elements.iter().filter_map(Value::as_object).flat_map(|group| group.keys()).collect();
    let end = format!("/groups/{}", target.path);
    let web_url = elements.first().is_some_and(|group| {
        group["id"] == target.id && group["web_url"].as_str().is_some_and(|url| url.ends_with(&end))
    });
    let holds = web_url && keys == ["id", "name", "web_url"];
    response
        .expect(format!("one group with `id`, `name` and a `web_url` that ends in {end}"), holds)
        .map(drop)
}

fn list_takes_a_path(site: &Site) -> Outcome {
    let path = format!("/projects/{}/job_token_scope/groups_allowlist", site.project()?.encoded());
    site.api.get(&path)?.is(200, &json!([]))
}

fn second_addition(site: &Site) -> Outcome {
    let (source, target) = listed(site)?;
    let response = site.api.post(&source.scope("/groups_allowlist"), &body(target.id))?;
    response.refuses(400, "already in the job token")
}

fn removal(site: &Site) -> Outcome {
    let (source, target) = listed(site)?;
    site.api
        .delete(&source.scope(&format!("/groups_allowlist/{}", target.id)))?
        .has_no_content()?;
    site.api.get(&source.scope("/groups_allowlist"))?.is(200, &json!([]))
}

fn second_removal(site: &Site) -> Outcome {
    let (source, target) = listed(site)?;
    let path = source.scope(&format!("/groups_allowlist/{}", target.id));
    site.api.delete(&path)?.succeeds()?;
    site.api.delete(&path)?.refuses(400, "Target group is not in the job token scope")
}

fn writes_need_an_id(site: &Site) -> Outcome {
    let (source, target) = listed(site)?;
    let path = format!("/projects/{}/job_token_scope/groups_allowlist", source.encoded());
    let invalid = json!({ "error": "id is invalid" });
    site.api.post(&path, &body(target.id))?.is(400, &invalid)?;
    site.api.delete(&format!("{path}/{}", target.id))?.is(400, &invalid)
}

fn addition_needs_a_target(site: &Site) -> Outcome {
    let path = site.project()?.scope("/groups_allowlist");
    for body in [json!({}), json!({ "target_project_id": 1 })] {
        site.api.post(&path, &body)?.is(400, &json!({ "error": "target_group_id is missing" }))?;
    }
    Ok(())
}

fn unknown_target(site: &Site) -> Outcome {
    let words = "404 target_group_id not found Not Found";
    let source = site.project()?;
    site.api.post(&source.scope("/groups_allowlist"), &body(UNKNOWN))?.refuses(404, words)?;
    site.api.delete(&source.scope(&format!("/groups_allowlist/{UNKNOWN}")))?.refuses(404, words)
}
