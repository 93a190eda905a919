//! The instance: its version, and the setting that enforces allowlists.

use std::thread;

use serde_json::{Value, json};

use crate::check::{Check, INSTANCE_SETTINGS, Need, Outcome, Problem};
use crate::site::Site;

const SETTINGS: &str = "/application/settings";
const ENFORCEMENT: &str = "enforce_ci_inbound_job_token_scope_enabled";

pub(super) const CHECKS: &[Check] = &[
    Check::new(
        "REST: the version has the edition",
        "`GET /version` returns 200 with `version` and with the boolean `enterprise`.",
        version,
    ),
    Check::new(
        "REST: an administrator reads whether allowlists are enforced",
        "`GET /application/settings` returns administrators 200 with the boolean \
         `enforce_ci_inbound_job_token_scope_enabled` from GitLab 18.0 on, and others 403.",
        settings,
    )
    .needs(&[Need::Administrator, Need::Since(18, 0)]),
    Check::new(
        "REST: an enforced allowlist can't be disabled",
        "While the instance enforces allowlists, `GET /projects/:id/job_token_scope` returns \
         `inbound_enabled` true whatever the project's own setting is. `PATCH` with `enabled` \
         false returns 204 from GitLab 18.0 to 18.7, and nothing changes; from 18.8 on it returns \
         400 \"Job token scope cannot be disabled for this project because it is enforced for the \
         instance.\"",
        enforcement,
    )
    .needs(&[Need::Administrator, Need::Since(18, 0), Need::NoEnforcement, INSTANCE_SETTINGS])
    .alone(),
];

fn version(site: &Site) -> Outcome {
    let response = site.api.get("/version")?.has_status(200)?;
    let body = response.json();
    let holds = body["version"].is_string() && body["enterprise"].is_boolean();
    response.expect("`version` and the boolean `enterprise`", holds).map(drop)
}

fn settings(site: &Site) -> Outcome {
    let response = site.api.get(SETTINGS)?.has_status(200)?;
    let is_boolean = response.json()[ENFORCEMENT].is_boolean();
    // The other settings are omitted from reports.
    let shown = format!("GET {SETTINGS}\n200\n{ENFORCEMENT}: {}", response.json()[ENFORCEMENT]);
    if !is_boolean {
        return Err(Problem::differs(format!("the boolean `{ENFORCEMENT}`"), shown));
    }
    site.user(&["api"])?.api.get(SETTINGS)?.has_status(403).map(drop)
}

/// Switches enforcement off again when dropped.
struct Enforced<'s>(&'s Site);

impl Drop for Enforced<'_> {
    fn drop(&mut self) {
        // A second failure would hide the first one.
        let _ = self.0.api.put(SETTINGS, &json!({ ENFORCEMENT: false }));
        thread::sleep(self.0.settling);
    }
}

fn enforcement(site: &Site) -> Outcome {
    let source = site.project()?;
    site.api.patch(&source.scope(""), &json!({ "enabled": false }))?.succeeds()?;
    let enforced = Enforced(site);
    let set: Value = site.api.put(SETTINGS, &json!({ ENFORCEMENT: true }))?.created(200)?;
    if set[ENFORCEMENT] != true {
        return Err(Problem::Setup("enforcement can't be switched on".to_owned()));
    }
    thread::sleep(site.settling);
    let response = site.api.get(&source.scope(""))?.has_status(200)?;
    let restricted = response.json()["inbound_enabled"] == true;
    response.expect("`inbound_enabled` true", restricted)?;
    let response = site.api.patch(&source.scope(""), &json!({ "enabled": false }))?;
    if site.version.is_since(18, 8) {
        response.refuses(
            400,
            "Job token scope cannot be disabled for this project because it is enforced for the \
             instance.",
        )?;
    } else {
        response.has_no_content()?;
    }
    drop(enforced);
    Ok(())
}
