//! The setting that restricts access to a project to its allowlist, over REST.

use serde_json::json;

use crate::check::{Check, Need, Outcome};
use crate::site::Site;

pub(super) const CHECKS: &[Check] = &[
    Check::new(
        "REST: a new project is restricted to its allowlist",
        "`GET /projects/:id/job_token_scope` of a new project returns 200 with `inbound_enabled` \
         true.",
        new_project_is_restricted,
    ),
    Check::new(
        "REST: GET of the scope takes a full path",
        "`GET /projects/:id/job_token_scope` takes the URL-encoded full path of the project in \
         place of its ID.",
        get_takes_a_path,
    ),
    Check::new(
        "REST: PATCH returns 204 with no body",
        "`PATCH /projects/:id/job_token_scope` with `enabled` returns 204 with an empty body.",
        patch_answers_204,
    ),
    Check::new(
        "REST: PATCH of the scope takes a full path",
        "`PATCH /projects/:id/job_token_scope` takes the URL-encoded full path of the project in \
         place of its ID.",
        patch_takes_a_path,
    ),
    Check::new(
        "REST: what is sent as enabled is read as inbound_enabled",
        "After `PATCH /projects/:id/job_token_scope` with `enabled` false, `GET` returns \
         `inbound_enabled` false, and true again after `enabled` true.",
        enabled_is_inbound_enabled,
    )
    .needs(&[Need::NoEnforcement]),
    Check::new(
        "REST: PATCH without enabled returns 400",
        "`PATCH /projects/:id/job_token_scope` without `enabled`, also with `outbound_enabled` \
         alone, returns 400 `{\"error\":\"enabled is missing\"}`.",
        enabled_is_required,
    ),
    Check::new(
        "REST: PATCH with an enabled of another type returns 400",
        "`PATCH /projects/:id/job_token_scope` with an `enabled` that is no boolean returns 400 \
         `{\"error\":\"enabled is invalid\"}`.",
        enabled_is_a_boolean,
    ),
    Check::new(
        "REST: a project that doesn't exist returns 404",
        "`GET /projects/:id/job_token_scope` of a project that doesn't exist returns 404 \"404 \
         Project Not Found\".",
        unknown_project,
    ),
];

fn new_project_is_restricted(site: &Site) -> Outcome {
    let response = site.api.get(&site.project()?.scope(""))?.has_status(200)?;
    let restricted = response.json()["inbound_enabled"] == true;
    response.expect("`inbound_enabled` true", restricted).map(drop)
}

fn get_takes_a_path(site: &Site) -> Outcome {
    let project = site.project()?;
    site.api
        .get(&format!("/projects/{}/job_token_scope", project.encoded()))?
        .has_status(200)
        .map(drop)
}

fn patch_answers_204(site: &Site) -> Outcome {
    site.api.patch(&site.project()?.scope(""), &json!({ "enabled": true }))?.has_no_content()
}

fn patch_takes_a_path(site: &Site) -> Outcome {
    let path = format!("/projects/{}/job_token_scope", site.project()?.encoded());
    site.api.patch(&path, &json!({ "enabled": true }))?.succeeds()
}

fn enabled_is_inbound_enabled(site: &Site) -> Outcome {
    let path = site.project()?.scope("");
    for enabled in [false, true] {
        site.api.patch(&path, &json!({ "enabled": enabled }))?.succeeds()?;
        let response = site.api.get(&path)?.has_status(200)?;
        let same = response.json()["inbound_enabled"] == enabled;
        response.expect(format!("`inbound_enabled` {enabled}"), same)?;
    }
    Ok(())
}

fn enabled_is_required(site: &Site) -> Outcome {
    let path = site.project()?.scope("");
    for body in [json!({}), json!({ "outbound_enabled": true })] {
        site.api.patch(&path, &body)?.is(400, &json!({ "error": "enabled is missing" }))?;
    }
    Ok(())
}

fn enabled_is_a_boolean(site: &Site) -> Outcome {
    let path = site.project()?.scope("");
    let response = site.api.patch(&path, &json!({ "enabled": "maybe" }))?;
    response.is(400, &json!({ "error": "enabled is invalid" }))
}

fn unknown_project(site: &Site) -> Outcome {
    site.api
        .get("/projects/2147483000/job_token_scope")?
        .is(404, &json!({ "message": "404 Project Not Found" }))
}
