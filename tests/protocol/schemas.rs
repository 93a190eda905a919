//! The provider's schemas, and the rules by which hosts check them.

use std::collections::{BTreeMap, BTreeSet};

use plugin_host::tfplugin6::schema::Attribute;
use plugin_host::tfplugin6::{
    Schema, ServerCapabilities, get_metadata, get_provider_schema, get_resource_identity_schemas,
};
use plugin_host::{Host, Shape};
use serde_json::json;

use crate::kit::{
    ALLOWLIST_DATA, ENTRY, EXCLUSIVE, LOG_DATA, RESOURCES, SCOPE, SCOPE_DATA, SCOPES_DATA, Type,
};
use crate::launch;

/// Names that are reserved in the configuration language.
const RESERVED_IN_PROVIDERS: [&str; 2] = ["alias", "version"];
const RESERVED_IN_RESOURCES: [&str; 7] =
    ["connection", "count", "depends_on", "for_each", "lifecycle", "provider", "provisioner"];

const CAPABILITIES: ServerCapabilities = ServerCapabilities {
    plan_destroy: true,
    get_provider_schema_optional: true,
    move_resource_state: true,
    generate_resource_config: false,
};

async fn schema() -> get_provider_schema::Response {
    Host::start(&launch()).await.unwrap().schema().await.unwrap()
}

fn attributes(schema: &Schema) -> &[Attribute] {
    &schema.block.as_ref().unwrap().attributes
}

fn attribute<'a>(schema: &'a Schema, name: &str) -> &'a Attribute {
    attributes(schema).iter().find(|attribute| attribute.name == name).unwrap()
}

/// Returns every attribute with its type and mode.
fn summary(schema: &Schema) -> BTreeMap<&str, String> {
    let summary = |attribute: &Attribute| {
        let mode = [
            (attribute.required, "required"),
            (attribute.optional, "optional"),
            (attribute.computed, "computed"),
            (attribute.sensitive, "sensitive"),
        ];
        let mode: Vec<_> = mode.into_iter().filter(|(is, _)| *is).map(|(_, word)| word).collect();
        format!("{:?} {}", Type::of(attribute), mode.join(" "))
    };
    attributes(schema)
        .iter()
        .map(|attribute| (attribute.name.as_str(), summary(attribute)))
        .collect()
}

fn all_schemas(response: &get_provider_schema::Response) -> Vec<(String, &Schema)> {
    let named = |kind: &str, schemas| {
        let kind = kind.to_owned();
        let schemas: &BTreeMap<_, _> = schemas;
        schemas.iter().map(|(name, schema)| (format!("{kind} {name}"), *schema)).collect::<Vec<_>>()
    };
    let resources = response.resource_schemas.iter().collect();
    let data_sources = response.data_source_schemas.iter().collect();
    let list_resources = response.list_resource_schemas.iter().collect();
    let provider = ("provider".to_owned(), response.provider.as_ref().unwrap());
    [
        vec![provider],
        named("resource", &resources),
        named("data", &data_sources),
        named("list", &list_resources),
    ]
    .concat()
}

#[tokio::test]
async fn schema_has_every_type() {
    let schema = schema().await;
    let names = |names: Vec<&String>| names.into_iter().cloned().collect::<BTreeSet<_>>();
    assert_eq!(
        names(schema.resource_schemas.keys().collect()),
        RESOURCES.map(str::to_owned).into()
    );
    assert_eq!(
        names(schema.data_source_schemas.keys().collect()),
        [SCOPE_DATA, SCOPES_DATA, ALLOWLIST_DATA, LOG_DATA, "gitlab_job_token_policies"]
            .map(str::to_owned)
            .into()
    );
    assert_eq!(
        names(schema.list_resource_schemas.keys().collect()),
        RESOURCES.map(str::to_owned).into()
    );
    assert_eq!(schema.server_capabilities, Some(CAPABILITIES));
    assert_eq!(schema.diagnostics, []);
    assert!(schema.provider_meta.is_none());
    assert!(schema.functions.is_empty() && schema.ephemeral_resource_schemas.is_empty());
    assert!(schema.action_schemas.is_empty());
}

#[tokio::test]
async fn metadata_matches_the_schema() {
    let host = Host::start(&launch()).await.unwrap();
    let metadata =
        host.provider().get_metadata(get_metadata::Request {}).await.unwrap().into_inner();
    let resources: Vec<_> =
        metadata.resources.iter().map(|resource| resource.type_name.as_str()).collect();
    assert_eq!(resources, RESOURCES);
    let data_sources: Vec<_> =
        metadata.data_sources.iter().map(|source| source.type_name.as_str()).collect();
    assert_eq!(
        data_sources,
        [ALLOWLIST_DATA, LOG_DATA, "gitlab_job_token_policies", SCOPE_DATA, SCOPES_DATA]
    );
    let lists: Vec<_> =
        metadata.list_resources.iter().map(|list| list.type_name.as_str()).collect();
    assert_eq!(lists, RESOURCES);
    assert_eq!(metadata.server_capabilities, Some(CAPABILITIES));
    assert!(metadata.functions.is_empty() && metadata.ephemeral_resources.is_empty());
    assert!(metadata.actions.is_empty() && metadata.diagnostics.is_empty());
}

#[tokio::test]
async fn every_schema_passes_the_checks_of_hosts() {
    let response = schema().await;
    for (place, schema) in all_schemas(&response) {
        assert!(schema.version >= 0, "{place}");
        let block =
            schema.block.as_ref().unwrap_or_else(|| panic!("{place} has no block, hosts crash"));
        assert!(
            block.block_types.is_empty(),
            "{place}: blocks have rules of their own, not checked here"
        );
        assert!(!block.description.is_empty(), "{place}");
        assert!(block.deprecated || block.deprecation_message.is_empty(), "{place}");
        let reserved: &[_] =
            if place == "provider" { &RESERVED_IN_PROVIDERS } else { &RESERVED_IN_RESOURCES };
        check_attributes(&place, &block.attributes);
        for attribute in &block.attributes {
            assert!(!reserved.contains(&attribute.name.as_str()), "{place}.{}", attribute.name);
        }
    }
}

fn check_attributes(place: &str, attributes: &[Attribute]) {
    let mut seen = BTreeSet::new();
    for attribute in attributes {
        let place = format!("{place}.{}", attribute.name);
        assert!(seen.insert(&attribute.name), "{place} is there twice");
        let letters =
            |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
        assert!(attribute.name.chars().all(letters), "{place}");
        assert!(attribute.name.starts_with(|first: char| !first.is_ascii_digit()), "{place}");
        let (required, optional, computed) =
            (attribute.required, attribute.optional, attribute.computed);
        assert!(
            required || optional || computed,
            "{place} is neither required, optional nor computed"
        );
        assert!(!required || !optional && !computed, "{place} is required and more");
        assert_eq!(
            attribute.r#type.is_empty(),
            attribute.nested_type.is_some(),
            "{place}: type or nested type"
        );
        assert!(attribute.deprecated || attribute.deprecation_message.is_empty(), "{place}");
        assert!(!attribute.write_only, "{place}: older hosts know nothing of it");
        assert!(!attribute.description.is_empty(), "{place} has no description");
        // Panics on a type that would crash a host.
        let _ = Type::of(attribute);
        if let Some(nested) = &attribute.nested_type {
            check_attributes(&place, &nested.attributes);
        }
    }
}

/// The maps of an exclusive list.
const ENTRIES: &str = "Map(Object({\"default_permissions\": Bool, \"id\": Number, \
    \"job_token_policies\": Set(String)})) optional";

#[tokio::test]
async fn every_resource_has_the_attributes_of_the_contract() {
    let schema = schema().await;
    let of = |name: &str| summary(&schema.resource_schemas[name]);
    assert_eq!(
        of(SCOPE),
        [
            ("id", "String computed"),
            ("inbound_enabled", "Bool optional computed"),
            ("outbound_enabled", "Bool computed"),
            ("project", "String required"),
            ("project_id", "Number computed"),
            ("push_repository_for_job_token_allowed", "Bool optional computed"),
            ("cross_project_push_for_job_token_allowed", "Bool optional computed"),
        ]
        .map(|(name, text)| (name, text.to_owned()))
        .into()
    );
    assert_eq!(
        of(ENTRY),
        [
            ("default_permissions", "Bool optional computed"),
            ("job_token_policies", "Set(String) optional computed"),
            ("id", "String computed"),
            ("project", "String required"),
            ("project_id", "Number computed"),
            ("target_group", "String optional"),
            ("target_group_id", "Number optional computed"),
            ("target_project", "String optional"),
            ("target_project_id", "Number optional computed"),
            ("target_type", "String computed"),
        ]
        .map(|(name, text)| (name, text.to_owned()))
        .into()
    );
    assert_eq!(
        of(EXCLUSIVE),
        [
            ("groups", ENTRIES),
            ("id", "String computed"),
            ("project", "String required"),
            ("project_id", "Number computed"),
            ("projects", ENTRIES),
            ("target_group_ids", "Set(Number) optional computed"),
            ("target_groups", "Set(String) optional"),
            ("target_project_ids", "Set(Number) optional computed"),
            ("target_projects", "Set(String) optional"),
        ]
        .map(|(name, text)| (name, text.to_owned()))
        .into()
    );
}

#[tokio::test]
async fn only_secrets_are_sensitive() {
    let response = schema().await;
    let mut sensitive = Vec::new();
    for (place, schema) in all_schemas(&response) {
        let secrets = attributes(schema).iter().filter(|attribute| attribute.sensitive);
        sensitive.extend(secrets.map(|attribute| format!("{place}.{}", attribute.name)));
    }
    sensitive.sort();
    assert_eq!(sensitive, ["provider.headers", "provider.token"]);
}

#[tokio::test]
async fn provider_block_can_be_empty() {
    let schema = schema().await;
    let provider = schema.provider.as_ref().unwrap();
    assert!(attributes(provider).iter().all(|attribute| attribute.optional));
    assert_eq!(Type::of(attribute(provider, "headers")), Type::Map(Box::new(Type::String)));
    let host = Host::start(&launch()).await.unwrap();
    let empty = Shape::of(provider).complete(json!({}));
    assert_eq!(host.validate_provider(empty).await.unwrap(), []);
}

#[tokio::test]
async fn every_resource_has_an_identity_that_hosts_accept() {
    let host = Host::start(&launch()).await.unwrap();
    let request = get_resource_identity_schemas::Request {};
    let response =
        host.provider().get_resource_identity_schemas(request).await.unwrap().into_inner();
    assert_eq!(response.diagnostics, []);
    let mut summaries = BTreeMap::new();
    for (name, schema) in &response.identity_schemas {
        assert!(schema.version >= 0);
        let mut attributes = Vec::new();
        for attribute in &schema.identity_attributes {
            assert_ne!(attribute.required_for_import, attribute.optional_for_import, "{name}");
            assert!(!attribute.description.is_empty(), "{name}");
            assert_eq!(
                Type::parse(&attribute.r#type),
                Type::Number,
                "{name}: of simple types only"
            );
            let mode = if attribute.required_for_import { "required" } else { "optional" };
            attributes.push(format!("{} {mode}", attribute.name));
        }
        summaries.insert(name.as_str(), attributes.join(", "));
    }
    let project = "project_id required";
    let entry = "project_id required, target_project_id optional, target_group_id optional";
    assert_eq!(
        summaries,
        [(ENTRY, entry), (EXCLUSIVE, project), (SCOPE, project)]
            .map(|(name, text)| (name, text.to_owned()))
            .into()
    );
}
