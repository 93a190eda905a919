//! A host that calls a resource as core does, with its own implementation of core's plan checks.

use gitlab_simulator::Simulator;
use plugin_host::tfplugin6::{Schema, read_resource, schema};
use plugin_host::wire::{UNKNOWN, decode, encode};
use plugin_host::{Applied, Diagnostic, Host, Launch, Plan, Planned, Severity, Shape};
use serde_json::{Value, json};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_terraform-provider-gitlab-job-token");

/// The properties of an attribute that plans depend on.
#[derive(Clone, Debug)]
pub(crate) struct Attribute {
    pub(crate) name: String,
    /// As in the schema: `"string"`, `["set","number"]`.
    pub(crate) ty: Value,
    pub(crate) required: bool,
    pub(crate) settable: bool,
    computed: bool,
    /// The attributes of each element if this is a map of objects, which has no other type.
    pub(crate) elements: Vec<Self>,
}

/// One resource of one provider process.
pub(crate) struct Resource {
    pub(crate) host: Host,
    block: Value,
    type_name: &'static str,
    shape: Shape,
    pub(crate) attributes: Vec<Attribute>,
}

pub(crate) fn failed(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
}

/// Returns a provider block for the simulator's administrator.
pub(crate) fn block(gitlab: &Simulator) -> Value {
    json!({"base_url": gitlab.api_url(), "token": gitlab.token(), "retries": 0, "early_auth_check": false})
}

impl Resource {
    pub(crate) async fn start(type_name: &'static str, block: Value) -> Self {
        let host = Host::start(&Launch::new(BINARY)).await.unwrap();
        let schemas = host.schema().await.unwrap();
        let block = Shape::of(&schemas.provider.unwrap()).complete(block);
        let diagnostics = host.configure(block.clone()).await.unwrap();
        assert!(!failed(&diagnostics), "{diagnostics:?}");
        let schema = &schemas.resource_schemas[type_name];
        Self { host, block, type_name, shape: Shape::of(schema), attributes: attributes(schema) }
    }

    /// Begins another run, as a host does that starts another process.
    pub(crate) async fn begin_run(&self) {
        assert!(!failed(&self.host.configure(self.block.clone()).await.unwrap()));
    }

    /// Returns whether the configuration may be planned at all.
    pub(crate) async fn accepts(&self, config: &Value) -> bool {
        let config = self.shape.complete(config.clone());
        !failed(&self.host.validate_resource(self.type_name, config).await.unwrap())
    }

    /// Returns a plan that core would accept, and its input; none if the provider returns an error.
    pub(crate) async fn plan(&self, prior: &Value, config: &Value) -> Option<(Plan, Planned)> {
        let config = self.shape.complete(config.clone());
        let plan = Plan {
            prior: prior.clone(),
            proposed: self.shape.propose(prior, &config),
            config,
            ..Plan::default()
        };
        let planned = self.host.plan(self.type_name, &plan).await.unwrap();
        if failed(&planned.diagnostics) {
            return None;
        }
        self.assert_valid(&plan, &planned);
        Some((plan, planned))
    }

    pub(crate) async fn apply(&self, plan: &Plan, planned: &Planned) -> Applied {
        self.host.apply(self.type_name, plan, planned).await.unwrap()
    }

    /// Returns the current state, which is null if the object is gone; none if the provider returns
    /// an error.
    pub(crate) async fn refresh(&self, state: &Value) -> Option<Value> {
        let request = read_resource::Request {
            type_name: self.type_name.to_owned(),
            current_state: Some(encode(state)),
            ..Default::default()
        };
        let response = self.host.provider().read_resource(request).await.unwrap().into_inner();
        response.diagnostics.is_empty().then(|| decode(response.new_state.as_ref()).unwrap())
    }

    fn assert_valid(&self, plan: &Plan, planned: &Planned) {
        let Value::Object(state) = &planned.state else {
            panic!("{} isn't an object", planned.state)
        };
        assert_eq!(state.len(), self.attributes.len(), "{state:?}");
        for attribute in &self.attributes {
            let name = &attribute.name;
            let planned = state.get(name).unwrap_or_else(|| panic!("{name} is not planned"));
            let (config, prior) = (&plan.config[name], &plan.prior[name]);
            assert!(attribute.admits(planned), "{name} is planned as {planned}");
            assert!(
                attribute.follows(prior, config, planned),
                "{name}: planned {planned}, configured {config}, before {prior}"
            );
        }
        for path in &planned.requires_replace {
            assert!(!plan.prior.is_null(), "nothing is there to be replaced");
            assert!(
                !same(&planned.state[path], &plan.prior[path]),
                "{path} is replaced without change"
            );
        }
    }
}

fn attributes(schema: &Schema) -> Vec<Attribute> {
    of_attributes(&schema.block.as_ref().unwrap().attributes)
}

fn of_attributes(attributes: &[schema::Attribute]) -> Vec<Attribute> {
    let attribute = attributes.iter().map(|attribute| {
        let nested = attribute.nested_type.as_ref();
        Attribute {
            name: attribute.name.clone(),
            ty: nested.map_or_else(
                || serde_json::from_slice(&attribute.r#type).unwrap(),
                |_| Value::Null,
            ),
            required: attribute.required,
            settable: attribute.required || attribute.optional,
            computed: attribute.computed,
            elements: nested.map_or_else(Vec::new, |nested| of_attributes(&nested.attributes)),
        }
    });
    attribute.collect()
}

impl Attribute {
    /// Returns whether it can have the value.
    fn admits(&self, value: &Value) -> bool {
        let is_element = |value: &Value| {
            value.is_null()
                || value == UNKNOWN
                || self.elements.iter().all(|attribute| attribute.admits(&value[&attribute.name]))
        };
        match value {
            Value::Object(map) if !self.elements.is_empty() => map.values().all(is_element),
            value if self.elements.is_empty() => is_of_type(value, &self.ty),
            value => value.is_null() || value == UNKNOWN,
        }
    }

    /// Checks a planned value by core's rules.
    fn follows(&self, prior: &Value, config: &Value, planned: &Value) -> bool {
        let as_configured = same(planned, config);
        let as_before = same(planned, prior) && !prior.is_null() && !config.is_null();
        let ours = self.computed && config.is_null();
        let by_element = || match (config, planned) {
            (Value::Object(config), Value::Object(planned)) => {
                config.keys().eq(planned.keys())
                    && planned.iter().all(|(key, element)| {
                        element == &config[key]
                            || self.elements.iter().all(|attribute| {
                                let name = &attribute.name;
                                let before = &prior[key][name];
                                attribute.follows(before, &config[key][name], &element[name])
                            })
                    })
            }
            _ => false,
        };
        as_configured || as_before || ours || (!self.elements.is_empty() && by_element())
    }
}

fn is_of_type(value: &Value, ty: &Value) -> bool {
    match (ty.as_str(), value) {
        (_, Value::Null) => true,
        (_, value) if value == UNKNOWN => true,
        (Some("string"), value) => value.is_string(),
        (Some("number"), value) => value.is_number(),
        (Some("bool"), value) => value.is_boolean(),
        (_, Value::Array(values)) => {
            ty[0] == "set" && values.iter().all(|value| is_of_type(value, &ty[1]))
        }
        _ => false,
    }
}

/// Compares values, in which every array is a set.
pub(crate) fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Array(one), Value::Array(other)) => {
            let within =
                |some: &[Value], all: &[Value]| some.iter().all(|value| all.contains(value));
            within(one, other) && within(other, one)
        }
        (one, other) => one == other,
    }
}
