//! Validates variables against their declared types, with the messages of GitLab's engine.

use apollo_compiler::ast::{InputValueDefinition, Type, VariableDefinition};
use apollo_compiler::executable::Operation;
use apollo_compiler::response::serde_json_bytes::json;
use apollo_compiler::response::{GraphQLError, JsonMap, JsonValue};
use apollo_compiler::schema::{Component, ExtendedType, InputObjectType};
use apollo_compiler::{ExecutableDocument, Name, Node, Schema};

/// Returns the problems of the values, one error for each variable.
pub(super) fn complaints(
    schema: &Schema,
    document: &ExecutableDocument,
    operation: &Operation,
    values: &JsonMap,
) -> Vec<GraphQLError> {
    let complaint = |variable: &VariableDefinition| {
        let value = match (values.get(variable.name.as_str()), &variable.default_value) {
            (None, Some(_)) => return None,
            (None, None) => &JsonValue::Null,
            (Some(value), _) => value,
        };
        let mut check = Check { schema, problems: Vec::new() };
        check.value(&variable.ty, value, &mut Vec::new());
        (!check.problems.is_empty()).then(|| check.error(variable, value))
    };
    let located = |variable: &Node<VariableDefinition>| {
        let mut error = complaint(variable)?;
        error.locations = variable
            .location()
            .and_then(|at| at.line_column(&document.sources))
            .into_iter()
            .collect();
        Some(error)
    };
    operation.variables.iter().filter_map(located).collect()
}

struct Check<'s> {
    schema: &'s Schema,
    problems: Vec<(Vec<JsonValue>, String)>,
}

impl Check<'_> {
    fn value(&mut self, ty: &Type, value: &JsonValue, path: &mut Vec<JsonValue>) {
        if value.is_null() {
            if ty.is_non_null() {
                self.problem(path, "Expected value to not be null".to_owned());
            }
            return;
        }
        match (ty, value) {
            (Type::List(item) | Type::NonNullList(item), JsonValue::Array(values)) => {
                for (index, value) in values.iter().enumerate() {
                    self.member(item, value, json!(index), path);
                }
            }
            // A single value stands for a list of one.
            (Type::List(item) | Type::NonNullList(item), value) => {
                self.member(item, value, json!(0), path)
            }
            (Type::Named(name) | Type::NonNullNamed(name), value) => self.named(name, value, path),
        }
    }

    fn member(&mut self, ty: &Type, value: &JsonValue, key: JsonValue, path: &mut Vec<JsonValue>) {
        path.push(key);
        self.value(ty, value, path);
        path.pop();
    }

    fn named(&mut self, name: &str, value: &JsonValue, path: &mut Vec<JsonValue>) {
        match self.schema.types.get(name) {
            Some(ExtendedType::Enum(choices)) => {
                if !value.as_str().is_some_and(|value| choices.values.contains_key(value)) {
                    let names: Vec<&str> =
                        choices.values.keys().map(|name| name.as_str()).collect();
                    self.problem(
                        path,
                        format!("Expected {value} to be one of: {}", names.join(", ")),
                    );
                }
            }
            Some(ExtendedType::InputObject(input)) => self.input(input, value, path),
            _ => {
                let fits = match name {
                    "ID" => value.is_string() || value.is_i64(),
                    "Boolean" => value.is_boolean(),
                    "Int" => value.as_i64().is_some_and(|value| i32::try_from(value).is_ok()),
                    _ => value.is_string(),
                };
                if !fits {
                    self.problem(path, format!("Could not coerce value {value} to {name}"));
                }
            }
        }
    }

    fn input(&mut self, input: &InputObjectType, value: &JsonValue, path: &mut Vec<JsonValue>) {
        let Some(members) = value.as_object() else {
            return self.problem(path, format!("Expected {value} to be a key-value object."));
        };
        for (name, value) in members {
            let name = name.as_str();
            match input.fields.get(name) {
                Some(field) => self.member(&field.ty, value, json!(name), path),
                None => {
                    let place: Vec<JsonValue> = path.iter().cloned().chain([json!(name)]).collect();
                    self.problem(&place, format!("Field is not defined on {}", input.name));
                }
            }
        }
        let missing = |(name, field): &(&Name, &Component<InputValueDefinition>)| {
            field.default_value.is_none() && !members.contains_key(name.as_str())
        };
        for (name, field) in input.fields.iter().filter(missing) {
            self.member(&field.ty, &JsonValue::Null, json!(name.as_str()), path);
        }
    }

    fn problem(&mut self, path: &[JsonValue], explanation: String) {
        self.problems.push((path.to_vec(), explanation));
    }

    fn error(self, variable: &VariableDefinition, value: &JsonValue) -> GraphQLError {
        let mut message = format!(
            "Variable ${} of type {} was provided invalid value",
            variable.name, variable.ty
        );
        let places: Vec<String> =
            self.problems.iter().filter_map(|(path, why)| place(path, why)).collect();
        if !places.is_empty() {
            message.push_str(&format!(" for {}", places.join(", ")));
        }
        let problem = |(path, explanation)| json!({ "path": JsonValue::Array(path), "explanation": explanation });
        let problems = self.problems.into_iter().map(problem).collect();
        let mut error = GraphQLError::new(message, None, &Default::default());
        error.extensions.insert("value", value.clone());
        error.extensions.insert("problems", JsonValue::Array(problems));
        error
    }
}

/// Returns the place and the text of a problem; a problem of the value as a whole has no place.
fn place(path: &[JsonValue], explanation: &str) -> Option<String> {
    let steps: Vec<String> = path
        .iter()
        .map(|step| step.as_str().map_or_else(|| step.to_string(), str::to_owned))
        .collect();
    (!steps.is_empty()).then(|| format!("{} ({explanation})", steps.join(".")))
}
