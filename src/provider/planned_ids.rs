//! The IDs that the first plan resolved, for the plan during apply: a path may lead to another
//! project by then. Only hosts that pass on private data allow this check; others report an
//! inconsistent plan themselves.

use serde_json::{Map, Value as Json};

use crate::framework::{Attr, Diagnostic, PlanContext, Set};

/// The note with the IDs, by attribute.
const IDS: &str = "ids";

/// The IDs of a plan that are known, by attribute.
#[derive(Debug, Default)]
pub(super) struct PlannedIds(Map<String, Json>);

impl PlannedIds {
    /// Adds the ID in an attribute, if it is known.
    pub(super) fn with(mut self, attribute: &str, id: &Attr<i64>) -> Self {
        if let Attr::Known(id) = id {
            self.0.insert(attribute.to_owned(), (*id).into());
        }
        self
    }

    /// Adds the IDs in an attribute, if all are known.
    pub(super) fn with_set(mut self, attribute: &str, ids: &Attr<Set<i64>>) -> Self {
        if let Attr::Known(Set(ids)) = ids {
            let known: Option<Vec<i64>> = ids.iter().map(|id| id.known().copied()).collect();
            if let Some(mut known) = known {
                known.sort_unstable();
                self.0.insert(attribute.to_owned(), known.into());
            }
        }
        self
    }

    /// Adds the known IDs of a map's elements.
    pub(super) fn with_entries<'e>(
        mut self,
        attribute: &str,
        entries: impl Iterator<Item = (&'e str, &'e Attr<i64>)>,
    ) -> Self {
        for (key, id) in entries {
            self = self.with(&format!("{attribute}[{key:?}].id"), id);
        }
        self
    }

    /// Adds the IDs to the notes of a plan.
    ///
    /// # Errors
    ///
    /// Fails if the first plan resolved different IDs.
    pub(super) fn note<C>(
        self,
        notes: &mut Map<String, Json>,
        context: &PlanContext<'_, C>,
    ) -> Result<(), Diagnostic> {
        let first = context.first_plan.and_then(|first| first.note(IDS)).and_then(Json::as_object);
        for (attribute, planned) in first.into_iter().flatten() {
            if let Some(now) = self.0.get(attribute).filter(|now| *now != planned) {
                return Err(changed(attribute, planned, now));
            }
        }
        notes.insert(IDS.to_owned(), Json::Object(self.0));
        Ok(())
    }
}

fn changed(attribute: &str, planned: &Json, now: &Json) -> Diagnostic {
    Diagnostic::new(
        format!("Changed since the plan: {attribute}"),
        format!(
            "`{attribute}` is {planned} in the plan, but {now} now: a path refers to another \
             project or group in GitLab since the plan was made. Nothing was changed. Plan again."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(ids: &[i64]) -> Attr<Set<i64>> {
        Attr::Known(Set(ids.iter().copied().map(Attr::Known).collect()))
    }

    #[test]
    fn only_wholly_known_sets_are_noted() {
        let unknown = Attr::Known(Set(vec![Attr::Known(1), Attr::Unknown]));
        let PlannedIds(noted) = PlannedIds::default()
            .with("project_id", &Attr::Known(7))
            .with("target_project_id", &Attr::Unknown)
            .with_set("target_project_ids", &ids(&[3, 2]))
            .with_set("target_group_ids", &unknown);
        assert_eq!(
            Json::Object(noted),
            serde_json::json!({"project_id": 7, "target_project_ids": [2, 3]})
        );
    }
}
