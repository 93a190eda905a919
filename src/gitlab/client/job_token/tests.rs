use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use super::*;
use crate::gitlab::Kind;
use crate::gitlab::testing::{
    MockServer, Reply, empty, group_target, json, list, project, project_target, refusal, text,
};

const OWNER: u64 = 1;
const DUPLICATE: &str = "400 Bad request - Target project is already in the job token scope";
const FULL: &str = "400 Bad request - Source project exceeds the allowable number of project links";

/// Starts a server that returns these responses to writes in order, repeats the last one, and lists
/// these IDs.
async fn server(writes: Vec<Reply>, listed: &'static [u64]) -> MockServer {
    let next = AtomicUsize::new(0);
    MockServer::new(move |seen| match seen.method.as_str() {
        "GET" => list(listed, seen),
        _ => writes[next.fetch_add(1, Ordering::SeqCst).min(writes.len() - 1)].clone(),
    })
    .await
}

async fn allow(server: &MockServer) -> Result<Allowed, Error> {
    server.client().allow(project(OWNER), project_target(2)).await
}

async fn revoke(server: &MockServer) -> Result<Revoked, Error> {
    server.client().revoke(project(OWNER), project_target(2)).await
}

fn missing() -> Reply {
    refusal(404, "404 Project Not Found")
}

fn added() -> Reply {
    json(201, &json!({"source_project_id": OWNER, "target_project_id": 2}))
}

/// The name, the responses to the writes, the IDs on the list, and the expected result.
type Case<T> = (&'static str, Vec<Reply>, &'static [u64], Result<T, ErrorKind>);

const THERE: Result<Allowed, ErrorKind> = Ok(Allowed::AlreadyExists { explained_by_retry: false });
const RETRIED: Result<Allowed, ErrorKind> = Ok(Allowed::AlreadyExists { explained_by_retry: true });

#[tokio::test]
async fn allowlist_decides_whether_an_addition_succeeded() {
    let refused = |words| refusal(400, words);
    let cases: Vec<Case<Allowed>> = vec![
        ("added", vec![added()], &[1], Ok(Allowed::Added)),
        ("on the list before", vec![refused(DUPLICATE)], &[1, 2], THERE),
        ("on the list before, full", vec![refused(FULL)], &[1, 2], THERE),
        ("full", vec![refused(FULL)], &[1, 3], Err(ErrorKind::BadRequest)),
        (
            "said to be there, but is not",
            vec![refused(DUPLICATE)],
            &[1],
            Err(ErrorKind::BadRequest),
        ),
        ("lost, then there", vec![Reply::Lost, refused(DUPLICATE)], &[1, 2], RETRIED),
        ("lost, then full", vec![empty(502), refused(FULL)], &[1, 2], RETRIED),
        ("lost, then added", vec![Reply::Lost, added()], &[1, 2], Ok(Allowed::Added)),
        ("limited, then there", vec![empty(429), refused(DUPLICATE)], &[1, 2], THERE),
        ("lost for good, done", vec![Reply::Lost], &[1, 2], Ok(Allowed::Added)),
        ("lost for good, not done", vec![Reply::Lost], &[1], Err(ErrorKind::Unreachable)),
        ("failed, done", vec![empty(500)], &[1, 2], Ok(Allowed::Added)),
        ("failed, not done", vec![empty(500)], &[1], Err(ErrorKind::Server)),
        ("unreadable, done", vec![text(201, "<html>")], &[1, 2], Ok(Allowed::Added)),
        ("unreadable, not done", vec![text(201, "<html>")], &[1], Err(ErrorKind::InvalidResponse)),
        ("absent", vec![missing()], &[1], Err(ErrorKind::NotFound)),
        ("of a gateway, done", vec![text(404, "<html>")], &[1, 2], Ok(Allowed::Added)),
        (
            "of a gateway, not done",
            vec![text(404, "<html>")],
            &[1],
            Err(ErrorKind::UnexpectedStatus),
        ),
        ("forbidden", vec![refusal(403, "403 Forbidden")], &[1, 2], Err(ErrorKind::Forbidden)),
    ];
    for (case, writes, listed, expected) in cases {
        let outcome = allow(&server(writes, listed).await).await;
        assert_eq!(outcome.map_err(|error| error.kind().clone()), expected, "{case}");
    }
}

#[tokio::test]
async fn allowlist_decides_whether_a_removal_succeeded() {
    use Revoked::{DidNotExist, Removed};
    let cases: Vec<Case<Revoked>> = vec![
        ("removed", vec![empty(204)], &[1], Ok(Removed)),
        ("absent", vec![missing()], &[1], Ok(DidNotExist)),
        ("not on the list", vec![refusal(400, "not in it")], &[1, 3], Ok(DidNotExist)),
        ("not visible, still there", vec![missing()], &[1, 2], Err(ErrorKind::StillAllowed)),
        ("refused, still there", vec![empty(400)], &[1, 2], Err(ErrorKind::StillAllowed)),
        ("lost, then not there", vec![Reply::Lost, empty(400)], &[1], Ok(Removed)),
        ("lost for good, done", vec![Reply::Lost], &[1], Ok(Removed)),
        ("lost for good, not done", vec![Reply::Lost], &[1, 2], Err(ErrorKind::Unreachable)),
        (
            "a page in place of a response",
            vec![text(200, "<html>")],
            &[1, 2],
            Err(ErrorKind::InvalidResponse),
        ),
        ("forbidden", vec![refusal(403, "403 Forbidden")], &[1], Err(ErrorKind::Forbidden)),
        ("of a gateway, done", vec![text(404, "<html>")], &[1], Ok(Removed)),
        (
            "of a gateway, not done",
            vec![text(404, "<html>")],
            &[1, 2],
            Err(ErrorKind::UnexpectedStatus),
        ),
    ];
    for (case, writes, listed, expected) in cases {
        let outcome = revoke(&server(writes, listed).await).await;
        assert_eq!(outcome.map_err(|error| error.kind().clone()), expected, "{case}");
    }
}

#[tokio::test]
async fn setting_decides_whether_its_change_succeeded() {
    let cases = [
        ("done", vec![empty(204)], false, Ok(())),
        ("lost for good, done", vec![Reply::Lost], false, Ok(())),
        ("lost for good, not done", vec![Reply::Lost], true, Err(ErrorKind::Unreachable)),
        ("failed, done", vec![empty(500)], false, Ok(())),
        ("failed, not done", vec![empty(500)], true, Err(ErrorKind::Server)),
        ("a page in place of a response, done", vec![text(200, "<html>")], false, Ok(())),
        (
            "lost, then refused",
            vec![Reply::Lost, refusal(403, "403 Forbidden")],
            true,
            Err(ErrorKind::Forbidden),
        ),
        ("refused", vec![empty(400)], false, Err(ErrorKind::BadRequest)),
    ];
    for (case, writes, now, expected) in cases {
        let next = AtomicUsize::new(0);
        let server = MockServer::new(move |seen| match seen.method.as_str() {
            "GET" => json(200, &json!({"inbound_enabled": now, "outbound_enabled": false})),
            _ => writes[next.fetch_add(1, Ordering::SeqCst).min(writes.len() - 1)].clone(),
        })
        .await;
        let outcome = server.client().set_inbound_enabled(project(OWNER), false).await;
        assert_eq!(outcome.map_err(|error| error.kind().clone()), expected, "{case}");
    }
}

#[tokio::test]
async fn success_takes_one_request() {
    let server = server(vec![added(), empty(204)], &[]).await;
    allow(&server).await.unwrap();
    revoke(&server).await.unwrap();
    assert_eq!(
        server.lines(),
        [
            "POST /projects/1/job_token_scope/allowlist",
            "DELETE /projects/1/job_token_scope/allowlist/2"
        ]
    );
}

#[tokio::test]
async fn removal_is_not_found_only_when_the_project_is_gone() {
    let gone = MockServer::replying(vec![refusal(404, "404 Project Not Found")]).await;
    assert_eq!(*revoke(&gone).await.unwrap_err().kind(), ErrorKind::NotFound);
    let lost = |seen: &crate::gitlab::testing::ReceivedRequest| {
        if seen.method == "GET" { refusal(404, "404 Not Found") } else { empty(502) }
    };
    assert_eq!(
        *revoke(&MockServer::new(lost).await).await.unwrap_err().kind(),
        ErrorKind::NotFound
    );
    let blind = MockServer::new(|seen| {
        if seen.method == "GET" {
            refusal(403, "403 Forbidden")
        } else {
            refusal(404, "404 Not Found")
        }
    })
    .await;
    assert_eq!(*revoke(&blind).await.unwrap_err().kind(), ErrorKind::Forbidden);
}

#[tokio::test]
async fn failed_removal_reports_gitlabs_message() {
    let server = server(vec![refusal(404, "404 Project Not Found")], &[1, 2]).await;
    let error = revoke(&server).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "DELETE /projects/1/job_token_scope/allowlist/2: the entry is still on the allowlist \
         (404): Project Not Found"
    );
}

#[tokio::test]
async fn deciding_list_is_read_after_the_response() {
    let server = server(vec![refusal(400, DUPLICATE)], &[1, 2]).await;
    let client = server.client();
    client.allowlist(project(OWNER), Kind::Project, Freshness::Shared).await.unwrap();
    client.allow(project(OWNER), project_target(2)).await.unwrap();
    assert_eq!(server.seen().iter().filter(|seen| seen.method == "GET").count(), 2);
}

#[tokio::test]
async fn write_for_the_project_itself_is_a_bad_request() {
    let server = server(vec![refusal(400, "the same project")], &[1]).await;
    let source_project = project_target(OWNER);
    assert!(
        server.client().allow(project(OWNER), source_project).await.unwrap_err().is_bad_request()
    );
    assert!(
        server.client().revoke(project(OWNER), source_project).await.unwrap_err().is_bad_request()
    );
}

#[tokio::test]
async fn response_for_another_target_is_a_failure() {
    let other = json(201, &json!({"source_project_id": OWNER, "target_project_id": 99}));
    let error = allow(&server(vec![other], &[1]).await).await.unwrap_err();
    assert_eq!(error.message(), Some("GitLab added something other than project 2"));
    let older = json(201, &json!({"project_id": OWNER, "target_project_id": 2}));
    assert_eq!(allow(&server(vec![older], &[1]).await).await.unwrap(), Allowed::Added);
}

#[tokio::test]
async fn groups_have_a_separate_list() {
    let server = server(vec![missing()], &[2]).await;
    let outcome = server.client().revoke(project(OWNER), group_target(2)).await;
    assert_eq!(*outcome.unwrap_err().kind(), ErrorKind::StillAllowed);
    let list = "/projects/1/job_token_scope/groups_allowlist";
    assert_eq!(server.lines(), [format!("DELETE {list}/2"), format!("GET {list}")]);
}
