mod packages;
mod pipelines;
#[cfg(unix)]
mod signing;
