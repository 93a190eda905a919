//! GraphQL documents, and the parts of them that not every GitLab's schema has.

use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use super::graphql::Fault;

/// A query or mutation. Its text holds no values, so that no value can change its meaning.
#[derive(Debug, Clone, Copy)]
pub(in crate::gitlab) struct Document {
    /// The operation's name in the text, for errors and logs.
    pub(in crate::gitlab) name: &'static str,
    pub(in crate::gitlab) text: &'static str,
    /// The parts that some versions of GitLab don't have.
    pub(in crate::gitlab) optional: &'static [Optional],
}

/// A part of a document that is replaced where the schema lacks it. Each is there once in the text.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::gitlab) struct Optional {
    /// The type that has no such field, or that can't be used at this place.
    pub(in crate::gitlab) ty: &'static str,
    /// The field that is missing; `None` if the type itself is.
    pub(in crate::gitlab) field: Option<&'static str>,
    pub(in crate::gitlab) text: &'static str,
    pub(in crate::gitlab) instead: &'static str,
}

impl Optional {
    /// Creates a field that is left out where its type lacks it.
    pub(in crate::gitlab) const fn field(
        ty: &'static str,
        name: &'static str,
        text: &'static str,
    ) -> Self {
        Self { ty, field: Some(name), text, instead: "" }
    }
}

/// The optional parts that this GitLab is known to lack, by its own answers.
#[derive(Debug, Default)]
pub(super) struct SchemaGaps(Mutex<Vec<&'static Optional>>);

impl SchemaGaps {
    /// Returns the parts that are known to be missing.
    pub(super) fn known(&self) -> Vec<&'static Optional> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes the parts that these faults say are missing. Returns true if the request, which did
    /// without `known`, can be sent again without them: nothing else is wrong with it.
    pub(super) fn learn(
        &self,
        known: &[&'static Optional],
        optional: &'static [Optional],
        faults: &[Fault],
    ) -> bool {
        let about_the_schema = faults.iter().filter(|fault| fault.is_about_the_schema());
        let gap = |fault: &Fault| optional.iter().find(|optional| fault.says_missing(optional));
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

/// Replaces the missing parts in the text of a request's body.
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
