//! Renames, transfers and deletions, with their effects on paths and allowlists.

use super::namespace::Occupant;
use super::{BuildError, Target, World, check_name};

impl World {
    /// Renames or transfers a project. Its ID stays, and its old path redirects to it until the
    /// path is taken.
    pub(crate) fn move_project(&mut self, id: u64, to: &str) -> Result<(), BuildError> {
        let from = self.project(id).ok_or(BuildError::NoSuch(Target::Project(id)))?.path.clone();
        if !from.eq_ignore_ascii_case(to) && self.namespace.is_taken(to) {
            return Err(BuildError::PathTaken(to.to_owned()));
        }
        let (parent, _) =
            to.rsplit_once('/').ok_or_else(|| BuildError::NoNamespace(to.to_owned()))?;
        check_name(to)?;
        self.add_group(parent)?;
        self.relocate_project(id, &from, to);
        Ok(())
    }

    /// Renames or transfers a group. Paths of projects below it redirect, those of groups don't.
    pub(crate) fn move_group(&mut self, id: u64, to: &str) -> Result<(), BuildError> {
        let from = self.group(id).ok_or(BuildError::NoSuch(Target::Group(id)))?.path.clone();
        if is_within(to, &from) || self.namespace.is_taken(to) {
            return Err(BuildError::PathTaken(to.to_owned()));
        }
        check_name(to)?;
        if let Some((parent, _)) = to.rsplit_once('/') {
            self.add_group(parent)?;
        }
        for (id, old) in self.groups_within(&from) {
            let new = format!("{to}{}", &old[from.len()..]);
            self.namespace.leave(&old);
            self.namespace.take(&new, Occupant::Group(id));
            if let Some(group) = self.groups.get_mut(&id) {
                group.path = new;
            }
        }
        for (id, old) in self.projects_within(&from) {
            self.relocate_project(id, &old, &format!("{to}{}", &old[from.len()..]));
        }
        Ok(())
    }

    /// Deletes a project: its allowlist, its entries on other allowlists, its path and its
    /// redirects.
    pub(crate) fn delete_project(&mut self, id: u64) -> Result<(), BuildError> {
        self.projects.remove(&id).ok_or(BuildError::NoSuch(Target::Project(id)))?;
        self.namespace.remove_redirects(id);
        for project in self.projects.values_mut() {
            project.allowed_projects.remove(&id);
            project.outbound_projects.remove(&id);
            project.authentications.remove(&id);
        }
        Ok(())
    }

    /// Deletes a group with all groups and projects below it, and their entries on all allowlists.
    pub(crate) fn delete_group(&mut self, id: u64) -> Result<(), BuildError> {
        let path = self.group(id).ok_or(BuildError::NoSuch(Target::Group(id)))?.path.clone();
        for (id, _) in self.projects_within(&path) {
            self.delete_project(id)?;
        }
        for (id, path) in self.groups_within(&path) {
            self.groups.remove(&id);
            self.namespace.leave(&path);
            for project in self.projects.values_mut() {
                project.allowed_groups.remove(&id);
            }
        }
        Ok(())
    }

    fn relocate_project(&mut self, id: u64, from: &str, to: &str) {
        self.namespace.take(from, Occupant::MovedProject(id));
        self.namespace.take(to, Occupant::Project(id));
        if let Some(project) = self.projects.get_mut(&id) {
            project.path = to.to_owned();
        }
    }

    fn projects_within(&self, path: &str) -> Vec<(u64, String)> {
        let within = self.projects.values().filter(|project| is_within(&project.path, path));
        within.map(|project| (project.id, project.path.clone())).collect()
    }

    fn groups_within(&self, path: &str) -> Vec<(u64, String)> {
        let within = self.groups.values().filter(|group| is_within(&group.path, path));
        within.map(|group| (group.id, group.path.clone())).collect()
    }
}

/// Returns whether a path is that of a group or lies below it. Paths of one world have the same
/// letter case from the top down only if they were given so, hence the comparison without regard to
/// case.
fn is_within(path: &str, group: &str) -> bool {
    path.get(..group.len()).is_some_and(|start| start.eq_ignore_ascii_case(group))
        && matches!(path.as_bytes().get(group.len()), None | Some(b'/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::Permissions;

    #[test]
    fn moved_project_keeps_its_id_and_redirects_its_old_path() {
        let mut world = World::default();
        let id = world.add_project("acme/app").unwrap();
        world.move_project(id, "other/new").unwrap();
        assert_eq!(world.occupant("other/new"), Some(Occupant::Project(id)));
        assert_eq!(world.occupant("acme/app"), Some(Occupant::MovedProject(id)));
    }

    #[test]
    fn project_can_change_the_case_of_its_path() {
        let mut world = World::default();
        let id = world.add_project("acme/app").unwrap();
        world.move_project(id, "acme/App").unwrap();
        assert_eq!(world.project(id).unwrap().path, "acme/App");
        assert_eq!(world.occupant("acme/app"), Some(Occupant::Project(id)));
    }

    #[test]
    fn moved_group_moves_its_content_without_redirects() {
        let mut world = World::default();
        let app = world.add_project("acme/team/app").unwrap();
        let sibling = world.add_project("acme-labs/app").unwrap();
        world.move_group(world.group_id("acme").unwrap(), "umbrella").unwrap();
        assert_eq!(world.project(app).unwrap().path, "umbrella/team/app");
        assert_eq!(world.occupant("acme/team/app"), Some(Occupant::MovedProject(app)));
        assert_eq!(world.occupant("acme/team"), None);
        assert!(world.group_id("umbrella/team").is_some());
        assert_eq!(world.project(sibling).unwrap().path, "acme-labs/app");
    }

    #[test]
    fn deleted_project_is_removed_from_allowlists_and_paths() {
        let mut world = World::default();
        let source_project = world.add_project("acme/app").unwrap();
        let target = world.add_project("acme/lib").unwrap();
        world.move_project(target, "acme/library").unwrap();
        world.allow(source_project, Target::Project(target), Permissions::default()).unwrap();
        world.delete_project(target).unwrap();
        assert!(world.project(source_project).unwrap().allowed_projects.is_empty());
        assert_eq!(world.occupant("acme/lib"), None);
    }

    #[test]
    fn deleted_group_and_descendants_leave_every_allowlist() {
        let mut world = World::default();
        let source_project = world.add_project("acme/app").unwrap();
        let lib = world.add_project("gone/sub/lib").unwrap();
        let (top, sub) = (world.group_id("gone").unwrap(), world.group_id("gone/sub").unwrap());
        for target in [Target::Project(lib), Target::Group(top), Target::Group(sub)] {
            world.allow(source_project, target, Permissions::default()).unwrap();
        }
        world.delete_group(top).unwrap();
        let source_project = world.project(source_project).unwrap();
        assert!(
            source_project.allowed_projects.is_empty() && source_project.allowed_groups.is_empty()
        );
        assert!(!world.exists(Target::Project(lib)) && !world.exists(Target::Group(sub)));
    }

    #[test]
    fn move_to_a_taken_path_is_rejected() {
        let mut world = World::default();
        let id = world.add_project("acme/app").unwrap();
        world.add_project("acme/lib").unwrap();
        assert_eq!(
            world.move_project(id, "acme/lib"),
            Err(BuildError::PathTaken("acme/lib".into()))
        );
        let acme = world.group_id("acme").unwrap();
        assert_eq!(
            world.move_group(acme, "acme/below"),
            Err(BuildError::PathTaken("acme/below".into()))
        );
    }
}
