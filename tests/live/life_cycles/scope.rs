//! The life cycle of `gitlab_job_token_scope`.

use super::{applied, imports_clean, workspace};
use crate::check::{Check, Need, Outcome};
use crate::site::{ProjectOrGroup, Site};

const ADDRESS: &str = "gitlab_job_token_scope.this";

pub(super) const CHECKS: &[Check] = &[
    Check::new(
        "provider: the life of gitlab_job_token_scope",
        "`gitlab_job_token_scope` opens a project, restricts it again, is imported, and leaves the \
         project restricted when it is destroyed.",
        life,
    )
    .needs(&[Need::Program, Need::NoEnforcement]),
    Check::new(
        "provider: gitlab_job_token_scope manages the push setting",
        "`gitlab_job_token_scope` sets `push_repository_for_job_token_allowed`.",
        push,
    )
    .needs(&[Need::Program, Need::Since(18, 4)]),
];

fn config(project: &ProjectOrGroup, attributes: &str) -> String {
    format!(
        "resource \"gitlab_job_token_scope\" \"this\" {{\n  project = \"{}\"\n  {attributes}\n}}\n",
        project.path
    )
}

fn inbound(site: &Site, project: &ProjectOrGroup, expected: bool) -> Outcome {
    let response = site.api.get(&project.scope(""))?.has_status(200)?;
    let holds = response.json()["inbound_enabled"] == expected;
    response.expect(format!("`inbound_enabled` {expected}"), holds).map(drop)
}

fn life(site: &Site) -> Outcome {
    let project = site.project()?;
    let tf = workspace(site)?;
    applied(&tf, &config(&project, "inbound_enabled = false"));
    inbound(site, &project, false)?;
    let restricted = config(&project, "inbound_enabled = true");
    let state = applied(&tf, &restricted);
    inbound(site, &project, true)?;
    assert_eq!(state.of(ADDRESS)["project_id"], project.id);
    imports_clean(site, &restricted, ADDRESS, &project.path)?;
    tf.destroy().succeeds();
    inbound(site, &project, true)
}

fn push(site: &Site) -> Outcome {
    let project = site.project()?;
    let tf = workspace(site)?;
    for allowed in [true, false] {
        applied(
            &tf,
            &config(&project, &format!("push_repository_for_job_token_allowed = {allowed}")),
        );
        let response = site.api.get(&format!("/projects/{}", project.id))?.has_status(200)?;
        let holds = response.json()["ci_push_repository_for_job_token_allowed"] == allowed;
        response.expect(format!("`ci_push_repository_for_job_token_allowed` {allowed}"), holds)?;
    }
    tf.destroy().succeeds();
    Ok(())
}
