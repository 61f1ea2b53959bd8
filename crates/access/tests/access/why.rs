use access::why;
use testing::{Portal, both_databases};

async fn reasons(portal: &Portal, username: &str) -> String {
    let holder = portal.holder(username).await;
    let found = why(&portal.portal.access, &holder).await.unwrap();
    let events: Vec<String> = found.events.into_iter().map(|(_, event)| event).collect();
    format!("{}\n{}\n{}", found.who, found.standing.join("\n"), events.join("\n"))
}

both_databases!(every_recorded_reason_is_named, |portal| async move {
    let said = reasons(&portal, "427LNG01").await;
    assert!(
        said.contains("No email address is held") && said.contains("They have never set a password"),
        "{said}"
    );

    let mut browser = portal.browser();
    let fields = [("email", "helen.owsea@nhs.net"), ("day", "1"), ("month", "3"), ("year", "1984")];
    browser.post("/forgotten", &fields).await.leads_to("/forgotten/sent");
    portal.settle().await;
    let said = reasons(&portal, "427HOWSEA01").await;
    assert!(said.contains("with this email address and another date of birth: nothing was sent"), "{said}");
    assert!(!said.contains("1984"), "the date of birth is never among them");

    portal.link_for("427HOWSEA01").await;
    let said = reasons(&portal, "427HOWSEA01").await;
    assert!(
        said.contains(
            "The link sent on 24 November 2026 at 09:00 has not been used yet. It works until 09:30."
        ),
        "{said}"
    );
    assert!(said.contains("Mail with a link was taken by the mail server"), "{said}");

    portal.clock.advance(60);
    portal.set_password("427HOWSEA01").await;
    for _ in 0..11 {
        portal.browser().log_in("427HOWSEA01", "wrong").await.is(422);
    }
    let said = reasons(&portal, "427HOWSEA01").await;
    assert!(said.contains("Locked until 24 November 2026 at 09:16"), "{said}");
    assert!(said.contains("Wrong password, or none set: Chrome on Linux from 203.0.113.9"), "{said}");
    assert!(said.contains("Refused because of the lock"), "{said}");

    let said = reasons(&portal, "427CWHITA01").await;
    assert!(said.contains("They left: 31 October 2025 was the last day with access."), "{said}");

    portal.set("427", |settings| settings.mail_domains = vec!["northmoor.example".into()]).await;
    let said = reasons(&portal, "427GPUGH01").await;
    assert!(said.contains("gareth.pugh@nhs.net, is in none of the employer's mail domains"), "{said}");

    portal.set("999", |settings| settings.policies.internet_access = records::InternetAccess::Hr).await;
    portal.set_password("999JSMITH01").await;
    let said = reasons(&portal, "999JSMITH01").await;
    assert!(
        said.contains("Internet access: Requested. They can log in on the employer's network only."),
        "{said}"
    );
});

both_databases!(of_somebody_with_two_records_both_see_the_mail, |portal| async move {
    let fields = [("email", "amina.delacruz@nhs.net"), ("day", "29"), ("month", "2"), ("year", "1992")];
    portal.browser().post("/forgotten", &fields).await.leads_to("/forgotten/sent");
    portal.settle().await;
    for username in ["427ADELAC01", "999ADELAC01"] {
        let said = reasons(&portal, username).await;
        assert!(said.contains("Mail with a link was taken by the mail server"), "{username}: {said}");
    }
});
