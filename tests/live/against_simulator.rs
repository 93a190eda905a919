//! The live test against the in-memory GitLab, so that it runs with all other tests: statements in
//! several versions, the life of each resource in one, and what the test itself promises.

mod api;
mod check;
mod deletion;
mod harness;
mod life_cycles;
mod promises;
mod report;
mod secrets;
mod simulated;
mod site;
mod statements;
mod version;

use std::process::ExitCode;

use libtest_mimic::Arguments;

fn main() -> ExitCode {
    let args = Arguments::from_args();
    harness::silence_panics();
    let played = match simulated::start() {
        Ok(played) => played,
        Err(why) => {
            eprintln!("error: the simulator doesn't serve the live test:\n{why:?}");
            return ExitCode::FAILURE;
        }
    };
    let statements = played.iter().flat_map(simulated::Played::trials);
    libtest_mimic::run(&args, statements.chain(promises::trials()).collect()).exit_code()
}
