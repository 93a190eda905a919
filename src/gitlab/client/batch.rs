//! Batches concurrent loads of single keys into one load of several keys. It doesn't depend on what
//! is loaded.

use std::collections::HashMap;
use std::hash::Hash;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OnceCell};
use tokio::time::Instant;

/// Bounds of the time without another key after which a batch is complete. It is a fraction of the
/// duration of the last load: longer than a host needs to send the next RPC, and shorter than a
/// request.
const IDLE_TIME: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_millis(100);
const IDLE_TIME_DIVISOR: u32 = 4;

/// Bounds of the time that a batch waits for requests in flight. It is three times the duration of
/// the last load: requests that have just started complete in that time, and their callers send the
/// next keys, so that alternating batches merge.
const MAX_GATHER_TIME: RangeInclusive<Duration> =
    Duration::from_millis(2)..=Duration::from_millis(1000);

/// Timeout of a load.
const MAX_LOAD: Duration = Duration::from_secs(5);

/// Duration of a slow load. After this number of slow loads in a row, batching is turned off. A
/// single one may be due to a busy machine.
const SLOW_LOAD: Duration = Duration::from_secs(2);
const MAX_SLOW_LOADS: usize = 2;

/// Loads keys in batches.
pub(super) struct BatchLoader<K, V> {
    /// Maximum number of keys per batch.
    max_size: usize,
    open: Mutex<Vec<Arc<Batch<K, V>>>>,
    last: Mutex<LastLoad>,
    /// Whether a batch has found something, so that single keys are loaded as batches, too.
    has_loaded: AtomicBool,
    /// Number of slow loads in a row.
    slow: AtomicUsize,
    is_off: AtomicBool,
}

/// The last load.
#[derive(Debug, Clone, Copy, Default)]
struct LastLoad {
    duration: Duration,
    /// Expected number of keys of the next batch: those of the last load, whose callers send the
    /// next keys, and those that were waiting when it ended, or one fewer than expected before.
    expected: usize,
}

/// Keys that are loaded together.
struct Batch<K, V> {
    keys: Mutex<Keys<K>>,
    /// Notified of each new key.
    key_added: Notify,
    values: OnceCell<HashMap<K, V>>,
}

struct Keys<K> {
    keys: Vec<K>,
    /// Whether the batch accepts no more keys, because the load starts.
    is_closed: bool,
}

impl<K: Eq + Hash + Clone, V: Clone> BatchLoader<K, V> {
    /// Creates a loader with a maximum batch size.
    pub(super) fn with_max_size(max_size: usize) -> Self {
        Self {
            max_size,
            open: Mutex::default(),
            last: Mutex::default(),
            has_loaded: AtomicBool::new(false),
            slow: AtomicUsize::new(0),
            is_off: AtomicBool::new(false),
        }
    }

    /// Loads the value of a key together with keys that are requested concurrently. Returns `None`
    /// if the caller must load the key alone: no other key was requested and no batch has succeeded
    /// yet, the key wasn't found, or batching is off.
    ///
    /// A batch collects keys while requests are in flight, within limits. The `work` of one caller
    /// loads the batch. If it returns `None`, or is slow twice in a row, batching is turned off.
    pub(super) async fn load<F>(
        &self,
        key: K,
        is_idle: impl Fn() -> bool,
        work: impl FnOnce(Vec<K>) -> F,
    ) -> Option<V>
    where
        F: Future<Output = Option<HashMap<K, V>>>,
    {
        if self.is_off() {
            return None;
        }
        let batch = self.add(&key);
        self.values(&batch, is_idle, work).await.get(&key).cloned()
    }

    /// Waits for a running load of the key, if there is one. `work` continues the load if its
    /// caller was dropped.
    pub(super) async fn join<F>(&self, key: &K, work: impl FnOnce(Vec<K>) -> F)
    where
        F: Future<Output = Option<HashMap<K, V>>>,
    {
        let running = self.open().iter().find(|batch| batch.is_closed() && batch.has(key)).cloned();
        if let Some(batch) = running {
            self.values(&batch, || true, work).await;
        }
    }

    /// Returns whether batching is off.
    pub(super) fn is_off(&self) -> bool {
        self.is_off.load(Ordering::Relaxed)
    }

    async fn values<'b, F>(
        &self,
        batch: &'b Arc<Batch<K, V>>,
        is_idle: impl Fn() -> bool,
        work: impl FnOnce(Vec<K>) -> F,
    ) -> &'b HashMap<K, V>
    where
        F: Future<Output = Option<HashMap<K, V>>>,
    {
        let values = batch.values.get_or_init(async || {
            self.gather(batch, is_idle).await;
            let keys = batch.close();
            let is_useful = keys.len() > 1 || self.has_loaded.load(Ordering::Relaxed);
            if !is_useful || self.is_off() {
                return HashMap::new();
            }
            let (began, number) = (Instant::now(), keys.len());
            let values = tokio::time::timeout(MAX_LOAD, work(keys)).await.ok().flatten();
            let expected = (number + self.waiting()).min(self.max_size);
            let mut last = self.last();
            *last = LastLoad {
                duration: began.elapsed(),
                expected: expected.max(last.expected.saturating_sub(1)),
            };
            drop(last);
            let slow =
                if began.elapsed() < SLOW_LOAD { 0 } else { self.slow.load(Ordering::Relaxed) + 1 };
            self.slow.store(slow, Ordering::Relaxed);
            let is_usable = values.is_some() && slow < MAX_SLOW_LOADS;
            let outcome = if is_usable { &self.has_loaded } else { &self.is_off };
            outcome.store(true, Ordering::Relaxed);
            values.unwrap_or_default()
        });
        let values = values.await;
        self.open().retain(|open| !Arc::ptr_eq(open, batch));
        values
    }

    /// Waits until a batch is full, has the expected size, or gets no more keys.
    async fn gather(&self, batch: &Batch<K, V>, is_idle: impl Fn() -> bool) {
        let began = Instant::now();
        let duration = self.last().duration;
        let gap = (duration / IDLE_TIME_DIVISOR).clamp(*IDLE_TIME.start(), *IDLE_TIME.end());
        let max_gather_time =
            (duration * 3).clamp(*MAX_GATHER_TIME.start(), *MAX_GATHER_TIME.end());
        let mut was_idle = is_idle();
        while !batch.is_closed() && began.elapsed() < max_gather_time {
            let is_complete = tokio::time::timeout(gap, batch.key_added.notified()).await.is_err();
            let expected = self.last().expected;
            let is_as_expected = expected > 1 && batch.len() >= expected;
            let is_idle = is_idle();
            if is_idle && (is_as_expected || was_idle && is_complete) {
                return;
            }
            was_idle = is_idle;
        }
    }

    /// Returns the number of keys that wait for a load.
    fn waiting(&self) -> usize {
        self.open().iter().filter(|batch| !batch.is_closed()).map(|batch| batch.len()).sum()
    }

    fn last(&self) -> MutexGuard<'_, LastLoad> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the key to an open batch, or to a new one.
    fn add(&self, key: &K) -> Arc<Batch<K, V>> {
        let mut open = self.open();
        if let Some(batch) = open.iter().find(|batch| batch.try_add(key, self.max_size)) {
            return Arc::clone(batch);
        }
        let batch = Arc::new(Batch::of(key.clone()));
        open.push(Arc::clone(&batch));
        batch
    }

    fn open(&self) -> MutexGuard<'_, Vec<Arc<Batch<K, V>>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Clone, V> Batch<K, V> {
    fn of(key: K) -> Self {
        let keys = Mutex::new(Keys { keys: vec![key], is_closed: false });
        Self { keys, key_added: Notify::new(), values: OnceCell::new() }
    }

    /// Adds the key, unless the batch is closed. Returns whether it was added.
    fn try_add(&self, key: &K, max_size: usize) -> bool {
        let mut keys = self.keys();
        if keys.is_closed {
            return false;
        }
        if !keys.keys.contains(key) {
            keys.keys.push(key.clone());
            keys.is_closed = keys.keys.len() >= max_size;
            self.key_added.notify_one();
        }
        true
    }

    fn close(&self) -> Vec<K> {
        let mut keys = self.keys();
        keys.is_closed = true;
        keys.keys.clone()
    }

    fn is_closed(&self) -> bool {
        self.keys().is_closed
    }

    fn len(&self) -> usize {
        self.keys().keys.len()
    }

    fn has(&self, key: &K) -> bool {
        self.keys().keys.contains(key)
    }

    fn keys(&self) -> MutexGuard<'_, Keys<K>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use tokio::task::JoinSet;

    use super::*;

    /// Loads the double of each key, and counts loads and keys.
    #[derive(Default)]
    struct Doubling {
        loads: AtomicUsize,
        keys: AtomicUsize,
        running: AtomicUsize,
    }

    impl Doubling {
        async fn of(&self, keys: Vec<u32>) -> Option<HashMap<u32, u32>> {
            self.loads.fetch_add(1, Ordering::Relaxed);
            self.keys.fetch_add(keys.len(), Ordering::Relaxed);
            self.running.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(20)).await;
            self.running.fetch_sub(1, Ordering::Relaxed);
            Some(keys.into_iter().map(|key| (key, 2 * key)).collect())
        }
    }

    impl Doubling {
        fn is_idle(&self) -> bool {
            self.running.load(Ordering::Relaxed) == 0
        }
    }

    async fn load_all(
        batches: &Arc<BatchLoader<u32, u32>>,
        work: &Arc<Doubling>,
        keys: impl IntoIterator<Item = u32>,
    ) -> Vec<Option<u32>> {
        let mut tasks = JoinSet::new();
        for key in keys {
            let (batches, work) = (Arc::clone(batches), Arc::clone(work));
            tasks.spawn(
                async move { batches.load(key, || work.is_idle(), |keys| work.of(keys)).await },
            );
        }
        tasks.join_all().await
    }

    #[tokio::test(start_paused = true)]
    async fn concurrent_keys_are_loaded_together() {
        let (batches, work) =
            (Arc::new(BatchLoader::with_max_size(20)), Arc::new(Doubling::default()));
        let mut values = load_all(&batches, &work, [1, 2, 3, 2]).await;
        values.sort_unstable();
        assert_eq!(values, [Some(2), Some(4), Some(4), Some(6)]);
        assert_eq!((work.loads.load(Ordering::Relaxed), work.keys.load(Ordering::Relaxed)), (1, 3));
        assert!(batches.open().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn single_key_is_not_loaded_before_a_batch() {
        let (batches, work) =
            (Arc::new(BatchLoader::with_max_size(20)), Arc::new(Doubling::default()));
        assert_eq!(load_all(&batches, &work, [1, 1]).await, [None, None]);
        assert_eq!(work.loads.load(Ordering::Relaxed), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn full_batch_starts_at_once() {
        let (batches, work) =
            (Arc::new(BatchLoader::with_max_size(2)), Arc::new(Doubling::default()));
        let began = tokio::time::Instant::now();
        assert!(load_all(&batches, &work, 1..=4).await.iter().all(Option::is_some));
        assert_eq!(began.elapsed(), Duration::from_millis(20));
        assert_eq!(work.loads.load(Ordering::Relaxed), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn load_without_results_turns_batching_off() {
        let batches = Arc::new(BatchLoader::<u32, u32>::with_max_size(20));
        let load = |key| batches.load(key, || true, async |_| None);
        assert_eq!(tokio::join!(load(1), load(2)), (None, None));
        assert!(batches.is_off());
        assert_eq!(
            batches
                .load(3, || true, async |_| -> Option<HashMap<u32, u32>> { unreachable!() })
                .await,
            None
        );
    }

    /// Runs ten workers that load ten keys each, one after another. Each begins after its delay and
    /// pauses for its time between two keys; both are in milliseconds. Returns the number of loads.
    async fn ten_rounds(delay: fn(u32) -> u32, time: fn(u32) -> u32) -> usize {
        let (batches, work) =
            (Arc::new(BatchLoader::with_max_size(20)), Arc::new(Doubling::default()));
        let rounds = (0..10_u32).map(|worker| {
            let (batches, work) = (Arc::clone(&batches), Arc::clone(&work));
            let sleep = |time| tokio::time::sleep(Duration::from_millis(u64::from(time)));
            tokio::spawn(async move {
                sleep(delay(worker)).await;
                for round in 0..10 {
                    let response = batches
                        .load(10 * round + worker, || work.is_idle(), |keys| work.of(keys))
                        .await;
                    assert!(response.is_some());
                    sleep(time(worker)).await;
                }
            })
        });
        for worker in rounds.collect::<Vec<_>>() {
            worker.await.unwrap();
        }
        assert_eq!(work.keys.load(Ordering::Relaxed), 100);
        work.loads.load(Ordering::Relaxed)
    }

    #[tokio::test(start_paused = true)]
    async fn keys_that_arrive_during_a_load_form_one_batch() {
        let loads = ten_rounds(|_| 0, |worker| worker % 5).await;
        assert!(loads <= 12, "{loads} loads");
    }

    #[tokio::test(start_paused = true)]
    async fn alternating_batches_become_one() {
        for time in [|_| 0, |_| 2, |worker| worker % 5] {
            let loads = ten_rounds(|worker| worker / 5 * 10, time).await;
            assert!(loads <= 13, "{loads} loads");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn three_batches_become_one() {
        let loads = ten_rounds(|worker| worker / 4 * 15, |worker| worker % 5).await;
        assert!(loads <= 14, "{loads} loads");
    }

    /// Loads two keys at once, which takes this number of seconds, and returns the first value.
    async fn load_two(batches: &BatchLoader<u32, u32>, seconds: u64) -> Option<u32> {
        let load = |key| {
            batches.load(
                key,
                || true,
                async move |keys: Vec<u32>| {
                    tokio::time::sleep(Duration::from_secs(seconds)).await;
                    Some(keys.into_iter().map(|key| (key, 2 * key)).collect())
                },
            )
        };
        tokio::join!(load(1), load(2)).0
    }

    #[tokio::test(start_paused = true)]
    async fn two_slow_loads_in_a_row_turn_batching_off() {
        let batches = BatchLoader::with_max_size(20);
        for (seconds, is_off) in [(3, false), (1, false), (3, false), (3, true)] {
            assert_eq!(
                (load_two(&batches, seconds).await, batches.is_off()),
                (Some(2), is_off),
                "{seconds} s"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn load_that_times_out_turns_batching_off() {
        let (batches, began) = (BatchLoader::with_max_size(20), Instant::now());
        assert_eq!(load_two(&batches, 60).await, None);
        assert!(batches.is_off() && began.elapsed() < Duration::from_secs(6));
    }

    #[tokio::test(start_paused = true)]
    async fn another_caller_continues_a_cancelled_load() {
        let (batches, work) =
            (Arc::new(BatchLoader::with_max_size(20)), Arc::new(Doubling::default()));
        let spawn = |key| {
            let (batches, work) = (Arc::clone(&batches), Arc::clone(&work));
            tokio::spawn(
                async move { batches.load(key, || work.is_idle(), |keys| work.of(keys)).await },
            )
        };
        let (first, second) = (spawn(1), spawn(2));
        tokio::time::sleep(Duration::from_millis(10)).await;
        first.abort();
        assert_eq!(second.await.unwrap(), Some(4));
        assert_eq!(work.loads.load(Ordering::Relaxed), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn running_load_is_joined() {
        let (batches, work) =
            (Arc::new(BatchLoader::with_max_size(20)), Arc::new(Doubling::default()));
        let running = {
            let (batches, work) = (Arc::clone(&batches), Arc::clone(&work));
            tokio::spawn(async move { load_all(&batches, &work, [1, 2]).await })
        };
        tokio::time::sleep(Duration::from_millis(10)).await;
        let began = tokio::time::Instant::now();
        batches.join(&3, |keys| work.of(keys)).await;
        assert_eq!(began.elapsed(), Duration::ZERO);
        batches.join(&2, |keys| work.of(keys)).await;
        assert!(running.is_finished() || running.await.is_ok());
        assert_eq!(work.loads.load(Ordering::Relaxed), 1);
    }
}
