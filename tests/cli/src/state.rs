//! The state as `show -json` prints it.

use std::collections::BTreeMap;

use serde_json::Value;

/// The attributes of each object in the state, by address.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct State(BTreeMap<String, Value>);

impl State {
    pub(crate) fn read(shown: &Value) -> Self {
        let resources = shown["values"]["root_module"]["resources"].as_array();
        let object = |resource: &Value| {
            Some((resource["address"].as_str()?.to_owned(), resource["values"].clone()))
        };
        Self(resources.into_iter().flatten().filter_map(object).collect())
    }

    /// Returns the addresses of all objects, in order.
    #[must_use]
    pub fn addresses(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }

    /// Returns the attributes of an object. Panics if the state doesn't have it.
    #[track_caller]
    #[must_use]
    pub fn of(&self, address: &str) -> &Value {
        match self.0.get(address) {
            Some(attributes) => attributes,
            None => panic!("the state has no {address}, only {:?}", self.addresses()),
        }
    }
}
