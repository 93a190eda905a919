//! Faults by the name of what a client meets, and which requests they strike. What a fault does to the wire is spelled
//! out in one place, [`Fault::effect`]; carrying it out is the server's part.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::http::{Answer, Route, invalid_token};
use crate::world::Target;

/// A way in which a server, or what stands before it, lets a client down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// 503 from a server being deployed, with or without `Retry-After`.
    Unavailable {
        /// How long the client is asked to wait, in whole seconds on the wire.
        retry_after: Option<Duration>,
    },
    /// 502 with a proxy's web page.
    BadGateway,
    /// 504 with a proxy's web page.
    GatewayTimeout,
    /// 500 in GitLab's own words.
    InternalError,
    /// 429 as GitLab answers it, with `Retry-After` and the `RateLimit-*` headers.
    RateLimited {
        /// How long the client is asked to wait, in whole seconds on the wire.
        retry_after: Duration,
    },
    /// 429 from a proxy: "Retry later" in plain text, and no header that says when.
    ProxyRateLimited,
    /// 401, as of a token that has just been revoked.
    RejectsTheToken,
    /// The connection is reset before the request is carried out.
    DropsTheRequest,
    /// The request is carried out, then the connection is reset.
    DropsTheAnswer,
    /// Silence for a while before the request is carried out. A client that hangs up meanwhile has changed nothing.
    StallsTheRequest(Duration),
    /// The request is carried out, then silence for a while before the answer.
    StallsTheAnswer(Duration),
    /// The answer's body comes in small pieces with this pause before each.
    TricklesTheBody(Duration),
    /// The connection ends in the middle of the answer's body.
    BreaksOffTheBody,
    /// A complete answer whose JSON ends in the middle.
    TruncatedJson,
    /// A web page in place of the answer's JSON, under the answer's status.
    NotJson,
    /// 302 to another address.
    RedirectsTo(String),
    /// 302 to the page for signing in, as from a proxy that knows no tokens.
    LoginPage,
    /// Any other answer.
    Answers {
        /// The status.
        status: u16,
        /// The content type.
        content_type: String,
        /// The body.
        body: String,
    },
}

impl Fault {
    /// Strikes requests to one endpoint; call [`Injection::on`] for more of them.
    #[must_use]
    pub fn on(self, route: Route) -> Injection {
        Injection::from(self).on(route)
    }
}

/// A fault and the requests it strikes: all of them, for ever, until told otherwise.
#[derive(Debug, Clone)]
pub struct Injection {
    fault: Fault,
    routes: Vec<Route>,
    writes_only: bool,
    owner: Option<u64>,
    target: Option<Target>,
    carried_out: bool,
    skip: usize,
    remaining: Option<usize>,
}

impl From<Fault> for Injection {
    fn from(fault: Fault) -> Self {
        Self {
            fault,
            routes: Vec::new(),
            writes_only: false,
            owner: None,
            target: None,
            carried_out: false,
            skip: 0,
            remaining: None,
        }
    }
}

impl Injection {
    /// Strikes this endpoint too; without any, all are struck.
    #[must_use]
    pub fn on(mut self, route: Route) -> Self {
        self.routes.push(route);
        self
    }

    /// Strikes only requests that would change something.
    #[must_use]
    pub fn writes_only(mut self) -> Self {
        self.writes_only = true;
        self
    }

    /// Strikes only requests that name this project or group in their path, by number or path.
    #[must_use]
    pub fn owner(mut self, id: u64) -> Self {
        self.owner = Some(id);
        self
    }

    /// Strikes only requests about this target.
    #[must_use]
    pub fn target(mut self, target: Target) -> Self {
        self.target = Some(target);
        self
    }

    /// Carries the request out before the fault answers in its place: the answer is lost, the change is not.
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

    fn matches(&self, request: &Sighting) -> bool {
        (self.routes.is_empty() || self.routes.contains(&request.route))
            && (!self.writes_only || request.route.is_write())
            && self.owner.is_none_or(|owner| request.owner == Some(owner))
            && self.target.is_none_or(|target| request.target == Some(target))
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

/// What of a request decides whether a fault strikes it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sighting {
    pub(crate) route: Route,
    pub(crate) owner: Option<u64>,
    pub(crate) target: Option<Target>,
}

/// A fault that strikes a request.
#[derive(Debug, Clone)]
pub(crate) struct Strike {
    pub(crate) fault: Fault,
    /// Whether the request is carried out although the fault answers in its place.
    pub(crate) carried_out: bool,
}

/// The faults in force. The first one injected that matches strikes.
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

    pub(crate) fn strike(&mut self, request: &Sighting) -> Option<Strike> {
        let struck = self.injections.iter_mut().find_map(|injection| {
            (injection.matches(request) && injection.strikes())
                .then(|| Strike { fault: injection.fault.clone(), carried_out: injection.carried_out })
        });
        self.injections.retain(|injection| injection.remaining != Some(0));
        struck
    }
}

/// How an answer's bytes reach the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// At once and complete.
    Whole,
    /// In pieces, with this pause before each.
    Trickled(Duration),
    /// Half of the body, then the connection ends.
    BrokenOff,
}

/// What a fault does.
#[derive(Debug)]
pub(crate) enum Effect {
    /// Answers in the request's place.
    Answer(Answer),
    /// Resets the connection, the request carried out before or not.
    HangUp { carried_out: bool },
    /// Waits before the request is carried out.
    DelayRequest(Duration),
    /// Waits after it is carried out.
    DelayAnswer(Duration),
    /// Changes the answer.
    Alter(fn(Answer) -> Answer),
    /// Delivers the answer in another way.
    Deliver(Delivery),
}

impl Fault {
    /// What the fault does. `sign_in` is the address of the page for signing in.
    pub(crate) fn effect(&self, sign_in: &str) -> Effect {
        let answer = match self {
            Self::Unavailable { retry_after: None } => Answer::html(503, "Service Unavailable"),
            Self::Unavailable { retry_after: Some(wait) } => {
                Answer::html(503, "Service Unavailable").with("retry-after", whole_seconds(*wait))
            }
            Self::BadGateway => Answer::html(502, "502 Bad Gateway"),
            Self::GatewayTimeout => Answer::html(504, "504 Gateway Timeout"),
            Self::InternalError => Answer::message(500, "500 Internal Server Error"),
            Self::RateLimited { retry_after } => too_many_requests(UNKNOWN_LIMIT, *retry_after),
            Self::ProxyRateLimited => Answer::text(429, RETRY_LATER),
            Self::RejectsTheToken => {
                invalid_token("Token was revoked. You have to re-authorize from the user.")
            }
            Self::RedirectsTo(address) => Answer::html(302, "Found").with("location", address),
            Self::LoginPage => Answer::html(302, "Found").with("location", sign_in),
            Self::Answers { status, content_type, body } => {
                Answer::of_type(*status, content_type, body.as_bytes())
            }
            Self::DropsTheRequest => return Effect::HangUp { carried_out: false },
            Self::DropsTheAnswer => return Effect::HangUp { carried_out: true },
            Self::StallsTheRequest(time) => return Effect::DelayRequest(*time),
            Self::StallsTheAnswer(time) => return Effect::DelayAnswer(*time),
            Self::TricklesTheBody(pause) => return Effect::Deliver(Delivery::Trickled(*pause)),
            Self::BreaksOffTheBody => return Effect::Deliver(Delivery::BrokenOff),
            Self::TruncatedJson => return Effect::Alter(truncated),
            Self::NotJson => return Effect::Alter(|answer| Answer::html(answer.status, "Welcome")),
        };
        Effect::Answer(answer)
    }
}

const RETRY_LATER: &str = "Retry later";

/// What `RateLimit-Limit` tells when no limit is counted: GitLab's default for requests with a token, per minute.
const UNKNOWN_LIMIT: usize = 600;

/// GitLab's 429: plain text, and headers that say when to come back.
pub(crate) fn too_many_requests(limit: usize, retry_after: Duration) -> Answer {
    let seconds = whole_seconds(retry_after);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Answer::text(429, RETRY_LATER)
        .with("retry-after", seconds)
        .with("ratelimit-limit", limit)
        .with("ratelimit-remaining", 0)
        .with("ratelimit-reset", now.as_secs() + seconds)
}

/// Seconds on the wire are whole; a part of one is rounded up, or the client would come back too early.
fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

fn truncated(mut answer: Answer) -> Answer {
    answer.body.truncate(answer.body.len() / 2);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sighting(route: Route, owner: u64, target: u64) -> Sighting {
        Sighting { route, owner: Some(owner), target: Some(Target::Project(target)) }
    }

    #[test]
    fn a_fault_strikes_what_it_names_and_nothing_else() {
        let mut faults = Faults::default();
        faults.inject(Fault::BadGateway.on(Route::AllowlistProjectPost).owner(1).target(Target::Project(2)));
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
    fn a_fault_lets_pass_then_strikes_then_ends() {
        let mut faults = Faults::default();
        faults.inject(Injection::from(Fault::InternalError).after(2).times(2));
        let struck: Vec<bool> =
            (0..6).map(|_| faults.strike(&sighting(Route::UserGet, 1, 1)).is_some()).collect();
        assert_eq!(struck, [false, false, true, true, false, false]);
    }

    #[test]
    fn faults_strike_one_after_the_other() {
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
    fn a_fault_for_writes_spares_reads() {
        let mut faults = Faults::default();
        faults.inject(Injection::from(Fault::BadGateway).writes_only());
        assert!(faults.strike(&sighting(Route::ScopeGet, 1, 1)).is_none());
        assert!(faults.strike(&sighting(Route::ScopePatch, 1, 1)).is_some());
    }

    #[test]
    fn waits_are_rounded_up_to_whole_seconds() {
        assert_eq!(whole_seconds(Duration::from_millis(1500)), 2);
        assert_eq!(whole_seconds(Duration::from_secs(3)), 3);
        assert_eq!(whole_seconds(Duration::ZERO), 0);
    }
}
