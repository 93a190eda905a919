//! Writes schemas as the registry does: lists of attributes by who sets them, nested ones in
//! separate sections. Descriptions come from the schema.

use terraform_provider_gitlab_job_token::framework::{
    Attribute, IdentityAttribute, IdentitySchema, Nesting, Schema, Shape, Type,
};

/// Returns the section of a schema.
pub(super) fn schema(schema: &Schema) -> String {
    let mut text = String::from("## Schema\n");
    for (title, attributes) in by_setter(&schema.attributes) {
        text.push_str(&format!("\n### {title}\n\n{}", list(&attributes, "")));
    }
    nested(&schema.attributes, "", &mut text);
    text
}

/// Returns the section of an identity, under the headings that the registry's tools give it.
pub(super) fn identity(schema: &IdentitySchema) -> String {
    let mut text = String::from("### Identity Schema\n");
    for (title, required) in [("Required", true), ("Optional", false)] {
        let attributes =
            schema.attributes.iter().filter(|attribute| attribute.required == required);
        let lines: String = attributes.map(identity_line).collect();
        if !lines.is_empty() {
            text.push_str(&format!("\n#### {title}\n\n{lines}"));
        }
    }
    text
}

fn identity_line(attribute: &IdentityAttribute) -> String {
    format!("- `{}` ({}) {}\n", attribute.name, of_type(&attribute.ty), attribute.description)
}

/// Returns the attributes in the order of the schema, grouped by who sets them. An optional and
/// computed attribute is optional.
fn by_setter(attributes: &[Attribute]) -> Vec<(&'static str, Vec<&Attribute>)> {
    let titles = ["Required", "Optional", "Read-Only"];
    let set_by = |title| {
        attributes.iter().filter(|attribute| setter(attribute) == title).collect::<Vec<_>>()
    };
    let sections = titles.into_iter().map(|title| (title, set_by(title)));
    sections.filter(|(_, attributes)| !attributes.is_empty()).collect()
}

fn setter(attribute: &Attribute) -> &'static str {
    match attribute {
        Attribute { required: true, .. } => "Required",
        Attribute { optional: true, .. } => "Optional",
        _ => "Read-Only",
    }
}

fn list(attributes: &[&Attribute], parent: &str) -> String {
    attributes.iter().map(|attribute| line(attribute, parent)).collect()
}

fn line(attribute: &Attribute, parent: &str) -> String {
    let mut kind = match &attribute.shape {
        Shape::Plain(ty) => of_type(ty),
        Shape::Nested(Nesting::Single, _) => "Attributes".to_owned(),
        Shape::Nested(Nesting::List, _) => "Attributes List".to_owned(),
        Shape::Nested(Nesting::Map, _) => "Attributes Map".to_owned(),
    };
    if attribute.sensitive {
        kind.push_str(", Sensitive");
    }
    if attribute.deprecated.is_some() {
        kind.push_str(", Deprecated");
    }
    let mut text = format!("- `{}` ({kind}) {}", attribute.name, attribute.description);
    if let Some(reason) = attribute.deprecated {
        text.push_str(&format!(" **Deprecated:** {reason}"));
    }
    if let Shape::Nested(..) = attribute.shape {
        text.push_str(&format!(
            " (see [below for nested schema](#{}))",
            anchor(&path(parent, attribute))
        ));
    }
    text.push('\n');
    text
}

fn nested(attributes: &[Attribute], parent: &str, text: &mut String) {
    for attribute in attributes {
        let Shape::Nested(_, inner) = &attribute.shape else { continue };
        let path = path(parent, attribute);
        text.push_str(&format!(
            "\n<a id=\"{}\"></a>\n### Nested Schema for `{path}`\n",
            anchor(&path)
        ));
        for (title, attributes) in by_setter(inner) {
            text.push_str(&format!("\n{title}:\n\n{}", list(&attributes, &path)));
        }
        nested(inner, &path, text);
    }
}

fn path(parent: &str, attribute: &Attribute) -> String {
    if parent.is_empty() {
        attribute.name.to_owned()
    } else {
        format!("{parent}.{}", attribute.name)
    }
}

/// Returns an anchor for nested attributes in the registry's form, so that external links keep
/// working.
fn anchor(path: &str) -> String {
    format!("nestedatt--{}", path.replace('.', "--"))
}

/// Returns a type as the registry's pages name it.
fn of_type(ty: &Type) -> String {
    match ty {
        Type::Bool => "Boolean".to_owned(),
        Type::Number => "Number".to_owned(),
        Type::String => "String".to_owned(),
        Type::List(element) => format!("List of {}", of_type(element)),
        Type::Set(element) => format!("Set of {}", of_type(element)),
        Type::Map(element) => format!("Map of {}", of_type(element)),
        Type::Object(_) => "Object".to_owned(),
    }
}
