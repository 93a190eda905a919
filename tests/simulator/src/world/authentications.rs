//! The authentication log: which projects' jobs used a job token for a project, and when last.

use std::collections::BTreeMap;

use super::{BuildError, Target, World};

/// The time of last use, by the ID of the job's project.
pub(crate) type Authentications = BTreeMap<u64, String>;

impl World {
    /// Records that a job of a project used its token against another, at a moment as GraphQL
    /// writes it.
    pub(crate) fn record_authentication(
        &mut self,
        project: u64,
        origin: u64,
        at: &str,
    ) -> Result<(), BuildError> {
        if !self.exists(Target::Project(origin)) {
            return Err(BuildError::NoSuch(Target::Project(origin)));
        }
        let project =
            self.project_mut(project).ok_or(BuildError::NoSuch(Target::Project(project)))?;
        project.authentications.insert(origin, at.to_owned());
        Ok(())
    }
}
