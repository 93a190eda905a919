//! The host of the tests as the manager: it makes the calls of Terraform, in one process of the
//! provider per walk.

use std::env;
use std::error::Error;
use std::io;
use std::path::Path;

use gitlab_simulator::Simulator;
use plugin_host::{Action, Change, Diagnostic, Instance, Launch, Walk, Wanted, failed};
use serde_json::json;
use terraform_cli::PATH_VARIABLE;
use tokio::runtime::{Builder, Runtime};

use super::configuration;
use super::report::Report;
use super::steps::Manager;
use super::world::World;

/// Variables that sockets and temporary files need on Windows. The provider gets nothing else of
/// this environment.
const OF_WINDOWS: [&str; 3] = ["SystemRoot", "TEMP", "TMP"];

/// The state, as Terraform keeps it, and the provider.
pub(crate) struct WithHost {
    runtime: Runtime,
    launch: Launch,
    resources: Vec<Resource>,
}

struct Resource {
    address: String,
    wanted: Wanted,
    /// The default where the resource isn't in the state.
    instance: Instance,
}

impl WithHost {
    pub(crate) fn new(provider: &Path, world: &World) -> io::Result<Self> {
        let resource =
            |(address, wanted)| Resource { address, wanted, instance: Instance::default() };
        Ok(Self {
            runtime: Builder::new_current_thread().enable_all().build()?,
            launch: launch(provider, &world.gitlab),
            resources: configuration::resources().into_iter().map(resource).collect(),
        })
    }

    fn show_plan(&self, changes: &[Change], report: &mut Report<'_>) -> io::Result<()> {
        for (resource, change) in self.resources.iter().zip(changes) {
            let address = &resource.address;
            if is_in_state(&resource.instance) && !is_in_state(&change.before) {
                report.line(&format!("  {address} no longer exists"))?;
            }
        }
        for (resource, change) in self.resources.iter().zip(changes) {
            if let Some(sign) = sign(change.action) {
                report.line(&format!("  {sign} {}", resource.address))?;
            }
        }
        let counted = |actions: &[Action]| {
            changes.iter().filter(|change| actions.contains(&change.action)).count()
        };
        match (
            counted(&[Action::Create, Action::Replace]),
            counted(&[Action::Update]),
            counted(&[Action::Destroy, Action::Replace]),
        ) {
            (0, 0, 0) => report.line("No changes.")?,
            (add, change, destroy) => {
                report.line(&format!(
                    "Plan: {add} to add, {change} to change, {destroy} to destroy."
                ))?;
            }
        }
        report.gap()?;
        changes.iter().try_for_each(|change| show_diagnostics(&change.warnings, report))
    }

    fn plan_and_apply(
        &mut self,
        destroys: bool,
        report: &mut Report<'_>,
    ) -> Result<(), Box<dyn Error>> {
        let changes =
            self.runtime.block_on(walk_to_plan(&self.launch, &self.resources, destroys))?;
        self.show_plan(&changes, report)?;
        let apply = walk_to_apply(&self.launch, &mut self.resources, &changes, destroys);
        let diagnostics = self.runtime.block_on(apply)?;
        show_diagnostics(&diagnostics, report)?;
        if failed(&diagnostics) {
            return Err("the apply failed".into());
        }
        report.line("Apply complete.")?;
        report.gap()?;
        Ok(())
    }
}

impl Manager for WithHost {
    fn introduce(&self, report: &mut Report<'_>) -> Result<(), Box<dyn Error>> {
        report.heading("The host of this repository's tests runs the provider")?;
        report.text(&format!(
            "Neither terraform nor tofu is on PATH, and {PATH_VARIABLE} isn't set. The host \
             (tests/host) makes the same calls as Terraform, and prints short plans."
        ))?;
        Ok(())
    }

    fn plan(
        &mut self,
        expects_changes: bool,
        report: &mut Report<'_>,
    ) -> Result<(), Box<dyn Error>> {
        let changes = self.runtime.block_on(walk_to_plan(&self.launch, &self.resources, false))?;
        self.show_plan(&changes, report)?;
        if changes.iter().any(|change| change.action != Action::Nothing) == expects_changes {
            return Ok(());
        }
        Err(format!("the plan should have {}changes", if expects_changes { "" } else { "no " })
            .into())
    }

    fn apply(&mut self, report: &mut Report<'_>) -> Result<(), Box<dyn Error>> {
        self.plan_and_apply(false, report)
    }

    fn destroy(&mut self, report: &mut Report<'_>) -> Result<(), Box<dyn Error>> {
        self.plan_and_apply(true, report)
    }

    fn advice(&self) -> Option<&'static str> {
        Some("Install Terraform or OpenTofu. With either on PATH, this command uses it.")
    }
}

fn launch(provider: &Path, gitlab: &Simulator) -> Launch {
    let launch = Launch::new(provider)
        .env("GITLAB_BASE_URL", gitlab.api_url())
        .env("GITLAB_TOKEN", gitlab.token());
    let set = OF_WINDOWS.into_iter().filter(|_| cfg!(windows));
    let set = set.filter_map(|name| Some((name, env::var_os(name)?)));
    set.fold(launch, |launch, (name, value)| launch.env(name, value))
}

/// Reads what is in the state, and plans.
async fn walk_to_plan(
    launch: &Launch,
    resources: &[Resource],
    destroys: bool,
) -> Result<Vec<Change>, Box<dyn Error>> {
    let walk = Walk::start(launch, json!({})).await?;
    let mut changes = Vec::new();
    for Resource { wanted, instance, .. } in resources {
        let before = if is_in_state(instance) {
            walk.refresh(wanted.type_name, instance).await?
        } else {
            Instance::default()
        };
        let wanted = if destroys { Wanted::gone(wanted.type_name) } else { wanted.clone() };
        changes.push(walk.plan(&wanted, before).await?);
    }
    stop(walk).await?;
    Ok(changes)
}

/// Applies the changes in order, or in the opposite order if they destroy, up to the first error.
/// Keeps the new state.
async fn walk_to_apply(
    launch: &Launch,
    resources: &mut [Resource],
    changes: &[Change],
    destroys: bool,
) -> Result<Vec<Diagnostic>, Box<dyn Error>> {
    let walk = Walk::start(launch, json!({})).await?;
    let mut pairs: Vec<_> = resources.iter_mut().zip(changes).collect();
    if destroys {
        pairs.reverse();
    }
    let mut diagnostics = Vec::new();
    for (resource, change) in pairs {
        let outcome = walk.apply(change).await?;
        resource.instance = outcome.instance.unwrap_or_default();
        diagnostics.extend(outcome.diagnostics);
        if failed(&diagnostics) {
            break;
        }
    }
    stop(walk).await?;
    Ok(diagnostics)
}

fn is_in_state(instance: &Instance) -> bool {
    !instance.stored.state.is_null()
}

async fn stop(walk: Walk) -> Result<(), Box<dyn Error>> {
    let exit = walk.host.stop().await?;
    if exit.status.success() {
        Ok(())
    } else {
        Err(format!("the provider ended with {}", exit.status).into())
    }
}

/// Returns Terraform's sign of an action.
fn sign(action: Action) -> Option<&'static str> {
    match action {
        Action::Nothing => None,
        Action::Create => Some("+"),
        Action::Update => Some("~"),
        Action::Replace => Some("-/+"),
        Action::Destroy => Some("-"),
    }
}

fn show_diagnostics(diagnostics: &[Diagnostic], report: &mut Report<'_>) -> io::Result<()> {
    for Diagnostic { severity, summary, detail, .. } in diagnostics {
        report.indented(2, &format!("{severity:?}: {summary}"))?;
        report.indented(4, detail)?;
        report.gap()?;
    }
    Ok(())
}
