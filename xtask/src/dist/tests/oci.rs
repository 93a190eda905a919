//! The image layout, read as OpenTofu reads it: from the tag to the package of a platform.

use std::collections::BTreeMap;
use std::io::Read as _;

use serde_json::{Value, json};

use super::packages::{LINUX, NAME, Place, VERSION};
use crate::dist::checksums;

const WINDOWS: &str = "x86_64-pc-windows-msvc";

/// Returns the files of the layout by their paths.
fn layout(place: &Place) -> BTreeMap<String, Vec<u8>> {
    let packed = place.read("oci.tar");
    let mut archive = tar::Archive::new(packed.as_slice());
    let mut files = BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let header = entry.header();
        let machine = (header.mtime().unwrap(), header.uid().unwrap(), header.gid().unwrap());
        assert_eq!((machine, header.mode().unwrap()), ((0, 0, 0), 0o644));
        let path = entry.path().unwrap().to_str().unwrap().to_owned();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        files.insert(path, content);
    }
    files
}

/// Returns the blob of a descriptor, whose size and digest must match.
#[track_caller]
fn blob<'a>(files: &'a BTreeMap<String, Vec<u8>>, descriptor: &Value) -> &'a [u8] {
    let digest = descriptor["digest"].as_str().unwrap().strip_prefix("sha256:").unwrap();
    let content = &files[&format!("blobs/sha256/{digest}")];
    assert_eq!(checksums::sha256(content), digest);
    assert_eq!(descriptor["size"], json!(content.len()));
    content
}

fn json(content: &[u8]) -> Value {
    serde_json::from_slice(content).unwrap()
}

#[test]
fn tag_leads_to_the_package_of_each_platform() {
    let place = Place::new();
    place.pack(LINUX).unwrap();
    place.pack(WINDOWS).unwrap();
    let files = layout(&place);
    assert_eq!(json(&files["oci-layout"]), json!({ "imageLayoutVersion": "1.0.0" }));

    let top = json(&files["index.json"]);
    let tagged = &top["manifests"][0];
    assert_eq!(top["manifests"].as_array().unwrap().len(), 1);
    assert_eq!(tagged["annotations"], json!({ "org.opencontainers.image.ref.name": VERSION }));
    assert_eq!(tagged["mediaType"], "application/vnd.oci.image.index.v1+json");
    let index = json(blob(&files, tagged));
    assert_eq!(index["mediaType"], "application/vnd.oci.image.index.v1+json");
    assert_eq!(index["artifactType"], "application/vnd.opentofu.provider");

    for (place_in_list, os) in ["linux", "windows"].into_iter().enumerate() {
        let descriptor = &index["manifests"][place_in_list];
        assert_eq!(descriptor["platform"], json!({ "architecture": "amd64", "os": os }));
        assert_eq!(descriptor["artifactType"], "application/vnd.opentofu.provider-target");
        assert_eq!(descriptor["mediaType"], "application/vnd.oci.image.manifest.v1+json");
        let manifest = json(blob(&files, descriptor));
        assert_eq!(manifest["artifactType"], "application/vnd.opentofu.provider-target");
        assert_eq!(manifest["mediaType"], descriptor["mediaType"]);
        assert_eq!(blob(&files, &manifest["config"]), b"{}");
        let layers = manifest["layers"].as_array().unwrap();
        assert_eq!((layers.len(), &layers[0]["mediaType"]), (1, &json!("archive/zip")));
        assert_eq!(blob(&files, &layers[0]), place.read(&format!("{os}_amd64.zip")));
        let title = format!("{NAME}_{VERSION}_{os}_amd64.zip");
        assert_eq!(layers[0]["annotations"], json!({ "org.opencontainers.image.title": title }));
    }
    // The names of the programs differ, and so do the packages. Manifests share their empty
    // configuration.
    assert_eq!(files.keys().filter(|path| path.starts_with("blobs/")).count(), 1 + 2 * 2 + 1);
}
