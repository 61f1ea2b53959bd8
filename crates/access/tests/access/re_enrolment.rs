//! Somebody has lost all their second factors: who asks, who agrees, who is told, who stops it, and what comes of it.

use ::second_factors::testing::Device;
use access::re_enrolment::{AskError, Asked, agree, ask};
use records::{Permission, Permit, SecondFactor::Required};
use store::Instant;
use testing::{PASSWORD, Portal, both_databases};

use crate::ways::{
    DAY, GARETH, HELEN, HELENS_MAIL, IN_MY_ACCOUNT, ON_THE_WAY, give_next, give_passkey, grant_hr, halfway,
    id, policies, policy, set_up_app, set_up_passkey, subjects, times, trail, verify, with_app,
};

const WILL_GO: &str = "Your second factors for NHS Electronic Staff Record will be taken off";
const GONE: &str = "Your second factors for NHS Electronic Staff Record were taken off";
const ABOUT_TO_GO: &str = "Your second factors are about to be taken off";

async fn permit(portal: &Portal, username: &str) -> (Permit, records::Holder) {
    let holder = portal.holder(username).await;
    (Permit::operator(Permission::ReEnrol, holder.employer.id), holder)
}

async fn asked_by(portal: &Portal, username: &str, by: &str, reason: &str) -> Result<Asked, AskError> {
    let (permit, holder) = permit(portal, username).await;
    ask(&portal.portal.access, &permit, holder, reason, by.to_owned(), audit::Origin::default()).await
}

async fn asked(portal: &Portal, username: &str) -> Result<Asked, AskError> {
    asked_by(portal, username, "joanne", "lost her phone, seen at the desk").await
}

async fn agreed_by(portal: &Portal, username: &str, by: &str) -> Result<Asked, AskError> {
    let (permit, holder) = permit(portal, username).await;
    agree(&portal.portal.access, &permit, holder, by.to_owned(), None, audit::Origin::default()).await
}

fn at(text: &str) -> Option<Instant> {
    Some(text.parse().unwrap())
}

both_databases!(what_was_lost_goes_after_a_while_and_something_new_is_set_up, |portal| async move {
    let (mut helen, app) = with_app(&portal, HELEN).await;
    let mut device = Device::new(1);
    give_next(&portal, &mut helen, "/confirm", &app.phone).await.is(303);
    set_up_passkey(&mut helen, &mut device, IN_MY_ACCOUNT).await;
    policies(&portal, |policies| {
        (policies.second_factor, policies.second_factor_grace_days) = (Required, 0);
        (policies.re_enrolment_hours, policies.remember_device_days) = (48, 30);
    })
    .await;
    portal.clock.advance(60);
    let mut remembered = halfway(&portal, HELEN).await;
    remembered.get("/second-factor").await.is(200);
    let code = app.phone.code(portal.clock.now());
    remembered.post("/second-factor", &[("code", &code), ("remember", "yes")]).await.leads_to("/portal");

    // She is told at once.
    portal.set_clock("2026-11-24T12:00:00Z");
    assert_eq!(asked(&portal, HELEN).await.unwrap().due_at, at("2026-11-26T12:00:00Z"));
    portal.settle().await;
    let mail = portal.mails_to(HELENS_MAIL).remove(0);
    assert_eq!(mail.subject, WILL_GO);
    assert!(
        mail.text.contains("26 November 2026 at 12:00") && mail.text.contains("stop it under My account"),
        "{mail:?}"
    );
    assert!(mail.links.is_empty(), "nothing is to be clicked");
    let (event, data) = trail(&portal, HELEN).await.remove(0);
    assert_eq!((event.as_str(), data["by"].as_str()), ("access.re_enrolment_asked", Some("joanne")));
    let said =
        access::why(&portal.portal.access, &portal.holder(HELEN).await).await.unwrap().standing.join("\n");
    assert!(said.contains("Their second factors are taken off on 26 November 2026 at 12:00."), "{said}");

    // Until then nothing has changed.
    portal.set_clock("2026-11-26T11:59:59Z");
    portal.settle().await;
    give_passkey(&mut portal.browser(), "/passkey", &mut device).await.leads_to("/portal");
    let mut inside = portal.inside();
    inside.log_in(HELEN, PASSWORD).await.leads_to("/portal");
    inside
        .get("/my-account")
        .await
        .has(ABOUT_TO_GO)
        .has("On 26 November 2026 at 12:00 they go")
        .has("My phone");
    let mut half = halfway(&portal, HELEN).await;
    remembered.log_in(HELEN, PASSWORD).await.leads_to("/portal");

    portal.clock.advance(1);
    portal.settle().await;
    let mail = portal.mails_to(HELENS_MAIL).remove(0);
    assert_eq!(mail.subject, GONE);
    assert!(mail.text.contains("within seven days"), "{mail:?}");
    for browser in [&mut inside, &mut remembered] {
        browser.get("/portal").await.leads_to("/?ended=yes&next=%2Fportal");
    }
    half.get("/second-factor").await.leads_to("/");
    give_passkey(&mut portal.browser(), "/passkey", &mut device).await.is(422).has("or was taken off");
    let (event, data) = trail(&portal, HELEN).await.swap_remove(1);
    assert_eq!((event.as_str(), data["taken_off"].as_i64()), ("access.re_enrolled", Some(2)));
    // It is done once.
    portal.settle().await;
    assert_eq!(times(&portal, HELEN, "access.re_enrolled").await, 1);

    // From outside, for seven days, there and then.
    portal.clock.advance(7 * DAY - 1);
    remembered.log_in(HELEN, PASSWORD).await.leads_to(ON_THE_WAY);
    let mut outside = portal.browser();
    outside.log_in(HELEN, PASSWORD).await.leads_to(ON_THE_WAY);
    outside.get(ON_THE_WAY).await.is(200).has("Before you go on").has_not("Not now");
    let again = set_up_app(&portal, &mut outside, ON_THE_WAY).await;
    assert!(again.codes.len() == 10 && again.codes.iter().all(|code| !app.codes.contains(code)));
    outside.get("/my-account").await.is(200).has("10 left").has_not("My key").has_not(ABOUT_TO_GO);
    let mut browser = halfway(&portal, HELEN).await;
    browser.get("/second-factor").await.is(200);
    for old in [&app.phone.code(portal.clock.now()), &app.codes[0]] {
        browser.post("/second-factor", &[("code", old)]).await.is(422);
    }
    give_next(&portal, &mut browser, "/second-factor", &again.phone).await.leads_to("/portal");
    // And once: what is taken off now is not set up again from outside.
    let page = browser.get("/my-account").await;
    let remove = format!("{IN_MY_ACCOUNT}/{}/remove", id(&page, "/second-factors", "/remove"));
    browser.post(&remove, &[]).await.leads_to("/my-account?done=factor-removed");
    portal.browser().log_in(HELEN, PASSWORD).await.is(403).has("You need a second factor");
    verify(&portal).await;
});

both_databases!(after_seven_days_it_is_too_late_outside, |portal| async move {
    with_app(&portal, HELEN).await;
    policy(&portal, Required).await;
    asked(&portal, HELEN).await.unwrap();
    portal.clock.advance(DAY);
    portal.settle().await;
    portal.clock.advance(7 * DAY - 60);
    let mut open = portal.browser();
    open.log_in(HELEN, PASSWORD).await.leads_to(ON_THE_WAY);
    open.get("/second-factor/set-up/authenticator").await.is(200);
    portal.clock.advance(60);
    open.get("/second-factor/set-up/authenticator").await.leads_to(ON_THE_WAY);
    open.get(ON_THE_WAY).await.is(403);
    portal.browser().log_in(HELEN, PASSWORD).await.is(403).has("You need a second factor");
    portal.inside().log_in(HELEN, PASSWORD).await.leads_to("/portal");
    // It can't be asked for again, since there is nothing to take off: inside she sets one up.
    assert!(matches!(asked(&portal, HELEN).await, Err(AskError::NoFactors)));
});

both_databases!(its_holder_stops_it_and_nobody_else, |portal| async move {
    let (mut helen, app) = with_app(&portal, HELEN).await;
    let mut gareth = portal.logged_in(GARETH).await;
    assert_eq!(asked(&portal, HELEN).await.unwrap().due_at, at("2026-11-25T09:00:00Z"));
    let page = helen.get("/my-account").await;
    page.has(ABOUT_TO_GO).has("Was that not you? Stop it, and ring your service desk.");
    let stop = format!("/my-account/re-enrolment/{}/stop", id(&page, "/re-enrolment", "/stop"));
    gareth.get("/my-account").await.has_not(ABOUT_TO_GO);
    gareth.post(&stop, &[]).await.is(404);
    // Whoever has the password alone does not.
    let mut half = halfway(&portal, HELEN).await;
    half.get("/second-factor").await.is(200);
    half.post(&stop, &[]).await.leads_to("/second-factor");
    for id in ["1", "00000000-0000-0000-0000-000000000000"] {
        helen.post(&format!("/my-account/re-enrolment/{id}/stop"), &[]).await.is(404);
    }
    helen.get("/my-account").await.has(ABOUT_TO_GO);

    helen.post(&stop, &[]).await.leads_to("/my-account?done=kept-factors");
    helen
        .get("/my-account?done=kept-factors")
        .await
        .has("Your second factors stay as they are.")
        .has_not(ABOUT_TO_GO);
    helen.post(&stop, &[]).await.is(404);
    portal.clock.advance(2 * DAY);
    portal.settle().await;
    assert_eq!(
        (
            times(&portal, HELEN, "access.re_enrolled").await,
            subjects(&portal, HELENS_MAIL).contains(&GONE.into())
        ),
        (0, false)
    );
    assert_eq!(times(&portal, HELEN, "access.re_enrolment_stopped").await, 1);
    give_next(&portal, &mut halfway(&portal, HELEN).await, "/second-factor", &app.phone)
        .await
        .leads_to("/portal");

    // Asked for once more, it is another one: the first one's job and stop have nothing to do with it.
    asked(&portal, HELEN).await.unwrap();
    portal.clock.advance(DAY - 1);
    portal.settle().await;
    assert_eq!(times(&portal, HELEN, "access.re_enrolled").await, 0);
    portal.clock.advance(1);
    portal.settle().await;
    assert_eq!(times(&portal, HELEN, "access.re_enrolled").await, 1);
    // Done is done.
    let mut browser = portal.browser();
    browser.log_in(HELEN, PASSWORD).await.leads_to("/portal");
    browser.get("/my-account").await.is(200);
    browser.post(&stop, &[]).await.is(404);
    verify(&portal).await;
});

both_databases!(of_whoever_holds_a_role_a_second_person_agrees, |portal| async move {
    let (_, app) = with_app(&portal, GARETH).await;
    grant_hr(&portal, GARETH).await;
    assert!(matches!(agreed_by(&portal, GARETH, "joanne").await, Err(AskError::NotAsked)));
    assert_eq!(asked(&portal, GARETH).await.unwrap(), Asked { due_at: None });
    portal.settle().await;
    let mail = "gareth.pugh@nhs.net";
    assert!(!subjects(&portal, mail).contains(&WILL_GO.into()), "nothing has begun");
    let why = async || {
        access::why(&portal.portal.access, &portal.holder(GARETH).await).await.unwrap().standing.join("\n")
    };
    assert!(why().await.contains("a second person has to agree first"), "{}", why().await);
    // However long one waits.
    portal.clock.advance(3 * DAY);
    portal.settle().await;
    give_next(&portal, &mut halfway(&portal, GARETH).await, "/second-factor", &app.phone)
        .await
        .leads_to("/portal");
    assert!(matches!(asked_by(&portal, GARETH, "another", "the same").await, Err(AskError::Already)));
    assert!(matches!(agreed_by(&portal, GARETH, "joanne").await, Err(AskError::SamePerson)));
    assert_eq!(times(&portal, GARETH, "access.re_enrolment_agreed").await, 0);

    portal.set_clock("2026-11-28T10:00:00Z");
    assert_eq!(agreed_by(&portal, GARETH, "amina").await.unwrap().due_at, at("2026-11-29T10:00:00Z"));
    let (event, data) = trail(&portal, GARETH).await.remove(0);
    assert_eq!((event.as_str(), data["by"].as_str()), ("access.re_enrolment_agreed", Some("amina")));
    assert!(matches!(agreed_by(&portal, GARETH, "third").await, Err(AskError::NotAsked)));
    portal.settle().await;
    assert_eq!(subjects(&portal, mail)[0], WILL_GO);
    portal.set_clock("2026-11-29T10:00:00Z");
    portal.settle().await;
    assert_eq!(subjects(&portal, mail)[0], GONE);
    for mut browser in [portal.browser(), portal.inside()] {
        browser.log_in(GARETH, PASSWORD).await.leads_to(ON_THE_WAY);
        browser.get(ON_THE_WAY).await.is(200).has_not("Not now");
    }
    verify(&portal).await;
});

both_databases!(what_cannot_be_asked_for_changes_nothing, |portal| async move {
    portal.set_password(HELEN).await;
    assert!(matches!(asked(&portal, HELEN).await, Err(AskError::NoFactors)));
    // Somebody who has never been here.
    assert!(matches!(asked(&portal, "427ADELAC01").await, Err(AskError::NoFactors)));
    let mut helen = portal.browser();
    helen.log_in(HELEN, PASSWORD).await.leads_to("/portal");
    set_up_app(&portal, &mut helen, IN_MY_ACCOUNT).await;
    let (most, over) = ("ŷ".repeat(500), "x".repeat(501));
    for reason in ["", "  \n ", &over] {
        let refused = asked_by(&portal, HELEN, "joanne", reason).await;
        assert!(matches!(refused, Err(AskError::Reason)), "{refused:?}");
    }
    // Another permission, and another employer's.
    let (_, holder) = permit(&portal, HELEN).await;
    let app = &portal.portal.access;
    let other = portal.holder("999JSMITH01").await.employer.id;
    for permit in [
        Permit::operator(Permission::Unlock, holder.employer.id),
        Permit::operator(Permission::ReEnrol, other),
    ] {
        let (origin, by) = (audit::Origin::default(), "joanne".to_owned());
        let refused = ask(app, &permit, holder.clone(), "lost", by.clone(), origin.clone()).await;
        assert!(matches!(refused, Err(AskError::Refused(_))), "{refused:?}");
        let refused = agree(app, &permit, holder.clone(), by, None, origin).await;
        assert!(matches!(refused, Err(AskError::Refused(_))), "{refused:?}");
    }
    assert_eq!(times(&portal, HELEN, "access.re_enrolment_asked").await, 0);

    asked_by(&portal, HELEN, "joanne", &most).await.unwrap();
    assert!(matches!(asked(&portal, HELEN).await, Err(AskError::Already)));
    // One person is enough for somebody who is staff and no more.
    assert!(matches!(agreed_by(&portal, HELEN, "amina").await, Err(AskError::NotAsked)));
    assert_eq!(times(&portal, HELEN, "access.re_enrolment_asked").await, 1);
    portal.settle().await;
    assert_eq!(subjects(&portal, HELENS_MAIL).iter().filter(|subject| *subject == WILL_GO).count(), 1);
    verify(&portal).await;
});

both_databases!(of_several_who_ask_or_agree_at_once_one_counts, |portal| async move {
    with_app(&portal, HELEN).await;
    let asks = ["a", "b", "c", "d"].map(|by| asked_by(&portal, HELEN, by, "lost"));
    let done = futures::future::join_all(asks).await;
    assert_eq!(done.iter().filter(|done| done.is_ok()).count(), 1, "{done:?}");
    with_app(&portal, GARETH).await;
    grant_hr(&portal, GARETH).await;
    asked_by(&portal, GARETH, "a", "lost").await.unwrap();
    let agrees = ["b", "c", "d"].map(|by| agreed_by(&portal, GARETH, by));
    let done = futures::future::join_all(agrees).await;
    assert_eq!(done.iter().filter(|done| done.is_ok()).count(), 1, "{done:?}");
    portal.clock.advance(DAY);
    portal.settle().await;
    for username in [HELEN, GARETH] {
        assert_eq!(times(&portal, username, "access.re_enrolled").await, 1);
    }
});

both_databases!(who_asked_is_known_by_their_record_whatever_they_are_called, |portal| async move {
    let origin = audit::Origin::default;
    grant_hr(&portal, GARETH).await;
    with_app(&portal, HELEN).await;
    let desk = ["427JFLETC01", "427PPATEL01"];
    for username in desk.into_iter().chain([HELEN]) {
        portal.grant(username, records::Role::ServiceDesk).await;
    }
    let permit_of = async |username: &str| {
        let (staff_record, employer) =
            (portal.holder(username).await.record.id, portal.holder(username).await.employer.id);
        let caller = records::Caller { staff_record, employer, inside: true };
        let mut reader = portal.db.read().await.unwrap();
        records::permit(&mut reader.tx(), &caller, Permission::ReEnrol, employer).await.unwrap()
    };
    let (app, [joanne, priya]) =
        (&portal.portal.access, [permit_of(desk[0]).await, permit_of(desk[1]).await]);
    let agrees = async |permit: &Permit, by: &str| {
        let holder = portal.holder(HELEN).await;
        agree(app, permit, holder, by.to_owned(), None, origin()).await
    };
    let holder = portal.holder(HELEN).await;
    ask(app, &joanne, holder.clone(), "lost", "Joanne Fletcher".into(), origin()).await.unwrap();
    // She has another name by now.
    assert!(matches!(agrees(&joanne, "Joanne Archer").await, Err(AskError::SamePerson)));
    // A colleague of the same name is somebody else.
    assert!(agrees(&priya, "Joanne Fletcher").await.unwrap().due_at.is_some());

    let done: store::Result<()> = portal
        .db
        .write(|tx| {
            Box::pin(async move {
                store::on!(tx, c => sqlx::query("DELETE FROM re_enrolment").execute(c).await.map(drop))
            })
        })
        .await;
    done.unwrap();
    // The operator is no member of staff, whatever they say that they are called.
    let (operator, _) = permit(&portal, HELEN).await;
    ask(app, &operator, holder, "lost", "Priya Patel".into(), origin()).await.unwrap();
    assert!(matches!(agrees(&operator, "Priya Patel").await, Err(AskError::SamePerson)));
    assert!(agrees(&priya, "Priya Patel").await.unwrap().due_at.is_some());
});
