//! Properties that hold for any input, tested on the compiled provider between a host and an
//! in-memory GitLab: every plan is one that hosts accept, an exclusive list arrives wherever it is
//! sent, whatever goes wrong on the way, so do the permissions of an entry, and resources that hand
//! objects over to each other lose none.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

mod convergence;
mod disturbance;
mod host;
mod managers;
mod permissions;
mod plans;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestRunner};

/// Holds a property against so many inputs, or as many as `PROPTEST_CASES` says. What breaks it is
/// printed as small as it can be made.
fn hold<T: std::fmt::Debug>(cases: u32, inputs: impl Strategy<Value = T>, property: impl Fn(T)) {
    let default = Config::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { default.cases } else { cases };
    let config = Config { cases, failure_persistence: None, ..default };
    let run = TestRunner::new(config).run(&inputs, |input| {
        property(input);
        Ok(())
    });
    run.unwrap_or_else(|failure| panic!("{failure}"));
}
