use futures::FutureExt;
use payslips::RunKind;
use testing::both_databases;

use crate::{HELEN, has_figures};

both_databases!(an_old_link_after_withdrawal_says_so_without_a_figure, |portal| async move {
    let before = portal.payslip(HELEN, (2026, 9), |_| {}).await;
    let (_, before) = portal.pay_run("427", RunKind::Main, "published", &[before]).await;
    let made = portal.payslip(HELEN, (2026, 10), |_| {}).await;
    let (run, ids) = portal.pay_run("427", RunKind::Main, "published", &[made]).await;
    let p60 = portal.p60(HELEN, 2026).await;
    let (p60_run, p60s) = portal.pay_run("427", RunKind::Main, "published", &[p60]).await;
    let mut browser = portal.logged_in(HELEN).await;
    let paths = [
        format!("/payslips/{}", ids[0]),
        format!("/payslips/{}/compare", ids[0]),
        format!("/payslips/{}/compare?with={}", before[0], ids[0]),
        format!("/payslips/p60/{}", p60s[0]),
    ];
    for path in &paths {
        browser.get(path).await.is(200);
    }
    portal.set_pay_run(run, "withdrawn").await;
    portal.set_pay_run(p60_run, "withdrawn").await;
    for path in &paths {
        let page = browser.get(path).await;
        page.is(410).has("Withdrawn on 24 November 2026.").has("is not shown").has("Ask payroll");
        assert!(!has_figures(&page.text()), "{path}: {}", page.text());
    }
    // Others do not learn that there ever was one.
    let mut gareth = portal.logged_in("427GPUGH01").await;
    for path in &paths {
        gareth.get(path).await.is(404);
    }
    // It is none of those that can be chosen.
    let page = browser.get(&format!("/payslips/{}/compare", before[0])).await;
    page.is(200);
    assert!(!page.body.contains(&ids[0].to_string()));
});

both_databases!(a_replacement_while_somebody_reads, |portal| async move {
    let september = portal.payslip(HELEN, (2026, 9), |_| {}).await;
    let (_, september) = portal.pay_run("427", RunKind::Main, "published", &[september]).await;
    let made = portal.payslip(HELEN, (2026, 10), |_| {}).await;
    let (_, first) = portal.pay_run("427", RunKind::Main, "published", &[made]).await;
    let mut browser = portal.logged_in(HELEN).await;
    let link = format!("/payslips/{}", first[0]);
    browser.get(&link).await.is(200).has_not("Replaced");

    let mut made =
        portal.payslip(HELEN, (2026, 10), |payslip| payslip.messages = vec!["Put right.".into()]).await;
    made.replaces = Some(first[0]);
    let (correction, second) = portal.pay_run("427", RunKind::Correction, "checked", &[made]).await;
    // Until it is published, nothing of it is to be seen.
    browser.get(&link).await.is(200).has_not("Replaced");
    browser.get("/payslips").await.has_not("Replace");
    portal.set_pay_run(correction, "published").await;
    let page = browser.get(&link).await;
    // What stood there stays readable, and says that it does not count.
    page.is(200).has("Replaced on 24 November 2026. Open the one that counts").has("Net pay");
    let link_to_second = format!("/payslips/{}", second[0]);
    assert!(page.body.contains(&format!("href=\"{link_to_second}\"")));
    browser
        .get(&link_to_second)
        .await
        .is(200)
        .has("Put right.")
        .has("It replaces an earlier one since 24 November 2026.");
    let portal_page = browser.get("/portal").await;
    assert!(portal_page.body.contains(&link_to_second) && !portal_page.body.contains(&link));
    // It is held against the month before, not against what it replaces; that can be chosen.
    browser.get(&format!("{link_to_second}/compare")).await.has("September 2026 payslip").has(", replaced");
    browser.get(&format!("{link_to_second}/compare?with={}", first[0])).await.is(200).has("is the same as");
    let november = portal.payslip(HELEN, (2026, 11), |_| {}).await;
    let (_, november) = portal.pay_run("427", RunKind::Main, "published", &[november]).await;
    let page = browser.get(&format!("/payslips/{}/compare", november[0])).await;
    assert!(page.body.contains(&format!("value=\"{}\" selected", second[0])), "{}", page.body);
    assert!(page.body.contains(&september[0].to_string()));

    // Withdrawn, the correction counts no more: what was there before does.
    portal.set_pay_run(correction, "withdrawn").await;
    browser.get(&link).await.is(200).has_not("Replaced");
    browser.get(&link_to_second).await.is(410);
    let mut made = portal.payslip(HELEN, (2026, 10), |_| {}).await;
    made.replaces = Some(first[0]);
    portal.clock.advance(24 * 3600);
    let (_, third) = portal.pay_run("427", RunKind::Correction, "published", &[made]).await;
    let mut browser = portal.logged_in(HELEN).await;
    let page = browser.get(&link).await;
    page.is(200).has("Replaced on 25 November 2026");
    assert!(page.body.contains(&third[0].to_string()) && !page.body.contains(&second[0].to_string()));
});

both_databases!(a_person_reads_who_looked_at_it_and_why, |portal| async move {
    let made = portal.payslip(HELEN, (2026, 10), |_| {}).await;
    let (_, ids) = portal.pay_run("427", RunKind::Main, "published", &[made]).await;
    let (holder, payroll) =
        (portal.holder(HELEN).await.record.id, portal.holder("427GOKAFO01").await.record.id);
    for (number, why) in [(1, "Net pay moved by half"), (2, "Asked by <her>")] {
        let (document, at) = (ids[0], portal.clock.now().plus_minutes(number));
        let id = portal.entropy.id(at);
        portal
            .db
            .write(move |tx| {
                async move {
                    store::on!(tx, c => sqlx::query("INSERT INTO pay_look (id, document_id, staff_record_id, by_staff_record, at, reason)
                             VALUES ($1, $2, $3, $4, $5, $6)")
                        .bind(id).bind(document).bind(holder).bind(payroll).bind(at).bind(why).execute(c).await.map(drop))
                }
.boxed()
            })
            .await
            .unwrap();
    }
    // Two looks beside two corrections are still two looks.
    for state in ["withdrawn", "published"] {
        let mut made = portal.payslip(HELEN, (2026, 10), |_| {}).await;
        made.replaces = Some(ids[0]);
        portal.pay_run("427", RunKind::Correction, state, &[made]).await;
    }
    let mut browser = portal.logged_in(HELEN).await;
    let page = browser.get(&format!("/payslips/{}", ids[0])).await;
    page.is(200)
        .has("Who has looked at it")
        .has("Payroll looked at it on 24 November 2026 at 09:02, while checking it. Reason: Asked by <her>")
        .has("Payroll looked at it on 24 November 2026 at 09:01, while checking it. Reason: Net pay moved by half")
        .has_not("Okafor");
    assert_eq!(page.text().matches("Payroll looked at it").count(), 2);
});
