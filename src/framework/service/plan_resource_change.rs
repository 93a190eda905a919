//! PlanResourceChange: the steps of a plan, in their order.

use std::sync::Arc;

use super::{Configuration, Served, convert, private};
use crate::bindings::tfplugin6 as pb;
use crate::framework::diagnostics::{Diagnostic, Errors, Warnings};
use crate::framework::path::AttributePath;
use crate::framework::planning::{self, Change};
use crate::framework::provider::Provider;
use crate::framework::resource::PlanContext;

pub(super) async fn handle<P: Provider>(
    served: Arc<Served<P>>,
    request: pb::plan_resource_change::Request,
    warnings: Arc<Warnings>,
) -> Result<pb::plan_resource_change::Response, Errors> {
    let managed = served.managed(&request.type_name)?;
    let prior = convert::object("prior state", request.prior_state, &managed.ty)?;
    let Some(proposed) = convert::object("proposed state", request.proposed_new_state, &managed.ty)? else {
        return Ok(destroy(request.prior_private, request.prior_identity));
    };
    let config = convert::present("resource configuration", request.config, &managed.ty)?;

    let mut change = Change { prior: prior.clone(), config: config.clone(), proposed };
    planning::fill_defaults(&managed.schema, &mut change);
    planning::mark_computed(&managed.schema, &mut change);

    let (client, deferred) = match served.configuration() {
        Configuration::Unknown => (None, convert::deferred(request.client_capabilities)),
        _ => (Some(served.client()?), None),
    };
    let context = PlanContext {
        client: client.as_deref(),
        warnings: &warnings,
        newly_imported: private::is_imported(&request.prior_private),
    };
    let plan = managed.resource.plan(context, change).await?;

    if let Some(defect) = planning::plan_defect(&managed.schema, prior.as_ref(), &config, &plan.planned) {
        return Err(Diagnostic::defect("Invalid plan", format!("{}: {defect}.", request.type_name)).into());
    }
    let replace = planning::replacements(prior.as_ref(), &plan.planned, &plan.replace);
    Ok(pb::plan_resource_change::Response {
        planned_identity: managed.identity(&plan.planned)?,
        planned_state: Some(convert::dynamic(Some(plan.planned))),
        requires_replace: replace
            .into_iter()
            .map(|name| convert::path(&AttributePath::attribute(name)))
            .collect(),
        planned_private: request.prior_private,
        deferred,
        ..Default::default()
    })
}

fn destroy(
    private: Vec<u8>,
    identity: Option<pb::ResourceIdentityData>,
) -> pb::plan_resource_change::Response {
    pb::plan_resource_change::Response {
        planned_identity: identity,
        planned_state: Some(convert::dynamic(None)),
        planned_private: private,
        ..Default::default()
    }
}
