//! Projects and groups as practitioners name them, by number or by full path, and the numbers they stand for.
//! A number stays what it is whatever the path becomes, so that another spelling is never another object.

use crate::framework::{Attr, Diagnostic, Errors};
use crate::gitlab::{Client, Id, ProjectId, RefError, Reference, same_path};

use super::report::{quoted, report};

/// Checks the spelling in an attribute, where it is known.
pub(super) fn check_spelling<I: Id>(attribute: &'static str, spelling: &Attr<String>) -> Option<Diagnostic> {
    let spelling = spelling.known()?;
    spelling.parse::<Reference<I>>().err().map(|reason| invalid_spelling::<I>(attribute, spelling, &reason))
}

/// Checks the number in an attribute, where it is known.
pub(super) fn check_number<I: Id>(attribute: &'static str, number: &Attr<i64>) -> Option<Diagnostic> {
    let number = *number.known()?;
    let told = || {
        let detail = format!("`{attribute}` is {number}, but the number of a {} is 1 or more.", I::KIND);
        Diagnostic::new(format!("Invalid {} number", I::KIND), detail).at(attribute)
    };
    I::try_from(number).is_err().then(told)
}

pub(super) fn invalid_spelling<I: Id>(
    attribute: &'static str,
    spelling: &str,
    reason: &RefError,
) -> Diagnostic {
    let detail = format!(
        "`{attribute}` is {}, which is neither the number nor the full path of a {}: {reason}.",
        quoted(spelling),
        I::KIND
    );
    Diagnostic::new(format!("Invalid {}", I::KIND), detail).at(attribute)
}

/// What the state says of a project or group.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    /// How the state spells it.
    pub(super) spelling: &'a Attr<String>,
    /// Its number.
    pub(super) number: &'a Attr<i64>,
    /// Its present path, where a list that was read anyway tells.
    pub(super) present_path: Option<&'a str>,
}

/// The number that a configured spelling stands for while planning.
///
/// A path that leads nowhere may name what the same apply is to create, so its number is unknown; one that the
/// state spells alike keeps its number, for a renamed group leaves no redirect.
pub(super) async fn plan_number<I: Id>(
    client: Option<&Client>,
    attribute: &'static str,
    spelling: &Attr<String>,
    state: Option<Known<'_>>,
) -> Result<Attr<i64>, Errors> {
    let Some(text) = spelling.known() else { return Ok(Attr::Unknown) };
    let spelled: Reference<I> =
        text.parse().map_err(|reason| invalid_spelling::<I>(attribute, text, &reason))?;
    if let Some(id) = spelled.id() {
        return Ok(Attr::Known(id.into()));
    }
    let state = state.filter(|state| state.number.known().is_some());
    if let Some(state) = state
        && state.present_path.is_some_and(|present| same_path(present, text))
    {
        return Ok(state.number.clone());
    }
    let as_before = || {
        let unchanged =
            |state: &Known<'_>| state.spelling.known().is_some_and(|before| same_path(before, text));
        state.filter(unchanged).map_or(Attr::Unknown, |state| state.number.clone())
    };
    let Some(client) = client else { return Ok(as_before()) };
    match client.resolve(&spelled).await {
        Ok(Some(id)) => Ok(Attr::Known(id.into())),
        Ok(None) => Ok(as_before()),
        Err(error) => {
            let attempted = format!("Can't look up the {} `{text}`", I::KIND);
            Err(report(attempted, &error).at(attribute).into())
        }
    }
}

/// The number of a project or group that is to exist by now.
pub(super) async fn settle<I: Id>(
    client: &Client,
    attribute: &'static str,
    spelling: &Attr<String>,
    number: &Attr<i64>,
) -> Result<I, Errors> {
    if let Some(id) = number.known().and_then(|number| I::try_from(*number).ok()) {
        return Ok(id);
    }
    find::<I>(client, spelled(spelling)).await.map_err(|diagnostic| diagnostic.at(attribute).into())
}

/// Returns the ID of a state's project, or `None` if the state has only its path, as after a move from another provider,
/// and GitLab has no such project that the token can see.
pub(super) async fn in_state(
    client: &Client,
    spelling: &Attr<String>,
    number: &Attr<i64>,
) -> Result<Option<ProjectId>, Errors> {
    if let Some(id) = number.known().and_then(|number| ProjectId::try_from(*number).ok()) {
        return Ok(Some(id));
    }
    match spelling.known() {
        Some(text) => Ok(look_up::<ProjectId>(client, text).await.map_err(|problem| problem.at("project"))?),
        None => Err(Diagnostic::new(
            "Unreadable state",
            "The state of this resource doesn't name its project. Was it changed by hand? Take the resource out of the state, \
             and import it again.",
        )
        .into()),
    }
}

/// Returns the path or ID of a state's project as it is written there.
pub(super) fn spelled(project: &Attr<String>) -> &str {
    project.known().map(String::as_str).unwrap_or_default()
}

/// The number that a spelling stands for now.
pub(super) async fn find<I: Id>(client: &Client, spelling: &str) -> Result<I, Diagnostic> {
    let kind = I::KIND;
    look_up::<I>(client, spelling).await?.ok_or_else(|| {
        Diagnostic::new(
            format!("Unknown {kind}"),
            format!(
                "GitLab has no {kind} `{spelling}` that the token can see. Check the spelling of the full path, and that the \
                 token's user is a member of the {kind}."
            ),
        )
    })
}

async fn look_up<I: Id>(client: &Client, spelling: &str) -> Result<Option<I>, Diagnostic> {
    let kind = I::KIND;
    let spelled: Reference<I> = spelling.parse().map_err(|reason| {
        let spelling = quoted(spelling);
        let detail = format!("{spelling} is neither the number nor the full path of a {kind}: {reason}.");
        Diagnostic::new(format!("Invalid {kind}"), detail)
    })?;
    let found = client.resolve(&spelled).await;
    found.map_err(|error| report(format!("Can't look up the {kind} `{spelled}`"), &error))
}
