//! Values from the host and from state files.

use std::sync::LazyLock;

use terraform_provider_gitlab_job_token::framework::codec::{json, msgpack as wire};
use terraform_provider_gitlab_job_token::framework::{
    AnyResource, MoveSource, Provider, Type, Value, Warnings,
};
use terraform_provider_gitlab_job_token::provider::{Connection, GitlabJobToken};

/// Provider whose states resources are moved from.
const OFFICIAL_PROVIDER: &str = "registry.terraform.io/gitlabhq/gitlab";
const OFFICIAL_TYPES: [&str; 2] =
    ["gitlab_project_job_token_scope", "gitlab_project_job_token_scopes"];

struct Known {
    resources: Vec<Box<dyn AnyResource<Connection>>>,
    types: Vec<Type>,
}

/// The provider's types, and some that it doesn't use yet.
static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let provider = GitlabJobToken::in_environment(Box::new(|_| None));
    let resources = provider.resources();
    let mut types: Vec<Type> =
        resources.iter().map(|resource| resource.schema().object_type()).collect();
    types.push(provider.schema().object_type());
    types.extend(provider.data_sources().iter().map(|source| source.schema().object_type()));
    types.push(Type::list(Type::map(Type::set(Type::Number))));
    types.extend([Type::Number, Type::String, Type::Bool]);
    Known { resources, types }
});

/// Reads the first byte as a type and the others as a MessagePack value of it. A value that was
/// read can be written, and is then read as the same.
///
/// # Panics
///
/// Panics if it isn't.
pub fn msgpack(bytes: &[u8]) {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let ty = &KNOWN.types[usize::from(*choice) % KNOWN.types.len()];
    if let Ok(value) = wire::decode(bytes, ty) {
        assert_survives(&value, ty);
    }
}

/// Reads the bytes as a state of each of our resources and of those of the official provider.
///
/// # Panics
///
/// If a value that was read can't be written, or a moved state doesn't match the resource's schema.
pub fn state(bytes: &[u8]) {
    for resource in &KNOWN.resources {
        let ty = resource.schema().object_type();
        if let Ok(value) = json::decode(bytes, &ty) {
            assert!(value.is_wholly_known(), "JSON knows nothing unknown");
            assert_survives(&value, &ty);
        }
    }
    if let Ok(state) = serde_json::from_slice::<serde_json::Map<_, _>>(bytes) {
        for type_name in OFFICIAL_TYPES {
            take_over(type_name, &state);
        }
    }
}

fn take_over(type_name: &str, state: &serde_json::Map<String, serde_json::Value>) {
    let source = MoveSource {
        provider_address: OFFICIAL_PROVIDER.to_owned(),
        type_name: type_name.to_owned(),
        schema_version: 0,
        state: state.clone(),
    };
    for resource in &KNOWN.resources {
        if let Ok(moved) = resource.move_from(&source, &Warnings::default()) {
            assert_survives(&Value::Map(moved.clone()), &resource.schema().object_type());
            resource.identity(moved).expect("a moved state has an identity");
        }
    }
}

fn assert_survives(value: &Value, ty: &Type) {
    assert_eq!(wire::decode(&wire::encode(value), ty).as_ref(), Ok(value));
}
