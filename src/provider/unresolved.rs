//! Paths that a plan can't resolve. The same apply may create these projects or groups, but usually
//! the path is misspelled: paths from other resources are unknown in a plan.

use futures_util::future::join_all;

use crate::framework::{Diagnostic, Warnings};
use crate::gitlab::{Client, GroupId, Id, Kind, ProjectId, Reference};

/// The unresolved paths of one plan.
#[derive(Debug, Default)]
pub(super) struct Unresolved(Vec<Path>);

#[derive(Debug)]
struct Path {
    attribute: &'static str,
    kind: Kind,
    text: String,
}

impl Unresolved {
    /// Adds a path.
    pub(super) fn add(&mut self, attribute: &'static str, kind: Kind, text: &str) {
        self.0.push(Path { attribute, kind, text: text.to_owned() });
    }

    /// Adds one warning for all paths.
    pub(super) async fn warn(self, client: Option<&Client>, warnings: &Warnings) {
        let Self(paths) = self;
        let Some(first) = paths.first() else { return };
        let attribute = first.attribute;
        let described =
            paths.iter().map(|path| described(client, path.attribute, path.kind, &path.text));
        let lines: Vec<String> =
            join_all(described).await.iter().map(|line| format!("  - {line}")).collect();
        let detail = format!(
            "These weren't found, or aren't visible to the token:\n\n{}\n\nCorrect the path, or \
             give the token's user access. If this apply creates them, ignore this warning: their \
             IDs are resolved during the apply.",
            lines.join("\n")
        );
        warnings.add(warning(&paths, detail).at(attribute));
    }
}

fn warning(paths: &[Path], detail: String) -> Diagnostic {
    match paths {
        [Path { kind, text, .. }] => Diagnostic::new(format!("Unknown {kind}: {text}"), detail),
        _ => Diagnostic::new("Unknown projects or groups", detail),
    }
}

/// Returns the warning of a plan whose project is given by an ID that GitLab returns 404 for.
pub(super) fn unknown_id(project: &str) -> Diagnostic {
    let detail = format!(
        "GitLab returns 404 for project {project}: it doesn't exist, or it isn't visible \
         to the token. Correct the ID, or give the token's user the Maintainer role. If the same \
         apply gives access, ignore this warning."
    );
    Diagnostic::new(format!("Unknown project: {project}"), detail).at("project")
}

async fn described(
    client: Option<&Client>,
    attribute: &'static str,
    kind: Kind,
    text: &str,
) -> String {
    let line = format!("{kind} {text} (`{attribute}`)");
    match client {
        Some(client) => match other_kind(client, Some(attribute), kind, text).await {
            Some(hint) => format!("{line}\n    {hint}"),
            None => line,
        },
        None => line,
    }
}

/// Returns a hint if a path of one kind leads to an object of the other kind. Returns nothing if
/// the request fails.
pub(super) async fn other_kind(
    client: &Client,
    attribute: Option<&str>,
    kind: Kind,
    text: &str,
) -> Option<String> {
    let (found, other) = match kind {
        Kind::Project => (is_found::<GroupId>(client, text).await, Kind::Group),
        Kind::Group => (is_found::<ProjectId>(client, text).await, Kind::Project),
    };
    let hint = match attribute.and_then(counterpart) {
        Some(attribute) => format!("`{text}` is a {other}: use `{attribute}`"),
        None => format!("`{text}` is a {other}, not a {kind}"),
    };
    found.then_some(hint)
}

/// Returns the attribute for the other kind.
fn counterpart(attribute: &str) -> Option<&'static str> {
    let attributes = [
        ("target_project", "target_group"),
        ("target_projects", "target_groups"),
        ("projects", "groups"),
    ];
    attributes.into_iter().find_map(|(project, group)| match attribute {
        attribute if attribute == project => Some(group),
        attribute if attribute == group => Some(project),
        _ => None,
    })
}

async fn is_found<I: Id>(client: &Client, text: &str) -> bool {
    match text.parse::<Reference<I>>() {
        Ok(path) if path.id().is_none() => matches!(client.resolve(&path).await, Ok(Some(_))),
        Ok(_) | Err(_) => false,
    }
}
