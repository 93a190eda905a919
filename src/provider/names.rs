//! Display names for messages: the path as the user wrote it, with the ID after it.

use std::fmt::Display;

use super::resources::EntryModel;
use crate::framework::Attr;
use crate::gitlab::Id;

/// Returns the display name of a project: the path or ID as written, with the ID.
pub(super) fn project(path_or_id: &Attr<String>, id: impl Display) -> String {
    with_id(path_or_id, &id.to_string())
}

/// Returns the display name of a project or group whose path may be known, without the kind.
pub(super) fn known(path: Option<&str>, id: impl Display) -> String {
    path.map_or_else(|| id.to_string(), |path| format!("{path} ({id})"))
}

/// Returns the display name of a project or group that is written as `text`, such as `group
/// platform/apps (7)`.
pub(super) fn of<I: Id>(id: I, text: &str) -> String {
    if text == id.to_string() {
        format!("{} {id}", I::KIND)
    } else {
        format!("{} {text} ({id})", I::KIND)
    }
}

/// Returns the display name of an entry's target, such as `group platform/apps (7)`.
pub(super) fn target(entry: &EntryModel) -> String {
    let kind = entry.target_type.known().map_or("target", String::as_str);
    let is_group = entry.target_group_id.known().is_some() || entry.target_group.known().is_some();
    let (path_or_id, id) = match is_group {
        true => (&entry.target_group, &entry.target_group_id),
        false => (&entry.target_project, &entry.target_project_id),
    };
    let id = known_id(id);
    format!("{kind} {}", with_id(path_or_id, &id))
}

/// Returns the display name of an entry, such as `project apps/shop (42) on the allowlist of
/// project platform/deploy (99)`.
pub(super) fn entry(entry: &EntryModel) -> String {
    format!("{} on the allowlist of project {}", target(entry), project_of(entry))
}

/// Returns the short display name of an entry for titles, such as `apps/shop on platform/deploy`.
pub(super) fn short_entry(entry: &EntryModel) -> String {
    on(&target(entry), &project_of(entry))
}

/// As [`short_entry`], from the display names of the target and the project.
pub(super) fn on(target: &str, project: &str) -> String {
    format!("{} on {}", short(target), short(&format!("project {project}")))
}

/// Returns only the path in a display name, which is as clear as both; the name if it has none.
pub(super) fn short(name: &str) -> &str {
    match name.rsplit_once(" (") {
        Some((path, _)) => path.split_once(' ').map_or(path, |(_, path)| path),
        None => name,
    }
}

/// Returns the display name of a project with an entry for itself: as the target is written, unless
/// only the project is written as a path.
pub(super) fn own(entry: &EntryModel) -> String {
    with_path(target(entry), format!("project {}", project_of(entry)))
}

/// Returns the name that has the path, of two names of the same object; the first if neither has
/// it.
pub(super) fn with_path(name: String, other: String) -> String {
    let has_path = |name: &str| name.ends_with(')');
    if has_path(&other) && !has_path(&name) { other } else { name }
}

/// Returns the display name of an entry's project.
pub(super) fn project_of(entry: &EntryModel) -> String {
    with_id(&entry.project, &known_id(&entry.project_id))
}

/// Returns the text with its first letter in upper case.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn known_id(id: &Attr<i64>) -> String {
    id.known().map_or_else(|| "(known after apply)".to_owned(), i64::to_string)
}

fn with_id(path_or_id: &Attr<String>, id: &str) -> String {
    match path_or_id.known() {
        Some(text) if id.is_empty() => text.clone(),
        Some(text) if text != id => format!("{text} ({})", id.trim_matches(['(', ')'])),
        Some(_) | None => id.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gitlab::{ProjectId, Target};

    #[test]
    fn titles_have_known_paths() {
        for (target, project, title) in [
            ("group apps (7)", "platform/deploy (99)", "apps on platform/deploy"),
            ("group 7", "platform/deploy (99)", "group 7 on platform/deploy"),
            ("project apps/shop (42)", "99", "apps/shop on project 99"),
            ("project apps/shop (known after apply)", "99", "apps/shop on project 99"),
        ] {
            assert_eq!(on(target, project), title);
        }
    }

    #[test]
    fn entry_for_the_project_itself_has_the_configured_path() {
        let own = |project: &str, target: Option<&str>| {
            let known = |text: &str| Attr::Known(text.to_owned());
            let entry = EntryModel {
                project: known(project),
                target_project: target.map_or(Attr::Null, known),
                ..EntryModel::default()
            };
            let id = ProjectId::try_from(99_i64).unwrap();
            own(&entry.with_ids(id, Target::Project(id)))
        };
        let deploy = "project platform/deploy (99)";
        assert_eq!(own("99", Some("platform/deploy")), deploy);
        assert_eq!(own("platform/deploy", None), deploy);
        assert_eq!(own("PLATFORM/deploy", Some("platform/deploy")), deploy);
        assert_eq!(own("99", None), "project 99");
    }
}
