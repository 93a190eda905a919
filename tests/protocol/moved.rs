//! MoveResourceState: `moved` blocks from the official GitLab provider. Hosts call it in an
//! unconfigured process, then upgrade and read the result.

use gitlab_simulator::Simulator;
use insta::assert_snapshot;
use plugin_host::{Diagnostic, Move, Moved, Severity, Stored};
use serde_json::{Value, json};

use crate::kit::{Action, ENTRY, EXCLUSIVE, Kit, SCOPE, only_error, only_warning};
use crate::worlds::lib_and_acme_allowed;

const ENTRY_SOURCE: &str = "gitlab_project_job_token_scope";
const LIST_SOURCE: &str = "gitlab_project_job_token_scopes";
/// Both public registries, a private mirror of either, and the prefix that OpenTofu before 1.11.12
/// and 1.12.4 sends.
const OFFICIAL: [&str; 4] = [
    "registry.terraform.io/gitlabhq/gitlab",
    "registry.opentofu.org/gitlabhq/gitlab",
    "terraform.example.com/gitlabhq/gitlab",
    "gitlab",
];

/// Moves a state with an unconfigured process and reads it with a configured one, as a host does.
async fn move_and_read(from: Move<'_>) -> (Kit, Stored, Vec<Diagnostic>) {
    let unconfigured = Kit::with_environment(lib_and_acme_allowed()).await;
    let Moved { stored, diagnostics } = unconfigured.move_state(&from).await.unwrap();
    assert!(
        diagnostics.iter().all(|diagnostic| diagnostic.severity == Severity::Warning),
        "{diagnostics:#?}"
    );
    assert_eq!(unconfigured.requests(), "", "a move sends no requests");
    assert_eq!(unconfigured.gitlab.connections(), 0);

    let kit = Kit::with(lib_and_acme_allowed()).await;
    let upgraded = kit.upgrade(from.target_type, 0, &stored.state).await.unwrap();
    assert_eq!((&upgraded.diagnostics[..], &upgraded.state), (&[][..], &stored.state));
    let read = kit.refresh(from.target_type, &stored).await.expect("it is there");
    (kit, read, diagnostics)
}

fn entry_from<'a>(provider: &'a str, schema_version: i64, state: &'a Value) -> Move<'a> {
    Move { provider, source_type: ENTRY_SOURCE, schema_version, state, target_type: ENTRY }
}

fn list_from<'a>(provider: &'a str, schema_version: i64, state: &'a Value) -> Move<'a> {
    Move { provider, source_type: LIST_SOURCE, schema_version, state, target_type: EXCLUSIVE }
}

#[tokio::test]
async fn every_state_of_an_entry_becomes_one_that_plans_clean() {
    let to_project = |project: &str| json!({"project": project, "target_project_id": 2});
    let to_group = json!({"project": "1", "target_group_id": 1});
    for (version, state, given) in [
        (0, json!({"id": "1:2", "project": "1", "target_project_id": 2}), to_project("1")),
        (
            0,
            json!({"id": "acme/app:2", "project": "acme/app", "target_project_id": 2}),
            to_project("acme/app"),
        ),
        (
            1,
            json!({"id": "1:project:2", "project": "1", "target_project_id": 2, "target_group_id": null}),
            to_project("1"),
        ),
        (
            1,
            json!({"id": "1:group:1", "project": "1", "target_project_id": null, "target_group_id": 1}),
            to_group,
        ),
    ] {
        let (kit, stored, diagnostics) =
            move_and_read(entry_from(OFFICIAL[0], version, &state)).await;
        assert_eq!(diagnostics, [], "{state}");
        assert_eq!(stored.state["project_id"], 1, "{state}");
        assert!(
            stored.state["id"] == "1:project:2" || stored.state["id"] == "1:group:1",
            "{state}"
        );
        kit.assert_clean(ENTRY, &stored, given).await;
        assert_eq!(kit.gitlab.requests().writes().to_string(), "");
    }
}

#[tokio::test]
async fn every_state_of_a_list_becomes_one_that_plans_clean() {
    let both = |project: &str| json!({"project": project, "target_project_ids": [2], "target_group_ids": [1]});
    for (version, state, given) in [
        // 17.0
        (
            0,
            json!({"id": "1", "project_id": 1, "target_project_ids": [2]}),
            json!({"project": "1", "target_project_ids": [2]}),
        ),
        // 17.3
        (
            0,
            json!({"id": "1", "project": "1", "project_id": 1, "target_project_ids": [2], "target_group_ids": [1]}),
            both("1"),
        ),
        // 18.x
        (
            0,
            json!({"id": "1", "project": "1", "project_id": 1, "enabled": true, "target_project_ids": [2],
                   "target_group_ids": [1]}),
            both("1"),
        ),
        // 19.0
        (
            0,
            json!({"id": "1", "project": "1", "enabled": true, "target_project_ids": [2], "target_group_ids": [1]}),
            both("1"),
        ),
        // 19.1
        (
            1,
            json!({"id": "acme/app", "project": "acme/app", "enabled": true, "target_project_ids": [2],
                   "target_group_ids": [1]}),
            both("acme/app"),
        ),
    ] {
        let (kit, stored, diagnostics) =
            move_and_read(list_from(OFFICIAL[0], version, &state)).await;
        assert_eq!(diagnostics.len(), usize::from(state.get("enabled").is_some()), "{state}");
        assert_eq!(
            (&stored.state["project_id"], &stored.state["id"]),
            (&json!(1), &json!("1")),
            "{state}"
        );
        kit.assert_clean(EXCLUSIVE, &stored, given).await;
        assert_eq!(kit.gitlab.requests().writes().to_string(), "");
    }
}

#[tokio::test]
async fn kind_missing_from_an_old_state_is_not_managed() {
    let state = json!({"id": "1", "project_id": 1, "target_project_ids": [2]});
    let (kit, stored, _) = move_and_read(list_from(OFFICIAL[0], 0, &state)).await;
    assert_eq!(
        (&stored.state["target_groups"], &stored.state["target_group_ids"]),
        (&Value::Null, &Value::Null)
    );
    let given = json!({"project": "1", "target_project_ids": []});
    let step = kit.plan(EXCLUSIVE, &stored, given).await;
    assert_eq!(step.action, Action::Update);
    kit.apply(&step).await;
    let list = kit.gitlab.allowlist(1);
    assert_eq!((list.projects, list.groups), ([].into(), [1].into()));
}

#[tokio::test]
async fn source_can_come_from_registries_and_mirrors() {
    let entry = json!({"id": "1:2", "project": "1", "target_project_id": 2});
    let list = json!({"id": "1", "project_id": 1, "target_project_ids": [2]});
    let kit = Kit::unconfigured().await;
    for provider in OFFICIAL {
        let moved = kit.move_state(&entry_from(provider, 0, &entry)).await.unwrap();
        assert_eq!(
            (&moved.stored.state["id"], moved.diagnostics),
            (&json!("1:project:2"), vec![]),
            "{provider}"
        );
        let moved = kit.move_state(&list_from(provider, 0, &list)).await.unwrap();
        assert_eq!(
            (&moved.stored.state["id"], moved.diagnostics),
            (&json!("1"), vec![]),
            "{provider}"
        );
    }
}

#[tokio::test]
async fn identity_is_planned_as_soon_as_its_ids_are_known() {
    let kit = Kit::unconfigured().await;
    let state = json!({"id": "1:2", "project": "1", "target_project_id": 2});
    let moved = kit.move_state(&entry_from(OFFICIAL[0], 0, &state)).await.unwrap();
    let identity = json!({"project_id": 1, "target_project_id": 2, "target_group_id": null});
    assert_eq!(moved.stored.identity, Some(identity.clone()));

    let by_path = json!({"id": "acme/app:2", "project": "acme/app", "target_project_id": 2});
    let moved = kit.move_state(&entry_from(OFFICIAL[0], 0, &by_path)).await.unwrap();
    assert_eq!(moved.stored.identity, None);
    let (_, read, _) = move_and_read(entry_from(OFFICIAL[0], 0, &by_path)).await;
    assert_eq!(read.identity, Some(identity));
}

#[tokio::test]
async fn setting_without_an_attribute_is_warned_of() {
    let kit = Kit::unconfigured().await;
    let state = json!({"id": "1", "project": "acme/app", "enabled": false, "target_project_ids": [], "target_group_ids": []});
    let moved = kit.move_state(&list_from(OFFICIAL[0], 1, &state)).await.unwrap();
    let warning = only_warning(&moved.diagnostics);
    assert_snapshot!(format!("{}\n\n{}", warning.summary, warning.detail), @r#"
    Job token scope not managed: project acme/app

    The `gitlab_project_job_token_scopes` of project acme/app also managed `enabled = false`, which an exclusive allowlist doesn't. If the project exists, GitLab keeps the setting. To continue managing it, add a `gitlab_job_token_scope` with `inbound_enabled = false`, and import it with the ID "acme/app".
    "#);
}

#[tokio::test]
async fn other_sources_are_rejected() {
    let kit = Kit::with_environment(Simulator::start()).await;
    let state = json!({"id": "1:2", "project": "1", "target_project_id": 2});
    for (provider, source_type, target_type) in [
        ("registry.terraform.io/gitlabhq/other", ENTRY_SOURCE, ENTRY),
        ("registry.terraform.io/notgitlabhq/gitlab", ENTRY_SOURCE, ENTRY),
        ("gitlabhq/gitlab", ENTRY_SOURCE, ENTRY),
        ("gitlab-job-token", ENTRY_SOURCE, ENTRY),
        ("mirror.example.com/aff15f21/gitlab-job-token", SCOPE, ENTRY),
    ] {
        let from = Move { provider, source_type, schema_version: 0, state: &state, target_type };
        let moved = kit.move_state(&from).await.unwrap();
        let error = only_error(&moved.diagnostics);
        assert_eq!(
            (error.summary.as_str(), &moved.stored),
            ("Unsupported move", &Stored::default())
        );
        let expected = format!(
            "The state of a `{source_type}` of the provider {provider} can't be moved to a \
             `{target_type}`. Replace the `moved` block with a `removed` block that has `destroy = \
             false`, and import the object."
        );
        assert_eq!(error.detail, expected);
    }
    assert_eq!(kit.requests(), "");
}

#[tokio::test]
async fn own_states_can_come_from_any_registry() {
    for address in [
        "mirror.example.com/aff15f21/gitlab-job-token",
        "registry.opentofu.org/aff15f21/gitlab-job-token",
        "gitlab",
    ] {
        for (type_name, given) in [
            (SCOPE, json!({"project": "acme/app"})),
            (ENTRY, json!({"project": "acme/app", "target_project": "acme/lib"})),
            (EXCLUSIVE, json!({"project": "1", "target_projects": ["acme/lib"]})),
        ] {
            let kit = Kit::with(lib_and_acme_allowed()).await;
            let stored = kit.create(type_name, given.clone()).await;
            let from = Move {
                provider: address,
                source_type: type_name,
                schema_version: 0,
                state: &stored.state,
                target_type: type_name,
            };
            let moved = Kit::unconfigured().await.move_state(&from).await.unwrap();
            assert_eq!(moved.diagnostics, []);
            assert_eq!(
                (&moved.stored.state, &moved.stored.identity),
                (&stored.state, &stored.identity)
            );
            kit.assert_clean(type_name, &moved.stored, given).await;
        }
    }
}

#[tokio::test]
async fn state_without_an_entry_or_a_project_is_an_error() {
    let kit = Kit::unconfigured().await;
    for state in [
        json!({}),
        json!({"project": "1"}),
        json!({"project": "1", "target_project_id": 2, "target_group_id": 3}),
        json!({"project": "1", "target_project_id": 0}),
        json!({"project": null, "target_project_id": 2}),
        json!(["1", 2]),
        Value::Null,
    ] {
        let moved = kit.move_state(&entry_from(OFFICIAL[0], 1, &state)).await.unwrap();
        assert_eq!(only_error(&moved.diagnostics).summary, "Unreadable state", "{state}");
    }
    for state in [json!({}), json!({"target_project_ids": [2]}), json!("text")] {
        let moved = kit.move_state(&list_from(OFFICIAL[0], 1, &state)).await.unwrap();
        assert_eq!(only_error(&moved.diagnostics).summary, "Unreadable state", "{state}");
    }
}

#[tokio::test]
async fn unreadable_state_is_named_by_its_id() {
    let kit = Kit::unconfigured().await;
    let state = json!({"id": "garbage", "project": "1"});
    let moved = kit.move_state(&entry_from(OFFICIAL[0], 1, &state)).await.unwrap();
    assert_eq!(
        only_error(&moved.diagnostics).detail,
        "The state of the `gitlab_project_job_token_scope` with the ID \"garbage\" doesn't have one \
         project and one target. Replace the `moved` block with a `removed` block that has \
         `destroy = false`, and import the entry."
    );
}

#[tokio::test]
async fn unrelated_type_cannot_be_moved_or_imported() {
    let state = json!({"id": "1:KEY:*", "project": "1", "key": "KEY"});
    for (provider, source_type, target_type) in [
        (OFFICIAL[0], "gitlab_project_variable", ENTRY),
        (OFFICIAL[0], "gitlab_project_variable", EXCLUSIVE),
        (OFFICIAL[0], "gitlab_project_variable", SCOPE),
        ("gitlab", "gitlab_project", ENTRY),
    ] {
        let from = Move { provider, source_type, schema_version: 0, state: &state, target_type };
        let moved = Kit::unconfigured().await.move_state(&from).await.unwrap();
        assert_eq!(
            only_error(&moved.diagnostics).detail,
            format!(
                "A `{source_type}` doesn't manage the same object as a `{target_type}`, so it \
                 can't be moved to one. Correct the addresses in the `moved` block, or remove the \
                 block."
            )
        );
    }
}

#[tokio::test]
async fn wrong_resource_type_names_the_right_one() {
    let state = json!({"id": "1:2", "project": "1", "target_project_id": 2});
    for (source_type, target_type, right) in [
        (ENTRY_SOURCE, SCOPE, ENTRY),
        (ENTRY_SOURCE, EXCLUSIVE, ENTRY),
        (LIST_SOURCE, ENTRY, EXCLUSIVE),
        (LIST_SOURCE, SCOPE, EXCLUSIVE),
    ] {
        let kit = Kit::with_environment(lib_and_acme_allowed()).await;
        let from = Move {
            provider: OFFICIAL[0],
            source_type,
            schema_version: 0,
            state: &state,
            target_type,
        };
        let moved = kit.move_state(&from).await.unwrap();
        let error = only_error(&moved.diagnostics);
        assert_eq!(
            (error.summary.as_str(), &moved.stored),
            ("Unsupported move", &Stored::default())
        );
        assert!(error.detail.ends_with(&format!("Move it to a `{right}`.")), "{error:#?}");
    }
}
