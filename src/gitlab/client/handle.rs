//! The handle that callers hold: what sends, and what is remembered. What can be asked of it is
//! said in the files beside this one, each for one subject.

use std::fmt;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::memory::Memory;
use super::together::Together;
use crate::gitlab::sender::{BaseUrl, Config, ConfigError, Sender};

/// A connection to one GitLab with one token. Clones are cheap and share everything: connections,
/// limits on requests, and what is already known.
#[derive(Clone)]
pub struct Client {
    pub(in crate::gitlab) sender: Sender,
    pub(super) memory: Arc<Memory>,
    pub(super) together: Arc<Together>,
}

impl Client {
    /// Creates a client without sending anything. Once `stop` is cancelled, calls that wait for
    /// their turn or for a retry end with
    /// [`ErrorKind::Cancelled`](crate::gitlab::ErrorKind::Cancelled). Requests on the wire may
    /// finish, since only then their effect is known.
    ///
    /// # Errors
    ///
    /// See [`ConfigError`].
    pub fn new(config: &Config, stop: CancellationToken) -> Result<Self, ConfigError> {
        Ok(Self::over(Sender::new(config, stop)?))
    }

    /// Creates a client that sends through this sender and knows nothing yet.
    pub(in crate::gitlab) fn over(sender: Sender) -> Self {
        Self { sender, memory: Arc::default(), together: Arc::default() }
    }

    /// Returns the same client, but one that keeps no answers: all that it does costs more requests
    /// and comes out the same.
    #[must_use]
    pub fn without_memory(self) -> Self {
        Self { memory: Arc::new(Memory::of_nothing()), ..self }
    }

    /// Returns the same client, but one that ignores the order to stop, for finding out how far a
    /// half-done change came.
    #[must_use]
    pub fn with_grace_period(&self) -> Self {
        Self { sender: self.sender.with_grace_period(), ..self.clone() }
    }

    /// Returns the address of the GitLab that this client speaks to.
    #[must_use]
    pub fn base_url(&self) -> &BaseUrl {
        self.sender.base_url()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base_url", self.base_url()).finish_non_exhaustive()
    }
}
