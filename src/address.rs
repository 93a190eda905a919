//! The names under which hosts know this provider. They are the same in every configuration, mirror
//! and lock file, so nothing else may contain them.

/// The source address as configurations write it. Each host puts its own registry in front.
pub const SOURCE: &str = "aff15f21/gitlab-job-token";

/// The name of the executable, less what follows it in a package: hosts look for this beginning.
pub const EXECUTABLE: &str = "terraform-provider-gitlab-job-token";

/// The registries, Terraform's first.
pub const REGISTRIES: [Registry; 2] = [
    Registry { host: "registry.terraform.io", program: "terraform" },
    Registry { host: "registry.opentofu.org", program: "tofu" },
];

/// The registry that a program means where a source address names none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registry {
    /// Its host name, which begins the full address of a provider and is its first folder in a
    /// mirror.
    pub host: &'static str,
    /// The command of the program.
    pub program: &'static str,
}

impl Registry {
    /// The provider's full address.
    #[must_use]
    pub fn address(&self) -> String {
        format!("{}/{SOURCE}", self.host)
    }
}
