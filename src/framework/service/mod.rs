//! The protocol's provider service over a [`Provider`]: the one place in the framework that sees the generated
//! messages. An RPC decodes, calls and encodes; what it decides stands in the file that bears its name.

mod apply_resource_change;
mod call;
mod configure_provider;
mod convert;
mod identity;
mod import_resource_state;
mod list_resource;
mod move_resource_state;
mod plan_resource_change;
mod private;
mod read_data_source;
mod read_resource;
mod schemas;
mod upgrade_resource_state;
mod validate;

#[cfg(test)]
mod tests;

pub use call::is_in_call;

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};

use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use super::diagnostics::{Diagnostic, Errors};
use super::erased::{AnyDataSource, AnyListResource, AnyResource};
use super::identity::IdentitySchema;
use super::provider::Provider;
use super::schema::Schema;
use super::types::Type;
use crate::bindings::tfplugin6 as pb;
use pb::provider_server::ProviderServer;

/// The gRPC service of a provider, to be served to one host.
///
/// `max_message_bytes` bounds each request and each answer.
pub fn service<P: Provider>(
    provider: P,
    max_message_bytes: usize,
) -> ProviderServer<impl pb::provider_server::Provider> {
    ProviderServer::new(Service(Arc::new(Served::new(provider))))
        .max_decoding_message_size(max_message_bytes)
        .max_encoding_message_size(max_message_bytes)
}

struct Service<P: Provider>(Arc<Served<P>>);

/// A provider with what is known of it so far.
struct Served<P: Provider> {
    provider: P,
    provider_type: Type,
    resources: BTreeMap<&'static str, Managed<P::Client>>,
    data_sources: BTreeMap<&'static str, Source<P::Client>>,
    listers: BTreeMap<&'static str, Lister<P::Client>>,
    session: RwLock<Session<P::Client>>,
}

struct Managed<C> {
    resource: Box<dyn AnyResource<C>>,
    schema: Schema,
    ty: Type,
    identity: IdentitySchema,
    identity_type: Type,
}

struct Source<C> {
    source: Box<dyn AnyDataSource<C>>,
    schema: Schema,
    ty: Type,
}

struct Lister<C> {
    lister: Box<dyn AnyListResource<C>>,
    schema: Schema,
    ty: Type,
}

/// What the latest ConfigureProvider brought. A host may configure again, as every walk of one that attached
/// to a running provider does.
struct Session<C> {
    configuration: Configuration<C>,
    /// Cancelled by an interrupt. Each configuration has a child of it, from the moment that it begins.
    stopped: CancellationToken,
}

enum Configuration<C> {
    Missing,
    /// Configured with something that only a later apply will know.
    Unknown,
    Ready(Arc<C>),
}

impl<C> Clone for Configuration<C> {
    fn clone(&self) -> Self {
        match self {
            Configuration::Missing => Configuration::Missing,
            Configuration::Unknown => Configuration::Unknown,
            Configuration::Ready(client) => Configuration::Ready(Arc::clone(client)),
        }
    }
}

impl<P: Provider> Served<P> {
    fn new(provider: P) -> Served<P> {
        let resources = provider.resources().into_iter().map(|resource| {
            let (schema, identity) = (resource.schema(), resource.identity_schema());
            let (ty, identity_type) = (schema.object_type(), identity.object_type());
            (resource.type_name(), Managed { ty, schema, identity_type, identity, resource })
        });
        let data_sources = provider.data_sources().into_iter().map(|source| {
            let schema = source.schema();
            (source.type_name(), Source { ty: schema.object_type(), schema, source })
        });
        let listers = provider.list_resources().into_iter().map(|lister| {
            let schema = lister.schema();
            (lister.type_name(), Lister { ty: schema.object_type(), schema, lister })
        });
        Served {
            resources: resources.collect(),
            data_sources: data_sources.collect(),
            listers: listers.collect(),
            provider_type: provider.schema().object_type(),
            provider,
            session: RwLock::new(Session {
                configuration: Configuration::Missing,
                stopped: CancellationToken::new(),
            }),
        }
    }

    fn managed(&self, type_name: &str) -> Result<&Managed<P::Client>, Errors> {
        self.resources.get(type_name).ok_or_else(|| unknown_type("resource", type_name).into())
    }

    fn source(&self, type_name: &str) -> Result<&Source<P::Client>, Errors> {
        self.data_sources.get(type_name).ok_or_else(|| unknown_type("data source", type_name).into())
    }

    fn lister(&self, type_name: &str) -> Result<&Lister<P::Client>, Errors> {
        self.listers.get(type_name).ok_or_else(|| unknown_type("list resource", type_name).into())
    }

    fn configuration(&self) -> Configuration<P::Client> {
        self.session.read().unwrap_or_else(PoisonError::into_inner).configuration.clone()
    }

    /// What the next interrupt is to cancel in a configuration that begins now. An earlier interrupt is over: the host
    /// goes on.
    fn next_interrupt(&self) -> CancellationToken {
        let mut session = self.session.write().unwrap_or_else(PoisonError::into_inner);
        if session.stopped.is_cancelled() {
            session.stopped = CancellationToken::new();
        }
        session.stopped.child_token()
    }

    fn configured(&self, configuration: Configuration<P::Client>) {
        self.session.write().unwrap_or_else(PoisonError::into_inner).configuration = configuration;
    }

    /// The client for an operation that can't do without it.
    fn client(&self) -> Result<Arc<P::Client>, Errors> {
        match self.configuration() {
            Configuration::Ready(client) => Ok(client),
            Configuration::Unknown => Err(Diagnostic::new(
                "Provider configuration is not known yet",
                "The provider block depends on values that only an apply will know, so nothing can be asked of the \
                 server now. Apply what those values come from first, for example with `-target`.",
            )
            .into()),
            Configuration::Missing => Err(Diagnostic::defect(
                "Provider is not configured",
                "The host asked for an operation before it configured the provider.",
            )
            .into()),
        }
    }

    fn stop(&self) {
        self.session.read().unwrap_or_else(PoisonError::into_inner).stopped.cancel();
    }
}

fn unknown_type(kind: &str, type_name: &str) -> Diagnostic {
    Diagnostic::new(
        "Unknown type",
        format!(
            "This version of the provider has no {kind} of the type `{type_name}`. Is a newer one needed?"
        ),
    )
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
        Ok(Response::new(schemas::metadata(&self.0)))
    }

    async fn get_provider_schema(
        &self,
        _: Request<pb::get_provider_schema::Request>,
    ) -> Answer<pb::get_provider_schema::Response> {
        Ok(Response::new(schemas::provider_schema(&self.0)))
    }

    async fn get_resource_identity_schemas(
        &self,
        _: Request<pb::get_resource_identity_schemas::Request>,
    ) -> Answer<pb::get_resource_identity_schemas::Response> {
        Ok(Response::new(schemas::identity_schemas(&self.0)))
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
        _: Request<pb::stop_provider::Request>,
    ) -> Answer<pb::stop_provider::Response> {
        tracing::info!("interrupted: requests that wait are given up, those under way are finished");
        self.0.stop();
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
        let events = list_resource::start(Arc::clone(&self.0), request.into_inner());
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

    async fn plan_action(&self, _: Request<pb::plan_action::Request>) -> Answer<pb::plan_action::Response> {
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
