//! Hosts that pass the first plan's private data to the plan of the apply, as Terraform does since
//! 1.16.

use gitlab_simulator::Target;
use plugin_host::wire::UNKNOWN;
use plugin_host::{Plan, Planned, Stored};
use serde_json::{Value, json};

use crate::kit::{ENTRY, EXCLUSIVE, Kit, SCOPE, only_error};

/// Projects 1 `acme/app`, 2 `acme/lib` and 3 `acme/tool`.
async fn kit() -> Kit {
    let mut kit = Kit::start().await;
    kit.host.connection.stores_planned_private = true;
    for path in ["acme/app", "acme/lib", "acme/tool"] {
        kit.gitlab.add_project(path);
    }
    kit.gitlab.clear_requests();
    kit
}

impl Kit {
    /// Plans in another walk, with the private data of the first plan if there was one.
    async fn plan_in_walk(
        &self,
        type_name: &'static str,
        before: &Stored,
        given: Value,
        first: Option<&Planned>,
    ) -> (Plan, Planned) {
        self.begin_walk().await;
        let config = self.config(type_name, given);
        let plan = Plan {
            prior: before.state.clone(),
            proposed: config.clone(),
            config,
            prior_private: before.private.clone(),
            planned_private: first.map(|first| first.private.clone()).unwrap_or_default(),
            ..Plan::default()
        };
        let planned = self.host.plan(type_name, &plan).await.unwrap();
        (plan, planned)
    }
}

#[tokio::test]
async fn path_that_changed_since_the_plan_is_an_error() {
    let given = [
        (SCOPE, json!({"project": "acme/lib"}), "acme/lib"),
        (ENTRY, json!({"project": "acme/app", "target_project": "acme/lib"}), "acme/lib"),
        (
            EXCLUSIVE,
            json!({"project": "acme/app", "target_projects": ["acme/lib"]}),
            "target_projects",
        ),
    ];
    for (type_name, given, changed) in given {
        let kit = kit().await;
        let (_, first) = kit.plan_in_walk(type_name, &Stored::default(), given.clone(), None).await;
        kit.gitlab.rename_project(2, "acme/library");
        kit.gitlab.add_project("acme/lib");
        let (_, again) = kit.plan_in_walk(type_name, &Stored::default(), given, Some(&first)).await;
        let error = only_error(&again.diagnostics);
        assert_eq!(error.summary, format!("Changed since the plan: {changed}"));
        assert!(error.detail.contains('2') && error.detail.contains('4'), "{error:#?}");
    }
}

#[tokio::test]
async fn path_that_is_gone_since_the_plan_is_an_error() {
    let kit = kit().await;
    let entry = json!({"project": "acme/app", "target_project": "acme/lib"});
    let list = json!({"project": "acme/app", "target_projects": ["acme/lib"]});
    let (_, first) = kit.plan_in_walk(ENTRY, &Stored::default(), entry.clone(), None).await;
    let (_, other) = kit.plan_in_walk(EXCLUSIVE, &Stored::default(), list.clone(), None).await;
    kit.gitlab.delete_project(2);
    let (_, again) = kit.plan_in_walk(ENTRY, &Stored::default(), entry, Some(&first)).await;
    let error = only_error(&again.diagnostics);
    assert_eq!(error.summary, "Changed since the plan: acme/lib");
    assert_eq!(
        error.detail,
        "`acme/lib` (`target_project`) has the ID 2 in the plan, but it isn't found now: it was \
         deleted, renamed or hidden from the token. Nothing was changed. Plan again."
    );

    let (_, again) = kit.plan_in_walk(EXCLUSIVE, &Stored::default(), list, Some(&other)).await;
    let error = only_error(&again.diagnostics);
    assert_eq!(error.summary, "Changed since the plan: target_projects");
    assert_eq!(
        error.detail,
        "These paths in `target_projects` were found for the plan, but aren't now \
         (deleted, renamed, or hidden from the token):\n\n  - acme/lib\n\nNothing was changed. \
         Plan again."
    );
}

#[tokio::test]
async fn only_the_first_plan_warns_of_an_adoption() {
    let kit = kit().await;
    kit.gitlab.allow(1, Target::Project(2));
    let given = json!({"project": "acme/app", "target_project": "acme/lib"});
    let (_, first) = kit.plan_in_walk(ENTRY, &Stored::default(), given.clone(), None).await;
    let [warning] = first.diagnostics.as_slice() else { panic!("{:#?}", first.diagnostics) };
    assert_eq!(warning.summary, "Entry already exists: acme/lib on acme/app");
    let (plan, again) = kit.plan_in_walk(ENTRY, &Stored::default(), given, Some(&first)).await;
    let applied = kit.host.apply(ENTRY, &plan, &again).await.unwrap();
    assert_eq!([again.diagnostics, applied.diagnostics].concat(), []);
}

#[tokio::test]
async fn plan_of_the_apply_repeats_no_warning() {
    let given = [
        (SCOPE, json!({"project": "acme/app"}), "Project acme/app (1) becomes restricted"),
        (
            SCOPE,
            json!({"project": "acme/lib", "inbound_enabled": false}),
            "Project acme/lib (2) opens to all job tokens",
        ),
        (
            EXCLUSIVE,
            json!({"project": "acme/app", "target_project_ids": []}),
            "Targets lose access to project acme/app (1)",
        ),
    ];
    for (type_name, given, title) in given {
        let kit = kit().await;
        kit.gitlab.set_inbound_enabled(1, false);
        kit.gitlab.allow(1, Target::Project(2));
        let (_, first) = kit.plan_in_walk(type_name, &Stored::default(), given.clone(), None).await;
        let titles: Vec<_> =
            first.diagnostics.iter().map(|warning| warning.summary.as_str()).collect();
        assert_eq!(titles, [title]);

        // Another resource of the apply has changed what the warning counts.
        kit.gitlab.allow(1, Target::Group(kit.gitlab.add_group("ops")));
        let (plan, again) =
            kit.plan_in_walk(type_name, &Stored::default(), given, Some(&first)).await;
        let applied = kit.host.apply(type_name, &plan, &again).await.unwrap();
        assert_eq!([again.diagnostics, applied.diagnostics].concat(), [], "{title}");
    }
}

#[tokio::test]
async fn create_removes_only_what_the_first_plan_has_named() {
    let kit = kit().await;
    kit.gitlab.allow(1, Target::Project(2));
    let given = json!({"project": "acme/app", "target_project_ids": []});
    let (_, first) = kit.plan_in_walk(EXCLUSIVE, &Stored::default(), given.clone(), None).await;
    kit.gitlab.allow(1, Target::Project(3));
    let (plan, again) =
        kit.plan_in_walk(EXCLUSIVE, &Stored::default(), given.clone(), Some(&first)).await;
    let applied = kit.host.apply(EXCLUSIVE, &plan, &again).await.unwrap();
    let error = only_error(&applied.diagnostics);
    assert!(
        error.detail.contains("project acme/tool (3)")
            && error.detail.contains("plan doesn't show"),
        "{error:#?}"
    );
    assert!(!error.detail.contains("acme/lib"), "{error:#?}");
    assert_eq!(applied.state, Value::Null);
    assert_eq!(kit.gitlab.allowlist(1).projects, [2, 3].into());

    kit.gitlab.revoke(1, Target::Project(3));
    let (plan, again) = kit.plan_in_walk(EXCLUSIVE, &Stored::default(), given, Some(&first)).await;
    let applied = kit.host.apply(EXCLUSIVE, &plan, &again).await.unwrap();
    assert_eq!(applied.diagnostics, []);
    assert!(kit.gitlab.allowlist(1).projects.is_empty());
}

#[tokio::test]
async fn unknown_project_that_is_another_one_is_an_error() {
    let other = [
        (
            SCOPE,
            json!({"project": "acme/app"}),
            json!({"project": UNKNOWN}),
            json!({"project": "acme/tool"}),
        ),
        (
            ENTRY,
            json!({"project": "acme/app", "target_project_id": 2}),
            json!({"project": UNKNOWN, "target_project_id": 2}),
            json!({"project": "acme/tool", "target_project_id": 2}),
        ),
        (
            EXCLUSIVE,
            json!({"project": "acme/app", "target_project_ids": [2]}),
            json!({"project": UNKNOWN, "target_project_ids": [2]}),
            json!({"project": "acme/tool", "target_project_ids": [2]}),
        ),
    ];
    for (type_name, before, unknown, known) in other {
        let kit = kit().await;
        let stored = kit.create(type_name, before).await;
        let (_, first) = kit.plan_in_walk(type_name, &stored, unknown, None).await;
        assert_eq!(first.requires_replace, [""; 0], "{type_name}");
        let (plan, again) = kit.plan_in_walk(type_name, &stored, known, Some(&first)).await;
        assert_eq!(again.requires_replace, [""; 0], "{type_name}");
        kit.gitlab.clear_requests();
        let applied = kit.host.apply(type_name, &plan, &again).await.unwrap();
        let error = only_error(&applied.diagnostics);
        assert!(error.summary.starts_with("Not planned: "), "{error:#?}");
        assert!(
            error.detail.contains("acme/app") && error.detail.contains("acme/tool"),
            "{error:#?}"
        );
        assert_eq!(kit.gitlab.requests().writes().to_string(), "", "{type_name}");
        assert_eq!(applied.state, stored.state);
    }
}
