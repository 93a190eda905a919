//! `/application/settings`: the settings of the whole instance, which only administrators may read.

use serde::Deserialize;

use crate::gitlab::sender::Call;

/// The settings of the instance, as far as they are used.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(in crate::gitlab) struct InstanceSettings {
    /// Every project restricts access to its allowlist, whatever its own setting is. Absent before
    /// GitLab 18.0.
    pub(in crate::gitlab) enforce_ci_inbound_job_token_scope_enabled: Option<bool>,
}

/// `GET /application/settings`
pub(in crate::gitlab) fn show() -> Call<InstanceSettings> {
    Call::get("/application/settings".to_owned())
}
