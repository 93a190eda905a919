//! States of the official GitLab provider, to be taken over by `moved` blocks, in every shape it
//! has stored them. There is no server to ask here, so what only the server knows stays null until
//! the next read.

use serde_json::Value as Json;

use crate::framework::{Attr, MoveSource};

/// Namespace and type of the official provider. Any host is right: both registries have it, and so
/// do mirrors.
const OFFICIAL: &str = "gitlabhq/gitlab";

/// Checks whether the source is that resource type of the official provider.
pub(super) fn is_official(source: &MoveSource, type_name: &str) -> bool {
    source.type_name == type_name && source.is_from(OFFICIAL)
}

/// Returns the project that a state belongs to, as it was written: under the first of `attributes`
/// that is set.
pub(super) fn project(source: &MoveSource, attributes: &[&str]) -> Attr<String> {
    let text = attributes.iter().find_map(|attribute| match source.state.get(*attribute) {
        Some(Json::String(text)) if !text.is_empty() => Some(text.clone()),
        Some(Json::Number(id)) => Some(id.to_string()),
        _ => None,
    });
    text.map_or(Attr::Null, Attr::Known)
}

/// Returns an ID of a state.
pub(super) fn id(source: &MoveSource, attribute: &str) -> Attr<i64> {
    source.state.get(attribute).and_then(integer).map_or(Attr::Null, Attr::Known)
}

/// Returns a set of IDs of a state; null where the state has none of that name.
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
