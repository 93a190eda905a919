//! An in-memory GitLab with the job token scope API, for tests, benches and the quickstart.
//!
//! [`Simulator::start`] serves it on loopback until it is dropped. `world` has the model and its
//! rules, `http` the REST API and `graphql` the GraphQL API; `faults`, `barriers`, `log`,
//! `rate_limit` and `wire` are independent of them, and `server` combines everything. It is as
//! strict as GitLab: a test that needs a more lenient server is wrong.
//!
//! ```
//! use gitlab_simulator::{Fault, Route, Simulator, Target};
//!
//! let gitlab = Simulator::start();
//! let app = gitlab.add_project("acme/app");
//! let lib = gitlab.add_project("acme/lib");
//! gitlab.allow(app, Target::Project(lib));
//! gitlab.inject(Fault::BadGateway.on(Route::AllowlistProjectPost).once());
//! println!("{} with {}", gitlab.api_url(), gitlab.token());
//! assert!(gitlab.allowlist(app).projects.contains(&lib));
//! ```

mod barriers;
mod delivery;
mod faults;
mod graphql;
mod http;
mod log;
mod rate_limit;
mod selection;
mod server;
mod simulator;
mod wire;
mod world;

pub use barriers::{Barrier, Held};
pub use faults::{Fault, Injection};
pub use http::{Credential, Route};
pub use log::{Logged, Requests};
pub use rate_limit::Refusals;
pub use simulator::{ADMINISTRATOR, Allowlist, Builder, Simulator};
pub use world::{
    AllowlistEntry, Enforcement, GranularGraphql, InvalidVersion, LINK_LIMIT, Permissions, Role,
    Target, TokenScope, TokenSpec, TokenState, Version,
};
