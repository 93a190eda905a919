//! The URL of the instance: scheme, host, port and the relative URL root.

/// The URL of an instance.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    origin: String,
    root: String,
}

impl Site {
    /// Creates a site from an `origin` such as `http://127.0.0.1:80` and a `root` such as
    /// `/gitlab`, which may be empty.
    pub(crate) fn new(origin: String, root: &str) -> Self {
        let root = root.trim_matches('/');
        Self { origin, root: if root.is_empty() { String::new() } else { format!("/{root}") } }
    }

    /// Returns the URL of the instance, without a trailing slash.
    pub(crate) fn url(&self) -> String {
        format!("{}{}", self.origin, self.root)
    }

    /// Returns the absolute URL of a path that already starts with the root.
    pub(crate) fn absolute(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// Returns the path below the root; none outside of it.
    pub(crate) fn below_root<'p>(&self, path: &'p str) -> Option<&'p str> {
        path.strip_prefix(self.root.as_str()).filter(|rest| rest.starts_with('/'))
    }

    /// Returns the host and port, as in the SSH address of a repository.
    pub(crate) fn host(&self) -> &str {
        self.origin.split_once("://").map_or(self.origin.as_str(), |(_, host)| host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_root_is_normalized_and_required() {
        for root in ["gitlab", "/gitlab", "/gitlab/"] {
            let site = Site::new("http://127.0.0.1:80".into(), root);
            assert_eq!(site.url(), "http://127.0.0.1:80/gitlab");
            assert_eq!(site.below_root("/gitlab/api/v4"), Some("/api/v4"));
            assert_eq!(site.below_root("/gitlabber/api/v4"), None);
            assert_eq!(site.below_root("/api/v4"), None);
        }
    }
}
