//! One piece of work for all who want its result at the same time, and for those who come soon after.
//!
//! Three promises: a result never hides a write that ended before it was asked for; whoever asks for a fresh result
//! gets one whose work began after the question; and a failure answers those who waited for it, but nobody later.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::error::Error;

/// What a flight brings home. Failures are shared as well.
pub(super) type Outcome<T> = Result<T, Error>;

/// How long and which results are kept for later askers.
pub(super) struct Keeping<T> {
    /// From the beginning of the work.
    pub(super) life: Duration,
    /// Whether a result may be kept at all.
    pub(super) when: fn(&T) -> bool,
}

/// The flights for one thing to know.
pub(super) struct Flight<T> {
    keeping: Keeping<T>,
    /// Held by whoever does the work.
    runway: tokio::sync::Mutex<()>,
    log: Mutex<Log<T>>,
}

struct Log<T> {
    /// Number of the last flight that began; they count from 1.
    begun: u64,
    /// Grows with each write. A flight that saw it grow may have read too early.
    epoch: u64,
    landed: Option<Landing<T>>,
    kept: Option<(T, Instant)>,
}

struct Landing<T> {
    number: u64,
    epoch: u64,
    outcome: Outcome<T>,
}

/// What the log said when somebody asked.
struct Ticket {
    begun: u64,
    epoch: u64,
    in_the_air: bool,
}

impl<T: Clone> Flight<T> {
    fn new(keeping: Keeping<T>) -> Self {
        let log = Log { begun: 0, epoch: 0, landed: None, kept: None };
        Self { keeping, runway: tokio::sync::Mutex::default(), log: Mutex::new(log) }
    }

    /// A kept result that is still good; asks nobody.
    pub(super) fn peek(&self) -> Option<T> {
        self.peek_within(self.keeping.life)
    }

    fn peek_within(&self, age: Duration) -> Option<T> {
        let log = self.log();
        let (result, since) = log.kept.as_ref()?;
        (since.elapsed() < age).then(|| result.clone())
    }

    /// A kept result, or that of a flight in the air, or that of a flight of one's own.
    pub(super) async fn join(&self, work: impl Future<Output = Outcome<T>>) -> Outcome<T> {
        if let Some(kept) = self.peek() {
            return Ok(kept);
        }
        let ticket = self.ticket();
        let _runway = self.runway.lock().await;
        if let Some(kept) = self.peek() {
            return Ok(kept);
        }
        let shared = self.landed(|landing| {
            let joined = ticket.in_the_air && landing.number == ticket.begun && landing.epoch == ticket.epoch;
            joined || landing.number > ticket.begun
        });
        match shared {
            Some(outcome) => outcome,
            None => self.fly(work).await,
        }
    }

    /// A kept result whose work began less than `age` ago, or else a fresh one.
    pub(super) async fn recent(&self, age: Duration, work: impl Future<Output = Outcome<T>>) -> Outcome<T> {
        match self.peek_within(age) {
            Some(kept) => Ok(kept),
            None => self.fresh(work).await,
        }
    }

    /// The result of a flight that begins after this question: one's own, or one that many who asked meanwhile share.
    pub(super) async fn fresh(&self, work: impl Future<Output = Outcome<T>>) -> Outcome<T> {
        let ticket = self.ticket();
        let _runway = self.runway.lock().await;
        match self.landed(|landing| landing.number > ticket.begun) {
            Some(outcome) => outcome,
            None => self.fly(work).await,
        }
    }

    /// Notes a write that has ended and whose effect is known.
    pub(super) fn written(&self, effect: impl FnOnce(&mut T)) {
        let mut log = self.log();
        log.epoch += 1;
        if let Some((kept, _)) = &mut log.kept {
            effect(kept);
        }
    }

    /// Notes that something may have changed in an unknown way.
    pub(super) fn forget(&self) {
        let mut log = self.log();
        log.epoch += 1;
        log.kept = None;
    }

    async fn fly(&self, work: impl Future<Output = Outcome<T>>) -> Outcome<T> {
        let (number, epoch, began) = {
            let mut log = self.log();
            log.begun += 1;
            (log.begun, log.epoch, Instant::now())
        };
        let outcome = work.await;
        let mut log = self.log();
        if let Ok(result) = &outcome
            && log.epoch == epoch
            && (self.keeping.when)(result)
        {
            log.kept = Some((result.clone(), began));
        }
        log.landed = Some(Landing { number, epoch, outcome: outcome.clone() });
        outcome
    }

    fn ticket(&self) -> Ticket {
        let log = self.log();
        let last_landed = log.landed.as_ref().map_or(0, |landing| landing.number);
        Ticket { begun: log.begun, epoch: log.epoch, in_the_air: log.begun > last_landed }
    }

    /// The last landing, if it serves. That somebody else was told to stop is no answer.
    fn landed(&self, serves: impl FnOnce(&Landing<T>) -> bool) -> Option<Outcome<T>> {
        let log = self.log();
        let landing = log.landed.as_ref().filter(|landing| serves(landing))?;
        let stopped = landing.outcome.as_ref().is_err_and(Error::is_cancelled);
        (!stopped).then(|| landing.outcome.clone())
    }

    fn log(&self) -> MutexGuard<'_, Log<T>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Flights by what they find out.
pub(super) struct Flights<K, T> {
    keeping: Keeping<T>,
    by_key: Mutex<HashMap<K, Arc<Flight<T>>>>,
}

impl<K: Eq + Hash, T: Clone> Flights<K, T> {
    pub(super) fn new(keeping: Keeping<T>) -> Self {
        Self { keeping, by_key: Mutex::default() }
    }

    pub(super) fn of(&self, key: K) -> Arc<Flight<T>> {
        let Keeping { life, when } = self.keeping;
        let new = || Arc::new(Flight::new(Keeping { life, when }));
        Arc::clone(self.by_key().entry(key).or_insert_with(new))
    }

    /// Makes another key lead to what is known already.
    pub(super) fn alias(&self, key: K, flight: &Arc<Flight<T>>) {
        self.by_key().insert(key, Arc::clone(flight));
    }

    fn by_key(&self) -> MutexGuard<'_, HashMap<K, Arc<Flight<T>>>> {
        self.by_key.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
