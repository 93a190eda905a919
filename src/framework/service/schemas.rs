//! GetMetadata, GetProviderSchema and GetResourceIdentitySchemas: the schemas and capabilities that
//! the provider announces.

use super::catalog::Catalog;
use super::convert;
use crate::bindings::tfplugin6 as pb;
use crate::framework::provider::Provider;

/// Returns the optional parts of protocol 6 that this service supports.
fn capabilities() -> pb::ServerCapabilities {
    pb::ServerCapabilities {
        plan_destroy: true,
        get_provider_schema_optional: true,
        move_resource_state: true,
        generate_resource_config: false,
    }
}

pub(super) fn metadata<P: Provider>(catalog: &Catalog<P>) -> pb::get_metadata::Response {
    let resources = catalog.resources.keys();
    let data_sources = catalog.data_sources.keys();
    let list_resources = catalog.list_resources.keys();
    pb::get_metadata::Response {
        server_capabilities: Some(capabilities()),
        resources: resources
            .map(|name| pb::get_metadata::ResourceMetadata { type_name: (*name).to_owned() })
            .collect(),
        data_sources: data_sources
            .map(|name| pb::get_metadata::DataSourceMetadata { type_name: (*name).to_owned() })
            .collect(),
        list_resources: list_resources
            .map(|name| pb::get_metadata::ListResourceMetadata { type_name: (*name).to_owned() })
            .collect(),
        ..Default::default()
    }
}

pub(super) fn provider_schema<P: Provider>(
    catalog: &Catalog<P>,
) -> pb::get_provider_schema::Response {
    let resources = catalog.resources.iter();
    let data_sources = catalog.data_sources.iter();
    let list_resources = catalog.list_resources.iter();
    pb::get_provider_schema::Response {
        provider: Some(convert::schema(&catalog.provider.schema())),
        resource_schemas: resources
            .map(|(name, resource)| ((*name).to_owned(), convert::schema(&resource.schema)))
            .collect(),
        data_source_schemas: data_sources
            .map(|(name, data_source)| ((*name).to_owned(), convert::schema(&data_source.schema)))
            .collect(),
        list_resource_schemas: list_resources
            .map(|(name, list_resource)| {
                ((*name).to_owned(), convert::schema(&list_resource.schema))
            })
            .collect(),
        server_capabilities: Some(capabilities()),
        ..Default::default()
    }
}

pub(super) fn identity_schemas<P: Provider>(
    catalog: &Catalog<P>,
) -> pb::get_resource_identity_schemas::Response {
    let resources = catalog.resources.iter();
    pb::get_resource_identity_schemas::Response {
        identity_schemas: resources
            .map(|(name, resource)| {
                ((*name).to_owned(), convert::identity_schema(&resource.identity_schema))
            })
            .collect(),
        ..Default::default()
    }
}
