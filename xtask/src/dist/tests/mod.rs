mod packages;
mod pipelines;
