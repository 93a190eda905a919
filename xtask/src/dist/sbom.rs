//! The SBOM of a package in CycloneDX format: the crates linked into its program. Its bytes depend
//! only on the package, the lock file and the compiler, so it has neither a time nor a random
//! serial number.

use serde::Serialize;
use terraform_provider_gitlab_job_token::address::EXECUTABLE;

use super::DistError;
use super::crates::{Crate, Crates, Key};

const VERSION: &str = env!("CARGO_PKG_VERSION");
const LICENSE: &str = env!("CARGO_PKG_LICENSE");

/// The license of the standard library, which isn't in the lock file.
const LICENSE_OF_STD: &str = "MIT OR Apache-2.0";

/// The name of a CycloneDX property for the compiler's target.
const TARGET_PROPERTY: &str = "rust:target";

/// The data of a package.
pub(super) struct Package<'a> {
    /// The target of the compiler.
    pub(super) target: &'a str,
    /// The SHA-256 of the archive, in hexadecimal.
    pub(super) sha256: &'a str,
    /// The version of the compiler, which is that of the standard library.
    pub(super) compiler: &'a str,
    pub(super) crates: &'a Crates,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Bom {
    #[serde(rename = "$schema")]
    schema: &'static str,
    bom_format: &'static str,
    spec_version: &'static str,
    version: u32,
    metadata: Metadata,
    components: Vec<Component>,
    dependencies: Vec<Dependency>,
}

#[derive(Serialize)]
struct Metadata {
    component: Component,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Component {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "bom-ref")]
    bom_ref: String,
    name: String,
    version: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<Hash>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    licenses: Vec<License>,
    purl: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_references: Vec<Reference>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    properties: Vec<Property>,
}

#[derive(Serialize)]
struct Hash {
    alg: &'static str,
    content: String,
}

#[derive(Serialize)]
struct License {
    expression: String,
}

#[derive(Serialize)]
struct Reference {
    #[serde(rename = "type")]
    kind: &'static str,
    url: String,
}

#[derive(Serialize)]
struct Property {
    name: &'static str,
    value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Dependency {
    #[serde(rename = "ref")]
    of: String,
    depends_on: Vec<String>,
}

/// Composes the bill of materials of a package.
///
/// # Errors
///
/// Fails if it can't be encoded.
pub(super) fn compose(package: &Package<'_>) -> Result<Vec<u8>, DistError> {
    let crates = package.crates;
    let library = standard_library(package.compiler);
    let std_ref = library.bom_ref.clone();
    let mut dependencies: Vec<Dependency> =
        vec![Dependency { of: std_ref.clone(), depends_on: Vec::new() }];
    dependencies.extend(crates.dependencies.iter().map(|(of, on)| Dependency {
        of: reference(of),
        depends_on: on.iter().map(reference).chain([std_ref.clone()]).collect(),
    }));
    let bom = Bom {
        schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
        bom_format: "CycloneDX",
        spec_version: "1.6",
        version: 1,
        metadata: Metadata { component: program(package) },
        components: crates.all.iter().map(component).chain([library]).collect(),
        dependencies,
    };
    let mut text = serde_json::to_vec_pretty(&bom)
        .map_err(|source| DistError::Encoding { name: "the bill of materials", source })?;
    text.push(b'\n');
    Ok(text)
}

/// Returns the component of the package itself, with the checksum of its archive.
fn program(package: &Package<'_>) -> Component {
    let purl = reference(&(EXECUTABLE.to_owned(), VERSION.to_owned()));
    Component {
        kind: "application",
        bom_ref: purl.clone(),
        name: EXECUTABLE.to_owned(),
        version: VERSION.to_owned(),
        hashes: vec![sha256(package.sha256)],
        licenses: vec![License { expression: LICENSE.to_owned() }],
        purl,
        external_references: Vec::new(),
        properties: vec![Property { name: TARGET_PROPERTY, value: package.target.to_owned() }],
    }
}

fn component(found: &Crate) -> Component {
    let purl = reference(&found.key());
    let license =
        found.license.as_deref().map(|license| License { expression: expression(license) });
    let repository = found.repository.clone().map(|url| Reference { kind: "vcs", url });
    Component {
        kind: "library",
        bom_ref: purl.clone(),
        name: found.name.clone(),
        version: found.version.clone(),
        hashes: found.checksum.as_deref().map(sha256).into_iter().collect(),
        licenses: license.into_iter().collect(),
        purl,
        external_references: repository.into_iter().collect(),
        properties: Vec::new(),
    }
}

/// Returns a license as an SPDX expression. Older crates use a slash for OR.
fn expression(license: &str) -> String {
    license.split('/').map(str::trim).collect::<Vec<_>>().join(" OR ")
}

fn standard_library(compiler: &str) -> Component {
    let purl = format!("pkg:generic/rust-std@{compiler}");
    Component {
        kind: "library",
        bom_ref: purl.clone(),
        name: "std".to_owned(),
        version: compiler.to_owned(),
        hashes: Vec::new(),
        licenses: vec![License { expression: LICENSE_OF_STD.to_owned() }],
        purl,
        external_references: vec![Reference {
            kind: "vcs",
            url: "https://github.com/rust-lang/rust".to_owned(),
        }],
        properties: Vec::new(),
    }
}

fn sha256(content: &str) -> Hash {
    Hash { alg: "SHA-256", content: content.to_owned() }
}

/// Returns the package URL of a crate. The program isn't on crates.io.
fn reference((name, version): &Key) -> String {
    // A `+` would be read as a blank.
    let version = version.replace('+', "%2B");
    let kind = if name == EXECUTABLE { "generic" } else { "cargo" };
    format!("pkg:{kind}/{name}@{version}")
}
