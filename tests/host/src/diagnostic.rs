//! The diagnostics of a plugin, in a form that tests can compare.

use crate::tfplugin6::attribute_path::step::Selector;
use crate::tfplugin6::{self, AttributePath};

/// A problem or a warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The severity.
    pub severity: Severity,
    /// The short title.
    pub summary: String,
    /// The text below it.
    pub detail: String,
    /// The attribute at fault, as [`render_path`] writes it.
    pub attribute: Option<String>,
}

/// The severity of a diagnostic: an error stops the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Hosts show it without a label and go on: always a mistake.
    Invalid,
    /// Stops the run.
    Error,
    /// Goes on.
    Warning,
}

impl From<tfplugin6::Diagnostic> for Diagnostic {
    fn from(wire: tfplugin6::Diagnostic) -> Self {
        use tfplugin6::diagnostic::Severity as Wire;

        Self {
            severity: match wire.severity() {
                Wire::Error => Severity::Error,
                Wire::Warning => Severity::Warning,
                Wire::Invalid => Severity::Invalid,
            },
            summary: wire.summary,
            detail: wire.detail,
            attribute: wire.attribute.as_ref().map(render_path),
        }
    }
}

/// Writes a path as in configuration: `a.b["c"][0]`.
#[must_use]
pub fn render_path(path: &AttributePath) -> String {
    let mut text = String::new();
    for step in &path.steps {
        match &step.selector {
            Some(Selector::AttributeName(name)) => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(name);
            }
            Some(Selector::ElementKeyString(key)) => text.push_str(&format!("[{key:?}]")),
            Some(Selector::ElementKeyInt(index)) => text.push_str(&format!("[{index}]")),
            None => text.push_str("[?]"),
        }
    }
    text
}

pub(crate) fn diagnostics(wire: Vec<tfplugin6::Diagnostic>) -> Vec<Diagnostic> {
    wire.into_iter().map(Diagnostic::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tfplugin6::attribute_path::Step;

    #[test]
    fn path_is_written_as_in_configuration() {
        let selectors = [
            Selector::AttributeName("a".to_owned()),
            Selector::AttributeName("b".to_owned()),
            Selector::ElementKeyString("c".to_owned()),
            Selector::ElementKeyInt(0),
        ];
        let steps = selectors.map(|selector| Step { selector: Some(selector) }).to_vec();
        assert_eq!(render_path(&AttributePath { steps }), r#"a.b["c"][0]"#);
    }
}
