use records::Role;
use testing::{Answer, Browser, PASSWORD, Portal, both_databases};

const HELEN: &str = "427HOWSEA01";
const DESK: &str = "427JFLETC01";

/// Joanne of the service desk, and the path of somebody's page.
async fn desk(portal: &Portal, username: &str) -> (Browser, String) {
    portal.grant("427ZKOWAL01", Role::Hr).await;
    let joanne = portal.with_role(DESK, Role::ServiceDesk).await;
    let path = path_of(portal, username).await;
    (joanne, path)
}

async fn path_of(portal: &Portal, username: &str) -> String {
    format!("/service-desk/{}", portal.holder(username).await.record.id)
}

async fn help(joanne: &mut Browser, path: &str, act: &str, reason: &str) -> Answer {
    joanne.post(&format!("{path}/help"), &[("act", act), ("reason", reason)]).await
}

async fn ask_for_link(portal: &Portal, email: &str, year: &str) {
    let fields = [("email", email), ("day", "14"), ("month", "3"), ("year", year)];
    portal.browser().post("/forgotten", &fields).await.leads_to("/forgotten/sent");
    portal.settle().await;
}

both_databases!(the_page_says_why_they_cannot_get_in, |portal| async move {
    let (mut joanne, helen) = desk(&portal, HELEN).await;
    joanne.get(&helen).await.is(200).has("Helen O'Wsea").has("They have never set a password.");
    joanne.get(&path_of(&portal, "427LNG01").await).await.has("No email address is held for them");
    joanne.get(&path_of(&portal, "427CWHITA01").await).await.has("31 October 2025 was their last day");

    ask_for_link(&portal, "helen.owsea@nhs.net", "1985").await;
    let page = joanne.get(&helen).await;
    page.has("with the right email address and another date of birth than the record's");
    page.has_not("1984");
    assert!(page.body.contains("value=\"tell-date-of-birth\" checked"), "what to do is chosen already");

    portal.clock.advance(60);
    ask_for_link(&portal, "helen.owsea@nhs.net", "1984").await;
    joanne.get(&helen).await.has("A link was sent on 24 November 2026 at 09:01 and has not been used yet");
    portal.clock.advance(31 * 60);
    joanne.log_in_again(DESK).await;
    joanne.get(&helen).await.has("was never used and has run out");

    portal.set_password(HELEN).await;
    joanne.get(&helen).await.has("Nothing on record keeps them out");
    portal.clock.advance(60);
    portal.browser().log_in(HELEN, "wrong").await.is(422);
    joanne
        .get(&helen)
        .await
        .has("The last password that they typed, on 24 November 2026 at 09:33, was wrong.");
    for _ in 0..10 {
        portal.browser().log_in(HELEN, "wrong").await.is(422);
    }
    let page = joanne.get(&helen).await;
    page.has("Too many wrong passwords were typed. Their account is locked until 24 November 2026 at 09:48.");
    assert!(page.body.contains("value=\"unlock\" checked"));
    help(&mut joanne, &helen, "unlock", "Rang; knows her ward and manager")
        .await
        .leads_to(&format!("{helen}?done=unlock"));
    joanne.get(&format!("{helen}?done=unlock")).await.has("It is unlocked");

    portal.set("427", |settings| settings.policies.internet_access = records::InternetAccess::Hr).await;
    portal.set_password("427PPATEL01").await;
    portal.browser().log_in("427PPATEL01", PASSWORD).await.is(403);
    let priya = path_of(&portal, "427PPATEL01").await;
    joanne.get(&priya).await.has("They have asked for internet access, and HR has not decided yet");

    portal.set("427", |settings| settings.mail_domains = vec!["northmoor.example".into()]).await;
    let page = joanne.get(&path_of(&portal, "427GPUGH01").await).await;
    page.has("gareth.pugh@nhs.net, is in none of the employer's mail domains");
});

both_databases!(somebody_whose_second_factor_is_outstanding, |portal| async move {
    let (mut joanne, amina) = desk(&portal, "427ADELAC01").await;
    // She holds no role, so that only outside she is asked for it.
    portal.set("427", |settings| settings.policies.second_factor = records::SecondFactor::Required).await;
    let mut inside = portal.with_authenticator("427ADELAC01").await;
    inside.post("/log-out", &[]).await.is(303);
    portal.clock.advance(60);
    portal.browser().log_in("427ADELAC01", PASSWORD).await.leads_to("/second-factor");
    let page = joanne.get(&amina).await;
    page.has("their password was right. What is outstanding is their second factor.");
    help(&mut joanne, &amina, "re-enrol", "Lost her phone").await.leads_to(&format!("{amina}?done=re-enrol"));
    portal.settle().await;
    assert!(portal.mails_to("amina.delacruz@nhs.net")[0].subject.contains("will be taken off"));
    joanne.get(&amina).await.has("Their second factors are taken off on");
    let again = help(&mut joanne, &amina, "re-enrol", "Lost her phone").await;
    again.is(422).has("this was asked for before and is not done yet");
});

both_databases!(a_link_goes_to_the_address_on_the_record_and_lets_them_in, |portal| async move {
    let (mut joanne, helen) = desk(&portal, HELEN).await;
    help(&mut joanne, &helen, "link", "Rang from the ward").await.leads_to(&format!("{helen}?done=link"));
    portal.settle().await;
    let mail = portal.mails_to("helen.owsea@nhs.net").remove(0);
    assert!(mail.text.contains(HELEN), "{}", mail.text);
    portal.browser().get(mail.links[0].strip_prefix("https://portal.example").unwrap()).await.is(200);
    for _ in 0..2 {
        help(&mut joanne, &helen, "link", "Rang again").await.is(303);
    }
    help(&mut joanne, &helen, "link", "And again").await.is(422).has("as many mails as it may have");
    let lee = path_of(&portal, "427LNG01").await;
    help(&mut joanne, &lee, "link", "Rang").await.is(422).has("no address is held");
    let carol = path_of(&portal, "427CWHITA01").await;
    help(&mut joanne, &carol, "link", "Rang").await.is(422).has("they have left");
});

both_databases!(a_reason_is_asked_for_and_the_person_reads_it, |portal| async move {
    let (mut joanne, helen) = desk(&portal, HELEN).await;
    for (reason, says) in [
        ("", "Write the reason"),
        ("  ", "Write the reason"),
        ("two\nlines", "in one line of 500 characters at most"),
        (&"x".repeat(501), "in one line of 500 characters at most"),
    ] {
        help(&mut joanne, &helen, "link", reason).await.is(422).has(says);
    }
    help(&mut joanne, &helen, "", "Rang").await.is(422).has("Choose what you will do");
    help(&mut joanne, &helen, "approve", "Rang").await.is(422).has("Choose what you will do");
    joanne.get(&helen).await.is(200);
    help(&mut joanne, &helen, "tell-email", "Says she has married; <b>new</b> address").await.is(303);
    portal.settle().await;
    let told = portal.mails_to("zofia.kowalska@nhs.net").remove(0);
    assert!(told.text.contains("The service desk says") && told.text.contains("10001"), "{}", told.text);
    let mut own = portal.logged_in(HELEN).await;
    let page = own.get("/my-account").await;
    page.has("What was done with your record").has("Told HR that your email is wrong.");
    page.has("Says she has married; <b>new</b> address").has("Looked at why you cannot get in.");
    page.has("Service desk").has_not("Joanne");
    assert!(!page.body.contains("<b>new"), "a reason is text");
});

both_databases!(a_date_of_birth_is_checked_three_times_a_day_and_never_shown, |portal| async move {
    let (mut joanne, helen) = desk(&portal, HELEN).await;
    let check = format!("{helen}/date-of-birth");
    let day = |day: &'static str, year: &'static str| [("day", day), ("month", "3"), ("year", year)];
    joanne.post(&check, &day("31", "84x")).await.is(422).has("Enter a day that is in the calendar");
    joanne.post(&check, &day("13", "1984")).await.leads_to(&format!("{helen}?done=checked"));
    joanne.post(&check, &day("14", "1984")).await.leads_to(&format!("{helen}?done=checked"));
    joanne
        .get(&format!("{helen}?done=checked"))
        .await
        .has("That is the date of birth on the record.")
        .has_not("1984");
    joanne.post(&check, &day("14", "1984")).await.is(303);
    joanne.post(&check, &day("14", "1984")).await.is(422).has("Three dates were checked");
    joanne.get(&helen).await.has("No more can be checked until tomorrow");
    portal.clock.advance(24 * 3600 + 1);
    joanne.log_in_again(DESK).await;
    joanne.post(&check, &day("14", "1984")).await.is(303);
});

both_databases!(nobody_acts_on_themselves_on_more_rights_or_elsewhere, |portal| async move {
    let (mut joanne, own) = desk(&portal, DESK).await;
    joanne.get(&own).await.is(200).has("Nobody changes their own record");
    help(&mut joanne, &own, "link", "Me").await.is(403).has("Nobody changes their own record");
    help(&mut joanne, &own, "tell-email", "Me").await.is(403);
    joanne
        .post(&format!("{own}/date-of-birth"), &[("day", "1"), ("month", "12"), ("year", "1988")])
        .await
        .is(403);
    let hr = path_of(&portal, "427ZKOWAL01").await;
    joanne.get(&hr).await.is(200).has("They hold a role that you do not");
    for act in ["link", "unlock", "re-enrol", "agree"] {
        help(&mut joanne, &hr, act, "Rang").await.is(403).has("They hold a role that you do not");
    }
    help(&mut joanne, &hr, "tell-email", "Rang").await.is(303);
    let elsewhere = path_of(&portal, "999JSMITH01").await;
    joanne.get(&elsewhere).await.is(404);
    help(&mut joanne, &elsewhere, "link", "Rang").await.is(404);
    joanne.get("/service-desk/1").await.is(404);
});

both_databases!(opening_very_many_persons_is_told_to_the_auditors, |portal| async move {
    use std::fmt::Write as _;

    let (mut joanne, helen) = desk(&portal, HELEN).await;
    portal.grant("427IHASSA01", Role::Auditor).await;
    let mut csv = "employee_number,first_names,last_name,date_of_birth,start_date\n".to_owned();
    for n in 0..61 {
        let _ = writeln!(csv, "7{n:03},Many,Opened,1990-01-02,2020-01-01");
    }
    portal.load("427", &csv).await;
    for n in 1..=60 {
        let path = path_of(&portal, &format!("427MOPENE{n:02}")).await;
        joanne.get(&path).await.is(200);
        joanne.get(&path).await.is(200);
    }
    portal.settle().await;
    let auditor = portal.holder("427IHASSA01").await.record.email.unwrap();
    assert_eq!(portal.mails_to(&auditor).len(), 0, "sixty are not too many, whoever is looked at twice");
    joanne.get(&helen).await.is(200);
    joanne.get(&path_of(&portal, "427MOPENE61").await).await.is(200);
    portal.settle().await;
    let mails = portal.mails_to(&auditor);
    assert_eq!(mails.len(), 1);
    assert!(
        mails[0].text.contains("61 persons") && mails[0].text.contains("Joanne Fletcher"),
        "{}",
        mails[0].text
    );

    // Once in an hour, for as long as it goes on.
    let more = |from: usize| {
        let rows = (from..from + 61).map(|n| format!("8{n:03},More,Opened,1990-01-02,2020-01-01\n"));
        format!(
            "employee_number,first_names,last_name,date_of_birth,start_date\n{}",
            rows.collect::<String>()
        )
    };
    portal.load("427", &more(100)).await;
    portal.clock.advance(600);
    for n in 62..=92 {
        joanne.get(&path_of(&portal, &format!("427MOPENE{n:02}")).await).await.is(200);
    }
    portal.settle().await;
    assert_eq!(portal.mails_to(&auditor).len(), 1, "still within the hour");
    portal.clock.advance(3001);
    joanne.log_in_again(DESK).await;
    for n in 1..=31 {
        joanne.get(&path_of(&portal, &format!("427MOPENE{n:02}")).await).await.is(200);
    }
    portal.settle().await;
    let mails = portal.mails_to(&auditor);
    assert_eq!(mails.len(), 2);
    assert!(mails[0].text.contains("61 persons"), "{}", mails[0].text);
    portal.clock.advance(7200);
    joanne.log_in_again(DESK).await;
    joanne.get(&helen).await.is(200);
    portal.settle().await;
    assert_eq!(portal.mails_to(&auditor).len(), 2, "it is over");
});

both_databases!(rights_are_those_that_are_held_when_it_is_written, |portal| async move {
    use access::{UnlockError, unlock};
    use access::{
        internet_access::{Act, DecideError, decide},
        re_enrolment::{AskError, ask},
        service_desk::{self, CheckError, SendError, TellError, WrongField},
    };
    use records::{Permission, Permit, Refused};

    portal.set_password(HELEN).await;
    portal.grant("427ZKOWAL01", Role::Hr).await;
    portal.grant(DESK, Role::ServiceDesk).await;
    let (desk, employer) = (portal.holder(DESK).await.record.id, portal.holder(DESK).await.employer.id);
    let permit = async |permission: Permission| -> Permit {
        let caller = records::Caller { staff_record: desk, employer, inside: true };
        let mut reader = portal.db.read().await.unwrap();
        records::permit(&mut reader.tx(), &caller, permission, employer).await.unwrap()
    };
    let permits = [
        permit(Permission::SendLink).await,
        permit(Permission::Unlock).await,
        permit(Permission::ReEnrol).await,
        permit(Permission::TellHr).await,
        permit(Permission::CheckDateOfBirth).await,
    ];
    let app = &portal.portal.access;
    let (origin, why) = (audit::Origin::default, || "Rang".to_owned());
    let account_acts = async |helen: &records::Holder| {
        [
            match service_desk::send_link(app, &permits[0], helen.clone(), why(), origin()).await {
                Err(SendError::Refused(refused)) => Some(refused),
                _ => None,
            },
            match unlock(app, &permits[1], helen.clone(), Some(why()), origin()).await {
                Err(UnlockError::Refused(refused)) => Some(refused),
                _ => None,
            },
            match ask(app, &permits[2], helen.clone(), "Rang", "desk".into(), origin()).await {
                Err(AskError::Refused(refused)) => Some(refused),
                _ => None,
            },
        ]
    };
    // Helen has become HR since her page was opened.
    let before = portal.holder(HELEN).await;
    assert_eq!(account_acts(&before).await[0], None);
    portal.grant(HELEN, Role::Hr).await;
    assert_eq!(account_acts(&before).await, [Some(Refused::MoreRights); 3]);
    let refused = Refused::Role(Role::ServiceDesk);

    // The desk's own role goes.
    let mut reader = portal.db.read().await.unwrap();
    let held = records::roles_held(&mut reader.tx(), employer, None, 10, portal.clock.now()).await.unwrap();
    drop(reader);
    let grant = held.iter().find(|held| held.holder.record.id == desk).unwrap().grant;
    let operator = Permit::operator(Permission::GrantRole, employer);
    let (db, entropy, now) = (&portal.db, &portal.entropy, portal.clock.now());
    records::role_withdraw(db, entropy, now, &operator, grant, why(), origin()).await.unwrap();
    assert_eq!(account_acts(&before).await, [Some(refused); 3]);
    let told =
        service_desk::tell_hr(app, &permits[3], before.clone(), WrongField::Email, why(), origin()).await;
    assert!(matches!(told, Err(TellError::Refused(why)) if why == refused), "{told:?}");
    let said = before.record.date_of_birth;
    let checked = service_desk::check_date_of_birth(app, &permits[4], before.clone(), said, origin()).await;
    assert!(matches!(checked, Err(CheckError::Refused(why)) if why == refused), "{checked:?}");

    // HR's decision alike.
    let zofia = portal.holder("427ZKOWAL01").await.record.id;
    let caller = records::Caller { staff_record: zofia, employer, inside: true };
    let permission = Permission::DecideInternetAccess;
    let mut reader = portal.db.read().await.unwrap();
    let permit = records::permit(&mut reader.tx(), &caller, permission, employer).await.unwrap();
    drop(reader);
    let grant = held.iter().find(|held| held.holder.record.id == zofia).unwrap().grant;
    records::role_withdraw(db, entropy, now, &operator, grant, why(), origin()).await.unwrap();
    let decided = decide(app, &permit, before, Act::Withdraw, Some(why()), origin()).await;
    assert!(matches!(decided, Err(DecideError::Refused(Refused::Role(Role::Hr)))), "{decided:?}");
});
