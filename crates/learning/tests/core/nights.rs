//! What is done at night: attempts are held against their commits, and what commits held goes when it is old.

use futures::FutureExt;
use store::{StoreError, on, testing::strings};
use testing::{Portal, both_databases};

use crate::world::{AMINA, HELEN, app, completions, course, open, simple, state};

/// The next night.
async fn night(portal: &Portal) {
    portal.clock.advance(24 * 3600);
    learning::keep_up(&app(portal)).await.unwrap();
    learning::keep_up(&app(portal)).await.unwrap();
    portal.settle().await;
}

async fn change(portal: &Portal, texts: &'static [&'static str]) {
    let changed: store::Result<()> = portal
        .db
        .write(move |tx| {
            async move {
                for text in texts {
                    on!(tx, c => sqlx::query(*text).execute(c).await.map(drop))?;
                }
                Ok::<_, StoreError>(())
            }
            .boxed()
        })
        .await;
    changed.unwrap();
}

async fn events(portal: &Portal, event: &str) -> usize {
    let all = strings(&portal.db, "SELECT event FROM audit_entry").await;
    all.iter().filter(|one| *one == event).count()
}

both_databases!(the_nightly_look_finds_what_is_missing, |portal| async move {
    let fire = course(&portal, "FIRE", simple()).await;
    let player = open(&portal, HELEN, fire.course).await;
    portal.clock.advance(100);
    player.says(1_000_001, state("passed", "90", "1")).await;
    let other = open(&portal, AMINA, fire.course).await;
    other.says(1_000_001, state("completed", "", "1")).await;
    let before = completions(&portal).await;
    night(&portal).await;
    assert_eq!(completions(&portal).await, before, "where nothing is missing, nothing is done");
    // As if the row had never been written, and as if the attempt had not been brought up to its commits.
    change(
        &portal,
        &[
            "DELETE FROM completion",
            "UPDATE attempt SET status = 'incomplete', completed_at = NULL WHERE status = 'completed'",
        ],
    )
    .await;
    night(&portal).await;
    let mut repaired = completions(&portal).await;
    repaired.sort();
    assert_eq!(repaired, ["completed - repair", "passed 900000 repair"]);
    let at = strings(&portal.db, "SELECT CAST(completed_at AS TEXT) FROM completion").await;
    assert!(at.iter().all(|at| at.contains("09:01:40")), "{at:?}");
    assert_eq!(events(&portal, "learning.attempt_repaired").await, 2);
    night(&portal).await;
    assert_eq!(completions(&portal).await.len(), 2);
});

both_databases!(where_nothing_is_amiss_nothing_is_written_at_night, |portal| async move {
    let written = async || {
        let before = portal.db.statistics().writes;
        night(&portal).await;
        portal.db.statistics().writes - before
    };
    written().await;
    let usual = written().await;
    for code in ["A", "B", "C", "D"] {
        let held = course(&portal, code, simple()).await;
        for person in [HELEN, AMINA] {
            open(&portal, person, held.course).await.says(1_000_001, state("completed", "", "1")).await;
        }
    }
    // What their imports left is looked for a day later.
    written().await;
    assert_eq!(written().await, usual);
});

both_databases!(one_that_cannot_be_read_is_told_and_the_others_are_mended, |portal| async move {
    let fire = course(&portal, "FIRE", simple()).await;
    let damaged = open(&portal, HELEN, fire.course).await;
    damaged.says(1_000_001, state("completed", "", "1")).await;
    portal.clock.advance(1);
    let sound = open(&portal, AMINA, fire.course).await;
    sound.says(1_000_001, state("completed", "", "1")).await;
    assert!(damaged.attempt < sound.attempt, "it is looked at first");
    change(
        &portal,
        &[
            "DELETE FROM completion",
            "UPDATE launch_commit SET status = 'nonsense' WHERE received_at = (SELECT MIN(received_at) FROM launch_commit)",
        ],
    )
    .await;
    night(&portal).await;
    assert_eq!(completions(&portal).await, ["completed - repair"]);
    let told = "SELECT event FROM audit_entry WHERE event IN ('learning.attempt_damaged', 'learning.attempt_repaired') ORDER BY event";
    assert_eq!(strings(&portal.db, told).await, ["learning.attempt_damaged", "learning.attempt_repaired"]);
    let waiting = strings(&portal.db, "SELECT kind FROM job WHERE kind = 'learning.repair'").await;
    assert!(waiting.is_empty(), "the night's work is done all the same");
});

both_databases!(what_commits_held_goes_after_ninety_days, |portal| async move {
    let fire = course(&portal, "FIRE", simple()).await;
    let player = open(&portal, HELEN, fire.course).await;
    for sequence in 1..=450 {
        portal.clock.advance(1);
        player.says(1_000_000 + sequence, state("incomplete", "", "1")).await;
    }
    portal.clock.advance(89 * 24 * 3600);
    let younger = open(&portal, AMINA, fire.course).await;
    younger.says(1_000_001, state("completed", "", "1")).await;
    let bodies = async || {
        let text = "SELECT CASE WHEN body IS NULL THEN 'gone' ELSE 'there' END FROM launch_commit";
        let all = strings(&portal.db, text).await;
        let there = all.iter().filter(|one| *one == "there").count();
        (there, all.len() - there)
    };
    portal.set_clock("2027-02-22T02:00:00Z");
    night(&portal).await;
    assert_eq!(bodies().await, (1, 450));
    let gone =
        "SELECT CASE WHEN bodies_gone_at IS NULL THEN 'no' ELSE 'yes' END FROM launch ORDER BY created_at";
    assert_eq!(strings(&portal.db, gone).await, ["yes", "no"]);
    // The rows say what they said, and somebody can go on.
    assert_eq!(player.stored().await.len(), 451);
    let again = open(&portal, HELEN, fire.course).await;
    assert_eq!(again.attempt, player.attempt);
    night(&portal).await;
    assert_eq!(bodies().await, (1, 450));
});
