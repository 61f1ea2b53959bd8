//! What is done counts: once, upwards only, by what the course says and the manifest decides.

use audit::Origin;
use learning::{
    Code,
    attempts::{self, LaunchError, StartError, Status},
    courses,
};
use scorm::{CompletionThreshold, Item, Standard};
use serde_json::{Value, json};
use store::testing::strings;
use testing::both_databases;
use uuid::Uuid;

use crate::world::{
    AMINA, HELEN, JOHN, app, attempt, completions, contents, course, import, manifest, open, part, permit,
    publish, simple, state,
};

both_databases!(a_course_is_done_once_and_passed_once, |portal| async move {
    let fire = course(&portal, "FIRE", simple()).await;
    let player = open(&portal, HELEN, fire.course).await;
    let mut sequence = 1_000_000;
    for (status, raw, stands) in [
        ("not attempted", "", "not attempted"),
        ("incomplete", "", "incomplete"),
        ("failed", "40", "failed"),
        ("incomplete", "", "failed"),
        ("completed", "70", "completed"),
        ("completed", "90", "completed"),
        ("passed", "80", "passed"),
        ("failed", "10", "passed"),
        ("not attempted", "", "passed"),
        ("passed", "100", "passed"),
    ] {
        portal.clock.advance(5);
        sequence += 1;
        assert_eq!(player.says(sequence, state(status, raw, "1")).await, stands, "{status} {raw}");
    }
    assert_eq!(completions(&portal).await, ["completed 700000 commit", "passed 800000 commit"]);
    let holder = portal.holder(HELEN).await;
    let mut reader = portal.db.read().await.unwrap();
    let held = attempts::completions(&mut reader.tx(), holder.record.id).await.unwrap();
    assert_eq!((held[0].name.as_str(), held[0].title.as_str()), ("Helen O'Wsea", "Fire safety"));
    assert!(Code::parse(&held[0].code).is_some());
    let found = attempts::completion_by_code(&mut reader.tx(), &held[0].code).await.unwrap();
    assert_eq!(found.as_ref(), Some(&held[0]));
    let attempt = attempts::of_person(&mut reader.tx(), holder.record.id).await.unwrap().remove(0);
    assert_eq!((attempt.status, attempt.score, attempt.seconds), (Status::Passed, Some(1_000_000), 50));
    assert_eq!(attempt.completed_at, Some(held[1].completed_at));
    // Nobody else's.
    let others = portal.holder(AMINA).await.record.id;
    assert_eq!(attempts::completion(&mut reader.tx(), others, held[0].id).await.unwrap(), None);
    assert_eq!(attempts::attempt(&mut reader.tx(), others, attempt.id).await.unwrap(), None);
    drop(reader);
    let trail =
        strings(&portal.db, "SELECT event FROM audit_entry WHERE event LIKE 'learning.%' ORDER BY id").await;
    let expected = [
        "learning.course_imported",
        "learning.course_published",
        "learning.attempt_begun",
        "learning.completed",
        "learning.completed",
    ];
    assert_eq!(trail, expected);
});

both_databases!(all_parts_have_to_be_done, |portal| async move {
    let hidden = Item { visible: false, ..part("hidden") };
    let mut shown_only = part("asset");
    shown_only.launch.as_mut().unwrap().tracked = false;
    let folder =
        Item { identifier: "f".into(), visible: true, children: vec![part("b"), hidden], ..Item::default() };
    let parts = manifest(Standard::Scorm12, vec![part("a"), folder, shown_only]);
    let fire = course(&portal, "FIRE", parts).await;
    let player = open(&portal, HELEN, fire.course).await;
    assert_eq!(player.says(1_000_001, state("passed", "80", "1")).await, "incomplete");
    let mut other = player.body(1_000_002, state("completed", "60", "1"));
    other["item"] = json!("b");
    assert_eq!(player.takes(&other).await, "passed");
    assert_eq!(completions(&portal).await, ["passed 700000 commit"]);
});

/// A part of SCORM 2004 by what it says, one after another.
async fn says_2004(portal: &testing::Portal, item: Item, said: &[(Value, &str)]) {
    let fire = course(portal, "FIRE", manifest(Standard::Scorm2004, vec![item])).await;
    let player = open(portal, HELEN, fire.course).await;
    for (sequence, (state, stands)) in (1_000_001..).zip(said) {
        assert_eq!(player.says(sequence, state.clone()).await, *stands, "{state}");
    }
}

both_databases!(scorm_2004_says_it_in_two_ways, |portal| async move {
    let of = |completion: &str, success: &str| json!({ "completion_status": completion, "success_status": success });
    says_2004(
        &portal,
        part("a"),
        &[
            (of("unknown", "unknown"), "not attempted"),
            (of("incomplete", "passed"), "incomplete"),
            (of("completed", "failed"), "failed"),
            (of("completed", "unknown"), "completed"),
            (of("unknown", "passed"), "passed"),
            (json!({ "cmi": of("completed", "failed") }), "passed"),
        ],
    )
    .await;
});

both_databases!(in_2004_progress_and_score_decide_where_the_manifest_says_so, |portal| async move {
    let threshold = CompletionThreshold { completed_by_measure: true, least_progress: 0.9, weight: 1.0 };
    let item = Item { completion_threshold: Some(threshold), scaled_passing: Some(0.8), ..part("a") };
    let of = |progress: &str, scaled: &str| {
        json!({
            "completion_status": "completed", "success_status": "unknown", "progress_measure": progress,
            "score": { "scaled": scaled },
        })
    };
    says_2004(
        &portal,
        item,
        &[(of("0.5", "0.9"), "incomplete"), (of("0.9", "0.79"), "failed"), (of("1", "0.8"), "passed")],
    )
    .await;
    assert_eq!(completions(&portal).await, ["passed 800000 commit"]);
});

both_databases!(in_1_2_the_manifest_decides_what_the_course_leaves_open, |portal| async move {
    let item = Item { mastery_score: Some(80.0), ..part("a") };
    let fire = course(&portal, "FIRE", manifest(Standard::Scorm12, vec![item])).await;
    let player = open(&portal, HELEN, fire.course).await;
    assert_eq!(player.says(1_000_001, state("completed", "79.5", "1")).await, "failed");
    assert_eq!(player.says(1_000_002, state("completed", "", "1")).await, "completed");
    assert_eq!(player.says(1_000_003, state("completed", "80", "1")).await, "passed");
});

both_databases!(rules_of_rollup_decide_by_what_the_player_made_of_them, |portal| async move {
    let rules = json!({ "rollupRules": { "rules": [{ "action": "completed" }] } });
    let mut course_of = manifest(Standard::Scorm2004, vec![part("a"), part("b")]);
    course_of.root.sequencing = Some(rules);
    let fire = course(&portal, "FIRE", course_of).await;
    let player = open(&portal, HELEN, fire.course).await;
    let done = json!({ "completion_status": "completed", "success_status": "passed" });
    let mut said = player.body(1_000_001, done.clone());
    assert_eq!(player.takes(&said).await, "incomplete");
    said["sequence"] = json!(1_000_002);
    said["item"] = json!("b");
    said["root"] = json!({ "completion": "incomplete", "success": "unknown" });
    assert_eq!(
        player.takes(&said).await,
        "incomplete",
        "all parts are done, and the rules say that it is not"
    );
    said["sequence"] = json!(1_000_003);
    said["root"] = json!({ "completion": "completed", "success": "passed", "scaled": 0.75 });
    said["sequencing"] = json!("{\"tree\":1}");
    assert_eq!(player.takes(&said).await, "passed");
    assert_eq!(completions(&portal).await, ["passed 750000 commit"]);
    // What a commit leaves out stays, and what comes late changes none of it.
    said["sequence"] = json!(1_000_005);
    said["sequencing"] = Value::Null;
    player.takes(&said).await;
    said["sequence"] = json!(1_000_004);
    said["sequencing"] = json!("{\"tree\":0}");
    said["item"] = json!("a");
    player.takes(&said).await;
    let begun = player.begin().await;
    assert_eq!(begun["sequencing"], json!("{\"tree\":1}"));
    assert_eq!((&begun["mode"], &begun["start"]), (&json!("review"), &json!("b")));
});

both_databases!(an_attempt_stays_on_its_version, |portal| async move {
    let first = course(&portal, "FIRE", simple()).await;
    let older = open(&portal, HELEN, first.course).await;
    older.says(1_000_001, state("incomplete", "", "1")).await;
    // A newer version has other parts, and none of the older one's.
    let second = import(&portal, "FIRE", contents(manifest(Standard::Scorm12, vec![part("x")]), &[])).await;
    publish(&portal, second.version).await;
    assert_eq!((second.course, second.number), (first.course, 2));
    let again = open(&portal, HELEN, first.course).await;
    assert_eq!((again.attempt, &again.host), (older.attempt, &older.host));
    assert_eq!(again.says(1_000_001, state("completed", "", "1")).await, "completed");
    // What is done is begun anew, on the new version.
    let anew = open(&portal, HELEN, first.course).await;
    assert!(anew.attempt != older.attempt && anew.host != older.host);
    let mut said = anew.body(1_000_001, state("completed", "", "1"));
    assert_eq!(anew.refuses(&said, 400).await, "unknown");
    said["item"] = json!("x");
    anew.takes(&said).await;
    assert_eq!(completions(&portal).await.len(), 2);
    let holder = portal.holder(HELEN).await;
    let ended = attempts::launch(&app(&portal), &holder, older.attempt, Uuid::nil(), "x").await;
    assert!(matches!(ended, Err(LaunchError::Ended)));
});

both_databases!(only_what_is_published_is_begun_and_only_ones_own_is_opened, |portal| async move {
    let app = app(&portal);
    let (helen, john) = (portal.holder(HELEN).await, portal.holder(JOHN).await);
    let fire = import(&portal, "FIRE", contents(simple(), &[])).await;
    let start =
        async |holder, course| attempts::start_or_resume(&app, holder, course, Origin::default()).await;
    assert!(matches!(start(&helen, fire.course).await, Err(StartError::NotFound)));
    publish(&portal, fire.version).await;
    // Two at once begin one.
    let (one, two) = tokio::join!(start(&helen, fire.course), start(&helen, fire.course));
    assert_eq!(one.unwrap(), two.unwrap());
    assert!(matches!(start(&john, fire.course).await, Err(StartError::NotFound)), "another employer's");
    assert!(matches!(start(&helen, Uuid::nil()).await, Err(StartError::NotFound)));
    let hers = attempt(&portal, &helen, fire.course).await;
    let launch = attempts::launch(&app, &portal.holder(AMINA).await, hers, Uuid::nil(), "x").await;
    assert!(matches!(launch, Err(LaunchError::NotFound)));
    // Retired, it is begun by nobody, and she goes on.
    let permit = permit(&portal, HELEN).await;
    courses::retire(&app, &permit, fire.version, Origin::default()).await.unwrap();
    let amina = portal.holder(AMINA).await;
    assert!(matches!(start(&amina, fire.course).await, Err(StartError::NotFound)));
    assert_eq!(start(&helen, fire.course).await.unwrap(), hers);
    attempts::launch(&app, &helen, hers, Uuid::nil(), "x").await.unwrap();
});

both_databases!(time_is_carried_over_where_a_window_was_shut, |portal| async move {
    let fire = course(&portal, "FIRE", simple()).await;
    portal.clock.advance(60);
    let player = open(&portal, HELEN, fire.course).await;
    portal.clock.advance(600);
    player.says(1_000_001, state("incomplete", "", "1")).await;
    let begun = player.begin().await;
    assert_eq!(begun["sequence_from"], 2_000_000);
    assert_eq!(begun["states"]["a"]["core"]["total_time"], "0000:02:05");
    assert_eq!(begun["states"]["a"]["core"]["session_time"], "0000:00:00");
    assert_eq!(
        begun["root"]["children"][0]["status"],
        json!({ "completion": "incomplete", "success": "unknown" })
    );
    assert_eq!(begun["learner"]["name"], "O'Wsea, Helen");
    assert_eq!(begun["portal"], "https://portal.example");
    let holder = portal.holder(HELEN).await;
    let mut reader = portal.db.read().await.unwrap();
    let open = attempts::open_launches(&mut reader.tx(), holder.record.id, portal.clock.now()).await.unwrap();
    assert_eq!((open.len(), open[0].device.as_str()), (1, "Chrome on Windows"));
    drop(reader);
    let mut last = player.body(2_000_001, state("incomplete", "", "1"));
    last["final"] = json!(true);
    player.takes(&last).await;
    let mut reader = portal.db.read().await.unwrap();
    let open = attempts::open_launches(&mut reader.tx(), holder.record.id, portal.clock.now()).await.unwrap();
    assert!(open.is_empty());
});
