//! Two resources that manage one object, of which one is removed or replaced: the other one keeps
//! the object.

use super::*;

/// Two resources that manage one object, of which the second is removed or replaced.
struct Pair {
    kept: Configuration,
    removed: Configuration,
}

fn pairs() -> Vec<Pair> {
    let by_id = |name: &str| {
        let entry = Wanted::new(ENTRY, json!({"project": "1", "target_project_id": 2}));
        Configuration::from([(name.to_owned(), entry)])
    };
    let pair = |kept, removed| Pair { kept, removed };
    vec![
        pair(by_id("kept"), entries("removed", 1)),
        pair(by_id("kept"), list("removed", 1)),
        pair(list("kept", 1), entries("removed", 1)),
        pair(list("kept", 1), list("removed", 1)),
        pair(open("kept", 1), open("removed", 1)),
        pair(push("kept", 1), push("removed", 1)),
    ]
}

/// The order of the pair's calls in the plan walk.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Walked {
    ReadBefore,
    PlannedBefore,
    After,
}

impl Pair {
    /// Establishes both. Returns the server, and their instances.
    async fn established(&self) -> (Simulator, Instance, Instance) {
        let gitlab = gitlab(1);
        let kept = establish(&gitlab, &self.kept).await.into_values().next().unwrap();
        let removed = establish(&gitlab, &self.removed).await.into_values().next().unwrap();
        (gitlab, kept, removed)
    }

    fn kept(&self) -> &Wanted {
        self.kept.values().next().unwrap()
    }

    fn removed_type(&self) -> &'static str {
        self.removed.values().next().unwrap().type_name
    }

    fn gone(&self) -> Wanted {
        Wanted::gone(self.removed_type())
    }

    /// Plans both. Returns the plan for the one that is kept, and that for the other.
    async fn plan(
        &self,
        walk: &Walk,
        kept: &Instance,
        (removed, then): (&Instance, &Wanted),
        walked: Walked,
    ) -> Result<(Change, Change), Error> {
        let wanted = self.kept();
        let plan_kept =
            async || walk.plan(wanted, walk.refresh(wanted.type_name, kept).await?).await;
        let plan_removed =
            async || walk.plan(then, walk.refresh(then.type_name, removed).await?).await;
        Ok(match walked {
            Walked::ReadBefore => {
                let read = walk.refresh(wanted.type_name, kept).await?;
                let removal = plan_removed().await?;
                (walk.plan(wanted, read).await?, removal)
            }
            Walked::PlannedBefore => (plan_kept().await?, plan_removed().await?),
            Walked::After => {
                let removal = plan_removed().await?;
                (plan_kept().await?, removal)
            }
        })
    }
}

#[tokio::test]
async fn unchanged_keeper_keeps_its_object() {
    for walked in [Walked::ReadBefore, Walked::PlannedBefore] {
        for pair in pairs() {
            let (gitlab, kept, removed) = pair.established().await;
            let held = Server::of(&gitlab, 1);
            let (keeper, removal) = pair
                .plan(&start(&gitlab).await, &kept, (&removed, &pair.gone()), walked)
                .await
                .unwrap();
            assert_eq!((keeper.action, removal.action), (Action::Nothing, Action::Destroy));
            let outcome = start(&gitlab).await.apply(&removal).await.unwrap();
            assert!(!failed(&outcome.diagnostics), "{:#?}", outcome.diagnostics);
            assert_eq!(outcome.instance, None);
            let which = (walked, pair.kept(), &pair.removed);
            assert_eq!(Server::of(&gitlab, 1), held, "{which:#?}");
        }
    }
}

/// The keeper wasn't known when the removal was planned, so its own plan warns.
#[tokio::test]
async fn later_keeper_is_warned_or_keeps_its_object() {
    for pair in pairs() {
        let (gitlab, kept, removed) = pair.established().await;
        let held = Server::of(&gitlab, 1);
        let walk = start(&gitlab).await;
        let (keeper, removal) =
            pair.plan(&walk, &kept, (&removed, &pair.gone()), Walked::After).await.unwrap();
        let outcome = start(&gitlab).await.apply(&removal).await.unwrap();
        assert!(!failed(&outcome.diagnostics), "{:#?}", outcome.diagnostics);
        if Server::of(&gitlab, 1) == held {
            continue;
        }
        let warned = keeper
            .warnings
            .iter()
            .any(|warning| names(&format!("{} {}", warning.summary, warning.detail), 2));
        assert!(warned, "{:?}: {:#?}", pair.removed, keeper.warnings);

        // The next apply adds it back.
        let walk = start(&gitlab).await;
        let read = walk.refresh(pair.kept().type_name, &kept).await.unwrap();
        let again = walk.plan(pair.kept(), read).await.unwrap();
        let outcome = start(&gitlab).await.apply(&again).await.unwrap();
        assert!(!failed(&outcome.diagnostics), "{:#?}", outcome.diagnostics);
        assert_eq!(Server::of(&gitlab, 1), held);
    }
}

/// The apply calls a keeper that changes: it adds the object back even if the removal began
/// earlier.
#[tokio::test]
async fn keeper_that_changes_keeps_its_object() {
    for mut pair in pairs() {
        let (gitlab, kept, removed) = pair.established().await;
        let held = Server::of(&gitlab, 1);
        for wanted in pair.kept.values_mut() {
            let is_by_id = wanted.config["project"] != "acme/app" && wanted.type_name != SCOPE;
            wanted.config["project"] = if is_by_id { "acme/app".into() } else { path(2).into() };
        }
        let (walk, gone) = (start(&gitlab).await, pair.gone());
        let (keeper, removal) =
            pair.plan(&walk, &kept, (&removed, &gone), Walked::After).await.unwrap();
        assert_eq!((keeper.action, removal.action), (Action::Update, Action::Destroy));
        let changes = [removal, keeper];
        for order in EVERY_ORDER {
            held.restore(&gitlab);
            for outcome in apply(&start(&gitlab).await, &gitlab, &changes, order).await {
                assert!(!failed(&outcome.diagnostics), "{order:?}: {:#?}", outcome.diagnostics);
            }
            assert_eq!(
                Server::of(&gitlab, 1),
                held,
                "{order:?}: {:#?}, {:#?}",
                pair.kept(),
                pair.removed
            );
        }
    }
}

/// Returns the pairs whose second manager is an entry, and that entry with another target.
fn moving() -> (Vec<Pair>, Wanted) {
    let pairs = pairs().into_iter().filter(|pair| pair.removed_type() == ENTRY).collect();
    (pairs, Wanted::new(ENTRY, json!({"project": "1", "target_group": "acme"})))
}

#[tokio::test]
async fn replacement_leaves_what_an_unchanged_keeper_has() {
    let (pairs, elsewhere) = moving();
    for pair in pairs {
        for walked in [Walked::ReadBefore, Walked::PlannedBefore] {
            let (gitlab, kept, moving) = pair.established().await;
            let walk = start(&gitlab).await;
            let (_, change) = pair.plan(&walk, &kept, (&moving, &elsewhere), walked).await.unwrap();
            assert_eq!(change.action, Action::Replace);
            let outcome = start(&gitlab).await.apply(&change).await.unwrap();
            assert!(!failed(&outcome.diagnostics), "{:#?}", outcome.diagnostics);
            assert_eq!(gitlab.allowlist(APP).projects, [2].into(), "{:#?}", pair.kept());
        }
    }
}

/// With `create_before_destroy`, a host plans the removal of the old object again in the apply
/// walk, which doesn't know the keeper. Hosts that pass on the first plan's data include it; with
/// others, a plan can only warn.
#[tokio::test]
async fn deposed_object_stays_with_its_keeper() {
    let (pairs, elsewhere) = moving();
    let elsewhere = Wanted { create_before_destroy: true, ..elsewhere };
    for pair in pairs {
        for (walked, hands_on) in [
            (Walked::ReadBefore, true),
            (Walked::PlannedBefore, true),
            (Walked::ReadBefore, false),
            (Walked::PlannedBefore, false),
            (Walked::After, false),
        ] {
            let (gitlab, kept, moving) = pair.established().await;
            let mut walk = start(&gitlab).await;
            walk.host.connection.stores_planned_private = hands_on;
            let (keeper, change) =
                pair.plan(&walk, &kept, (&moving, &elsewhere), walked).await.unwrap();
            let mut walk = start(&gitlab).await;
            walk.host.connection.stores_planned_private = hands_on;
            let outcome = walk.apply(&change).await.unwrap();
            assert!(!failed(&outcome.diagnostics), "{:#?}", outcome.diagnostics);
            let warnings = [keeper.warnings, change.warnings].concat();
            let is_warned = !hands_on && warnings.iter().any(|warning| names(&warning.detail, 2));
            let is_kept = gitlab.allowlist(APP).projects == [2].into();
            assert!(
                is_kept || is_warned,
                "{:#?}, {walked:?}, {hands_on}: {warnings:#?}",
                pair.kept()
            );
        }
    }
}

#[tokio::test]
async fn last_of_two_managers_removes_the_object() {
    for pair in pairs() {
        for swapped in [false, true] {
            let (gitlab, one, other) = pair.established().await;
            let (one_gone, other_gone) = (Wanted::gone(pair.kept().type_name), pair.gone());
            let walk = start(&gitlab).await;
            let (one, other) = tokio::join!(
                walk.refresh(one_gone.type_name, &one),
                walk.refresh(other_gone.type_name, &other)
            );
            let one = walk.plan(&one_gone, one.unwrap()).await.unwrap();
            let other = walk.plan(&other_gone, other.unwrap()).await.unwrap();
            let removals = if swapped { [&other, &one] } else { [&one, &other] };
            let walk = start(&gitlab).await;
            for removal in removals {
                let outcome = walk.destroy(removal).await.unwrap();
                assert!(!failed(&outcome.diagnostics), "{:#?}", outcome.diagnostics);
            }
            let nothing =
                Server { allowed: BTreeMap::new(), settings: [(2, (true, false))].into() };
            assert_eq!(Server::of(&gitlab, 1), nothing, "{:#?}", (pair.kept(), &pair.removed));
        }
    }
}
