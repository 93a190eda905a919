//! The limit of entries of an allowlist.

use serde_json::json;

use crate::check::{Check, LIMITS, Outcome};
use crate::site::Site;

/// Entries of each kind that an allowlist may have.
const LIMIT: usize = 200;

pub(super) const CHECKS: &[Check] = &[Check::new(
    "REST: an allowlist can have 200 groups",
    "The 201st `POST …/groups_allowlist` returns 400 \"exceeds the allowable number of group \
     links\", and so does on a full list the addition of a group that is on it: the limit is \
     validated before uniqueness.",
    limit_of_groups,
)
.needs(&[LIMITS])];

fn limit_of_groups(site: &Site) -> Outcome {
    let path = site.project()?.scope("/groups_allowlist");
    let mut listed = 0;
    for _ in 0..LIMIT {
        listed = site.subgroup()?.id;
        site.api.post(&path, &json!({ "target_group_id": listed }))?.created(201)?;
    }
    for target in [site.subgroup()?.id, listed] {
        let response = site.api.post(&path, &json!({ "target_group_id": target }))?;
        response.refuses(400, "exceeds the allowable number of group links")?;
    }
    Ok(())
}
