//! PEM files as people have them: any kind of line ends, blanks at the ends of lines, text between
//! the sections, and broken sections beside good ones.

/// The error of an END and a BEGIN on one line, which other programs leave out or read in part.
pub(super) const GLUED: &str = "an END line and the next BEGIN line must not be on one line";

/// The error of a section that ends with the file.
pub(super) const NO_END: &str = "one of its sections doesn't have an end";

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// The sections of a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sections {
    /// The whole ones, each as a file of its own.
    pub(super) whole: Vec<String>,
    /// Some section has no end.
    pub(super) is_cut: bool,
}

impl Sections {
    /// Reads the sections of a file, whatever is in them.
    ///
    /// # Errors
    ///
    /// [`GLUED`]: without the line break, the second of two sections would get lost.
    pub(super) fn of(text: &str) -> Result<Self, &'static str> {
        let (mut sections, mut open) = (Self::default(), None::<String>);
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for line in text.split(['\n', '\r']).map(str::trim_end) {
            if line.contains(END) && line.contains(BEGIN) {
                return Err(GLUED);
            }
            if line.starts_with(BEGIN) && line.ends_with(DASHES) {
                sections.is_cut |= open.replace(String::new()).is_some();
            }
            let Some(section) = &mut open else { continue };
            section.push_str(line);
            section.push('\n');
            if line.starts_with(END) {
                sections.whole.extend(open.take());
            }
        }
        sections.is_cut |= open.is_some();
        Ok(sections)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "-----BEGIN X-----\nAAAA\n-----END X-----\n";

    fn whole(text: &str) -> Vec<String> {
        Sections::of(text).unwrap().whole
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
    fn a_section_without_end_is_left_out() {
        let cut = "-----BEGIN X-----\nAAAA\n";
        for text in [format!("{ONE}{cut}"), format!("{cut}{ONE}")] {
            let expected = Sections { whole: vec![ONE.to_owned()], is_cut: true };
            assert_eq!(Sections::of(&text), Ok(expected), "{text:?}");
        }
    }

    #[test]
    fn an_end_and_a_beginning_on_one_line_are_an_error() {
        assert_eq!(Sections::of(&format!("{}{ONE}", ONE.trim_end())), Err(GLUED));
    }
}
