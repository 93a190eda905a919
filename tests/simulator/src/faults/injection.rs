//! Which requests a fault affects, and how many.

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
    /// Strikes this endpoint too; without any, all are struck.
    #[must_use]
    pub fn on(mut self, route: Route) -> Self {
        self.requests.routes.push(route);
        self
    }

    /// Strikes only requests that would change something.
    #[must_use]
    pub fn writes_only(mut self) -> Self {
        self.requests.writes_only = true;
        self
    }

    /// Strikes only requests that name this project or group in their path, by ID or path, or ask
    /// GraphQL about it.
    #[must_use]
    pub fn project(mut self, id: u64) -> Self {
        self.requests.project = Some(id);
        self
    }

    /// Strikes only GraphQL requests whose operation or one of whose root fields has this name.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.requests.name = Some(name.to_owned());
        self
    }

    /// Strikes only requests about this target.
    #[must_use]
    pub fn target(mut self, target: Target) -> Self {
        self.requests.target = Some(target);
        self
    }

    /// Carries the request out before the fault answers in its place: the answer is lost, the
    /// change is not.
    #[must_use]
    pub fn carried_out(mut self) -> Self {
        self.carried_out = true;
        self
    }

    /// Lets this many matching requests pass first.
    #[must_use]
    pub fn after(mut self, requests: usize) -> Self {
        self.skip = requests;
        self
    }

    /// Ends after this many strikes.
    #[must_use]
    pub fn times(mut self, strikes: usize) -> Self {
        self.remaining = Some(strikes);
        self
    }

    /// Strikes once.
    #[must_use]
    pub fn once(self) -> Self {
        self.times(1)
    }

    /// Counts a matching request; whether it is struck.
    fn strikes(&mut self) -> bool {
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
pub(crate) struct Strike {
    pub(crate) fault: Fault,
    /// True if the request is carried out although the fault answers in its place.
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

    pub(crate) fn strike(&mut self, request: &RequestProperties<'_>) -> Option<Strike> {
        let struck = self.injections.iter_mut().find_map(|injection| {
            (injection.requests.matches(request) && injection.strikes()).then(|| Strike {
                fault: injection.fault.clone(),
                carried_out: injection.carried_out,
            })
        });
        self.injections.retain(|injection| injection.remaining != Some(0));
        struck
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sighting(route: Route, project: u64, target: u64) -> RequestProperties<'static> {
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
        assert!(faults.strike(&sighting(Route::AllowlistProjectPost, 1, 2)).is_some());
        for other in [
            sighting(Route::AllowlistProjectDelete, 1, 2),
            sighting(Route::AllowlistProjectPost, 9, 2),
            sighting(Route::AllowlistProjectPost, 1, 9),
        ] {
            assert!(faults.strike(&other).is_none(), "{other:?}");
        }
    }

    #[test]
    fn fault_skips_then_strikes_then_ends() {
        let mut faults = Faults::default();
        faults.inject(Injection::from(Fault::InternalError).after(2).times(2));
        let struck: Vec<bool> =
            (0..6).map(|_| faults.strike(&sighting(Route::UserGet, 1, 1)).is_some()).collect();
        assert_eq!(struck, [false, false, true, true, false, false]);
    }

    #[test]
    fn faults_strike_in_turn() {
        let mut faults = Faults::default();
        faults.inject(Injection::from(Fault::BadGateway).once());
        faults.inject(Injection::from(Fault::InternalError).once().carried_out());
        let strike = |faults: &mut Faults| {
            faults.strike(&sighting(Route::UserGet, 1, 1)).map(|s| (s.fault, s.carried_out))
        };
        assert_eq!(strike(&mut faults), Some((Fault::BadGateway, false)));
        assert_eq!(strike(&mut faults), Some((Fault::InternalError, true)));
        assert_eq!(strike(&mut faults), None);
    }

    #[test]
    fn fault_for_an_operation_spares_the_others() {
        let mut faults = Faults::default();
        faults.inject(Injection::from(Fault::BadGateway).named("addEntry"));
        let names = ["Widen".to_owned(), "addEntry".to_owned()];
        let mutation = sighting(Route::GraphqlMutation, 1, 1);
        assert!(faults.strike(&mutation).is_none());
        assert!(faults.strike(&RequestProperties { names: &names, ..mutation }).is_some());
    }

    #[test]
    fn fault_for_writes_spares_reads() {
        let mut faults = Faults::default();
        faults.inject(Injection::from(Fault::BadGateway).writes_only());
        assert!(faults.strike(&sighting(Route::ScopeGet, 1, 1)).is_none());
        assert!(faults.strike(&sighting(Route::ScopePatch, 1, 1)).is_some());
    }
}
