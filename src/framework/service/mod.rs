//! The gRPC provider service of protocol 6. This is the only part of the framework that uses the
//! generated protobuf messages. A handler decodes the request, calls the [`Provider`] and encodes
//! the response; each RPC with logic has a file with its name.

mod apply_resource_change;
mod call;
mod call_tracker;
mod catalog;
mod configure_provider;
mod convert;
mod identity;
mod import_resource_state;
mod list_resource;
mod move_resource_state;
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
pub use call_tracker::CallTracker;
pub use catalog::InvalidSchema;
pub use session::Session;

use std::pin::Pin;
use std::sync::Arc;

use tokio_stream::wrappers::ReceiverStream;
use tonic::{Extensions, Request, Response, Status};

use super::diagnostics::Errors;
use super::provider::Provider;
use crate::bindings::tfplugin6 as pb;
use catalog::{Catalog, RegisteredDataSource, RegisteredListResource, RegisteredResource};
use pb::provider_server::ProviderServer;
use session::Configuration;

/// Creates the gRPC service of a provider.
///
/// A configuration applies to its connection if the transport adds a [`Session`] to the request
/// extensions, otherwise to all requests. `calls` tracks the running RPCs. `max_message_bytes`
/// limits the size of each request and response.
///
/// # Errors
///
/// See [`InvalidSchema`].
pub fn service<P: Provider>(
    provider: P,
    calls: CallTracker,
    max_message_bytes: usize,
) -> Result<ProviderServer<impl pb::provider_server::Provider>, InvalidSchema> {
    let server = ProviderServer::new(Service::new(provider, calls)?);
    Ok(server
        .max_decoding_message_size(max_message_bytes)
        .max_encoding_message_size(max_message_bytes))
}

struct Service<P: Provider> {
    catalog: Arc<Catalog<P>>,
    calls: CallTracker,
    /// For requests without a session in their extensions.
    shared_session: Session<P::Client>,
}

/// The context of an RPC: the catalog of the provider, and the session of the connection.
struct CallContext<P: Provider> {
    catalog: Arc<Catalog<P>>,
    session: Session<P::Client>,
    calls: CallTracker,
}

impl<P: Provider> Service<P> {
    fn new(provider: P, calls: CallTracker) -> Result<Self, InvalidSchema> {
        let catalog = Arc::new(Catalog::new(provider)?);
        Ok(Self { catalog, calls, shared_session: Session::default() })
    }

    fn call_context(&self, extensions: &Extensions) -> Arc<CallContext<P>> {
        let session = extensions.get().unwrap_or(&self.shared_session).clone();
        let catalog = Arc::clone(&self.catalog);
        Arc::new(CallContext { catalog, session, calls: self.calls.clone() })
    }
}

impl<P: Provider> CallContext<P> {
    fn resource(&self, type_name: &str) -> Result<&RegisteredResource<P::Client>, Errors> {
        self.catalog.resource(type_name)
    }

    fn data_source(&self, type_name: &str) -> Result<&RegisteredDataSource<P::Client>, Errors> {
        self.catalog.data_source(type_name)
    }

    fn list_resource(&self, type_name: &str) -> Result<&RegisteredListResource<P::Client>, Errors> {
        self.catalog.list_resource(type_name)
    }

    fn configuration(&self) -> Configuration<P::Client> {
        self.session.configuration()
    }

    /// Returns the client, or an error if the provider isn't configured.
    fn client(&self) -> Result<Arc<P::Client>, Errors> {
        self.session.client()
    }
}

type RpcResult<T> = Result<Response<T>, Status>;
type Stream<T> = Pin<Box<dyn tokio_stream::Stream<Item = Result<T, Status>> + Send>>;

/// Returns the error of an RPC for a feature that the schema doesn't announce.
fn not_implemented<T>(what: &str) -> Result<T, Status> {
    Err(Status::unimplemented(format!("this provider has no {what}")))
}

#[tonic::async_trait]
impl<P: Provider> pb::provider_server::Provider for Service<P> {
    type ListResourceStream = Stream<pb::list_resource::Event>;
    type InvokeActionStream = Stream<pb::invoke_action::Event>;

    async fn get_metadata(
        &self,
        _: Request<pb::get_metadata::Request>,
    ) -> RpcResult<pb::get_metadata::Response> {
        Ok(Response::new(schemas::metadata(&self.catalog)))
    }

    async fn get_provider_schema(
        &self,
        _: Request<pb::get_provider_schema::Request>,
    ) -> RpcResult<pb::get_provider_schema::Response> {
        Ok(Response::new(schemas::provider_schema(&self.catalog)))
    }

    async fn get_resource_identity_schemas(
        &self,
        _: Request<pb::get_resource_identity_schemas::Request>,
    ) -> RpcResult<pb::get_resource_identity_schemas::Response> {
        Ok(Response::new(schemas::identity_schemas(&self.catalog)))
    }

    async fn validate_provider_config(
        &self,
        request: Request<pb::validate_provider_config::Request>,
    ) -> RpcResult<pb::validate_provider_config::Response> {
        self.call("ValidateProviderConfig", request, validate::provider).await
    }

    async fn validate_resource_config(
        &self,
        request: Request<pb::validate_resource_config::Request>,
    ) -> RpcResult<pb::validate_resource_config::Response> {
        self.call("ValidateResourceConfig", request, validate::resource).await
    }

    async fn validate_data_resource_config(
        &self,
        request: Request<pb::validate_data_resource_config::Request>,
    ) -> RpcResult<pb::validate_data_resource_config::Response> {
        self.call("ValidateDataResourceConfig", request, validate::data_source).await
    }

    async fn upgrade_resource_state(
        &self,
        request: Request<pb::upgrade_resource_state::Request>,
    ) -> RpcResult<pb::upgrade_resource_state::Response> {
        self.call("UpgradeResourceState", request, upgrade_resource_state::handle).await
    }

    async fn configure_provider(
        &self,
        request: Request<pb::configure_provider::Request>,
    ) -> RpcResult<pb::configure_provider::Response> {
        self.call("ConfigureProvider", request, configure_provider::handle).await
    }

    async fn read_resource(
        &self,
        request: Request<pb::read_resource::Request>,
    ) -> RpcResult<pb::read_resource::Response> {
        self.call("ReadResource", request, read_resource::handle).await
    }

    async fn plan_resource_change(
        &self,
        request: Request<pb::plan_resource_change::Request>,
    ) -> RpcResult<pb::plan_resource_change::Response> {
        self.call("PlanResourceChange", request, plan_resource_change::handle).await
    }

    async fn apply_resource_change(
        &self,
        request: Request<pb::apply_resource_change::Request>,
    ) -> RpcResult<pb::apply_resource_change::Response> {
        self.call("ApplyResourceChange", request, apply_resource_change::handle).await
    }

    async fn import_resource_state(
        &self,
        request: Request<pb::import_resource_state::Request>,
    ) -> RpcResult<pb::import_resource_state::Response> {
        self.call("ImportResourceState", request, import_resource_state::handle).await
    }

    async fn read_data_source(
        &self,
        request: Request<pb::read_data_source::Request>,
    ) -> RpcResult<pb::read_data_source::Response> {
        self.call("ReadDataSource", request, read_data_source::handle).await
    }

    async fn stop_provider(
        &self,
        request: Request<pb::stop_provider::Request>,
    ) -> RpcResult<pb::stop_provider::Response> {
        tracing::info!(
            "interrupted: waiting requests are cancelled, requests in flight are completed"
        );
        self.call_context(request.extensions()).session.stop();
        Ok(Response::new(Default::default()))
    }

    async fn get_functions(
        &self,
        _: Request<pb::get_functions::Request>,
    ) -> RpcResult<pb::get_functions::Response> {
        Ok(Response::new(Default::default()))
    }

    async fn upgrade_resource_identity(
        &self,
        request: Request<pb::upgrade_resource_identity::Request>,
    ) -> RpcResult<pb::upgrade_resource_identity::Response> {
        self.call("UpgradeResourceIdentity", request, identity::upgrade).await
    }

    async fn move_resource_state(
        &self,
        request: Request<pb::move_resource_state::Request>,
    ) -> RpcResult<pb::move_resource_state::Response> {
        self.call("MoveResourceState", request, move_resource_state::handle).await
    }

    async fn generate_resource_config(
        &self,
        _: Request<pb::generate_resource_config::Request>,
    ) -> RpcResult<pb::generate_resource_config::Response> {
        not_implemented("configuration generator")
    }

    async fn validate_ephemeral_resource_config(
        &self,
        _: Request<pb::validate_ephemeral_resource_config::Request>,
    ) -> RpcResult<pb::validate_ephemeral_resource_config::Response> {
        not_implemented("ephemeral resources")
    }

    async fn open_ephemeral_resource(
        &self,
        _: Request<pb::open_ephemeral_resource::Request>,
    ) -> RpcResult<pb::open_ephemeral_resource::Response> {
        not_implemented("ephemeral resources")
    }

    async fn renew_ephemeral_resource(
        &self,
        _: Request<pb::renew_ephemeral_resource::Request>,
    ) -> RpcResult<pb::renew_ephemeral_resource::Response> {
        not_implemented("ephemeral resources")
    }

    async fn close_ephemeral_resource(
        &self,
        _: Request<pb::close_ephemeral_resource::Request>,
    ) -> RpcResult<pb::close_ephemeral_resource::Response> {
        not_implemented("ephemeral resources")
    }

    async fn list_resource(
        &self,
        request: Request<pb::list_resource::Request>,
    ) -> RpcResult<Self::ListResourceStream> {
        let call = self.call_context(request.extensions());
        let events = list_resource::start(call, request.into_inner());
        Ok(Response::new(Box::pin(ReceiverStream::new(events))))
    }

    async fn validate_list_resource_config(
        &self,
        request: Request<pb::validate_list_resource_config::Request>,
    ) -> RpcResult<pb::validate_list_resource_config::Response> {
        self.call("ValidateListResourceConfig", request, list_resource::validate).await
    }

    async fn call_function(
        &self,
        _: Request<pb::call_function::Request>,
    ) -> RpcResult<pb::call_function::Response> {
        not_implemented("functions")
    }

    async fn plan_action(
        &self,
        _: Request<pb::plan_action::Request>,
    ) -> RpcResult<pb::plan_action::Response> {
        not_implemented("actions")
    }

    async fn invoke_action(
        &self,
        _: Request<pb::invoke_action::Request>,
    ) -> RpcResult<Self::InvokeActionStream> {
        not_implemented("actions")
    }

    async fn validate_action_config(
        &self,
        _: Request<pb::validate_action_config::Request>,
    ) -> RpcResult<pb::validate_action_config::Response> {
        not_implemented("actions")
    }
}
