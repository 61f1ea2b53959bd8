use records::Role;
use testing::both_databases;

use crate::{HELEN, JOHN};

const ALL: [(&str, &str); 13] = [
    ("script", "ok"),
    ("frame", "ok"),
    ("commit", "ok"),
    ("bodies", "ok"),
    ("beacon", "ok"),
    ("outbox", "ok"),
    ("storage", "ok"),
    ("dialogs", "ok"),
    ("sound", "ok"),
    ("video", "ok"),
    ("screen", "1280"),
    ("clock", "2"),
    ("speed", "12345"),
];

fn but(name: &'static str, value: &'static str) -> Vec<(&'static str, &'static str)> {
    ALL.into_iter().map(|(one, usual)| (one, if one == name { value } else { usual })).collect()
}

both_databases!(without_script_it_says_what_to_do, |portal| async move {
    let mut helen = portal.logged_in(HELEN).await;
    let page = helen.get("/pc-checker").await;
    page.is(200).has("PC Checker").has("Check this device");
    assert!(page.body.contains("data-check=\"https://check.content.localhost/check/\""), "{}", page.body);
    helen.post("/pc-checker", &[]).await.is(200).has("JavaScript is switched off in this browser");
    helen.get("/pc-checker").await.has_not("Chrome on Linux");
});

both_databases!(what_was_found_is_kept_for_its_person_and_the_service_desk, |portal| async move {
    let mut helen = portal.logged_in(HELEN).await;
    helen.post("/pc-checker", &ALL).await.leads_to("/pc-checker?done=kept");
    let page = helen.get("/pc-checker?done=kept").await;
    page.has("The check is done").has("Chrome on Linux Checked on 24 November 2026 at 09:00");
    page.has("Everything that courses need works here.").has("12.3 megabits a second.");

    // What is not needed by all courses leaves them running, and says what to do all the same.
    for (name, says) in [
        ("outbox", "This browser keeps nothing for the portal"),
        ("storage", "This browser keeps nothing for courses"),
        ("beacon", "wait until it says that it is saved"),
    ] {
        helen.post("/pc-checker", &but(name, "failed")).await.is(303);
        helen.get("/pc-checker").await.has("Courses run here. Some things could be better.").has(says);
    }
    // The newest stands in the place of the one before.
    portal.clock.advance(60);
    helen.post("/pc-checker", &but("bodies", "failed")).await.is(303);
    let page = helen.get("/pc-checker").await;
    page.has("Checked on 24 November 2026 at 09:01").has_not("at 09:00").has("Do the following first.");
    // What there is to do stands first.
    page.has("Do the following first. It arrives whole Something between this device and the portal");
    page.has("a proxy has to let the portal's addresses through as they are. Does not work JavaScript Works");
    assert_eq!(page.body.matches("Checked on").count(), 1);

    let mut desk = portal.with_role("427ADELAC01", Role::Hr).await;
    desk.get("/pc-checker").await.has_not("Checked on");
    portal.grant("427ADELAC01", Role::ServiceDesk).await;
    portal.clock.advance(60);
    desk.log_in_again("427ADELAC01").await;
    let helens = portal.holder(HELEN).await.record.id;
    let page = desk.get(&format!("/service-desk/{helens}")).await;
    page.has("PC Checker Chrome on Linux, 24 November 2026 at 09:01: Does not work: It arrives whole.");
    let johns = portal.holder(JOHN).await.record.id;
    desk.get(&format!("/service-desk/{johns}")).await.is(404);
});

both_databases!(what_no_script_of_ours_wrote_is_refused, |portal| async move {
    let mut helen = portal.logged_in(HELEN).await;
    for (name, value) in [
        ("frame", "<script>"),
        ("frame", "OK"),
        ("screen", "ok"),
        ("screen", "1e3"),
        ("clock", "99999999999999999999999"),
        ("speed", "-10000001"),
    ] {
        helen.post("/pc-checker", &but(name, value)).await.is(400).has("Reload this page and check again");
    }
    helen.get("/pc-checker").await.has_not("Checked on");
    // What could not be tried is told as that.
    helen.post("/pc-checker", &but("speed", "")).await.is(303);
    helen
        .get("/pc-checker")
        .await
        .has("Some things could not be tried.")
        .has("Speed It could not be tried here. Check again, or tell your service desk. Not checked");
});
