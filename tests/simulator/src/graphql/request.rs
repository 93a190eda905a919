//! A GraphQL request, and a summary of it before validation: its operation, its names and its
//! objects.

use apollo_compiler::Name;
use apollo_compiler::ast::{Document, Field, OperationDefinition, OperationType, Selection, Value};
use apollo_compiler::response::serde_json_bytes::json;
use apollo_compiler::response::{JsonMap, JsonValue};

use crate::http::ApiResponse;

/// The maximum length of a query, in characters.
const MAX_QUERY: usize = 10_000;

/// The members of a request's JSON.
#[derive(Debug, Clone, Default)]
pub(crate) struct Request {
    pub(super) query: String,
    pub(super) variables: JsonMap,
    pub(super) operation_name: Option<String>,
}

/// The summary of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) is_mutation: bool,
    /// The name of the operation, then the names of its root fields.
    pub(crate) names: Vec<String>,
    /// The full path of the project or group that the first root field is about.
    pub(crate) project: Option<String>,
    /// The full path of a mutation's target.
    pub(crate) target: Option<String>,
}

impl Request {
    /// Reads a body. Anything but a JSON object has no query.
    pub(crate) fn read(body: &[u8]) -> Result<Self, ApiResponse> {
        let body: JsonValue = serde_json::from_slice(body)
            .map_err(|_| errors(400, "The request could not be read as JSON"))?;
        let text = |name: &str| body.get(name).and_then(JsonValue::as_str).map(str::to_owned);
        let variables = match body.get("variables") {
            None | Some(JsonValue::Null) => JsonMap::new(),
            Some(JsonValue::Object(variables)) => variables.clone(),
            Some(_) => return Err(errors(422, "Variables are invalid")),
        };
        let query = text("query").unwrap_or_default();
        if query.chars().count() > MAX_QUERY {
            return Err(errors(422, "Query too large"));
        }
        Ok(Self { query, variables, operation_name: text("operationName") })
    }

    /// Returns what can be read without the schema; nothing of a query that cannot be parsed.
    pub(crate) fn summary(&self) -> Summary {
        let document =
            Document::parse(self.query.clone(), "query").unwrap_or_else(|broken| broken.partial);
        let Some(operation) = self.operation(&document) else { return Summary::default() };
        let fields: Vec<&Field> = operation
            .selection_set
            .iter()
            .filter_map(Selection::as_field)
            .map(AsRef::as_ref)
            .collect();
        let names = operation.name.iter().chain(fields.iter().map(|field| &field.name));
        let argument = |names: &[&str]| {
            let first = fields.first()?;
            names.iter().find_map(|name| self.text_argument(first, name))
        };
        Summary {
            is_mutation: operation.operation_type == OperationType::Mutation,
            names: names.map(Name::to_string).collect(),
            project: argument(&["fullPath", "projectPath"]),
            target: argument(&["targetPath", "targetProjectPath", "targetGroupPath"]),
        }
    }

    fn operation<'d>(&self, document: &'d Document) -> Option<&'d OperationDefinition> {
        let mut operations = document
            .definitions
            .iter()
            .filter_map(|definition| definition.as_operation_definition());
        match &self.operation_name {
            None => operations.next(),
            Some(wanted) => operations.find(|operation| {
                operation.name.as_ref().is_some_and(|name| name.as_str() == wanted)
            }),
        }
        .map(AsRef::as_ref)
    }

    /// Returns the text of an argument, or of a member of the argument `input`, from a literal or a
    /// variable.
    fn text_argument(&self, field: &Field, name: &str) -> Option<String> {
        let value = |name: &str| {
            let argument = field.arguments.iter().find(|argument| argument.name == name)?;
            Some(self.resolved(&argument.value))
        };
        let value = value(name).or_else(|| value("input")?.get(name).cloned())?;
        value.as_str().map(str::to_owned)
    }

    /// Returns a value with its variables filled in, without anything that can't be a path.
    fn resolved(&self, value: &Value) -> JsonValue {
        match value {
            Value::String(text) => json!(text),
            Value::Variable(name) => self.variables.get(name.as_str()).cloned().unwrap_or_default(),
            Value::Object(members) => members
                .iter()
                .map(|(name, value)| (name.as_str(), self.resolved(value)))
                .collect::<JsonValue>(),
            _ => JsonValue::Null,
        }
    }
}

/// Returns a rejection of the whole request: a GraphQL response with this status.
pub(crate) fn errors(status: u16, message: &str) -> ApiResponse {
    ApiResponse::json(status, &serde_json::json!({ "errors": [{ "message": message }] }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(body: serde_json::Value) -> Summary {
        Request::read(body.to_string().as_bytes()).unwrap().summary()
    }

    #[test]
    fn paths_are_found_in_literals_and_in_variables() {
        let written = summary(serde_json::json!({
            "query": r#"mutation { remove(input: { projectPath: "a/b", targetGroupPath: "c" }) { errors } }"#,
        }));
        let filled = summary(serde_json::json!({
            "query": "mutation Add($input: AddInput!) { add(input: $input) { errors } }",
            "variables": { "input": { "projectPath": "a/b", "targetPath": "c/d" } },
        }));
        assert_eq!(
            (written.project.as_deref(), written.target.as_deref()),
            (Some("a/b"), Some("c"))
        );
        assert_eq!(
            (filled.project.as_deref(), filled.target.as_deref()),
            (Some("a/b"), Some("c/d"))
        );
        assert_eq!(
            (filled.is_mutation, filled.names),
            (true, vec!["Add".to_owned(), "add".to_owned()])
        );
    }

    #[test]
    fn operation_is_the_named_one() {
        let query =
            r#"query A { project(fullPath: "a/a") { id } } mutation B { add(x: 1) { id } }"#;
        let named =
            |name: &str| summary(serde_json::json!({ "query": query, "operationName": name }));
        assert_eq!(named("A").project.as_deref(), Some("a/a"));
        assert!(named("B").is_mutation && !named("A").is_mutation);
    }

    #[test]
    fn invalid_query_has_no_operation() {
        assert_eq!(summary(serde_json::json!({ "query": "}{" })), Summary::default());
        assert_eq!(summary(serde_json::json!([1])), Summary::default());
        assert!(Request::read(b"{").is_err());
    }
}
