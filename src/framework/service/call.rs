//! Carries out an RPC in a task of its own, so that a host that goes away cuts no write in the
//! middle and a panic costs that call alone, with its log span, and with errors and warnings put
//! into the answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tonic::{Request, Response, Status};
use tracing::Instrument;

use super::convert::{error, warning};
use super::{Served, Service};
use crate::bindings::tfplugin6 as pb;
use crate::framework::diagnostics::{Causes, Diagnostic, Errors, Warnings};
use crate::framework::provider::Provider;

tokio::task_local! {
    /// Set while an RPC is carried out.
    pub(super) static CALL: ();
}

/// Returns whether this thread is carrying out an RPC, so that a panic now becomes that RPC's
/// diagnostic and is no crash of the process.
pub fn is_in_call() -> bool {
    CALL.try_with(|()| ()).is_ok()
}

/// A request that can say what it is about, for the log.
pub(super) trait Subject: Send + 'static {
    /// The type of the resource or data source, if the call is about one.
    fn type_name(&self) -> Option<&str> {
        None
    }
}

/// An answer that carries diagnostics; its default carries nothing else.
pub(super) trait Diagnosed: Default + Send + 'static {
    fn diagnostics(&mut self) -> &mut Vec<pb::Diagnostic>;
}

impl<P: Provider> Service<P> {
    pub(super) async fn call<Req, Res, F>(
        &self,
        rpc: &'static str,
        request: Request<Req>,
        handler: impl FnOnce(Arc<Served<P>>, Req, Arc<Warnings>) -> F,
    ) -> Result<Response<Res>, Status>
    where
        Req: Subject,
        Res: Diagnosed,
        F: Future<Output = Result<Res, Errors>> + Send + 'static,
    {
        let served = self.served(request.extensions());
        let request = request.into_inner();
        let span =
            tracing::debug_span!("rpc", tf_rpc = rpc, tf_resource_type = request.type_name());
        let warnings = Arc::new(Warnings::default());
        let causes = Arc::clone(served.session.causes());
        let work = handler(served, request, Arc::clone(&warnings));
        let under_way = self.calls.begin();
        let work = async move {
            let _under_way = under_way;
            let started = Instant::now();
            let answer = answer(work.await, &warnings, &causes);
            tracing::debug!(tf_req_duration_ms = milliseconds(started.elapsed()), "answered");
            answer
        };
        let answer = tokio::spawn(CALL.scope((), work.instrument(span)));
        Ok(Response::new(answer.await.unwrap_or_else(|_| answer_to_panic(rpc))))
    }
}

/// To the microsecond: finer digits are noise.
fn milliseconds(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1e3
}

fn answer<Res: Diagnosed>(
    result: Result<Res, Errors>,
    warnings: &Warnings,
    causes: &Causes,
) -> Res {
    let mut answer = result.unwrap_or_else(|errors| {
        let mut failure = Res::default();
        let errors = errors.into_vec().into_iter().map(|told| error(causes.of_errors.once(told)));
        failure.diagnostics().extend(errors);
        failure
    });
    answer.diagnostics().extend(warnings.told(causes).into_iter().map(warning));
    for diagnostic in answer.diagnostics().iter() {
        tracing::debug!(
            diagnostic_summary = diagnostic.summary,
            diagnostic_detail = diagnostic.detail,
            "diagnostic"
        );
    }
    answer
}

fn answer_to_panic<Res: Diagnosed>(rpc: &str) -> Res {
    let mut answer = Res::default();
    answer.diagnostics().push(panicked(rpc));
    answer
}

/// Returns the error of a call that a panic has ended. It leaves out the panic's message, which may
/// hold a secret.
pub(super) fn panicked(rpc: &str) -> pb::Diagnostic {
    error(Diagnostic::defect(
        "The provider failed unexpectedly",
        format!(
            "A defect ended the call {rpc}; the log says where (`TF_LOG=ERROR`). If this was an \
             apply, the change may or may not have been made: the next plan shows it."
        ),
    ))
}

macro_rules! about {
    ($($rpc:ident: $type_name:ident),+ $(,)?) => {
        $(impl Subject for pb::$rpc::Request {
            fn type_name(&self) -> Option<&str> {
                Some(&self.$type_name)
            }
        })+
    };
}

about! {
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

impl Subject for pb::validate_provider_config::Request {}
impl Subject for pb::configure_provider::Request {}

macro_rules! diagnosed {
    ($($rpc:ident),+ $(,)?) => {
        $(impl Diagnosed for pb::$rpc::Response {
            fn diagnostics(&mut self) -> &mut Vec<pb::Diagnostic> {
                &mut self.diagnostics
            }
        })+
    };
}

diagnosed! {
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
