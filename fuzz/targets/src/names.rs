//! User input that names a server, a project or a group.

use terraform_provider_gitlab_job_token::gitlab::{BaseUrl, GroupRef, ProjectRef};

/// Reads the bytes as the names of a server, a project and a group. A name that was understood must
/// parse again after it is printed.
///
/// # Panics
///
/// Panics if it doesn't.
pub fn names(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(url) = BaseUrl::parse(text) {
        assert_eq!(BaseUrl::parse(&url.to_string()).as_ref(), Ok(&url));
    }
    if let Ok(project) = text.parse::<ProjectRef>() {
        assert_eq!(project.to_string().parse().as_ref(), Ok(&project));
    }
    if let Ok(group) = text.parse::<GroupRef>() {
        assert_eq!(group.to_string().parse().as_ref(), Ok(&group));
    }
}
