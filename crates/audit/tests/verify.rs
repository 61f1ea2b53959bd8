//! `verify` finds what somebody who controls the database has done, and says what it cannot prove.

mod common;

use std::path::Path;

use audit::{Finding, MOST_FINDINGS, NotProvable, VerifyError, verify};
use common::{Trail, at};
use store::{Value, testing::both};
use uuid::Uuid;

/// Sets the head to the last entry, as a careful forger would.
const ADJUST_HEAD: &str = "UPDATE audit_head SET number = (SELECT MAX(number) FROM audit_entry),
    hash = (SELECT hash FROM audit_entry WHERE number = (SELECT MAX(number) FROM audit_entry))";

fn text(text: &str) -> Value {
    Value::from(text)
}

#[tokio::test]
async fn each_changed_field_is_found() {
    both("changed", |db| async move {
        let trail = Trail::new(db);
        trail.sealed(5).await;
        let id = trail.id_of(3).await;
        let other = Value::from(Uuid::from_u128(5));
        let right = at(common::BEGAN).plus_seconds(3);
        let wrong = store::Instant::from_microseconds(right.microseconds() + 1);
        for (sql, was, becomes) in [
            ("UPDATE audit_entry SET at = $1 WHERE number = 3", Value::At(Some(right)), Value::At(Some(wrong))),
            ("UPDATE audit_entry SET actor = $1 WHERE number = 3", text("person"), text("operator")),
            ("UPDATE audit_entry SET actor_staff_record = $1 WHERE number = 3", Uuid::from_u128(3).into(), other.clone()),
            ("UPDATE audit_entry SET actor_role = $1 WHERE number = 3", text("service_desk"), text("hr")),
            ("UPDATE audit_entry SET about = $1 WHERE number = 3", Uuid::from_u128(1003).into(), other.clone()),
            ("UPDATE audit_entry SET employer = $1 WHERE number = 3", Uuid::from_u128(427).into(), Value::Id(None)),
            ("UPDATE audit_entry SET event = $1 WHERE number = 3", text("access.unlocked"), text("access.locked")),
            ("UPDATE audit_entry SET reason = $1 WHERE number = 3", text("rang, entry 3"), text("rang, entry 4")),
            ("UPDATE audit_entry SET data = $1 WHERE number = 3", text(r#"{"mark":"3"}"#), text(r#"{"mark": "3"}"#)),
            ("UPDATE audit_entry SET address = $1 WHERE number = 3", text("192.0.2.7"), text("192.0.2.8")),
            ("UPDATE audit_entry SET request = $1 WHERE number = 3", text("r3"), Value::Text(None)),
            ("UPDATE audit_entry SET id = $1 WHERE number = 3", id.into(), other.clone()),
        ] {
            trail.tamper(sql, vec![becomes]).await;
            let id = trail.id_of(3).await;
            assert_eq!(trail.verify().await.findings, [Finding::Altered { number: 3, id }], "{sql}");
            trail.tamper(sql, vec![was]).await;
            assert_eq!(trail.verify().await.findings, [], "{sql} is what it was");
        }
        // A hash: the entry after it no longer follows either, and the anchor does not know it.
        trail
            .tamper("UPDATE audit_entry SET hash = (SELECT hash FROM audit_entry WHERE number = 1) WHERE number = 5", vec![])
            .await;
        let id = trail.id_of(5).await;
        let findings = [
            Finding::Altered { number: 5, id },
            Finding::Rewritten { number: 5, id: Some(id), line: 1 },
            Finding::HeadDisagrees { head: 5, last: 5 },
        ];
        assert_eq!(trail.verify().await.findings, findings);
    })
    .await;
}

#[tokio::test]
async fn a_field_that_cannot_be_read_is_a_finding() {
    both("unreadable", |db| async move {
        let trail = Trail::new(db);
        trail.sealed(5).await;
        trail.tamper("UPDATE audit_entry SET at = 'infinity' WHERE number = 3", vec![]).await;
        let id = trail.id_of(3).await;
        let report = trail.verify().await;
        assert!(
            matches!(&report.findings[..], [Finding::Unreadable { number: 3, id: Some(named), .. }] if *named == id),
            "{:?}",
            report.findings
        );
        assert_eq!(report.entries, 5);
    })
    .await;
}

#[tokio::test]
async fn a_removed_entry_is_found() {
    both("removed", |db| async move {
        let trail = Trail::new(db);
        trail.sealed(6).await;
        trail.tamper("DELETE FROM audit_entry WHERE number = 3", vec![]).await;
        assert_eq!(trail.verify_without_anchor().await.findings, [Finding::Missing { from: 3, to: 3 }]);
        trail.tamper("DELETE FROM audit_entry WHERE number < 3", vec![]).await;
        assert_eq!(trail.verify_without_anchor().await.findings, [Finding::Missing { from: 1, to: 3 }]);
        // The rest is numbered anew to hide it, the head with it.
        trail.tamper("UPDATE audit_entry SET number = number - 3", vec![]).await;
        trail.tamper(ADJUST_HEAD, vec![]).await;
        let findings = trail.verify_without_anchor().await.findings;
        assert!(matches!(
            findings[..],
            [
                Finding::Altered { number: 1, .. },
                Finding::Altered { number: 2, .. },
                Finding::Altered { number: 3, .. }
            ]
        ));
    })
    .await;
}

#[tokio::test]
async fn a_removed_entry_that_was_anchored_is_named() {
    both("removed, anchored", |db| async move {
        let trail = Trail::new(db);
        trail.sealed(3).await;
        trail.sealed(3).await;
        trail.tamper("DELETE FROM audit_entry WHERE number = 3", vec![]).await;
        let findings = trail.verify().await.findings;
        assert_eq!(
            findings,
            [Finding::Missing { from: 3, to: 3 }, Finding::AnchoredMissing { number: 3, line: 1 }]
        );
    })
    .await;
}

#[tokio::test]
async fn an_inserted_entry_is_found() {
    both("inserted", |db| async move {
        let trail = Trail::new(db);
        trail.sealed(5).await;
        // Between 3 and 4: with a number and hash made up, and the later ones moved up.
        trail.put(trail.entry(99)).await;
        trail.tamper("UPDATE audit_entry SET number = -number - 1 WHERE number > 3", vec![]).await;
        trail.tamper("UPDATE audit_entry SET number = -number WHERE number < 0", vec![]).await;
        trail
            .tamper(
                "UPDATE audit_entry SET number = 4, hash = (SELECT hash FROM audit_entry WHERE number = 1) WHERE number IS NULL",
                vec![],
            )
            .await;
        trail.tamper(ADJUST_HEAD, vec![]).await;
        let findings = trail.verify_without_anchor().await.findings;
        let altered: Vec<i64> = findings
            .iter()
            .map(|finding| match finding {
                Finding::Altered { number, .. } => *number,
                other => panic!("{other}"),
            })
            .collect();
        assert_eq!(altered, [4, 5, 6]);
    })
    .await;
}

#[tokio::test]
async fn an_entry_put_at_the_end_is_found() {
    both("put at the end", |db| async move {
        let trail = Trail::new(db);
        trail.sealed(5).await;
        trail.put(trail.entry(99)).await;
        trail
            .tamper(
                "UPDATE audit_entry SET number = 6, hash = (SELECT hash FROM audit_entry WHERE number = 5) WHERE number IS NULL",
                vec![],
            )
            .await;
        let id = trail.id_of(6).await;
        let report = trail.verify().await;
        assert_eq!(report.findings, [Finding::Altered { number: 6, id }, Finding::HeadDisagrees { head: 5, last: 6 }]);
        assert_eq!(report.not_provable, [NotProvable::AfterAnchor { anchored: 5, last: 6 }]);
    })
    .await;
}

#[tokio::test]
async fn a_number_that_is_there_twice_is_found_whichever_is_read_first() {
    both("duplicate", |db| async move {
        let trail = Trail::new(db);
        trail.sealed(5).await;
        trail.tamper("DROP INDEX audit_entry_by_number", vec![]).await;
        let (real, forged) = (trail.id_of(3).await, Uuid::nil());
        let copies = trail
            .tamper(
                "INSERT INTO audit_entry (id, at, actor, event, data, number, hash)
                 SELECT $1, at, actor, event, data, number, hash FROM audit_entry WHERE number = 3",
                vec![forged.into()],
            )
            .await;
        assert_eq!(copies, 1);
        let report = trail.verify().await;
        assert_eq!(report.entries, 6);
        let forged_second = [Finding::Duplicate { number: 3, id: Some(forged) }];
        let forged_first =
            [Finding::Altered { number: 3, id: forged }, Finding::Duplicate { number: 3, id: Some(real) }];
        assert!(report.findings == forged_second || report.findings == forged_first, "{:?}", report.findings);
    })
    .await;
}

/// Many entries of one number fill more than a page: none is read twice, and the walk goes on behind them.
#[tokio::test]
async fn a_number_that_is_there_many_times_does_not_hold_the_walk_up() {
    both("many duplicates", |db| async move {
        let trail = Trail::new(db);
        trail.sealed(1200).await;
        trail.tamper("DROP INDEX audit_entry_by_number", vec![]).await;
        trail.tamper("UPDATE audit_entry SET number = 2 WHERE number BETWEEN 3 AND 1199", vec![]).await;
        let report = trail.verify().await;
        assert_eq!((report.entries, report.head.number), (1200, 1200));
        let all = report.findings.len() as u64 + report.further_findings;
        // One of the 1198 that are called 2 is the first, the others come on top; the last stands behind a gap.
        assert!(all >= 1198, "{all}");
    })
    .await;
}

#[tokio::test]
async fn an_entry_before_the_beginning_is_found() {
    both("stray", |db| async move {
        let trail = Trail::new(db);
        trail.sealed(2).await;
        trail.put(trail.entry(99)).await;
        trail
            .tamper(
                "UPDATE audit_entry SET number = 0, hash = (SELECT hash FROM audit_entry WHERE number = 1) WHERE number IS NULL",
                vec![],
            )
            .await;
        let id = trail.id_of(0).await;
        assert_eq!(trail.verify().await.findings, [Finding::Stray { number: 0, id: Some(id) }]);
    })
    .await;
}

#[tokio::test]
async fn reordered_entries_are_found() {
    both("reordered", |db| async move {
        let trail = Trail::new(db);
        trail.sealed(5).await;
        for sql in [
            "UPDATE audit_entry SET number = -1 WHERE number = 3",
            "UPDATE audit_entry SET number = 3 WHERE number = 4",
            "UPDATE audit_entry SET number = 4 WHERE number = -1",
        ] {
            trail.tamper(sql, vec![]).await;
        }
        let (three, four) = (trail.id_of(3).await, trail.id_of(4).await);
        let findings = trail.verify().await.findings;
        assert!(
            findings.starts_with(&[
                Finding::Altered { number: 3, id: three },
                Finding::Altered { number: 4, id: four }
            ]),
            "{findings:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn the_recorded_end_is_held_against_the_last_entry() {
    both("head", |db| async move {
        let trail = Trail::new(db);
        trail.sealed(5).await;
        trail.tamper("DELETE FROM audit_entry WHERE number > 3", vec![]).await;
        assert_eq!(
            trail.verify_without_anchor().await.findings,
            [Finding::HeadDisagrees { head: 5, last: 3 }]
        );
        trail.tamper("DELETE FROM audit_head", vec![]).await;
        assert_eq!(trail.verify_without_anchor().await.findings, [Finding::HeadMissing]);
    })
    .await;
}

#[tokio::test]
async fn a_cut_off_end_is_found_with_the_anchor_only() {
    both("cut off", |db| async move {
        let trail = Trail::new(db);
        trail.sealed(3).await;
        trail.sealed(3).await;
        trail.tamper("DELETE FROM audit_entry WHERE number > 4", vec![]).await;
        trail.tamper(ADJUST_HEAD, vec![]).await;
        let blind = trail.verify_without_anchor().await;
        assert_eq!((blind.findings, blind.not_provable), (vec![], vec![NotProvable::NoAnchor]));
        assert_eq!(trail.verify().await.findings, [Finding::CutOff { last: 4, anchored: 6, line: 2 }]);
        // All of it.
        trail.tamper("DELETE FROM audit_entry", vec![]).await;
        trail.tamper("UPDATE audit_head SET number = 0, hash = NULL", vec![]).await;
        assert_eq!(trail.verify_without_anchor().await.findings, []);
        assert_eq!(trail.verify().await.findings, [Finding::CutOff { last: 0, anchored: 6, line: 2 }]);
    })
    .await;
}

#[tokio::test]
async fn a_rewritten_end_is_found_with_the_anchor_only() {
    both("rewritten", |db| async move {
        let trail = Trail::new(db);
        trail.sealed(3).await;
        trail.sealed(3).await;
        // From entry 5 on everything is unsealed, changed and sealed anew: each hash is right.
        trail
            .tamper(
                "UPDATE audit_entry SET reason = 'never rang', number = NULL, hash = NULL WHERE number > 4",
                vec![],
            )
            .await;
        trail.tamper(ADJUST_HEAD, vec![]).await;
        trail.clock.advance(10);
        assert_eq!(trail.other_sealer(None).seal_due().await.unwrap(), 2);
        assert_eq!(trail.verify_without_anchor().await.findings, []);
        let id = trail.id_of(6).await;
        assert_eq!(trail.verify().await.findings, [Finding::Rewritten { number: 6, id: Some(id), line: 2 }]);
    })
    .await;
}

#[tokio::test]
async fn what_is_newer_than_the_anchor_is_not_provable() {
    both("after the anchor", |db| async move {
        let trail = Trail::new(db);
        trail.sealed(3).await;
        let kept = std::fs::read(trail.anchor()).unwrap();
        trail.sealed(3).await;
        std::fs::write(trail.anchor(), kept).unwrap();
        trail.put(trail.entry(7)).await;
        let report = trail.verify().await;
        assert_eq!(report.findings, []);
        assert_eq!(
            report.not_provable,
            [NotProvable::Unsealed { entries: 1 }, NotProvable::AfterAnchor { anchored: 3, last: 6 }]
        );
    })
    .await;
}

#[tokio::test]
async fn the_anchor_file_itself_is_checked() {
    both("anchor file", |db| async move {
        let trail = Trail::new(db);
        for _ in 0..3 {
            trail.sealed(2).await;
        }
        let lines = trail.anchor_lines();
        // Out of order, as a slow process may have written it: no fault.
        std::fs::write(trail.anchor(), format!("{}\n{}\n{}\n", lines[1], lines[0], lines[2])).unwrap();
        assert_eq!(trail.verify().await.findings, []);
        std::fs::write(trail.anchor(), format!("{}\nnonsense\n{}\n", lines[0], lines[2])).unwrap();
        assert_eq!(trail.verify().await.findings, [Finding::MalformedAnchor { line: 2 }]);
        // A line's number is changed; behind its place it is looked up.
        let moved = lines[1].replacen("4 ", "1 ", 1);
        std::fs::write(trail.anchor(), format!("{}\n{moved}\n{}\n", lines[0], lines[2])).unwrap();
        let id = Some(trail.id_of(1).await);
        assert_eq!(trail.verify().await.findings, [Finding::Rewritten { number: 1, id, line: 2 }]);
        // An end without a line's end.
        std::fs::write(trail.anchor(), format!("{}\n{}\n{}", lines[0], lines[1], &lines[2][..20])).unwrap();
        let report = trail.verify().await;
        assert_eq!(report.findings, []);
        assert_eq!(
            report.not_provable,
            [NotProvable::AfterAnchor { anchored: 4, last: 6 }, NotProvable::TornAnchor { line: 3 }]
        );
        let missing = verify(&trail.db, Some(Path::new("/nonexistent/anchor"))).await;
        assert!(matches!(missing, Err(VerifyError::Anchor { .. })));
    })
    .await;
}

#[tokio::test]
async fn findings_beyond_the_first_thousand_are_counted() {
    both("many findings", |db| async move {
        let trail = Trail::new(db);
        let count = MOST_FINDINGS as u128 + 7;
        trail.sealed(count).await;
        assert_eq!(trail.verify().await.findings, [], "over several pages");
        trail.tamper("UPDATE audit_entry SET employer = NULL", vec![]).await;
        let report = trail.verify().await;
        assert_eq!((report.findings.len(), report.further_findings), (MOST_FINDINGS, 7));
    })
    .await;
}

#[test]
fn findings_are_plain_sentences() {
    let id = Uuid::from_u128(1);
    for (finding, words) in [
        (
            Finding::Altered { number: 3, id },
            "Entry 3 (00000000-0000-0000-0000-000000000001) was changed, moved or put in: it does not match its hash.",
        ),
        (
            Finding::Missing { from: 3, to: 3 },
            "Entry 3 is missing, so entry 4 could not be checked against it.",
        ),
        (
            Finding::Missing { from: 3, to: 5 },
            "Entries 3 to 5 are missing, so entry 6 could not be checked against them.",
        ),
        (
            Finding::Duplicate { number: 3, id: None },
            "Entry 3 is there twice: the second (its id cannot be read) was put in, or the first.",
        ),
        (
            Finding::HeadDisagrees { head: 5, last: 3 },
            "The recorded end of the trail is entry 5, but the last entry is 3.",
        ),
        (
            Finding::CutOff { last: 4, anchored: 6, line: 2 },
            "The end was cut off: the last entry is 4, but line 2 of the anchor file knows entry 6.",
        ),
    ] {
        assert_eq!(finding.to_string(), words);
    }
    assert_eq!(
        NotProvable::AfterAnchor { anchored: 3, last: 6 }.to_string(),
        "Entries 4 to 6 are newer than the anchor file, and may have been rewritten by somebody who controls the database."
    );
}

/// The trail grows while it is walked: nothing of that looks like a forgery.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sealing_goes_on_while_the_trail_is_checked() {
    both("while sealing", |db| async move {
        let trail = std::sync::Arc::new(Trail::new(db));
        trail.sealed(1).await;
        let growing = tokio::spawn({
            let trail = trail.clone();
            async move {
                for mark in 0..150 {
                    trail.put(trail.entry(mark)).await;
                    trail.sealer.seal_due().await.unwrap();
                }
            }
        });
        while !growing.is_finished() {
            assert_eq!(trail.verify().await.findings, []);
        }
        growing.await.unwrap();
        assert_eq!(trail.verify().await.entries, 151);
    })
    .await;
}
