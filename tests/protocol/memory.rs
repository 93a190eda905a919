//! How much the process takes when the other side sends without end.

use std::fs;

use futures_util::future::join_all;
use gitlab_simulator::{Fault, Simulator};
use serde_json::json;

use crate::launch;
use crate::simulated::{configured, with_nulls};

const MEBIBYTE: usize = 1024 * 1024;

/// What a server sends in place of a list that has a few hundred KiB at most.
const FLOOD: usize = 100 * MEBIBYTE;

/// As many as the provider has under way at a time.
const READS: usize = 10;

/// Less than a single flood, although ten come at the same time.
const BOUND: usize = 64 * MEBIBYTE;

/// The most memory that the process ever held, as Linux tells it.
fn peak(process: u32) -> Option<usize> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<usize>().ok()? * 1024)
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn bodies_of_100_mebibytes_are_given_up_long_before_they_fill_the_memory() {
    let gitlab = Simulator::start();
    let owners: Vec<_> = (0..READS).map(|n| gitlab.add_project(&format!("acme/p{n}"))).collect();
    let host = configured(&launch(), &gitlab, json!({ "retries": 0 })).await;
    let page = "x".repeat(FLOOD / READS);
    for fault in [
        Fault::FloodsTheBody(FLOOD),
        Fault::Answers { status: 403, content_type: "text/html".to_owned(), body: page },
    ] {
        gitlab.inject(fault);
        let reads = owners.iter().map(|owner| {
            let config =
                with_nulls(json!({ "project": owner.to_string() }), &["project_id", "projects", "groups"]);
            host.read_data_source("gitlab_job_token_allowlist", config)
        });
        for read in join_all(reads).await {
            let told = read.unwrap().diagnostics;
            assert!(!told.is_empty(), "it was taken for a list");
        }
        gitlab.clear_faults();
    }
    let peak = peak(host.plugin.pid().unwrap()).unwrap();
    assert!(peak < BOUND, "{} MiB", peak / MEBIBYTE);
}
