//! Roles: who can read and change the job token scope, and what is hidden from others.

use serde_json::json;

use crate::check::{Check, Need, Outcome};
use crate::site::Site;

const DEVELOPER: u64 = 30;
const MAINTAINER: u64 = 40;

pub(super) const CHECKS: &[Check] = &[
    Check::new(
        "REST: a Maintainer can read and write",
        "With the Maintainer role in the source project, a token of scope `api` reads the scope \
         and both lists, and changes the scope.",
        maintainer_may,
    )
    .needs(&[Need::Administrator]),
    Check::new(
        "REST: a Developer gets a 403",
        "With the Developer role in the source project, reads of scope and lists, `PATCH` and \
         additions return 403 \"403 Forbidden\", and removals 403 with words that begin with it.",
        developer_may_not,
    )
    .needs(&[Need::Administrator]),
    Check::new(
        "REST: a hidden project returns 404",
        "For a user who isn't a member of a private project, `GET /projects/:id/job_token_scope` \
         returns 404 \"404 Project Not Found\".",
        nonmember_sees_nothing,
    )
    .needs(&[Need::Administrator]),
    Check::new(
        "REST: hidden targets can't be added",
        "`POST …/allowlist` and `POST …/groups_allowlist` of a target that the token's user can't \
         see return 400 \"The target_project that you are attempting to access does not exist or \
         you don't have permission to perform this action\", and the same of a target_group.",
        hidden_targets_are_rejected,
    )
    .needs(&[Need::Administrator]),
    Check::new(
        "REST: the removal of a hidden project",
        "`DELETE …/allowlist/:target_project_id` of a project that the token's user can't see \
         returns 404 \"404 Project Not Found\" before GitLab 19.4, and the entry stays. From then \
         on it returns 204.",
        removal_of_a_hidden_project,
    )
    .needs(&[Need::Administrator]),
    Check::new(
        "REST: a hidden group can be removed",
        "`DELETE …/groups_allowlist/:target_group_id` of a group that the token's user can't see \
         returns 204.",
        removal_of_a_hidden_group,
    )
    .needs(&[Need::Administrator]),
];

fn maintainer_may(site: &Site) -> Outcome {
    let source = site.project()?;
    let user = site.member(&source, MAINTAINER, &["api"])?.api;
    for rest in ["", "/allowlist", "/groups_allowlist"] {
        user.get(&source.scope(rest))?.has_status(200)?;
    }
    user.patch(&source.scope(""), &json!({ "enabled": true }))?.succeeds()
}

fn developer_may_not(site: &Site) -> Outcome {
    let source = site.project()?;
    let user = site.member(&source, DEVELOPER, &["api"])?.api;
    let target = json!({ "target_project_id": source.id, "target_group_id": site.group.id });
    for response in [
        user.get(&source.scope(""))?,
        user.get(&source.scope("/allowlist"))?,
        user.get(&source.scope("/groups_allowlist"))?,
        user.patch(&source.scope(""), &json!({ "enabled": true }))?,
        user.post(&source.scope("/allowlist"), &target)?,
        user.post(&source.scope("/groups_allowlist"), &target)?,
        user.delete(&source.scope(&format!("/allowlist/{}", source.id)))?,
        user.delete(&source.scope(&format!("/groups_allowlist/{}", site.group.id)))?,
    ] {
        response.refuses(403, "403 Forbidden")?;
    }
    Ok(())
}

fn nonmember_sees_nothing(site: &Site) -> Outcome {
    let source = site.project()?;
    let stranger = site.user(&["api"])?.api;
    stranger.get(&source.scope(""))?.is(404, &json!({ "message": "404 Project Not Found" }))
}

fn hidden_targets_are_rejected(site: &Site) -> Outcome {
    let (source, project, group) = (site.project()?, site.project()?, site.subgroup()?);
    let user = site.member(&source, MAINTAINER, &["api"])?.api;
    let words = |kind: &str| {
        format!(
            "The target_{kind} that you are attempting to access does not exist or you don't have \
             permission to perform this action"
        )
    };
    let response =
        user.post(&source.scope("/allowlist"), &json!({ "target_project_id": project.id }))?;
    response.refuses(400, &words("project"))?;
    let response =
        user.post(&source.scope("/groups_allowlist"), &json!({ "target_group_id": group.id }))?;
    response.refuses(400, &words("group"))
}

fn removal_of_a_hidden_project(site: &Site) -> Outcome {
    let (source, target) = (site.project()?, site.project()?);
    site.api
        .post(&source.scope("/allowlist"), &json!({ "target_project_id": target.id }))?
        .created(201)?;
    let user = site.member(&source, MAINTAINER, &["api"])?.api;
    let response = user.delete(&source.scope(&format!("/allowlist/{}", target.id)))?;
    let since_19_4 = site.version.is_since(19, 4);
    if since_19_4 {
        response.succeeds()?;
    } else {
        response.refuses(404, "404 Project Not Found")?;
    }
    let list = site.api.get(&source.scope("/allowlist"))?.has_status(200)?;
    let stays = list.ids().contains(&target.id);
    let expected = if since_19_4 { "a list without the entry" } else { "a list with the entry" };
    list.expect(expected, stays != since_19_4).map(drop)
}

fn removal_of_a_hidden_group(site: &Site) -> Outcome {
    let (source, target) = (site.project()?, site.subgroup()?);
    let path = source.scope("/groups_allowlist");
    site.api.post(&path, &json!({ "target_group_id": target.id }))?.created(201)?;
    let user = site.member(&source, MAINTAINER, &["api"])?.api;
    user.delete(&format!("{path}/{}", target.id))?.succeeds()?;
    site.api.get(&path)?.is(200, &json!([]))
}
