use std::time::Duration;

use futures::{FutureExt, future::join_all};
use store::{Day, Db, Instant, StoreError, Tx, Value, insert_many, later, lease, on, testing};
use uuid::Uuid;

fn now() -> Instant {
    "2026-11-24T09:00:00.5Z".parse().unwrap()
}

/// Any small row will do: a lease is one.
async fn insert(tx: &mut Tx<'_>, name: &str) -> store::Result<()> {
    on!(tx, c => sqlx::query("INSERT INTO lease (name, holder, held_until) VALUES ($1, $2, $3)")
        .bind(name).bind(Uuid::nil()).bind(now()).execute(c).await.map(drop))
}

async fn names(db: &Db) -> Vec<String> {
    testing::strings(db, "SELECT name FROM lease ORDER BY name").await
}

async fn write(db: &Db, name: String) -> store::Result<()> {
    db.write(move |tx| async move { insert(tx, &name).await }.boxed()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_or_a_panic_undoes_its_own_work_only() {
    testing::both("undone", |db| async move {
        let good = (0..40).map(|n| write(&db, format!("good {n:02}")).boxed());
        let failing = (0..10).map(|n| {
            let write = db.write(move |tx| {
                async move {
                    insert(tx, &format!("bad {n}")).await?;
                    Err::<(), _>(StoreError::Damaged("on purpose".into()))
                }
                .boxed()
            });
            async move {
                write
                    .await
                    .err()
                    .filter(|error| matches!(error, StoreError::Damaged(_)))
                    .map(drop)
                    .ok_or(StoreError::Gone)
            }
            .boxed()
        });
        let panicking = (0..3).map(|n| {
            let write = db.write(move |tx| {
                async move {
                    insert(tx, &format!("worse {n}")).await?;
                    if n < 10 {
                        panic!("on purpose");
                    }
                    Ok::<(), StoreError>(())
                }
                .boxed()
            });
            async move {
                write
                    .await
                    .err()
                    .filter(|error| matches!(error, StoreError::Panicked))
                    .map(drop)
                    .ok_or(StoreError::Gone)
            }
            .boxed()
        });
        for answer in join_all(good.chain(failing).chain(panicking)).await {
            answer.unwrap();
        }
        let names = names(&db).await;
        assert_eq!(names.len(), 40);
        assert!(names.iter().all(|name| name.starts_with("good")), "{names:?}");
    })
    .await;
}

async fn insert_later(tx: &mut Tx<'_>, name: &str) -> store::Result<()> {
    later!(tx, "INSERT INTO lease (name, holder, held_until) VALUES ($1, $2, $3)", name, Uuid::nil(), now())
}

#[tokio::test]
async fn what_is_put_off_is_seen_by_the_next_statement_and_kept() {
    testing::both("put off", |db| async move {
        let seen = db.write(|tx| {
            async move {
                insert_later(tx, "a").await?;
                insert_later(tx, "b").await?;
                let seen: Vec<String> = on!(tx, c => sqlx::query_scalar("SELECT name FROM lease ORDER BY name").fetch_all(c).await)?;
                later!(tx, "UPDATE lease SET name = $2 WHERE name = $1", "b", "c")?;
                insert_later(tx, "d").await?;
                Ok::<_, StoreError>(seen)
            }
            .boxed()
        });
        assert_eq!(seen.await.unwrap(), ["a", "b"]);
        assert_eq!(names(&db).await, ["a", "c", "d"]);
        let undone = db.write(|tx| {
            async move {
                insert_later(tx, "e").await?;
                Err::<(), _>(StoreError::Gone)
            }
            .boxed()
        });
        undone.await.unwrap_err();
        assert_eq!(names(&db).await, ["a", "c", "d"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_put_off_and_fails_undoes_its_own_work_only() {
    testing::both("put off and failing", |db| async move {
        write(&db, "taken".into()).await.unwrap();
        // Alone, among others that share the commit, last of them, and where the work makes nothing of the error.
        for round in 0..20 {
            let good = (0..5).map(|n| write(&db, format!("good {round:02} {n}")).map(Some).boxed());
            let bad = (0..5).map(|n| {
                db.write(move |tx| {
                    async move {
                        insert_later(tx, &format!("bad {n}")).await?;
                        insert_later(tx, "taken").await?;
                        if n % 2 == 0 {
                            // On PostgreSQL nothing more is done in such a transaction.
                            insert(tx, "never").await.unwrap_err();
                        }
                        Ok::<(), StoreError>(())
                    }
                    .boxed()
                })
                .map(|answer| answer.err().map(Err))
                .boxed()
            });
            let answers: Vec<_> =
                if round % 2 == 0 { good.chain(bad).collect() } else { bad.chain(good).collect() };
            let answers = join_all(answers).await;
            assert_eq!(
                answers.iter().filter(|answer| matches!(answer, Some(Ok(())))).count(),
                5,
                "{answers:?}"
            );
            assert_eq!(
                answers.iter().filter(|answer| matches!(answer, Some(Err(_)))).count(),
                5,
                "{answers:?}"
            );
        }
        let names = names(&db).await;
        assert_eq!(names.len(), 101);
        assert!(names.iter().all(|name| name.starts_with("good") || name == "taken"), "{names:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_that_wait_share_commits_on_sqlite() {
    let fresh = testing::lite().await;
    let before = fresh.db.statistics();
    let written = join_all((0..640).map(|n| write(&fresh.db, format!("row {n}")))).await;
    assert!(written.iter().all(Result::is_ok));
    let after = fresh.db.statistics();
    assert_eq!(after.writes - before.writes, 640);
    assert!(after.commits - before.commits <= 40, "{} commits", after.commits - before.commits);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_goes_away_cancels_nothing() {
    testing::both("gone", |db| async move {
        let (started, wait) = tokio::sync::oneshot::channel();
        let (go, gone) = tokio::sync::oneshot::channel::<()>();
        let caller = tokio::spawn({
            let db = db.clone();
            async move {
                db.write(move |tx| {
                    async move {
                        insert(tx, "kept").await?;
                        let _ = started.send(());
                        let _ = gone.await;
                        Ok::<(), StoreError>(())
                    }
                    .boxed()
                })
                .await
            }
        });
        wait.await.unwrap();
        caller.abort();
        let _ = caller.await;
        let _ = go.send(());
        // On SQLite whoever comes after is written after; on PostgreSQL the row is waited for.
        write(&db, "later".into()).await.unwrap();
        let seen = async {
            while names(&db).await.len() < 2 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), seen).await.unwrap();
        assert_eq!(names(&db).await, ["kept", "later"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_is_told_apart() {
    testing::both("duplicate", |db| async move {
        write(&db, "one".into()).await.unwrap();
        assert!(write(&db, "one".into()).await.unwrap_err().is_duplicate());
        assert!(!StoreError::Busy.is_duplicate());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_of_sqlite_cannot_write() {
    let fresh = testing::lite().await;
    let mut reader = fresh.db.read().await.unwrap();
    assert!(matches!(insert(&mut reader.tx(), "no").await, Err(StoreError::ReadOnly)));
}

#[tokio::test(flavor = "multi_thread")]
async fn times_come_back_as_they_went_and_sort() {
    testing::both("times", |db| async move {
        let at = now();
        assert!(db.write(move |tx| async move { lease::take(tx, "a", Uuid::nil(), at, at).await }.boxed()).await.unwrap());
        let mut reader = db.read().await.unwrap();
        let mut tx = reader.tx();
        let found: Instant = on!(tx, c => sqlx::query_scalar("SELECT held_until FROM lease WHERE held_until = $1 AND held_until >= $1")
            .bind(at).fetch_one(c).await)
        .unwrap();
        assert_eq!(found, at);
        let latest: Option<Instant> = on!(tx, c => sqlx::query_scalar("SELECT MAX(held_until) FROM lease").fetch_one(c).await).unwrap();
        assert_eq!(latest, Some(at));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_rows_go_in_by_one_statement_or_not_at_all() {
    testing::both("many", |db| async move {
        let rows = |from: usize| -> Vec<Vec<Value>> {
            (from..from + 500)
                .map(|n| {
                    vec![format!("row {n:04}").as_str().into(), Uuid::nil().into(), Value::At(Some(now()))]
                })
                .collect()
        };
        let load = |rows: Vec<Vec<Value>>| {
            let db = db.clone();
            async move {
                let columns: &[&str] = &["name", "holder", "held_until"];
                db.write(move |tx| async move { insert_many(tx, "lease", columns, rows).await }.boxed()).await
            }
        };
        load(rows(0)).await.unwrap();
        load(Vec::new()).await.unwrap();
        assert!(load(rows(499)).await.unwrap_err().is_duplicate());
        assert_eq!(names(&db).await.len(), 500);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_has_one_holder_until_it_runs_out() {
    testing::both("lease", |db| async move {
        let (first, second) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let take = |holder: Uuid, now: Instant| {
            let db = db.clone();
            async move {
                let until = now.plus_seconds(60);
                db.write(move |tx| async move { lease::take(tx, "seal", holder, until, now).await }.boxed())
                    .await
                    .unwrap()
            }
        };
        assert!(
            take(first, now()).await && take(first, now().plus_seconds(10)).await,
            "its holder prolongs it"
        );
        assert!(!take(second, now().plus_seconds(70)).await, "not yet");
        assert!(take(second, now().plus_seconds(71)).await);
        assert!(!take(first, now().plus_seconds(72)).await);
        let release = |holder: Uuid| {
            let db = db.clone();
            async move {
                let released: store::Result<()> =
                    db.write(move |tx| async move { lease::release(tx, "seal", holder).await }.boxed()).await;
                released.unwrap();
            }
        };
        release(first).await;
        assert!(!take(first, now().plus_seconds(73)).await, "only its holder gives it back");
        release(second).await;
        assert!(take(first, now().plus_seconds(74)).await);
    })
    .await;
}

#[test]
fn a_day_that_is_not_in_the_calendar_is_none() {
    assert_eq!(Day::new(2026, 2, 31), None);
    assert_eq!(Day::new(2024, 2, 29).unwrap().plus_days(1), Day::new(2024, 3, 1).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_sqlite_database_is_one_file() {
    let fresh = testing::lite().await;
    write(&fresh.db, "one".into()).await.unwrap();
    let mut reader = fresh.db.read().await.unwrap();
    on!(reader.tx(), c => sqlx::query_scalar::<_, String>("SELECT name FROM lease").fetch_all(c).await)
        .unwrap();
    drop(reader);
    fresh.db.close().await;
    let file = fresh.options.file().unwrap();
    assert!(!std::path::Path::new(&format!("{}-wal", file.display())).exists(), "all of it is in the file");
    assert!(matches!(write(&fresh.db, "two".into()).await, Err(StoreError::Gone)));
}
