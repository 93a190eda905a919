//! Messages about resources of one run that manage the same object.

use std::collections::{BTreeMap, BTreeSet};

use super::ledger::{Differences, Finding, Ledger, Manager, Object};
use super::names;
use crate::framework::{ApplyError, Diagnostic};
use crate::gitlab::{Kind, Permissions};

/// Returns the warning of a replaced resource whose objects another resource also manages.
pub(super) fn replaced(kept: &BTreeSet<String>, project: &str) -> Diagnostic {
    Diagnostic::new(
        format!("Conflicting replacement: project {project}"),
        format!(
            "Two resources of this configuration manage these in project {project}, and one of the \
             two is replaced:\n\n{}\n\nThey stay, unless the replaced resource has \
             `create_before_destroy = true`. In that case this apply may remove them, and the next \
             one restores them.",
            lines(kept)
        ),
    )
}

/// Returns the display name of an object, with the ID alone.
pub(super) fn display_name(object: Object) -> String {
    match object {
        Object::Entry(_, target) => target.to_string(),
        Object::Access(_) | Object::Pushes(_) | Object::CrossProjectPushes(_) => {
            format!("`{}`", attribute(object))
        }
    }
}

/// Returns the display name of an object. If `name` has no path, the name that another resource of
/// this run has for it may have one.
pub(super) fn named(ledger: &Ledger, object: Object, name: String) -> String {
    match ledger.known_name(object) {
        Some(known) => names::with_path(name, known),
        None => name,
    }
}

/// Returns the name of an entry in a sentence about its project. `target` is the display name.
pub(super) fn entry_for(target: &str) -> String {
    format!("the entry for {target}")
}

/// Returns a setting with its value, for messages.
pub(super) fn setting(object: Object, value: bool) -> String {
    format!("`{} = {value}`", attribute(object))
}

/// Returns the attribute that manages the object. For an entry, it is the one that restricts its
/// permissions.
fn attribute(object: Object) -> &'static str {
    match object {
        Object::Access(_) => "inbound_enabled",
        Object::Pushes(_) => "push_repository_for_job_token_allowed",
        Object::CrossProjectPushes(_) => "cross_project_push_for_job_token_allowed",
        Object::Entry(..) => "default_permissions",
    }
}

/// Returns the warning of a finding. `project` is the display name of the project.
pub(super) fn warning(finding: Finding, manager: Manager, project: &str) -> Diagnostic {
    match finding {
        Finding::SameSettings(settings) => same_settings(&settings, project),
        Finding::SameList(kind, differences) => same_list(kind, &differences, project),
        Finding::SameEntry(target, permissions) => {
            same_entry(&target, permissions.as_ref(), project)
        }
        Finding::ExcludedEntries(entries) => excluded(&entries, manager, project),
        Finding::WidenedEntries(by, entries) => widened(by, &entries, project),
        Finding::DifferentPermissions(entries) => Diagnostic::new(
            format!("Conflicting permissions: project {project}"),
            format!(
                "A `{}` and a `{}` of this configuration set different permissions for these on \
                 the allowlist of project {project}:\n\n{}\n\nAn apply that changes both fails. \
                 Set the permissions in only one of them.",
                Manager::Exclusive,
                Manager::Entry,
                lines(&entries)
            ),
        ),
        Finding::RemovedObjects(objects) => Diagnostic::new(
            format!("Conflicting removal: project {project}"),
            format!(
                "This plan destroys another resource that manages the same objects as this \
                 `{manager}`. That removes these, or resets them to GitLab's default:\n\n{}\n\nThe \
                 next apply restores them. To keep them, use a `removed` block with `destroy = \
                 false` for the other resource.",
                lines(&objects)
            ),
        ),
        Finding::ReplacedObjects(objects) => replaced(&objects, project),
    }
}

fn same_list(kind: Kind, differences: &Differences, project: &str) -> Diagnostic {
    let Differences { own, theirs, unlike } = differences;
    let differences: String = [
        ("Only this one has these, and the other one removes them:", own),
        ("Only the other one has these, and this one removes them:", theirs),
        ("They give these different permissions:", unlike),
    ]
    .into_iter()
    .filter(|(_, entries)| !entries.is_empty())
    .map(|(what, entries)| format!("\n\n{what}\n\n{}", lines(entries)))
    .collect();
    Diagnostic::new(
        format!("Conflicting {kind}s: project {project}"),
        format!(
            "Another `{}` of this configuration also manages the {kind}s on the allowlist of \
             project {project}.{differences}\n\nMerge the two resources, and remove one of them \
             with a `removed` block that has `destroy = false`.",
            Manager::Exclusive
        ),
    )
}

/// Returns the warning of entries that some resources add with full permissions and others
/// restrict.
fn widened(by: Manager, entries: &BTreeSet<String>, project: &str) -> Diagnostic {
    let detail = match by {
        Manager::Entry | Manager::Scope => format!(
            "A `{}` of this configuration adds these targets with default permissions, and a `{}` \
             restricts them afterwards. To avoid this, remove the entries, or set their \
             permissions:\n\n{}",
            Manager::Entry,
            Manager::Exclusive,
            lines(entries)
        ),
        Manager::Exclusive => format!(
            "A `{}` of this configuration adds these targets with default permissions, and a `{}` \
             restricts them afterwards, unless the exclusive allowlist depends on the entry \
             (`depends_on`):\n\n{}\n\nTo avoid this, set their permissions in the `projects` and \
             `groups` maps of the exclusive allowlist.",
            Manager::Exclusive,
            Manager::Entry,
            lines(entries)
        ),
    };
    Diagnostic::new(format!("Temporary full permissions: project {project}"), detail)
}

fn same_settings(settings: &[(Object, bool)], project: &str) -> Diagnostic {
    let settings: Vec<String> =
        settings.iter().map(|(object, value)| setting(*object, *value)).collect();
    Diagnostic::new(
        format!("Conflicting scopes: project {project}"),
        format!(
            "Another `{}` of this configuration also manages project {project}, with {}. If \
             the values differ, an apply that changes both fails, and each later one changes the \
             setting back. Destroying either restores GitLab's default. Remove one of them, with a \
             `removed` block that has `destroy = false`.",
            Manager::Scope,
            settings.join(" and ")
        ),
    )
}

fn same_entry(target: &str, permissions: Option<&Permissions>, project: &str) -> Diagnostic {
    let permissions = match permissions {
        None => "doesn't manage its permissions".to_owned(),
        Some(Permissions::Default) => "gives it the default permissions".to_owned(),
        Some(Permissions::Only(policies)) if policies.is_empty() => {
            "gives it no permissions".to_owned()
        }
        Some(Permissions::Only(policies)) => {
            format!("gives it {}", policies.iter().cloned().collect::<Vec<_>>().join(", "))
        }
    };
    Diagnostic::new(
        format!("Conflicting entries: {}", names::on(target, project)),
        format!(
            "Another `{}` of this configuration also manages {target} on the allowlist of project \
             {project}, and {permissions}. Remove one of the two, with a `removed` block that has \
             `destroy = false`, so that the target keeps access.",
            Manager::Entry
        ),
    )
}

fn excluded(entries: &BTreeSet<String>, manager: Manager, project: &str) -> Diagnostic {
    let remover = match manager {
        Manager::Exclusive => "this resource".to_owned(),
        Manager::Entry | Manager::Scope => format!("a `{}`", Manager::Exclusive),
    };
    Diagnostic::new(
        format!("Conflicting allowlist: project {project}"),
        format!(
            "This configuration has a `{}` for each of these, but {remover} removes them from the \
             allowlist of project {project}:\n\n{}\n\nAdd the targets to the exclusive allowlist, \
             or use only one of the two resources.",
            Manager::Entry,
            lines(entries)
        ),
    )
}

/// Returns the warning of a removal that leaves an entry. `target` is the display name.
pub(super) fn entry_left(target: &str, project: &str) -> Diagnostic {
    Diagnostic::new(
        format!("Not removed: {}", names::on(target, project)),
        format!(
            "{ALSO_MANAGES} the entry for {target} on the allowlist of project {project}, so \
             destroying this resource doesn't remove it."
        ),
    )
}

/// Returns the warning of a removal that leaves settings.
pub(super) fn settings_left(settings: &BTreeSet<Object>, project: &str) -> Diagnostic {
    Diagnostic::new(
        format!("Not reset: project {project}"),
        format!(
            "{ALSO_MANAGES} these settings of project {project}, so destroying this resource \
             doesn't reset them:\n\n{}",
            lines(&settings.iter().copied().map(display_name).collect())
        ),
    )
}

const ALSO_MANAGES: &str =
    "Another resource of this configuration, or the replacement of this one, also manages";

/// Returns the warning of a removal of an exclusive allowlist that leaves some of its entries.
pub(super) fn entries_left(entries: &BTreeSet<String>, project: &str) -> Diagnostic {
    Diagnostic::new(
        format!("Not removed from project {project}"),
        format!(
            "{ALSO_MANAGES} these on the allowlist of project {project}, so destroying this \
             resource doesn't remove them:\n\n{}",
            lines(entries)
        ),
    )
}

/// Returns the error of a write that would undo another resource's write. `object` is the display
/// name.
pub(super) fn would_undo(object: &str, by: Manager, project: &str) -> Diagnostic {
    Diagnostic::new(
        format!("Conflicting change: project {project}"),
        format!(
            "A `{by}` of this configuration has just changed {object} of project {project}, and \
             applying this resource would undo that. This resource didn't change it. Manage each \
             setting and entry in only one resource."
        ),
    )
}

/// Returns the error of an exclusive allowlist whose writes would undo those of other resources, by
/// the targets' display names. `done` says what it has written.
pub(super) fn would_undo_all(
    undone: &BTreeMap<String, Manager>,
    project: &str,
    done: &str,
) -> Option<Diagnostic> {
    let managers: BTreeSet<Manager> = undone.values().copied().collect();
    let managers: Vec<Manager> = managers.into_iter().collect();
    let (others, remedy) = match managers.as_slice() {
        [Manager::Exclusive] => (
            format!("Another `{}` of this configuration has", Manager::Exclusive),
            "Merge the two resources, and remove one of them with a `removed` block that has \
             `destroy = false`.",
        ),
        [one] => (format!("A `{one}` of this configuration has"), IN_ONE_RESOURCE),
        _ => ("Other resources of this configuration have".to_owned(), IN_ONE_RESOURCE),
    };
    let detail = format!(
        "{others} just changed these on the allowlist of project {project}, and applying this \
         resource would undo that:\n\n{}\n\n{done}\n\n{remedy}",
        lines(&undone.keys().cloned().collect())
    );
    (!undone.is_empty())
        .then(|| Diagnostic::new(format!("Conflicting change: project {project}"), detail))
}

const IN_ONE_RESOURCE: &str =
    "Add the targets to the exclusive allowlist, or use only one of the resources.";

/// Returns the failure of a create, with the objects that a removal has left for the resource.
pub(super) fn with_left<T>(failed: ApplyError<T>, left: &[String]) -> ApplyError<T> {
    if left.is_empty() {
        return failed;
    }
    let left: BTreeSet<String> = left.iter().cloned().collect();
    let addition = format!(
        "\n\nThis run destroyed the resource that managed these before, but left them in GitLab \
         for this one:\n\n{}",
        lines(&left)
    );
    ApplyError { errors: failed.errors.with_suffix(&addition), ..failed }
}

fn lines(names: &BTreeSet<String>) -> String {
    names.iter().map(|name| format!("  - {name}")).collect::<Vec<_>>().join("\n")
}
