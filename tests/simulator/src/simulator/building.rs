//! Methods that build the world, or change it outside the API.

use std::collections::BTreeSet;

use super::Simulator;
use crate::world::{
    AllowlistEntry, Permissions, Project, Role, Target, TokenSpec, TokenState, World,
};

/// The entries of a project's allowlist, without the project itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Allowlist {
    /// The IDs of the allowed projects.
    pub projects: BTreeSet<u64>,
    /// The IDs of the allowed groups.
    pub groups: BTreeSet<u64>,
}

/// All methods panic if a project, group or token doesn't exist.
impl Simulator {
    /// Adds a group by its full path, with its parent groups. An existing group isn't changed.
    /// Returns the ID.
    #[track_caller]
    pub fn add_group(&self, path: &str) -> u64 {
        self.build(|world| world.add_group(path))
    }

    /// Adds a project by its full path, with its parent groups. Returns the ID.
    #[track_caller]
    pub fn add_project(&self, path: &str) -> u64 {
        self.build(|world| world.add_project(path))
    }

    /// Adds a token and returns its secret. Names must be unique.
    #[track_caller]
    pub fn add_token(&self, spec: TokenSpec) -> String {
        let mut world = self.instance().world();
        assert!(world.token_named(&spec.name).is_none(), "there is a token {} already", spec.name);
        let known = spec.permissions.is_none() || world.settings.version.has_fine_grained_tokens();
        assert!(known, "fine-grained tokens need GitLab 18.10");
        world.add_token(spec)
    }

    /// Sets the state of a token: active, expired or revoked.
    #[track_caller]
    pub fn set_token_state(&self, token: &str, state: TokenState) {
        self.edit_token(token, |token| token.state = state);
    }

    /// Sets or removes the role of a token in a project or group.
    #[track_caller]
    pub fn set_role(&self, token: &str, place: Target, role: Option<Role>) {
        self.edit_token(token, |token| token.set_role(place, role));
    }

    /// Hides a project or group from a token, regardless of its roles.
    #[track_caller]
    pub fn hide_from(&self, token: &str, place: Target) {
        self.edit_token(token, |token| token.set_hidden(place, true));
    }

    /// Undoes [`Simulator::hide_from`].
    #[track_caller]
    pub fn show_to(&self, token: &str, place: Target) {
        self.edit_token(token, |token| token.set_hidden(place, false));
    }

    /// Lets every token see a project or group.
    pub fn make_public(&self, place: Target) {
        self.instance().world().make_public(place);
    }

    /// Sets a name of a project or group that differs from the last part of its path.
    #[track_caller]
    pub fn set_name(&self, place: Target, name: &str) {
        self.build(|world| world.set_name(place, name));
    }

    /// Changes the full path of a project: a rename in the same group, or a transfer to another
    /// one.
    #[track_caller]
    pub fn rename_project(&self, id: u64, path: &str) {
        self.build(|world| world.move_project(id, path));
    }

    /// Changes the full path of a group, and the paths below it.
    #[track_caller]
    pub fn rename_group(&self, id: u64, path: &str) {
        self.build(|world| world.move_group(id, path));
    }

    /// Deletes a project, and its entries on other allowlists.
    #[track_caller]
    pub fn delete_project(&self, id: u64) {
        self.build(|world| world.delete_project(id));
    }

    /// Deletes a group and everything below it, and their entries on allowlists.
    #[track_caller]
    pub fn delete_group(&self, id: u64) {
        self.build(|world| world.delete_group(id));
    }

    /// Adds a target to a project's allowlist with the default permissions, without a request and
    /// ignoring the limit. An existing entry isn't changed.
    #[track_caller]
    pub fn allow(&self, source_project: u64, target: Target) {
        self.allow_with(source_project, target, Permissions::default());
    }

    /// Adds a target to a project's allowlist, without a request and ignoring the limit. An
    /// existing entry isn't changed.
    #[track_caller]
    pub fn allow_with(&self, source_project: u64, target: Target, permissions: Permissions) {
        self.build(|world| world.allow(source_project, target, permissions));
    }

    /// Replaces the permissions of a target that is on a project's allowlist.
    #[track_caller]
    pub fn set_permissions(&self, source_project: u64, target: Target, permissions: Permissions) {
        self.edit_entry(source_project, target, |entry| entry.permissions = permissions);
    }

    /// Sets whether GitLab created the entry of a target from its authentication log.
    #[track_caller]
    pub fn set_autopopulated(&self, source_project: u64, target: Target, autopopulated: bool) {
        self.edit_entry(source_project, target, |entry| entry.autopopulated = autopopulated);
    }

    /// Creates an outbound link, as in versions that limited access *from* projects. Newer versions
    /// keep it and show it only in GraphQL.
    #[track_caller]
    pub fn allow_outbound(&self, source_project: u64, target: u64) {
        self.build(|world| world.allow_outbound(source_project, target));
    }

    /// Removes a target from a project's allowlist, without a request. Returns whether it was
    /// there.
    #[track_caller]
    pub fn revoke(&self, source_project: u64, target: Target) -> bool {
        self.build(|world| world.revoke(source_project, target))
    }

    /// Records that a job of `origin_project` used its token against a project, at a moment such as
    /// `2026-11-20T10:00:00Z`. The log keeps the last one of each origin.
    #[track_caller]
    pub fn record_authentication(&self, project: u64, origin_project: u64, at: &str) {
        self.build(|world| world.record_authentication(project, origin_project, at));
    }

    /// Returns whether jobs of one project may do in another what a policy such as `READ_PACKAGES`
    /// permits, by its allowlist.
    #[must_use]
    pub fn job_may(&self, from: u64, to: u64, policy: &str) -> bool {
        self.instance().world().job_may(from, to, policy)
    }

    /// Returns whether jobs of one project may push to another, if the user who runs them may.
    #[must_use]
    pub fn job_may_push(&self, from: u64, to: u64) -> bool {
        self.instance().world().job_may_push(from, to)
    }

    /// Sets a project's own setting, which enforcement may override.
    #[track_caller]
    pub fn set_inbound_enabled(&self, project: u64, enabled: bool) {
        self.edit_project(project, |project| project.inbound_enabled = enabled);
    }

    /// Sets the deprecated setting that the API can only read.
    #[track_caller]
    pub fn set_outbound_enabled(&self, project: u64, enabled: bool) {
        self.edit_project(project, |project| project.outbound_enabled = enabled);
    }

    /// Sets whether job tokens may push to the project's repository.
    #[track_caller]
    pub fn set_push_repository_for_job_token_allowed(&self, project: u64, allowed: bool) {
        self.edit_project(project, |project| {
            project.push_repository_for_job_token_allowed = allowed
        });
    }

    /// Sets whether job tokens of other projects may push to the project's repository, if more
    /// conditions hold.
    #[track_caller]
    pub fn set_cross_project_push_for_job_token_allowed(&self, project: u64, allowed: bool) {
        self.edit_project(project, |project| {
            project.cross_project_push_for_job_token_allowed = allowed
        });
    }

    /// Archives or unarchives a project.
    #[track_caller]
    pub fn set_archived(&self, project: u64, archived: bool) {
        self.edit_project(project, |project| project.archived = archived);
    }

    /// Turns fine-grained permissions off or on for a project, like its feature flag.
    #[track_caller]
    pub fn set_fine_grained_permissions(&self, project: u64, on: bool) {
        self.edit_project(project, |project| project.fine_grained_permissions = on);
    }

    /// Returns the targets on a project's allowlist, without the project itself and targets of
    /// outbound links.
    #[track_caller]
    #[must_use]
    pub fn allowlist(&self, source_project: u64) -> Allowlist {
        self.edit_project(source_project, |project| Allowlist {
            projects: project
                .allowed_projects
                .keys()
                .copied()
                .filter(|id| *id != source_project)
                .collect(),
            groups: project.allowed_groups.keys().copied().collect(),
        })
    }

    /// Returns the entry of a target on a project's allowlist.
    #[track_caller]
    #[must_use]
    pub fn entry(&self, source_project: u64, target: Target) -> Option<AllowlistEntry> {
        self.edit_project(source_project, |project| {
            project.links(target).get(&target.id()).cloned()
        })
    }

    /// Returns the permissions of a target that is on a project's allowlist.
    #[track_caller]
    #[must_use]
    pub fn permissions(&self, source_project: u64, target: Target) -> Option<Permissions> {
        self.entry(source_project, target).map(|entry| entry.permissions)
    }

    /// Returns a project's own setting, which enforcement can override.
    #[track_caller]
    #[must_use]
    pub fn inbound_enabled(&self, project: u64) -> bool {
        self.edit_project(project, |project| project.inbound_enabled)
    }

    /// Returns whether job tokens may push to the project's repository.
    #[track_caller]
    #[must_use]
    pub fn push_repository_for_job_token_allowed(&self, project: u64) -> bool {
        self.edit_project(project, |project| project.push_repository_for_job_token_allowed)
    }

    /// Returns whether job tokens of other projects may push to the project's repository, if more
    /// conditions hold.
    #[track_caller]
    #[must_use]
    pub fn cross_project_push_for_job_token_allowed(&self, project: u64) -> bool {
        self.edit_project(project, |project| project.cross_project_push_for_job_token_allowed)
    }

    /// Returns the ID of the project at a full path. Former paths aren't found.
    #[must_use]
    pub fn project_id(&self, path: &str) -> Option<u64> {
        self.instance().world().project_id(path)
    }

    /// Returns the ID of the group at a full path.
    #[must_use]
    pub fn group_id(&self, path: &str) -> Option<u64> {
        self.instance().world().group_id(path)
    }

    /// Returns the full path of a project or group, for readable tables.
    #[must_use]
    pub fn full_path(&self, place: Target) -> Option<String> {
        let world = self.instance().world();
        match place {
            Target::Project(id) => world.project(id).map(|project| project.path.clone()),
            Target::Group(id) => world.group(id).map(|group| group.path.clone()),
        }
    }

    #[track_caller]
    fn build<T, E: std::fmt::Debug>(&self, act: impl FnOnce(&mut World) -> Result<T, E>) -> T {
        match act(&mut self.instance().world()) {
            Ok(built) => built,
            Err(error) => panic!("the world cannot be changed so: {error:?}"),
        }
    }

    #[track_caller]
    fn edit_project<T>(&self, id: u64, act: impl FnOnce(&mut Project) -> T) -> T {
        match self.instance().world().project_mut(id) {
            Some(project) => act(project),
            None => panic!("project {id} doesn't exist"),
        }
    }

    #[track_caller]
    fn edit_entry(
        &self,
        source_project: u64,
        target: Target,
        act: impl FnOnce(&mut AllowlistEntry),
    ) {
        self.edit_project(source_project, |project| {
            match project.links_mut(target).get_mut(&target.id()) {
                Some(entry) => act(entry),
                None => panic!("{target:?} is not on the allowlist of project {source_project}"),
            }
        });
    }

    #[track_caller]
    fn edit_token(&self, name: &str, act: impl FnOnce(&mut crate::world::Token)) {
        match self.instance().world().token_named(name) {
            Some(token) => act(token),
            None => panic!("token {name} doesn't exist"),
        }
    }
}
