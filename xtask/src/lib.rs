//! Developer tasks: what the project publishes besides the program. Each command of `cargo xtask`
//! is a module.

pub mod dist;
pub mod docs;
pub mod notes;

use std::path::Path;

/// Returns the directory of the project, in which this program was built.
#[must_use]
pub fn project() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}
