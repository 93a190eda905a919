//! The fuzz targets: one function for each place that reads foreign bytes, and one for the calls of
//! a host in any order. Each accepts any bytes, may return an error, and panics when an invariant
//! is broken.
//!
//! The libFuzzer programs in `fuzz/fuzz_targets` and the ordinary tests of this crate call the same
//! functions.

mod launch;
mod ledger;
mod names;
mod responses;
mod values;

pub use launch::handshake;
pub use ledger::ledger;
pub use names::names;
pub use responses::{graphql, headers, refusal};
pub use values::{msgpack, state};

/// A function that takes any bytes.
pub type Target = fn(&[u8]);

/// All targets, by the names of their programs and seed directories.
pub const TARGETS: [(&str, Target); 8] = [
    ("graphql", graphql),
    ("handshake", handshake),
    ("headers", headers),
    ("ledger", ledger),
    ("msgpack", msgpack),
    ("names", names),
    ("refusal", refusal),
    ("state", state),
];
