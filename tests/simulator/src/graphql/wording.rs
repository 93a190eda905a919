//! What is wrong with a query, in the words and the shape of GitLab's engine in place of those of ours. A complaint of
//! ours that is not known here keeps its words: it is an error all the same.

use apollo_compiler::ast::{Definition, Document, OperationDefinition, Selection};
use apollo_compiler::parser::SourceSpan;
use apollo_compiler::response::{ExecutionResponse, GraphQLError};
use apollo_compiler::validation::DiagnosticList;
use serde_json::{Value, json};

/// GitLab's errors for our engine's complaints about a query.
pub(super) fn errors(query: &str, complaints: &DiagnosticList) -> Vec<Value> {
    let document = Document::parse(query, "query").unwrap_or_else(|broken| broken.partial);
    let complaints: Vec<GraphQLError> = complaints.iter().map(|complaint| complaint.to_json()).collect();
    let undefined = complaints.iter().any(|complaint| complaint.message.contains(UNDEFINED_FIELD));
    let own = |complaint: &&GraphQLError| {
        !undefined || !CONSEQUENCES.iter().any(|consequence| complaint.message.starts_with(consequence))
    };
    complaints.iter().filter(own).map(|complaint| error(query, &document, complaint)).collect()
}

/// What our engine says of a field that the schema does not have.
const UNDEFINED_FIELD: &str = " does not have a field ";

/// What our engine says besides, since it drops such a field with all that it holds.
const CONSEQUENCES: [&str; 2] =
    ["interface, union and object types must have a subselection set", "unused variable"];

fn error(query: &str, document: &Document, complaint: &GraphQLError) -> Value {
    let place = complaint.locations.first().and_then(|at| offset(query, at.line, at.column));
    let place = place.and_then(|offset| Place::find(document, offset)).unwrap_or_default();
    let locations = &complaint.locations;
    match wording(&complaint.message, &place) {
        Some((message, path, extensions)) => {
            json!({ "message": message, "locations": locations, "path": path, "extensions": extensions })
        }
        None => json!({ "message": complaint.message, "locations": locations, "path": place.path }),
    }
}

/// An answer without what our engine puts before the messages of fields.
pub(super) fn response(mut response: ExecutionResponse) -> ExecutionResponse {
    for error in &mut response.errors {
        if let Some(message) = error.message.strip_prefix("resolver error: ") {
            error.message = message.to_owned();
        }
    }
    response
}

/// The byte at a line and column, both counted from one.
fn offset(query: &str, line: usize, column: usize) -> Option<usize> {
    let start: usize = query.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let within = query.get(start..)?.char_indices().nth(column - 1).map_or(0, |(at, _)| at);
    Some(start + within)
}

type Wording = (String, Vec<String>, Value);

/// The words for one complaint, which names what it is about between backticks.
fn wording(complaint: &str, place: &Place) -> Option<Wording> {
    let names: Vec<&str> = complaint.split('`').skip(1).step_by(2).collect();
    let path = |last: Option<&str>| {
        let mut path = place.path.clone();
        path.extend(last.filter(|last| place.path.last().is_none_or(|end| end != last)).map(str::to_owned));
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
        [value, ty] if starts("value ") => {
            let argument = place.path.last().map(String::as_str).unwrap_or_default();
            (
                format!("Argument '{argument}' has an invalid value ({value}). Expected type '{ty}'."),
                path(None),
                json!({ "code": "argumentLiteralsIncompatible", "argumentName": argument }),
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
            format!("Type mismatch on variable {variable} and argument {argument} ({ty} / {expected})"),
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

/// The field in `Type.field(argument:)`.
fn field_of(coordinate: &str) -> &str {
    let field = coordinate.split_once('.').map_or(coordinate, |(_, field)| field);
    field.split_once('(').map_or(field, |(field, _)| field)
}

/// The argument in `Type.field(argument:)`.
fn argument_of(coordinate: &str) -> &str {
    let argument = coordinate.split_once('(').map_or("", |(_, argument)| argument);
    argument.trim_end_matches([')', ':'])
}

/// Where in a query something is: the operation, then the keys of fields and the names of arguments down to it.
#[derive(Debug, Default)]
struct Place {
    operation: String,
    path: Vec<String>,
}

impl Place {
    fn find(document: &Document, offset: usize) -> Option<Self> {
        document.definitions.iter().find_map(|definition| {
            let (label, name, selections) = match definition {
                Definition::OperationDefinition(operation) if within(operation.location(), offset) => {
                    (label(operation), operation.name.as_ref(), &operation.selection_set)
                }
                Definition::FragmentDefinition(fragment) if within(fragment.location(), offset) => {
                    (format!("fragment {}", fragment.name), Some(&fragment.name), &fragment.selection_set)
                }
                _ => return None,
            };
            let mut path = vec![label];
            descend(selections, offset, &mut path);
            let operation = name.map_or_else(|| format!("anonymous {}", path[0]), |name| name.to_string());
            Some(Self { operation, path })
        })
    }
}

fn label(operation: &OperationDefinition) -> String {
    match &operation.name {
        Some(name) => format!("{} {name}", operation.operation_type),
        None => operation.operation_type.to_string(),
    }
}

fn descend(selections: &[Selection], offset: usize, path: &mut Vec<String>) {
    for selection in selections {
        match selection {
            Selection::Field(field) if within(field.location(), offset) => {
                path.push(field.alias.as_ref().unwrap_or(&field.name).to_string());
                for argument in field.arguments.iter().filter(|argument| within(argument.location(), offset))
                {
                    path.push(argument.name.to_string());
                    let mut value = &argument.value;
                    while let Some((name, inner)) = value.as_object().and_then(|members| {
                        members.iter().find(|(_, inner)| within(inner.location(), offset))
                    }) {
                        path.push(name.to_string());
                        value = inner;
                    }
                }
                descend(&field.selection_set, offset, path);
            }
            Selection::InlineFragment(fragment) if within(fragment.location(), offset) => {
                path.push(
                    fragment.type_condition.as_ref().map_or("...".to_owned(), |ty| format!("... on {ty}")),
                );
                descend(&fragment.selection_set, offset, path);
            }
            _ => {}
        }
    }
}

fn within(span: Option<SourceSpan>, offset: usize) -> bool {
    span.is_some_and(|span| (span.offset()..span.end_offset()).contains(&offset))
}
