//! `/projects/:id` and `/groups/:id`: resolve an ID or a path.

use serde::Deserialize;

use crate::gitlab::names::{GroupId, Kind, ProjectId, Target};
use crate::gitlab::sender::{Call, bounded};

/// A project or group that the token can see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::gitlab) struct Resolved {
    pub(in crate::gitlab) target: Target,
    /// Its current full path, as GitLab writes it.
    pub(in crate::gitlab) full_path: String,
}

#[derive(Deserialize)]
struct Project {
    id: ProjectId,
    #[serde(deserialize_with = "bounded::text")]
    path_with_namespace: String,
}

#[derive(Deserialize)]
struct Group {
    id: GroupId,
    #[serde(deserialize_with = "bounded::text")]
    full_path: String,
}

/// `GET /projects/:id` or `GET /groups/:id`, for a group without its projects.
pub(in crate::gitlab) fn show(kind: Kind, segment: &str) -> Call<Resolved> {
    let path = format!("/{}/{segment}", kind.collection());
    match kind {
        Kind::Project => Call::get_as::<Project>(path),
        Kind::Group => Call::get_as::<Group>(path).with("with_projects", false),
    }
}

impl From<Project> for Resolved {
    fn from(project: Project) -> Self {
        Self { target: project.id.into(), full_path: project.path_with_namespace }
    }
}

impl From<Group> for Resolved {
    fn from(group: Group) -> Self {
        Self { target: group.id.into(), full_path: group.full_path }
    }
}
