//! Imports an allowlist entry by an ID in one of several forms, or its identity.

use super::EntryIdentity;
use crate::framework::{Diagnostic, Errors, ImportBy};
use crate::gitlab::{Client, GroupId, Id, Kind, ProjectId, Reference, Target, suggested_path};
use crate::provider::report::quoted;
use crate::provider::{identity, project};

/// Returns the owner's name in an import ID, an identity having none, and the IDs of owner and target.
///
/// # Errors
///
/// Where the import names no entry, or projects or groups that the token can't see.
pub(super) async fn find(
    client: &Client,
    by: ImportBy<'_, EntryIdentity>,
) -> Result<(Option<String>, ProjectId, Target), Errors> {
    match by {
        ImportBy::Id(id) => {
            let id = ImportId::parse(id)?;
            let (owner, target) = id.find(client).await?;
            Ok((Some(id.owner.to_owned()), owner, target))
        }
        ImportBy::Identity(entry) => {
            let owner: ProjectId = identity::id("project_id", entry.project_id.known())?;
            let target = match (entry.target_project_id.known(), entry.target_group_id.known()) {
                (project @ Some(_), None) => Target::Project(identity::id("target_project_id", project)?),
                (None, group @ Some(_)) => Target::Group(identity::id("target_group_id", group)?),
                _ => return Err(one_target().into()),
            };
            Ok((None, owner, target))
        }
    }
}

fn one_target() -> Diagnostic {
    let detail =
        "The identity of an allowlist entry has exactly one of `target_project_id` and `target_group_id`.";
    Diagnostic::new("Invalid identity", detail)
}

/// An import id, read: `<owner>:<kind>:<target>`, or `<owner>:<target>` for a project, which is the official
/// provider's older form. Project and target are IDs or full paths; GitLab allows no colon in a path.
#[derive(Debug, PartialEq, Eq)]
struct ImportId<'a> {
    owner: &'a str,
    kind: Kind,
    target: &'a str,
}

impl<'a> ImportId<'a> {
    fn parse(id: &'a str) -> Result<ImportId<'a>, Errors> {
        let parts: Vec<&str> = id.split(':').collect();
        match *parts.as_slice() {
            [owner, "project", target] => Ok(ImportId { owner, kind: Kind::Project, target }),
            // A colon may also be that of an address.
            [owner, target] if !target.starts_with("//") && !owner.contains('@') => {
                Ok(ImportId { owner, kind: Kind::Project, target })
            }
            [owner, "group", target] => Ok(ImportId { owner, kind: Kind::Group, target }),
            _ => Err(malformed(id).into()),
        }
    }

    async fn find(&self, client: &Client) -> Result<(ProjectId, Target), Errors> {
        let owner = project::find::<ProjectId>(client, None, self.owner).await?;
        let target = match self.kind {
            Kind::Project => project::find::<ProjectId>(client, None, self.target).await?.into(),
            Kind::Group => project::find::<GroupId>(client, None, self.target).await?.into(),
        };
        Ok((owner, target))
    }
}

/// Returns the import ID that was probably meant: with paths in place of addresses, and with the kind as it is written.
fn suggestion(id: &str) -> Option<String> {
    let parts: Vec<&str> = id.split(':').collect();
    (1..parts.len()).find_map(|place| {
        let (before, after) = (parts[..place].join(":"), parts[place..].join(":"));
        let kind = parts.get(place).and_then(|part| likely_kind(part)).filter(|_| place + 1 < parts.len());
        let (kind, after) = match kind {
            Some(kind) => (kind, parts[place + 1..].join(":")),
            None => (Kind::Project, after),
        };
        let owner = meant::<ProjectId>(&before)?;
        let target = match kind {
            Kind::Project => meant::<ProjectId>(&after)?,
            Kind::Group => meant::<GroupId>(&after)?,
        };
        Some(format!("{owner}:{kind}:{target}"))
    })
}

fn likely_kind(text: &str) -> Option<Kind> {
    let text = text.trim().to_lowercase();
    Kind::ALL.into_iter().find(|kind| strsim::levenshtein(&text, kind.as_str()) <= MOST_TYPOS)
}

/// The most letters that are wrong in a misspelt kind.
const MOST_TYPOS: usize = 2;

fn meant<I: Id>(text: &str) -> Option<String> {
    match text.parse::<Reference<I>>() {
        Ok(_) => Some(text.to_owned()),
        Err(_) => suggested_path::<I>(text),
    }
}

fn malformed(id: &str) -> Diagnostic {
    let meant = suggestion(id).map(|id| format!(" Did you mean {}?", quoted(&id))).unwrap_or_default();
    let detail = format!(
        "{} isn't the ID of an allowlist entry. Write `<project>:project:<target project>` or `<project>:group:<target \
         group>`, each an ID or a full path, such as `99:project:42` or `platform/deploy:group:platform/apps`.{meant}",
        quoted(id)
    );
    Diagnostic::new("Malformed import ID", detail)
}

/// There is no such entry.
pub(super) fn not_on_the_list(owner: ProjectId, target: Target) -> Diagnostic {
    let detail = format!(
        "The allowlist of project {owner} has no entry for {target}, so there is nothing to import. Check the IDs; \
         to add the entry, apply the resource without importing it."
    );
    Diagnostic::new("Can't import a missing allowlist entry", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        let project = |owner, target| ImportId { owner, kind: Kind::Project, target };
        let group = |owner, target| ImportId { owner, kind: Kind::Group, target };
        assert_eq!(ImportId::parse("99:project:42"), Ok(project("99", "42")));
        assert_eq!(ImportId::parse("a/b:project:c/d"), Ok(project("a/b", "c/d")));
        assert_eq!(ImportId::parse("99:group:c/d"), Ok(group("99", "c/d")));
        assert_eq!(ImportId::parse("99:42"), Ok(project("99", "42")));
        assert_eq!(ImportId::parse("a/b:42"), Ok(project("a/b", "42")));
    }

    #[test]
    fn any_other_form_is_told_how_to_write_it() {
        for id in ["", "99", "99:user:42", "99:project:42:7", "99:Project:42", "::::"] {
            let errors = ImportId::parse(id).unwrap_err();
            assert_eq!(errors.as_slice()[0].summary, "Malformed import ID", "{id:?}");
        }
        assert_eq!(
            ImportId::parse("99").unwrap_err().as_slice()[0].detail,
            "\"99\" isn't the ID of an allowlist entry. Write `<project>:project:<target project>` or \
             `<project>:group:<target group>`, each an ID or a full path, such as `99:project:42` or \
             `platform/deploy:group:platform/apps`."
        );
    }

    #[test]
    fn a_malformed_id_is_corrected() {
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
            assert!(detail.ends_with(&format!("Did you mean {meant:?}?")), "{detail}");
        }
        for id in ["99:user:42", "::::", "https://gitlab.test/a/b"] {
            assert_eq!(suggestion(id), None, "{id}");
        }
    }
}
