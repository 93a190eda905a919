//! The addresses and names by which hosts identify this provider. Configurations, mirrors and lock
//! files contain them, so they are defined only here.

/// The source address in configurations. Each host prepends its default registry.
pub const SOURCE: &str = "aff15f21/gitlab-job-token";

/// The prefix of the file name of the executable in a package, by which hosts find it. The version
/// follows.
pub const EXECUTABLE: &str = "terraform-provider-gitlab-job-token";

/// The default registries, with that of Terraform first.
pub const REGISTRIES: [Registry; 2] = [
    Registry { host: "registry.terraform.io", program: "terraform" },
    Registry { host: "registry.opentofu.org", program: "tofu" },
];

/// The default registry of a program, used if a source address has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registry {
    /// The host name: the first part of a full provider address, and the first directory of a
    /// provider in a mirror.
    pub host: &'static str,
    /// The command of the program.
    pub program: &'static str,
}

impl Registry {
    /// Returns the provider's full address.
    #[must_use]
    pub fn address(&self) -> String {
        format!("{}/{SOURCE}", self.host)
    }
}
