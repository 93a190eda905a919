//! Two resources with the same entry or setting: removing one keeps what the other one manages.

use gitlab_simulator::Simulator;
use terraform_cli::{Run, Workspace};

use super::*;
use crate::kit::workspace;
use crate::needs::PLANNED_REMOVALS;
use crate::worlds::FOUR_PROJECTS;

/// The words by which a plan announces that it removes what another resource keeps.
const ADDED_BACK: &str = "next apply";

/// Two resources with the same object, of which one is removed.
struct Overlap {
    gitlab: Simulator,
    keeper: Block,
    removed: Block,
    /// The fact that the object is named.
    object: String,
    is_kept: Box<dyn Fn(&Simulator) -> bool>,
}

/// A resource type with arguments.
type Block = (&'static str, String);

impl Overlap {
    /// Returns an entry beside a list and an entry beside another entry, each with either one
    /// removed.
    fn of_targets(kind: Kind) -> Vec<Self> {
        let list = (LIST, kind.list(&[0, 1]));
        let by_path = (ENTRY, kind.entry(0));
        let by_id = (ENTRY, format!("{}_id = {}", kind.argument, kind.ids[0]));
        let pairs = [(&list, &by_path), (&by_path, &list), (&by_path, &by_id), (&by_id, &by_path)];
        let overlap = |(keeper, removed): (&Block, &Block)| {
            let left: &[usize] = if keeper.0 == LIST { &[0, 1] } else { &[0] };
            // A warning about the keeper has what its configuration has.
            let id = format!("{} {}", kind.noun(), kind.ids[0]);
            let named = kind.named(0);
            let object = if *keeper == by_id { format!("{named}|{id}") } else { named };
            Self {
                gitlab: kind.gitlab(&[]),
                keeper: keeper.clone(),
                removed: removed.clone(),
                object,
                is_kept: Box::new(move |gitlab| kind.allowed(gitlab) == left),
            }
        };
        pairs.map(overlap).into()
    }

    /// Scopes with equal settings, other than those that a removal restores.
    fn of_scopes() -> [Self; 2] {
        let open = Self::of_scope("inbound_enabled = false", |gitlab| !gitlab.inbound_enabled(APP));
        let pushing = Self::of_scope("push_repository_for_job_token_allowed = true", |gitlab| {
            gitlab.push_repository_for_job_token_allowed(APP)
        });
        [open, pushing]
    }

    fn of_scope(arguments: &str, is_kept: fn(&Simulator) -> bool) -> Self {
        let block = || (SCOPE, arguments.to_owned());
        let object = "project acme/app (1)".to_owned();
        Self {
            gitlab: FOUR_PROJECTS.start(),
            keeper: block(),
            removed: block(),
            object,
            is_kept: Box::new(is_kept),
        }
    }

    fn all() -> Vec<Self> {
        let scopes = Self::of_scopes().into_iter();
        scopes.chain(KINDS.into_iter().flat_map(Self::of_targets)).collect()
    }

    fn keeper(&self, order: &str) -> String {
        let (kind, arguments) = &self.keeper;
        resource(kind, "keeper", &format!("{arguments}{order}"))
    }

    fn removed(&self, more: &str) -> String {
        let (kind, arguments) = &self.removed;
        resource(kind, "removed", &format!("{more}\n{arguments}"))
    }

    /// Applies both, then the configuration without the one. Returns the plan's run and that of the
    /// apply.
    #[track_caller]
    fn remove(&self, both: &str, keeper_alone: &str) -> (Workspace, [Run; 2]) {
        let tf = workspace(&self.gitlab);
        tf.config(both);
        tf.apply().succeeds();
        tf.config(keeper_alone);
        let planned = tf.run(&["plan", "-json", "-input=false", "-out=saved.tfplan"]);
        planned.succeeds();
        let applied = tf.apply_saved();
        applied.succeeds();
        (tf, [planned, applied])
    }

    #[track_caller]
    fn assert_kept(&self, tf: &Workspace, [planned, applied]: &[Run; 2]) {
        assert!(
            (self.is_kept)(&self.gitlab),
            "{:?} beside {:?}\n{planned}",
            self.removed,
            self.keeper
        );
        assert_one_warns(&[planned, applied], &[KEPT, &self.object]);
        tf.plan().changes_nothing();
    }

    /// Does as [`Overlap::assert_kept`], or accepts a removal that the plan warned of and the next
    /// apply undoes.
    #[track_caller]
    fn assert_kept_or_announced(&self, tf: &Workspace, runs: &[Run; 2]) {
        if (self.is_kept)(&self.gitlab) {
            return self.assert_kept(tf, runs);
        }
        assert_warns(&runs[0], &[ADDED_BACK, &self.object]);
        tf.apply().succeeds();
        assert!((self.is_kept)(&self.gitlab));
        tf.plan().changes_nothing();
    }
}

#[test]
fn removal_keeps_entries_planned_before_it() {
    PLANNED_REMOVALS.require();
    for overlap in Overlap::all() {
        let order = after(&format!("{}.keeper", overlap.keeper.0));
        let [both, alone] = [1, 0].map(|count| {
            format!("{}{}", overlap.keeper(""), overlap.removed(&format!("count = {count}{order}")))
        });

        let (tf, runs) = overlap.remove(&both, &alone);

        overlap.assert_kept(&tf, &runs);
    }
}

/// The plan of a removal can't know of what is planned after it.
#[test]
fn removal_of_entries_planned_after_it_is_announced() {
    PLANNED_REMOVALS.require();
    for overlap in Overlap::all() {
        let keeper = overlap.keeper(&after(&format!("{}.removed", overlap.removed.0)));
        let [both, alone] =
            [1, 0].map(|count| format!("{keeper}{}", overlap.removed(&format!("count = {count}"))));

        let (tf, runs) = overlap.remove(&both, &alone);

        overlap.assert_kept_or_announced(&tf, &runs);
    }
}

/// Terraform plans a block that is gone in no order with the others.
#[test]
fn removed_block_keeps_or_announces_shared_entries() {
    PLANNED_REMOVALS.require();
    for overlap in Overlap::all() {
        let keeper = overlap.keeper("");

        let (tf, runs) = overlap.remove(&format!("{keeper}{}", overlap.removed("")), &keeper);

        overlap.assert_kept_or_announced(&tf, &runs);
    }
}

/// Two scopes that restrict the project to its allowlist, which is what a removal restores.
#[test]
fn removed_copy_of_a_scope_leaves_the_project_restricted() {
    let is_restricted: fn(&Simulator) -> bool = |gitlab| gitlab.inbound_enabled(APP);
    let overlap = Overlap::of_scope("inbound_enabled = true", is_restricted);
    overlap.gitlab.set_inbound_enabled(APP, false);
    let keeper = overlap.keeper("");

    let (tf, _) = overlap.remove(&format!("{keeper}{}", overlap.removed("")), &keeper);

    assert!((overlap.is_kept)(&overlap.gitlab));
    tf.plan().changes_nothing();
}

#[test]
fn two_entries_for_one_target_are_a_conflict() {
    for kind in KINDS {
        let gitlab = kind.gitlab(&[]);
        let tf = workspace(&gitlab);
        let by_id = format!("{}_id = {}", kind.argument, kind.ids[0]);
        tf.config(&format!("{}{}", entry("by_path", &kind.entry(0)), entry("by_id", &by_id)));

        assert_warns(tf.plan().succeeds().run(), &["conflict", &kind.named(0)]);
    }
}
