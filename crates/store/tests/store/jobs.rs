use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use futures::{FutureExt, future::join_all};
use serde_json::json;
use store::{
    Clock, Db, Entropy, StoreError,
    jobs::{self, Handler, Job, JobError, NewJob, Worker},
    testing,
};

fn clock() -> Clock {
    Clock::standing("2026-11-24T09:00:00Z".parse().unwrap())
}

async fn enqueue(db: &Db, entropy: &Entropy, clock: &Clock, priority: i64, what: &'static str) {
    let (id, run_at) = (entropy.id(clock.now()), clock.now());
    let queued: Result<(), StoreError> = db
        .write(move |tx| {
            async move {
                jobs::enqueue(
                    tx,
                    NewJob { id, kind: "test", payload: &json!({ "what": what }), priority, run_at },
                )
                .await
            }
            .boxed()
        })
        .await;
    queued.unwrap();
}

/// Counts what it has done in the transaction that ends the job.
fn counting(db: &Db, done: &Arc<AtomicU64>) -> Handler {
    let (db, done) = (db.clone(), done.clone());
    Handler::new("test", move |job: Job| {
        let (db, done) = (db.clone(), done.clone());
        async move {
            db.write(move |tx| async move { jobs::finish(tx, &job).await }.boxed()).await?;
            done.fetch_add(1, Ordering::SeqCst);
            Ok(())
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn each_job_is_done_once_by_many_workers() {
    testing::both("once", |db| async move {
        let (clock, entropy, done) = (clock(), Entropy::seeded(1), Arc::new(AtomicU64::new(0)));
        for _ in 0..200 {
            enqueue(&db, &entropy, &clock, 0, "count").await;
        }
        let workers = (0..4).map(|n| {
            Worker::new(db.clone(), clock.clone(), Entropy::seeded(100 + n), vec![counting(&db, &done)])
        });
        let workers: Vec<Worker> = workers.collect();
        for ran in join_all(workers.iter().map(Worker::run_due)).await {
            ran.unwrap();
        }
        assert_eq!(done.load(Ordering::SeqCst), 200);
        assert!(testing::strings(&db, "SELECT kind FROM job").await.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_fails_is_tried_again_and_at_last_given_up() {
    testing::both("given up", |db| async move {
        let (clock, entropy, tries) = (clock(), Entropy::seeded(1), Arc::new(AtomicU64::new(0)));
        enqueue(&db, &entropy, &clock, 0, "fail").await;
        let handler = {
            let tries = tries.clone();
            Handler::new("test", move |_| {
                let tries = tries.clone();
                async move {
                    assert!(tries.fetch_add(1, Ordering::SeqCst) != 1, "the second try panics");
                    Err(JobError::Other("the door is shut".into()))
                }
            })
        };
        let worker = Worker::new(db.clone(), clock.clone(), entropy, vec![handler]);
        worker.run_due().await.unwrap();
        assert_eq!(tries.load(Ordering::SeqCst), 1);
        worker.run_due().await.unwrap();
        assert_eq!(tries.load(Ordering::SeqCst), 1, "not at once");
        clock.advance(2);
        worker.run_due().await.unwrap();
        assert_eq!(tries.load(Ordering::SeqCst), 2);
        for _ in 0..20 {
            clock.advance(3600);
            worker.run_due().await.unwrap();
        }
        assert_eq!(tries.load(Ordering::SeqCst), 12);
        let mut reader = db.read().await.unwrap();
        let dead = jobs::dead(&mut reader.tx()).await.unwrap();
        assert_eq!((dead.len(), dead[0].last_error.as_str()), (1, "the door is shut"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_was_too_slow_undoes_its_work() {
    testing::both("overtaken", |db| async move {
        let (clock, entropy, done) = (clock(), Entropy::seeded(1), Arc::new(AtomicU64::new(0)));
        enqueue(&db, &entropy, &clock, 0, "slow").await;
        // While the first worker is at it, its lease runs out and a second one does the job.
        let second = Worker::new(db.clone(), clock.clone(), Entropy::seeded(2), vec![counting(&db, &done)]);
        let slow = {
            let (db, clock) = (db.clone(), clock.clone());
            Handler::new("test", move |job: Job| {
                let (db, clock, second) = (db.clone(), clock.clone(), second.clone());
                async move {
                    clock.advance(61);
                    second.run_due().await?;
                    let finished =
                        db.write(move |tx| async move { jobs::finish(tx, &job).await }.boxed()).await;
                    assert!(matches!(finished, Err(JobError::Overtaken)), "{finished:?}");
                    finished
                }
            })
        };
        Worker::new(db.clone(), clock.clone(), entropy, vec![slow]).run_due().await.unwrap();
        assert_eq!(done.load(Ordering::SeqCst), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_smaller_number_goes_first_and_an_unknown_kind_waits() {
    testing::both("order", |db| async move {
        let (clock, entropy) = (clock(), Entropy::seeded(1));
        for (priority, what) in [(5, "last"), (0, "first"), (5, "after last"), (1, "second")] {
            enqueue(&db, &entropy, &clock, priority, what).await;
        }
        let order = testing::strings(&db, "SELECT payload FROM job ORDER BY priority, run_at, id").await;
        let expected =
            ["first", "second", "last", "after last"].map(|what| json!({ "what": what }).to_string());
        assert_eq!(order, expected);
        Worker::new(db.clone(), clock, Entropy::seeded(9), Vec::new()).run_due().await.unwrap();
        assert_eq!(
            testing::strings(&db, "SELECT kind FROM job").await.len(),
            4,
            "they wait for a release that knows them"
        );
        assert!(testing::strings(&db, "SELECT last_error FROM job").await[0].contains("knows this kind"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_behind_a_long_job() {
    testing::both("long", |db| async move {
        let (clock, entropy) = (clock(), Entropy::seeded(1));
        let (free, freed) = tokio::sync::watch::channel(false);
        let handler = {
            let db = db.clone();
            Handler::new("test", move |job: Job| {
                let (db, mut freed) = (db.clone(), freed.clone());
                async move {
                    if job.payload["what"] == "long" {
                        freed.wait_for(|freed| *freed).await.unwrap();
                    }
                    db.write(move |tx| async move { jobs::finish(tx, &job).await }.boxed()).await
                }
            })
        };
        enqueue(&db, &entropy, &clock, jobs::LONG, "long").await;
        enqueue(&db, &entropy, &clock, jobs::LONG, "long").await;
        let worker = Worker::new(db.clone(), clock.clone(), Entropy::seeded(2), vec![handler]);
        let (end, mut ended) = tokio::sync::watch::channel(false);
        let stop = async move { drop(ended.wait_for(|ended| *ended).await) };
        let left = || async { testing::strings(&db, "SELECT payload FROM job").await };
        let all_done = async {
            enqueue(&db, &entropy, &clock, 0, "short").await;
            while left().await.iter().any(|payload| payload.contains("short")) {
                tokio::task::yield_now().await;
            }
            assert_eq!(left().await.len(), 2, "the short one is done, the long ones are not");
            free.send_replace(true);
            while !left().await.is_empty() {
                tokio::task::yield_now().await;
            }
            end.send_replace(true);
        };
        tokio::join!(worker.run_until(stop), all_done);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_job_is_dropped_at_the_end_and_taken_up_by_the_next() {
    testing::both("dropped", |db| async move {
        let (clock, entropy) = (clock(), Entropy::seeded(1));
        let (begun, mut has_begun) = tokio::sync::watch::channel(false);
        let endless = Handler::new("test", move |_| {
            begun.send_replace(true);
            std::future::pending()
        });
        enqueue(&db, &entropy, &clock, jobs::LONG, "long").await;
        let worker = Worker::new(db.clone(), clock.clone(), Entropy::seeded(2), vec![endless]);
        worker.run_until(async move { drop(has_begun.wait_for(|begun| *begun).await) }).await;
        let done = Arc::new(AtomicU64::new(0));
        let next = Worker::new(db.clone(), clock.clone(), Entropy::seeded(3), vec![counting(&db, &done)]);
        assert_eq!(next.run_due().await.unwrap(), 0, "its lease still holds");
        clock.advance(61);
        assert_eq!(next.run_due().await.unwrap(), 1);
        assert_eq!(done.load(Ordering::SeqCst), 1);
    })
    .await;
}
