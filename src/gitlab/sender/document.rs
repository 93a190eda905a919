//! GraphQL documents, and their parts that the schemas of some GitLab versions lack.

use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use super::graphql::GraphqlError;

/// A query or mutation. Values are passed as variables, so they can't change its meaning.
#[derive(Debug, Clone, Copy)]
pub(in crate::gitlab) struct Document {
    /// The operation name, for errors and logs.
    pub(in crate::gitlab) name: &'static str,
    pub(in crate::gitlab) text: &'static str,
    /// The parts that some GitLab versions don't support.
    pub(in crate::gitlab) optional: &'static [Optional],
}

/// A part of a document that is replaced if the schema lacks it. It occurs once in the text.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::gitlab) struct Optional {
    /// The type that lacks the field, or is missing itself.
    pub(in crate::gitlab) ty: &'static str,
    /// The missing field; `None` if the type is missing.
    pub(in crate::gitlab) field: Option<&'static str>,
    pub(in crate::gitlab) text: &'static str,
    pub(in crate::gitlab) instead: &'static str,
}

impl Optional {
    /// Creates a field that is omitted if its type lacks it.
    pub(in crate::gitlab) const fn field(
        ty: &'static str,
        name: &'static str,
        text: &'static str,
    ) -> Self {
        Self { ty, field: Some(name), text, instead: "" }
    }
}

/// The optional parts that the schema is known to lack, learned from error responses.
#[derive(Debug, Default)]
pub(super) struct SchemaGaps(Mutex<Vec<&'static Optional>>);

impl SchemaGaps {
    /// Returns the parts that are known to be missing.
    pub(super) fn known(&self) -> Vec<&'static Optional> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Adds the parts that are missing according to `faults`. Returns whether the request, which
    /// omitted `known`, can be retried without them because it had no other errors.
    pub(super) fn learn(
        &self,
        known: &[&'static Optional],
        optional: &'static [Optional],
        faults: &[GraphqlError],
    ) -> bool {
        let about_the_schema = faults.iter().filter(|fault| fault.is_schema_error());
        let gap =
            |fault: &GraphqlError| optional.iter().find(|optional| fault.reports_missing(optional));
        let Some(found) = about_the_schema.map(gap).collect::<Option<Vec<_>>>() else {
            return false;
        };
        let is_new = found.iter().any(|gap| !known.contains(gap));
        let mut gaps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for gap in found {
            if !gaps.contains(&gap) {
                gaps.push(gap);
            }
        }
        is_new
    }
}

/// Replaces the missing parts of the document in a request body.
pub(super) fn without(
    missing: &[&'static Optional],
    optional: &[Optional],
    mut body: Value,
) -> Value {
    if let Some(Value::String(text)) = body.get_mut("query") {
        for gap in missing.iter().filter(|gap| optional.contains(gap)) {
            *text = text.replacen(gap.text, gap.instead, 1);
        }
    }
    body
}
