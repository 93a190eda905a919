//! Messages to the practitioner: errors travel in `Result`, warnings in a sink beside it, so that a list of
//! mere warnings can never read as failure.

use std::sync::{Mutex, PoisonError};

use super::path::AttributePath;

/// Closes every diagnostic whose cause is a defect of the program and not of its input.
pub const PROVIDER_DEFECT: &str = "This is a defect in the provider: please report it with the text above.";

/// One message for the practitioner. Whether it is an error or a warning is told by where it travels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// A short title without a full stop.
    pub summary: String,
    /// The attempt, the object, the server's response, and what to do now.
    pub detail: String,
    /// The attribute at fault, where one is.
    pub attribute: Option<AttributePath>,
}

impl Diagnostic {
    /// A message about the whole object.
    pub fn new(summary: impl Into<String>, detail: impl Into<String>) -> Diagnostic {
        Diagnostic { summary: summary.into(), detail: detail.into(), attribute: None }
    }

    /// A message about a defect of this program, which no change of the configuration will mend.
    pub fn defect(summary: impl Into<String>, detail: impl std::fmt::Display) -> Diagnostic {
        Diagnostic::new(summary, format!("{detail}\n\n{PROVIDER_DEFECT}"))
    }

    /// The same message, pointing at a top-level attribute.
    pub fn at(self, attribute: &str) -> Diagnostic {
        self.at_path(AttributePath::attribute(attribute))
    }

    /// The same message, pointing at a path.
    pub fn at_path(mut self, path: AttributePath) -> Diagnostic {
        self.attribute = Some(path);
        self
    }
}

/// One error or more: the reason why something was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Errors(Vec<Diagnostic>);

impl Errors {
    /// `Err` with all of `diagnostics`, each once, or `Ok` where there are none.
    pub fn check(diagnostics: impl IntoIterator<Item = Diagnostic>) -> Result<(), Errors> {
        let mut unique = Vec::new();
        for diagnostic in diagnostics {
            push_once(&mut unique, diagnostic);
        }
        if unique.is_empty() { Ok(()) } else { Err(Errors(unique)) }
    }

    /// Returns the errors with a text added to the detail of the first.
    #[must_use]
    pub fn with_addition(mut self, text: &str) -> Errors {
        if let Some(first) = self.0.first_mut() {
            first.detail.push_str(text);
        }
        self
    }

    /// The errors; at least one.
    pub fn into_vec(self) -> Vec<Diagnostic> {
        self.0
    }

    /// The errors; at least one.
    pub fn as_slice(&self) -> &[Diagnostic] {
        &self.0
    }
}

impl From<Diagnostic> for Errors {
    fn from(diagnostic: Diagnostic) -> Errors {
        Errors(vec![diagnostic])
    }
}

/// Collects the warnings of an operation, each kept once.
#[derive(Debug, Default)]
pub struct Warnings(Mutex<Vec<Diagnostic>>);

impl Warnings {
    /// Adds a warning, unless the same one is there already.
    pub fn add(&self, warning: Diagnostic) {
        push_once(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner), warning);
    }

    /// The warnings so far, oldest first; the sink is empty afterwards.
    pub fn take(&self) -> Vec<Diagnostic> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn push_once(diagnostics: &mut Vec<Diagnostic>, diagnostic: Diagnostic) {
    if !diagnostics.contains(&diagnostic) {
        diagnostics.push(diagnostic);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_message_is_told_once() {
        let warnings = Warnings::default();
        warnings.add(Diagnostic::new("a", "b"));
        warnings.add(Diagnostic::new("a", "b").at("project"));
        warnings.add(Diagnostic::new("a", "b"));
        assert_eq!(warnings.take().len(), 2);
        assert_eq!(warnings.take(), []);

        let errors = Errors::check([Diagnostic::new("a", "b"), Diagnostic::new("a", "b")]).unwrap_err();
        assert_eq!(errors.as_slice(), [Diagnostic::new("a", "b")]);
    }

    #[test]
    fn no_error_is_no_failure() {
        assert_eq!(Errors::check([]), Ok(()));
    }
}
