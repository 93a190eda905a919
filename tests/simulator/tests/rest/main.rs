//! The simulator over real HTTP, compared with the known behavior of GitLab's API.

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
mod projects_and_groups;
mod rate_limit;
mod traps;
mod users;
mod versions;
