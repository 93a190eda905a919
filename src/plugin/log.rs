//! The log channel: `tracing` events of this crate as hclog JSON lines on standard error, where the host reads
//! them. Other crates are not let through, since their trace lines may show headers. A malformed line can crash the
//! host, so what a line may look like is decided here alone.

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
/// What stands for the crate's name in `@module`, as in plugins made with the SDKs.
const MODULE: &str = "provider";

/// Sends the events of this crate to standard error, as far as the host wants to see them. A second call changes
/// nothing.
pub fn install() {
    let level = level(|name| std::env::var(name).ok());
    let subscriber = subscriber(level, std::io::stderr(), OffsetDateTime::now_utc);
    // Fails only when there is a subscriber already, which then stays.
    drop(tracing::subscriber::set_global_default(subscriber));
}

/// The level that `variables` ask for. Nothing below the host's own level would be shown, and each line costs it
/// parsing, so nothing below is written; without a request for logs nothing is.
fn level(variables: impl Fn(&str) -> Option<String>) -> LevelFilter {
    let set = |name: &str| variables(name).filter(|value| !value.is_empty());
    let value = set(OWN_LEVEL).or_else(|| HOST_LEVELS.into_iter().find_map(set));
    match value.map(|value| value.to_ascii_uppercase()).as_deref() {
        None | Some("OFF" | "NONE") => LevelFilter::OFF,
        Some("ERROR") => LevelFilter::ERROR,
        Some("WARN") => LevelFilter::WARN,
        Some("INFO") => LevelFilter::INFO,
        Some("DEBUG") => LevelFilter::DEBUG,
        // JSON is the host's trace level in another dress, and so is what the host does not know.
        Some(_) => LevelFilter::TRACE,
    }
}

type Clock = fn() -> OffsetDateTime;

fn subscriber<W: Write + Send + 'static>(level: LevelFilter, output: W, clock: Clock) -> impl Subscriber {
    let hclog = Hclog { output: Mutex::new(output), clock };
    tracing_subscriber::registry().with(hclog.with_filter(level).with_filter(filter_fn(is_ours)))
}

fn is_ours(metadata: &Metadata<'_>) -> bool {
    module_in_crate(metadata.target()).is_some()
}

/// What follows the crate's name in a target of this crate.
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

struct Hclog<W> {
    output: Mutex<W>,
    clock: Clock,
}

impl<W> fmt::Debug for Hclog<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hclog")
    }
}

impl<W, S> Layer<S> for Hclog<W>
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
        let line = entry.into_line();
        if let Ok(mut output) = self.output.lock() {
            // A host that no longer reads must not take us down: there is nobody left to tell.
            drop(output.write_all(line.as_bytes()));
        }
    }
}

#[cfg(test)]
mod tests;
