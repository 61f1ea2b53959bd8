use payslips::{Document, Frequency, Period, RunKind};
use testing::{PASSWORD, both_databases};

use crate::{HELEN, has_figures};

both_databases!(log_in_then_the_newest_payslip_in_two_taps, |portal| async move {
    let october = portal.payslip(HELEN, (2026, 10), |_| {}).await;
    let november = portal.payslip(HELEN, (2026, 11), |_| {}).await;
    portal.pay_run("427", RunKind::Main, "published", &[october]).await;
    let (_, ids) = portal.pay_run("427", RunKind::Main, "published", &[november]).await;
    portal.set_password(HELEN).await;
    let mut browser = portal.browser();
    browser.log_in(HELEN, PASSWORD).await.leads_to("/portal");
    let page = browser.get("/portal").await;
    // The clock stands at the 24th.
    page.has("November 2026 payslip, to be paid 27 November").has_not("October 2026 payslip");
    assert!(!has_figures(&page.text()), "the portal page shows no amount");
    let link = format!("/payslips/{}", ids[0]);
    assert!(page.body.contains(&format!("href=\"{link}\"")), "{}", page.body);
    browser.get(&link).await.is(200).has("November 2026 payslip").has("Net pay");
    portal.clock.advance(4 * 24 * 3600);
    browser.log_in(HELEN, PASSWORD).await.leads_to("/portal");
    browser.get("/portal").await.has("November 2026 payslip, paid 27 November");
});

both_databases!(the_list_is_by_tax_year_and_says_what_became_of_each, |portal| async move {
    let mut browser = portal.logged_in(HELEN).await;
    browser.get("/payslips").await.is(200).has("There is no payslip of yours here yet");
    browser.get("/portal").await.has("All payslips and P60s").has_not("payslip, paid");

    let mut ids = Vec::new();
    for (year, month) in [(2026, 2), (2026, 3), (2026, 4), (2026, 9), (2026, 10)] {
        let made = portal.payslip(HELEN, (year, month), |_| {}).await;
        ids.push(portal.pay_run("427", RunKind::Main, "published", &[made]).await);
    }
    let p60 = portal.p60(HELEN, 2026).await;
    portal.pay_run("427", RunKind::Main, "published", &[p60]).await;
    let staged = portal.payslip(HELEN, (2026, 11), |_| {}).await;
    portal.pay_run("427", RunKind::Main, "checked", &[staged]).await;
    portal.set_pay_run(ids[4].0, "withdrawn").await;
    let mut correction = portal.payslip(HELEN, (2026, 9), |_| {}).await;
    correction.replaces = Some(ids[3].1[0]);
    portal.pay_run("427", RunKind::Correction, "published", &[correction]).await;

    let page = browser.get("/payslips").await;
    page.is(200)
        .has("Tax year 2026-27")
        .has("October 2026 payslip Paid 27 October Withdrawn on 24 November 2026")
        .has("September 2026 payslip Paid 27 September Replaces an earlier one")
        .has("September 2026 payslip Paid 27 September Replaced on 24 November 2026")
        .has("Tax year 2025-26 P60 for the tax year 2025-26 March 2026 payslip")
        .has_not("November 2026 payslip");
    assert!(!has_figures(&page.text()), "the list shows no amount");
    // Newest first.
    let text = page.text();
    let places = ["October", "September", "April 2026", "P60", "March", "February"]
        .map(|name| text.find(&format!("{name} ")).unwrap_or_else(|| panic!("{name}")));
    assert!(places.is_sorted(), "{places:?}");
    assert!(!page.body.contains(&ids[4].1[0].to_string()), "what is withdrawn has no link");
    assert!(page.body.contains("<details class=\"nhsuk-details\">"), "{}", page.body);
    let page = browser.get("/payslips?year=2025-26").await;
    assert!(page.body.contains("<details class=\"nhsuk-details\" open>"), "{}", page.body);
    for year in ["", "2024-25", "2025", "'", "%ff"] {
        browser.get(&format!("/payslips?year={year}")).await.is(200);
    }
    // What stands is the newest: neither what is withdrawn nor what was replaced.
    browser.get("/portal").await.has("September 2026 payslip, paid 27 September");
});

both_databases!(each_assignment_has_a_link_of_its_own, |portal| async move {
    let ward = portal.payslip(HELEN, (2026, 10), |_| {}).await;
    portal.pay_run("427", RunKind::Main, "published", &[ward]).await;
    for (to, pay_date) in [("2026-10-16", "2026-10-23"), ("2026-10-23", "2026-10-30")] {
        let bank = portal
            .payslip(HELEN, (2026, 10), |payslip| {
                payslip.heading.assignment_number = "10001-2".into();
                payslip.frequency = Frequency::Week;
                let to: store::Day = to.parse().unwrap();
                payslip.period = Period { from: to.plus_days(-6), to };
                payslip.pay_date = pay_date.parse().unwrap();
            })
            .await;
        portal.pay_run("427", RunKind::Main, "published", &[bank]).await;
    }
    // Long ago, and no longer among the newest.
    let old = portal
        .payslip(HELEN, (2026, 5), |payslip| payslip.heading.assignment_number = "10001-3".into())
        .await;
    portal.pay_run("427", RunKind::Main, "published", &[old]).await;
    let mut browser = portal.logged_in(HELEN).await;
    let page = browser.get("/portal").await;
    page.has("October 2026 payslip, paid 27 October (assignment 10001)")
        .has("Payslip for the week to 23 October 2026, paid 30 October (assignment 10001-2)")
        .has_not("16 October")
        .has_not("10001-3");
    browser
        .get("/payslips")
        .await
        .has("Payslip for the week to 16 October 2026 Paid 23 October Assignment 10001-2");

    // More than can be told apart at a glance: the list.
    for post in 3..=6 {
        let made = portal
            .payslip(HELEN, (2026, 10), |payslip| payslip.heading.assignment_number = format!("10001-{post}"))
            .await;
        portal.pay_run("427", RunKind::Main, "published", &[made]).await;
    }
    browser.get("/portal").await.has("All payslips and P60s").has_not("October 2026 payslip");
});

both_databases!(a_person_chooses_how_they_are_told, |portal| async move {
    let mut browser = portal.logged_in(HELEN).await;
    let ticked = |body: &str, name: &str| {
        let (_, rest) = body.split_once(&format!("name=\"{name}\"")).unwrap();
        rest.split('>').next().unwrap().contains("checked")
    };
    let page = browser.get("/payslips").await;
    assert!(ticked(&page.body, "mail") && !ticked(&page.body, "paper"), "{}", page.body);
    for (fields, mail, paper) in [
        (vec![("paper", "paper")], false, true),
        (vec![("mail", "mail"), ("paper", "paper")], true, true),
        (vec![], false, false),
    ] {
        browser.post("/payslips/choices", &fields).await.leads_to("/payslips?done=choices");
        let page = browser.get("/payslips?done=choices").await;
        page.has("It is kept.");
        assert_eq!((ticked(&page.body, "mail"), ticked(&page.body, "paper")), (mail, paper));
    }
    let entries = store::testing::strings(
        &portal.db,
        "SELECT data FROM audit_entry WHERE event = 'payslips.choices_set' ORDER BY at, id",
    )
    .await;
    assert_eq!(entries.len(), 3);
    assert!(entries[0].contains("\"paper\":true"), "{entries:?}");
    // Somebody else's stays as it was.
    let mut gareth = portal.logged_in("427GPUGH01").await;
    let page = gareth.get("/payslips").await;
    assert!(ticked(&page.body, "mail") && !ticked(&page.body, "paper"));
    let answer =
        browser.post_body("/payslips/choices", "application/x-www-form-urlencoded", "mail=mail").await;
    answer.is(403);
});

both_databases!(one_statement_each_beside_the_sessions, |portal| async move {
    let mut ids = Vec::new();
    for month in 8..=10 {
        let made = portal.payslip(HELEN, (2026, month), |_| {}).await;
        ids.extend(portal.pay_run("427", RunKind::Main, "published", &[made]).await.1);
    }
    let p60 = portal.p60(HELEN, 2026).await;
    assert!(matches!(p60.document, Document::P60(_)));
    let (_, p60s) = portal.pay_run("427", RunKind::Main, "published", &[p60]).await;
    let mut browser = portal.logged_in(HELEN).await;
    browser.get("/payslips").await.is(200);
    for path in [
        "/payslips".to_owned(),
        format!("/payslips/{}", ids[2]),
        format!("/payslips/{}/compare", ids[2]),
        format!("/payslips/{}/compare?with={}", ids[2], ids[0]),
        format!("/payslips/p60/{}", p60s[0]),
    ] {
        let before = portal.db.statistics().statements;
        let page = browser.get(&path).await;
        page.is(200);
        assert_eq!(page.headers.get("cache-control").unwrap(), "no-store", "{path}");
        assert_eq!(portal.db.statistics().statements - before, 2, "{path}");
    }
});
