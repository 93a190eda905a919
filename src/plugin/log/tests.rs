//! Tests the exact lines that hosts read.

use std::io;
use std::sync::Arc;

use serde_json::{Value, json};
use time::macros::datetime;
use tracing::{debug, error, info, info_span, trace, warn};

use super::entry::TEXT_LIMIT;
use super::*;

#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl Write for Output {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn logged_at(level: LevelFilter, act: impl FnOnce()) -> String {
    logged_as(Entry::into_json_line, level, act)
}

fn logged_as(format: Format, level: LevelFilter, act: impl FnOnce()) -> String {
    let output = Output::default();
    let clock: Clock = || datetime!(2026-01-02 03:04:05.000120999 UTC);
    tracing::subscriber::with_default(subscriber(level, output.clone(), clock, format), act);
    // Not `into_inner`: another test that registers its subscriber just now may hold this one for a
    // moment.
    let written = output.0.lock().unwrap().clone();
    String::from_utf8(written).unwrap()
}

fn logged(act: impl FnOnce()) -> String {
    logged_at(LevelFilter::TRACE, act)
}

fn parsed(line: &str) -> Value {
    let line = line.strip_suffix('\n').expect("one whole line");
    assert!(!line.contains('\n'), "one line per event");
    assert!(line.len() < 64 * 1024 - 1, "{} bytes do not fit the host's buffer", line.len());
    serde_json::from_str(line).unwrap()
}

#[test]
fn event_is_one_line() {
    let line =
        logged(|| info!(project = "group/app", attempts = 3, cached = true, "read the list"));
    assert_eq!(
        line,
        concat!(
            r#"{"@level":"info","@message":"read the list","@module":"provider.plugin.log.tests","#,
            r#""@timestamp":"2026-01-02T03:04:05.000120Z","attempts":3,"cached":true,"project":"group/app"}"#,
            "\n"
        )
    );
}

#[test]
fn levels_have_the_names_of_hclog() {
    let lines = logged(|| {
        error!("e");
        warn!("w");
        info!("i");
        debug!("d");
        trace!("t");
    });
    let levels: Vec<_> =
        lines.lines().map(|line| parsed(&format!("{line}\n"))["@level"].clone()).collect();
    assert_eq!(levels, ["error", "warn", "info", "debug", "trace"]);
}

#[test]
fn fields_of_enclosing_spans_are_inherited_and_the_nearest_wins() {
    let line = logged(|| {
        let outer = info_span!(
            "call",
            rpc = "ReadResource",
            project = "outer",
            status = tracing::field::Empty
        );
        let _outer = outer.enter();
        outer.record("status", 200);
        let _inner = info_span!("request", project = "inner").entered();
        info!(status = 404, "done");
    });
    let line = parsed(&line);
    assert_eq!(line["rpc"], "ReadResource");
    assert_eq!(line["project"], "inner");
    assert_eq!(line["status"], 404);
}

#[test]
fn message_of_another_type_is_a_string() {
    let lines = logged(|| {
        info!(message = 5);
        info!(message = true);
        info!(message = f64::NAN);
        info!(message = ?Some("x"));
        info!(field_only = 1);
    });
    let messages: Vec<_> =
        lines.lines().map(|line| parsed(&format!("{line}\n"))["@message"].clone()).collect();
    assert_eq!(
        messages,
        [json!("5"), json!("true"), json!("null"), json!("Some(\"x\")"), json!("")]
    );
}

#[test]
fn fields_cannot_replace_reserved_keys() {
    let line = logged(|| {
        let _span = info_span!("odd", message = 1, "@timestamp" = 2).entered();
        info!("@level" = 3, "@message" = false, "@@module" = 4, "kept");
    });
    let line = parsed(&line);
    assert_eq!(line["@level"], "info");
    assert_eq!(line["@message"], "kept");
    assert_eq!(line["@timestamp"], "2026-01-02T03:04:05.000120Z");
    assert_eq!(line["@module"], "provider.plugin.log.tests");
    assert_eq!(line["level"], 3);
}

#[test]
fn line_ends_and_control_characters_are_escaped() {
    let line = logged(|| warn!(body = "a\r\nb\u{0}\u{1b}[31m", "two\nlines"));
    assert_eq!(parsed(&line)["@message"], "two\nlines");
    assert_eq!(parsed(&line)["body"], "a\r\nb\u{0}\u{1b}[31m");
}

#[test]
fn long_text_is_truncated_at_a_character() {
    let long = format!("x{}", "é".repeat(TEXT_LIMIT));
    let line = parsed(&logged(|| info!(body = long, debugged = ?long, "long")));
    for key in ["body", "debugged"] {
        let text = line[key].as_str().unwrap();
        assert!(
            text.len() < TEXT_LIMIT + 40 && text.contains("é… ("),
            "{key} is {} bytes",
            text.len()
        );
        assert!(text.ends_with(" bytes left out)"));
    }
}

#[test]
fn too_long_line_loses_its_fields_but_not_its_message() {
    let worst = "\u{1}".repeat(TEXT_LIMIT * 2);
    let line = parsed(&logged(|| error!(a = worst, b = worst, "{worst}")));
    assert_eq!(line["fields_left_out"], true);
    assert!(line["@message"].as_str().unwrap().starts_with("\u{1}\u{1}"));
    assert_eq!(line.get("a"), None);
}

#[test]
fn events_of_other_crates_are_dropped() {
    let lines = logged(|| {
        error!(target: "h2::codec", "headers");
        error!(target: "hyper", "headers");
        error!(target: "terraform_provider_gitlab_job_token_of_another", "x");
        info!(target: "terraform_provider_gitlab_job_token", "ours");
    });
    assert_eq!(parsed(&lines)["@module"], "provider");
}

#[test]
fn spans_of_other_crates_add_no_fields() {
    let line = logged(|| {
        let _span = info_span!(target: "hyper", "request", authorization = "secret").entered();
        info!("ours");
    });
    assert!(!line.contains("secret"), "{line}");
}

#[test]
fn nothing_below_the_level_is_written() {
    let lines = logged_at(LevelFilter::WARN, || {
        info!("quiet");
        warn!("loud");
    });
    assert_eq!(parsed(&lines)["@message"], "loud");
    assert_eq!(logged_at(LevelFilter::OFF, || error!("quiet")), "");
}

#[test]
fn closed_output_is_ignored() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }
    tracing::subscriber::with_default(
        subscriber(LevelFilter::TRACE, Closed, OffsetDateTime::now_utc, Entry::into_json_line),
        || {
            error!("nobody reads this");
        },
    );
}

#[test]
fn terminal_output_is_plain_lines() {
    let lines = logged_as(Entry::into_plain_line, LevelFilter::TRACE, || {
        info!(
            project = "group/app",
            attempts = 3,
            said = "not \"now\"",
            empty = "",
            "read the list"
        );
        error!("no fields");
    });
    assert_eq!(
        lines,
        concat!(
            "2026-01-02T03:04:05.000120Z [INFO]  provider.plugin.log.tests: read the list: ",
            r#"attempts=3 empty="" project=group/app said="not \"now\"""#,
            "\n2026-01-02T03:04:05.000120Z [ERROR] provider.plugin.log.tests: no fields\n"
        )
    );
}

#[test]
fn control_characters_are_escaped_for_terminals() {
    let line = logged_as(Entry::into_plain_line, LevelFilter::TRACE, || {
        warn!(body = "\u{1b}[2J\u{9b}m", "a\r\nb\u{7}")
    });
    assert!(!line.trim_end_matches('\n').contains(char::is_control), "{line:?}");
    assert!(line.ends_with("a\\r\\nb\\u{7}: body=\\u{1b}[2J\\u{9b}m\n"), "{line}");
}

#[test]
fn more_specific_level_variables_win() {
    for (variables, expected) in [
        (&[][..], None),
        (&[("TF_LOG", "")], None),
        (&[("TF_LOG", "INFO")], Some(LevelFilter::INFO)),
        (&[("TF_LOG", "json")], Some(LevelFilter::TRACE)),
        (&[("TF_LOG", "whatever")], Some(LevelFilter::TRACE)),
        (&[("TF_LOG", "TRACE"), ("TF_LOG_PROVIDER", "warn")], Some(LevelFilter::WARN)),
        (&[("TF_LOG", "TRACE"), ("TF_LOG_PROVIDER", "off")], Some(LevelFilter::OFF)),
        (
            &[("TF_LOG_PROVIDER", "ERROR"), ("TF_LOG_PROVIDER_GITLAB_JOB_TOKEN", "debug")],
            Some(LevelFilter::DEBUG),
        ),
        (
            &[("TF_LOG", "TRACE"), ("TF_LOG_PROVIDER_GITLAB_JOB_TOKEN", "OFF")],
            Some(LevelFilter::OFF),
        ),
    ] {
        let lookup = |name: &str| {
            variables
                .iter()
                .find(|(variable, _)| *variable == name)
                .map(|(_, value)| (*value).to_owned())
        };
        assert_eq!(level(lookup), expected, "{variables:?}");
    }
}
