//! The walk through the projects of a search: page by page, a few projects at a time, and no
//! further than the host asks.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use tokio::sync::mpsc::Sender;

use super::place::{Place, Query};
use crate::framework::{Diagnostic, Errors, ListResult, Warnings};
use crate::gitlab::{Client, Error, ErrorKind, GroupProject, GroupProjects, ProjectId};
use crate::provider::names;
use crate::provider::report::report;

/// The most projects that are read at the same time.
const AT_ONCE: usize = 8;

/// The objects of one list resource in a project.
pub(super) trait Find: Sync {
    /// The model of an object.
    type Object: Send;

    /// Returns the objects of a listed project, of which no more than `wanted` are needed. Warnings
    /// are about that project.
    fn in_listed(
        &self,
        project: &GroupProject,
        wanted: usize,
        warnings: &Warnings,
    ) -> impl Future<Output = Result<Vec<ListResult<Self::Object>>, Unread>> + Send;

    /// Returns the objects of the only project of a search, with its name for people.
    fn in_project(
        &self,
        project: (ProjectId, &str),
        wanted: usize,
        warnings: &Warnings,
    ) -> impl Future<Output = Result<Vec<ListResult<Self::Object>>, Unread>> + Send;
}

/// The reason why a project couldn't be read.
#[derive(Debug)]
pub(super) enum Unread {
    /// GitLab doesn't show it to the token: the user's role is too low, or the project is gone or
    /// not visible. The other projects of a group are listed all the same.
    Hidden(Diagnostic),
    /// Another answer.
    Failed(Diagnostic),
    /// Errors that say it all.
    Told(Errors),
}

impl From<Errors> for Unread {
    fn from(errors: Errors) -> Self {
        Self::Told(errors)
    }
}

impl Unread {
    /// Returns the reason for a call that failed while `attempted` was going on.
    pub(super) fn of(attempted: impl Into<String>, error: &Error) -> Self {
        let diagnostic = report(attempted, error);
        match error.kind() {
            ErrorKind::NotFound | ErrorKind::Forbidden => Self::Hidden(diagnostic),
            _ => Self::Failed(diagnostic),
        }
    }

    fn told(self, place: Place) -> Errors {
        match self {
            Self::Hidden(diagnostic) | Self::Failed(diagnostic) => {
                diagnostic.at(place.attribute()).into()
            }
            Self::Told(errors) => errors,
        }
    }
}

/// Searches the place that the `config` block names, and sends what is found.
///
/// # Errors
///
/// Fails if the objects can't be listed, or not all of them.
pub(super) async fn search<F: Find>(
    gitlab: &Client,
    config: &Query,
    limit: usize,
    find: &F,
    found: Sender<ListResult<F::Object>>,
    warnings: &Warnings,
) -> Result<(), Errors> {
    let place = Place::of(gitlab, config).await?;
    let mut host = Host { found, wanted: limit };
    let below = match place {
        Place::Project(project) => {
            let objects = find
                .in_project((project, &names::project(&config.project, project)), limit, warnings)
                .await
                .map_err(|unread| unread.told(place))?;
            host.send(objects).await;
            return Ok(());
        }
        Place::Group(below) => below,
    };
    let group = names::project(&config.group, below.group);
    let mut list = GroupProjects::new(below);
    let mut told = Told::default();
    let mut hidden = 0;
    let mut at_once = 1;
    let ended = 'pages: loop {
        let page = match list.next_page(gitlab).await {
            Ok(Some(page)) => page,
            Ok(None) => break Ok(()),
            Err(error) => {
                break Err(report(format!("Can't list the projects of group {group}"), &error)
                    .at("group")
                    .into());
            }
        };
        let mut page = page.as_slice();
        while !page.is_empty() {
            // No more than the host may take, and few at first: what it has no use for would be
            // asked in vain.
            let (next, rest) = page.split_at(at_once.min(host.wanted).min(page.len()));
            (page, at_once) = (rest, AT_ONCE.min(at_once * 2));
            let objects = join_all(next.iter().map(async |project| {
                let warnings = Warnings::default();
                (find.in_listed(project, host.wanted, &warnings).await, warnings)
            }));
            for (objects, warnings) in objects.await {
                told.add(warnings);
                match objects {
                    Ok(objects) => {
                        if !host.send(objects).await {
                            break 'pages Ok(());
                        }
                    }
                    Err(Unread::Hidden(_)) => hidden += 1,
                    Err(unread) => break 'pages Err(unread.told(place)),
                }
            }
        }
    };
    told.pass_on(&group, warnings);
    if hidden + list.hidden() > 0 {
        warnings.add(not_visible(hidden + list.hidden(), &group));
    }
    ended
}

/// The host, as far as it wants more.
struct Host<T> {
    found: Sender<ListResult<T>>,
    wanted: usize,
}

impl<T> Host<T> {
    /// Sends the objects. Returns false once no more are wanted.
    async fn send(&mut self, objects: Vec<ListResult<T>>) -> bool {
        for object in objects {
            if self.wanted == 0 || self.found.send(object).await.is_err() {
                return false;
            }
            self.wanted -= 1;
        }
        self.wanted > 0
    }
}

/// The warnings about single projects. Those of one attribute have one cause, which is told in full
/// once.
#[derive(Debug, Default)]
struct Told(BTreeMap<Option<String>, (Diagnostic, usize)>);

impl Told {
    fn add(&mut self, warnings: Warnings) {
        for warning in warnings.take() {
            let attribute = warning.attribute.as_ref().map(|path| format!("{path:?}"));
            self.0.entry(attribute).and_modify(|(_, more)| *more += 1).or_insert((warning, 0));
        }
    }

    fn pass_on(self, group: &str, warnings: &Warnings) {
        for (mut warning, more) in self.0.into_values() {
            if more > 0 {
                let projects = if more == 1 { "project" } else { "projects" };
                warning.detail.push_str(&format!(
                    "\n\nThis also applies to {more} more {projects} of group {group}."
                ));
            }
            warnings.add(warning.at("group"));
        }
    }
}

fn not_visible(count: usize, group: &str) -> Diagnostic {
    let projects = if count == 1 { "project" } else { "projects" };
    let detail = format!(
        "{count} {projects} of group {group} can't be searched, because their job token settings \
         aren't visible to the token. Give the token's user the Maintainer role in group {group}."
    );
    Diagnostic::new(format!("Projects not visible: group {group}"), detail).at("group")
}
