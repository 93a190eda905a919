use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Semaphore;

use super::*;
use crate::gitlab::sender::{Call, ErrorKind};

const MAX_AGE: Duration = Duration::from_secs(30);

/// Work that waits for a permit and then yields the number of its run.
struct Work {
    runs: AtomicU64,
    permits: Semaphore,
}

impl Work {
    fn blocked() -> Arc<Self> {
        Arc::new(Self { runs: AtomicU64::new(0), permits: Semaphore::new(0) })
    }

    fn unblocked() -> Arc<Self> {
        let work = Self::blocked();
        work.open(1000);
        work
    }

    fn open(&self, times: usize) {
        self.permits.add_permits(times);
    }

    async fn run(&self) -> Outcome<u64> {
        let number = self.runs.fetch_add(1, Ordering::SeqCst) + 1;
        self.permits.acquire().await.unwrap().forget();
        Ok(number)
    }

    fn runs(&self) -> u64 {
        self.runs.load(Ordering::SeqCst)
    }
}

fn snapshot() -> Arc<Snapshot<u64>> {
    Arc::new(Snapshot::new(CachePolicy::all(MAX_AGE)))
}

fn error(kind: ErrorKind) -> Error {
    Error::unsent(kind, Call::delete("/".to_owned()).line(), None)
}

type Load = tokio::task::JoinHandle<Outcome<u64>>;

/// Starts a load and lets it proceed as far as it can.
async fn start(snapshot: &Arc<Snapshot<u64>>, work: &Arc<Work>, fresh: bool) -> Load {
    let (snapshot, work) = (Arc::clone(snapshot), Arc::clone(work));
    let load = tokio::spawn(async move {
        if fresh { snapshot.fresh(work.run()).await } else { snapshot.join(work.run()).await }
    });
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    load
}

#[tokio::test]
async fn concurrent_callers_share_one_load() {
    let (snapshot, work) = (snapshot(), Work::blocked());
    let mut loads = Vec::new();
    for _ in 0..50 {
        loads.push(start(&snapshot, &work, false).await);
    }
    work.open(1);
    for load in loads {
        assert_eq!(load.await.unwrap().unwrap(), 1);
    }
    assert_eq!(work.runs(), 1);
}

#[tokio::test(start_paused = true)]
async fn result_is_as_old_as_the_start_of_its_load() {
    let (snapshot, work) = (snapshot(), Work::blocked());
    let load = start(&snapshot, &work, false).await;
    tokio::time::advance(MAX_AGE - Duration::from_secs(1)).await;
    work.open(2);
    load.await.unwrap().unwrap();
    assert_eq!(snapshot.join(work.run()).await.unwrap(), 1);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(snapshot.peek(), None);
    assert_eq!(snapshot.join(work.run()).await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn cached_result_can_be_too_old() {
    let (snapshot, work) = (snapshot(), Work::unblocked());
    let age = Duration::from_secs(5);
    assert_eq!(snapshot.recent(age, work.run()).await.unwrap(), 1);
    tokio::time::advance(age - Duration::from_millis(1)).await;
    assert_eq!(snapshot.recent(age, work.run()).await.unwrap(), 1);
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(snapshot.join(work.run()).await.unwrap(), 1, "good enough for others");
    assert_eq!(snapshot.recent(age, work.run()).await.unwrap(), 2);
    assert_eq!(snapshot.peek(), Some(2), "the newer one is cached for all");
}

#[tokio::test]
async fn fresh_result_is_from_a_later_load() {
    let (snapshot, work) = (snapshot(), Work::blocked());
    let early = start(&snapshot, &work, false).await;
    let mut late = Vec::new();
    for _ in 0..10 {
        late.push(start(&snapshot, &work, true).await);
    }
    work.open(2);
    assert_eq!(early.await.unwrap().unwrap(), 1);
    for one in late {
        assert_eq!(one.await.unwrap().unwrap(), 2, "concurrent callers share the next read");
    }
    assert_eq!(work.runs(), 2);
    assert_eq!(snapshot.peek(), Some(2));
}

#[tokio::test]
async fn fresh_load_ignores_a_cached_result() {
    let (snapshot, work) = (snapshot(), Work::unblocked());
    assert_eq!(snapshot.join(work.run()).await.unwrap(), 1);
    assert_eq!(snapshot.fresh(work.run()).await.unwrap(), 2);
}

#[tokio::test]
async fn load_that_overlaps_a_write_is_not_cached() {
    let (snapshot, work) = (snapshot(), Work::blocked());
    let reader = start(&snapshot, &work, false).await;
    snapshot.written(|_| panic!("nothing is cached yet"));
    work.open(1);
    assert_eq!(reader.await.unwrap().unwrap(), 1);
    assert_eq!(snapshot.peek(), None);
}

#[tokio::test]
async fn caller_after_a_write_does_not_join_an_earlier_load() {
    let (snapshot, work) = (snapshot(), Work::blocked());
    let before = start(&snapshot, &work, false).await;
    snapshot.written(|_| ());
    let after = start(&snapshot, &work, false).await;
    work.open(2);
    assert_eq!(before.await.unwrap().unwrap(), 1);
    assert_eq!(after.await.unwrap().unwrap(), 2);
    assert_eq!(snapshot.peek(), Some(2));
}

#[tokio::test]
async fn write_updates_the_cached_result() {
    let (snapshot, work) = (snapshot(), Work::unblocked());
    snapshot.join(work.run()).await.unwrap();
    snapshot.written(|cached| *cached += 100);
    assert_eq!(snapshot.join(work.run()).await.unwrap(), 101);
    snapshot.invalidate();
    assert_eq!(snapshot.peek(), None);
}

#[tokio::test]
async fn failure_reaches_waiting_callers_and_is_not_cached() {
    let (snapshot, work) = (snapshot(), Work::blocked());
    let failing = tokio::spawn({
        let (snapshot, work) = (Arc::clone(&snapshot), Arc::clone(&work));
        async move { snapshot.join(async { work.run().await.and(Err(error(ErrorKind::Server))) }).await }
    });
    tokio::task::yield_now().await;
    let waiting = start(&snapshot, &work, false).await;
    work.open(2);
    assert_eq!(*failing.await.unwrap().unwrap_err().kind(), ErrorKind::Server);
    assert_eq!(*waiting.await.unwrap().unwrap_err().kind(), ErrorKind::Server);
    assert_eq!(snapshot.join(work.run()).await.unwrap(), 2);
}

#[tokio::test]
async fn cancellation_of_another_caller_is_not_shared() {
    let (snapshot, work) = (snapshot(), Work::blocked());
    let stopped = tokio::spawn({
        let (snapshot, work) = (Arc::clone(&snapshot), Arc::clone(&work));
        async move {
            snapshot.join(async { work.run().await.and(Err(error(ErrorKind::Cancelled))) }).await
        }
    });
    tokio::task::yield_now().await;
    let waiting = start(&snapshot, &work, false).await;
    work.open(2);
    assert!(stopped.await.unwrap().unwrap_err().is_cancelled());
    assert_eq!(waiting.await.unwrap().unwrap(), 2);
}

#[tokio::test]
async fn load_of_a_dropped_caller_is_continued() {
    let (snapshot, work) = (snapshot(), Work::blocked());
    let gone = start(&snapshot, &work, false).await;
    let waiting = start(&snapshot, &work, false).await;
    gone.abort();
    work.open(1);
    assert_eq!(waiting.await.unwrap().unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn offered_result_is_used_once() {
    let snapshot = snapshot();
    assert_eq!(snapshot.take_offered(), None);
    snapshot.offer(Instant::now(), Some(7));
    assert_eq!(snapshot.peek(), Some(7));
    assert_eq!((snapshot.take_offered(), snapshot.take_offered()), (Some(7), None));
    assert_eq!(snapshot.peek(), Some(7), "it is cached for others");

    tokio::time::advance(Duration::from_millis(1)).await;
    snapshot.offer(Instant::now(), Some(8));
    snapshot.invalidate();
    assert_eq!(snapshot.take_offered(), None, "a write came between");

    tokio::time::advance(Duration::from_millis(1)).await;
    snapshot.offer(Instant::now(), Some(9));
    tokio::time::advance(MAX_AGE).await;
    assert_eq!(snapshot.take_offered(), None, "it is too old");
}
