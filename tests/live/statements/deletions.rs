//! Deletions of projects and groups, and their effect on allowlists.

use serde_json::json;

use crate::check::{Check, Outcome};
use crate::deletion::{delete_group, delete_project};
use crate::site::Site;

pub(super) const CHECKS: &[Check] = &[
    Check::new(
        "REST: a deleted target leaves the allowlist",
        "Once a target project or group has been deleted, its entry is gone from `GET …/allowlist` \
         and `GET …/groups_allowlist`.",
        deleted_targets,
    ),
    Check::new(
        "REST: a deleted project returns 404",
        "Once the source project has been deleted, reads of its scope and lists return 404 \"404 \
         Project Not Found\".",
        deleted_source,
    ),
];

fn deleted_targets(site: &Site) -> Outcome {
    let (source, project, group) = (site.project()?, site.project()?, site.subgroup()?);
    let (projects, groups) = (source.scope("/allowlist"), source.scope("/groups_allowlist"));
    site.api.post(&projects, &json!({ "target_project_id": project.id }))?.created(201)?;
    site.api.post(&groups, &json!({ "target_group_id": group.id }))?.created(201)?;
    delete_project(site, &project)?;
    delete_group(site, &group)?;
    let list = site.api.get(&projects)?.has_status(200)?;
    let alone = list.ids() == [source.id];
    list.expect("one element, the source project itself", alone)?;
    site.api.get(&groups)?.is(200, &json!([]))
}

fn deleted_source(site: &Site) -> Outcome {
    let source = site.project()?;
    delete_project(site, &source)?;
    for rest in ["", "/allowlist", "/groups_allowlist"] {
        site.api
            .get(&source.scope(rest))?
            .is(404, &json!({ "message": "404 Project Not Found" }))?;
    }
    Ok(())
}
