//! The life cycle of `gitlab_job_token_allowlist_exclusive`, with sets and with maps.

use serde_json::json;

use super::{applied, imports_clean, workspace};
use crate::check::{Check, Need, Outcome};
use crate::site::{ProjectOrGroup, Site};

const ADDRESS: &str = "gitlab_job_token_allowlist_exclusive.this";

pub(super) const CHECKS: &[Check] = &[
    Check::new(
        "provider: the life of an exclusive list of sets",
        "`gitlab_job_token_allowlist_exclusive` with `target_projects` and `target_groups` removes \
         what it doesn't name, changes in place, is imported, and removes its entries when it is \
         destroyed.",
        sets,
    )
    .needs(&[Need::Program]),
    Check::new(
        "provider: the life of an exclusive list of maps",
        "`gitlab_job_token_allowlist_exclusive` with `projects` and `groups` adds entries with \
         their permissions, changes them in place, is imported, and removes its entries when it is \
         destroyed.",
        maps,
    )
    .needs(&[Need::Program, Need::Since(18, 3)]),
];

fn config(source: &ProjectOrGroup, attributes: &str) -> String {
    format!(
        "resource \"gitlab_job_token_allowlist_exclusive\" \"this\" {{\n  project = \
         \"{}\"\n{attributes}\n}}\n\
         ",
        source.path
    )
}

/// Expects these projects and groups on the lists, beside the source project itself.
fn lists(
    site: &Site,
    source: &ProjectOrGroup,
    projects: &[&ProjectOrGroup],
    groups: &[&ProjectOrGroup],
) -> Outcome {
    for (rest, expected) in [("/allowlist", projects), ("/groups_allowlist", groups)] {
        let response =
            site.api.get(&source.scope(&format!("{rest}?per_page=100")))?.has_status(200)?;
        let mut ids = response.ids();
        ids.retain(|id| rest == "/groups_allowlist" || *id != source.id);
        ids.sort_unstable();
        let mut expected: Vec<u64> = expected.iter().map(|place| place.id).collect();
        expected.sort_unstable();
        response.expect(
            format!("the IDs {expected:?} and, among projects, the project itself"),
            ids == expected,
        )?;
    }
    Ok(())
}

fn sets(site: &Site) -> Outcome {
    let (source, one, other) = (site.project()?, site.project()?, site.project()?);
    let group = site.subgroup()?;
    // Entries missing in the list exist before it, and must be removed.
    site.api
        .post(&source.scope("/allowlist"), &json!({ "target_project_id": other.id }))?
        .created(201)?;
    let tf = workspace(site)?;
    let named = |projects: &str, groups: &str| {
        config(&source, &format!("  target_projects = [{projects}]\n  target_groups = [{groups}]"))
    };
    applied(&tf, &named(&format!("\"{}\"", one.path), ""));
    lists(site, &source, &[&one], &[])?;
    let both =
        named(&format!("\"{}\", \"{}\"", one.path, other.path), &format!("\"{}\"", group.path));
    applied(&tf, &both);
    lists(site, &source, &[&one, &other], &[&group])?;
    if !site.version.is_since(18, 3) {
        imports_clean(site, &both, ADDRESS, &source.path)?;
    }
    tf.destroy().succeeds();
    lists(site, &source, &[], &[])
}

fn maps(site: &Site) -> Outcome {
    let (source, one, other) = (site.project()?, site.project()?, site.project()?);
    let group = site.subgroup()?;
    let entry = |place: &ProjectOrGroup, permissions: &str| {
        format!("    \"{}\" = {{ {permissions} }}\n", place.path)
    };
    let named = |projects: &str, groups: &str| {
        config(&source, &format!("  projects = {{\n{projects}  }}\n  groups = {{\n{groups}  }}"))
    };
    let tf = workspace(site)?;
    let first = named(
        &entry(&one, r#"job_token_policies = ["READ_JOBS"]"#),
        &entry(&group, r#"job_token_policies = ["READ_PACKAGES"]"#),
    );
    applied(&tf, &first);
    lists(site, &source, &[&one], &[&group])?;
    let projects = entry(&one, r#"job_token_policies = ["ADMIN_RELEASES", "READ_PACKAGES"]"#)
        + &entry(&other, "default_permissions = true");
    let second = named(&projects, "");
    let state = applied(&tf, &second);
    lists(site, &source, &[&one, &other], &[])?;
    let kept = &state.of(ADDRESS)["projects"][&one.path]["job_token_policies"];
    assert_eq!(kept, &json!(["ADMIN_RELEASES", "READ_PACKAGES"]));
    // An import uses IDs as keys, so that paths in the configuration change only the state.
    let by_id = format!(
        "  projects = {{\n    \"{}\" = {{ job_token_policies = [\"ADMIN_RELEASES\", \
         \"READ_PACKAGES\"] }}\n    \"{}\" = {{ default_permissions = true }}\n  }}\n  groups = \
         {{}}",
        one.id, other.id
    );
    imports_clean(site, &config(&source, &by_id), ADDRESS, &source.path)?;
    tf.destroy().succeeds();
    lists(site, &source, &[], &[])
}
