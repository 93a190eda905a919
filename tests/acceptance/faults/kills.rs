//! The provider or the host is killed in the middle of an apply.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use gitlab_simulator::{Fault, Injection, Route, Simulator};
use terraform_cli::{Running, Workspace, is_process_running, kill_process};

use super::{
    APP, assert_state_matches, entries, eventually, exclusive, require_processes, with_targets,
};
use crate::kit::workspace;

const ENTRIES: u64 = 30;

/// The number of writes before the fault begins.
const BEFORE: usize = 10;

/// Longer than a kill takes.
const HOLD_UP: Duration = Duration::from_secs(2);

/// An apply in the middle of its writes.
struct RunningApply {
    gitlab: Simulator,
    tf: Workspace,
    running: Running,
    provider: u32,
    temporary: PathBuf,
}

impl RunningApply {
    #[track_caller]
    fn of(config: &str) -> Self {
        require_processes();
        let gitlab = with_targets(ENTRIES);
        let mut tf = workspace(&gitlab);
        let temporary = tf.directory().join("temporary");
        fs::create_dir(&temporary).expect("a directory");
        tf.set_env("TMPDIR", &temporary.to_string_lossy());
        tf.config(config);
        gitlab
            .inject(Injection::from(Fault::StallsTheRequest(HOLD_UP)).writes_only().after(BEFORE));
        let running = tf.start_apply();
        eventually("writes are held up", || gitlab.requests().writes().len() > BEFORE);
        let [provider] = running.children()[..] else { panic!("{:?} run", running.children()) };
        Self { gitlab, tf, running, provider, temporary }
    }

    /// Returns the number of files that the provider has left in its temporary directory.
    fn left_behind(&self) -> usize {
        fs::read_dir(&self.temporary).expect("a directory").count()
    }
}

/// Panics unless the next apply adds everything to the list and the state, and nothing twice.
#[track_caller]
fn assert_converges(gitlab: &Simulator, tf: &Workspace) {
    gitlab.clear_faults();
    // A request whose sender is gone while it is held up is never carried out.
    eventually("nothing is under way", || {
        gitlab.clear_requests();
        gitlab.max_in_flight() == 0
    });
    let before = gitlab.allowlist(APP).projects.len() as u64;
    assert!(before < ENTRIES, "the kill came too late");
    tf.apply().succeeds();
    assert_eq!(gitlab.allowlist(APP).projects, (2..2 + ENTRIES).collect());
    assert_state_matches(gitlab, tf);
    let added = gitlab
        .requests()
        .to(Route::AllowlistProjectPost)
        .filter(|request| request.status == Some(201));
    assert_eq!(added.len() as u64, ENTRIES - before);
    tf.plan().changes_nothing();
}

#[test]
fn next_apply_converges_after_the_provider_was_killed() {
    let scene = RunningApply::of(&entries(2..2 + ENTRIES));
    kill_process(scene.provider);
    eventually("the provider ends", || !is_process_running(scene.provider));
    assert_eq!(scene.left_behind(), 0);
    let RunningApply { gitlab, tf, running, .. } = scene;

    running.wait().fails();

    assert_converges(&gitlab, &tf);
}

#[test]
fn list_converges_after_its_provider_was_killed() {
    let scene = RunningApply::of(&exclusive(2..2 + ENTRIES));
    kill_process(scene.provider);
    let RunningApply { gitlab, tf, running, .. } = scene;

    running.wait().fails();

    assert_converges(&gitlab, &tf);
}

#[test]
fn provider_ends_and_cleans_up_after_terraform_was_killed() {
    let mut scene = RunningApply::of(&entries(2..2 + ENTRIES));
    scene.running.kill();

    eventually("the provider ends", || !is_process_running(scene.provider));

    assert_eq!(scene.left_behind(), 0);
    assert_converges(&scene.gitlab, &scene.tf);
}
