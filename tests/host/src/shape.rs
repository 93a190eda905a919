//! Prepares a configuration as hosts do before they send it: every attribute is present, and the
//! proposed state keeps computed values.

use serde_json::{Map, Value};

use crate::tfplugin6::schema::object::NestingMode;
use crate::tfplugin6::{Schema, schema};

/// The attributes of a schema that a host needs to complete objects. Nested blocks aren't
/// supported.
#[derive(Clone, Debug)]
pub struct Shape {
    attributes: Vec<Attribute>,
}

/// The properties of an attribute that a host needs.
#[derive(Debug, Clone)]
struct Attribute {
    name: String,
    computed: bool,
    /// The shape of each object of a map.
    elements: Option<Shape>,
}

impl Shape {
    /// Returns the shape of the objects that a schema describes.
    #[must_use]
    pub fn of(schema: &Schema) -> Self {
        Self::with(schema.block.iter().flat_map(|block| &block.attributes))
    }

    fn with<'a>(attributes: impl Iterator<Item = &'a schema::Attribute>) -> Self {
        let attribute = |attribute: &schema::Attribute| {
            let map = attribute
                .nested_type
                .as_ref()
                .filter(|nested| nested.nesting() == NestingMode::Map);
            Attribute {
                name: attribute.name.clone(),
                computed: attribute.computed,
                elements: map.map(|nested| Self::with(nested.attributes.iter())),
            }
        };
        Self { attributes: attributes.map(attribute).collect() }
    }

    /// Adds null for every attribute that `given` lacks. Attributes missing in the schema stay, for
    /// the provider to reject. Anything but an object is returned unchanged.
    #[must_use]
    pub fn complete(&self, given: Value) -> Value {
        let Value::Object(given) = given else { return given };
        let mut object: Map<_, _> =
            self.attributes.iter().map(|attribute| (attribute.name.clone(), Value::Null)).collect();
        object.extend(given);
        for Attribute { name, elements, .. } in &self.attributes {
            if let (Some(shape), Some(Value::Object(map))) = (elements, object.get_mut(name)) {
                map.values_mut().for_each(|element| *element = shape.complete(element.take()));
            }
        }
        Value::Object(object)
    }

    /// Returns the state that a host proposes: the configuration, with the prior values of computed
    /// attributes that it doesn't set. Elements of maps are matched by key.
    #[must_use]
    pub fn propose(&self, prior: &Value, config: &Value) -> Value {
        let mut proposed = config.clone();
        for Attribute { name, computed, elements } in &self.attributes {
            if *computed && config[name].is_null() && proposed.is_object() {
                proposed[name] = prior[name].clone();
            }
            if let (Some(shape), Some(Value::Object(map))) = (elements, proposed.get_mut(name)) {
                for (key, element) in map {
                    *element = shape.propose(&prior[name][key], element);
                }
            }
        }
        proposed
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shape() -> Shape {
        let attribute =
            |name: &str, computed| Attribute { name: name.to_owned(), computed, elements: None };
        Shape { attributes: vec![attribute("name", false), attribute("id", true)] }
    }

    #[test]
    fn every_attribute_is_present() {
        assert_eq!(shape().complete(json!({"name": "x"})), json!({"name": "x", "id": null}));
        assert_eq!(shape().complete(Value::Null), Value::Null);
    }

    #[test]
    fn map_elements_are_completed_and_proposed_by_key() {
        let map = Attribute { name: "map".to_owned(), computed: false, elements: Some(shape()) };
        let outer = Shape { attributes: vec![map] };
        let config = outer.complete(json!({"map": {"a": {"name": "x"}, "b": {}}}));
        let empty = json!({"name": null, "id": null});
        assert_eq!(config, json!({"map": {"a": {"name": "x", "id": null}, "b": empty}}));
        let prior = json!({"map": {"a": {"name": "x", "id": "7"}}});
        let proposed = outer.propose(&prior, &config);
        assert_eq!(proposed, json!({"map": {"a": {"name": "x", "id": "7"}, "b": empty}}));
    }

    #[test]
    fn computed_value_is_proposed_again_unless_configured() {
        let prior = json!({"name": "old", "id": "7"});
        assert_eq!(
            shape().propose(&prior, &json!({"name": null, "id": null})),
            json!({"name": null, "id": "7"})
        );
        assert_eq!(
            shape().propose(&prior, &json!({"name": "x", "id": "8"})),
            json!({"name": "x", "id": "8"})
        );
        assert_eq!(
            shape().propose(&Value::Null, &json!({"name": "x", "id": null}))["id"],
            Value::Null
        );
        assert_eq!(shape().propose(&prior, &Value::Null), Value::Null);
    }
}
