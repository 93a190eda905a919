//! Schemas: which attributes an object has, who sets them, and how a plan treats them.

use std::collections::BTreeMap;

use super::types::Type;
use super::value::Value;

/// The attributes of a provider block, a resource or a data source.
#[derive(Debug, Clone)]
pub struct Schema {
    /// The version that states are stored under; raised with every change of shape.
    pub version: i64,
    /// The description of the object, in Markdown.
    pub description: &'static str,
    /// The attributes in the order of the documentation: required, optional, computed.
    pub attributes: Vec<Attribute>,
}

impl Schema {
    /// The type of the whole object.
    pub fn object_type(&self) -> Type {
        Type::Object(object_type(&self.attributes))
    }
}

/// One attribute. Made by [`Attribute::required`], [`Attribute::optional`] or
/// [`Attribute::computed`].
#[derive(Debug, Clone)]
pub struct Attribute {
    /// The name in the configuration language.
    pub name: &'static str,
    /// The shape of its values.
    pub shape: Shape,
    /// The description, in Markdown.
    pub description: &'static str,
    /// Must be set by the practitioner.
    pub required: bool,
    /// May be set by the practitioner.
    pub optional: bool,
    /// May be set by the provider.
    pub computed: bool,
    /// Never shown in a plan.
    pub sensitive: bool,
    /// The reason not to use the attribute any more, if it is deprecated.
    pub deprecated: Option<&'static str>,
    /// The planned value of an unset attribute.
    pub default: Option<Value>,
}

/// The shape of an attribute's values.
#[derive(Debug, Clone)]
pub enum Shape {
    /// A type without documentation of its own.
    Plain(Type),
    /// Objects whose attributes are documented one by one.
    Nested(Nesting, Vec<Attribute>),
}

/// The number of objects that a nested attribute holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nesting {
    /// One.
    Single,
    /// Any number, in order.
    List,
    /// Any number, by keys of the practitioner's.
    Map,
}

impl Shape {
    /// The type of the values.
    pub fn ty(&self) -> Type {
        match self {
            Shape::Plain(ty) => ty.clone(),
            Shape::Nested(Nesting::Single, attributes) => Type::Object(object_type(attributes)),
            Shape::Nested(Nesting::List, attributes) => {
                Type::list(Type::Object(object_type(attributes)))
            }
            Shape::Nested(Nesting::Map, attributes) => {
                Type::map(Type::Object(object_type(attributes)))
            }
        }
    }
}

impl Attribute {
    fn new(name: &'static str, shape: Shape, description: &'static str) -> Attribute {
        Attribute {
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

    /// An attribute that the practitioner must set.
    pub fn required(name: &'static str, ty: Type, description: &'static str) -> Attribute {
        Attribute { required: true, ..Attribute::new(name, Shape::Plain(ty), description) }
    }

    /// An attribute that the practitioner may set.
    pub fn optional(name: &'static str, ty: Type, description: &'static str) -> Attribute {
        Attribute { optional: true, ..Attribute::new(name, Shape::Plain(ty), description) }
    }

    /// An attribute that the provider sets.
    pub fn computed(name: &'static str, ty: Type, description: &'static str) -> Attribute {
        Attribute { computed: true, ..Attribute::new(name, Shape::Plain(ty), description) }
    }

    /// A map of objects that the practitioner may set.
    pub fn optional_map(
        name: &'static str,
        of: Vec<Attribute>,
        description: &'static str,
    ) -> Attribute {
        let shape = Shape::Nested(Nesting::Map, of);
        Attribute { optional: true, ..Attribute::new(name, shape, description) }
    }

    /// A list of objects that the provider sets.
    pub fn computed_list(
        name: &'static str,
        of: Vec<Attribute>,
        description: &'static str,
    ) -> Attribute {
        let shape = Shape::Nested(Nesting::List, of);
        Attribute { computed: true, ..Attribute::new(name, shape, description) }
    }

    /// An object that the provider sets.
    pub fn computed_object(
        name: &'static str,
        of: Vec<Attribute>,
        description: &'static str,
    ) -> Attribute {
        let shape = Shape::Nested(Nesting::Single, of);
        Attribute { computed: true, ..Attribute::new(name, shape, description) }
    }

    /// The same, but where the practitioner leaves it unset, the provider sets it.
    pub fn or_computed(self) -> Attribute {
        Attribute { computed: true, ..self }
    }

    /// The same, planned as `default` where unset. Terraform allows that for computed attributes
    /// only.
    pub fn or_default(self, default: Value) -> Attribute {
        Attribute { computed: true, default: Some(default), ..self }
    }

    /// The same, never shown in a plan.
    pub fn sensitive(self) -> Attribute {
        Attribute { sensitive: true, ..self }
    }

    /// The same, discouraged with a reason.
    pub fn deprecated(self, reason: &'static str) -> Attribute {
        Attribute { deprecated: Some(reason), ..self }
    }
}

fn object_type(attributes: &[Attribute]) -> BTreeMap<String, Type> {
    attributes.iter().map(|attribute| (attribute.name.to_owned(), attribute.shape.ty())).collect()
}

/// Returns the first rule of Terraform's schema loading that the schema breaks: core refuses every
/// command over one.
///
/// `model` names the attributes of the model that goes with the schema; they must be the schema's
/// own.
pub(super) fn defect(schema: &Schema, model: &[&str]) -> Option<String> {
    let of_schema: Vec<&str> = schema.attributes.iter().map(|attribute| attribute.name).collect();
    let mut sorted = [of_schema, model.to_vec()];
    sorted.iter_mut().for_each(|names| names.sort_unstable());
    if sorted[0] != sorted[1] {
        return Some(format!("the schema has {:?}, the model {:?}", sorted[0], sorted[1]));
    }
    if schema.version < 0 {
        return Some("the version is negative".into());
    }
    schema.attributes.iter().find_map(attribute_defect)
}

fn attribute_defect(attribute: &Attribute) -> Option<String> {
    let name = attribute.name;
    let nested = match &attribute.shape {
        Shape::Nested(_, attributes) => attributes.as_slice(),
        Shape::Plain(_) => &[],
    };
    let readable = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    match attribute {
        _ if !readable => Some(format!("{name:?} is not a readable name")),
        Attribute { required: false, optional: false, computed: false, .. } => {
            Some(format!("nobody sets {name}"))
        }
        Attribute { required: true, optional: true, .. }
        | Attribute { required: true, computed: true, .. } => {
            Some(format!("{name} is required and yet may be left out"))
        }
        Attribute { description: "", .. } => Some(format!("{name} has no description")),
        _ => nested.iter().find_map(attribute_defect),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(attributes: Vec<Attribute>) -> Schema {
        Schema { version: 0, description: "A test.", attributes }
    }

    #[test]
    fn what_core_would_refuse_is_found_first() {
        let text = |name| Attribute::optional(name, Type::String, "Text.");
        assert_eq!(defect(&schema(vec![text("a")]), &["a"]), None);
        assert_eq!(
            defect(&schema(vec![text("a")]), &["b"]).as_deref(),
            Some(r#"the schema has ["a"], the model ["b"]"#)
        );
        let both = Attribute { required: true, ..text("a") };
        assert_eq!(
            defect(&schema(vec![both]), &["a"]).as_deref(),
            Some("a is required and yet may be left out")
        );
        let nobody = Attribute { optional: false, ..text("a") };
        assert_eq!(defect(&schema(vec![nobody]), &["a"]).as_deref(), Some("nobody sets a"));
        let inside = Attribute::computed_list("a", vec![text("B")], "A list.");
        assert_eq!(
            defect(&schema(vec![inside]), &["a"]).as_deref(),
            Some("\"B\" is not a readable name")
        );
    }

    #[test]
    fn a_list_of_objects_has_the_type_of_its_attributes() {
        let list = Attribute::computed_list(
            "a",
            vec![Attribute::computed("id", Type::Number, "An id.")],
            "A list.",
        );
        assert_eq!(
            schema(vec![list]).object_type().to_json().to_string(),
            r#"["object",{"a":["list",["object",{"id":"number"}]]}]"#
        );
    }
}
