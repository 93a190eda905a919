//! The configuration that the latest ConfigureProvider on a connection made. A process that hosts
//! attach to serves several connections, one for each provider block of each run, so none of it may
//! be shared between them.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use tokio_util::sync::CancellationToken;

use super::Calls;
use crate::framework::diagnostics::{Causes, Diagnostic, Errors};

/// The configuration of one connection. Clones share it, and it goes away with the last of them.
pub struct Session<C> {
    state: Arc<RwLock<State<C>>>,
    causes: Arc<Causes>,
}

struct State<C> {
    configuration: Configuration<C>,
    /// Cancelled by an interrupt. Each configuration has a child of it, from the moment that it
    /// begins.
    stopped: Option<CancellationToken>,
}

pub(super) enum Configuration<C> {
    Missing,
    /// Configured with something that only a later apply will know.
    Unknown,
    Ready(Arc<C>),
}

impl<C> Session<C> {
    pub(super) fn configuration(&self) -> Configuration<C> {
        self.read().configuration.clone()
    }

    pub(super) fn configured(&self, configuration: Configuration<C>) {
        self.write().configuration = configuration;
    }

    /// Returns what the next interrupt cancels, or the end of all `calls`, in a configuration that
    /// begins now. An earlier interrupt is over: the host goes on.
    pub(super) fn begin(&self, calls: &Calls) -> CancellationToken {
        self.causes.clear();
        let stopped = &mut self.write().stopped;
        let current = stopped.take().filter(|stopped| !stopped.is_cancelled());
        stopped.insert(current.unwrap_or_else(|| calls.stop_token())).child_token()
    }

    pub(super) fn stop(&self) {
        if let Some(stopped) = &self.read().stopped {
            stopped.cancel();
        }
    }

    /// Returns the client for an operation that can't do without it.
    ///
    /// # Errors
    ///
    /// As long as the provider is not configured, or not with known values.
    pub(super) fn client(&self) -> Result<Arc<C>, Errors> {
        match self.configuration() {
            Configuration::Ready(client) => Ok(client),
            Configuration::Unknown => Err(Diagnostic::new(
                "Provider configuration isn't known yet",
                "The provider block depends on values that are known only after apply, so nothing \
                 can be read from the server. Apply the resources that these values come from \
                 first, for example with `-target`.",
            )
            .into()),
            Configuration::Missing => Err(Diagnostic::defect(
                "Provider is not configured",
                "Terraform requested an operation before it configured the provider.",
            )
            .into()),
        }
    }

    /// Returns the causes that the messages of this configuration have told.
    pub(super) fn causes(&self) -> &Arc<Causes> {
        &self.causes
    }

    fn read(&self) -> RwLockReadGuard<'_, State<C>> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State<C>> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C> Default for Session<C> {
    fn default() -> Self {
        let state = State { configuration: Configuration::Missing, stopped: None };
        Self { state: Arc::new(RwLock::new(state)), causes: Arc::default() }
    }
}

impl<C> Clone for Session<C> {
    fn clone(&self) -> Self {
        Self { state: Arc::clone(&self.state), causes: Arc::clone(&self.causes) }
    }
}

impl<C> Clone for Configuration<C> {
    fn clone(&self) -> Self {
        match self {
            Self::Missing => Self::Missing,
            Self::Unknown => Self::Unknown,
            Self::Ready(client) => Self::Ready(Arc::clone(client)),
        }
    }
}
