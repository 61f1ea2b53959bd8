use testing::{PASSWORD, both_databases};

const HEADER: &str =
    "employee_number,first_names,last_name,date_of_birth,email,position,department,location,start_date\n";

both_databases!(what_is_held_and_where_they_are_logged_in, |portal| async move {
    let mut browser = portal.logged_in("427HOWSEA01").await;
    let mut ward = portal.inside();
    ward.log_in("427HOWSEA01", PASSWORD).await.leads_to("/portal");
    let page = browser.get("/my-account").await;
    page.is(200).has("Wrong? Tell HR").has("Where you are logged in").has("(here)").has("Last log-ins");
    for (key, value) in [
        ("Name", "Helen O&#39;Wsea"),
        ("Date of birth", "14 March"),
        ("Email", "helen.owsea@nhs.net"),
        ("Username", "427HOWSEA01"),
    ] {
        assert_eq!(page.value_of(key).unwrap(), value);
    }
    page.has_not("1984");
    let id = page
        .body
        .split("/my-account/sessions/")
        .find_map(|part| part.split_once("/end\""))
        .unwrap()
        .0
        .to_owned();
    browser.post(&format!("/my-account/sessions/{id}/end"), &[]).await.leads_to("/my-account?done=ended");
    browser.get("/my-account?done=ended").await.has("That place is logged out.");
    ward.get("/portal").await.is(303);
    browser.post(&format!("/my-account/sessions/{id}/end"), &[]).await.is(404);

    ward.log_in("427HOWSEA01", PASSWORD).await.leads_to("/portal");
    browser.get("/my-account").await.has("Log out everywhere else");
    browser.post("/my-account/sessions/end-others", &[]).await.leads_to("/my-account?done=others");
    ward.get("/portal").await.is(303);
    browser.get("/my-account").await.is(200);
});

both_databases!(nobody_ends_another_persons_session, |portal| async move {
    portal.set_password("427GPUGH01").await;
    let mut helen = portal.logged_in("427HOWSEA01").await;
    let mut ward = portal.inside();
    ward.log_in("427HOWSEA01", PASSWORD).await.leads_to("/portal");
    let page = helen.get("/my-account").await;
    let id = page
        .body
        .split("/my-account/sessions/")
        .find_map(|part| part.split_once("/end\""))
        .unwrap()
        .0
        .to_owned();
    let mut gareth = portal.browser();
    gareth.log_in("427GPUGH01", PASSWORD).await.leads_to("/portal");
    gareth.get("/portal").await.is(200);
    gareth.post(&format!("/my-account/sessions/{id}/end"), &[]).await.is(404).has("Page not found");
    gareth.post("/my-account/sessions/1/end", &[]).await.is(404);
    ward.get("/portal").await.is(200);
});

both_databases!(a_changed_email_waits_is_told_and_can_be_stopped, |portal| async move {
    let mut browser = portal.logged_in("427HOWSEA01").await;
    let changed = format!(
        "{HEADER}10001,Helen,O'Wsea,1984-03-14,thief@nhs.net,Staff Nurse,Ward 7,Main Site,2012-09-03\n"
    );
    portal.load("427", &changed).await;
    let told = &portal.mails_to("helen.owsea@nhs.net")[0];
    assert!(
        told.text.contains("Email address: the new one works from 25 November 2026 at 09:00"),
        "{told:?}"
    );
    assert!(portal.mails_to("thief@nhs.net").is_empty());
    browser.get("/portal").await.has("Something on your staff record is about to change");
    let page = browser.get("/my-account").await;
    page.has("Your email is about to change").has("thief@nhs.net").has("25 November 2026 at 09:00");

    // Until then only the old address gets links.
    let mut thief = portal.browser();
    let ask = |email: &'static str| [("email", email), ("day", "14"), ("month", "3"), ("year", "1984")];
    thief.post("/forgotten", &ask("thief@nhs.net")).await.leads_to("/forgotten/sent");
    portal.settle().await;
    assert!(portal.mails_to("thief@nhs.net").is_empty());

    let id = page
        .body
        .split("/my-account/changes/")
        .find_map(|part| part.split_once("/stop\""))
        .unwrap()
        .0
        .to_owned();
    let mut other = portal.inside();
    portal.set_password("427GPUGH01").await;
    other.log_in("427GPUGH01", PASSWORD).await.leads_to("/portal");
    other.get("/portal").await.is(200);
    other.post(&format!("/my-account/changes/{id}/stop"), &[]).await.is(404);
    browser.post(&format!("/my-account/changes/{id}/stop"), &[]).await.leads_to("/my-account?done=stopped");
    browser
        .get("/my-account?done=stopped")
        .await
        .has("The change is stopped")
        .has("helen.owsea@nhs.net")
        .has_not("thief");
    portal.clock.advance(25 * 3600);
    thief.post("/forgotten", &ask("thief@nhs.net")).await.leads_to("/forgotten/sent");
    portal.settle().await;
    assert!(portal.mails_to("thief@nhs.net").is_empty());
});

both_databases!(after_a_day_the_new_email_is_the_one, |portal| async move {
    portal.set_password("427HOWSEA01").await;
    let changed = format!(
        "{HEADER}10001,Helen,O'Wsea,1984-03-14,helen.new@nhs.net,Staff Nurse,Ward 7,Main Site,2012-09-03\n"
    );
    portal.load("427", &changed).await;
    portal.clock.advance(24 * 3600);
    let mut browser = portal.browser();
    let fields = [("email", "Helen.New@nhs.net"), ("day", "14"), ("month", "3"), ("year", "1984")];
    browser.post("/forgotten", &fields).await.leads_to("/forgotten/sent");
    portal.settle().await;
    assert_eq!(portal.mails_to("helen.new@nhs.net").len(), 1);
});
