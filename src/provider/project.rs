//! Resolves the IDs and full paths by which practitioners name projects and groups. An ID stays
//! when a path changes, so a different path or ID for the same project is never a different object.

use crate::framework::{Attr, Diagnostic, Errors};
use crate::gitlab::{
    Client, Error, Id, Kind, ProjectId, RefError, Reference, same_path, suggested_path,
};

use super::report::{quoted, report};
use super::unresolved::{Unresolved, other_kind};

/// The call in which a configuration is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Validation. With a `mock_provider` of `terraform test`, computed values that are made up
    /// arrive here, and only here: the provider isn't asked to plan or read.
    Validation,
    /// A plan or read, before the first request.
    Planning,
}

impl Stage {
    /// Checks whether a path or ID may be made up: a computed ID is 0 then, and a text random
    /// letters and digits.
    fn may_be_mock(self, path_or_id: &str) -> bool {
        self == Self::Validation
            && path_or_id.len() <= LONGEST_MOCK
            && !path_or_id.is_empty()
            && path_or_id.bytes().all(|byte| byte.is_ascii_alphanumeric())
    }

    /// Checks whether the ID of a project and that of another may be equal because both are made
    /// up.
    pub(super) fn may_be_mocked_id(self, project: &str) -> bool {
        self == Self::Validation && project == MOCKED_ID
    }
}

/// The text of a made-up ID.
const MOCKED_ID: &str = "0";

/// The most letters and digits of a made-up text: 8 in Terraform, up to 16 in OpenTofu.
const LONGEST_MOCK: usize = 16;

/// Checks the path or ID in an attribute, if it is known.
pub(super) fn check_reference<I: Id>(
    stage: Stage,
    attribute: &'static str,
    path_or_id: &Attr<String>,
) -> Option<Diagnostic> {
    let path_or_id = path_or_id.known()?;
    let reason = path_or_id.parse::<Reference<I>>().err()?;
    (!stage.may_be_mock(path_or_id)).then(|| invalid_reference::<I>(attribute, path_or_id, &reason))
}

/// Checks the ID in an attribute, if it is known.
pub(super) fn check_id<I: Id>(
    stage: Stage,
    attribute: &'static str,
    id: &Attr<i64>,
) -> Option<Diagnostic> {
    let id = *id.known()?;
    if stage == Stage::Validation && id == 0 {
        return None;
    }
    let told = || {
        let detail = format!("`{attribute}` is {id}, but the ID of a {} is 1 or more.", I::KIND);
        Diagnostic::new(format!("Invalid {} ID", I::KIND), detail).at(attribute)
    };
    I::try_from(id).is_err().then(told)
}

pub(super) fn invalid_reference<I: Id>(
    attribute: &'static str,
    path_or_id: &str,
    reason: &RefError,
) -> Diagnostic {
    let detail = format!(
        "`{attribute}` is {}, which is neither the ID nor the full path of a {}: {reason}.{}",
        quoted(path_or_id),
        I::KIND,
        suggestion::<I>(path_or_id)
    );
    Diagnostic::new(format!("Invalid {}", I::KIND), detail).at(attribute)
}

/// Checks the path or ID that is a key of the map in an attribute.
pub(super) fn check_key<I: Id>(
    stage: Stage,
    attribute: &'static str,
    key: &str,
) -> Option<Diagnostic> {
    let reason = key.parse::<Reference<I>>().err()?;
    let told = || {
        let detail = format!(
            "The key {} of `{attribute}` is neither the ID nor the full path of a {}: {reason}.{}",
            quoted(key),
            I::KIND,
            suggestion::<I>(key)
        );
        Diagnostic::new(format!("Invalid {}", I::KIND), detail)
    };
    (!stage.may_be_mock(key)).then(told)
}

/// Returns a sentence with what was probably meant, or nothing.
fn suggestion<I: Id>(path_or_id: &str) -> String {
    suggested_path::<I>(path_or_id)
        .map(|path| format!(" Write {}.", quoted(&path)))
        .unwrap_or_default()
}

/// A plan's knowledge of a project or group before it asks GitLab.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    /// Its path or ID as the state has it.
    pub(super) path_or_id: &'a Attr<String>,
    /// Its ID.
    pub(super) id: &'a Attr<i64>,
    /// Its current path, if a list that was read for this resource gives it.
    pub(super) current_path: Option<&'a str>,
}

impl Known<'_> {
    /// Returns the ID, if the text still stands for it without a look-up: a path that is unchanged,
    /// unless the list gives another one for that ID, or the path that the list gives.
    fn unless_moved(&self, text: &str) -> Option<Attr<i64>> {
        self.id.known()?;
        let stands_for_it = match self.current_path {
            Some(present) => same_path(present, text),
            None => self.is_same_path(text),
        };
        stands_for_it.then(|| self.id.clone())
    }

    fn is_same_path(&self, text: &str) -> bool {
        self.path_or_id.known().is_some_and(|before| same_path(before, text))
    }

    /// Returns the ID for a path that leads nowhere: a group that was renamed leaves no redirect.
    fn if_unchanged(&self, text: &str) -> Option<Attr<i64>> {
        self.id.known()?;
        self.is_same_path(text).then(|| self.id.clone())
    }
}

/// The outcome of resolving a path or ID while planning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Resolved {
    /// The ID, or unknown as long as the text is.
    As(Attr<i64>),
    /// GitLab has nothing of that path that is visible to the token.
    Nowhere,
}

/// Resolves a path or ID while planning.
///
/// # Errors
///
/// An invalid path, and whatever keeps GitLab from answering.
pub(super) async fn resolve<I: Id>(
    client: Option<&Client>,
    attribute: &'static str,
    path_or_id: &Attr<String>,
    state: Option<Known<'_>>,
) -> Result<Resolved, Errors> {
    match without_look_up::<I>(client, attribute, path_or_id, state)? {
        Sought::Is(resolved) => Ok(resolved),
        Sought::At { client, reference, before } => {
            found(client.resolve(&reference).await, attribute, &reference, before)
        }
    }
}

/// The outcome of resolving without a look-up.
enum Sought<'a, I> {
    Is(Resolved),
    /// A path that must be looked up, and the ID that it had before.
    At {
        client: &'a Client,
        reference: Reference<I>,
        before: Option<Attr<i64>>,
    },
}

fn without_look_up<'a, I: Id>(
    client: Option<&'a Client>,
    attribute: &'static str,
    path_or_id: &Attr<String>,
    state: Option<Known<'_>>,
) -> Result<Sought<'a, I>, Errors> {
    let Some(text) = path_or_id.known() else { return Ok(Sought::Is(Resolved::As(Attr::Unknown))) };
    let reference: Reference<I> =
        text.parse().map_err(|reason| invalid_reference::<I>(attribute, text, &reason))?;
    if let Some(id) = reference.id() {
        return Ok(Sought::Is(Resolved::As(Attr::Known(id.into()))));
    }
    if let Some(id) = state.and_then(|state| state.unless_moved(text)) {
        return Ok(Sought::Is(Resolved::As(id)));
    }
    let before = state.and_then(|state| state.if_unchanged(text));
    Ok(match client {
        Some(client) => Sought::At { client, reference, before },
        None => Sought::Is(Resolved::As(before.unwrap_or(Attr::Unknown))),
    })
}

fn found<I: Id>(
    outcome: Result<Option<I>, Error>,
    attribute: &'static str,
    reference: &Reference<I>,
    before: Option<Attr<i64>>,
) -> Result<Resolved, Errors> {
    match outcome {
        Ok(Some(id)) => Ok(Resolved::As(Attr::Known(id.into()))),
        Ok(None) => Ok(before.map_or(Resolved::Nowhere, Resolved::As)),
        Err(error) => {
            let attempted = format!("Can't look up {} {reference}", I::KIND);
            Err(report(attempted, &error).at(attribute).into())
        }
    }
}

/// Returns the ID of the project that a resource belongs to, as far as a plan can know it. A path
/// that leads nowhere is added to `unresolved`.
///
/// # Errors
///
/// As [`resolve`].
pub(super) async fn plan_id(
    client: Option<&Client>,
    path_or_id: &Attr<String>,
    state: Option<Known<'_>>,
    unresolved: &mut Unresolved,
) -> Result<Attr<i64>, Errors> {
    let resolved = match without_look_up::<ProjectId>(client, "project", path_or_id, state)? {
        Sought::Is(resolved) => resolved,
        // The project's settings or lists are read next.
        Sought::At { client, reference, before } => {
            found(client.resolve_to_read(&reference).await, "project", &reference, before)?
        }
    };
    match resolved {
        Resolved::As(id) => Ok(id),
        Resolved::Nowhere => {
            unresolved.add("project", Kind::Project, as_written(path_or_id));
            Ok(Attr::Unknown)
        }
    }
}

/// Returns the ID of a project or group that must exist by now.
pub(super) async fn resolve_existing<I: Id>(
    client: &Client,
    attribute: &'static str,
    path_or_id: &Attr<String>,
    id: &Attr<i64>,
) -> Result<I, Errors> {
    if let Some(id) = id.known().and_then(|id| I::try_from(*id).ok()) {
        return Ok(id);
    }
    find::<I>(client, Some(attribute), as_written(path_or_id))
        .await
        .map_err(|diagnostic| diagnostic.at(attribute).into())
}

/// Returns the ID of a state's project, or `None` if the state has only its path, as after a move
/// from another provider, and GitLab has no such project that the token can see.
pub(super) async fn in_state(
    client: &Client,
    path_or_id: &Attr<String>,
    id: &Attr<i64>,
) -> Result<Option<ProjectId>, Errors> {
    if let Some(id) = id.known().and_then(|id| ProjectId::try_from(*id).ok()) {
        return Ok(Some(id));
    }
    match path_or_id.known() {
        Some(text) => {
            Ok(look_up::<ProjectId>(client, text).await.map_err(|problem| problem.at("project"))?)
        }
        None => Err(Diagnostic::new(
            "Unreadable state",
            "The state of this resource doesn't have a project. If it was edited by hand, restore \
             it; otherwise remove the resource from the state, and import it again.",
        )
        .into()),
    }
}

/// Returns the path or ID of a state's project as it is written there.
pub(super) fn as_written(project: &Attr<String>) -> &str {
    project.known().map(String::as_str).unwrap_or_default()
}

/// Returns the ID that a path or ID stands for now. `attribute` is the one that has it, if it
/// stands in a configuration.
pub(super) async fn find<I: Id>(
    client: &Client,
    attribute: Option<&'static str>,
    path_or_id: &str,
) -> Result<I, Diagnostic> {
    let kind = I::KIND;
    if let Some(id) = look_up::<I>(client, path_or_id).await? {
        return Ok(id);
    }
    let cause = match other_kind(client, attribute, kind, path_or_id).await {
        Some(hint) => format!("{hint}."),
        None => format!(
            "There is no {kind} `{path_or_id}`, or it isn't visible to the token. Check the full \
             path, and that the token's user is a member of the {kind}."
        ),
    };
    Err(Diagnostic::new(format!("Unknown {kind}: {path_or_id}"), "").with_cause(cause))
}

async fn look_up<I: Id>(client: &Client, path_or_id: &str) -> Result<Option<I>, Diagnostic> {
    let kind = I::KIND;
    let reference: Reference<I> = path_or_id.parse().map_err(|reason| {
        let (meant, path_or_id) = (suggestion::<I>(path_or_id), quoted(path_or_id));
        let detail = format!(
            "{path_or_id} is neither the ID nor the full path of a {kind}: {reason}.{meant}"
        );
        Diagnostic::new(format!("Invalid {kind}"), detail)
    })?;
    let found = client.resolve(&reference).await;
    found.map_err(|error| report(format!("Can't look up {kind} {reference}"), &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_valid(stage: Stage, project: &str) -> bool {
        check_reference::<ProjectId>(stage, "project", &Attr::Known(project.to_owned())).is_none()
    }

    #[test]
    fn validation_accepts_what_a_mock_makes_up() {
        for made_up in ["0", "a1b2c3d4", "00000000", "Zz9yXx8wVv7uUu6t"] {
            assert!(is_valid(Stage::Validation, made_up), "{made_up}");
            assert!(!is_valid(Stage::Planning, made_up), "{made_up}");
        }
        for (id, in_validation) in [(0, true), (-3, false)] {
            let check = |stage| check_id::<ProjectId>(stage, "target_project_id", &Attr::Known(id));
            assert_eq!(check(Stage::Validation).is_none(), in_validation);
            assert!(check(Stage::Planning).is_some());
        }
    }

    #[test]
    fn validation_refuses_what_no_mock_makes_up() {
        for text in [
            "",
            "-3",
            "my project",
            "https://gitlab.example.com/a/b",
            "/a/b",
            "my-project",
            "seventeenletterss",
        ] {
            assert!(!is_valid(Stage::Validation, text), "{text}");
        }
    }
}
