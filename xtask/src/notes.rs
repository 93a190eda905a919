//! The `notes` command: prints the changelog of one release, and checks that tag, sources and
//! changelog have the same version.

use std::path::Path;
use std::{fs, io};

const CHANGELOG: &str = "CHANGELOG.md";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The error of a release without notes.
#[derive(Debug, thiserror::Error)]
pub enum NotesError {
    /// The changelog can't be read.
    #[error("{CHANGELOG} can't be read: {0}")]
    Unreadable(io::Error),
    /// The tag doesn't match the version of the sources.
    #[error(
        "the tag is {0}, but Cargo.toml says that this is version {VERSION}, whose tag is \
         v{VERSION}"
    )]
    OtherVersion(String),
    /// The changelog has no heading for the version, or nothing below it.
    #[error(
        "{CHANGELOG} doesn't mention version {0}. It needs a heading `## [{0}] - YYYY-MM-DD` with \
         the changes below it"
    )]
    NoSection(&'static str),
}

/// Returns the notes of the release with this tag.
///
/// # Errors
///
/// Fails if the tag isn't that of this version, or the changelog doesn't have the version.
pub fn of_release(project: &Path, tag: &str) -> Result<String, NotesError> {
    if tag.strip_prefix('v') != Some(VERSION) {
        return Err(NotesError::OtherVersion(tag.to_owned()));
    }
    let changelog = fs::read_to_string(project.join(CHANGELOG)).map_err(NotesError::Unreadable)?;
    section(&changelog, VERSION).ok_or(NotesError::NoSection(VERSION))
}

/// Returns the section of a version, or `None` if it has nothing but headings.
fn section(changelog: &str, version: &str) -> Option<String> {
    let heading = format!("## [{version}] - ");
    let below = changelog.lines().skip_while(|line| !line.starts_with(&heading)).skip(1);
    let lines: Vec<&str> =
        below.take_while(|line| !line.starts_with("## ") && !is_link(line)).collect();
    let has_content = lines.iter().any(|line| !line.is_empty() && !line.starts_with('#'));
    has_content.then(|| format!("{}\n", lines.join("\n").trim()))
}

/// Returns whether a line defines a link. Changelogs end with links to comparisons, such as
/// `[1.2.3]: …`.
fn is_link(line: &str) -> bool {
    line.starts_with('[') && line.contains("]: ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "# Changelog\n\n## [Unreleased]\n\n## [1.2.0] - 2026-01-02\n\n### \
                        Added\n\n- A thing,\n  in two lines.\n\n\
                        ## [1.1.0] - 2025-01-02\n\n### Fixed\n\n[1.1.0]: https://example.org\n\
                        ";

    #[test]
    fn notes_end_at_the_next_release() {
        assert_eq!(
            section(SAMPLE, "1.2.0").as_deref(),
            Some("### Added\n\n- A thing,\n  in two lines.\n")
        );
    }

    #[test]
    fn unlisted_version_has_no_notes() {
        for version in ["1.1.0", "1.2", "Unreleased", "2.0.0"] {
            assert_eq!(section(SAMPLE, version), None, "{version}");
        }
    }

    #[test]
    fn tag_of_another_version_is_an_error() {
        let project = tempfile::tempdir().unwrap();
        for tag in ["v999.0.0", VERSION, ""] {
            let error = of_release(project.path(), tag).unwrap_err().to_string();
            assert!(error.contains(&format!("whose tag is v{VERSION}")), "{error}");
        }
    }

    #[test]
    fn release_missing_from_the_changelog_is_an_error() {
        let project = tempfile::tempdir().unwrap();
        fs::write(project.path().join(CHANGELOG), "# Changelog\n\n## [Unreleased]\n\n- All.\n")
            .unwrap();
        let error = of_release(project.path(), &format!("v{VERSION}")).unwrap_err().to_string();
        assert!(error.contains(&format!("`## [{VERSION}] - YYYY-MM-DD`")), "{error}");
    }
}
