use records::{InternetAccess, Role};
use testing::{PASSWORD, Portal, both_databases};

const HR: &str = "427ZKOWAL01";

async fn id_of(portal: &Portal, username: &str) -> String {
    portal.holder(username).await.record.id.to_string()
}

both_databases!(hr_decides_for_one_or_many_with_a_reason, |portal| async move {
    portal.set("427", |settings| settings.policies.internet_access = InternetAccess::Hr).await;
    portal.set("999", |settings| settings.policies.internet_access = InternetAccess::Hr).await;
    for username in ["427HOWSEA01", "427PPATEL01", "999JSMITH01"] {
        portal.set_password(username).await;
    }
    portal.set("427", |settings| settings.policies.internet_access = InternetAccess::Automatic).await;
    let mut zofia = portal.with_role(HR, Role::Hr).await;
    let page = zofia.get("/hr/internet-access").await;
    page.is(200).has("Helen O'Wsea (10001)").has("Staff Nurse, Ward 7").has("Priya Patel (20003)");
    page.has_not("John Smith");
    let (helen, priya) = (id_of(&portal, "427HOWSEA01").await, id_of(&portal, "427PPATEL01").await);
    let (helens, priyas) = (format!("person-{helen}"), format!("person-{priya}"));
    let decide = "/hr/internet-access/decide";

    let page = zofia.post(decide, &[("status", "requested"), (&helens, "yes")]).await;
    page.is(422).has("Choose what you decide").has("Write the reason");
    assert!(page.body.contains(&format!("value=\"{helen}\" checked")), "what was ticked stays ticked");
    let fields = [("status", "requested"), ("act", "approve"), ("reason", "Works from home")];
    zofia.post(decide, &fields).await.is(422).has("Tick at least one person");

    let both = [fields.as_slice(), &[(helens.as_str(), "yes"), (priyas.as_str(), "yes")]].concat();
    zofia.post(decide, &both).await.leads_to("/hr/internet-access?status=requested&decided=2&left=0");
    zofia
        .get("/hr/internet-access?status=requested&decided=2&left=0")
        .await
        .has("decided for 2 people")
        .has("Nobody stands here");
    portal.browser().log_in("427HOWSEA01", PASSWORD).await.leads_to("/portal");
    portal.settle().await;
    let mails = portal.mails_to("helen.owsea@nhs.net");
    assert!(mails.iter().any(|mail| mail.subject == "Your internet access is approved"));
    // Sent twice, it changes nothing more.
    zofia.post(decide, &both).await.leads_to("/hr/internet-access?status=requested&decided=0&left=2");

    let one = format!("/hr/internet-access/{helen}");
    zofia.get(&one).await.is(200).has("Approved").has("Withdraw").has_not("Refuse");
    let withdraw = format!("{one}/decide");
    zofia.post(&withdraw, &[("act", "withdraw"), ("reason", "")]).await.is(422).has("Write the reason");
    zofia
        .post(&withdraw, &[("act", "refuse"), ("reason", "x")])
        .await
        .is(422)
        .has("internet access is approved now");
    zofia.post(&withdraw, &[("act", "withdraw"), ("reason", "Lost her laptop")]).await.is(303);
    zofia.get(&one).await.has("Withdrawn");
    portal.browser().log_in("427HOWSEA01", PASSWORD).await.is(403);
    zofia.get("/hr/internet-access?status=withdrawn").await.has("Helen O'Wsea");
    let mut own = portal.inside();
    own.log_in("427HOWSEA01", PASSWORD).await.is(303);
    own.get("/my-account").await.has("Decided on your internet access: withdrawn.").has("Lost her laptop");
});

both_databases!(nobody_decides_for_themselves_or_elsewhere, |portal| async move {
    portal.set_password("999JSMITH01").await;
    let mut zofia = portal.with_role(HR, Role::Hr).await;
    let own = id_of(&portal, HR).await;
    zofia.get(&format!("/hr/internet-access/{own}")).await.is(200).has("Nobody changes their own record");
    let fields = [("act", "withdraw"), ("reason", "Me")];
    zofia.post(&format!("/hr/internet-access/{own}/decide"), &fields).await.is(403);
    let owns = format!("person-{own}");
    let fields = [("act", "withdraw"), ("reason", "Me"), ("status", "requested"), (owns.as_str(), "yes")];
    zofia
        .post("/hr/internet-access/decide", &fields)
        .await
        .leads_to("/hr/internet-access?status=requested&decided=0&left=1");
    let elsewhere = id_of(&portal, "999JSMITH01").await;
    let theirs = format!("person-{elsewhere}");
    let fields = [("act", "withdraw"), ("reason", "x"), (owns.as_str(), "yes"), (theirs.as_str(), "yes")];
    zofia.post("/hr/internet-access/decide", &fields).await.is(404);
    zofia.get(&format!("/hr/internet-access/{elsewhere}")).await.is(404);
    zofia
        .get(&format!("/hr/internet-access/{}", id_of(&portal, "427LNG01").await))
        .await
        .has("no account yet");
});

both_databases!(fifty_stand_on_a_page, |portal| async move {
    use std::fmt::Write as _;

    let mut csv = "employee_number,first_names,last_name,date_of_birth,email,start_date\n".to_owned();
    for n in 0..52 {
        let _ = writeln!(csv, "8{n:03},Many,Waiting,1990-01-02,waiting{n:03}@nhs.net,2020-01-01");
    }
    portal.load("427", &csv).await;
    let mut zofia = portal.with_role(HR, Role::Hr).await;
    portal.set("427", |settings| settings.policies.internet_access = InternetAccess::Hr).await;
    assert_eq!(portal.set_passwords("waiting").await.len(), 52);
    let page = zofia.get("/hr/internet-access").await;
    page.has("(8049)").has_not("(8050)");
    let next = page.between("<p><a href=\"/hr/internet-access?", "\">Next").replace("&#38;", "&");
    zofia
        .get(&format!("/hr/internet-access?{next}"))
        .await
        .has("(8050)")
        .has("(8051)")
        .has_not("(8049)")
        .has_not("Next");
});
