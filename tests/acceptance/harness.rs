//! Runs the tests. Unlike Rust's own harness, it can skip a test at run time, and shows it as
//! ignored with the reason. The attribute `#[test]` comes from the crate `test-attribute`.

use std::any::Any;
use std::future::Future;
use std::panic::resume_unwind;
use std::process::ExitCode;
use std::thread;

use clap::Parser;
use libtest_mimic::{Arguments, Completion, Failed, Trial};

/// A function with the attribute `#[test]`.
pub(crate) struct Test {
    pub(crate) path: &'static str,
    pub(crate) run: fn(),
}

inventory::collect!(Test);

/// Rust's own harness takes any number of filters.
#[derive(Parser)]
struct Options {
    #[command(flatten)]
    arguments: Arguments,
    #[arg(hide = true)]
    more_filters: Vec<String>,
}

/// The payload of the panic that ends a test which can't run here.
struct Skipped {
    reason: String,
}

/// Ends the test, which is then shown as ignored.
pub(crate) fn skip(reason: String) -> ! {
    // Unlike `panic_any`, this doesn't call the panic hook, which would print a message.
    resume_unwind(Box::new(Skipped { reason }))
}

pub(crate) fn block_on(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(test);
}

pub(crate) fn main() -> ExitCode {
    let Options { mut arguments, more_filters } = Options::parse();
    let mut tests: Vec<(&str, fn())> =
        inventory::iter::<Test>().map(|test| (name(test.path), test.run)).collect();
    tests.sort_unstable_by_key(|(name, _)| *name);
    if !more_filters.is_empty() {
        let filters: Vec<String> =
            arguments.filter.take().into_iter().chain(more_filters).collect();
        let exact = arguments.exact;
        tests.retain(|(name, _)| {
            filters.iter().any(|filter| if exact { name == filter } else { name.contains(filter) })
        });
    }
    let trials = tests
        .into_iter()
        .map(|(name, run)| Trial::ignorable_test(name, move || outcome(name, run)));
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

/// Leaves out the crate, as Rust's own harness does.
fn name(path: &'static str) -> &'static str {
    path.split_once("::").map_or(path, |(_, name)| name)
}

/// Runs a test in a thread that has its name, which messages of panics show.
fn outcome(name: &str, run: fn()) -> Result<Completion, Failed> {
    let thread = thread::Builder::new().name(name.to_owned()).spawn(run).expect("a thread");
    match thread.join() {
        Ok(()) => Ok(Completion::Completed),
        Err(payload) => match payload.downcast::<Skipped>() {
            Ok(skipped) => Ok(Completion::ignored_with(skipped.reason)),
            Err(payload) => Err(message(&*payload).into()),
        },
    }
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref().copied())
        .unwrap_or("a panic without a message")
        .to_owned()
}

/// Its attribute would leave the test to Rust's own harness, which doesn't run here.
#[test]
fn no_test_uses_the_attribute_of_tokio() {
    let attribute = concat!("#[tokio", "::test");
    let sources = crate::kit::sources();
    let with_attribute: Vec<_> =
        sources.iter().filter(|(_, text)| text.contains(attribute)).collect();
    assert!(with_attribute.is_empty(), "{with_attribute:?}");
}

#[test]
fn skipped_tests_are_shown_as_ignored() {
    let shown = outcome("skipped", || skip("it needs a newer CLI".to_owned()));
    assert!(
        matches!(shown, Ok(Completion::Ignored { reason: Some(reason) }) if reason == "it needs a newer CLI")
    );
}

#[test]
fn failed_tests_show_the_message_of_their_panic() {
    let shown = outcome("failed", || resume_unwind(Box::new("the message")));
    assert!(matches!(shown, Err(failed) if failed.message() == Some("the message")));
}
