//! Ctrl-C, or a service manager's signal, in the middle of many writes: requests in flight finish,
//! waiting ones are cancelled.

use std::fs;
use std::time::{Duration, Instant};

use gitlab_simulator::{Fault, Injection, Route};
use terraform_cli::{Run, Workspace, is_process_running, signal_process};

use super::{
    APP, allow_all, assert_state_matches, entries, eventually, exclusive, require_processes,
    with_targets,
};
use crate::kit::workspace;

/// The maximum number of projects on an allowlist.
const FULL: u64 = 200;

/// The number of writes before the fault begins.
const BEFORE: usize = 40;

/// Longer than an interrupt takes, and shorter than the time limit of a run.
const HOLD_UP: Duration = Duration::from_millis(1500);

/// Applies until the first writes are held up, and then presses Ctrl-C.
fn interrupted_apply(gitlab: &gitlab_simulator::Simulator, tf: &Workspace) -> Run {
    gitlab.clear_requests();
    gitlab.inject(Injection::from(Fault::StallsTheRequest(HOLD_UP)).writes_only().after(BEFORE));
    let running = tf.start_apply();
    eventually("writes are held up", || gitlab.requests().writes().len() > BEFORE);
    let providers = running.children();
    running.interrupt();
    let run = running.wait();
    gitlab.clear_faults();
    assert_eq!(providers.len(), 1);
    eventually("the provider ends", || !is_process_running(providers[0]));
    run
}

#[test]
fn interrupted_list_is_in_state_as_written_and_then_completed() {
    require_processes();
    let gitlab = with_targets(FULL);
    let tf = workspace(&gitlab);
    tf.config(&exclusive([2]));
    tf.apply().succeeds();
    tf.config(&exclusive(3..2 + FULL));

    let run = interrupted_apply(&gitlab, &tf);

    run.fails();
    let reached = gitlab.allowlist(APP).projects;
    assert!(reached.len() > BEFORE && (reached.len() as u64) < FULL, "{} entries", reached.len());
    assert!(reached.contains(&2), "a removal came before the end of the additions");
    assert_state_matches(&gitlab, &tf);
    assert!(run.errors().iter().any(|error| error.detail.contains("(interrupted)")), "{run}");

    tf.apply().succeeds().has_no_warnings();
    assert_eq!(gitlab.allowlist(APP).projects, (3..2 + FULL).collect());
    let added = gitlab
        .requests()
        .to(Route::AllowlistProjectPost)
        .filter(|request| request.status == Some(201));
    assert_eq!(added.len() as u64, FULL - 1, "none was added twice");
}

/// After that, Terraform doesn't wait for its providers.
#[test]
fn second_interrupt_leaves_no_process_and_apply_converges() {
    require_processes();
    const ENTRIES: u64 = 60;
    let gitlab = with_targets(ENTRIES);
    let mut tf = workspace(&gitlab);
    let temporary = tf.directory().join("temporary");
    fs::create_dir(&temporary).expect("a directory");
    tf.set_env("TMPDIR", &temporary.to_string_lossy());
    tf.config(&entries(2..2 + ENTRIES));
    gitlab.inject(Injection::from(Fault::StallsTheRequest(HOLD_UP)).writes_only().after(BEFORE));
    let running = tf.start_apply();
    eventually("writes are held up", || gitlab.requests().writes().len() > BEFORE);
    let providers = running.children();
    running.interrupt();
    eventually("the first interrupt is heard", || running.has_printed("Interrupt received"));
    running.interrupt();

    running.wait().fails();

    eventually("the provider ends", || {
        !providers.iter().any(|provider| is_process_running(*provider))
    });
    assert_eq!(fs::read_dir(&temporary).expect("a directory").count(), 0, "a socket is left");
    gitlab.clear_faults();
    // Requests in flight are executed although no client waits for them.
    eventually("nothing is under way", || {
        gitlab.clear_requests();
        gitlab.max_in_flight() == 0
    });
    let before = gitlab.allowlist(APP).projects.len() as u64;
    tf.apply().succeeds();
    assert_eq!(gitlab.allowlist(APP).projects, (2..2 + ENTRIES).collect());
    assert_state_matches(&gitlab, &tf);
    let added = gitlab
        .requests()
        .to(Route::AllowlistProjectPost)
        .filter(|request| request.status == Some(201));
    assert_eq!(added.len() as u64, ENTRIES - before, "something was added twice");
    tf.plan().changes_nothing();
}

#[test]
fn next_apply_completes_an_interrupted_creation_of_a_list() {
    require_processes();
    let gitlab = with_targets(FULL);
    let tf = workspace(&gitlab);
    tf.config(&exclusive(2..2 + FULL));

    interrupted_apply(&gitlab, &tf).fails();

    assert!((gitlab.allowlist(APP).projects.len() as u64) < FULL);
    tf.apply().succeeds();
    assert_eq!(gitlab.allowlist(APP).projects, (2..2 + FULL).collect());
    let requests = gitlab.requests();
    assert!(
        requests.to(Route::AllowlistProjectDelete).is_empty(),
        "nobody loses access on the way"
    );
}

#[test]
fn interrupted_removals_leave_in_state_what_is_left_on_the_list() {
    require_processes();
    const ENTRIES: u64 = 60;
    let gitlab = with_targets(ENTRIES);
    let tf = workspace(&gitlab);
    allow_all(&gitlab, 2..2 + ENTRIES);
    tf.config(&entries(2..2 + ENTRIES));
    tf.apply().succeeds();
    tf.config("");

    let run = interrupted_apply(&gitlab, &tf);

    // Terraform reports success if nothing that it had started failed.
    assert!(!run.stdout().contains("Plugin did not respond"), "{run}");
    assert!(!gitlab.allowlist(APP).projects.is_empty());
    assert_state_matches(&gitlab, &tf);
    tf.apply().succeeds();
    assert!(gitlab.allowlist(APP).projects.is_empty());
}

/// Terraform handles the signal and stops its providers, so they must ignore it.
#[test]
fn state_is_true_after_a_signal_to_the_whole_group() {
    require_processes();
    const ENTRIES: u64 = 40;
    for (round, signal) in ["TERM", "HUP"].into_iter().cycle().take(10).enumerate() {
        let gitlab = with_targets(ENTRIES);
        let tf = workspace(&gitlab);
        tf.config(&entries(2..2 + ENTRIES));
        // One round after the other, the signal comes later.
        gitlab.inject(
            Injection::from(Fault::StallsTheResponse(Duration::from_millis(20))).writes_only(),
        );
        let running = tf.start_apply();
        eventually("writes are under way", || gitlab.requests().writes().len() > round * 4);
        // Terraform exits on SIGHUP, so only the provider gets it.
        if signal == "TERM" {
            running.signal_group(signal);
        } else {
            running.children().into_iter().for_each(|provider| signal_process(signal, provider));
        }

        let run = running.wait();

        gitlab.clear_faults();
        assert!(!run.stdout().contains("Plugin did not respond"), "{signal}: {run}");
        assert_state_matches(&gitlab, &tf);
    }
}

/// GitLab requests a wait of one minute, which Ctrl-C ends.
#[test]
fn interrupt_ends_the_wait_for_a_rate_limit() {
    require_processes();
    let gitlab = with_targets(FULL);
    let tf = workspace(&gitlab);
    tf.config(&exclusive([2]));
    tf.apply().succeeds();
    tf.config(&exclusive(3..2 + FULL));
    gitlab.clear_requests();
    let rate_limited = Fault::RateLimited { retry_after: Duration::from_secs(60) };
    gitlab.inject(
        Injection::from(rate_limited.clone()).on(Route::AllowlistProjectPost).after(BEFORE),
    );
    gitlab.inject(Injection::from(rate_limited).on(Route::AllowlistProjectsGet).after(2));
    let running = tf.start_apply();
    eventually("the limit is met", || {
        !gitlab.requests().filter(|one| one.status == Some(429)).is_empty()
    });
    let began = Instant::now();
    running.interrupt();

    running.wait().fails();

    assert!(began.elapsed() < Duration::from_secs(20), "it took {:?}", began.elapsed());
    gitlab.clear_faults();
    tf.apply().succeeds();
    assert_eq!(gitlab.allowlist(APP).projects, (3..2 + FULL).collect());
}
