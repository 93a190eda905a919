//! States of the official GitLab provider that `moved` blocks convert, in every format that it has
//! used. A move makes no requests, so values that only GitLab knows stay null until the next read.

use serde_json::Value as Json;

use super::report::quoted;
use crate::framework::{self, Attr, Diagnostic, MoveSource};

/// Namespace and type of the official provider. The host isn't checked: both registries and mirrors
/// have the provider.
const OFFICIAL: &str = "gitlabhq/gitlab";

/// Returns whether the source is this resource type of the official provider.
pub(super) fn is_official(source: &MoveSource, type_name: &str) -> bool {
    source.type_name == type_name && source.is_from(OFFICIAL)
}

/// The resource types of the official provider that can be moved, with what they manage and the
/// resource type that manages it here.
const MOVABLE: [(&str, &str, &str); 2] = [
    ("gitlab_project_job_token_scope", "one allowlist entry", "gitlab_job_token_allowlist_entry"),
    (
        "gitlab_project_job_token_scopes",
        "the whole allowlist",
        "gitlab_job_token_allowlist_exclusive",
    ),
];

/// The part of a type name that all resources about job tokens have.
const ABOUT_JOB_TOKENS: &str = "job_token";

/// Returns the display name of a source, with its ID if it has one: hosts don't show its address.
pub(super) fn named(source: &MoveSource) -> String {
    let id = source.state.get("id").and_then(Json::as_str);
    let id = id.map(|id| format!(" with the ID {}", quoted(id))).unwrap_or_default();
    format!("`{}`{id}", source.type_name)
}

/// Returns the error of a state that can't be moved to a resource of this type.
pub(super) fn cannot_move(source: &MoveSource, type_name: &str) -> Diagnostic {
    let diagnostic = framework::cannot_move(source, type_name);
    if !source.type_name.contains(ABOUT_JOB_TOKENS) {
        let detail = format!(
            "A `{}` doesn't manage the same object as a `{type_name}`, so it can't be moved to \
             one. Correct the addresses in the `moved` block, or remove the block.",
            source.type_name
        );
        return Diagnostic { detail, ..diagnostic };
    }
    let movable = MOVABLE.iter().find(|(theirs, ..)| is_official(source, theirs));
    match movable.filter(|(.., ours)| *ours != type_name) {
        Some((theirs, what, ours)) => Diagnostic {
            detail: format!(
                "A `{theirs}` manages {what}, so it can't be moved to a `{type_name}`. Move it to \
                 a `{ours}`."
            ),
            ..diagnostic
        },
        None => diagnostic,
    }
}

/// Returns the project of a state as it was written, from the first of `attributes` that is set.
pub(super) fn project(source: &MoveSource, attributes: &[&str]) -> Attr<String> {
    let text = attributes.iter().find_map(|attribute| match source.state.get(*attribute) {
        Some(Json::String(text)) if !text.is_empty() => Some(text.clone()),
        Some(Json::Number(id)) => Some(id.to_string()),
        _ => None,
    });
    text.map_or(Attr::Null, Attr::Known)
}

/// Returns the value of an ID attribute in a state.
pub(super) fn id(source: &MoveSource, attribute: &str) -> Attr<i64> {
    source.state.get(attribute).and_then(integer).map_or(Attr::Null, Attr::Known)
}

/// Returns a set of IDs in a state, or null if the state doesn't have it.
pub(super) fn ids(source: &MoveSource, attribute: &str) -> Option<Vec<i64>> {
    Some(source.state.get(attribute)?.as_array()?.iter().filter_map(integer).collect())
}

fn integer(json: &Json) -> Option<i64> {
    match json {
        Json::Number(id) => id.as_i64(),
        Json::String(text) => text.parse().ok(),
        _ => None,
    }
}
