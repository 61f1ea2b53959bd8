use testing::{PASSWORD, both_databases};

both_databases!(a_session_ends_when_nothing_happens_and_at_last_in_any_case, |portal| async move {
    let mut browser = portal.logged_in("427HOWSEA01").await;
    browser.get("/portal").await.is(200).has("If you do nothing, you will be logged out at 09:15.");
    portal.clock.advance(14 * 60);
    browser.get("/portal").await.is(200).has("logged out at 09:29");
    portal.clock.advance(15 * 60);
    browser.get("/portal").await.leads_to("/?ended=yes&next=%2Fportal");
    browser.get("/?ended=yes").await.has("You were logged out because nothing had happened for a while.");

    browser.log_in("427HOWSEA01", PASSWORD).await.leads_to("/portal");
    for _ in 0..72 {
        portal.clock.advance(10 * 60);
        if browser.get("/portal").await.status == 303 {
            break;
        }
    }
    browser.get("/portal").await.leads_to("/?ended=yes&next=%2Fportal");
    browser.get("/?ended=yes").await.has("You have been logged out.").has_not("nothing had happened");
});

both_databases!(staying_is_asked_for_by_script, |portal| async move {
    let mut browser = portal.logged_in("427HOWSEA01").await;
    browser.get("/portal").await.is(200);
    portal.clock.advance(13 * 60);
    let answer = browser.post("/session/stay", &[]).await;
    assert_eq!(answer.is(200).body, r#"{"seconds":900}"#);
    portal.clock.advance(16 * 60);
    browser.post("/session/stay", &[]).await.leads_to("/?ended=yes");
});

both_databases!(logging_out_ends_the_session_itself, |portal| async move {
    let mut browser = portal.logged_in("427HOWSEA01").await;
    browser.get("/portal").await.is(200);
    let stolen = browser.clone();
    browser.post("/log-out", &[]).await.leads_to("/logged-out");
    browser.get("/logged-out").await.is(200).has("You are logged out");
    assert!(!browser.cookies.contains_key("__Host-session"));
    stolen.clone().get("/portal").await.is(303);
});

both_databases!(a_session_that_ends_while_its_form_arrives_sends_nothing, |portal| async move {
    // Also where the clock is set back meanwhile.
    for seconds in [1, -1] {
        let mut browser = portal.logged_in("427HOWSEA01").await;
        browser.get("/portal").await.is(200);
        let mut elsewhere = browser.clone();
        let (form, ended) = (format!("csrf={}", browser.a_token().await), portal.clock.clone());
        // The form comes when the session has ended.
        let (asked, is_asked) = futures::channel::oneshot::channel();
        let (go_on, may_go_on) = futures::channel::oneshot::channel::<()>();
        let body = futures::stream::once(async move {
            asked.send(()).unwrap();
            may_go_on.await.unwrap();
            Ok::<_, std::convert::Infallible>(form)
        });
        let end = async {
            is_asked.await.unwrap();
            elsewhere.post("/log-out", &[]).await.leads_to("/logged-out");
            ended.advance(seconds);
            go_on.send(()).unwrap();
        };
        let kind = "application/x-www-form-urlencoded";
        let body = axum::body::Body::from_stream(body);
        let (answer, ()) = futures::join!(browser.post_body("/session/stay", kind, body), end);
        answer.leads_to("/");
    }
});

both_databases!(a_new_log_in_takes_the_place_of_the_old_one, |portal| async move {
    portal.set_password("427GPUGH01").await;
    let mut browser = portal.logged_in("427HOWSEA01").await;
    let before = browser.clone();
    browser.get("/portal").await.has("Helen O'Wsea");
    browser.log_in("427GPUGH01", PASSWORD).await.leads_to("/portal");
    browser.get("/portal").await.has("Gareth Pugh");
    before.clone().get("/portal").await.is(303);
});

both_databases!(what_was_sent_too_late_is_kept_for_the_same_account, |portal| async move {
    portal.set_password("427GPUGH01").await;
    let mut browser = portal.logged_in("427HOWSEA01").await;
    browser.get("/internet-access/reset-password").await.is(200);
    portal.clock.advance(20 * 60);
    let fields = [
        ("present_password", PASSWORD),
        ("new_password", "another long password"),
        ("note", "written with care"),
    ];
    browser.post("/internet-access/reset-password", &fields).await.leads_to("/?ended=kept");
    browser.get("/?ended=kept").await.has("What you were sending is kept for 30 minutes");

    // Not for somebody else who logs in here.
    let mut other = browser.clone();
    other.log_in("427GPUGH01", PASSWORD).await.leads_to("/portal");
    other.get("/kept").await.leads_to("/portal");

    browser.log_in("427HOWSEA01", PASSWORD).await.leads_to("/kept");
    let page = browser.get("/kept").await;
    page.is(200).has("You were logged out before this was sent").has("written with care");
    page.has_not("another long password").has_not(PASSWORD);
    assert!(
        !page.body.contains("another long password")
            && page.body.contains("action=\"/internet-access/reset-password\"")
    );
    // Sent again, it is no longer kept, whatever comes of it.
    let fields = [("kept", "yes"), ("note", "written with care")];
    browser.post("/internet-access/reset-password", &fields).await.is(422);
    browser.get("/kept").await.leads_to("/portal");
});

both_databases!(a_session_that_was_ended_keeps_nothing, |portal| async move {
    let mut browser = portal.logged_in("427HOWSEA01").await;
    browser.get("/portal").await.is(200);
    let mut stolen = browser.clone();
    browser.post("/log-out", &[]).await.leads_to("/logged-out");
    stolen.post("/internet-access/request", &[("note", "planted")]).await.leads_to("/?ended=yes");
    browser.log_in("427HOWSEA01", PASSWORD).await.leads_to("/portal");
    // Nor does one that lapsed long ago, nor a form that nobody would send again.
    portal.clock.advance(16 * 60);
    browser.post("/session/stay", &[]).await.leads_to("/?ended=yes");
    portal.clock.advance(3600);
    browser.post("/internet-access/request", &[("note", "late")]).await.leads_to("/?ended=yes");
});

both_databases!(throwing_away_what_is_kept, |portal| async move {
    let mut browser = portal.logged_in("427HOWSEA01").await;
    browser.get("/portal").await.is(200);
    portal.clock.advance(16 * 60);
    browser.post("/internet-access/request", &[("note", "x")]).await.leads_to("/?ended=kept");
    browser.log_in("427HOWSEA01", PASSWORD).await.leads_to("/kept");
    browser.get("/kept").await.is(200);
    browser.post("/kept/discard", &[]).await.leads_to("/portal");
    browser.get("/kept").await.leads_to("/portal");
});

both_databases!(what_is_kept_goes_after_half_an_hour, |portal| async move {
    let mut browser = portal.logged_in("427HOWSEA01").await;
    browser.get("/internet-access").await.is(200);
    portal.clock.advance(20 * 60);
    browser.post("/internet-access/request", &[("note", "x")]).await.leads_to("/?ended=kept");
    portal.clock.advance(31 * 60);
    browser.log_in("427HOWSEA01", PASSWORD).await.leads_to("/portal");
    assert!(access::sweep(&portal.portal.access).await.unwrap() > 0);
});

both_databases!(a_leaver_is_out_at_the_end_of_the_last_day, |portal| async move {
    let mut browser = portal.logged_in("427HOWSEA01").await;
    portal
        .load("427", "employee_number,first_names,last_name,date_of_birth,email,position,department,location,start_date,leaving_date\n\
                      10001,Helen,O'Wsea,1984-03-14,helen.owsea@nhs.net,Staff Nurse,Ward 7,Main Site,2012-09-03,2026-11-24\n")
        .await;
    portal.set_clock("2026-11-24T23:50:00Z");
    browser.log_in("427HOWSEA01", PASSWORD).await.leads_to("/portal");
    portal.set_clock("2026-11-25T00:00:00Z");
    browser.get("/portal").await.is(303);
    browser.log_in("427HOWSEA01", PASSWORD).await.is(422);
});

both_databases!(confirming_oneself, |portal| async move {
    let mut browser = portal.logged_in("427HOWSEA01").await;
    browser.get("/confirm?return=/my-account").await.is(200).has("Confirm that it is you");
    let before = browser.cookies["__Host-session"].clone();
    browser
        .post("/confirm", &[("password", PASSWORD), ("return", "/my-account")])
        .await
        .leads_to("/my-account");
    assert_ne!(browser.cookies["__Host-session"], before, "the session goes on under a new secret");
    let mut old = browser.clone();
    old.cookies.insert("__Host-session".into(), before);
    old.get("/portal").await.is(303);
    browser.get("/portal").await.is(200);

    for left in (1..5).rev() {
        let page = browser.post("/confirm", &[("password", "wrong"), ("return", "//evil.example")]).await;
        page.is(422).has("This is not your present password");
        if left == 1 {
            page.has("After one more wrong one you will be logged out");
        }
    }
    browser.post("/confirm", &[("password", "wrong")]).await.is(303);
    browser.get("/portal").await.is(303);
});
