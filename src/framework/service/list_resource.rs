//! ListResource: streams the objects as they are found, until the host needs no more.

use std::sync::Arc;

use tokio::sync::mpsc;
use tonic::Status;
use tracing::Instrument;

use super::call::{CALL, panic_diagnostic};
use super::validate::{errors_of, outcome};
use super::{CallContext, RegisteredResource, convert};
use crate::bindings::tfplugin6 as pb;
use crate::framework::diagnostics::{Diagnostic, Errors, Warnings};
use crate::framework::list_resource::{ListRequest, ListResult};
use crate::framework::private::Private;
use crate::framework::provider::Provider;
use crate::framework::resource::Context;
use crate::framework::value::Object;

/// Maximum number of events that wait for the host: as many as a page of a list has.
const EVENT_BUFFER: usize = 100;

const RPC: &str = "ListResource";

type Event = Result<pb::list_resource::Event, Status>;

/// Starts the listing in a task and returns its events. The listing ends early if the receiver is
/// dropped.
pub(super) fn start<P: Provider>(
    call: Arc<CallContext<P>>,
    request: pb::list_resource::Request,
) -> mpsc::Receiver<Event> {
    let (events, receiver) = mpsc::channel(EVENT_BUFFER);
    let span = tracing::debug_span!("rpc", tf_rpc = RPC, tf_resource_type = request.type_name);
    let object_events = events.clone();
    let listing = async move {
        let warnings = Warnings::default();
        let result = list(&call, request, &warnings, &object_events).await;
        let causes = call.session.reported_causes();
        let warnings = warnings.take_for_report(causes).into_iter().map(convert::warning);
        let errors = result.err().map(|errors| errors.into_report(causes)).unwrap_or_default();
        warnings.chain(errors.into_iter().map(convert::error)).collect::<Vec<_>>()
    };
    let listing = tokio::spawn(CALL.scope((), listing.instrument(span)));
    tokio::spawn(async move {
        // Without a diagnostic, the host would take the list as complete.
        let diagnostic = listing.await.unwrap_or_else(|_| vec![panic_diagnostic(RPC)]);
        if !diagnostic.is_empty() {
            // The host may have disconnected.
            let _ = events
                .send(Ok(pb::list_resource::Event { diagnostic, ..Default::default() }))
                .await;
        }
    });
    receiver
}

async fn list<P: Provider>(
    call: &CallContext<P>,
    request: pb::list_resource::Request,
    warnings: &Warnings,
    events: &mpsc::Sender<Event>,
) -> Result<(), Errors> {
    let list_resource = call.list_resource(&request.type_name)?;
    let resource = call.resource(&request.type_name)?;
    let config = convert::required_object("list configuration", request.config, &list_resource.ty)?;
    let client = call.client()?;
    let private = Private::default();
    let context = Context { client: &*client, warnings, private: &private };
    let (results, mut received) = mpsc::channel(1);
    let limit =
        usize::try_from(request.limit).ok().filter(|limit| *limit > 0).unwrap_or(usize::MAX);
    let forward = async {
        for _ in 0..limit {
            let Some(result) = received.recv().await else { break };
            let event = event(resource, result, request.include_resource_object)?;
            if events.send(Ok(event)).await.is_err() {
                break;
            }
        }
        received.close();
        Ok::<_, Errors>(())
    };
    let request = ListRequest { config, include_object: request.include_resource_object, limit };
    let listing = list_resource.implementation.list(context, request, results);
    let (listed, forwarded) = tokio::join!(listing, forward);
    listed.and(forwarded)
}

fn event<C>(
    resource: &RegisteredResource<C>,
    result: ListResult<Object>,
    include_object: bool,
) -> Result<pb::list_resource::Event, Errors> {
    let identity = resource.identity(&result.object)?.ok_or_else(|| {
        Diagnostic::provider_bug(
            "Missing identity of a listed object",
            format!("{:?} has no identity.", result.display_name),
        )
    })?;
    Ok(pb::list_resource::Event {
        identity: Some(identity),
        display_name: result.display_name,
        resource_object: include_object.then(|| convert::dynamic_value(Some(result.object))),
        ..Default::default()
    })
}

/// Handles ValidateListResourceConfig: validates a `config` block without a client.
pub(super) async fn validate<P: Provider>(
    call: Arc<CallContext<P>>,
    request: pb::validate_list_resource_config::Request,
    warnings: Arc<Warnings>,
) -> Result<pb::validate_list_resource_config::Response, Errors> {
    let list_resource = call.list_resource(&request.type_name)?;
    let config = convert::required_object("list configuration", request.config, &list_resource.ty)?;
    let checked = list_resource.implementation.validate(config.clone(), &warnings);
    outcome(errors_of(checked).into_iter(), &config, &warnings)?;
    Ok(Default::default())
}
