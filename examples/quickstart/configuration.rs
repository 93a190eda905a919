//! The resources of `main.tf`, for the host, which doesn't read HCL. `tests/command_line` compares
//! the two.

use plugin_host::Wanted;
use serde_json::json;

const ENTRY: &str = "gitlab_job_token_allowlist_entry";
const SCOPE: &str = "gitlab_job_token_scope";

/// Returns the resources with their addresses, each after those that it depends on.
pub(crate) fn resources() -> Vec<(String, Wanted)> {
    let project = "platform/deploy";
    let tool = |path: &str| {
        let config = json!({ "project": project, "target_project": path });
        (format!("{ENTRY}.tool[{path:?}]"), Wanted::new(ENTRY, config))
    };
    let apps = json!({ "project": project, "target_group": "platform/apps" });
    vec![
        tool("platform/tools/release-bot"),
        tool("security/scanner"),
        (format!("{ENTRY}.apps"), Wanted::new(ENTRY, apps)),
        (format!("{SCOPE}.deploy"), Wanted::new(SCOPE, json!({ "project": project }))),
    ]
}
