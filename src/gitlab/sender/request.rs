//! Calls of GitLab's API as plain values: the request, and how to decode its response. There is no
//! I/O here.

use std::fmt;

use reqwest::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::bounded;
use super::document::{self, Document, Optional};

/// The path of the GraphQL API.
pub(super) const GRAPHQL_PATH: &str = "/api/graphql";

/// The result of decoding a body.
type Decoded<T> = Result<T, serde_json::Error>;

/// A request, and how to decode its response.
///
/// Every call may be retried: PATCH, PUT and DELETE are idempotent, and a second POST to an
/// allowlist fails with a duplicate error that the caller handles. GraphQL mutations behave the
/// same way.
#[derive(Clone)]
pub(in crate::gitlab) struct Call<T> {
    line: RequestLine,
    query: Vec<(&'static str, String)>,
    body: Option<Value>,
    /// The optional parts of a GraphQL document.
    optional: &'static [Optional],
    reads: bool,
    success: StatusCode,
    decode: fn(&[u8]) -> Decoded<T>,
}

/// The method and path of a request, for errors and logs. The path has no query. It is relative to
/// the REST API, or for GraphQL to the instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::gitlab) struct RequestLine {
    pub(super) method: Method,
    pub(super) path: String,
    /// The name of the GraphQL operation; `None` for REST.
    pub(super) operation: Option<&'static str>,
}

impl<T: DeserializeOwned> Call<T> {
    /// Creates a GET request that returns JSON with status 200.
    pub(in crate::gitlab) fn get(path: String) -> Self {
        Self::new(Method::GET, path, StatusCode::OK, |body| serde_json::from_slice(body))
    }

    /// Creates a POST request that returns JSON with status 201.
    pub(in crate::gitlab) fn post(path: String, body: Value) -> Self {
        let call =
            Self::new(Method::POST, path, StatusCode::CREATED, |body| serde_json::from_slice(body));
        Self { body: Some(body), ..call }
    }

    /// Creates a PUT request that returns JSON with status 200.
    pub(in crate::gitlab) fn put(path: String, body: Value) -> Self {
        let call =
            Self::new(Method::PUT, path, StatusCode::OK, |body| serde_json::from_slice(body));
        Self { body: Some(body), ..call }
    }

    /// Creates a GraphQL request, which returns JSON with status 200 even if it fails.
    pub(super) fn graphql(document: Document, reads: bool, body: Value) -> Self {
        let path = GRAPHQL_PATH.to_owned();
        let call =
            Self::new(Method::POST, path, StatusCode::OK, |body| serde_json::from_slice(body));
        let line = RequestLine { operation: Some(document.name), ..call.line };
        Self { line, body: Some(body), optional: document.optional, reads, ..call }
    }
}

impl<T> Call<T> {
    /// Creates a GET request like [`Call::get`] whose response has the type `S`.
    pub(in crate::gitlab) fn get_as<S: DeserializeOwned + Into<T>>(path: String) -> Self {
        let decode = |body: &[u8]| serde_json::from_slice::<S>(body).map(Into::into);
        Self::new(Method::GET, path, StatusCode::OK, decode)
    }
}

impl<T: DeserializeOwned> Call<Vec<T>> {
    /// Creates a GET request for a page of a list.
    pub(in crate::gitlab) fn get_list(path: String) -> Self {
        let decode = |body: &[u8]| {
            let mut json = serde_json::Deserializer::from_slice(body);
            let page = bounded::list(&mut json)?;
            json.end()?;
            Ok(page)
        };
        Self::new(Method::GET, path, StatusCode::OK, decode)
    }
}

impl Call<()> {
    /// Creates a PATCH request that returns status 204.
    pub(in crate::gitlab) fn patch(path: String, body: Value) -> Self {
        Self {
            body: Some(body),
            ..Self::new(Method::PATCH, path, StatusCode::NO_CONTENT, |_| Ok(()))
        }
    }

    /// Creates a DELETE request that returns status 204.
    pub(in crate::gitlab) fn delete(path: String) -> Self {
        Self::new(Method::DELETE, path, StatusCode::NO_CONTENT, |_| Ok(()))
    }
}

impl<T> Call<T> {
    fn new(
        method: Method,
        path: String,
        success: StatusCode,
        decode: fn(&[u8]) -> Decoded<T>,
    ) -> Self {
        let reads = method == Method::GET;
        let line = RequestLine { method, path, operation: None };
        Self { line, query: Vec::new(), body: None, optional: &[], reads, success, decode }
    }

    /// Adds a query parameter.
    #[must_use]
    pub(in crate::gitlab) fn with(mut self, key: &'static str, value: impl fmt::Display) -> Self {
        self.query.push((key, value.to_string()));
        self
    }

    pub(in crate::gitlab) fn line(&self) -> &RequestLine {
        &self.line
    }

    pub(super) fn query_parameters(&self) -> &[(&'static str, String)] {
        &self.query
    }

    pub(in crate::gitlab) fn body(&self) -> Option<&Value> {
        self.body.as_ref()
    }

    /// Returns the call without optional parts that the GraphQL schema lacks.
    pub(super) fn without(&self, missing: &[&'static Optional]) -> Self {
        let body = self.body.clone().map(|body| document::without(missing, self.optional, body));
        Self { line: self.line.clone(), query: self.query.clone(), body, ..*self }
    }

    /// Returns the optional parts of the GraphQL document.
    pub(super) fn optional(&self) -> &'static [Optional] {
        self.optional
    }

    /// Returns whether the call changes nothing on the server.
    pub(super) fn is_read(&self) -> bool {
        self.reads
    }

    /// Returns whether the call is idempotent, with the same response to a second request.
    pub(super) fn is_repeatable(&self) -> bool {
        self.reads || self.line.method != Method::POST
    }

    /// Returns whether the call uses the GraphQL API.
    pub(super) fn is_graphql(&self) -> bool {
        self.line.operation.is_some()
    }

    /// Returns the status of a successful response. Any other status, even 2xx, may come from a
    /// gateway.
    pub(in crate::gitlab) fn success(&self) -> StatusCode {
        self.success
    }

    pub(super) fn decode(&self, body: &[u8]) -> Decoded<T> {
        (self.decode)(body)
    }
}

impl fmt::Display for RequestLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)?;
        self.operation.map_or(Ok(()), |operation| write!(f, " ({operation})"))
    }
}
