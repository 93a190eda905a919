//! The life cycle of `gitlab_job_token_allowlist_entry`.

use super::{applied, imports_clean, workspace};
use crate::check::{Check, Need, Outcome};
use crate::site::{ProjectOrGroup, Site};
use serde_json::json;

const ADDRESS: &str = "gitlab_job_token_allowlist_entry.this";

pub(super) const CHECKS: &[Check] = &[
    Check::new(
        "provider: the life of an entry for a project",
        "`gitlab_job_token_allowlist_entry` adds a project, moves to another one, is imported, and \
         removes the entry when it is destroyed.",
        project_entry,
    )
    .needs(&[Need::Program]),
    Check::new(
        "provider: the life of an entry for a group",
        "`gitlab_job_token_allowlist_entry` adds a group, is imported, and removes the entry when \
         it is destroyed.",
        group_entry,
    )
    .needs(&[Need::Program]),
    Check::new(
        "provider: the life of an entry with permissions",
        "`gitlab_job_token_allowlist_entry` adds an entry with `job_token_policies`, replaces them \
         in place, gives default permissions, and is imported with permissions.",
        permissions,
    )
    .needs(&[Need::Program, Need::Since(18, 3)]),
];

fn config(source: &ProjectOrGroup, attributes: &str) -> String {
    format!(
        "resource \"gitlab_job_token_allowlist_entry\" \"this\" {{\n  project = \"{}\"\n  \
         {attributes}\n}}\n\
         ",
        source.path
    )
}

/// Expects these projects on the list, beside the source project itself.
fn lists(site: &Site, source: &ProjectOrGroup, expected: &[&ProjectOrGroup]) -> Outcome {
    let response = site.api.get(&source.scope("/allowlist?per_page=100"))?.has_status(200)?;
    let mut ids: Vec<u64> = response.ids().into_iter().filter(|id| *id != source.id).collect();
    let mut expected: Vec<u64> = expected.iter().map(|place| place.id).collect();
    ids.sort_unstable();
    expected.sort_unstable();
    response
        .expect(format!("the projects {expected:?} and the project itself"), ids == expected)
        .map(drop)
}

fn project_entry(site: &Site) -> Outcome {
    let (source, one, other) = (site.project()?, site.project()?, site.project()?);
    let tf = workspace(site)?;
    applied(&tf, &config(&source, &format!("target_project = \"{}\"", one.path)));
    lists(site, &source, &[&one])?;
    let by_id = config(&source, &format!("target_project_id = {}", other.id));
    let state = applied(&tf, &by_id);
    lists(site, &source, &[&other])?;
    let id = format!("{}:project:{}", source.id, other.id);
    assert_eq!(state.of(ADDRESS)["id"], id);
    imports_clean(site, &by_id, ADDRESS, &format!("{}:project:{}", source.path, other.path))?;
    tf.destroy().succeeds();
    lists(site, &source, &[])
}

fn group_entry(site: &Site) -> Outcome {
    let (source, target) = (site.project()?, site.subgroup()?);
    let tf = workspace(site)?;
    applied(&tf, &config(&source, &format!("target_group = \"{}\"", target.path)));
    // Another name for the same group changes the state alone.
    let by_id = config(&source, &format!("target_group_id = {}", target.id));
    let state = applied(&tf, &by_id);
    let response = site.api.get(&source.scope("/groups_allowlist"))?.has_status(200)?;
    let listed = response.ids() == [target.id];
    response.expect(format!("the group {}", target.id), listed)?;
    assert_eq!(state.of(ADDRESS)["target_group_id"], target.id);
    imports_clean(site, &by_id, ADDRESS, &format!("{}:group:{}", source.path, target.path))?;
    tf.destroy().succeeds();
    site.api.get(&source.scope("/groups_allowlist"))?.is(200, &json!([]))
}

fn permissions(site: &Site) -> Outcome {
    let (source, target) = (site.project()?, site.project()?);
    let tf = workspace(site)?;
    let with = |permissions: &str| {
        config(&source, &format!("target_project_id = {}\n  {permissions}", target.id))
    };
    for policies in [r#"["READ_JOBS", "READ_PACKAGES"]"#, r#"["ADMIN_RELEASES"]"#, "[]"] {
        let state = applied(&tf, &with(&format!("job_token_policies = {policies}")));
        assert_eq!(state.of(ADDRESS)["default_permissions"], false);
        let expected: serde_json::Value = serde_json::from_str(policies).unwrap_or_default();
        assert_eq!(state.of(ADDRESS)["job_token_policies"], expected);
    }
    let state = applied(&tf, &with("default_permissions = true"));
    assert_eq!(state.of(ADDRESS)["default_permissions"], true);
    let limited = with(r#"job_token_policies = ["READ_JOBS"]"#);
    applied(&tf, &limited);
    imports_clean(site, &limited, ADDRESS, &format!("{}:project:{}", source.path, target.id))?;
    tf.destroy().succeeds();
    lists(site, &source, &[])
}
