//! The instance itself as JSON: its version, and the settings of its administrators.

use serde_json::{Value, json};

use super::site::Site;
use crate::world::{Enforcement, World};

/// The setting that makes the instance enforce allowlists.
pub(crate) const ENFORCEMENT: &str = "enforce_ci_inbound_job_token_scope_enabled";

/// Renders the response to `GET /version`.
pub(crate) fn version(site: &Site, world: &World) -> Value {
    let version = &world.settings.version;
    json!({
        "version": version.to_string(),
        "revision": "51m01470",
        "kas": {
            "enabled": true,
            "externalUrl": format!("wss://{}/-/kubernetes-agent/", site.host()),
            "externalK8sProxyUrl": format!("https://{}/-/kubernetes-agent/k8s-proxy/", site.host()),
            "version": version.to_string().trim_end_matches("-ee"),
        },
        "enterprise": version.is_enterprise(),
    })
}

/// Renders the response to `GET /application/settings`, with a few of its several hundred keys.
pub(crate) fn application_settings(world: &World) -> Value {
    let mut settings = json!({
        "id": 1,
        "admin_mode": false,
        "after_sign_out_path": null,
        "allow_local_requests_from_web_hooks_and_services": false,
        "auto_devops_enabled": true,
        "container_registry_token_expire_delay": 5,
        "default_artifacts_expire_in": "30 days",
        "default_branch_name": null,
        "default_branch_protection": 2,
        "default_ci_config_path": null,
        "default_group_visibility": "private",
        "default_project_visibility": "private",
        "default_projects_limit": 100_000,
        "deletion_adjourned_period": 7,
        "dns_rebinding_protection_enabled": true,
        "domain_allowlist": [],
        "gravatar_enabled": true,
        "home_page_url": null,
        "import_sources": ["gitlab_project"],
        "keep_latest_artifact": true,
        "max_artifacts_size": 100,
        "max_attachment_size": 100,
        "max_pages_size": 100,
        "password_authentication_enabled_for_web": true,
        "project_export_enabled": true,
        "require_two_factor_authentication": false,
        "restricted_visibility_levels": [],
        "session_expire_delay": 10_080,
        "shared_runners_enabled": true,
        "signup_enabled": false,
        "throttle_authenticated_api_enabled": false,
        "throttle_authenticated_api_period_in_seconds": 3_600,
        "throttle_authenticated_api_requests_per_period": 7_200,
        "two_factor_grace_period": 48,
        "user_default_external": false,
        "user_oauth_applications": true,
    });
    if world.settings.version.has_enforcement() {
        let enforced = world.settings.enforcement != Enforcement::Off;
        settings[ENFORCEMENT] = json!(enforced);
    }
    settings
}
