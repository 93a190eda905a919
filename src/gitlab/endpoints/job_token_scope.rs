//! `/projects/:id/job_token_scope` and its two allowlists. GitLab calls the ID of a target
//! `target_project_id`, `source_project_id`, `project_id` or `id`, depending on the endpoint.

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::json;
use url::Url;

use crate::gitlab::names::{GroupId, Kind, ProjectId, ProjectRef, RawId, Target};
use crate::gitlab::sender::{Call, bounded};

/// The start of the path in the URL of a group's page, before its full path.
const GROUP_PAGE: &str = "/groups/";

/// Settings of a project's job token scope, inbound and outbound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct ScopeSettings {
    /// Whether access to the project is restricted to its allowlist.
    pub inbound_enabled: bool,
    /// Whether access from the project is restricted. Deprecated and read-only; `None` if GitLab
    /// doesn't have it any more.
    pub outbound_enabled: Option<bool>,
}

/// One element of an allowlist. The keys besides `id` are absent if the token isn't allowed to read
/// them.
#[derive(Debug, Clone, Deserialize)]
pub(in crate::gitlab) struct Listed {
    pub(in crate::gitlab) id: RawId,
    #[serde(default, deserialize_with = "bounded::optional_text")]
    pub(in crate::gitlab) name: Option<String>,
    #[serde(default, deserialize_with = "bounded::optional_text")]
    path_with_namespace: Option<String>,
    #[serde(default, deserialize_with = "bounded::optional_text")]
    pub(in crate::gitlab) web_url: Option<String>,
}

/// The response to an addition, with the IDs of the new entry.
#[derive(Debug, Clone, Deserialize)]
pub(in crate::gitlab) struct Link {
    source_project_id: Option<ProjectId>,
    /// The name of the source project on older servers.
    project_id: Option<ProjectId>,
    target_project_id: Option<ProjectId>,
    target_group_id: Option<GroupId>,
}

impl Listed {
    /// Returns the full path, which GitLab returns for a group only in the URL of its page. `root`
    /// is the relative URL of the installation.
    pub(in crate::gitlab) fn full_path(&self, kind: Kind, root: &str) -> Option<String> {
        match kind {
            Kind::Project => self.path_with_namespace.clone(),
            Kind::Group => self.web_url.as_deref().and_then(|url| group_path(url, root)),
        }
    }
}

/// Returns the full path in the URL of a group's page, after the relative URL of the installation.
/// If the URL has another one, the path after the first `/groups/` is returned.
fn group_path(web_url: &str, root: &str) -> Option<String> {
    let url = Url::parse(web_url).ok()?;
    let below_root = url.path().strip_prefix(root).and_then(|page| page.strip_prefix(GROUP_PAGE));
    let path = below_root.or_else(|| Some(url.path().split_once(GROUP_PAGE)?.1))?;
    let path = percent_decode_str(path.trim_end_matches('/')).decode_utf8().ok()?;
    (!path.is_empty()).then(|| path.into_owned())
}

impl Link {
    /// Returns whether this is the requested entry. The response of some servers lacks the project,
    /// which then isn't checked.
    pub(in crate::gitlab) fn is(&self, project: ProjectId, target: Target) -> bool {
        let targets =
            [self.target_project_id.map(Target::from), self.target_group_id.map(Target::from)];
        let named = self.source_project_id.or(self.project_id);
        targets.contains(&Some(target)) && named.is_none_or(|named| named == project)
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

/// `GET /projects/:id/job_token_scope/allowlist` or `…/groups_allowlist`
pub(in crate::gitlab) fn list(project: ProjectId, kind: Kind) -> Call<Vec<Listed>> {
    Call::get_list(allowlist(project, kind))
}

/// `POST /projects/:id/job_token_scope/allowlist` or `…/groups_allowlist`
pub(in crate::gitlab) fn allow(project: ProjectId, target: Target) -> Call<Link> {
    let kind = target.kind();
    Call::post(allowlist(project, kind), json!({ kind.target_id(): target.id() }))
}

/// `DELETE /projects/:id/job_token_scope/allowlist/:target` or `…/groups_allowlist/:target`
pub(in crate::gitlab) fn revoke(project: ProjectId, target: Target) -> Call<()> {
    Call::delete(format!("{}/{}", allowlist(project, target.kind()), target.id()))
}

fn allowlist(project: ProjectId, kind: Kind) -> String {
    format!("/projects/{project}/job_token_scope/{}", kind.allowlist())
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
    fn calls_have_the_documented_url_and_body() {
        let (source_project, target) = (project(1), Target::Project(project(2)));
        let scope = show(&"a/b".parse().unwrap());
        assert_eq!(shown(&scope), "GET /projects/a%2Fb/job_token_scope");
        assert_eq!(
            shown(&set_inbound_enabled(source_project, false)),
            r#"PATCH /projects/1/job_token_scope {"enabled":false}"#
        );
        assert_eq!(
            shown(&list(source_project, Kind::Project)),
            "GET /projects/1/job_token_scope/allowlist"
        );
        assert_eq!(
            shown(&list(source_project, Kind::Group)),
            "GET /projects/1/job_token_scope/groups_allowlist"
        );
        assert_eq!(
            shown(&allow(source_project, target)),
            r#"POST /projects/1/job_token_scope/allowlist {"target_project_id":2}"#
        );
        assert_eq!(
            shown(&allow(source_project, group(3))),
            r#"POST /projects/1/job_token_scope/groups_allowlist {"target_group_id":3}"#
        );
        assert_eq!(
            shown(&revoke(source_project, target)),
            "DELETE /projects/1/job_token_scope/allowlist/2"
        );
        assert_eq!(
            shown(&revoke(source_project, group(3))),
            "DELETE /projects/1/job_token_scope/groups_allowlist/3"
        );
    }

    #[test]
    fn link_is_read_with_either_name_of_its_project_id() {
        let (source_project, target) = (project(1), Target::Project(project(2)));
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
            assert_eq!(link.is(source_project, target), expected, "{body}");
        }
    }

    #[test]
    fn element_with_only_an_id_is_read() {
        let listed: Listed = serde_json::from_str(r#"{"id":5,"namespace":{"id":1}}"#).unwrap();
        assert_eq!((listed.id.get(), listed.name), (5, None));
    }

    #[test]
    fn group_path_is_read_from_its_url() {
        for (url, root, path) in [
            ("https://h/groups/a", "", Some("a")),
            ("https://h/groups/a/groups/b", "", Some("a/groups/b")),
            ("https://h/gitlab/groups/a/b", "/gitlab", Some("a/b")),
            ("https://h/groups/groups/a/b", "/groups", Some("a/b")),
            ("https://h/other/groups/a/b", "/gitlab", Some("a/b")),
            ("https://h/groups/caf%C3%A9/", "", Some("café")),
            ("https://h/a/b", "", None),
            ("https://h/groups/", "", None),
            ("invalid", "", None),
        ] {
            assert_eq!(group_path(url, root).as_deref(), path, "{url}");
        }
    }
}
