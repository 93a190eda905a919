//! Barriers that hold requests until a test releases them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::time::timeout;

use crate::http::Route;
use crate::log::{Logged, Requests};
use crate::selection::{RequestProperties, Selection};
use crate::world::Target;

/// The requests that are held, and the stage at which they are.
#[derive(Debug, Clone)]
pub struct Barrier {
    requests: Selection,
    place: Stage,
}

/// The stage at which a request waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The request has arrived, but isn't executed.
    Arrival,
    /// The request is executed, but the response isn't sent.
    ApiResponse,
}

impl Barrier {
    /// Holds requests to this endpoint before they are executed. If the client disconnects, nothing
    /// is changed.
    #[must_use]
    pub fn before(route: Route) -> Self {
        Self { requests: Selection::default(), place: Stage::Arrival }.on(route)
    }

    /// Holds requests to this endpoint after they are executed, before the response is sent.
    #[must_use]
    pub fn after(route: Route) -> Self {
        Self { requests: Selection::default(), place: Stage::ApiResponse }.on(route)
    }

    /// Holds requests to this endpoint, too.
    #[must_use]
    pub fn on(mut self, route: Route) -> Self {
        self.requests.routes.push(route);
        self
    }

    /// Holds only requests with this project or group in their path, by ID or path, or GraphQL
    /// requests about it.
    #[must_use]
    pub fn project(mut self, id: u64) -> Self {
        self.requests.project = Some(id);
        self
    }

    /// Holds only requests about this target.
    #[must_use]
    pub fn target(mut self, target: Target) -> Self {
        self.requests.target = Some(target);
        self
    }

    /// Holds only GraphQL requests whose operation or one of whose root fields has this name.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.requests.name = Some(name.to_owned());
        self
    }
}

/// An active barrier. Dropping it releases all requests.
pub struct Held(Arc<Queue>);

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Held").field(&self.waiting()).finish()
    }
}

impl Held {
    /// Returns the held requests in the order of arrival.
    #[must_use]
    pub fn waiting(&self) -> Requests {
        self.0.line.borrow().requests()
    }

    /// Waits until this many requests are held, and returns them, or `None` after `limit`.
    pub async fn reached(&self, requests: usize, limit: Duration) -> Option<Requests> {
        let mut line = self.0.line.subscribe();
        let enough = line.wait_for(|line| line.waiting.len() >= requests);
        timeout(limit, enough).await.ok()?.ok().map(|line| line.requests())
    }

    /// Releases the request that was held longest. Returns it, if there is one.
    pub fn release_one(&self) -> Option<Logged> {
        let mut released = None;
        self.0.line.send_if_modified(|line| {
            released = (!line.waiting.is_empty()).then(|| line.waiting.remove(0).go_on());
            released.is_some()
        });
        released
    }

    /// Releases and returns all held requests. Later ones are held.
    pub fn release_all(&self) -> Requests {
        std::iter::from_fn(|| self.release_one()).collect()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.line.send_modify(|line| line.lifted = true);
        self.release_all();
    }
}

/// The active barriers. A request waits at each matching one, in their order.
#[derive(Default)]
pub(crate) struct Barriers(Vec<Arc<Queue>>);

impl Barriers {
    pub(crate) fn add(&mut self, barrier: Barrier) -> Held {
        self.0.retain(|queue| !queue.line.borrow().lifted);
        let queue = Arc::new(Queue { barrier, line: watch::Sender::default() });
        self.0.push(Arc::clone(&queue));
        Held(queue)
    }

    pub(crate) fn on_the_way(
        &self,
        place: Stage,
        request: &RequestProperties<'_>,
    ) -> Vec<Arc<Queue>> {
        let is_for_it = |queue: &&Arc<Queue>| {
            queue.barrier.place == place && queue.barrier.requests.matches(request)
        };
        self.0.iter().filter(is_for_it).cloned().collect()
    }
}

/// A barrier and the requests that wait at it.
pub(crate) struct Queue {
    barrier: Barrier,
    line: watch::Sender<Line>,
}

#[derive(Default)]
struct Line {
    waiting: Vec<Waiting>,
    arrived: u64,
    lifted: bool,
}

struct Waiting {
    number: u64,
    request: Logged,
    signal: oneshot::Sender<()>,
}

impl Waiting {
    fn go_on(self) -> Logged {
        // Sending fails if the client has disconnected.
        let _ = self.signal.send(());
        self.request
    }
}

impl Line {
    fn requests(&self) -> Requests {
        self.waiting.iter().map(|waiting| waiting.request.clone()).collect()
    }
}

impl Queue {
    /// Waits for the test, unless the barrier is lifted.
    pub(crate) async fn wait(&self, request: Logged) {
        let (signal, go) = oneshot::channel();
        let mut place = None;
        self.line.send_modify(|line| {
            if !line.lifted {
                line.arrived += 1;
                line.waiting.push(Waiting { number: line.arrived, request, signal });
                place = Some(QueueEntry { queue: self, number: line.arrived });
            }
        });
        if place.is_some() {
            // Dropping the barrier drops the signal, which also releases the request.
            let _ = go.await;
        }
    }
}

/// A position in the queue, which a disconnecting client leaves.
struct QueueEntry<'q> {
    queue: &'q Queue,
    number: u64,
}

impl Drop for QueueEntry<'_> {
    fn drop(&mut self) {
        self.queue.line.send_if_modified(|line| {
            let before = line.waiting.len();
            line.waiting.retain(|waiting| waiting.number != self.number);
            line.waiting.len() < before
        });
    }
}
