//! Deletes projects and groups permanently. GitLab returns 202 and deletes later; some versions and
//! plans only mark the object for deletion until a second request.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::check::{Outcome, Problem};
use crate::site::{ProjectOrGroup, Site};

/// Time within which a deletion must be done.
const TIMEOUT: Duration = Duration::from_secs(180);
const PAUSE: Duration = Duration::from_millis(500);

/// Deletes a project and waits until it is gone.
pub(crate) fn delete_project(site: &Site, project: &ProjectOrGroup) -> Outcome {
    delete(site, &format!("/projects/{}", project.id), "path_with_namespace")
}

/// Deletes a group with all that is in it, and waits until it is gone.
pub(crate) fn delete_group(site: &Site, group: &ProjectOrGroup) -> Outcome {
    delete(site, &format!("/groups/{}", group.id), "full_path")
}

fn delete(site: &Site, address: &str, path: &str) -> Outcome {
    let start = Instant::now();
    site.api.delete(address)?.has_status(202)?;
    let mut is_requested_twice = false;
    loop {
        let response = site.api.get(address)?;
        if response.status == 404 {
            return Ok(());
        }
        let place = response.json();
        if has_deletion_date(&place) && !is_requested_twice {
            // The path of something that is marked may be another one than before.
            let full_path = place[path].as_str().unwrap_or_default().replace('/', "%2F");
            let for_good = format!("{address}?permanently_remove=true&full_path={full_path}");
            site.api.delete(&for_good)?.has_status(202)?;
            is_requested_twice = true;
        }
        if start.elapsed() > TIMEOUT {
            return Err(Problem::Setup(format!(
                "{} is still there:\n{}",
                address,
                response.seen()
            )));
        }
        thread::sleep(PAUSE);
    }
}

/// Returns whether a group is still there, and marked to be deleted later.
pub(crate) fn is_marked(site: &Site, group: &ProjectOrGroup) -> bool {
    let found = site.api.get(&format!("/groups/{}?with_projects=false", group.id));
    found.is_ok_and(|response| has_deletion_date(&response.json()))
}

fn has_deletion_date(place: &Value) -> bool {
    ["marked_for_deletion_on", "marked_for_deletion_at"]
        .into_iter()
        .any(|key| place[key].is_string())
}
