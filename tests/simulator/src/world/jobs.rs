//! The permissions of running jobs: which projects a job can access with its token, and where it
//! can push. Public access and the role of the job's user are omitted.

use super::{AllowlistEntry, Direction, Permissions, Project, Target, World};

const ADMIN: &str = "ADMIN_";
const READ: &str = "READ_";
const PUSH: &str = "ADMIN_REPOSITORIES";

impl World {
    /// Returns whether jobs of one project may do in another what a policy such as `READ_PACKAGES`
    /// permits.
    pub(crate) fn job_may(&self, from: u64, to: u64, policy: &str) -> bool {
        let Some(project) = self.project(to) else { return false };
        if !self.is_restricted(to) {
            return true;
        }
        match self.nearest_entry(project, from) {
            Some(entry) => self.permits(project, entry, policy),
            None => from == to,
        }
    }

    /// Returns whether jobs of one project may push to another.
    pub(crate) fn job_may_push(&self, from: u64, to: u64) -> bool {
        let Some(project) = self.project(to) else { return false };
        if !self.settings.version.has_push_setting()
            || !project.push_repository_for_job_token_allowed
        {
            return false;
        }
        if from == to {
            return true;
        }
        self.settings.version.has_cross_project_push()
            && project.cross_project_push_for_job_token_allowed
            && self.is_restricted(to)
            && self
                .nearest_entry(project, from)
                .is_some_and(|entry| self.permits(project, entry, PUSH))
    }

    /// Returns the entry that lets a project's jobs in: its own, or else that of the nearest group
    /// above it. A group's entry reaches the source project too, and limits its own jobs with all
    /// others.
    fn nearest_entry<'w>(&'w self, project: &'w Project, from: u64) -> Option<&'w AllowlistEntry> {
        self.with_ancestors(Target::Project(from))
            .find_map(|place| project.entry(Direction::Inbound, place))
    }

    /// Returns whether an entry permits something. Where permissions are switched off, it permits
    /// everything.
    fn permits(&self, project: &Project, entry: &AllowlistEntry, policy: &str) -> bool {
        let limits =
            self.settings.version.has_entry_permissions() && project.fine_grained_permissions;
        !limits || entry.permissions.include(policy)
    }
}

impl Permissions {
    /// Returns whether they include a policy. One that administers includes the one that reads.
    fn include(&self, policy: &str) -> bool {
        let administers = policy.strip_prefix(READ).map(|what| format!("{ADMIN}{what}"));
        self.default_permissions
            || self
                .job_token_policies
                .iter()
                .any(|held| held == policy || Some(held) == administers.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::Enforcement;

    /// Creates a world with `acme/app`, `acme/team/lib` and `other/tool`, in which the allowlist of
    /// `acme/app` is empty.
    fn world(version: &str) -> (World, u64, u64, u64) {
        let mut world = World::default();
        world.settings.version = version.parse().unwrap();
        let mut add = |path| world.add_project(path).unwrap();
        let (app, lib, tool) = (add("acme/app"), add("acme/team/lib"), add("other/tool"));
        (world, app, lib, tool)
    }

    fn group(world: &World, path: &str) -> Target {
        Target::Group(world.group_id(path).unwrap())
    }

    fn allow(world: &mut World, source_project: u64, target: Target, policies: &[&str]) {
        world
            .allow(source_project, target, Permissions::limited_to(policies.iter().copied()))
            .unwrap();
    }

    #[test]
    fn open_project_allows_every_job() {
        let (mut world, app, lib, tool) = world("18.8.0-ee");
        assert!(!world.job_may(tool, app, "READ_JOBS") && world.job_may(app, app, "READ_JOBS"));
        world.project_mut(app).unwrap().inbound_enabled = false;
        assert!(world.job_may(tool, app, "READ_JOBS") && world.job_may(lib, app, "ADMIN_JOBS"));
        world.settings.enforcement = Enforcement::Silent;
        assert!(!world.job_may(tool, app, "READ_JOBS"));
        assert!(!world.job_may(tool, 999, "READ_JOBS"));
    }

    #[test]
    fn nearest_entry_decides() {
        let (mut world, app, lib, tool) = world("18.8.0-ee");
        let (acme, team) = (group(&world, "acme"), group(&world, "acme/team"));
        allow(&mut world, app, acme, &["READ_JOBS"]);
        assert!(world.job_may(lib, app, "READ_JOBS") && !world.job_may(lib, app, "READ_PACKAGES"));
        allow(&mut world, app, team, &["READ_PACKAGES"]);
        assert!(!world.job_may(lib, app, "READ_JOBS") && world.job_may(lib, app, "READ_PACKAGES"));
        world.allow(app, Target::Project(lib), Permissions::default()).unwrap();
        assert!(world.job_may(lib, app, "ADMIN_PIPELINES"));
        assert!(!world.job_may(tool, app, "READ_JOBS"));
    }

    #[test]
    fn admin_policy_includes_the_read_policy() {
        let (mut world, app, _, tool) = world("18.8.0-ee");
        allow(&mut world, app, Target::Project(tool), &["ADMIN_PACKAGES", "READ_JOBS"]);
        let may = |policy| world.job_may(tool, app, policy);
        assert!(
            may("READ_PACKAGES") && may("ADMIN_PACKAGES") && may("READ_JOBS") && !may("ADMIN_JOBS")
        );
    }

    #[test]
    fn limited_group_entry_limits_the_project_itself() {
        let (mut world, app, ..) = world("18.8.0-ee");
        let acme = group(&world, "acme");
        allow(&mut world, app, acme, &["READ_JOBS"]);
        assert!(world.job_may(app, app, "READ_JOBS") && !world.job_may(app, app, "READ_PACKAGES"));
        allow(&mut world, app, Target::Project(app), &["READ_PACKAGES"]);
        assert!(!world.job_may(app, app, "READ_JOBS") && world.job_may(app, app, "READ_PACKAGES"));
        world.revoke(app, Target::Project(app)).unwrap();
        world.allow(app, Target::Project(app), Permissions::default()).unwrap();
        assert!(world.job_may(app, app, "READ_JOBS"));
    }

    #[test]
    fn default_group_entry_does_not_limit_own_jobs() {
        let (mut world, app, ..) = world("18.8.0-ee");
        let acme = group(&world, "acme");
        world.allow(app, acme, Permissions::default()).unwrap();
        assert!(world.job_may(app, app, "ADMIN_JOBS"));
    }

    #[test]
    fn disabled_permissions_limit_nothing() {
        for version in ["17.11.0-ee", "18.2.0-ee"] {
            let (mut world, app, _, tool) = world(version);
            allow(&mut world, app, Target::Project(tool), &[]);
            assert!(world.job_may(tool, app, "ADMIN_JOBS"), "{version}");
        }
    }

    #[test]
    fn own_jobs_push_if_the_setting_allows_it() {
        let (mut world, app, ..) = world("17.2.0-ee");
        assert!(!world.job_may_push(app, app));
        world.project_mut(app).unwrap().push_repository_for_job_token_allowed = true;
        assert!(world.job_may_push(app, app));
        world.settings.version = "17.1.0-ee".parse().unwrap();
        assert!(!world.job_may_push(app, app));
    }

    #[test]
    fn jobs_of_other_projects_push_if_all_conditions_hold() {
        let ready = || {
            let (mut world, app, _, tool) = world("19.1.0-ee");
            allow(&mut world, app, Target::Project(tool), &["ADMIN_REPOSITORIES"]);
            let project = world.project_mut(app).unwrap();
            project.push_repository_for_job_token_allowed = true;
            project.cross_project_push_for_job_token_allowed = true;
            (world, app, tool)
        };
        let (world, app, tool) = ready();
        assert!(world.job_may_push(tool, app) && !world.job_may_push(app, tool));
        let breaks: [fn(&mut World); 5] = [
            |world| world.project_mut(1).unwrap().push_repository_for_job_token_allowed = false,
            |world| world.project_mut(1).unwrap().cross_project_push_for_job_token_allowed = false,
            |world| world.project_mut(1).unwrap().inbound_enabled = false,
            |world| assert!(world.revoke(1, Target::Project(3)).unwrap()),
            |world| world.settings.version = "19.0.0-ee".parse().unwrap(),
        ];
        for (n, break_one) in breaks.into_iter().enumerate() {
            let (mut world, app, tool) = ready();
            break_one(&mut world);
            assert!(!world.job_may_push(tool, app), "condition {n}");
        }
    }

    #[test]
    fn default_permissions_let_other_jobs_push_and_reading_does_not() {
        let (mut world, app, lib, tool) = world("19.1.0-ee");
        let project = world.project_mut(app).unwrap();
        project.push_repository_for_job_token_allowed = true;
        project.cross_project_push_for_job_token_allowed = true;
        allow(&mut world, app, Target::Project(lib), &["READ_REPOSITORIES"]);
        world.allow(app, Target::Project(tool), Permissions::default()).unwrap();
        assert!(!world.job_may_push(lib, app) && world.job_may_push(tool, app));
    }
}
