//! What tests need of the CLI that not every supported version has. No other file here knows versions of CLIs: a test
//! that needs a feature names it in its first line, and says so where it is skipped.

use std::fmt::Display;

use terraform_cli::{Program, Release};

use crate::kit::{cli, say};

/// A feature with the first version of each program that has it, if any has.
pub(crate) struct Feature {
    name: &'static str,
    terraform: Option<(u64, u64)>,
    opentofu: Option<(u64, u64)>,
}

pub(crate) const IMPORT_BY_IDENTITY: Feature =
    Feature { name: "`import` blocks with an identity", terraform: Some((1, 12)), opentofu: Some((1, 12)) };

pub(crate) const QUERY: Feature =
    Feature { name: "`terraform query`", terraform: Some((1, 14)), opentofu: None };

impl Feature {
    /// Checks whether the test must be skipped for want of this feature, and says so.
    #[track_caller]
    pub(crate) fn is_missing(&self) -> bool {
        let thread = std::thread::current();
        self.is_missing_for(&thread.name().unwrap_or("a test"))
    }

    /// Checks whether a part of a test must be left out, and says so.
    #[track_caller]
    pub(crate) fn is_missing_for(&self, part: &dyn Display) -> bool {
        // Without any CLI, the test itself has nothing to do.
        let Some(release) = cli().map(|cli| cli.release()) else { return false };
        let missing = !self.is_in(release);
        if missing {
            let (program, (major, minor)) = (release.program, release.version);
            say(&format!("SKIPPED: {part} needs {}, which {program:?} {major}.{minor} lacks.", self.name));
        }
        missing
    }

    fn is_in(&self, release: Release) -> bool {
        let first = match release.program {
            Program::Terraform => self.terraform,
            Program::OpenTofu => self.opentofu,
        };
        first.is_some_and(|first| release.version >= first)
    }
}
