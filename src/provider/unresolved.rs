//! Paths that a plan can't resolve. The same apply may create these projects or groups, but usually
//! the path is misspelled: paths from other resources are unknown in a plan.

use futures_util::future::join_all;

use super::connection::Connection;
use crate::framework::{Attr, Diagnostic, Warnings};
use crate::gitlab::{
    Client, GroupId, Id, Kind, ProjectId, Reference, path_without_host, path_without_page,
};

/// The unresolved paths of one plan.
#[derive(Debug, Default)]
pub(super) struct Unresolved(Vec<Path>);

#[derive(Debug, PartialEq, Eq)]
struct Path {
    attribute: &'static str,
    kind: Kind,
    text: String,
}

impl Unresolved {
    /// Adds a path.
    pub(super) fn add(&mut self, attribute: &'static str, kind: Kind, text: &str) {
        let Self(paths) = self;
        if !paths.iter().any(|path| (path.kind, path.text.as_str()) == (kind, text)) {
            paths.push(Path { attribute, kind, text: text.to_owned() });
        }
    }

    /// Returns the paths in an attribute.
    pub(super) fn texts(&self, attribute: &str) -> impl Iterator<Item = &str> {
        let paths = self.0.iter().filter(move |path| path.attribute == attribute);
        paths.map(|path| path.text.as_str())
    }

    /// Adds one warning for all paths, except for a source project that this run has found gone.
    /// `object` is the short display name of the resource's object.
    pub(super) async fn warn(
        self,
        connection: Option<&Connection>,
        object: &str,
        warnings: &Warnings,
    ) {
        let is_gone = |path: &Path| {
            path.attribute == "project"
                && connection.is_some_and(|connection| connection.reads.was_gone(&path.text))
        };
        let paths: Vec<Path> = self.0.into_iter().filter(|path| !is_gone(path)).collect();
        let Some(first) = paths.first() else { return };
        let client = connection.map(|connection| &connection.gitlab);
        let hints = join_all(paths.iter().map(|path| path.hint(client))).await;
        warnings.add(warning(&paths, &hints, object).at(first.attribute));
    }
}

impl Path {
    /// Returns what the path probably is or should be.
    async fn hint(&self, client: Option<&Client>) -> Option<Hint> {
        hint(client?, Some(self.attribute), self.kind, &self.text).await
    }
}

/// The probable intention of a path that isn't found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Hint {
    /// A correction. Nothing can exist at the path.
    Certain(String),
    /// An existing path. The path itself may be created later.
    Guess(String),
}

/// Returns a hint for a path that isn't found. Returns nothing if a request fails.
pub(super) async fn hint(
    client: &Client,
    attribute: Option<&str>,
    kind: Kind,
    text: &str,
) -> Option<Hint> {
    if let Some(hint) = without_host(client, text) {
        return Some(Hint::Certain(hint));
    }
    if let Some(hint) = other_kind(client, attribute, kind, text).await {
        return Some(Hint::Certain(hint));
    }
    if kind == Kind::Project
        && let Some(project) = path_without_page(text)
        && is_found::<ProjectId>(client, project).await
    {
        return Some(Hint::Certain(format!("`{project}` is a project: write only this path")));
    }
    let below = path_without_host(text)?;
    is_path_of(client, kind, below).await.then(|| Hint::Guess(below.to_owned()))
}

/// Returns whether a text is the path of an object of this kind. Returns false if the request
/// fails.
pub(super) async fn is_path_of(client: &Client, kind: Kind, text: &str) -> bool {
    match kind {
        Kind::Project => is_found::<ProjectId>(client, text).await,
        Kind::Group => is_found::<GroupId>(client, text).await,
    }
}

fn without_host(client: &Client, text: &str) -> Option<String> {
    let (host, path) = text.split_once('/')?;
    let is_host = client.base_url().is_at(host) && path.parse::<Reference<GroupId>>().is_ok();
    is_host.then(|| format!("`{host}` is the host of GitLab: write `{path}`"))
}

fn warning(paths: &[Path], hints: &[Option<Hint>], object: &str) -> Diagnostic {
    if let ([Path { kind, text, .. }], [hint]) = (paths, hints) {
        let title = format!("Unknown {kind}: {text}");
        let (detail, advice) = match hint {
            Some(Hint::Certain(hint)) => {
                let detail = format!("{hint}. The apply fails unless this is corrected.");
                return Diagnostic::new(title, detail);
            }
            Some(Hint::Guess(path)) => {
                (format!("{} Did you mean `{path}`?", not_found(*kind, text)), if_created(*kind))
            }
            None => (
                not_found(*kind, text),
                format!(" Correct the path, or give the token's user access.{}", if_created(*kind)),
            ),
        };
        return Diagnostic::new(title, detail).with_cause(advice);
    }
    let line = |(path, hint): (&Path, &Option<Hint>)| {
        let line = format!("  - {} {} (`{}`)", path.kind, path.text, path.attribute);
        match hint {
            Some(Hint::Certain(hint)) => format!("{line}\n    {hint}"),
            Some(Hint::Guess(path)) => format!("{line}\n    did you mean `{path}`?"),
            None => line,
        }
    };
    let (wrong, missing): (Vec<_>, Vec<_>) =
        paths.iter().zip(hints).partition(|(_, hint)| matches!(hint, Some(Hint::Certain(_))));
    let lines = |paths: Vec<_>| paths.into_iter().map(line).collect::<Vec<_>>().join("\n");
    let missing = (!missing.is_empty()).then(|| {
        format!(
            "These don't exist, or aren't visible to the token:\n\n{}\n\nCorrect the paths, or \
             give the token's user access. If this apply creates them, ignore this warning: their \
             IDs are resolved during the apply.",
            lines(missing)
        )
    });
    let wrong = (!wrong.is_empty())
        .then(|| format!("Correct these paths. Otherwise, the apply fails:\n\n{}", lines(wrong)));
    let detail: Vec<String> = wrong.into_iter().chain(missing).collect();
    Diagnostic::new(format!("Unknown paths: {object}"), detail.join("\n\n"))
}

fn if_created(kind: Kind) -> String {
    format!(
        " If this apply creates the {kind}, ignore this warning: its ID is resolved during the \
         apply."
    )
}

/// Returns the error of a path that leads to nothing that can be used. `hint` says what it leads
/// to.
pub(super) fn unknown(kind: Kind, text: &str, hint: &str) -> Diagnostic {
    Diagnostic::new(format!("Unknown {kind}: {text}"), "").with_cause(format!("{hint}."))
}

/// Returns the sentence about a path that GitLab doesn't find.
pub(super) fn not_found(kind: Kind, text: &str) -> String {
    format!("There is no {kind} `{text}`, or it isn't visible to the token.")
}

/// Warns of a planned project, given by an ID, that GitLab returns 404 for, unless this run has
/// found it gone. `project` is its display name.
pub(super) fn warn_of_id(
    connection: &Connection,
    path_or_id: &Attr<String>,
    project: &str,
    warnings: &Warnings,
) {
    if !path_or_id.known().is_some_and(|text| connection.reads.was_gone(text)) {
        warnings.add(unknown_id(project));
    }
}

fn unknown_id(project: &str) -> Diagnostic {
    let detail = format!(
        "GitLab returns 404 for project {project}: it doesn't exist, or it isn't visible \
         to the token. Correct the ID, or give the token's user the Maintainer role. If the same \
         apply gives access, ignore this warning."
    );
    Diagnostic::new(format!("Unknown project: {project}"), detail).at("project")
}

/// Returns a hint if a path of one kind leads to an object of the other kind. Returns nothing if
/// the request fails.
async fn other_kind(
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_of_a_list_has_its_hint() {
        let path = |text: &str| Path {
            attribute: "target_projects",
            kind: Kind::Project,
            text: text.to_owned(),
        };
        let paths = [path("acme/lib/tree/main"), path("host.com/acme/lib"), path("acme/none")];
        let hints = [
            Some(Hint::Certain("`acme/lib` is a project: write only this path".to_owned())),
            Some(Hint::Guess("acme/lib".to_owned())),
            None,
        ];
        let detail = warning(&paths, &hints, "acme/app").detail;
        let (wrong, missing) = detail.split_once("\n\nThese").unwrap();
        assert_eq!(
            wrong.split_once("\n\n").unwrap().1,
            "  - project acme/lib/tree/main (`target_projects`)\n    \
             `acme/lib` is a project: write only this path"
        );
        assert_eq!(
            missing.split("\n\n").nth(1).unwrap(),
            "  - project host.com/acme/lib (`target_projects`)\n    \
             did you mean `acme/lib`?\n  \
             - project acme/none (`target_projects`)"
        );
    }
}
