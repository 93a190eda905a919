//! The steps of a plan, each a pure function over values, and the rules that Terraform's core holds
//! a plan and an apply to. Core plans twice and compares, so nothing here depends on anything but
//! its arguments.

use super::schema::{Attribute, Nesting, Schema, Shape};
use super::value::{Object, Value};

/// The input of a plan.
#[derive(Debug, Clone)]
pub struct Change<T> {
    /// The state before; `None` for a create.
    pub prior: Option<T>,
    /// The configuration, with the schema's defaults in place of unset attributes; other unset ones
    /// are null.
    pub config: T,
}

/// Returns the configuration with the default of each attribute that it leaves unset.
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

/// Of the attributes that `asked` wants a replacement for, those that change or may change; none
/// for a create. Core refuses to hear of others.
pub(super) fn replacements<'a>(
    prior: Option<&Object>,
    planned: &Object,
    asked: &[&'a str],
) -> Vec<&'a str> {
    let Some(prior) = prior else { return Vec::new() };
    let changes = |name: &&str| planned.get(*name) != prior.get(*name);
    asked.iter().copied().filter(changes).collect()
}

/// The first rule of core's plan check that the plan breaks, in words.
///
/// An attribute is planned as it is configured, or as it was where both are set; one that is not
/// configured is null unless the provider computes it. A map of objects has the keys of the
/// configuration, and each object follows the same rules.
pub(super) fn plan_defect(
    schema: &Schema,
    prior: Option<&Object>,
    config: &Object,
    planned: &Object,
) -> Option<String> {
    schema.attributes.iter().find_map(|attribute| {
        let name = attribute.name;
        let prior = prior.map_or(&Value::Null, |prior| value(prior, name));
        (!follows(attribute, prior, value(config, name), value(planned, name))).then(|| {
            format!("the plan for `{name}` is neither what is configured nor what was before")
        })
    })
}

fn follows(attribute: &Attribute, prior: &Value, config: &Value, planned: &Value) -> bool {
    let keeps_prior = planned == prior && *prior != Value::Null && *config != Value::Null;
    let left_to_us = attribute.computed && *config == Value::Null;
    if planned == config || keeps_prior || left_to_us {
        return true;
    }
    let (Shape::Nested(Nesting::Map, attributes), Value::Map(config), Value::Map(planned)) =
        (&attribute.shape, config, planned)
    else {
        return false;
    };
    let none = Value::Null;
    let before = |key| if let Value::Map(prior) = prior { value(prior, key) } else { &none };
    config.keys().eq(planned.keys())
        && planned
            .iter()
            .all(|(key, planned)| objects_follow(attributes, before(key), &config[key], planned))
}

fn objects_follow(
    attributes: &[Attribute],
    prior: &Value,
    config: &Value,
    planned: &Value,
) -> bool {
    let (Value::Map(config), Value::Map(planned)) = (config, planned) else {
        return planned == config;
    };
    let none = Value::Null;
    attributes.iter().all(|attribute| {
        let name = attribute.name;
        let prior = if let Value::Map(prior) = prior { value(prior, name) } else { &none };
        follows(attribute, prior, value(config, name), value(planned, name))
    })
}

/// The first rule of core's check of an apply that the new state breaks, in words.
///
/// Values that the plan knew stay as planned, and nothing is left unknown.
pub(super) fn apply_defect(schema: &Schema, planned: &Object, applied: &Object) -> Option<String> {
    schema.attributes.iter().find_map(|attribute| {
        let name = attribute.name;
        let (planned, applied) = (value(planned, name), value(applied, name));
        if !applied.is_wholly_known() {
            return Some(format!("`{name}` is still unknown after the apply"));
        }
        (!keeps_promise(planned, applied))
            .then(|| format!("`{name}` is not what the plan promised"))
    })
}

fn keeps_promise(planned: &Value, applied: &Value) -> bool {
    match (planned, applied) {
        (Value::Unknown, _) => true,
        (Value::Set(planned), Value::Set(applied)) => {
            let some_match =
                |value: &Value| applied.iter().any(|applied| keeps_promise(value, applied));
            let some_planned =
                |value: &Value| planned.iter().any(|planned| keeps_promise(planned, value));
            applied.len() <= planned.len()
                && planned.iter().all(some_match)
                && applied.iter().all(some_planned)
        }
        (Value::List(planned), Value::List(applied)) => {
            planned.len() == applied.len()
                && planned
                    .iter()
                    .zip(applied)
                    .all(|(planned, applied)| keeps_promise(planned, applied))
        }
        (Value::Map(planned), Value::Map(applied)) => {
            planned.len() == applied.len()
                && planned.iter().all(|(key, planned)| keeps_promise(planned, value(applied, key)))
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
                .or_default(Value::Bool(true)),
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
    fn defaults_stand_in_for_unset_attributes() {
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
    fn only_what_changes_asks_for_a_replacement() {
        let plan =
            object(&[("project", text("b")), ("kept", text("k")), ("fresh", Value::Unknown)]);
        let asked = ["project", "kept", "fresh"];
        assert_eq!(replacements(Some(&applied()), &plan, &asked), ["project", "fresh"]);
        assert_eq!(replacements(None, &plan, &asked), [""; 0]);
    }

    #[test]
    fn an_invalid_plan_is_found() {
        let config = object(&[("project", text("a"))]);
        let defect = |planned| plan_defect(&schema(), Some(&applied()), &config, &planned);
        assert_eq!(defect(object(&[("project", text("a"))])), None);
        for (name, wrong) in [("project", text("b")), ("note", text("n")), ("project", Value::Null)]
        {
            let planned = object(&[("project", text("a")), (name, wrong)]);
            let told =
                format!("the plan for `{name}` is neither what is configured nor what was before");
            assert_eq!(defect(planned), Some(told));
        }
    }

    #[test]
    fn a_configured_value_may_stay_as_it_was() {
        let config = object(&[("project", text("A"))]);
        assert_eq!(plan_defect(&schema(), Some(&applied()), &config, &applied()), None);
    }

    #[test]
    fn each_object_of_a_map_follows_its_configuration() {
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
        let defect = |planned| plan_defect(&schema, None, &config, &planned);
        assert_eq!(defect(map(&[("a", text("read"), seven())])), None);
        assert_eq!(defect(map(&[("a", text("read"), Value::Unknown)])), None);
        for wrong in [
            map(&[("a", text("admin"), seven())]),
            map(&[("b", text("read"), seven())]),
            map(&[("a", text("read"), seven()), ("b", Value::Null, Value::Null)]),
            map(&[]),
        ] {
            assert!(defect(wrong.clone()).is_some(), "{wrong:?}");
        }
    }

    #[test]
    fn an_apply_that_breaks_its_promise_is_found() {
        let plan = object(&[
            ("project", text("a")),
            ("fresh", Value::Unknown),
            ("ids", Value::set([text("x"), Value::Unknown])),
        ]);
        let applied = |set: &[(&str, Value)]| {
            let mut applied =
                object(&[("project", text("a")), ("ids", Value::set([text("x"), text("y")]))]);
            applied.extend(set.iter().map(|(name, value)| ((*name).into(), value.clone())));
            apply_defect(&schema(), &plan, &applied)
        };
        assert_eq!(applied(&[("fresh", text("f"))]), None);
        assert_eq!(
            applied(&[("fresh", Value::Unknown)]).unwrap(),
            "`fresh` is still unknown after the apply"
        );
        assert_eq!(
            applied(&[("project", text("b"))]).unwrap(),
            "`project` is not what the plan promised"
        );
        assert_eq!(
            applied(&[("kept", text("k"))]).unwrap(),
            "`kept` is not what the plan promised"
        );
        let grown = Value::set([text("x"), text("y"), text("z")]);
        assert_eq!(applied(&[("ids", grown)]).unwrap(), "`ids` is not what the plan promised");
        let vanished = Value::set([text("y"), text("z")]);
        assert_eq!(applied(&[("ids", vanished)]).unwrap(), "`ids` is not what the plan promised");
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

    /// A configuration never sets what is only computed: core sees to that.
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
            prop_assert_eq!(plan_defect(&schema(), prior.as_ref(), &config, &plan), None);
        }
    }
}
