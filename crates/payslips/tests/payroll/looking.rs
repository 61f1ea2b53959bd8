//! Payroll looks at one document while its run is checked.

use store::testing::strings;
use testing::both_databases;

use super::{
    AMINA, GRACE, HELEN, checked,
    file::{Pay, november},
    payroll, published, trail,
};

const THREE: [Pay<'static>; 3] =
    [Pay("10001", 288_167, 60_000), Pay("10005", 203_917, 30_010), Pay("20001", 351_000, 80_000)];

both_databases!(a_look_says_before_that_its_person_will_see_it, |portal| async move {
    let mut grace = payroll(&portal, GRACE).await;
    let mut helen = portal.logged_in(HELEN).await;
    let place = checked(&portal, &mut grace, &november("2026-11 MAIN", &THREE)).await;
    for (typed, says) in [("", "Enter an assignment number"), ("99999", "has no document for that")] {
        let refused = grace.get(&format!("{place}/documents?assignment={typed}")).await;
        refused.is(422).has("There is a problem").has(says);
    }
    let found = grace.get(&format!("{place}/documents?assignment=%2010001%20")).await;
    let document = found.is(303).location().unwrap().to_owned();
    let page = grace.get(&document).await;
    page.is(200).has("They will see that you looked").has("10001").has_not("2,881.67");
    let refused = grace.post(&document, &[("reason", "")]).await;
    refused.is(422).has("There is a problem").has_not("2,881.67");
    let looks = || strings(&portal.db, "SELECT reason FROM pay_look");
    assert_eq!(looks().await.len(), 0);
    let shown = grace.post(&document, &[("reason", "Her overtime was asked about")]).await;
    shown.is(200).has("2,881.67").has("2,281.67");
    assert_eq!(shown.headers["cache-control"], "no-store");
    assert_eq!(looks().await, ["Her overtime was asked about"]);
    // Published, it is hers alone, and says who looked.
    published(&portal, &mut grace, &place).await;
    let not_staged = format!("{place}?done=not-staged");
    grace.get(&document).await.leads_to(&not_staged);
    grace.post(&document, &[("reason", "Again")]).await.leads_to(&not_staged);
    grace.get(&not_staged).await.is(200).has("looked at while their run is checked");
    assert_eq!(looks().await.len(), 1);
    let own = document.rsplit_once('/').unwrap().1;
    helen
        .get(&format!("/payslips/{own}"))
        .await
        .is(200)
        .has("2,281.67")
        .has("Payroll looked at it on 24 November 2026")
        .has("Her overtime was asked about");
});

both_databases!(a_look_at_ones_own_goes_through_payslips, |portal| async move {
    let mut grace = payroll(&portal, GRACE).await;
    let place = checked(&portal, &mut grace, &november("2026-11 MAIN", &THREE)).await;
    let found = grace.get(&format!("{place}/documents?assignment=20001")).await;
    found.is(422).has("This is your own");
    // Somebody else finds it, and hands the link over.
    let mut amina = payroll(&portal, AMINA).await;
    let found = amina.get(&format!("{place}/documents?assignment=20001")).await;
    let document = found.is(303).location().unwrap().to_owned();
    grace.get(&document).await.is(403);
    grace.post(&document, &[("reason", "Mine")]).await.is(403);
    amina.get(&document).await.is(200);
});

both_databases!(whoever_has_never_logged_in_is_not_reached, |portal| async move {
    let mut grace = payroll(&portal, GRACE).await;
    portal.set_password(HELEN).await;
    let place = checked(&portal, &mut grace, &november("2026-11 MAIN", &THREE)).await;
    grace.get(&format!("{place}/not-reached")).await.leads_to(&place);
    grace.post(&format!("{place}/print"), &[("reason", "For the post")]).await.leads_to(&place);
    published(&portal, &mut grace, &place).await;
    let page = grace.get(&format!("{place}/not-reached")).await;
    page.is(200).has("Leonard Ng").has("10005").has_not("Helen").has_not("1,739.07");
    let print = format!("{place}/print");
    grace.post(&print, &[("reason", "")]).await.is(422).has("There is a problem").has_not("1,739.07");
    assert!(strings(&portal.db, "SELECT reason FROM pay_look").await.is_empty());
    // Her own, whose owner has logged in, and whoever prints are not among them.
    let sheets = grace.post(&print, &[("reason", "For the post")]).await;
    sheets.is(200).has("Leonard Ng").has("1,739.07").has_not("O'Wsea").has_not("2,710.00");
    assert_eq!(strings(&portal.db, "SELECT reason FROM pay_look").await, ["For the post"]);
    assert!(trail(&portal).await.contains(&"payslips.printed".to_owned()));
});
