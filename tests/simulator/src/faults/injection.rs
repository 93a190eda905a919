//! Selects the requests that a fault affects, and their number.

use super::Fault;
use crate::http::Route;
use crate::selection::{RequestProperties, Selection};
use crate::world::Target;

/// A fault and the requests that it affects: by default all.
#[derive(Debug, Clone)]
pub struct Injection {
    fault: Fault,
    requests: Selection,
    carried_out: bool,
    skip: usize,
    remaining: Option<usize>,
}

impl From<Fault> for Injection {
    fn from(fault: Fault) -> Self {
        Self { fault, requests: Selection::default(), carried_out: false, skip: 0, remaining: None }
    }
}

impl Injection {
    /// Affects this endpoint. Without any endpoint, all are affected.
    #[must_use]
    pub fn on(mut self, route: Route) -> Self {
        self.requests.routes.push(route);
        self
    }

    /// Affects only requests that would change something.
    #[must_use]
    pub fn writes_only(mut self) -> Self {
        self.requests.writes_only = true;
        self
    }

    /// Affects only requests with this project or group in their path, by ID or path, or GraphQL
    /// requests about it.
    #[must_use]
    pub fn project(mut self, id: u64) -> Self {
        self.requests.project = Some(id);
        self
    }

    /// Affects only GraphQL requests whose operation or one of whose root fields has this name.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.requests.name = Some(name.to_owned());
        self
    }

    /// Affects only requests about this target.
    #[must_use]
    pub fn target(mut self, target: Target) -> Self {
        self.requests.target = Some(target);
        self
    }

    /// Executes the request, and replaces its response by the fault.
    #[must_use]
    pub fn carried_out(mut self) -> Self {
        self.carried_out = true;
        self
    }

    /// Skips this many matching requests first.
    #[must_use]
    pub fn after(mut self, requests: usize) -> Self {
        self.skip = requests;
        self
    }

    /// Ends the fault after this many requests.
    #[must_use]
    pub fn times(mut self, count: usize) -> Self {
        self.remaining = Some(count);
        self
    }

    /// Affects one request.
    #[must_use]
    pub fn once(self) -> Self {
        self.times(1)
    }

    /// Counts a matching request. Returns whether it is affected.
    fn is_due(&mut self) -> bool {
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        match &mut self.remaining {
            None => true,
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
        }
    }
}

/// A fault that affects a request.
#[derive(Debug, Clone)]
pub(crate) struct AppliedFault {
    pub(crate) fault: Fault,
    /// True if the request is executed although the fault replaces its response.
    pub(crate) carried_out: bool,
}

/// The active faults. The first injected one that matches applies.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    injections: Vec<Injection>,
}

impl Faults {
    pub(crate) fn inject(&mut self, injection: Injection) {
        self.injections.push(injection);
    }

    pub(crate) fn clear(&mut self) {
        self.injections.clear();
    }

    pub(crate) fn apply(&mut self, request: &RequestProperties<'_>) -> Option<AppliedFault> {
        let applied = self.injections.iter_mut().find_map(|injection| {
            (injection.requests.matches(request) && injection.is_due()).then(|| AppliedFault {
                fault: injection.fault.clone(),
                carried_out: injection.carried_out,
            })
        });
        self.injections.retain(|injection| injection.remaining != Some(0));
        applied
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn properties(route: Route, project: u64, target: u64) -> RequestProperties<'static> {
        RequestProperties {
            route,
            project: Some(project),
            target: Some(Target::Project(target)),
            names: &[],
        }
    }

    #[test]
    fn fault_affects_only_the_requests_that_it_names() {
        let mut faults = Faults::default();
        faults.inject(
            Fault::BadGateway.on(Route::AllowlistProjectPost).project(1).target(Target::Project(2)),
        );
        assert!(faults.apply(&properties(Route::AllowlistProjectPost, 1, 2)).is_some());
        for other in [
            properties(Route::AllowlistProjectDelete, 1, 2),
            properties(Route::AllowlistProjectPost, 9, 2),
            properties(Route::AllowlistProjectPost, 1, 9),
        ] {
            assert!(faults.apply(&other).is_none(), "{other:?}");
        }
    }

    #[test]
    fn fault_skips_requests_then_applies_then_ends() {
        let mut faults = Faults::default();
        faults.inject(Injection::from(Fault::InternalError).after(2).times(2));
        let applied: Vec<bool> =
            (0..6).map(|_| faults.apply(&properties(Route::UserGet, 1, 1)).is_some()).collect();
        assert_eq!(applied, [false, false, true, true, false, false]);
    }

    #[test]
    fn faults_apply_in_turn() {
        let mut faults = Faults::default();
        faults.inject(Injection::from(Fault::BadGateway).once());
        faults.inject(Injection::from(Fault::InternalError).once().carried_out());
        let apply = |faults: &mut Faults| {
            faults.apply(&properties(Route::UserGet, 1, 1)).map(|s| (s.fault, s.carried_out))
        };
        assert_eq!(apply(&mut faults), Some((Fault::BadGateway, false)));
        assert_eq!(apply(&mut faults), Some((Fault::InternalError, true)));
        assert_eq!(apply(&mut faults), None);
    }

    #[test]
    fn fault_for_an_operation_affects_no_other() {
        let mut faults = Faults::default();
        faults.inject(Injection::from(Fault::BadGateway).named("addEntry"));
        let names = ["Widen".to_owned(), "addEntry".to_owned()];
        let mutation = properties(Route::GraphqlMutation, 1, 1);
        assert!(faults.apply(&mutation).is_none());
        assert!(faults.apply(&RequestProperties { names: &names, ..mutation }).is_some());
    }

    #[test]
    fn fault_for_writes_does_not_affect_reads() {
        let mut faults = Faults::default();
        faults.inject(Injection::from(Fault::BadGateway).writes_only());
        assert!(faults.apply(&properties(Route::ScopeGet, 1, 1)).is_none());
        assert!(faults.apply(&properties(Route::ScopePatch, 1, 1)).is_some());
    }
}
