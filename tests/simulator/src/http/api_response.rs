//! A response as a value, with constructors for the forms that GitLab and proxies use. `delivery`
//! sends it.

use serde_json::{Value, json};

use crate::world::{Refusal, Target};

/// A status, headers and a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiResponse {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl ApiResponse {
    /// Returns a JSON document.
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::of_type(status, "application/json", body.to_string())
    }

    /// Returns `{"message": …}`, the body of most errors.
    pub(crate) fn message(status: u16, text: &str) -> Self {
        Self::json(status, &json!({ "message": text }))
    }

    /// Returns `{"error": …}`, the body of errors about parameters, paths and methods.
    pub(crate) fn error(status: u16, text: &str) -> Self {
        Self::json(status, &json!({ "error": text }))
    }

    /// Returns a 204 without a body.
    pub(crate) fn no_content() -> Self {
        Self { status: 204, headers: Vec::new(), body: Vec::new() }
    }

    /// Returns a web page.
    pub(crate) fn html(status: u16, title: &str) -> Self {
        let page = format!(
            "<!DOCTYPE \
             html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n\
             "
        );
        Self::of_type(status, "text/html; charset=utf-8", page)
    }

    /// Returns a line of plain text.
    pub(crate) fn text(status: u16, line: &str) -> Self {
        Self::of_type(status, "text/plain", format!("{line}\n"))
    }

    /// Returns a body with this content type.
    pub(crate) fn of_type(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: vec![("content-type", content_type.to_owned())], body: body.into() }
    }

    /// Adds a header.
    pub(crate) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }
}

impl From<Refusal> for ApiResponse {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::ProjectNotFound => Self::message(404, "404 Project Not Found"),
            Refusal::Forbidden => Self::message(403, "403 Forbidden"),
            Refusal::ForbiddenRemoval => Self::message(
                403,
                "403 Forbidden - Insufficient permissions to modify the job token scope",
            ),
            Refusal::NoSuchTarget(Target::Project(_)) => {
                Self::message(404, "404 target_project_id not found Not Found")
            }
            Refusal::NoSuchTarget(Target::Group(_)) => {
                Self::message(404, "404 target_group_id not found Not Found")
            }
            Refusal::NotDeleted(reason) => Self::message(400, reason),
            Refusal::Rejected(reason) => Self::message(400, &format!("400 Bad request - {reason}")),
        }
    }
}
