//! Passkeys, answered by a device in software: by themselves, as a second factor, and whatever is wrong with one.

use ::second_factors::testing::Device;
use futures::future::join_all;
use records::{InternetAccess, SecondFactor::Required};
use testing::{Answer, Browser, PASSWORD, Portal, both_databases};

use crate::ways::{
    GARETH, HELEN, IN_MY_ACCOUNT, ON_THE_WAY, SIX_MINUTES, field, give_next, give_passkey, grant_hr, halfway,
    id, options, policies, policy, set_up_app, set_up_passkey, times, trail, verify,
};

const SET_UP: &str = "/my-account/second-factors/passkey";
const UNKNOWN: &str = "This passkey is not one of this portal, or was taken off.";
const TOO_LONG: &str = "The page was open too long. Try again now.";

/// Somebody who is in, outside, with a passkey as their only factor.
async fn with_passkey(portal: &Portal, username: &str, seed: u8) -> (Browser, Device) {
    let (mut browser, mut device) = (portal.logged_in(username).await, Device::new(seed));
    assert_eq!(set_up_passkey(&mut browser, &mut device, IN_MY_ACCOUNT).await.len(), 10);
    (browser, device)
}

/// Asks for a page's question and answers it later.
async fn question(browser: &mut Browser, path: &str) -> (String, String) {
    let page = browser.get(path).await;
    page.is(200);
    (field(&page, "ticket"), options(&page))
}

async fn answer(browser: &mut Browser, path: &str, ticket: &str, answer: &str) -> Answer {
    browser.post(path, &[("ticket", ticket), ("answer", answer)]).await
}

/// The outcome of the last passkey that was refused.
async fn refused(portal: &Portal, username: &str) -> String {
    let found = trail(portal, username).await;
    let (_, data) =
        found.into_iter().find(|(event, _)| event == "access.second_factor_refused").expect("a refusal");
    data["outcome"].as_str().unwrap().to_owned()
}

both_databases!(one_is_set_up_and_is_enough_by_itself, |portal| async move {
    portal.browser().get("/").await.has("Log in with a passkey");
    let mut helen = portal.logged_in(HELEN).await;
    let page = helen.get(SET_UP).await;
    page.is(200).has("not a computer that others share").has("Passkeys need a browser that runs script.");
    assert!(page.body.contains("value=\"Passkey, Chrome on Linux\""), "a name is proposed");
    let asked: serde_json::Value = serde_json::from_str(&options(&page)).unwrap();
    let asked = &asked["publicKey"];
    assert_eq!(
        (asked["user"]["name"].as_str(), asked["user"]["displayName"].as_str()),
        (Some(HELEN), Some("Helen O'Wsea"))
    );
    let mut device = Device::new(1);
    assert_eq!(set_up_passkey(&mut helen, &mut device, IN_MY_ACCOUNT).await.len(), 10);
    helen
        .get("/my-account")
        .await
        .has("My key Passkey, set up 24 November 2026 at 09:00, last used: never")
        .has("10 left");

    portal.clock.advance(60);
    for mut browser in [portal.browser(), portal.inside()] {
        let page = browser.get("/passkey").await;
        page.is(200)
            .has("Log in with a passkey")
            .has("Log in another way")
            .has("Help to log in")
            .has_not("Helen");
        give_passkey(&mut browser, "/passkey", &mut device).await.leads_to("/portal");
        browser.get("/portal").await.is(200).has("Helen O'Wsea");
        browser.get("/passkey").await.leads_to("/portal");
        // It is a proof of more than a password.
        browser.get(SET_UP).await.is(200);
        let logged_in = trail(&portal, HELEN).await.swap_remove(0);
        assert_eq!((logged_in.0.as_str(), logged_in.1["by"].as_str()), ("access.logged_in", Some("passkey")));
    }
    helen.get("/my-account").await.has("last used: 24 November 2026 at 09:01");
    // Also for whoever holds a role, and where the password is locked.
    grant_hr(&portal, HELEN).await;
    for _ in 0..10 {
        portal.browser_at("198.51.100.5").log_in(HELEN, "wrong").await.is(422);
    }
    let mut browser = portal.browser();
    give_passkey(&mut browser, "/passkey", &mut device).await.leads_to("/portal");
    browser.get("/portal").await.is(200);
    verify(&portal).await;
});

both_databases!(one_is_a_second_factor_and_a_confirmation, |portal| async move {
    let (mut helen, mut device) = with_passkey(&portal, HELEN, 1).await;
    let mut browser = halfway(&portal, HELEN).await;
    browser
        .get("/second-factor")
        .await
        .has("With your passkey")
        .has("Recovery code*")
        .has_not("authenticator app shows");
    give_passkey(&mut browser, "/second-factor", &mut device).await.leads_to("/portal");
    browser.get("/portal").await.is(200);

    portal.clock.advance(SIX_MINUTES);
    helen.get(SET_UP).await.leads_to("/confirm?return=%2Fmy-account%2Fsecond-factors%2Fpasskey");
    let (ticket, asked) = question(&mut helen, &format!("/confirm?return={SET_UP}")).await;
    let given = device.get(&asked);
    helen
        .post("/confirm", &[("ticket", &ticket), ("answer", &given), ("return", SET_UP)])
        .await
        .leads_to(SET_UP);
    // Another one beside it; the browser is told which it has.
    let (_, asked) = question(&mut helen, SET_UP).await;
    assert!(device.is_excluded(&asked));
    let mut other = Device::new(2);
    assert_eq!(set_up_passkey(&mut helen, &mut other, IN_MY_ACCOUNT).await, Vec::<String>::new());
    let app = set_up_app(&portal, &mut helen, IN_MY_ACCOUNT).await;
    for device in [&mut device, &mut other] {
        let mut browser = halfway(&portal, HELEN).await;
        browser.get("/second-factor").await.has("With your passkey").has("With a code");
        give_passkey(&mut browser, "/second-factor", device).await.leads_to("/portal");
    }
    give_next(&portal, &mut halfway(&portal, HELEN).await, "/second-factor", &app.phone)
        .await
        .leads_to("/portal");
    verify(&portal).await;
});

both_databases!(one_is_set_up_on_the_way_in_and_remembered, |portal| async move {
    policy(&portal, Required).await;
    policies(&portal, |policies| policies.remember_device_days = 7).await;
    portal.set_password(HELEN).await;
    let (mut browser, mut device) = (portal.browser(), Device::new(1));
    browser.log_in(HELEN, PASSWORD).await.leads_to(ON_THE_WAY);
    assert_eq!(set_up_passkey(&mut browser, &mut device, ON_THE_WAY).await.len(), 10);
    browser.get("/portal").await.is(200);
    browser.log_in(HELEN, PASSWORD).await.leads_to("/second-factor");
    let (ticket, asked) = question(&mut browser, "/second-factor").await;
    let given = device.get(&asked);
    let fields = [("ticket", ticket.as_str()), ("answer", &given), ("remember", "yes")];
    browser.post("/second-factor", &fields).await.leads_to("/portal");
    browser.log_in(HELEN, PASSWORD).await.leads_to("/portal");
});

both_databases!(outside_one_takes_internet_access_like_a_password, |portal| async move {
    let (_, mut device) = with_passkey(&portal, HELEN, 1).await;
    policies(&portal, |policies| policies.internet_access = InternetAccess::Hr).await;
    // Gareth has asked and nobody has decided.
    portal.set_password(GARETH).await;
    let (mut gareth, mut his) = (portal.inside(), Device::new(2));
    gareth.log_in(GARETH, PASSWORD).await.leads_to("/portal");
    set_up_passkey(&mut gareth, &mut his, IN_MY_ACCOUNT).await;

    let mut browser = portal.browser();
    let (ticket, asked) = question(&mut browser, "/passkey").await;
    let given = his.get(&asked);
    let page = answer(&mut browser, "/passkey", &ticket, &given).await;
    page.is(403).has("You cannot log in from here yet").has("Requested").has(GARETH).has("01632 960427");
    assert!(
        !browser.cookies.contains_key("__Host-session") && !browser.cookies.contains_key("__Host-browser")
    );
    assert_eq!(refused(&portal, GARETH).await, "not_from_here");
    gareth.get("/my-account").await.has("Not let in");
    // Nor is that answer good inside.
    browser.address = testing::INSIDE.parse().unwrap();
    answer(&mut browser, "/passkey", &ticket, &given).await.is(422).has(TOO_LONG);
    give_passkey(&mut browser, "/passkey", &mut his).await.leads_to("/portal");
    // Helen's was approved before.
    give_passkey(&mut portal.browser(), "/passkey", &mut device).await.leads_to("/portal");
});

both_databases!(one_that_was_taken_off_is_refused, |portal| async move {
    let (mut helen, mut device) = with_passkey(&portal, HELEN, 1).await;
    let app = set_up_app_after(&portal, &mut helen, &mut device).await;
    let page = helen.get("/my-account").await;
    let mut log_in = portal.browser();
    let (ticket, asked) = question(&mut log_in, "/passkey").await;
    let mut step = halfway(&portal, HELEN).await;
    let (step_ticket, step_asked) = question(&mut step, "/second-factor").await;
    let remove = format!("{IN_MY_ACCOUNT}/{}/remove", id(&page, "/second-factors", "/remove"));
    helen.post(&remove, &[]).await.leads_to("/my-account?done=factor-removed");

    // Both with a question from before and with one from after.
    let given = device.get(&asked);
    answer(&mut log_in, "/passkey", &ticket, &given).await.is(422).has(UNKNOWN);
    give_passkey(&mut log_in, "/passkey", &mut device).await.is(422).has(UNKNOWN);
    let given = device.get(&step_asked);
    answer(&mut step, "/second-factor", &step_ticket, &given).await.is(422).has(UNKNOWN);
    step.get("/second-factor").await.has_not("With your passkey");
    assert_eq!(refused(&portal, HELEN).await, "unknown");
    give_next(&portal, &mut step, "/second-factor", &app.phone).await.leads_to("/portal");
    helen.get("/my-account").await.has_not("My key").has("My phone");
});

/// An authenticator app beside the passkey.
async fn set_up_app_after(portal: &Portal, browser: &mut Browser, device: &mut Device) -> crate::ways::App {
    give_passkey(browser, "/confirm", device).await.leads_to("/portal");
    set_up_app(portal, browser, IN_MY_ACCOUNT).await
}

both_databases!(a_copied_one_is_refused_and_told, |portal| async move {
    const COPIED: &str = "as if it had been copied";
    let (mut helen, mut device) = with_passkey(&portal, HELEN, 1).await;
    device.counter = Some(7);
    give_passkey(&mut portal.browser(), "/passkey", &mut device).await.leads_to("/portal");
    let mut noted = 0;
    for counter in [Some(7), Some(2), None] {
        device.counter = counter;
        let mut browser = portal.browser();
        give_passkey(&mut browser, "/passkey", &mut device)
            .await
            .is(422)
            .has(COPIED)
            .has("Ring your service desk");
        assert!(!browser.cookies.contains_key("__Host-session"));
        device.counter = counter;
        let mut browser = halfway(&portal, HELEN).await;
        give_passkey(&mut browser, "/second-factor", &mut device).await.is(422).has(COPIED);
        browser.get("/portal").await.leads_to("/second-factor");
        device.counter = counter;
        give_passkey(&mut helen, "/confirm", &mut device).await.is(422).has(COPIED);
        noted += 3;
        assert_eq!(refused(&portal, HELEN).await, "cloned");
        assert_eq!(times(&portal, HELEN, "access.second_factor_refused").await, noted);
    }
    // The genuine one goes on.
    device.counter = Some(8);
    give_passkey(&mut portal.browser(), "/passkey", &mut device).await.leads_to("/portal");
    verify(&portal).await;
});

both_databases!(another_sites_question_is_refused, |portal| async move {
    let (mut helen, mut device) = with_passkey(&portal, HELEN, 1).await;
    give_passkey(&mut helen, "/confirm", &mut device).await.leads_to("/portal");
    for (origin, host) in [
        ("https://portal.example.evil.example", "portal.example"),
        ("http://portal.example", "portal.example"),
        ("https://portal.example", "evil.example"),
    ] {
        (device.origin, device.host) = (origin.to_owned(), host.to_owned());
        let page = give_passkey(&mut portal.browser(), "/passkey", &mut device).await;
        page.is(422).has("asked for by another site").has("Type the address of the portal yourself");
        assert_eq!(refused(&portal, HELEN).await, "wrong_origin");
        let mut browser = halfway(&portal, HELEN).await;
        give_passkey(&mut browser, "/second-factor", &mut device)
            .await
            .is(422)
            .has("asked for by another site");

        let mut new = Device::new(3);
        (new.origin, new.host) = (origin.to_owned(), host.to_owned());
        let (ticket, asked) = question(&mut helen, SET_UP).await;
        let fields = [("ticket", ticket.as_str()), ("answer", &new.create(&asked)), ("name", "Phished")];
        helen.post(SET_UP, &fields).await.is(422).has("The passkey was not set up.");
    }
    helen.get("/my-account").await.has_not("Phished");
    // Nor one that did not check who used it.
    let mut lax = Device::new(1);
    (lax.user, lax.counter, lax.verifies_user) = (device.user.clone(), Some(100), false);
    give_passkey(&mut portal.browser(), "/passkey", &mut lax)
        .await
        .is(422)
        .has("did not check that it was you");
    assert_eq!(refused(&portal, HELEN).await, "not_verified");
});

both_databases!(a_ticket_is_good_where_it_was_handed_out_for_a_while_and_once, |portal| async move {
    let (mut helen, mut device) = with_passkey(&portal, HELEN, 1).await;
    give_passkey(&mut helen, "/confirm", &mut device).await.leads_to("/portal");
    // Another visit, another half session, another page.
    let (mut one, mut other) = (portal.browser(), portal.browser());
    let (ticket, asked) = question(&mut one, "/passkey").await;
    other.get("/passkey").await.is(200);
    let given = device.get(&asked);
    answer(&mut other, "/passkey", &ticket, &given).await.is(422).has(TOO_LONG);
    let mut step = halfway(&portal, HELEN).await;
    let (step_ticket, step_asked) = question(&mut step, "/second-factor").await;
    let mut second = halfway(&portal, HELEN).await;
    second.get("/second-factor").await.is(200);
    let step_given = device.get(&step_asked);
    for ticket in [&step_ticket, &ticket] {
        answer(&mut second, "/second-factor", ticket, &step_given).await.is(422).has(TOO_LONG);
    }
    answer(&mut one, "/passkey", &step_ticket, &step_given).await.is(422).has(TOO_LONG);
    let new_ticket = question(&mut helen, SET_UP).await.0;
    answer(&mut helen, "/confirm", &new_ticket, &step_given).await.is(422).has(TOO_LONG);
    // Where it belongs it is good once; sent again, it is no copied passkey.
    answer(&mut step, "/second-factor", &step_ticket, &step_given).await.leads_to("/portal");
    step.get("/confirm").await.is(200);
    answer(&mut step, "/confirm", &step_ticket, &step_given).await.is(422).has(TOO_LONG);
    // The device's counter has gone on since that question was asked: a fresh answer to it.
    let given = device.get(&asked);
    answer(&mut one, "/passkey", &ticket, &given).await.leads_to("/portal");
    one.get("/portal").await.is(200);
    one.post("/log-out", &[]).await.leads_to("/logged-out");
    one.get("/passkey").await.is(200);
    answer(&mut one, "/passkey", &ticket, &given).await.is(422).has(TOO_LONG);
    assert!(!one.cookies.contains_key("__Host-session"));

    // For ten minutes.
    let (mut early, mut late) = (portal.browser(), portal.browser());
    let (early_ticket, early_asked) = question(&mut early, "/passkey").await;
    let (late_ticket, late_asked) = question(&mut late, "/passkey").await;
    portal.clock.advance(599);
    let given = device.get(&early_asked);
    answer(&mut early, "/passkey", &early_ticket, &given).await.leads_to("/portal");
    portal.clock.advance(1);
    let given = device.get(&late_asked);
    answer(&mut late, "/passkey", &late_ticket, &given).await.is(422).has(TOO_LONG);
});

both_databases!(of_the_same_answer_sent_at_once_one_counts, |portal| async move {
    // Of a passkey that counts, and of one that does not, as those that are synchronised.
    for (username, seed, counter) in [(HELEN, 1, Some(0)), (GARETH, 2, None)] {
        let (mut browser, mut device) = (portal.logged_in(username).await, Device::new(seed));
        device.counter = counter;
        set_up_passkey(&mut browser, &mut device, IN_MY_ACCOUNT).await;
        let mut browser = portal.browser();
        let (ticket, asked) = question(&mut browser, "/passkey").await;
        let given = device.get(&asked);
        let sent = (0..6).map(|_| {
            let (mut browser, ticket, given) = (browser.clone(), ticket.clone(), given.clone());
            async move { answer(&mut browser, "/passkey", &ticket, &given).await.status.as_u16() }
        });
        let mut sent = join_all(sent).await;
        sent.sort_unstable();
        assert_eq!(sent, [303, 422, 422, 422, 422, 422]);
        assert_eq!(times(&portal, username, "access.logged_in").await, 2);
        let cloned = trail(&portal, username).await.into_iter().any(|(_, data)| data["outcome"] == "cloned");
        assert!(!cloned, "nobody is told of a copy");
    }
});

both_databases!(nobody_gets_in_by_another_persons, |portal| async move {
    let (mut helen, mut device) = with_passkey(&portal, HELEN, 1).await;
    let (mut gareth, mut his) = with_passkey(&portal, GARETH, 2).await;
    give_passkey(&mut helen, "/confirm", &mut device).await.leads_to("/portal");
    // It is not hers, whatever it says.
    let hers = device.user.clone();
    let own = his.user.clone();
    for user in [own.clone(), hers.clone()] {
        his.user = user;
        let mut browser = halfway(&portal, HELEN).await;
        give_passkey(&mut browser, "/second-factor", &mut his).await.is(422).has(UNKNOWN);
        browser.get("/portal").await.leads_to("/second-factor");
        give_passkey(&mut helen, "/confirm", &mut his).await.is(422).has(UNKNOWN);
    }
    his.user = hers.clone();
    give_passkey(&mut portal.browser(), "/passkey", &mut his).await.is(422).has(UNKNOWN);
    // Nor with her credential's id and his key, nor of somebody whom nobody knows.
    let credential = std::mem::replace(&mut his.credential, device.credential.clone());
    give_passkey(&mut portal.browser(), "/passkey", &mut his).await.is(422).has("The passkey was not taken.");
    (his.credential, his.user) = (credential, vec![7; 16]);
    give_passkey(&mut portal.browser(), "/passkey", &mut his).await.is(422).has(UNKNOWN);
    his.user = b"427HOWSEA01".to_vec();
    give_passkey(&mut portal.browser(), "/passkey", &mut his).await.is(422).has(UNKNOWN);
    his.user = own;
    let mut browser = portal.browser();
    give_passkey(&mut browser, "/passkey", &mut his).await.leads_to("/portal");
    browser.get("/portal").await.has("Gareth Pugh");

    // One passkey belongs to one account.
    give_passkey(&mut gareth, "/confirm", &mut his).await.leads_to("/portal");
    let (ticket, asked) = question(&mut gareth, SET_UP).await;
    let mut same = Device::new(1);
    let fields = [("ticket", ticket.as_str()), ("answer", &same.create(&asked)), ("name", "Hers")];
    gareth.post(SET_UP, &fields).await.is(422).has("it was set up already");
    gareth.get("/my-account").await.has_not("Hers");
    give_passkey(&mut portal.browser(), "/passkey", &mut device).await.leads_to("/portal");
});

both_databases!(a_leavers_lets_nobody_in, |portal| async move {
    let (_, mut device) = with_passkey(&portal, HELEN, 1).await;
    portal
        .load("427", "employee_number,first_names,last_name,date_of_birth,email,position,department,location,start_date,leaving_date\n\
                      10001,Helen,O'Wsea,1984-03-14,helen.owsea@nhs.net,Staff Nurse,Ward 7,Main Site,2012-09-03,2026-11-24\n")
        .await;
    portal.set_clock("2026-11-24T23:59:00Z");
    give_passkey(&mut portal.browser(), "/passkey", &mut device).await.leads_to("/portal");
    portal.set_clock("2026-11-25T00:00:00Z");
    for mut browser in [portal.browser(), portal.inside()] {
        let page = give_passkey(&mut browser, "/passkey", &mut device).await;
        page.is(422).has(UNKNOWN).has_not("Helen").has_not("last day");
        assert!(!browser.cookies.contains_key("__Host-session"));
        assert_eq!(refused(&portal, HELEN).await, "left");
    }
    verify(&portal).await;
});

both_databases!(logging_in_by_one_ends_what_was_here_before, |portal| async move {
    let (_, mut device) = with_passkey(&portal, HELEN, 1).await;
    let mut browser = halfway(&portal, HELEN).await;
    let half = browser.clone();
    give_passkey(&mut browser, "/passkey", &mut device).await.leads_to("/portal");
    half.clone().get("/second-factor").await.leads_to("/");
    browser.get("/portal").await.is(200);
});

both_databases!(what_no_browser_answers_is_refused, |portal| async move {
    let (mut helen, mut device) = with_passkey(&portal, HELEN, 1).await;
    give_passkey(&mut helen, "/confirm", &mut device).await.leads_to("/portal");
    let (long, deep, over) = ("x".repeat(20_000), "[".repeat(15_000), "x".repeat(64 * 1024 + 1));
    let mut browser = portal.browser();
    for path in ["/passkey", "/second-factor", SET_UP] {
        let browser = match path {
            "/passkey" => &mut browser,
            SET_UP => &mut helen,
            _ => &mut halfway(&portal, HELEN).await,
        };
        let (_, asked) = question(browser, path).await;
        let good = if path == SET_UP { Device::new(2).create(&asked) } else { device.get(&asked) };
        let cut = &good[..good.len() / 2];
        for junk in ["null", "{}", "[]", "0", "¿quién? \u{1f511}", cut, &long, &deep] {
            let (ticket, _) = question(browser, path).await;
            let fields = [("ticket", ticket.as_str()), ("answer", junk), ("name", "Junk")];
            let page = browser.post(path, &fields).await;
            page.is(422).has("There is a problem");
            assert!(!page.body.contains(&long[..200]), "nothing is echoed");
        }
        let (ticket, _) = question(browser, path).await;
        let half = &ticket[..40];
        let changed = ticket.replacen(&ticket[50..51], if &ticket[50..51] == "A" { "B" } else { "A" }, 1);
        for ticket in ["", "junk", "¿quién?", half, &changed, &long] {
            let fields = [("ticket", ticket), ("answer", good.as_str()), ("name", "Junk")];
            browser.post(path, &fields).await.is(422).has("The page was open too long");
        }
        browser.post(path, &[("ticket", "x"), ("answer", &over)]).await.is(413);
        browser.post(path, &[("ticket", "x"), ("answer", "a\u{0}b")]).await.is(400);
    }
    helen.get("/my-account").await.has_not("Junk");

    let many = "x".repeat(61);
    for (name, says) in [
        ("", "Enter a name"),
        ("  ", "Enter a name"),
        (&*many, "Use at most 60 characters"),
        ("My\u{1b}[31mkey", "Use at most 60 characters"),
    ] {
        let (ticket, asked) = question(&mut helen, SET_UP).await;
        let given = Device::new(2).create(&asked);
        let page = helen.post(SET_UP, &[("ticket", &ticket), ("answer", &given), ("name", name)]).await;
        page.is(422).has(says);
    }
    assert_eq!(times(&portal, HELEN, "access.second_factor_changed").await, 1);
    verify(&portal).await;
});
