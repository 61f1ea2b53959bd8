//! What is committed is stored once, in order, and answered when it is there.

use scorm::Standard;
use serde_json::{Value, json};
use store::testing::strings;
use testing::both_databases;
use uuid::Uuid;

use crate::world::{
    AMINA, HELEN, ask, completions, contents, course, import, manifest, open, open_in, part, publish, shown,
    simple, state, why,
};

both_databases!(a_commit_is_stored_once_however_often_it_comes, |portal| async move {
    let fire = course(&portal, "FIRE", simple()).await;
    let player = open(&portal, HELEN, fire.course).await;
    let first = player.body(1_000_001, state("incomplete", "", "1"));
    assert_eq!(player.takes(&first).await, "incomplete");
    assert_eq!(player.takes(&first).await, "incomplete");
    assert_eq!(player.stored().await, ["1:1000001 newest incomplete"]);
    // The same number with something else in it is another's, or a fault: nothing is overwritten.
    let other = player.body(1_000_001, state("completed", "", "9"));
    assert_eq!(player.refuses(&other, 409).await, "repeated");
    assert_eq!(player.stored().await, ["1:1000001 newest incomplete"]);
    assert!(completions(&portal).await.is_empty());
});

both_databases!(many_at_once_are_each_stored_once, |portal| async move {
    let fire = course(&portal, "FIRE", simple()).await;
    let player = open(&portal, HELEN, fire.course).await;
    let bodies: Vec<Value> =
        (1..=20).map(|at| player.body(1_000_000 + at, state("incomplete", "", &at.to_string()))).collect();
    // Each twice.
    let sent = bodies.iter().chain(&bodies).map(|body| player.takes(body));
    futures::future::join_all(sent).await;
    assert_eq!(player.stored().await.len(), 20);
    let begun = player.begin().await;
    assert_eq!(begun["states"]["a"]["core"]["lesson_location"], "20", "the newest is what goes on");
});

both_databases!(what_comes_late_counts_and_overwrites_nothing, |portal| async move {
    let fire = course(&portal, "FIRE", simple()).await;
    let player = open(&portal, HELEN, fire.course).await;
    let done = player.body(1_000_001, state("completed", "", "1"));
    portal.clock.advance(10);
    assert_eq!(player.says(1_000_003, state("incomplete", "", "3")).await, "incomplete");
    assert_eq!(player.takes(&done).await, "completed");
    assert_eq!(player.stored().await, ["1:1000001 late completed", "1:1000003 newest incomplete"]);
    assert_eq!(player.begin().await["states"]["a"]["core"]["lesson_location"], "3");
    assert_eq!(completions(&portal).await, ["completed - commit"]);
    // By the person's time, not by that of its arrival.
    let at = strings(&portal.db, "SELECT CAST(completed_at AS TEXT) FROM completion").await;
    assert!(at[0].contains("09:00:00"), "{at:?}");
});

both_databases!(a_newer_launch_goes_on_and_closes_the_older_one, |portal| async move {
    let fire = course(&portal, "FIRE", simple()).await;
    let older = open(&portal, HELEN, fire.course).await;
    older.says(1_000_001, state("incomplete", "", "1")).await;
    portal.clock.advance(60);
    let before = older.body(1_000_002, state("passed", "90", "2"));
    portal.clock.advance(60);
    let newer = open(&portal, HELEN, fire.course).await;
    assert_eq!(newer.attempt, older.attempt);
    for path in ["", "course/a.html"] {
        older.get(path).await.is(410).has("opened again somewhere else");
    }
    older.post("begin", "").await.is(410);
    newer.says(1_000_001, state("incomplete", "", "7")).await;
    // What was done there before still lands, and is told that it is the last of it.
    assert_eq!(older.takes(&before).await, "passed");
    older.commit(&before).await.is(200).has("\"closed\":true");
    newer.commit(&newer.body(1_000_002, state("incomplete", "", "7"))).await.is(200).has_not("closed");
    assert_eq!(newer.begin().await["states"]["a"]["core"]["lesson_location"], "7");
    assert_eq!(completions(&portal).await, ["passed 900000 commit"]);
});

both_databases!(the_persons_time_is_held_between_launch_and_receipt, |portal| async move {
    let fire = course(&portal, "FIRE", simple()).await;
    portal.set_clock("2026-11-24T10:00:00Z");
    let player = open(&portal, HELEN, fire.course).await;
    portal.set_clock("2026-11-25T12:00:00Z");
    for (sequence, at) in [
        (1_000_001, "2026-11-24T09:00:00Z"),
        (1_000_002, "2026-11-24T10:20:30.123456Z"),
        (1_000_003, "2036-01-01T00:00:00Z"),
    ] {
        let mut body = player.body(sequence, state("incomplete", "", "1"));
        body["at"] = json!(at);
        player.takes(&body).await;
    }
    let at = strings(&portal.db, "SELECT CAST(at AS TEXT) FROM launch_commit ORDER BY sequence").await;
    let times: Vec<String> = at.iter().map(|at| at.replace('T', " ").chars().take(19).collect()).collect();
    assert_eq!(times, ["2026-11-24 10:00:00", "2026-11-24 10:20:30", "2026-11-25 12:00:00"]);
});

both_databases!(a_token_commits_for_fourteen_days, |portal| async move {
    let fire = course(&portal, "FIRE", simple()).await;
    let player = open(&portal, HELEN, fire.course).await;
    let done = player.body(1_000_001, state("completed", "", "1"));
    let more = player.body(1_000_002, state("completed", "", "1"));
    // What lay in the outbox for 13 days, in which its session has long ended and its page cannot be opened any more.
    portal.clock.advance(13 * 24 * 3600);
    let answer = player.send_left(&done).await;
    answer.is(200).has("\"status\":\"completed\"");
    for table in ["completion", "attempt"] {
        let text = match table {
            "attempt" => "SELECT CAST(completed_at AS TEXT) FROM attempt",
            _ => "SELECT CAST(completed_at AS TEXT) FROM completion",
        };
        let at = strings(&portal.db, text).await;
        assert!(at[0].contains("2026-11-24") && at[0].contains("09:00:00"), "{table}: {at:?}");
    }
    portal.clock.advance(24 * 3600 - 1);
    assert_eq!(player.takes(&more).await, "completed");
    portal.clock.advance(1);
    let last = player.body(1_000_003, state("passed", "100", "1"));
    assert_eq!(player.refuses(&last, 410).await, "over");
    assert_eq!(why(player.send_left(&last).await.is(410)), "over");
    assert_eq!(player.refuses(&more, 410).await, "over", "nor is one that is there said again");
    assert_eq!(completions(&portal).await, ["completed - commit"]);
});

both_databases!(what_is_no_commit_of_this_launch_is_refused, |portal| async move {
    let fire = course(&portal, "FIRE", simple()).await;
    let player = open(&portal, HELEN, fire.course).await;
    let other = open(&portal, AMINA, fire.course).await;
    let sound = player.body(1_000_001, state("completed", "", "1"));
    let with = |key: &str, value: Value| {
        let mut body = sound.clone();
        body[key] = value;
        body
    };
    for (body, status, why) in [
        (with("item", json!("b")), 400, "unknown"),
        (with("item", json!("org")), 400, "unknown"),
        (with("item", json!("a\0")), 400, "unknown"),
        (with("launch", json!(other.launch)), 404, "unknown"),
        (with("launch", json!("x")), 400, "malformed"),
        (with("sequence", json!(0)), 400, "malformed"),
        (with("sequence", json!(-1)), 400, "malformed"),
        (with("sequence", json!(2_000_000)), 400, "malformed"),
        (with("sequence", json!("1")), 400, "malformed"),
        (with("state", json!([])), 400, "malformed"),
        (with("state", json!("completed")), 400, "malformed"),
        (with("at", json!("now")), 400, "malformed"),
        (with("root", json!([])), 400, "malformed"),
        (with("sequencing", json!("\0")), 400, "malformed"),
        (with("after", json!((1..=101).collect::<Vec<i64>>())), 400, "malformed"),
        (with("after", json!(["1"])), 400, "malformed"),
        (json!([]), 400, "malformed"),
    ] {
        assert_eq!(player.refuses(&body, status).await, why, "{body}");
    }
    assert_eq!(why(player.post("commit", vec![0xff; 10]).await.is(400)), "malformed");
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(why(player.post("commit", deep).await.is(400)), "malformed");
    assert!(player.stored().await.is_empty() && completions(&portal).await.is_empty());
    // The last number of its one load.
    player.takes(&with("sequence", json!(1_999_999))).await;
});

both_databases!(suspend_data_of_64_kib_is_kept_whole_and_10_mb_are_not_read, |portal| async move {
    let fire = course(&portal, "FIRE", simple()).await;
    let player = open(&portal, HELEN, fire.course).await;
    // 64 KiB of letters that take one to four bytes, with all that JSON escapes.
    let data: String =
        "Zauberflöte \"🎺\" \\ \u{7}\u{0}\u{2028}e\u{301}".chars().cycle().take(65_536).collect();
    let mut kept = state("incomplete", "", "1");
    kept["suspend_data"] = json!(data);
    player.says(1_000_001, kept).await;
    assert_eq!(player.begin().await["states"]["a"]["suspend_data"], json!(data));

    let mut large = player.body(1_000_002, state("incomplete", "", "2"));
    large["state"]["suspend_data"] = json!("x".repeat(500 * 1024));
    player.takes(&large).await;
    large["sequence"] = json!(1_000_003);
    large["state"]["suspend_data"] = json!("x".repeat(513 * 1024));
    assert_eq!(player.refuses(&large, 413).await, "too_long");
    assert_eq!(why(player.post("commit", "x".repeat(10 * 1024 * 1024)).await.is(413)), "too_long");
});

both_databases!(floods_are_put_off_and_nothing_else_waits_for_them, |portal| async move {
    let fire = course(&portal, "FIRE", simple()).await;
    let player = open(&portal, HELEN, fire.course).await;
    let other = open(&portal, AMINA, fire.course).await;
    let (mut taken, mut put_off) = (0, 0);
    for sequence in 1..=200 {
        let body = player.body(1_000_000 + sequence, state("incomplete", "", "1"));
        let answer = player.commit(&body).await;
        if answer.status == 200 {
            taken += 1;
        } else {
            assert_eq!(
                (why(answer.is(429)).as_str(), answer.headers["retry-after"].to_str().unwrap()),
                ("too_many", "2")
            );
            put_off += 1;
        }
    }
    assert_eq!((taken, put_off), (59, 141), "sixty at once, of which its page's load was one");
    other.says(1_000_001, state("incomplete", "", "1")).await;
    portal.clock.advance(2);
    player.says(1_000_300, state("completed", "", "1")).await;
});

both_databases!(commits_keep_the_session_awake_and_never_wake_one_that_is_over, |portal| async move {
    let fire = course(&portal, "FIRE", simple()).await;
    let mut browser = portal.logged_in(HELEN).await;
    let session: Uuid = {
        let newest = strings(
            &portal.db,
            if portal.db.kind() == "sqlite" {
                "SELECT LOWER(HEX(id)) FROM session ORDER BY began_at DESC, id DESC LIMIT 1"
            } else {
                "SELECT CAST(id AS TEXT) FROM session ORDER BY began_at DESC, id DESC LIMIT 1"
            },
        );
        newest.await[0].parse().unwrap()
    };
    let player = open_in(&portal, HELEN, fire.course, session).await;
    player.begin().await;
    let mut sequence = 1_000_000;
    for _ in 0..4 {
        portal.clock.advance(10 * 60);
        sequence += 1;
        player.says(sequence, state("incomplete", "", "1")).await;
    }
    browser.get("/portal").await.is(200);
    portal.clock.advance(16 * 60);
    player.says(sequence + 1, state("incomplete", "", "1")).await;
    browser.get("/portal").await.is(303);
    // Where there is no session any more, what is done in the course is kept all the same.
    assert_eq!(player.says(sequence + 2, state("completed", "", "1")).await, "completed");
    assert_eq!(completions(&portal).await, ["completed - commit"]);
});

both_databases!(what_is_done_lands_also_when_its_person_has_logged_out, |portal| async move {
    let fire = course(&portal, "FIRE", simple()).await;
    let mut browser = portal.logged_in(HELEN).await;
    browser.get("/portal").await.is(200);
    let place = browser.post(&format!("/e-learning/courses/{}/start", fire.course), &[]).await;
    let place = place.location().unwrap().to_owned();
    let page = browser.post(&format!("{place}/launch"), &[]).await;
    let player = shown(&portal, &page);
    player.begin().await;
    player.says(1_000_001, state("incomplete", "", "1")).await;
    browser.get("/portal").await.is(200);
    browser.post("/log-out", &[]).await.is(303);
    portal.clock.advance(60);
    assert_eq!(player.says(1_000_002, state("completed", "", "2")).await, "completed");
    player.send_left(&player.body(1_000_003, state("passed", "70", "2"))).await.is(200);
    assert_eq!(completions(&portal).await, ["completed - commit", "passed 700000 commit"]);
    // Nor does it let anybody in again.
    browser.get("/portal").await.is(303);
});

both_databases!(all_states_of_an_attempt_have_eight_mebibytes, |portal| async move {
    let parts = (0..18).map(|n| part(&format!("p{n}"))).collect();
    let fire = course(&portal, "FIRE", manifest(Standard::Scorm12, parts)).await;
    let player = open(&portal, HELEN, fire.course).await;
    let large = |sequence: i64, item: usize, bytes: usize| {
        let mut body = player.body(sequence, json!({ "suspend_data": "x".repeat(bytes) }));
        body["item"] = json!(format!("p{item}"));
        body
    };
    const MOST: usize = 500 * 1024;
    for item in 0..16 {
        portal.clock.advance(1);
        player.takes(&large(1_000_001 + item as i64, item, MOST)).await;
    }
    portal.clock.advance(10);
    assert_eq!(player.refuses(&large(1_000_100, 16, MOST), 413).await, "too_long");
    // It was not stored, so its number is free, and what fits is taken.
    player.takes(&large(1_000_100, 16, 1000)).await;
    // One that is there may be put in another's place.
    player.takes(&large(1_000_101, 0, 1000)).await;
    player.takes(&large(1_000_102, 16, MOST)).await;
    let begun = player.begin().await;
    assert_eq!(begun["states"].as_object().unwrap().len(), 17);
    assert_eq!(begun["states"]["p16"]["suspend_data"].as_str().unwrap().len(), MOST);
});

both_databases!(a_person_is_paced_as_a_launch_is, |portal| async move {
    let mut players = Vec::new();
    for code in ["A", "B", "C"] {
        let held = course(&portal, code, simple()).await;
        players.push(open(&portal, HELEN, held.course).await);
    }
    let mut taken = 0;
    for player in &players {
        for sequence in 1..=60 {
            let body = player.body(1_000_000 + sequence, state("incomplete", "", "1"));
            taken += u32::from(player.commit(&body).await.status == 200);
        }
    }
    assert_eq!(taken, 117, "a hundred and twenty at once, of which three were loads of pages");
    let other = course(&portal, "D", simple()).await;
    open(&portal, AMINA, other.course).await.says(1_000_001, state("completed", "", "1")).await;
    portal.clock.advance(1);
    players[2].says(1_000_100, state("completed", "", "1")).await;
});

both_databases!(a_person_opens_courses_sixty_times_an_hour, |portal| async move {
    let fire = course(&portal, "FIRE", simple()).await;
    let water = course(&portal, "WATER", simple()).await;
    for _ in 0..30 {
        open_in(&portal, HELEN, fire.course, Uuid::nil()).await;
        portal.clock.advance(10);
    }
    for _ in 0..30 {
        open_in(&portal, HELEN, water.course, Uuid::nil()).await;
    }
    let mut browser = portal.logged_in(HELEN).await;
    let place = browser.post(&format!("/e-learning/courses/{}/start", fire.course), &[]).await;
    let place = place.location().unwrap().to_owned();
    let page = browser.post(&format!("{place}/launch"), &[]).await;
    page.is(403).has("You have opened courses very often").has("Try again at 24 November 2026 at 10:01");
    // Nobody else waits for that.
    open_in(&portal, AMINA, fire.course, Uuid::nil()).await;
    portal.clock.set("2026-11-24T10:01:00Z".parse().unwrap());
    let mut browser = portal.logged_in(HELEN).await;
    browser.get("/e-learning").await.is(200);
    browser.post(&format!("{place}/launch"), &[]).await.is(200).has_not("very often");
});

both_databases!(parts_that_say_nothing_are_done_when_they_were_opened, |portal| async move {
    for (standard, code) in [(Standard::Scorm12, "A"), (Standard::Scorm2004, "B")] {
        let mut parts = vec![part("a"), part("b")];
        for part in &mut parts {
            part.launch.as_mut().unwrap().tracked = false;
        }
        let fire = course(&portal, code, manifest(standard, parts)).await;
        let player = open(&portal, HELEN, fire.course).await;
        let said = match standard {
            Standard::Scorm12 => json!({ "core": { "lesson_status": "completed" } }),
            Standard::Scorm2004 => json!({ "completion_status": "completed" }),
        };
        let mut body = player.body(1_000_001, said);
        assert_eq!(player.takes(&body).await, "incomplete");
        body["sequence"] = json!(1_000_002);
        body["item"] = json!("b");
        assert_eq!(player.takes(&body).await, "completed");
        let begun = player.begin().await;
        assert_eq!(begun["root"]["children"][1]["status"]["completion"], "completed");
    }
    assert_eq!(completions(&portal).await, ["completed - commit", "completed - commit"]);
});

both_databases!(nothing_of_anothers_is_reached_by_ones_own_token, |portal| async move {
    let fire = course(&portal, "FIRE", simple()).await;
    let water =
        import(&portal, "WATER", contents(simple(), &[("a.html", b"water"), ("secret.txt", b"s")])).await;
    publish(&portal, water.version).await;
    let mine = open(&portal, HELEN, fire.course).await;
    let also_mine = open(&portal, HELEN, water.course).await;
    let amina = open(&portal, AMINA, fire.course).await;
    amina.says(1_000_001, state("incomplete", "", "hers")).await;
    let before = mine.stored().await;
    // Commits that name another launch: of the same person, of another person.
    for other in [&also_mine, &amina] {
        let body = other.body(1_000_002, state("passed", "100", "9"));
        assert_eq!(mine.refuses(&body, 404).await, "unknown");
        assert_eq!(why(mine.send_left(&body).await.is(404)), "unknown");
    }
    // States: what one begins with is one's own.
    assert_eq!(mine.begin().await["states"], json!({}));
    // Files: of another version, also where it is the same person's; and by the other's name.
    mine.get("course/secret.txt").await.is(404);
    also_mine.get("course/secret.txt").await.is(200);
    for (player, other) in [(&mine, &also_mine), (&also_mine, &amina), (&amina, &mine)] {
        for path in ["", "course/a.html", "course/secret.txt"] {
            ask(&portal, &other.host, &format!("{}{path}", player.path)).await.is(404);
        }
    }
    // A launch that is closed: its token opens nothing any more, and what it says is of its own numbers only.
    let newer = open(&portal, HELEN, fire.course).await;
    for path in ["", "player.js", "course/a.html"] {
        mine.get(path).await.is(410);
    }
    mine.post("begin", "").await.is(410);
    assert_eq!(mine.refuses(&newer.body(1_000_001, state("passed", "100", "9")), 404).await, "unknown");
    assert_eq!(mine.stored().await, before);
    assert!(completions(&portal).await.is_empty());
});

both_databases!(a_commit_takes_six_statements, |portal| async move {
    let fire = course(&portal, "FIRE", manifest(Standard::Scorm2004, vec![part("a"), part("b")])).await;
    let player = open(&portal, HELEN, fire.course).await;
    let said = json!({ "completion_status": "incomplete", "success_status": "unknown" });
    player.says(1_000_001, said.clone()).await;
    let _ = portal.db.recorded_statements();
    let takes = async |body: &Value, seconds: i64| {
        portal.clock.advance(seconds);
        player.takes(body).await;
        portal.db.recorded_statements().into_values().sum::<u64>()
    };
    let mut body = player.body(1_000_002, said);
    // Its row held and read, what is beside it read; commit, item and attempt written.
    assert_eq!(takes(&body, 4).await, 5);
    // The same again: nothing is written.
    assert_eq!(takes(&body, 0).await, 2);
    body["sequence"] = json!(1_000_003);
    body["sequencing"] = json!("{}");
    assert_eq!(takes(&body, 0).await, 6);
    // After a while its launch is looked up anew and seen, and its session kept awake.
    body["sequence"] = json!(1_000_004);
    assert!(takes(&body, 40).await <= 12);
});
