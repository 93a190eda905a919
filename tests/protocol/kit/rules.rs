//! Terraform core's rules for providers, implemented independently: a plan must follow from the
//! configuration, a second plan from the first, and an apply from its plan. The resources have no
//! nested blocks and no nested or write-only attributes, so these rules are omitted.

use plugin_host::tfplugin6::Schema;
use serde_json::Value;

use super::types::{Type, is_wholly_known};

/// The rules for the objects of one schema.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    attributes: Vec<Attribute>,
}

#[derive(Clone, Debug)]
struct Attribute {
    name: String,
    ty: Type,
    computed: bool,
}

impl Rules {
    pub(crate) fn of(schema: &Schema) -> Self {
        let attributes = schema.block.iter().flat_map(|block| &block.attributes);
        let attribute = |attribute: &plugin_host::tfplugin6::schema::Attribute| Attribute {
            name: attribute.name.clone(),
            ty: Type::of(attribute),
            computed: attribute.computed,
        };
        Self { attributes: attributes.map(attribute).collect() }
    }

    /// Checks that the object has exactly the attributes of the schema, with values of their types.
    pub(crate) fn shape(&self, object: &Value) -> Vec<String> {
        let Some(values) = object.as_object() else {
            return vec![format!("{object} isn't an object")];
        };
        let mut broken: Vec<String> = self
            .attributes
            .iter()
            .filter(|attribute| {
                !values.get(&attribute.name).is_some_and(|value| attribute.ty.admits(value))
            })
            .map(|attribute| format!("{} is not {:?}", attribute.name, attribute.ty))
            .collect();
        if values.len() > self.attributes.len() {
            broken.push(format!("{object} has attributes that the schema has not"));
        }
        broken
    }

    /// Checks that a host can store the object.
    pub(crate) fn storable(&self, object: &Value) -> Vec<String> {
        let unknown = (!is_wholly_known(object)).then(|| format!("{object} is not wholly known"));
        self.shape(object).into_iter().chain(unknown).collect()
    }

    /// Checks a plan: each attribute has the configured value, or the prior one where both are set.
    /// If it isn't configured, the provider chooses the value of a computed attribute, and any
    /// other is null.
    pub(crate) fn plan(&self, prior: &Value, config: &Value, planned: &Value) -> Vec<String> {
        let mut broken = self.shape(planned);
        for Attribute { name, ty, computed } in &self.attributes {
            let (prior, config, planned) = (&prior[name], &config[name], &planned[name]);
            let as_configured = ty.same(planned, config);
            let as_before = ty.same(planned, prior) && !prior.is_null() && !config.is_null();
            let own_choice = *computed && config.is_null();
            if !(as_configured || as_before || own_choice) {
                broken.push(format!("{name} is planned {planned} for {config}, before {prior}"));
            }
        }
        broken
    }

    /// Checks that the second plan and the apply keep what a plan knew.
    pub(crate) fn kept(&self, earlier: &Value, later: &Value) -> Vec<String> {
        let changed = |attribute: &&Attribute| {
            !attribute.ty.keeps(&earlier[&attribute.name], &later[&attribute.name])
        };
        self.attributes
            .iter()
            .filter(changed)
            .map(|Attribute { name, .. }| {
                format!("{name} was {}, is {}", earlier[name], later[name])
            })
            .collect()
    }

    /// Returns whether both objects are the same.
    pub(crate) fn same(&self, one: &Value, other: &Value) -> bool {
        one.is_null() == other.is_null()
            && self
                .attributes
                .iter()
                .all(|attribute| attribute.ty.same(&one[&attribute.name], &other[&attribute.name]))
    }
}

#[cfg(test)]
mod tests {
    use plugin_host::wire::UNKNOWN;
    use serde_json::json;

    use super::*;

    fn rules() -> Rules {
        let attribute =
            |name: &str, ty, computed| Attribute { name: name.to_owned(), ty, computed };
        Rules {
            attributes: vec![
                attribute("name", Type::String, false),
                attribute("ids", Type::Set(Box::new(Type::Number)), true),
            ],
        }
    }

    #[test]
    fn plan_that_differs_from_the_config_breaks_a_rule() {
        let (null, config) = (json!(null), json!({"name": "a", "ids": null}));
        let prior = json!({"name": "b", "ids": [1]});
        for planned in [json!({"name": "a", "ids": UNKNOWN}), json!({"name": "a", "ids": [2, 1]})] {
            assert!(rules().plan(&null, &config, &planned).is_empty(), "{planned}");
        }
        assert!(rules().plan(&prior, &config, &json!({"name": "b", "ids": [1]})).is_empty());
        for planned in [
            json!({"name": "b", "ids": [1]}),
            json!({"name": UNKNOWN, "ids": [1]}),
            json!({"name": null, "ids": [1]}),
            json!({"name": "a"}),
            json!({"name": "a", "ids": ["1"]}),
            json!({"name": "a", "ids": [], "other": 1}),
        ] {
            assert!(!rules().plan(&null, &config, &planned).is_empty(), "{planned}");
        }
        let unset = json!({"name": null, "ids": [1]});
        assert!(!rules().plan(&prior, &unset, &json!({"name": "b", "ids": [1]})).is_empty());
        assert!(!rules().plan(&null, &json!({"name": "a", "ids": UNKNOWN}), &prior).is_empty());
    }

    #[test]
    fn planned_values_must_not_change() {
        let promise = json!({"name": UNKNOWN, "ids": [1, UNKNOWN]});
        for later in [
            json!({"name": "a", "ids": [2, 1]}),
            json!({"name": null, "ids": [1]}),
            promise.clone(),
        ] {
            assert!(rules().kept(&promise, &later).is_empty(), "{later}");
        }
        for later in [
            json!({"name": "a", "ids": [2, 3]}),
            json!({"name": "a", "ids": [1, 2, 3]}),
            json!({"name": "a", "ids": null}),
            json!({"name": "a", "ids": UNKNOWN}),
        ] {
            assert!(!rules().kept(&promise, &later).is_empty(), "{later}");
        }
        assert!(
            !rules()
                .kept(&json!({"name": null, "ids": []}), &json!({"name": "a", "ids": []}))
                .is_empty()
        );
    }

    #[test]
    fn unknown_values_cannot_be_stored() {
        assert!(rules().storable(&json!({"name": "a", "ids": [1]})).is_empty());
        assert!(!rules().storable(&json!({"name": "a", "ids": [UNKNOWN]})).is_empty());
        assert!(!rules().storable(&json!(null)).is_empty());
    }
}
