//! ListResource: a stream of the objects that a query asks for, sent as they are found, until the
//! host has enough.

use std::sync::Arc;

use tokio::sync::mpsc;
use tonic::Status;
use tracing::Instrument;

use super::call::{CALL, panicked};
use super::{Lister, Managed, Served, convert};
use crate::bindings::tfplugin6 as pb;
use crate::framework::diagnostics::{Diagnostic, Errors, Warnings};
use crate::framework::list_resource::{Listed, Search};
use crate::framework::private::Private;
use crate::framework::provider::Provider;
use crate::framework::resource::Context;
use crate::framework::value::Object;

/// Maximum number of events that wait for the host: enough to keep a page of a list moving.
const EVENTS_AHEAD: usize = 100;

const RPC: &str = "ListResource";

type Event = Result<pb::list_resource::Event, Status>;

/// Starts the search and returns its events. The search ends early once the receiver is gone.
pub(super) fn start<P: Provider>(
    served: Arc<Served<P>>,
    request: pb::list_resource::Request,
) -> mpsc::Receiver<Event> {
    let (events, receiver) = mpsc::channel(EVENTS_AHEAD);
    let span = tracing::debug_span!("rpc", tf_rpc = RPC, tf_resource_type = request.type_name);
    let found = events.clone();
    let search = async move {
        let warnings = Warnings::default();
        let end = search(&served, request, &warnings, &found).await;
        let causes = served.session.causes();
        let warnings = warnings.told(causes).into_iter().map(convert::warning);
        let errors = end.err().map(Errors::into_vec).unwrap_or_default().into_iter();
        warnings
            .chain(errors.map(|told| convert::error(causes.of_errors.once(told))))
            .collect::<Vec<_>>()
    };
    let search = tokio::spawn(CALL.scope((), search.instrument(span)));
    tokio::spawn(async move {
        // A list that just ends would pass for a complete one.
        let diagnostic = search.await.unwrap_or_else(|_| vec![panicked(RPC)]);
        if !diagnostic.is_empty() {
            // A host that has left needs no diagnostics.
            let _ = events
                .send(Ok(pb::list_resource::Event { diagnostic, ..Default::default() }))
                .await;
        }
    });
    receiver
}

async fn search<P: Provider>(
    served: &Served<P>,
    request: pb::list_resource::Request,
    warnings: &Warnings,
    events: &mpsc::Sender<Event>,
) -> Result<(), Errors> {
    let lister = served.lister(&request.type_name)?;
    let managed = served.managed(&request.type_name)?;
    let config = convert::present("list configuration", request.config, &lister.ty)?;
    let client = served.client()?;
    let private = Private::default();
    let context = Context { client: &*client, warnings, private: &private };
    let (found, mut finds) = mpsc::channel(1);
    let limit =
        usize::try_from(request.limit).ok().filter(|limit| *limit > 0).unwrap_or(usize::MAX);
    let report = async {
        for _ in 0..limit {
            let Some(listed) = finds.recv().await else { break };
            let event = event(managed, listed, request.include_resource_object)?;
            if events.send(Ok(event)).await.is_err() {
                break;
            }
        }
        finds.close();
        Ok::<_, Errors>(())
    };
    let search = Search { config, whole_objects: request.include_resource_object, limit };
    let (searched, reported) = tokio::join!(lister.lister.list(context, search, found), report);
    searched.and(reported)
}

fn event<C>(
    managed: &Managed<C>,
    listed: Listed<Object>,
    include_object: bool,
) -> Result<pb::list_resource::Event, Errors> {
    let identity = managed.identity(&listed.object)?.ok_or_else(|| {
        Diagnostic::defect(
            "Listed object without an identity",
            format!("{:?} doesn't have one.", listed.display_name),
        )
    })?;
    Ok(pb::list_resource::Event {
        identity: Some(identity),
        display_name: listed.display_name,
        resource_object: include_object.then(|| convert::dynamic(Some(listed.object))),
        ..Default::default()
    })
}

/// ValidateListResourceConfig: the check of a `config` block by itself.
pub(super) async fn validate<P: Provider>(
    served: Arc<Served<P>>,
    request: pb::validate_list_resource_config::Request,
    warnings: Arc<Warnings>,
) -> Result<pb::validate_list_resource_config::Response, Errors> {
    let Lister { lister, ty, .. } = served.lister(&request.type_name)?;
    lister.validate(convert::present("list configuration", request.config, ty)?, &warnings)?;
    Ok(Default::default())
}
