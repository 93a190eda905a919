//! Names for messages: the path as a practitioner wrote it, with the ID behind.

use std::fmt::Display;

use super::resources::EntryModel;
use crate::framework::Attr;

/// Returns the name of a project: as it is written, with its ID.
pub(super) fn project(path_or_id: &Attr<String>, id: impl Display) -> String {
    with_id(path_or_id, &id.to_string())
}

/// Returns the name of an entry's target, such as `group platform/apps (7)`.
pub(super) fn target(entry: &EntryModel) -> String {
    let kind = entry.target_type.known().map_or("target", String::as_str);
    let (path_or_id, id) = match entry.target_group_id {
        Attr::Known(id) => (&entry.target_group, id.to_string()),
        Attr::Null | Attr::Unknown => (&entry.target_project, known_id(&entry.target_project_id)),
    };
    format!("{kind} {}", with_id(path_or_id, &id))
}

/// Returns the name of an entry, such as `project platform/apps/shop (42) on the allowlist of platform/deploy (99)`.
pub(super) fn entry(entry: &EntryModel) -> String {
    let project = with_id(&entry.project, &known_id(&entry.project_id));
    format!("{} on the allowlist of {project}", target(entry))
}

fn known_id(id: &Attr<i64>) -> String {
    id.known().map_or_else(|| "(known after apply)".to_owned(), i64::to_string)
}

fn with_id(path_or_id: &Attr<String>, id: &str) -> String {
    match path_or_id.known() {
        Some(text) if text != id => format!("{text} ({})", id.trim_matches(['(', ')'])),
        Some(_) | None => id.to_owned(),
    }
}
