//! The names of the supported job token policies, by introspection of the GraphQL schema.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::json;

use crate::gitlab::sender::{Call, Document, Envelope, bounded};

const LIST: Document = Document {
    name: "JobTokenPolicies",
    optional: &[],
    text: "query JobTokenPolicies {
  __type(name: \"CiJobTokenScopePolicies\") {
    enumValues { name }
  }
}
",
};

/// The response to [`list`].
#[derive(Debug, Deserialize)]
pub(in crate::gitlab) struct Listed {
    /// `None` if the schema doesn't have the type.
    #[serde(rename = "__type")]
    ty: Option<Enum>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Enum {
    #[serde(default, deserialize_with = "bounded::optional_list")]
    enum_values: Option<Vec<EnumValue>>,
}

#[derive(Debug, Deserialize)]
struct EnumValue {
    #[serde(deserialize_with = "bounded::text")]
    name: String,
}

/// Creates the query for the policies.
pub(in crate::gitlab) fn list() -> Call<Envelope<Listed>> {
    Call::query(LIST, json!({}))
}

impl Listed {
    /// Returns the names, or `None` if this GitLab version has no policies.
    pub(in crate::gitlab) fn names(self) -> Option<BTreeSet<String>> {
        let values = self.ty?.enum_values?;
        Some(values.into_iter().map(|value| value.name).collect())
    }
}
