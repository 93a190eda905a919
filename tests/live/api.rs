//! A client that shows GitLab's responses unchanged: it follows no redirects, and retries only if
//! GitLab asks to wait.

use std::sync::Arc;
use std::time::Duration;
use std::{fmt, thread};

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Client, Method, redirect};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::check::{Outcome, Problem};
use crate::secrets::redacted;

/// Timeout of a request, which is long because deleting groups is slow.
const TIMEOUT: Duration = Duration::from_secs(120);
/// Number of attempts if the rate limit is reached.
const WAITS: usize = 10;
/// The maximum length of a body in reports.
const SHOWN: usize = 1_500;

/// The header that carries the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Header {
    PrivateToken,
    Bearer,
}

/// A client of one GitLab with one token, or with none. Its `Debug` leaves the token out.
#[derive(Clone)]
pub(crate) struct Api {
    http: Client,
    runtime: Arc<Runtime>,
    base_url: String,
    token: Option<String>,
    header: Header,
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

impl Api {
    /// Makes a client. `base_url` may come without the path of the API.
    pub(crate) fn new(base_url: &str, token: &str) -> Result<Self, String> {
        let trimmed = base_url.trim_end_matches('/');
        let base_url = if trimmed.ends_with("/api/v4") {
            trimmed.to_owned()
        } else {
            format!("{trimmed}/api/v4")
        };
        let http = Client::builder().redirect(redirect::Policy::none()).timeout(TIMEOUT).build();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        Ok(Self {
            http: http.map_err(|error| format!("no HTTP client: {error}"))?,
            runtime: Arc::new(runtime.map_err(|error| format!("no runtime: {error}"))?),
            base_url,
            token: Some(token.to_owned()),
            header: Header::PrivateToken,
        })
    }

    pub(crate) fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Returns the token, for the environment of the provider.
    pub(crate) fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    pub(crate) fn without_token(&self) -> Self {
        Self { token: None, ..self.clone() }
    }

    pub(crate) fn with_header(&self, header: Header) -> Self {
        Self { header, ..self.clone() }
    }

    pub(crate) fn get(&self, path: &str) -> Result<ApiResponse, Problem> {
        self.send(&Method::GET, path, None)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<ApiResponse, Problem> {
        self.send(&Method::POST, path, Some(body))
    }

    pub(crate) fn put(&self, path: &str, body: &Value) -> Result<ApiResponse, Problem> {
        self.send(&Method::PUT, path, Some(body))
    }

    pub(crate) fn patch(&self, path: &str, body: &Value) -> Result<ApiResponse, Problem> {
        self.send(&Method::PATCH, path, Some(body))
    }

    pub(crate) fn delete(&self, path: &str) -> Result<ApiResponse, Problem> {
        self.send(&Method::DELETE, path, None)
    }

    /// Sends a GraphQL request.
    pub(crate) fn graphql(&self, query: &str, variables: &Value) -> Result<ApiResponse, Problem> {
        self.send(&Method::POST, GRAPHQL, Some(&json!({ "query": query, "variables": variables })))
    }

    fn send(
        &self,
        method: &Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<ApiResponse, Problem> {
        let shown = body.map(|body| format!(" {body}")).unwrap_or_default();
        let request = redacted(&format!("{method} {path}{shown}"));
        for _ in 0..WAITS {
            let sent = self.runtime.block_on(self.send_once(method, path, body));
            let (status, headers, text) = sent.map_err(|error| {
                Problem::Setup(format!("{request} got no response: {}", error.without_url()))
            })?;
            if status != 429 {
                return Ok(ApiResponse { request, status, headers, text });
            }
            let wait = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
            thread::sleep(Duration::from_secs(wait.unwrap_or(5)));
        }
        Err(Problem::Setup(format!("{request} is refused by a rate limit again and again")))
    }

    async fn send_once(
        &self,
        method: &Method,
        path: &str,
        body: Option<&Value>,
    ) -> reqwest::Result<(u16, HeaderMap, String)> {
        let url = if path == GRAPHQL {
            format!("{}{path}", self.base_url.trim_end_matches("/api/v4"))
        } else {
            format!("{}{path}", self.base_url)
        };
        let mut request = self.http.request(method.clone(), url);
        request = match (&self.token, self.header) {
            (Some(token), Header::PrivateToken) => request.header("PRIVATE-TOKEN", token),
            (Some(token), Header::Bearer) => request.bearer_auth(token),
            (None, _) => request,
        };
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok((status, headers, response.text().await?))
    }
}

/// The path of GraphQL, which is not below that of REST.
const GRAPHQL: &str = "/api/graphql";

/// A response, with assertions.
#[derive(Debug)]
pub(crate) struct ApiResponse {
    request: String,
    pub(crate) status: u16,
    headers: HeaderMap,
    text: String,
}

impl ApiResponse {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Returns the body; null if it isn't JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// Returns the `data` of a GraphQL response.
    pub(crate) fn data(&self) -> Value {
        self.json()["data"].clone()
    }

    /// Returns the elements of a list.
    pub(crate) fn elements(&self) -> Vec<Value> {
        self.json().as_array().cloned().unwrap_or_default()
    }

    /// Returns the IDs of the elements of a list.
    pub(crate) fn ids(&self) -> Vec<u64> {
        self.elements().iter().filter_map(|element| element["id"].as_u64()).collect()
    }

    /// Returns request and response without secrets.
    pub(crate) fn seen(&self) -> String {
        let mut text = redacted(&self.text);
        if text.len() > SHOWN {
            let end = (0..=SHOWN).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
            text = format!("{} …", &text[..end]);
        }
        let text = if text.is_empty() { "(no body)".to_owned() } else { text };
        let location =
            self.header("location").map(|to| format!("\nLocation: {to}")).unwrap_or_default();
        format!("{}\n{}{location}\n{text}", self.request, self.status)
    }

    /// Fails unless an expectation about the response holds.
    pub(crate) fn expect(self, expected: impl Into<String>, holds: bool) -> Result<Self, Problem> {
        if holds {
            Ok(self)
        } else {
            Err(Problem::Differs { expected: expected.into(), seen: self.seen() })
        }
    }

    pub(crate) fn has_status(self, status: u16) -> Result<Self, Problem> {
        let holds = self.status == status;
        self.expect(format!("status {status}"), holds)
    }

    /// Expects a status and a whole JSON body.
    pub(crate) fn is(self, status: u16, body: &Value) -> Outcome {
        let holds = self.status == status && self.json() == *body;
        self.expect(format!("status {status}, body {body}"), holds).map(drop)
    }

    /// Expects 204 without a byte of body.
    pub(crate) fn has_no_content(self) -> Outcome {
        let holds = self.status == 204 && self.text.is_empty();
        self.expect("status 204, no body", holds).map(drop)
    }

    /// Expects an error whose `message` or `error` contains this text.
    pub(crate) fn refuses(self, status: u16, words: &str) -> Outcome {
        let body = self.json();
        let texts = ["message", "error"].into_iter().filter_map(|key| body[key].as_str());
        let holds = self.status == status && texts.into_iter().any(|text| text.contains(words));
        self.expect(format!("status {status}, a `message` or `error` with \"{words}\""), holds)
            .map(drop)
    }

    /// Expects success of any kind, where another check is about which.
    pub(crate) fn succeeds(self) -> Outcome {
        let holds = (200..300).contains(&self.status);
        self.expect("success", holds).map(drop)
    }

    /// Expects that a setup request has created something, and returns it.
    pub(crate) fn created(self, status: u16) -> Result<Value, Problem> {
        if self.status == status { Ok(self.json()) } else { Err(Problem::Setup(self.seen())) }
    }
}
