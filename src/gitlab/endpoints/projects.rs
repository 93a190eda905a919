//! `/projects/:id`

use serde::Deserialize;

use crate::gitlab::id::ProjectId;
use crate::gitlab::reference::ProjectRef;
use crate::gitlab::request::Call;

/// A project that the token can see.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Project {
    /// Its number.
    pub id: ProjectId,
    /// Its current full path, in GitLab's own spelling.
    pub path_with_namespace: String,
    /// Its display name.
    pub name: String,
    /// Its page.
    pub web_url: String,
}

/// `GET /projects/:id`
pub(in crate::gitlab) fn show(project: &ProjectRef) -> Call<Project> {
    Call::get(format!("/projects/{}", project.segment()))
}
