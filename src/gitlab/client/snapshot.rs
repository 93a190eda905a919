//! A single-flight cache: concurrent callers share one read, and later callers its cached result.
//!
//! It guarantees that a result includes all writes that ended before the call, that a fresh result
//! comes from a read that started after the call, and that an error is returned only to callers
//! that waited for it.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::gitlab::sender::Error;

/// Maximum age of a snapshot that a write may be computed from: what a plan has just read, so that
/// the write removes what the plan has named.
pub(super) const RECENT: Duration = Duration::from_secs(5);

/// The required freshness of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// A cached result, that of a running read, or a new one.
    Shared,
    /// The result of a read that started at most 5 seconds ago, or a new one. For writes that
    /// follow a plan.
    Recent,
    /// The result of a read that starts after the call. For decisions.
    Now,
}

/// The outcome of a read. Errors are shared as well.
pub(super) type Outcome<T> = Result<T, Error>;

/// Which results are cached, and how long.
pub(super) struct CachePolicy<T> {
    /// Maximum age, from the start of the read.
    pub(super) max_age: Duration,
    /// Returns whether a result may be cached.
    pub(super) is_cacheable: fn(&T) -> bool,
}

impl<T> CachePolicy<T> {
    /// Caches every result until this age.
    pub(super) const fn all(max_age: Duration) -> Self {
        Self { max_age, is_cacheable: |_| true }
    }
}

/// The cache of one result.
pub(super) struct Snapshot<T> {
    policy: CachePolicy<T>,
    /// Held during a read.
    running: tokio::sync::Mutex<()>,
    log: Mutex<Log<T>>,
}

struct Log<T> {
    /// The number of the last read that started, from 1.
    run: u64,
    /// Number of writes. If it changes during a read, the read may have missed a write.
    writes: u64,
    last_write: Option<Instant>,
    finished: Option<Finished<T>>,
    cached: Option<(T, Instant)>,
    /// Whether the cached result was [offered](Snapshot::offer) and not used yet.
    is_untouched: bool,
}

/// The last read that ended.
struct Finished<T> {
    run: u64,
    writes: u64,
    outcome: Outcome<T>,
}

/// The state of the log at the time of a call.
struct LogState {
    run: u64,
    writes: u64,
    is_running: bool,
}

impl<T: Clone> Snapshot<T> {
    fn new(policy: CachePolicy<T>) -> Self {
        let log = Log {
            run: 0,
            writes: 0,
            last_write: None,
            finished: None,
            cached: None,
            is_untouched: false,
        };
        Self { policy, running: tokio::sync::Mutex::default(), log: Mutex::new(log) }
    }

    /// Returns a cached result that hasn't expired.
    pub(super) fn peek(&self) -> Option<T> {
        self.peek_within(self.policy.max_age)
    }

    /// Returns, only once, a cached result that was [offered](Self::offer) and hasn't expired.
    pub(super) fn take_offered(&self) -> Option<T> {
        let cached = self.peek();
        std::mem::take(&mut self.log().is_untouched).then_some(cached).flatten()
    }

    /// Returns a result of the given freshness, and runs `work` to read it if needed.
    pub(super) fn get(
        &self,
        freshness: Freshness,
        work: impl Future<Output = Outcome<T>>,
    ) -> impl Future<Output = Outcome<T>> {
        // Boxed here, because each of the futures below would otherwise contain a copy.
        let work = Box::pin(work);
        async move {
            match freshness {
                Freshness::Shared => self.join(work).await,
                Freshness::Recent => self.recent(RECENT, work).await,
                Freshness::Now => self.fresh(work).await,
            }
        }
    }

    fn peek_within(&self, age: Duration) -> Option<T> {
        let log = self.log();
        let (result, since) = log.cached.as_ref()?;
        (since.elapsed() < age).then(|| result.clone())
    }

    /// Returns a cached result, that of a running read, or that of a new read.
    async fn join(&self, work: impl Future<Output = Outcome<T>>) -> Outcome<T> {
        if let Some(cached) = self.peek() {
            return Ok(cached);
        }
        let at_call = self.state();
        let _running = self.running.lock().await;
        if let Some(cached) = self.peek() {
            return Ok(cached);
        }
        let shared = self.finished(|last| {
            let joined =
                at_call.is_running && last.run == at_call.run && last.writes == at_call.writes;
            joined || last.run > at_call.run
        });
        match shared {
            Some(outcome) => outcome,
            None => self.run(work).await,
        }
    }

    /// Returns a cached result whose read started less than `age` ago, or a fresh one.
    async fn recent(&self, age: Duration, work: impl Future<Output = Outcome<T>>) -> Outcome<T> {
        match self.peek_within(age.min(self.policy.max_age)) {
            Some(cached) => Ok(cached),
            None => self.fresh(work).await,
        }
    }

    /// Returns the result of a read that starts after this call, shared with concurrent callers.
    async fn fresh(&self, work: impl Future<Output = Outcome<T>>) -> Outcome<T> {
        let at_call = self.state();
        let _running = self.running.lock().await;
        match self.finished(|last| last.run > at_call.run) {
            Some(outcome) => outcome,
            None => self.run(work).await,
        }
    }

    /// Applies the known effect of a write to the cached result.
    pub(super) fn written(&self, effect: impl FnOnce(&mut T)) {
        let mut log = self.log();
        log.note_write();
        if let Some((cached, _)) = &mut log.cached {
            effect(cached);
        }
    }

    /// Drops the cached result after a write with an unknown effect.
    pub(super) fn invalidate(&self) {
        let mut log = self.log();
        log.note_write();
        log.cached = None;
    }

    /// Caches a result of a read for something else that started at `began`, unless a later result
    /// is cached or a write has ended since.
    pub(super) fn offer(&self, began: Instant, result: Option<T>) {
        let Some(result) = result.filter(self.policy.is_cacheable) else { return };
        let mut log = self.log();
        let is_newest = log.cached.as_ref().is_none_or(|(_, since)| *since < began);
        if is_newest && log.last_write.is_none_or(|write| write < began) {
            log.cached = Some((result, began));
            log.is_untouched = true;
        }
    }

    async fn run(&self, work: impl Future<Output = Outcome<T>>) -> Outcome<T> {
        let (run, writes, began) = {
            let mut log = self.log();
            log.run += 1;
            (log.run, log.writes, Instant::now())
        };
        let outcome = work.await;
        let mut log = self.log();
        if let Ok(result) = &outcome
            && log.writes == writes
            && (self.policy.is_cacheable)(result)
        {
            log.cached = Some((result.clone(), began));
        }
        log.is_untouched = false;
        log.finished = Some(Finished { run, writes, outcome: outcome.clone() });
        outcome
    }

    fn state(&self) -> LogState {
        let log = self.log();
        let last = log.finished.as_ref().map_or(0, |last| last.run);
        LogState { run: log.run, writes: log.writes, is_running: log.run > last }
    }

    /// Returns the outcome of the last read if it can be used. The cancellation of another caller
    /// can't.
    fn finished(&self, serves: impl FnOnce(&Finished<T>) -> bool) -> Option<Outcome<T>> {
        let log = self.log();
        let last = log.finished.as_ref().filter(|last| serves(last))?;
        let stopped = last.outcome.as_ref().is_err_and(Error::is_cancelled);
        (!stopped).then(|| last.outcome.clone())
    }

    fn log(&self) -> MutexGuard<'_, Log<T>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Log<T> {
    fn note_write(&mut self) {
        self.writes += 1;
        self.last_write = Some(Instant::now());
    }
}

/// Snapshots by key.
pub(super) struct Snapshots<K, T> {
    policy: CachePolicy<T>,
    by_key: Mutex<HashMap<K, Arc<Snapshot<T>>>>,
}

impl<K: Eq + Hash, T: Clone> Snapshots<K, T> {
    pub(super) fn new(policy: CachePolicy<T>) -> Self {
        Self { policy, by_key: Mutex::default() }
    }

    pub(super) fn of(&self, key: K) -> Arc<Snapshot<T>> {
        let CachePolicy { max_age, is_cacheable } = self.policy;
        let new = || Arc::new(Snapshot::new(CachePolicy { max_age, is_cacheable }));
        Arc::clone(self.by_key().entry(key).or_insert_with(new))
    }

    /// Adds another key for a snapshot.
    pub(super) fn alias(&self, key: K, snapshot: &Arc<Snapshot<T>>) {
        self.by_key().insert(key, Arc::clone(snapshot));
    }

    fn by_key(&self) -> MutexGuard<'_, HashMap<K, Arc<Snapshot<T>>>> {
        self.by_key.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
