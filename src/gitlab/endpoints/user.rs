//! `/user`: the token's user.

use serde::Deserialize;

use crate::gitlab::sender::Call;

/// The user behind a token. For project and group access tokens this is a bot.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct User {
    /// The name after the `@`.
    pub username: String,
}

/// `GET /user`
pub(in crate::gitlab) fn show() -> Call<User> {
    Call::get("/user".to_owned())
}
