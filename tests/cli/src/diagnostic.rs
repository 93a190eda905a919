//! Errors and warnings of the CLI, read from its machine-readable output, or from the text of
//! commands without one.

use std::fmt;

use serde_json::Value;

/// The width to which the CLI wraps messages if the terminal's width is unknown.
const COLUMNS: usize = 78;

/// The beginning of lines that aren't parts of a wrapped paragraph.
const OWN_LINE: &str = "Response: ";

/// Registries in which Terraform and OpenTofu expect providers: in messages, the only difference
/// between the two.
const REGISTRIES: [&str; 2] = ["registry.terraform.io/", "registry.opentofu.org/"];

/// The severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The command failed.
    Error,
    /// The user should know.
    Warning,
}

/// An error or a warning. Its `Display` is what tests pin: the whole message, wrapped as in a
/// terminal, with values that differ from run to run (ports, registry hosts) replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The severity.
    pub severity: Severity,
    /// The title.
    pub summary: String,
    /// The text below it.
    pub detail: String,
    /// The resource or provider that it is about, if it says so.
    pub address: Option<String>,
    /// The line of configuration that it points at: that of an attribute, or the head of the whole
    /// block.
    pub source: Option<String>,
}

impl Diagnostic {
    /// Returns the attribute that it points at, if any.
    #[must_use]
    pub fn attribute(&self) -> Option<&str> {
        let (name, _) = self.source.as_deref()?.split_once('=')?;
        let name = name.trim();
        name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_').then_some(name)
    }

    /// Returns the same without where it points, for calls in which not every program adds that.
    #[must_use]
    pub fn without_location(&self) -> Self {
        Self { address: None, source: None, ..self.clone() }
    }

    /// Reads one line of a command's JSON output; `None` where it holds something else.
    pub(crate) fn from_json(line: &str) -> Option<Self> {
        let message: Value = serde_json::from_str(line).ok()?;
        let diagnostic = message.get("diagnostic")?;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Some(Self {
            severity: if diagnostic["severity"] == "error" {
                Severity::Error
            } else {
                Severity::Warning
            },
            summary: text(&diagnostic["summary"]).unwrap_or_default(),
            detail: text(&diagnostic["detail"]).unwrap_or_default(),
            address: text(&diagnostic["address"]),
            source: text(&diagnostic["snippet"]["code"]).map(|code| code.trim().to_owned()),
        })
    }

    /// Reads the text of a command's standard error, which is all diagnostics.
    pub(crate) fn all_from_text(text: &str) -> Vec<Self> {
        let mut diagnostics: Vec<Self> = Vec::new();
        for paragraph in text.split("\n\n").map(|paragraph| paragraph.trim_matches('\n')) {
            if let Some((severity, summary)) = title(paragraph) {
                let summary = summary.to_owned();
                let detail = String::new();
                diagnostics.push(Self { severity, summary, detail, address: None, source: None });
            } else if let Some(latest) = diagnostics.last_mut() {
                latest.continue_with(paragraph);
            }
        }
        diagnostics
    }

    fn continue_with(&mut self, paragraph: &str) {
        if self.detail.is_empty() && paragraph.starts_with("  ") {
            for line in paragraph.lines().map(str::trim) {
                if let Some(address) = line.strip_prefix("with ") {
                    self.address = Some(address.trim_end_matches([',', ':']).to_owned());
                } else if let Some((_, source)) =
                    line.split_once(": ").filter(|_| !line.starts_with("on "))
                {
                    self.source = Some(source.trim().to_owned());
                }
            }
            return;
        }
        if !self.detail.is_empty() {
            self.detail.push_str("\n\n");
        }
        for (place, line) in paragraph.lines().enumerate() {
            let joint = if line.starts_with(OWN_LINE) { "\n" } else { " " };
            self.detail.push_str(if place == 0 { "" } else { joint });
            self.detail.push_str(line);
        }
    }
}

fn title(paragraph: &str) -> Option<(Severity, &str)> {
    let error = paragraph.strip_prefix("Error: ").map(|summary| (Severity::Error, summary));
    error
        .or_else(|| paragraph.strip_prefix("Warning: ").map(|summary| (Severity::Warning, summary)))
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "Error",
            Severity::Warning => "Warning",
        };
        write!(f, "{severity}: {}", normalized(&self.summary))?;
        if let Some(address) = &self.address {
            write!(f, "\n  {}", normalized(address))?;
        }
        if let Some(source) = &self.source {
            write!(f, "\n  > {}", normalized(source))?;
        }
        write!(f, "\n\n{}", wrapped(&normalized(&self.detail)))
    }
}

/// Returns the text without the parts that differ from run to run or between systems.
fn normalized(text: &str) -> String {
    let neutral =
        REGISTRIES.iter().fold(text.to_owned(), |text, registry| text.replace(registry, ""));
    NUMBERS.iter().fold(neutral, |text, (before, name)| without_number(&text, before, name))
}

/// The text before a number that varies, and its replacement.
const NUMBERS: [(&str, &str); 2] = [("127.0.0.1:", "PORT"), ("os error ", "N")];

fn without_number(text: &str, before: &str, name: &str) -> String {
    let mut parts = text.split(before);
    let mut normalized = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        normalized.extend([before, name, part.trim_start_matches(|c: char| c.is_ascii_digit())]);
    }
    normalized
}

fn wrapped(text: &str) -> String {
    text.lines().map(wrapped_line).collect::<Vec<_>>().join("\n")
}

/// Returns whether the CLI may wrap the line: one that begins with a space stays unchanged.
fn wrapped_line(line: &str) -> String {
    if line.starts_with(' ') {
        return line.to_owned();
    }
    let mut lines: Vec<String> = vec![String::new()];
    for word in line.split(' ') {
        let width = lines.last().map_or(0, |last| last.chars().count());
        if width > 0 && width + 1 + word.chars().count() > COLUMNS {
            lines.push(word.to_owned());
        } else if let Some(last) = lines.last_mut() {
            if width > 0 {
                last.push(' ');
            }
            last.push_str(word);
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_line_is_read_with_its_attribute() {
        let line = r#"{"type":"diagnostic","diagnostic":{"severity":"error","summary":"S","detail":"D",
            "address":"x.y","snippet":{"code":"  project = \"a/b\""}}}"#;
        let read = Diagnostic::from_json(line).unwrap();
        assert_eq!((read.severity, read.attribute()), (Severity::Error, Some("project")));
        assert_eq!(Diagnostic::from_json(r#"{"type":"version"}"#), None);
    }

    #[test]
    fn block_header_is_not_an_attribute() {
        let line =
            r#"{"diagnostic":{"severity":"error","snippet":{"code":"resource \"x\" \"y\" {"}}}"#;
        assert_eq!(Diagnostic::from_json(line).unwrap().attribute(), None);
    }

    #[test]
    fn text_is_read_like_json() {
        let text = "\nError: One\n\n  with x.y,\n  on main.tf line 3, in resource \"x\" \"y\":\n   \
                    3:   id = 1\n\nThis is\n\
                    wrapped.\nResponse: No\nway\n\nAnd more.\n\nError: Two\n\nShort.\n\
                    ";
        let one = Diagnostic {
            severity: Severity::Error,
            summary: "One".to_owned(),
            detail: "This is wrapped.\nResponse: No way\n\nAnd more.".to_owned(),
            address: Some("x.y".to_owned()),
            source: Some("id = 1".to_owned()),
        };
        let two = Diagnostic {
            summary: "Two".to_owned(),
            detail: "Short.".to_owned(),
            address: None,
            source: None,
            ..one.clone()
        };
        assert_eq!(Diagnostic::all_from_text(text), [one, two]);
    }

    #[test]
    fn snapshots_do_not_depend_on_the_run() {
        let diagnostic = Diagnostic {
            severity: Severity::Warning,
            summary: "No response from http://127.0.0.1:4711/api".to_owned(),
            detail: format!("{} end.\n\n  - an item", "word ".repeat(16)),
            address: Some("provider[\"registry.opentofu.org/a/b\"]".to_owned()),
            source: None,
        };
        let shown = diagnostic.to_string();
        assert!(shown.starts_with(
            "Warning: No response from http://127.0.0.1:PORT/api\n  provider[\"a/b\"]\n\n"
        ));
        assert!(shown.lines().all(|line| line.chars().count() <= COLUMNS), "{shown}");
        assert!(shown.ends_with("\n\n  - an item"), "{shown}");
    }
}
