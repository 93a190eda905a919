use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Semaphore;

use super::*;
use crate::gitlab::sender::{Call, ErrorKind};

const LIFE: Duration = Duration::from_secs(30);

/// Work that yields the number of its run, once it is let through.
struct Work {
    runs: AtomicU64,
    door: Semaphore,
}

impl Work {
    fn behind_a_door() -> Arc<Self> {
        Arc::new(Self { runs: AtomicU64::new(0), door: Semaphore::new(0) })
    }

    fn without_a_door() -> Arc<Self> {
        let work = Self::behind_a_door();
        work.open(1000);
        work
    }

    fn open(&self, times: usize) {
        self.door.add_permits(times);
    }

    async fn run(&self) -> Outcome<u64> {
        let number = self.runs.fetch_add(1, Ordering::SeqCst) + 1;
        self.door.acquire().await.unwrap().forget();
        Ok(number)
    }

    fn runs(&self) -> u64 {
        self.runs.load(Ordering::SeqCst)
    }
}

fn snapshot() -> Arc<Snapshot<u64>> {
    Arc::new(Snapshot::new(CachePolicy { life: LIFE, when: |_| true }))
}

fn error(kind: ErrorKind) -> Error {
    Error::unsent(kind, Call::delete("/".to_owned()).line(), None)
}

type Asking = tokio::task::JoinHandle<Outcome<u64>>;

/// Starts a question and lets it get as far as it can.
async fn ask(snapshot: &Arc<Snapshot<u64>>, work: &Arc<Work>, fresh: bool) -> Asking {
    let (snapshot, work) = (Arc::clone(snapshot), Arc::clone(work));
    let asking = tokio::spawn(async move {
        if fresh { snapshot.fresh(work.run()).await } else { snapshot.join(work.run()).await }
    });
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    asking
}

#[tokio::test]
async fn all_who_ask_at_once_share_one_run() {
    let (snapshot, work) = (snapshot(), Work::behind_a_door());
    let mut asking = Vec::new();
    for _ in 0..50 {
        asking.push(ask(&snapshot, &work, false).await);
    }
    work.open(1);
    for one in asking {
        assert_eq!(one.await.unwrap().unwrap(), 1);
    }
    assert_eq!(work.runs(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_result_is_kept_from_the_beginning_of_its_work() {
    let (snapshot, work) = (snapshot(), Work::behind_a_door());
    let asking = ask(&snapshot, &work, false).await;
    tokio::time::advance(LIFE - Duration::from_secs(1)).await;
    work.open(2);
    asking.await.unwrap().unwrap();
    assert_eq!(snapshot.join(work.run()).await.unwrap(), 1);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(snapshot.peek(), None);
    assert_eq!(snapshot.join(work.run()).await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_kept_result_may_be_too_old_for_some() {
    let (snapshot, work) = (snapshot(), Work::without_a_door());
    let age = Duration::from_secs(5);
    assert_eq!(snapshot.recent(age, work.run()).await.unwrap(), 1);
    tokio::time::advance(age - Duration::from_millis(1)).await;
    assert_eq!(snapshot.recent(age, work.run()).await.unwrap(), 1);
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(snapshot.join(work.run()).await.unwrap(), 1, "good enough for others");
    assert_eq!(snapshot.recent(age, work.run()).await.unwrap(), 2);
    assert_eq!(snapshot.peek(), Some(2), "the newer one is kept for all");
}

#[tokio::test]
async fn a_fresh_result_comes_from_work_that_began_later() {
    let (snapshot, work) = (snapshot(), Work::behind_a_door());
    let early = ask(&snapshot, &work, false).await;
    let mut late = Vec::new();
    for _ in 0..10 {
        late.push(ask(&snapshot, &work, true).await);
    }
    work.open(2);
    assert_eq!(early.await.unwrap().unwrap(), 1);
    for one in late {
        assert_eq!(one.await.unwrap().unwrap(), 2, "those who ask meanwhile share the next run");
    }
    assert_eq!(work.runs(), 2);
    assert_eq!(snapshot.peek(), Some(2));
}

#[tokio::test]
async fn a_fresh_question_passes_over_a_kept_result() {
    let (snapshot, work) = (snapshot(), Work::without_a_door());
    assert_eq!(snapshot.join(work.run()).await.unwrap(), 1);
    assert_eq!(snapshot.fresh(work.run()).await.unwrap(), 2);
}

#[tokio::test]
async fn a_run_that_saw_a_write_end_is_not_kept() {
    let (snapshot, work) = (snapshot(), Work::behind_a_door());
    let reader = ask(&snapshot, &work, false).await;
    snapshot.written(|_| panic!("nothing is kept yet"));
    work.open(1);
    assert_eq!(reader.await.unwrap().unwrap(), 1);
    assert_eq!(snapshot.peek(), None);
}

#[tokio::test]
async fn who_asks_after_a_write_does_not_join_an_older_run() {
    let (snapshot, work) = (snapshot(), Work::behind_a_door());
    let before = ask(&snapshot, &work, false).await;
    snapshot.written(|_| ());
    let after = ask(&snapshot, &work, false).await;
    work.open(2);
    assert_eq!(before.await.unwrap().unwrap(), 1);
    assert_eq!(after.await.unwrap().unwrap(), 2);
    assert_eq!(snapshot.peek(), Some(2));
}

#[tokio::test]
async fn a_write_changes_what_is_kept() {
    let (snapshot, work) = (snapshot(), Work::without_a_door());
    snapshot.join(work.run()).await.unwrap();
    snapshot.written(|kept| *kept += 100);
    assert_eq!(snapshot.join(work.run()).await.unwrap(), 101);
    snapshot.invalidate();
    assert_eq!(snapshot.peek(), None);
}

#[tokio::test]
async fn a_failure_answers_those_who_wait_and_nobody_later() {
    let (snapshot, work) = (snapshot(), Work::behind_a_door());
    let failing = tokio::spawn({
        let (snapshot, work) = (Arc::clone(&snapshot), Arc::clone(&work));
        async move { snapshot.join(async { work.run().await.and(Err(error(ErrorKind::Server))) }).await }
    });
    tokio::task::yield_now().await;
    let waiting = ask(&snapshot, &work, false).await;
    work.open(2);
    assert_eq!(*failing.await.unwrap().unwrap_err().kind(), ErrorKind::Server);
    assert_eq!(*waiting.await.unwrap().unwrap_err().kind(), ErrorKind::Server);
    assert_eq!(snapshot.join(work.run()).await.unwrap(), 2);
}

#[tokio::test]
async fn that_another_was_told_to_stop_is_no_answer() {
    let (snapshot, work) = (snapshot(), Work::behind_a_door());
    let stopped = tokio::spawn({
        let (snapshot, work) = (Arc::clone(&snapshot), Arc::clone(&work));
        async move {
            snapshot.join(async { work.run().await.and(Err(error(ErrorKind::Cancelled))) }).await
        }
    });
    tokio::task::yield_now().await;
    let waiting = ask(&snapshot, &work, false).await;
    work.open(2);
    assert!(stopped.await.unwrap().unwrap_err().is_cancelled());
    assert_eq!(waiting.await.unwrap().unwrap(), 2);
}

#[tokio::test]
async fn a_run_whose_asker_went_away_is_taken_over() {
    let (snapshot, work) = (snapshot(), Work::behind_a_door());
    let gone = ask(&snapshot, &work, false).await;
    let waiting = ask(&snapshot, &work, false).await;
    gone.abort();
    work.open(1);
    assert_eq!(waiting.await.unwrap().unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_offered_result_is_taken_once() {
    let snapshot = snapshot();
    assert_eq!(snapshot.take_offered(), None);
    snapshot.offer(Instant::now(), Some(7));
    assert_eq!(snapshot.peek(), Some(7));
    assert_eq!((snapshot.take_offered(), snapshot.take_offered()), (Some(7), None));
    assert_eq!(snapshot.peek(), Some(7), "it is kept for others");

    tokio::time::advance(Duration::from_millis(1)).await;
    snapshot.offer(Instant::now(), Some(8));
    snapshot.invalidate();
    assert_eq!(snapshot.take_offered(), None, "a write came between");

    tokio::time::advance(Duration::from_millis(1)).await;
    snapshot.offer(Instant::now(), Some(9));
    tokio::time::advance(LIFE).await;
    assert_eq!(snapshot.take_offered(), None, "it is too old");
}
