//! ApplyResourceChange: create, update or delete, told apart by which of the two states is null.
//! The state in the answer is always what the server holds as far as that is known.

use std::sync::Arc;

use super::{Managed, Served, convert};
use crate::bindings::tfplugin6 as pb;
use crate::framework::diagnostics::{Diagnostic, Errors, Warnings};
use crate::framework::planning;
use crate::framework::private::Private;
use crate::framework::provider::Provider;
use crate::framework::resource::{Context, Failed};
use crate::framework::value::{Object, Value};

pub(super) async fn handle<P: Provider>(
    served: Arc<Served<P>>,
    request: pb::apply_resource_change::Request,
    warnings: Arc<Warnings>,
) -> Result<pb::apply_resource_change::Response, Errors> {
    let managed = served.managed(&request.type_name)?;
    let prior = convert::object("prior state", request.prior_state, &managed.ty)?;
    let planned = convert::object("planned state", request.planned_state, &managed.ty)?;
    let client = served.client()?;
    let private = Private::decode(&request.planned_private);
    let context = Context { client: &*client, warnings: &warnings, private: &private };
    let (state, errors) = match apply(managed, context, prior, planned).await {
        Ok(state) => (state, Vec::new()),
        Err(Failed { left, errors }) => (left, errors.into_vec()),
    };
    let new_identity = match &state {
        Some(state) => managed.identity(state)?,
        None => None,
    };
    let told_once = |error| served.session.causes().of_errors.once(error);
    let private = if errors.is_empty() {
        private.applied().encode()
    } else {
        Private::failed(request.planned_private)
    };
    Ok(pb::apply_resource_change::Response {
        new_state: Some(convert::dynamic(state)),
        new_identity,
        private,
        diagnostics: errors.into_iter().map(|told| convert::error(told_once(told))).collect(),
        ..Default::default()
    })
}

/// The new state, or in a failure the state that is left, the prior one included.
async fn apply<C>(
    managed: &Managed<C>,
    context: Context<'_, C>,
    prior: Option<Object>,
    planned: Option<Object>,
) -> Result<Option<Object>, Failed<Object>> {
    let resource = &managed.resource;
    let (planned, applied) = match (prior, planned) {
        (None, None) => return Ok(None),
        (Some(prior), None) => {
            let deleted = resource.delete(context, prior.clone()).await;
            return deleted.map(|()| None).map_err(|failed| or_prior(failed, prior));
        }
        (None, Some(planned)) => (planned.clone(), resource.create(context, planned).await?),
        (Some(prior), Some(planned)) => {
            let updated = resource.update(context, prior.clone(), planned.clone()).await;
            (planned, updated.map_err(|failed| or_prior(failed, prior))?)
        }
    };
    match planning::apply_defect(&managed.schema, &planned, &applied) {
        None => Ok(Some(applied)),
        Some(defect) => Err(broken_promise(resource.type_name(), &defect, applied)),
    }
}

fn or_prior(failed: Failed<Object>, prior: Object) -> Failed<Object> {
    Failed { left: Some(failed.left.unwrap_or(prior)), errors: failed.errors }
}

/// Records in the state what was done, with nulls for what it still does not know.
fn broken_promise(type_name: &str, defect: &str, mut applied: Object) -> Failed<Object> {
    for value in applied.values_mut().filter(|value| !value.is_wholly_known()) {
        *value = Value::Null;
    }
    let told =
        Diagnostic::defect("Unexpected result of an apply", format!("{type_name}: {defect}."));
    Failed { left: Some(applied), errors: told.into() }
}
