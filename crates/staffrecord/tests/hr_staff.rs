//! HR's pages about one of its staff, and what is held.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use records::Role;
use testing::{Browser, PASSWORD, Portal, both_databases};

const HELEN: &str = "427HOWSEA01";
const ZOFIA: &str = "427ZKOWAL01";
const GARETH: &str = "427GPUGH01";

async fn path_of(portal: &Portal, username: &str) -> String {
    format!("/hr/staff/{}", portal.holder(username).await.record.id)
}

/// Sends the form of a record as it is shown, with some fields changed.
async fn correct(hr: &mut Browser, path: &str, changed: &[(&str, &str)]) -> testing::Answer {
    let form = format!("{path}/correct");
    let page = hr.get(&form).await;
    page.is(200);
    let version = page.between("name=\"version\" value=\"", "\"").to_owned();
    let fields =
        [&[("version", version.as_str()), ("reason", "She rang and showed her passport")], changed].concat();
    // A field that is given again takes the place of the one before.
    let mut sent: Vec<(&str, &str)> = Vec::new();
    for (name, value) in fields {
        sent.retain(|(known, _)| *known != name);
        sent.push((name, value));
    }
    hr.post(&form, &sent).await
}

both_databases!(a_record_is_found_read_and_corrected, |portal| async move {
    let mut zofia = portal.with_role(ZOFIA, Role::Hr).await;
    zofia.get("/hr/staff").await.is(200).has("Three characters or more");
    let page = zofia.get("/hr/staff?q=owsea").await;
    page.has("One person fits.").has("Mrs Helen O'Wsea").has("427HOWSEA01, 10001, Staff Nurse, Ward 7");
    zofia.get("/hr/staff?q=ab").await.is(200);
    zofia.get("/hr/staff?q=zzzzzz").await.has("Nobody of your employer fits");
    let helen = path_of(&portal, HELEN).await;
    let page = zofia.get(&helen).await;
    page.is(200).has("14 March 1984").has("Staff Nurse").has("Correct this record");

    let answer = correct(&mut zofia, &helen, &[("last_name", "Owens"), ("department-0", "Ward 12")]).await;
    answer.leads_to(&format!("{helen}?done=corrected&held=no"));
    zofia.get(&helen).await.has("Helen Owens").has("Ward 12").has("427HOWSEA01");
    zofia.get("/hr/staff?q=owens").await.has("Helen Owens");
    correct(&mut zofia, &helen, &[]).await.leads_to(&format!("{helen}?done=nothing&held=no"));

    for (changed, says) in [
        (&[("reason", "")][..], "Write the reason"),
        (&[("email", "helen")], "This is not an email address"),
        (&[("date_of_birth", "31/02/1984")], "The calendar has no such day"),
        (&[("first_names", ""), ("last_name", "")], "First names or last name has to be filled in"),
        (&[("leaving_date-0", "2001-01-01")], "The leaving date is before the start date"),
        (&[("absent_to-0", "2027-01-01")], "There is a last day of absence and no first"),
        (&[("manager-0", "99999")], "No staff record here has this employee number"),
        (&[("smartcard_uuid", "427000000002")], "427"),
        (&[("last_name", "two\nlines")], "there is a line break"),
        (&[("last_name", &"x".repeat(501))], "500"),
    ] {
        let answer = correct(&mut zofia, &helen, changed).await;
        answer.is(422);
        assert!(answer.text().to_lowercase().contains(&says.to_lowercase()), "{says}: {}", answer.text());
    }
    zofia
        .post(&format!("{helen}/correct"), &[("version", "0"), ("reason", "x"), ("title", "Dr")])
        .await
        .is(409);
    zofia.post(&format!("{helen}/correct"), &[("reason", "x"), ("title", "Dr")]).await.is(409);
});

both_databases!(a_leaving_date_ends_the_sessions_and_a_long_absence_is_kept, |portal| async move {
    let mut zofia = portal.with_role(ZOFIA, Role::Hr).await;
    let helen = path_of(&portal, HELEN).await;
    let mut own = portal.logged_in(HELEN).await;
    let absent = [("absent_from-0", "01/12/2026"), ("absent_to-0", "31/08/2027")];
    correct(&mut zofia, &helen, &absent).await.is(303);
    zofia.get(&helen).await.has("1 December 2026").has("31 August 2027");
    own.get("/portal").await.is(200);
    correct(&mut zofia, &helen, &[("leaving_date-0", "23/11/2026")]).await.is(303);
    own.get("/portal").await.is(303);
    zofia.get(&helen).await.has("Left 23 November 2026");
    own.log_in(HELEN, PASSWORD).await.is(422);
    correct(&mut zofia, &helen, &[("leaving_date-0", "")]).await.is(303);
    own.log_in(HELEN, PASSWORD).await.is(303);
});

both_databases!(
    a_new_identity_field_is_held_told_stopped_or_released_by_a_second_person,
    |portal| async move {
        let mut zofia = portal.with_role(ZOFIA, Role::Hr).await;
        let mut gareth = portal.with_role(GARETH, Role::Hr).await;
        let helen = path_of(&portal, HELEN).await;
        let mut own = portal.logged_in(HELEN).await;
        // HR puts an own address on a victim's record.
        let evil = [("email", "zofia.evil@nhs.net")];
        correct(&mut zofia, &helen, &evil).await.leads_to(&format!("{helen}?done=corrected&held=yes"));
        zofia.get(&helen).await.has("A new email address is held until 25 November 2026 at 09:00");
        portal.settle().await;
        let told = portal.mails_to("helen.owsea@nhs.net").remove(0);
        assert_eq!(told.subject, "A change to your staff record");
        let list = zofia.get("/hr/held-changes").await;
        list.has("helen.owsea@nhs.net → zofia.evil@nhs.net").has("Somebody else has to let it work.");
        let page = gareth.get("/hr/held-changes").await;
        page.has("Let it work now");
        let release = format!("/hr/held-changes/{}/release", page.between("/hr/held-changes/", "/release"));
        zofia.post(&release, &[]).await.is(403);
        let page = own.get("/my-account").await;
        page.has("Your email is about to change")
            .has("Corrected your staff record.")
            .has("She rang and showed her passport");
        let stop = format!("/my-account/changes/{}/stop", page.between("/my-account/changes/", "/stop"));
        own.post(&stop, &[]).await.is(303);
        zofia.get(&helen).await.has("helen.owsea@nhs.net").has_not("zofia.evil");
        gareth.post(&release, &[]).await.is(409);
        gareth.get("/hr/held-changes").await.has("Nothing is held.");

        portal.clock.advance(60);
        correct(&mut zofia, &helen, &[("email", "helen.owens@nhs.net")]).await.is(303);
        let page = gareth.get("/hr/held-changes").await;
        let release = format!("/hr/held-changes/{}/release", page.between("/hr/held-changes/", "/release"));
        gareth.post(&release, &[]).await.leads_to("/hr/held-changes?done=released");
        assert_eq!(portal.holder(HELEN).await.record.email.as_deref(), Some("helen.owens@nhs.net"));
        gareth.post(&release, &[]).await.is(409);
        // Of somebody who has never been in, it works at once.
        let lee = path_of(&portal, "427LNG01").await;
        correct(&mut zofia, &lee, &[("email", "leonard.ng@nhs.net")])
            .await
            .leads_to(&format!("{lee}?done=corrected&held=no"));
        assert_eq!(portal.holder("427LNG01").await.record.email.as_deref(), Some("leonard.ng@nhs.net"));
    }
);

both_databases!(a_new_username_is_allotted_and_the_old_one_works_for_a_while, |portal| async move {
    let mut zofia = portal.with_role(ZOFIA, Role::Hr).await;
    let helen = path_of(&portal, HELEN).await;
    portal.set_password(HELEN).await;
    let allot = format!("{helen}/username");
    zofia.post(&allot, &[("reason", "")]).await.is(422).has("Write the reason");
    zofia
        .post(&allot, &[("reason", "Asked")])
        .await
        .is(422)
        .has("427HOWSEA01 is made of the name that they have now");
    correct(&mut zofia, &helen, &[("first_names", "Hazel"), ("last_name", "Owens")]).await.is(303);
    portal.clock.advance(60);
    zofia.post(&allot, &[("reason", "Has married")]).await.leads_to(&format!("{helen}?done=username"));
    zofia.get(&helen).await.has("427HOWENS01, 427HOWSEA01");
    portal.settle().await;
    let mail = portal.mails_to("helen.owsea@nhs.net").remove(0);
    assert!(mail.text.contains("427HOWENS01"), "{}", mail.text);
    for username in ["427HOWSEA01", "427HOWENS01"] {
        portal.browser().log_in(username, PASSWORD).await.leads_to("/portal");
    }
    portal.clock.advance(91 * 24 * 3600);
    portal.browser().log_in("427HOWSEA01", PASSWORD).await.is(422);
    portal.browser().log_in("427HOWENS01", PASSWORD).await.leads_to("/portal");
});

both_databases!(nobody_corrects_their_own_record_or_anothers_employers, |portal| async move {
    let mut zofia = portal.with_role(ZOFIA, Role::Hr).await;
    let own = path_of(&portal, ZOFIA).await;
    zofia.get(&own).await.is(200).has("This is your own record.").has_not("Correct this record");
    zofia.get(&format!("{own}/correct")).await.is(403);
    zofia.post(&format!("{own}/correct"), &[("reason", "x"), ("title", "Dr")]).await.is(403);
    zofia.post(&format!("{own}/username"), &[("reason", "x")]).await.is(403);
    let elsewhere = path_of(&portal, "999JSMITH01").await;
    for path in [elsewhere.clone(), format!("{elsewhere}/correct")] {
        zofia.get(&path).await.is(404);
    }
    zofia.post(&format!("{elsewhere}/correct"), &[("reason", "x"), ("title", "Dr")]).await.is(404);
    zofia.post(&format!("{elsewhere}/username"), &[("reason", "x")]).await.is(404);
    zofia.get("/hr/staff?q=john+smith").await.is(200).has_not("Physiotherapist, Therapies");
});

both_databases!(a_role_that_is_withdrawn_on_the_way_is_held_no_longer, |portal| async move {
    use audit::Origin;
    use records::{AllotError, Caller, HoldError, Permission, Permit, Refused, import};

    portal.grant(GARETH, Role::Hr).await;
    portal.grant(ZOFIA, Role::Hr).await;
    let zofia = portal.holder(ZOFIA).await;
    let (staff_record, employer) = (zofia.record.id, zofia.employer.id);
    let permit = async |permission| -> Permit {
        let caller = Caller { staff_record, employer, inside: true };
        let mut reader = portal.db.read().await.unwrap();
        records::permit(&mut reader.tx(), &caller, permission, employer).await.unwrap()
    };
    // The operator has changed an email address that is held.
    portal.set_password(HELEN).await;
    let csv = "employee_number,first_names,last_name,date_of_birth,email,start_date\n\
               10001,Helen,O'Wsea,1984-03-14,helen.new@nhs.net,2019-09-02\n";
    portal.load("427", csv).await;
    let helen = portal.holder(HELEN).await.record.id;
    let mut reader = portal.db.read().await.unwrap();
    let hold = records::open_holds(&mut reader.tx(), helen, portal.clock.now()).await.unwrap().remove(0).id;
    let held = records::roles_held(&mut reader.tx(), employer, None, 10, portal.clock.now()).await.unwrap();
    drop(reader);
    let grant = held.iter().find(|held| held.holder.record.id == staff_record).unwrap().grant;

    let csv = "employee_number,first_names,last_name,date_of_birth,start_date\n7001,New,Person,1990-01-02,2020-01-01\n";
    let plan = import::plan(&portal.db, employer, csv.as_bytes(), "a.csv", portal.clock.now()).await.unwrap();
    let [import, allot, release] =
        [Permission::ImportStaff, Permission::AllotUsername, Permission::ReleaseHold].map(permit);
    let (import, allot, release) = (import.await, allot.await, release.await);
    let by = Permit::operator(Permission::GrantRole, employer);
    let (db, entropy, now) = (&portal.db, &portal.entropy, portal.clock.now());
    let reason = || "Has moved to another ward".to_owned();
    records::role_withdraw(db, entropy, now, &by, grant, reason(), Origin::default()).await.unwrap();

    let refused = Refused::Role(Role::Hr);
    let options = import::Options::default();
    let loaded =
        import::apply(db, &portal.clock, entropy, &import, plan, options, Origin::default(), |_, _| {}).await;
    assert!(matches!(loaded, Err(import::ApplyError::Refused(why)) if why == refused), "{loaded:?}");
    let app = records::App { db: db.clone(), clock: portal.clock.clone(), entropy: entropy.clone() };
    let allotted = records::allot_username(&app, &allot, helen, reason(), Origin::default()).await;
    assert!(matches!(allotted, Err(AllotError::Refused(why)) if why == refused), "{allotted:?}");
    let released = records::release_hold(db, entropy, now, &release, hold, Origin::default()).await;
    assert!(matches!(released, Err(HoldError::Refused(why)) if why == refused), "{released:?}");
});
