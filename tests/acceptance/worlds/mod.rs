//! The projects and groups that tests start from. Group 1 is `acme` in all of them, and allowlists
//! are empty except with [`World::allowing`]. [`examples`] has those of `examples/` and
//! `tests/terraform/`.

pub(crate) mod examples;

use gitlab_simulator::{Builder, Simulator, Target};
use terraform_cli::Workspace;

use crate::kit::workspace;

/// Project `acme/app`.
pub(crate) const APP_ONLY: World = World::new(&["acme/app"], &[]);

/// Projects 1 `acme/app` and 2 `acme/lib`.
pub(crate) const APP_AND_LIB: World = World::new(&["acme/app", "acme/lib"], &[]);

/// Projects 1 `acme/app`, 2 `acme/lib` and 3 `acme/other`; groups 2 `partners` and 3
/// `partners/team`.
pub(crate) const THREE_PROJECTS: World =
    World::new(&["acme/app", "acme/lib", "acme/other"], &["partners/team"]);

/// Projects 1 `acme/app`, 2 `acme/lib`, 3 `acme/web` and 4 `acme/old`; groups 2 `ops` and 3
/// `ops/prod`.
pub(crate) const FOUR_PROJECTS: World =
    World::new(&["acme/app", "acme/lib", "acme/web", "acme/old"], &["ops/prod"]);

/// Projects 1 `acme/app`, 2 `acme/tools/lint` and 3 `other/lib`; groups 2 `acme/tools` and 3
/// `other`.
pub(crate) const SUBGROUP_AND_OTHER_GROUP: World =
    World::new(&["acme/app", "acme/tools/lint", "other/lib"], &[]);

/// The ID of group `acme`.
pub(crate) const ACME: u64 = 1;
/// The ID of project `acme/app`.
pub(crate) const APP: u64 = 1;
/// The ID of project `acme/lib`, where there is one.
pub(crate) const LIB: u64 = 2;
/// The IDs of projects `acme/web` and `acme/old` of [`FOUR_PROJECTS`].
pub(crate) const WEB: u64 = 3;
pub(crate) const OLD: u64 = 4;
/// The IDs of groups `ops` and `ops/prod` of [`FOUR_PROJECTS`].
pub(crate) const OPS: u64 = 2;
pub(crate) const PROD: u64 = 3;

/// The paths of projects and of further groups. IDs follow the order.
pub(crate) struct World {
    projects: &'static [&'static str],
    groups: &'static [&'static str],
}

impl World {
    pub(crate) const fn new(
        projects: &'static [&'static str],
        groups: &'static [&'static str],
    ) -> Self {
        Self { projects, groups }
    }

    /// Starts the newest GitLab with these projects and groups.
    pub(crate) fn start(&self) -> Simulator {
        self.start_with(Simulator::builder())
    }

    /// Starts a version of GitLab, such as `17.11.0-ee`.
    pub(crate) fn start_version(&self, version: &str) -> Simulator {
        self.start_with(Simulator::builder().version(version))
    }

    pub(crate) fn start_with(&self, builder: Builder) -> Simulator {
        let gitlab = builder.start();
        self.projects.iter().for_each(|path| {
            gitlab.add_project(path);
        });
        self.groups.iter().for_each(|path| {
            gitlab.add_group(path);
        });
        gitlab
    }

    /// Starts a GitLab in which these projects and groups are on the allowlist of `acme/app`.
    pub(crate) fn allowing(&self, projects: &[u64], groups: &[u64]) -> Simulator {
        let gitlab = self.start();
        projects.iter().for_each(|id| gitlab.allow(APP, Target::Project(*id)));
        groups.iter().for_each(|id| gitlab.allow(APP, Target::Group(*id)));
        gitlab
    }

    /// Starts a GitLab and makes a workspace whose environment names it.
    #[track_caller]
    pub(crate) fn with_workspace(&self) -> (Simulator, Workspace) {
        let gitlab = self.start();
        let tf = workspace(&gitlab);
        (gitlab, tf)
    }

    /// Starts a GitLab and applies a configuration to it.
    #[track_caller]
    pub(crate) fn applied(&self, config: &str) -> (Simulator, Workspace) {
        let (gitlab, tf) = self.with_workspace();
        tf.config(config);
        tf.apply().succeeds();
        (gitlab, tf)
    }
}
