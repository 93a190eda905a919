//! The proxy on the way to GitLab, chosen from the environment by the rules of Go's `net/http`.
//! There is one host to reach, so the choice is made once.
//!
//! The rules, as in
//! [`golang.org/x/net/http/httpproxy`](https://pkg.go.dev/golang.org/x/net/http/httpproxy):
//! `HTTPS_PROXY` or `HTTP_PROXY` by the scheme of the address, upper case before lower case, and no
//! other variable. Entries of `NO_PROXY` are hosts, domains, IP addresses, with or without a port,
//! networks, and `*`. `localhost` and the loopback addresses are reached without a proxy. A
//! malformed address is an error here, where Go goes without a proxy.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use percent_encoding::percent_decode_str;
use url::{Host, Url};

use super::base_url::BaseUrl;

const HTTPS_VARIABLES: [&str; 2] = ["HTTPS_PROXY", "https_proxy"];
const HTTP_VARIABLES: [&str; 2] = ["HTTP_PROXY", "http_proxy"];
const EXCEPTION_VARIABLES: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// Set in CGI programs, where `HTTP_PROXY` is what the client sent as the header `Proxy`.
const CGI_VARIABLE: &str = "REQUEST_METHOD";

/// The schemes that an address may have.
const SCHEMES: [&str; 4] = ["http", "https", "socks5", "socks5h"];

/// Looks up an environment variable; an empty one is treated as unset.
type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A proxy, with the variable that names it. Shown without user name and password.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    url: Url,
    variable: &'static str,
}

/// The reason why a proxy of the environment can't be used. Never repeats the value, which may hold
/// a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProxyError {
    /// Not the address of a proxy.
    #[error(
        "`{0}` isn't the address of a proxy, such as `http://proxy.example.com:3128`. Special \
         characters in its user name and password must be percent-encoded"
    )]
    NotAnAddress(&'static str),
    /// A scheme that no proxy is reached by.
    #[error("`{0}` must start with `http://`, `https://`, `socks5://` or `socks5h://`")]
    Scheme(&'static str),
    /// `HTTP_PROXY` in a CGI program.
    #[error(
        "`{0}` isn't used while `{CGI_VARIABLE}` is set: in CGI programs, clients can set it. Use \
         a `base_url` that starts with `https://`, or unset one of the variables"
    )]
    Cgi(&'static str),
}

impl Proxy {
    /// Returns the proxy on the way to that address, or `None` if it is reached directly.
    ///
    /// # Errors
    ///
    /// See [`ProxyError`]. A variable that isn't used for this address may hold anything.
    pub fn from_environment(
        base_url: &BaseUrl,
        environment: Environment<'_>,
    ) -> Result<Option<Self>, ProxyError> {
        let variables = if base_url.is_https() { HTTPS_VARIABLES } else { HTTP_VARIABLES };
        let Some((variable, address)) = first_set(variables, environment) else { return Ok(None) };
        let exceptions = first_set(EXCEPTION_VARIABLES, environment);
        if base_url.needs_no_proxy()
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
        // A `/`, `?` or `#` in a password ends the host early, and what follows holds the rest of
        // the password.
        let rest = [Some(url.path()), url.query(), url.fragment()];
        let is_cut = rest.into_iter().flatten().any(|part| part.contains('@'));
        // The parser takes a path for the host where there is none.
        let has_no_host = with_scheme.contains(":///");
        if is_cut || has_no_host || !has_plain_host(&url) {
            return Err(not_an_address);
        }
        Ok(Self { url, variable })
    }

    /// Returns the environment variable that names the proxy.
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

    /// Returns `user:password` decoded, as the proxy gets it.
    pub(super) fn credentials(&self) -> Option<String> {
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let password = self.url.password().unwrap_or_default();
        self.has_credentials()
            .then(|| format!("{}:{}", decoded(self.url.username()), decoded(password)))
    }

    /// Returns the same proxy without user name and password.
    pub(super) fn without_credentials(&self) -> Self {
        let mut bare = self.clone();
        // Neither fails for an address with a host.
        let _ = (bare.url.set_username(""), bare.url.set_password(None));
        bare
    }

    pub(super) fn has_credentials(&self) -> bool {
        !self.url.username().is_empty() || self.url.password().is_some()
    }

    /// Returns the password, percent-encoded as in the variable and decoded, and the credentials as
    /// the proxy gets them.
    pub(super) fn secrets(&self) -> Vec<String> {
        let Some(password) = self.url.password() else { return Vec::new() };
        let decoded = percent_decode_str(password).decode_utf8_lossy().into_owned();
        let user = percent_decode_str(self.url.username()).decode_utf8_lossy();
        vec![password.to_owned(), decoded.clone(), format!("{user}:{decoded}")]
    }

    /// True when requests of plain HTTP are sent to the proxy itself, which sends them on.
    pub(super) fn forwards(&self, base_url: &BaseUrl) -> bool {
        !base_url.is_https() && !self.url.scheme().starts_with("socks")
    }

    /// Returns the address for the HTTP client. As in Go, SOCKS proxies resolve names.
    pub(super) fn address(&self) -> String {
        match self.url.as_str().strip_prefix("socks5:") {
            Some(rest) => format!("socks5h:{rest}"),
            None => self.url.to_string(),
        }
    }
}

/// Checks for `http:` and the like without the slashes. That can't be a host with a port, and what
/// follows may hold a password.
fn has_cut_scheme(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known)) && !rest.starts_with("//")
}

/// Checks whether each percent sign begins an escape.
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

/// Checks that the HTTP client reads the host in the same way: it goes without a proxy where it
/// can't read an address.
fn has_plain_host(url: &Url) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
    url.host_str().is_some_and(|host| !host.is_empty() && host.bytes().all(is_plain))
}

/// Checks whether an entry of `NO_PROXY` has that address. What isn't an entry is left out.
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
    // `*.example.com` is `.example.com`: subdomains alone.
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

/// Splits `host:port` and `[address]:port`. Without a port, all is the host.
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
        // An empty port is none.
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
