//! The projects and groups by full path. One map for projects, groups and the forwarding addresses
//! of moved projects, because they compete for the same names. Nothing here knows what a project or
//! a group holds.

use std::collections::HashMap;

/// The project or group that a full path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Occupant {
    /// A project lives here.
    Project(u64),
    /// A group lives here.
    Group(u64),
    /// A project lived here before it was renamed or transferred, and nothing has taken the path
    /// since.
    MovedProject(u64),
}

/// The map from full paths to their occupants. Paths match without regard to case.
#[derive(Debug, Default)]
pub(crate) struct Namespace {
    occupants: HashMap<String, Occupant>,
}

impl Namespace {
    /// Returns what the path leads to, forwarding addresses included.
    pub(crate) fn find(&self, path: &str) -> Option<Occupant> {
        self.occupants.get(&path.to_lowercase()).copied()
    }

    /// Returns whether something is at the path; a forwarding address is not in the way.
    pub(crate) fn is_taken(&self, path: &str) -> bool {
        matches!(self.find(path), Some(Occupant::Project(_) | Occupant::Group(_)))
    }

    /// Moves an occupant in. A forwarding address at that path ends here.
    pub(crate) fn take(&mut self, path: &str, occupant: Occupant) {
        self.occupants.insert(path.to_lowercase(), occupant);
    }

    /// Moves out what lives at the path, without a forwarding address.
    pub(crate) fn leave(&mut self, path: &str) {
        self.occupants.remove(&path.to_lowercase());
    }

    /// Drops every path and forwarding address of a deleted project.
    pub(crate) fn forget_project(&mut self, id: u64) {
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
