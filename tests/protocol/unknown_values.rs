//! Unknown projects and targets: the plan has everything that is known, sends no needless request,
//! and holds during the apply.

use plugin_host::Stored;
use plugin_host::wire::UNKNOWN;
use serde_json::{Value, json};

use crate::kit::{Action, ENTRY, EXCLUSIVE, Kit, SCOPE, only_error};
use crate::worlds::four_projects;

async fn kit() -> Kit {
    Kit::with(four_projects()).await
}

/// Plans with unknown values, applies with known ones, and returns the state.
async fn assert_resolves(
    kit: &Kit,
    type_name: &'static str,
    before: &Stored,
    planned: Value,
    known: Value,
) -> Stored {
    let step = kit.plan(type_name, before, planned).await;
    assert_eq!(kit.gitlab.requests().writes().to_string(), "", "nothing is written while planning");
    let (stored, _) = kit.apply_with(&step, known.clone()).await;
    kit.gitlab.clear_requests();
    kit.assert_clean(type_name, &stored, known).await
}

fn of_app(mut given: Value) -> Value {
    given["project"] = json!("acme/app");
    given
}

#[tokio::test]
async fn project_can_become_known_at_apply() {
    for (type_name, planned, known) in [
        (SCOPE, json!({"project": UNKNOWN}), json!({"project": "acme/app"})),
        (
            SCOPE,
            json!({"project": "1", "inbound_enabled": UNKNOWN}),
            json!({"project": "1", "inbound_enabled": false}),
        ),
        (
            ENTRY,
            json!({"project": UNKNOWN, "target_project": "acme/lib"}),
            json!({"project": "1", "target_project": "acme/lib"}),
        ),
        (
            EXCLUSIVE,
            json!({"project": UNKNOWN, "target_projects": []}),
            json!({"project": "1", "target_projects": []}),
        ),
    ] {
        let kit = kit().await;
        let stored = assert_resolves(&kit, type_name, &Stored::default(), planned, known).await;
        assert_eq!(stored.state["project_id"], 1);
    }
}

#[tokio::test]
async fn target_can_become_known_at_apply() {
    for (planned, known) in [
        (json!({"target_project": UNKNOWN}), json!({"target_project": "acme/lib"})),
        (json!({"target_project_id": UNKNOWN}), json!({"target_project_id": 2})),
        (json!({"target_group": UNKNOWN}), json!({"target_group": "acme"})),
        (json!({"target_group_id": UNKNOWN}), json!({"target_group_id": 1})),
        (
            json!({"target_project": UNKNOWN, "target_group": UNKNOWN}),
            json!({"target_group": "acme"}),
        ),
        (
            json!({"target_project_id": UNKNOWN, "target_group_id": UNKNOWN}),
            json!({"target_project_id": 2}),
        ),
        (
            json!({"target_project": "acme/lib", "target_group": UNKNOWN}),
            json!({"target_project": "acme/lib"}),
        ),
    ] {
        let kit = kit().await;
        let [planned, known] = [planned, known].map(of_app);
        assert_resolves(&kit, ENTRY, &Stored::default(), planned, known).await;
    }
}

#[tokio::test]
async fn targets_of_a_list_can_become_known_at_apply() {
    for (planned, known) in [
        (json!({"target_projects": UNKNOWN}), json!({"target_projects": ["acme/lib", "3"]})),
        (
            json!({"target_projects": ["acme/lib", UNKNOWN]}),
            json!({"target_projects": ["acme/lib", "acme/tool"]}),
        ),
        (
            json!({"target_projects": ["acme/lib", UNKNOWN]}),
            json!({"target_projects": ["acme/lib"]}),
        ),
        (json!({"target_project_ids": UNKNOWN}), json!({"target_project_ids": []})),
        (json!({"target_project_ids": [2, UNKNOWN]}), json!({"target_project_ids": [2, 3]})),
        (
            json!({"target_projects": UNKNOWN, "target_groups": []}),
            json!({"target_projects": null, "target_groups": []}),
        ),
        (
            json!({"target_projects": [], "target_group_ids": [UNKNOWN]}),
            json!({"target_projects": [], "target_group_ids": [1]}),
        ),
    ] {
        let kit = kit().await;
        let [planned, known] = [planned, known].map(of_app);
        assert_resolves(&kit, EXCLUSIVE, &Stored::default(), planned, known).await;
    }
}

/// Keeping the former IDs would promise something that isn't known yet.
#[tokio::test]
async fn unknown_target_beside_known_ones_makes_all_ids_unknown() {
    let kit = kit().await;
    let stored =
        kit.create(EXCLUSIVE, json!({"project": "1", "target_projects": ["acme/lib"]})).await;
    kit.gitlab.clear_requests();
    let planned = json!({"project": "1", "target_projects": ["acme/lib", UNKNOWN]});
    let known = json!({"project": "1", "target_projects": ["acme/lib", "acme/tool"]});
    let stored = assert_resolves(&kit, EXCLUSIVE, &stored, planned, known).await;
    assert_eq!(stored.state["target_project_ids"], json!([2, 3]));
}

#[tokio::test]
async fn unknown_project_or_target_plans_an_update_in_place() {
    let kit = kit().await;
    let stored = kit.create(ENTRY, json!({"project": "1", "target_project_id": 2})).await;
    for given in [
        json!({"project": UNKNOWN, "target_project_id": 2}),
        json!({"project": "1", "target_project_id": UNKNOWN}),
        json!({"project": "1", "target_project": UNKNOWN}),
    ] {
        let step = kit.plan(ENTRY, &stored, given.clone()).await;
        assert_eq!(step.action, Action::Update, "{given}");
    }
    let list = kit.create(EXCLUSIVE, json!({"project": "3", "target_project_ids": [2]})).await;
    let step =
        kit.plan(EXCLUSIVE, &list, json!({"project": "3", "target_project_ids": UNKNOWN})).await;
    assert_eq!(step.action, Action::Update, "targets never replace a list");
    let step =
        kit.plan(EXCLUSIVE, &list, json!({"project": UNKNOWN, "target_project_ids": [2]})).await;
    assert_eq!(step.action, Action::Update);
}

/// As when one apply creates the project and the entry.
#[tokio::test]
async fn path_created_after_the_plan_is_found_at_apply() {
    let kit = kit().await;
    let entry = json!({"project": "acme/new", "target_group": "new"});
    let list = json!({"project": "acme/new", "target_projects": ["acme/lib", "acme/newer"]});
    let steps = [
        (ENTRY, kit.plan(ENTRY, &Stored::default(), entry.clone()).await, entry),
        (EXCLUSIVE, kit.plan(EXCLUSIVE, &Stored::default(), list.clone()).await, list),
    ];
    for (_, step, _) in &steps {
        assert_eq!(
            (step.value("project_id"), step.value("id")),
            (&json!(UNKNOWN), &json!(UNKNOWN))
        );
    }
    let new = kit.gitlab.add_project("acme/new");
    let newer = kit.gitlab.add_project("acme/newer");
    let group = kit.gitlab.add_group("new");
    for (type_name, step, given) in steps {
        let stored = kit.apply(&step).await;
        kit.assert_clean(type_name, &stored, given).await;
    }
    let allowlist = kit.gitlab.allowlist(new);
    assert_eq!((allowlist.projects, allowlist.groups), ([2, newer].into(), [group].into()));
}

#[tokio::test]
async fn path_still_missing_at_apply_is_an_error() {
    let kit = kit().await;
    for (type_name, given, attribute) in [
        (SCOPE, json!({"project": "acme/none"}), "project"),
        (ENTRY, json!({"project": "1", "target_project": "acme/none"}), "target_project"),
        (EXCLUSIVE, json!({"project": "1", "target_projects": ["acme/none"]}), "target_projects"),
    ] {
        let step = kit.plan(type_name, &Stored::default(), given.clone()).await;
        let config = kit.config(type_name, given);
        let plan = plugin_host::Plan { config, ..Default::default() };
        let applied = kit.host.apply(type_name, &plan, &step.planned).await.unwrap();
        assert_eq!(only_error(&applied.diagnostics).attribute.as_deref(), Some(attribute));
        assert_eq!(applied.state, Value::Null);
    }
    assert_eq!(kit.gitlab.requests().writes().to_string(), "");
}

#[tokio::test]
async fn project_that_becomes_its_own_target_fails_at_apply() {
    let kit = kit().await;
    let step = kit
        .plan(ENTRY, &Stored::default(), json!({"project": UNKNOWN, "target_project": "acme/app"}))
        .await;
    let config = kit.config(ENTRY, json!({"project": "1", "target_project": "acme/app"}));
    let plan = plugin_host::Plan { config, ..Default::default() };
    let mut planned = step.planned;
    planned.state["project"] = json!("1");
    let applied = kit.host.apply(ENTRY, &plan, &planned).await.unwrap();
    assert_eq!(only_error(&applied.diagnostics).summary, "Target is the project itself");
    assert!(
        !kit.gitlab.allowlist(1).projects.contains(&1) && kit.gitlab.requests().writes().is_empty()
    );
}

#[tokio::test]
async fn unknown_values_cost_no_request() {
    let kit = kit().await;
    for (type_name, given) in [
        (SCOPE, json!({"project": UNKNOWN})),
        (ENTRY, json!({"project": UNKNOWN, "target_project": UNKNOWN})),
        (
            EXCLUSIVE,
            json!({"project": UNKNOWN, "target_projects": UNKNOWN, "target_groups": UNKNOWN}),
        ),
    ] {
        kit.plan(type_name, &Stored::default(), given).await;
    }
    assert_eq!(kit.requests(), "");
}

#[tokio::test]
async fn permissions_can_become_known_at_apply() {
    let entry = |default: Value, policies: Value| {
        json!({
            "project": "acme/app", "target_project": "acme/lib",
            "default_permissions": default, "job_token_policies": policies,
        })
    };
    let unknown = || json!(UNKNOWN);
    let jobs = || json!(["READ_JOBS"]);
    for (planned, known, (default, policies)) in [
        (entry(unknown(), Value::Null), entry(json!(true), Value::Null), (json!(true), json!([]))),
        (
            entry(unknown(), Value::Null),
            entry(json!(false), Value::Null),
            (json!(false), json!([])),
        ),
        (
            entry(unknown(), Value::Null),
            entry(Value::Null, Value::Null),
            (Value::Null, Value::Null),
        ),
        (entry(Value::Null, unknown()), entry(Value::Null, jobs()), (json!(false), jobs())),
        (
            entry(Value::Null, unknown()),
            entry(Value::Null, Value::Null),
            (Value::Null, Value::Null),
        ),
        (entry(Value::Null, json!([UNKNOWN])), entry(Value::Null, jobs()), (json!(false), jobs())),
        (entry(unknown(), jobs()), entry(Value::Null, jobs()), (json!(false), jobs())),
        (entry(json!(true), unknown()), entry(json!(true), Value::Null), (json!(true), json!([]))),
        (
            entry(json!(false), unknown()),
            entry(json!(false), Value::Null),
            (json!(false), json!([])),
        ),
        (entry(unknown(), unknown()), entry(Value::Null, Value::Null), (Value::Null, Value::Null)),
    ] {
        let kit = kit().await;
        let made =
            assert_resolves(&kit, ENTRY, &Stored::default(), planned.clone(), known.clone()).await;
        assert_eq!(
            (&made.state["default_permissions"], &made.state["job_token_policies"]),
            (&default, &policies)
        );

        // In place, too.
        let before =
            kit.create(ENTRY, json!({"project": "acme/app", "target_project": "acme/tool"})).await;
        let to_tool = |mut given: Value| {
            given["target_project"] = json!("acme/tool");
            given
        };
        kit.gitlab.clear_requests();
        let changed = assert_resolves(&kit, ENTRY, &before, to_tool(planned), to_tool(known)).await;
        assert_eq!(
            (&changed.state["default_permissions"], &changed.state["job_token_policies"]),
            (&default, &policies)
        );
    }
}
