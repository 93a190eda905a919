//! `/groups/:id`

use serde::Deserialize;

use crate::gitlab::names::GroupId;
use crate::gitlab::names::GroupRef;
use crate::gitlab::sender::Call;

/// A group that the token can see.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Group {
    /// Its number.
    pub id: GroupId,
    /// Its current full path, in GitLab's own spelling.
    pub full_path: String,
    /// Its display name.
    pub name: String,
    /// Its page.
    pub web_url: String,
}

/// `GET /groups/:id`, without the hundred projects that the answer carries otherwise.
pub(in crate::gitlab) fn show(group: &GroupRef) -> Call<Group> {
    Call::get(format!("/groups/{}", group.segment())).with("with_projects", false)
}
