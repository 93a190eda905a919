//! The steps, independent of the program that runs the provider.

use std::error::Error;

use super::report::Report;
use super::world::{DEPLOY, SCANNER, World};

/// A program that manages the resources of `main.tf` with the provider.
pub(crate) trait Manager {
    /// Prints which program it is.
    fn introduce(&self, report: &mut Report<'_>) -> Result<(), Box<dyn Error>>;

    /// Plans, and fails unless the plan has changes exactly where they are expected.
    fn plan(
        &mut self,
        expects_changes: bool,
        report: &mut Report<'_>,
    ) -> Result<(), Box<dyn Error>>;

    /// Plans and applies.
    fn apply(&mut self, report: &mut Report<'_>) -> Result<(), Box<dyn Error>>;

    /// Destroys all resources.
    fn destroy(&mut self, report: &mut Report<'_>) -> Result<(), Box<dyn Error>>;

    /// Returns what the user needs before any other step, if something is missing.
    fn advice(&self) -> Option<&'static str>;
}

/// Number of entries in `main.tf`.
const ENTRIES: usize = 3;

/// Creates, plans, detects drift, repairs it and destroys, with a look at GitLab after each change.
pub(crate) fn run(
    manager: &mut dyn Manager,
    world: &World,
    report: &mut Report<'_>,
) -> Result<(), Box<dyn Error>> {
    manager.introduce(report)?;
    report.heading(&format!("An in-memory GitLab listens on {}", world.gitlab.url()))?;
    report.allowlist(world)?;

    report.heading("Creating the resources of examples/quickstart/main.tf")?;
    manager.apply(report)?;
    report.allowlist(world)?;
    world.expect_restricted_to(ENTRIES)?;
    report.done("create", &format!("{DEPLOY} is restricted to an allowlist of {ENTRIES} entries"));

    report.heading("Planning again")?;
    manager.plan(false, report)?;
    report.done("plan", "no changes");

    report.heading(&format!(
        "Somebody removes {SCANNER} from the allowlist, and the plan shows it"
    ))?;
    world.remove_scanner();
    report.allowlist(world)?;
    manager.plan(true, report)?;
    report.done("drift", &format!("the plan adds {SCANNER}, which was removed in GitLab"));

    report.heading("Repairing it")?;
    manager.apply(report)?;
    report.allowlist(world)?;
    world.expect_restricted_to(ENTRIES)?;
    report.done("repair", &format!("{SCANNER} is on the allowlist again"));

    report.heading("Destroying the resources")?;
    manager.destroy(report)?;
    report.allowlist(world)?;
    world.expect_restricted_to(0)?;
    report.done("destroy", "the allowlist is empty; access stays restricted, GitLab's default");

    report.summary()?;
    report.next(manager.advice())?;
    Ok(())
}
