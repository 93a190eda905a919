//! The command line of the compiled binary: its output, and the files that it creates and removes.
//! The acceptance tests run the real CLI with these files.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

mod help;
mod install;
mod kit;
mod quickstart;
mod uninstall;
