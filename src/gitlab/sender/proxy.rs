//! The proxy of the environment, selected by the rules of Go's
//! [`httpproxy`](https://pkg.go.dev/golang.org/x/net/http/httpproxy): `HTTPS_PROXY` or `HTTP_PROXY`
//! by the scheme of the URL, upper case before lower case. `NO_PROXY` lists hosts, domains and IP
//! addresses with an optional port, networks, and `*`. `localhost` and loopback addresses bypass
//! the proxy. Unlike in Go, an invalid address is an error.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use percent_encoding::percent_decode_str;
use url::{Host, Url};

use super::base_url::BaseUrl;

const HTTPS_VARIABLES: [&str; 2] = ["HTTPS_PROXY", "https_proxy"];
const HTTP_VARIABLES: [&str; 2] = ["HTTP_PROXY", "http_proxy"];
const EXCEPTION_VARIABLES: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// Set in CGI programs, where `HTTP_PROXY` is the `Proxy` header of the client.
const CGI_VARIABLE: &str = "REQUEST_METHOD";

/// The supported schemes.
const SCHEMES: [&str; 4] = ["http", "https", "socks5", "socks5h"];

/// Looks up an environment variable; an empty one is treated as unset.
type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A proxy, and the environment variable that sets it. `Display` and `Debug` don't show
/// credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    url: Url,
    variable: &'static str,
}

/// The error for an invalid proxy. It never repeats the value, which may contain a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProxyError {
    /// The value isn't the address of a proxy.
    #[error(
        "`{0}` isn't the address of a proxy, such as `http://proxy.example.com:3128`. Special \
         characters in its user name and password must be percent-encoded"
    )]
    NotAnAddress(&'static str),
    /// The scheme isn't supported.
    #[error("`{0}` must start with `http://`, `https://`, `socks5://` or `socks5h://`")]
    Scheme(&'static str),
    /// `HTTP_PROXY` is set in a CGI program.
    #[error(
        "`{0}` isn't used while `{CGI_VARIABLE}` is set: in CGI programs, clients can set it. Use \
         a `base_url` that starts with `https://`, or unset one of the variables"
    )]
    Cgi(&'static str),
}

impl Proxy {
    /// Returns the proxy for `base_url`, or `None` for a direct connection.
    ///
    /// # Errors
    ///
    /// See [`ProxyError`]. Variables that don't apply to `base_url` aren't checked.
    pub fn from_environment(
        base_url: &BaseUrl,
        environment: Environment<'_>,
    ) -> Result<Option<Self>, ProxyError> {
        let variables = if base_url.is_https() { HTTPS_VARIABLES } else { HTTP_VARIABLES };
        let Some((variable, address)) = first_set(variables, environment) else { return Ok(None) };
        let exceptions = first_set(EXCEPTION_VARIABLES, environment);
        if base_url.bypasses_proxy()
            || exceptions.is_some_and(|(_, list)| is_exception(&list, base_url))
        {
            return Ok(None);
        }
        if !base_url.is_https() && environment(CGI_VARIABLE).is_some() {
            return Err(ProxyError::Cgi(variable));
        }
        Self::parse(variable, &address).map(Some)
    }

    fn parse(variable: &'static str, text: &str) -> Result<Self, ProxyError> {
        let not_an_address = ProxyError::NotAnAddress(variable);
        let text = text.trim();
        if text.contains(char::is_whitespace) || text.contains(char::is_control) {
            return Err(not_an_address);
        }
        if has_cut_scheme(text) || !is_percent_encoded(text) {
            return Err(not_an_address);
        }
        let with_scheme = match text.contains("://") {
            true => text.to_owned(),
            false => format!("http://{text}"),
        };
        let url = Url::parse(&with_scheme).map_err(|_| not_an_address)?;
        if !SCHEMES.contains(&url.scheme()) {
            return Err(ProxyError::Scheme(variable));
        }
        // An unescaped `/`, `?` or `#` in a password ends the host, and the rest contains the `@`.
        let rest = [Some(url.path()), url.query(), url.fragment()];
        let is_cut = rest.into_iter().flatten().any(|part| part.contains('@'));
        // Without a host, the parser would use the path as the host.
        let has_no_host = with_scheme.contains(":///");
        if is_cut || has_no_host || !has_plain_host(&url) {
            return Err(not_an_address);
        }
        Ok(Self { url, variable })
    }

    /// Returns the environment variable that sets the proxy.
    pub(super) fn variable(&self) -> &'static str {
        self.variable
    }

    pub(super) fn scheme(&self) -> &str {
        self.url.scheme()
    }

    pub(super) fn host_and_port(&self) -> (String, u16) {
        let host = self.url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        (host, self.url.port_or_known_default().unwrap_or_default())
    }

    /// Returns the decoded `user:password`.
    pub(super) fn credentials(&self) -> Option<String> {
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let password = self.url.password().unwrap_or_default();
        self.has_credentials()
            .then(|| format!("{}:{}", decoded(self.url.username()), decoded(password)))
    }

    /// Returns the proxy without credentials.
    pub(super) fn without_credentials(&self) -> Self {
        let mut bare = self.clone();
        // Neither fails for a URL with a host.
        let _ = (bare.url.set_username(""), bare.url.set_password(None));
        bare
    }

    pub(super) fn has_credentials(&self) -> bool {
        !self.url.username().is_empty() || self.url.password().is_some()
    }

    /// Returns the password, percent-encoded and decoded, and the decoded `user:password`.
    pub(super) fn secrets(&self) -> Vec<String> {
        let Some(password) = self.url.password() else { return Vec::new() };
        let decoded = percent_decode_str(password).decode_utf8_lossy().into_owned();
        let user = percent_decode_str(self.url.username()).decode_utf8_lossy();
        vec![password.to_owned(), decoded.clone(), format!("{user}:{decoded}")]
    }

    /// Returns whether the proxy forwards HTTP requests, instead of opening a tunnel.
    pub(super) fn forwards(&self, base_url: &BaseUrl) -> bool {
        !base_url.is_https() && !self.url.scheme().starts_with("socks")
    }

    /// Returns the address for the HTTP client. As in Go, SOCKS proxies resolve host names.
    pub(super) fn address(&self) -> String {
        match self.url.as_str().strip_prefix("socks5:") {
            Some(rest) => format!("socks5h:{rest}"),
            None => self.url.to_string(),
        }
    }
}

/// Returns whether the slashes after a scheme are missing, as in `http:user:password@host`.
fn has_cut_scheme(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known)) && !rest.starts_with("//")
}

/// Returns whether each percent sign starts a valid escape.
fn is_percent_encoded(text: &str) -> bool {
    text.split('%').skip(1).all(|rest| {
        let digits = rest.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}

fn first_set(
    variables: [&'static str; 2],
    environment: Environment<'_>,
) -> Option<(&'static str, String)> {
    variables.into_iter().find_map(|variable| Some((variable, environment(variable)?)))
}

/// Returns whether the HTTP client accepts the host. It would ignore a proxy that it can't parse.
fn has_plain_host(url: &Url) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
    url.host_str().is_some_and(|host| !host.is_empty() && host.bytes().all(is_plain))
}

/// Returns whether an entry of `NO_PROXY` matches the URL. Invalid entries are ignored.
fn is_exception(list: &str, base_url: &BaseUrl) -> bool {
    let Some(host) = base_url.host() else { return false };
    let port = base_url.port().to_string();
    let entries =
        list.split(',').map(|entry| entry.trim().to_lowercase()).filter(|entry| !entry.is_empty());
    match host {
        Host::Ipv4(address) => { entries }.any(|entry| has_address(&entry, address.into(), &port)),
        Host::Ipv6(address) => { entries }.any(|entry| has_address(&entry, address.into(), &port)),
        Host::Domain(name) => { entries }.any(|entry| has_name(&entry, name, &port)),
    }
}

fn has_address(entry: &str, address: IpAddr, port: &str) -> bool {
    let address = address.to_canonical();
    if let Ok(network) = entry.parse::<IpNet>() {
        return network.contains(&address);
    }
    let (host, only_port) = split_port(entry);
    let is_same = host.parse::<IpAddr>().is_ok_and(|entry| entry.to_canonical() == address);
    entry == "*" || is_same && only_port.is_none_or(|only| only == port)
}

fn has_name(entry: &str, name: &str, port: &str) -> bool {
    let (host, only_port) = split_port(entry);
    // `*.example.com` means `.example.com`: only subdomains.
    let host = if host.starts_with("*.") { &host[1..] } else { host };
    let domain = host.strip_prefix('.').unwrap_or(host);
    let domain = match Host::parse(domain) {
        Ok(Host::Domain(ascii)) if !domain.is_ascii() => ascii,
        _ => domain.to_owned(),
    };
    let is_below = name.strip_suffix(&domain).is_some_and(|below| below.ends_with('.'));
    let is_same = name == domain && !host.starts_with('.');
    entry == "*"
        || !host.is_empty() && (is_below || is_same) && only_port.is_none_or(|only| only == port)
}

/// Splits `host:port` or `[address]:port`. Without a port, the entry is the host.
fn split_port(entry: &str) -> (&str, Option<&str>) {
    let Some((host, port)) = entry.rsplit_once(':') else { return (entry, None) };
    let (host, is_bracketed) = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']'))
    {
        Some(address) => (address, true),
        None => (host, false),
    };
    let has_mark = |text: &str| text.contains(['[', ']']) || !is_bracketed && text.contains(':');
    match has_mark(host) || port.contains(['[', ']']) {
        true => (entry, None),
        false => (host, Some(port).filter(|port| !port.is_empty())),
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.url.scheme(), self.url.host_str().unwrap_or_default())?;
        match self.url.port() {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self}, {})", self.variable)
    }
}

#[cfg(test)]
mod tests;
