//! Splits PEM files into sections. Accepts any line endings, trailing spaces, text between
//! sections, and incomplete sections.

/// The error for END and BEGIN on one line, which other programs parse differently.
pub(super) const END_AND_BEGIN_ON_ONE_LINE: &str =
    "an END line and the next BEGIN line must not be on one line";

/// The error for a section without an END line.
pub(super) const NO_END: &str = "one of its sections doesn't have an end";

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// The sections of a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sections {
    /// The complete sections.
    pub(super) complete: Vec<String>,
    /// Whether a section has no END line.
    pub(super) is_incomplete: bool,
}

impl Sections {
    /// Splits a file into sections without decoding them.
    ///
    /// # Errors
    ///
    /// Returns [`END_AND_BEGIN_ON_ONE_LINE`] if END and BEGIN are on one line, because the second
    /// section would be lost.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let (mut sections, mut open) = (Self::default(), None::<String>);
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for line in text.split(['\n', '\r']).map(str::trim_end) {
            if line.contains(END) && line.contains(BEGIN) {
                return Err(END_AND_BEGIN_ON_ONE_LINE);
            }
            if line.starts_with(BEGIN) && line.ends_with(DASHES) {
                sections.is_incomplete |= open.replace(String::new()).is_some();
            }
            let Some(section) = &mut open else { continue };
            section.push_str(line);
            section.push('\n');
            if line.starts_with(END) {
                sections.complete.extend(open.take());
            }
        }
        sections.is_incomplete |= open.is_some();
        Ok(sections)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "-----BEGIN X-----\nAAAA\n-----END X-----\n";

    fn whole(text: &str) -> Vec<String> {
        Sections::parse(text).unwrap().complete
    }

    #[test]
    fn sections_are_found_between_any_text() {
        for text in [
            ONE.to_owned(),
            ONE.replace('\n', "\r\n").replace("\r\n-----END", "\n-----END"),
            ONE.replace('\n', "\t \n"),
            format!("\u{feff}{ONE}"),
            format!("# M\u{fffd}ller\n{ONE}the end\n-----\n"),
            format!("-----BEGIN\n{ONE}"),
        ] {
            let found: Vec<String> =
                whole(&text).iter().map(|one| one.replace("\n\n", "\n")).collect();
            assert_eq!(found, [ONE], "{text:?}");
        }
        assert_eq!(whole("no PEM"), [""; 0]);
    }

    #[test]
    fn section_without_end_is_ignored() {
        let cut = "-----BEGIN X-----\nAAAA\n";
        for text in [format!("{ONE}{cut}"), format!("{cut}{ONE}")] {
            let expected = Sections { complete: vec![ONE.to_owned()], is_incomplete: true };
            assert_eq!(Sections::parse(&text), Ok(expected), "{text:?}");
        }
    }

    #[test]
    fn end_and_beginning_on_one_line_are_an_error() {
        assert_eq!(
            Sections::parse(&format!("{}{ONE}", ONE.trim_end())),
            Err(END_AND_BEGIN_ON_ONE_LINE)
        );
    }
}
