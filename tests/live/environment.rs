//! Environment variables: the GitLab to test, what the test may do there, and the path of the
//! report.

use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::check::{INSTANCE_SETTINGS, LIMITS, Need};
use crate::site::Connection;

/// Required variables.
const REQUIRED: [&str; 2] = ["GITLAB_BASE_URL", "GITLAB_TOKEN"];

/// The group in which the test creates its own one instead of a top-level group.
const PARENT: &str = "GITLAB_LIVE_GROUP";

/// The path of the report.
const REPORT: &str = "GITLAB_LIVE_REPORT";

/// GitLab's processes cache instance settings for a minute.
const SETTLING: Duration = Duration::from_secs(65);

/// Returns the connection to GitLab, or the missing variables.
pub(crate) fn connection() -> Result<Connection, String> {
    let missing: Vec<&str> = REQUIRED.into_iter().filter(|name| variable(name).is_none()).collect();
    if !missing.is_empty() {
        return Err(format!("needs {}", missing.join(" and ")));
    }
    let [base_url, token] = REQUIRED.map(|name| variable(name).unwrap_or_default());
    let consented = |need| match need {
        Need::Consent(name) => variable(name).filter(|value| value == "1").map(|_| name),
        _ => None,
    };
    let consents = [LIMITS, INSTANCE_SETTINGS].into_iter().filter_map(consented).collect();
    Ok(Connection { base_url, token, parent: variable(PARENT), consents, settling: SETTLING })
}

/// Returns the path of the report.
pub(crate) fn report() -> PathBuf {
    let default = || Path::new(env!("CARGO_TARGET_TMPDIR")).join("gitlab-differs.md");
    variable(REPORT).map_or_else(default, PathBuf::from)
}

/// Returns the value of a variable that is set and not empty.
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
