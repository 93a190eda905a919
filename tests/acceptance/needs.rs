//! CLI features that not every supported version has. No other file knows CLI versions: a test that
//! needs a feature names it in its first line, and is skipped without it.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::fs;
use std::ops::RangeInclusive;
use std::path::Path;

use terraform_cli::{Program, Release, Run};

use crate::harness::skip;
use crate::kit::{cli, print_notice, sources};

/// A feature with the first version of each program that has it.
pub(crate) struct Feature {
    name: &'static str,
    terraform: Option<(u64, u64)>,
    opentofu: Option<(u64, u64)>,
}

pub(crate) const OPTIONAL_DEFAULTS: Feature = Feature {
    name: "defaults of optional attributes",
    terraform: Some((1, 3)),
    opentofu: Some((1, 6)),
};

/// Older versions destroy without asking the provider for a plan.
pub(crate) const PLANNED_REMOVALS: Feature = Feature {
    name: "removals that the provider plans",
    terraform: Some((1, 3)),
    opentofu: Some((1, 6)),
};

pub(crate) const TERRAFORM_DATA: Feature =
    Feature { name: "`terraform_data`", terraform: Some((1, 4)), opentofu: Some((1, 6)) };

pub(crate) const CHECK_BLOCKS: Feature =
    Feature { name: "`check` blocks", terraform: Some((1, 5)), opentofu: Some((1, 6)) };

pub(crate) const IMPORT_BLOCKS: Feature = Feature {
    name: "`import` blocks, `-generate-config-out`",
    terraform: Some((1, 5)),
    opentofu: Some((1, 6)),
};

/// Terraform 1.0 rejects a build whose checksum isn't in the lock file; 1.5 is the oldest version
/// known to add it.
pub(crate) const LOCK_OF_ANOTHER_BUILD: Feature = Feature {
    name: "`providers lock` for another build of the same version",
    terraform: Some((1, 5)),
    opentofu: Some((1, 6)),
};

pub(crate) const TERRAFORM_TEST: Feature =
    Feature { name: "`terraform test`", terraform: Some((1, 6)), opentofu: Some((1, 6)) };

pub(crate) const IMPORT_FOR_EACH: Feature = Feature {
    name: "`import` blocks with `for_each`",
    terraform: Some((1, 7)),
    opentofu: Some((1, 7)),
};

/// Terraform 1.6 looks for a provider by the prefix of the resource type, regardless of the block.
pub(crate) const GENERATE_WITH_PROVIDER: Feature = Feature {
    name: "generated configuration for `import` blocks with `provider`",
    terraform: Some((1, 7)),
    opentofu: Some((1, 7)),
};

/// Older versions fail after they have written the file, which is complete. These are the oldest
/// versions known to succeed.
pub(crate) const GENERATED_MAPS: Feature = Feature {
    name: "generated configuration with maps of objects that have an attribute of the provider's",
    terraform: Some((1, 11)),
    opentofu: Some((1, 12)),
};

pub(crate) const REMOVED: Feature = Feature {
    name: "`removed` blocks with `destroy = false`",
    terraform: Some((1, 7)),
    opentofu: Some((1, 10)),
};

/// Older versions of OpenTofu plan with the real provider all the same.
pub(crate) const MOCKS: Feature =
    Feature { name: "`mock_provider` in tests", terraform: Some((1, 7)), opentofu: Some((1, 12)) };

pub(crate) const MOVED_BETWEEN_PROVIDERS: Feature = Feature {
    name: "`moved` blocks from the official provider",
    terraform: Some((1, 8)),
    opentofu: Some((1, 10)),
};

pub(crate) const IMPORT_BY_IDENTITY: Feature = Feature {
    name: "`import` blocks with an `identity`",
    terraform: Some((1, 12)),
    opentofu: Some((1, 12)),
};

pub(crate) const QUERY: Feature = Feature {
    name: "`terraform query` with list resources",
    terraform: Some((1, 14)),
    opentofu: None,
};

pub(crate) const EPHEMERAL_VARIABLES: Feature = Feature {
    name: "ephemeral variables, for the token",
    terraform: Some((1, 10)),
    opentofu: Some((1, 11)),
};

pub(crate) const LIFECYCLE_DESTROY: Feature = Feature {
    name: "`lifecycle` blocks with `destroy = false`",
    terraform: Some((1, 16)),
    opentofu: Some((1, 12)),
};

/// Terraform reads the setting in the configuration, OpenTofu in the state.
pub(crate) const KEPT_WITHOUT_BLOCK: Feature = Feature {
    name: "`destroy = false` for replaced resources and deleted blocks",
    terraform: None,
    opentofu: Some((1, 12)),
};

pub(crate) const MINIMAL_REFRESH: Feature =
    Feature { name: "`-minimal-refresh`", terraform: Some((1, 17)), opentofu: None };

pub(crate) const PROVIDER_FOR_EACH: Feature =
    Feature { name: "`for_each` in provider blocks", terraform: None, opentofu: Some((1, 9)) };

pub(crate) const EXCLUDE: Feature =
    Feature { name: "`-exclude`", terraform: None, opentofu: Some((1, 9)) };

pub(crate) const ENABLED: Feature =
    Feature { name: "`lifecycle` blocks with `enabled`", terraform: None, opentofu: Some((1, 11)) };

pub(crate) const ENCRYPTION: Feature =
    Feature { name: "encrypted states and plans", terraform: None, opentofu: Some((1, 7)) };

pub(crate) const OCI_MIRROR: Feature = Feature {
    name: "`oci_mirror` in the CLI configuration",
    terraform: None,
    opentofu: Some((1, 10)),
};

/// The plan that precedes an apply is handed the private data of the saved plan.
pub(crate) const PLANNED_PRIVATE_DATA: Feature = Feature {
    name: "planned private data in the apply's plan",
    terraform: Some((1, 16)),
    opentofu: None,
};

impl Feature {
    /// Returns whether the CLI has this feature. For tests that run on every CLI and expect more of
    /// this one.
    #[track_caller]
    pub(crate) fn is_there(&self) -> bool {
        self.is_in(cli().release())
    }

    /// Skips the test if the CLI lacks this feature.
    #[track_caller]
    pub(crate) fn require(&self) {
        if !self.is_there() {
            skip(self.lack());
        }
    }

    /// Returns whether a part of a test must be left out, and prints that.
    #[track_caller]
    pub(crate) fn is_missing_for(&self, part: &dyn Display) -> bool {
        let missing = !self.is_there();
        if missing {
            print_notice(&format!("SKIPPED: {part}: {}.", self.lack()));
        }
        missing
    }

    fn lack(&self) -> String {
        let Release { program, version: (major, minor) } = cli().release();
        format!("it needs {}, which {program:?} {major}.{minor} lacks", self.name)
    }

    fn is_in(&self, release: Release) -> bool {
        let first = match release.program {
            Program::Terraform => self.terraform,
            Program::OpenTofu => self.opentofu,
        };
        first.is_some_and(|first| release.version >= first)
    }
}

/// A bug of some minor versions of Terraform, which later patches may fix.
pub(crate) struct Defect {
    report: &'static str,
    versions: RangeInclusive<(u64, u64)>,
    sign: &'static str,
}

/// Looks for the provider of an `import` block without a `resource` block by the first word of its
/// type.
pub(crate) const IMPORTS_IGNORE_LOCAL_NAMES: Defect = Defect {
    report: "https://github.com/hashicorp/terraform/issues/39144",
    versions: (1, 16)..=(1, 17),
    sign: "registry.terraform.io/hashicorp/gitlab",
};

impl Defect {
    /// Skips the test if the command failed because of this defect.
    pub(crate) fn skip_if_seen_in(&self, run: &Run) {
        if self.is_seen_in(run) {
            skip(format!("this build has a defect: {}", self.report));
        }
    }

    /// Returns whether the command failed because of this defect.
    pub(crate) fn is_seen_in(&self, run: &Run) -> bool {
        let Release { program, version } = cli().release();
        program == Program::Terraform
            && self.versions.contains(&version)
            && !run.is_success()
            && run.to_string().contains(self.sign)
    }
}

/// So that this file shows which test runs on which version.
#[test]
fn no_other_file_queries_the_version() {
    let sources = sources();
    let asking: Vec<_> = sources.iter().filter(|(_, text)| text.contains("release()")).collect();
    let asking: Vec<_> = asking.iter().filter_map(|(path, _)| path.file_name()).collect();
    assert_eq!(asking, ["needs.rs"]);
}

#[test]
fn feature_is_available_from_its_first_version() {
    let is_in = |program, version| MOVED_BETWEEN_PROVIDERS.is_in(Release { program, version });
    assert!(is_in(Program::Terraform, (1, 8)) && is_in(Program::Terraform, (2, 0)));
    assert!(!is_in(Program::Terraform, (1, 7)) && !is_in(Program::OpenTofu, (1, 9)));
    assert!(!QUERY.is_in(Release { program: Program::OpenTofu, version: (1, 20) }));
}

/// Returns the rows of the documentation's table of features, in lowercase and without the header.
fn documented() -> BTreeSet<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/index.md");
    let page = fs::read_to_string(page).expect("the index");
    let (_, table) = page.split_once("| Feature | Terraform | OpenTofu |").expect("the table");
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.map(str::to_lowercase).collect()
}

/// The tests cover what the table promises: on the versions that it names, the tests of the feature
/// aren't skipped.
#[test]
fn documented_versions_are_the_tested_ones() {
    let tested = [
        EXCLUDE,
        EPHEMERAL_VARIABLES,
        ENABLED,
        ENCRYPTION,
        IMPORT_BLOCKS,
        IMPORT_BY_IDENTITY,
        IMPORT_FOR_EACH,
        LIFECYCLE_DESTROY,
        MINIMAL_REFRESH,
        MOVED_BETWEEN_PROVIDERS,
        OCI_MIRROR,
        PROVIDER_FOR_EACH,
        QUERY,
        REMOVED,
    ];
    let first = |version: Option<(u64, u64)>| {
        version.map_or_else(|| "no".to_owned(), |(major, minor)| format!("{major}.{minor}"))
    };
    let rows: BTreeSet<String> = tested
        .iter()
        .map(|feature| {
            format!(
                "| {} | {} | {} |",
                feature.name,
                first(feature.terraform),
                first(feature.opentofu)
            )
            .to_lowercase()
        })
        .collect();
    let documented = documented();
    let missing: Vec<_> = rows.difference(&documented).collect();
    assert!(missing.is_empty(), "the index lacks {missing:#?}");
    assert_eq!(
        documented.len(),
        rows.len() + 3,
        "the index has rows that no feature stands for: {documented:#?}"
    );
}
