use pdf::testing::Opened;
use records::Settings;
use testing::both_databases;

use crate::{
    GARETH, HELEN, JOHN,
    world::{attempt, completion, course},
};

both_databases!(a_certificate_says_what_was_completed_and_by_whom, |portal| async move {
    // In summer, shortly before midnight by Greenwich: the day is the employer's.
    portal.set_clock("2026-07-01T23:30:00Z");
    let fire = course(&portal, "427", "fire", "Fire safety: \"the basics\" #1 *", "").await;
    let id = attempt(&portal, HELEN, &fire, 1, "passed").await;
    let done = completion(&portal, HELEN, &fire, id, "passed").await;
    let mut helen = portal.logged_in(HELEN).await;
    let answer = helen.get(&format!("/e-learning/completions/{}/certificate", done.id)).await;
    answer.is(200);
    let header = |name: &str| answer.headers[name].to_str().unwrap();
    assert_eq!(header("content-type"), "application/pdf");
    assert_eq!(
        header("content-disposition"),
        "inline; filename=\"Certificate Fire safety the basics 1 2026-07-02.pdf\""
    );
    assert_eq!(header("cache-control"), "no-store");

    let document = Opened::new(&answer.bytes);
    assert_eq!(document.info("Title"), "Certificate: Fire safety: \"the basics\" #1 *");
    assert_eq!(document.info("Pages"), "1");
    assert!(document.claims_to_be_accessible() && document.has("/Lang(en-GB)"));
    let tree = document.told("pdfinfo", &["-struct"]);
    assert!(tree.contains("H1"), "its title is a heading: {tree}");
    let text = document.text();
    let code = learning::Code::parse(&done.code).unwrap().to_string();
    for told in [
        "Northmoor Hospitals Trust",
        "Helen O'Wsea",
        "has passed the course",
        "Fire safety: \"the basics\" #1 *",
        "2 July 2026",
        "83 %",
        "https://portal.example/verify",
        &code,
    ] {
        assert!(text.replace('’', "'").replace(['“', '”'], "\"").contains(told), "{told}: {text}");
    }
});

both_databases!(a_certificate_is_nobody_elses, |portal| async move {
    let fire = course(&portal, "427", "fire", "Fire safety", "").await;
    let id = attempt(&portal, HELEN, &fire, 1, "completed").await;
    let done = completion(&portal, HELEN, &fire, id, "completed").await;
    let path = format!("/e-learning/completions/{}/certificate", done.id);
    for other in [GARETH, JOHN] {
        portal.logged_in(other).await.get(&path).await.is(404);
    }
    portal.browser().get(&path).await.is(303);
    let mut helen = portal.logged_in(HELEN).await;
    for wrong in ["x", &done.code, &done.attempt.to_string()] {
        helen.get(&format!("/e-learning/completions/{wrong}/certificate")).await.is(404);
    }
    let text = Opened::new(&helen.get(&path).await.bytes).text();
    assert!(text.contains("has completed the course") && !text.contains("Score"), "{text}");
});

both_databases!(anybody_who_holds_one_can_verify_it, |portal| async move {
    let fire = course(&portal, "427", "fire", "Fire safety", "").await;
    let id = attempt(&portal, HELEN, &fire, 1, "passed").await;
    let done = completion(&portal, HELEN, &fire, id, "passed").await;
    // What it says stays, whatever the employer's settings become.
    portal.set("427", |settings: &mut Settings| settings.message = Some("Hello".into())).await;
    let mut stranger = portal.browser();
    let shown = learning::Code::parse(&done.code).unwrap().to_string();
    stranger.get("/verify").await.is(200).has("Type the code that stands at the foot").has_not("Error");
    let typed = shown.to_lowercase().replace('-', "+");
    stranger.get(&format!("/verify?code={typed}&asked=yes")).await.leads_to(&format!("/verify/{shown}"));
    for path in [format!("/verify/{shown}"), format!("/verify/{}", done.code)] {
        let page = stranger.get(&path).await;
        page.is(200)
            .has("This certificate is genuine")
            .has("Helen O'Wsea")
            .has("Fire safety")
            .has("24 November 2026");
        // Name, course and dates only.
        page.has_not("83").has_not("Northmoor").has_not("passed").has_not(HELEN);
        assert_eq!(page.headers["x-robots-tag"], "noindex, nofollow");
        assert!(page.body.contains("name=\"robots\" content=\"noindex\""));
        assert_eq!(page.headers["cache-control"], "no-store");
    }
});

both_databases!(a_wrong_code_is_told_clearly, |portal| async move {
    let mut stranger = portal.browser();
    let unknown = learning::Code::new(&portal.entropy).to_string();
    for code in [unknown.as_str(), "x", "%00", "..%2f..", &"0".repeat(5000)] {
        let page = stranger.get(&format!("/verify/{code}")).await;
        page.is(404).has("There is no certificate with this code").has("Compare it with the paper");
    }
    let page = stranger.get("/verify?code=%3Cscript%3E&asked=yes").await;
    page.is(422).has("Enter the code as it stands on the certificate");
    assert!(page.body.contains("value=\"&#60;script&#62;\""), "what was typed is still there");
    stranger.get("/verify?code=&asked=yes").await.is(422);
});
