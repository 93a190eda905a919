//! Memory use if the other side sends without end.

use std::fs;

use futures_util::future::join_all;
use gitlab_simulator::{Fault, Route, Simulator};
use serde_json::json;

use crate::launch;
use crate::simulated::{configured, with_nulls};

const MEBIBYTE: usize = 1024 * 1024;

/// Size of a response in place of a list that has a few hundred KiB at most.
const FLOOD: usize = 100 * MEBIBYTE;

/// The provider's maximum number of concurrent requests.
const READS: usize = 10;

/// Less than a single flood, although ten come at the same time.
const BOUND: usize = 64 * MEBIBYTE;

/// Returns the process's peak memory as Linux reports it.
fn peak(process: u32) -> Option<usize> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<usize>().ok()? * 1024)
}

fn response(body: String) -> Fault {
    Fault::Responds { status: 200, content_type: "application/json".to_owned(), body }
}

/// Returns a list of 8 MiB that repeats an element.
fn list_of(element: &str) -> String {
    let elements = vec![element; 8 * MEBIBYTE / (element.len() + 1) - 100];
    format!("[{}]", elements.join(","))
}

/// An element of a list takes much more memory than its JSON does.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn lists_of_a_million_elements_are_errors() {
    let gitlab = Simulator::start();
    let sources: Vec<_> = (0..READS).map(|n| gitlab.add_project(&format!("acme/p{n}"))).collect();
    gitlab.add_group("acme/deep");
    let host = configured(&launch(), &gitlab, json!({ "retries": 0 })).await;
    for (route, body) in [
        (Route::AllowlistProjectsGet, list_of(r#"{"id":7}"#)),
        (Route::GraphqlQuery, format!(r#"{{"errors":{}}}"#, list_of("{}"))),
        (Route::GraphqlQuery, format!(r#"{{"errors":[{{"path":{}}}]}}"#, list_of("0"))),
        (
            Route::GraphqlQuery,
            format!(r#"{{"data":{{"group":{{"projects":{{"nodes":{}}}}}}}}}"#, list_of("null")),
        ),
        (
            Route::GraphqlQuery,
            format!(
                r#"{{"data":{{"project":{{"ciJobTokenScopeAllowlist":{{"projectsAllowlist":{{"nodes":{}}}}}}}}}}}"#,
                list_of("null")
            ),
        ),
        (
            Route::GraphqlQuery,
            format!(
                r#"{{"data":{{"project":{{"ciJobTokenAuthLogs":{{"nodes":{}}}}}}}}}"#,
                list_of("null")
            ),
        ),
    ] {
        gitlab.inject(response(body).on(route));
        let reads = sources.iter().map(|source| {
            let config = with_nulls(
                json!({ "project": source.to_string() }),
                &["project_id", "projects", "groups"],
            );
            host.read_data_source("gitlab_job_token_allowlist", config)
        });
        for read in join_all(reads).await {
            assert!(!read.unwrap().diagnostics.is_empty(), "it was taken for a list");
        }
        for with_entries in [false, true] {
            let group = with_nulls(
                json!({ "group": "acme", "include_entries": with_entries }),
                &["include_archived", "projects", "group_id"],
            );
            let read = host.read_data_source("gitlab_job_token_scopes", group).await.unwrap();
            assert_eq!(
                read.diagnostics.is_empty(),
                route != Route::GraphqlQuery,
                "{:?}",
                read.diagnostics
            );
        }
        // One by one: ten bodies of the largest size alone would take 80 MiB.
        let attributes = ["project_id", "projects", "unused_entries"];
        let config = with_nulls(json!({ "project": sources[0].to_string() }), &attributes);
        let read =
            host.read_data_source("gitlab_job_token_authentication_log", config).await.unwrap();
        assert_eq!(
            read.diagnostics.is_empty(),
            route != Route::GraphqlQuery,
            "{:?}",
            read.diagnostics
        );
        gitlab.clear_faults();
    }
    let peak = peak(host.plugin.pid().unwrap()).unwrap();
    assert!(peak < BOUND, "{} MiB", peak / MEBIBYTE);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn bodies_of_100_mebibytes_stay_within_the_memory_limit() {
    let gitlab = Simulator::start();
    let sources: Vec<_> = (0..READS).map(|n| gitlab.add_project(&format!("acme/p{n}"))).collect();
    let host = configured(&launch(), &gitlab, json!({ "retries": 0 })).await;
    let page = "x".repeat(FLOOD / READS);
    for fault in [
        Fault::FloodsTheBody(FLOOD),
        Fault::Responds { status: 403, content_type: "text/html".to_owned(), body: page },
    ] {
        gitlab.inject(fault);
        let reads = sources.iter().map(|source| {
            let config = with_nulls(
                json!({ "project": source.to_string() }),
                &["project_id", "projects", "groups"],
            );
            host.read_data_source("gitlab_job_token_allowlist", config)
        });
        for read in join_all(reads).await {
            let diagnostics = read.unwrap().diagnostics;
            assert!(!diagnostics.is_empty(), "it was taken for a list");
        }
        gitlab.clear_faults();
    }
    let peak = peak(host.plugin.pid().unwrap()).unwrap();
    assert!(peak < BOUND, "{} MiB", peak / MEBIBYTE);
}
