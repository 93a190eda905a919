//! Delayed deletion: the first request marks and renames an object, the second deletes it.

use super::{Target, World};

impl World {
    /// Returns whether a project or group is marked for deletion.
    pub(crate) fn is_marked_for_deletion(&self, place: Target) -> bool {
        self.marked_for_deletion.contains(&place)
    }

    /// Marks a project or group for deletion, and renames it. Fails with GitLab's message.
    pub(super) fn mark_for_deletion(&mut self, place: Target) -> Result<(), &'static str> {
        let already = match place {
            Target::Project(_) => "Project has been already marked for deletion",
            Target::Group(_) => "Group has been already marked for deletion",
        };
        if !self.marked_for_deletion.insert(place) {
            return Err(already);
        }
        let path = format!("{}-deletion_scheduled-{}", self.full_path(place), place.id());
        let moved = match place {
            Target::Project(id) => self.move_project(id, &path),
            Target::Group(id) => self.move_group(id, &path),
        };
        moved.map_err(|_| already)
    }

    /// Checks that a project or group may be deleted permanently. Fails with GitLab's message.
    pub(super) fn check_marked(&self, place: Target, path: &str) -> Result<(), &'static str> {
        let current = self.full_path(place);
        let is_marked = self.is_marked_for_deletion(place);
        match place {
            Target::Group(_) if !current.contains('/') => Err("Group must be a subgroup."),
            Target::Group(_) if !is_marked => Err("Group must be marked for deletion first."),
            Target::Group(_) if current != path => {
                Err("`full_path` is incorrect. You must enter the complete path for the subgroup.")
            }
            Target::Project(_) if !is_marked => Err("Project must be marked for deletion first."),
            Target::Project(_) if current != path => {
                Err("`full_path` is incorrect. You must enter the complete path for the project.")
            }
            _ => Ok(()),
        }
    }

    fn full_path(&self, place: Target) -> String {
        let path = match place {
            Target::Project(id) => self.project(id).map(|project| project.path.clone()),
            Target::Group(id) => self.group(id).map(|group| group.path.clone()),
        };
        path.unwrap_or_default()
    }
}
