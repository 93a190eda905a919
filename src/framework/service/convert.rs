//! Conversions between the protobuf messages and the framework's types.

use crate::bindings::tfplugin6 as pb;
use crate::framework::codec::{json, msgpack};
use crate::framework::credentials::without_credentials;
use crate::framework::diagnostics::{Diagnostic, Errors};
use crate::framework::identity::IdentitySchema;
use crate::framework::path::{AttributePath, Step};
use crate::framework::schema::{Attribute, Nesting, Schema, Shape};
use crate::framework::types::Type;
use crate::framework::value::{Object, Value};
use pb::attribute_path::step::Selector;
use pb::diagnostic::Severity;
use pb::schema::object::NestingMode;

/// Decodes an object. Returns `None` for null, which hosts also send as an absent or empty message.
pub(super) fn object(
    subject: &str,
    message: Option<pb::DynamicValue>,
    ty: &Type,
) -> Result<Option<Object>, Errors> {
    let Some(message) = message else { return Ok(None) };
    let value = match (message.msgpack.as_slice(), message.json.as_slice()) {
        ([], []) => return Ok(None),
        ([], text) => json::decode(text, ty),
        (bytes, _) => msgpack::decode(bytes, ty),
    };
    match value {
        Ok(Value::Map(object)) => Ok(Some(object)),
        Ok(Value::Null) => Ok(None),
        Ok(_) => Err(unreadable(subject, "the whole object is unknown")),
        Err(error) => Err(unreadable(subject, error)),
    }
}

/// Decodes an object that the protocol doesn't allow to be null.
pub(super) fn required_object(
    subject: &str,
    message: Option<pb::DynamicValue>,
    ty: &Type,
) -> Result<Object, Errors> {
    object(subject, message, ty)?.ok_or_else(|| unreadable(subject, "it is null"))
}

fn unreadable(subject: &str, reason: impl std::fmt::Display) -> Errors {
    Diagnostic::provider_bug(
        "Unreadable value from Terraform",
        format!("The {subject} from Terraform doesn't match the schema: {reason}."),
    )
    .into()
}

/// Encodes an object, or null.
pub(super) fn dynamic_value(object: Option<Object>) -> pb::DynamicValue {
    let value = object.map_or(Value::Null, Value::Map);
    pb::DynamicValue { msgpack: msgpack::encode(&value), json: Vec::new() }
}

pub(super) fn error(diagnostic: Diagnostic) -> pb::Diagnostic {
    diagnostic_message(diagnostic, Severity::Error)
}

pub(super) fn warning(diagnostic: Diagnostic) -> pb::Diagnostic {
    diagnostic_message(diagnostic, Severity::Warning)
}

fn diagnostic_message(diagnostic: Diagnostic, severity: Severity) -> pb::Diagnostic {
    pb::Diagnostic {
        severity: severity.into(),
        summary: sanitized(&without_credentials(&diagnostic.summary), false),
        detail: sanitized(&without_credentials(&diagnostic.detail), true),
        attribute: diagnostic.attribute.as_ref().map(path),
    }
}

/// Replaces control characters and characters that change the text direction. Messages can contain
/// text from servers.
fn sanitized(text: &str, multiline: bool) -> String {
    let is_allowed = |c: char| !is_unprintable(c) || c == '\n' && multiline;
    if text.chars().all(is_allowed) {
        return text.to_owned();
    }
    text.chars().map(|c| if is_allowed(c) { c } else { '\u{fffd}' }).collect()
}

fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
}

pub(super) fn path(path: &AttributePath) -> pb::AttributePath {
    let steps = path.steps().iter().map(|step| {
        let selector = match step {
            Step::Attribute(name) => Selector::AttributeName(name.clone()),
            Step::Key(key) => Selector::ElementKeyString(key.clone()),
            Step::Index(index) => Selector::ElementKeyInt(*index),
        };
        pb::attribute_path::Step { selector: Some(selector) }
    });
    pb::AttributePath { steps: steps.collect() }
}

/// Returns a deferral because of the unknown provider configuration, if the host supports it.
pub(super) fn deferral(client: Option<pb::ClientCapabilities>) -> Option<pb::Deferred> {
    let allowed = client.is_some_and(|client| client.deferral_allowed);
    allowed.then(|| pb::Deferred { reason: pb::deferred::Reason::ProviderConfigUnknown.into() })
}

pub(super) fn schema(schema: &Schema) -> pb::Schema {
    let block = pb::schema::Block {
        attributes: schema.attributes.iter().map(attribute).collect(),
        description: schema.description.to_owned(),
        description_kind: pb::StringKind::Markdown.into(),
        ..Default::default()
    };
    pb::Schema { version: schema.version, block: Some(block) }
}

fn attribute(attribute: &Attribute) -> pb::schema::Attribute {
    let (ty, nested_type) = match &attribute.shape {
        Shape::Plain(ty) => (ty.to_json().to_string().into_bytes(), None),
        Shape::Nested(nesting, attributes) => (Vec::new(), Some(nested(*nesting, attributes))),
    };
    pb::schema::Attribute {
        name: attribute.name.to_owned(),
        r#type: ty,
        nested_type,
        description: attribute.description.to_owned(),
        description_kind: pb::StringKind::Markdown.into(),
        required: attribute.required,
        optional: attribute.optional,
        computed: attribute.computed,
        sensitive: attribute.sensitive,
        deprecated: attribute.deprecated.is_some(),
        deprecation_message: attribute.deprecated.unwrap_or_default().to_owned(),
        ..Default::default()
    }
}

pub(super) fn identity_schema(schema: &IdentitySchema) -> pb::ResourceIdentitySchema {
    let attributes =
        schema.attributes.iter().map(|attribute| pb::resource_identity_schema::IdentityAttribute {
            name: attribute.name.to_owned(),
            r#type: attribute.ty.to_json().to_string().into_bytes(),
            required_for_import: attribute.required,
            optional_for_import: !attribute.required,
            description: attribute.description.to_owned(),
        });
    pb::ResourceIdentitySchema {
        version: schema.version,
        identity_attributes: attributes.collect(),
    }
}

fn nested(nesting: Nesting, attributes: &[Attribute]) -> pb::schema::Object {
    let mode = match nesting {
        Nesting::Single => NestingMode::Single,
        Nesting::List => NestingMode::List,
        Nesting::Map => NestingMode::Map,
    };
    pb::schema::Object {
        attributes: attributes.iter().map(attribute).collect(),
        nesting: mode.into(),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn ty() -> Type {
        Type::Object(BTreeMap::from([("a".into(), Type::Bool)]))
    }

    #[test]
    fn control_characters_are_replaced() {
        let message = warning(Diagnostic::new("a\nb\u{1b}[31m", "c\nd\u{202e}\te"));
        assert_eq!(
            (message.summary.as_str(), message.detail.as_str()),
            ("a\u{fffd}b\u{fffd}[31m", "c\nd\u{fffd}\u{fffd}e")
        );
    }

    fn message(msgpack: &[u8], json: &[u8]) -> Option<pb::DynamicValue> {
        Some(pb::DynamicValue { msgpack: msgpack.to_vec(), json: json.to_vec() })
    }

    #[test]
    fn all_encodings_of_null_are_none() {
        for null in [None, message(b"", b""), message(b"\xc0", b""), message(b"", b"null")] {
            assert_eq!(object("plan", null, &ty()), Ok(None));
        }
    }

    #[test]
    fn both_encodings_are_decoded() {
        let expected = Object::from([("a".into(), Value::Bool(true))]);
        for sent in [message(b"\x81\xa1a\xc3", b""), message(b"", br#"{"a":true}"#)] {
            assert_eq!(object("plan", sent, &ty()), Ok(Some(expected.clone())));
        }
    }

    #[test]
    fn unreadable_value_is_an_error() {
        let errors =
            required_object("planned state", message(b"\xd4\x00\x00", b""), &ty()).unwrap_err();
        assert_eq!(
            errors.as_slice()[0].detail,
            "The planned state from Terraform doesn't match the schema: the whole object is \
             unknown.\n\n\
             This is a bug in the provider. Please report it with the text above."
        );
        assert!(required_object("planned state", None, &ty()).is_err());
    }

    #[test]
    fn diagnostic_keeps_its_path() {
        let path = AttributePath::attribute("a")
            .with_step(Step::Index(1))
            .with_step(Step::Key("k".into()));
        let message = warning(Diagnostic::new("s", "d").at_path(path));
        assert_eq!(message.severity(), Severity::Warning);
        let selectors: Vec<_> = message
            .attribute
            .unwrap()
            .steps
            .into_iter()
            .map(|step| step.selector.unwrap())
            .collect();
        assert_eq!(
            selectors,
            [
                Selector::AttributeName("a".into()),
                Selector::ElementKeyInt(1),
                Selector::ElementKeyString("k".into()),
            ]
        );
        assert_eq!(error(Diagnostic::new("s", "d")).attribute, None);
    }
}
