//! GraphQL's envelope: constant documents with variables go out, and what comes back with status
//! 200 is told apart into data and the several kinds of refusal. What the documents ask for is the
//! business of the endpoints.

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
use super::send::{Answer, Sender};

/// Longest line of GraphQL's words that is passed on, in characters: a refusal of a value lists all
/// that are known, which for the policies of job tokens are some 400 characters.
const LONGEST: usize = 1000;

/// The codes of graphql-ruby for parts that the schema lacks: a field, an argument, a type, the
/// type of a variable, a member of a union. The documents are constants, so that only another
/// version of GitLab can have fault to find with them.
const NOT_IN_THE_SCHEMA: [&str; 5] = [
    "undefinedField",
    "argumentNotAccepted",
    "undefinedType",
    "variableRequiresValidType",
    "cannotSpreadFragment",
];

/// GitLab's words for what doesn't exist, or isn't for this token to see or change
/// (`Gitlab::Graphql::Authorize::AuthorizeResource`).
const UNAVAILABLE: &str = "does not exist or you don't have permission";

/// The beginnings of what GitLab answers when it has failed (`GraphqlController`) or has run out of
/// time (graphql-ruby).
const FAILURES: [&str; 2] = ["Internal server error", "Timeout on "];

/// The JSON of a response.
#[derive(Debug, Deserialize)]
pub(in crate::gitlab) struct Envelope<D> {
    // Without this, the type of the data would have to have a default.
    #[serde(default = "Option::default", bound(deserialize = "D: Deserialize<'de>"))]
    data: Option<D>,
    #[serde(default, deserialize_with = "bounded::list")]
    errors: Vec<Fault>,
}

/// Part of a list. GitLab leaves out what the token may not see, or has a null in its place.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "T: Deserialize<'de>"))]
pub(in crate::gitlab) struct Page<T> {
    #[serde(deserialize_with = "bounded::list")]
    pub(in crate::gitlab) nodes: Vec<Option<T>>,
    page_info: PageInfo,
    /// The length of the whole list, if it was asked for.
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
    /// Returns whether the list goes on.
    pub(in crate::gitlab) fn is_followed(&self) -> bool {
        self.page_info.has_next_page
    }

    /// Returns the elements if this part is the whole list. The count, which must have been asked
    /// for, includes what GitLab leaves out because the token may not see it, as it does with all
    /// elements for some fine-grained tokens.
    pub(in crate::gitlab) fn whole(&self) -> Option<&[Option<T>]> {
        let is_whole = !self.is_followed() && self.count == Some(self.nodes.len());
        is_whole.then_some(&self.nodes)
    }

    /// Returns the cursor where this part ends, and so the next one begins.
    pub(in crate::gitlab) fn end(&self) -> Option<&str> {
        self.page_info.end_cursor.as_deref()
    }
}

/// One of the top-level errors.
#[derive(Debug, Deserialize)]
pub(super) struct Fault {
    #[serde(default, deserialize_with = "bounded::start_of_text")]
    message: String,
    /// The place in the data where the fault arose; none where the operation didn't run.
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

/// A step of a path into data or a variable: a position in a list, or a name, which nobody asks
/// for.
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
    /// Returns the data, if nothing went wrong.
    pub(in crate::gitlab) fn into_good_data(self) -> Option<D> {
        self.data.filter(|_| self.errors.is_empty())
    }
}

impl<D: DeserializeOwned> Call<Envelope<D>> {
    /// An operation that changes nothing.
    pub(in crate::gitlab) fn reading(document: Document, variables: Value) -> Self {
        Self::graphql(document, true, body(document, variables))
    }

    /// An operation that changes something.
    pub(in crate::gitlab) fn writing(document: Document, variables: Value) -> Self {
        Self::graphql(document, false, body(document, variables))
    }
}

fn body(document: Document, variables: Value) -> Value {
    json!({ "query": document.text, "operationName": document.name, "variables": variables })
}

impl Sender {
    /// Makes a GraphQL call; data that comes with errors is none.
    pub(in crate::gitlab) async fn ask<D>(
        &self,
        call: &Call<Envelope<D>>,
    ) -> Result<Answer<D>, Error> {
        match self.ask_for_parts(call).await? {
            (answer, None) => Ok(answer),
            (_, Some(error)) => Err(error),
        }
    }

    /// Makes a GraphQL call whose data counts even if it comes with errors: GitLab answers null for
    /// what a token may not read and adds an error, beside the good data of all else. Returns the
    /// error that such an answer is otherwise.
    pub(in crate::gitlab) async fn ask_for_parts<D>(
        &self,
        call: &Call<Envelope<D>>,
    ) -> Result<(Answer<D>, Option<Error>), Error> {
        loop {
            let missing = self.schema_gaps().known();
            let call = call.without(&missing);
            let Answer { value: Envelope { data, errors }, headers, history } =
                self.send(&call).await?;
            if data.is_none() && self.schema_gaps().learn(&missing, call.optional(), &errors) {
                continue;
            }
            let Some(value) = data else {
                return Err(self.error_of(&call, &errors, false, history));
            };
            let error = (!errors.is_empty()).then(|| self.error_of(&call, &errors, true, history));
            return Ok((Answer { value, headers, history }, error));
        }
    }

    fn error_of<D>(
        &self,
        call: &Call<Envelope<D>>,
        errors: &[Fault],
        has_data: bool,
        history: AttemptHistory,
    ) -> Error {
        let kind = kind_of(errors, has_data, call);
        let words = self.presentable(words_of(errors, &kind, call.optional()), LONGEST);
        let words = words.or_else(|| Some("the response has neither data nor errors".to_owned()));
        let may_follow_it = |fault: &Fault| has_data && !fault.is_refusal();
        let doubtful = !call.is_read() && (errors.is_empty() || errors.iter().any(may_follow_it));
        let history = AttemptHistory { doubtful: history.doubtful || doubtful, ..history };
        Error::new(kind, call.line(), Some(StatusCode::OK), words, history)
    }

    /// The refusal of a mutation by the `errors` beside its result.
    pub(in crate::gitlab) fn refused<D>(
        &self,
        call: &Call<Envelope<D>>,
        answer: &Answer<D>,
        errors: &[String],
    ) -> Error {
        let words = self.presentable(errors.join("; "), LONGEST);
        Error::new(ErrorKind::BadRequest, call.line(), Some(StatusCode::OK), words, answer.history)
    }
}

/// Returns what the errors mean, by their structure; the words are for people.
fn kind_of<D>(errors: &[Fault], has_data: bool, call: &Call<Envelope<D>>) -> ErrorKind {
    let unknown = unknown_values(errors, call);
    if errors.is_empty() {
        ErrorKind::Unreadable
    } else if !unknown.is_empty() {
        ErrorKind::UnknownValues(unknown)
    } else if let Some(needed) =
        errors.iter().find_map(|fault| fine_grained::refusal(&fault.message))
    {
        ErrorKind::FineGrained { needed }
    } else if errors.iter().any(Fault::is_failure) {
        ErrorKind::Server
    } else if has_data {
        // Only what went wrong while the operation ran leaves data, and there it leaves a null.
        ErrorKind::NotAvailable
    } else if errors.iter().any(Fault::is_about_the_schema) {
        ErrorKind::Unsupported
    } else {
        ErrorKind::BadRequest
    }
}

/// The values in a list of ours that GitLab does not know. GitLab tells their places in the list.
fn unknown_values<D>(errors: &[Fault], call: &Call<Envelope<D>>) -> Vec<String> {
    let variables = call.body().and_then(|body| body["variables"].as_object());
    let list = variables.and_then(|variables| variables.values().find_map(Value::as_array));
    let at = |place: u64| list?.get(usize::try_from(place).ok()?)?.as_str().map(str::to_owned);
    let problems = errors.iter().flat_map(|fault| &fault.extensions.problems);
    let places = problems.filter_map(|problem| problem.path.last()?.0);
    places.filter_map(at).collect()
}

fn words_of(errors: &[Fault], kind: &ErrorKind, optional: &[Optional]) -> String {
    let explanations = errors.iter().flat_map(|fault| &fault.extensions.problems);
    let explained: Vec<_> =
        explanations.filter_map(|problem| problem.explanation.as_deref()).collect();
    match kind {
        ErrorKind::UnknownValues(_) if !explained.is_empty() => explained.join("; "),
        // One thing that is missing has others in its train, and what is optional isn't at fault.
        ErrorKind::Unsupported => joined(errors.iter().filter(|fault| {
            fault.is_about_the_schema() && !optional.iter().any(|part| fault.says_missing(part))
        })),
        _ => joined(errors.iter()),
    }
}

/// Returns the messages, each once: one cause may concern each object of a response.
fn joined<'e>(errors: impl Iterator<Item = &'e Fault>) -> String {
    let mut seen = BTreeSet::new();
    let messages = errors.map(|fault| fault.message.as_str());
    messages.filter(|message| seen.insert(*message)).collect::<Vec<_>>().join("; ")
}

impl Fault {
    /// Checks whether this refuses a mutation as a whole. What goes wrong below its root, or in a
    /// way that GitLab hasn't expected, may do so after the change.
    fn is_refusal(&self) -> bool {
        let is_at_the_root = self.path.as_ref().is_some_and(|path| path.len() == 1);
        let is_foreseen =
            self.message.contains(UNAVAILABLE) || fine_grained::refusal(&self.message).is_some();
        is_at_the_root && is_foreseen
    }

    /// Checks whether this is what GitLab answers when it has failed or has given up.
    fn is_failure(&self) -> bool {
        FAILURES.iter().any(|start| self.message.starts_with(start))
    }

    pub(super) fn is_about_the_schema(&self) -> bool {
        self.extensions.code.as_deref().is_some_and(|code| NOT_IN_THE_SCHEMA.contains(&code))
    }

    /// Checks whether this says that the schema lacks that part of a document.
    pub(super) fn says_missing(&self, part: &Optional) -> bool {
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
