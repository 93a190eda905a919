//! GraphQL requests and responses: constant documents with variables, and the errors that come with
//! status 200. The endpoints define the documents.

use std::collections::BTreeSet;
use std::fmt;

use reqwest::StatusCode;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Visitor};
use serde_json::{Value, json};

use super::bounded;
use super::document::{Document, Optional};
use super::error::{AttemptHistory, Error, ErrorKind};
use super::fine_grained;
use super::request::Call;
use super::send::{ApiResponse, Sender};

/// Maximum length of a message in characters. The error for an unknown value lists all known ones,
/// about 400 characters for job token policies.
const MAX_MESSAGE_CHARS: usize = 1000;

/// The codes of graphql-ruby for parts that the schema lacks: a field, an argument, a type, the
/// type of a variable, a member of a union. The documents are constants, so these errors mean
/// another GitLab version.
const NOT_IN_THE_SCHEMA: [&str; 5] = [
    "undefinedField",
    "argumentNotAccepted",
    "undefinedType",
    "variableRequiresValidType",
    "cannotSpreadFragment",
];

/// Part of GitLab's message for an object that doesn't exist, or that the token isn't allowed to
/// read or change (`Gitlab::Graphql::Authorize::AuthorizeResource`).
const UNAVAILABLE: &str = "does not exist or you don't have permission";

/// The prefixes of the messages for an internal error (`GraphqlController`) and a timeout
/// (graphql-ruby).
const FAILURES: [&str; 2] = ["Internal server error", "Timeout on "];

/// The JSON of a response.
#[derive(Debug, Deserialize)]
pub(in crate::gitlab) struct Envelope<D> {
    // Without this, the type of the data would have to have a default.
    #[serde(default = "Option::default", bound(deserialize = "D: Deserialize<'de>"))]
    data: Option<D>,
    #[serde(default, deserialize_with = "bounded::list")]
    errors: Vec<GraphqlError>,
}

/// A page of a list. GitLab omits elements that aren't visible to the token, or returns null.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "T: Deserialize<'de>"))]
pub(in crate::gitlab) struct Page<T> {
    #[serde(deserialize_with = "bounded::list")]
    pub(in crate::gitlab) nodes: Vec<Option<T>>,
    page_info: PageInfo,
    /// The length of the whole list, if it was requested.
    #[serde(default)]
    count: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
    #[serde(default, deserialize_with = "bounded::optional_text")]
    end_cursor: Option<String>,
}

impl<T> Page<T> {
    /// Returns whether another page follows.
    pub(in crate::gitlab) fn has_next_page(&self) -> bool {
        self.page_info.has_next_page
    }

    /// Returns the elements if this page is the whole list.
    ///
    /// Requires the count, which includes the elements that GitLab omits because they aren't
    /// visible to the token: for some fine-grained tokens, all of them.
    pub(in crate::gitlab) fn whole(&self) -> Option<&[Option<T>]> {
        let is_whole = !self.has_next_page() && self.count == Some(self.nodes.len());
        is_whole.then_some(&self.nodes)
    }

    /// Returns the cursor for the next page.
    pub(in crate::gitlab) fn end(&self) -> Option<&str> {
        self.page_info.end_cursor.as_deref()
    }
}

/// A top-level error.
#[derive(Debug, Deserialize)]
pub(super) struct GraphqlError {
    #[serde(default, deserialize_with = "bounded::start_of_text")]
    message: String,
    /// The path in the data; `None` if the operation didn't run.
    #[serde(default, deserialize_with = "bounded::optional_list")]
    path: Option<Vec<Step>>,
    #[serde(default)]
    extensions: Extensions,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Extensions {
    #[serde(default, deserialize_with = "bounded::optional_text")]
    code: Option<String>,
    #[serde(default, deserialize_with = "bounded::optional_text")]
    type_name: Option<String>,
    #[serde(default, deserialize_with = "bounded::optional_text")]
    field_name: Option<String>,
    #[serde(default, deserialize_with = "bounded::list")]
    problems: Vec<Problem>,
}

/// A problem with the value of a variable.
#[derive(Debug, Deserialize)]
struct Problem {
    #[serde(default, deserialize_with = "bounded::list")]
    path: Vec<Step>,
    #[serde(default, deserialize_with = "bounded::optional_start_of_text")]
    explanation: Option<String>,
}

/// A step of a path: an index in a list, or `None` for a name, which isn't used.
#[derive(Debug, Clone, Copy)]
struct Step(Option<u64>);

impl<'de> Deserialize<'de> for Step {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StepVisitor)
    }
}

struct StepVisitor;

impl Visitor<'_> for StepVisitor {
    type Value = Step;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a step of a path")
    }

    fn visit_u64<E>(self, position: u64) -> Result<Step, E> {
        Ok(Step(Some(position)))
    }

    fn visit_str<E>(self, _: &str) -> Result<Step, E> {
        Ok(Step(None))
    }
}

impl<D> Envelope<D> {
    /// Returns the data of a response without errors.
    pub(in crate::gitlab) fn into_data(self) -> Option<D> {
        self.data.filter(|_| self.errors.is_empty())
    }
}

impl<D: DeserializeOwned> Call<Envelope<D>> {
    /// Creates a query.
    pub(in crate::gitlab) fn query(document: Document, variables: Value) -> Self {
        Self::graphql(document, true, body(document, variables))
    }

    /// Creates a mutation.
    pub(in crate::gitlab) fn mutation(document: Document, variables: Value) -> Self {
        Self::graphql(document, false, body(document, variables))
    }
}

fn body(document: Document, variables: Value) -> Value {
    json!({ "query": document.text, "operationName": document.name, "variables": variables })
}

impl Sender {
    /// Executes a query or mutation. A response with data and errors is an error.
    pub(in crate::gitlab) async fn execute<D>(
        &self,
        call: &Call<Envelope<D>>,
    ) -> Result<ApiResponse<D>, Error> {
        match self.execute_partial(call).await? {
            (response, None) => Ok(response),
            (_, Some(error)) => Err(error),
        }
    }

    /// Executes a query or mutation, and returns data even if the response has errors as well: for
    /// an object that the token isn't allowed to read, GitLab returns null and adds an error. The
    /// second value is the error that [`Self::execute`] would return.
    pub(in crate::gitlab) async fn execute_partial<D>(
        &self,
        call: &Call<Envelope<D>>,
    ) -> Result<(ApiResponse<D>, Option<Error>), Error> {
        loop {
            let missing = self.schema_gaps().known();
            let call = call.without(&missing);
            let ApiResponse { value: Envelope { data, errors }, headers, history } =
                self.send(&call).await?;
            if data.is_none() && self.schema_gaps().learn(&missing, call.optional(), &errors) {
                continue;
            }
            let Some(value) = data else {
                return Err(self.error_of(&call, &errors, false, history));
            };
            let error = (!errors.is_empty()).then(|| self.error_of(&call, &errors, true, history));
            return Ok((ApiResponse { value, headers, history }, error));
        }
    }

    fn error_of<D>(
        &self,
        call: &Call<Envelope<D>>,
        errors: &[GraphqlError],
        has_data: bool,
        history: AttemptHistory,
    ) -> Error {
        let kind = kind_of(errors, has_data, call);
        let message = self.sanitized(message_of(errors, &kind, call.optional()), MAX_MESSAGE_CHARS);
        let message =
            message.or_else(|| Some("the response has neither data nor errors".to_owned()));
        let may_follow_it = |fault: &GraphqlError| has_data && !fault.is_refusal();
        let maybe_carried_out =
            !call.is_read() && (errors.is_empty() || errors.iter().any(may_follow_it));
        let history = AttemptHistory {
            maybe_carried_out: history.maybe_carried_out || maybe_carried_out,
            ..history
        };
        Error::new(kind, call.line(), Some(StatusCode::OK), message, history)
    }

    /// Returns the error for the `errors` field in the payload of a mutation.
    pub(in crate::gitlab) fn refused<D>(
        &self,
        call: &Call<Envelope<D>>,
        response: &ApiResponse<D>,
        errors: &[String],
    ) -> Error {
        let message = self.sanitized(errors.join("; "), MAX_MESSAGE_CHARS);
        Error::new(
            ErrorKind::BadRequest,
            call.line(),
            Some(StatusCode::OK),
            message,
            response.history,
        )
    }
}

/// Returns the kind of error, mainly by the structure of the response.
fn kind_of<D>(errors: &[GraphqlError], has_data: bool, call: &Call<Envelope<D>>) -> ErrorKind {
    let unknown = unknown_values(errors, call);
    if errors.is_empty() {
        ErrorKind::InvalidResponse
    } else if !unknown.is_empty() {
        ErrorKind::UnknownValues(unknown)
    } else if let Some(needed) =
        errors.iter().find_map(|fault| fine_grained::permission_error(&fault.message))
    {
        ErrorKind::FineGrained { needed }
    } else if errors.iter().any(GraphqlError::is_failure) {
        ErrorKind::Server
    } else if has_data {
        // Errors during the execution leave data with null at their paths.
        ErrorKind::NotAvailable
    } else if errors.iter().any(GraphqlError::is_schema_error) {
        ErrorKind::Unsupported
    } else if errors.iter().any(|error| error.message.contains(UNAVAILABLE)) {
        ErrorKind::NotAvailable
    } else {
        ErrorKind::BadRequest
    }
}

/// Returns the values of a list variable that GitLab doesn't recognize. Its errors have their
/// indexes.
fn unknown_values<D>(errors: &[GraphqlError], call: &Call<Envelope<D>>) -> Vec<String> {
    let variables = call.body().and_then(|body| body["variables"].as_object());
    let list = variables.and_then(|variables| variables.values().find_map(Value::as_array));
    let at = |place: u64| list?.get(usize::try_from(place).ok()?)?.as_str().map(str::to_owned);
    let problems = errors.iter().flat_map(|fault| &fault.extensions.problems);
    let places = problems.filter_map(|problem| problem.path.last()?.0);
    places.filter_map(at).collect()
}

fn message_of(errors: &[GraphqlError], kind: &ErrorKind, optional: &[Optional]) -> String {
    let explanations = errors.iter().flat_map(|fault| &fault.extensions.problems);
    let explained: Vec<_> =
        explanations.filter_map(|problem| problem.explanation.as_deref()).collect();
    match kind {
        ErrorKind::UnknownValues(_) if !explained.is_empty() => explained.join("; "),
        // A missing part causes further errors, and optional parts aren't the problem.
        ErrorKind::Unsupported => joined(errors.iter().filter(|fault| {
            fault.is_schema_error() && !optional.iter().any(|part| fault.reports_missing(part))
        })),
        _ => joined(errors.iter()),
    }
}

/// Joins the messages without duplicates: one cause may affect every object of a response.
fn joined<'e>(errors: impl Iterator<Item = &'e GraphqlError>) -> String {
    let mut seen = BTreeSet::new();
    let messages = errors.map(|fault| fault.message.as_str());
    messages.filter(|message| seen.insert(*message)).collect::<Vec<_>>().join("; ")
}

impl GraphqlError {
    /// Returns whether the error rejects a mutation as a whole. Errors below the root, and
    /// unexpected ones, may occur after the change.
    fn is_refusal(&self) -> bool {
        let is_at_the_root = self.path.as_ref().is_some_and(|path| path.len() == 1);
        let is_foreseen = self.message.contains(UNAVAILABLE)
            || fine_grained::permission_error(&self.message).is_some();
        is_at_the_root && is_foreseen
    }

    /// Returns whether the error is an internal error or a timeout of GitLab.
    fn is_failure(&self) -> bool {
        FAILURES.iter().any(|start| self.message.starts_with(start))
    }

    pub(super) fn is_schema_error(&self) -> bool {
        self.extensions.code.as_deref().is_some_and(|code| NOT_IN_THE_SCHEMA.contains(&code))
    }

    /// Returns whether the error reports that the schema lacks `part`.
    pub(super) fn reports_missing(&self, part: &Optional) -> bool {
        let Extensions { type_name, field_name, .. } = &self.extensions;
        match part.field {
            Some(field) => {
                type_name.as_deref() == Some(part.ty) && field_name.as_deref() == Some(field)
            }
            None => type_name.as_deref() == Some(part.ty) && field_name.is_none(),
        }
    }
}

#[cfg(test)]
mod tests;
