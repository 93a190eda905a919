//! The rules of the job token scope: who can read and change a project's setting and allowlist, and
//! GitLab's error messages. `http` has status codes and JSON.

use std::collections::BTreeMap;

use super::{
    AllowlistEntry, BuildError, Direction, Enforcement, Group, Permissions, Project, Role, Target,
    TokenId, World,
};

/// Maximum number of links of each kind of a source project.
pub const LINK_LIMIT: usize = 200;

/// The ID of the administrator, who creates everything that isn't created over the API.
const ADMINISTRATOR_USER: u64 = 1;

/// The reason for an error of GitLab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// A project that does not exist or that the token cannot see: the source of any call, or the
    /// target of a removal.
    ProjectNotFound,
    /// The token's role in the source project is below Maintainer.
    Forbidden,
    /// The same for a removal, which finds its target first and has another message.
    ForbiddenRemoval,
    /// No project or group has the target's ID.
    NoSuchTarget(Target),
    /// The request is valid but rejected, for this reason.
    Rejected(String),
    /// A project or group isn't deleted, for this reason.
    NotDeleted(&'static str),
}

/// The settings that a read of a project's job token scope shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ScopeSettings {
    pub(crate) inbound_enabled: bool,
    pub(crate) outbound_enabled: bool,
}

impl World {
    /// Returns the settings as a read shows them: enforcement overrides the project's own.
    pub(crate) fn scope(
        &self,
        token: TokenId,
        source_project: u64,
    ) -> Result<ScopeSettings, Refusal> {
        let project = self.administered(token, source_project)?;
        Ok(ScopeSettings {
            inbound_enabled: self.is_restricted(source_project),
            outbound_enabled: project.outbound_enabled,
        })
    }

    /// Limits inbound access to the allowlist, or opens it.
    pub(crate) fn set_inbound(
        &mut self,
        token: TokenId,
        source_project: u64,
        enabled: bool,
    ) -> Result<(), Refusal> {
        self.administered(token, source_project)?;
        match self.settings.enforcement {
            Enforcement::Refusing if !enabled => Err(Refusal::Rejected(
                "Job token scope cannot be disabled for this project because it is enforced for \
                 the instance."
                    .to_owned(),
            )),
            Enforcement::Silent if !enabled => Ok(()),
            _ => {
                self.administered_mut(token, source_project)?.inbound_enabled = enabled;
                Ok(())
            }
        }
    }

    /// Returns the allowed projects and the project itself, which is listed without a link and, if
    /// it has one, once more.
    pub(crate) fn listed_projects(
        &self,
        token: TokenId,
        source_project: u64,
    ) -> Result<Vec<&Project>, Refusal> {
        let project = self.administered(token, source_project)?;
        let mut ids: Vec<u64> =
            project.allowed_projects.keys().copied().chain([source_project]).collect();
        ids.sort_by_key(|id| shuffled(*id));
        Ok(ids.into_iter().filter_map(|id| self.project(id)).collect())
    }

    /// Returns the allowed groups.
    pub(crate) fn listed_groups(
        &self,
        token: TokenId,
        source_project: u64,
    ) -> Result<Vec<&Group>, Refusal> {
        let project = self.administered(token, source_project)?;
        let mut ids: Vec<u64> = project.allowed_groups.keys().copied().collect();
        ids.sort_by_key(|id| shuffled(*id));
        Ok(ids.into_iter().filter_map(|id| self.group(id)).collect())
    }

    /// Adds a target to the list. The limit is validated before uniqueness, so a full list returns
    /// its error even for a target on it.
    pub(crate) fn add_link(
        &mut self,
        token: TokenId,
        source_project: u64,
        target: Target,
        permissions: Permissions,
    ) -> Result<(), Refusal> {
        let full = self.administered(token, source_project)?.links(target).len() >= LINK_LIMIT;
        if !self.exists(target) {
            return Err(Refusal::NoSuchTarget(target));
        }
        if !self.can_see(token, target) {
            return Err(Refusal::Rejected(format!(
                "The target_{} that you are attempting to access does not exist or you don't have \
                 permission to perform this action",
                target.kind()
            )));
        }
        let mut invalid = Vec::new();
        if target == Target::Project(source_project) && !self.settings.version.has_own_entries() {
            invalid.push("Target project can't be the same as the source project");
        }
        if full {
            invalid.push(target.limit_message());
        }
        if !invalid.is_empty() {
            return Err(Refusal::Rejected(format!("Validation failed: {}", invalid.join(", "))));
        }
        if self.administered(token, source_project)?.links(target).contains_key(&target.id()) {
            return Err(Refusal::Rejected(self.already_listed(target)));
        }
        let entry = self.new_entry(permissions, self.user_id(token));
        self.administered_mut(token, source_project)?.links_mut(target).insert(target.id(), entry);
        Ok(())
    }

    fn already_listed(&self, target: Target) -> String {
        let kind = target.kind();
        if self.settings.version.names_allowlist() {
            format!("This {kind} is already in the job token allowlist.")
        } else {
            format!("Target {kind} is already in the job token scope")
        }
    }

    /// Removes a target from the list. A group need only exist; before 19.4 a project must be
    /// visible too. The target is looked up before the role.
    pub(crate) fn remove_link(
        &mut self,
        token: TokenId,
        source_project: u64,
        target: Target,
    ) -> Result<(), Refusal> {
        self.seen(token, source_project)?;
        match target {
            Target::Project(_) => {
                let found =
                    self.settings.version.removes_hidden_projects() || self.can_see(token, target);
                if !self.exists(target) || !found {
                    return Err(Refusal::ProjectNotFound);
                }
            }
            Target::Group(_) if !self.exists(target) => return Err(Refusal::NoSuchTarget(target)),
            Target::Group(_) => {}
        }
        if !self.may_administer(token, source_project) {
            return Err(Refusal::ForbiddenRemoval);
        }
        if target == Target::Project(source_project) {
            return Err(Refusal::Rejected(
                "Source project cannot be removed from the job token scope".to_owned(),
            ));
        }
        if self
            .administered_mut(token, source_project)?
            .links_mut(target)
            .remove(&target.id())
            .is_some()
        {
            return Ok(());
        }
        Err(Refusal::Rejected(format!("Target {} is not in the job token scope", target.kind())))
    }

    /// Allows or forbids that job tokens push to the project's repository.
    pub(crate) fn set_push_repository(
        &mut self,
        token: TokenId,
        source_project: u64,
        allowed: bool,
    ) -> Result<(), Refusal> {
        self.administered_mut(token, source_project)?.push_repository_for_job_token_allowed =
            allowed;
        Ok(())
    }

    /// Adds a target to the list outside the API, ignoring the limit. Both must exist. An existing
    /// entry isn't changed.
    pub(crate) fn allow(
        &mut self,
        source_project: u64,
        target: Target,
        permissions: Permissions,
    ) -> Result<(), BuildError> {
        if !self.exists(target) {
            return Err(BuildError::NoSuch(target));
        }
        let entry = self.new_entry(permissions, ADMINISTRATOR_USER);
        let project = self
            .project_mut(source_project)
            .ok_or(BuildError::NoSuch(Target::Project(source_project)))?;
        project.links_mut(target).entry(target.id()).or_insert(entry);
        Ok(())
    }

    /// Creates an outbound link, as old versions did. Both projects must exist. An existing link
    /// isn't changed.
    pub(crate) fn allow_outbound(
        &mut self,
        source_project: u64,
        target: u64,
    ) -> Result<(), BuildError> {
        if !self.exists(Target::Project(target)) {
            return Err(BuildError::NoSuch(Target::Project(target)));
        }
        let entry = self.new_entry(Permissions::default(), ADMINISTRATOR_USER);
        let project = self
            .project_mut(source_project)
            .ok_or(BuildError::NoSuch(Target::Project(source_project)))?;
        project.outbound_projects.entry(target).or_insert(entry);
        Ok(())
    }

    pub(super) fn new_entry(&mut self, permissions: Permissions, user: u64) -> AllowlistEntry {
        self.entries_made += 1;
        AllowlistEntry::new(permissions, self.entries_made, user)
    }

    /// Removes a target from the list outside the API. Returns whether it was there.
    pub(crate) fn revoke(
        &mut self,
        source_project: u64,
        target: Target,
    ) -> Result<bool, BuildError> {
        let project = self
            .project_mut(source_project)
            .ok_or(BuildError::NoSuch(Target::Project(source_project)))?;
        Ok(project.links_mut(target).remove(&target.id()).is_some())
    }

    fn seen(&self, token: TokenId, source_project: u64) -> Result<&Project, Refusal> {
        let place = Target::Project(source_project);
        self.project(source_project)
            .filter(|_| self.can_see(token, place))
            .ok_or(Refusal::ProjectNotFound)
    }

    /// Returns the source project if it is visible to the token and the token has at least the
    /// Maintainer role.
    fn administered(&self, token: TokenId, source_project: u64) -> Result<&Project, Refusal> {
        let project = self.seen(token, source_project)?;
        if self.role(token, Target::Project(source_project)) < Some(Role::Maintainer) {
            return Err(Refusal::Forbidden);
        }
        Ok(project)
    }

    fn administered_mut(
        &mut self,
        token: TokenId,
        source_project: u64,
    ) -> Result<&mut Project, Refusal> {
        self.administered(token, source_project)?;
        self.project_mut(source_project).ok_or(Refusal::ProjectNotFound)
    }
}

impl Target {
    /// Returns the ID of the project or group.
    #[must_use]
    pub fn id(self) -> u64 {
        match self {
            Self::Project(id) | Self::Group(id) => id,
        }
    }

    /// Returns `project` or `group`, as in GitLab's parameter names and messages.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::Project(_) => "project",
            Self::Group(_) => "group",
        }
    }

    fn limit_message(self) -> &'static str {
        match self {
            Self::Project(_) => {
                "Source project exceeds the allowable number of project links in this direction"
            }
            Self::Group(_) => "Source project exceeds the allowable number of group links",
        }
    }
}

impl Project {
    /// Returns the entries for targets of one kind, by ID.
    pub(crate) fn links(&self, kind: Target) -> &BTreeMap<u64, AllowlistEntry> {
        match kind {
            Target::Project(_) => &self.allowed_projects,
            Target::Group(_) => &self.allowed_groups,
        }
    }

    /// Returns the entry for a target in one direction.
    pub(crate) fn entry(&self, direction: Direction, target: Target) -> Option<&AllowlistEntry> {
        let links = match (direction, target) {
            (Direction::Inbound, _) => self.links(target),
            (Direction::Outbound, Target::Project(_)) => &self.outbound_projects,
            (Direction::Outbound, Target::Group(_)) => return None,
        };
        links.get(&target.id())
    }

    pub(crate) fn links_mut(&mut self, kind: Target) -> &mut BTreeMap<u64, AllowlistEntry> {
        match kind {
            Target::Project(_) => &mut self.allowed_projects,
            Target::Group(_) => &mut self.allowed_groups,
        }
    }
}

/// Returns a key for a fixed order that differs from that of the IDs, since GitLab promises none.
/// The factor is 2^64 over the golden ratio, which scatters neighbours.
fn shuffled(id: u64) -> u64 {
    id.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

#[cfg(test)]
mod tests;
