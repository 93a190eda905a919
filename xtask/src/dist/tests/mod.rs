mod oci;
mod packages;
mod pipelines;
mod sbom;
#[cfg(unix)]
mod signing;
