use std::sync::atomic::{AtomicU64, Ordering};

use reqwest::Method;
use tokio::sync::Semaphore;

use super::*;
use crate::gitlab::error::{ErrorKind, Story};
use crate::gitlab::request::RequestLine;

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

fn flight() -> Arc<Flight<u64>> {
    Arc::new(Flight::new(Keeping { life: LIFE, when: |_| true }))
}

fn error(kind: ErrorKind) -> Error {
    let line = RequestLine { method: Method::GET, path: "/".to_owned(), operation: None };
    Error::new(kind, &line, None, None, Story::default())
}

type Asking = tokio::task::JoinHandle<Outcome<u64>>;

/// Starts a question and lets it get as far as it can.
async fn ask(flight: &Arc<Flight<u64>>, work: &Arc<Work>, fresh: bool) -> Asking {
    let (flight, work) = (Arc::clone(flight), Arc::clone(work));
    let asking = tokio::spawn(async move {
        if fresh { flight.fresh(work.run()).await } else { flight.join(work.run()).await }
    });
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    asking
}

#[tokio::test]
async fn all_who_ask_at_once_share_one_run() {
    let (flight, work) = (flight(), Work::behind_a_door());
    let mut asking = Vec::new();
    for _ in 0..50 {
        asking.push(ask(&flight, &work, false).await);
    }
    work.open(1);
    for one in asking {
        assert_eq!(one.await.unwrap().unwrap(), 1);
    }
    assert_eq!(work.runs(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_result_is_kept_from_the_beginning_of_its_work() {
    let (flight, work) = (flight(), Work::behind_a_door());
    let asking = ask(&flight, &work, false).await;
    tokio::time::advance(LIFE - Duration::from_secs(1)).await;
    work.open(2);
    asking.await.unwrap().unwrap();
    assert_eq!(flight.join(work.run()).await.unwrap(), 1);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(flight.peek(), None);
    assert_eq!(flight.join(work.run()).await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_kept_result_may_be_too_old_for_some() {
    let (flight, work) = (flight(), Work::without_a_door());
    let age = Duration::from_secs(5);
    assert_eq!(flight.recent(age, work.run()).await.unwrap(), 1);
    tokio::time::advance(age - Duration::from_millis(1)).await;
    assert_eq!(flight.recent(age, work.run()).await.unwrap(), 1);
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(flight.join(work.run()).await.unwrap(), 1, "good enough for others");
    assert_eq!(flight.recent(age, work.run()).await.unwrap(), 2);
    assert_eq!(flight.peek(), Some(2), "the newer one is kept for all");
}

#[tokio::test]
async fn a_fresh_result_comes_from_work_that_began_later() {
    let (flight, work) = (flight(), Work::behind_a_door());
    let early = ask(&flight, &work, false).await;
    let mut late = Vec::new();
    for _ in 0..10 {
        late.push(ask(&flight, &work, true).await);
    }
    work.open(2);
    assert_eq!(early.await.unwrap().unwrap(), 1);
    for one in late {
        assert_eq!(one.await.unwrap().unwrap(), 2, "those who ask meanwhile share the next run");
    }
    assert_eq!(work.runs(), 2);
    assert_eq!(flight.peek(), Some(2));
}

#[tokio::test]
async fn a_fresh_question_passes_over_a_kept_result() {
    let (flight, work) = (flight(), Work::without_a_door());
    assert_eq!(flight.join(work.run()).await.unwrap(), 1);
    assert_eq!(flight.fresh(work.run()).await.unwrap(), 2);
}

#[tokio::test]
async fn a_run_that_saw_a_write_end_is_not_kept() {
    let (flight, work) = (flight(), Work::behind_a_door());
    let reader = ask(&flight, &work, false).await;
    flight.written(|_| panic!("nothing is kept yet"));
    work.open(1);
    assert_eq!(reader.await.unwrap().unwrap(), 1);
    assert_eq!(flight.peek(), None);
}

#[tokio::test]
async fn who_asks_after_a_write_does_not_join_an_older_run() {
    let (flight, work) = (flight(), Work::behind_a_door());
    let before = ask(&flight, &work, false).await;
    flight.written(|_| ());
    let after = ask(&flight, &work, false).await;
    work.open(2);
    assert_eq!(before.await.unwrap().unwrap(), 1);
    assert_eq!(after.await.unwrap().unwrap(), 2);
    assert_eq!(flight.peek(), Some(2));
}

#[tokio::test]
async fn a_write_changes_what_is_kept() {
    let (flight, work) = (flight(), Work::without_a_door());
    flight.join(work.run()).await.unwrap();
    flight.written(|kept| *kept += 100);
    assert_eq!(flight.join(work.run()).await.unwrap(), 101);
    flight.forget();
    assert_eq!(flight.peek(), None);
}

#[tokio::test]
async fn a_failure_answers_those_who_wait_and_nobody_later() {
    let (flight, work) = (flight(), Work::behind_a_door());
    let failing = tokio::spawn({
        let (flight, work) = (Arc::clone(&flight), Arc::clone(&work));
        async move { flight.join(async { work.run().await.and(Err(error(ErrorKind::Server))) }).await }
    });
    tokio::task::yield_now().await;
    let waiting = ask(&flight, &work, false).await;
    work.open(2);
    assert_eq!(*failing.await.unwrap().unwrap_err().kind(), ErrorKind::Server);
    assert_eq!(*waiting.await.unwrap().unwrap_err().kind(), ErrorKind::Server);
    assert_eq!(flight.join(work.run()).await.unwrap(), 2);
}

#[tokio::test]
async fn that_another_was_told_to_stop_is_no_answer() {
    let (flight, work) = (flight(), Work::behind_a_door());
    let stopped = tokio::spawn({
        let (flight, work) = (Arc::clone(&flight), Arc::clone(&work));
        async move { flight.join(async { work.run().await.and(Err(error(ErrorKind::Cancelled))) }).await }
    });
    tokio::task::yield_now().await;
    let waiting = ask(&flight, &work, false).await;
    work.open(2);
    assert!(stopped.await.unwrap().unwrap_err().is_cancelled());
    assert_eq!(waiting.await.unwrap().unwrap(), 2);
}

#[tokio::test]
async fn a_run_whose_asker_went_away_is_taken_over() {
    let (flight, work) = (flight(), Work::behind_a_door());
    let gone = ask(&flight, &work, false).await;
    let waiting = ask(&flight, &work, false).await;
    gone.abort();
    work.open(1);
    assert_eq!(waiting.await.unwrap().unwrap(), 2);
}
