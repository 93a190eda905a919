//! The security of the compiled provider: TLS to GitLab, proxies, and access to the socket. The
//! protocol tests cover the authentication of the host.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

mod certificates;
mod kit;
mod openssl;
mod proxies;
mod servers;
#[cfg(unix)]
mod socket;
