//! Invalid provider blocks, and tokens and servers that don't work: each is one clear error.

mod arguments;
mod base_url;
mod early_check;
mod files;
mod token;

use crate::provider_block::with_block;
use crate::worlds::APP_ONLY;

/// Returns the error of planning with such a provider block.
#[track_caller]
fn block_error(block: &str) -> String {
    let (_gitlab, tf) = APP_ONLY.with_workspace();
    tf.config(&with_block(block));
    tf.plan().error()
}
