//! Measures the parts of every command: values on the wire, the plan of an entry, the schema
//! response, and reading a list from the server.
//!
//! `cargo bench --bench micro`

use std::sync::LazyLock;

use divan::{Bencher, black_box};
use gitlab_simulator::{Simulator, Target};
use plugin_host::{Host, Launch};
use secrecy::SecretString;
use terraform_provider_gitlab_job_token::framework::codec::msgpack;
use terraform_provider_gitlab_job_token::framework::{
    AnyResource, Change, Instance, InstanceId, Object, PlanContext, Private, Provider, Type, Value,
    Warnings,
};
use terraform_provider_gitlab_job_token::gitlab::{
    BaseUrl, Client, Config, Freshness, Kind, ProjectId,
};
use terraform_provider_gitlab_job_token::provider::{Connection, GitlabJobToken};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

const PROVIDER: &str = env!("CARGO_BIN_EXE_terraform-provider-gitlab-job-token");

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

fn main() {
    divan::main();
}

fn resource(type_name: &str) -> Box<dyn AnyResource<Connection>> {
    let provider = GitlabJobToken::in_environment(Box::new(|_| None));
    let found = provider.resources().into_iter().find(|resource| resource.type_name() == type_name);
    found.expect("a resource of that type")
}

/// Returns an object with null for all attributes that aren't given.
fn object(resource: &dyn AnyResource<Connection>, given: &[(&str, Value)]) -> Object {
    let mut object: Object =
        resource.attributes().iter().map(|name| ((*name).to_owned(), Value::Null)).collect();
    object.extend(given.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    object
}

fn entry_config(entry: &dyn AnyResource<Connection>) -> Object {
    object(
        entry,
        &[("project", Value::String("99".into())), ("target_project_id", Value::Number(42.into()))],
    )
}

fn list_state() -> (Value, Type) {
    let list = resource("gitlab_job_token_allowlist_exclusive");
    let numbers = Value::set((1..=200_i64).map(|id| Value::Number(id.into())));
    let paths =
        Value::set((1..=200).map(|id| Value::String(format!("group/subgroup/project-{id}"))));
    let state = object(&*list, &[("target_project_ids", numbers), ("target_projects", paths)]);
    (Value::Map(state), list.schema().object_type())
}

#[divan::bench]
fn encode_a_list_of_200(bencher: Bencher) {
    let (state, _) = list_state();
    bencher.bench(|| msgpack::encode(black_box(&state)));
}

#[divan::bench]
fn decode_a_list_of_200(bencher: Bencher) {
    let (state, ty) = list_state();
    let bytes = msgpack::encode(&state);
    bencher.bench(|| msgpack::decode(black_box(&bytes), &ty));
}

#[divan::bench]
fn plan_one_entry(bencher: Bencher) {
    let entry = resource("gitlab_job_token_allowlist_entry");
    let config = entry_config(&*entry);
    bencher.bench(|| {
        let warnings = Warnings::default();
        let private = Private::default();
        let context = PlanContext {
            client: None,
            warnings: &warnings,
            private: &private,
            first_plan: None,
            host_stores_planned_private: false,
            instance: Instance { id: InstanceId::random(), replaces: None, persistent: true },
        };
        let change = Change { prior: None, config: config.clone() };
        RUNTIME.block_on(entry.plan(context, change))
    });
}

/// Includes the round trip to the process.
#[divan::bench]
fn respond_with_the_schema(bencher: Bencher) {
    let host = RUNTIME.block_on(Host::start(&Launch::new(PROVIDER))).expect("the provider starts");
    bencher.bench(|| RUNTIME.block_on(host.schema()).expect("a schema"));
}

/// Includes the round trip to the simulator and its work.
#[divan::bench]
fn read_a_list_of_100(bencher: Bencher) {
    let gitlab = Simulator::start();
    let project = gitlab.add_project("platform/deploy");
    for number in 1..100 {
        gitlab.allow(project, Target::Project(gitlab.add_project(&format!("apps/app-{number}"))));
    }
    let base_url = BaseUrl::parse(&gitlab.api_url()).expect("the simulator's address");
    let config =
        Config::new(base_url, Some(SecretString::from(gitlab.token())), "bench".to_owned());
    let client = Client::new(&config, CancellationToken::new()).expect("a client");
    let project = ProjectId::try_from(project).expect("a number");
    bencher.bench(|| {
        RUNTIME.block_on(client.allowlist(project, Kind::Project, Freshness::Now)).expect("a list")
    });
}
