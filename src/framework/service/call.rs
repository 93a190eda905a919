//! Runs each RPC in a separate task, so that a disconnecting host doesn't interrupt a write and a
//! panic fails only its own RPC. Adds the log span, and the diagnostics to the response.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tonic::{Request, Response, Status};
use tracing::Instrument;

use super::convert::{error, warning};
use super::{CallContext, Service};
use crate::bindings::tfplugin6 as pb;
use crate::framework::diagnostics::{Diagnostic, Errors, ReportedCauses, Warnings};
use crate::framework::provider::Provider;

tokio::task_local! {
    /// Set while an RPC runs.
    pub(super) static CALL: ();
}

/// Returns whether the current task runs an RPC, so that a panic becomes a diagnostic of that RPC
/// instead of a crash.
#[must_use]
pub fn is_in_call() -> bool {
    CALL.try_with(|()| ()).is_ok()
}

/// The request of an RPC.
pub(super) trait RpcRequest: Send + 'static {
    /// Returns the type name of the resource or data source, if the request has one.
    fn type_name(&self) -> Option<&str> {
        None
    }
}

/// The response of an RPC. The default response is empty.
pub(super) trait RpcResponse: Default + Send + 'static {
    fn diagnostics(&mut self) -> &mut Vec<pb::Diagnostic>;
}

impl<P: Provider> Service<P> {
    pub(super) async fn call<Req, Res, F>(
        &self,
        rpc: &'static str,
        request: Request<Req>,
        handler: impl FnOnce(Arc<CallContext<P>>, Req, Arc<Warnings>) -> F,
    ) -> Result<Response<Res>, Status>
    where
        Req: RpcRequest,
        Res: RpcResponse,
        F: Future<Output = Result<Res, Errors>> + Send + 'static,
    {
        let call = self.call_context(request.extensions());
        let request = request.into_inner();
        let span =
            tracing::debug_span!("rpc", tf_rpc = rpc, tf_resource_type = request.type_name());
        let warnings = Arc::new(Warnings::default());
        let causes = Arc::clone(call.session.reported_causes());
        let result = handler(call, request, Arc::clone(&warnings));
        let guard = self.calls.track();
        let task = async move {
            let _guard = guard;
            let started = Instant::now();
            let response = with_diagnostics(result.await, &warnings, &causes);
            tracing::debug!(tf_req_duration_ms = milliseconds(started.elapsed()), "responded");
            response
        };
        let response = tokio::spawn(CALL.scope((), task.instrument(span))).await;
        Ok(Response::new(response.unwrap_or_else(|_| panic_response(rpc))))
    }
}

/// Converts a duration, rounded down to microseconds.
fn milliseconds(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1e3
}

fn with_diagnostics<Res: RpcResponse>(
    result: Result<Res, Errors>,
    warnings: &Warnings,
    causes: &ReportedCauses,
) -> Res {
    let mut response = result.unwrap_or_else(|errors| {
        let mut failure = Res::default();
        failure.diagnostics().extend(errors.into_report(causes).into_iter().map(error));
        failure
    });
    response.diagnostics().extend(warnings.take_for_report(causes).into_iter().map(warning));
    for diagnostic in response.diagnostics().iter() {
        tracing::debug!(
            diagnostic_summary = diagnostic.summary,
            diagnostic_detail = diagnostic.detail,
            "diagnostic"
        );
    }
    response
}

fn panic_response<Res: RpcResponse>(rpc: &str) -> Res {
    let mut response = Res::default();
    response.diagnostics().push(panic_diagnostic(rpc));
    response
}

/// Returns the error of an RPC that panicked. It leaves out the panic message, which may contain a
/// secret.
pub(super) fn panic_diagnostic(rpc: &str) -> pb::Diagnostic {
    error(Diagnostic::provider_bug(
        "The provider failed unexpectedly",
        format!(
            "{rpc} panicked. The log shows where (`TF_LOG=ERROR`). If this was an apply, the change \
             may or may not have been made: the next plan shows it."
        ),
    ))
}

macro_rules! impl_rpc_request {
    ($($rpc:ident: $type_name:ident),+ $(,)?) => {
        $(impl RpcRequest for pb::$rpc::Request {
            fn type_name(&self) -> Option<&str> {
                Some(&self.$type_name)
            }
        })+
    };
}

impl_rpc_request! {
    validate_resource_config: type_name,
    validate_data_resource_config: type_name,
    upgrade_resource_state: type_name,
    read_resource: type_name,
    plan_resource_change: type_name,
    apply_resource_change: type_name,
    import_resource_state: type_name,
    move_resource_state: target_type_name,
    upgrade_resource_identity: type_name,
    validate_list_resource_config: type_name,
    read_data_source: type_name,
}

impl RpcRequest for pb::validate_provider_config::Request {}
impl RpcRequest for pb::configure_provider::Request {}

macro_rules! impl_rpc_response {
    ($($rpc:ident),+ $(,)?) => {
        $(impl RpcResponse for pb::$rpc::Response {
            fn diagnostics(&mut self) -> &mut Vec<pb::Diagnostic> {
                &mut self.diagnostics
            }
        })+
    };
}

impl_rpc_response! {
    validate_provider_config,
    validate_resource_config,
    validate_data_resource_config,
    upgrade_resource_state,
    configure_provider,
    read_resource,
    plan_resource_change,
    apply_resource_change,
    import_resource_state,
    move_resource_state,
    upgrade_resource_identity,
    validate_list_resource_config,
    read_data_source,
}
