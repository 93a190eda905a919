//! Schemas: the attributes of an object, and who may set them.

use std::collections::BTreeMap;

use super::path::{AttributePath, Step};
use super::types::Type;
use super::value::Value;

/// The schema of a provider block, a resource, a data source or a list resource.
#[derive(Debug, Clone)]
pub struct Schema {
    /// The schema version, stored with each state. Increment it when the shape of the state
    /// changes.
    pub version: i64,
    /// The description, in Markdown.
    pub description: &'static str,
    /// The attributes in the order of the documentation: required, optional, computed.
    pub attributes: Vec<Attribute>,
}

impl Schema {
    /// Returns the type of the whole object.
    #[must_use]
    pub fn object_type(&self) -> Type {
        Type::Object(object_type(&self.attributes))
    }

    /// Returns whether the top-level attribute of a path is sensitive.
    pub(super) fn is_sensitive(&self, path: &AttributePath) -> bool {
        let Some(Step::Attribute(name)) = path.steps().first() else { return false };
        self.attributes.iter().any(|attribute| attribute.name == name && attribute.sensitive)
    }
}

/// An attribute, created by [`Attribute::required`], [`Attribute::optional`],
/// [`Attribute::computed`] or one of their variants.
#[derive(Debug, Clone)]
pub struct Attribute {
    /// The name in the configuration language.
    pub name: &'static str,
    /// The shape of the value.
    pub shape: Shape,
    /// The description, in Markdown.
    pub description: &'static str,
    /// The practitioner must set it.
    pub required: bool,
    /// The practitioner may set it.
    pub optional: bool,
    /// The provider may set it.
    pub computed: bool,
    /// Hosts redact it in their output.
    pub sensitive: bool,
    /// The deprecation message, if the attribute is deprecated.
    pub deprecated: Option<&'static str>,
    /// The planned value if the configuration doesn't set it.
    pub default: Option<Value>,
}

/// The shape of an attribute's value.
#[derive(Debug, Clone)]
pub enum Shape {
    /// A value of a type.
    Plain(Type),
    /// Objects with nested attributes.
    Nested(Nesting, Vec<Attribute>),
}

/// The nesting mode of nested attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nesting {
    /// One object.
    Single,
    /// A list of objects.
    List,
    /// A map of objects.
    Map,
}

impl Shape {
    /// Returns the type of the value.
    #[must_use]
    pub fn ty(&self) -> Type {
        match self {
            Self::Plain(ty) => ty.clone(),
            Self::Nested(Nesting::Single, attributes) => Type::Object(object_type(attributes)),
            Self::Nested(Nesting::List, attributes) => {
                Type::list(Type::Object(object_type(attributes)))
            }
            Self::Nested(Nesting::Map, attributes) => {
                Type::map(Type::Object(object_type(attributes)))
            }
        }
    }
}

impl Attribute {
    fn new(name: &'static str, shape: Shape, description: &'static str) -> Self {
        Self {
            name,
            shape,
            description,
            required: false,
            optional: false,
            computed: false,
            sensitive: false,
            deprecated: None,
            default: None,
        }
    }

    /// Creates an attribute that the practitioner must set.
    #[must_use]
    pub fn required(name: &'static str, ty: Type, description: &'static str) -> Self {
        Self { required: true, ..Self::new(name, Shape::Plain(ty), description) }
    }

    /// Creates an attribute that the practitioner may set.
    #[must_use]
    pub fn optional(name: &'static str, ty: Type, description: &'static str) -> Self {
        Self { optional: true, ..Self::new(name, Shape::Plain(ty), description) }
    }

    /// Creates an attribute that the provider sets.
    #[must_use]
    pub fn computed(name: &'static str, ty: Type, description: &'static str) -> Self {
        Self { computed: true, ..Self::new(name, Shape::Plain(ty), description) }
    }

    /// Creates a map of objects that the practitioner may set.
    #[must_use]
    pub fn optional_map(
        name: &'static str,
        attributes: Vec<Self>,
        description: &'static str,
    ) -> Self {
        let shape = Shape::Nested(Nesting::Map, attributes);
        Self { optional: true, ..Self::new(name, shape, description) }
    }

    /// Creates a list of objects that the provider sets.
    #[must_use]
    pub fn computed_list(
        name: &'static str,
        attributes: Vec<Self>,
        description: &'static str,
    ) -> Self {
        let shape = Shape::Nested(Nesting::List, attributes);
        Self { computed: true, ..Self::new(name, shape, description) }
    }

    /// Creates an object that the provider sets.
    #[must_use]
    pub fn computed_object(
        name: &'static str,
        attributes: Vec<Self>,
        description: &'static str,
    ) -> Self {
        let shape = Shape::Nested(Nesting::Single, attributes);
        Self { computed: true, ..Self::new(name, shape, description) }
    }

    /// Lets the provider set the attribute if the configuration doesn't.
    #[must_use]
    pub fn or_computed(self) -> Self {
        Self { computed: true, ..self }
    }

    /// Sets the default, and makes the attribute computed, as Terraform requires for a default.
    #[must_use]
    pub fn with_default(self, default: Value) -> Self {
        Self { computed: true, default: Some(default), ..self }
    }

    /// Marks the attribute as sensitive.
    #[must_use]
    pub fn sensitive(self) -> Self {
        Self { sensitive: true, ..self }
    }

    /// Marks the attribute as deprecated.
    #[must_use]
    pub fn deprecated(self, message: &'static str) -> Self {
        Self { deprecated: Some(message), ..self }
    }
}

fn object_type(attributes: &[Attribute]) -> BTreeMap<String, Type> {
    attributes.iter().map(|attribute| (attribute.name.to_owned(), attribute.shape.ty())).collect()
}

/// Returns the first rule that the schema violates: one of Core, which rejects an invalid schema in
/// every command, or that its attributes are `model_attributes`.
pub(super) fn violation(schema: &Schema, model_attributes: &[&str]) -> Option<String> {
    let mut of_schema: Vec<&str> =
        schema.attributes.iter().map(|attribute| attribute.name).collect();
    let mut of_model = model_attributes.to_vec();
    of_schema.sort_unstable();
    of_model.sort_unstable();
    if of_schema != of_model {
        return Some(format!(
            "the schema has the attributes {of_schema:?}, but the model {of_model:?}"
        ));
    }
    if schema.version < 0 {
        return Some("the version is negative".into());
    }
    schema.attributes.iter().find_map(attribute_violation)
}

fn attribute_violation(attribute: &Attribute) -> Option<String> {
    let name = attribute.name;
    let nested = match &attribute.shape {
        Shape::Nested(_, attributes) => attributes.as_slice(),
        Shape::Plain(_) => &[],
    };
    let valid_name = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    match attribute {
        _ if !valid_name => Some(format!("{name:?} isn't a valid attribute name")),
        Attribute { required: false, optional: false, computed: false, .. } => {
            Some(format!("`{name}` must be required, optional or computed"))
        }
        Attribute { required: true, optional: true, .. }
        | Attribute { required: true, computed: true, .. } => {
            Some(format!("`{name}` is required, so it can't be optional or computed"))
        }
        Attribute { description: "", .. } => Some(format!("`{name}` has no description")),
        _ => nested.iter().find_map(attribute_violation),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(attributes: Vec<Attribute>) -> Schema {
        Schema { version: 0, description: "A test.", attributes }
    }

    #[test]
    fn schemas_that_core_rejects_are_found() {
        let text = |name| Attribute::optional(name, Type::String, "Text.");
        assert_eq!(violation(&schema(vec![text("a")]), &["a"]), None);
        assert_eq!(
            violation(&schema(vec![text("a")]), &["b"]).as_deref(),
            Some(r#"the schema has the attributes ["a"], but the model ["b"]"#)
        );
        let both = Attribute { required: true, ..text("a") };
        assert_eq!(
            violation(&schema(vec![both]), &["a"]).as_deref(),
            Some("`a` is required, so it can't be optional or computed")
        );
        let neither = Attribute { optional: false, ..text("a") };
        assert_eq!(
            violation(&schema(vec![neither]), &["a"]).as_deref(),
            Some("`a` must be required, optional or computed")
        );
        let nested = Attribute::computed_list("a", vec![text("B")], "A list.");
        assert_eq!(
            violation(&schema(vec![nested]), &["a"]).as_deref(),
            Some("\"B\" isn't a valid attribute name")
        );
    }

    #[test]
    fn object_type_includes_nested_attributes() {
        let list = Attribute::computed_list(
            "a",
            vec![Attribute::computed("id", Type::Number, "An ID.")],
            "A list.",
        );
        assert_eq!(
            schema(vec![list]).object_type().to_json().to_string(),
            r#"["object",{"a":["list",["object",{"id":"number"}]]}]"#
        );
    }
}
