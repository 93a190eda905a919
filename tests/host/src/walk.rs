//! The two walks of a run, with the calls that core makes for a resource instance. The plan walk
//! reads and plans. The apply walk, in another process, plans creates and updates again and
//! applies. Of a destroy it gets only the result of the plan walk, and it skips unchanged
//! resources. Private data is passed on as core does.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{Applied, Diagnostic, Error, Host, Launch, Plan, Planned, Severity, Shape, Stored};

/// A provider's process, configured for one walk.
#[derive(Debug)]
pub struct Walk {
    /// The process.
    pub host: Host,
    shapes: BTreeMap<String, Shape>,
}

/// The configuration of an instance.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The type of the resource.
    pub type_name: &'static str,
    /// The arguments; null for an instance that is only in the state and is destroyed.
    pub config: Value,
    /// Whether the user requests a replacement with `-replace`.
    pub replace: bool,
    /// Whether a replacement creates the new object first.
    pub create_before_destroy: bool,
}

/// An instance in a state.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Instance {
    /// The object as stored; a null state where there is none.
    pub stored: Stored,
    /// Whether the creation of the object failed halfway.
    pub tainted: bool,
}

/// The planned action for an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing: the apply walk skips it.
    Nothing,
    /// Creates an object.
    Create,
    /// Changes an object in place.
    Update,
    /// Destroys an object and creates another, in the configured order.
    Replace,
    /// Destroys an object.
    Destroy,
}

/// The plan for an instance.
#[derive(Clone, Debug)]
pub struct Change {
    /// The configuration.
    pub wanted: Wanted,
    /// The instance as the plan walk has read it.
    pub before: Instance,
    /// The effect.
    pub action: Action,
    /// The response to the last plan call; in a replacement, that for the new object.
    pub planned: Planned,
    /// The warnings that users see: of a replacement those of the first plan call.
    pub warnings: Vec<Diagnostic>,
}

/// The result of an apply for an instance.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The instance in the state; `None` if it was destroyed or never created.
    pub instance: Option<Instance>,
    /// The old object of a replacement that couldn't be destroyed.
    pub deposed: Option<Instance>,
    /// Warnings and errors.
    pub diagnostics: Vec<Diagnostic>,
}

impl Wanted {
    /// Creates a resource with these arguments.
    #[must_use]
    pub fn new(type_name: &'static str, config: Value) -> Self {
        Self { type_name, config, replace: false, create_before_destroy: false }
    }

    /// Creates a resource that is only in the state.
    #[must_use]
    pub fn gone(type_name: &'static str) -> Self {
        Self::new(type_name, Value::Null)
    }
}

impl Instance {
    fn of(applied: Applied) -> Self {
        let Applied { state, private, identity, .. } = applied;
        Self { stored: Stored { state: ordered(state), private, identity }, tainted: false }
    }
}

/// Every call returns the errors of [`Connection`](crate::Connection).
impl Walk {
    /// Starts the provider and configures it.
    ///
    /// # Errors
    ///
    /// As the calls, and with [`Error::Diagnostics`] if the provider rejects its configuration.
    pub async fn start(launch: &Launch, block: Value) -> Result<Self, Error> {
        let host = Host::start(launch).await?;
        let schema = host.schema().await?;
        let block = Shape::of(&schema.provider.unwrap_or_default()).complete(block);
        unless_failed(host.configure(block).await?)?;
        let shapes =
            schema.resource_schemas.iter().map(|(name, schema)| (name.clone(), Shape::of(schema)));
        Ok(Self { host, shapes: shapes.collect() })
    }

    /// Refreshes an instance. A deleted object keeps its private data.
    ///
    /// # Errors
    ///
    /// As the calls, and with [`Error::Diagnostics`] if the provider can't read it.
    pub async fn refresh(&self, type_name: &str, instance: &Instance) -> Result<Instance, Error> {
        let read = self.host.read(type_name, &instance.stored).await?;
        unless_failed(read.diagnostics)?;
        let stored =
            Stored { state: ordered(read.state), private: read.private, identity: read.identity };
        Ok(Instance { tainted: instance.tainted && !stored.state.is_null(), stored })
    }

    /// Plans an instance that was read, in the plan walk.
    ///
    /// # Errors
    ///
    /// As the calls, and with [`Error::Diagnostics`] if the provider can't plan it.
    pub async fn plan(&self, wanted: &Wanted, before: Instance) -> Result<Change, Error> {
        if wanted.config.is_null() {
            return self.plan_removal(wanted, before).await;
        }
        // A plan doesn't get a tainted object.
        let prior = if before.tainted { Stored::default() } else { before.stored.clone() };
        let mut planned = self.plan_once(wanted, &prior, &[]).await?;
        let warnings = planned.diagnostics.clone();
        let replaces = wanted.replace || replaces(&prior.state, &planned);
        let action = match (prior.state.is_null(), before.tainted) {
            (true, true) => Action::Replace,
            (true, false) => Action::Create,
            _ if replaces => {
                let anew = Stored {
                    state: Value::Null,
                    private: planned.private,
                    identity: planned.identity,
                };
                planned = self.plan_once(wanted, &anew, &[]).await?;
                Action::Replace
            }
            _ if prior.state == planned.state => Action::Nothing,
            _ => Action::Update,
        };
        Ok(Change { wanted: wanted.clone(), before, action, planned, warnings })
    }

    async fn plan_removal(&self, wanted: &Wanted, before: Instance) -> Result<Change, Error> {
        let (action, planned) = if before.stored.state.is_null() {
            (Action::Nothing, nothing(&before.stored))
        } else {
            (Action::Destroy, self.plan_once(wanted, &before.stored, &[]).await?)
        };
        let warnings = planned.diagnostics.clone();
        Ok(Change { wanted: wanted.clone(), before, action, planned, warnings })
    }

    /// Applies a change, in the apply walk.
    ///
    /// # Errors
    ///
    /// As the calls.
    pub async fn apply(&self, change: &Change) -> Result<Outcome, Error> {
        let before = change.before.clone();
        match change.action {
            Action::Nothing => Ok(Outcome {
                instance: Some(before).filter(|before| !before.stored.state.is_null()),
                ..Outcome::default()
            }),
            Action::Destroy => self.destroy(change).await,
            Action::Create | Action::Update => self.put(change).await,
            Action::Replace if change.wanted.create_before_destroy => {
                let created = self.put(change).await?;
                match created.instance {
                    // The deposed object becomes the current one again.
                    None => Ok(Outcome { instance: Some(before), ..created }),
                    Some(_) if failed(&created.diagnostics) => {
                        Ok(Outcome { deposed: Some(before), ..created })
                    }
                    Some(_) => {
                        let removed = self.destroy_deposed(change).await?;
                        let diagnostics = [created.diagnostics, removed.diagnostics].concat();
                        Ok(Outcome {
                            instance: created.instance,
                            deposed: removed.instance,
                            diagnostics,
                        })
                    }
                }
            }
            Action::Replace => {
                let destroyed = self.destroy(change).await?;
                if destroyed.instance.is_some() {
                    return Ok(destroyed);
                }
                let created = self.put(change).await?;
                let diagnostics = [destroyed.diagnostics, created.diagnostics].concat();
                Ok(Outcome { diagnostics, ..created })
            }
        }
    }

    /// Plans an object that is to be created or updated again, in the apply walk.
    ///
    /// # Errors
    ///
    /// As the calls, and with [`Error::Diagnostics`] if the provider returns an error.
    pub async fn plan_again(&self, change: &Change) -> Result<Planned, Error> {
        let first =
            if self.host.stores_planned_private { &change.planned.private[..] } else { &[] };
        self.plan_once(&change.wanted, &prior(change), first).await
    }

    /// Creates or updates an object as planned in the apply walk.
    ///
    /// # Errors
    ///
    /// As the calls.
    pub async fn put_as_planned(
        &self,
        change: &Change,
        planned: &Planned,
    ) -> Result<Outcome, Error> {
        let Wanted { type_name, config, .. } = &change.wanted;
        let prior = prior(change);
        let config = self.complete(type_name, config);
        let plan = Plan { prior: prior.state.clone(), config, ..Plan::default() };
        let applied = self.host.apply(type_name, &plan, planned).await?;
        let diagnostics = applied.diagnostics.clone();
        let failed = failed(&diagnostics);
        let instance = match (applied.state.is_null(), change.action) {
            (true, Action::Update) if failed => Some(change.before.clone()),
            (true, _) => None,
            (false, Action::Update) => Some(Instance::of(applied)),
            (false, _) => Some(Instance { tainted: failed, ..Instance::of(applied) }),
        };
        Ok(Outcome { instance, deposed: None, diagnostics })
    }

    async fn put(&self, change: &Change) -> Result<Outcome, Error> {
        match self.plan_again(change).await {
            Ok(planned) => self.put_as_planned(change, &planned).await,
            Err(Error::Diagnostics(diagnostics)) => {
                let instance = (change.action == Action::Update).then(|| change.before.clone());
                Ok(Outcome { instance, deposed: None, diagnostics })
            }
            Err(error) => Err(error),
        }
    }

    /// Destroys an object as planned in the plan walk.
    ///
    /// # Errors
    ///
    /// As the calls.
    pub async fn destroy(&self, change: &Change) -> Result<Outcome, Error> {
        self.destroy_with(change, change.planned.private.clone()).await
    }

    /// Destroys an object whose replacement has been created, which the apply walk plans again.
    async fn destroy_deposed(&self, change: &Change) -> Result<Outcome, Error> {
        let gone = Wanted::gone(change.wanted.type_name);
        match self.plan_once(&gone, &change.before.stored, &[]).await {
            Ok(planned) => self.destroy_with(change, planned.private).await,
            Err(Error::Diagnostics(diagnostics)) => {
                Ok(Outcome { instance: Some(change.before.clone()), deposed: None, diagnostics })
            }
            Err(error) => Err(error),
        }
    }

    async fn destroy_with(&self, change: &Change, private: Vec<u8>) -> Result<Outcome, Error> {
        let before = &change.before.stored;
        let plan = Plan { prior: before.state.clone(), ..Plan::default() };
        let planned = Planned { private, ..nothing(before) };
        let applied = self.host.apply(change.wanted.type_name, &plan, &planned).await?;
        let diagnostics = applied.diagnostics.clone();
        let instance = match (failed(&diagnostics), applied.state.is_null()) {
            (false, _) => None,
            (true, true) => Some(change.before.clone()),
            (true, false) => {
                Some(Instance { tainted: change.before.tainted, ..Instance::of(applied) })
            }
        };
        Ok(Outcome { instance, deposed: None, diagnostics })
    }

    async fn plan_once(
        &self,
        wanted: &Wanted,
        prior: &Stored,
        planned_private: &[u8],
    ) -> Result<Planned, Error> {
        let config = self.complete(wanted.type_name, &wanted.config);
        let proposed =
            self.shapes.get(wanted.type_name).map(|shape| shape.propose(&prior.state, &config));
        let plan = Plan {
            prior: prior.state.clone(),
            proposed: proposed.unwrap_or_default(),
            config,
            prior_private: prior.private.clone(),
            prior_identity: prior.identity.clone(),
            planned_private: planned_private.to_vec(),
        };
        let planned = self.host.plan(wanted.type_name, &plan).await?;
        unless_failed(planned.diagnostics.clone())?;
        Ok(Planned { state: ordered(planned.state), ..planned })
    }

    fn complete(&self, type_name: &str, given: &Value) -> Value {
        let given = ordered(given.clone());
        match self.shapes.get(type_name) {
            Some(shape) => shape.complete(given),
            None => given,
        }
    }
}

/// Returns the plan of a destroy.
fn nothing(before: &Stored) -> Planned {
    Planned {
        state: Value::Null,
        requires_replace: Vec::new(),
        private: before.private.clone(),
        identity: before.identity.clone(),
        deferred: None,
        diagnostics: Vec::new(),
    }
}

/// Returns the prior state of a create or update in the apply walk.
fn prior(change: &Change) -> Stored {
    if change.action == Action::Update { change.before.stored.clone() } else { Stored::default() }
}

/// Returns whether one of the diagnostics is an error.
#[must_use]
pub fn failed(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
}

fn unless_failed(diagnostics: Vec<Diagnostic>) -> Result<(), Error> {
    if failed(&diagnostics) { Err(Error::Diagnostics(diagnostics)) } else { Ok(()) }
}

fn replaces(prior: &Value, planned: &Planned) -> bool {
    planned.requires_replace.iter().any(|name| prior[name] != planned.state[name])
}

/// Sorts the elements of every set as core does. Every array is a set.
fn ordered(value: Value) -> Value {
    match value {
        Value::Array(elements) => {
            let mut elements: Vec<Value> = elements.into_iter().map(ordered).collect();
            elements.sort_by(|one, other| {
                let numbers = one.as_u64().cmp(&other.as_u64());
                numbers.then_with(|| one.as_str().cmp(&other.as_str()))
            });
            elements.into()
        }
        Value::Object(attributes) => {
            attributes.into_iter().map(|(name, value)| (name, ordered(value))).collect()
        }
        other => other,
    }
}
