//! Difficult conditions for starting the provider, and the message if it can't start.

use std::fs;

use crate::provider_block::with_block;
use crate::worlds::APP_ONLY;

/// Makes a path too long for the address of a unix socket.
const LONG: usize = 120;

#[test]
fn tmpdir_with_a_long_path_works() {
    let (_gitlab, mut tf) = APP_ONLY.with_workspace();
    let temporary = tf.directory().join("x".repeat(LONG));
    fs::create_dir(&temporary).expect("a directory");
    tf.set_env("TMPDIR", &temporary.to_string_lossy());
    tf.config(&with_block(""));

    tf.apply().succeeds();
    tf.plan().changes_nothing();
}

#[test]
fn empty_tmpdir_works() {
    let (_gitlab, mut tf) = APP_ONLY.with_workspace();
    tf.set_env("TMPDIR", "");
    tf.config(&with_block(""));

    tf.plan().succeeds();
}

/// Repeated, since a host that notices the exit before it reads the line shows nothing else.
#[test]
fn cli_shows_why_the_provider_cannot_start() {
    let (_gitlab, mut tf) = APP_ONLY.with_workspace();
    tf.set_env("GITLAB_JOB_TOKEN_PLUGIN_NETWORK", "udp");
    tf.config(&with_block(""));

    for _ in 0..5 {
        let run = tf.run(&["plan", "-no-color"]);
        assert!(!run.is_success());
        println!("{run}");
        let words: Vec<_> = run.stderr().split_whitespace().collect();
        let said = words.join(" ").replace("\u{2502} ", "");
        assert!(
            said.contains(
                "can't start: the environment variable GITLAB_JOB_TOKEN_PLUGIN_NETWORK is \"udp\", \
                 but must be \"unix\" or \"tcp\"."
            ),
            "{run}"
        );
    }
}
