//! Tests of writes whose responses are lost, incomplete or wrong.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::gitlab::testing::{client, text};
use crate::gitlab::{Allowed, Confirmation};

const DUPLICATE: &str = "Target project is already in the job token scope";
const THERE: Allowed = Allowed::AlreadyExists { explained_by_retry: false };
const RETRIED: Allowed = Allowed::AlreadyExists { explained_by_retry: true };

/// The responses of a server: to mutations in order, of which the last is repeated; to the query;
/// and to a removal.
struct Script {
    writes: Vec<Reply>,
    listed: Vec<Value>,
    /// The response to the query, if it differs from the listed entries.
    hidden: Option<Reply>,
    removal: Reply,
}

impl Script {
    fn new(writes: Vec<Reply>, listed: Vec<Value>) -> Self {
        Self { writes, listed, hidden: None, removal: empty(204) }
    }

    async fn start(self) -> MockServer {
        let next = AtomicUsize::new(0);
        let ids: Vec<u64> = self.listed.iter().map(|_| 2).chain([1]).collect();
        MockServer::new(move |seen| match (seen.method.as_str(), seen.path.as_str()) {
            (_, "/api/graphql") if seen.body["operationName"] == "JobTokenPermissions" => {
                self.hidden.clone().unwrap_or_else(|| of_project(&lists(&self.listed, &[])))
            }
            (_, "/api/graphql") => {
                self.writes[next.fetch_add(1, Ordering::SeqCst).min(self.writes.len() - 1)].clone()
            }
            ("DELETE", _) => self.removal.clone(),
            (_, path) if path.ends_with("/allowlist") => list(&ids, seen),
            _ => found(seen),
        })
        .await
    }
}

fn wrote(entry: &Value) -> Reply {
    json(200, &json!({"data": {"written": {"ciJobTokenScopeAllowlistEntry": entry, "errors": []}}}))
}

fn refused(words: &str) -> Reply {
    json(
        200,
        &json!({"data": {"written": {"ciJobTokenScopeAllowlistEntry": null, "errors": [words]}}}),
    )
}

fn without_data(message: &str) -> Reply {
    json(
        200,
        &json!({"data": {"written": null}, "errors": [{"message": message, "path": ["written"]}]}),
    )
}

fn unavailable() -> Reply {
    without_data(
        "The resource that you are attempting to access does not exist or you don't have \
         permission to perform this action",
    )
}

fn jobs() -> Value {
    entry("Project/2", Some(&["READ_JOBS"]))
}

fn wide() -> Value {
    entry("Project/2", None)
}

/// The result of a write: the success, or the kind of error with the permissions that are left.
type Outcome<T> = Result<T, (ErrorKind, Option<Permissions>)>;

/// The name, the responses to the writes, the entries on the list, and the expected result.
type Case<T> = (&'static str, Vec<Reply>, Vec<Value>, Outcome<T>);

fn outcome<T>(result: Result<T, GrantError>) -> Outcome<T> {
    result.map_err(|failed| (failed.error.kind().clone(), failed.left))
}

async fn allow(server: &MockServer) -> Outcome<Allowed> {
    let mut config = server.config();
    config.retries = 1;
    let granted =
        client(&config).allow_with(project(1), project_target(2), &only(&["READ_JOBS"])).await;
    outcome(granted.map(|granted| granted.allowed))
}

async fn set(server: &MockServer) -> Outcome<()> {
    let mut config = server.config();
    config.retries = 1;
    let written =
        client(&config).set_permissions(project(1), project_target(2), &only(&["READ_JOBS"])).await;
    outcome(written.map(|confirmation| assert_eq!(confirmation, Confirmation::Shown)))
}

#[tokio::test]
async fn entry_is_added_with_its_permissions_in_one_call() {
    let server = Script::new(vec![wrote(&jobs())], vec![]).start().await;
    let client = server.client();
    let wanted = only(&["READ_JOBS"]);
    let granted = client.allow_with(project(1), project_target(2), &wanted).await.unwrap();
    assert_eq!((granted.allowed, granted.confirmation), (Allowed::Added, Confirmation::Shown));
    assert_eq!(server.lines(), ["GET /projects/1", "GET /projects/2", "POST /api/graphql"]);
    let variables = &server.seen()[2].body["variables"];
    let expected = json!({"project": "project/1", "target": "project/2", "default": false, "policies": ["READ_JOBS"]});
    assert_eq!(*variables, expected);
}

#[tokio::test]
async fn response_to_a_write_updates_the_cache() {
    let server = Script::new(vec![wrote(&jobs()), wrote(&wide())], vec![]).start().await;
    let client = server.client();
    client.permissions(project(1), Freshness::Shared).await.unwrap();
    client.allow_with(project(1), project_target(2), &only(&["READ_JOBS"])).await.unwrap();
    assert_eq!(
        client.permissions_of(project(1), project_target(2)).await.unwrap(),
        Some(only(&["READ_JOBS"]))
    );
    client.set_permissions(project(1), project_target(2), &Permissions::Default).await.unwrap();
    assert_eq!(
        client.permissions_of(project(1), project_target(2)).await.unwrap(),
        Some(Permissions::Default)
    );
    assert_eq!(queries(&server), 3, "one read and two writes");
}

#[tokio::test]
async fn allowlist_decides_whether_an_addition_succeeded() {
    let cases: Vec<Case<Allowed>> = vec![
        ("there with these", vec![refused(DUPLICATE)], vec![jobs()], Ok(THERE)),
        (
            "there with more, narrowed",
            vec![refused(DUPLICATE), wrote(&jobs())],
            vec![wide()],
            Ok(THERE),
        ),
        (
            "there with more, not narrowed",
            vec![refused(DUPLICATE), refused("no")],
            vec![wide()],
            Err((ErrorKind::BadRequest, None)),
        ),
        ("refused and not there", vec![refused("no")], vec![], Err((ErrorKind::BadRequest, None))),
        (
            "said to be there, but is not",
            vec![refused(DUPLICATE)],
            vec![],
            Err((ErrorKind::BadRequest, None)),
        ),
        ("lost, then there", vec![Reply::Lost, refused(DUPLICATE)], vec![jobs()], Ok(RETRIED)),
        ("lost, then added", vec![Reply::Lost, wrote(&jobs())], vec![], Ok(Allowed::Added)),
        ("lost for good, done", vec![Reply::Lost], vec![jobs()], Ok(Allowed::Added)),
        ("lost for good, not done", vec![Reply::Lost], vec![], Err((ErrorKind::Unreachable, None))),
        ("failed, done", vec![empty(500)], vec![jobs()], Ok(Allowed::Added)),
        ("unreadable, done", vec![text(200, "<html>")], vec![jobs()], Ok(Allowed::Added)),
        (
            "lost, there with more, not to be narrowed: it may be ours",
            vec![Reply::Lost, refused(DUPLICATE), unavailable()],
            vec![wide()],
            Err((ErrorKind::NotAvailable, Some(Permissions::Default))),
        ),
        ("not allowed", vec![unavailable()], vec![jobs()], Err((ErrorKind::NotAvailable, None))),
        (
            "failed, done",
            vec![without_data("Internal server error")],
            vec![jobs()],
            Ok(Allowed::Added),
        ),
        (
            "failed, not done",
            vec![without_data("Timeout on x")],
            vec![],
            Err((ErrorKind::Server, None)),
        ),
        (
            "forbidden",
            vec![refusal(403, "403 Forbidden")],
            vec![jobs()],
            Err((ErrorKind::Forbidden, None)),
        ),
    ];
    for (case, writes, listed, expected) in cases {
        let server = Script::new(writes, listed).start().await;
        assert_eq!(allow(&server).await, expected, "{case}");
        assert!(!server.lines().iter().any(|line| line.starts_with("DELETE")), "{case}");
    }
}

#[tokio::test]
async fn unintended_addition_is_reverted() {
    let other_entry = entry("Project/9", Some(&["READ_JOBS"]));
    let mut other_list = jobs();
    other_list["sourceProject"]["id"] = json!("gid://gitlab/Project/8");
    let elsewhere = |source, target| ErrorKind::WrongEntry {
        project: project(source),
        target: project_target(target),
    };
    let cases = [
        (switched_off("Project/2"), ErrorKind::PermissionsDisabled, "allowlist/2", 1),
        (
            entry("Project/2", Some(&["READ_JOBS", "ADMIN_JOBS"])),
            ErrorKind::InvalidResponse,
            "allowlist/2",
            1,
        ),
        (other_entry, elsewhere(1, 9), "allowlist/9", 1),
        (other_list, elsewhere(8, 2), "allowlist/2", 8),
    ];
    for (responded, kind, entry, source_project) in cases {
        let server = Script::new(vec![wrote(&responded)], vec![]).start().await;
        assert_eq!(allow(&server).await, Err((kind, None)), "{responded}");
        let last = server.lines().pop().unwrap();
        assert_eq!(last, format!("DELETE /projects/{source_project}/job_token_scope/{entry}"));
    }
}

#[tokio::test]
async fn failed_reversal_of_an_addition_is_reported() {
    let script = Script::new(vec![wrote(&switched_off("Project/2"))], vec![wide()]);
    let server = Script { removal: refusal(404, "404 Project Not Found"), ..script }.start().await;
    let result =
        server.client().allow_with(project(1), project_target(2), &only(&["READ_JOBS"])).await;
    let GrantError { error, left, rollback } = result.unwrap_err();
    assert_eq!((error.kind(), left), (&ErrorKind::PermissionsDisabled, Some(Permissions::Default)));
    let undone = rollback.unwrap().unwrap_err();
    assert_eq!((undone.project, undone.target), (project(1), project_target(2)));
    assert_eq!(*undone.error.kind(), ErrorKind::StillAllowed);
}

#[tokio::test]
async fn hidden_target_cannot_be_added_by_path() {
    let server = MockServer::new(|seen| match seen.path.as_str() {
        "/projects/2" => refusal(404, "404 Project Not Found"),
        _ => found(seen),
    })
    .await;
    assert_eq!(allow(&server).await, Err((ErrorKind::TargetNotVisible, None)));
    assert_eq!(queries(&server), 0);
}

#[tokio::test]
async fn fresh_list_decides_whether_a_change_succeeded() {
    let other_entry = entry("Project/9", Some(&["READ_JOBS"]));
    let elsewhere = ErrorKind::WrongEntry { project: project(1), target: project_target(9) };
    let cases: Vec<Case<()>> = vec![
        ("changed", vec![wrote(&jobs())], vec![wide()], Ok(())),
        ("refused", vec![refused("no")], vec![wide()], Err((ErrorKind::BadRequest, None))),
        ("not allowed", vec![unavailable()], vec![wide()], Err((ErrorKind::NotAvailable, None))),
        ("refused, but so already", vec![refused("no")], vec![jobs()], Ok(())),
        ("lost for good, done", vec![Reply::Lost], vec![jobs()], Ok(())),
        (
            "lost for good, not done",
            vec![Reply::Lost],
            vec![wide()],
            Err((ErrorKind::Unreachable, Some(Permissions::Default))),
        ),
        ("refused, no entry", vec![refused("no")], vec![], Err((ErrorKind::BadRequest, None))),
        (
            "refused, switched off",
            vec![refused("Failed to update job token scope")],
            vec![switched_off("Project/2")],
            Err((ErrorKind::PermissionsDisabled, None)),
        ),
        (
            "taken, but switched off",
            vec![wrote(&switched_off("Project/2"))],
            vec![switched_off("Project/2")],
            Err((ErrorKind::PermissionsDisabled, Some(Permissions::Default))),
        ),
        ("another entry", vec![wrote(&other_entry)], vec![wide()], Err((elsewhere, None))),
    ];
    for (case, writes, listed, expected) in cases {
        let server = Script::new(writes, listed).start().await;
        assert_eq!(set(&server).await, expected, "{case}");
    }
}

#[tokio::test]
async fn path_of_a_hidden_target_comes_from_the_allowlist() {
    let server = Script::new(vec![wrote(&jobs())], vec![wide()]).start().await;
    assert_eq!(set(&server).await, Ok(()));
    assert_eq!(server.lines(), ["GET /projects/1", "POST /api/graphql", "POST /api/graphql"]);
    assert_eq!(server.seen()[2].body["variables"]["target"], "project/2");
}

/// Returns GitLab's response to a fine-grained token, which can't read any type of an allowlist.
fn unreadable(written: &Value) -> Reply {
    let message =
        "Access denied: This operation doesn't support fine-grained personal access tokens.";
    let path = ["written", "ciJobTokenScopeAllowlistEntry"];
    json(
        200,
        &json!({ "data": {"written": written}, "errors": [{"message": message, "path": path}] }),
    )
}

fn unreadable_list() -> Reply {
    let message =
        "Access denied: This operation doesn't support fine-grained personal access tokens.";
    json(
        200,
        &json!({ "data": {"project": null}, "errors": [{"message": message, "path": ["project"]}] }),
    )
}

#[tokio::test]
async fn rest_decides_if_permissions_are_hidden() {
    let carried_out = json!({ "ciJobTokenScopeAllowlistEntry": null, "errors": [] });
    let nulls = || json(200, &json!({ "data": {"written": carried_out} }));
    let null_list =
        || of_project(&json!({ "id": "gid://gitlab/Project/1", "ciJobTokenScopeAllowlist": null }));
    let empty_list = || of_project(&lists(&[], &[]));
    let hidden = || Ok((Allowed::Added, Confirmation::Hidden));
    for (case, written, list, is_there, expected) in [
        ("nulls", nulls(), null_list(), true, hidden()),
        ("empty list", nulls(), empty_list(), true, hidden()),
        ("errors beside", unreadable(&carried_out), unreadable_list(), true, hidden()),
        ("errors in place", unreadable(&Value::Null), unreadable_list(), true, hidden()),
        ("nulls, not there", nulls(), null_list(), false, Err(ErrorKind::InvalidResponse)),
    ] {
        let listed = if is_there { vec![jobs()] } else { vec![] };
        let script = Script { hidden: Some(list), ..Script::new(vec![written], listed) };
        let server = script.start().await;
        let granted =
            server.client().allow_with(project(1), project_target(2), &only(&["READ_JOBS"])).await;
        let granted = granted.map(|granted| (granted.allowed, granted.confirmation));
        assert_eq!(granted.map_err(|failed| failed.error.kind().clone()), expected, "{case}");
    }
}

#[tokio::test]
async fn fine_grained_token_without_permission_adds_nothing() {
    let message = "Access denied: This operation requires a fine-grained personal access token \
                   with the following project permissions: [Job Token Scope Allowlist: Create].";
    let refusal = json(
        200,
        &json!({ "data": {"written": null}, "errors": [{"message": message, "path": ["written"]}] }),
    );
    let server = Script::new(vec![refusal], vec![]).start().await;
    let needed = Some("Job Token Scope Allowlist: Create".to_owned());
    assert_eq!(allow(&server).await, Err((ErrorKind::FineGrained { needed }, None)));
    assert_eq!(queries(&server), 1, "no result is unknown");
}

#[tokio::test]
async fn update_adds_an_entry_for_the_project_itself() {
    let own = entry("Project/1", Some(&["READ_JOBS"]));
    let server = Script::new(vec![wrote(&own)], vec![]).start().await;
    let client = server.client();
    let written =
        client.set_permissions(project(1), project_target(1), &only(&["READ_JOBS"])).await;
    assert_eq!(written.unwrap(), Confirmation::Shown);
    let seen = server.seen().pop().unwrap();
    assert_eq!(seen.body["operationName"], "ChangePermissions");
    assert_eq!(seen.body["variables"]["target"], seen.body["variables"]["project"]);
    let list = client.allowlist(project(1), Kind::Project, Freshness::Shared).await.unwrap();
    assert_eq!(list.iter().count(), 0, "the list of others stays without it");
}
