//! The protocol's provider service over a [`Provider`]: the one place in the framework that sees
//! the generated messages. An RPC decodes, calls and encodes; what it decides stands in the file
//! that bears its name.

mod apply_resource_change;
mod call;
mod calls;
mod configure_provider;
mod convert;
mod identity;
mod import_resource_state;
mod list_resource;
mod move_resource_state;
mod offered;
mod plan_resource_change;
mod read_data_source;
mod read_resource;
mod schemas;
mod session;
mod upgrade_resource_state;
mod validate;

#[cfg(test)]
mod tests;

pub use call::is_in_call;
pub use calls::Calls;
pub use offered::InvalidSchema;
pub use session::Session;

use std::pin::Pin;
use std::sync::Arc;

use tokio_stream::wrappers::ReceiverStream;
use tonic::{Extensions, Request, Response, Status};

use super::diagnostics::Errors;
use super::provider::Provider;
use crate::bindings::tfplugin6 as pb;
use offered::{Lister, Managed, Offered, Source};
use pb::provider_server::ProviderServer;
use session::Configuration;

/// The gRPC service of a provider.
///
/// A configuration belongs to the connection that it was made on, if that puts a [`Session`] into
/// the extensions of its requests; it belongs to all requests otherwise. What is under way is
/// counted in `calls`. `max_message_bytes` bounds each request and each answer.
///
/// # Errors
///
/// See [`InvalidSchema`].
pub fn service<P: Provider>(
    provider: P,
    calls: Calls,
    max_message_bytes: usize,
) -> Result<ProviderServer<impl pb::provider_server::Provider>, InvalidSchema> {
    let server = ProviderServer::new(Service::new(provider, calls)?);
    Ok(server
        .max_decoding_message_size(max_message_bytes)
        .max_encoding_message_size(max_message_bytes))
}

struct Service<P: Provider> {
    offered: Arc<Offered<P>>,
    calls: Calls,
    /// For requests whose transport doesn't tell connections apart.
    shared: Session<P::Client>,
}

/// The view of one call: all that the provider offers, and the configuration of the connection that
/// the call came by.
struct Served<P: Provider> {
    offered: Arc<Offered<P>>,
    session: Session<P::Client>,
    calls: Calls,
}

impl<P: Provider> Service<P> {
    fn new(provider: P, calls: Calls) -> Result<Self, InvalidSchema> {
        Ok(Self { offered: Arc::new(Offered::by(provider)?), calls, shared: Session::default() })
    }

    fn served(&self, extensions: &Extensions) -> Arc<Served<P>> {
        let session = extensions.get().unwrap_or(&self.shared).clone();
        Arc::new(Served { offered: Arc::clone(&self.offered), session, calls: self.calls.clone() })
    }
}

impl<P: Provider> Served<P> {
    fn managed(&self, type_name: &str) -> Result<&Managed<P::Client>, Errors> {
        self.offered.managed(type_name)
    }

    fn source(&self, type_name: &str) -> Result<&Source<P::Client>, Errors> {
        self.offered.source(type_name)
    }

    fn lister(&self, type_name: &str) -> Result<&Lister<P::Client>, Errors> {
        self.offered.lister(type_name)
    }

    fn configuration(&self) -> Configuration<P::Client> {
        self.session.configuration()
    }

    /// Returns the client for an operation that can't do without it.
    fn client(&self) -> Result<Arc<P::Client>, Errors> {
        self.session.client()
    }
}

type Answer<T> = Result<Response<T>, Status>;
type Stream<T> = Pin<Box<dyn tokio_stream::Stream<Item = Result<T, Status>> + Send>>;

/// An RPC for something that the schema does not announce, so that no host has reason to call it.
fn not_offered<T>(what: &str) -> Result<T, Status> {
    Err(Status::unimplemented(format!("this provider has no {what}")))
}

#[tonic::async_trait]
impl<P: Provider> pb::provider_server::Provider for Service<P> {
    type ListResourceStream = Stream<pb::list_resource::Event>;
    type InvokeActionStream = Stream<pb::invoke_action::Event>;

    async fn get_metadata(
        &self,
        _: Request<pb::get_metadata::Request>,
    ) -> Answer<pb::get_metadata::Response> {
        Ok(Response::new(schemas::metadata(&self.offered)))
    }

    async fn get_provider_schema(
        &self,
        _: Request<pb::get_provider_schema::Request>,
    ) -> Answer<pb::get_provider_schema::Response> {
        Ok(Response::new(schemas::provider_schema(&self.offered)))
    }

    async fn get_resource_identity_schemas(
        &self,
        _: Request<pb::get_resource_identity_schemas::Request>,
    ) -> Answer<pb::get_resource_identity_schemas::Response> {
        Ok(Response::new(schemas::identity_schemas(&self.offered)))
    }

    async fn validate_provider_config(
        &self,
        request: Request<pb::validate_provider_config::Request>,
    ) -> Answer<pb::validate_provider_config::Response> {
        self.call("ValidateProviderConfig", request, validate::provider).await
    }

    async fn validate_resource_config(
        &self,
        request: Request<pb::validate_resource_config::Request>,
    ) -> Answer<pb::validate_resource_config::Response> {
        self.call("ValidateResourceConfig", request, validate::resource).await
    }

    async fn validate_data_resource_config(
        &self,
        request: Request<pb::validate_data_resource_config::Request>,
    ) -> Answer<pb::validate_data_resource_config::Response> {
        self.call("ValidateDataResourceConfig", request, validate::data_source).await
    }

    async fn upgrade_resource_state(
        &self,
        request: Request<pb::upgrade_resource_state::Request>,
    ) -> Answer<pb::upgrade_resource_state::Response> {
        self.call("UpgradeResourceState", request, upgrade_resource_state::handle).await
    }

    async fn configure_provider(
        &self,
        request: Request<pb::configure_provider::Request>,
    ) -> Answer<pb::configure_provider::Response> {
        self.call("ConfigureProvider", request, configure_provider::handle).await
    }

    async fn read_resource(
        &self,
        request: Request<pb::read_resource::Request>,
    ) -> Answer<pb::read_resource::Response> {
        self.call("ReadResource", request, read_resource::handle).await
    }

    async fn plan_resource_change(
        &self,
        request: Request<pb::plan_resource_change::Request>,
    ) -> Answer<pb::plan_resource_change::Response> {
        self.call("PlanResourceChange", request, plan_resource_change::handle).await
    }

    async fn apply_resource_change(
        &self,
        request: Request<pb::apply_resource_change::Request>,
    ) -> Answer<pb::apply_resource_change::Response> {
        self.call("ApplyResourceChange", request, apply_resource_change::handle).await
    }

    async fn import_resource_state(
        &self,
        request: Request<pb::import_resource_state::Request>,
    ) -> Answer<pb::import_resource_state::Response> {
        self.call("ImportResourceState", request, import_resource_state::handle).await
    }

    async fn read_data_source(
        &self,
        request: Request<pb::read_data_source::Request>,
    ) -> Answer<pb::read_data_source::Response> {
        self.call("ReadDataSource", request, read_data_source::handle).await
    }

    async fn stop_provider(
        &self,
        request: Request<pb::stop_provider::Request>,
    ) -> Answer<pb::stop_provider::Response> {
        tracing::info!(
            "interrupted: requests that wait are given up, those under way are finished"
        );
        self.served(request.extensions()).session.stop();
        Ok(Response::new(Default::default()))
    }

    async fn get_functions(
        &self,
        _: Request<pb::get_functions::Request>,
    ) -> Answer<pb::get_functions::Response> {
        Ok(Response::new(Default::default()))
    }

    async fn upgrade_resource_identity(
        &self,
        request: Request<pb::upgrade_resource_identity::Request>,
    ) -> Answer<pb::upgrade_resource_identity::Response> {
        self.call("UpgradeResourceIdentity", request, identity::upgrade).await
    }

    async fn move_resource_state(
        &self,
        request: Request<pb::move_resource_state::Request>,
    ) -> Answer<pb::move_resource_state::Response> {
        self.call("MoveResourceState", request, move_resource_state::handle).await
    }

    async fn generate_resource_config(
        &self,
        _: Request<pb::generate_resource_config::Request>,
    ) -> Answer<pb::generate_resource_config::Response> {
        not_offered("configuration generator")
    }

    async fn validate_ephemeral_resource_config(
        &self,
        _: Request<pb::validate_ephemeral_resource_config::Request>,
    ) -> Answer<pb::validate_ephemeral_resource_config::Response> {
        not_offered("ephemeral resources")
    }

    async fn open_ephemeral_resource(
        &self,
        _: Request<pb::open_ephemeral_resource::Request>,
    ) -> Answer<pb::open_ephemeral_resource::Response> {
        not_offered("ephemeral resources")
    }

    async fn renew_ephemeral_resource(
        &self,
        _: Request<pb::renew_ephemeral_resource::Request>,
    ) -> Answer<pb::renew_ephemeral_resource::Response> {
        not_offered("ephemeral resources")
    }

    async fn close_ephemeral_resource(
        &self,
        _: Request<pb::close_ephemeral_resource::Request>,
    ) -> Answer<pb::close_ephemeral_resource::Response> {
        not_offered("ephemeral resources")
    }

    async fn list_resource(
        &self,
        request: Request<pb::list_resource::Request>,
    ) -> Answer<Self::ListResourceStream> {
        let served = self.served(request.extensions());
        let events = list_resource::start(served, request.into_inner());
        Ok(Response::new(Box::pin(ReceiverStream::new(events))))
    }

    async fn validate_list_resource_config(
        &self,
        request: Request<pb::validate_list_resource_config::Request>,
    ) -> Answer<pb::validate_list_resource_config::Response> {
        self.call("ValidateListResourceConfig", request, list_resource::validate).await
    }

    async fn call_function(
        &self,
        _: Request<pb::call_function::Request>,
    ) -> Answer<pb::call_function::Response> {
        not_offered("functions")
    }

    async fn plan_action(
        &self,
        _: Request<pb::plan_action::Request>,
    ) -> Answer<pb::plan_action::Response> {
        not_offered("actions")
    }

    async fn invoke_action(
        &self,
        _: Request<pb::invoke_action::Request>,
    ) -> Answer<Self::InvokeActionStream> {
        not_offered("actions")
    }

    async fn validate_action_config(
        &self,
        _: Request<pb::validate_action_config::Request>,
    ) -> Answer<pb::validate_action_config::Response> {
        not_offered("actions")
    }
}
