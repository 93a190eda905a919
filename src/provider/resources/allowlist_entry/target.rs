//! The four target attributes, and the check that exactly one is set.

use super::{EntryModel, own};
use crate::framework::{Attr, Diagnostic, listed};
use crate::gitlab::{Kind, same_path};
use crate::provider::project::is_mocked_id;

const ATTRIBUTES: &str =
    "`target_project`, `target_project_id`, `target_group` and `target_group_id`";

/// The two attributes for a target of one kind.
#[derive(Clone, Copy)]
pub(super) struct Side<'a> {
    pub(super) reference_attribute: &'static str,
    pub(super) path_or_id: &'a Attr<String>,
    pub(super) id_attribute: &'static str,
    pub(super) id: &'a Attr<i64>,
}

impl Side<'_> {
    /// Returns the attributes of that kind.
    pub(super) fn of(entry: &EntryModel, kind: Kind) -> Side<'_> {
        match kind {
            Kind::Project => Side {
                reference_attribute: "target_project",
                path_or_id: &entry.target_project,
                id_attribute: "target_project_id",
                id: &entry.target_project_id,
            },
            Kind::Group => Side {
                reference_attribute: "target_group",
                path_or_id: &entry.target_group,
                id_attribute: "target_group_id",
                id: &entry.target_group_id,
            },
        }
    }

    fn is_known(self) -> bool {
        self.path_or_id.known().is_some() || self.id.known().is_some()
    }

    fn is_null(self) -> bool {
        self.path_or_id.is_null() && self.id.is_null()
    }
}

/// Returns the kind of the target, or `None` if it depends on unknown values.
pub(super) fn kind(entry: &EntryModel) -> Option<Kind> {
    let [project, group] = Kind::ALL.map(|kind| Side::of(entry, kind));
    match (project.is_known(), group.is_known(), project.is_null(), group.is_null()) {
        (true, false, ..) | (false, false, false, true) => Some(Kind::Project),
        (false, true, ..) | (false, false, true, false) => Some(Kind::Group),
        _ => None,
    }
}

/// Returns the target attribute that is set, for diagnostics.
pub(super) fn target_attribute(entry: &EntryModel) -> &'static str {
    match entry {
        EntryModel { target_project: Attr::Known(_), .. } => "target_project",
        EntryModel { target_group: Attr::Known(_), .. } => "target_group",
        EntryModel { target_group_id: Attr::Known(_), .. } => "target_group_id",
        _ => "target_project_id",
    }
}

/// Checks that exactly one target attribute is set, or may be.
pub(super) fn check_choice(config: &EntryModel) -> Option<Diagnostic> {
    let set = Kind::ALL.map(|kind| {
        let Side { reference_attribute, path_or_id, id_attribute, id } = Side::of(config, kind);
        [
            (reference_attribute, path_or_id.known().is_some(), path_or_id.is_null()),
            (id_attribute, id.known().is_some(), id.is_null()),
        ]
    });
    let set = set.as_flattened();
    let known: Vec<_> = set.iter().filter(|(_, known, _)| *known).map(|(name, ..)| *name).collect();
    match known.as_slice() {
        [] if set.iter().all(|(.., null)| *null) => Some(no_target()),
        [] | [_] => None,
        [_, second, ..] => {
            let names: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
            let detail = format!(
                "An entry has one target, but {} are set. Set exactly one of {ATTRIBUTES}. Use one \
                 resource for each target.",
                listed(&names)
            );
            Some(Diagnostic::new("More than one target", detail).at(second))
        }
    }
}

/// Returns the error of an entry without a target.
pub(super) fn no_target() -> Diagnostic {
    Diagnostic::new(
        "No target",
        format!("Set exactly one of {ATTRIBUTES} to the project or group whose jobs get access."),
    )
}

/// Checks without requests that an entry of a project for itself sets permissions.
pub(super) fn check_same_reference(config: &EntryModel) -> Option<Diagnostic> {
    let project_id = config.project.known().filter(|project_id| !is_mocked_id(project_id))?;
    let same = match (&config.target_project, &config.target_project_id) {
        (Attr::Known(target), _) => same_path(project_id, target),
        (_, Attr::Known(target)) => *project_id == target.to_string(),
        _ => false,
    };
    let says_nothing = config.default_permissions.is_null() && config.job_token_policies.is_null();
    let named = |text: &str| format!("project {text}");
    (same && says_nothing)
        .then(|| own::without_permissions(&named(project_id)).at(target_attribute(config)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(project: &str) -> EntryModel {
        EntryModel { project: Attr::Known(project.into()), ..EntryModel::default() }
    }

    #[test]
    fn kind_is_unknown_if_unknown_values_decide() {
        let with = |project: Attr<String>, group: Attr<i64>| {
            kind(&EntryModel { target_project: project, target_group_id: group, ..entry("1") })
        };
        assert_eq!(with(Attr::Known("2".into()), Attr::Null), Some(Kind::Project));
        assert_eq!(with(Attr::Unknown, Attr::Null), Some(Kind::Project));
        assert_eq!(with(Attr::Known("2".into()), Attr::Unknown), Some(Kind::Project));
        assert_eq!(with(Attr::Unknown, Attr::Known(7)), Some(Kind::Group));
        assert_eq!(with(Attr::Null, Attr::Unknown), Some(Kind::Group));
        assert_eq!(with(Attr::Unknown, Attr::Unknown), None);
    }

    #[test]
    fn one_target_is_valid() {
        let one = EntryModel { target_group: Attr::Known("g".into()), ..entry("1") };
        assert_eq!(check_choice(&one), None);
        let maybe =
            EntryModel { target_project: Attr::Unknown, target_group: Attr::Unknown, ..entry("1") };
        assert_eq!(check_choice(&maybe), None);
        let or_maybe = EntryModel { target_project: Attr::Unknown, ..one };
        assert_eq!(check_choice(&or_maybe), None);
    }

    #[test]
    fn missing_target_is_an_error() {
        let error = check_choice(&entry("1")).unwrap();
        assert_eq!(
            (error.summary.as_str(), error.detail.as_str()),
            (
                "No target",
                "Set exactly one of `target_project`, `target_project_id`, `target_group` and \
                 `target_group_id` to the project or group whose jobs get access."
            )
        );
    }

    #[test]
    fn error_of_two_targets_points_at_the_second() {
        let two = EntryModel {
            target_project_id: Attr::Known(2),
            target_group: Attr::Known("g".into()),
            ..entry("1")
        };
        let error = check_choice(&two).unwrap();
        assert_eq!(
            error,
            Diagnostic::new(
                "More than one target",
                "An entry has one target, but `target_project_id` and `target_group` are set. Set \
                 exactly one of `target_project`, `target_project_id`, `target_group` and \
                 `target_group_id`. Use one resource for each target."
            )
            .at("target_group")
        );
    }

    #[test]
    fn project_as_its_own_target_needs_permissions() {
        let own = [
            EntryModel { target_project: Attr::Known("A/b".into()), ..entry("a/B") },
            EntryModel { target_project: Attr::Known("5".into()), ..entry("5") },
        ];
        for entry in own {
            assert_eq!(
                check_same_reference(&entry).unwrap().attribute,
                Diagnostic::new("", "").at("target_project").attribute
            );
        }
        let by_id = EntryModel { target_project_id: Attr::Known(5), ..entry("5") };
        assert_eq!(
            check_same_reference(&by_id).unwrap(),
            Diagnostic::new(
                "Target is the project itself",
                "Project 5 always has access to itself, so an entry for it can only set the \
                 permissions of its own jobs. Set `default_permissions` or `job_token_policies`, \
                 or name another target."
            )
            .at("target_project_id")
        );
        for permissions in [Attr::Known(false), Attr::Known(true), Attr::Unknown] {
            let with_permissions = EntryModel { default_permissions: permissions, ..by_id.clone() };
            assert_eq!(check_same_reference(&with_permissions), None);
        }
        let group_of_that_id = EntryModel { target_group: Attr::Known("5".into()), ..entry("5") };
        assert_eq!(check_same_reference(&group_of_that_id), None);
    }
}
