//! Terraform's concepts: values, schemas, diagnostics, planning, and the service that a host talks
//! to.
//!
//! A provider implements [`Provider`], [`Resource`], [`DataSource`] and [`ListResource`]; the
//! framework implements the rest of the plugin protocol. Nothing here depends on what the provider
//! manages, and only `service` uses the generated protobuf messages.

mod attr;
pub mod codec;
mod credentials;
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

pub use attr::{Attr, AttrValue, Mismatch, Set, listed};
pub use credentials::without_credentials;
pub use data_source::DataSource;
pub use diagnostics::{Diagnostic, Errors, PROVIDER_BUG, Warnings};
pub use erased::{AnyDataSource, AnyListResource, AnyResource, BoxFuture};
pub use identity::{IdentityAttribute, IdentitySchema, cannot_import, named_by};
pub use list_resource::{ListRequest, ListResource, ListResult};
pub use model::{Model, attribute_name, invalid_value, model};
pub use path::{AttributePath, Step};
pub use planning::Change;
pub use private::{Instance, InstanceId, Private};
pub use provider::{Host, Provider};
pub use resource::{
    ApplyError, Context, ImportBy, MoveSource, Plan, PlanContext, Resource, StoredState,
    cannot_move,
};
pub use schema::{Attribute, Nesting, Schema, Shape};
pub use service::{CallTracker, InvalidSchema, Session, is_in_call, service};
pub use types::Type;
pub use value::{Number, Object, Value};
