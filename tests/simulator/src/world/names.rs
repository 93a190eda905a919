//! The display names of projects and groups.

use super::{BuildError, Target, World, last_part};

impl World {
    /// Sets the display name of a project or group.
    pub(crate) fn set_name(&mut self, place: Target, name: &str) -> Result<(), BuildError> {
        let held = match place {
            Target::Project(id) => self.projects.get_mut(&id).map(|project| &mut project.name),
            Target::Group(id) => self.groups.get_mut(&id).map(|group| &mut group.name),
        };
        *held.ok_or(BuildError::NoSuch(place))? = Some(name.to_owned());
        Ok(())
    }

    /// Returns the name of a project or group.
    pub(crate) fn name(&self, place: Target) -> &str {
        let (name, path) = match place {
            Target::Project(id) => {
                self.project(id).map(|project| (&project.name, &project.path)).unzip()
            }
            Target::Group(id) => self.group(id).map(|group| (&group.name, &group.path)).unzip(),
        };
        let name = name.and_then(Option::as_deref);
        name.or_else(|| path.map(|path| last_part(path))).unwrap_or_default()
    }

    /// Returns the names from the top-level group down to a place.
    pub(crate) fn full_name(&self, place: Target) -> String {
        let mut names: Vec<&str> =
            self.with_ancestors(place).map(|place| self.name(place)).collect();
        names.reverse();
        names.join(" / ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_defaults_to_the_last_part_of_the_path() {
        let mut world = World::default();
        let app = Target::Project(world.add_project("acme/team/app").unwrap());
        assert_eq!((world.name(app), world.full_name(app).as_str()), ("app", "acme / team / app"));
        world.set_name(app, "Deploy Tools").unwrap();
        let acme = Target::Group(world.group_id("acme").unwrap());
        world.set_name(acme, "Acme Inc.").unwrap();
        assert_eq!(world.full_name(app), "Acme Inc. / team / Deploy Tools");
        assert!(world.set_name(Target::Group(999), "x").is_err());
    }
}
