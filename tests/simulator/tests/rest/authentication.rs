//! Tokens: their headers, and the errors of invalid ones.

use gitlab_simulator::{Credential, Target, TokenScope, TokenSpec, TokenState};
use reqwest::Method;
use serde_json::{Value, json};

use crate::kit::{Api, Fixture, Reply};

fn unauthorized() -> Value {
    json!({ "message": "401 Unauthorized" })
}

async fn with_header(scene: &Fixture, name: &str, value: &str) -> Reply {
    let request = scene.anonymous().request(Method::GET, &scene.scope("")).header(name, value);
    Reply::of(request).await.unwrap()
}

#[tokio::test]
async fn token_is_accepted_in_either_header() {
    let scene = Fixture::new();
    let token = scene.gitlab.token();
    assert_eq!(with_header(&scene, "PRIVATE-TOKEN", token).await.status, 200);
    assert_eq!(with_header(&scene, "Authorization", &format!("Bearer {token}")).await.status, 200);
    let used: Vec<_> = scene.gitlab.requests().iter().map(|request| request.credential).collect();
    assert_eq!(used, [Some(Credential::PrivateToken), Some(Credential::Bearer)]);
}

#[tokio::test]
async fn requests_without_a_valid_token_are_rejected() {
    let scene = Fixture::new();
    for path in ["/user", "/version", "/projects/1", "/groups/1", "/projects/1/job_token_scope"] {
        scene.anonymous().get(path).await.is(401, unauthorized());
        Api::new(&scene.gitlab.api_url(), "glpat-wrong").get(path).await.is(401, unauthorized());
    }
    let basic = with_header(&scene, "Authorization", "Basic YTpi").await;
    basic.is(401, unauthorized());
    assert_eq!(basic.header("www-authenticate"), Some("Bearer realm=\"Protected by OAuth 2.0\""));
}

#[tokio::test]
async fn expired_or_revoked_token_has_its_own_error() {
    let scene = Fixture::new();
    for (spec, start) in [
        (TokenSpec::new("old").administrator().expired(), "Token is expired. "),
        (TokenSpec::new("gone").administrator().revoked(), "Token was revoked. "),
    ] {
        let refused = scene.as_token(spec).get("/user").await;
        let body = refused.json();
        assert_eq!((refused.status, &body["error"]), (401, &json!("invalid_token")));
        assert!(body["error_description"].as_str().unwrap().starts_with(start), "{body}");
        assert!(refused.header("www-authenticate").unwrap().ends_with("error=\"invalid_token\""));
    }
}

#[tokio::test]
async fn token_can_be_revoked_while_in_use() {
    let scene = Fixture::new();
    let bot = scene.as_token(TokenSpec::new("bot").administrator());
    assert_eq!(bot.get("/user").await.status, 200);
    scene.gitlab.set_token_state("bot", TokenState::Revoked);
    assert_eq!(bot.get("/user").await.status, 401);
}

#[tokio::test]
async fn read_only_token_cannot_write() {
    let scene = Fixture::new();
    let reader =
        scene.as_token(TokenSpec::new("reader").administrator().scopes([TokenScope::ReadApi]));
    assert_eq!(reader.get(&scene.scope("")).await.status, 200);
    assert_eq!(reader.get(&scene.scope("/allowlist")).await.status, 200);
    for refused in [
        reader.patch(&scene.scope(""), &json!({ "enabled": false })).await,
        reader.post(&scene.scope("/allowlist"), &json!({ "target_project_id": scene.lib })).await,
        reader.delete(&scene.scope("/allowlist/1")).await,
    ] {
        let body = refused.json();
        assert_eq!(
            (refused.status, &body["error"], &body["scope"]),
            (403, &json!("insufficient_scope"), &json!("api"))
        );
        assert!(body["error_description"].is_string());
    }
    assert!(scene.gitlab.inbound_enabled(scene.app));
}

#[tokio::test]
async fn token_without_an_api_scope_cannot_read() {
    let scene = Fixture::new();
    let scopes = [TokenScope::ReadRepository, TokenScope::ReadUser];
    let git = scene.as_token(TokenSpec::new("git").administrator().scopes(scopes));
    assert_eq!(git.get("/user").await.status, 200);
    let refused = git.get(&scene.scope("")).await;
    assert_eq!((refused.status, &refused.json()["error"]), (403, &json!("insufficient_scope")));
}

#[tokio::test]
async fn job_token_is_rejected_in_any_header() {
    let scene = Fixture::new();
    let token = scene.gitlab.add_token(TokenSpec::ci_job("job").administrator());
    assert!(token.starts_with("glcbt-"));
    for (name, value) in [
        ("JOB-TOKEN", token.clone()),
        ("PRIVATE-TOKEN", token.clone()),
        ("Authorization", format!("Bearer {token}")),
    ] {
        with_header(&scene, name, &value).await.is(401, unauthorized());
    }
    with_header(&scene, "JOB-TOKEN", scene.gitlab.token()).await.is(401, unauthorized());
}

#[tokio::test]
async fn role_can_be_lost() {
    let scene = Fixture::new();
    let app = Target::Project(scene.app);
    let bot = scene.as_token(TokenSpec::new("bot").maintainer_of(app).can_see(app));
    assert_eq!(bot.get(&scene.scope("")).await.status, 200);
    scene.gitlab.set_role("bot", app, None);
    assert_eq!(bot.get(&scene.scope("")).await.status, 403);
}
