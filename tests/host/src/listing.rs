//! The call behind a query: ListResource, whose response is a stream.

use serde_json::Value;
use tonic::Streaming;

use crate::diagnostic::diagnostics;
use crate::stored::decode_identity;
use crate::tfplugin6::{list_resource, validate_list_resource_config};
use crate::wire::{decode, encode};
use crate::{Connection, Diagnostic, Error};

/// A host's request for a `list` block.
#[derive(Clone, Debug)]
pub struct Query<'a> {
    /// The type.
    pub type_name: &'a str,
    /// The inner `config` block.
    pub config: Value,
    /// True if whole objects are requested in addition to identities.
    pub include_object: bool,
    /// The maximum number of results.
    pub limit: i64,
}

/// One event of a query.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The identity for an import.
    pub identity: Option<Value>,
    /// The display name.
    pub display_name: String,
    /// The whole object, if requested.
    pub object: Option<Value>,
    /// Problems.
    pub diagnostics: Vec<Diagnostic>,
}

/// The stream of events of a query. Dropping it cancels the query.
#[derive(Debug)]
pub struct Listing(Streaming<list_resource::Event>);

impl Listing {
    /// Returns the next event, or `None` at the end.
    ///
    /// # Errors
    ///
    /// The plugin's gRPC status, or a malformed value in its response.
    pub async fn next(&mut self) -> Result<Option<Listed>, Error> {
        let Some(event) = self.0.message().await? else { return Ok(None) };
        let object = event.resource_object.as_ref();
        Ok(Some(Listed {
            identity: decode_identity(event.identity)?,
            display_name: event.display_name,
            object: object.map(|object| decode(Some(object))).transpose()?,
            diagnostics: diagnostics(event.diagnostic),
        }))
    }

    /// Returns all remaining events.
    ///
    /// # Errors
    ///
    /// As [`Listing::next`].
    pub async fn rest(mut self) -> Result<Vec<Listed>, Error> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await? {
            events.push(event);
        }
        Ok(events)
    }
}

impl Connection {
    /// Starts a query.
    ///
    /// # Errors
    ///
    /// The plugin's gRPC status.
    pub async fn list(&self, query: &Query<'_>) -> Result<Listing, Error> {
        let request = list_resource::Request {
            type_name: query.type_name.to_owned(),
            config: Some(encode(&query.config)),
            include_resource_object: query.include_object,
            limit: query.limit,
        };
        Ok(Listing(self.provider().list_resource(request).await?.into_inner()))
    }

    /// Checks the `config` block of a query.
    ///
    /// # Errors
    ///
    /// The plugin's gRPC status.
    pub async fn validate_list(
        &self,
        type_name: &str,
        config: Value,
    ) -> Result<Vec<Diagnostic>, Error> {
        let request = validate_list_resource_config::Request {
            type_name: type_name.to_owned(),
            config: Some(encode(&config)),
            ..Default::default()
        };
        let response = self.provider().validate_list_resource_config(request).await?.into_inner();
        Ok(diagnostics(response.diagnostics))
    }
}
