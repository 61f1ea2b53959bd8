use testing::both_databases;

use crate::{
    GARETH, HELEN, JOHN,
    world::{attempt, commit, completion, course, launch, retire},
};

both_databases!(somebody_new_is_shown_what_there_is_to_find, |portal| async move {
    let mut helen = portal.logged_in(HELEN).await;
    let page = helen.get("/e-learning").await;
    page.is(200).has("Learner Homepage").has("You are on no course at present");
    page.has("Your employer has published no course here yet").has("Nothing yet.");

    course(&portal, "427", "fire", "Fire safety", "What to do when it burns").await;
    course(&portal, "999", "lifting", "Lifting", "Somebody else's").await;
    let page = helen.get("/e-learning").await;
    page.has("Fire safety (30 minutes) What to do when it burns").has_not("Lifting");
    assert!(page.body.contains("aria-current=\"page\">e-Learning</a>"), "{}", page.body);
});

both_databases!(what_somebody_is_on_and_has_done_is_theirs_alone, |portal| async move {
    let fire = course(&portal, "427", "fire", "Fire safety", "").await;
    let lifting = course(&portal, "427", "lifting", "Moving & handling", "").await;
    let on = attempt(&portal, HELEN, &fire, 1, "incomplete").await;
    let past = attempt(&portal, HELEN, &lifting, 1, "passed").await;
    let first = completion(&portal, HELEN, &lifting, past, "completed").await;
    portal.clock.advance(60);
    let passed = completion(&portal, HELEN, &lifting, past, "passed").await;
    let mut helen = portal.logged_in(HELEN).await;
    let page = helen.get("/e-learning").await;
    page.has("What I am on Fire safety Begun Last opened on 24 November 2026 at 09:00. 12 minutes so far. Resume Fire safety");
    // What was completed and then passed stands there once, as passed.
    page.has("What I have done Moving & handling Passed 24 November 2026. Score 83 %. 12 minutes. Certificate (PDF)");
    assert!(page.body.contains(&format!("/e-learning/attempts/{on}")));
    assert!(page.body.contains(&passed.id.to_string()) && !page.body.contains(&first.id.to_string()));
    for other in [GARETH, JOHN] {
        let page = portal.logged_in(other).await.get("/e-learning").await;
        page.has("You are on no course at present").has("Nothing yet.");
    }
});

both_databases!(a_launch_whose_end_has_not_come_is_named, |portal| async move {
    let fire = course(&portal, "427", "fire", "Fire safety", "").await;
    let id = attempt(&portal, HELEN, &fire, 1, "incomplete").await;
    // Made, and its page never opened: nothing can be missing.
    launch(&portal, id, 1, (0, false)).await;
    let opened = launch(&portal, id, 2, (1, false)).await;
    let path = "/e-learning";
    let mut helen = portal.logged_in(HELEN).await;
    helen.get(path).await.has_not("Not all of this is saved yet");

    portal.clock.advance(120);
    let page = helen.get(path).await;
    page.has("Not all of this is saved yet Fire safety Opened on 24 November 2026 at 09:00, on Edge on Windows. Nothing of it has arrived.");
    page.has("open this portal on that same device and browser before 8 December 2026");
    assert_eq!(page.body.matches("data-launch=").count(), 1);
    assert!(page.body.contains(&format!("data-launch=\"{opened}\"")));
    commit(&portal, opened, portal.clock.now()).await;
    helen.get(path).await.has("The last that arrived is of 24 November 2026 at 09:02.");

    // It was gone on with elsewhere, and left there in order: what was done here before may be missing all the same.
    launch(&portal, id, 3, (1, true)).await;
    let page = helen.get(path).await;
    page.has("Not all of this is saved yet");
    assert_eq!(page.body.matches("data-launch=").count(), 1);
    assert!(page.body.contains(&format!("data-launch=\"{opened}\"")));
});

both_databases!(what_can_come_no_more_is_not_asked_for, |portal| async move {
    let fire = course(&portal, "427", "fire", "Fire safety", "").await;
    let lifting = course(&portal, "427", "lifting", "Lifting", "").await;
    let passed = attempt(&portal, HELEN, &fire, 1, "passed").await;
    launch(&portal, passed, 1, (1, false)).await;
    let old = attempt(&portal, HELEN, &lifting, 1, "incomplete").await;
    launch(&portal, old, 1, (1, false)).await;
    let mut helen = portal.logged_in(HELEN).await;
    portal.clock.advance(600);
    let page = helen.get("/e-learning").await;
    page.has("Not all of this is saved yet Lifting");
    assert_eq!(page.body.matches("data-launch=").count(), 1, "what was passed cannot become more");
    portal.clock.advance(14 * 24 * 3600);
    portal.logged_in(HELEN).await.get("/e-learning").await.has_not("Not all of this is saved yet");
});

both_databases!(courses_are_found_by_words_and_read_in_parts, |portal| async move {
    for n in 0..25 {
        course(&portal, "427", &format!("c{n:02}"), &format!("Course {n:02}"), "About 100% of it").await;
    }
    let gone = course(&portal, "427", "gone", "Course that is gone", "").await;
    retire(&portal, &gone).await;
    course(&portal, "427", "fire", "FIRE safety", "What to do when it burns").await;
    let mut helen = portal.logged_in(HELEN).await;
    let page = helen.get("/e-learning").await;
    page.has("Course 00").has("Course 19").has_not("Course 20").has_not("is gone");
    let more = page.between("<a href=\"/e-learning?q=&#38;after=", "\"").to_owned();
    let page = helen.get(&format!("/e-learning?q=&after={}", more.trim_end_matches("#find"))).await;
    page.has("Course 20").has("FIRE safety").has_not("Course 19").has("All courses");

    for (typed, found) in [
        ("fire", true),
        ("  BURNS safety ", true),
        ("fire lifting", false),
        ("c0", false),
        ("_", false),
        ("%25", false),
    ] {
        let page = helen.get(&format!("/e-learning?q={}", typed.replace(' ', "+"))).await;
        let body = page.is(200).text();
        assert_eq!(body.contains("FIRE safety"), found, "{typed}: {body}");
    }
    helen.get("/e-learning?q=100%25").await.has("Course 00");
    helen.get("/e-learning?q=nothing").await.has("No course fits").has("see all courses");
    let page = helen.get("/e-learning?q=%22%3E%3Cscript%3E").await;
    assert!(!page.body.contains("\"><script>"));
    let long = "x".repeat(101);
    helen.get(&format!("/e-learning?q={long}")).await.is(422).has("Enter at most 100 letters");
    // Places that no page of ours names.
    let query = "after=x&before=x.y&q=";
    helen.get(&format!("/e-learning?{query}")).await.is(200).has("Course 00");
    for path in [
        "/e-learning?after=00000000-0000-0000-0000-000000000000",
        "/e-learning?before=9223372036854775807.00000000-0000-0000-0000-000000000000",
    ] {
        helen.get(path).await.is(200);
    }
});

both_databases!(what_was_done_is_read_in_parts, |portal| async move {
    let fire = course(&portal, "427", "fire", "Fire safety", "").await;
    for number in 1..=25 {
        let id = attempt(&portal, HELEN, &fire, number, "completed").await;
        completion(&portal, HELEN, &fire, id, "completed").await;
        portal.clock.advance(24 * 3600);
    }
    let mut helen = portal.logged_in(HELEN).await;
    let page = helen.get("/e-learning").await;
    page.has("18 December 2026.").has("29 November 2026.").has_not("28 November 2026.");
    let earlier = page.between("<a href=\"/e-learning?before=", "\"").to_owned();
    let page = helen.get(&format!("/e-learning?before={}", earlier.trim_end_matches("#done"))).await;
    page.has("28 November 2026.").has("24 November 2026.").has_not("29 November 2026.").has("The newest");
});

both_databases!(the_page_takes_six_statements_at_most, |portal| async move {
    let fire = course(&portal, "427", "fire", "Fire safety", "").await;
    let id = attempt(&portal, HELEN, &fire, 1, "incomplete").await;
    launch(&portal, id, 1, (1, false)).await;
    let past = attempt(&portal, HELEN, &fire, 2, "completed").await;
    completion(&portal, HELEN, &fire, past, "completed").await;
    let mut helen = portal.logged_in(HELEN).await;
    helen.get("/e-learning").await.is(200);
    portal.clock.advance(120);
    let _ = portal.db.recorded_statements();
    helen.get("/e-learning?q=fire").await.has("Not all of this is saved yet");
    let statements = portal.db.recorded_statements();
    assert!(statements.values().sum::<u64>() <= 6, "{statements:?}");
});
