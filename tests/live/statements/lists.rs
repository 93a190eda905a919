//! Pages of lists, over REST.

use serde_json::json;

use crate::check::{Check, Outcome};
use crate::site::Site;

pub(super) const CHECKS: &[Check] = &[
    Check::new(
        "REST: lists have pages and totals",
        "`GET …/allowlist?per_page=1&page=2` returns the second of two elements with `X-Page` 2, \
         `X-Per-Page` 1, an empty `X-Next-Page`, `X-Prev-Page` 1, `X-Total` 2, `X-Total-Pages` 2, \
         and a `Link` with `rel=\"prev\"`.",
        pages_have_totals,
    ),
    Check::new(
        "REST: the pages of a list have each element once",
        "The pages of `GET …/allowlist?per_page=1` hold each element of the list, and none twice \
         as long as nothing changes.",
        pages_hold_each_element,
    ),
];

fn pages_have_totals(site: &Site) -> Outcome {
    let (source, target) = (site.project()?, site.project()?);
    let path = source.scope("/allowlist");
    site.api.post(&path, &json!({ "target_project_id": target.id }))?.created(201)?;
    let response = site.api.get(&format!("{path}?per_page=1&page=2"))?.has_status(200)?;
    let headers = [
        ("x-page", "2"),
        ("x-per-page", "1"),
        ("x-next-page", ""),
        ("x-prev-page", "1"),
        ("x-total", "2"),
        ("x-total-pages", "2"),
    ];
    let different = headers.iter().find(|(name, value)| response.header(name) != Some(value));
    let expected =
        different.map_or("`rel=\"prev\"` in `Link`, one element".to_owned(), |(name, value)| {
            let seen = response.header(name).map_or("none".to_owned(), |seen| format!("{seen:?}"));
            format!("the header `{name}` with {value:?}, which is {seen}")
        });
    let links = response.header("link").is_some_and(|link| link.contains("rel=\"prev\""));
    let holds = different.is_none() && links && response.ids().len() == 1;
    response.expect(expected, holds).map(drop)
}

fn pages_hold_each_element(site: &Site) -> Outcome {
    let (source, one, other) = (site.project()?, site.project()?, site.project()?);
    let path = source.scope("/allowlist");
    for target in [&one, &other] {
        site.api.post(&path, &json!({ "target_project_id": target.id }))?.created(201)?;
    }
    let mut expected = vec![source.id, one.id, other.id];
    expected.sort_unstable();
    let mut seen = Vec::new();
    for page in 1..=3 {
        let response = site.api.get(&format!("{path}?per_page=1&page={page}"))?.has_status(200)?;
        seen.extend(response.ids());
    }
    let response = site.api.get(&path)?.has_status(200)?;
    seen.sort_unstable();
    let holds = seen == expected && response.ids().len() == expected.len();
    response
        .expect(format!("pages with the IDs {expected:?}, which hold {seen:?}"), holds)
        .map(drop)
}
