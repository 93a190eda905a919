//! The client handle. Its methods are in the other files of this module, by subject.

use std::fmt;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::batched::Loaders;
use super::cache::Cache;
use crate::gitlab::sender::{BaseUrl, Config, ConfigError, Sender};

/// A client for a GitLab instance and a token. Clones are cheap, and share connections, limits and
/// the cache.
#[derive(Clone)]
pub struct Client {
    pub(in crate::gitlab) sender: Sender,
    pub(super) cache: Arc<Cache>,
    pub(super) loaders: Arc<Loaders>,
}

impl Client {
    /// Creates a client.
    ///
    /// When `stop` is cancelled, waiting calls and reads in flight fail with
    /// [`ErrorKind::Cancelled`](crate::gitlab::ErrorKind::Cancelled). Writes in flight may finish
    /// within a few seconds, so that their result is known.
    ///
    /// # Errors
    ///
    /// See [`ConfigError`].
    pub fn new(config: &Config, stop: CancellationToken) -> Result<Self, ConfigError> {
        Ok(Self::over(Sender::new(config, stop)?))
    }

    /// Creates a client with an empty cache.
    pub(in crate::gitlab) fn over(sender: Sender) -> Self {
        Self { sender, cache: Arc::default(), loaders: Arc::default() }
    }

    /// Turns off the cache. The results are the same, but need more requests.
    #[must_use]
    pub fn without_cache(self) -> Self {
        Self { cache: Arc::new(Cache::disabled()), ..self }
    }

    /// Returns a client whose requests may continue for a few seconds after the stop, to read the
    /// result of an incomplete change.
    #[must_use]
    pub fn with_grace_period(&self) -> Self {
        Self { sender: self.sender.with_grace_period(), ..self.clone() }
    }

    /// Returns the URL of the instance.
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
