//! `/application/settings`: the settings of the instance, which only administrators can read.

use serde::Deserialize;

use crate::gitlab::sender::Call;

/// The settings of the instance that are used here.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(in crate::gitlab) struct InstanceSettings {
    /// Whether the instance restricts every project to its allowlist. `None` before GitLab 18.0.
    pub(in crate::gitlab) enforce_ci_inbound_job_token_scope_enabled: Option<bool>,
}

/// `GET /application/settings`
pub(in crate::gitlab) fn show() -> Call<InstanceSettings> {
    Call::get("/application/settings".to_owned())
}
