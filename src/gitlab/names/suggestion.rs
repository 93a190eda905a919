//! Finds the path that was probably intended by an invalid or unknown one.

use percent_encoding::percent_decode_str;

use super::id::Id;
use super::reference::{GIT, GLOBAL_ID, Reference, SSH_USER, number};

/// The first parts of URLs that contain paths of projects and groups.
const COLLECTIONS: [&str; 3] = ["groups/", "projects/", "users/"];

/// The path of GitLab's REST API.
const REST_ROOT: &str = "api/v4/";

/// The parts of URLs that separate a project's path from that of a page. Newer URLs have `/-/`
/// before them.
const PAGES: [&str; 14] = [
    "blob",
    "branches",
    "commit",
    "commits",
    "container_registry",
    "environments",
    "issues",
    "jobs",
    "merge_requests",
    "pipelines",
    "raw",
    "settings",
    "tags",
    "tree",
];

/// Returns the full path or ID in an invalid text, such as the URL of a page, of the API or of a
/// repository, if there is one.
#[must_use]
pub fn suggested_path<I: Id>(text: &str) -> Option<String> {
    if let Some(global_id) = text.trim().strip_prefix(GLOBAL_ID) {
        let (kind, id) = global_id.split_once('/')?;
        let is_valid = kind.eq_ignore_ascii_case(I::KIND.as_str()) && number::<I>(id)?.is_ok();
        return is_valid.then(|| id.to_owned());
    }
    let tidy = tidied(text);
    let (is_address, rest) = without_host(&tidy)?;
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    // The rest is the page of the project.
    let (rest, is_page) = match rest.split_once("/-/") {
        Some((before, _)) => (before, true),
        None => (rest, false),
    };
    let (path, in_collection) = in_collection(rest.trim_start_matches('/'), is_address);
    let decoded = percent_decode_str(path).decode_utf8().ok()?;
    let path = decoded.trim_matches('/').trim_end_matches("/-");
    let path = path.strip_suffix(GIT).unwrap_or(path);
    // A host, if the rest is the URL of a page.
    let path = match path.split_once('/') {
        Some((host, below)) if is_page && !is_address && host.contains('.') => below,
        _ => path,
    };
    let reference = path.parse::<Reference<I>>().ok().filter(|_| path != text)?;
    let is_plain_id = text.trim() == path;
    (reference.id().is_none() || in_collection || is_plain_id).then(|| path.to_owned())
}

/// Returns the text without spaces around its parts, and without empty parts between others.
fn tidied(text: &str) -> String {
    let (scheme, rest) = match text.trim().split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), text.trim()),
    };
    let parts: Vec<&str> = rest.split('/').map(str::trim).collect();
    let last = parts.len().saturating_sub(1);
    let is_kept =
        |(index, part): &(usize, &&str)| !part.is_empty() || *index == 0 || *index == last;
    let kept: Vec<&str> = parts.iter().enumerate().filter(is_kept).map(|(_, part)| *part).collect();
    scheme + &kept.join("/")
}

/// Returns whether the text begins with a host, and the rest, which may begin with a relative URL
/// that can't be distinguished from a group.
fn without_host(text: &str) -> Option<(bool, &str)> {
    if let Some((_, rest)) = text.split_once("://") {
        return Some((true, rest.split_once('/')?.1));
    }
    if let Some(rest) = text.strip_prefix(SSH_USER) {
        return Some((true, rest.split_once(':')?.1));
    }
    Some(match text.split_once('/') {
        // Paths have no colons, so it separates a host and a port.
        Some((host, rest)) if host.contains(':') => (true, rest),
        _ => (false, text.trim_start_matches('@')),
    })
}

/// Returns the part of a URL's path that is the path or ID of an object, and whether it follows the
/// name of a collection.
fn in_collection(path: &str, is_address: bool) -> (&str, bool) {
    let below_root = match is_address {
        true => path.rsplit_once(REST_ROOT).map(|(_, rest)| rest),
        false => path.strip_prefix(REST_ROOT),
    };
    let rest = below_root.unwrap_or(path).trim_start_matches('/');
    let Some(inside) = COLLECTIONS.iter().find_map(|collection| rest.strip_prefix(collection))
    else {
        return (rest, false);
    };
    // In the API's URLs, one part is the encoded path, and the rest is the endpoint.
    let is_of_api = below_root.is_some();
    let inside = if is_of_api { inside.split('/').next().unwrap_or_default() } else { inside };
    (inside, true)
}

/// Returns the path without its first part if that may be a host. GitLab accepts such names of
/// groups, too.
#[must_use]
pub fn path_without_host(path: &str) -> Option<&str> {
    path.split_once('/').filter(|(host, _)| host.contains('.')).map(|(_, below)| below)
}

/// Returns the path before the first part that may begin the path of a project's page. GitLab
/// accepts such names of groups and projects, too.
#[must_use]
pub fn path_without_page(path: &str) -> Option<&str> {
    let separators = path.match_indices('/').map(|(index, _)| index);
    // A project's path has two parts at least.
    separators.skip(1).find_map(|index| {
        let page = path[index + 1..].split('/').next().unwrap_or_default();
        PAGES.contains(&page).then(|| &path[..index])
    })
}

#[cfg(test)]
mod tests {
    use super::super::id::{GroupId, ProjectId};
    use super::*;

    #[test]
    fn host_and_page_may_be_parts_of_a_path() {
        for (path, below_host, before_page) in [
            ("platform/deploy", None, None),
            ("host.com/platform/deploy", Some("platform/deploy"), None),
            ("platform/deploy/tree/main", None, Some("platform/deploy")),
            ("platform/tree/main", None, None),
            ("host.com/a/b/blob/c", Some("a/b/blob/c"), Some("host.com/a/b")),
        ] {
            assert_eq!(path_without_host(path), below_host, "{path}");
            assert_eq!(path_without_page(path), before_page, "{path}");
        }
    }

    #[test]
    fn id_is_found_in_a_global_id_of_the_same_kind() {
        assert_eq!(suggested_path::<ProjectId>("gid://gitlab/Project/42").as_deref(), Some("42"));
        assert_eq!(suggested_path::<GroupId>("gid://gitlab/Group/7").as_deref(), Some("7"));
        assert_eq!(suggested_path::<ProjectId>("gid://gitlab/Group/7"), None);
        assert_eq!(suggested_path::<ProjectId>("gid://gitlab/Project/x"), None);
    }

    #[test]
    fn path_is_found_in_urls() {
        for text in [
            "platform/deploy.git",
            "/platform/deploy/",
            " platform/deploy",
            "platform%2Fdeploy",
            "git@gitlab.example.com:platform/deploy.git",
            "ssh://git@gitlab.example.com:2222/platform/deploy.git",
            "https://gitlab.example.com/platform/deploy",
            "https://gitlab.example.com/platform/deploy/-/settings/ci_cd#js-token-access",
        ] {
            assert_eq!(
                suggested_path::<ProjectId>(text).as_deref(),
                Some("platform/deploy"),
                "{text}"
            );
        }
        for text in [
            "platform/deploy/-/settings/ci_cd",
            "gitlab.example.com/platform/deploy/-/tree/main",
            "platform/deploy?x=1",
            "platform/deploy#js",
            "@platform/deploy",
            "platform//deploy",
            "platform / deploy ",
            "127.0.0.1:8801/platform/deploy",
            "gitlab.example.com:8443/platform/deploy/-/tree/main",
            "api/v4/projects/platform%2Fdeploy",
            "127.0.0.1:8801/api/v4/projects/platform%2Fdeploy/job_token_scope",
            "https://gitlab.example.com/api/v4/projects/platform%2Fdeploy",
            "https://gitlab.example.com/api/v4/projects/platform%2Fdeploy/job_token_scope",
        ] {
            assert_eq!(
                suggested_path::<ProjectId>(text).as_deref(),
                Some("platform/deploy"),
                "{text}"
            );
        }
        for text in [
            "https://gitlab.example.com/api/v4/projects/42",
            "https://gitlab.example.com/projects/42",
            "api/v4/projects/42",
            "/api/v4/projects/42/job_token_scope",
            "127.0.0.1:8801/api/v4/projects/42",
            "42 ",
        ] {
            assert_eq!(suggested_path::<ProjectId>(text).as_deref(), Some("42"), "{text}");
        }
        for text in
            ["groups/platform", "https://gitlab.example.com/groups/platform", "users/platform"]
        {
            assert_eq!(suggested_path::<GroupId>(text).as_deref(), Some("platform"), "{text}");
        }
        let page = "https://gitlab.example.com/groups/platform/apps/-/settings";
        assert_eq!(suggested_path::<GroupId>(page).as_deref(), Some("platform/apps"));
        for text in [
            "",
            "deploy",
            "https://gitlab.example.com",
            "git@gitlab.example.com",
            "127.0.0.1:8801",
            "%FF/%FE",
            "42",
        ] {
            assert_eq!(suggested_path::<ProjectId>(text), None, "{text}");
        }
    }
}
