//! The simulator over real HTTP, held against what GitLab's API is known to do: one module for each
//! part of it.

#![expect(clippy::unwrap_used, reason = "a surprise in a test is a failure of the test")]

mod kit;

mod authentication;
mod barriers;
mod endpoints;
mod errors;
mod faults;
mod granular;
mod graphql;
mod instance;
mod log;
mod paging;
mod parameters;
mod paths;
mod people;
mod places;
mod rate_limit;
mod traps;
mod versions;
