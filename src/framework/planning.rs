//! The steps of a plan, each a pure function over values, and the rules that Terraform's core holds a plan and
//! an apply to. Core plans twice and compares, so nothing here depends on anything but its arguments.

use super::schema::{Attribute, Schema};
use super::value::{Object, Value};

/// What a plan is made from.
#[derive(Debug, Clone)]
pub struct Change<T> {
    /// The state before; `None` for a create.
    pub prior: Option<T>,
    /// What the practitioner wrote; unset attributes are null.
    pub config: T,
    /// The plan so far.
    pub proposed: T,
}

/// Plans the default of each attribute that the configuration leaves unset.
pub(super) fn fill_defaults(schema: &Schema, change: &mut Change<Object>) {
    for attribute in &schema.attributes {
        if let Some(default) = &attribute.default
            && is_null(&change.config, attribute.name)
        {
            change.proposed.insert(attribute.name.to_owned(), default.clone());
        }
    }
}

/// Where anything changes, marks what the provider computes as unknown, or as what it was where the schema says
/// that an update keeps it. Core proposes the prior value instead, which would promise that nothing changes.
pub(super) fn mark_computed(schema: &Schema, change: &mut Change<Object>) {
    if change.prior.as_ref() == Some(&change.proposed) {
        return;
    }
    for attribute in schema.attributes.iter().filter(|attribute| is_left_to_us(attribute, &change.config)) {
        let prior = change.prior.as_ref().and_then(|prior| prior.get(attribute.name));
        let planned = match prior {
            Some(prior) if attribute.keeps_state && *prior != Value::Null => prior.clone(),
            _ => Value::Unknown,
        };
        change.proposed.insert(attribute.name.to_owned(), planned);
    }
}

fn is_left_to_us(attribute: &Attribute, config: &Object) -> bool {
    attribute.computed && attribute.default.is_none() && is_null(config, attribute.name)
}

/// Of the attributes that `asked` wants a replacement for, those that change or may change; none for a create.
/// Core refuses to hear of others.
pub(super) fn replacements<'a>(prior: Option<&Object>, planned: &Object, asked: &[&'a str]) -> Vec<&'a str> {
    let Some(prior) = prior else { return Vec::new() };
    let changes = |name: &&str| planned.get(*name) != prior.get(*name);
    asked.iter().copied().filter(changes).collect()
}

/// The first rule of core's plan check that the plan breaks, in words.
///
/// An attribute is planned as it is configured, or as it was where both are set; one that is not configured is
/// null unless the provider computes it.
pub(super) fn plan_defect(
    schema: &Schema,
    prior: Option<&Object>,
    config: &Object,
    planned: &Object,
) -> Option<String> {
    schema.attributes.iter().find_map(|attribute| {
        let name = attribute.name;
        let (config, planned) = (value(config, name), value(planned, name));
        let prior = prior.map_or(&Value::Null, |prior| value(prior, name));
        let keeps_prior = planned == prior && *prior != Value::Null && *config != Value::Null;
        let left_to_us = attribute.computed && *config == Value::Null;
        (planned != config && !keeps_prior && !left_to_us)
            .then(|| format!("the plan for `{name}` is neither what is configured nor what was before"))
    })
}

/// The first rule of core's check of an apply that the new state breaks, in words.
///
/// What the plan knew stays as planned, and nothing is left unknown.
pub(super) fn apply_defect(schema: &Schema, planned: &Object, applied: &Object) -> Option<String> {
    schema.attributes.iter().find_map(|attribute| {
        let name = attribute.name;
        let (planned, applied) = (value(planned, name), value(applied, name));
        if !applied.is_wholly_known() {
            return Some(format!("`{name}` is still unknown after the apply"));
        }
        (!keeps_promise(planned, applied)).then(|| format!("`{name}` is not what the plan promised"))
    })
}

fn keeps_promise(planned: &Value, applied: &Value) -> bool {
    match (planned, applied) {
        (Value::Unknown, _) => true,
        (Value::Set(planned), Value::Set(applied)) => {
            let some_match = |value: &Value| applied.iter().any(|applied| keeps_promise(value, applied));
            let some_planned = |value: &Value| planned.iter().any(|planned| keeps_promise(planned, value));
            applied.len() <= planned.len()
                && planned.iter().all(some_match)
                && applied.iter().all(some_planned)
        }
        (Value::List(planned), Value::List(applied)) => {
            planned.len() == applied.len()
                && planned.iter().zip(applied).all(|(planned, applied)| keeps_promise(planned, applied))
        }
        (Value::Map(planned), Value::Map(applied)) => {
            planned.len() == applied.len()
                && planned.iter().all(|(key, planned)| keeps_promise(planned, value(applied, key)))
        }
        (planned, applied) => planned == applied,
    }
}

fn is_null(object: &Object, name: &str) -> bool {
    *value(object, name) == Value::Null
}

fn value<'a>(object: &'a Object, name: &str) -> &'a Value {
    object.get(name).unwrap_or(&Value::Null)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::framework::codec::strategies::value_of;
    use crate::framework::types::Type;

    fn schema() -> Schema {
        let attributes = vec![
            Attribute::required("project", Type::String, "Required."),
            Attribute::optional("note", Type::String, "Optional."),
            Attribute::optional("enabled", Type::Bool, "With a default.").or_default(Value::Bool(true)),
            Attribute::optional("target_id", Type::Number, "Optional and computed.").or_computed(),
            Attribute::computed("kept", Type::String, "Kept by updates.").keeps_state(),
            Attribute::computed("fresh", Type::String, "New with every update."),
            Attribute::optional("ids", Type::set(Type::Number), "A set.").or_computed(),
        ];
        Schema { version: 0, description: "A test.", attributes }
    }

    /// What core proposes: the configuration, with the prior value where a computed attribute is unset.
    fn as_core_proposes(prior: Option<Object>, config: Object) -> Change<Object> {
        let mut proposed = config.clone();
        for attribute in schema().attributes.iter().filter(|attribute| attribute.computed) {
            if let Some(prior) = &prior
                && is_null(&config, attribute.name)
            {
                proposed.insert(attribute.name.into(), value(prior, attribute.name).clone());
            }
        }
        Change { prior, config, proposed }
    }

    fn planned(prior: Option<Object>, config: Object) -> Object {
        let mut change = as_core_proposes(prior, config);
        fill_defaults(&schema(), &mut change);
        mark_computed(&schema(), &mut change);
        change.proposed
    }

    fn object(set: &[(&str, Value)]) -> Object {
        let mut object: Object =
            schema().attributes.iter().map(|attribute| (attribute.name.into(), Value::Null)).collect();
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
    fn a_create_plans_defaults_and_leaves_the_rest_to_be_known() {
        let plan = planned(None, object(&[("project", text("a"))]));
        let expected = object(&[
            ("project", text("a")),
            ("enabled", Value::Bool(true)),
            ("target_id", Value::Unknown),
            ("kept", Value::Unknown),
            ("fresh", Value::Unknown),
            ("ids", Value::Unknown),
        ]);
        assert_eq!(plan, expected);
    }

    #[test]
    fn nothing_changes_where_nothing_was_changed() {
        assert_eq!(planned(Some(applied()), object(&[("project", text("a"))])), applied());
    }

    #[test]
    fn an_update_keeps_what_it_never_changes() {
        let plan =
            planned(Some(applied()), object(&[("project", text("a")), ("enabled", Value::Bool(false))]));
        assert_eq!(plan["kept"], text("k"));
        assert_eq!(plan["fresh"], Value::Unknown);
        assert_eq!(plan["enabled"], Value::Bool(false));
    }

    #[test]
    fn an_attribute_taken_out_of_the_configuration_returns_to_its_default() {
        let prior = object(&[("project", text("a")), ("enabled", Value::Bool(false))]);
        assert_eq!(planned(Some(prior), object(&[("project", text("a"))]))["enabled"], Value::Bool(true));
    }

    #[test]
    fn only_what_changes_asks_for_a_replacement() {
        let plan = object(&[("project", text("b")), ("kept", text("k")), ("fresh", Value::Unknown)]);
        let asked = ["project", "kept", "fresh"];
        assert_eq!(replacements(Some(&applied()), &plan, &asked), ["project", "fresh"]);
        assert_eq!(replacements(None, &plan, &asked), [""; 0]);
    }

    #[test]
    fn an_invalid_plan_is_found() {
        let config = object(&[("project", text("a"))]);
        let defect = |planned| plan_defect(&schema(), Some(&applied()), &config, &planned);
        assert_eq!(defect(object(&[("project", text("a"))])), None);
        for (name, wrong) in [("project", text("b")), ("note", text("n")), ("project", Value::Null)] {
            let planned = object(&[("project", text("a")), (name, wrong)]);
            let told = format!("the plan for `{name}` is neither what is configured nor what was before");
            assert_eq!(defect(planned), Some(told));
        }
    }

    #[test]
    fn a_configured_value_may_stay_as_it_was() {
        let config = object(&[("project", text("A"))]);
        assert_eq!(plan_defect(&schema(), Some(&applied()), &config, &applied()), None);
    }

    #[test]
    fn an_apply_that_breaks_its_promise_is_found() {
        let plan = object(&[
            ("project", text("a")),
            ("fresh", Value::Unknown),
            ("ids", Value::set([text("x"), Value::Unknown])),
        ]);
        let applied = |set: &[(&str, Value)]| {
            let mut applied = object(&[("project", text("a")), ("ids", Value::set([text("x"), text("y")]))]);
            applied.extend(set.iter().map(|(name, value)| ((*name).into(), value.clone())));
            apply_defect(&schema(), &plan, &applied)
        };
        assert_eq!(applied(&[("fresh", text("f"))]), None);
        assert_eq!(
            applied(&[("fresh", Value::Unknown)]).unwrap(),
            "`fresh` is still unknown after the apply"
        );
        assert_eq!(applied(&[("project", text("b"))]).unwrap(), "`project` is not what the plan promised");
        assert_eq!(applied(&[("kept", text("k"))]).unwrap(), "`kept` is not what the plan promised");
        let grown = Value::set([text("x"), text("y"), text("z")]);
        assert_eq!(applied(&[("ids", grown)]).unwrap(), "`ids` is not what the plan promised");
        let vanished = Value::set([text("y"), text("z")]);
        assert_eq!(applied(&[("ids", vanished)]).unwrap(), "`ids` is not what the plan promised");
    }

    fn any_object(unknowns: bool) -> impl Strategy<Value = Object> {
        value_of(&schema().object_type(), unknowns).prop_filter_map("an object", |value| match value {
            Value::Map(object) => Some(object),
            _ => None,
        })
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
        fn any_plan_is_one_that_core_accepts(
            prior in prop::option::of(any_object(false)),
            config in any_config(),
        ) {
            let plan = planned(prior.clone(), config.clone());
            prop_assert_eq!(plan_defect(&schema(), prior.as_ref(), &config, &plan), None);
        }

        #[test]
        fn a_plan_of_a_plan_is_the_same(prior in any_object(false), config in any_config()) {
            let once = planned(Some(prior.clone()), config.clone());
            prop_assert_eq!(planned(Some(prior), config), once);
        }

        #[test]
        fn an_applied_plan_plans_clean(config in any_object(false).prop_map(|mut config| {
            config.insert("kept".into(), Value::Null);
            config.insert("fresh".into(), Value::Null);
            config
        })) {
            let mut applied = planned(None, config.clone());
            for value in applied.values_mut().filter(|value| !value.is_wholly_known()) {
                *value = Value::Null;
            }
            prop_assert_eq!(planned(Some(applied.clone()), config), applied);
        }
    }
}
