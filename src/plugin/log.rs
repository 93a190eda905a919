//! The log channel: `tracing` events of this crate as hclog JSON lines on standard error, where the
//! host reads them, or as plain lines where a person does. Other crates are not let through, since
//! their trace lines may show headers. A malformed line can crash the host, so what a line may look
//! like is decided here alone.

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

/// The level inside this plugin, by the host's naming rule for plugins.
const OWN_LEVEL: &str = "TF_LOG_PROVIDER_GITLAB_JOB_TOKEN";
/// The host's level for providers, and for everything; the first that is set counts.
const HOST_LEVELS: [&str; 2] = ["TF_LOG_PROVIDER", "TF_LOG"];

/// The crate whose events are logged.
const CRATE: &str = env!("CARGO_CRATE_NAME");
/// The name in place of the crate's in `@module`, as in plugins made with the SDKs.
const MODULE: &str = "provider";

/// Sends the events of this crate to standard error for a host, as far as it wants to see them. A
/// second call changes nothing.
pub fn install() {
    install_with(LevelFilter::OFF, Entry::into_line);
}

/// Sends the events of this crate to standard error for a person, who sees the main ones without
/// asking for them. A second call changes nothing.
pub fn install_readable() {
    install_with(LevelFilter::INFO, Entry::into_text);
}

fn install_with(unless_asked: LevelFilter, print: Print) {
    let level = level(|name| std::env::var(name).ok()).unwrap_or(unless_asked);
    let subscriber = subscriber(level, std::io::stderr(), OffsetDateTime::now_utc, print);
    // Fails only when there is a subscriber already, which then stays.
    drop(tracing::subscriber::set_global_default(subscriber));
}

/// The level that `variables` ask for. Nothing below the host's own level would be shown, and each
/// line costs it parsing, so nothing below is written. None without a request for logs.
fn level(variables: impl Fn(&str) -> Option<String>) -> Option<LevelFilter> {
    let set = |name: &str| variables(name).filter(|value| !value.is_empty());
    let value = set(OWN_LEVEL).or_else(|| HOST_LEVELS.into_iter().find_map(set))?;
    Some(match value.to_ascii_uppercase().as_str() {
        "OFF" | "NONE" => LevelFilter::OFF,
        "ERROR" => LevelFilter::ERROR,
        "WARN" => LevelFilter::WARN,
        "INFO" => LevelFilter::INFO,
        "DEBUG" => LevelFilter::DEBUG,
        // JSON is the host's trace level in another dress, and so is what the host does not know.
        _ => LevelFilter::TRACE,
    })
}

type Clock = fn() -> OffsetDateTime;

/// Makes a line of an entry, with its end.
type Print = fn(Entry) -> String;

fn subscriber<W: Write + Send + 'static>(
    level: LevelFilter,
    output: W,
    clock: Clock,
    print: Print,
) -> impl Subscriber {
    let lines = Lines { output: Mutex::new(output), clock, print };
    tracing_subscriber::registry().with(lines.with_filter(level).with_filter(filter_fn(is_ours)))
}

fn is_ours(metadata: &Metadata<'_>) -> bool {
    module_in_crate(metadata.target()).is_some()
}

/// Returns what follows the crate's name in a target of this crate.
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

struct Lines<W> {
    output: Mutex<W>,
    clock: Clock,
    print: Print,
}

impl<W> fmt::Debug for Lines<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lines")
    }
}

impl<W, S> Layer<S> for Lines<W>
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
        let line = (self.print)(entry);
        if let Ok(mut output) = self.output.lock() {
            // A host that no longer reads must not take us down: there is nobody left to tell.
            drop(output.write_all(line.as_bytes()));
        }
    }
}

#[cfg(test)]
mod tests;
