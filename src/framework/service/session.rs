//! The provider configuration of a connection. In debug mode a process serves several connections,
//! one for each provider block of each run, so they must not share a configuration.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use tokio_util::sync::CancellationToken;

use super::CallTracker;
use crate::framework::diagnostics::{Diagnostic, Errors, ReportedCauses};

/// The state of one connection: its configuration, and what its messages have reported. Clones
/// share it.
pub struct Session<C> {
    state: Arc<RwLock<State<C>>>,
    reported_causes: Arc<ReportedCauses>,
}

struct State<C> {
    configuration: Configuration<C>,
    /// Cancelled by StopProvider. Each configuration gets a child token when it begins.
    stopped: Option<CancellationToken>,
}

pub(super) enum Configuration<C> {
    Missing,
    /// The provider block has values that are known only after apply.
    Unknown,
    Ready(Arc<C>),
}

impl<C> Session<C> {
    pub(super) fn configuration(&self) -> Configuration<C> {
        self.read().configuration.clone()
    }

    pub(super) fn set_configuration(&self, configuration: Configuration<C>) {
        self.write().configuration = configuration;
    }

    /// Begins a configuration and returns its stop token, which the next StopProvider or the
    /// shutdown of `calls` cancels. An earlier StopProvider has no effect on it.
    pub(super) fn begin_configuration(&self, calls: &CallTracker) -> CancellationToken {
        self.reported_causes.clear();
        let stopped = &mut self.write().stopped;
        let current = stopped.take().filter(|stopped| !stopped.is_cancelled());
        stopped.insert(current.unwrap_or_else(|| calls.stop_token())).child_token()
    }

    pub(super) fn stop(&self) {
        if let Some(stopped) = &self.read().stopped {
            stopped.cancel();
        }
    }

    /// Returns the client.
    ///
    /// # Errors
    ///
    /// Fails if the provider isn't configured, or has unknown values in its configuration.
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
            Configuration::Missing => Err(Diagnostic::provider_bug(
                "Provider is not configured",
                "Terraform requested an operation before it configured the provider.",
            )
            .into()),
        }
    }

    /// Returns the causes that the messages of this configuration have reported.
    pub(super) fn reported_causes(&self) -> &Arc<ReportedCauses> {
        &self.reported_causes
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
        Self { state: Arc::new(RwLock::new(state)), reported_causes: Arc::default() }
    }
}

impl<C> Clone for Session<C> {
    fn clone(&self) -> Self {
        Self { state: Arc::clone(&self.state), reported_causes: Arc::clone(&self.reported_causes) }
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
