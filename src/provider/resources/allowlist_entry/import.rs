//! Imports an entry by an import ID in one of several formats, or by its identity.

use super::{EntryIdentity, EntryModel, cannot_read, entry_id, ids, own, permissions};
use crate::framework::{Attr, Context, Diagnostic, Errors, ImportBy, cannot_import};
use crate::gitlab::{
    Client, Freshness, GroupId, Id, Kind, ProjectId, Reference, Target, suggested_path,
};
use crate::provider::connection::Connection;
use crate::provider::names::capital;
use crate::provider::report::{quoted, report};
use crate::provider::unresolved::is_path_of;
use crate::provider::{identity, names, project};

/// Imports an entry.
///
/// # Errors
///
/// Fails if the import ID or identity is invalid, if the project or target isn't visible to the
/// token, or if the entry doesn't exist.
pub(super) async fn import(
    context: &Context<'_, Connection>,
    by: ImportBy<'_, EntryIdentity>,
) -> Result<EntryModel, Errors> {
    let source = identity::import_source(&by);
    let imported = match find(&context.client.gitlab, by).await {
        Ok(found) => read(context, found).await,
        Err(errors) => Err(errors),
    };
    imported.map_err(|errors| cannot_import(&source, errors))
}

/// The entry to import.
struct Found {
    /// The path or ID of the project as the import ID has it; none with an identity.
    project: Option<String>,
    project_id: ProjectId,
    target: Target,
    /// The entry as the import names it, for messages. The imported state has only the target's ID.
    named: EntryModel,
}

async fn find(client: &Client, by: ImportBy<'_, EntryIdentity>) -> Result<Found, Errors> {
    match by {
        ImportBy::Id(id) => {
            let id = ImportId::parse(id)?;
            let (project_id, target) = id.find(client).await?;
            let known = |text: &str| Attr::Known(text.to_owned());
            let named = match id.kind {
                Kind::Project => {
                    EntryModel { target_project: known(id.target), ..EntryModel::default() }
                }
                Kind::Group => {
                    EntryModel { target_group: known(id.target), ..EntryModel::default() }
                }
            };
            let named =
                EntryModel { project: known(id.project), ..named }.with_ids(project_id, target);
            Ok(Found { project: Some(id.project.to_owned()), project_id, target, named })
        }
        ImportBy::Identity(entry) => {
            let project_id: ProjectId = identity::id("project_id", entry.project_id.known())?;
            let target = match (entry.target_project_id.known(), entry.target_group_id.known()) {
                (project @ Some(_), None) => {
                    Target::Project(identity::id("target_project_id", project)?)
                }
                (None, group @ Some(_)) => Target::Group(identity::id("target_group_id", group)?),
                (None, None) => return Err(one_target(&entry, "neither is set").into()),
                (Some(_), Some(_)) => return Err(one_target(&entry, "both are set").into()),
            };
            let named = EntryModel::default().with_ids(project_id, target);
            Ok(Found { project: None, project_id, target, named })
        }
    }
}

async fn read(context: &Context<'_, Connection>, found: Found) -> Result<EntryModel, Errors> {
    let gitlab = &context.client.gitlab;
    let Found { project, project_id, target, named } = found;
    let with_project = async || {
        let project = Attr::Known(identity::as_written(gitlab, project, project_id).await?);
        Ok::<_, Errors>(
            EntryModel { project, ..EntryModel::default() }.with_ids(project_id, target),
        )
    };
    if own::is_own(project_id, target) {
        let entry = with_project().await?;
        let named = EntryModel { project: entry.project.clone(), ..named };
        return own::import(gitlab, project_id, (entry, &named), context.warnings).await;
    }
    let name = names::project_of(&named);
    match gitlab.is_allowed(project_id, target, Freshness::Shared).await {
        Ok(true) => {
            let entry = with_project().await?;
            let held = gitlab.permissions_of(project_id, target).await;
            let named = EntryModel { project: entry.project.clone(), ..named };
            let held = permissions::imported(&name, held, &named, context.warnings)?;
            Ok(entry.with_own_permissions(held.as_ref()))
        }
        Ok(false) => {
            let error = not_on_the_list(&named);
            let hint = of_other_kind(gitlab, project_id, target).await.unwrap_or_default();
            Err(Diagnostic { detail: error.detail + &hint, ..error }.into())
        }
        Err(error) => Err(report(cannot_read(&name), &error).into()),
    }
}

/// Returns a sentence with the import ID of the entry for a target of the other kind with the same
/// ID, if the allowlist has it.
async fn of_other_kind(client: &Client, project_id: ProjectId, target: Target) -> Option<String> {
    let kind = other(target.kind());
    let other = Target::new(kind, target.id().try_into().ok()?).ok()?;
    let exists = client.is_allowed(project_id, other, Freshness::Shared).await.ok()?;
    exists.then(|| {
        format!(" The allowlist has {other}: its import ID is `{}`.", entry_id(project_id, other))
    })
}

fn other(kind: Kind) -> Kind {
    match kind {
        Kind::Project => Kind::Group,
        Kind::Group => Kind::Project,
    }
}

fn did_you_mean(id: &str) -> String {
    format!(" Did you mean {}?", quoted(id))
}

fn one_target(entry: &EntryIdentity, problem: &str) -> Diagnostic {
    let project = entry.project_id.known().map_or_else(|| "null".to_owned(), i64::to_string);
    let detail = format!(
        "The identity of an allowlist entry must have exactly one of `target_project_id` and \
         `target_group_id`, but {problem} (`project_id` is {project})."
    );
    Diagnostic::new("Invalid identity", detail)
}

/// Returns the project in the import ID of an entry.
pub(in crate::provider) fn project_in_import_id(id: &str) -> Option<&str> {
    ImportId::parse(id).ok().map(|id| id.project)
}

/// A parsed import ID: `<project>:<kind>:<target>`, or `<project>:<target>` for a target project,
/// which older versions of the official provider use. Project and target are IDs or full paths;
/// GitLab doesn't allow colons in paths.
#[derive(Debug, PartialEq, Eq)]
struct ImportId<'a> {
    project: &'a str,
    kind: Kind,
    target: &'a str,
}

impl<'a> ImportId<'a> {
    fn parse(id: &'a str) -> Result<Self, Errors> {
        let parts: Vec<&str> = id.split(':').collect();
        match *parts.as_slice() {
            _ if parts.contains(&"") => Err(malformed(id).into()),
            [project, "project", target] => Ok(ImportId { project, kind: Kind::Project, target }),
            // URLs contain colons, too, and a kind isn't a project.
            [project, target]
                if !target.starts_with("//") && !project.contains('@') && !is_kind(project) =>
            {
                Ok(ImportId { project, kind: Kind::Project, target })
            }
            [project, "group", target] => Ok(ImportId { project, kind: Kind::Group, target }),
            _ => Err(malformed(id).into()),
        }
    }

    async fn find(&self, client: &Client) -> Result<(ProjectId, Target), Errors> {
        let project_id = project::find::<ProjectId>(client, None, self.project).await?;
        let target = match self.kind {
            Kind::Project => {
                project::find::<ProjectId>(client, None, self.target).await.map(Target::from)
            }
            Kind::Group => {
                project::find::<GroupId>(client, None, self.target).await.map(Target::from)
            }
        };
        match target {
            Ok(target) => Ok((project_id, target)),
            Err(error) => Err(Errors::from(error).with_suffix(&self.of_other_kind(client).await)),
        }
    }

    /// Returns a sentence with the import ID of the same path as the other kind, if that exists.
    async fn of_other_kind(&self, client: &Client) -> String {
        let kind = other(self.kind);
        if !is_path_of(client, kind, self.target).await {
            return String::new();
        }
        did_you_mean(&format!("{}:{kind}:{}", self.project, self.target))
    }
}

/// Returns the import ID that was probably intended: with paths instead of URLs, and the correct
/// kind.
fn suggestion(id: &str) -> Option<String> {
    if let Some(id) = with_slashes(id) {
        return Some(id);
    }
    let parts: Vec<&str> = id.split(':').collect();
    (1..parts.len()).find_map(|place| {
        let (before, after) = (parts[..place].join(":"), parts[place..].join(":"));
        let kind =
            parts.get(place).and_then(|part| likely_kind(part)).filter(|_| place + 1 < parts.len());
        let (kind, after) = match kind {
            Some(kind) => (kind, parts[place + 1..].join(":")),
            None => (Kind::Project, after),
        };
        let project_id = intended_reference::<ProjectId>(&before)?;
        let target = match kind {
            Kind::Project => intended_reference::<ProjectId>(&after)?,
            Kind::Group => intended_reference::<GroupId>(&after)?,
        };
        Some(format!("{project_id}:{kind}:{target}"))
    })
}

/// Returns whether a text is the name of a kind, which can't be the path of a project.
fn is_kind(text: &str) -> bool {
    Kind::ALL.into_iter().any(|kind| kind.as_str() == text)
}

/// Returns the import ID that slashes instead of colons stand for.
fn with_slashes(id: &str) -> Option<String> {
    Kind::ALL.into_iter().find_map(|kind| {
        let (project, target) = id.split_once(&format!("/{kind}/"))?;
        let id = format!("{project}:{kind}:{target}");
        let is_project = project.parse::<Reference<ProjectId>>().is_ok();
        let is_target = match kind {
            Kind::Project => target.parse::<Reference<ProjectId>>().is_ok(),
            Kind::Group => target.parse::<Reference<GroupId>>().is_ok(),
        };
        (is_project && is_target).then_some(id)
    })
}

fn likely_kind(text: &str) -> Option<Kind> {
    let text = text.trim().to_lowercase();
    Kind::ALL.into_iter().find(|kind| strsim::levenshtein(&text, kind.as_str()) <= MAX_TYPOS)
}

/// Maximum edit distance of a misspelled kind.
const MAX_TYPOS: usize = 2;

fn intended_reference<I: Id>(text: &str) -> Option<String> {
    match text.parse::<Reference<I>>() {
        Ok(_) => Some(text.to_owned()),
        Err(_) => suggested_path::<I>(text),
    }
}

fn malformed(id: &str) -> Diagnostic {
    let detail = if is_project(id) {
        format!(
            "The import ID of an allowlist entry also names the target. Write \
             `{id}:project:<target project>` or `{id}:group:<target group>`, with the ID or full \
             path of the target, for example `{id}:project:42`."
        )
    } else {
        let meant = suggestion(id).map(|id| did_you_mean(&id)).unwrap_or_default();
        format!(
            "The import ID of an allowlist entry is `<project>:project:<target project>` or \
             `<project>:group:<target group>`, with an ID or full path for each, for example \
             `99:project:42` or `platform/deploy:group:platform/apps`.{meant}"
        )
    };
    Diagnostic::new("Malformed import ID", detail)
}

/// Returns whether an import ID is only the ID or full path of a project.
fn is_project(id: &str) -> bool {
    id.len() <= MAX_REPEATED
        && !id.contains(':')
        && with_slashes(id).is_none()
        && id.parse::<Reference<ProjectId>>().is_ok()
}

/// Maximum length of a project that a message repeats several times.
const MAX_REPEATED: usize = 100;

/// Returns the error of an import whose entry doesn't exist.
pub(super) fn not_on_the_list(entry: &EntryModel) -> Diagnostic {
    let missing = match ids::target_of(entry).zip(ids::project_of(entry)) {
        Some((target, project)) if own::is_own(project, target) => {
            format!("{} doesn't have an entry for itself", capital(&names::own(entry)))
        }
        _ => format!(
            "{} isn't on the allowlist of project {}",
            capital(&names::target(entry)),
            names::project_of(entry)
        ),
    };
    let detail = format!(
        "{missing}, so there is nothing to import. Check the IDs or paths. To add the entry, apply \
         the resource without importing it."
    );
    Diagnostic::new(format!("Allowlist entry not found: {}", names::target(entry)), detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_formats_are_parsed() {
        let project = |project, target| ImportId { project, kind: Kind::Project, target };
        let group = |project, target| ImportId { project, kind: Kind::Group, target };
        assert_eq!(ImportId::parse("99:project:42"), Ok(project("99", "42")));
        assert_eq!(ImportId::parse("a/b:project:c/d"), Ok(project("a/b", "c/d")));
        assert_eq!(ImportId::parse("99:group:c/d"), Ok(group("99", "c/d")));
        assert_eq!(ImportId::parse("99:42"), Ok(project("99", "42")));
        assert_eq!(ImportId::parse("a/b:42"), Ok(project("a/b", "42")));
    }

    #[test]
    fn errors_of_other_formats_show_the_expected_one() {
        let detail = |id: &str| malformed(id).detail;
        for id in ["", "acme", "99:user:42", "99:project:42:7", "99:Project:42", "::::"] {
            assert_eq!(ImportId::parse(id), Err(malformed(id).into()), "{id:?}");
            assert!(detail(id).contains("is `<project>:project:<target project>` or"), "{id:?}");
        }
    }

    #[test]
    fn id_of_a_project_lacks_the_target() {
        for id in ["99", "a/b"] {
            let detail = malformed(id).detail;
            assert!(
                detail.contains(&format!("Write `{id}:project:<target project>` or")),
                "{detail}"
            );
        }
        let long = malformed(&format!("a/{}", "b".repeat(200))).detail;
        assert!(long.contains("is `<project>:project:<target project>` or"), "{long}");
    }

    #[test]
    fn malformed_id_is_corrected() {
        for (id, meant) in [
            ("99:projekt:42", "99:project:42"),
            ("99:PROJECT:42", "99:project:42"),
            ("a/b:groups:c", "a/b:group:c"),
            ("https://gitlab.test/a/b:project:https://gitlab.test/c/d", "a/b:project:c/d"),
            ("https://gitlab.test/a/b:https://gitlab.test/c/d", "a/b:project:c/d"),
            ("git@gitlab.test:a/b.git:group:groups/c", "a/b:group:c"),
            ("git@gitlab.test:a/b.git:42", "a/b:project:42"),
        ] {
            let errors = ImportId::parse(id).unwrap_err();
            let detail = &errors.as_slice()[0].detail;
            assert!(detail.contains(&format!("Did you mean {meant:?}?")), "{detail}");
        }
        for id in ["99:user:42", "::::", "https://gitlab.test/a/b"] {
            assert_eq!(suggestion(id), None, "{id}");
        }
    }
}
