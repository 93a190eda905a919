//! ConfigureProvider: from the provider block to a client, or to the knowledge that there can't be
//! one yet.

use std::sync::Arc;

use super::session::Configuration;
use super::{Served, convert};
use crate::bindings::tfplugin6 as pb;
use crate::framework::diagnostics::{Diagnostic, Errors, Warnings};
use crate::framework::model::Model;
use crate::framework::provider::{Host, Provider};
use crate::framework::value::Value;

pub(super) async fn handle<P: Provider>(
    served: Arc<Served<P>>,
    request: pb::configure_provider::Request,
    warnings: Arc<Warnings>,
) -> Result<pb::configure_provider::Response, Errors> {
    let config =
        convert::present("provider configuration", request.config, &served.offered.provider_type)?;
    let configuration = if config.values().all(Value::is_wholly_known) {
        let host = Host {
            terraform_version: request.terraform_version,
            stopped: served.session.begin(&served.calls),
        };
        let config = P::Config::from_object(config)?;
        Configuration::Ready(Arc::new(
            served.offered.provider.configure(config, host, &warnings).await?,
        ))
    } else {
        tracing::info!("the provider block is not wholly known yet: planning without a server");
        warnings.add(Diagnostic::new(
            "Provider configuration isn't known yet",
            "The provider block depends on values that are known only after apply, so this plan \
             reads nothing from the server. It doesn't show changes made outside Terraform, or \
             which entries the apply removes. To see both, apply the resources that these values \
             come from first, for example with `-target`, and plan again.",
        ));
        Configuration::Unknown
    };
    served.session.configured(configuration);
    Ok(Default::default())
}
