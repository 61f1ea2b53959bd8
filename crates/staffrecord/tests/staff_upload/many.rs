//! Many leavers or identity changes, and several people at once.

use testing::both_databases;

use super::{AMINA, GARETH, checked, csv, exists, file, hr, many_rows, person, press, states, trail};

const HELEN: &str = "427HOWSEA01";

both_databases!(three_in_a_hundred_leavers_need_the_number_and_a_second_person, |portal| async move {
    portal.load("427", &file(&many_rows(0, 400, ""))).await;
    let before = trail(&portal).await.len();
    let (mut gareth, mut amina) = (hr(&portal, GARETH).await, hr(&portal, AMINA).await);
    let leaving = file(&many_rows(0, 13, "2026-11-30"));
    let place = checked(&portal, &mut gareth, &leaving).await;
    gareth
        .get(&place)
        .await
        .is(200)
        .has("many people at once")
        .has("Type 13 if that is right")
        .has_not("Load these changes");
    for wrong in ["", "12", "thirteen", "-13"] {
        let refused = press(&mut gareth, &place, &[("number", wrong)]).await;
        refused.is(422).has("There is a problem").has("Type the number 13");
    }
    press(&mut gareth, &place, &[("number", " 13 ")]).await.leads_to(&format!("{place}?done=typed"));
    gareth
        .get(&format!("{place}?done=typed"))
        .await
        .has("Somebody else in HR has to agree now")
        .has("The number was typed by Gareth Pugh")
        .has_not("Agree, and load");
    // Neither he nor a second typing counts.
    let seen = amina.get(&place).await.between("name=\"seen\" value=\"", "\"").to_owned();
    let again = [("seen", seen.as_str()), ("number", "13")];
    gareth
        .post(&format!("{place}/apply"), &again)
        .await
        .is(403)
        .has("Somebody else than who made the change");
    portal.settle().await;
    assert_eq!(person(&portal, "427JPERSO01").await.2, "");

    press(&mut amina, &place, &[]).await.leads_to(&place);
    portal.settle().await;
    amina.get(&place).await.has("All of it is loaded");
    assert_eq!(person(&portal, "427JPERSO01").await.2, "2026-11-30");
    for email in ["gareth.pugh@nhs.net", "amina.delacruz@nhs.net"] {
        assert!(
            portal.mails_to(email).iter().any(|mail| mail.subject.contains("Many staff records")),
            "{email}"
        );
    }
    let events = trail(&portal).await.split_off(before);
    let expected = ["uploaded", "upload_number_typed", "upload_agreed", "loaded"];
    assert_eq!(events, expected.map(|event| format!("records.staff_{event}")));
});

both_databases!(whoever_can_agree_is_mailed_when_an_upload_waits_for_them, |portal| async move {
    portal.load("427", &file(&many_rows(0, 100, ""))).await;
    let (mut gareth, mut amina) = (hr(&portal, GARETH).await, hr(&portal, AMINA).await);
    portal.grant(HELEN, records::Role::Hr).await;
    portal.settle().await;
    let waits = async |portal: &testing::Portal| {
        portal.settle().await;
        let mails = portal.mails().into_iter().filter(|mail| mail.subject.contains("waits for you to agree"));
        mails.collect::<Vec<_>>()
    };
    let place = checked(&portal, &mut gareth, &file(&many_rows(0, 11, "2026-11-30"))).await;
    assert!(waits(&portal).await.is_empty(), "nobody has confirmed it yet");
    // Neither who uploaded nor who typed: the third.
    press(&mut amina, &place, &[("number", "11")]).await.is(303);
    let told = waits(&portal).await;
    assert_eq!(told.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), ["helen.owsea@nhs.net"]);
    assert!(
        told[0].text.contains("Amina de la Cruz confirmed") && told[0].text.contains("11"),
        "{}",
        told[0].text
    );
    assert!(told[0].links.is_empty());
    // What is discarded before the mail goes waits for nobody.
    gareth.post(&format!("{place}/discard"), &[]).await.is(303);
    let place = checked(&portal, &mut gareth, &file(&many_rows(0, 12, "2026-11-30"))).await;
    press(&mut gareth, &place, &[("number", "12")]).await.is(303);
    gareth.post(&format!("{place}/discard"), &[]).await.is(303);
    assert_eq!(waits(&portal).await.len(), 1);
});

both_databases!(who_uploaded_does_not_agree_with_who_typed, |portal| async move {
    portal.load("427", &file(&many_rows(0, 100, ""))).await;
    let (mut gareth, mut amina) = (hr(&portal, GARETH).await, hr(&portal, AMINA).await);
    let place = checked(&portal, &mut gareth, &file(&many_rows(0, 11, "2026-11-30"))).await;
    amina.get(&place).await.has("who is not Gareth Pugh");
    press(&mut amina, &place, &[("number", "11")]).await.is(303);
    let page = gareth.get(&place).await;
    page.has("who neither uploaded the file nor typed the number").has_not("Agree, and load");
    let mut helen = hr(&portal, HELEN).await;
    press(&mut helen, &place, &[]).await.leads_to(&place);
    portal.settle().await;
    assert_eq!(states(&portal).await, ["applied"]);
});

both_databases!(what_was_overtaken_is_shown_again, |portal| async move {
    let mut gareth = hr(&portal, GARETH).await;
    let place = checked(
        &portal,
        &mut gareth,
        &csv(&["X1,Ann,Ng,1980-01-01,2020-01-01,,,", "X2,Bo,Li,1980-01-01,2020-01-01,,,"]),
    )
    .await;
    let old = gareth
        .get(&place)
        .await
        .has("X1 Ann Ng (line 2) Username 427ANG01")
        .between("name=\"seen\" value=\"", "\"")
        .to_owned();
    portal.load("427", &csv(&["X1,Ann,Nguyen,1980-01-01,2020-01-01,,,"])).await;

    press(&mut gareth, &place, &[]).await.leads_to(&place);
    portal.settle().await;
    let page = gareth.get(&place).await;
    page.is(200)
        .has("Staff records have changed since this file was checked")
        .has("last_name Before Nguyen After Ng");
    assert_eq!(page.value_of("New").as_deref(), Some("1"));
    assert!(!exists(&portal, "427BLI01").await, "nothing of it was loaded");
    // What was seen before is not agreed to any more.
    gareth
        .post(&format!("{place}/apply"), &[("seen", &old)])
        .await
        .leads_to(&format!("{place}?done=moved-on"));
    press(&mut gareth, &place, &[]).await.leads_to(&place);
    portal.settle().await;
    assert_eq!(person(&portal, "427ANGUYE01").await.0, "Ann Ng");
    assert!(exists(&portal, "427BLI01").await);

    // Overtaken by what makes it wrong.
    let place =
        checked(&portal, &mut gareth, &csv(&["X5,Cy,Young,1980-01-01,2020-01-01,,cy@nhs.net,"])).await;
    portal.load("427", &csv(&["X6,Di,Young,1990-01-01,2020-01-01,,cy@nhs.net,"])).await;
    press(&mut gareth, &place, &[]).await.leads_to(&place);
    portal.settle().await;
    gareth.get(&place).await.has("The file has 1 error").has("has the same and another date of birth");
});

both_databases!(somebody_who_gets_in_after_the_preview_overtakes_it, |portal| async move {
    portal.load("427", &csv(&["X1,Ann,Ng,1980-01-01,2020-01-01,,ann@nhs.net,"])).await;
    let mut gareth = hr(&portal, GARETH).await;
    let place =
        checked(&portal, &mut gareth, &csv(&["X1,Ann,Ng,1980-01-01,2020-01-01,,other@nhs.net,"])).await;
    gareth.get(&place).await.has("At once: they have not logged in yet");
    let ann = portal.holder("427ANG01").await.record.id;
    let now = portal.clock.now();
    portal
        .db
        .write(move |tx| Box::pin(async move { records::mark_proved(tx, ann, now).await }))
        .await
        .unwrap();
    press(&mut gareth, &place, &[]).await.leads_to(&place);
    portal.settle().await;
    gareth.get(&place).await.has("look at it once more").has("After 24 hours");
    assert_eq!(person(&portal, "427ANG01").await.1, "ann@nhs.net");
});

both_databases!(of_two_at_once_one_wins_and_nothing_is_mixed, |portal| async move {
    let (mut gareth, mut amina) = (hr(&portal, GARETH).await, hr(&portal, AMINA).await);
    let rows = |last: &str| {
        let rows: Vec<String> = many_rows(0, 600, "").iter().map(|row| row.replace("Person", last)).collect();
        file(&rows)
    };
    let one = checked(&portal, &mut gareth, &rows("Gwynne")).await;
    let other = checked(&portal, &mut amina, &rows("Abbott")).await;
    press(&mut gareth, &one, &[]).await.leads_to(&one);
    press(&mut amina, &other, &[]).await.leads_to(&other);
    // Two processes, each with a job.
    let second = testing::Portal::reopened(&portal, |_| {});
    tokio::join!(portal.settle(), second.settle());
    // The one that found the other at work looks again a little later.
    portal.clock.advance(6);
    portal.settle().await;
    let mut states = states(&portal).await;
    states.sort();
    assert_eq!(states, ["applied", "overtaken"]);
    let names = store::testing::strings(
        &portal.db,
        "SELECT DISTINCT last_name FROM staff WHERE employee_number LIKE 'X%'",
    )
    .await;
    assert_eq!(names.len(), 1, "{names:?}");
    let seen = store::testing::strings(
        &portal.db,
        "SELECT employee_number FROM staff WHERE employee_number LIKE 'X%'",
    )
    .await;
    assert_eq!(seen.len(), 600);
});

both_databases!(of_eleven_files_at_once_one_is_refused, |portal| async move {
    let gareth = hr(&portal, GARETH).await;
    let staff_record = portal.holder(GARETH).await;
    let (staff_record, employer) = (staff_record.record.id, staff_record.employer.id);
    drop(gareth);
    let caller = records::Caller { staff_record, employer, inside: true };
    let mut reader = portal.db.read().await.unwrap();
    let permission = records::Permission::ImportStaff;
    let permit = records::permit(&mut reader.tx(), &caller, permission, employer).await.unwrap();
    drop(reader);
    let app =
        records::App { db: portal.db.clone(), clock: portal.clock.clone(), entropy: portal.entropy.clone() };
    let file = web::FormFile { name: "staff.csv".into(), bytes: csv(&[]).into_bytes().into() };
    let all =
        (0..11).map(|_| records::import::upload::receive(&app, &permit, &file, audit::Origin::default()));
    let received = futures::future::join_all(all).await;
    let refused = |of: &Result<_, records::import::upload::ReceiveError>| {
        matches!(of, Err(records::import::upload::ReceiveError::TooMany))
    };
    assert_eq!(received.iter().filter(|of| of.is_ok()).count(), 10);
    assert_eq!(received.iter().filter(|of| refused(of)).count(), 1);
});

both_databases!(whoever_had_a_hand_in_an_upload_releases_nothing_of_it, |portal| async move {
    // Who uploads, who types and who agrees are three; a fourth has had no hand in it.
    let fourth = "427ZKOWAL01";
    portal.load("427", &file(&many_rows(0, 100, ""))).await;
    let (mut gareth, mut amina) = (hr(&portal, GARETH).await, hr(&portal, AMINA).await);
    let (mut helen, mut zofia) = (hr(&portal, HELEN).await, hr(&portal, fourth).await);
    let jo = portal.holder("427JPERSO01").await.record.id;
    let now = portal.clock.now();
    portal
        .db
        .write(move |tx| Box::pin(async move { records::mark_proved(tx, jo, now).await }))
        .await
        .unwrap();
    let mut rows = many_rows(0, 12, "2026-11-30");
    rows[0] = rows[0].replace("jo0@", "other@");
    let place = checked(&portal, &mut gareth, &file(&rows)).await;
    press(&mut amina, &place, &[("number", "12")]).await.is(303);
    press(&mut helen, &place, &[]).await.leads_to(&place);
    portal.settle().await;
    assert_eq!(states(&portal).await, ["applied"]);
    let page = zofia.get("/hr/held-changes").await;
    let release = format!("/hr/held-changes/{}/release", page.between("/hr/held-changes/", "/release"));
    for hand in [&mut gareth, &mut amina, &mut helen] {
        hand.get("/hr/held-changes").await.is(200);
        hand.post(&release, &[]).await.is(403).has("Somebody else than who made the change");
    }
    assert_eq!(person(&portal, "427JPERSO01").await.1, "jo0@nhs.net");
    zofia.post(&release, &[]).await.leads_to("/hr/held-changes?done=released");
    assert_eq!(person(&portal, "427JPERSO01").await.1, "other@nhs.net");
});
