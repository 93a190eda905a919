//! A call to GitLab as a plain value: what is asked, and how a good answer is read. Knows nothing
//! of sockets.

use std::fmt;

use reqwest::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::bounded;
use super::document::{self, Document, Optional};

/// Path of the GraphQL API, below the root of the instance.
pub(super) const GRAPHQL_PATH: &str = "/api/graphql";

/// The result of reading a body, which may not be what the call promised.
type Decoded<T> = Result<T, serde_json::Error>;

/// One request and the meaning of its answer.
///
/// Each call may be retried: a read changes nothing, a second PATCH, PUT or DELETE finds its work
/// done, and a second POST to an allowlist is refused as a duplicate, which the caller understands;
/// the mutations of GraphQL are as these.
#[derive(Clone)]
pub(in crate::gitlab) struct Call<T> {
    line: RequestLine,
    query: Vec<(&'static str, String)>,
    body: Option<Value>,
    /// The parts of a GraphQL document that the schema may lack.
    optional: &'static [Optional],
    reads: bool,
    success: StatusCode,
    decode: fn(&[u8]) -> Decoded<T>,
}

/// Method and path, as errors and logs name a request. The path is relative to the REST API and
/// holds no query; that of GraphQL, which has one for all, is relative to the instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::gitlab) struct RequestLine {
    pub(super) method: Method,
    pub(super) path: String,
    /// The name of the GraphQL operation; none for REST.
    pub(super) operation: Option<&'static str>,
}

impl<T: DeserializeOwned> Call<T> {
    /// A read whose answer is JSON with status 200.
    pub(in crate::gitlab) fn get(path: String) -> Self {
        Self::new(Method::GET, path, StatusCode::OK, |body| serde_json::from_slice(body))
    }

    /// A creation whose answer is JSON with status 201.
    pub(in crate::gitlab) fn post(path: String, body: Value) -> Self {
        let call =
            Self::new(Method::POST, path, StatusCode::CREATED, |body| serde_json::from_slice(body));
        Self { body: Some(body), ..call }
    }

    /// A change whose answer is JSON with status 200.
    pub(in crate::gitlab) fn put(path: String, body: Value) -> Self {
        let call =
            Self::new(Method::PUT, path, StatusCode::OK, |body| serde_json::from_slice(body));
        Self { body: Some(body), ..call }
    }

    /// A GraphQL operation. Whether it was carried out, the JSON says that comes with status 200.
    pub(super) fn graphql(document: Document, reads: bool, body: Value) -> Self {
        let path = GRAPHQL_PATH.to_owned();
        let call =
            Self::new(Method::POST, path, StatusCode::OK, |body| serde_json::from_slice(body));
        let line = RequestLine { operation: Some(document.name), ..call.line };
        Self { line, body: Some(body), optional: document.optional, reads, ..call }
    }
}

impl<T> Call<T> {
    /// A read as [`Call::get`], whose answer has the shape `S`.
    pub(in crate::gitlab) fn get_as<S: DeserializeOwned + Into<T>>(path: String) -> Self {
        let decode = |body: &[u8]| serde_json::from_slice::<S>(body).map(Into::into);
        Self::new(Method::GET, path, StatusCode::OK, decode)
    }
}

impl<T: DeserializeOwned> Call<Vec<T>> {
    /// A read of a list that comes in pages.
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
    /// A change that is answered with status 204 and nothing else.
    pub(in crate::gitlab) fn patch(path: String, body: Value) -> Self {
        Self {
            body: Some(body),
            ..Self::new(Method::PATCH, path, StatusCode::NO_CONTENT, |_| Ok(()))
        }
    }

    /// A removal that is answered with status 204 and nothing else.
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

    /// Adds a parameter behind the `?`.
    #[must_use]
    pub(in crate::gitlab) fn with(mut self, key: &'static str, value: impl fmt::Display) -> Self {
        self.query.push((key, value.to_string()));
        self
    }

    pub(in crate::gitlab) fn line(&self) -> &RequestLine {
        &self.line
    }

    pub(super) fn query(&self) -> &[(&'static str, String)] {
        &self.query
    }

    pub(in crate::gitlab) fn body(&self) -> Option<&Value> {
        self.body.as_ref()
    }

    /// Returns the same call to a GraphQL schema that lacks these parts.
    pub(super) fn without(&self, missing: &[&'static Optional]) -> Self {
        let body = self.body.clone().map(|body| document::without(missing, self.optional, body));
        Self { line: self.line.clone(), query: self.query.clone(), body, ..*self }
    }

    /// Returns the parts of a GraphQL document that the schema may lack.
    pub(super) fn optional(&self) -> &'static [Optional] {
        self.optional
    }

    /// True when the call changes nothing on the server.
    pub(super) fn is_read(&self) -> bool {
        self.reads
    }

    /// Checks whether a second request changes nothing that the first has not. That of an addition
    /// answers in another way.
    pub(super) fn is_repeatable(&self) -> bool {
        self.reads || self.line.method != Method::POST
    }

    /// True for an operation of GraphQL, which has an address of its own.
    pub(super) fn is_graphql(&self) -> bool {
        self.line.operation.is_some()
    }

    /// The one status that means that the call was carried out. Any other, also another 2xx, may
    /// come from something in front of GitLab.
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
