//! The log on standard error, in which malformed lines can crash the host.

use serde_json::Value;

use crate::launch;

async fn lines_of_a_run(variables: &[(&str, &str)]) -> Vec<String> {
    let launch = variables.iter().fold(launch(), |launch, (name, value)| launch.env(*name, *value));
    let plugin = launch.start().await.unwrap();
    plugin.connect_with(None).await.unwrap_err();
    plugin.connect().await.unwrap().shutdown().await.unwrap();
    plugin.wait_for_stderr().await.unwrap()
}

fn text<'a>(entry: &'a Value, key: &str) -> &'a str {
    entry[key].as_str().unwrap_or_else(|| panic!("{key} isn't a string in {entry}"))
}

#[tokio::test]
async fn every_line_is_readable_by_hosts() {
    let lines = lines_of_a_run(&[("TF_LOG", "TRACE")]).await;
    assert!(!lines.is_empty());
    for line in lines {
        let entry: Value =
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line:?} is not JSON"));
        assert!(["trace", "debug", "info", "warn", "error"].contains(&text(&entry, "@level")));
        assert!(!text(&entry, "@message").is_empty());
        assert!(text(&entry, "@module").starts_with("provider"));
        let fraction =
            text(&entry, "@timestamp").rsplit_once('.').unwrap().1.strip_suffix('Z').unwrap();
        assert!(fraction.len() == 6 && fraction.parse::<u32>().is_ok(), "{line}");
    }
}

#[tokio::test]
async fn nothing_is_logged_by_default() {
    assert_eq!(lines_of_a_run(&[]).await, [""; 0]);
}

#[tokio::test]
async fn level_of_the_provider_overrides_that_of_the_host() {
    let variables = [("TF_LOG", "TRACE"), ("TF_LOG_PROVIDER_GITLAB_JOB_TOKEN", "OFF")];
    assert_eq!(lines_of_a_run(&variables).await, [""; 0]);
}
