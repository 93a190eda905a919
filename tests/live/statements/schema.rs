//! The GraphQL fields of a project: policies, its own setting, and the authentication log.

use serde_json::json;

use crate::check::{Check, Need, Outcome};
use crate::site::Site;

pub(super) const CHECKS: &[Check] = &[
    Check::new(
        "GraphQL: the schema names the policies",
        "`{ __type(name: \"CiJobTokenScopePolicies\") { enumValues { name } } }` names the \
         policies, among them READ_JOBS, ADMIN_JOBS, READ_PACKAGES, ADMIN_PACKAGES, \
         READ_REPOSITORIES and READ_WORK_ITEMS.",
        policies,
    )
    .needs(&[Need::Since(18, 0)]),
    Check::new(
        "GraphQL: ciCdSettings shows the project's own setting",
        "`project.ciCdSettings.inboundJobTokenScopeEnabled` shows the project's own setting.",
        own_setting,
    )
    .needs(&[Need::NoEnforcement]),
    Check::new(
        "GraphQL: a new project has an empty authentication log",
        "`project.ciJobTokenAuthLogs` of a new project has `count` 0 and no `nodes`.",
        authentication_log,
    )
    .needs(&[Need::Since(17, 6)]),
    Check::new(
        "GraphQL: an unknown project is null without an error",
        "`project(fullPath:)` of a project that doesn't exist is null, with status 200 and without \
         `errors`.",
        unknown_project,
    ),
];

fn policies(site: &Site) -> Outcome {
    let query = "{ __type(name: \"CiJobTokenScopePolicies\") { enumValues { name } } }";
    let response = site.api.graphql(query, &json!({}))?.has_status(200)?;
    let values = response.data()["__type"]["enumValues"].clone();
    let names: Vec<&str> = values
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|value| value["name"].as_str())
        .collect();
    let expected = [
        "READ_JOBS",
        "ADMIN_JOBS",
        "READ_PACKAGES",
        "ADMIN_PACKAGES",
        "READ_REPOSITORIES",
        "READ_WORK_ITEMS",
    ];
    let missing = expected.into_iter().find(|name| !names.contains(name));
    response
        .expect(format!("the policy {}", missing.unwrap_or_default()), missing.is_none())
        .map(drop)
}

fn own_setting(site: &Site) -> Outcome {
    let project = site.project()?;
    let query = "query($path: ID!) { project(fullPath: $path) { ciCdSettings { \
        inboundJobTokenScopeEnabled } } }";
    for enabled in [true, false] {
        site.api.patch(&project.scope(""), &json!({ "enabled": enabled }))?.succeeds()?;
        let response =
            site.api.graphql(query, &json!({ "path": project.path }))?.has_status(200)?;
        let same =
            response.data()["project"]["ciCdSettings"]["inboundJobTokenScopeEnabled"] == enabled;
        response.expect(format!("`inboundJobTokenScopeEnabled` {enabled}"), same)?;
    }
    Ok(())
}

fn authentication_log(site: &Site) -> Outcome {
    let query = "query($path: ID!) { project(fullPath: $path) {
        ciJobTokenAuthLogs(first: 100) { count nodes { lastAuthorizedAt originProject { id fullPath } } }
    } }";
    let response =
        site.api.graphql(query, &json!({ "path": site.project()?.path }))?.has_status(200)?;
    let empty =
        response.data()["project"]["ciJobTokenAuthLogs"] == json!({ "count": 0, "nodes": [] });
    response.expect("`count` 0 and no `nodes`", empty).map(drop)
}

fn unknown_project(site: &Site) -> Outcome {
    let query = "query($path: ID!) { project(fullPath: $path) { id } }";
    let path = format!("{}/nobody", site.group.path);
    site.api
        .graphql(query, &json!({ "path": path }))?
        .is(200, &json!({ "data": { "project": null } }))
}
