//! Rewrites errors of a query to the form and wording of GitLab's engine. An unknown error keeps
//! its wording.

use apollo_compiler::Schema;
use apollo_compiler::ast::Document;
use apollo_compiler::response::{ExecutionResponse, GraphQLError};
use apollo_compiler::validation::DiagnosticList;
use serde_json::{Value, json};

use super::place::Position;

/// Returns GitLab's wording of our engine's errors about a query.
pub(super) fn errors(schema: &Schema, query: &str, complaints: &DiagnosticList) -> Vec<Value> {
    let document = Document::parse(query, "query").unwrap_or_else(|broken| broken.partial);
    let complaints: Vec<GraphQLError> =
        complaints.iter().map(|complaint| complaint.to_json()).collect();
    let undefined = complaints.iter().any(|complaint| complaint.message.contains(UNDEFINED_FIELD));
    let own = |complaint: &&GraphQLError| {
        !undefined
            || !CONSEQUENCES.iter().any(|consequence| complaint.message.starts_with(consequence))
    };
    complaints
        .iter()
        .filter(own)
        .map(|complaint| error(schema, query, &document, complaint))
        .collect()
}

/// Our engine's message about a field missing in the schema.
const UNDEFINED_FIELD: &str = " does not have a field ";

/// Our engine's follow-up messages, since it drops such a field with its content.
const CONSEQUENCES: [&str; 2] =
    ["interface, union and object types must have a subselection set", "unused variable"];

fn error(schema: &Schema, query: &str, document: &Document, complaint: &GraphQLError) -> Value {
    let place = complaint.locations.first().and_then(|at| offset(query, at.line, at.column));
    let place =
        place.and_then(|offset| Position::find(schema, document, offset)).unwrap_or_default();
    let locations = &complaint.locations;
    match wording(&complaint.message, &place) {
        Some((message, path, extensions)) => {
            json!({ "message": message, "locations": locations, "path": path, "extensions": extensions })
        }
        None => json!({ "message": complaint.message, "locations": locations, "path": place.path }),
    }
}

/// Returns a response without the prefix that our engine adds to messages of fields.
pub(super) fn response(mut response: ExecutionResponse) -> ExecutionResponse {
    for error in &mut response.errors {
        if let Some(message) = error.message.strip_prefix("resolver error: ") {
            error.message = message.to_owned();
        }
    }
    response
}

/// Returns the byte offset of a line and column, both counted from one.
fn offset(query: &str, line: usize, column: usize) -> Option<usize> {
    let start: usize = query.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let within = query.get(start..)?.char_indices().nth(column - 1).map_or(0, |(at, _)| at);
    Some(start + within)
}

type Wording = (String, Vec<String>, Value);

/// Returns the wording of one error, whose subject is between backticks.
fn wording(complaint: &str, place: &Position) -> Option<Wording> {
    let names: Vec<&str> = complaint.split('`').skip(1).step_by(2).collect();
    let path = |last: Option<&str>| {
        let mut path = place.path.clone();
        path.extend(
            last.filter(|last| place.path.last().is_none_or(|end| end != last)).map(str::to_owned),
        );
        path
    };
    let starts = |start: &str| complaint.starts_with(start);
    Some(match names[..] {
        [ty, field] if starts("type ") => (
            format!("Field '{field}' doesn't exist on type '{ty}'"),
            path(Some(field)),
            json!({ "code": "undefinedField", "typeName": ty, "fieldName": field }),
        ),
        [argument, coordinate] if starts("the argument ") => {
            let field = field_of(coordinate);
            (
                format!("Field '{field}' doesn't accept argument '{argument}'"),
                path(Some(argument)),
                json!({
                    "code": "argumentNotAccepted",
                    "name": field,
                    "typeName": "Field",
                    "argumentName": argument,
                }),
            )
        }
        [coordinate] if starts("the required argument ") => {
            let (field, argument) = (field_of(coordinate), argument_of(coordinate));
            (
                format!("Field '{field}' is missing required arguments: {argument}"),
                path(None),
                json!({
                    "code": "missingRequiredArguments",
                    "className": "Field",
                    "name": field,
                    "arguments": argument,
                }),
            )
        }
        [ty, parent] if starts("inline fragment with type condition ") => {
            spread("", "unknown", ty, parent, path(None))
        }
        [name, ty, parent] if starts("fragment ") => {
            spread(&format!(" {name}"), name, ty, parent, path(None))
        }
        [field, ty] if starts("field ") => (
            format!("InputObject '{ty}' doesn't accept argument '{field}'"),
            path(Some(field)),
            json!({
                "code": "argumentNotAccepted",
                "name": ty,
                "typeName": "InputObject",
                "argumentName": field,
            }),
        ),
        [_, _] if starts("value ") => {
            let literal = place.literal.as_ref()?;
            (
                format!(
                    "Argument '{}' on {} '{}' has an invalid value ({}). Expected type '{}'.",
                    literal.argument, literal.kind, literal.parent, literal.value, literal.ty
                ),
                path(None),
                json!({
                    "code": "argumentLiteralsIncompatible",
                    "typeName": literal.kind,
                    "argumentName": literal.argument,
                }),
            )
        }
        [variable] if starts("unused variable") => (
            format!("Variable {variable} is declared by {} but not used", place.operation),
            path(None),
            json!({ "code": "variableNotUsed", "variableName": variable.trim_start_matches('$') }),
        ),
        [variable] if starts("variable ") => (
            format!("Variable {variable} is used by {} but not declared", place.operation),
            path(None),
            json!({ "code": "variableNotDefined", "variableName": variable.trim_start_matches('$') }),
        ),
        [variable, ty, argument, expected] if starts("variable ") => (
            format!(
                "Type mismatch on variable {variable} and argument {argument} ({ty} / {expected})"
            ),
            path(Some(argument)),
            json!({
                "code": "variableMismatch",
                "variableName": variable.trim_start_matches('$'),
                "typeName": ty,
                "argumentName": argument,
                "errorMessage": "Type mismatch",
            }),
        ),
        _ => return None,
    })
}

/// Returns the wording for a fragment that can't match any object.
fn spread(label: &str, name: &str, ty: &str, parent: &str, path: Vec<String>) -> Wording {
    (
        format!("Fragment{label} on {ty} can't be spread inside {parent}"),
        path,
        json!({
            "code": "cannotSpreadFragment",
            "typeName": ty,
            "fragmentName": name,
            "parentName": parent,
        }),
    )
}

/// Returns the field in `Type.field(argument:)`.
fn field_of(coordinate: &str) -> &str {
    let field = coordinate.split_once('.').map_or(coordinate, |(_, field)| field);
    field.split_once('(').map_or(field, |(field, _)| field)
}

/// Returns the argument in `Type.field(argument:)`.
fn argument_of(coordinate: &str) -> &str {
    let argument = coordinate.split_once('(').map_or("", |(_, argument)| argument);
    argument.trim_end_matches([')', ':'])
}
