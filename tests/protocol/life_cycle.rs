//! The life cycle of each resource, with every response checked as hosts do.

use gitlab_simulator::Target;
use plugin_host::Stored;
use plugin_host::wire::UNKNOWN;
use serde_json::{Value, json};

use crate::kit::{Action, ENTRY, EXCLUSIVE, Kit, SCOPE, only_warning};
use crate::worlds::{ACME, four_projects};

fn ids(value: &Value) -> Vec<u64> {
    let mut ids: Vec<u64> =
        value.as_array().unwrap().iter().map(|id| id.as_u64().unwrap()).collect();
    ids.sort_unstable();
    ids
}

#[tokio::test]
async fn scope_is_adopted_changed_in_place_and_restored() {
    let gitlab = four_projects();
    gitlab.set_inbound_enabled(1, false);
    let kit = Kit::with(gitlab).await;
    let limited = json!({"project": "acme/app"});

    let step = kit.plan(SCOPE, &Stored::default(), limited.clone()).await;
    assert_eq!(
        step.planned.state,
        json!({
            "project": "acme/app", "inbound_enabled": true, "outbound_enabled": UNKNOWN, "project_id": 1, "id": "1",
            "push_repository_for_job_token_allowed": null,
            "cross_project_push_for_job_token_allowed": null,
        })
    );
    let created = kit.apply(&step).await;
    assert!(kit.gitlab.inbound_enabled(1));
    let stored = kit.assert_clean(SCOPE, &created, limited).await;

    let open = json!({"project": "acme/app", "inbound_enabled": false});
    let step = kit.plan(SCOPE, &stored, open.clone()).await;
    assert_eq!(step.action, Action::Update);
    assert_eq!(step.value("outbound_enabled"), false, "an update leaves it");
    let warning = only_warning(&step.planned.diagnostics);
    assert_eq!(warning.attribute.as_deref(), Some("inbound_enabled"));
    let opened = kit.apply(&step).await;
    assert!(!kit.gitlab.inbound_enabled(1));
    let opened = kit.assert_clean(SCOPE, &opened, open).await;

    kit.destroy(SCOPE, &opened).await;
    assert!(kit.gitlab.inbound_enabled(1));
}

#[tokio::test]
async fn permissions_are_set_changed_in_place_and_released() {
    let gitlab = four_projects();
    let kit = Kit::with(gitlab).await;
    let given = |arguments: Value| {
        let mut given = json!({"project": "acme/app", "target_project": "acme/lib"});
        given.as_object_mut().unwrap().extend(arguments.as_object().unwrap().clone());
        given
    };
    let held = || kit.gitlab.permissions(1, Target::Project(2)).unwrap();

    let config = given(json!({"job_token_policies": ["READ_PACKAGES", "READ_JOBS"]}));
    let stored = kit.create(ENTRY, config.clone()).await;
    assert_eq!(stored.state["default_permissions"], false);
    assert!(!held().default_permissions);
    let mut stored = kit.assert_clean(ENTRY, &stored, config).await;
    for (config, default) in [
        (given(json!({"job_token_policies": ["READ_JOBS"]})), false),
        (given(json!({"default_permissions": true})), true),
        (given(json!({"default_permissions": false})), false),
    ] {
        let step = kit.plan(ENTRY, &stored, config.clone()).await;
        assert_eq!(step.action, Action::Update);
        stored = kit.apply(&step).await;
        assert_eq!(
            (held().default_permissions, &stored.state["default_permissions"]),
            (default, &json!(default))
        );
        stored = kit.assert_clean(ENTRY, &stored, config).await;
    }
    let step = kit.plan(ENTRY, &stored, given(json!({}))).await;
    assert_eq!((step.action, step.value("job_token_policies")), (Action::Update, &Value::Null));
    only_warning(&step.planned.diagnostics);
    kit.gitlab.clear_requests();
    let stored = kit.apply(&step).await;
    assert_eq!(kit.gitlab.requests().writes().to_string(), "");
    kit.assert_clean(ENTRY, &stored, given(json!({}))).await;
}

#[tokio::test]
async fn entry_is_added_and_removed_without_changing_others() {
    let (gitlab, group) = (four_projects(), ACME);
    gitlab.allow(1, Target::Project(4));
    let kit = Kit::with(gitlab).await;
    let to_project = json!({"project": "acme/app", "target_project": "acme/lib"});
    let to_group = json!({"project": "1", "target_group_id": group});

    let one = kit.create(ENTRY, to_project.clone()).await;
    let other = kit.create(ENTRY, to_group.clone()).await;
    assert_eq!(
        one.state,
        json!({
            "project": "acme/app", "target_project": "acme/lib", "target_project_id": 2, "target_group": null,
            "target_group_id": null, "target_type": "project", "project_id": 1, "id": "1:project:2",
            "default_permissions": null, "job_token_policies": null,
        })
    );
    assert_eq!(other.state["id"], format!("1:group:{group}"));
    kit.assert_clean(ENTRY, &one, to_project).await;
    kit.assert_clean(ENTRY, &other, to_group).await;

    kit.destroy(ENTRY, &one).await;
    kit.destroy(ENTRY, &other).await;
    let list = kit.gitlab.allowlist(1);
    assert_eq!((list.projects, list.groups.len()), ([4].into(), 0));
}

#[tokio::test]
async fn exclusive_list_sets_its_targets_and_destroy_removes_them() {
    let (gitlab, group) = (four_projects(), ACME);
    gitlab.allow(1, Target::Project(4));
    gitlab.allow(1, Target::Group(group));
    let kit = Kit::with(gitlab).await;
    let projects = json!({"project": "acme/app", "target_projects": ["acme/lib", "3"]});

    let step = kit.plan(EXCLUSIVE, &Stored::default(), projects.clone()).await;
    let warning = only_warning(&step.planned.diagnostics);
    assert!(warning.detail.contains("acme/site (4)"), "{warning:#?}");
    assert!(!warning.detail.contains("group"), "groups are not managed: {warning:#?}");
    let created = kit.apply(&step).await;
    assert_eq!(ids(&created.state["target_project_ids"]), [2, 3]);
    assert_eq!(created.state["target_group_ids"], Value::Null);
    assert_eq!(kit.gitlab.allowlist(1).projects, [2, 3].into());
    let stored = kit.assert_clean(EXCLUSIVE, &created, projects).await;

    let both =
        json!({"project": "acme/app", "target_projects": ["3", "acme/site"], "target_groups": []});
    let step = kit.plan(EXCLUSIVE, &stored, both.clone()).await;
    assert_eq!(step.action, Action::Update);
    let updated = kit.apply(&step).await;
    let list = kit.gitlab.allowlist(1);
    assert_eq!((list.projects, list.groups.len()), ([3, 4].into(), 0));
    let stored = kit.assert_clean(EXCLUSIVE, &updated, both).await;

    kit.gitlab.allow(1, Target::Project(2));
    kit.destroy(EXCLUSIVE, &stored).await;
    assert_eq!(kit.gitlab.allowlist(1).projects, [2].into(), "what it did not know of stays");
}

/// A host that destroys without a plan, as those without the capability do.
#[tokio::test]
async fn removal_of_a_missing_object_succeeds() {
    let gitlab = four_projects();
    let kit = Kit::with(gitlab).await;
    let entry = kit.create(ENTRY, json!({"project": "1", "target_project_id": 2})).await;
    let list = kit.create(EXCLUSIVE, json!({"project": "4", "target_project_ids": [2]})).await;
    kit.gitlab.revoke(1, Target::Project(2));
    kit.gitlab.revoke(4, Target::Project(2));
    kit.destroy(ENTRY, &entry).await;
    kit.destroy(EXCLUSIVE, &list).await;
}
