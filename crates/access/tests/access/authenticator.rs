//! The authenticator app and the recovery codes: set up, given, guessed at, taken off.

use ::second_factors::testing::Device;
use futures::future::join_all;
use records::{Permission, Permit, SecondFactor::Off};
use testing::{Answer, Browser, PASSWORD, Portal, both_databases};

use crate::ways::{
    GARETH, HELEN, HELENS_MAIL, IN_MY_ACCOUNT, SIX_MINUTES, codes, field, give_next, give_passkey, halfway,
    id, phone, set_up_app, set_up_passkey, subjects, times, trail, verify, with_app,
};

const SET_UP: &str = "/my-account/second-factors/authenticator";
const CODES: &str = "/my-account/recovery-codes";
const NOT_RIGHT: &str = "This code is not right, or was used before.";
const LOCKED: &str = "There were too many wrong codes for your account";

/// A code that the phone shows neither now nor soon.
fn wrong(portal: &Portal, phone: &::second_factors::testing::Phone) -> String {
    let near: Vec<String> =
        (-2..=2).map(|step| phone.code(portal.clock.now().plus_seconds(30 * step))).collect();
    (0..10).map(|n| format!("{n:06}")).find(|code| !near.contains(code)).unwrap()
}

/// Sends a code where one is asked for.
async fn give(browser: &mut Browser, code: &str) -> Answer {
    browser.get("/second-factor").await.is(200);
    browser.post("/second-factor", &[("code", code)]).await
}

both_databases!(one_is_set_up_in_my_account, |portal| async move {
    let mut browser = portal.logged_in(HELEN).await;
    browser.get("/my-account").await.has("Set up an authenticator app").has_not("Recovery codes");
    let page = browser.get(SET_UP).await;
    page.is(200).has("Scan this picture").has("Key to type");
    assert!(page.body.contains("<svg class=\"portal-qr\""), "there is a picture");
    assert!(
        page.body.contains("href=\"otpauth://totp/NHS%20Electronic%20Staff%20Record:427HOWSEA01?secret=")
    );
    let (phone, ticket) = (phone(&page), field(&page, "ticket"));
    let now = portal.clock.now();
    // What is wrong is said, and the key stays the same, so that nobody scans it twice.
    let (code, bad) = (phone.code(now), wrong(&portal, &phone));
    let (late, early, long) =
        (phone.code(now.plus_seconds(-60)), phone.code(now.plus_seconds(60)), "7".repeat(10_000));
    let many = "x".repeat(61);
    for (code, name, says) in [
        (bad.as_str(), "My phone", "This is not the code that the app shows now."),
        (&late, "My phone", "This is not the code"),
        (&early, "My phone", "This is not the code"),
        (&long, "My phone", "This is not the code"),
        ("", "My phone", "This is not the code"),
        (&code, "", "Enter a name by which you will know it again."),
        (&code, " \t ", "Enter a name"),
        (&code, &many, "Use at most 60 characters for the name."),
        (&code, "My\u{7}phone", "Use at most 60 characters"),
        (&code, "two\r\nlines", "Use at most 60 characters"),
    ] {
        let page = browser.post(SET_UP, &[("ticket", &ticket), ("code", code), ("name", name)]).await;
        page.is(422).has("There is a problem").has(says);
        assert_eq!(
            (field(&page, "ticket"), crate::ways::phone(&page).secret()),
            (ticket.clone(), phone.secret())
        );
    }
    browser.post(SET_UP, &[("ticket", &ticket), ("code", &code), ("name", "a\u{0}b")]).await.is(400);
    assert_eq!(times(&portal, HELEN, "access.second_factor_changed").await, 0);

    // Sixty characters of any kind, shown as they are.
    let name = format!("<b>Tŷ & 📱</b>{}", "x".repeat(46));
    let fields = [("ticket", ticket.as_str()), ("code", &code), ("name", &name)];
    let done = browser.post(SET_UP, &fields).await;
    let page = browser.follow(&done).await;
    page.is(200).has("They are not shown again.");
    let shown = codes(&page);
    let mut distinct = shown.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!((distinct.len(), shown.iter().all(|code| code.len() == 19)), (10, true), "{shown:?}");
    let page = browser.get("/my-account").await;
    page.has(&name)
        .has("Authenticator app, set up 24 November 2026 at 09:00, last used: never")
        .has("10 left");
    assert!(!page.body.contains("<b>Tŷ"), "a name is no markup");

    // The same page once more, another's page, and junk.
    give_next(&portal, &mut browser, "/confirm", &phone).await.is(303);
    let code = phone.code(portal.clock.now().plus_seconds(30));
    browser.get(SET_UP).await.is(200);
    browser
        .post(SET_UP, &[("ticket", &ticket), ("code", &code), ("name", "Again")])
        .await
        .is(422)
        .has("it was set up already");
    let mut ward = portal.inside();
    ward.log_in(HELEN, PASSWORD).await.leads_to("/portal");
    give_next(&portal, &mut ward, "/confirm", &phone).await.is(303);
    let page = ward.get(SET_UP).await;
    let (others, code) = (field(&page, "ticket"), crate::ways::phone(&page).code(portal.clock.now()));
    let (half, most) = (&others[..40], "A".repeat(60_000));
    for ticket in [others.as_str(), "", "junk", half, "¿quién?", &most] {
        let page = browser.post(SET_UP, &[("ticket", ticket), ("code", &code), ("name", "Another")]).await;
        page.is(422).has("The page was open too long");
    }
    assert_eq!(times(&portal, HELEN, "access.second_factor_changed").await, 1);
});

both_databases!(changing_them_takes_a_proof_of_the_last_five_minutes, |portal| async move {
    let mut browser = portal.logged_in(HELEN).await;
    let page = browser.get(SET_UP).await;
    let fields = [
        ("ticket", field(&page, "ticket")),
        ("code", phone(&page).code(portal.clock.now())),
        ("name", "Late".into()),
    ];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    portal.clock.advance(5 * 60);
    browser.get(SET_UP).await.is(200);
    portal.clock.advance(1);
    let confirm = "/confirm?return=%2Fmy-account%2Fsecond-factors%2Fauthenticator";
    browser.get(SET_UP).await.leads_to(confirm);
    browser.post(SET_UP, &fields).await.leads_to(confirm);
    browser
        .get("/my-account/second-factors/passkey")
        .await
        .leads_to("/confirm?return=%2Fmy-account%2Fsecond-factors%2Fpasskey");
    browser.get(CODES).await.leads_to("/confirm?return=%2Fmy-account%2Frecovery-codes");

    // The password is the strongest there is, as long as there is nothing else.
    browser.get(confirm).await.is(200).has("Type your password once more");
    browser.post("/confirm", &[("password", PASSWORD), ("return", SET_UP)]).await.leads_to(SET_UP);
    let app = set_up_app(&portal, &mut browser, IN_MY_ACCOUNT).await;
    let page = browser.get("/my-account").await;
    let remove = format!("{IN_MY_ACCOUNT}/{}/remove", id(&page, "/second-factors", "/remove"));
    // Now it is not enough any more, however young it is.
    browser.get(SET_UP).await.leads_to(confirm);
    browser.post(&remove, &[]).await.leads_to("/confirm?return=%2Fmy-account");
    browser.post(CODES, &[]).await.leads_to("/confirm?return=%2Fmy-account%2Frecovery-codes");
    let page = browser.get(confirm).await;
    page.is(200).has("The six digits that your authenticator app shows now").has_not("password once more");
    browser.post("/confirm", &[("password", PASSWORD), ("return", SET_UP)]).await.is(422).has(NOT_RIGHT);
    let before = browser.clone();
    give_next(&portal, &mut browser, confirm, &app.phone).await.leads_to("/portal");
    before.clone().get("/my-account").await.is(303);
    browser.get(SET_UP).await.is(200);
    portal.clock.advance(SIX_MINUTES);
    browser.get(SET_UP).await.leads_to(confirm);
    browser.post(&remove, &[]).await.leads_to("/confirm?return=%2Fmy-account");
    browser.get("/my-account").await.has("My phone").has("10 left");
    let confirmed = trail(&portal, HELEN).await.into_iter().find(|(event, _)| event == "access.confirmed");
    assert_eq!(confirmed.unwrap().1["by"], "authenticator");

    // Five wrong answers in a row, and the session is over.
    let bad = wrong(&portal, &app.phone);
    browser.get(confirm).await.is(200);
    for left in (1..5).rev() {
        let page = browser.post("/confirm", &[("code", &bad)]).await;
        page.is(422).has("This code is not right");
        assert_eq!(page.text().contains("After one more wrong one"), left == 1);
    }
    browser.post("/confirm", &[("code", &bad)]).await.leads_to("/");
    browser.get("/portal").await.is(303);
});

both_databases!(a_code_is_good_for_its_step_and_the_ones_beside_it_once, |portal| async move {
    let (_, app) = with_app(&portal, HELEN).await;
    portal.clock.advance(600);
    let mut browser = halfway(&portal, HELEN).await;
    let code = |steps: i64| app.phone.code(portal.clock.now().plus_seconds(30 * steps));
    for steps in [-2, 2] {
        give(&mut browser, &code(steps)).await.is(422).has(NOT_RIGHT);
    }
    let (late, early) = (code(-1), code(1));
    give(&mut browser, &late).await.leads_to("/portal");
    browser.get("/my-account").await.has("last used: 24 November 2026 at 09:10");
    let mut second = halfway(&portal, HELEN).await;
    give(&mut second, &late).await.is(422).has(NOT_RIGHT);
    give(&mut second, &early).await.leads_to("/portal");
    // None that was before it counts any more, and it works on no other page either.
    let mut third = halfway(&portal, HELEN).await;
    for steps in [0, 1] {
        give(&mut third, &code(steps)).await.is(422);
    }
    second.get("/confirm").await.is(200);
    second.post("/confirm", &[("code", &early)]).await.is(422).has(NOT_RIGHT);
    portal.clock.advance(60);
    // Blanks are as the app shows them.
    let now = code(0);
    give(&mut third, &format!(" {} {} ", &now[..3], &now[3..])).await.leads_to("/portal");
});

both_databases!(of_several_who_send_the_same_code_at_once_one_is_in, |portal| async move {
    let (_, app) = with_app(&portal, HELEN).await;
    portal.clock.advance(60);
    let code = app.phone.code(portal.clock.now());
    for code in [code.as_str(), &app.codes[0]] {
        let mut open = Vec::new();
        for _ in 0..6 {
            let mut browser = halfway(&portal, HELEN).await;
            browser.get("/second-factor").await.is(200);
            open.push(browser);
        }
        let given = open.into_iter().map(|mut browser| async move {
            browser.post("/second-factor", &[("code", code)]).await.status.as_u16()
        });
        let mut given = join_all(given).await;
        given.sort_unstable();
        assert_eq!(given, [303, 422, 422, 422, 422, 422]);
    }
});

both_databases!(a_hundred_guesses_stop_codes_for_a_while_and_nothing_else, |portal| async move {
    let (mut helen, app) = with_app(&portal, HELEN).await;
    let mut device = Device::new(1);
    give_next(&portal, &mut helen, "/confirm", &app.phone).await.is(303);
    set_up_passkey(&mut helen, &mut device, IN_MY_ACCOUNT).await;
    portal.clock.advance(60);
    let bad = wrong(&portal, &app.phone);
    let mut ended = 0;
    let mut thief = halfway(&portal, HELEN).await;
    for guess in 0..100 {
        thief.get("/second-factor").await.is(200);
        let page = thief.post("/second-factor", &[("code", &bad)]).await;
        match guess {
            // Five in a row end the session: the password has to be given again.
            4 | 9 => {
                page.leads_to("/");
                thief.get("/second-factor").await.leads_to("/");
                thief.log_in(HELEN, PASSWORD).await.leads_to("/second-factor");
                ended += 1;
            }
            ..10 => drop(page.is(422).has("This code is not right")),
            _ => drop(page.is(422).has(LOCKED)),
        }
    }
    assert_eq!(ended, 2);
    assert_eq!(times(&portal, HELEN, "access.second_factor_refused").await, 100);
    let outcomes: Vec<_> =
        trail(&portal, HELEN).await.into_iter().map(|(_, data)| data["outcome"].clone()).collect();
    assert!(outcomes.contains(&"wrong_code".into()) && outcomes.contains(&"locked".into()), "{outcomes:?}");

    // No code is taken now, not even the right one or one that was written down.
    let mut late = halfway(&portal, HELEN).await;
    for code in [&app.phone.code(portal.clock.now()), &app.codes[0]] {
        give(&mut late, code).await.is(422).has(LOCKED).has("Use your passkey or smartcard");
    }
    helen.get("/confirm").await.is(200);
    helen.post("/confirm", &[("code", &app.codes[0])]).await.is(422).has(LOCKED);
    // All else goes on: whoever is in, the password, passkeys.
    helen.get("/portal").await.is(200);
    give_passkey(&mut late, "/second-factor", &mut device).await.leads_to("/portal");
    give_passkey(&mut portal.browser(), "/passkey", &mut device).await.leads_to("/portal");
    portal.inside().log_in(HELEN, PASSWORD).await.leads_to("/portal");

    // It lasts as long as the policy says, and those who went on did not make it longer.
    let mut open = portal.browser();
    portal.clock.advance(15 * 60 - 1);
    open.log_in(HELEN, PASSWORD).await.leads_to("/second-factor");
    let code = app.phone.code(portal.clock.now());
    give(&mut open, &code).await.is(422).has(LOCKED);
    portal.clock.advance(1);
    give(&mut open, &app.phone.code(portal.clock.now())).await.leads_to("/portal");
    verify(&portal).await;
});

both_databases!(the_service_desk_lifts_the_lock_of_codes, |portal| async move {
    let (_, app) = with_app(&portal, HELEN).await;
    portal.clock.advance(60);
    let bad = wrong(&portal, &app.phone);
    for _ in 0..2 {
        let mut thief = halfway(&portal, HELEN).await;
        for _ in 0..5 {
            give(&mut thief, &bad).await;
        }
    }
    let mut helen = halfway(&portal, HELEN).await;
    give(&mut helen, &app.phone.code(portal.clock.now())).await.is(422).has(LOCKED);
    let holder = portal.holder(HELEN).await;
    let permit = Permit::operator(Permission::Unlock, holder.employer.id);
    access::unlock(&portal.portal.access, &permit, holder, None, audit::Origin::default()).await.unwrap();
    give(&mut helen, &app.phone.code(portal.clock.now())).await.leads_to("/portal");
});

both_databases!(each_recovery_code_works_once, |portal| async move {
    let (mut helen, app) = with_app(&portal, HELEN).await;
    let mut gareth = portal.logged_in(GARETH).await;
    let others = set_up_app(&portal, &mut gareth, IN_MY_ACCOUNT).await.codes;
    for (left, code) in app.codes.iter().take(9).enumerate() {
        // However it is typed.
        let typed = match left % 3 {
            0 => code.clone(),
            1 => code.to_lowercase().replace('-', ""),
            _ => format!(" {} ", code.replace('-', " ")),
        };
        let mut browser = halfway(&portal, HELEN).await;
        give(&mut browser, &others[left]).await.is(422);
        give(&mut browser, &typed).await.leads_to("/portal");
        browser.get("/my-account").await.has(&format!("{} left", 9 - left));
        let mut again = halfway(&portal, HELEN).await;
        give(&mut again, code).await.is(422).has(NOT_RIGHT);
    }
    // The last one confirms as well, and with it new ones are made.
    helen.get("/confirm").await.is(200);
    helen.post("/confirm", &[("code", &app.codes[9]), ("return", CODES)]).await.leads_to(CODES);
    helen.get(CODES).await.is(200).has("You have no recovery code left.").has("puts an end to the old ones");
    let done = helen.post(CODES, &[]).await;
    let page = helen.follow(&done).await;
    let first = codes(&page.clone());
    assert_eq!(first.len(), 10);
    // Shown where they were made, and nowhere else.
    let shown = done.location().unwrap().to_owned();
    assert_eq!(codes(helen.get(&shown).await.is(200)), first);
    let mut ward = portal.inside();
    ward.log_in(HELEN, PASSWORD).await.leads_to("/portal");
    ward.get(&shown).await.leads_to("/confirm?return=%2Fmy-account%2Frecovery-codes");
    assert_eq!(codes(helen.get(CODES).await.has("You have 10 recovery codes left.")), Vec::<String>::new());
    helen.get(&format!("{CODES}?codes=junk")).await.is(200).has("You have 10 recovery codes left.");
    // Others take their place.
    let done = helen.post(CODES, &[]).await;
    let second = codes(&helen.follow(&done).await);
    let mut browser = halfway(&portal, HELEN).await;
    give(&mut browser, &first[0]).await.is(422).has(NOT_RIGHT);
    give(&mut browser, &second[0]).await.leads_to("/portal");
    portal.settle().await;
    let told = subjects(&portal, HELENS_MAIL);
    assert_eq!(told.iter().filter(|subject| subject.contains("second factors")).count(), 3, "{told:?}");
    verify(&portal).await;
});

both_databases!(whoever_has_no_factor_has_no_codes, |portal| async move {
    let mut browser = portal.logged_in(HELEN).await;
    browser.get(CODES).await.leads_to("/my-account");
    browser.get("/my-account").await.is(200);
    browser.post(CODES, &[]).await.leads_to("/my-account");
    portal.set("427", |settings| settings.policies.second_factor = Off).await;
    browser.get(CODES).await.leads_to("/my-account");
});

both_databases!(one_is_taken_off_by_its_holder, |portal| async move {
    let (mut helen, app) = with_app(&portal, HELEN).await;
    let mut gareth = portal.logged_in(GARETH).await;
    set_up_app(&portal, &mut gareth, IN_MY_ACCOUNT).await;
    give_next(&portal, &mut helen, "/confirm", &app.phone).await.is(303);
    let theirs = id(&gareth.get("/my-account").await, "/second-factors", "/remove");
    let path = |id: &str| format!("{IN_MY_ACCOUNT}/{id}/remove");
    let page = helen.get("/my-account").await;
    let hers = id(&page, "/second-factors", "/remove");
    for id in [theirs.as_str(), "00000000-0000-0000-0000-000000000000", "1", "my-phone"] {
        helen.post(&path(id), &[]).await.is(404);
    }
    gareth.get("/my-account").await.has("My phone");
    helen.get("/my-account").await.is(200);
    helen.post(&path(&hers), &[]).await.leads_to("/my-account?done=factor-removed");
    let page = helen.get("/my-account?done=factor-removed").await;
    page.has("The second factor is taken off.").has_not("My phone").has_not("Recovery codes");
    helen.post(&path(&hers), &[]).await.is(404);
    // Neither it nor the codes are asked for or work.
    portal.browser().log_in(HELEN, PASSWORD).await.leads_to("/portal");
    let app_again = set_up_app(&portal, &mut helen, IN_MY_ACCOUNT).await;
    portal.clock.advance(30);
    let mut browser = halfway(&portal, HELEN).await;
    for code in [&app.phone.code(portal.clock.now()), &app.codes[0]] {
        give(&mut browser, code).await.is(422).has(NOT_RIGHT);
    }
    give(&mut browser, &app_again.codes[0]).await.leads_to("/portal");
});

both_databases!(a_short_password_keeps_its_last_factor, |portal| async move {
    const SHORT: &str = "herons wade!";
    let (mut helen, app) = with_app(&portal, HELEN).await;
    let reset = "/internet-access/reset-password";
    let set = async |browser: &mut Browser, present: &str, new: &str| {
        browser.get(reset).await.is(200);
        browser.post(reset, &[("present_password", present), ("new_password", new)]).await
    };
    // Beside a factor twelve characters are enough, in the portal and by a link.
    helen.get(reset).await.has("Use 12 characters or more.");
    set(&mut helen, PASSWORD, "herons wade").await.is(422).has("Use 12 characters or more");
    set(&mut helen, PASSWORD, SHORT).await.is(303);
    portal.clock.advance(60);
    let link = portal.link_for(HELEN).await;
    portal.browser().get(&link).await.has("Use 12 characters or more.");

    give_next(&portal, &mut helen, "/confirm", &app.phone).await.is(303);
    let second = set_up_app(&portal, &mut helen, IN_MY_ACCOUNT).await;
    assert_eq!(second.codes, Vec::<String>::new(), "the codes are those of the first");
    let remove = async |browser: &mut Browser| {
        let page = browser.get("/my-account").await;
        browser
            .post(&format!("{IN_MY_ACCOUNT}/{}/remove", id(&page, "/second-factors", "/remove")), &[])
            .await
    };
    remove(&mut helen).await.leads_to("/my-account?done=factor-removed");
    remove(&mut helen).await.leads_to("/my-account?done=short-password");
    helen
        .get("/my-account?done=short-password")
        .await
        .has("Your password is too short to be the only way in")
        .has("My phone");
    assert_eq!(times(&portal, HELEN, "access.second_factor_changed").await, 3);

    // A longer one can stand alone; from then on fifteen are the fewest again.
    set(&mut helen, SHORT, PASSWORD).await.is(303);
    remove(&mut helen).await.leads_to("/my-account?done=factor-removed");
    helen.get(reset).await.has("Use 15 characters or more.");
    set(&mut helen, PASSWORD, SHORT).await.is(422).has("Use 15 characters or more");
    portal.browser().log_in(HELEN, PASSWORD).await.leads_to("/portal");
});

both_databases!(there_is_an_end_to_how_many_one_has, |portal| async move {
    let (mut helen, app) = with_app(&portal, HELEN).await;
    give_next(&portal, &mut helen, "/confirm", &app.phone).await.is(303);
    for _ in 1..10 {
        set_up_app(&portal, &mut helen, IN_MY_ACCOUNT).await;
    }
    let page = helen.get(SET_UP).await;
    let (ticket, code) = (field(&page, "ticket"), phone(&page).code(portal.clock.now()));
    let page = helen.post(SET_UP, &[("ticket", &ticket), ("code", &code), ("name", "One more")]).await;
    page.is(422).has("You have as many of these as an account can have.");
    assert_eq!(helen.get("/my-account").await.text().matches("Take off My phone").count(), 10);
    // Any of them will do.
    give_next(&portal, &mut halfway(&portal, HELEN).await, "/second-factor", &app.phone)
        .await
        .leads_to("/portal");
});
