use serde_json::{Value, json};

use super::*;
use crate::gitlab::testing::{
    MockServer, ReceivedRequest, Reply, json, list, page, project, refusal,
};
use crate::gitlab::{Freshness, Kind};

fn elements(ids: impl IntoIterator<Item = u64>) -> Vec<Value> {
    ids.into_iter().map(|id| json!({ "id": id })).collect()
}

async fn read(server: &MockServer) -> Result<usize, Error> {
    server
        .client()
        .allowlist(project(1), Kind::Group, Freshness::Now)
        .await
        .map(|list| list.iter().count())
}

fn pages(server: &MockServer) -> Vec<u64> {
    let mut pages: Vec<u64> = server.seen().iter().map(ReceivedRequest::page).collect();
    pages.sort_unstable();
    pages
}

#[tokio::test]
async fn list_of_201_has_three_pages() {
    let ids: Vec<u64> = (1..=201).collect();
    let server = MockServer::new(move |seen| list(&ids, seen)).await;
    assert_eq!(read(&server).await.unwrap(), 201);
    assert_eq!(pages(&server), [1, 2, 3]);
    assert!(server.seen().iter().all(|seen| seen.query.contains("per_page=100")));
}

#[tokio::test]
async fn later_pages_are_fetched_at_the_same_time() {
    let ids: Vec<u64> = (1..=201).collect();
    let server =
        MockServer::slow(std::time::Duration::from_millis(50), move |seen| list(&ids, seen)).await;
    assert_eq!(read(&server).await.unwrap(), 201);
    assert_eq!(server.most_in_flight(), 2);
}

#[tokio::test]
async fn without_totals_the_next_page_is_followed() {
    let server = MockServer::new(|seen| {
        let next = if seen.page() < 3 { (seen.page() + 1).to_string() } else { String::new() };
        json(200, &Value::from(elements([seen.page()]))).with("x-next-page", next)
    })
    .await;
    assert_eq!(read(&server).await.unwrap(), 3);
}

#[tokio::test]
async fn link_is_used_if_page_headers_are_missing() {
    let server = MockServer::new(|seen| {
        let reply = json(200, &Value::from(elements([seen.page()])));
        match seen.page() {
            1 => reply.with(
                "link",
                "<https://x/y?page=1>; rel=\"first\", <https://x/y?per_page=100&page=2>; \
                 rel=\"next\"",
            ),
            _ => reply.with("link", "<https://x/y?page=1>; rel=\"first\""),
        }
    })
    .await;
    assert_eq!(read(&server).await.unwrap(), 2);
}

#[tokio::test]
async fn without_headers_a_full_page_has_a_next_one() {
    let server = MockServer::new(|seen| {
        let ids = if seen.page() == 1 { 1..=100 } else { 101..=150 };
        json(200, &Value::from(elements(ids)))
    })
    .await;
    assert_eq!(read(&server).await.unwrap(), 150);
}

#[tokio::test]
async fn pages_that_repeat_are_an_error() {
    for server in [
        MockServer::new(|_| json(200, &Value::from(elements(1..=100)))).await,
        MockServer::new(|seen| {
            json(200, &Value::from(elements(1..=5))).with("x-next-page", seen.page() + 1)
        })
        .await,
    ] {
        let error = read(&server).await.unwrap_err();
        assert_eq!(error.message(), Some("one page repeats another"));
        assert_eq!((error.kind(), server.count()), (&ErrorKind::InvalidResponse, 2));
    }
}

#[tokio::test]
async fn pages_that_never_end_are_an_error() {
    let server = MockServer::new(|seen| {
        json(200, &Value::from(elements([seen.page()])))
            .with("x-next-page", seen.page() + 1)
            .with("x-total-pages", u64::MAX)
    })
    .await;
    let error = read(&server).await.unwrap_err();
    assert_eq!(error.message(), Some("the list is longer than GitLab's limit"));
    assert_eq!(server.count(), MAX_ELEMENTS + 1);
}

#[tokio::test]
async fn list_that_changed_during_the_read_is_read_again() {
    let readings = std::sync::atomic::AtomicU64::new(0);
    let server = MockServer::new(move |seen| {
        use std::sync::atomic::Ordering::SeqCst;
        let reading = if seen.page() == 1 {
            readings.fetch_add(1, SeqCst)
        } else {
            readings.load(SeqCst) - 1
        };
        // During the first read, element 101 moves to the page that was already read.
        let second = if reading == 0 { 102..=150 } else { 101..=150 };
        let ids: Vec<Value> = if seen.page() == 1 { elements(1..=100) } else { elements(second) };
        page(&ids, seen.page(), 2, 150)
    })
    .await;
    assert_eq!(read(&server).await.unwrap(), 150);
    assert_eq!(server.count(), 4);
}

#[tokio::test]
async fn changed_total_reveals_an_element_that_moved() {
    let removed = std::sync::atomic::AtomicBool::new(false);
    let server = MockServer::new(move |seen| {
        use std::sync::atomic::Ordering::SeqCst;
        // Element 1 is removed after the first page was read, so element 101 moves to that page.
        // The number of elements still equals the total.
        let first = if removed.load(SeqCst) { 2 } else { 1 };
        removed.fetch_or(seen.page() == 1, SeqCst);
        let ids: Vec<u64> = (first..=150).collect();
        list(&ids, seen)
    })
    .await;
    let list = server.client().allowlist(project(1), Kind::Group, Freshness::Now).await.unwrap();
    assert_eq!(
        list.iter().map(|group| group.target.id()).collect::<Vec<_>>(),
        (2..=150).collect::<Vec<_>>()
    );
    assert_eq!(pages(&server), [1, 1, 2, 2]);
}

#[tokio::test]
async fn wrong_total_does_not_loop_forever() {
    let server = MockServer::new(|seen| page(&elements([seen.page()]), seen.page(), 2, 1000)).await;
    let error = read(&server).await.unwrap_err();
    assert_eq!((error.kind(), server.count()), (&ErrorKind::Incomplete, 6));
}

#[tokio::test]
async fn single_page_below_the_total_is_incomplete() {
    let server = MockServer::new(|_| page(&elements([5]), 1, 1, 2)).await;
    let error = read(&server).await.unwrap_err();
    assert_eq!((error.kind(), server.count()), (&ErrorKind::Incomplete, 3));
}

#[tokio::test]
async fn element_on_two_pages_is_counted_once() {
    let server = MockServer::new(|seen| {
        let ids = if seen.page() == 1 { elements(1..=100) } else { elements(100..=101) };
        page(&ids, seen.page(), 2, 101)
    })
    .await;
    assert_eq!(read(&server).await.unwrap(), 101);
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn failed_page_fails_the_list() {
    let server = MockServer::new(|seen| match seen.page() {
        2 => refusal(403, "403 Forbidden"),
        number => page(&elements([number]), number, 3, 3),
    })
    .await;
    assert_eq!(*read(&server).await.unwrap_err().kind(), ErrorKind::Forbidden);
    let server = MockServer::replying(vec![Reply::CutOff]).await;
    assert_eq!(*read(&server).await.unwrap_err().kind(), ErrorKind::Unreachable);
}

#[test]
fn next_page_is_computed_from_headers() {
    let next = |current, pairs: &[(&'static str, &str)], count| {
        let headers = pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        next_page(current, &headers, count)
    };
    assert_eq!(next(1, &[("x-next-page", "2")], 100), Ok(Some(2)));
    assert_eq!(next(2, &[("x-next-page", "")], 100), Ok(None));
    assert_eq!(next(1, &[], 99), Ok(None));
    assert_eq!(next(1, &[], 100), Ok(Some(2)));
    assert_eq!(next(1, &[("link", "<https://h/?page=2>; rel=next")], 1), Ok(Some(2)));
    for odd in ["1", "0", "-1", "3", "two", "99999999999999999999999"] {
        assert!(next(1, &[("x-next-page", odd)], 100).is_err(), "{odd}");
    }
    for odd in ["<https://h/?cursor=x>; rel=\"next\"", "<nonsense>; rel=\"next\"", "rel=\"next\""] {
        assert!(next(1, &[("link", odd)], 100).is_err(), "{odd}");
    }
}

/// Reads these pages of project 1's allowlist. Returns the numbers of entries and of requests.
async fn read_own(pages: Vec<Vec<u64>>, total: usize) -> Option<(usize, usize)> {
    let server = MockServer::new(move |seen| {
        let number = usize::try_from(seen.page()).unwrap();
        page(&elements(pages[number - 1].clone()), seen.page(), pages.len() as u64, total)
    })
    .await;
    let list = server.client().allowlist(project(1), Kind::Project, Freshness::Now).await.ok()?;
    assert!(list.has_own_entry());
    Some((list.iter().count(), server.count()))
}

#[tokio::test]
async fn project_itself_may_be_counted_twice() {
    let first = || std::iter::once(1).chain(2..=100).collect::<Vec<u64>>();
    let on_one_page = vec![first()[1..].to_vec(), vec![101, 1, 1]];
    assert_eq!(read_own(on_one_page, 102).await, Some((100, 2)));
    let on_two_pages = vec![first(), vec![101, 1]];
    assert_eq!(
        read_own(on_two_pages, 102).await,
        Some((100, 4)),
        "a second reading confirms the first"
    );
    let moved = vec![first(), vec![100, 1]];
    assert_eq!(read_own(moved, 104).await, None, "more is missing than that explains");
}
