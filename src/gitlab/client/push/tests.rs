use serde_json::{Value, json};

use crate::gitlab::ErrorKind;
use crate::gitlab::testing::{MockServer, Reply, empty, json, project};

fn settings(allowed: &Value) -> Reply {
    json(200, &json!({ "id": 1, "name": "x", "ci_push_repository_for_job_token_allowed": allowed }))
}

/// Starts a server that returns these responses to the change and to each read.
async fn server(change: Reply, read: Reply) -> MockServer {
    MockServer::new(move |seen| if seen.method == "PUT" { change.clone() } else { read.clone() })
        .await
}

#[tokio::test]
async fn setting_is_read_from_the_project_and_may_be_missing() {
    for (response, expected) in
        [(json!(true), Some(true)), (json!(false), Some(false)), (Value::Null, None)]
    {
        let server = server(empty(500), settings(&response)).await;
        assert_eq!(server.client().push_allowed(project(1)).await.unwrap(), expected);
    }
    let server = server(empty(500), json(200, &json!({ "id": 1 }))).await;
    assert_eq!(server.client().push_allowed(project(1)).await.unwrap(), None);
}

#[tokio::test]
async fn change_is_confirmed_by_its_response() {
    let server = server(settings(&json!(true)), empty(500)).await;
    assert_eq!(server.client().set_push_allowed(project(1), true).await.unwrap(), Some(true));
    assert_eq!(server.lines(), ["PUT /projects/1"]);
}

#[tokio::test]
async fn setting_decides_whether_a_lost_change_succeeded() {
    for (now, expected) in [(true, Ok(Some(true))), (false, Err(ErrorKind::Unreachable))] {
        let server = server(Reply::Lost, settings(&json!(now))).await;
        let outcome = server.client().set_push_allowed(project(1), true).await;
        assert_eq!(outcome.map_err(|error| error.kind().clone()), expected);
    }
}
