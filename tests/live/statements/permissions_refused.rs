//! Errors of GraphQL, which have status 200.

use serde_json::json;

use super::permissions::{ADD, mutate};
use crate::check::{Check, Need, Outcome};
use crate::site::Site;

pub(super) const CHECKS: &[Check] = &[
    Check::new(
        "GraphQL: errors have status 200",
        "`ciJobTokenScopeAddGroupOrProject` of a target that is on the list returns 200 with the \
         reason in the payload's `errors`, or among the errors of the whole response.",
        second_addition,
    )
    .needs(&[Need::Since(18, 3)]),
    Check::new(
        "GraphQL: a mutation without the role is null with errors",
        "`ciJobTokenScopeAddGroupOrProject` by a user who isn't Maintainer of the source project \
         returns 200 with null in place of the payload, and with `errors`.",
        mutation_without_the_role,
    )
    .needs(&[Need::Administrator, Need::Since(18, 3)]),
    Check::new(
        "GraphQL: a response can have data and errors",
        "In a query over the projects of a group, one in which the user isn't Maintainer shows \
         null in place of its allowlist and adds an error with a `path` to the response, beside the \
         data of the other projects.",
        data_beside_errors,
    )
    .needs(&[Need::Administrator, Need::Since(18, 3)]),
];

fn second_addition(site: &Site) -> Outcome {
    let (source, target) = (site.project()?, site.project()?);
    mutate(&site.api, ADD, &source, &target, &["READ_JOBS"])?;
    let response = mutate(&site.api, ADD, &source, &target, &["READ_JOBS"])?;
    let has_some =
        |errors: &serde_json::Value| errors.as_array().is_some_and(|errors| !errors.is_empty());
    let holds = has_some(&response.data()[ADD]["errors"]) || has_some(&response.json()["errors"]);
    response.expect("status 200 with `errors`", holds).map(drop)
}

fn mutation_without_the_role(site: &Site) -> Outcome {
    let source = site.project()?;
    let user = site.member(&source, 30, &["api"])?;
    let response = mutate(&user.api, ADD, &source, &source, &["READ_JOBS"])?;
    let errors = response.json()["errors"].as_array().is_some_and(|errors| !errors.is_empty());
    let holds = response.data()[ADD].is_null() && errors;
    response.expect("null in place of the payload, and `errors`", holds).map(drop)
}

fn data_beside_errors(site: &Site) -> Outcome {
    let group = site.subgroup()?;
    let (maintained, other) = (site.project_in(&group)?, site.project_in(&group)?);
    let user = site.member(&maintained, 40, &["api"])?;
    let body = json!({ "user_id": user.id, "access_level": 30 });
    site.api.post(&format!("/projects/{}/members", other.id), &body)?.created(201)?;
    let query = "query($path: ID!) { group(fullPath: $path) { projects { nodes {
        fullPath ciJobTokenScopeAllowlist { projectsAllowlist { count } }
    } } } }";
    let response = user.api.graphql(query, &json!({ "path": group.path }))?.has_status(200)?;
    let nodes =
        response.data()["group"]["projects"]["nodes"].as_array().cloned().unwrap_or_default();
    let allowlist = |path: &str| {
        let node = nodes.iter().find(|node| node["fullPath"] == path);
        node.map(|node| node["ciJobTokenScopeAllowlist"].clone())
    };
    let holds = allowlist(&maintained.path).is_some_and(|list| list.is_object())
        && allowlist(&other.path).is_some_and(|list| list.is_null())
        && response.json()["errors"][0]["path"].is_array();
    response
        .expect("the allowlist of the one project, null for the other, and an error", holds)
        .map(drop)
}
