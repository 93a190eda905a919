//! A simulator, the provider's process and a host that checks every response.

mod life;
mod rules;
mod types;

use std::collections::BTreeMap;
use std::ops::Deref;

use gitlab_simulator::Simulator;
use plugin_host::tfplugin6::{get_provider_schema, get_resource_identity_schemas};
use plugin_host::{Diagnostic, Host, Launch, Severity, Shape};
use serde_json::{Value, json};

pub(crate) use life::Action;
use rules::Rules;
pub(crate) use types::{Type, is_wholly_known};

use crate::launch;

pub(crate) const SCOPE: &str = "gitlab_job_token_scope";
pub(crate) const ENTRY: &str = "gitlab_job_token_allowlist_entry";
pub(crate) const EXCLUSIVE: &str = "gitlab_job_token_allowlist_exclusive";
pub(crate) const RESOURCES: [&str; 3] = [ENTRY, EXCLUSIVE, SCOPE];

/// The data sources. The first has the same name as a resource.
pub(crate) const SCOPE_DATA: &str = SCOPE;
pub(crate) const SCOPES_DATA: &str = "gitlab_job_token_scopes";
pub(crate) const LOG_DATA: &str = "gitlab_job_token_authentication_log";
pub(crate) const ALLOWLIST_DATA: &str = "gitlab_job_token_allowlist";

/// The deferral reason for an unknown provider block.
pub(crate) const PROVIDER_CONFIG_UNKNOWN: i32 = 2;

/// A host with the provider's process and a GitLab for it.
pub(crate) struct Kit {
    pub(crate) gitlab: Simulator,
    pub(crate) host: Host,
    /// True if the host supports identities. Older hosts drop them.
    pub(crate) keeps_identities: bool,
    /// True if the provider was configured for the simulator.
    is_configured: bool,
    provider: Shape,
    resources: BTreeMap<String, Managed>,
    data_sources: BTreeMap<String, (Shape, Rules)>,
}

struct Managed {
    shape: Shape,
    rules: Rules,
    identity: BTreeMap<String, Type>,
}

impl Deref for Kit {
    type Target = Host;

    fn deref(&self) -> &Host {
        &self.host
    }
}

impl Kit {
    /// Starts a provider that is configured for the administrator of a new simulator.
    pub(crate) async fn start() -> Self {
        Self::with(Simulator::start()).await
    }

    /// Starts a provider that is configured for this simulator's administrator.
    pub(crate) async fn with(gitlab: Simulator) -> Self {
        let mut kit = Self::unconfigured_with(gitlab).await;
        assert_eq!(kit.configure(kit.block()).await.unwrap(), []);
        kit.is_configured = true;
        kit.gitlab.clear_requests();
        kit
    }

    /// Starts another walk, for which hosts start another process: configuring the provider again
    /// drops its knowledge of the previous walk.
    pub(crate) async fn begin_walk(&self) {
        if self.is_configured {
            let address = json!({"base_url": self.gitlab.api_url(), "token": self.gitlab.token(), "early_auth_check": false});
            assert_eq!(self.configure(self.provider_block(address)).await.unwrap(), []);
        }
    }

    /// Starts a provider that isn't configured.
    pub(crate) async fn unconfigured() -> Self {
        Self::unconfigured_with(Simulator::start()).await
    }

    /// Starts a provider whose block has an unknown value, for a host that does or doesn't defer.
    pub(crate) async fn unknown(deferral_allowed: bool) -> Self {
        let mut kit = Self::unconfigured().await;
        kit.host.connection.deferral_allowed = deferral_allowed;
        let block =
            kit.provider_block(json!({"base_url": plugin_host::wire::UNKNOWN, "token": "t"}));
        let [warning] = &kit.configure(block).await.unwrap()[..] else { panic!("not one warning") };
        assert_eq!(warning.summary, "Provider configuration isn't known yet");
        kit
    }

    /// Starts a provider that isn't configured, but whose environment names the GitLab.
    pub(crate) async fn with_environment(gitlab: Simulator) -> Self {
        let launch =
            launch().env("GITLAB_BASE_URL", gitlab.api_url()).env("GITLAB_TOKEN", gitlab.token());
        Self::launched(gitlab, &launch).await
    }

    /// Starts a provider that isn't configured, beside this simulator.
    pub(crate) async fn unconfigured_with(gitlab: Simulator) -> Self {
        Self::launched(gitlab, &launch()).await
    }

    async fn launched(gitlab: Simulator, launch: &Launch) -> Self {
        let host = Host::start(launch).await.unwrap();
        let schema = host.schema().await.unwrap();
        let request = get_resource_identity_schemas::Request {};
        let identities =
            host.provider().get_resource_identity_schemas(request).await.unwrap().into_inner();
        Self {
            gitlab,
            host,
            keeps_identities: true,
            is_configured: false,
            provider: Shape::of(schema.provider.as_ref().unwrap()),
            resources: resources(&schema, &identities),
            data_sources: schema
                .data_source_schemas
                .iter()
                .map(|(name, schema)| (name.clone(), (Shape::of(schema), Rules::of(schema))))
                .collect(),
        }
    }

    /// Returns the provider block for the simulator's administrator.
    pub(crate) fn block(&self) -> Value {
        self.provider_block(
            json!({"base_url": self.gitlab.api_url(), "token": self.gitlab.token()}),
        )
    }

    /// Returns a provider block, with null for attributes missing in `given`.
    pub(crate) fn provider_block(&self, given: Value) -> Value {
        self.provider.complete(given)
    }

    /// Returns the configuration of a resource, with null for attributes missing in `given`.
    pub(crate) fn config(&self, type_name: &str, given: Value) -> Value {
        self.managed(type_name).shape.complete(given)
    }

    /// Returns the configuration of a data source, with null for attributes missing in `given`.
    pub(crate) fn data_config(&self, type_name: &str, given: Value) -> Value {
        self.data_sources[type_name].0.complete(given)
    }

    /// Reads a data source that is there.
    pub(crate) async fn data(&self, type_name: &str, given: Value) -> Value {
        let config = self.data_config(type_name, given);
        let read = self.read_data_source(type_name, config).await.unwrap();
        assert_eq!(read.diagnostics, []);
        assert_eq!(self.data_sources[type_name].1.storable(&read.state), [""; 0]);
        read.state
    }

    /// Returns the requests that GitLab received, one per line.
    pub(crate) fn requests(&self) -> String {
        self.gitlab.requests().to_string()
    }

    fn managed(&self, type_name: &str) -> &Managed {
        &self.resources[type_name]
    }

    fn rules(&self, type_name: &str) -> &Rules {
        &self.managed(type_name).rules
    }
}

fn resources(
    schema: &get_provider_schema::Response,
    identities: &get_resource_identity_schemas::Response,
) -> BTreeMap<String, Managed> {
    let managed = |(name, schema): (&String, &plugin_host::tfplugin6::Schema)| {
        let identity = identities.identity_schemas[name].identity_attributes.iter();
        let identity =
            identity.map(|attribute| (attribute.name.clone(), Type::parse(&attribute.r#type)));
        let managed = Managed {
            shape: Shape::of(schema),
            rules: Rules::of(schema),
            identity: identity.collect(),
        };
        (name.clone(), managed)
    };
    schema.resource_schemas.iter().map(managed).collect()
}

/// Returns the only diagnostic, which must be an error.
#[track_caller]
pub(crate) fn only_error(diagnostics: &[Diagnostic]) -> &Diagnostic {
    let [error] = diagnostics else { panic!("not one diagnostic, but {diagnostics:#?}") };
    assert_eq!(error.severity, Severity::Error, "{error:#?}");
    error
}

/// Returns the only diagnostic, which must be a warning.
#[track_caller]
pub(crate) fn only_warning(diagnostics: &[Diagnostic]) -> &Diagnostic {
    let [warning] = diagnostics else { panic!("not one diagnostic, but {diagnostics:#?}") };
    assert_eq!(warning.severity, Severity::Warning, "{warning:#?}");
    warning
}

/// Returns whether one of them is an error.
pub(crate) fn failed(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|diagnostic| diagnostic.severity != Severity::Warning)
}
