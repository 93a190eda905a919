//! Terraform's concepts: values, schemas, diagnostics, planning, and the service that a host talks
//! to.
//!
//! A provider describes itself through [`Provider`], [`Resource`] and [`DataSource`]; everything
//! the host's protocol asks beyond that is answered here. Nothing here knows what the provider
//! manages, and only `service` sees the protocol's generated messages.

mod attr;
pub mod codec;
mod data_source;
mod diagnostics;
mod erased;
mod identity;
mod list_resource;
mod model;
mod path;
mod planning;
mod private;
mod provider;
mod resource;
mod schema;
mod service;
mod types;
mod value;

pub use attr::{Attr, AttrValue, Set};
pub use data_source::DataSource;
pub use diagnostics::{Diagnostic, Errors, PROVIDER_DEFECT, Warnings};
pub use erased::{AnyDataSource, AnyListResource, AnyResource, BoxFuture};
pub use identity::{IdentityAttribute, IdentitySchema};
pub use list_resource::{ListResource, Listed, Search};
pub use model::{Model, attribute_name, model, unfit_value};
pub use path::{AttributePath, Step};
pub use planning::Change;
pub use private::{Instance, Mark, Private};
pub use provider::{Host, Provider};
pub use resource::{
    Context, Failed, ImportBy, MoveSource, Plan, PlanContext, Resource, StoredState, cannot_move,
};
pub use schema::{Attribute, Nesting, Schema, Shape};
pub use service::{Calls, InvalidSchema, Session, is_in_call, service};
pub use types::Type;
pub use value::{Number, Object, Value};
