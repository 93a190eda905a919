//! The life cycle of a resource: planned, planned again with known values, applied and read, with
//! every response checked.

use plugin_host::{Diagnostic, Plan, Planned, Stored};
use serde_json::Value;

use super::{Kit, failed, is_wholly_known};

/// The action of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Create,
    Update,
    Replace,
    Nothing,
}

/// A change that was planned.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    type_name: &'static str,
    before: Stored,
    pub(crate) action: Action,
    /// The plan that is applied; in a replacement that of the new object.
    pub(crate) planned: Planned,
    config: Value,
}

impl Step {
    /// Returns the planned value of an attribute.
    pub(crate) fn value(&self, attribute: &str) -> &Value {
        &self.planned.state[attribute]
    }
}

impl Kit {
    /// Plans a change, which must succeed.
    pub(crate) async fn plan(
        &self,
        type_name: &'static str,
        before: &Stored,
        given: Value,
    ) -> Step {
        self.try_plan(type_name, before, given)
            .await
            .unwrap_or_else(|diagnostics| panic!("no plan: {diagnostics:#?}"))
    }

    /// Plans a change, which may fail.
    pub(crate) async fn try_plan(
        &self,
        type_name: &'static str,
        before: &Stored,
        given: Value,
    ) -> Result<Step, Vec<Diagnostic>> {
        let config = self.config(type_name, given);
        let planned = self.plan_once(type_name, before, &config).await?;
        let action = match (before.state.is_null(), planned.requires_replace.is_empty()) {
            (true, _) => Action::Create,
            (false, false) => Action::Replace,
            (false, true) if self.rules(type_name).same(&before.state, &planned.state) => {
                Action::Nothing
            }
            (false, true) => Action::Update,
        };
        let planned = if action == Action::Replace {
            let anew =
                Stored { state: Value::Null, private: planned.private, identity: planned.identity };
            self.plan_once(type_name, &anew, &config).await?
        } else {
            planned
        };
        Ok(Step { type_name, before: before.clone(), action, planned, config })
    }

    async fn plan_once(
        &self,
        type_name: &str,
        before: &Stored,
        config: &Value,
    ) -> Result<Planned, Vec<Diagnostic>> {
        let managed = self.managed(type_name);
        let plan = Plan {
            prior: before.state.clone(),
            proposed: managed.shape.propose(&before.state, config),
            config: config.clone(),
            prior_private: before.private.clone(),
            prior_identity: before.identity.clone(),
            ..Plan::default()
        };
        let mut planned = self.host.plan(type_name, &plan).await.unwrap();
        if failed(&planned.diagnostics) {
            return Err(planned.diagnostics);
        }
        assert_eq!(
            managed.rules.plan(&before.state, config, &planned.state),
            [""; 0],
            "invalid plan"
        );
        for attribute in &planned.requires_replace {
            let (was, is) = (&before.state[attribute], &planned.state[attribute]);
            assert_ne!(was, is, "{attribute} does not change");
            assert!(planned.state.get(attribute).is_some(), "{attribute} isn't an attribute");
        }
        let in_place = !before.state.is_null() && planned.requires_replace.is_empty();
        match &planned.identity {
            Some(identity) => {
                self.assert_identity(type_name, identity);
                // Terraform can't show, and OpenTofu can't save, a plan with an unknown value here.
                assert!(is_wholly_known(identity), "{identity} is planned");
                if in_place && before.identity.is_some() {
                    assert_eq!(planned.identity, before.identity, "the identity changed");
                }
            }
            None => {
                assert!(
                    !is_wholly_known(&planned.state),
                    "no identity is planned beside {}",
                    planned.state
                )
            }
        }
        if !self.keeps_identities {
            planned.identity = None;
        }
        Ok(planned)
    }

    /// Applies a change without unknown values in its configuration.
    pub(crate) async fn apply(&self, step: &Step) -> Stored {
        let config = step.config.clone();
        self.apply_with(step, config).await.0
    }

    /// Applies a change with the configuration that is known by then. Returns the warnings, too.
    pub(crate) async fn apply_with(&self, step: &Step, known: Value) -> (Stored, Vec<Diagnostic>) {
        let known = self.config(step.type_name, known);
        assert!(is_wholly_known(&known), "a host applies only what it knows: {known}");
        let before = match step.action {
            Action::Nothing => return (step.before.clone(), Vec::new()),
            Action::Replace => {
                self.destroy(step.type_name, &step.before).await;
                Stored { identity: step.planned.identity.clone(), ..Stored::default() }
            }
            Action::Create | Action::Update => step.before.clone(),
        };
        let rules = self.rules(step.type_name);
        self.begin_walk().await;
        let final_plan = self
            .plan_once(step.type_name, &before, &known)
            .await
            .unwrap_or_else(|diagnostics| panic!("no final plan: {diagnostics:#?}"));
        assert_eq!(final_plan.deferred, None, "deferred during apply");
        assert_eq!(
            rules.kept(&step.planned.state, &final_plan.state),
            [""; 0],
            "inconsistent final plan"
        );
        if step.action == Action::Update {
            assert_eq!(final_plan.requires_replace, [""; 0], "the planned action changed");
            if rules.same(&before.state, &final_plan.state) {
                return (before, Vec::new());
            }
        }
        let plan = Plan { prior: before.state.clone(), config: known, ..Plan::default() };
        let applied = self.host.apply(step.type_name, &plan, &final_plan).await.unwrap();
        assert!(!failed(&applied.diagnostics), "{:#?}", applied.diagnostics);
        assert_eq!(rules.storable(&applied.state), [""; 0], "invalid result object");
        assert_eq!(
            rules.kept(&final_plan.state, &applied.state),
            [""; 0],
            "inconsistent result after apply"
        );
        let stored = Stored {
            state: applied.state,
            private: applied.private,
            identity: self.kept_identity(step.type_name, applied.identity),
        };
        if let (Some(planned), Some(identity)) = (&final_plan.identity, &stored.identity)
            && is_wholly_known(planned)
        {
            assert_eq!(planned, identity, "the identity changed");
        }
        (stored, applied.diagnostics)
    }

    /// Creates a resource whose configuration is known.
    pub(crate) async fn create(&self, type_name: &'static str, given: Value) -> Stored {
        let step = self.plan(type_name, &Stored::default(), given).await;
        assert_eq!(step.action, Action::Create);
        self.apply(&step).await
    }

    /// Plans and applies a removal.
    pub(crate) async fn destroy(&self, type_name: &str, before: &Stored) {
        let plan = Plan {
            prior: before.state.clone(),
            prior_private: before.private.clone(),
            prior_identity: before.identity.clone(),
            ..Plan::default()
        };
        self.begin_walk().await;
        let planned = self.host.plan(type_name, &plan).await.unwrap();
        assert_eq!((&planned.state, &planned.diagnostics[..]), (&Value::Null, &[][..]));
        assert_eq!(planned.identity, before.identity);
        self.begin_walk().await;
        let applied = self.host.apply(type_name, &plan, &planned).await.unwrap();
        assert_eq!((applied.state, &applied.diagnostics[..]), (Value::Null, &[][..]));
    }

    /// Reads a resource; none if it is gone.
    pub(crate) async fn refresh(&self, type_name: &str, stored: &Stored) -> Option<Stored> {
        let read = self.host.read(type_name, stored).await.unwrap();
        assert!(!failed(&read.diagnostics), "{:#?}", read.diagnostics);
        if read.state.is_null() {
            return None;
        }
        assert_eq!(read.diagnostics, []);
        assert_eq!(self.rules(type_name).storable(&read.state), [""; 0], "invalid object");
        let identity = self.kept_identity(type_name, read.identity);
        if stored.identity.is_some() {
            assert_eq!(identity, stored.identity, "the identity changed");
        }
        Some(Stored { state: read.state, private: read.private, identity })
    }

    /// Panics unless reading and planning find no change. Returns the read state.
    pub(crate) async fn assert_clean(
        &self,
        type_name: &'static str,
        stored: &Stored,
        given: Value,
    ) -> Stored {
        let read = self.refresh(type_name, stored).await.expect("it is gone");
        let step = self.plan(type_name, &read, given).await;
        assert_eq!(
            step.action,
            Action::Nothing,
            "{:#?} becomes {:#?}",
            read.state,
            step.planned.state
        );
        assert_eq!(step.planned.diagnostics, []);
        read
    }

    /// Imports an object by ID, and reads it as hosts always do.
    pub(crate) async fn import_by_id(&self, type_name: &str, id: &str) -> Stored {
        let imported = self.host.import(type_name, id).await.unwrap();
        self.imported(type_name, imported).await
    }

    /// Imports an object by identity, and reads it.
    pub(crate) async fn import_by(&self, type_name: &str, identity: &Value) -> Stored {
        let imported = self.host.import_by_identity(type_name, identity).await.unwrap();
        assert_eq!(imported.resources[0].stored.identity.as_ref(), Some(identity));
        self.imported(type_name, imported).await
    }

    async fn imported(&self, type_name: &str, imported: plugin_host::Imported) -> Stored {
        assert_eq!((imported.diagnostics, imported.deferred), (Vec::new(), None));
        let [resource] = &imported.resources[..] else {
            panic!("not one: {:#?}", imported.resources)
        };
        assert_eq!(resource.type_name, type_name);
        assert_eq!(self.rules(type_name).storable(&resource.stored.state), [""; 0]);
        let identity = self.kept_identity(type_name, resource.stored.identity.clone());
        let stored = Stored { identity, ..resource.stored.clone() };
        let read = self.refresh(type_name, &stored).await;
        read.expect("what was imported is there")
    }

    /// Returns the provider's identity, or none if this host doesn't support identities.
    fn kept_identity(&self, type_name: &str, identity: Option<Value>) -> Option<Value> {
        let identity = identity.expect("an identity beside every state");
        assert!(is_wholly_known(&identity), "{identity} is not wholly known");
        self.assert_identity(type_name, &identity);
        self.keeps_identities.then_some(identity)
    }

    fn assert_identity(&self, type_name: &str, identity: &Value) {
        let schema = &self.managed(type_name).identity;
        let values = identity.as_object().expect("an identity is an object");
        assert_eq!(values.len(), schema.len(), "{identity}");
        for (name, ty) in schema {
            assert!(values.get(name).is_some_and(|value| ty.admits(value)), "{name} in {identity}");
        }
    }
}
