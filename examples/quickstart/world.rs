//! The in-memory GitLab, with the projects and groups of `main.tf`.

use std::error::Error;

use gitlab_simulator::{Simulator, Target};

/// The project whose allowlist is managed.
pub(crate) const DEPLOY: &str = "platform/deploy";
/// The target that is removed outside Terraform.
pub(crate) const SCANNER: &str = "security/scanner";

/// A GitLab where `platform/deploy` is open, as projects from before GitLab 16 are.
pub(crate) struct World {
    pub(crate) gitlab: Simulator,
    deploy: u64,
    scanner: Target,
}

impl World {
    pub(crate) fn start() -> Self {
        let gitlab = Simulator::start();
        let deploy = gitlab.add_project(DEPLOY);
        let scanner = Target::Project(gitlab.add_project(SCANNER));
        gitlab.add_project("platform/tools/release-bot");
        gitlab.add_project("platform/apps/storefront");
        gitlab.set_inbound_enabled(deploy, false);
        Self { gitlab, deploy, scanner }
    }

    /// Removes `security/scanner` from the allowlist, as in GitLab's UI.
    pub(crate) fn remove_scanner(&self) {
        self.gitlab.revoke(self.deploy, self.scanner);
    }

    /// Returns the display name of the project, with its ID.
    pub(crate) fn project(&self) -> String {
        format!("{DEPLOY} ({})", self.deploy)
    }

    pub(crate) fn is_restricted(&self) -> bool {
        self.gitlab.inbound_enabled(self.deploy)
    }

    /// Returns the entries of the allowlist: kind, ID and full path.
    pub(crate) fn entries(&self) -> Vec<(&'static str, u64, String)> {
        let list = self.gitlab.allowlist(self.deploy);
        let projects = list.projects.into_iter().map(Target::Project);
        let targets = projects.chain(list.groups.into_iter().map(Target::Group));
        let row = |target: Target| {
            (target.kind(), target.id(), self.gitlab.full_path(target).unwrap_or_default())
        };
        targets.map(row).collect()
    }

    /// Checks that access is restricted to an allowlist of this many entries.
    pub(crate) fn expect_restricted_to(&self, count: usize) -> Result<(), Box<dyn Error>> {
        let entries = self.entries();
        if self.is_restricted() && entries.len() == count {
            return Ok(());
        }
        Err(format!("the allowlist should have {count} entries, and restrict access: {entries:?}")
            .into())
    }
}
