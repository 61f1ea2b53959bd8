//! The service desk in the whole portal: beside HR, the auditors and the job that sweeps.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use audit::Origin;
use futures::{StreamExt, future::join_all, stream};
use records::{Caller, Permission, Role};
use testing::{Browser, PASSWORD, Portal, both_databases};

const HELEN: &str = "427HOWSEA01";
const DESK: &str = "427JFLETC01";
const ZOFIA: &str = "427ZKOWAL01";

async fn id_of(portal: &Portal, username: &str) -> String {
    portal.holder(username).await.record.id.to_string()
}

/// Zofia of HR and Joanne of the service desk.
async fn both(portal: &Portal) -> (Browser, Browser) {
    (portal.with_role(ZOFIA, Role::Hr).await, portal.with_role(DESK, Role::ServiceDesk).await)
}

both_databases!(a_form_that_is_sent_without_the_page_opens_the_person_as_well, |portal| async move {
    let (_, mut joanne) = both(&portal).await;
    let helen = format!("/service-desk/{}", id_of(&portal, HELEN).await);
    joanne.post(&format!("{helen}/help"), &[]).await.is(422).has("helen.owsea@nhs.net");
    let priya = format!("/service-desk/{}", id_of(&portal, "427PPATEL01").await);
    joanne.post(&format!("{priya}/date-of-birth"), &[]).await.is(422).has("Why they cannot get in");
    for username in [HELEN, "427PPATEL01"] {
        portal.logged_in(username).await.get("/my-account").await.has("Looked at why you cannot get in.");
    }
});

both_databases!(persons_opened_all_at_once_are_counted, |portal| async move {
    portal.grant(ZOFIA, Role::Hr).await;
    portal.grant(DESK, Role::ServiceDesk).await;
    portal.grant("427IHASSA01", Role::Auditor).await;
    let mut csv = "employee_number,first_names,last_name,date_of_birth,start_date\n".to_owned();
    csv.extend((0..65).map(|n| format!("7{n:03},Many,Opened,1990-01-02,2020-01-01\n")));
    portal.load("427", &csv).await;
    let joanne = portal.holder(DESK).await;
    let (staff_record, employer) = (joanne.record.id, joanne.employer.id);
    let caller = Caller { staff_record, employer, inside: true };
    let mut reader = portal.db.read().await.unwrap();
    let permit = records::permit(&mut reader.tx(), &caller, Permission::ReadWhy, employer).await.unwrap();
    drop(reader);
    let opened: Vec<_> =
        stream::iter(1..=65).then(async |n| portal.holder(&format!("427MOPENE{n:02}")).await).collect().await;
    let app = &portal.portal.access;
    let all = opened.iter().map(|holder| access::service_desk::open(app, &permit, holder, Origin::default()));
    assert!(join_all(all).await.into_iter().all(|opened| opened.is_ok()));
    portal.settle().await;
    let auditor = portal.holder("427IHASSA01").await.record.email.unwrap();
    assert_eq!(portal.mails_to(&auditor).len(), 1);
});

both_databases!(what_no_longer_keeps_them_out_is_not_said, |portal| async move {
    portal.set("427", |settings| settings.policies.internet_access = records::InternetAccess::Hr).await;
    let (mut zofia, mut joanne) = both(&portal).await;

    // HR has approved what they were refused for.
    let priya = id_of(&portal, "427PPATEL01").await;
    portal.set_password("427PPATEL01").await;
    portal.browser().log_in("427PPATEL01", PASSWORD).await.is(403);
    let page = format!("/service-desk/{priya}");
    joanne.get(&page).await.has("They have asked for internet access");
    let decision = [("act", "approve"), ("reason", "Works from home")];
    zofia.post(&format!("/hr/internet-access/{priya}/decide"), &decision).await.is(303);
    joanne.get(&page).await.has("Nothing on record keeps them out").has_not("They have no internet access");

    // The password that they had forgotten is not theirs any more.
    portal.clock.advance(60);
    portal.browser().log_in("427PPATEL01", "wrong").await.is(422);
    joanne.get(&page).await.has("The last password that they typed");
    portal.clock.advance(60);
    portal.set_password("427PPATEL01").await;
    joanne.get(&page).await.has("Nothing on record keeps them out");

    // A link went to an address that HR has corrected since.
    let helen = id_of(&portal, HELEN).await;
    let page = format!("/service-desk/{helen}");
    portal.link_for(HELEN).await;
    joanne.get(&page).await.has("has not been used yet");
    let form = format!("/hr/staff/{helen}/correct");
    let version = zofia.get(&form).await.between("name=\"version\" value=\"", "\"").to_owned();
    let fields = [("version", version.as_str()), ("reason", "Typing error"), ("email", "h.owsea@nhs.net")];
    zofia.post(&form, &fields).await.is(303);
    joanne.get(&page).await.has("They have never set a password.").has_not("has not been used yet");
});

both_databases!(a_link_that_was_swept_is_not_taken_for_a_mail_that_waits, |portal| async move {
    let (_, mut joanne) = both(&portal).await;
    portal.link_for(HELEN).await;
    portal.clock.advance(40 * 24 * 3600);
    access::sweep(&portal.portal.access).await.unwrap();
    joanne.log_in_again(DESK).await;
    let page = joanne.get(&format!("/service-desk/{}", id_of(&portal, HELEN).await)).await;
    page.has("was never used and has run out").has_not("waits to be sent");
});
