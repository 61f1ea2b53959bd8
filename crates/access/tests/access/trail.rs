use access::unlock;
use records::{Permission, Permit};
use testing::{PASSWORD, both_databases};

both_databases!(all_of_it_stands_on_the_trail_and_verifies, |portal| async move {
    let mut browser = portal.logged_in("427HOWSEA01").await;
    browser.get("/confirm").await.is(200);
    browser.post("/confirm", &[("password", PASSWORD)]).await.is(303);
    browser.get("/portal").await.is(200);
    browser.post("/log-out", &[]).await.is(303);
    for _ in 0..10 {
        portal.browser_at("198.51.100.5").log_in("427HOWSEA01", "wrong").await.is(422);
    }
    let holder = portal.holder("427HOWSEA01").await;
    let permit = Permit::operator(Permission::Unlock, holder.employer.id);
    let app = &portal.portal.access;
    unlock(app, &permit, holder.clone(), Some("rang the desk".into()), audit::Origin::default())
        .await
        .unwrap();
    assert!(matches!(
        unlock(app, &permit, holder.clone(), None, audit::Origin::default()).await,
        Err(access::UnlockError::NotLocked)
    ));
    portal.browser().log_in("427HOWSEA01", PASSWORD).await.leads_to("/portal");
    portal.settle().await;

    let mut reader = portal.db.read().await.unwrap();
    let entries = audit::about(&mut reader.tx(), holder.record.id, 100).await.unwrap();
    drop(reader);
    let events: Vec<&str> = entries.iter().map(|entry| entry.event.as_str()).collect();
    for event in [
        "access.recovery_requested",
        "access.password_set",
        "access.internet_access_requested",
        "access.logged_in",
        "access.confirmed",
        "access.logged_out",
        "access.log_in_refused",
        "access.unlocked",
    ] {
        assert!(events.contains(&event), "{event} in {events:?}");
    }
    let unlocked = entries.iter().find(|entry| entry.event == "access.unlocked").unwrap();
    assert_eq!((unlocked.actor.as_str(), unlocked.reason.as_deref()), ("operator", Some("rang the desk")));
    let logged_in = entries.iter().find(|entry| entry.event == "access.logged_in").unwrap();
    assert_eq!(
        (logged_in.actor_staff_record, logged_in.address.as_deref()),
        (Some(holder.record.id), Some("203.0.113.9"))
    );
    for entry in &entries {
        assert!(!entry.data.contains(PASSWORD) && !entry.data.contains("1984-03-14"), "{entry:?}");
    }
    let report = audit::verify(&portal.db, Some(&portal.anchor())).await.unwrap();
    assert!(report.findings.is_empty() && report.unsealed == 0 && report.entries > 20, "{report:?}");
});
