//! Walks through the projects of a search, page by page, a few projects at a time, until the host
//! has enough results.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use tokio::sync::mpsc::Sender;

use super::query::{Query, SearchScope};
use crate::framework::{Diagnostic, Errors, ListResult, Warnings};
use crate::gitlab::{Client, Error, ErrorKind, GroupProject, GroupProjects, ProjectId};
use crate::provider::names;
use crate::provider::report::report;

/// Maximum number of projects that are read concurrently.
const MAX_CONCURRENT_PROJECTS: usize = 8;

/// The objects of one list resource in a project.
pub(super) trait Find: Sync {
    /// The model of an object.
    type Object: Send;

    /// Returns the objects of a project found in a group, up to `wanted` or more. Warnings are for
    /// this project.
    fn in_listed(
        &self,
        project: &GroupProject,
        wanted: usize,
        warnings: &Warnings,
    ) -> impl Future<Output = Result<Vec<ListResult<Self::Object>>, Unread>> + Send;

    /// Returns the objects of the project that a search names, with its display name.
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
    /// not visible. The other projects of the group are still listed.
    Hidden(Diagnostic),
    /// Another error.
    Failed(Diagnostic),
    /// Complete diagnostics.
    Diagnostics(Errors),
}

impl From<Errors> for Unread {
    fn from(errors: Errors) -> Self {
        Self::Diagnostics(errors)
    }
}

impl Unread {
    /// Converts the error of a call. `attempted` is the title.
    pub(super) fn of(attempted: impl Into<String>, error: &Error) -> Self {
        let diagnostic = report(attempted, error);
        match error.kind() {
            ErrorKind::NotFound | ErrorKind::Forbidden => Self::Hidden(diagnostic),
            _ => Self::Failed(diagnostic),
        }
    }

    fn into_errors(self, search_scope: SearchScope) -> Errors {
        match self {
            Self::Hidden(diagnostic) | Self::Failed(diagnostic) => {
                diagnostic.at(search_scope.attribute()).into()
            }
            Self::Diagnostics(errors) => errors,
        }
    }
}

/// Searches the project or group that the `config` block names, and sends what is found.
///
/// # Errors
///
/// Fails if the objects, or some of them, can't be listed.
pub(super) async fn search<F: Find>(
    gitlab: &Client,
    config: &Query,
    limit: usize,
    find: &F,
    found: Sender<ListResult<F::Object>>,
    warnings: &Warnings,
) -> Result<(), Errors> {
    let search_scope = SearchScope::of(gitlab, config).await?;
    let mut host = Host { found, wanted: limit };
    let below = match search_scope {
        SearchScope::Project(project) => {
            let objects = find
                .in_project((project, &names::project(&config.project, project)), limit, warnings)
                .await
                .map_err(|unread| unread.into_errors(search_scope))?;
            host.send(objects).await;
            return Ok(());
        }
        SearchScope::Group(below) => below,
    };
    let group = names::project(&config.group, below.group);
    let mut list = GroupProjects::new(below);
    let mut reported = Reported::default();
    let mut hidden = 0;
    let mut concurrent = 1;
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
            // Few at first, and no more than the host wants: other requests would be wasted.
            let (next, rest) = page.split_at(concurrent.min(host.wanted).min(page.len()));
            (page, concurrent) = (rest, MAX_CONCURRENT_PROJECTS.min(concurrent * 2));
            let objects = join_all(next.iter().map(async |project| {
                let warnings = Warnings::default();
                (find.in_listed(project, host.wanted, &warnings).await, warnings)
            }));
            for (objects, warnings) in objects.await {
                reported.add(warnings);
                match objects {
                    Ok(objects) => {
                        if !host.send(objects).await {
                            break 'pages Ok(());
                        }
                    }
                    Err(Unread::Hidden(_)) => hidden += 1,
                    Err(unread) => break 'pages Err(unread.into_errors(search_scope)),
                }
            }
        }
    };
    reported.pass_on(&group, warnings);
    if hidden + list.hidden() > 0 {
        warnings.add(not_visible(hidden + list.hidden(), &group));
    }
    ended
}

/// The host, and how many results it still wants.
struct Host<T> {
    found: Sender<ListResult<T>>,
    wanted: usize,
}

impl<T> Host<T> {
    /// Sends the objects. Returns false if the host wants no more.
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

/// The warnings about single projects. Those with the same attribute have the same cause, and only
/// the first has it in full.
#[derive(Debug, Default)]
struct Reported(BTreeMap<Option<String>, (Diagnostic, usize)>);

impl Reported {
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
    let (projects, their) = if count == 1 { ("project", "its") } else { ("projects", "their") };
    let detail = format!(
        "{count} {projects} of group {group} can't be searched, because {their} job token settings \
         aren't visible to the token. Give the token's user the Maintainer role in group {group}."
    );
    Diagnostic::new(format!("Projects not visible: group {group}"), detail).at("group")
}
