//! The handle of a running instance: starting it, its URLs, and the settings of its administrator.
//! `building` and `watching` have further methods.

mod building;
mod watching;

use std::fmt;
use std::io;
use std::time::Duration;

pub use building::Allowlist;

use crate::graphql;
use crate::server::{Instance, Server, Start};
use crate::world::{Enforcement, GranularGraphql, MissingField, TokenSpec, World};

/// An in-memory GitLab on loopback, from `start` until it is dropped.
///
/// It starts with only an administrator, whose token is [`Simulator::token`]. Methods that build or
/// change the world panic on invalid input, such as a project with a taken path: that is a bug in
/// the test, not a response of GitLab.
pub struct Simulator {
    server: Server,
    token: String,
}

/// The name of the token that an instance starts with.
pub const ADMINISTRATOR: &str = "administrator";

/// The settings of an instance that will start.
#[derive(Debug, Default)]
pub struct Builder {
    port: u16,
    relative_url_root: String,
    latency: Duration,
    /// Whether to enforce allowlists as the version does, which may still be set.
    enforced: bool,
    world: World,
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator").field("url", &self.url()).finish_non_exhaustive()
    }
}

impl Simulator {
    /// Starts an instance on a free port.
    ///
    /// # Panics
    ///
    /// When loopback cannot be bound.
    #[must_use]
    pub fn start() -> Self {
        Self::builder().start()
    }

    /// Returns a builder of an instance.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Returns the URL of the instance, without a trailing slash but with the relative URL root, if
    /// any.
    #[must_use]
    pub fn url(&self) -> String {
        self.instance().site.url()
    }

    /// Returns the URL of the REST API, for the `base_url` of a client.
    #[must_use]
    pub fn api_url(&self) -> String {
        format!("{}/api/v4", self.url())
    }

    /// Returns a token that can do and see everything that wasn't hidden from it.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Sets the enforcement of allowlists.
    pub fn set_enforcement(&self, enforcement: Enforcement) {
        self.instance().world().settings.enforcement = enforcement;
    }

    /// Removes a field from a type of the GraphQL schema, as a later version may.
    ///
    /// # Panics
    ///
    /// Panics if the type doesn't have the field.
    #[track_caller]
    pub fn remove_field(&self, type_name: &str, field_name: &str) {
        let missing = MissingField { ty: Some(type_name.to_owned()), name: field_name.to_owned() };
        let settings = &mut self.instance().world().settings;
        assert!(
            graphql::has_field(settings, &missing),
            "the schema has no field {type_name}.{field_name}"
        );
        settings.missing_fields.insert(missing);
    }

    /// Rejects classic tokens, as if they were fine-grained ones without permissions.
    ///
    /// # Panics
    ///
    /// Panics if the version has no fine-grained tokens.
    #[track_caller]
    pub fn enforce_fine_grained_tokens(&self, enforces: bool) {
        let settings = &mut self.instance().world().settings;
        assert!(
            settings.version.has_fine_grained_tokens(),
            "fine-grained tokens need GitLab 18.10"
        );
        settings.enforces_fine_grained_tokens = enforces;
    }

    /// Sets the behavior of GraphQL for fine-grained tokens if a type isn't covered by their
    /// permissions.
    pub fn set_granular_graphql(&self, responses: GranularGraphql) {
        self.instance().world().settings.granular_graphql = responses;
    }

    /// Omits the totals of lists, as GitLab does for very large ones.
    pub fn omit_totals(&self, omits: bool) {
        self.instance().world().settings.omits_totals = omits;
    }

    /// Delays every request that arrives from now on.
    pub fn set_latency(&self, latency: Duration) {
        *self.instance().latency() = latency;
    }

    fn instance(&self) -> &Instance {
        &self.server.instance
    }
}

impl Builder {
    /// Listens on this port instead of a free one.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Serves everything below a path, such as `/gitlab`.
    #[must_use]
    pub fn relative_url_root(mut self, root: &str) -> Self {
        root.clone_into(&mut self.relative_url_root);
        self
    }

    /// Delays every request.
    #[must_use]
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// Enforces allowlists on the whole instance, as its version does.
    #[must_use]
    pub fn enforced(mut self) -> Self {
        self.enforced = true;
        self
    }

    /// Sets the enforcement of allowlists on the whole instance.
    #[must_use]
    pub fn enforcement(mut self, enforcement: Enforcement) -> Self {
        self.enforced = false;
        self.world.settings.enforcement = enforcement;
        self
    }

    /// Sets the version, which determines the behavior of the instance. The default is 18.8.0-ee.
    ///
    /// # Panics
    ///
    /// Panics if the text isn't a version.
    #[must_use]
    #[track_caller]
    pub fn version(mut self, version: &str) -> Self {
        match version.parse() {
            Ok(version) => self.world.settings.version = version,
            Err(error) => panic!("{error}"),
        }
        self
    }

    /// Removes a field from every type of the GraphQL schema that has it, as a later version may.
    #[must_use]
    pub fn without_field(mut self, field_name: &str) -> Self {
        self.world
            .settings
            .missing_fields
            .insert(MissingField { ty: None, name: field_name.to_owned() });
        self
    }

    /// Deletes projects and groups in two steps, as GitLab does from 18.0 on, and in paid plans
    /// before.
    #[must_use]
    pub fn delays_deletion(mut self) -> Self {
        self.world.settings.delays_deletion = true;
        self
    }

    /// Omits the deprecated `outbound_enabled` from reads of the scope, as a later version may.
    #[must_use]
    pub fn without_outbound_enabled(mut self) -> Self {
        self.world.settings.omits_outbound_enabled = true;
        self
    }

    /// Starts the instance.
    ///
    /// # Panics
    ///
    /// When the port cannot be bound.
    #[must_use]
    pub fn start(self) -> Simulator {
        match self.try_start() {
            Ok(simulator) => simulator,
            Err(error) => panic!("the simulator cannot listen on loopback: {error}"),
        }
    }

    /// Starts the instance.
    ///
    /// # Errors
    ///
    /// When the port cannot be bound.
    pub fn try_start(mut self) -> io::Result<Simulator> {
        let token = self.world.add_token(TokenSpec::new(ADMINISTRATOR).administrator());
        if self.enforced {
            self.world.settings.enforcement = self.world.settings.version.enforcement();
        }
        let Self { port, relative_url_root, latency, enforced: _, world } = self;
        let server = Server::start(Start { port, relative_url_root, latency, world })?;
        Ok(Simulator { server, token })
    }
}
