//! Permissions of entries, which only GraphQL supports.

use serde_json::{Value, json};

use crate::api::{Api, ApiResponse};
use crate::check::{Check, Need, Outcome, Problem};
use crate::site::{ProjectOrGroup, Site};

const SINCE: &[Need] = &[Need::Since(18, 3)];

pub(super) const CHECKS: &[Check] = &[
    Check::new(
        "GraphQL: an entry is added with its permissions",
        "`ciJobTokenScopeAddGroupOrProject` with `defaultPermissions` false and `jobTokenPolicies` \
         adds a project or a group with these permissions, returns the entry and no `errors`.",
        added_with_permissions,
    )
    .needs(SINCE),
    Check::new(
        "GraphQL: permissions of an entry can be replaced",
        "`ciJobTokenScopeUpdatePolicies` replaces the permissions of an entry, returns the entry \
         and no `errors`.",
        replaced,
    )
    .needs(SINCE),
    Check::new(
        "GraphQL: an entry added over REST has default permissions",
        "An entry that was added over REST has `defaultPermissions` true and no \
         `jobTokenPolicies`.",
        rest_gives_defaults,
    )
    .needs(&[Need::Since(18, 0)]),
    Check::new(
        "GraphQL: an entry shows its origin",
        "An entry shows `direction` inbound in lower case, `createdAt`, the user who added it in \
         `addedBy`, and its target by global ID (`gid://gitlab/Project/42`) and `fullPath`.",
        shows_its_origin,
    )
    .needs(SINCE),
    Check::new(
        "GraphQL: the newest entry comes first",
        "`ciJobTokenScopeAllowlist.projectsAllowlist` lists the newest entry first.",
        newest_first,
    )
    .needs(SINCE),
    Check::new(
        "GraphQL: an entry can be removed",
        "`ciJobTokenScopeRemoveProject` with `direction` INBOUND, and \
         `ciJobTokenScopeRemoveGroup`, remove an entry without `errors`, and REST's lists are \
         without it.",
        removed,
    )
    .needs(SINCE),
    Check::new(
        "GraphQL: an update creates the project's own entry",
        "`ciJobTokenScopeUpdatePolicies` with the source project as target makes its entry \
         (\"Current project\").",
        own_entry,
    )
    .needs(SINCE),
];

const ENTRY: &str =
    "defaultPermissions jobTokenPolicies direction createdAt addedBy { username } target {
    ... on CiJobTokenAccessibleProject { id fullPath }
    ... on CiJobTokenAccessibleGroup { id fullPath }
}";

/// Sends a mutation that returns an entry.
pub(super) fn mutate(
    api: &Api,
    mutation: &str,
    source: &ProjectOrGroup,
    target: &ProjectOrGroup,
    policies: &[&str],
) -> Result<ApiResponse, Problem> {
    let (_, name) = mutation.split_at(1);
    let first = mutation[..1].to_uppercase();
    let query = format!(
        "mutation($input: {first}{name}Input!) {{ {mutation}(input: $input) {{
            ciJobTokenScopeAllowlistEntry {{ defaultPermissions jobTokenPolicies }} errors
        }} }}"
    );
    let input = json!({
        "projectPath": source.path,
        "targetPath": target.path,
        "defaultPermissions": false,
        "jobTokenPolicies": policies,
    });
    api.graphql(&query, &json!({ "input": input }))?.has_status(200)
}

pub(super) const ADD: &str = "ciJobTokenScopeAddGroupOrProject";
const UPDATE: &str = "ciJobTokenScopeUpdatePolicies";

/// Expects of a mutation the entry with these permissions, and no errors.
fn returns_entry(response: ApiResponse, mutation: &str, policies: &[&str]) -> Outcome {
    let payload = response.data()[mutation].clone();
    let entry = &payload["ciJobTokenScopeAllowlistEntry"];
    let holds = payload["errors"] == json!([])
        && entry["defaultPermissions"] == false
        && sorted(&entry["jobTokenPolicies"]) == policies;
    response.expect(format!("an entry with {policies:?}, and no errors"), holds).map(drop)
}

fn sorted(names: &Value) -> Vec<String> {
    let mut names: Vec<String> = names
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect();
    names.sort();
    names
}

/// Reads both lists.
fn allowlist(site: &Site, source: &ProjectOrGroup, entry: &str) -> Result<ApiResponse, Problem> {
    let query = format!(
        "query($path: ID!) {{ project(fullPath: $path) {{ ciJobTokenScopeAllowlist {{
            projectsAllowlist {{ nodes {{ {entry} }} }} groupsAllowlist {{ nodes {{ {entry} }} }}
        }} }} }}"
    );
    site.api.graphql(&query, &json!({ "path": source.path }))?.has_status(200)
}

fn nodes(response: &ApiResponse, list: &str) -> Vec<Value> {
    let lists = response.data()["project"]["ciJobTokenScopeAllowlist"].clone();
    lists[list]["nodes"].as_array().cloned().unwrap_or_default()
}

fn added_with_permissions(site: &Site) -> Outcome {
    let source = site.project()?;
    let policies = ["READ_JOBS", "READ_PACKAGES"];
    for (target, list) in
        [(site.project()?, "projectsAllowlist"), (site.subgroup()?, "groupsAllowlist")]
    {
        returns_entry(mutate(&site.api, ADD, &source, &target, &policies)?, ADD, &policies)?;
        let response = allowlist(site, &source, ENTRY)?;
        let entries = nodes(&response, list);
        let holds = entries.len() == 1
            && entries[0]["defaultPermissions"] == false
            && sorted(&entries[0]["jobTokenPolicies"]) == policies;
        response.expect(format!("one entry in {list} with {policies:?}"), holds)?;
    }
    Ok(())
}

fn replaced(site: &Site) -> Outcome {
    let (source, target) = (site.project()?, site.project()?);
    mutate(&site.api, ADD, &source, &target, &["READ_JOBS"])?;
    for policies in [&["ADMIN_RELEASES", "READ_PACKAGES"][..], &[]] {
        returns_entry(mutate(&site.api, UPDATE, &source, &target, policies)?, UPDATE, policies)?;
    }
    Ok(())
}

fn rest_gives_defaults(site: &Site) -> Outcome {
    let (source, target) = (site.project()?, site.project()?);
    site.api
        .post(&source.scope("/allowlist"), &json!({ "target_project_id": target.id }))?
        .created(201)?;
    let response = allowlist(site, &source, "defaultPermissions jobTokenPolicies")?;
    let entries = nodes(&response, "projectsAllowlist");
    let holds = entries.len() == 1
        && entries[0]["defaultPermissions"] == true
        && sorted(&entries[0]["jobTokenPolicies"]).is_empty();
    response.expect("one entry with `defaultPermissions` true", holds).map(drop)
}

fn shows_its_origin(site: &Site) -> Outcome {
    let (source, target) = (site.project()?, site.project()?);
    let user = site.api.get("/user")?.created(200)?;
    mutate(&site.api, ADD, &source, &target, &["READ_JOBS"])?;
    let response = allowlist(site, &source, ENTRY)?;
    let entry = nodes(&response, "projectsAllowlist").first().cloned().unwrap_or_default();
    let id = format!("gid://gitlab/Project/{}", target.id);
    let holds = entry["direction"] == "inbound"
        && entry["createdAt"].is_string()
        && entry["addedBy"]["username"] == user["username"]
        && entry["target"] == json!({ "id": id, "fullPath": target.path });
    response
        .expect(format!("an inbound entry for {id}, added by {}", user["username"]), holds)
        .map(drop)
}

fn newest_first(site: &Site) -> Outcome {
    let (source, older, newer) = (site.project()?, site.project()?, site.project()?);
    for target in [&older, &newer] {
        mutate(&site.api, ADD, &source, target, &["READ_JOBS"])?;
    }
    let response = allowlist(site, &source, ENTRY)?;
    let paths: Vec<Value> = nodes(&response, "projectsAllowlist")
        .iter()
        .map(|entry| entry["target"]["fullPath"].clone())
        .collect();
    let expected = [newer.path, older.path];
    let holds = paths == expected.each_ref().map(|path| json!(path));
    response.expect(format!("entries in the order {expected:?}"), holds).map(drop)
}

fn removed(site: &Site) -> Outcome {
    let (source, project, group) = (site.project()?, site.project()?, site.subgroup()?);
    for (target, mutation, input, key) in [
        (
            project,
            "ciJobTokenScopeRemoveProject",
            "CiJobTokenScopeRemoveProjectInput",
            "targetProjectPath",
        ),
        (group, "ciJobTokenScopeRemoveGroup", "CiJobTokenScopeRemoveGroupInput", "targetGroupPath"),
    ] {
        mutate(&site.api, ADD, &source, &target, &["READ_JOBS"])?;
        let query =
            format!("mutation($input: {input}!) {{ {mutation}(input: $input) {{ errors }} }}");
        let mut input = json!({ "projectPath": source.path, key: target.path });
        if key == "targetProjectPath" {
            input["direction"] = json!("INBOUND");
        }
        let response = site.api.graphql(&query, &json!({ "input": input }))?.has_status(200)?;
        let done = response.data()[mutation]["errors"] == json!([]);
        response.expect("no errors", done)?;
    }
    let list = site.api.get(&source.scope("/allowlist"))?.has_status(200)?;
    let alone = list.ids() == [source.id];
    list.expect("one element, the source project itself", alone)?;
    site.api.get(&source.scope("/groups_allowlist"))?.is(200, &json!([]))
}

fn own_entry(site: &Site) -> Outcome {
    let source = site.project()?;
    returns_entry(
        mutate(&site.api, UPDATE, &source, &source, &["READ_JOBS"])?,
        UPDATE,
        &["READ_JOBS"],
    )?;
    let response = allowlist(site, &source, ENTRY)?;
    let entries = nodes(&response, "projectsAllowlist");
    let holds = entries.len() == 1 && entries[0]["target"]["fullPath"] == source.path;
    response.expect("one entry, of the project itself", holds).map(drop)
}
