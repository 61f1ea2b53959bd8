//! The personal address and the leavers' door: set, confirmed, stopped; who gets in by it, to what, and for how long.

use ::second_factors::testing::Phone;
use records::Role;
use testing::{Answer, Browser, PASSWORD, Portal, both_databases};
use web::Audience;

use crate::ways::{DAY, GARETH, HELEN, HELENS_MAIL, give_next, id, subjects, times, trail, verify, with_app};

const FORM: &str = "/my-account/personal-address";
const HOME: &str = "helen@home.example";
const NOT_LET_IN: &str = "If they are right, see below whom this page lets in.";

/// The link as the portal's own path.
fn path(link: &str) -> String {
    link.strip_prefix("https://portal.example").unwrap().to_owned()
}

fn secret(link: &str) -> String {
    link.rsplit_once('=').unwrap().1.to_owned()
}

/// Types an address, and hands over the paths of the links that are mailed: to it, and in the notice.
async fn sets(portal: &Portal, browser: &mut Browser, address: &str, told: &str) -> (String, String) {
    browser.get(FORM).await.is(200);
    browser.post(FORM, &[("address", address)]).await.leads_to("/my-account?done=personal-address");
    portal.settle().await;
    let to_confirm = path(&portal.mails_to(&address.to_lowercase())[0].links[0]);
    (to_confirm, path(&portal.mails_to(told)[0].links[0]))
}

/// Presses the button behind a link, in a browser of its own.
async fn press(portal: &Portal, link: &str) -> Answer {
    let mut browser = portal.browser();
    browser.get(link).await.is(200);
    let action = link.split('?').next().unwrap();
    browser.post(action, &[("link", &secret(link))]).await
}

/// Helen, with an authenticator app and a confirmed personal address.
async fn helen(portal: &Portal) -> (Browser, Phone) {
    let (mut browser, app) = with_app(portal, HELEN).await;
    give_next(portal, &mut browser, "/confirm", &app.phone).await.is(303);
    let (confirm, _) = sets(portal, &mut browser, HOME, HELENS_MAIL).await;
    press(portal, &confirm).await.is(200).has("Your personal address is confirmed");
    (browser, app.phone)
}

/// Helen has left, and the days since she set her address are over.
async fn helen_has_left(portal: &Portal) -> Phone {
    let (_, phone) = helen(portal).await;
    portal.leaves(HELEN, "2026-11-30").await;
    portal.set_clock("2026-12-10T09:00:00Z");
    phone
}

async fn at_the_door(browser: &mut Browser, username: &str, password: &str) -> Answer {
    browser.get("/leavers").await;
    browser.post("/leavers", &[("username", username), ("password", password)]).await
}

/// Comes in by the leavers' door.
async fn comes_in(portal: &Portal, password: &str, phone: &Phone) -> Browser {
    let mut browser = portal.browser();
    at_the_door(&mut browser, HELEN, password).await.leads_to("/second-factor");
    give_next(portal, &mut browser, "/second-factor", phone).await.leads_to("/portal");
    browser.get("/portal").await.leads_to("/payslips");
    browser
}

both_databases!(it_is_set_confirmed_and_told, |portal| async move {
    let mut browser = portal.logged_in(HELEN).await;
    browser.get("/my-account").await.has("After you have left").has("Set a personal address");
    let form = browser.get(FORM).await;
    form.is(200).has("for 7 years after your last day").has("You have no second factor yet");
    for (typed, says) in [
        ("", "Enter your own email address."),
        ("helen", "Enter an email address like first.last@domain.com."),
        ("helen@home.example\r\nBcc: x@y.example", "Enter an email address like"),
        ("Helen@NHS.net", "This mailbox belongs to your employer and ends with your job."),
        ("helen@mail.nhs.net", "This mailbox belongs to your employer"),
    ] {
        let page = browser.post(FORM, &[("address", typed)]).await;
        page.is(422).has("There is a problem").has(says);
    }
    let page = browser.post(FORM, &[("address", "\"><script>alert(1)</script>")]).await;
    assert!(!page.is(422).body.contains("<script>alert"), "what was typed is escaped");
    assert_eq!(times(&portal, HELEN, "access.personal_address_set").await, 0);

    let (confirm, stop) = sets(&portal, &mut browser, " Helen@Home.example ".trim(), HELENS_MAIL).await;
    let mail = &portal.mails_to(HOME)[0];
    assert_eq!(mail.links.len(), 1);
    for nobody in ["Helen", "O'Wsea", HELEN, "10001"] {
        assert!(!mail.text.contains(nobody), "a stranger's mailbox is told no name: {}", mail.text);
    }
    let notice = &portal.mails_to(HELENS_MAIL)[0];
    assert!(notice.subject.starts_with("A personal address was set for you"), "{}", notice.subject);
    assert!(!notice.text.to_lowercase().contains("home.example"), "{}", notice.text);
    assert!(stop.starts_with("/personal-address/stop?link="), "{stop}");
    browser
        .get("/my-account?done=personal-address")
        .await
        .has("A link is on its way to your personal address.")
        .has("A personal address was set")
        .has("Not confirmed yet: press the link in the mail to it by 09:30");

    // Opening changes nothing, and one press is all there is.
    for _ in 0..3 {
        portal.browser().get(&confirm).await.is(200).has("Confirm your personal address").has_not("Helen");
        portal.browser().head(&confirm).await.is(200);
        portal.browser().get(&stop).await.is(200).has("Stop the personal address");
    }
    assert_eq!(times(&portal, HELEN, "access.personal_address_confirmed").await, 0);
    press(&portal, &confirm).await.is(200).has("from 8 December 2026 at 09:00 at the earliest");
    portal
        .browser()
        .get(&confirm)
        .await
        .is(410)
        .has("The address was confirmed on 24 November 2026 at 09:00.");
    let page = browser.get("/my-account").await;
    page.has("Works once you have left, from 8 December 2026 at 09:00 at the earliest");
    page.has("Set a personal address.").has("You, or somebody as you").has("Confirmed the personal address.");
    browser.post(FORM, &[("address", HOME)]).await.is(422).has("This is your personal address already.");

    // None of it says which.
    for (event, data) in trail(&portal, HELEN).await {
        assert!(!data.to_string().contains("home.example"), "{event}: {data}");
    }
    verify(&portal).await;
});

both_databases!(its_link_works_once_half_an_hour_and_only_the_newest, |portal| async move {
    let mut browser = portal.logged_in(HELEN).await;
    let (first, _) = sets(&portal, &mut browser, HOME, HELENS_MAIL).await;
    portal.clock.advance(60);
    let (second, _) = sets(&portal, &mut browser, HOME, HELENS_MAIL).await;
    portal.browser().get(&first).await.is(410).has("The address was taken off, stopped or replaced.");
    portal.clock.advance(30 * 60);
    portal.browser().get(&second).await.is(410).has("It ran out on 24 November 2026 at 09:31.");
    browser = portal.browser();
    browser.log_in(HELEN, PASSWORD).await.leads_to("/portal");
    browser.get("/my-account").await.has("Not confirmed, and the link has run out: set it once more");
    let (third, _) = sets(&portal, &mut browser, HOME, HELENS_MAIL).await;
    let presses = (0..8).map(|_| press_quietly(&portal, &third));
    let answers = futures::future::join_all(presses).await;
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1, "{answers:?}");
    assert_eq!(times(&portal, HELEN, "access.personal_address_confirmed").await, 1);
    for unknown in ["confirm", "stop"] {
        for link in ["", "?link=", "?link=abc", &format!("?link={}", "0".repeat(64))] {
            let page = portal.browser().get(&format!("/personal-address/{unknown}{link}")).await;
            page.is(410).has("This link does not work any more");
        }
        let page = portal.browser().post(&format!("/personal-address/{unknown}"), &[("link", "abc")]).await;
        page.is(410);
    }

    // An address is set by those who work here.
    portal.clock.advance(3600);
    let mut browser = portal.browser();
    browser.log_in(HELEN, PASSWORD).await.leads_to("/portal");
    let (fourth, _) = sets(&portal, &mut browser, "other@home.example", HELENS_MAIL).await;
    portal.leaves(HELEN, "2026-11-23").await;
    portal.browser().get(&fourth).await.is(410).has("The last day at this employer is over");
});

async fn press_quietly(portal: &Portal, link: &str) -> u16 {
    let action = link.split('?').next().unwrap();
    portal.browser().post(action, &[("link", &secret(link))]).await.status.as_u16()
}

both_databases!(setting_it_takes_a_proof_and_is_counted, |portal| async move {
    let mut browser = portal.logged_in(HELEN).await;
    let page = "/confirm?return=%2Fmy-account%2Fpersonal-address";
    portal.clock.advance(5 * 60 + 1);
    browser.get("/portal").await.is(200);
    browser.get(FORM).await.leads_to(page);
    browser.post(FORM, &[("address", HOME)]).await.leads_to(page);
    browser.get(page).await.is(200);
    browser.post("/confirm", &[("password", PASSWORD), ("return", FORM)]).await.leads_to(FORM);
    for n in 0..3 {
        sets(&portal, &mut browser, &format!("helen{n}@home.example"), HELENS_MAIL).await;
    }
    browser.post(FORM, &[("address", HOME)]).await.is(422).has("An address was set too often lately.");
    assert!(portal.mails_to(HOME).is_empty());
    assert_eq!(portal.mails_to(HELENS_MAIL).iter().filter(|mail| mail.links.len() == 1).count(), 4);

    // Nor does anybody else send more there.
    for username in [GARETH, "427JFLETC01", "427TNOWAK01", "427PPATEL01"] {
        let mut somebody = portal.logged_in(username).await;
        somebody.get(FORM).await.is(200);
        let answer = somebody.post(FORM, &[("address", "Shared@home.example")]).await;
        answer.is(if username == "427PPATEL01" { 422 } else { 303 });
    }
    portal.settle().await;
    assert_eq!(portal.mails_to("shared@home.example").len(), 3);
    // An hour later it goes on.
    portal.clock.advance(3600);
    let mut browser = portal.browser();
    browser.log_in(HELEN, PASSWORD).await.leads_to("/portal");
    sets(&portal, &mut browser, HOME, HELENS_MAIL).await;
});

both_databases!(it_is_not_set_where_nobody_could_be_told, |portal| async move {
    let mut browser = portal.logged_in(HELEN).await;
    browser.get(FORM).await.is(200);
    portal.set("427", |settings| settings.mail_domains = vec!["other.example".into()]).await;
    let page = browser.post(FORM, &[("address", HOME)]).await;
    page.is(422).has("at which you could be told of this. Ask HR to add one first.");
    portal.settle().await;
    assert!(portal.mails_to(HOME).is_empty());
});

both_databases!(a_stranger_at_an_open_session_is_stopped_for_good, |portal| async move {
    // Helen has left her screen open; the stranger has her password as well.
    let mut stranger = portal.logged_in(HELEN).await;
    let (confirm, first) = sets(&portal, &mut stranger, "thief@evil.example", HELENS_MAIL).await;
    press(&portal, &confirm).await.is(200);
    // Another one, so that the first notice has nothing to stop.
    portal.clock.advance(60);
    let (another, second) = sets(&portal, &mut stranger, "thief2@evil.example", HELENS_MAIL).await;
    assert_ne!(first, second);

    // She need not log in for it, and opening the link is not enough.
    portal.browser().get(&first).await.is(200).has("Was it not you who set a personal address at Northmoor");
    stranger.get("/portal").await.is(200);
    press(&portal, &first)
        .await
        .is(200)
        .has("The personal address is stopped")
        .has("Reset your password now");
    stranger.get("/portal").await.is(303);
    portal.browser().get(&first).await.is(410).has("There is nothing to stop");
    portal.browser().get(&second).await.is(410);
    // What is dead stays so.
    portal.browser().get(&another).await.is(410).has("The address was taken off, stopped or replaced.");
    assert_eq!(press_quietly(&portal, &another).await, 410);
    assert_eq!(press_quietly(&portal, &confirm).await, 410);
    portal.settle().await;
    assert!(
        subjects(&portal, HELENS_MAIL)[0].contains("was taken off"),
        "{:?}",
        subjects(&portal, HELENS_MAIL)
    );
    assert_eq!(times(&portal, HELEN, "access.personal_address_stopped").await, 1);
    portal.leaves(HELEN, "2026-11-24").await;
    portal.clock.advance(30 * DAY);
    at_the_door(&mut portal.browser(), HELEN, PASSWORD).await.is(422).has(NOT_LET_IN);
    let kept =
        store::testing::strings(&portal.db, "SELECT COALESCE(address, 'gone') FROM personal_address").await;
    assert_eq!(kept, ["gone", "gone"], "what has ended is not kept");
    assert!(access::sweep(&portal.portal.access).await.unwrap() > 0);
});

both_databases!(it_is_stopped_or_taken_off_in_my_account, |portal| async move {
    let (mut browser, phone) = helen(&portal).await;
    let mut stranger = portal.inside();
    stranger.log_in(HELEN, PASSWORD).await.leads_to("/portal");
    let page = browser.get("/my-account").await;
    let stop = format!("{FORM}/{}/stop", id(&page, "/personal-address", "/stop"));
    let mut gareth = portal.logged_in(GARETH).await;
    gareth.get("/portal").await;
    gareth.post(&stop, &[]).await.is(404);
    gareth.post(&stop.replace("/stop", "/remove"), &[]).await.is(404);
    browser.post(&stop, &[]).await.leads_to("/my-account?done=personal-address-stopped");
    browser
        .get("/my-account?done=personal-address-stopped")
        .await
        .has("The personal address is stopped, and you are logged out everywhere else.")
        .has_not(HOME);
    stranger.get("/portal").await.is(303);
    browser.post(&stop, &[]).await.is(404);

    // After fourteen days it is theirs, and taking it off asks for a proof.
    give_next(&portal, &mut browser, "/confirm", &phone).await.is(303);
    let (confirm, _) = sets(&portal, &mut browser, HOME, HELENS_MAIL).await;
    press(&portal, &confirm).await.is(200);
    portal.clock.advance(14 * DAY);
    let mut browser = portal.inside();
    browser.log_in(HELEN, PASSWORD).await.leads_to("/portal");
    let page = browser.get("/my-account").await;
    page.has("Works once you have left").has_not("Stop this address").has_not("at the earliest");
    let remove = format!("{FORM}/{}/remove", id(&page, "/personal-address", "/remove"));
    browser.post(&remove.replace("/remove", "/stop"), &[]).await.is(404);
    browser.post(&remove, &[]).await.leads_to("/confirm?return=%2Fmy-account");
    give_next(&portal, &mut browser, "/confirm", &phone).await.is(303);
    browser.get("/my-account").await.is(200);
    browser.post(&remove, &[]).await.leads_to("/my-account?done=personal-address-removed");
    browser.get("/my-account").await.has("Took the personal address off.").has_not(HOME);
    portal.leaves(HELEN, "2026-12-07").await;
    at_the_door(&mut portal.browser(), HELEN, PASSWORD).await.is(422);
    portal.settle().await;
    assert!(subjects(&portal, HELENS_MAIL)[0].contains("was taken off"));
});

both_databases!(a_leaver_reaches_payslips_and_nothing_else, |portal| async move {
    let phone = helen_has_left(&portal).await;
    // The other door knows nothing of it.
    portal.browser().log_in(HELEN, PASSWORD).await.is(422).has_not("payroll");
    let mut browser = portal.browser();
    let page = browser.get("/leavers").await;
    page.is(200).has("Payslips and P60s after you have left").has("Ask payroll of your employer");
    at_the_door(&mut browser, HELEN, PASSWORD).await.leads_to("/second-factor");
    let page = browser.get("/second-factor").await;
    page.is(200)
        .has("Ask payroll of your employer")
        .has_not("do not ask here again")
        .has_not("service desk: they can");
    browser.get("/payslips").await.leads_to("/second-factor");
    browser.get("/second-factor/set-up").await.leads_to("/second-factor");
    browser.post("/second-factor", &[("code", "123")]).await.is(422);
    give_next(&portal, &mut browser, "/second-factor", &phone).await.leads_to("/portal");
    browser.get("/portal").await.leads_to("/payslips");
    browser.get("/").await.leads_to("/portal");
    browser.get("/leavers").await.leads_to("/portal");
    let page = browser.get("/payslips").await;
    page.is(200).has("Helen O'Wsea").has("Log out").has_not("Manage Internet Access").has_not("My account");
    assert!(!page.body.contains("href=\"/my-account\""));
    let routes = portal
        .portal
        .routes
        .iter()
        .filter(|route| matches!(route.audience, Audience::Staff | Audience::Role(_)));
    let somebody = portal.holder(GARETH).await.record.id.to_string();
    for route in routes.filter(|route| !route.leavers && route.path != "/portal") {
        let path = route.path.replace("{id}", &somebody);
        let answer = if route.method == http::Method::POST && route.files {
            browser.post_files(&path, &[], &[]).await
        } else if route.method == http::Method::POST {
            browser.post(&path, &[]).await
        } else {
            browser.get(&path).await
        };
        answer.is(403).has("This page is for people who work here");
    }
    browser.get("/payslips").await.is(200).has_not("How you are told");
    for page in ["", "/compare"] {
        browser.get(&format!("/payslips/{somebody}{page}")).await.is(404);
    }
    browser.post("/session/stay", &[]).await.is(200);

    // The notice of the new device goes where she reads it.
    portal.settle().await;
    assert!(subjects(&portal, HOME)[0].contains("on a new device"), "{:?}", subjects(&portal, HOME));
    let out = browser.post("/log-out", &[]).await;
    out.leads_to("/logged-out?door=leavers");
    assert!(browser.follow(&out).await.body.contains("href=\"/leavers\""));

    // Whoever does nothing is led to the same door again.
    let mut browser = comes_in(&portal, PASSWORD, &phone).await;
    portal.clock.advance(16 * 60);
    browser.get("/payslips").await.leads_to("/leavers?ended=yes");
    browser.get("/leavers?ended=yes").await.has("You have been logged out.");
    browser.post("/session/stay", &[]).await.leads_to("/leavers?ended=yes");
    let (event, data) =
        &trail(&portal, HELEN).await.into_iter().find(|(event, _)| event == "access.logged_in").unwrap();
    assert_eq!((event.as_str(), data["door"].as_str()), ("access.logged_in", Some("leavers")));
    verify(&portal).await;
});

both_databases!(roles_and_internet_access_count_for_nothing, |portal| async move {
    portal.with_role(GARETH, Role::Hr).await;
    portal.set("427", |settings| settings.policies.roles_from_outside = true).await;
    let (_, phone) = helen(&portal).await;
    portal.grant(HELEN, Role::Payroll).await;
    portal.leaves(HELEN, "2026-11-30").await;
    portal.set_clock("2026-12-10T09:00:00Z");
    let mut browser = comes_in(&portal, PASSWORD, &phone).await;
    for path in ["/hr/staff", "/service-desk", "/my-account", "/internet-access", "/confirm"] {
        browser.get(path).await.is(403);
    }
    // At the other door nothing lets in.
    portal.browser().log_in(HELEN, PASSWORD).await.is(422);
});

/// One kind of refused log-in.
struct Kind {
    name: &'static str,
    username: &'static str,
    password: String,
}

/// Carol left without an address; Gareth without a second factor; Tomasz's address is too young; Priya stopped hers; Helen works here.
async fn refused_kinds(portal: &Portal) -> Vec<Kind> {
    portal.set_clock("2025-10-31T09:00:00Z");
    portal.set_password("427CWHITA01").await;
    portal.set_clock("2026-11-24T09:00:00Z");
    let (mut helens, _) = helen(portal).await;
    helens.get("/portal").await.is(200);
    for (username, told, last_day) in
        [(GARETH, "gareth.pugh@nhs.net", "2026-11-30"), ("427PPATEL01", "priya.patel@nhs.net", "2026-11-30")]
    {
        let mut browser = portal.logged_in(username).await;
        let (confirm, stop) = sets(portal, &mut browser, "somebody@home.example", told).await;
        press(portal, &confirm).await.is(200);
        if username != GARETH {
            press(portal, &stop).await.is(200);
        }
        portal.leaves(username, last_day).await;
    }
    portal.set_clock("2026-12-01T09:00:00Z");
    let (mut browser, app) = with_app(portal, "427TNOWAK01").await;
    give_next(portal, &mut browser, "/confirm", &app.phone).await.is(303);
    let (confirm, _) = sets(portal, &mut browser, "tomasz@home.example", "tomasz.nowak@nhs.net").await;
    press(portal, &confirm).await.is(200);
    portal.leaves("427TNOWAK01", "2026-12-04").await;
    portal.set_password("427JFLETC01").await;
    portal.set_clock("2026-12-10T09:00:00Z");
    for _ in 0..10 {
        at_the_door(&mut portal.browser_at("198.51.100.5"), "427JFLETC01", "wrong").await.is(422);
    }
    // The lock is the one of the other door.
    portal.browser().log_in("427JFLETC01", PASSWORD).await.is(422);
    let kind = |name, username, password: &str| Kind { name, username, password: password.to_owned() };
    vec![
        kind("unknown", "427NOBODY77", "some password or other"),
        kind("no username at all", "¿quién?", "some password or other"),
        kind("wrong", HELEN, "some password or other"),
        kind("empty", HELEN, ""),
        kind("overlong", HELEN, &"x".repeat(10_000)),
        kind("still employed", HELEN, PASSWORD),
        kind("no address", "427CWHITA01", PASSWORD),
        kind("no second factor", GARETH, PASSWORD),
        kind("too young", "427TNOWAK01", PASSWORD),
        kind("stopped", "427PPATEL01", PASSWORD),
        kind("locked", "427JFLETC01", PASSWORD),
        kind("never set one", "427ADELAC01", PASSWORD),
    ]
}

fn shape(answer: &Answer, username: &str) -> (u16, Vec<(String, String)>, String) {
    let mut headers: Vec<(String, String)> = answer
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.retain(|(name, _)| name != "set-cookie" && name != "content-length");
    headers.sort();
    (answer.status.as_u16(), headers, answer.fixed().replace(username, "USERNAME"))
}

both_databases!(every_refusal_at_the_door_is_the_same, |portal| async move {
    let kinds = refused_kinds(&portal).await;
    let mut seen = Vec::new();
    for Kind { name, username, password } in &kinds {
        for round in 0..15 {
            let mut browser = portal.browser_at(&format!("203.0.113.{}", 20 + round));
            browser.get("/leavers").await.is(200);
            let _ = portal.db.recorded_statements();
            let hashes = portal.portal.access.hasher.hashes();
            let answer = browser.post("/leavers", &[("username", username), ("password", password)]).await;
            assert_eq!(portal.portal.access.hasher.hashes() - hashes, 1, "{name}: one hash");
            answer.is(422).has(NOT_LET_IN);
            seen.push((name, shape(&answer, username), portal.db.recorded_statements()));
        }
    }
    let (first, shape, statements) = seen[0].clone();
    assert!(statements.len() > 8, "statements are recorded");
    for (name, other, others) in &seen {
        assert_eq!((other, others), (&shape, &statements), "{name} and {first}");
    }
    portal
        .browser()
        .post("/leavers", &[])
        .await
        .is(422)
        .has("Enter your username.")
        .has("Enter your password.");
});

/// At work, some days later, another address is set; the link that confirms it.
async fn sets_another(portal: &Portal, phone: &Phone) -> (Browser, String) {
    portal.set_clock("2026-12-10T09:00:00Z");
    let mut browser = portal.inside();
    browser.log_in(HELEN, PASSWORD).await.leads_to("/portal");
    give_next(portal, &mut browser, "/confirm", phone).await.is(303);
    let (confirm, _) = sets(portal, &mut browser, "new@home.example", HELENS_MAIL).await;
    browser.get("/my-account").await.has(HOME).has("new@home.example");
    (browser, confirm)
}

both_databases!(it_waits_for_the_last_day, |portal| async move {
    let (_, phone) = helen(&portal).await;
    // As long as another is not confirmed, the one before stays.
    sets_another(&portal, &phone).await;
    portal.leaves(HELEN, "2026-12-20").await;
    portal.set_clock("2026-12-20T23:59:00Z");
    at_the_door(&mut portal.browser(), HELEN, PASSWORD).await.is(422);
    portal.set_clock("2026-12-21T00:00:00Z");
    comes_in(&portal, PASSWORD, &phone).await;
});

both_databases!(one_that_is_set_anew_waits_anew, |portal| async move {
    let (_, phone) = helen(&portal).await;
    let (mut browser, confirm) = sets_another(&portal, &phone).await;
    press(&portal, &confirm).await.is(200).has("from 24 December 2026 at 09:00");
    browser.get("/my-account").await.has_not(HOME).has("new@home.example");
    portal.leaves(HELEN, "2026-12-15").await;
    portal.set_clock("2026-12-24T09:00:00Z");
    at_the_door(&mut portal.browser(), HELEN, PASSWORD).await.is(422);
    portal.set_clock("2026-12-24T09:01:00Z");
    comes_in(&portal, PASSWORD, &phone).await;
});

both_databases!(for_so_many_years_as_the_employer_says, |portal| async move {
    let phone = helen_has_left(&portal).await;
    let mut browser = comes_in(&portal, PASSWORD, &phone).await;
    portal.set("427", |settings| settings.policies.leavers_years = 0).await;
    browser.get("/payslips").await.leads_to("/leavers?ended=yes");
    at_the_door(&mut portal.browser(), HELEN, PASSWORD).await.is(422);
    portal.set("427", |settings| settings.policies.leavers_years = 1).await;
    portal.set_clock("2027-11-30T23:00:00Z");
    let mut browser = comes_in(&portal, PASSWORD, &phone).await;
    portal.set_clock("2027-12-01T00:00:00Z");
    browser.get("/payslips").await.leads_to("/leavers?ended=yes");
    at_the_door(&mut portal.browser(), HELEN, PASSWORD).await.is(422);

    // Where the door is shut, nobody is asked for an address.
    portal.set("427", |settings| settings.policies.leavers_years = 0).await;
    let mut gareth = portal.logged_in(GARETH).await;
    gareth.get("/my-account").await.has_not("After you have left");
    gareth.get(FORM).await.is(403).has("does not let people in who have left");
    gareth.post(FORM, &[("address", HOME)]).await.is(403);
});

both_databases!(whoever_is_back_is_staff_again, |portal| async move {
    let mut browser = portal.leaver(HELEN).await;
    browser.get("/payslips").await.is(200);
    portal.leaves(HELEN, "").await;
    browser.get("/payslips").await.leads_to("/leavers?ended=yes");
    at_the_door(&mut browser, HELEN, PASSWORD).await.is(422);
    let mut browser = portal.inside();
    browser.log_in(HELEN, PASSWORD).await.leads_to("/portal");
    browser.get("/portal").await.is(200);
    browser.get("/my-account").await.has("own.address@home.example");
});

/// Asks for a link at the leavers' door.
async fn asks(portal: &Portal, username: &str, address: &str, (day, month, year): (&str, &str, &str)) {
    let mut browser = portal.browser();
    browser.get("/leavers/forgotten").await.is(200);
    let fields = [("username", username), ("email", address), ("day", day), ("month", month), ("year", year)];
    browser.post("/leavers/forgotten", &fields).await.leads_to("/leavers/forgotten/sent");
    portal.settle().await;
}

const BORN: (&str, &str, &str) = ("14", "3", "1984");

both_databases!(a_forgotten_password_is_set_by_the_personal_address, |portal| async move {
    let (_, phone) = helen(&portal).await;
    let links = |portal: &Portal| {
        portal
            .mails_to(HOME)
            .into_iter()
            .filter(|mail| mail.subject.starts_with("Set a new password"))
            .count()
    };
    // Not before it works.
    asks(&portal, HELEN, HOME, BORN).await;
    portal.leaves(HELEN, "2026-11-30").await;
    portal.set_clock("2026-12-05T09:00:00Z");
    asks(&portal, HELEN, HOME, BORN).await;
    portal.set_clock("2026-12-10T09:00:00Z");
    for (username, address, born) in [
        (HELEN, "helen@elsewhere.example", BORN),
        (HELEN, HELENS_MAIL, BORN),
        (HELEN, HOME, ("15", "3", "1984")),
        (GARETH, HOME, BORN),
        ("427NOBODY77", HOME, BORN),
        ("¿quién?", HOME, BORN),
    ] {
        asks(&portal, username, address, born).await;
    }
    assert_eq!(links(&portal), 0);
    // Nor does the other page know her.
    let mut browser = portal.browser();
    let (day, month, year) = BORN;
    let fields = [("email", HOME), ("day", day), ("month", month), ("year", year), ("username", HELEN)];
    browser.post("/forgotten", &fields).await.leads_to("/forgotten/sent");
    portal.settle().await;
    assert_eq!(links(&portal), 0);

    asks(&portal, " 427howsea01 ", "Helen@HOME.example", BORN).await;
    assert_eq!(links(&portal), 1);
    let mail = portal.mails_to(HOME)[0].clone();
    assert!(mail.text.contains(HELEN) && mail.links.len() == 1, "{}", mail.text);
    let link = path(&mail.links[0]);
    assert!(link.starts_with("/leavers/reset?link="), "{link}");
    // It is good at this door only, and opening it changes nothing.
    portal.browser().get(&link.replace("/leavers", "")).await.is(410);
    let mut browser = portal.browser();
    browser.get(&link).await.is(200).has("Reset your password").has("Unlock and keep my password");
    let new = "quite another long one";
    let fields = [("link", secret(&link)), ("act", "set".into()), ("new_password", "short".into())];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.post("/leavers/reset", &fields).await.is(422).has("too short");
    let fields = [("link", secret(&link)), ("act", "set".into()), ("new_password", new.into())];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.post("/reset", &fields).await.is(410);
    let done = browser.post("/leavers/reset", &fields).await;
    done.is(200).has("Your password is set").has("your password and your second factor").has_not("anywhere");
    browser.post("/leavers/reset", &fields).await.is(410).has("It was used on 10 December 2026 at 09:00");
    assert!(browser.get(&link).await.body.contains("href=\"/leavers/forgotten\""));
    portal.settle().await;
    assert!(subjects(&portal, HOME)[0].contains("was set"), "{:?}", subjects(&portal, HOME));
    // The second factor is asked for all the same.
    at_the_door(&mut portal.browser(), HELEN, PASSWORD).await.is(422);
    comes_in(&portal, new, &phone).await;

    // A link dies with the years, with the address, and with being back.
    portal.clock.advance(3600);
    asks(&portal, HELEN, HOME, BORN).await;
    let link = path(&portal.mails_to(HOME)[0].links[0]);
    portal.leaves(HELEN, "").await;
    portal.browser().get(&link).await.is(410).has("It is for people who have left");
    portal.leaves(HELEN, "2026-11-30").await;
    portal.browser().get(&link).await.is(200);
    portal.set("427", |settings| settings.policies.leavers_years = 0).await;
    portal.browser().get(&link).await.is(410);
    verify(&portal).await;
});

both_databases!(every_answer_to_a_forgotten_password_is_the_same, |portal| async move {
    helen_has_left(&portal).await;
    let mut seen = Vec::new();
    for (username, address) in
        [(HELEN, HOME), (HELEN, "no@home.example"), ("427NOBODY77", HOME), (GARETH, HOME)]
    {
        let mut browser = portal.browser();
        browser.get("/leavers/forgotten").await.is(200);
        let _ = portal.db.recorded_statements();
        let fields =
            [("username", username), ("email", address), ("day", "14"), ("month", "3"), ("year", "1984")];
        let answer = browser.post("/leavers/forgotten", &fields).await;
        answer.leads_to("/leavers/forgotten/sent");
        seen.push((answer.body.clone(), portal.db.recorded_statements()));
        portal.settle().await;
    }
    assert!(seen.iter().all(|one| *one == seen[0]), "{seen:?}");
    let mut browser = portal.browser();
    let page = browser.post("/leavers/forgotten", &[]).await;
    page.is(422)
        .has("Enter your username.")
        .has("Enter your email address.")
        .has("Enter your date of birth.");
    // At most three an hour, as at the other page.
    for _ in 0..4 {
        asks(&portal, HELEN, HOME, BORN).await;
    }
    let sent = portal.mails_to(HOME).into_iter().filter(|mail| mail.subject.starts_with("Set a new")).count();
    assert_eq!(sent, 3);
});

both_databases!(others_see_no_more_than_that_there_is_one, |portal| async move {
    let mut hr = portal.with_role(GARETH, Role::Hr).await;
    let of_helen = format!("/hr/staff/{}", portal.holder(HELEN).await.record.id);
    assert_eq!(hr.get(&of_helen).await.value_of("Personal address").unwrap(), "None");
    helen(&portal).await;
    let page = hr.get(&of_helen).await;
    assert_eq!(page.value_of("Personal address").unwrap(), "Set");
    page.has_not("home.example");
    portal.leaves(HELEN, "2026-11-30").await;
    portal.set_clock("2026-12-10T09:00:00Z");
    asks(&portal, HELEN, HOME, BORN).await;
    let why = access::why(&portal.portal.access, &portal.holder(HELEN).await).await.unwrap();
    assert!(why.standing.iter().any(|says| says.contains("They have set a personal address")), "{why:?}");
    assert!(!format!("{why:?}").contains("home.example"), "{why:?}");
});
