//! The IDs that the first plan resolved, for the plan during apply: a path may lead to another
//! project by then. Only hosts that pass on private data allow this check; others report an
//! inconsistent plan themselves.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};

use super::unresolved::Unresolved;
use crate::framework::{Attr, Diagnostic, PlanContext, Set};

/// The note with the IDs, by attribute.
const IDS: &str = "ids";

/// The IDs of a plan that are known, by attribute.
#[derive(Debug, Default)]
pub(super) struct PlannedIds {
    ids: Map<String, Json>,
    /// The part of the configuration that has the paths, by attribute, for messages.
    sources: BTreeMap<String, Source>,
}

/// The part of the configuration that IDs were resolved from.
#[derive(Debug)]
enum Source {
    /// One path in this attribute.
    Path { path: String, attribute: &'static str },
    /// All paths in this attribute.
    Set(&'static str),
}

impl PlannedIds {
    /// Adds the ID in an attribute, if it is known. `source` is the attribute that the user writes,
    /// with its value.
    pub(super) fn with(
        self,
        attribute: &str,
        (source, path_or_id): (&'static str, &Attr<String>),
        id: &Attr<i64>,
    ) -> Self {
        let path = path_or_id.known().map_or(source, String::as_str);
        self.with_path(attribute, (source, path), id)
    }

    fn with_path(
        mut self,
        attribute: &str,
        (source, path): (&'static str, &str),
        id: &Attr<i64>,
    ) -> Self {
        let source = Source::Path { path: path.to_owned(), attribute: source };
        self.sources.insert(attribute.to_owned(), source);
        if let Attr::Known(id) = id {
            self.ids.insert(attribute.to_owned(), (*id).into());
        }
        self
    }

    /// Adds the IDs in an attribute, if all are known. `source` is the attribute that has their
    /// paths.
    pub(super) fn with_set(
        mut self,
        attribute: &str,
        source: &'static str,
        ids: &Attr<Set<i64>>,
    ) -> Self {
        self.sources.insert(attribute.to_owned(), Source::Set(source));
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
        attribute: &'static str,
        entries: impl Iterator<Item = (&'e str, &'e Attr<i64>)>,
    ) -> Self {
        entries.fold(self, |planned, (key, id)| {
            planned.with_path(&format!("{attribute}[{key:?}].id"), (attribute, key), id)
        })
    }

    /// Adds the IDs to the notes of a plan. `unresolved` has the paths that aren't found now.
    ///
    /// # Errors
    ///
    /// Fails if the first plan resolved different IDs, or if a path of it isn't found now.
    pub(super) fn note<C>(
        self,
        notes: &mut Map<String, Json>,
        unresolved: &Unresolved,
        context: &PlanContext<'_, C>,
    ) -> Result<(), Diagnostic> {
        let first = context.first_plan.and_then(|first| first.note(IDS)).and_then(Json::as_object);
        for (attribute, planned) in first.into_iter().flatten() {
            let now = self.ids.get(attribute);
            if now != Some(planned) {
                return Err(match self.sources.get(attribute) {
                    Some(Source::Path { path, attribute }) => {
                        path_changed(path, attribute, planned, now)
                    }
                    Some(Source::Set(source)) => set_changed(source, planned, now, unresolved),
                    None => path_changed(attribute, attribute, planned, now),
                });
            }
        }
        notes.insert(IDS.to_owned(), Json::Object(self.ids));
        Ok(())
    }
}

fn path_changed(path: &str, attribute: &str, planned: &Json, now: Option<&Json>) -> Diagnostic {
    let change = match now {
        Some(now) => format!("it has {now} now: it refers to another project or group"),
        None => "it isn't found now: it was deleted, renamed or hidden from the token".to_owned(),
    };
    changed(
        path,
        &format!("`{path}` (`{attribute}`) has the ID {planned} in the plan, but {change}. "),
    )
}

fn set_changed(
    attribute: &'static str,
    planned: &Json,
    now: Option<&Json>,
    unresolved: &Unresolved,
) -> Diagnostic {
    let ids = |ids: &Json| -> BTreeSet<u64> {
        ids.as_array().into_iter().flatten().filter_map(Json::as_u64).collect()
    };
    let list = |ids: BTreeSet<u64>| ids.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    let change = match now {
        Some(now) => {
            let (planned, now) = (ids(planned), ids(now));
            format!(
                "Paths in `{attribute}` have other IDs than in the plan ({} instead of {}): they \
                 refer to other projects or groups. ",
                list(&now - &planned),
                list(&planned - &now)
            )
        }
        None => {
            let lines: String =
                unresolved.texts(attribute).map(|path| format!("  - {path}\n")).collect();
            format!(
                "These paths in `{attribute}` were found for the plan, but aren't now (deleted, \
                 renamed, or hidden from the token):\n\n{lines}\n"
            )
        }
    };
    changed(attribute, &change)
}

/// Returns the error of a plan that isn't up to date. `what` has changed, and the sentences in
/// `change` say how.
fn changed(what: &str, change: &str) -> Diagnostic {
    Diagnostic::new(
        format!("Changed since the plan: {what}"),
        format!("{change}Nothing was changed. Plan again."),
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
            .with("project_id", ("project", &path), &Attr::Known(7))
            .with("target_project_id", ("target_project", &path), &Attr::Unknown)
            .with_set("target_project_ids", "target_projects", &ids(&[3, 2]))
            .with_set("target_group_ids", "target_groups", &unknown);
        assert_eq!(
            Json::Object(noted.ids),
            serde_json::json!({"project_id": 7, "target_project_ids": [2, 3]})
        );
    }
}
