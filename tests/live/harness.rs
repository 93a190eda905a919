//! Converts checks to tests. A check that can't run is shown as ignored, with its requirement.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, PoisonError};

use libtest_mimic::{Failed, Trial};

use crate::check::{Check, Outcome, Problem};
use crate::report::Findings;
use crate::site::Site;

/// Makes a test of each check.
pub(crate) fn trials(
    site: &Arc<Site>,
    findings: &Arc<Findings>,
    label: &str,
    checks: impl IntoIterator<Item = Check>,
) -> Vec<Trial> {
    let trial = |check: Check| {
        let lack = site.lacks(check.needs);
        let (site, findings) = (Arc::clone(site), Arc::clone(findings));
        let run = move || {
            verify(&site, &check).map_err(|problem| Failed::from(findings.add(&check, &problem)))
        };
        ignored(Trial::test(format!("{label}{}", check.name), run), lack)
    };
    checks.into_iter().map(trial).collect()
}

/// Shows what a test lacks where other tests show their kind.
pub(crate) fn ignored(trial: Trial, lack: Option<String>) -> Trial {
    match lack {
        Some(lack) => trial.with_kind(lack).with_ignored_flag(true),
        None => trial,
    }
}

/// Verifies a statement.
pub(crate) fn verify(site: &Site, check: &Check) -> Outcome {
    if let Some(lack) = site.lacks(check.needs) {
        return Err(Problem::Setup(lack));
    }
    let run = || {
        panic::catch_unwind(AssertUnwindSafe(|| (check.run)(site)))
            .unwrap_or_else(|panic| Err(Problem::differs(check.statement, message(&*panic))))
    };
    if check.alone {
        let _turn = site.turn.write().unwrap_or_else(PoisonError::into_inner);
        run()
    } else {
        let _turn = site.turn.read().unwrap_or_else(PoisonError::into_inner);
        run()
    }
}

/// Keeps panics from being printed twice: runs of the CLI panic with their whole output, which is
/// in the report.
pub(crate) fn silence_panics() {
    panic::set_hook(Box::new(|_| {}));
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without a message")
        .to_owned()
}
