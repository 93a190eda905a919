//! Faults, named by what a client observes. [`Fault::effect`] defines them, the server carries them
//! out, and `injection` selects requests.

mod injection;
mod pages;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::graphql;
use crate::http::{ApiResponse, Route, invalid_token};
pub use injection::Injection;
pub(crate) use injection::{AppliedFault, Faults};

/// A way in which a server, or a proxy in front of it, fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// 503 from a server being deployed, with or without `Retry-After`.
    Unavailable {
        /// The wait that the client is asked for, sent in whole seconds.
        retry_after: Option<Duration>,
    },
    /// 502 with a proxy's web page.
    BadGateway,
    /// 504 with a proxy's web page.
    GatewayTimeout,
    /// 500 with GitLab's own message.
    InternalError,
    /// 429 in GitLab's format, with `Retry-After` and the `RateLimit-*` headers.
    RateLimited {
        /// The wait that the client is asked for, sent in whole seconds.
        retry_after: Duration,
    },
    /// 429 from a proxy: "Retry later" in plain text, and no header that says when.
    ProxyRateLimited,
    /// 401, as for a token that was just revoked.
    RejectsTheToken,
    /// The connection is reset before the request is carried out.
    DropsTheRequest,
    /// The request is carried out, then the connection is reset.
    DropsTheResponse,
    /// A delay before the request is carried out. A client that disconnects meanwhile has changed
    /// nothing.
    StallsTheRequest(Duration),
    /// The request is carried out, then the response is delayed.
    StallsTheResponse(Duration),
    /// The response body is sent in small pieces with this pause before each.
    TricklesTheBody(Duration),
    /// The connection ends in the middle of the response body.
    BreaksOffTheBody,
    /// A complete response whose JSON is truncated.
    TruncatedJson,
    /// A web page instead of JSON, with the same status.
    NotJson,
    /// The response body is followed by this many bytes of spaces, without a `Content-Length`.
    FloodsTheBody(usize),
    /// Every page of a list announces a next one. Pages beyond the end have a new element each, or
    /// none in GraphQL.
    NeverEndsTheList,
    /// Every page of a list announces a next one and has the same elements. REST only.
    RepeatsThePage,
    /// Every page of a list after the first lacks its first element, as if it had moved to a page
    /// that was already read. REST only, since cursors prevent it in GraphQL.
    ShiftsTheList,
    /// A page of a list lacks its last element, which the totals count. REST only.
    LosesAnElement,
    /// 302 to another address.
    RedirectsTo(String),
    /// 302 to the sign-in page, as from a proxy that doesn't accept tokens.
    LoginPage,
    /// 200 with this error and no data, as GraphQL reports all errors.
    GraphqlError(String),
    /// Any other response.
    Responds {
        /// The status.
        status: u16,
        /// The content type.
        content_type: String,
        /// The body.
        body: String,
    },
}

impl Fault {
    /// Affects requests to one endpoint. Call [`Injection::on`] for more endpoints.
    #[must_use]
    pub fn on(self, route: Route) -> Injection {
        Injection::from(self).on(route)
    }
}

/// The way in which a response's bytes reach the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// At once and complete.
    Whole,
    /// In pieces, with this pause before each.
    Trickled(Duration),
    /// Half of the body, then the connection ends.
    BrokenOff,
    /// The body, followed by this many bytes of spaces.
    Flooded(usize),
}

/// The effect of a fault.
#[derive(Debug)]
pub(crate) enum Effect {
    /// Responds instead of the endpoint.
    ApiResponse(ApiResponse),
    /// Resets the connection, before or after the request is carried out.
    HangUp { carried_out: bool },
    /// Waits before the request is carried out.
    DelayRequest(Duration),
    /// Waits after it is carried out.
    DelayResponse(Duration),
    /// Changes the response.
    Alter(fn(ApiResponse) -> ApiResponse),
    /// Sends the response in another way.
    Deliver(Delivery),
}

impl Fault {
    /// Returns the effect of the fault. `sign_in` is the address of the page for signing in.
    pub(crate) fn effect(&self, sign_in: &str) -> Effect {
        let response = match self {
            Self::Unavailable { retry_after: None } => {
                ApiResponse::html(503, "Service Unavailable")
            }
            Self::Unavailable { retry_after: Some(wait) } => {
                ApiResponse::html(503, "Service Unavailable")
                    .with("retry-after", whole_seconds(*wait))
            }
            Self::BadGateway => ApiResponse::html(502, "502 Bad Gateway"),
            Self::GatewayTimeout => ApiResponse::html(504, "504 Gateway Timeout"),
            Self::InternalError => ApiResponse::message(500, "500 Internal Server Error"),
            Self::RateLimited { retry_after } => too_many_requests(UNKNOWN_LIMIT, *retry_after),
            Self::ProxyRateLimited => ApiResponse::text(429, RETRY_LATER),
            Self::RejectsTheToken => {
                invalid_token("Token was revoked. You have to re-authorize from the user.")
            }
            Self::RedirectsTo(address) => ApiResponse::html(302, "Found").with("location", address),
            Self::LoginPage => ApiResponse::html(302, "Found").with("location", sign_in),
            Self::GraphqlError(message) => graphql::error(message),
            Self::Responds { status, content_type, body } => {
                ApiResponse::of_type(*status, content_type, body.as_bytes())
            }
            Self::DropsTheRequest => return Effect::HangUp { carried_out: false },
            Self::DropsTheResponse => return Effect::HangUp { carried_out: true },
            Self::StallsTheRequest(time) => return Effect::DelayRequest(*time),
            Self::StallsTheResponse(time) => return Effect::DelayResponse(*time),
            Self::TricklesTheBody(pause) => return Effect::Deliver(Delivery::Trickled(*pause)),
            Self::BreaksOffTheBody => return Effect::Deliver(Delivery::BrokenOff),
            Self::FloodsTheBody(bytes) => return Effect::Deliver(Delivery::Flooded(*bytes)),
            Self::NeverEndsTheList => return Effect::Alter(pages::without_end),
            Self::RepeatsThePage => return Effect::Alter(pages::repeated),
            Self::ShiftsTheList => return Effect::Alter(pages::shifted),
            Self::LosesAnElement => return Effect::Alter(pages::incomplete),
            Self::TruncatedJson => return Effect::Alter(truncated),
            Self::NotJson => {
                return Effect::Alter(|response| ApiResponse::html(response.status, "Welcome"));
            }
        };
        Effect::ApiResponse(response)
    }
}

const RETRY_LATER: &str = "Retry later";

/// Value of `RateLimit-Limit` when no limit is counted: GitLab's default for requests with a token,
/// per minute.
const UNKNOWN_LIMIT: usize = 600;

/// Returns GitLab's 429: plain text, and headers that say when to retry.
pub(crate) fn too_many_requests(limit: usize, retry_after: Duration) -> ApiResponse {
    let seconds = whole_seconds(retry_after);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    ApiResponse::text(429, RETRY_LATER)
        .with("retry-after", seconds)
        .with("ratelimit-limit", limit)
        .with("ratelimit-remaining", 0)
        .with("ratelimit-reset", now.as_secs() + seconds)
}

/// Rounds up to whole seconds, so that the client doesn't retry too early.
fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

fn truncated(mut response: ApiResponse) -> ApiResponse {
    response.body.truncate(response.body.len() / 2);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_rounded_up_to_whole_seconds() {
        assert_eq!(whole_seconds(Duration::from_millis(1500)), 2);
        assert_eq!(whole_seconds(Duration::from_secs(3)), 3);
        assert_eq!(whole_seconds(Duration::ZERO), 0);
    }
}
