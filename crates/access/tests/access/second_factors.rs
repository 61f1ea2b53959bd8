//! Who is asked for more than a password, where, and what a password alone reaches until then.

use http::Method;
use records::SecondFactor::{Off, Offered, Required};
use testing::{Answer, Browser, PASSWORD, Portal, both_databases};
use web::Audience;

use crate::ways::{
    App, DAY, GARETH, HELEN, HELENS_MAIL, IN_MY_ACCOUNT, ON_THE_WAY, field, give_next, grant_hr, halfway, id,
    nowhere_in_clear, phone, policies, policy, set_up_app, subjects, times, trail, verify, with_app,
};

const LATER: &str = "/second-factor/set-up/later";
const NO_FACTOR: &str = "You need a second factor to log in from here";

both_databases!(the_policy_says_who_gives_one_outside, |portal| async move {
    with_app(&portal, HELEN).await;
    portal.set_password(GARETH).await;
    for (second_factor, has_one, has_none) in [
        (Off, "/portal", "/portal"),
        (Offered, "/second-factor", "/portal"),
        (Required, "/second-factor", ON_THE_WAY),
    ] {
        policy(&portal, second_factor).await;
        portal.browser().log_in(HELEN, PASSWORD).await.leads_to(has_one);
        portal.browser().log_in(GARETH, PASSWORD).await.leads_to(has_none);
        for username in [HELEN, GARETH] {
            portal.inside().log_in(username, PASSWORD).await.leads_to("/portal");
        }
    }
    // Where it is off, nothing is offered to whoever has none; whoever has one still takes it off.
    policy(&portal, Off).await;
    for (username, shown) in [(HELEN, true), (GARETH, false)] {
        let mut browser = portal.inside();
        browser.log_in(username, PASSWORD).await;
        let page = browser.get("/my-account").await;
        assert_eq!(page.is(200).text().contains("Set up an authenticator app"), shown, "{username}");
    }
    // Another employer's policy is its own.
    portal.set_password("999JSMITH01").await;
    policy(&portal, Required).await;
    portal.browser().log_in("999JSMITH01", PASSWORD).await.leads_to("/portal");
});

both_databases!(required_can_be_put_off_for_the_days_of_grace, |portal| async move {
    policy(&portal, Required).await;
    portal.set_password(HELEN).await;
    portal.clock.advance(2 * 3600);
    let mut browser = portal.browser();
    browser.log_in(HELEN, PASSWORD).await.leads_to(ON_THE_WAY);
    let page = browser.get(ON_THE_WAY).await;
    page.is(200).has("You can put it off until 8 December 2026 at 11:00.").has("Not now");
    page.has("Set up a passkey").has("Set up an authenticator app").has("Help to log in");
    browser.post(LATER, &[]).await.leads_to("/portal");
    browser.get("/portal").await.is(200).has("This is your first log-in");

    // The days are counted from that first log-in.
    portal.clock.advance(7 * DAY);
    let mut browser = portal.browser();
    browser.log_in(HELEN, PASSWORD).await.leads_to(ON_THE_WAY);
    browser.get(ON_THE_WAY).await.has("You can put it off until 8 December 2026 at 11:00.");
    browser.post(LATER, &[]).await.leads_to("/portal");
    browser.get("/portal").await.has("You last logged in on 24 November 2026 at 11:00");

    portal.set_clock("2026-12-08T10:59:59Z");
    let mut open = portal.browser();
    open.log_in(HELEN, PASSWORD).await.leads_to(ON_THE_WAY);
    open.get(ON_THE_WAY).await.has("Not now");
    portal.clock.advance(1);
    // It is over for whoever has that page open, too.
    open.post(LATER, &[]).await.leads_to(ON_THE_WAY);
    open.get("/second-factor/set-up/authenticator").await.leads_to(ON_THE_WAY);
    open.get("/second-factor/set-up/passkey").await.leads_to(ON_THE_WAY);
    open.get(ON_THE_WAY).await.is(403).has(NO_FACTOR);

    let mut late = portal.browser();
    let page = late.log_in(HELEN, PASSWORD).await;
    page.is(403)
        .has(NO_FACTOR)
        .has("Northmoor Hospitals Trust")
        .has("01632 960427")
        .has("Set one up at work");
    assert!(!late.cookies.contains_key("__Host-session"), "nobody is in");
    late.log_in(HELEN, "wrong").await.is(422).has_not("second factor");
    let (event, data) = trail(&portal, HELEN).await.swap_remove(1);
    assert_eq!((event.as_str(), data["outcome"].as_str()), ("access.log_in_refused", Some("no_factor")));

    // Inside nothing is asked for, and there one is set up.
    let mut inside = portal.inside();
    inside.log_in(HELEN, PASSWORD).await.leads_to("/portal");
    let App { phone, codes } = set_up_app(&portal, &mut inside, IN_MY_ACCOUNT).await;
    assert_eq!(codes.len(), 10);
    let mut outside = halfway(&portal, HELEN).await;
    give_next(&portal, &mut outside, "/second-factor", &phone).await.leads_to("/portal");
    outside.get("/portal").await.is(200);
});

both_databases!(the_mail_of_the_first_password_is_enough_once, |portal| async move {
    policies(&portal, |policies| (policies.second_factor, policies.second_factor_grace_days) = (Required, 0))
        .await;
    portal.set_password(GARETH).await;
    portal.clock.advance(3600);
    portal.browser().log_in(GARETH, PASSWORD).await.is(403).has(NO_FACTOR);
    // A later link is not the first one.
    portal.set_password(GARETH).await;
    portal.browser().log_in(GARETH, PASSWORD).await.is(403);

    portal.set_password(HELEN).await;
    portal.clock.advance(3599);
    let mut browser = portal.browser();
    browser.log_in(HELEN, PASSWORD).await.leads_to(ON_THE_WAY);
    browser.get(ON_THE_WAY).await.is(200).has("Before you go on").has_not("Not now").has_not("put it off");
    browser.post(LATER, &[]).await.leads_to(ON_THE_WAY);
    let App { phone, codes } = set_up_app(&portal, &mut browser, ON_THE_WAY).await;
    assert_eq!(codes.len(), 10);
    browser.get("/portal").await.is(200).has("This is your first log-in");
    portal.settle().await;
    assert!(subjects(&portal, HELENS_MAIL)[..2].iter().any(|subject| subject.contains("second factors")));

    let page = browser.get("/my-account").await;
    let remove = format!("{IN_MY_ACCOUNT}/{}/remove", id(&page, "/second-factors", "/remove"));
    browser.post(&remove, &[]).await.leads_to("/my-account?done=factor-removed");
    // From outside, never again by that, and by no other mail.
    portal.browser().log_in(HELEN, PASSWORD).await.is(403).has(NO_FACTOR);
    portal.clock.advance(60);
    portal.set_password(HELEN).await;
    portal.browser().log_in(HELEN, PASSWORD).await.is(403).has(NO_FACTOR);
    let mut inside = portal.inside();
    inside.log_in(HELEN, PASSWORD).await.leads_to("/portal");
    portal.clock.advance(60);
    assert_ne!(set_up_app(&portal, &mut inside, IN_MY_ACCOUNT).await.phone.secret(), phone.secret());
});

both_databases!(whoever_holds_a_role_needs_one_before_the_first_page, |portal| async move {
    policies(&portal, |policies| (policies.second_factor, policies.remember_device_days) = (Off, 30)).await;
    portal.set_password(GARETH).await;
    grant_hr(&portal, GARETH).await;
    for mut browser in [portal.browser(), portal.inside()] {
        browser.log_in(GARETH, PASSWORD).await.leads_to(ON_THE_WAY);
        browser.get(ON_THE_WAY).await.is(200).has("Before you go on").has_not("Not now");
        browser.post(LATER, &[]).await.leads_to(ON_THE_WAY);
        browser.get("/portal").await.leads_to(ON_THE_WAY);
    }
    let mut inside = portal.inside();
    inside.log_in(GARETH, PASSWORD).await.leads_to(ON_THE_WAY);
    let app = set_up_app(&portal, &mut inside, ON_THE_WAY).await;
    inside.get("/portal").await.is(200);
    // Always, and nowhere remembered, whatever is sent.
    for mut browser in [portal.browser(), portal.inside()] {
        for _ in 0..2 {
            portal.clock.advance(30);
            browser.log_in(GARETH, PASSWORD).await.leads_to("/second-factor");
            browser.get("/second-factor").await.is(200).has_not("do not ask here again");
            let code = app.phone.code(portal.clock.now());
            let answer = browser.post("/second-factor", &[("code", &code), ("remember", "yes")]).await;
            answer.leads_to("/portal");
        }
    }
});

both_databases!(a_role_given_to_somebody_who_is_in_counts_at_once, |portal| async move {
    let mut gareth = portal.logged_in(GARETH).await;
    let (mut helen, app) = with_app(&portal, HELEN).await;
    let mut ward = portal.inside();
    ward.log_in(HELEN, PASSWORD).await.leads_to("/portal");
    gareth.get("/portal").await.is(200);
    grant_hr(&portal, GARETH).await;
    grant_hr(&portal, HELEN).await;

    gareth.get("/portal").await.leads_to(ON_THE_WAY);
    gareth.get("/my-account").await.leads_to(ON_THE_WAY);
    gareth.get(ON_THE_WAY).await.is(200).has_not("Not now");
    gareth.post(LATER, &[]).await.leads_to(ON_THE_WAY);
    set_up_app(&portal, &mut gareth, ON_THE_WAY).await;
    gareth.get("/portal").await.is(200);

    for browser in [&mut ward, &mut helen] {
        browser.get("/portal").await.leads_to("/second-factor");
        give_next(&portal, browser, "/second-factor", &app.phone).await.leads_to("/portal");
        browser.get("/portal").await.is(200);
    }
});

both_databases!(a_role_without_one_stays_outside_when_it_is_too_late, |portal| async move {
    policies(&portal, |policies| policies.second_factor_grace_days = 0).await;
    portal.set_password(GARETH).await;
    portal.clock.advance(2 * 3600);
    let mut outside = portal.browser();
    outside.log_in(GARETH, PASSWORD).await.leads_to("/portal");
    outside.get("/portal").await.is(200);
    grant_hr(&portal, GARETH).await;
    outside.get("/portal").await.leads_to(ON_THE_WAY);
    outside.get(ON_THE_WAY).await.is(403).has(NO_FACTOR);
    outside.get("/second-factor/set-up/authenticator").await.leads_to(ON_THE_WAY);
    portal.browser().log_in(GARETH, PASSWORD).await.is(403).has(NO_FACTOR);
    let mut inside = portal.inside();
    inside.log_in(GARETH, PASSWORD).await.leads_to(ON_THE_WAY);
    set_up_app(&portal, &mut inside, ON_THE_WAY).await;
    inside.get("/portal").await.is(200);
});

both_databases!(the_step_is_what_the_account_has_now, |portal| async move {
    policy(&portal, Required).await;
    portal.set_password(HELEN).await;
    let (mut first, mut second) = (portal.browser(), portal.browser());
    for browser in [&mut first, &mut second] {
        browser.log_in(HELEN, PASSWORD).await.leads_to(ON_THE_WAY);
        browser.get(ON_THE_WAY).await.has("Not now");
    }
    // Set up in one window: in the other it is given, and neither put off nor set up once more.
    let app = set_up_app(&portal, &mut first, ON_THE_WAY).await;
    second.post(LATER, &[]).await.leads_to("/second-factor");
    for path in
        [ON_THE_WAY, "/second-factor/set-up/passkey", "/second-factor/set-up/authenticator", "/portal"]
    {
        second.get(path).await.leads_to("/second-factor");
    }
    give_next(&portal, &mut second, "/second-factor", &app.phone).await.leads_to("/portal");
    // Taken off in one window: in the other it is not asked for any more, but nobody is in by that.
    let mut third = halfway(&portal, HELEN).await;
    let page = second.get("/my-account").await;
    let remove = format!("{IN_MY_ACCOUNT}/{}/remove", id(&page, "/second-factors", "/remove"));
    second.post(&remove, &[]).await.leads_to("/my-account?done=factor-removed");
    third.get("/second-factor").await.leads_to(ON_THE_WAY);
    third.get(ON_THE_WAY).await.is(403).has(NO_FACTOR);
    third.post(LATER, &[]).await.leads_to(ON_THE_WAY);
});

/// Asks for a page or sends an empty form.
async fn asked(browser: &mut Browser, method: &Method, path: &str) -> Answer {
    if method == Method::POST { browser.post(path, &[]).await } else { browser.get(path).await }
}

both_databases!(a_password_alone_reaches_nothing_but_its_step, |portal| async move {
    let (mut helen, app) = with_app(&portal, HELEN).await;
    let mut ward = portal.inside();
    ward.log_in(HELEN, PASSWORD).await.leads_to("/portal");
    let page = ward.get("/my-account").await;
    let (session, factor) = (id(&page, "/sessions", "/end"), id(&page, "/second-factors", "/remove"));
    portal.settle().await;
    let mails = portal.mails_to(HELENS_MAIL).len();

    portal.clock.advance(60);
    let mut thief = portal.browser();
    thief.log_in(HELEN, PASSWORD).await.leads_to("/second-factor");
    assert!(!thief.cookies.contains_key("__Host-browser"), "the browser is not known by that");
    thief
        .get("/second-factor")
        .await
        .is(200)
        .has("One more step")
        .has("Not Helen O'Wsea?")
        .has("Help to log in");
    let before = trail(&portal, HELEN).await;
    assert_eq!(
        (before[0].0.as_str(), before[0].1["outcome"].as_str()),
        ("access.password_given", Some("second_factor"))
    );
    let mut tried = 0;
    for route in portal.portal.routes.iter().filter(|route| route.audience != Audience::Anyone) {
        if route.path == "/second-factor" {
            continue;
        }
        let of = if route.path.contains("sessions") { &session } else { &factor };
        let path = route.path.replace("{id}", of);
        asked(&mut thief, &route.method, &path).await.leads_to("/second-factor");
        tried += 1;
    }
    assert!(tried > 20, "{tried} routes");
    assert_eq!(trail(&portal, HELEN).await, before, "nothing was done");
    helen.get("/portal").await.is(200);
    // Nor is it among the places where she is logged in, nor her last log-in, nor mailed.
    let page = ward.get("/my-account").await;
    assert_eq!(page.text().matches("Log out there").count(), 1, "{}", page.text());
    page.has("Password given").has("My phone");
    portal.settle().await;
    assert_eq!(portal.mails_to(HELENS_MAIL).len(), mails);
    let mut next = portal.inside();
    next.log_in(HELEN, PASSWORD).await.leads_to("/portal");
    next.get("/portal").await.has("You last logged in on 24 November 2026 at 09:00");

    // With the factor they are in, under another secret; only now the browser is known and a new device mailed.
    let stolen = thief.clone();
    give_next(&portal, &mut thief, "/second-factor", &app.phone).await.leads_to("/portal");
    thief.get("/portal").await.is(200);
    thief.get("/second-factor").await.leads_to("/portal");
    stolen.clone().get("/portal").await.leads_to("/?next=%2Fportal");
    assert!(thief.cookies.contains_key("__Host-browser"));
    portal.settle().await;
    assert!(subjects(&portal, HELENS_MAIL)[0].contains("new device"));
    verify(&portal).await;
});

both_databases!(a_half_session_ends, |portal| async move {
    with_app(&portal, HELEN).await;
    // By logging out.
    let mut browser = halfway(&portal, HELEN).await;
    browser.get("/second-factor").await.is(200);
    let stolen = browser.clone();
    browser.post("/log-out", &[]).await.leads_to("/logged-out");
    stolen.clone().get("/second-factor").await.leads_to("/");
    // By logging in anew, as oneself or somebody else.
    for username in [HELEN, GARETH] {
        let mut browser = halfway(&portal, HELEN).await;
        let old = browser.clone();
        if username == GARETH {
            portal.set_password(GARETH).await;
        }
        browser.log_in(username, PASSWORD).await.is(303);
        old.clone().get("/second-factor").await.leads_to("/");
    }
    // By a password that is set anew.
    let mut browser = halfway(&portal, HELEN).await;
    portal.clock.advance(60);
    portal.set_password(HELEN).await;
    browser.get("/second-factor").await.leads_to("/");
    // By half an hour, whatever happens in it.
    let mut browser = halfway(&portal, HELEN).await;
    let begun = portal.clock.now();
    for minutes in [10, 20] {
        portal.clock.set(begun.plus_minutes(minutes));
        browser.get("/second-factor").await.is(200);
    }
    portal.clock.set(begun.plus_seconds(1799));
    let mut other = browser.clone();
    browser.get("/second-factor").await.is(200);
    portal.clock.advance(1);
    browser.get("/second-factor").await.leads_to("/");
    other.post("/second-factor", &[("code", "000000")]).await.leads_to("/");
    // By nothing happening.
    let mut browser = halfway(&portal, HELEN).await;
    portal.clock.advance(15 * 60);
    browser.get("/second-factor").await.leads_to("/");
});

/// Logs in outside with the phone's next code and asks to be remembered.
async fn remembered(portal: &Portal, app: &App) -> Browser {
    portal.clock.advance(30);
    let mut browser = halfway(portal, HELEN).await;
    browser.get("/second-factor").await.is(200);
    let code = app.phone.code(portal.clock.now());
    browser.post("/second-factor", &[("code", &code), ("remember", "yes")]).await.leads_to("/portal");
    browser
}

both_databases!(a_device_is_remembered_where_the_employer_lets_it, |portal| async move {
    let (_, app) = with_app(&portal, HELEN).await;
    // Not by asking for it alone.
    let mut browser = remembered(&portal, &app).await;
    browser.log_in(HELEN, PASSWORD).await.leads_to("/second-factor");
    browser.get("/second-factor").await.has_not("do not ask here again");

    policies(&portal, |policies| policies.remember_device_days = 30).await;
    browser.log_in(HELEN, PASSWORD).await.leads_to("/second-factor");
    browser.get("/second-factor").await.has("This is my own device: do not ask here again for 30 days");
    give_next(&portal, &mut browser, "/second-factor", &app.phone).await.leads_to("/portal");
    browser.log_in(HELEN, PASSWORD).await.leads_to("/second-factor");

    let mut browser = remembered(&portal, &app).await;
    let until = portal.clock.now().plus_minutes(30 * 24 * 60);
    browser.log_in(HELEN, PASSWORD).await.leads_to("/portal");
    // Elsewhere it is asked for; here again once it has run out, however often she was here.
    halfway(&portal, HELEN).await;
    portal.clock.set(until.plus_seconds(-1));
    browser.log_in(HELEN, PASSWORD).await.leads_to("/portal");
    // To change something she gives it all the same: nobody has given more than a password here.
    browser
        .get("/my-account/recovery-codes")
        .await
        .leads_to("/confirm?return=%2Fmy-account%2Frecovery-codes");
    portal.clock.set(until);
    browser.log_in(HELEN, PASSWORD).await.leads_to("/second-factor");

    // An employer that stops it stops it at once.
    let mut browser = remembered(&portal, &app).await;
    policies(&portal, |policies| policies.remember_device_days = 0).await;
    browser.log_in(HELEN, PASSWORD).await.leads_to("/second-factor");
});

both_databases!(a_remembered_device_is_forgotten_when_something_changes, |portal| async move {
    let (mut helen, app) = with_app(&portal, HELEN).await;
    policies(&portal, |policies| policies.remember_device_days = 30).await;
    let forgotten = async |browser: &mut Browser| {
        browser.log_in(HELEN, PASSWORD).await.leads_to("/second-factor");
    };
    // Another factor, new recovery codes, one taken off.
    let mut browser = remembered(&portal, &app).await;
    give_next(&portal, &mut helen, "/confirm", &app.phone).await.is(303);
    set_up_app(&portal, &mut helen, IN_MY_ACCOUNT).await;
    forgotten(&mut browser).await;
    let mut browser = remembered(&portal, &app).await;
    helen.get("/my-account/recovery-codes").await.is(200);
    helen.post("/my-account/recovery-codes", &[]).await.is(303);
    forgotten(&mut browser).await;
    let mut browser = remembered(&portal, &app).await;
    let page = helen.get("/my-account").await;
    let second = page
        .body
        .rsplit("/my-account/second-factors/")
        .find_map(|part| part.split_once("/remove"))
        .unwrap()
        .0;
    helen
        .post(&format!("{IN_MY_ACCOUNT}/{second}/remove"), &[])
        .await
        .leads_to("/my-account?done=factor-removed");
    forgotten(&mut browser).await;
    // A password set by a link, and one set in the portal.
    let mut browser = remembered(&portal, &app).await;
    portal.set_password(HELEN).await;
    forgotten(&mut browser).await;
    let mut browser = remembered(&portal, &app).await;
    let mut ward = portal.inside();
    ward.log_in(HELEN, PASSWORD).await.leads_to("/portal");
    ward.get("/internet-access/reset-password").await.is(200);
    let fields = [("present_password", PASSWORD), ("new_password", PASSWORD)];
    ward.post("/internet-access/reset-password", &fields).await.leads_to("/internet-access?done=password");
    forgotten(&mut browser).await;
});

both_databases!(a_mailed_link_neither_takes_one_off_nor_bypasses_it, |portal| async move {
    policy(&portal, Required).await;
    let link = portal.link_for(HELEN).await;
    let secret = link.rsplit_once('=').unwrap().1.to_owned();
    let mut browser = portal.browser();
    browser.get(&link).await.is(200);
    browser.post("/reset", &[("link", &secret), ("act", "set"), ("new_password", PASSWORD)]).await.is(200);
    browser.log_in(HELEN, PASSWORD).await.leads_to(ON_THE_WAY);
    let app = set_up_app(&portal, &mut browser, ON_THE_WAY).await;
    browser.get("/portal").await.is(200);
    browser.post("/log-out", &[]).await.leads_to("/logged-out");

    for act in ["set", "unlock"] {
        portal.clock.advance(60);
        let link = portal.link_for(HELEN).await;
        let secret = link.rsplit_once('=').unwrap().1.to_owned();
        // On the very browser where the password was given and more is outstanding.
        browser.log_in(HELEN, PASSWORD).await.leads_to("/second-factor");
        browser.get(&link).await.is(200);
        browser.post("/reset", &[("link", &secret), ("act", act), ("new_password", PASSWORD)]).await.is(200);
        browser.get("/portal").await.is(303);
        browser.log_in(HELEN, PASSWORD).await.leads_to("/second-factor");
        browser.get("/portal").await.leads_to("/second-factor");
        give_next(&portal, &mut browser, "/second-factor", &app.phone).await.leads_to("/portal");
        browser.get("/my-account").await.has("My phone").has("10 left");
    }
    assert_eq!(times(&portal, HELEN, "access.second_factor_changed").await, 1);
});

both_databases!(of_two_ways_in_at_once_one_sets_up_the_first, |portal| async move {
    policy(&portal, Required).await;
    portal.set_password(HELEN).await;
    let mut open = Vec::new();
    for _ in 0..4 {
        let mut browser = portal.browser();
        browser.log_in(HELEN, PASSWORD).await.leads_to(ON_THE_WAY);
        let page = browser.get("/second-factor/set-up/authenticator").await;
        open.push((browser, field(&page, "ticket"), phone(&page).code(portal.clock.now())));
    }
    let done = open.into_iter().map(|(mut browser, ticket, code)| async move {
        let fields = [("ticket", ticket.as_str()), ("code", &code), ("name", "Mine")];
        let answer = browser.post("/second-factor/set-up/authenticator", &fields).await;
        let is_in = browser.get("/portal").await.status == 200;
        (answer.location().is_some_and(|place| place.starts_with("/my-account/recovery-codes")), is_in)
    });
    let done = futures::future::join_all(done).await;
    assert_eq!(done.iter().filter(|done| **done == (true, true)).count(), 1, "{done:?}");
    assert_eq!(done.iter().filter(|done| **done == (false, false)).count(), 3, "{done:?}");
    assert_eq!(times(&portal, HELEN, "access.second_factor_changed").await, 1);
});

both_databases!(what_makes_no_sense_at_the_step_is_refused, |portal| async move {
    let (_, app) = with_app(&portal, HELEN).await;
    let long = "7".repeat(10_000);
    let most = "x".repeat(60 * 1024);
    for (fields, status) in [
        (vec![], 422),
        (vec![("code", long.as_str())], 422),
        (vec![("code", "¿quién? \u{202e}\u{1f511}")], 422),
        (vec![("code", "00\u{0}000")], 400),
        (vec![("answer", "{}"), ("ticket", "")], 422),
        (vec![("answer", "{}"), ("ticket", &most)], 422),
        (vec![("answer", most.as_str()), ("ticket", "AAAA")], 422),
        (vec![("answer", "{}"), ("ticket", "¿quién?")], 422),
    ] {
        let mut browser = halfway(&portal, HELEN).await;
        browser.get("/second-factor").await.is(200);
        let answer = browser.post("/second-factor", &fields).await;
        answer.is(status);
        assert!(
            !answer.body.contains(&long[..100]) && !answer.body.contains(&most[..100]),
            "nothing is echoed"
        );
        browser.get("/portal").await.leads_to("/second-factor");
    }
    let mut browser = halfway(&portal, HELEN).await;
    browser.get("/second-factor").await.is(200);
    let over = "x".repeat(64 * 1024 + 1);
    browser.post("/second-factor", &[("answer", &over), ("ticket", "x")]).await.is(413);
    give_next(&portal, &mut browser, "/second-factor", &app.phone).await.leads_to("/portal");
});

both_databases!(all_changes_are_mailed_and_no_secret_is_kept_in_clear, |portal| async move {
    let (mut helen, app) = with_app(&portal, HELEN).await;
    let told = async |nth: usize, says: &str, name: Option<&str>| {
        portal.settle().await;
        let mails: Vec<_> = portal
            .mails_to(HELENS_MAIL)
            .into_iter()
            .filter(|mail| mail.subject.contains("second factors"))
            .collect();
        assert_eq!(mails.len(), nth, "{mails:?}");
        assert!(mails[0].text.contains(says), "{}", mails[0].text);
        assert!(name.is_none_or(|name| mails[0].text.contains(name)), "{}", mails[0].text);
        assert!(mails[0].text.contains("ring your service desk at once"), "{}", mails[0].text);
        trail(&portal, HELEN)
            .await
            .into_iter()
            .find(|(event, _)| event == "access.second_factor_changed")
            .unwrap()
            .1
    };
    let data = told(1, "A second factor was set up", Some("My phone")).await;
    assert_eq!(data, serde_json::json!({ "change": "set_up", "kind": "authenticator", "name": "My phone" }));
    let mut browser = halfway(&portal, HELEN).await;
    let mut half = browser.clone();
    let page = half.get("/second-factor").await;
    page.is(200);
    browser.get("/second-factor").await.is(200);
    browser.post("/second-factor", &[("code", &app.codes[0])]).await.leads_to("/portal");
    give_next(&portal, &mut helen, "/confirm", &app.phone).await.is(303);
    helen.get("/my-account/recovery-codes").await.is(200);
    let done = helen.post("/my-account/recovery-codes", &[]).await;
    let ticket = done.location().unwrap().rsplit_once('=').unwrap().1.to_owned();
    let new = crate::ways::codes(&helen.follow(&done).await);
    let data = told(2, "New recovery codes were made", None).await;
    assert_eq!(data["change"], "recovery_codes");

    let secret = app.phone.secret();
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    // As SQLite's file shows it, whatever stands before and after.
    let raw = String::from_utf8_lossy(secret).trim_matches('\u{fffd}').to_owned();
    let plain: Vec<String> = app.codes.iter().chain(&new).map(|code| code.replace('-', "")).collect();
    let mut secrets = vec![
        hex.as_str(),
        &raw,
        &ticket,
        &helen.cookies["__Host-session"],
        &browser.cookies["__Host-session"],
    ];
    secrets.extend(app.codes.iter().chain(&new).chain(&plain).map(String::as_str));
    nowhere_in_clear(&portal, &secrets).await;

    let page = helen.get("/my-account").await;
    let remove = format!("{IN_MY_ACCOUNT}/{}/remove", id(&page, "/second-factors", "/remove"));
    helen.post(&remove, &[]).await.leads_to("/my-account?done=factor-removed");
    let data = told(3, "A second factor of your account was taken off", Some("My phone")).await;
    assert_eq!(data["change"], "removed");
    verify(&portal).await;
});
