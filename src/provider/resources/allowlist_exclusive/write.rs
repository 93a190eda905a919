//! Writes an exclusive allowlist: reads what the server has, checks removals against the plan, and
//! locks each entry while it is written.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::change;
use super::claims::{self, Named};
use super::converge::{Entries, Writes, steps};
use super::kind::{Live, Managed};
use super::lists::{ByKind, removable};
use super::outcome::{Outcome, Refusal, Write};
use super::progress::Progress;
use super::{ExclusiveModel, unreadable};
use crate::framework::{Context, Diagnostic, Errors, InstanceId};
use crate::gitlab::{
    Allowed, Error, Freshness, GrantError, GroupId, Permissions, ProjectId, Target,
};
use crate::provider::connection::Connection;
use crate::provider::ledger::{Manager, Object, Value, WriteGuard};
use crate::provider::{claiming, conflicts};

/// Writes the managed kinds to the server. `prior` is the prior state, if it is for the same
/// project.
///
/// # Errors
///
/// Fails before the first write if a target would lose access that no plan has named, or if a write
/// would undo that of another resource. Otherwise returns all writes that failed.
pub(super) async fn converge(
    context: &Context<'_, Connection>,
    project_id: ProjectId,
    prior: Option<&ExclusiveModel>,
    wanted: &ExclusiveModel,
) -> Result<(), Errors> {
    let writer = Writer::new(context, project_id, wanted);
    let claim = claims::wanted(project_id, wanted, &writer.names, None);
    let ledger = &context.client.ledger;
    if let Some(instance) = context.private.instance() {
        ledger.claim(instance, Manager::Exclusive, BTreeSet::new(), claim.clone(), false);
    }
    let _allowlist = ledger.lock_allowlist(project_id).await;
    ledger.wait_for_writes(claim.objects().copied()).await;
    let kinds = async {
        Ok::<_, Error>(ByKind {
            projects: writer.writes_for::<ProjectId>(wanted).await?,
            groups: writer.writes_for::<GroupId>(wanted).await?,
        })
    };
    let ByKind { projects, groups } = kinds.await.map_err(|error| unreadable(wanted, &error))?;
    writer.check_named(prior, [&projects, &groups])?;
    let mut names: Named = projects.listed.into_iter().chain(groups.listed).collect();
    names.extend(writer.names.iter().map(|(target, name)| (*target, name.clone())));
    let steps = steps(projects.writes, groups.writes);
    writer.check_conflicts(&steps, &names)?;
    writer.carry_out(steps, names, |_| false).await
}

/// Removes all entries of a state, except for those that other resources of the run manage. Returns
/// false if GitLab returned 404 for the project, which means that its allowlist is gone, too.
///
/// # Errors
///
/// Returns all writes that failed.
pub(super) async fn remove_all(
    context: &Context<'_, Connection>,
    project_id: ProjectId,
    state: &ExclusiveModel,
) -> Result<bool, Errors> {
    let is_there = AtomicBool::new(true);
    let without_project = |error: &Error| {
        let gone = error.is_not_found();
        is_there.fetch_and(!gone, Ordering::Relaxed);
        gone
    };
    let writer = Writer::new(context, project_id, state);
    let managed = writer.names.keys().copied().map(Write::Destroy).collect();
    writer.carry_out([managed], writer.names.clone(), without_project).await?;
    Ok(is_there.into_inner())
}

/// The writes for one kind, and the display names of what is on the server.
#[derive(Default)]
struct KindWrites {
    writes: Writes,
    listed: Named,
}

/// What the writes to one allowlist share.
struct Writer<'a> {
    context: &'a Context<'a, Connection>,
    project_id: ProjectId,
    /// The display name of the project.
    project: String,
    own: Option<InstanceId>,
    names: Named,
    permissions: BTreeMap<Target, Permissions>,
}

impl<'a> Writer<'a> {
    fn new(
        context: &'a Context<'a, Connection>,
        project_id: ProjectId,
        list: &ExclusiveModel,
    ) -> Self {
        let own = context.private.instance_id();
        let (mut names, permissions) = (claims::named(list), claims::permissions(list));
        for (target, name) in &mut names {
            // The plan of this run or another resource may know the path.
            let object = Object::Entry(project_id, *target);
            *name = conflicts::named(&context.client.ledger, object, std::mem::take(name));
        }
        Self { context, project_id, project: change::project_name(list), own, names, permissions }
    }

    async fn writes_for<I: Managed>(&self, wanted: &ExclusiveModel) -> Result<KindWrites, Error> {
        let side = I::side(wanted);
        if side.is_managed() != Some(true) {
            return Ok(KindWrites::default());
        }
        // The reading of the plan in this step, so that exactly the targets that it named are
        // removed. An older one might miss targets that were added since, and they would keep
        // access.
        let gitlab = &self.context.client.gitlab;
        let list = gitlab.allowlist(self.project_id, I::KIND, Freshness::Recent).await?;
        let permissions = match side.is_map() {
            true => Some(gitlab.permissions(self.project_id, Freshness::Recent).await?),
            false => None,
        };
        let live = Live::<I>::of(&list, permissions.as_deref());
        let named = |id: &I| {
            let target = (*id).into();
            let object = Object::Entry(self.project_id, target);
            (target, conflicts::named(&self.context.client.ledger, object, live.describe(*id)))
        };
        let listed: Named = live.0.keys().map(named).collect();
        let held = |target| Some(permissions.as_ref()?.get(target)?.permissions.clone());
        let wanted: Entries = side
            .ids::<I>()
            .map(|id| (id.into(), self.permissions.get(&id.into()).cloned()))
            .collect();
        let live: Entries = listed.keys().map(|target| (*target, held(*target))).collect();
        Ok(KindWrites { writes: Writes::new(&live, &wanted), listed })
    }

    /// Checks that a plan has named all targets that lose access. Removing targets that this run
    /// has added is a conflict, which has its own message.
    fn check_named(
        &self,
        prior: Option<&ExclusiveModel>,
        kinds: [&KindWrites; 2],
    ) -> Result<(), Diagnostic> {
        let removable = removable(self.context.private, prior);
        let is_named = |target: &Target| {
            removable.get(&target.kind()).is_none_or(|named| named.contains(&target.id()))
        };
        let was_added = |target: &Target| {
            self.own.is_some_and(|own| {
                self.context.client.ledger.was_added(Object::Entry(self.project_id, *target), own)
            })
        };
        let unplanned = |kind: &KindWrites| {
            let lost =
                kind.writes.removed().filter(|target| !is_named(target) && !was_added(target));
            lost.filter_map(|target| Some(format!("  - {}", kind.listed.get(&target)?)))
                .collect::<Vec<_>>()
        };
        let unnamed: Vec<String> = kinds.into_iter().flat_map(unplanned).collect();
        if unnamed.is_empty() {
            return Ok(());
        }
        Err(Diagnostic::new(
            format!("Unplanned removal from project {}", self.project),
            format!(
                "Applying this would remove these from the allowlist of project {}, which the plan \
                 doesn't show:\n\n{}\n\nNothing was changed. Plan again (without \
                 `-refresh=false`): the next plan names them.",
                self.project,
                unnamed.join("\n")
            ),
        ))
    }

    /// Checks that no write undoes one of another resource. A conflict with a write that comes
    /// later is found when the object is locked.
    fn check_conflicts(&self, steps: &[Vec<Write>], names: &Named) -> Result<(), Errors> {
        let Some(own) = self.own else { return Ok(()) };
        let undone = steps.iter().flatten().filter_map(|write| {
            let target = write.target();
            let object = Object::Entry(self.project_id, target);
            let by = self.context.client.ledger.undoes(own, object, &self.value(*write))?;
            Some((names.get(&target).cloned().unwrap_or_else(|| target.to_string()), by))
        });
        let undone = undone.collect();
        Errors::check(conflicts::would_undo_all(
            &undone,
            &self.project,
            "This resource changed nothing.",
        ))
    }

    /// Returns the value that the write sets.
    fn value(&self, write: Write) -> Value {
        match write {
            Write::Add(target) | Write::Permit(target) => {
                Value::Entry(self.permissions.get(&target).cloned())
            }
            Write::Remove(_) | Write::Destroy(_) => Value::Default,
        }
    }

    /// Makes all writes of a step concurrently. All are made even if some fail.
    async fn carry_out<const STEPS: usize>(
        &self,
        steps: [Vec<Write>; STEPS],
        names: Named,
        is_success: impl Fn(&Error) -> bool + Sync,
    ) -> Result<(), Errors> {
        let mut outcome = Outcome::of(&self.project, names);
        for step in steps {
            let mut progress = Progress::of(self.project_id, &step);
            let mut in_flight: FuturesUnordered<_> = step
                .into_iter()
                .map(|write| async move { (write, self.write(write).await) })
                .collect();
            while let Some((write, result)) = in_flight.next().await {
                let result = match result {
                    Err(Refusal::GitLab(error)) if is_success(&error) => Ok(()),
                    result => result,
                };
                progress.note(result.is_ok());
                outcome.note(write, result);
            }
        }
        let left = outcome.left();
        if !left.is_empty() {
            self.context.warnings.add(conflicts::entries_left(&left, &self.project));
        }
        outcome.into_result()
    }

    async fn write(&self, write: Write) -> Result<(), Refusal> {
        let Connection { gitlab, ledger, .. } = self.context.client;
        let object = Object::Entry(self.project_id, write.target());
        let guard = ledger.lock(object).await;
        match write {
            Write::Add(target) => self.add(&guard, target).await?,
            Write::Permit(target) => self.permit(&guard, target).await?,
            Write::Remove(target) => {
                self.check_conflict(&guard, &self.value(write))?;
                gitlab.revoke(self.project_id, target).await?;
                guard.wrote(self.own, Value::Default);
            }
            Write::Destroy(target) => {
                if claiming::leave(self.context, &guard) {
                    return Err(Refusal::Left);
                }
                gitlab.revoke(self.project_id, target).await?;
                guard.wrote(self.own, Value::Default);
            }
        }
        Ok(())
    }

    async fn add(&self, guard: &WriteGuard<'_>, target: Target) -> Result<(), Refusal> {
        let Connection { gitlab, ledger, .. } = self.context.client;
        let permissions = self.permissions.get(&target);
        let value = Value::Entry(permissions.cloned());
        self.check_conflict(guard, &value)?;
        let allowed = match permissions {
            None if self
                .own
                .is_some_and(|own| ledger.is_restricted_by_another(guard.object(), own)) =>
            {
                return Ok(());
            }
            None => gitlab.allow(self.project_id, target).await.map_err(GrantError::from),
            Some(permissions) => gitlab
                .allow_with(self.project_id, target, permissions)
                .await
                .map(|granted| granted.allowed),
        };
        match allowed {
            Ok(Allowed::AlreadyExists { .. }) if permissions.is_none() => Ok(()),
            Ok(_) => {
                guard.wrote(self.own, value);
                Ok(())
            }
            Err(failed) => {
                if failed.error.is_unresolved() || failed.left.is_some() {
                    guard.wrote(self.own, value);
                }
                Err(failed.into())
            }
        }
    }

    async fn permit(&self, guard: &WriteGuard<'_>, target: Target) -> Result<(), Refusal> {
        let Some(permissions) = self.permissions.get(&target) else { return Ok(()) };
        let value = Value::Entry(Some(permissions.clone()));
        self.check_conflict(guard, &value)?;
        self.context.client.gitlab.set_permissions(self.project_id, target, permissions).await?;
        guard.wrote(self.own, value);
        Ok(())
    }

    fn check_conflict(&self, guard: &WriteGuard<'_>, value: &Value) -> Result<(), Refusal> {
        match self.own.and_then(|own| guard.undoes(own, value)) {
            Some(by) => Err(Refusal::Undoes(by)),
            None => Ok(()),
        }
    }
}
