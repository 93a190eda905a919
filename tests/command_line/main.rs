//! The compiled binary as a person meets it in a terminal: what it says, and which files it makes
//! and removes. What the real CLI does with them is told among the acceptance tests.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

mod help;
mod install;
mod kit;
mod quickstart;
mod uninstall;
