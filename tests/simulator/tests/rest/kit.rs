//! A client that follows no redirects, doesn't retry and uses no proxy; and a small world.

use gitlab_simulator::{Builder, Simulator, Target, TokenSpec};
use reqwest::{Client, Method, RequestBuilder, redirect::Policy};
use serde_json::Value;

/// `acme/app` is the source project; `acme/lib` and the group `partners` are possible targets.
pub(crate) struct Fixture {
    pub(crate) gitlab: Simulator,
    pub(crate) api: Api,
    pub(crate) app: u64,
    pub(crate) lib: u64,
    pub(crate) partners: u64,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Self::of(Simulator::builder())
    }

    pub(crate) fn of(builder: Builder) -> Self {
        let gitlab = builder.start();
        let (partners, app, lib) = (
            gitlab.add_group("partners"),
            gitlab.add_project("acme/app"),
            gitlab.add_project("acme/lib"),
        );
        let api = Api::new(&gitlab.api_url(), gitlab.token());
        Self { gitlab, api, app, lib, partners }
    }

    /// Returns a client with another token.
    pub(crate) fn as_token(&self, spec: TokenSpec) -> Api {
        Api::new(&self.gitlab.api_url(), &self.gitlab.add_token(spec))
    }

    /// Returns a client with no token.
    pub(crate) fn anonymous(&self) -> Api {
        Api { token: None, ..Api::new(&self.gitlab.api_url(), "") }
    }

    /// Returns a path below the job token scope of the source project.
    pub(crate) fn scope(&self, rest: &str) -> String {
        format!("/projects/{}/job_token_scope{rest}", self.app)
    }

    pub(crate) fn lib(&self) -> Target {
        Target::Project(self.lib)
    }

    pub(crate) fn partners(&self) -> Target {
        Target::Group(self.partners)
    }

    pub(crate) async fn add_project(&self, id: u64) -> Reply {
        self.api
            .post(&self.scope("/allowlist"), &serde_json::json!({ "target_project_id": id }))
            .await
    }

    pub(crate) async fn add_group(&self, id: u64) -> Reply {
        self.api
            .post(&self.scope("/groups_allowlist"), &serde_json::json!({ "target_group_id": id }))
            .await
    }

    pub(crate) async fn remove_project(&self, id: u64) -> Reply {
        self.api.delete(&self.scope(&format!("/allowlist/{id}"))).await
    }

    pub(crate) async fn remove_group(&self, id: u64) -> Reply {
        self.api.delete(&self.scope(&format!("/groups_allowlist/{id}"))).await
    }

    pub(crate) async fn set_enabled(&self, enabled: bool) -> Reply {
        self.api.patch(&self.scope(""), &serde_json::json!({ "enabled": enabled })).await
    }

    /// Returns the IDs on a list, read page by page.
    pub(crate) async fn listed(&self, list: &str) -> Vec<u64> {
        let mut ids = Vec::new();
        for page in 1.. {
            let reply =
                self.api.get(&self.scope(&format!("/{list}?per_page=100&page={page}"))).await;
            ids.extend(
                reply
                    .json()
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|element| element["id"].as_u64().unwrap()),
            );
            if reply.header("x-next-page") == Some("") {
                break;
            }
        }
        ids
    }

    /// Puts `LINK_LIMIT` new projects on the list and returns their IDs.
    pub(crate) fn fill_projects(&self, count: usize) -> Vec<u64> {
        let add = |n| {
            let id = self.gitlab.add_project(&format!("many/p{n}"));
            self.gitlab.allow(self.app, Target::Project(id));
            id
        };
        (0..count).map(add).collect()
    }

    /// Fills the allowlist with groups.
    pub(crate) fn fill_groups(&self, count: usize) -> Vec<u64> {
        let add = |n| {
            let id = self.gitlab.add_group(&format!("many/g{n}"));
            self.gitlab.allow(self.app, Target::Group(id));
            id
        };
        (0..count).map(add).collect()
    }
}

/// A client of one API with one token.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) http: Client,
    base: String,
    token: Option<String>,
}

impl Api {
    pub(crate) fn new(base: &str, token: &str) -> Self {
        let http = Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
        Self { http, base: base.to_owned(), token: Some(token.to_owned()) }
    }

    /// Returns a request builder with the token.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.header("PRIVATE-TOKEN", token),
            None => request,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        Reply::of(self.request(Method::GET, path)).await.unwrap()
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        Reply::of(self.request(Method::DELETE, path)).await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        Reply::of(self.request(Method::POST, path).json(body)).await.unwrap()
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Reply {
        Reply::of(self.request(Method::PUT, path).json(body)).await.unwrap()
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Reply {
        Reply::of(self.request(Method::PATCH, path).json(body)).await.unwrap()
    }
}

/// A response.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) text: String,
    headers: reqwest::header::HeaderMap,
}

impl Reply {
    pub(crate) async fn of(request: RequestBuilder) -> reqwest::Result<Self> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Self { status, headers, text: response.text().await? })
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// Asserts a status and a whole JSON body.
    #[track_caller]
    pub(crate) fn is(&self, status: u16, body: Value) {
        assert_eq!((self.status, self.json()), (status, body));
    }

    /// Asserts a 204 without body and content headers.
    #[track_caller]
    pub(crate) fn is_empty(&self) {
        assert_eq!((self.status, self.text.as_str()), (204, ""));
        assert_eq!(self.header("content-type"), None);
    }
}
