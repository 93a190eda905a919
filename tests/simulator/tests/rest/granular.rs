//! Fine-grained personal access tokens over REST.

use gitlab_simulator::{Simulator, TokenScope, TokenSpec};
use reqwest::Method;
use serde_json::{Value, json};

use crate::kit::{Api, Fixture, Reply};

fn scene() -> Fixture {
    Fixture::of(Simulator::builder().version("19.4.1-ee"))
}

fn refusal(boundary: &str, permission: &str) -> Value {
    json!({
        "error": "insufficient_granular_scope",
        "error_description": format!(
            "Access denied: This operation requires a fine-grained personal access token with the \
             following {boundary} permissions: [{permission}]."
        ),
    })
}

/// Returns a client whose token has these permissions and every role.
fn client(scene: &Fixture, name: &str, permissions: &[&str]) -> Api {
    scene.as_token(TokenSpec::new(name).administrator().fine_grained(permissions.iter().copied()))
}

#[tokio::test]
async fn each_endpoint_needs_its_permission() {
    let scene = scene();
    let nobody = client(&scene, "nobody", &[]);
    let (project, group) =
        (json!({ "target_project_id": scene.lib }), json!({ "target_group_id": scene.partners }));
    let push = json!({ "ci_push_repository_for_job_token_allowed": true });
    let list = scene.scope("/allowlist");
    let groups = scene.scope("/groups_allowlist");
    for (method, path, body, boundary, permission) in [
        (Method::GET, &scene.scope(""), None, "project", "Job Token Scope: Read"),
        (
            Method::PATCH,
            &scene.scope(""),
            Some(json!({ "enabled": true })),
            "project",
            "Job Token Scope: Update",
        ),
        (Method::GET, &list, None, "project", "Job Token Scope Allowlist: Read"),
        (Method::GET, &groups, None, "project", "Job Token Scope Allowlist: Read"),
        (Method::POST, &list, Some(project), "project", "Job Token Scope Allowlist: Create"),
        (Method::POST, &groups, Some(group), "project", "Job Token Scope Allowlist: Create"),
        (
            Method::DELETE,
            &format!("{list}/{}", scene.lib),
            None,
            "project",
            "Job Token Scope Allowlist: Delete",
        ),
        (
            Method::DELETE,
            &format!("{groups}/{}", scene.partners),
            None,
            "project",
            "Job Token Scope Allowlist: Delete",
        ),
        (Method::GET, &"/user".to_owned(), None, "user", "User: Read"),
        (Method::GET, &"/projects/1".to_owned(), None, "project", "Project: Read"),
        (Method::PUT, &"/projects/1".to_owned(), Some(push), "project", "Project: Update"),
        (Method::GET, &"/groups/1".to_owned(), None, "group", "Group: Read"),
        (Method::GET, &"/version".to_owned(), None, "instance", "Metadata: Read"),
        (
            Method::GET,
            &"/application/settings".to_owned(),
            None,
            "instance",
            "Application Setting: Read",
        ),
    ] {
        let send = async |api: &Api| {
            let request = api.request(method.clone(), path);
            Reply::of(match &body {
                Some(body) => request.json(body),
                None => request,
            })
            .await
            .unwrap()
        };
        send(&nobody).await.is(403, refusal(boundary, permission));
        let holder = client(&scene, &format!("{method}{path}"), &[permission]);
        assert!(send(&holder).await.status < 300, "{method} {path}");
    }
}

#[tokio::test]
async fn error_differs_before_19_2() {
    let scene = Fixture::of(Simulator::builder().version("18.10.0-ee"));
    let description = "Access denied: Your Personal Access Token lacks the required permissions: \
        [Job Token Scope: Read]";
    let body = json!({ "error": "insufficient_granular_scope", "error_description": description });
    client(&scene, "nobody", &["User: Read"]).get(&scene.scope("")).await.is(403, body);
}

#[tokio::test]
async fn permissions_do_not_replace_roles() {
    let scene = scene();
    let spec = TokenSpec::new("bot").fine_grained(["Job Token Scope: Read"]);
    let stranger = scene.as_token(spec).get(&scene.scope("")).await;
    stranger.is(404, json!({ "message": "404 Project Not Found" }));
}

#[tokio::test]
async fn enforcement_rejects_classic_tokens() {
    let scene = scene();
    let fine = client(&scene, "fine", &["Job Token Scope: Read"]);
    scene.gitlab.enforce_fine_grained_tokens(true);
    scene.api.get(&scene.scope("")).await.is(403, refusal("project", "Job Token Scope: Read"));
    assert_eq!(fine.get(&scene.scope("")).await.status, 200);
    scene.gitlab.enforce_fine_grained_tokens(false);
    assert_eq!(scene.api.get(&scene.scope("")).await.status, 200);
    let reader = TokenSpec::new("reader").administrator().scopes([TokenScope::ReadUser]);
    assert_eq!(
        scene.as_token(reader).get(&scene.scope("")).await.json()["error"],
        "insufficient_scope"
    );
}

#[test]
#[should_panic(expected = "fine-grained tokens need GitLab 18.10")]
fn older_version_rejects_fine_grained_tokens() {
    let gitlab = Simulator::builder().version("18.9.0-ee").start();
    let _ = gitlab.add_token(TokenSpec::new("fine").fine_grained(["User: Read"]));
}
