//! The base URL of a GitLab instance, normalized.

use std::fmt;

use url::{Host, ParseError, Url};

use super::request::GRAPHQL_PATH;

/// The path of the REST API.
const REST_ROOT: &str = "/api/v4";

/// The URL of a GitLab instance without a trailing slash and `/api/v4`, such as
/// `https://gitlab.com` or `https://host.example/gitlab`. It has no credentials, so it is safe to
/// print.
#[derive(Clone, PartialEq, Eq)]
pub struct BaseUrl {
    instance: Url,
}

/// The error for an invalid base URL. It never repeats the text, which may contain a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    /// The text is empty or blank.
    #[error("must be a URL")]
    Empty,
    /// The text isn't a URL, or has no host.
    #[error("isn't a valid URL, because {0}. It must be the URL of the instance")]
    NotAUrl(&'static str),
    /// The scheme is missing or unsupported.
    #[error("must start with `https://` or `http://`")]
    Scheme,
    /// The URL contains a user name or password, which proxies and logs could show.
    #[error("must be a URL without user name and password")]
    Credentials,
    /// The URL is that of a page, such as a project or group.
    #[error("must be the URL of the instance, not of a page")]
    Page,
    /// The URL is that of an API endpoint.
    #[error("must be the URL of the instance or its API, not of an endpoint")]
    Endpoint,
    /// The URL has a query or fragment.
    #[error("must be a URL without query (`?`) and fragment (`#`)")]
    QueryOrFragment,
}

impl BaseUrl {
    /// Parses a URL with or without a trailing slash, `/api/v4`, and the relative URL of the
    /// installation.
    ///
    /// # Errors
    ///
    /// See [`BaseUrlError`].
    pub fn parse(text: &str) -> Result<Self, BaseUrlError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(BaseUrlError::Empty);
        }
        let lower = text.to_ascii_lowercase();
        if !lower.starts_with("https://") && !lower.starts_with("http://") {
            return Err(BaseUrlError::Scheme);
        }
        // Without a host, the parser would use the path as the host.
        if text.contains(":///") {
            return Err(BaseUrlError::NotAUrl(NO_HOST));
        }
        let mut instance =
            Url::parse(text).map_err(|error| BaseUrlError::NotAUrl(reason(error)))?;
        if !instance.username().is_empty() || instance.password().is_some() {
            return Err(BaseUrlError::Credentials);
        }
        if instance.query().is_some() || instance.fragment().is_some() {
            return Err(BaseUrlError::QueryOrFragment);
        }
        let mut root = instance.path().trim_end_matches('/');
        // Repeatedly, because scripts may add it to a URL that already has it.
        while let Some(above) = root.strip_suffix(REST_ROOT) {
            root = above.trim_end_matches('/');
        }
        if root.ends_with(GRAPHQL_PATH) || root.contains(&format!("{REST_ROOT}/")) {
            return Err(BaseUrlError::Endpoint);
        }
        if is_page(&instance, root) {
            return Err(BaseUrlError::Page);
        }
        let root = root.to_owned();
        instance.set_path(&root);
        Ok(Self { instance })
    }

    /// Returns the URL that was probably intended by an invalid one, without the part that makes it
    /// invalid. Returns `None` for other errors, whose text may contain a secret.
    #[must_use]
    pub fn suggested(text: &str) -> Option<Self> {
        let problem = Self::parse(text).err()?;
        let shorter = match problem {
            BaseUrlError::Page => Url::parse(text.trim()).ok()?.origin().ascii_serialization(),
            BaseUrlError::Endpoint => {
                text.split(REST_ROOT).next()?.split(GRAPHQL_PATH).next()?.into()
            }
            BaseUrlError::QueryOrFragment => text.split(['?', '#']).next()?.to_owned(),
            _ => return None,
        };
        Self::parse(&shorter).ok()
    }

    /// Returns the URL of a REST endpoint. `path` starts with a slash and is percent-encoded.
    pub(super) fn rest(&self, path: &str) -> Result<Url, url::ParseError> {
        Url::parse(&format!("{self}{REST_ROOT}{path}"))
    }

    /// Returns the URL of the GraphQL API.
    pub(super) fn graphql(&self) -> Result<Url, url::ParseError> {
        Url::parse(&format!("{self}{GRAPHQL_PATH}"))
    }

    /// Returns the relative URL that GitLab is installed under, such as `/gitlab`; usually empty.
    pub(in crate::gitlab) fn root(&self) -> &str {
        self.instance.path().trim_end_matches('/')
    }

    /// Returns whether the scheme is `https`.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.instance.scheme() == "https"
    }

    pub(super) fn host(&self) -> Option<Host<&str>> {
        self.instance.host()
    }

    /// Returns the port, or the default port of the scheme.
    pub(super) fn port(&self) -> u16 {
        self.instance.port_or_known_default().unwrap_or_default()
    }

    /// Returns whether a text is the host of the instance, with or without its port.
    #[must_use]
    pub fn is_at(&self, text: &str) -> bool {
        let authority = self.instance.authority();
        let host = self.instance.host_str().unwrap_or_default();
        [authority, host].iter().any(|host| host.eq_ignore_ascii_case(text))
    }

    /// Returns the URL without the relative URL of the installation, if it has one.
    #[must_use]
    pub fn without_path(&self) -> Option<String> {
        (!self.root().is_empty()).then(|| self.instance.origin().ascii_serialization())
    }

    /// Returns whether the token is sent unencrypted over a network: by HTTP, and not to this
    /// machine.
    #[must_use]
    pub fn sends_token_unencrypted(&self) -> bool {
        self.instance.scheme() == "http" && !self.is_loopback()
    }

    /// Returns whether connections without a proxy never use TLS: HTTP to this machine.
    pub(super) fn never_uses_tls(&self) -> bool {
        self.instance.scheme() == "http" && self.is_loopback()
    }

    /// Returns whether the proxy of the environment is bypassed: for `localhost` and loopback
    /// addresses, as in Go.
    pub(super) fn bypasses_proxy(&self) -> bool {
        let is_below_localhost =
            matches!(self.instance.host(), Some(Host::Domain(name)) if name != "localhost");
        self.is_loopback() && !is_below_localhost
    }

    /// Returns whether the host is this machine.
    fn is_loopback(&self) -> bool {
        match self.instance.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.to_canonical().is_loopback(),
            None => false,
        }
    }
}

/// The reason for a URL without a host.
const NO_HOST: &str = "it doesn't have a host";

/// Returns why a text isn't a URL, without repeating the text.
fn reason(error: ParseError) -> &'static str {
    match error {
        ParseError::EmptyHost => NO_HOST,
        ParseError::InvalidPort => "its port isn't a number from 0 to 65535",
        ParseError::InvalidIpv4Address | ParseError::InvalidIpv6Address => {
            "its host isn't a valid IP address"
        }
        ParseError::InvalidDomainCharacter | ParseError::IdnaError => {
            "its host has characters that host names can't have"
        }
        _ => "it can't be read as one",
    }
}

/// Returns whether the path is that of a page instead of a relative URL of an installation.
/// GitLab.com has no relative URL.
fn is_page(instance: &Url, root: &str) -> bool {
    let has_mark = root.contains("/-/") || root.ends_with("/-") || root.ends_with(".git");
    let is_known =
        ["/users/sign_in", "/dashboard", "/explore"].iter().any(|page| root.ends_with(page));
    has_mark || is_known || (instance.domain() == Some("gitlab.com") && !root.is_empty())
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.instance.as_str().trim_end_matches('/'))
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BaseUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rest(text: &str) -> String {
        BaseUrl::parse(text).unwrap().rest("/user").unwrap().to_string()
    }

    #[test]
    fn pages_are_not_taken_for_instances() {
        for text in [
            "https://gitlab.com/platform/deploy",
            "https://gitlab.example.com/platform/deploy/-/settings/ci_cd",
            "https://gitlab.example.com/platform/deploy.git",
            "https://gitlab.example.com/users/sign_in",
        ] {
            assert_eq!(BaseUrl::parse(text), Err(BaseUrlError::Page), "{text}");
        }
        for text in [
            "https://gitlab.example.com/api/graphql",
            "https://gitlab.example.com/api/v4/projects",
            "https://gitlab.com/api/v4/projects/42",
            "https://gitlab.example.com/gitlab/api/v4/user/",
        ] {
            assert_eq!(BaseUrl::parse(text), Err(BaseUrlError::Endpoint), "{text}");
        }
        let below = BaseUrl::parse("https://example.com/gitlab/api/v4").unwrap();
        assert_eq!(below.without_path().as_deref(), Some("https://example.com"));
        assert_eq!(BaseUrl::parse("https://gitlab.com/api/v4").unwrap().without_path(), None);
    }

    #[test]
    fn instance_is_suggested_for_pages_and_endpoints() {
        for (text, expected) in [
            ("https://gitlab.com/platform/deploy", Some("https://gitlab.com")),
            ("https://h.example.com:8443/a/b/-/settings", Some("https://h.example.com:8443")),
            ("https://h.example.com/api/v4/projects", Some("https://h.example.com")),
            ("https://h.example.com/git/api/v4/projects/1", Some("https://h.example.com/git")),
            ("https://h.example.com/api/graphql", Some("https://h.example.com")),
            ("https://h.example.com/?private_token=hush", Some("https://h.example.com")),
            ("https://me:hush@h.example.com/a/-/b", None),
            ("h.example.com", None),
            ("https://h.example.com", None),
        ] {
            let suggested = BaseUrl::suggested(text).map(|url| url.to_string());
            assert_eq!(suggested.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn urls_are_normalized() {
        for text in [
            "https://gitlab.com",
            "https://gitlab.com/",
            "https://gitlab.com/api/v4",
            "https://gitlab.com/api/v4/",
            "https://gitlab.com//api/v4//",
            "HTTPS://GitLab.com:443/api/v4",
            " https://gitlab.com ",
        ] {
            assert_eq!(rest(text), "https://gitlab.com/api/v4/user", "{text}");
        }
    }

    #[test]
    fn relative_url_and_port_are_kept() {
        assert_eq!(rest("http://host:8080/gitlab/"), "http://host:8080/gitlab/api/v4/user");
        assert_eq!(rest("http://host/git/lab/api/v4"), "http://host/git/lab/api/v4/user");
        assert_eq!(rest("http://host/git//api/v4//api/v4//"), "http://host/git/api/v4/user");
    }

    #[test]
    fn graphql_url_is_next_to_the_rest_api() {
        let graphql = |text| BaseUrl::parse(text).unwrap().graphql().unwrap().to_string();
        assert_eq!(graphql("https://gitlab.com/api/v4"), "https://gitlab.com/api/graphql");
        assert_eq!(graphql("http://host:8080/gitlab/"), "http://host:8080/gitlab/api/graphql");
    }

    #[test]
    fn invalid_urls_have_a_reason() {
        for (text, reason) in [
            ("", BaseUrlError::Empty),
            ("  ", BaseUrlError::Empty),
            ("gitlab.com", BaseUrlError::Scheme),
            ("gitlab.com:8080/api/v4", BaseUrlError::Scheme),
            ("ftp://gitlab.com", BaseUrlError::Scheme),
            ("https://", BaseUrlError::NotAUrl(NO_HOST)),
            ("https:///x", BaseUrlError::NotAUrl(NO_HOST)),
            (
                "https://gitlab com",
                BaseUrlError::NotAUrl("its host has characters that host names can't have"),
            ),
            (
                "https://gitlab.com:https",
                BaseUrlError::NotAUrl("its port isn't a number from 0 to 65535"),
            ),
            (
                "https://gitlab.com:70000",
                BaseUrlError::NotAUrl("its port isn't a number from 0 to 65535"),
            ),
            ("https://[::1", BaseUrlError::NotAUrl("its host isn't a valid IP address")),
            ("https://1.2.3.400", BaseUrlError::NotAUrl("its host isn't a valid IP address")),
            ("https://me:secret@gitlab.com", BaseUrlError::Credentials),
            ("https://glpat-secret@gitlab.com", BaseUrlError::Credentials),
            ("https://gitlab.com?private_token=x", BaseUrlError::QueryOrFragment),
            ("https://gitlab.com/#top", BaseUrlError::QueryOrFragment),
        ] {
            assert_eq!(BaseUrl::parse(text).unwrap_err(), reason, "{text}");
        }
    }

    #[test]
    fn only_http_to_another_machine_is_unencrypted() {
        for (text, clear) in [
            ("http://gitlab.example.com", true),
            ("http://10.0.0.1", true),
            ("http://127.example.com", true),
            ("https://gitlab.example.com", false),
            ("http://localhost:8080", false),
            ("http://gitlab.localhost", false),
            ("http://127.8.9.10", false),
            ("http://[::1]:3000", false),
            ("http://[::ffff:127.0.0.1]", false),
        ] {
            assert_eq!(BaseUrl::parse(text).unwrap().sends_token_unencrypted(), clear, "{text}");
        }
    }
}
