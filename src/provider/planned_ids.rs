//! The IDs that the first plan resolved, for the plan during apply: a path may lead to another
//! project by then. Only hosts that pass on private data allow this check; others report an
//! inconsistent plan themselves.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use crate::framework::{Attr, Diagnostic, PlanContext, Set};

/// The note with the IDs, by attribute.
const IDS: &str = "ids";

/// The IDs of a plan that are known, by attribute.
#[derive(Debug, Default)]
pub(super) struct PlannedIds {
    ids: Map<String, Json>,
    /// The paths that have the IDs, for messages.
    paths: BTreeMap<String, String>,
}

impl PlannedIds {
    /// Adds the ID in an attribute, if it is known. `path_or_id` is what the configuration has for
    /// it.
    pub(super) fn with(self, attribute: &str, path_or_id: &Attr<String>, id: &Attr<i64>) -> Self {
        let path = path_or_id.known().map_or("a path", String::as_str);
        self.with_path(attribute, format!("`{path}`"), id)
    }

    fn with_path(mut self, attribute: &str, path: String, id: &Attr<i64>) -> Self {
        self.paths.insert(attribute.to_owned(), path);
        if let Attr::Known(id) = id {
            self.ids.insert(attribute.to_owned(), (*id).into());
        }
        self
    }

    /// Adds the IDs in an attribute, if all are known. `references` is the attribute that has their
    /// paths.
    pub(super) fn with_set(
        mut self,
        attribute: &str,
        references: &str,
        ids: &Attr<Set<i64>>,
    ) -> Self {
        self.paths.insert(attribute.to_owned(), format!("a path in `{references}`"));
        if let Attr::Known(Set(ids)) = ids {
            let known: Option<Vec<i64>> = ids.iter().map(|id| id.known().copied()).collect();
            if let Some(mut known) = known {
                known.sort_unstable();
                self.ids.insert(attribute.to_owned(), known.into());
            }
        }
        self
    }

    /// Adds the known IDs of a map's elements.
    pub(super) fn with_entries<'e>(
        self,
        attribute: &str,
        entries: impl Iterator<Item = (&'e str, &'e Attr<i64>)>,
    ) -> Self {
        entries.fold(self, |planned, (key, id)| {
            planned.with_path(&format!("{attribute}[{key:?}].id"), format!("`{key}`"), id)
        })
    }

    /// Adds the IDs to the notes of a plan.
    ///
    /// # Errors
    ///
    /// Fails if the first plan resolved different IDs, or if a path of it isn't found now.
    pub(super) fn note<C>(
        self,
        notes: &mut Map<String, Json>,
        context: &PlanContext<'_, C>,
    ) -> Result<(), Diagnostic> {
        let first = context.first_plan.and_then(|first| first.note(IDS)).and_then(Json::as_object);
        for (attribute, planned) in first.into_iter().flatten() {
            let now = self.ids.get(attribute);
            if now != Some(planned) {
                let path = self.paths.get(attribute).map_or("a path", String::as_str);
                return Err(changed(attribute, path, planned, now));
            }
        }
        notes.insert(IDS.to_owned(), Json::Object(self.ids));
        Ok(())
    }
}

fn changed(attribute: &str, path: &str, planned: &Json, now: Option<&Json>) -> Diagnostic {
    let reason = match now {
        Some(now) => format!(
            "but {now} now: {path} refers to another project or group since the plan was made"
        ),
        None => format!(
            "but {path} isn't found now: since the plan was made, it was deleted, renamed or hidden \
             from the token"
        ),
    };
    Diagnostic::new(
        format!("Changed since the plan: {attribute}"),
        format!(
            "`{attribute}` is {planned} in the plan, {reason}. Nothing was changed. Plan again."
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
    fn only_wholly_known_sets_are_recorded() {
        let unknown = Attr::Known(Set(vec![Attr::Known(1), Attr::Unknown]));
        let path = Attr::Known("platform/deploy".to_owned());
        let noted = PlannedIds::default()
            .with("project_id", &path, &Attr::Known(7))
            .with("target_project_id", &path, &Attr::Unknown)
            .with_set("target_project_ids", "target_projects", &ids(&[3, 2]))
            .with_set("target_group_ids", "target_groups", &unknown);
        assert_eq!(
            Json::Object(noted.ids),
            serde_json::json!({"project_id": 7, "target_project_ids": [2, 3]})
        );
    }
}
