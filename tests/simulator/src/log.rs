//! The request log for tests: order, sender and result of each request. It never has the values of
//! tokens.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::HeaderMap;

use crate::http::{Credential, Route};
use crate::world::Target;

/// Headers and query parameters whose values are secrets.
const SECRETS: [&str; 7] = [
    "private-token",
    "authorization",
    "job-token",
    "cookie",
    "private_token",
    "access_token",
    "job_token",
];

/// The text in place of a secret in the log.
const HIDDEN: &str = "[redacted]";

/// A request and its result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// The method.
    pub method: String,
    /// The path as sent, still percent-encoded, relative URL root included.
    pub path: String,
    /// The query as sent, without the question mark; secrets hidden.
    pub query: String,
    /// Names (in lower case) and values of the headers; secrets hidden.
    pub headers: Vec<(String, String)>,
    /// The endpoint.
    pub route: Route,
    /// The ID of the project or group in the path, if there is one by that ID or path; in GraphQL
    /// that of the one whose full path the first root field is given.
    pub project: Option<u64>,
    /// The target in the path or the body, if it is an ID; of a GraphQL mutation, what lives at the
    /// target's path.
    pub target: Option<Target>,
    /// The names of a GraphQL request: that of its operation, if it has one, then those of its root
    /// fields.
    pub names: Vec<String>,
    /// The header that had a token, if any.
    pub credential: Option<Credential>,
    /// The name of the token, if it is one of this instance.
    pub token: Option<String>,
    /// The time of arrival since the start of the instance.
    pub at: Duration,
    /// The number of requests in flight when it arrived, itself included.
    pub in_flight: usize,
    /// True if a fault affected it.
    pub faulty: bool,
    /// The status of the response; none while the request waits, or if no response was sent.
    pub status: Option<u16>,
}

impl Logged {
    /// Returns the value of a header. Its name is case-insensitive.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

impl fmt::Display for Logged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)?;
        if !self.query.is_empty() {
            write!(f, "?{}", self.query)?;
        }
        if !self.names.is_empty() {
            write!(f, " ({})", self.names.join(" "))?;
        }
        match self.status {
            Some(status) => write!(f, " → {status}"),
            None => f.write_str(" → no response"),
        }
    }
}

/// Requests in order of arrival. `Display` writes one per line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Requests(Vec<Logged>);

impl Requests {
    /// Returns the requests to endpoints that change something.
    #[must_use]
    pub fn writes(&self) -> Self {
        self.filter(|request| request.route.is_write())
    }

    /// Returns the requests to one endpoint.
    #[must_use]
    pub fn to(&self, route: Route) -> Self {
        self.filter(|request| request.route == route)
    }

    /// Returns the requests with a project or group in their path, by ID or path.
    #[must_use]
    pub fn about(&self, project: u64) -> Self {
        self.filter(|request| request.project == Some(project))
    }

    /// Returns the GraphQL requests whose operation or one of whose root fields has this name.
    #[must_use]
    pub fn named(&self, name: &str) -> Self {
        self.filter(|request| request.names.iter().any(|found| found == name))
    }

    /// Returns the requests that match a condition.
    #[must_use]
    pub fn filter(&self, keep: impl Fn(&Logged) -> bool) -> Self {
        Self(self.0.iter().filter(|request| keep(request)).cloned().collect())
    }
}

impl FromIterator<Logged> for Requests {
    fn from_iter<I: IntoIterator<Item = Logged>>(requests: I) -> Self {
        Self(requests.into_iter().collect())
    }
}

impl Deref for Requests {
    type Target = [Logged];

    fn deref(&self) -> &[Logged] {
        &self.0
    }
}

impl fmt::Display for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|request| writeln!(f, "{request}"))
    }
}

/// The log, shared by all connections.
#[derive(Debug, Clone)]
pub(crate) struct Log(Arc<Mutex<Book>>);

#[derive(Debug)]
struct Book {
    start: Instant,
    /// Entries and their numbers, which are never reused.
    entries: Vec<(u64, Logged)>,
    opened: u64,
    in_flight: usize,
    max_in_flight: usize,
}

impl Log {
    pub(crate) fn new() -> Self {
        let book = Book {
            start: Instant::now(),
            entries: Vec::new(),
            opened: 0,
            in_flight: 0,
            max_in_flight: 0,
        };
        Self(Arc::new(Mutex::new(book)))
    }

    /// Adds a request, which is in flight until the entry is dropped.
    pub(crate) fn open(&self, mut request: Logged) -> Entry {
        self.with(|book| {
            book.in_flight += 1;
            book.max_in_flight = book.max_in_flight.max(book.in_flight);
            book.opened += 1;
            request.at = book.start.elapsed();
            request.in_flight = book.in_flight;
            book.entries.push((book.opened, request));
            Entry { log: self.clone(), number: book.opened }
        })
    }

    pub(crate) fn requests(&self) -> Requests {
        self.with(|book| {
            Requests(book.entries.iter().map(|(_, request)| request.clone()).collect())
        })
    }

    /// Removes all requests and resets the maximum in flight.
    pub(crate) fn clear(&self) {
        self.with(|book| {
            book.entries.clear();
            book.max_in_flight = book.in_flight;
        });
    }

    pub(crate) fn max_in_flight(&self) -> usize {
        self.with(|book| book.max_in_flight)
    }

    fn with<T>(&self, act: impl FnOnce(&mut Book) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A request in flight. Dropping it, for example when a client disconnects, ends it.
#[derive(Debug)]
pub(crate) struct Entry {
    log: Log,
    number: u64,
}

impl Entry {
    pub(crate) fn mark_faulty(&self) {
        self.with(|request| request.faulty = true);
    }

    pub(crate) fn responded(&self, status: u16) {
        self.with(|request| request.status = Some(status));
    }

    /// Returns the line of the log; none if the log was cleared since.
    pub(crate) fn logged(&self) -> Option<Logged> {
        self.with(|request| request.clone())
    }

    fn with<T>(&self, act: impl FnOnce(&mut Logged) -> T) -> Option<T> {
        self.log.with(|book| {
            let found = book.entries.iter_mut().rev().find(|(number, _)| *number == self.number);
            found.map(|(_, request)| act(request))
        })
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.log.with(|book| book.in_flight -= 1);
    }
}

/// Headers for the log.
pub(crate) fn logged_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let shown = |name: &str, value: &[u8]| {
        if SECRETS.contains(&name) {
            HIDDEN.to_owned()
        } else {
            String::from_utf8_lossy(value).into_owned()
        }
    };
    headers
        .iter()
        .map(|(name, value)| (name.to_string(), shown(name.as_str(), value.as_bytes())))
        .collect()
}

/// Returns a query for the log.
pub(crate) fn logged_query(query: &str) -> String {
    let shown = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if SECRETS.contains(&name) => format!("{name}={HIDDEN}"),
        _ => pair.to_owned(),
    };
    query.split('&').map(shown).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_a_query_are_hidden() {
        assert_eq!(logged_query("page=2&private_token=s&a"), "page=2&private_token=[redacted]&a");
    }
}
