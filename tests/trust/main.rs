//! Trust of the compiled provider, and access to it: TLS to GitLab, proxies on the way, and the
//! socket towards the host. Who the host is, is told among the tests of the protocol.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

mod certificates;
mod kit;
mod openssl;
mod proxies;
mod servers;
#[cfg(unix)]
mod socket;
