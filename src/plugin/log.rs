//! Logging: writes the `tracing` events of this crate to standard error, as hclog JSON lines for a
//! host or as plain lines for a person. Events of other crates are dropped, because their trace
//! output may contain headers. A malformed line can crash the host, so only this module formats
//! lines.

mod entry;

use std::fmt;
use std::io::Write;
use std::sync::Mutex;

use time::OffsetDateTime;
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

use entry::{Entry, Fields};

/// The log level of this provider, named as for all providers.
const OWN_LEVEL: &str = "TF_LOG_PROVIDER_GITLAB_JOB_TOKEN";
/// The log levels of the host, for providers and for everything. The first that is set applies.
const HOST_LEVELS: [&str; 2] = ["TF_LOG_PROVIDER", "TF_LOG"];

/// The crate whose events are logged.
const CRATE: &str = env!("CARGO_CRATE_NAME");
/// Replaces the crate name in `@module`, as in providers that use HashiCorp's SDKs.
const MODULE: &str = "provider";

/// Installs the logger for a host: JSON lines, off by default. A second call has no effect.
pub fn install() {
    install_with(LevelFilter::OFF, Entry::into_json_line);
}

/// Installs the logger for a person: plain lines, at level `INFO` by default. A second call has no
/// effect.
pub fn install_plain() {
    install_with(LevelFilter::INFO, Entry::into_plain_line);
}

fn install_with(default: LevelFilter, format: Format) {
    let level = level(|name| std::env::var(name).ok()).unwrap_or(default);
    let subscriber = subscriber(level, std::io::stderr(), OffsetDateTime::now_utc, format);
    // Fails only if a subscriber is already installed.
    drop(tracing::subscriber::set_global_default(subscriber));
}

/// Returns the log level that the variables set, or `None` if they are unset. Lines below the level
/// of the host would cost parsing, but never be shown.
fn level(variables: impl Fn(&str) -> Option<String>) -> Option<LevelFilter> {
    let set = |name: &str| variables(name).filter(|value| !value.is_empty());
    let value = set(OWN_LEVEL).or_else(|| HOST_LEVELS.into_iter().find_map(set))?;
    Some(match value.to_ascii_uppercase().as_str() {
        "OFF" | "NONE" => LevelFilter::OFF,
        "ERROR" => LevelFilter::ERROR,
        "WARN" => LevelFilter::WARN,
        "INFO" => LevelFilter::INFO,
        "DEBUG" => LevelFilter::DEBUG,
        // Hosts treat `JSON` and unknown levels as `TRACE`.
        _ => LevelFilter::TRACE,
    })
}

type Clock = fn() -> OffsetDateTime;

/// Formats an entry as a line, with a newline.
type Format = fn(Entry) -> String;

fn subscriber<W: Write + Send + 'static>(
    level: LevelFilter,
    output: W,
    clock: Clock,
    format: Format,
) -> impl Subscriber {
    let lines = LogLayer { output: Mutex::new(output), clock, format };
    tracing_subscriber::registry().with(lines.with_filter(level).with_filter(filter_fn(is_ours)))
}

fn is_ours(metadata: &Metadata<'_>) -> bool {
    module_in_crate(metadata.target()).is_some()
}

/// Returns the module path without the crate name, or `None` for another crate.
fn module_in_crate(target: &str) -> Option<&str> {
    let rest = target.strip_prefix(CRATE)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix("::") }
}

fn module_name(target: &str) -> String {
    match module_in_crate(target) {
        None | Some("") => MODULE.to_owned(),
        Some(module) => format!("{MODULE}.{}", module.replace("::", ".")),
    }
}

const fn level_name(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

struct LogLayer<W> {
    output: Mutex<W>,
    clock: Clock,
    format: Format,
}

impl<W> fmt::Debug for LogLayer<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LogLayer")
    }
}

impl<W, S> Layer<S> for LogLayer<W>
where
    W: Write + Send + 'static,
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let metadata = event.metadata();
        let mut fields = Fields::default();
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(of_span) = span.extensions().get::<Fields>() {
                fields.inherit(of_span);
            }
        }
        event.record(&mut fields);
        let entry = Entry {
            level: level_name(*metadata.level()),
            module: module_name(metadata.target()),
            time: (self.clock)(),
            fields,
        };
        let line = (self.format)(entry);
        if let Ok(mut output) = self.output.lock() {
            // The host may have closed standard error.
            drop(output.write_all(line.as_bytes()));
        }
    }
}

#[cfg(test)]
mod tests;
