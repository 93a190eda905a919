//! GitLab's data, and the rules of its changes: groups, projects, allowlists, tokens, instance
//! settings. A pure model without HTTP, clock and threads.

mod access;
mod allowlist;
mod authentications;
mod ci_cd;
mod deletions;
mod entry;
mod granular;
mod jobs;
mod moves;
mod names;
mod namespace;
mod owners;
mod permissions;
mod settings;
mod token;
mod users;
mod version;

use std::collections::{BTreeMap, HashSet};

pub(crate) use access::{Token, TokenId};
pub use allowlist::LINK_LIMIT;
pub(crate) use allowlist::Refusal;
use authentications::Authentications;
pub(crate) use ci_cd::CiCdChange;
pub(crate) use entry::Direction;
pub use entry::{AllowlistEntry, Permissions};
pub use granular::GranularGraphql;
pub(crate) use granular::Requirement;
use namespace::Namespace;
pub(crate) use namespace::Occupant;
pub(crate) use owners::slug;
pub(crate) use permissions::MutationError;
pub use settings::Enforcement;
pub(crate) use settings::{MissingField, Settings};
pub(crate) use token::TokenKind;
pub use token::{Role, TokenScope, TokenSpec, TokenState};
pub(crate) use users::{Taken, User};
pub use version::{InvalidVersion, Version};

/// The ID of a project or group. Both kinds start at 1, so that tests notice a confusion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// The project with this ID.
    Project(u64),
    /// The group with this ID.
    Group(u64),
}

/// A project with its settings and allowlist.
#[derive(Debug)]
pub(crate) struct Project {
    pub(crate) id: u64,
    /// The full path, in the letter case in which it was given.
    pub(crate) path: String,
    /// The display name, if it isn't the last part of the path.
    name: Option<String>,
    /// The project's own setting; enforcement by the instance may overrule it.
    pub(crate) inbound_enabled: bool,
    pub(crate) outbound_enabled: bool,
    pub(crate) push_repository_for_job_token_allowed: bool,
    pub(crate) cross_project_push_for_job_token_allowed: bool,
    pub(crate) archived: bool,
    /// True if its allowlist entries can have permissions, a feature flag of the project.
    pub(crate) fine_grained_permissions: bool,
    /// The projects on the allowlist, including the project itself only if it has its own entry.
    pub(crate) allowed_projects: BTreeMap<u64, AllowlistEntry>,
    pub(crate) allowed_groups: BTreeMap<u64, AllowlistEntry>,
    /// Projects that its own jobs may access: outbound links of old versions.
    pub(crate) outbound_projects: BTreeMap<u64, AllowlistEntry>,
    pub(crate) authentications: Authentications,
}

/// A group.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) id: u64,
    /// The full path, in the letter case in which it was given.
    pub(crate) path: String,
    /// The display name, if it isn't the last part of the path.
    name: Option<String>,
}

/// The error of building the world, which is a bug in the test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BuildError {
    /// The path is taken.
    PathTaken(String),
    /// A project needs a group.
    NoNamespace(String),
    /// A part of the path is empty, or made of digits only, which GitLab would read as an ID.
    BadPath(String),
    /// The project or group doesn't exist.
    NoSuch(Target),
}

/// The data of the instance.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) settings: Settings,
    projects: BTreeMap<u64, Project>,
    groups: BTreeMap<u64, Group>,
    namespace: Namespace,
    public: HashSet<Target>,
    marked_for_deletion: HashSet<Target>,
    tokens: Vec<Token>,
    users: BTreeMap<u64, User>,
    last_project_id: u64,
    last_group_id: u64,
    last_user_id: u64,
    /// The number of entries created so far.
    entries_made: u64,
}

impl World {
    /// Adds a group and its parent groups. An existing group isn't changed.
    pub(crate) fn add_group(&mut self, path: &str) -> Result<u64, BuildError> {
        match self.namespace.find(path) {
            Some(Occupant::Group(id)) => return Ok(id),
            Some(Occupant::Project(_)) => return Err(BuildError::PathTaken(path.to_owned())),
            Some(Occupant::MovedProject(_)) | None => check_name(path)?,
        }
        if let Some((parent, _)) = path.rsplit_once('/') {
            self.add_group(parent)?;
        }
        self.last_group_id += 1;
        let id = self.last_group_id;
        self.groups.insert(id, Group { id, path: path.to_owned(), name: None });
        self.namespace.take(path, Occupant::Group(id));
        Ok(id)
    }

    /// Adds a project, and the groups above it as needed. New projects limit inbound access, as
    /// GitLab's do.
    pub(crate) fn add_project(&mut self, path: &str) -> Result<u64, BuildError> {
        let (parent, _) =
            path.rsplit_once('/').ok_or_else(|| BuildError::NoNamespace(path.to_owned()))?;
        check_name(path)?;
        if self.namespace.is_taken(path) {
            return Err(BuildError::PathTaken(path.to_owned()));
        }
        self.add_group(parent)?;
        self.last_project_id += 1;
        let id = self.last_project_id;
        self.projects.insert(id, Project::new(id, path, &self.settings.version));
        self.namespace.take(path, Occupant::Project(id));
        Ok(id)
    }

    pub(crate) fn project(&self, id: u64) -> Option<&Project> {
        self.projects.get(&id)
    }

    pub(crate) fn project_mut(&mut self, id: u64) -> Option<&mut Project> {
        self.projects.get_mut(&id)
    }

    pub(crate) fn group(&self, id: u64) -> Option<&Group> {
        self.groups.get(&id)
    }

    /// Returns the occupant of a full path, including redirects of moved projects.
    pub(crate) fn occupant(&self, path: &str) -> Option<Occupant> {
        self.namespace.find(path)
    }

    pub(crate) fn project_id(&self, path: &str) -> Option<u64> {
        match self.occupant(path) {
            Some(Occupant::Project(id)) => Some(id),
            _ => None,
        }
    }

    pub(crate) fn group_id(&self, path: &str) -> Option<u64> {
        match self.occupant(path) {
            Some(Occupant::Group(id)) => Some(id),
            _ => None,
        }
    }

    /// Returns the direct parent group of a full path.
    pub(crate) fn parent(&self, path: &str) -> Option<&Group> {
        let (parent, _) = path.rsplit_once('/')?;
        self.group(self.group_id(parent)?)
    }

    /// Returns the projects of the instance, by ID.
    pub(crate) fn projects(&self) -> impl Iterator<Item = &Project> {
        self.projects.values()
    }

    /// Returns the direct projects of a group, by ID.
    pub(crate) fn projects_of(&self, group: &Group) -> impl Iterator<Item = &Project> {
        let id = group.id;
        self.projects
            .values()
            .filter(move |project| self.parent(&project.path).is_some_and(|parent| parent.id == id))
    }

    /// Returns the projects of a group, with or without those of its subgroups, by ID.
    pub(crate) fn projects_below(&self, group: u64, deep: bool) -> impl Iterator<Item = &Project> {
        let above = if deep { usize::MAX } else { 1 };
        self.projects.values().filter(move |project| {
            let mut above = self.with_ancestors(Target::Project(project.id)).skip(1).take(above);
            above.any(|place| place == Target::Group(group))
        })
    }

    pub(crate) fn make_public(&mut self, place: Target) {
        self.public.insert(place);
    }

    pub(crate) fn is_public(&self, place: Target) -> bool {
        self.public.contains(&place)
    }

    /// Returns whether there is such a project or group.
    pub(crate) fn exists(&self, place: Target) -> bool {
        match place {
            Target::Project(id) => self.projects.contains_key(&id),
            Target::Group(id) => self.groups.contains_key(&id),
        }
    }

    /// Returns a project or group, then its parent groups from the nearest one up.
    fn with_ancestors(&self, place: Target) -> impl Iterator<Item = Target> {
        let path = match place {
            Target::Project(id) => self.project(id).map(|project| project.path.as_str()),
            Target::Group(id) => self.group(id).map(|group| group.path.as_str()),
        };
        let above = std::iter::successors(path.and_then(|path| self.parent(path)), |group| {
            self.parent(&group.path)
        });
        std::iter::once(place).chain(above.map(|group| Target::Group(group.id)))
    }
}

impl Project {
    fn new(id: u64, path: &str, version: &Version) -> Self {
        Self {
            id,
            path: path.to_owned(),
            name: None,
            inbound_enabled: true,
            outbound_enabled: false,
            push_repository_for_job_token_allowed: false,
            cross_project_push_for_job_token_allowed: false,
            archived: false,
            fine_grained_permissions: version.switches_permissions_on(),
            allowed_projects: BTreeMap::new(),
            allowed_groups: BTreeMap::new(),
            outbound_projects: BTreeMap::new(),
            authentications: Authentications::new(),
        }
    }
}

/// Returns the last part of a full path.
pub(crate) fn last_part(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, last)| last)
}

fn check_name(path: &str) -> Result<(), BuildError> {
    let name = last_part(path);
    if name.is_empty() || (name == path && name.bytes().all(|byte| byte.is_ascii_digit())) {
        return Err(BuildError::BadPath(path.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_above_a_project_are_created_with_it() {
        let mut world = World::default();
        world.add_project("acme/team/app").unwrap();
        assert_eq!(world.group_id("acme"), Some(1));
        assert_eq!(world.group_id("acme/team"), Some(2));
    }

    #[test]
    fn ids_of_projects_and_groups_start_at_one() {
        let mut world = World::default();
        assert_eq!(world.add_project("acme/app"), Ok(1));
        assert_eq!(world.group_id("acme"), Some(1));
    }

    #[test]
    fn path_can_be_used_only_once() {
        let mut world = World::default();
        world.add_project("acme/app").unwrap();
        assert_eq!(world.add_project("acme/APP"), Err(BuildError::PathTaken("acme/APP".into())));
        assert_eq!(world.add_group("acme/app"), Err(BuildError::PathTaken("acme/app".into())));
    }

    #[test]
    fn project_needs_a_namespace_and_a_name() {
        let mut world = World::default();
        assert_eq!(world.add_project("app"), Err(BuildError::NoNamespace("app".into())));
        assert_eq!(world.add_project("acme/"), Err(BuildError::BadPath("acme/".into())));
        assert_eq!(world.add_group("42"), Err(BuildError::BadPath("42".into())));
    }

    #[test]
    fn new_project_limits_inbound_access_to_an_empty_list() {
        let mut world = World::default();
        let id = world.add_project("acme/app").unwrap();
        let project = world.project(id).unwrap();
        assert!(
            project.inbound_enabled
                && project.allowed_projects.is_empty()
                && project.allowed_groups.is_empty()
        );
    }
}
