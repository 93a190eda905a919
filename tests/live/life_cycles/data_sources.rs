//! Data sources, read with the real CLI.

use serde_json::json;

use super::workspace;
use crate::check::{Check, Need, Outcome};
use crate::site::Site;

pub(super) const CHECKS: &[Check] = &[
    Check::new(
        "provider: the data sources of a project",
        "`gitlab_job_token_scope`, `gitlab_job_token_allowlist` and \
         `gitlab_job_token_authentication_log` show the setting of a project, the entries on its \
         allowlist, and an empty log.",
        of_a_project,
    )
    .needs(&[Need::Program, Need::Since(17, 6)]),
    Check::new(
        "provider: the data source of a group",
        "`gitlab_job_token_scopes` shows each project of a group with its setting, its counts and \
         its entries.",
        of_a_group,
    )
    .needs(&[Need::Program, Need::Since(18, 3)]),
    Check::new(
        "provider: the data source of policies",
        "`gitlab_job_token_policies` names the policies of this GitLab, READ_PACKAGES among them.",
        of_policies,
    )
    .needs(&[Need::Program, Need::Since(18, 0)]),
];

fn of_a_project(site: &Site) -> Outcome {
    let (source, project, group) = (site.project()?, site.project()?, site.subgroup()?);
    site.api
        .post(&source.scope("/allowlist"), &json!({ "target_project_id": project.id }))?
        .created(201)?;
    site.api
        .post(&source.scope("/groups_allowlist"), &json!({ "target_group_id": group.id }))?
        .created(201)?;
    let tf = workspace(site)?;
    let blocks: String = ["scope", "allowlist", "authentication_log"]
        .into_iter()
        .map(|name| {
            format!(
                "data \"gitlab_job_token_{name}\" \"this\" {{\n  project = \"{}\"\n}}\n",
                source.path
            )
        })
        .collect();
    tf.config(&format!(
        "{blocks}output \"seen\" {{\n  value = {{
    inbound  = data.gitlab_job_token_scope.this.inbound_enabled
    projects = data.gitlab_job_token_allowlist.this.projects[*].path
    groups   = data.gitlab_job_token_allowlist.this.groups[*].id
    log      = data.gitlab_job_token_authentication_log.this.projects
  }}\n}}\n"
    ));
    tf.apply().succeeds();
    let expected =
        json!({ "inbound": true, "projects": [project.path], "groups": [group.id], "log": [] });
    assert_eq!(tf.output("seen"), expected);
    Ok(())
}

fn of_a_group(site: &Site) -> Outcome {
    let (group, target) = (site.subgroup()?, site.project()?);
    let source = site.project_in(&group)?;
    site.api
        .post(&source.scope("/allowlist"), &json!({ "target_project_id": target.id }))?
        .created(201)?;
    let tf = workspace(site)?;
    tf.config(&format!(
        "data \"gitlab_job_token_scopes\" \"this\" {{\n  group = \"{}\"\n  include_entries = true\n}}
output \"seen\" {{\n  value = [for project in data.gitlab_job_token_scopes.this.projects : {{
    path    = project.path
    inbound = project.inbound_enabled
    count   = project.allowed_project_count
    entries = project.entries[*].path
  }}]\n}}\n",
        group.path
    ));
    tf.apply().succeeds();
    let expected =
        json!([{ "path": source.path, "inbound": true, "count": 1, "entries": [target.path] }]);
    assert_eq!(tf.output("seen"), expected);
    Ok(())
}

fn of_policies(site: &Site) -> Outcome {
    let tf = workspace(site)?;
    tf.config(
        "data \"gitlab_job_token_policies\" \"this\" {}\noutput \"seen\" {\n  value = \
         data.gitlab_job_token_policies.this.names\n}\n\
         ",
    );
    tf.apply().succeeds();
    let names = tf.output("seen");
    let named = |name: &str| names.as_array().is_some_and(|names| names.contains(&json!(name)));
    assert!(named("READ_PACKAGES") && named("ADMIN_RELEASES"), "the policies {names}");
    Ok(())
}
