//! Property tests of the compiled provider with a host and an in-memory GitLab: hosts accept every
//! plan, an exclusive list and the permissions of an entry converge despite faults, and resources
//! that hand over objects lose none.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

mod convergence;
mod disturbance;
mod host;
mod managers;
mod permissions;
mod plans;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestRunner};

/// Checks a property with this number of generated inputs, or with `PROPTEST_CASES`. A failing
/// input is shrunk and printed.
fn check_all<T: std::fmt::Debug>(
    cases: u32,
    inputs: impl Strategy<Value = T>,
    property: impl Fn(T),
) {
    let default = Config::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { default.cases } else { cases };
    let config = Config { cases, failure_persistence: None, ..default };
    let run = TestRunner::new(config).run(&inputs, |input| {
        property(input);
        Ok(())
    });
    run.unwrap_or_else(|failure| panic!("{failure}"));
}
