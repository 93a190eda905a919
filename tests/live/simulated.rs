//! The simulators that the live test runs on.

use std::sync::Arc;
use std::time::Duration;

use gitlab_simulator::{Role, Simulator, Target, TokenSpec};
use libtest_mimic::Trial;
use terraform_cli::Cli;

use crate::check::{INSTANCE_SETTINGS, LIMITS, Need, Problem};
use crate::report::Findings;
use crate::site::{Connection, Site};
use crate::{harness, life_cycles, statements};

/// The version for the life cycles of resources.
pub(crate) const CURRENT: &str = "18.8.0-ee";
/// Further versions with different behavior.
const OTHERS: [&str; 3] = ["17.11.7-ee", "18.2.8", "19.4.0-ee"];

/// Starts the GitLabs, and makes a site on each.
pub(crate) fn start() -> Result<Vec<SimulatedSite>, Problem> {
    let mut sites = vec![SimulatedSite::new(CURRENT, cli()?)?, SimulatedSite::as_owner()?];
    for version in OTHERS {
        sites.push(SimulatedSite::new(version, None)?);
    }
    Ok(sites)
}

/// Returns the CLI, without which the life cycles are ignored. A CI job must have one.
fn cli() -> Result<Option<Cli>, Problem> {
    match Cli::find() {
        Ok(cli) => Ok(Some(cli)),
        Err(error) if std::env::var_os("CI").is_some_and(|value| value == "true") => {
            Err(Problem::Setup(error.to_string()))
        }
        Err(_) => Ok(None),
    }
}

/// A simulator and the site on it.
pub(crate) struct SimulatedSite {
    pub(crate) gitlab: Simulator,
    pub(crate) site: Arc<Site>,
    /// The prefix of the names of its tests.
    label: String,
}

impl SimulatedSite {
    /// Starts a version of GitLab, and uses its administrator's token.
    pub(crate) fn new(version: &str, cli: Option<Cli>) -> Result<Self, Problem> {
        let gitlab = Simulator::builder().version(version).start();
        let token = gitlab.token().to_owned();
        let label = if version == CURRENT { String::new() } else { format!("{version} ") };
        Self::of(gitlab, label, token, None, cli)
    }

    /// Starts an instance, and uses the token of the owner of one group.
    fn as_owner() -> Result<Self, Problem> {
        let gitlab = Simulator::builder().version(CURRENT).start();
        let group = Target::Group(gitlab.add_group("ours/tests"));
        let token = gitlab.add_token(TokenSpec::new("owner").role(group, Role::Owner));
        Self::of(gitlab, "as an owner ".to_owned(), token, Some("ours/tests".to_owned()), None)
    }

    pub(crate) fn of(
        gitlab: Simulator,
        label: String,
        token: String,
        parent: Option<String>,
        cli: Option<Cli>,
    ) -> Result<Self, Problem> {
        let consented = |need| match need {
            Need::Consent(name) => Some(name),
            _ => None,
        };
        let consents = [LIMITS, INSTANCE_SETTINGS].into_iter().filter_map(consented).collect();
        let settling = Duration::ZERO;
        let connection =
            Connection { base_url: gitlab.api_url(), token, parent, consents, settling };
        let site = Arc::new(Site::connect(&connection, cli)?);
        Ok(Self { gitlab, site, label })
    }

    /// Makes a test of each check. The simulator must be kept until they have run.
    pub(crate) fn trials(&self) -> Vec<Trial> {
        let lives = if self.label.is_empty() { life_cycles::all() } else { Vec::new() };
        let checks = [statements::all(), lives].concat();
        harness::trials(&self.site, &Arc::new(Findings::default()), &self.label, checks)
    }
}
