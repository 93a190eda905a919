//! Creation and deletion of projects and groups by tokens, which own what they create.

use super::{BuildError, Refusal, Role, Target, TokenId, World, last_part};

impl World {
    /// Creates a project in a group where the token's user is Developer, or in the namespace of the
    /// user, which is a group by its username.
    pub(crate) fn create_project(
        &mut self,
        token: TokenId,
        namespace: Option<u64>,
        name: &str,
        path: &str,
    ) -> Result<u64, BuildError> {
        let namespace = match namespace {
            Some(id) => self
                .group_path_for(token, id, Role::Developer)
                .ok_or(BuildError::NoNamespace(id.to_string()))?,
            None => self.user_name(self.user_id(token)).unwrap_or_default().to_owned(),
        };
        let path = format!("{namespace}/{path}");
        let id = self.add_project(&path)?;
        self.found(token, Target::Project(id), name)?;
        Ok(id)
    }

    /// Creates a group, in another one if its path is given.
    pub(crate) fn create_group(
        &mut self,
        token: TokenId,
        parent: Option<&str>,
        name: &str,
        path: &str,
    ) -> Result<u64, BuildError> {
        let path = parent.map_or_else(|| path.to_owned(), |parent| format!("{parent}/{path}"));
        if self.namespace.is_taken(&path) {
            return Err(BuildError::PathTaken(path));
        }
        let id = self.add_group(&path)?;
        self.found(token, Target::Group(id), name)?;
        Ok(id)
    }

    /// Returns the path of a group in which the token has at least this role.
    pub(crate) fn group_path_for(&self, token: TokenId, group: u64, role: Role) -> Option<String> {
        let path = self.group(group)?.path.clone();
        (self.role(token, Target::Group(group)) >= Some(role)).then_some(path)
    }

    /// Changes the last part of a project's path, which requires the Maintainer role.
    pub(crate) fn rename(&mut self, project: u64, path: &str) -> Result<(), BuildError> {
        let current =
            self.project(project).ok_or(BuildError::NoSuch(Target::Project(project)))?.path.clone();
        let parent = current.strip_suffix(last_part(&current)).unwrap_or_default();
        self.move_project(project, &format!("{parent}{path}"))
    }

    fn found(&mut self, token: TokenId, place: Target, name: &str) -> Result<(), BuildError> {
        self.set_name(place, name)?;
        self.token_mut(token).set_role(place, Some(Role::Owner));
        Ok(())
    }

    /// Deletes a place that the token sees, which takes a source project. Where deletion is delayed
    /// it is only marked, until it is deleted for good, for which its full path must be given.
    pub(crate) fn delete(
        &mut self,
        token: TokenId,
        place: Target,
        for_good: Option<&str>,
    ) -> Result<(), Refusal> {
        if self.role(token, place) < Some(Role::Owner) {
            return Err(Refusal::Forbidden);
        }
        if self.settings.delays_deletion {
            match for_good {
                Some(path) => self.check_marked(place, path).map_err(Refusal::NotDeleted)?,
                None => return self.mark_for_deletion(place).map_err(Refusal::NotDeleted),
            }
        }
        let deleted = match place {
            Target::Project(id) => self.delete_project(id),
            Target::Group(id) => self.delete_group(id),
        };
        deleted.map_err(|_| Refusal::ProjectNotFound)
    }
}

/// Returns the path that GitLab derives from a name.
pub(crate) fn slug(name: &str) -> String {
    let kept = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
    let dashed: String = name
        .chars()
        .map(|letter| if kept(letter) { letter.to_ascii_lowercase() } else { '-' })
        .collect();
    let words: Vec<&str> = dashed.split('-').filter(|word| !word.is_empty()).collect();
    words.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::TokenSpec;

    #[test]
    fn slug_keeps_letters_digits_and_underscores() {
        assert_eq!(slug("Ci_Cd token (add) "), "ci_cd-token-add");
    }

    #[test]
    fn token_owns_only_what_it_creates() {
        let mut world = World::default();
        let other = Target::Project(world.add_project("acme/app").unwrap());
        let secret = world.add_token(TokenSpec::new("bot").maintainer_of(other));
        let bot = world.token_by_secret(&secret).unwrap();
        let own = Target::Project(world.create_project(bot, None, "Tool", "tool").unwrap());
        assert_eq!(
            world.create_project(bot, None, "Tool", "tool"),
            Err(BuildError::PathTaken("bot/tool".into()))
        );
        assert_eq!(world.delete(bot, other, None), Err(Refusal::Forbidden));
        assert_eq!(world.delete(bot, own, None), Ok(()));
        assert!(!world.exists(own));
    }
}
