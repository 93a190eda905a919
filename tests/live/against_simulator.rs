//! Runs the live test with the simulator, so that it is part of the test suite: statements in
//! several versions, the life cycle of each resource in one, and the live test's own behavior.

mod api;
mod check;
mod deletion;
mod harness;
mod life_cycles;
mod report;
mod secrets;
mod self_tests;
mod simulated;
mod site;
mod statements;
mod version;

use std::process::ExitCode;

use libtest_mimic::Arguments;

fn main() -> ExitCode {
    let args = Arguments::from_args();
    harness::silence_panics();
    let sites = match simulated::start() {
        Ok(sites) => sites,
        Err(why) => {
            eprintln!("error: the simulator doesn't serve the live test:\n{why:?}");
            return ExitCode::FAILURE;
        }
    };
    let statements = sites.iter().flat_map(simulated::SimulatedSite::trials);
    libtest_mimic::run(&args, statements.chain(self_tests::trials()).collect()).exit_code()
}
