//! Users, their tokens and memberships, which a test creates on an instance that it administers.

use gitlab_simulator::{Simulator, TokenSpec};
use serde_json::{Value, json};

use crate::kit::{Api, Fixture};

fn new_user(username: &str) -> Value {
    let email = format!("{username}@example.com");
    json!({ "email": email, "name": "New User", "username": username, "force_random_password": true })
}

/// A user that was created, and a client with a token of it.
struct NewUser {
    id: Value,
    api: Api,
}

impl NewUser {
    async fn new(scene: &Fixture, username: &str, scopes: &Value) -> Self {
        let created = scene.api.post("/users", &new_user(username)).await;
        assert_eq!(created.status, 201, "{created:?}");
        let id = created.json()["id"].clone();
        let body = json!({ "name": "test", "scopes": scopes });
        let token = scene.api.post(&format!("/users/{id}/personal_access_tokens"), &body).await;
        assert_eq!((token.status, &token.json()["user_id"]), (201, &id));
        let api = Api::new(&scene.gitlab.api_url(), token.json()["token"].as_str().unwrap());
        Self { id, api }
    }
}

#[tokio::test]
async fn administrator_creates_users_and_their_tokens() {
    let scene = Fixture::new();
    let user = NewUser::new(&scene, "new-user", &json!(["read_api"])).await;
    let own = user.api.get("/user").await.json();
    assert_eq!(
        (&own["id"], &own["username"], &own["name"]),
        (&user.id, &json!("new-user"), &json!("New User"))
    );
    assert_eq!(own.get("is_admin"), None);
    assert_eq!(scene.api.get("/user").await.json()["is_admin"], true);
    user.api.get(&scene.scope("")).await.is(404, json!({ "message": "404 Project Not Found" }));
    let refused = user.api.post("/groups", &json!({ "name": "x", "path": "x" })).await;
    assert_eq!((refused.status, &refused.json()["error"]), (403, &json!("insufficient_scope")));
}

#[tokio::test]
async fn only_an_administrator_creates_and_deletes_users() {
    let scene = Fixture::new();
    let user = NewUser::new(&scene, "new-user", &json!(["api"])).await;
    let forbidden = json!({ "message": "403 Forbidden" });
    user.api.post("/users", &new_user("other")).await.is(403, forbidden.clone());
    user.api.post("/users/1/personal_access_tokens", &json!({})).await.is(403, forbidden.clone());
    user.api.delete(&format!("/users/{}", user.id)).await.is(403, forbidden);
}

#[tokio::test]
async fn new_user_needs_unique_attributes() {
    let scene = Fixture::new();
    let missing = "email is missing, password, reset_password, force_random_password are missing, \
                   at least one parameter must be provided, name is missing, username is missing";
    scene.api.post("/users", &json!({})).await.is(400, json!({ "error": missing }));
    assert_eq!(scene.api.post("/users", &new_user("one")).await.status, 201);
    let email = scene.api.post("/users", &new_user("one")).await;
    email.is(409, json!({ "message": "Email has already been taken" }));
    let mut other = new_user("one");
    other["email"] = json!("other@example.com");
    let username = scene.api.post("/users", &other).await;
    username.is(409, json!({ "message": "Username has already been taken" }));
}

#[tokio::test]
async fn token_needs_a_user_a_name_and_known_scopes() {
    let scene = Fixture::new();
    let user = NewUser::new(&scene, "new-user", &json!("api,read_api")).await;
    let path = format!("/users/{}/personal_access_tokens", user.id);
    let missing = scene.api.post(&path, &json!({})).await;
    missing.is(400, json!({ "error": "name is missing, scopes is missing" }));
    let unknown = scene.api.post(&path, &json!({ "name": "x", "scopes": ["api", "fly"] })).await;
    unknown.is(400, json!({ "error": "scopes does not have a valid value" }));
    let token = json!({ "name": "x", "scopes": ["api"] });
    let nobody = scene.api.post("/users/999/personal_access_tokens", &token).await;
    nobody.is(404, json!({ "message": "404 User Not Found" }));
}

#[tokio::test]
async fn revoked_token_is_reported_as_revoked() {
    let scene = Fixture::new();
    let user = NewUser::new(&scene, "new-user", &json!(["api"])).await;
    user.api.delete("/personal_access_tokens/self").await.is_empty();
    let refused = user.api.get("/user").await;
    assert_eq!((refused.status, &refused.json()["error"]), (401, &json!("invalid_token")));
}

#[tokio::test]
async fn tokens_of_a_deleted_user_are_unknown() {
    let scene = Fixture::new();
    let user = NewUser::new(&scene, "new-user", &json!(["api"])).await;
    let path = format!("/users/{}", user.id);
    scene.api.delete(&path).await.is_empty();
    user.api.get("/user").await.is(401, json!({ "message": "401 Unauthorized" }));
    scene.api.delete(&path).await.is(404, json!({ "message": "404 User Not Found" }));
}

#[tokio::test]
async fn member_has_the_role_of_its_access_level() {
    let scene = Fixture::new();
    for (level, status) in [(30, 403), (40, 200)] {
        let user = NewUser::new(&scene, &format!("user-{level}"), &json!(["api"])).await;
        let member = json!({ "user_id": user.id, "access_level": level });
        let path = format!("/projects/{}/members", scene.app);
        let added = scene.api.post(&path, &member).await;
        assert_eq!((added.status, &added.json()["access_level"]), (201, &json!(level)));
        scene.api.post(&path, &member).await.is(409, json!({ "message": "Member already exists" }));
        assert_eq!(user.api.get(&scene.scope("")).await.status, status);
    }
}

#[tokio::test]
async fn members_are_added_by_owners_and_maintainers() {
    let scene = Fixture::new();
    let user = NewUser::new(&scene, "new-user", &json!(["api"])).await;
    let member = json!({ "user_id": user.id, "access_level": 40 });
    let to_group = scene.api.post("/groups/acme/members", &member).await;
    assert_eq!(to_group.status, 201);
    assert_eq!(user.api.get(&scene.scope("")).await.status, 200);
    let another = json!({ "user_id": 1, "access_level": 30 });
    user.api
        .post("/groups/acme/members", &another)
        .await
        .is(403, json!({ "message": "403 Forbidden" }));
    assert_eq!(user.api.post("/projects/acme%2Fapp/members", &another).await.status, 201);
    let path = "/groups/partners/members";
    user.api.post(path, &another).await.is(404, json!({ "message": "404 Group Not Found" }));
    scene
        .api
        .post(path, &json!({}))
        .await
        .is(400, json!({ "error": "access_level is missing, user_id is missing" }));
    let nobody = json!({ "user_id": 999, "access_level": 30 });
    scene.api.post(path, &nobody).await.is(404, json!({ "message": "404 User Not Found" }));
    let level = scene.api.post(path, &json!({ "user_id": user.id, "access_level": 7 })).await;
    level.is(400, json!({ "message": { "access_level": ["is not included in the list"] } }));
}

#[tokio::test]
async fn projects_and_groups_are_created_in_groups() {
    let scene = Fixture::new();
    let partners = scene.partners;
    let below = scene
        .api
        .post("/groups", &json!({ "name": "Sub", "path": "sub", "parent_id": partners }))
        .await;
    assert_eq!((below.status, &below.json()["full_path"]), (201, &json!("partners/sub")));
    let id = below.json()["id"].clone();
    let project = scene.api.post("/projects", &json!({ "name": "tool", "namespace_id": id })).await;
    assert_eq!(
        (project.status, &project.json()["path_with_namespace"]),
        (201, &json!("partners/sub/tool"))
    );
    let nowhere =
        scene.api.post("/projects", &json!({ "name": "tool", "namespace_id": 999 })).await;
    nowhere.is(400, json!({ "message": { "namespace": ["is not valid"] } }));
    let group = json!({ "name": "x", "path": "x", "parent_id": partners });
    let bot = scene.as_token(TokenSpec::new("bot").developer_of(scene.partners()));
    bot.post("/groups", &group).await.is(403, json!({ "message": "403 Forbidden" }));
    assert_eq!(
        bot.post("/projects", &json!({ "name": "bots", "namespace_id": partners })).await.status,
        201
    );
    let stranger = scene.as_token(TokenSpec::new("stranger"));
    stranger.post("/groups", &group).await.is(404, json!({ "message": "404 Group Not Found" }));
    assert_eq!(
        stranger.post("/projects", &json!({ "name": "x", "namespace_id": partners })).await.status,
        400
    );
}

#[tokio::test]
async fn project_is_renamed_by_its_path() {
    let scene = Fixture::new();
    let renamed = scene.api.put("/projects/acme%2Fapp", &json!({ "path": "application" })).await;
    assert_eq!(
        (renamed.status, &renamed.json()["path_with_namespace"]),
        (200, &json!("acme/application"))
    );
    assert_eq!(scene.api.get("/projects/acme%2Fapp").await.status, 301);
    let taken = scene.api.put("/projects/acme%2Fapplication", &json!({ "path": "lib" })).await;
    taken.is(400, json!({ "message": { "path": ["has already been taken"] } }));
    let bot = scene.as_token(TokenSpec::new("bot").developer_of(scene.lib()));
    bot.put("/projects/acme%2Flib", &json!({ "path": "x" }))
        .await
        .is(403, json!({ "message": "403 Forbidden" }));
}

#[tokio::test]
async fn administrator_sets_enforcement() {
    for (version, status) in [("18.8.0-ee", 400), ("18.2.0-ee", 204)] {
        let scene = Fixture::of(Simulator::builder().version(version));
        let on = json!({ "enforce_ci_inbound_job_token_scope_enabled": true });
        let owner = scene.as_token(TokenSpec::new("owner"));
        owner
            .put("/application/settings", &on)
            .await
            .is(403, json!({ "message": "403 Forbidden" }));
        let set = scene.api.put("/application/settings", &on).await;
        assert_eq!(
            (set.status, &set.json()["enforce_ci_inbound_job_token_scope_enabled"]),
            (200, &json!(true))
        );
        let open = json!({ "enabled": false });
        assert_eq!(scene.api.patch(&scene.scope(""), &open).await.status, status, "{version}");
        let off = json!({ "enforce_ci_inbound_job_token_scope_enabled": false });
        assert_eq!(scene.api.put("/application/settings", &off).await.status, 200);
        scene.api.patch(&scene.scope(""), &open).await.is_empty();
    }
}
