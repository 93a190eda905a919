//! What a host does to a configuration before a provider sees it: every attribute is there, and the proposed state
//! keeps what the provider chose before.

use serde_json::{Map, Value};

use crate::tfplugin6::Schema;

/// The attributes of a schema, as far as a host needs them to fill objects. Nested blocks are not supported.
#[derive(Clone, Debug)]
pub struct Shape {
    attributes: Vec<(String, bool)>,
}

impl Shape {
    /// The shape of the objects that a schema describes.
    pub fn of(schema: &Schema) -> Self {
        let attributes = schema.block.iter().flat_map(|block| &block.attributes);
        Self {
            attributes: attributes.map(|attribute| (attribute.name.clone(), attribute.computed)).collect(),
        }
    }

    /// The object with null for every attribute that `given` leaves out. Attributes that the schema does not know
    /// stay, for the provider to object to. What is not an object stays as it is.
    pub fn complete(&self, given: Value) -> Value {
        let Value::Object(given) = given else { return given };
        let mut object: Map<_, _> =
            self.attributes.iter().map(|(name, _)| (name.clone(), Value::Null)).collect();
        object.extend(given);
        Value::Object(object)
    }

    /// The state that a host proposes: the configuration, with prior values where the provider may choose and the
    /// configuration is silent.
    pub fn propose(&self, prior: &Value, config: &Value) -> Value {
        let mut proposed = config.clone();
        for (name, computed) in &self.attributes {
            if *computed && config[name].is_null() && proposed.is_object() {
                proposed[name] = prior[name].clone();
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
        Shape { attributes: vec![("name".to_owned(), false), ("id".to_owned(), true)] }
    }

    #[test]
    fn every_attribute_is_there() {
        assert_eq!(shape().complete(json!({"name": "x"})), json!({"name": "x", "id": null}));
        assert_eq!(shape().complete(Value::Null), Value::Null);
    }

    #[test]
    fn what_the_provider_chose_is_proposed_again_unless_the_user_speaks() {
        let prior = json!({"name": "old", "id": "7"});
        assert_eq!(
            shape().propose(&prior, &json!({"name": null, "id": null})),
            json!({"name": null, "id": "7"})
        );
        assert_eq!(
            shape().propose(&prior, &json!({"name": "x", "id": "8"})),
            json!({"name": "x", "id": "8"})
        );
        assert_eq!(shape().propose(&Value::Null, &json!({"name": "x", "id": null}))["id"], Value::Null);
        assert_eq!(shape().propose(&prior, &Value::Null), Value::Null);
    }
}
