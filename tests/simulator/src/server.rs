//! Handles requests in stages: log, latency, rate limit, barrier, fault, endpoint, barrier,
//! response.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, Method, Response, Uri};
use tokio::sync::oneshot;

use crate::barriers::{Barriers, Stage};
use crate::delivery::deliver;
use crate::faults::{AppliedFault, Delivery, Effect, Faults, too_many_requests};
use crate::http::{ApiResponse, Call, Incoming, Site, carry_out};
use crate::log::{Entry, Log, Logged, logged_headers, logged_query};
use crate::rate_limit::RateLimit;
use crate::wire::{Port, ResetHandle};
use crate::world::World;

/// The maximum size of a request body, far larger than any endpoint needs.
const MAX_BODY: usize = 1 << 20;

/// The state shared by requests and the simulator's handle.
pub(crate) struct Instance {
    pub(crate) site: Site,
    pub(crate) log: Log,
    pub(crate) connections: Arc<AtomicUsize>,
    world: Mutex<World>,
    faults: Mutex<Faults>,
    barriers: Mutex<Barriers>,
    rate_limit: Mutex<Option<RateLimit>>,
    latency: Mutex<Duration>,
}

impl Instance {
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        locked(&self.world)
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        locked(&self.faults)
    }

    pub(crate) fn barriers(&self) -> MutexGuard<'_, Barriers> {
        locked(&self.barriers)
    }

    pub(crate) fn rate_limit(&self) -> MutexGuard<'_, Option<RateLimit>> {
        locked(&self.rate_limit)
    }

    pub(crate) fn latency(&self) -> MutexGuard<'_, Duration> {
        locked(&self.latency)
    }

    /// Returns the response and its delivery, or `None` if the connection is reset.
    async fn respond(&self, incoming: &Incoming) -> (Entry, Option<(ApiResponse, Delivery)>) {
        let call = Call::read(incoming, &self.site, &self.world());
        let entry = self.log.open(self.logged(incoming, &call));
        let latency = *self.latency();
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        let outcome = match self.refusal_by_rate() {
            Some(response) => Some((response, Delivery::Whole)),
            None => {
                self.wait(Stage::Arrival, incoming, &call, &entry).await;
                let outcome = self.carry_out(&call, &entry).await;
                self.wait(Stage::ApiResponse, incoming, &call, &entry).await;
                outcome
            }
        };
        if let Some((response, _)) = &outcome {
            entry.responded(response.status);
        }
        (entry, outcome)
    }

    async fn wait(&self, place: Stage, incoming: &Incoming, call: &Call, entry: &Entry) {
        let on_the_way = self.barriers().on_the_way(place, &call.properties());
        for barrier in on_the_way {
            barrier.wait(entry.logged().unwrap_or_else(|| self.logged(incoming, call))).await;
        }
    }

    async fn carry_out(&self, call: &Call, entry: &Entry) -> Option<(ApiResponse, Delivery)> {
        let applied = self.faults().apply(&call.properties());
        let carry_out = || carry_out(call, &self.site, &mut self.world());
        let Some(AppliedFault { fault, carried_out }) = applied else {
            return Some((carry_out(), Delivery::Whole));
        };
        entry.mark_faulty();
        let mut delivery = Delivery::Whole;
        let response = match fault.effect(&format!("{}/users/sign_in", self.site.url())) {
            Effect::ApiResponse(response) => {
                if carried_out {
                    carry_out();
                }
                response
            }
            Effect::HangUp { carried_out: after } => {
                if after || carried_out {
                    carry_out();
                }
                return None;
            }
            Effect::DelayRequest(time) => {
                tokio::time::sleep(time).await;
                carry_out()
            }
            Effect::DelayResponse(time) => {
                let response = carry_out();
                tokio::time::sleep(time).await;
                response
            }
            Effect::Alter(change) => change(carry_out()),
            Effect::Deliver(how) => {
                delivery = how;
                carry_out()
            }
        };
        Some((response, delivery))
    }

    fn refusal_by_rate(&self) -> Option<ApiResponse> {
        let mut limit = self.rate_limit();
        let limit = limit.as_mut()?;
        limit.refuses(Instant::now()).map(|wait| too_many_requests(limit.requests, wait))
    }

    fn logged(&self, incoming: &Incoming, call: &Call) -> Logged {
        Logged {
            method: incoming.method.to_string(),
            path: incoming.path.clone(),
            query: logged_query(&incoming.query),
            headers: logged_headers(&incoming.headers),
            route: call.matched.route,
            project: call.project,
            target: call.target,
            names: call.names.clone(),
            credential: call.caller.credential,
            token: call.caller.token.map(|token| self.world().token(token).name.clone()),
            at: Duration::ZERO,
            in_flight: 0,
            faulty: false,
            status: None,
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A thread that serves an instance until it is dropped.
pub(crate) struct Server {
    pub(crate) instance: Arc<Instance>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// The settings with which an instance starts.
pub(crate) struct Start {
    pub(crate) port: u16,
    pub(crate) relative_url_root: String,
    pub(crate) latency: Duration,
    pub(crate) world: World,
}

impl Server {
    /// Binds loopback and serves from then on.
    pub(crate) fn start(start: Start) -> io::Result<Self> {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, start.port))?;
        socket.set_nonblocking(true)?;
        let instance = Arc::new(Instance {
            site: Site::new(format!("http://{}", socket.local_addr()?), &start.relative_url_root),
            log: Log::new(),
            connections: Arc::default(),
            world: Mutex::new(start.world),
            faults: Mutex::default(),
            barriers: Mutex::default(),
            rate_limit: Mutex::default(),
            latency: Mutex::new(start.latency),
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let port = {
            let _entered = runtime.enter();
            Port::new(tokio::net::TcpListener::from_std(socket)?, instance.connections.clone())
        };
        let app = Router::new().fallback(handle).with_state(instance.clone());
        let app = app.into_make_service_with_connect_info::<ResetHandle>();
        let (stop, stopped) = oneshot::channel();
        // Dropping the runtime ends every connection, including stalled ones.
        let thread =
            thread::Builder::new().name("gitlab-simulator".to_owned()).spawn(move || {
                runtime.block_on(async {
                    tokio::select! {
                        _ = axum::serve(port, app) => {}
                        _ = stopped => {}
                    }
                });
            })?;
        Ok(Self { instance, stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The thread may have ended already.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn handle(
    State(instance): State<Arc<Instance>>,
    ConnectInfo(scissors): ConnectInfo<ResetHandle>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    request: Request,
) -> Response<Body> {
    let body = match axum::body::to_bytes(request.into_body(), MAX_BODY).await {
        Ok(body) => body,
        Err(_) => {
            return deliver(ApiResponse::text(413, "Request Entity Too Large"), Delivery::Whole);
        }
    };
    let incoming = Incoming {
        method,
        path: uri.path().to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        headers,
        body: Bytes::into(body),
    };
    let (_in_flight, outcome) = instance.respond(&incoming).await;
    match outcome {
        Some((response, delivery)) => deliver(response, delivery),
        None => {
            scissors.cut();
            Response::new(Body::empty())
        }
    }
}
