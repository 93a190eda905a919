//! The names of the policies that this GitLab knows.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::handle::Client;
use super::snapshot::Freshness;
use crate::gitlab::endpoints::policies as endpoint;
use crate::gitlab::sender::{Error, ErrorKind};

impl Client {
    /// Returns the names of the policies that this GitLab knows. Asked once.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] when this GitLab knows no policies, and whatever keeps GitLab
    /// from answering.
    pub async fn policies(&self) -> Result<Arc<BTreeSet<String>>, Error> {
        let ask = async {
            let call = endpoint::list();
            let answer = self.sender.execute(&call).await?;
            let names = answer.value.names().map(Arc::new);
            names.ok_or_else(|| Error::unsent(ErrorKind::Unsupported, call.line(), None))
        };
        self.memory.policies.of(()).get(Freshness::Shared, ask).await
    }
}
