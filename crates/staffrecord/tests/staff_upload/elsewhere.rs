//! What HR is told of records of other employers: nobody learns a date of birth by trying.

use store::testing::strings;
use testing::{Browser, Portal, both_databases};

use super::{AMINA, GARETH, checked, csv, file, hr, many_rows, press, states};

const DIFFERS: &str = "a staff record of employer 999 has the same and does not fit this one";
const NO_MORE: &str =
    "Nothing more is said today about values that stand on staff records of other employers";

/// A file of 427 with the addresses of people `from..to` of 999, all born on one day.
fn guesses(from: usize, to: usize, born: &str) -> String {
    let rows = (from..to).map(|n| format!("G{n:05},Jo,Guess,{born},2020-01-01,,jo{n}@nhs.net,"));
    file(&rows.collect::<Vec<_>>())
}

async fn entries(portal: &Portal, event: &str) -> usize {
    let code = "SELECT e.code || ' ' || a.event || ' ' || a.actor_role FROM audit_entry a JOIN employer e ON e.id = a.employer
         WHERE a.event IN ('records.told_elsewhere', 'records.elsewhere_refused')";
    strings(&portal.db, code).await.iter().filter(|entry| **entry == format!("999 {event} hr")).count()
}

/// Puts an address and a date of birth on Helen's record.
async fn correct(hr: &mut Browser, portal: &Portal, email: &str, born: &str) -> testing::Answer {
    let form = format!("/hr/staff/{}/correct", portal.holder("427HOWSEA01").await.record.id);
    let version = hr.get(&form).await.is(200).between("name=\"version\" value=\"", "\"").to_owned();
    let fields =
        [("version", version.as_str()), ("reason", "A guess"), ("email", email), ("date_of_birth", born)];
    hr.post(&form, &fields).await
}

both_databases!(
    what_other_employers_hold_is_told_a_few_times_and_stands_on_their_trail,
    |portal| async move {
        portal.load("999", &file(&many_rows(0, 30, ""))).await;
        let (mut gareth, mut amina) = (hr(&portal, GARETH).await, hr(&portal, AMINA).await);
        // Whoever is right at once did not guess.
        let right = checked(&portal, &mut gareth, &guesses(0, 30, "1980-01-02")).await;
        gareth.get(&right).await.has_not(DIFFERS).has("Load these changes");
        assert_eq!(entries(&portal, "records.told_elsewhere").await, 0);

        // The same answer once more is no new one.
        for _ in 0..2 {
            let place = checked(&portal, &mut gareth, &guesses(0, 1, "1980-01-01")).await;
            gareth.get(&place).await.has(DIFFERS).has_not("another date of birth");
        }
        correct(&mut gareth, &portal, "jo0@nhs.net", "1980-01-01").await.is(422).has(&DIFFERS[1..]);
        assert_eq!(entries(&portal, "records.told_elsewhere").await, 1);
        correct(&mut gareth, &portal, "jo0@nhs.net", "1980-01-03").await.is(422).has(&DIFFERS[1..]);
        assert_eq!(entries(&portal, "records.told_elsewhere").await, 2);

        // Twenty in a day, of however many.
        let place = checked(&portal, &mut gareth, &guesses(1, 30, "1980-01-01")).await;
        let page = gareth.get(&place).await;
        page.has(NO_MORE).has("The file has 19 errors");
        assert_eq!(page.text().matches(DIFFERS).count(), 18, "{}", page.text());
        assert_eq!(entries(&portal, "records.told_elsewhere").await, 20);
        assert_eq!(entries(&portal, "records.elsewhere_refused").await, 1);

        // From then on wrong and right get the same answer, which says of nothing that it differs; others are loaded.
        for born in ["1980-01-01", "1980-01-02"] {
            let place = checked(&portal, &mut gareth, &guesses(25, 26, born)).await;
            gareth.get(&place).await.has(NO_MORE).has("The file has 1 error").has_not(DIFFERS);
            correct(&mut gareth, &portal, "jo25@nhs.net", born)
                .await
                .is(422)
                .has(NO_MORE)
                .has_not(&DIFFERS[1..]);
        }
        assert_eq!(entries(&portal, "records.told_elsewhere").await, 20);
        assert_eq!(entries(&portal, "records.elsewhere_refused").await, 5);
        let place =
            checked(&portal, &mut gareth, &csv(&["X1,Ann,Ng,1980-01-01,2020-01-01,,ann.ng@nhs.net,"])).await;
        gareth.get(&place).await.has("Load these changes");

        // What was all right before is loaded.
        press(&mut gareth, &right, &[]).await.leads_to(&right);
        portal.settle().await;
        gareth.get(&right).await.has("All of it is loaded");

        // A colleague has twenty of their own, and each begins anew a day later.
        let place = checked(&portal, &mut amina, &guesses(25, 26, "1980-01-01")).await;
        amina.get(&place).await.has(DIFFERS);
        portal.clock.advance(24 * 60 * 60 + 1);
        gareth.log_in_again(GARETH).await;
        let place = checked(&portal, &mut gareth, &guesses(25, 26, "1980-01-01")).await;
        gareth.get(&place).await.has(DIFFERS);
        assert_eq!(states(&portal).await.last().map(String::as_str), Some("wrong"));
    }
);

both_databases!(whose_record_it_was_reads_that_somebody_tried, |portal| async move {
    let email = portal.holder("999JSMITH01").await.record.email.unwrap();
    let mut gareth = hr(&portal, GARETH).await;
    let row = format!("X1,Ann,Ng,1980-01-01,2020-01-01,,{email},");
    let place = checked(&portal, &mut gareth, &csv(&[&row])).await;
    gareth.get(&place).await.has(DIFFERS);
    let page = portal.logged_in("999JSMITH01").await.get("/my-account").await;
    page.has("At another employer, entered your email for somebody whose details are not yours.");
});
