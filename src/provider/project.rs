//! Projects and groups as practitioners name them, by number or by full path, and the numbers they stand for.
//! A number stays what it is whatever the path becomes, so that another spelling is never another object.

use std::fmt;
use std::str::FromStr;

use crate::framework::{Attr, Diagnostic, Errors};
use crate::gitlab::{Client, Error, GroupId, GroupRef, ProjectId, ProjectRef, RefError, same_path};

use super::report::{quoted, report};

/// The number of something that is named by number or full path.
pub(super) trait Named: Copy + fmt::Display + Into<i64> + TryFrom<i64> + Send {
    /// A spelling, read.
    type Ref: FromStr<Err = RefError> + fmt::Display + Send + Sync;

    /// The kind, as in a sentence.
    const KIND: &'static str;

    /// The number that a spelling stands for, or `None` where the token sees nothing at that path. A spelling that
    /// is a number costs no request.
    fn of(client: &Client, spelled: &Self::Ref) -> impl Future<Output = Result<Option<Self>, Error>> + Send;

    /// The number, where the spelling is one.
    fn literal(spelled: &Self::Ref) -> Option<Self>;
}

impl Named for ProjectId {
    type Ref = ProjectRef;
    const KIND: &'static str = "project";

    async fn of(client: &Client, spelled: &ProjectRef) -> Result<Option<ProjectId>, Error> {
        match Self::literal(spelled) {
            Some(id) => Ok(Some(id)),
            None => Ok(client.resolve_project(spelled).await?.map(|project| project.id)),
        }
    }

    fn literal(spelled: &ProjectRef) -> Option<ProjectId> {
        match spelled {
            ProjectRef::Id(id) => Some(*id),
            ProjectRef::Path(_) => None,
        }
    }
}

impl Named for GroupId {
    type Ref = GroupRef;
    const KIND: &'static str = "group";

    async fn of(client: &Client, spelled: &GroupRef) -> Result<Option<GroupId>, Error> {
        match Self::literal(spelled) {
            Some(id) => Ok(Some(id)),
            None => Ok(client.resolve_group(spelled).await?.map(|group| group.id)),
        }
    }

    fn literal(spelled: &GroupRef) -> Option<GroupId> {
        match spelled {
            GroupRef::Id(id) => Some(*id),
            GroupRef::Path(_) => None,
        }
    }
}

/// Checks the spelling in an attribute, where it is known.
pub(super) fn check_spelling<Id: Named>(
    attribute: &'static str,
    spelling: &Attr<String>,
) -> Option<Diagnostic> {
    let spelling = spelling.known()?;
    spelling.parse::<Id::Ref>().err().map(|reason| invalid_spelling::<Id>(attribute, spelling, &reason))
}

/// Checks the number in an attribute, where it is known.
pub(super) fn check_number<Id: Named>(attribute: &'static str, number: &Attr<i64>) -> Option<Diagnostic> {
    let number = *number.known()?;
    let told = || {
        let detail = format!("`{attribute}` is {number}, but the number of a {} is 1 or more.", Id::KIND);
        Diagnostic::new(format!("Invalid {} number", Id::KIND), detail).at(attribute)
    };
    Id::try_from(number).is_err().then(told)
}

pub(super) fn invalid_spelling<Id: Named>(
    attribute: &'static str,
    spelling: &str,
    reason: &RefError,
) -> Diagnostic {
    let detail = format!(
        "`{attribute}` is {}, which is neither the number nor the full path of a {}: {reason}.",
        quoted(spelling),
        Id::KIND
    );
    Diagnostic::new(format!("Invalid {}", Id::KIND), detail).at(attribute)
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
pub(super) async fn plan_number<Id: Named>(
    client: Option<&Client>,
    attribute: &'static str,
    spelling: &Attr<String>,
    state: Option<Known<'_>>,
) -> Result<Attr<i64>, Errors> {
    let Some(text) = spelling.known() else { return Ok(Attr::Unknown) };
    let spelled: Id::Ref = text.parse().map_err(|reason| invalid_spelling::<Id>(attribute, text, &reason))?;
    if let Some(id) = Id::literal(&spelled) {
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
    match Id::of(client, &spelled).await {
        Ok(Some(id)) => Ok(Attr::Known(id.into())),
        Ok(None) => Ok(as_before()),
        Err(error) => {
            let attempted = format!("Can't look up the {} `{text}`", Id::KIND);
            Err(report(attempted, &error).at(attribute).into())
        }
    }
}

/// The number of a project or group that is to exist by now.
pub(super) async fn settle<Id: Named>(
    client: &Client,
    attribute: &'static str,
    spelling: &Attr<String>,
    number: &Attr<i64>,
) -> Result<Id, Errors> {
    if let Some(id) = number.known().and_then(|number| Id::try_from(*number).ok()) {
        return Ok(id);
    }
    let text = spelling.known().map(String::as_str).unwrap_or_default();
    find::<Id>(client, text).await.map_err(|diagnostic| diagnostic.at(attribute).into())
}

/// The number that a spelling stands for now.
pub(super) async fn find<Id: Named>(client: &Client, spelling: &str) -> Result<Id, Diagnostic> {
    let kind = Id::KIND;
    let spelled: Id::Ref = spelling.parse().map_err(|reason| {
        let spelling = quoted(spelling);
        let detail = format!("{spelling} is neither the number nor the full path of a {kind}: {reason}.");
        Diagnostic::new(format!("Invalid {kind}"), detail)
    })?;
    match Id::of(client, &spelled).await {
        Ok(Some(id)) => Ok(id),
        Ok(None) => Err(Diagnostic::new(
            format!("Unknown {kind}"),
            format!(
                "GitLab has no {kind} `{spelled}` that the token can see. Check the spelling of the full path, and that the \
                 token's user is a member of the {kind}."
            ),
        )),
        Err(error) => Err(report(format!("Can't look up the {kind} `{spelled}`"), &error)),
    }
}
