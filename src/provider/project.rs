//! Projects and groups as practitioners name them, by number or by full path, and the numbers they stand for.
//! A number stays what it is whatever the path becomes, so that another spelling is never another object.

use crate::framework::{Attr, Diagnostic, Errors};
use crate::gitlab::{Client, FullPath, GroupId, GroupRef, ProjectId, ProjectRef, RefError, same_path};

use super::report::report;

/// A kind of object that is named by number or full path.
pub(super) trait Named: Sized + Copy + Eq + std::fmt::Display + Into<i64> + TryFrom<i64> + Send {
    /// The kind, as in a sentence.
    const KIND: &'static str;

    /// Reads a spelling.
    fn parse(spelling: &str) -> Result<Spelled<Self>, RefError>;

    /// What GitLab has at the path, if anything that the token can see.
    fn at_path(
        client: &Client,
        path: &FullPath,
    ) -> impl Future<Output = Result<Option<Self>, crate::gitlab::Error>> + Send;
}

/// A spelling, read.
pub(super) enum Spelled<Id> {
    /// The number itself.
    Number(Id),
    /// A full path.
    Path(FullPath),
}

impl Named for ProjectId {
    const KIND: &'static str = "project";

    fn parse(spelling: &str) -> Result<Spelled<ProjectId>, RefError> {
        Ok(match spelling.parse()? {
            ProjectRef::Id(id) => Spelled::Number(id),
            ProjectRef::Path(path) => Spelled::Path(path),
        })
    }

    async fn at_path(client: &Client, path: &FullPath) -> Result<Option<ProjectId>, crate::gitlab::Error> {
        Ok(client.resolve_project(path).await?.map(|project| project.id))
    }
}

impl Named for GroupId {
    const KIND: &'static str = "group";

    fn parse(spelling: &str) -> Result<Spelled<GroupId>, RefError> {
        Ok(match spelling.parse()? {
            GroupRef::Id(id) => Spelled::Number(id),
            GroupRef::Path(path) => Spelled::Path(path),
        })
    }

    async fn at_path(client: &Client, path: &FullPath) -> Result<Option<GroupId>, crate::gitlab::Error> {
        Ok(client.resolve_group(path).await?.map(|group| group.id))
    }
}

/// Checks the spelling in an attribute, where it is known.
pub(super) fn check_spelling<Id: Named>(attribute: &'static str, spelling: &Attr<String>) -> Option<Diagnostic> {
    let spelling = spelling.known()?;
    Id::parse(spelling).err().map(|reason| invalid_spelling::<Id>(attribute, spelling, &reason))
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

fn invalid_spelling<Id: Named>(attribute: &'static str, spelling: &str, reason: &RefError) -> Diagnostic {
    let detail = format!(
        "`{attribute}` must be the number or the full path of a {}, but in {spelling:?} {reason}.",
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
    let path = match Id::parse(text) {
        Ok(Spelled::Number(id)) => return Ok(Attr::Known(id.into())),
        Ok(Spelled::Path(path)) => path,
        Err(reason) => return Err(invalid_spelling::<Id>(attribute, text, &reason).into()),
    };
    let state = state.filter(|state| state.number.known().is_some());
    if let Some(state) = state
        && state.present_path.is_some_and(|present| same_path(present, text))
    {
        return Ok(state.number.clone());
    }
    let as_before = || {
        let unchanged = |state: &Known<'_>| state.spelling.known().is_some_and(|before| same_path(before, text));
        state.filter(unchanged).map_or(Attr::Unknown, |state| state.number.clone())
    };
    let Some(client) = client else { return Ok(as_before()) };
    match Id::at_path(client, &path).await {
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
    let path = match Id::parse(spelling) {
        Ok(Spelled::Number(id)) => return Ok(id),
        Ok(Spelled::Path(path)) => path,
        Err(reason) => {
            let detail = format!("{spelling:?} must be the number or the full path of a {kind}, but {reason}.");
            return Err(Diagnostic::new(format!("Invalid {kind}"), detail));
        }
    };
    match Id::at_path(client, &path).await {
        Ok(Some(id)) => Ok(id),
        Ok(None) => Err(Diagnostic::new(
            format!("Unknown {kind}"),
            format!(
                "GitLab has no {kind} `{path}` that the token can see. Check the spelling of the full path, and that the \
                 token's user is a member of the {kind}."
            ),
        )),
        Err(error) => Err(report(format!("Can't look up the {kind} `{path}`"), &error)),
    }
}
