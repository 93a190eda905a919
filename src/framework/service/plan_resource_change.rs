//! PlanResourceChange: the steps of a plan, in their order.

use std::sync::Arc;

use serde_json::Map;

use super::{Configuration, Served, convert};
use crate::bindings::tfplugin6 as pb;
use crate::framework::diagnostics::{Diagnostic, Errors, Warnings};
use crate::framework::path::AttributePath;
use crate::framework::planning::{self, Change};
use crate::framework::private::Private;
use crate::framework::provider::Provider;
use crate::framework::resource::PlanContext;

pub(super) async fn handle<P: Provider>(
    served: Arc<Served<P>>,
    request: pb::plan_resource_change::Request,
    warnings: Arc<Warnings>,
) -> Result<pb::plan_resource_change::Response, Errors> {
    let managed = served.managed(&request.type_name)?;
    let prior = convert::object("prior state", request.prior_state, &managed.ty)?;
    let proposed = convert::object("proposed state", request.proposed_new_state, &managed.ty)?;
    if prior.is_some() {
        // With `-minimal-refresh`, a host plans a change twice and shows the warnings of the second
        // plan alone.
        warnings.may_be_dropped();
    }
    let (client, deferred) = match served.configuration() {
        Configuration::Unknown => (None, convert::deferred(request.client_capabilities)),
        _ => (Some(served.client()?), None),
    };
    let private = Private::decode(&request.prior_private);
    let first_plan = Some(request.planned_private).filter(|bytes| !bytes.is_empty());
    let first_plan = first_plan.map(|bytes| Private::decode(&bytes));
    let instance = private.instance_to_plan(prior.is_some(), first_plan.as_ref());
    let hands_on_plans = request.client_capabilities.is_some_and(|host| host.store_planned_private);
    let context = PlanContext {
        client: client.as_deref(),
        warnings: &warnings,
        private: &private,
        first_plan: first_plan.as_ref(),
        hands_on_plans,
        instance,
    };
    if proposed.is_none() {
        let notes = match prior {
            Some(prior) => managed.resource.plan_removal(context, prior).await?,
            None => Map::new(),
        };
        return Ok(pb::plan_resource_change::Response {
            planned_identity: request.prior_identity,
            planned_state: Some(convert::dynamic(None)),
            planned_private: private.to_remove(notes).encode(),
            ..Default::default()
        });
    }

    let config = convert::present("resource configuration", request.config, &managed.ty)?;
    let change = Change {
        prior: prior.clone(),
        config: planning::with_defaults(&managed.schema, config.clone()),
    };
    let plan = managed.resource.plan(context, change).await;
    if let Some(first) = &first_plan {
        warnings.leave_out(|title| first.has_warned(title));
    }
    let plan = plan?;

    if let Some(defect) =
        planning::plan_defect(&managed.schema, prior.as_ref(), &config, &plan.planned)
    {
        return Err(Diagnostic::defect(
            "Invalid plan",
            format!("{}: {defect}.", request.type_name),
        )
        .into());
    }
    let replace = planning::replacements(prior.as_ref(), &plan.planned, &plan.replace);
    let mut planned_private = private.to_apply(instance, plan.notes);
    if hands_on_plans && first_plan.is_none() {
        planned_private = planned_private.with_warnings(warnings.titles());
    }
    Ok(pb::plan_resource_change::Response {
        planned_identity: managed.identity(&plan.planned)?,
        planned_state: Some(convert::dynamic(Some(plan.planned))),
        requires_replace: replace
            .into_iter()
            .map(|name| convert::path(&AttributePath::attribute(name)))
            .collect(),
        planned_private: planned_private.encode(),
        deferred,
        ..Default::default()
    })
}
