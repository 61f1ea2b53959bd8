use records::Role;
use testing::{Browser, Portal, both_databases};

use crate::{AMINA, GARETH, HELEN, JANE, JOANNE, id_after, trail};

async fn grants(browser: &mut Browser, username: &str, role: &str) -> testing::Answer {
    let fields = [("username", username), ("role", role), ("reason", "new in the team")];
    browser.post("/hr/roles/grant", &fields).await
}

fn subjects(portal: &Portal, email: &str) -> Vec<String> {
    portal.mails_to(email).into_iter().map(|mail| mail.subject).collect()
}

async fn holds(portal: &Portal, username: &str) -> Vec<Role> {
    portal.holder(username).await.roles
}

both_databases!(a_role_is_granted_told_and_listed, |portal| async move {
    let mut amina = portal.with_role(AMINA, Role::Hr).await;
    let page = amina.get("/hr/roles").await;
    page.is(200)
        .has("Amina de la Cruz (427ADELAC01) HR, since 24 November 2026, granted by the operator")
        .has_not("Withdraw");
    amina.get("/hr/roles/grant").await.is(200).has("Grant a role").has("Service desk");
    grants(&mut amina, " 427 jfletc01", "service_desk").await.leads_to("/hr/roles?done=granted");
    amina
        .get("/hr/roles?done=granted")
        .await
        .has("The role is granted.")
        .has("Joanne Fletcher (427JFLETC01)")
        .has("granted by Amina de la Cruz");
    assert_eq!(holds(&portal, JOANNE).await, [Role::ServiceDesk]);
    grants(&mut amina, JOANNE, "service_desk").await.leads_to("/hr/roles?done=before");

    portal.settle().await;
    let mail = &portal.mails_to("joanne.fletcher@nhs.net")[0];
    assert_eq!(mail.subject, "You have a new role");
    for words in [
        "Northmoor Hospitals Trust",
        "Role: service desk",
        "By: Amina de la Cruz",
        "Reason given: new in the team",
    ] {
        assert!(mail.text.contains(words), "{words}: {}", mail.text);
    }
    let entries = trail(&portal, "records.role_granted").await;
    let entry = entries.last().unwrap();
    assert_eq!((entry.actor.as_str(), entry.actor_role.as_deref()), ("person", Some("hr")));
    assert_eq!(
        (entry.reason.as_deref(), &entry.data()["role"]),
        (Some("new in the team"), &"service_desk".into())
    );
});

both_databases!(a_role_that_is_withdrawn_shuts_its_pages_with_the_next_request, |portal| async move {
    let mut amina = portal.with_role(AMINA, Role::Hr).await;
    let mut gareth = portal.with_role(GARETH, Role::Hr).await;
    gareth.get("/hr/roles").await.is(200);
    gareth.get("/hr/roles/grant").await.is(200);
    let page = amina.get("/hr/roles").await;
    let grant = id_after(&page, "Gareth Pugh", "/hr/roles/", "/withdraw");
    let path = format!("/hr/roles/{grant}/withdraw");
    amina.get(&path).await.is(200).has("Gareth Pugh").has("427GPUGH01");
    amina.post(&path, &[("reason", "  ")]).await.is(422).has("Write the reason: it stands on the trail");
    gareth.get("/hr/roles").await.is(200);
    amina.post(&path, &[("reason", "moved to another post")]).await.leads_to("/hr/roles?done=withdrawn");

    // What he had open in the meantime is refused as well.
    grants(&mut gareth, JOANNE, "service_desk").await.is(403).has("This page is not for you");
    gareth.get("/hr/roles").await.is(403);
    gareth.get("/portal").await.is(200).has_not("Roles");
    assert!(holds(&portal, GARETH).await.is_empty() && holds(&portal, JOANNE).await.is_empty());
    amina.post(&path, &[("reason", "once more")]).await.is(409).has("somebody else has withdrawn it");
    amina.get(&path).await.is(409);

    portal.settle().await;
    let mail = &portal.mails_to("gareth.pugh@nhs.net")[0];
    assert_eq!(mail.subject, "A role of yours was withdrawn");
    assert!(
        mail.text.contains("moved to another post") && mail.text.contains("By: Amina de la Cruz"),
        "{}",
        mail.text
    );
    let entries = trail(&portal, "records.role_withdrawn").await;
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].reason.as_deref(), Some("moved to another post"));
});

both_databases!(of_two_hr_people_the_second_confirms, |portal| async move {
    let mut amina = portal.with_role(AMINA, Role::Hr).await;
    let mut gareth = portal.with_role(GARETH, Role::Hr).await;
    let mut jane = portal.with_role(JANE, Role::Hr).await;
    grants(&mut amina, JOANNE, "payroll").await.leads_to("/hr/roles?done=waits");
    amina.get("/hr/roles?done=waits").await.has("A second HR person has to confirm this role.");
    assert!(holds(&portal, JOANNE).await.is_empty());
    grants(&mut gareth, JOANNE, "payroll")
        .await
        .is(422)
        .has("This role waits for a second HR person already.");
    portal.settle().await;
    assert_eq!(subjects(&portal, "gareth.pugh@nhs.net")[0], "A role waits for you to confirm it");
    assert!(!subjects(&portal, "joanne.fletcher@nhs.net").iter().any(|subject| subject.contains("role")));

    let page = gareth.get("/hr/roles").await;
    page.has("Waiting for a second HR person").has("1 December 2026 at 09:00").has("Confirm or refuse");
    let waiting = id_after(&page, "Waiting for a second", "/hr/roles/waiting/", "\"");
    let path = format!("/hr/roles/waiting/{waiting}");
    let (confirm, refuse) = (format!("{path}/confirm"), format!("{path}/refuse"));
    // The second person is not the first, and not of another employer.
    amina.get(&path).await.is(200).has("You asked for this role yourself").has_not("Confirm the role");
    amina.post(&confirm, &[]).await.is(403).has("Somebody else than who made the change has to do this.");
    for forbidden in [&confirm, &refuse] {
        jane.post(forbidden, &[]).await.is(404);
    }
    jane.get(&path).await.is(404);
    assert!(holds(&portal, JOANNE).await.is_empty());

    gareth.get(&path).await.is(200).has("Confirm the role").has("new in the team").has("Amina de la Cruz");
    gareth.post(&confirm, &[]).await.leads_to("/hr/roles?done=confirmed");
    assert_eq!(holds(&portal, JOANNE).await, [Role::Payroll]);
    gareth
        .get("/hr/roles?done=confirmed")
        .await
        .has("Amina de la Cruz, confirmed by Gareth Pugh")
        .has_not("Waiting for");
    for late in [&confirm, &refuse] {
        amina.post(late, &[]).await.is(409).has("This role no longer waits");
    }
    amina.get(&path).await.is(409);
    portal.settle().await;
    assert_eq!(subjects(&portal, "joanne.fletcher@nhs.net")[0], "You have a new role");
    assert_eq!(subjects(&portal, "amina.delacruz@nhs.net")[0], "A role was granted");
    let entries = trail(&portal, "records.role_granted").await;
    let data = entries.last().unwrap().data();
    assert_eq!(data["asked_by"], portal.holder(AMINA).await.record.id.to_string());
});

both_databases!(a_waiting_role_is_refused_or_taken_back, |portal| async move {
    let mut amina = portal.with_role(AMINA, Role::Hr).await;
    let mut gareth = portal.with_role(GARETH, Role::Hr).await;
    for (takes_back, says) in [(false, "Refuse"), (true, "Take it back")] {
        grants(&mut amina, JOANNE, "auditor").await.leads_to("/hr/roles?done=waits");
        let decider = if takes_back { &mut amina } else { &mut gareth };
        let page = decider.get("/hr/roles").await;
        let waiting = id_after(&page, "Waiting for a second", "/hr/roles/waiting/", "\"");
        let path = format!("/hr/roles/waiting/{waiting}");
        decider.get(&path).await.is(200).has(says);
        decider.post(&format!("{path}/refuse"), &[]).await.leads_to("/hr/roles?done=refused");
        decider.get("/hr/roles?done=refused").await.has("The role is not granted.").has_not("Waiting for");
        assert!(holds(&portal, JOANNE).await.is_empty());
    }
    portal.settle().await;
    let refused: Vec<String> = subjects(&portal, "amina.delacruz@nhs.net");
    let told = refused.iter().filter(|subject| *subject == "A role that you asked for was refused").count();
    assert_eq!(told, 1, "{refused:?}");
    let taken_back: Vec<_> = trail(&portal, "records.role_refused")
        .await
        .iter()
        .map(|entry| entry.data()["taken_back"].clone())
        .collect();
    assert_eq!(taken_back, [false, true]);
});

both_databases!(nobody_gets_more_than_is_theirs, |portal| async move {
    let mut amina = portal.with_role(AMINA, Role::Hr).await;
    let mut desk = portal.with_role(JOANNE, Role::ServiceDesk).await;
    let mut jane = portal.with_role(JANE, Role::Hr).await;
    // Each is told what is wrong in plain words.
    for (username, role, says) in [
        (AMINA, "payroll", "Nobody changes their own record."),
        (JANE, "payroll", "Nobody at this employer has the username 999JSMITH02."),
        ("427XX99", "payroll", "Nobody at this employer has the username 427XX99."),
        ("427CWHITA01", "payroll", "427CWHITA01 has left; the last day was 31 October 2025."),
        ("Helen", "payroll", "Write a username, such as 999JSMITH01."),
        (HELEN, "", "Choose a role."),
        (HELEN, "operator", "Choose a role."),
    ] {
        grants(&mut amina, username, role).await.is(422).has(says);
    }
    let form = "Write the reason in one line of 500 characters at most.";
    let needed = "Write the reason: it stands on the trail, and they can read it.";
    for (reason, says) in [("", needed), (" ", needed), ("a\nb", form), (&"x".repeat(501), form)] {
        let fields = [("username", HELEN), ("role", "learning"), ("reason", reason)];
        let page = amina.post("/hr/roles/grant", &fields).await;
        page.is(422).has(says);
        assert!(page.body.contains("value=\"427HOWSEA01\""), "what was typed is kept");
    }
    assert_eq!(holds(&portal, AMINA).await, [Role::Hr]);
    let page = amina.get("/hr/roles").await;
    let grant = id_after(&page, "Joanne Fletcher", "/hr/roles/", "/withdraw");
    let (form, reason) = (format!("/hr/roles/{grant}/withdraw"), [("reason", "because")]);

    for path in ["/hr/roles", "/hr/roles/grant", &form, "/hr/settings"] {
        desk.get(path).await.is(403).has("This page is not for you").has("ask HR of your employer");
    }
    grants(&mut desk, HELEN, "service_desk").await.is(403);
    desk.post(&form, &reason).await.is(403);
    jane.get(&form).await.is(404);
    jane.post(&form, &reason).await.is(404);

    // Her own role: she finds its id on the trail, say.
    let mut reader = portal.db.read().await.unwrap();
    let employer = portal.holder(AMINA).await.employer.id;
    let held = records::roles_held(&mut reader.tx(), employer, None, 50, portal.clock.now()).await.unwrap();
    drop(reader);
    let own = held.iter().find(|held| held.username == AMINA).unwrap().grant;
    let own = format!("/hr/roles/{own}/withdraw");
    amina.post(&own, &reason).await.is(403).has("Nobody changes their own record.");
    assert_eq!(holds(&portal, AMINA).await, [Role::Hr]);
    assert_eq!(holds(&portal, JOANNE).await, [Role::ServiceDesk]);
});

both_databases!(nobody_could_confirm_what_is_for_the_second_person, |portal| async move {
    let mut amina = portal.with_role(AMINA, Role::Hr).await;
    let mut gareth = portal.with_role(GARETH, Role::Hr).await;
    grants(&mut amina, GARETH, "payroll")
        .await
        .is(422)
        .has("there is nobody but you and the person it is for");
    // With a third it waits, and he does not decide on it himself.
    portal.grant(HELEN, Role::Hr).await;
    grants(&mut amina, GARETH, "payroll").await.leads_to("/hr/roles?done=waits");
    let page = gareth.get("/hr/roles").await;
    let waiting = id_after(&page, "Waiting for a second", "/hr/roles/waiting/", "\"");
    let path = format!("/hr/roles/waiting/{waiting}");
    gareth.get(&path).await.is(200).has("This role is for yourself").has_not("Refuse");
    for act in ["confirm", "refuse"] {
        gareth.post(&format!("{path}/{act}"), &[]).await.is(403).has("Nobody changes their own record.");
    }
    assert_eq!(holds(&portal, GARETH).await, [Role::Hr]);
});

both_databases!(a_proof_is_asked_for_that_is_not_older_than_five_minutes, |portal| async move {
    let mut amina = portal.with_role(AMINA, Role::Hr).await;
    let page = amina.get("/hr/roles").await;
    page.is(200);
    portal.grant(JOANNE, Role::ServiceDesk).await;
    let page = amina.get("/hr/roles").await;
    let grant = id_after(&page, "Joanne Fletcher", "/hr/roles/", "/withdraw");
    portal.clock.advance(5 * 60 + 1);
    amina.get("/hr/roles").await.is(200);
    amina.get("/hr/roles/grant").await.leads_to("/confirm?return=%2Fhr%2Froles%2Fgrant");
    grants(&mut amina, HELEN, "learning").await.leads_to("/confirm?return=%2Fhr%2Froles%2Fgrant");
    let back = format!("/confirm?return=%2Fhr%2Froles%2F{grant}%2Fwithdraw");
    let form = format!("/hr/roles/{grant}/withdraw");
    amina.get(&form).await.leads_to(&back);
    amina.post(&form, &[("reason", "because")]).await.leads_to(&back);
    assert!(holds(&portal, HELEN).await.is_empty());
    assert_eq!(holds(&portal, JOANNE).await, [Role::ServiceDesk]);
});

both_databases!(many_roles_are_shown_fifty_at_a_time, |portal| async move {
    let mut amina = portal.with_role(AMINA, Role::Hr).await;
    let usernames = store::testing::strings(
        &portal.db,
        "SELECT u.name FROM username u JOIN staff_record r ON r.id = u.staff_record_id
         JOIN employer e ON e.id = r.employer_id WHERE e.code = '427' AND r.employee_number LIKE '2%' ORDER BY u.name",
    )
    .await;
    for username in &usernames[..17] {
        for role in [Role::Learning, Role::ServiceDesk, Role::Auditor] {
            portal.grant(username, role).await;
        }
    }
    let mut seen = 0;
    let mut path = "/hr/roles".to_owned();
    loop {
        let page = amina.get(&path).await;
        seen += page.is(200).body.matches("<li class=\"portal-rows__row\">").count();
        let Some((_, rest)) = page.body.split_once("/hr/roles?after=") else { break };
        path = format!("/hr/roles?after={}", &rest[..36]);
    }
    assert_eq!(seen, 17 * 3 + 1);
    amina.get("/hr/roles?after=x").await.is(200);
});
