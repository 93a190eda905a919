use serde_json::json;

use super::*;
use crate::gitlab::testing::{
    HEADER, MockServer, Reply, TOKEN, client, empty, json, refusal, shown, text,
};

const DOCUMENT: Document =
    Document { name: "Test", text: "query Test($of: [Kind!]!) { it(of: $of) }", optional: &[] };

#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Data {
    it: Option<u32>,
}

fn variables() -> Value {
    json!({ "of": ["READ_JOBS", "READ_TEA", "READ_MINDS"] })
}

async fn read(server: &MockServer) -> Result<Option<u32>, Error> {
    let mut config = server.config();
    config.retries = 1;
    let call = Call::<Envelope<Data>>::query(DOCUMENT, variables());
    client(&config).sender.execute(&call).await.map(|response| response.value.it)
}

async fn reported(reply: Reply) -> (ErrorKind, String) {
    let error = read(&MockServer::replying(vec![reply]).await).await.unwrap_err();
    (error.kind().clone(), shown(&error).replace("POST /api/graphql (Test): ", ""))
}

#[tokio::test]
async fn document_is_posted_with_its_variables() {
    let server = MockServer::replying(vec![json(200, &json!({"data": {"it": 7}}))]).await;
    assert_eq!(read(&server).await.unwrap(), Some(7));
    let seen = server.seen().remove(0);
    assert_eq!(seen.line(), "POST /api/graphql");
    let expected =
        json!({ "query": DOCUMENT.text, "operationName": "Test", "variables": variables() });
    assert_eq!(seen.body, expected);
    assert!(seen.headers.contains(TOKEN) && seen.headers.contains(HEADER));
}

#[tokio::test]
async fn errors_with_status_200_are_distinguished_by_structure() {
    let unknown_field = json!({"errors": [{
        "message": "Field 'it' doesn't exist on type 'Query'", "path": ["query Test", "it"],
        "extensions": {"code": "undefinedField", "typeName": "Query", "fieldName": "it"},
    }]});
    let (kind, line) = reported(json(200, &unknown_field)).await;
    assert_eq!(kind, ErrorKind::Unsupported);
    assert_eq!(
        line,
        "not supported by this version of GitLab: Field 'it' doesn't exist on type 'Query'"
    );

    let unavailable =
        json!({"data": {"it": null}, "errors": [{"message": "It does not exist", "path": ["it"]}]});
    let (kind, line) = reported(json(200, &unavailable)).await;
    assert_eq!(kind, ErrorKind::NotAvailable);
    assert_eq!(
        line,
        "not found, or the token isn't allowed to read or change it: It does not exist"
    );

    let complex = json!({"errors": [{"message": "Query has complexity of 300, which exceeds max \
        complexity of 250"}]});
    assert_eq!(reported(json(200, &complex)).await.0, ErrorKind::BadRequest);
}

#[tokio::test]
async fn unknown_values_are_named_as_sent() {
    let explanation =
        format!("Expected \"READ_TEA\" to be one of: {}", vec!["READ_SECURE_FILES"; 25].join(", "));
    let problem = |place: u64| json!({ "path": [place], "explanation": explanation });
    let reply = json!({"errors": [{
        "message": "Variable $of of type [Kind!]! was provided invalid value for 1",
        "extensions": {"value": ["x", "y", "z"], "problems": [problem(1), problem(2), problem(9)]},
    }]});
    let (kind, line) = reported(json(200, &reply)).await;
    assert_eq!(kind, ErrorKind::UnknownValues(vec!["READ_TEA".into(), "READ_MINDS".into()]));
    let start = format!("GitLab doesn't recognize READ_TEA, READ_MINDS: {explanation}; Expected");
    assert!(line.starts_with(&start), "{line}");
}

#[tokio::test]
async fn response_without_data_and_errors_is_a_failure() {
    for body in [json!({}), json!({"data": null}), json!({"errors": []})] {
        assert_eq!(reported(json(200, &body)).await.0, ErrorKind::InvalidResponse, "{body}");
    }
    assert_eq!(reported(json(200, &json!([]))).await.0, ErrorKind::InvalidResponse);
    assert_eq!(reported(text(200, "<title>Sign in</title>")).await.0, ErrorKind::InvalidResponse);
}

#[tokio::test]
async fn statuses_of_the_graphql_api_are_distinguished() {
    let no_route = json(404, &json!({ "error": "404 Not Found" }));
    assert_eq!(reported(no_route).await.0, ErrorKind::Unsupported);
    assert_eq!(reported(refusal(404, "404 Not Found")).await.0, ErrorKind::UnexpectedStatus);
    assert_eq!(reported(text(404, "<title>Not here</title>")).await.0, ErrorKind::UnexpectedStatus);
    assert!(matches!(
        reported(refusal(401, "401 Unauthorized")).await.0,
        ErrorKind::Unauthorized(_)
    ));
    assert_eq!(reported(refusal(403, "403 Forbidden")).await.0, ErrorKind::Forbidden);
}

#[tokio::test]
async fn secret_in_an_error_is_redacted() {
    let reply = json!({"errors": [{"message": format!("who is {TOKEN} and {HEADER}?")}]});
    let (_, line) = reported(json(200, &reply)).await;
    assert_eq!(line, "GitLab rejected the request: who is [redacted] and [redacted]?");
}

#[tokio::test]
async fn equal_messages_are_reported_once() {
    let errors: Vec<_> =
        ["no", "no", "not that", "no"].map(|message| json!({ "message": message })).to_vec();
    let (_, line) = reported(json(200, &json!({ "errors": errors }))).await;
    assert_eq!(line, "GitLab rejected the request: no; not that");
}

#[tokio::test]
async fn only_queries_are_retried_after_a_500() {
    let replies = || vec![empty(500), json(200, &json!({"data": {"it": 7}}))];
    let server = MockServer::replying(replies()).await;
    assert_eq!(read(&server).await.unwrap(), Some(7));

    let server = MockServer::replying(replies()).await;
    let call = Call::<Envelope<Data>>::mutation(DOCUMENT, variables());
    let error = server.client().sender.execute(&call).await.unwrap_err();
    assert_eq!((error.kind(), error.maybe_carried_out()), (&ErrorKind::Server, true));
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn token_is_not_sent_to_a_redirect() {
    let elsewhere = empty(307).with("location", "/api/graphql/");
    assert!(matches!(reported(elsewhere).await.0, ErrorKind::Redirected { .. }));
}
