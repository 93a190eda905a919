//! The ids that an allowlist entry can be imported by.

use crate::framework::{Diagnostic, Errors};
use crate::gitlab::{Client, GroupId, ProjectId, Target};
use crate::provider::project;

/// An import id, read: `<owner>:<kind>:<target>`, or `<owner>:<target>` for a project, which is the official
/// provider's older form. Owner and target are numbers or full paths; GitLab allows no colon in a path.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ImportId<'a> {
    /// The owner, as spelled.
    pub(super) owner: &'a str,
    target: TargetSpelling<'a>,
}

#[derive(Debug, PartialEq, Eq)]
enum TargetSpelling<'a> {
    Project(&'a str),
    Group(&'a str),
}

impl<'a> ImportId<'a> {
    /// Reads an import id.
    ///
    /// # Errors
    ///
    /// Where it has none of the forms.
    pub(super) fn parse(id: &'a str) -> Result<ImportId<'a>, Errors> {
        let parts: Vec<&str> = id.split(':').collect();
        let (owner, target) = match parts.as_slice() {
            [owner, "project", target] | [owner, target] => (*owner, TargetSpelling::Project(target)),
            [owner, "group", target] => (*owner, TargetSpelling::Group(target)),
            _ => return Err(malformed(id).into()),
        };
        Ok(ImportId { owner, target })
    }

    /// The numbers of owner and target.
    ///
    /// # Errors
    ///
    /// Where one of them is no spelling of a project or group, or of none that the token can see.
    pub(super) async fn find(&self, client: &Client) -> Result<(ProjectId, Target), Errors> {
        let owner = project::find::<ProjectId>(client, self.owner).await?;
        let target = match self.target {
            TargetSpelling::Project(spelling) => {
                Target::Project(project::find::<ProjectId>(client, spelling).await?)
            }
            TargetSpelling::Group(spelling) => {
                Target::Group(project::find::<GroupId>(client, spelling).await?)
            }
        };
        Ok((owner, target))
    }
}

fn malformed(id: &str) -> Diagnostic {
    let detail = format!(
        "{id:?} is not the id of an allowlist entry. Write `<project>:project:<target project>` or `<project>:group:<target \
         group>`, each a number or a full path, such as `99:project:42` or `platform/deploy:group:platform/apps`."
    );
    Diagnostic::new("Malformed import id", detail)
}

/// There is no such entry.
pub(super) fn not_on_the_list(owner: ProjectId, target: Target) -> Diagnostic {
    let detail = format!(
        "The allowlist of project {owner} has no entry for {target}, so there is nothing to import. Check the numbers; \
         to add the entry, apply the resource without importing it."
    );
    Diagnostic::new("Cannot import a missing allowlist entry", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        let project = |owner, target| ImportId { owner, target: TargetSpelling::Project(target) };
        let group = |owner, target| ImportId { owner, target: TargetSpelling::Group(target) };
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
            assert_eq!(errors.as_slice()[0].summary, "Malformed import id", "{id:?}");
        }
        assert_eq!(
            ImportId::parse("99").unwrap_err().as_slice()[0].detail,
            "\"99\" is not the id of an allowlist entry. Write `<project>:project:<target project>` or \
             `<project>:group:<target group>`, each a number or a full path, such as `99:project:42` or \
             `platform/deploy:group:platform/apps`."
        );
    }
}
