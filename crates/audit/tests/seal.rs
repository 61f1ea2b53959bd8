//! Entries are appended with what they tell of, and sealed into one chain, by one process at a time.

#![expect(clippy::unwrap_used, reason = "a test")]

mod common;

use audit::{
    Actor, Head, LARGEST_ENTRY, NewEntry, NotProvable, Origin, SealError, about, append, unsealed, verify,
};
use common::{Trail, at, run};
use futures::FutureExt;
use store::{Db, StoreError, Value, testing::both};
use tokio::sync::oneshot;
use uuid::Uuid;

#[tokio::test]
async fn a_chain_of_several_batches_is_sealed_and_anchored() {
    both("several batches", |db| async move {
        let trail = Trail::new(db);
        trail.sealed(450).await;
        trail.sealed(3).await;
        assert_eq!(trail.sealer.seal_due().await.unwrap(), 0);

        let numbers: Vec<String> =
            trail.anchor_lines().iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
        assert_eq!(numbers, ["200", "400", "450", "453"], "one line for each time the head moved");
        let report = trail.verify().await;
        assert_eq!((report.entries, report.unsealed, report.head.number), (453, 0, 453));
        assert_eq!((report.findings, report.further_findings, report.not_provable), (vec![], 0, vec![]));
        assert!(trail.anchor_lines()[3].starts_with(&format!("453 {} 2026-11-24T14:", report.head.hash)));
        assert_eq!(trail.verify_without_anchor().await.not_provable, [NotProvable::NoAnchor]);
    })
    .await;
}

#[tokio::test]
async fn an_empty_trail_is_in_order() {
    both("empty", |db| async move {
        let trail = Trail::new(db);
        assert_eq!(trail.sealer.seal_due().await.unwrap(), 0);
        assert!(trail.anchor_lines().is_empty(), "the file is made, so that a wrong path shows at once");
        let report = trail.verify().await;
        assert_eq!((report.entries, report.head), (0, Head::BEGINNING));
        assert_eq!((report.findings, report.not_provable), (vec![], vec![]));
    })
    .await;
}

#[tokio::test]
async fn both_databases_give_the_same_hashes() {
    let mut heads = Vec::new();
    for fresh in [store::testing::lite().await, store::testing::pg().await] {
        let trail = Trail::new(fresh.db.clone());
        for (mark, time) in
            ["2026-11-24T14:00:00Z", "2026-11-24T14:00:00.000001Z", "1969-12-31T23:59:59.999999Z"]
                .into_iter()
                .enumerate()
        {
            trail.put(NewEntry { at: at(time), ..trail.entry(mark as u128) }).await;
        }
        for actor in [Actor::Operator, Actor::System, Actor::Stranger] {
            let bare = NewEntry {
                actor,
                about: None,
                employer: None,
                reason: Some("a\0b Nguyễn 李".into()),
                data: serde_json::json!({ "typed": "c\0d", "list": [1, null, 0.5] }),
                origin: Origin::default(),
                ..trail.entry(9)
            };
            trail.put(bare).await;
        }
        trail.sealer.seal_due().await.unwrap();
        let report = trail.verify().await;
        assert_eq!((report.entries, &report.findings), (6, &vec![]));
        heads.push(report.head);
        fresh.db.close().await;
    }
    assert_eq!(heads[0], heads[1]);
}

#[tokio::test]
async fn an_append_is_one_statement_and_waits_for_no_head() {
    both("one statement", |db| async move {
        let trail = Trail::new(db);
        let _ = trail.db.recorded_statements();
        trail.put(trail.entry(1)).await;
        let statements: Vec<_> = trail.db.recorded_statements().into_iter().collect();
        assert!(matches!(statements[..], [(place, 1)] if place.starts_with("audit::sql")), "{statements:?}");
    })
    .await;
}

#[tokio::test]
async fn a_write_that_is_undone_leaves_no_entry() {
    both("undone", |db| async move {
        let trail = Trail::new(db);
        let entry = trail.entry(1);
        let undone: Result<(), StoreError> = trail
            .db
            .write(move |tx| {
                async move {
                    append(tx, entry).await?;
                    Err(StoreError::Busy)
                }
                .boxed()
            })
            .await;
        assert!(matches!(undone, Err(StoreError::Busy)));
        assert_eq!(trail.sealer.seal_due().await.unwrap(), 0);
        let report = trail.verify().await;
        assert_eq!((report.entries, report.unsealed, report.findings), (0, 0, vec![]));
    })
    .await;
}

#[tokio::test]
async fn an_entry_that_is_too_large_is_refused() {
    both("too large", |db| async move {
        let trail = Trail::new(db);
        let large = NewEntry { data: "x".repeat(LARGEST_ENTRY).into(), ..trail.entry(1) };
        let refused = trail.db.write(move |tx| append(tx, large).boxed()).await.unwrap_err();
        assert!(
            refused.to_string().contains("access.unlocked of the trail is larger than 65536 bytes"),
            "{refused}"
        );
        let fits = NewEntry { data: "x".repeat(LARGEST_ENTRY - 1000).into(), ..trail.entry(2) };
        trail.put(fits).await;
        assert_eq!(trail.sealer.seal_due().await.unwrap(), 1);
        assert_eq!(trail.verify().await.findings, []);
    })
    .await;
}

#[tokio::test]
async fn an_entry_that_is_committed_late_is_sealed_late() {
    both("late commit", |db| async move {
        let trail = Trail::new(db);
        let (early, late) = (trail.entry(1), trail.entry(2));
        trail.put(late).await;
        assert_eq!(trail.sealer.seal_due().await.unwrap(), 1);
        trail.put(early).await;
        assert_eq!(trail.sealer.seal_due().await.unwrap(), 1);
        assert_eq!(trail.reasons().await, ["rang, entry 2", "rang, entry 1"]);
        assert_eq!(trail.verify().await.findings, []);
    })
    .await;
}

#[tokio::test]
async fn what_is_not_committed_is_neither_sealed_nor_waited_for() {
    let fresh = store::testing::pg().await;
    let trail = Trail::new(fresh.db.clone());
    let (early, late) = (trail.entry(1), trail.entry(2));
    let (appended, is_appended) = oneshot::channel();
    let (go_on, may_go_on) = oneshot::channel::<()>();
    let db = trail.db.clone();
    let open = tokio::spawn(async move {
        db.write(move |tx| {
            async move {
                append(tx, early).await?;
                appended.send(()).unwrap();
                may_go_on.await.unwrap();
                Ok::<_, StoreError>(())
            }
            .boxed()
        })
        .await
    });
    is_appended.await.unwrap();
    trail.put(late).await;
    assert_eq!(trail.sealer.seal_due().await.unwrap(), 1);
    go_on.send(()).unwrap();
    open.await.unwrap().unwrap();
    assert_eq!(trail.sealer.seal_due().await.unwrap(), 1);
    assert_eq!(trail.reasons().await, ["rang, entry 2", "rang, entry 1"]);
    assert_eq!(trail.verify().await.findings, []);
}

#[tokio::test]
async fn only_the_holder_of_the_lease_seals() {
    both("lease", |db| async move {
        let trail = Trail::new(db);
        let other = trail.other_sealer(Some(trail.anchor()));
        trail.sealed(2).await;
        trail.put(trail.entry(3)).await; // a second later
        assert_eq!(other.seal_due().await.unwrap(), 0);
        assert_eq!(trail.sealer.seal_due().await.unwrap(), 1);
        trail.put(trail.entry(4)).await;
        trail.clock.advance(10); // the holder was killed
        assert_eq!(other.seal_due().await.unwrap(), 1);
        trail.put(trail.entry(5)).await;
        assert_eq!(trail.sealer.seal_due().await.unwrap(), 0);
        assert_eq!(other.seal_due().await.unwrap(), 1);
        let report = trail.verify().await;
        assert_eq!((report.entries, report.findings, report.not_provable), (5, vec![], vec![]));
        assert_eq!(trail.anchor_lines().len(), 4, "a shared file has no line twice");
    })
    .await;
}

#[tokio::test]
async fn another_process_does_not_wait_for_the_holder() {
    let fresh = store::testing::pg().await;
    let trail = Trail::new(fresh.db.clone());
    let other = trail.other_sealer(None);
    trail.sealed(1).await;
    trail.put(trail.entry(2)).await;
    let (taken, is_taken) = oneshot::channel();
    let (go_on, may_go_on) = oneshot::channel::<()>();
    let (db, now) = (trail.db.clone(), trail.clock.now());
    // The holder of the lease is in the middle of its transaction: the lease and the head are locked.
    let open = tokio::spawn(async move {
        db.write(move |tx| {
            async move {
                store::on!(tx, c => sqlx::query("UPDATE lease SET held_until = $1").bind(now.plus_seconds(2)).execute(c).await.map(drop))?;
                store::on!(tx, c => sqlx::query("UPDATE audit_head SET number = number").execute(c).await.map(drop))?;
                taken.send(()).unwrap();
                may_go_on.await.unwrap();
                Ok::<_, StoreError>(())
            }
            .boxed()
        })
        .await
    });
    is_taken.await.unwrap();
    assert_eq!(other.seal_due().await.unwrap(), 0);
    trail.put(trail.entry(3)).await; // nor does an append
    go_on.send(()).unwrap();
    open.await.unwrap().unwrap();
}

/// Sealers that ignore each other's lease, since somebody keeps ending it, while entries are appended.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sealers_at_once_do_not_fork_the_chain() {
    both("no fork", |db| async move {
        let trail = Trail::new(db);
        let anchors = ["one", "two"].map(|name| trail.folder.path().join(name));
        let ended = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let sealers = anchors.clone().map(|anchor| {
            let (sealer, db, ended) = (trail.other_sealer(Some(anchor)), trail.db.clone(), ended.clone());
            tokio::spawn(async move {
                let mut sealed = 0;
                loop {
                    let last = ended.load(std::sync::atomic::Ordering::SeqCst);
                    run(
                        &db,
                        "UPDATE lease SET held_until = $1",
                        vec![Value::At(Some(at("2000-01-01T00:00:00Z")))],
                    )
                    .await;
                    sealed += sealer.seal_due().await.unwrap();
                    let mut reader = db.read().await.unwrap();
                    if last && unsealed(&mut reader.tx()).await.unwrap() == 0 {
                        break sealed;
                    }
                }
            })
        });
        for mark in 0..300 {
            trail.put(trail.entry(mark)).await;
        }
        ended.store(true, std::sync::atomic::Ordering::SeqCst);
        let mut sealed = 0;
        for sealer in sealers {
            sealed += sealer.await.unwrap();
        }
        assert_eq!(sealed, 300);
        for anchor in &anchors {
            let report = verify(&trail.db, Some(anchor)).await.unwrap();
            assert_eq!((report.entries, report.findings), (300, vec![]));
        }
    })
    .await;
}

#[tokio::test]
async fn the_anchor_is_caught_up_after_a_crash() {
    both("crash", |db| async move {
        let trail = Trail::new(db);
        trail.sealed(3).await;
        let before = std::fs::read_to_string(trail.anchor()).unwrap();
        trail.sealed(2).await;
        let after = trail.anchor_lines();
        // The commit was durable, the line was not, or only a piece of it.
        for left in [before.clone(), format!("{before}{}", &after[1][..30])] {
            std::fs::write(trail.anchor(), left).unwrap();
            let report = trail.verify().await;
            assert_eq!(report.findings, []);
            assert!(report.not_provable.contains(&NotProvable::AfterAnchor { anchored: 3, last: 5 }));
            let restarted = trail.other_sealer(Some(trail.anchor()));
            assert_eq!(restarted.seal_due().await.unwrap(), 0, "with nothing to seal");
            assert_eq!(trail.anchor_lines(), after);
        }
        let report = trail.verify().await;
        assert_eq!((report.findings, report.not_provable), (vec![], vec![]));
    })
    .await;
}

#[tokio::test]
async fn an_anchor_file_that_cannot_be_written_does_not_stop_the_sealing() {
    both("no anchor folder", |db| async move {
        let trail = Trail::new(db);
        let path = trail.folder.path().join("none").join("anchor");
        let sealer = trail.other_sealer(Some(path.clone()));
        trail.put(trail.entry(1)).await;
        let error = sealer.seal_due().await.unwrap_err();
        assert!(matches!(&error, SealError::Anchor { path: named, .. } if *named == path), "{error}");
        assert_eq!(trail.verify_without_anchor().await.entries, 1);
        std::fs::create_dir(trail.folder.path().join("none")).unwrap();
        assert_eq!(sealer.seal_due().await.unwrap(), 0);
        assert_eq!(verify(&trail.db, Some(&path)).await.unwrap().not_provable, []);
    })
    .await;
}

#[tokio::test]
async fn the_sealer_says_once_that_the_end_was_cut_off() {
    both("cut off, sealing", |db| async move {
        let trail = Trail::new(db);
        trail.sealed(5).await;
        trail.tamper("DELETE FROM audit_entry WHERE number > 3", vec![]).await;
        trail
            .tamper(
                "UPDATE audit_head SET number = 3, hash = (SELECT hash FROM audit_entry WHERE number = 3)",
                vec![],
            )
            .await;
        trail.put(trail.entry(6)).await;
        let error = trail.sealer.seal_due().await.unwrap_err();
        assert!(matches!(error, SealError::Contradicted { number: 5 }), "{error}");
        assert_eq!(trail.sealer.seal_due().await.unwrap(), 0);
        assert_eq!(trail.verify_without_anchor().await.entries, 4, "it was sealed all the same");
    })
    .await;
}

#[tokio::test]
async fn a_damaged_head_seals_nothing() {
    both("damaged head", |db| async move {
        let trail = Trail::new(db);
        trail.sealed(3).await;
        trail.put(trail.entry(4)).await;
        trail
            .tamper(
                "UPDATE audit_head SET number = 2, hash = (SELECT hash FROM audit_entry WHERE number = 2)",
                vec![],
            )
            .await;
        assert!(matches!(trail.sealer.seal_due().await, Err(SealError::Taken)));
        trail.tamper("DELETE FROM audit_head", vec![]).await;
        assert!(matches!(trail.sealer.seal_due().await, Err(SealError::NoHead)));
        assert_eq!(trail.verify().await.unsealed, 1);
    })
    .await;
}

#[tokio::test]
async fn stopping_seals_what_is_left_and_gives_the_lease_back() {
    both("stopping", |db| async move {
        let trail = Trail::new(db);
        let other = trail.other_sealer(None);
        trail.put(trail.entry(1)).await;
        trail.sealer.run_until(std::future::ready(())).await;
        assert_eq!(trail.verify().await.not_provable, []);
        trail.put(trail.entry(2)).await;
        assert_eq!(other.seal_due().await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_record_s_entries_are_read_newest_first() {
    both("about", |db| async move {
        let trail = Trail::new(db);
        let record = Uuid::from_u128(77);
        for mark in 1..=3 {
            trail.put(NewEntry { about: Some(record), ..trail.entry(mark) }).await;
            trail.put(trail.entry(mark)).await;
        }
        let mut reader = trail.db.read().await.unwrap();
        let found = about(&mut reader.tx(), record, 2).await.unwrap();
        let reasons: Vec<_> = found.iter().map(|entry| entry.reason.clone().unwrap()).collect();
        assert_eq!(reasons, ["rang, entry 3", "rang, entry 2"]);
        assert_eq!((found[0].actor.as_str(), found[0].data.as_str()), ("person", r#"{"mark":"3"}"#));
        assert_eq!(unsealed(&mut reader.tx()).await.unwrap(), 6);
    })
    .await;
}

/// Looking for unsealed entries has to stay cheap on a long trail, and so has the walk along the numbers.
#[tokio::test]
async fn each_index_is_used_for_what_it_is_there_for() {
    const UNSEALED: &str =
        "EXPLAIN QUERY PLAN SELECT id, data FROM audit_entry WHERE number IS NULL ORDER BY at, id LIMIT 200";
    const WALK: &str = "EXPLAIN QUERY PLAN SELECT id, data FROM audit_entry
        WHERE number >= 7 ORDER BY number LIMIT 500 OFFSET 1";
    const ABOUT: &str = "EXPLAIN QUERY PLAN SELECT id, data FROM audit_entry WHERE about = $1 ORDER BY at DESC, id DESC LIMIT 9";
    both("plan", |db| async move {
        for (text, index) in [
            (UNSEALED, "audit_entry_unsealed"),
            (WALK, "audit_entry_by_number"),
            (ABOUT, "audit_entry_about"),
        ] {
            let plan = plan(&db, text).await;
            assert!(plan.contains(index), "{plan}");
            assert!(!plan.contains("ORDER BY") && !plan.contains("Sort"), "{plan}");
        }
    })
    .await;
}

async fn plan(db: &Db, text: &'static str) -> String {
    let id = Uuid::from_u128(7);
    if db.kind() == "sqlite" {
        let mut reader = db.read().await.unwrap();
        let rows: Vec<(i64, i64, i64, String)> = store::on!(reader.tx(), c => {
            let query = sqlx::query_as(text);
            if text.contains("$1") { query.bind(id) } else { query }.fetch_all(c).await
        })
        .unwrap();
        rows.into_iter().map(|row| row.3 + "\n").collect()
    } else {
        let text = text.replace(" QUERY PLAN", "").replace("$1", &format!("'{id}'"));
        let lines: Vec<String> = db
            .write(move |tx| {
                async move {
                    // The table is empty: reading all of it would be cheapest.
                    for method in ["SET LOCAL enable_seqscan = off", "SET LOCAL enable_bitmapscan = off"] {
                        store::on!(tx, c => sqlx::query(method).execute(c).await.map(drop))?;
                    }
                    store::on!(tx, c => sqlx::query_scalar(sqlx::AssertSqlSafe(text.clone())).fetch_all(c).await)
                }
                .boxed()
            })
            .await
            .unwrap();
        lines.join("\n")
    }
}
