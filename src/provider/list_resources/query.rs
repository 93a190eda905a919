//! The `config` block of all list resources: the project, or the group, that is searched.

use crate::framework::{Attr, Attribute, Diagnostic, Errors, Schema, Type, model};
use crate::gitlab::{Below, Client, GroupId, Kind, ProjectId};
use crate::provider::project::{self, Stage};

model! {
    /// The attributes, as the schema documents them.
    pub(in crate::provider) struct Query {
        project: String,
        group: String,
        include_subgroups: bool,
        include_archived: bool,
    }
}

/// What a search covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SearchScope {
    /// One project.
    Project(ProjectId),
    /// The projects of a group.
    Group(Below),
}

/// Returns the schema of a `config` block.
pub(super) fn schema(description: &'static str) -> Schema {
    let attributes = vec![
        Attribute::optional(
            "project",
            Type::String,
            "ID or full path of the project to search. Exactly one of `project` and `group` must \
             be set.",
        ),
        Attribute::optional(
            "group",
            Type::String,
            "ID or full path of the group to search, with up to 20,000 projects.",
        ),
        Attribute::optional(
            "include_subgroups",
            Type::Bool,
            "Whether to include the projects of the group's subgroups. Defaults to `true`. \
             Only with `group`.",
        ),
        Attribute::optional(
            "include_archived",
            Type::Bool,
            "Whether to include archived projects. Defaults to `false`. Only with `group`.",
        ),
    ];
    Schema { version: 0, description, attributes }
}

/// Checks a `config` block, whose values may be unknown.
pub(super) fn validate(config: &Query) -> Result<(), Errors> {
    let problems = [
        project::check_reference::<ProjectId>(Stage::Planning, "project", &config.project),
        project::check_reference::<GroupId>(Stage::Planning, "group", &config.group),
        check_choice(config),
        check_option("include_subgroups", &config.include_subgroups, config),
        check_option("include_archived", &config.include_archived, config),
    ];
    Errors::check(problems.into_iter().flatten())
}

fn check_choice(config: &Query) -> Option<Diagnostic> {
    match (&config.project, &config.group) {
        (Attr::Null, Attr::Null) => Some(Diagnostic::new(
            "No project or group to search",
            "Set `project` to search one project, or `group` to search the projects of a group.",
        )),
        (Attr::Known(_), Attr::Known(_)) => Some(
            Diagnostic::new(
                "Both a project and a group to search",
                "`project` and `group` are both set. Set only one of them. To search both, use one \
                 `list` block for each.",
            )
            .at("group"),
        ),
        _ => None,
    }
}

/// Checks that an option for groups isn't set together with a project.
fn check_option(
    attribute: &'static str,
    option: &Attr<bool>,
    config: &Query,
) -> Option<Diagnostic> {
    let is_misplaced =
        option.known().is_some() && config.project.known().is_some() && config.group.is_null();
    is_misplaced.then(|| {
        let detail = format!(
            "`{attribute}` is set, but it applies only to the projects of a group. Remove it, or \
             set `group` instead of `project`."
        );
        Diagnostic::new("Option without a group", detail).at(attribute)
    })
}

impl SearchScope {
    /// Resolves the project or group of a search.
    ///
    /// # Errors
    ///
    /// Fails if the block is invalid, if the path isn't found, or if GitLab can't be queried.
    pub(super) async fn of(gitlab: &Client, config: &Query) -> Result<Self, Errors> {
        validate(config)?;
        if config.group.is_null() {
            return Ok(Self::Project(
                project::resolve_existing(gitlab, "project", &config.project, &Attr::Null).await?,
            ));
        }
        Ok(Self::Group(Below {
            group: project::resolve_existing(gitlab, "group", &config.group, &Attr::Null).await?,
            with_subgroups: config.include_subgroups != Attr::Known(false),
            with_archived: config.include_archived == Attr::Known(true),
        }))
    }

    /// Returns the attribute that names the project or group.
    pub(super) fn attribute(self) -> &'static str {
        match self {
            Self::Project(_) => Kind::Project.as_str(),
            Self::Group(_) => Kind::Group.as_str(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(config: &Query) -> Vec<(String, bool)> {
        let errors = validate(config).err().map(Errors::into_vec).unwrap_or_default();
        errors.into_iter().map(|error| (error.summary, error.attribute.is_some())).collect()
    }

    fn known(text: &str) -> Attr<String> {
        Attr::Known(text.to_owned())
    }

    #[test]
    fn exactly_one_project_or_group_is_required() {
        let project = Query { project: known("a/b"), ..Query::default() };
        let group = Query { group: known("a"), ..Query::default() };
        assert_eq!(problems(&project), []);
        assert_eq!(problems(&group), []);
        let none = ("No project or group to search".to_owned(), false);
        assert_eq!(problems(&Query::default()), [none]);
        let both = ("Both a project and a group to search".to_owned(), true);
        assert_eq!(problems(&Query { group: known("a"), ..project }), [both]);
    }

    #[test]
    fn group_options_conflict_with_a_project() {
        let options = Query {
            include_subgroups: Attr::Known(true),
            include_archived: Attr::Known(false),
            ..Query::default()
        };
        let error = ("Option without a group".to_owned(), true);
        let with_project = Query { project: known("a/b"), ..options.clone() };
        assert_eq!(problems(&with_project), [error.clone(), error]);
        assert_eq!(problems(&Query { group: known("a"), ..options }), []);
    }

    #[test]
    fn unknown_values_are_valid() {
        let unknown = Query { project: Attr::Unknown, group: known("a"), ..Query::default() };
        assert_eq!(problems(&unknown), []);
        assert_eq!(
            problems(&Query { project: Attr::Unknown, group: Attr::Unknown, ..Query::default() }),
            []
        );
    }
}
