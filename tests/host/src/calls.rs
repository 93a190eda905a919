//! The common calls, with JSON as input and output.
//! [`Connection::provider`](crate::Connection::provider) makes all others.

use serde_json::Value;

use crate::diagnostic::diagnostics;
use crate::stored::{Stored, decode_identity, encode_identity};
use crate::tfplugin6::{
    ClientCapabilities, Deferred, RawState, apply_resource_change, configure_provider,
    get_provider_schema, import_resource_state, plan_resource_change, read_data_source,
    read_resource, stop_provider, upgrade_resource_state, validate_data_resource_config,
    validate_provider_config, validate_resource_config,
};
use crate::wire::{Malformed, decode, encode};
use crate::{Connection, Diagnostic, Error, render_path};

/// The version that the host claims to have.
const TERRAFORM_VERSION: &str = "1.11.4";

/// A host's request for a plan. Values are whole objects, or null.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The prior state.
    pub prior: Value,
    /// The state that the host proposes, as by [`Shape::propose`](crate::Shape::propose).
    pub proposed: Value,
    /// The configuration.
    pub config: Value,
    /// The prior private data.
    pub prior_private: Vec<u8>,
    /// The prior identity.
    pub prior_identity: Option<Value>,
    /// The private data of the first plan, from a host that plans again and has stored it.
    pub planned_private: Vec<u8>,
}

/// The response to [`Connection::plan`].
#[derive(Clone, Debug)]
pub struct Planned {
    /// The planned state.
    pub state: Value,
    /// The attributes whose change requires a replacement, as [`render_path`] writes them.
    pub requires_replace: Vec<String>,
    /// Private bytes for the apply.
    pub private: Vec<u8>,
    /// The planned identity.
    pub identity: Option<Value>,
    /// The number of the reason for which the plan is deferred.
    pub deferred: Option<i32>,
    /// Problems.
    pub diagnostics: Vec<Diagnostic>,
}

/// The response to [`Connection::apply`].
#[derive(Clone, Debug)]
pub struct Applied {
    /// The new state.
    pub state: Value,
    /// Private bytes to store.
    pub private: Vec<u8>,
    /// The new identity.
    pub identity: Option<Value>,
    /// Problems.
    pub diagnostics: Vec<Diagnostic>,
}

/// The response to [`Connection::read`].
#[derive(Clone, Debug)]
pub struct Read {
    /// The current state; null if the object is gone.
    pub state: Value,
    /// Private bytes to store.
    pub private: Vec<u8>,
    /// The current identity.
    pub identity: Option<Value>,
    /// The number of the reason for which the read is deferred.
    pub deferred: Option<i32>,
    /// Problems.
    pub diagnostics: Vec<Diagnostic>,
}

/// The response to [`Connection::import`].
#[derive(Clone, Debug)]
pub struct Imported {
    /// The imported resources.
    pub resources: Vec<ImportedResource>,
    /// The number of the reason for which the import is deferred.
    pub deferred: Option<i32>,
    /// Problems.
    pub diagnostics: Vec<Diagnostic>,
}

/// One resource of an [`Imported`].
#[derive(Clone, Debug)]
pub struct ImportedResource {
    /// Its type.
    pub type_name: String,
    /// The data that a read needs.
    pub stored: Stored,
}

/// The response to [`Connection::upgrade`].
#[derive(Clone, Debug)]
pub struct Upgraded {
    /// The state in the current schema.
    pub state: Value,
    /// Problems.
    pub diagnostics: Vec<Diagnostic>,
}

/// The response to [`Connection::read_data_source`].
#[derive(Clone, Debug)]
pub struct DataRead {
    /// The state that was read.
    pub state: Value,
    /// The number of the reason for which the read is deferred.
    pub deferred: Option<i32>,
    /// Problems.
    pub diagnostics: Vec<Diagnostic>,
}

impl Connection {
    /// Returns all schemas.
    ///
    /// # Errors
    ///
    /// The plugin's gRPC status, or [`Error::Value`] if the response has a malformed value.
    pub async fn schema(&self) -> Result<get_provider_schema::Response, Error> {
        let request = get_provider_schema::Request {};
        Ok(self.provider().get_provider_schema(request).await?.into_inner())
    }

    /// Checks a provider block.
    ///
    /// # Errors
    ///
    /// The plugin's gRPC status, or [`Error::Value`] if the response has a malformed value.
    pub async fn validate_provider(&self, config: Value) -> Result<Vec<Diagnostic>, Error> {
        let request = validate_provider_config::Request { config: Some(encode(&config)) };
        let response = self.provider().validate_provider_config(request).await?.into_inner();
        Ok(diagnostics(response.diagnostics))
    }

    /// Configures the provider.
    ///
    /// # Errors
    ///
    /// The plugin's gRPC status, or [`Error::Value`] if the response has a malformed value.
    pub async fn configure(&self, config: Value) -> Result<Vec<Diagnostic>, Error> {
        let request = configure_provider::Request {
            terraform_version: TERRAFORM_VERSION.to_owned(),
            config: Some(encode(&config)),
            client_capabilities: self.capabilities(),
        };
        let response = self.provider().configure_provider(request).await?.into_inner();
        Ok(diagnostics(response.diagnostics))
    }

    /// Checks the configuration of a managed resource.
    ///
    /// # Errors
    ///
    /// The plugin's gRPC status, or [`Error::Value`] if the response has a malformed value.
    pub async fn validate_resource(
        &self,
        type_name: &str,
        config: Value,
    ) -> Result<Vec<Diagnostic>, Error> {
        let request = validate_resource_config::Request {
            type_name: type_name.to_owned(),
            config: Some(encode(&config)),
            client_capabilities: self.capabilities(),
        };
        let response = self.provider().validate_resource_config(request).await?.into_inner();
        Ok(diagnostics(response.diagnostics))
    }

    /// Plans a change.
    ///
    /// # Errors
    ///
    /// The plugin's gRPC status, or [`Error::Value`] if the response has a malformed value.
    pub async fn plan(&self, type_name: &str, plan: &Plan) -> Result<Planned, Error> {
        let request = plan_resource_change::Request {
            type_name: type_name.to_owned(),
            prior_state: Some(encode(&plan.prior)),
            proposed_new_state: Some(encode(&plan.proposed)),
            config: Some(encode(&plan.config)),
            prior_private: plan.prior_private.clone(),
            client_capabilities: self.capabilities(),
            prior_identity: plan.prior_identity.as_ref().map(encode_identity),
            planned_private: plan.planned_private.clone(),
            provider_meta: None,
        };
        let response = self.provider().plan_resource_change(request).await?.into_inner();
        Ok(Planned {
            state: decode(response.planned_state.as_ref())?,
            requires_replace: response.requires_replace.iter().map(render_path).collect(),
            private: response.planned_private,
            identity: decode_identity(response.planned_identity)?,
            deferred: reason(response.deferred),
            diagnostics: diagnostics(response.diagnostics),
        })
    }

    /// Applies what was planned for `plan`.
    ///
    /// # Errors
    ///
    /// The plugin's gRPC status, or [`Error::Value`] if the response has a malformed value.
    pub async fn apply(
        &self,
        type_name: &str,
        plan: &Plan,
        planned: &Planned,
    ) -> Result<Applied, Error> {
        let request = apply_resource_change::Request {
            type_name: type_name.to_owned(),
            prior_state: Some(encode(&plan.prior)),
            planned_state: Some(encode(&planned.state)),
            config: Some(encode(&plan.config)),
            planned_private: planned.private.clone(),
            provider_meta: None,
            planned_identity: planned.identity.as_ref().map(encode_identity),
        };
        let response = self.provider().apply_resource_change(request).await?.into_inner();
        Ok(Applied {
            state: decode(response.new_state.as_ref())?,
            private: response.private,
            identity: decode_identity(response.new_identity)?,
            diagnostics: diagnostics(response.diagnostics),
        })
    }

    /// Reads a managed resource.
    ///
    /// # Errors
    ///
    /// The plugin's gRPC status, or [`Error::Value`] if the response has a malformed value.
    pub async fn read(&self, type_name: &str, stored: &Stored) -> Result<Read, Error> {
        let request = read_resource::Request {
            type_name: type_name.to_owned(),
            current_state: Some(encode(&stored.state)),
            private: stored.private.clone(),
            client_capabilities: self.capabilities(),
            current_identity: stored.identity.as_ref().map(encode_identity),
            provider_meta: None,
        };
        let response = self.provider().read_resource(request).await?.into_inner();
        Ok(Read {
            state: decode(response.new_state.as_ref())?,
            private: response.private,
            identity: decode_identity(response.new_identity)?,
            deferred: reason(response.deferred),
            diagnostics: diagnostics(response.diagnostics),
        })
    }

    /// Imports by ID.
    ///
    /// # Errors
    ///
    /// The plugin's gRPC status, or [`Error::Value`] if the response has a malformed value.
    pub async fn import(&self, type_name: &str, id: &str) -> Result<Imported, Error> {
        let request = import_resource_state::Request {
            type_name: type_name.to_owned(),
            id: id.to_owned(),
            client_capabilities: self.capabilities(),
            identity: None,
        };
        self.import_request(request).await
    }

    /// Imports by identity.
    ///
    /// # Errors
    ///
    /// The plugin's gRPC status, or [`Error::Value`] if the response has a malformed value.
    pub async fn import_by_identity(&self, type_name: &str, by: &Value) -> Result<Imported, Error> {
        let request = import_resource_state::Request {
            type_name: type_name.to_owned(),
            id: String::new(),
            client_capabilities: self.capabilities(),
            identity: Some(encode_identity(by)),
        };
        self.import_request(request).await
    }

    async fn import_request(
        &self,
        request: import_resource_state::Request,
    ) -> Result<Imported, Error> {
        let response = self.provider().import_resource_state(request).await?.into_inner();
        let resources = response.imported_resources.into_iter().map(|resource| {
            Ok(ImportedResource {
                type_name: resource.type_name,
                stored: Stored {
                    state: decode(resource.state.as_ref())?,
                    private: resource.private,
                    identity: decode_identity(resource.identity)?,
                },
            })
        });
        Ok(Imported {
            resources: resources.collect::<Result<_, Malformed>>()?,
            deferred: reason(response.deferred),
            diagnostics: diagnostics(response.diagnostics),
        })
    }

    /// Upgrades a stored state, given as JSON, to the current schema.
    ///
    /// # Errors
    ///
    /// The plugin's gRPC status, or [`Error::Value`] if the response has a malformed value.
    pub async fn upgrade(
        &self,
        type_name: &str,
        version: i64,
        stored: &Value,
    ) -> Result<Upgraded, Error> {
        let request = upgrade_resource_state::Request {
            type_name: type_name.to_owned(),
            version,
            raw_state: Some(RawState {
                json: stored.to_string().into_bytes(),
                ..Default::default()
            }),
        };
        let response = self.provider().upgrade_resource_state(request).await?.into_inner();
        Ok(Upgraded {
            state: decode(response.upgraded_state.as_ref())?,
            diagnostics: diagnostics(response.diagnostics),
        })
    }

    /// Checks the configuration of a data source.
    ///
    /// # Errors
    ///
    /// The plugin's gRPC status, or [`Error::Value`] if the response has a malformed value.
    pub async fn validate_data_source(
        &self,
        type_name: &str,
        config: Value,
    ) -> Result<Vec<Diagnostic>, Error> {
        let request = validate_data_resource_config::Request {
            type_name: type_name.to_owned(),
            config: Some(encode(&config)),
        };
        let response = self.provider().validate_data_resource_config(request).await?.into_inner();
        Ok(diagnostics(response.diagnostics))
    }

    /// Reads a data source.
    ///
    /// # Errors
    ///
    /// The plugin's gRPC status, or [`Error::Value`] if the response has a malformed value.
    pub async fn read_data_source(
        &self,
        type_name: &str,
        config: Value,
    ) -> Result<DataRead, Error> {
        let request = read_data_source::Request {
            type_name: type_name.to_owned(),
            config: Some(encode(&config)),
            provider_meta: None,
            client_capabilities: self.capabilities(),
        };
        let response = self.provider().read_data_source(request).await?.into_inner();
        Ok(DataRead {
            state: decode(response.state.as_ref())?,
            deferred: reason(response.deferred),
            diagnostics: diagnostics(response.diagnostics),
        })
    }

    /// Tells the provider that the user interrupted the run. Returns its error message, which is
    /// usually empty.
    ///
    /// # Errors
    ///
    /// The plugin's gRPC status, or [`Error::Value`] if the response has a malformed value.
    pub async fn stop_calls(&self) -> Result<String, Error> {
        Ok(self.provider().stop_provider(stop_provider::Request {}).await?.into_inner().error)
    }

    /// Returns the capabilities that a host sends with every call that may depend on them.
    fn capabilities(&self) -> Option<ClientCapabilities> {
        Some(ClientCapabilities {
            deferral_allowed: self.deferral_allowed,
            write_only_attributes_allowed: true,
            store_planned_private: self.stores_planned_private,
            ..Default::default()
        })
    }
}

fn reason(deferred: Option<Deferred>) -> Option<i32> {
    deferred.map(|deferred| deferred.reason)
}
