//! The packages of a release for OCI registries, in the form that OpenTofu's `oci_mirror` reads: an
//! image layout in one file, which tools such as ORAS copy into a registry.

use std::collections::BTreeMap;

use serde::Serialize;

use super::DistError;
use super::assets;
use super::checksums::sha256;

const VERSION: &str = env!("CARGO_PKG_VERSION");
const LICENSE: &str = env!("CARGO_PKG_LICENSE");

/// The types that OpenTofu expects. It ignores or rejects all others.
const PROVIDER: &str = "application/vnd.opentofu.provider";
const PROVIDER_TARGET: &str = "application/vnd.opentofu.provider-target";
const PACKAGE: &str = "archive/zip";

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// OCI's empty configuration.
const EMPTY: &str = "application/vnd.oci.empty.v1+json";
const EMPTY_CONTENT: &[u8] = b"{}";

const LAYOUT: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;

const MODE: u32 = 0o644;

type Annotations = BTreeMap<&'static str, String>;

#[derive(Serialize, Clone)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    media_type: &'static str,
    digest: String,
    size: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    artifact_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<Platform>,
    #[serde(skip_serializing_if = "Annotations::is_empty")]
    annotations: Annotations,
}

#[derive(Serialize, Clone)]
struct Platform {
    architecture: String,
    os: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    schema_version: u32,
    media_type: &'static str,
    artifact_type: &'static str,
    config: Descriptor,
    layers: [Descriptor; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Index {
    schema_version: u32,
    media_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    artifact_type: Option<&'static str>,
    manifests: Vec<Descriptor>,
    #[serde(skip_serializing_if = "Annotations::is_empty")]
    annotations: Annotations,
}

/// The files of a layout by their paths.
#[derive(Default)]
struct Layout(BTreeMap<String, Vec<u8>>);

impl Layout {
    /// Adds a blob, and returns its descriptor.
    fn blob(&mut self, media_type: &'static str, content: &[u8]) -> Descriptor {
        let digest = sha256(content);
        self.0.insert(format!("blobs/sha256/{digest}"), content.to_vec());
        Descriptor {
            media_type,
            digest: format!("sha256:{digest}"),
            size: content.len(),
            artifact_type: None,
            platform: None,
            annotations: Annotations::new(),
        }
    }

    fn package(
        &mut self,
        name: &str,
        content: &[u8],
        os: &str,
        architecture: &str,
    ) -> Result<Descriptor, DistError> {
        let mut layer = self.blob(PACKAGE, content);
        layer.annotations.insert("org.opencontainers.image.title", name.to_owned());
        let config = self.blob(EMPTY, EMPTY_CONTENT);
        let manifest = Manifest {
            schema_version: 2,
            media_type: MANIFEST,
            artifact_type: PROVIDER_TARGET,
            config,
            layers: [layer],
        };
        Ok(Descriptor {
            artifact_type: Some(PROVIDER_TARGET),
            platform: Some(Platform { architecture: architecture.to_owned(), os: os.to_owned() }),
            ..self.blob(MANIFEST, &json(&manifest)?)
        })
    }

    fn pack(&self) -> std::io::Result<Vec<u8>> {
        let mut archive = tar::Builder::new(Vec::new());
        for (path, content) in &self.0 {
            let mut header = tar::Header::new_ustar();
            header.set_mode(MODE);
            header.set_size(content.len() as u64);
            // Owners and times don't depend on the machine.
            header.set_uid(0);
            header.set_gid(0);
            header.set_mtime(0);
            archive.append_data(&mut header, path, content.as_slice())?;
        }
        archive.into_inner()
    }
}

/// Packs these packages, by their names, into an image layout whose only tag is the version.
///
/// # Errors
///
/// Fails if a part can't be encoded or packed.
pub(super) fn image_layout(packages: &BTreeMap<String, Vec<u8>>) -> Result<Vec<u8>, DistError> {
    let mut layout = Layout::default();
    let mut manifests = Vec::new();
    for (name, content) in packages {
        let Some((os, architecture)) = assets::platform_of_package(name) else { continue };
        manifests.push(layout.package(name, content, os, architecture)?);
    }
    let index = Index {
        schema_version: 2,
        media_type: INDEX,
        artifact_type: Some(PROVIDER),
        manifests,
        annotations: [
            ("org.opencontainers.image.licenses", LICENSE.to_owned()),
            ("org.opencontainers.image.version", VERSION.to_owned()),
        ]
        .into(),
    };
    let mut index = layout.blob(INDEX, &json(&index)?);
    index.artifact_type = Some(PROVIDER);
    index.annotations.insert("org.opencontainers.image.ref.name", tag());
    let top = Index {
        schema_version: 2,
        media_type: INDEX,
        artifact_type: None,
        manifests: vec![index],
        annotations: Annotations::new(),
    };
    layout.0.insert("index.json".to_owned(), json(&top)?);
    layout.0.insert("oci-layout".to_owned(), LAYOUT.to_vec());
    layout.pack().map_err(DistError::Layout)
}

/// Returns the tag that OpenTofu looks for. Tags can't hold a `+`.
fn tag() -> String {
    VERSION.replace('+', "_")
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, DistError> {
    serde_json::to_vec(value)
        .map_err(|source| DistError::Encoding { name: "the image layout", source })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pins the bytes, so that a new version of a packing library can't change them unnoticed.
    #[test]
    fn packed_bytes_are_the_same_on_every_machine() {
        let files =
            [("blobs/sha256/0", &b"a package"[..]), ("index.json", b"{}"), ("oci-layout", LAYOUT)];
        let files = files.map(|(path, content)| (path.to_owned(), content.to_vec()));
        assert_eq!(
            sha256(&Layout(files.into()).pack().unwrap()),
            "8e104b2008e5abf079f0051ce3f0ef0eb87f139fc45bfa24e539ef2dde011318"
        );
    }
}
