//! Messages for practitioners: errors travel in `Result`, warnings in a sink beside it, so that a
//! list of mere warnings can never read as failure.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::path::AttributePath;

/// Closes every diagnostic whose cause is a defect of the program and not of its input.
pub const PROVIDER_DEFECT: &str =
    "This is a defect in the provider: please report it with the text above.";

/// One message for the practitioner. Whether it is an error or a warning is told by where it
/// travels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// A short title without a full stop.
    pub summary: String,
    /// The attempt, the object, the server's response, and what to do now.
    pub detail: String,
    /// The attribute at fault, where one is.
    pub attribute: Option<AttributePath>,
    /// The part of the detail that all messages with the same cause share; a run tells it once.
    pub cause: Option<String>,
}

impl Diagnostic {
    /// A message about the whole object.
    pub fn new(summary: impl Into<String>, detail: impl Into<String>) -> Diagnostic {
        Diagnostic { summary: summary.into(), detail: detail.into(), attribute: None, cause: None }
    }

    /// Returns the same message with a part about its cause at the end.
    pub fn with_cause(mut self, cause: impl Into<String>) -> Diagnostic {
        let cause = cause.into();
        self.detail.push_str(&cause);
        self.cause = Some(cause);
        self
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

    /// Returns the errors with a text in front of the detail of the first.
    #[must_use]
    pub fn with_start(mut self, text: &str) -> Errors {
        if let Some(first) = self.0.first_mut() {
            first.detail.insert_str(0, text);
        }
        self
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
pub struct Warnings {
    all: Mutex<Vec<Diagnostic>>,
    may_be_dropped: AtomicBool,
}

impl Warnings {
    /// Adds a warning, unless the same one is there already.
    pub fn add(&self, warning: Diagnostic) {
        push_once(&mut self.all(), warning);
    }

    /// Leaves out those warnings that the first plan of the same change has given. The host has
    /// shown them, and some announce what is done by the time that it shows these.
    pub(super) fn leave_out(&self, is_known: impl Fn(&str) -> bool) {
        self.all().retain(|warning| !is_known(&warning.summary));
    }

    /// Returns the titles of the warnings so far.
    pub(super) fn titles(&self) -> Vec<String> {
        self.all().iter().map(|warning| warning.summary.clone()).collect()
    }

    /// Notes that the host may not show these warnings, so that no other message may refer to them.
    pub(super) fn may_be_dropped(&self) {
        self.may_be_dropped.store(true, Ordering::Relaxed);
    }

    /// Takes the warnings as a run tells them: a cause that another warning has told is left out.
    pub(super) fn told(&self, causes: &Causes) -> Vec<Diagnostic> {
        let told = &causes.of_warnings;
        let tell = |warning: Diagnostic| match self.may_be_dropped.load(Ordering::Relaxed) {
            // Hosts fold warnings with equal titles into one of them, which must have all details
            // then.
            _ if told.is_told_as(&warning) => warning,
            true => told.shortened(warning),
            false => told.once(warning),
        };
        self.take().into_iter().map(tell).collect()
    }

    /// The warnings so far, oldest first; the sink is empty afterwards.
    pub fn take(&self) -> Vec<Diagnostic> {
        std::mem::take(&mut self.all())
    }

    fn all(&self) -> MutexGuard<'_, Vec<Diagnostic>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The causes that the errors and the warnings of one run have told. One cause may hit each
/// resource of a configuration. An error never refers to a warning, which hosts may leave out.
#[derive(Debug, Default)]
pub(super) struct Causes {
    pub(super) of_errors: Told,
    pub(super) of_warnings: Told,
}

impl Causes {
    /// Forgets all causes, for another run.
    pub(super) fn clear(&self) {
        for told in [&self.of_errors, &self.of_warnings] {
            told.causes().clear();
        }
    }
}

/// The causes that messages of one severity have told, with the titles of these messages.
#[derive(Debug, Default)]
pub(super) struct Told(Mutex<BTreeMap<String, String>>);

/// Takes the place of a cause that another message tells.
const TOLD_ELSEWHERE: &str = "Another message of this run has the details.";

impl Told {
    /// Returns the message as it is, if it is the first one with its cause, and without the cause
    /// otherwise.
    pub(super) fn once(&self, diagnostic: Diagnostic) -> Diagnostic {
        let (title, cause) = (diagnostic.summary.clone(), diagnostic.cause.clone());
        let shortened = self.shortened(diagnostic);
        if let Some(cause) = cause {
            self.causes().entry(cause).or_insert(title);
        }
        shortened
    }

    /// Returns the message without its cause, if another message has told that.
    fn shortened(&self, mut diagnostic: Diagnostic) -> Diagnostic {
        if let Some(cause) = diagnostic.cause.take()
            && self.causes().contains_key(&cause)
            && let Some((before, after)) = diagnostic.detail.split_once(&cause)
        {
            let (_, paragraph) = before.rsplit_once("\n\n").unwrap_or(("", before));
            let gap = match paragraph {
                "" => "",
                // A server's own words stand on a line of their own.
                _ if paragraph.contains('\n') => "\n\n",
                _ => " ",
            };
            diagnostic.detail = format!("{before}{gap}{TOLD_ELSEWHERE}{after}");
        }
        diagnostic
    }

    /// Checks whether a message with the same title has told the cause of this one.
    fn is_told_as(&self, diagnostic: &Diagnostic) -> bool {
        let cause = diagnostic.cause.as_ref();
        cause.is_some_and(|cause| self.causes().get(cause) == Some(&diagnostic.summary))
    }

    fn causes(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
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
    fn the_same_message_is_told_once() {
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
    fn no_message_refers_to_a_warning_that_may_be_dropped() {
        let causes = Causes::default();
        let told = |(title, may_be_dropped): (&str, bool)| {
            let warnings = Warnings::default();
            warnings.add(Diagnostic::new(title, "No.").with_cause("\n\nAsk."));
            if may_be_dropped {
                warnings.may_be_dropped();
            }
            warnings.told(&causes).remove(0).detail
        };
        assert_eq!([("a", true), ("a", true), ("a", false)].map(told), ["No.\n\nAsk."; 3]);
        let short = "No. Another message of this run has the details.";
        assert_eq!([("b", true), ("c", false)].map(told), [short; 2]);
        assert_eq!(told(("a", false)), "No.\n\nAsk.", "warnings with one title are shown as one");
    }

    #[test]
    fn a_cause_is_told_once_in_a_run() {
        let causes = Causes::default();
        let told = |title: &str, cause: &str| {
            let mut diagnostic = Diagnostic::new(title, "GET /x: no (403).").with_cause(cause);
            diagnostic.detail.push_str("\n\nAdded.");
            causes.of_errors.once(diagnostic).detail
        };
        assert_eq!(told("a", "\n\nAsk."), "GET /x: no (403).\n\nAsk.\n\nAdded.");
        assert_eq!(told("b", "\n\nBeg."), "GET /x: no (403).\n\nBeg.\n\nAdded.");
        let short = "GET /x: no (403). Another message of this run has the details.\n\nAdded.";
        assert_eq!(told("c", "\n\nAsk."), short);
        causes.clear();
        assert_eq!(told("d", "\n\nAsk."), "GET /x: no (403).\n\nAsk.\n\nAdded.");
    }

    #[test]
    fn a_cause_may_be_the_whole_message() {
        let causes = Causes::default();
        let told = |path: &str| {
            let cause = format!("There is nothing at `{path}`.");
            let diagnostic = Diagnostic::new(format!("Unknown: {path}"), "").with_cause(cause);
            causes.of_errors.once(diagnostic).detail
        };
        assert_eq!(
            ["a", "a", "b"].map(told),
            [
                "There is nothing at `a`.",
                "Another message of this run has the details.",
                "There is nothing at `b`.",
            ]
        );
    }

    #[test]
    fn no_error_is_no_failure() {
        assert_eq!(Errors::check([]), Ok(()));
    }
}
