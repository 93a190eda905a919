//! The steps of a plan, each a pure function over values, and the rules by which Terraform Core
//! checks a plan and an apply. Core plans twice and compares the results, so the functions depend
//! only on their arguments.

use super::schema::{Attribute, Nesting, Schema, Shape};
use super::value::{Object, Value};

/// The input of a plan.
#[derive(Debug, Clone)]
pub struct Change<T> {
    /// The prior state; `None` for a create.
    pub prior: Option<T>,
    /// The configuration with the defaults of the schema. Other unset attributes are null.
    pub config: T,
}

/// Sets each attribute that the configuration leaves unset to its default.
pub(super) fn with_defaults(schema: &Schema, mut config: Object) -> Object {
    for attribute in &schema.attributes {
        if let Some(default) = &attribute.default
            && *value(&config, attribute.name) == Value::Null
        {
            config.insert(attribute.name.to_owned(), default.clone());
        }
    }
    config
}

/// Filters `attributes` to those that change or may change, none for a create. Core rejects a
/// replacement for an attribute that doesn't change.
pub(super) fn requires_replace<'a>(
    prior: Option<&Object>,
    planned: &Object,
    attributes: &[&'a str],
) -> Vec<&'a str> {
    let Some(prior) = prior else { return Vec::new() };
    let changes = |name: &&str| planned.get(*name) != prior.get(*name);
    attributes.iter().copied().filter(changes).collect()
}

/// Returns the first rule of Core's plan validation that the plan violates.
///
/// A configured attribute is planned with its configured or its prior value. One that isn't
/// configured is null unless it is computed. A map of objects has the keys of the configuration,
/// and the same rules apply to each object.
pub(super) fn plan_violation(
    schema: &Schema,
    prior: Option<&Object>,
    config: &Object,
    planned: &Object,
) -> Option<String> {
    schema.attributes.iter().find_map(|attribute| {
        let name = attribute.name;
        let prior = prior.map_or(&Value::Null, |prior| value(prior, name));
        (!is_valid_plan(attribute, prior, value(config, name), value(planned, name))).then(|| {
            format!("the planned value of `{name}` is neither its configured nor its prior value")
        })
    })
}

fn is_valid_plan(attribute: &Attribute, prior: &Value, config: &Value, planned: &Value) -> bool {
    let keeps_prior = planned == prior && *prior != Value::Null && *config != Value::Null;
    let is_computed = attribute.computed && *config == Value::Null;
    if planned == config || keeps_prior || is_computed {
        return true;
    }
    let (Shape::Nested(Nesting::Map, attributes), Value::Map(config), Value::Map(planned)) =
        (&attribute.shape, config, planned)
    else {
        return false;
    };
    let prior_of =
        |key| if let Value::Map(prior) = prior { value(prior, key) } else { &Value::Null };
    config.keys().eq(planned.keys())
        && planned.iter().all(|(key, planned)| {
            is_valid_object_plan(attributes, prior_of(key), &config[key], planned)
        })
}

fn is_valid_object_plan(
    attributes: &[Attribute],
    prior: &Value,
    config: &Value,
    planned: &Value,
) -> bool {
    let (Value::Map(config), Value::Map(planned)) = (config, planned) else {
        return planned == config;
    };
    attributes.iter().all(|attribute| {
        let name = attribute.name;
        let prior = if let Value::Map(prior) = prior { value(prior, name) } else { &Value::Null };
        is_valid_plan(attribute, prior, value(config, name), value(planned, name))
    })
}

/// Returns the first rule of Core's check of an apply that the new state violates.
///
/// Known planned values must not change, and no value may stay unknown.
pub(super) fn apply_violation(
    schema: &Schema,
    planned: &Object,
    applied: &Object,
) -> Option<String> {
    schema.attributes.iter().find_map(|attribute| {
        let name = attribute.name;
        let (planned, applied) = (value(planned, name), value(applied, name));
        if !applied.is_wholly_known() {
            return Some(format!("`{name}` is still unknown after the apply"));
        }
        (!conforms(planned, applied)).then(|| format!("`{name}` differs from the plan"))
    })
}

/// Returns whether an applied value conforms to the planned one.
fn conforms(planned: &Value, applied: &Value) -> bool {
    match (planned, applied) {
        (Value::Unknown, _) => true,
        (Value::Set(planned), Value::Set(applied)) => {
            let is_applied = |value: &Value| applied.iter().any(|applied| conforms(value, applied));
            let is_planned = |value: &Value| planned.iter().any(|planned| conforms(planned, value));
            applied.len() <= planned.len()
                && planned.iter().all(is_applied)
                && applied.iter().all(is_planned)
        }
        (Value::List(planned), Value::List(applied)) => {
            planned.len() == applied.len()
                && planned.iter().zip(applied).all(|(planned, applied)| conforms(planned, applied))
        }
        (Value::Map(planned), Value::Map(applied)) => {
            planned.len() == applied.len()
                && planned.iter().all(|(key, planned)| conforms(planned, value(applied, key)))
        }
        (planned, applied) => planned == applied,
    }
}

fn value<'a>(object: &'a Object, name: &str) -> &'a Value {
    object.get(name).unwrap_or(&Value::Null)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::framework::codec::strategies::value_of;
    use crate::framework::schema::Attribute;
    use crate::framework::types::Type;

    fn schema() -> Schema {
        let attributes = vec![
            Attribute::required("project", Type::String, "Required."),
            Attribute::optional("note", Type::String, "Optional."),
            Attribute::optional("enabled", Type::Bool, "With a default.")
                .with_default(Value::Bool(true)),
            Attribute::optional("target_id", Type::Number, "Optional and computed.").or_computed(),
            Attribute::computed("kept", Type::String, "Kept by updates."),
            Attribute::computed("fresh", Type::String, "New with every update."),
            Attribute::optional("ids", Type::set(Type::Number), "A set.").or_computed(),
        ];
        Schema { version: 0, description: "A test.", attributes }
    }

    fn object(set: &[(&str, Value)]) -> Object {
        let mut object: Object = schema()
            .attributes
            .iter()
            .map(|attribute| (attribute.name.into(), Value::Null))
            .collect();
        object.extend(set.iter().map(|(name, value)| ((*name).into(), value.clone())));
        object
    }

    fn text(text: &str) -> Value {
        Value::String(text.into())
    }

    fn applied() -> Object {
        object(&[
            ("project", text("a")),
            ("enabled", Value::Bool(true)),
            ("kept", text("k")),
            ("fresh", text("f")),
            ("ids", Value::set([])),
        ])
    }

    #[test]
    fn unset_attributes_get_their_defaults() {
        let unset = object(&[("project", text("a"))]);
        assert_eq!(
            with_defaults(&schema(), unset),
            object(&[("project", text("a")), ("enabled", Value::Bool(true))])
        );
        for set in [Value::Bool(false), Value::Unknown] {
            let config = object(&[("enabled", set)]);
            assert_eq!(with_defaults(&schema(), config.clone()), config);
        }
    }

    #[test]
    fn only_changed_attributes_require_a_replacement() {
        let plan =
            object(&[("project", text("b")), ("kept", text("k")), ("fresh", Value::Unknown)]);
        let attributes = ["project", "kept", "fresh"];
        assert_eq!(requires_replace(Some(&applied()), &plan, &attributes), ["project", "fresh"]);
        assert_eq!(requires_replace(None, &plan, &attributes), [""; 0]);
    }

    #[test]
    fn invalid_plan_is_a_violation() {
        let config = object(&[("project", text("a"))]);
        let violation = |planned| plan_violation(&schema(), Some(&applied()), &config, &planned);
        assert_eq!(violation(object(&[("project", text("a"))])), None);
        for (name, wrong) in [("project", text("b")), ("note", text("n")), ("project", Value::Null)]
        {
            let planned = object(&[("project", text("a")), (name, wrong)]);
            let expected = format!(
                "the planned value of `{name}` is neither its configured nor its prior value"
            );
            assert_eq!(violation(planned), Some(expected));
        }
    }

    #[test]
    fn configured_attribute_may_keep_its_prior_value() {
        let config = object(&[("project", text("A"))]);
        assert_eq!(plan_violation(&schema(), Some(&applied()), &config, &applied()), None);
    }

    #[test]
    fn each_object_of_a_map_is_checked() {
        let inner = vec![
            Attribute::optional("policy", Type::String, "Optional."),
            Attribute::computed("id", Type::Number, "Computed."),
        ];
        let attributes = vec![Attribute::optional_map("entries", inner, "A map.")];
        let schema = Schema { version: 0, description: "A test.", attributes };
        let map = |elements: &[(&str, Value, Value)]| {
            let object = |(key, policy, id): &(&str, Value, Value)| {
                let object = [("policy".to_owned(), policy.clone()), ("id".to_owned(), id.clone())];
                ((*key).to_owned(), Value::Map(Object::from(object)))
            };
            Object::from([(
                "entries".to_owned(),
                Value::Map(elements.iter().map(object).collect()),
            )])
        };
        let seven = || Value::Number(7.into());
        let config = map(&[("a", text("read"), Value::Null)]);
        let violation = |planned| plan_violation(&schema, None, &config, &planned);
        assert_eq!(violation(map(&[("a", text("read"), seven())])), None);
        assert_eq!(violation(map(&[("a", text("read"), Value::Unknown)])), None);
        for wrong in [
            map(&[("a", text("admin"), seven())]),
            map(&[("b", text("read"), seven())]),
            map(&[("a", text("read"), seven()), ("b", Value::Null, Value::Null)]),
            map(&[]),
        ] {
            assert!(violation(wrong.clone()).is_some(), "{wrong:?}");
        }
    }

    #[test]
    fn apply_that_differs_from_its_plan_is_a_violation() {
        let plan = object(&[
            ("project", text("a")),
            ("fresh", Value::Unknown),
            ("ids", Value::set([text("x"), Value::Unknown])),
        ]);
        let applied = |set: &[(&str, Value)]| {
            let mut applied =
                object(&[("project", text("a")), ("ids", Value::set([text("x"), text("y")]))]);
            applied.extend(set.iter().map(|(name, value)| ((*name).into(), value.clone())));
            apply_violation(&schema(), &plan, &applied)
        };
        assert_eq!(applied(&[("fresh", text("f"))]), None);
        assert_eq!(
            applied(&[("fresh", Value::Unknown)]).unwrap(),
            "`fresh` is still unknown after the apply"
        );
        assert_eq!(applied(&[("project", text("b"))]).unwrap(), "`project` differs from the plan");
        assert_eq!(applied(&[("kept", text("k"))]).unwrap(), "`kept` differs from the plan");
        let added = Value::set([text("x"), text("y"), text("z")]);
        assert_eq!(applied(&[("ids", added)]).unwrap(), "`ids` differs from the plan");
        let removed = Value::set([text("y"), text("z")]);
        assert_eq!(applied(&[("ids", removed)]).unwrap(), "`ids` differs from the plan");
    }

    fn any_object(unknowns: bool) -> impl Strategy<Value = Object> {
        value_of(&schema().object_type(), unknowns).prop_filter_map(
            "an object",
            |value| match value {
                Value::Map(object) => Some(object),
                _ => None,
            },
        )
    }

    /// Core rejects a configuration that sets a computed attribute.
    fn any_config() -> impl Strategy<Value = Object> {
        any_object(true).prop_map(|mut config| {
            config.insert("kept".into(), Value::Null);
            config.insert("fresh".into(), Value::Null);
            config
        })
    }

    proptest! {
        #[test]
        fn core_accepts_the_configuration_with_its_defaults(
            prior in prop::option::of(any_object(false)),
            config in any_config(),
        ) {
            let plan = with_defaults(&schema(), config.clone());
            prop_assert_eq!(plan_violation(&schema(), prior.as_ref(), &config, &plan), None);
        }
    }
}
