//! The schemas of resources and data sources.

use super::convert;
use super::offered::Offered;
use crate::bindings::tfplugin6 as pb;
use crate::framework::provider::Provider;

/// Returns the capabilities of this service beyond the first version of protocol 6.
fn capabilities() -> pb::ServerCapabilities {
    pb::ServerCapabilities {
        plan_destroy: true,
        get_provider_schema_optional: true,
        move_resource_state: true,
        generate_resource_config: false,
    }
}

pub(super) fn metadata<P: Provider>(offered: &Offered<P>) -> pb::get_metadata::Response {
    let resources = offered.resources.keys();
    let data_sources = offered.data_sources.keys();
    let list_resources = offered.listers.keys();
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
    offered: &Offered<P>,
) -> pb::get_provider_schema::Response {
    let resources = offered.resources.iter();
    let data_sources = offered.data_sources.iter();
    let list_resources = offered.listers.iter();
    pb::get_provider_schema::Response {
        provider: Some(convert::schema(&offered.provider.schema())),
        resource_schemas: resources
            .map(|(name, managed)| ((*name).to_owned(), convert::schema(&managed.schema)))
            .collect(),
        data_source_schemas: data_sources
            .map(|(name, source)| ((*name).to_owned(), convert::schema(&source.schema)))
            .collect(),
        list_resource_schemas: list_resources
            .map(|(name, lister)| ((*name).to_owned(), convert::schema(&lister.schema)))
            .collect(),
        server_capabilities: Some(capabilities()),
        ..Default::default()
    }
}

pub(super) fn identity_schemas<P: Provider>(
    offered: &Offered<P>,
) -> pb::get_resource_identity_schemas::Response {
    let resources = offered.resources.iter();
    pb::get_resource_identity_schemas::Response {
        identity_schemas: resources
            .map(|(name, managed)| {
                ((*name).to_owned(), convert::identity_schema(&managed.identity))
            })
            .collect(),
        ..Default::default()
    }
}
