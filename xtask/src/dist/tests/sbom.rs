//! The SBOM of a package.

use serde_json::{Value, json};

use super::packages::{LINUX, NAME, Place, VERSION};
use crate::dist::{checksums, target};

fn sbom(place: &Place) -> Value {
    serde_json::from_slice(&place.read("linux_amd64.cdx.json")).unwrap()
}

#[test]
fn sbom_names_the_package_by_its_checksum() {
    let place = Place::new();
    place.pack(LINUX).unwrap();
    let sbom = sbom(&place);
    assert_eq!((&sbom["bomFormat"], &sbom["specVersion"]), (&json!("CycloneDX"), &json!("1.6")));
    let package = checksums::sha256(&place.read("linux_amd64.zip"));
    let reference = format!("pkg:generic/{NAME}@{VERSION}");
    let expected = json!({
        "type": "application",
        "bom-ref": reference,
        "name": NAME,
        "version": VERSION,
        "hashes": [{ "alg": "SHA-256", "content": package }],
        "licenses": [{ "expression": "MPL-2.0" }],
        "purl": reference,
        "properties": [{ "name": "rust:target", "value": LINUX }],
    });
    assert_eq!(sbom["metadata"], json!({ "component": expected }));
}

#[test]
fn sbom_lists_crates_with_license_checksum_and_origin() {
    let place = Place::new();
    place.pack(LINUX).unwrap();
    let sbom = sbom(&place);
    let names: Vec<&Value> =
        sbom["components"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["one", "two", "std"]);
    assert_eq!(sbom["components"][2]["version"], json!(target::compiler_version().unwrap()));
    let expected = json!({
        "type": "library",
        "bom-ref": "pkg:cargo/one@1.2.3%2B4",
        "name": "one",
        "version": "1.2.3+4",
        "hashes": [{ "alg": "SHA-256", "content": "ab".repeat(32) }],
        "licenses": [{ "expression": "MIT OR Apache-2.0" }],
        "purl": "pkg:cargo/one@1.2.3%2B4",
        "externalReferences": [{ "type": "vcs", "url": "https://example.com/work" }],
    });
    assert_eq!(sbom["components"][0], expected);
}

#[test]
fn sbom_has_the_dependencies_of_each_crate() {
    let place = Place::new();
    place.pack(LINUX).unwrap();
    let std = format!("pkg:generic/rust-std@{}", target::compiler_version().unwrap());
    let [one, two] = ["pkg:cargo/one@1.2.3%2B4", "pkg:cargo/two@1.2.3%2B4"];
    let expected = json!([
        { "ref": std, "dependsOn": [] },
        { "ref": one, "dependsOn": [two, std] },
        { "ref": format!("pkg:generic/{NAME}@{VERSION}"), "dependsOn": [one, std] },
        { "ref": two, "dependsOn": [std] },
    ]);
    assert_eq!(sbom(&place)["dependencies"], expected);
}
