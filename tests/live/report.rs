//! Reports differences in the form of the project's issue template.

use std::sync::{Mutex, PoisonError};

use crate::check::{Check, Problem};
use crate::secrets::redacted;

const TEMPLATE: &str = include_str!("../../.github/ISSUE_TEMPLATE/gitlab-differs.md");

/// The line of the template from which on it is repeated for each difference.
const EACH: &str = "## Statement\n";

/// The differences that were found so far.
#[derive(Debug, Default)]
pub(crate) struct Findings(Mutex<Vec<Finding>>);

#[derive(Debug)]
struct Finding {
    statement: &'static str,
    expected: String,
    seen: String,
}

impl Findings {
    /// Adds what a check has found, and returns it as it is printed.
    pub(crate) fn add(&self, check: &Check, problem: &Problem) -> String {
        let (expected, seen) = match problem {
            Problem::Differs { expected, seen } => (redacted(expected), redacted(seen)),
            Problem::Setup(why) => (
                "the statement can be checked".to_owned(),
                redacted(&format!("it couldn't be checked:\n{why}")),
            ),
        };
        let statement = check.statement;
        let printed = format!("statement: {statement}\nexpected: {expected}\nseen: {seen}");
        let finding = Finding { statement, expected, seen };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(finding);
        printed
    }

    /// Renders the report; none where nothing was found.
    pub(crate) fn render(&self, version: &str) -> Option<String> {
        let findings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if findings.is_empty() {
            return None;
        }
        let template = TEMPLATE.replace('\r', "");
        let body = template.splitn(3, "---\n").last().unwrap_or_default().trim_start();
        let (head, each) = body.split_once(EACH).unwrap_or((body, ""));
        let head = head.replace("<!-- version -->", version);
        let section = |finding: &Finding| {
            let Finding { statement, expected, seen } = finding;
            let filled = each
                .replace("<!-- statement -->", statement)
                .replace("<!-- expected -->", expected);
            format!("{EACH}{}", filled.replace("<!-- seen -->", seen))
        };
        let sections: Vec<String> = findings.iter().map(section).collect();
        Some(format!("{head}{}", sections.join("\n")))
    }
}
