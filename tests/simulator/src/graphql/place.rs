//! The position of something in a query, as GitLab's engine writes it.

use apollo_compiler::ast::{
    Definition, Document, Field, OperationDefinition, Selection, Type, Value,
};
use apollo_compiler::parser::SourceSpan;
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::{Node, Schema};

/// The path of a position: the operation, then the keys of fields and the names of arguments.
#[derive(Debug, Default)]
pub(super) struct Position {
    /// The operation as a message names it.
    pub(super) operation: String,
    pub(super) path: Vec<String>,
    /// The innermost argument at the position.
    pub(super) literal: Option<Literal>,
}

/// An argument with a literal value.
#[derive(Debug)]
pub(super) struct Literal {
    pub(super) argument: String,
    /// `Field` or `InputObject`, whichever has the argument.
    pub(super) kind: &'static str,
    pub(super) parent: String,
    pub(super) value: String,
    pub(super) ty: String,
}

impl Position {
    /// Returns line and column of a byte of the query.
    pub(super) fn find(schema: &Schema, document: &Document, offset: usize) -> Option<Self> {
        document.definitions.iter().find_map(|definition| {
            let (label, name, ty, selections) = match definition {
                Definition::OperationDefinition(operation)
                    if within(operation.location(), offset) =>
                {
                    let ty = schema.root_operation(operation.operation_type).map(|ty| ty.as_str());
                    (label(operation), operation.name.as_ref(), ty, &operation.selection_set)
                }
                Definition::FragmentDefinition(fragment) if within(fragment.location(), offset) => {
                    let ty = Some(fragment.type_condition.as_str());
                    (
                        format!("fragment {}", fragment.name),
                        Some(&fragment.name),
                        ty,
                        &fragment.selection_set,
                    )
                }
                _ => return None,
            };
            let operation = name.map_or_else(|| format!("anonymous {label}"), ToString::to_string);
            let mut walk = Walk {
                schema,
                offset,
                place: Self { operation, path: vec![label], literal: None },
            };
            walk.selections(ty.unwrap_or_default(), selections);
            Some(walk.place)
        })
    }
}

fn label(operation: &OperationDefinition) -> String {
    match &operation.name {
        Some(name) => format!("{} {name}", operation.operation_type),
        None => operation.operation_type.to_string(),
    }
}

struct Walk<'a> {
    schema: &'a Schema,
    offset: usize,
    place: Position,
}

impl Walk<'_> {
    fn selections(&mut self, ty: &str, selections: &[Selection]) {
        for selection in selections {
            match selection {
                Selection::Field(field) if within(field.location(), self.offset) => {
                    self.field(ty, field)
                }
                Selection::InlineFragment(fragment) if within(fragment.location(), self.offset) => {
                    let ty = fragment.type_condition.as_ref().map_or(ty, |ty| ty.as_str());
                    self.place.path.push(format!("... on {ty}"));
                    self.selections(ty, &fragment.selection_set);
                }
                _ => {}
            }
        }
    }

    fn field(&mut self, ty: &str, field: &Field) {
        self.place.path.push(field.alias.as_ref().unwrap_or(&field.name).to_string());
        // A field missing in the schema still has a position.
        let (schema, offset) = (self.schema, self.offset);
        let Ok(definition) = schema.type_field(ty, &field.name) else { return };
        for argument in
            field.arguments.iter().filter(|argument| within(argument.location(), offset))
        {
            self.place.path.push(argument.name.to_string());
            if let Some(definition) = definition.argument_by_name(&argument.name) {
                self.literal("Field", &field.name, &argument.name, &definition.ty, &argument.value);
                self.members(&definition.ty, &argument.value);
            }
        }
        self.selections(definition.ty.inner_named_type(), &field.selection_set);
    }

    fn members(&mut self, ty: &Type, value: &Node<Value>) {
        let member = value.as_object().and_then(|members| {
            members.iter().find(|(_, inner)| within(inner.location(), self.offset))
        });
        let Some((name, value)) = member else { return };
        self.place.path.push(name.to_string());
        let schema = self.schema;
        let Some(ExtendedType::InputObject(input)) = schema.types.get(ty.inner_named_type()) else {
            return;
        };
        let Some(field) = input.fields.get(name) else { return };
        self.literal("InputObject", &input.name, name, &field.ty, value);
        self.members(&field.ty, value);
    }

    fn literal(
        &mut self,
        kind: &'static str,
        parent: &str,
        argument: &str,
        ty: &Type,
        value: &Node<Value>,
    ) {
        self.place.literal = Some(Literal {
            argument: argument.to_owned(),
            kind,
            parent: parent.to_owned(),
            value: value.serialize().no_indent().to_string(),
            ty: ty.to_string(),
        });
    }
}

fn within(span: Option<SourceSpan>, offset: usize) -> bool {
    span.is_some_and(|span| (span.offset()..span.end_offset()).contains(&offset))
}
