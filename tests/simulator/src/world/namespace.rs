//! The map from full paths to projects and groups. Projects, groups and redirects of moved projects
//! share it, because they compete for the same paths.

use std::collections::HashMap;

/// The project or group at a full path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Occupant {
    /// A project.
    Project(u64),
    /// A group.
    Group(u64),
    /// A redirect to a project that was renamed or transferred, until the path is taken.
    MovedProject(u64),
}

/// The map from full paths to their occupants. Paths are case-insensitive.
#[derive(Debug, Default)]
pub(crate) struct Namespace {
    occupants: HashMap<String, Occupant>,
}

impl Namespace {
    /// Returns the occupant of a path, including redirects.
    pub(crate) fn find(&self, path: &str) -> Option<Occupant> {
        self.occupants.get(&path.to_lowercase()).copied()
    }

    /// Returns whether a path is taken. A redirect doesn't take it.
    pub(crate) fn is_taken(&self, path: &str) -> bool {
        matches!(self.find(path), Some(Occupant::Project(_) | Occupant::Group(_)))
    }

    /// Sets the occupant of a path, and ends a redirect at that path.
    pub(crate) fn take(&mut self, path: &str, occupant: Occupant) {
        self.occupants.insert(path.to_lowercase(), occupant);
    }

    /// Removes the occupant of a path, without a redirect.
    pub(crate) fn leave(&mut self, path: &str) {
        self.occupants.remove(&path.to_lowercase());
    }

    /// Removes all paths and redirects of a deleted project.
    pub(crate) fn remove_redirects(&mut self, id: u64) {
        self.occupants.retain(
            |_, occupant| !matches!(occupant, Occupant::Project(p) | Occupant::MovedProject(p) if *p == id),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_case_insensitive() {
        let mut names = Namespace::default();
        names.take("Acme/App", Occupant::Project(1));
        assert_eq!(names.find("aCME/aPP"), Some(Occupant::Project(1)));
    }

    #[test]
    fn redirect_ends_when_the_path_is_taken() {
        let mut names = Namespace::default();
        names.take("acme/app", Occupant::MovedProject(1));
        assert!(!names.is_taken("acme/app"));
        names.take("acme/app", Occupant::Group(2));
        assert_eq!(names.find("acme/app"), Some(Occupant::Group(2)));
    }
}
