//! Diagnostics: errors travel in `Result`, warnings in a collection beside it, so that warnings
//! alone never make an operation fail.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::credentials;
use super::path::AttributePath;
use super::schema::Schema;
use super::value::Object;

/// The last paragraph of every diagnostic about a bug in the provider.
pub const PROVIDER_BUG: &str =
    "This is a bug in the provider. Please report it with the text above.";

/// A message for the practitioner: an error in [`Errors`], a warning in [`Warnings`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// A short title without a full stop.
    pub summary: String,
    /// What happened, why, and what to do.
    pub detail: String,
    /// The attribute that the message is about, if any.
    pub attribute: Option<AttributePath>,
    /// The part of the detail that all messages with the same cause share. A run shows it once.
    pub cause: Option<String>,
}

impl Diagnostic {
    /// Creates a message about the whole object.
    pub fn new(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { summary: summary.into(), detail: detail.into(), attribute: None, cause: None }
    }

    /// Appends the cause to the detail.
    pub fn with_cause(mut self, cause: impl Into<String>) -> Self {
        let cause = cause.into();
        self.detail.push_str(&cause);
        self.cause = Some(cause);
        self
    }

    /// Creates an error about a bug in the provider, which no configuration can fix.
    pub fn provider_bug(summary: impl Into<String>, detail: impl std::fmt::Display) -> Self {
        Self::new(summary, format!("{detail}\n\n{PROVIDER_BUG}"))
    }

    /// Points the message to a top-level attribute.
    #[must_use]
    pub fn at(self, attribute: &str) -> Self {
        self.at_path(AttributePath::attribute(attribute))
    }

    /// Points the message to an attribute path.
    #[must_use]
    pub fn at_path(mut self, path: AttributePath) -> Self {
        self.attribute = Some(path);
        self
    }
}

/// The errors of a failed operation; at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Errors(Vec<Diagnostic>);

impl Errors {
    /// Returns `Err` with `diagnostics`, without duplicates, or `Ok` if there are none.
    pub fn check(diagnostics: impl IntoIterator<Item = Diagnostic>) -> Result<(), Self> {
        let mut unique = Vec::new();
        for diagnostic in diagnostics {
            push_once(&mut unique, diagnostic);
        }
        if unique.is_empty() { Ok(()) } else { Err(Self(unique)) }
    }

    /// Prepends a text to the detail of the first error.
    #[must_use]
    pub fn with_prefix(mut self, text: &str) -> Self {
        if let Some(first) = self.0.first_mut() {
            first.detail.insert_str(0, text);
        }
        self
    }

    /// Appends a text to the detail of the first error.
    #[must_use]
    pub fn with_suffix(mut self, text: &str) -> Self {
        if let Some(first) = self.0.first_mut() {
            first.detail.push_str(text);
        }
        self
    }

    /// Points errors about sensitive attributes to the whole block. Hosts print the source line of
    /// an attribute, which may contain the value.
    #[must_use]
    pub(super) fn without_sensitive_paths(mut self, schema: &Schema) -> Self {
        for error in &mut self.0 {
            error.attribute.take_if(|path| schema.is_sensitive(path));
        }
        self
    }

    /// Points all errors to the whole block if the configuration contains credentials.
    #[must_use]
    pub(super) fn without_credentials(mut self, config: &Object) -> Self {
        if credentials::are_in(config) {
            self.0.iter_mut().for_each(|error| error.attribute = None);
        }
        self
    }

    /// Returns the errors, without causes that another error of the run has reported.
    pub(super) fn into_report(self, reported: &ReportedCauses) -> Vec<Diagnostic> {
        self.0.into_iter().map(|error| reported.in_errors.report(error)).collect()
    }

    /// Returns the errors, at least one.
    #[must_use]
    pub fn into_vec(self) -> Vec<Diagnostic> {
        self.0
    }

    /// Returns the errors, at least one.
    #[must_use]
    pub fn as_slice(&self) -> &[Diagnostic] {
        &self.0
    }
}

impl From<Diagnostic> for Errors {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

/// Collects the warnings of an operation, without duplicates.
#[derive(Debug, Default)]
pub struct Warnings {
    all: Mutex<Vec<Diagnostic>>,
    droppable: AtomicBool,
}

impl Warnings {
    /// Adds a warning, unless the collection has an equal one.
    pub fn add(&self, warning: Diagnostic) {
        push_once(&mut self.all(), warning);
    }

    /// Removes the warnings that the first plan of the same change has returned. The host has shown
    /// them, and what some of them announce has happened by now.
    pub(super) fn remove_shown(&self, was_shown: impl Fn(&str) -> bool) {
        self.all().retain(|warning| !was_shown(&warning.summary));
    }

    /// Points all warnings to the whole block if the configuration contains credentials.
    pub(super) fn hide_credentials(&self, config: &Object) {
        if credentials::are_in(config) {
            self.all().iter_mut().for_each(|warning| warning.attribute = None);
        }
    }

    /// Returns the summaries of the warnings so far.
    pub(super) fn summaries(&self) -> Vec<String> {
        self.all().iter().map(|warning| warning.summary.clone()).collect()
    }

    /// Records that the host may not show these warnings, so other messages must not refer to them.
    pub(super) fn mark_droppable(&self) {
        self.droppable.store(true, Ordering::Relaxed);
    }

    /// Takes the warnings, without causes that another warning of the run has reported.
    pub(super) fn take_for_report(&self, reported: &ReportedCauses) -> Vec<Diagnostic> {
        let reported = &reported.in_warnings;
        let shorten = |warning: Diagnostic| match self.droppable.load(Ordering::Relaxed) {
            // Hosts collapse warnings with equal summaries into one, which then needs the details.
            _ if reported.has_same_summary(&warning) => warning,
            true => reported.without_reported_cause(warning),
            false => reported.report(warning),
        };
        self.take().into_iter().map(shorten).collect()
    }

    /// Takes the warnings, oldest first, and leaves the collection empty.
    pub fn take(&self) -> Vec<Diagnostic> {
        std::mem::take(&mut self.all())
    }

    fn all(&self) -> MutexGuard<'_, Vec<Diagnostic>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The causes that a run has reported. One cause may affect every resource of a configuration.
/// Errors and warnings are separate, because hosts may leave out a warning that an error refers to.
#[derive(Debug, Default)]
pub(super) struct ReportedCauses {
    pub(super) in_errors: CauseSummaries,
    pub(super) in_warnings: CauseSummaries,
}

impl ReportedCauses {
    /// Removes all causes at the start of another run.
    pub(super) fn clear(&self) {
        for reported in [&self.in_errors, &self.in_warnings] {
            reported.lock().clear();
        }
    }
}

/// The reported causes of one severity, each with the summary of the message that had it.
#[derive(Debug, Default)]
pub(super) struct CauseSummaries(Mutex<BTreeMap<String, String>>);

/// Replaces a cause that another message has reported.
const REPORTED_ELSEWHERE: &str = "Another message of this run has the details.";

impl CauseSummaries {
    /// Returns the message unchanged if it is the first with its cause, otherwise without the
    /// cause.
    pub(super) fn report(&self, diagnostic: Diagnostic) -> Diagnostic {
        let (summary, cause) = (diagnostic.summary.clone(), diagnostic.cause.clone());
        let shortened = self.without_reported_cause(diagnostic);
        if let Some(cause) = cause {
            self.lock().entry(cause).or_insert(summary);
        }
        shortened
    }

    /// Returns the message without its cause if another message has reported that cause.
    fn without_reported_cause(&self, mut diagnostic: Diagnostic) -> Diagnostic {
        if let Some(cause) = diagnostic.cause.take()
            && self.lock().contains_key(&cause)
            && let Some((before, after)) = diagnostic.detail.split_once(&cause)
        {
            let (_, paragraph) = before.rsplit_once("\n\n").unwrap_or(("", before));
            let gap = match paragraph {
                "" => "",
                // A server's own words and the items of a list stand on lines of their own.
                _ if paragraph.contains('\n') || paragraph.starts_with(' ') => "\n\n",
                _ => " ",
            };
            diagnostic.detail = format!("{before}{gap}{REPORTED_ELSEWHERE}{after}");
        }
        diagnostic
    }

    /// Returns whether a message with the same summary has reported the same cause.
    fn has_same_summary(&self, diagnostic: &Diagnostic) -> bool {
        let cause = diagnostic.cause.as_ref();
        cause.is_some_and(|cause| self.lock().get(cause) == Some(&diagnostic.summary))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
    fn duplicates_are_dropped() {
        let warnings = Warnings::default();
        warnings.add(Diagnostic::new("a", "b"));
        warnings.add(Diagnostic::new("a", "b").at("project"));
        warnings.add(Diagnostic::new("a", "b"));
        assert_eq!(warnings.take().len(), 2);
        assert_eq!(warnings.take(), []);

        let errors =
            Errors::check([Diagnostic::new("a", "b"), Diagnostic::new("a", "b")]).unwrap_err();
        assert_eq!(errors.as_slice(), [Diagnostic::new("a", "b")]);
    }

    #[test]
    fn messages_refer_to_no_warning_that_may_be_dropped() {
        let causes = ReportedCauses::default();
        let report = |(summary, droppable): (&str, bool)| {
            let warnings = Warnings::default();
            warnings.add(Diagnostic::new(summary, "No.").with_cause("\n\nAsk."));
            if droppable {
                warnings.mark_droppable();
            }
            warnings.take_for_report(&causes).remove(0).detail
        };
        assert_eq!([("a", true), ("a", true), ("a", false)].map(report), ["No.\n\nAsk."; 3]);
        let short = "No. Another message of this run has the details.";
        assert_eq!([("b", true), ("c", false)].map(report), [short; 2]);
        assert_eq!(report(("a", false)), "No.\n\nAsk.", "hosts collapse equal summaries");
    }

    #[test]
    fn cause_is_reported_once_per_run() {
        let causes = ReportedCauses::default();
        let report = |summary: &str, cause: &str| {
            let mut diagnostic = Diagnostic::new(summary, "GET /x: no (403).").with_cause(cause);
            diagnostic.detail.push_str("\n\nAdded.");
            causes.in_errors.report(diagnostic).detail
        };
        assert_eq!(report("a", "\n\nAsk."), "GET /x: no (403).\n\nAsk.\n\nAdded.");
        assert_eq!(report("b", "\n\nBeg."), "GET /x: no (403).\n\nBeg.\n\nAdded.");
        let short = "GET /x: no (403). Another message of this run has the details.\n\nAdded.";
        assert_eq!(report("c", "\n\nAsk."), short);
        causes.clear();
        assert_eq!(report("d", "\n\nAsk."), "GET /x: no (403).\n\nAsk.\n\nAdded.");
    }

    #[test]
    fn reference_to_another_message_is_a_paragraph() {
        let causes = ReportedCauses::default();
        let report = |summary: &str| {
            let text = "No (404).\nResponse: Not Found";
            causes.in_errors.report(Diagnostic::new(summary, text).with_cause("\n\nAsk.")).detail
        };
        assert_eq!(report("a"), "No (404).\nResponse: Not Found\n\nAsk.");
        let short =
            "No (404).\nResponse: Not Found\n\nAnother message of this run has the details.";
        assert_eq!(report("b"), short);

        let list = Diagnostic::new("c", "Unknown:\n\n  - one").with_cause("\n\nAsk.");
        assert_eq!(
            causes.in_errors.report(list).detail,
            "Unknown:\n\n  - one\n\nAnother message of this run has the details."
        );
    }

    #[test]
    fn cause_may_be_the_whole_message() {
        let causes = ReportedCauses::default();
        let report = |path: &str| {
            let cause = format!("There is nothing at `{path}`.");
            let diagnostic = Diagnostic::new(format!("Unknown: {path}"), "").with_cause(cause);
            causes.in_errors.report(diagnostic).detail
        };
        assert_eq!(
            ["a", "a", "b"].map(report),
            [
                "There is nothing at `a`.",
                "Another message of this run has the details.",
                "There is nothing at `b`.",
            ]
        );
    }

    #[test]
    fn check_without_diagnostics_succeeds() {
        assert_eq!(Errors::check([]), Ok(()));
    }
}
