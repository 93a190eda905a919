//! Reads the names of the job token policies that the GitLab version supports.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::handle::Client;
use super::snapshot::Freshness;
use crate::gitlab::endpoints::policies as endpoint;
use crate::gitlab::sender::{Error, ErrorKind};

impl Client {
    /// Returns the names of the supported policies. They are cached.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Unsupported`] if this GitLab version has no policies, and the error of
    /// the request.
    pub async fn policies(&self) -> Result<Arc<BTreeSet<String>>, Error> {
        let read = async {
            let call = endpoint::list();
            let response = self.sender.execute(&call).await?;
            let names = response.value.names().map(Arc::new);
            names.ok_or_else(|| Error::unsent(ErrorKind::Unsupported, call.line(), None))
        };
        self.cache.policies.of(()).get(Freshness::Shared, read).await
    }
}
