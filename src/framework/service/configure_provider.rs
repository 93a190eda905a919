//! ConfigureProvider: creates the client, unless the provider block has unknown values.

use std::sync::Arc;

use super::session::Configuration;
use super::{CallContext, convert};
use crate::bindings::tfplugin6 as pb;
use crate::framework::diagnostics::{Diagnostic, Errors, Warnings};
use crate::framework::model::Model;
use crate::framework::provider::{Host, Provider};
use crate::framework::value::Value;

pub(super) async fn handle<P: Provider>(
    call: Arc<CallContext<P>>,
    request: pb::configure_provider::Request,
    warnings: Arc<Warnings>,
) -> Result<pb::configure_provider::Response, Errors> {
    let config = convert::required_object(
        "provider configuration",
        request.config,
        &call.catalog.provider_type,
    )?;
    let configuration = if config.values().all(Value::is_wholly_known) {
        let host = Host {
            terraform_version: request.terraform_version,
            stopped: call.session.begin_configuration(&call.calls),
        };
        let config = P::Config::from_object(config)?;
        let provider = &call.catalog.provider;
        let client = provider.configure(config, host, &warnings).await;
        let client = client.map_err(|errors| errors.without_sensitive_paths(&provider.schema()))?;
        Configuration::Ready(Arc::new(client))
    } else {
        tracing::info!("the provider block has unknown values: planning without a client");
        warnings.add(Diagnostic::new(
            "Provider configuration isn't known yet",
            "The provider block depends on values that are known only after apply, so this plan \
             reads nothing from the server. It doesn't show changes made outside Terraform, or \
             which entries the apply removes. To see both, apply the resources that these values \
             come from first, for example with `-target`, and plan again.",
        ));
        Configuration::Unknown
    };
    call.session.set_configuration(configuration);
    Ok(Default::default())
}
