//! ApplyResourceChange: creates, updates or deletes an object, depending on which of the prior and
//! planned states is null. The returned state is always what the server has, as far as known.

use std::sync::Arc;

use super::{CallContext, RegisteredResource, convert};
use crate::bindings::tfplugin6 as pb;
use crate::framework::diagnostics::{Diagnostic, Errors, Warnings};
use crate::framework::planning;
use crate::framework::private::Private;
use crate::framework::provider::Provider;
use crate::framework::resource::{ApplyError, Context};
use crate::framework::value::{Object, Value};

pub(super) async fn handle<P: Provider>(
    call: Arc<CallContext<P>>,
    request: pb::apply_resource_change::Request,
    warnings: Arc<Warnings>,
) -> Result<pb::apply_resource_change::Response, Errors> {
    let resource = call.resource(&request.type_name)?;
    let prior = convert::object("prior state", request.prior_state, &resource.ty)?;
    let planned = convert::object("planned state", request.planned_state, &resource.ty)?;
    let client = call.client()?;
    let private = Private::decode(&request.planned_private);
    let context = Context { client: &*client, warnings: &warnings, private: &private };
    let (new_state, errors) = match apply(resource, context, prior, planned).await {
        Ok(state) => (state, None),
        Err(ApplyError { new_state, errors }) => (new_state, Some(errors)),
    };
    let new_identity = match &new_state {
        Some(state) => resource.identity(state)?,
        None => None,
    };
    let private = match errors {
        None => private.applied().encode(),
        Some(_) => Private::apply_failed(request.planned_private),
    };
    let errors = errors.map(|errors| errors.into_report(call.session.reported_causes()));
    Ok(pb::apply_resource_change::Response {
        new_state: Some(convert::dynamic_value(new_state)),
        new_identity,
        private,
        diagnostics: errors.unwrap_or_default().into_iter().map(convert::error).collect(),
        ..Default::default()
    })
}

/// Returns the new state, also in an error: if the apply didn't change the object, that is its
/// prior state.
async fn apply<C>(
    resource: &RegisteredResource<C>,
    context: Context<'_, C>,
    prior: Option<Object>,
    planned: Option<Object>,
) -> Result<Option<Object>, ApplyError<Object>> {
    let implementation = &resource.implementation;
    let (planned, applied) = match (prior, planned) {
        (None, None) => return Ok(None),
        (Some(prior), None) => {
            let deleted = implementation.delete(context, prior.clone()).await;
            return deleted.map(|()| None).map_err(|error| or_prior_state(error, prior));
        }
        (None, Some(planned)) => (planned.clone(), implementation.create(context, planned).await?),
        (Some(prior), Some(planned)) => {
            let updated = implementation.update(context, prior.clone(), planned.clone()).await;
            (planned, updated.map_err(|error| or_prior_state(error, prior))?)
        }
    };
    match planning::apply_violation(&resource.schema, &planned, &applied) {
        None => Ok(Some(applied)),
        Some(violation) => {
            Err(inconsistent_result(implementation.type_name(), &violation, applied))
        }
    }
}

fn or_prior_state(error: ApplyError<Object>, prior: Object) -> ApplyError<Object> {
    ApplyError { new_state: Some(error.new_state.unwrap_or(prior)), ..error }
}

/// Returns the error for an invalid result. Its state has null in place of unknown values, so that
/// the host can store it.
fn inconsistent_result(
    type_name: &str,
    violation: &str,
    mut applied: Object,
) -> ApplyError<Object> {
    for value in applied.values_mut().filter(|value| !value.is_wholly_known()) {
        *value = Value::Null;
    }
    let error = Diagnostic::provider_bug(
        "Inconsistent result after apply",
        format!("{type_name}: {violation}."),
    );
    ApplyError { new_state: Some(applied), errors: error.into() }
}
