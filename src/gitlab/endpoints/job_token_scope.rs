//! `/projects/:id/job_token_scope` and the two allowlists below it: eight calls, and one model for the ids that
//! GitLab calls `target_project_id`, `source_project_id`, `project_id` or `id` by endpoint.

use serde::Deserialize;
use serde_json::json;

use crate::gitlab::names::ProjectRef;
use crate::gitlab::names::{GroupId, ProjectId, Target, TargetKind};
use crate::gitlab::sender::Call;

/// Who may use a job token against a project, and whom its own job tokens may be used against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct ScopeSettings {
    /// Access to the project is limited to its allowlist.
    pub inbound_enabled: bool,
    /// Access from the project is limited. Deprecated by GitLab and not to be changed over this interface.
    pub outbound_enabled: bool,
}

/// One element of the list of projects. The keys besides `id` are absent when the token may not see them.
#[derive(Debug, Clone, Deserialize)]
pub(in crate::gitlab) struct ListedProject {
    pub(in crate::gitlab) id: ProjectId,
    pub(in crate::gitlab) name: Option<String>,
    pub(in crate::gitlab) path_with_namespace: Option<String>,
    pub(in crate::gitlab) web_url: Option<String>,
}

/// One element of the list of groups.
#[derive(Debug, Clone, Deserialize)]
pub(in crate::gitlab) struct ListedGroup {
    pub(in crate::gitlab) id: GroupId,
    pub(in crate::gitlab) name: Option<String>,
    pub(in crate::gitlab) web_url: Option<String>,
}

/// The answer to an addition. Which link was made, as far as GitLab says.
#[derive(Debug, Clone, Deserialize)]
pub(in crate::gitlab) struct Link {
    source_project_id: Option<ProjectId>,
    /// How older servers call the owner of the list.
    project_id: Option<ProjectId>,
    target_project_id: Option<ProjectId>,
    target_group_id: Option<GroupId>,
}

impl Link {
    /// True when this is the link that was asked for. A server that does not name the owner is believed.
    pub(in crate::gitlab) fn is(&self, owner: ProjectId, target: Target) -> bool {
        let same_target = match target {
            Target::Project(id) => self.target_project_id == Some(id),
            Target::Group(id) => self.target_group_id == Some(id),
        };
        same_target && self.source_project_id.or(self.project_id).is_none_or(|named| named == owner)
    }
}

/// `GET /projects/:id/job_token_scope`
pub(in crate::gitlab) fn show(project: &ProjectRef) -> Call<ScopeSettings> {
    Call::get(format!("/projects/{}/job_token_scope", project.segment()))
}

/// `PATCH /projects/:id/job_token_scope`
pub(in crate::gitlab) fn set_inbound_enabled(project: ProjectId, enabled: bool) -> Call<()> {
    Call::patch(format!("/projects/{project}/job_token_scope"), json!({ "enabled": enabled }))
}

/// `GET /projects/:id/job_token_scope/allowlist`
pub(in crate::gitlab) fn projects(owner: ProjectId) -> Call<Vec<ListedProject>> {
    Call::get(list(owner, TargetKind::Project))
}

/// `GET /projects/:id/job_token_scope/groups_allowlist`
pub(in crate::gitlab) fn groups(owner: ProjectId) -> Call<Vec<ListedGroup>> {
    Call::get(list(owner, TargetKind::Group))
}

/// `POST /projects/:id/job_token_scope/allowlist` or `…/groups_allowlist`
pub(in crate::gitlab) fn allow(owner: ProjectId, target: Target) -> Call<Link> {
    let body = match target {
        Target::Project(id) => json!({ "target_project_id": id.get() }),
        Target::Group(id) => json!({ "target_group_id": id.get() }),
    };
    Call::post(list(owner, target.kind()), body)
}

/// `DELETE /projects/:id/job_token_scope/allowlist/:target` or `…/groups_allowlist/:target`
pub(in crate::gitlab) fn revoke(owner: ProjectId, target: Target) -> Call<()> {
    Call::delete(format!("{}/{}", list(owner, target.kind()), target.number()))
}

fn list(owner: ProjectId, kind: TargetKind) -> String {
    let name = match kind {
        TargetKind::Project => "allowlist",
        TargetKind::Group => "groups_allowlist",
    };
    format!("/projects/{owner}/job_token_scope/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(number: u64) -> ProjectId {
        number.try_into().unwrap()
    }

    fn group(number: u64) -> Target {
        Target::Group(number.try_into().unwrap())
    }

    fn shown<T>(call: &Call<T>) -> String {
        let body = call.body().map(|body| format!(" {body}")).unwrap_or_default();
        format!("{}{body}", call.line())
    }

    #[test]
    fn each_call_has_the_address_and_body_that_gitlab_documents() {
        let (owner, target) = (project(1), Target::Project(project(2)));
        let scope = show(&"a/b".parse().unwrap());
        assert_eq!(shown(&scope), "GET /projects/a%2Fb/job_token_scope");
        assert_eq!(
            shown(&set_inbound_enabled(owner, false)),
            r#"PATCH /projects/1/job_token_scope {"enabled":false}"#
        );
        assert_eq!(shown(&projects(owner)), "GET /projects/1/job_token_scope/allowlist");
        assert_eq!(shown(&groups(owner)), "GET /projects/1/job_token_scope/groups_allowlist");
        assert_eq!(
            shown(&allow(owner, target)),
            r#"POST /projects/1/job_token_scope/allowlist {"target_project_id":2}"#
        );
        assert_eq!(
            shown(&allow(owner, group(3))),
            r#"POST /projects/1/job_token_scope/groups_allowlist {"target_group_id":3}"#
        );
        assert_eq!(shown(&revoke(owner, target)), "DELETE /projects/1/job_token_scope/allowlist/2");
        assert_eq!(shown(&revoke(owner, group(3))), "DELETE /projects/1/job_token_scope/groups_allowlist/3");
    }

    #[test]
    fn a_link_is_known_by_either_name_of_its_owner() {
        let (owner, target) = (project(1), Target::Project(project(2)));
        for (body, expected) in [
            (r#"{"source_project_id":1,"target_project_id":2}"#, true),
            (r#"{"project_id":1,"target_project_id":2}"#, true),
            (r#"{"target_project_id":2,"new_key":[]}"#, true),
            (r#"{"source_project_id":9,"target_project_id":2}"#, false),
            (r#"{"source_project_id":1,"target_project_id":9}"#, false),
            (r#"{"source_project_id":1,"target_group_id":2}"#, false),
            (r#"{"source_project_id":1}"#, false),
        ] {
            let link: Link = serde_json::from_str(body).unwrap();
            assert_eq!(link.is(owner, target), expected, "{body}");
        }
    }

    #[test]
    fn an_element_with_its_number_alone_is_read() {
        let listed: ListedProject = serde_json::from_str(r#"{"id":5,"namespace":{"id":1}}"#).unwrap();
        assert_eq!((listed.id, listed.name), (project(5), None));
    }
}
