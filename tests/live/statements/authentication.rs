//! Tokens: their headers, and the errors of invalid ones.

use serde_json::json;

use crate::api::Header;
use crate::check::{Check, Need, Outcome};
use crate::site::Site;

pub(super) const CHECKS: &[Check] = &[
    Check::new(
        "REST: no token and an unknown token return 401",
        "Without a token, and with one that doesn't exist, `GET /projects/:id/job_token_scope` \
         returns 401 `{\"message\":\"401 Unauthorized\"}`.",
        unauthorized,
    ),
    Check::new(
        "REST: a token works as a bearer token",
        "`Authorization: Bearer` accepts the same tokens as `PRIVATE-TOKEN`.",
        bearer,
    ),
    Check::new(
        "REST: a revoked token returns 401 invalid_token",
        "A revoked token returns 401 `{\"error\":\"invalid_token\",\"error_description\":\"Token \
         was revoked. …\"}`.",
        revoked,
    )
    .needs(&[Need::Administrator]),
    Check::new(
        "REST: read_api can read but not write",
        "With a token of scope `read_api`, reads of scope and lists return 200, and writes 403 \
         with the error `insufficient_scope` and the scope `api`.",
        read_api,
    )
    .needs(&[Need::Administrator]),
];

fn unauthorized(site: &Site) -> Outcome {
    let path = site.project()?.scope("");
    for api in [site.api.without_token(), site.api.with_token("glpat-unknown")] {
        api.get(&path)?.is(401, &json!({ "message": "401 Unauthorized" }))?;
    }
    Ok(())
}

fn bearer(site: &Site) -> Outcome {
    let path = site.project()?.scope("");
    site.api.with_header(Header::Bearer).get(&path)?.has_status(200).map(drop)
}

fn revoked(site: &Site) -> Outcome {
    let user = site.user(&["api"])?;
    user.api.delete("/personal_access_tokens/self")?.has_no_content()?;
    let response = user.api.get("/user")?.has_status(401)?;
    let body = response.json();
    let description = body["error_description"].as_str().unwrap_or_default();
    let holds = body["error"] == "invalid_token" && description.starts_with("Token was revoked.");
    response.expect("the error `invalid_token`, \"Token was revoked.\"", holds).map(drop)
}

fn read_api(site: &Site) -> Outcome {
    let (source, target) = (site.project()?, site.project()?);
    let reader = site.member(&source, 40, &["read_api"])?.api;
    for rest in ["", "/allowlist", "/groups_allowlist"] {
        reader.get(&source.scope(rest))?.has_status(200)?;
    }
    for response in [
        reader.patch(&source.scope(""), &json!({ "enabled": true }))?,
        reader.post(&source.scope("/allowlist"), &json!({ "target_project_id": target.id }))?,
        reader.delete(&source.scope(&format!("/allowlist/{}", target.id)))?,
    ] {
        let response = response.has_status(403)?;
        let body = response.json();
        let scopes = body["scope"].as_str().unwrap_or_default();
        let holds =
            body["error"] == "insufficient_scope" && scopes.split(' ').any(|scope| scope == "api");
        response.expect("the error `insufficient_scope` with `api` in `scope`", holds)?;
    }
    Ok(())
}
