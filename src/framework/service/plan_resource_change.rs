//! PlanResourceChange: runs the steps of a plan.

use std::sync::Arc;

use serde_json::Map;

use super::{CallContext, Configuration, convert};
use crate::bindings::tfplugin6 as pb;
use crate::framework::diagnostics::{Diagnostic, Errors, Warnings};
use crate::framework::path::AttributePath;
use crate::framework::planning::{self, Change};
use crate::framework::private::Private;
use crate::framework::provider::Provider;
use crate::framework::resource::PlanContext;

pub(super) async fn handle<P: Provider>(
    call: Arc<CallContext<P>>,
    request: pb::plan_resource_change::Request,
    warnings: Arc<Warnings>,
) -> Result<pb::plan_resource_change::Response, Errors> {
    let resource = call.resource(&request.type_name)?;
    let prior = convert::object("prior state", request.prior_state, &resource.ty)?;
    let proposed = convert::object("proposed state", request.proposed_new_state, &resource.ty)?;
    if prior.is_some() {
        // With `-minimal-refresh`, Terraform plans a change twice and shows only the warnings of
        // the second plan.
        warnings.mark_droppable();
    }
    let (client, deferred) = match call.configuration() {
        Configuration::Unknown => (None, convert::deferral(request.client_capabilities)),
        _ => (Some(call.client()?), None),
    };
    let private = Private::decode(&request.prior_private);
    let first_plan = Some(request.planned_private).filter(|bytes| !bytes.is_empty());
    let first_plan = first_plan.map(|bytes| Private::decode(&bytes));
    let instance = private.instance_to_plan(prior.is_some(), first_plan.as_ref());
    let host_stores_planned_private =
        request.client_capabilities.is_some_and(|host| host.store_planned_private);
    let context = PlanContext {
        client: client.as_deref(),
        warnings: &warnings,
        private: &private,
        first_plan: first_plan.as_ref(),
        host_stores_planned_private,
        instance,
    };
    if proposed.is_none() {
        let notes = match prior {
            Some(prior) => resource.implementation.plan_removal(context, prior).await?,
            None => Map::new(),
        };
        return Ok(pb::plan_resource_change::Response {
            planned_identity: request.prior_identity,
            planned_state: Some(convert::dynamic_value(None)),
            planned_private: private.planned_removal(notes).encode(),
            ..Default::default()
        });
    }

    let config = convert::required_object("resource configuration", request.config, &resource.ty)?;
    let change = Change {
        prior: prior.clone(),
        config: planning::with_defaults(&resource.schema, config.clone()),
    };
    let plan = resource.implementation.plan(context, change).await;
    if let Some(first) = &first_plan {
        warnings.remove_shown(|summary| first.has_warned(summary));
    }
    let plan = plan?;

    if let Some(violation) =
        planning::plan_violation(&resource.schema, prior.as_ref(), &config, &plan.planned)
    {
        return Err(Diagnostic::provider_bug(
            "Invalid plan",
            format!("{}: {violation}.", request.type_name),
        )
        .into());
    }
    let requires_replace =
        planning::requires_replace(prior.as_ref(), &plan.planned, &plan.requires_replace);
    let mut planned_private = private.planned_change(instance, plan.notes);
    if host_stores_planned_private && first_plan.is_none() {
        planned_private = planned_private.with_warnings(warnings.summaries());
    }
    Ok(pb::plan_resource_change::Response {
        planned_identity: resource.identity(&plan.planned)?,
        planned_state: Some(convert::dynamic_value(Some(plan.planned))),
        requires_replace: requires_replace
            .into_iter()
            .map(|name| convert::path(&AttributePath::attribute(name)))
            .collect(),
        planned_private: planned_private.encode(),
        deferred,
        ..Default::default()
    })
}
