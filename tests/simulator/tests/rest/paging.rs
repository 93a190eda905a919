//! Pages of lists, and their headers.

use std::collections::BTreeSet;

use gitlab_simulator::LINK_LIMIT;
use serde_json::json;

use crate::kit::{Fixture, Reply};

fn count(reply: &Reply) -> usize {
    reply.json().as_array().unwrap().len()
}

fn headers<'r>(reply: &'r Reply, names: [&str; 6]) -> [Option<&'r str>; 6] {
    names.map(|name| reply.header(name))
}

const NAMES: [&str; 6] =
    ["x-page", "x-per-page", "x-next-page", "x-prev-page", "x-total", "x-total-pages"];

#[tokio::test]
async fn default_page_size_is_20() {
    let scene = Fixture::new();
    scene.fill_projects(30);
    let page = scene.api.get(&scene.scope("/allowlist")).await;
    assert_eq!(count(&page), 20);
    assert_eq!(
        headers(&page, NAMES),
        [Some("1"), Some("20"), Some("2"), Some(""), Some("31"), Some("2")]
    );
}

#[tokio::test]
async fn page_size_is_at_most_100() {
    let scene = Fixture::new();
    scene.fill_groups(150);
    let page = scene.api.get(&scene.scope("/groups_allowlist?per_page=500")).await;
    assert_eq!((count(&page), page.header("x-per-page")), (100, Some("100")));
}

#[tokio::test]
async fn full_lists_have_three_and_two_pages() {
    let scene = Fixture::new();
    let mut projects: BTreeSet<u64> = scene.fill_projects(LINK_LIMIT).into_iter().collect();
    projects.insert(scene.app);
    let groups: BTreeSet<u64> = scene.fill_groups(LINK_LIMIT).into_iter().collect();
    let listed = scene.listed("allowlist").await;
    assert_eq!((listed.len(), listed.into_iter().collect()), (201, projects));
    assert_eq!(scene.listed("groups_allowlist").await.into_iter().collect::<BTreeSet<_>>(), groups);
    assert_eq!(scene.gitlab.requests().len(), 5);
}

#[tokio::test]
async fn link_header_links_the_other_pages() {
    let scene = Fixture::new();
    scene.fill_projects(9);
    let path = scene.scope("/allowlist");
    let page = scene.api.get(&format!("{path}?page=2&per_page=4")).await;
    let link = |page: u8, rel: &str| {
        format!("<{}{path}?page={page}&per_page=4>; rel=\"{rel}\"", scene.gitlab.api_url())
    };
    let expected = [link(1, "prev"), link(3, "next"), link(1, "first"), link(3, "last")].join(", ");
    assert_eq!(page.header("link"), Some(expected.as_str()));
    assert_eq!(
        headers(&page, NAMES),
        [Some("2"), Some("4"), Some("3"), Some("1"), Some("10"), Some("3")]
    );
}

#[tokio::test]
async fn last_page_has_no_next_page() {
    let scene = Fixture::new();
    scene.fill_projects(9);
    let page = scene.api.get(&scene.scope("/allowlist?page=3&per_page=4")).await;
    assert_eq!(
        (count(&page), page.header("x-next-page"), page.header("x-prev-page")),
        (2, Some(""), Some("2"))
    );
    assert!(!page.header("link").unwrap().contains("rel=\"next\""));
}

#[tokio::test]
async fn page_beyond_the_end_is_empty() {
    let scene = Fixture::new();
    let page = scene.api.get(&scene.scope("/allowlist?page=7")).await;
    page.is(200, json!([]));
    assert_eq!(
        headers(&page, NAMES),
        [Some("7"), Some("20"), Some(""), Some(""), Some("1"), Some("1")]
    );
}

#[tokio::test]
async fn empty_list_has_one_page() {
    let scene = Fixture::new();
    let page = scene.api.get(&scene.scope("/groups_allowlist")).await;
    page.is(200, json!([]));
    assert_eq!((page.header("x-total"), page.header("x-total-pages")), (Some("0"), Some("1")));
}

#[tokio::test]
async fn totals_can_be_omitted() {
    let scene = Fixture::new();
    scene.fill_projects(30);
    scene.gitlab.omit_totals(true);
    let page = scene.api.get(&scene.scope("/allowlist")).await;
    assert_eq!(headers(&page, NAMES), [Some("1"), Some("20"), Some("2"), Some(""), None, None]);
    assert!(!page.header("link").unwrap().contains("rel=\"last\""));
}

#[tokio::test]
async fn invalid_page_number_is_rejected() {
    let scene = Fixture::new();
    for (query, complaint) in
        [("page=x", "page is invalid"), ("per_page=0", "per_page has a value not allowed")]
    {
        scene
            .api
            .get(&scene.scope(&format!("/allowlist?{query}")))
            .await
            .is(400, json!({ "error": complaint }));
    }
}

#[tokio::test]
async fn order_is_not_by_id() {
    let scene = Fixture::new();
    scene.fill_projects(50);
    let listed = scene.listed("allowlist").await;
    assert!(!listed.is_sorted());
    assert_eq!(listed, scene.listed("allowlist").await);
}
