//! Publishing, at once and at a set hour, by one person and by two, and taking back.

use testing::both_databases;

use super::{
    AMINA, GRACE, HELEN, checked,
    file::{Pay, correction, november},
    payroll, press, published, seen, states, trail,
};

const TWO: [Pay<'static>; 2] = [Pay("10001", 288_167, 60_000), Pay("10005", 203_917, 30_010)];

both_databases!(publishing_asks_who_it_is_first, |portal| async move {
    let mut grace = payroll(&portal, GRACE).await;
    let place = checked(&portal, &mut grace, &november("2026-11 MAIN", &TWO)).await;
    let seen = seen(&mut grace, &place).await;
    portal.clock.advance(6 * 60);
    let publish = format!("{place}/publish");
    let page = grace.get(&publish).await;
    let to_confirm = page.is(303).location().unwrap().to_owned();
    assert!(to_confirm.starts_with("/confirm?return=%2Fpayroll%2Fruns%2F"), "{to_confirm}");
    grace.post(&publish, &[("seen", &seen), ("when", "now")]).await.leads_to(&to_confirm);
    assert_eq!(states(&portal).await, ["checked"]);
});

both_databases!(a_published_run_is_read_by_its_people_and_taken_back, |portal| async move {
    let mut grace = payroll(&portal, GRACE).await;
    let mut helen = portal.logged_in(HELEN).await;
    let place = checked(&portal, &mut grace, &november("2026-11 MAIN", &TWO)).await;
    grace
        .get(&format!("{place}/publish"))
        .await
        .is(200)
        .has("2 payslips will be there for their people to read, all of them or none");
    let refused = press(&mut grace, &place, "publish", &[("when", "")]).await;
    refused.is(422).has("Choose when the run is to be published");
    helen.get("/payslips").await.is(200).has_not("November 2026");
    published(&portal, &mut grace, &place).await;
    grace.get(&format!("{place}?done=published")).await.has("The run is published").has("Withdraw this run");
    let page = helen.get("/payslips").await;
    page.is(200).has("November 2026");
    // A second press comes too late.
    press(&mut grace, &place, "publish", &[("when", "now")])
        .await
        .leads_to(&format!("{place}?done=moved-on"));
    grace.post(&format!("{place}/discard"), &[]).await.leads_to(&format!("{place}?done=moved-on"));

    grace.get(&format!("{place}/withdraw")).await.is(200).has("cannot be undone");
    let refused = grace.post(&format!("{place}/withdraw"), &[("reason", " ")]).await;
    refused.is(422).has("There is a problem");
    let reason = [("reason", "Overtime was left out")];
    grace.post(&format!("{place}/withdraw"), &reason).await.leads_to(&format!("{place}?done=withdrawn"));
    grace.get(&place).await.has("Withdrawn").has("Overtime was left out");
    grace.post(&format!("{place}/withdraw"), &reason).await.leads_to(&format!("{place}?done=moved-on"));
    portal.settle().await;
    assert_eq!(states(&portal).await, ["withdrawn"]);
    let events = trail(&portal).await;
    for event in ["payslips.run_uploaded", "payslips.run_published", "payslips.run_withdrawn"] {
        assert_eq!(events.iter().filter(|one| *one == event).count(), 1, "{event}: {events:?}");
    }
});

both_databases!(a_set_hour_can_be_called_off_until_it_comes, |portal| async move {
    let mut grace = payroll(&portal, GRACE).await;
    let place = checked(&portal, &mut grace, &november("2026-11 MAIN", &TWO)).await;
    let at = |day, time| [("when", "at"), ("day", day), ("month", "11"), ("year", "2026"), ("time", time)];
    for (day, time, says) in [
        ("31", "07:00", "Enter a day that is in the calendar"),
        ("27", "seven", "Enter a time such as 07:00"),
        ("23", "07:00", "Enter a day and time that are not over"),
    ] {
        let refused = press(&mut grace, &place, "publish", &at(day, time)).await;
        refused.is(422).has("There is a problem").has(says);
        assert!(refused.body.contains(&format!("value=\"{time}\"")), "what was typed is kept");
    }
    press(&mut grace, &place, "publish", &at("25", "07:00"))
        .await
        .leads_to(&format!("{place}?done=scheduled"));
    portal.settle().await;
    grace.get(&place).await.has("Will be published").has("25 November 2026 at 07:00").has("Call it off");
    assert_eq!(states(&portal).await, ["scheduled"]);
    grace.post(&format!("{place}/call-off"), &[]).await.leads_to(&format!("{place}?done=called-off"));
    grace.post(&format!("{place}/call-off"), &[]).await.leads_to(&format!("{place}?done=moved-on"));
    assert_eq!(states(&portal).await, ["checked"]);

    press(&mut grace, &place, "publish", &at("25", "07:00"))
        .await
        .leads_to(&format!("{place}?done=scheduled"));
    portal.set_clock("2026-11-25T07:00:01Z");
    portal.settle().await;
    assert_eq!(states(&portal).await, ["published"]);
});

both_databases!(where_two_are_wanted_the_second_is_somebody_else, |portal| async move {
    portal.set("427", |settings| settings.policies.payslips_two_persons = true).await;
    let (mut grace, mut amina) = (payroll(&portal, GRACE).await, payroll(&portal, AMINA).await);
    let place = checked(&portal, &mut grace, &november("2026-11 MAIN", &TWO)).await;
    press(&mut grace, &place, "publish", &[("when", "now")]).await.leads_to(&format!("{place}?done=agreed"));
    grace
        .get(&format!("{place}?done=agreed"))
        .await
        .has("Somebody else of payroll has to agree as well")
        .has("You have agreed already")
        .has_not("Go on to publish it");
    press(&mut grace, &place, "publish", &[]).await.is(403);
    assert_eq!(states(&portal).await, ["waiting"]);
    amina.get(&place).await.has("Grace Okafor has agreed").has("Go on to publish it");
    amina.get(&format!("{place}/publish")).await.is(200).has("Agree, and publish").has("published at once");
    press(&mut amina, &place, "publish", &[]).await.leads_to(&format!("{place}?done=published"));
    assert_eq!(states(&portal).await, ["published"]);
});

both_databases!(of_two_presses_at_once_one_publishes, |portal| async move {
    let (mut grace, mut amina) = (payroll(&portal, GRACE).await, payroll(&portal, AMINA).await);
    let place = checked(&portal, &mut grace, &november("2026-11 MAIN", &TWO)).await;
    let seen = [seen(&mut grace, &place).await, seen(&mut amina, &place).await];
    let publish = format!("{place}/publish");
    let now = |seen| [("seen", seen), ("when", "now")];
    let (fields, others) = (now(seen[0].as_str()), now(seen[1].as_str()));
    let (one, other) = tokio::join!(grace.post(&publish, &fields), amina.post(&publish, &others));
    let mut places = [one.is(303).location().unwrap(), other.is(303).location().unwrap()];
    places.sort_unstable();
    assert_eq!(places, [format!("{place}?done=moved-on"), format!("{place}?done=published")]);
    portal.settle().await;
    assert_eq!(trail(&portal).await.iter().filter(|event| *event == "payslips.run_published").count(), 1);
});

both_databases!(what_holds_nothing_but_ones_own_pay_is_published_by_somebody_else, |portal| async move {
    let (mut grace, mut amina) = (payroll(&portal, GRACE).await, payroll(&portal, AMINA).await);
    let everybody = [TWO[0], Pay("20001", 351_000, 80_000)];
    let place = checked(&portal, &mut grace, &november("2026-11 MAIN", &everybody)).await;
    // Her own among others is as it should be.
    published(&portal, &mut grace, &place).await;
    let own = correction("2026-11 CORRECTION", "2026-11 MAIN", &[Pay("20001", 951_000, 80_000)]);
    let place = checked(&portal, &mut grace, &own).await;
    let page = grace.get(&place).await;
    for kind in ["net_moved", "year_to_date", "no_previous"] {
        if page.body.contains(&format!("value=\"{kind}\"")) {
            let field = format!("reason-{kind}");
            press(&mut grace, &place, "tick", &[("kind", kind), (&field, "A back payment")]).await.is(303);
        }
    }
    grace.get(&place).await.has("nothing but your own pay").has_not("Go on to publish it");
    press(&mut grace, &place, "publish", &[("when", "now")]).await.is(403).has("own");
    assert_eq!(states(&portal).await, ["published", "checked"]);
    published(&portal, &mut amina, &place).await;
    assert_eq!(states(&portal).await, ["published", "published"]);
});
