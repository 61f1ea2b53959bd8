//! A launch that was closed is told from its numbers, and the end of one is where nothing is missing.

use serde_json::json;
use sqlx::{Connection as _, Executor as _, PgConnection};
use store::testing::strings;
use testing::{Portal, both_databases};

use crate::world::{HELEN, Player, completions, course, open, simple, state, why};

/// How the end of each launch stands: `open`, `come`, or the numbers that are awaited.
async fn ends(portal: &Portal) -> Vec<String> {
    let text = "SELECT COALESCE(final_awaits, CASE WHEN final_at IS NULL THEN 'open' ELSE 'come' END) FROM launch ORDER BY number";
    strings(&portal.db, text).await
}

/// A last commit, which says that these come before it.
async fn ends_with(player: &Player, sequence: i64, after: &[i64]) {
    let mut last = player.body(sequence, state("incomplete", "", "1"));
    last["final"] = json!(true);
    last["after"] = json!(after);
    player.takes(&last).await;
}

both_databases!(a_launch_has_ended_when_nothing_before_its_last_commit_is_missing, |portal| async move {
    let fire = course(&portal, "FIRE", simple()).await;
    let player = open(&portal, HELEN, fire.course).await;
    let says = async |sequence: i64| player.says(sequence, state("incomplete", "", "1")).await;
    assert_eq!(ends(&portal).await, ["open"]);
    says(1_000_001).await;
    // Its own number, one that comes behind it, and none that there can be: nothing waits for those.
    ends_with(&player, 1_000_005, &[1_000_002, 1_000_001, 1_000_004, 1_000_005, 1_000_009, 0, -1]).await;
    assert_eq!(ends(&portal).await, ["[1000002,1000004]"]);
    says(1_000_003).await;
    assert_eq!(ends(&portal).await, ["[1000002,1000004]"]);
    says(1_000_004).await;
    assert_eq!(ends(&portal).await, ["[1000002]"]);
    // The same twice is once.
    ends_with(&player, 1_000_005, &[1_000_002, 1_000_001, 1_000_004, 1_000_005, 1_000_009, 0, -1]).await;
    portal.clock.advance(3);
    says(1_000_002).await;
    assert_eq!(ends(&portal).await, ["come"]);
    // Somebody goes on all the same.
    says(1_000_006).await;
    assert_eq!(ends(&portal).await, ["open"]);
    ends_with(&player, 1_000_008, &[]).await;
    assert_eq!(ends(&portal).await, ["come"]);
    // A last one that comes late ends nothing and opens nothing.
    ends_with(&player, 1_000_007, &[1_000_100]).await;
    assert_eq!(ends(&portal).await, ["come"]);
    // Its page is loaded again: what is done there is awaited, and what the load before says of its end is not the end.
    player.begin().await;
    assert_eq!(ends(&portal).await, ["open"]);
    ends_with(&player, 1_000_009, &[]).await;
    assert_eq!(ends(&portal).await, ["open"]);
    ends_with(&player, 2_000_001, &[2_000_000]).await;
    assert_eq!(ends(&portal).await, ["[2000000]"]);
    player.begin().await;
    assert_eq!(ends(&portal).await, ["open"]);
});

both_databases!(a_launch_of_which_something_is_missing_is_named, |portal| async move {
    let fire = course(&portal, "FIRE", simple()).await;
    let player = open(&portal, HELEN, fire.course).await;
    let missing = player.body(1_000_001, state("completed", "", "1"));
    ends_with(&player, 1_000_002, &[1_000_001]).await;
    let mut browser = portal.logged_in(HELEN).await;
    let mut named = async || {
        portal.clock.advance(120);
        let page = browser.get("/e-learning").await;
        page.is(200).body.contains(&format!("data-launch=\"{}\"", player.launch))
    };
    assert!(named().await);
    // Also when a newer one has ended in order.
    let newer = open(&portal, HELEN, fire.course).await;
    ends_with(&newer, 1_000_001, &[]).await;
    assert!(named().await);
    player.send_left(&missing).await.is(200).has("\"closed\":true").has("\"status\":\"completed\"");
    assert!(!named().await);
    assert_eq!(completions(&portal).await, ["completed - commit"]);
});

both_databases!(a_launch_that_was_closed_gives_no_new_numbers_out, |portal| async move {
    let fire = course(&portal, "FIRE", simple()).await;
    let older = open(&portal, HELEN, fire.course).await;
    older.says(1_000_500, state("incomplete", "", "1")).await;
    older.begin().await;
    portal.clock.advance(60);
    open(&portal, HELEN, fire.course).await;
    portal.clock.advance(60);
    let refused = async |sequence: i64| {
        let mut body = older.body(sequence, state("passed", "90", "9"));
        // Whatever time it claims.
        for at in ["2020-01-01T00:00:00Z", "2026-11-24T09:00:30Z", "2036-01-01T00:00:00Z"] {
            body["at"] = json!(at);
            assert_eq!(older.refuses(&body, 410).await, "closed", "{sequence}");
        }
    };
    let taken = async |sequence: i64| {
        let body = older.body(sequence, state("incomplete", "", "2"));
        older.commit(&body).await.is(200).has("\"closed\":true");
        // Once more it is the same, and told the same.
        older.commit(&body).await.is(200).has("\"closed\":true");
    };
    for sequence in [1_001_501, 1_999_999, 2_001_001, 3_000_001, i64::MAX] {
        refused(sequence).await;
    }
    for sequence in [1_001_500, 1_000_001, 2_001_000, 2_000_001] {
        taken(sequence).await;
    }
    // What came since it was closed takes nothing further.
    for sequence in [1_001_501, 2_001_001] {
        refused(sequence).await;
    }
    assert!(completions(&portal).await.is_empty());
});

/// Waits until so many wait for a row.
async fn until_waiting(address: &str, count: i64) {
    let mut watch = PgConnection::connect(address).await.unwrap();
    let text = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while sqlx::query_scalar::<_, i64>(text).fetch_one(&mut watch).await.unwrap() < count {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_who_has_waited_sees_what_came_meanwhile() {
    let portal = Portal::pg().await;
    let fire = course(&portal, "FIRE", simple()).await;
    let player = open(&portal, HELEN, fire.course).await;
    let address = portal.options.address.clone();
    let mut other = PgConnection::connect(&address).await.unwrap();

    // The last commit, and then the one before it, wait for the same row: it stays the last.
    other.execute("BEGIN; SELECT id FROM attempt FOR UPDATE").await.unwrap();
    let mut last = player.body(1_000_002, state("completed", "", "2"));
    last["final"] = json!(true);
    let mut sent = Vec::new();
    for (body, count) in [(last, 1), (player.body(1_000_001, state("incomplete", "", "1")), 2)] {
        let player = player.clone();
        sent.push(tokio::spawn(async move { player.takes(&body).await }));
        until_waiting(&address, count).await;
    }
    other.execute("COMMIT").await.unwrap();
    for taken in sent {
        assert_eq!(taken.await.unwrap(), "completed");
    }
    assert_eq!(player.stored().await, ["1:1000001 late incomplete", "1:1000002 newest completed"]);
    assert_eq!(ends(&portal).await, ["come"]);

    // One waits while the launch is closed.
    other
        .execute("BEGIN; UPDATE attempt SET launches = launches + 1; UPDATE launch SET closed_at = seen_at")
        .await
        .unwrap();
    let (waits, body) = (player.clone(), player.body(1_002_003, state("passed", "90", "3")));
    let sent = tokio::spawn(async move { waits.commit(&body).await });
    until_waiting(&address, 1).await;
    other.execute("COMMIT").await.unwrap();
    assert_eq!(why(sent.await.unwrap().is(410)), "closed");
}
