//! Uploading and what the page of a run says: errors, warnings, totals.

use testing::both_databases;

use super::{
    AMINA, GRACE, JOHN, checked,
    file::{Pay, november, plain, rows, with_trailer},
    payroll, press, published, states, trail, upload,
};

const TWO: [Pay<'static>; 2] = [Pay("10001", 288_167, 60_000), Pay("10005", 203_917, 30_010)];

both_databases!(a_file_that_is_none_is_refused_in_words, |portal| async move {
    let mut grace = payroll(&portal, GRACE).await;
    let nothing = grace.post_files("/payroll/runs", &[], &[]).await;
    nothing.is(422).has("There is a problem").has("Choose a file");
    let empty = grace.post_files("/payroll/runs", &[], &[("file", "a.csv", b"")]).await;
    empty.is(422).has("There is a problem").has("empty");
    let place = checked(&portal, &mut grace, "%PDF-1.7").await;
    grace.get(&place).await.is(200).has("Has errors").has("The file has 1 error").has_not("Go on to publish");
    grace.get("/payroll/runs").await.is(200).has("november.csv").has("Has errors");
});

both_databases!(the_example_can_be_had_and_the_page_says_what_a_section_holds, |portal| async move {
    let mut grace = payroll(&portal, GRACE).await;
    let example = grace.get("/payroll/runs/template.csv").await;
    assert_eq!(example.is(200).headers["content-disposition"], "attachment; filename=\"payslips.csv\"");
    assert!(example.body.contains("Assignment number"), "{}", example.body);
    let page = grace.get("/payroll/runs").await;
    for section in ["trailer", "year to date", "replaces", "Bank accounts are never part of the file"] {
        page.has(section);
    }
    // Its menu has the page.
    grace.get("/portal").await.has("Payslip runs");
});

both_databases!(errors_are_counted_by_kind_and_the_first_fifty_are_shown, |portal| async move {
    let mut grace = payroll(&portal, GRACE).await;
    let mut wrong = rows("2026-11 MAIN", "main", &TWO, None);
    for row in &mut wrong {
        *row = row.replace("1257L", "12X57");
    }
    let many: Vec<String> = (0..60).map(|n| format!("X{n}")).collect();
    let unknown: Vec<Pay<'_>> = many.iter().map(|number| Pay(number, 100_000, 100)).collect();
    wrong.extend(rows("", "main", &unknown, None).split_off(4));
    let place = checked(&portal, &mut grace, &with_trailer(&wrong)).await;
    let page = grace.get(&place).await;
    page.is(200)
        .has("The file has 62 errors")
        .has("A tax code that cannot be one How many 2")
        .has("No such assignment at your employer, or not in that period How many 60")
        .has("The first 50 of 62")
        .has("12X57")
        .has_not("Go on to publish it");
    let file = grace.get(&format!("{place}/findings.csv")).await;
    assert_eq!(file.is(200).headers["content-disposition"], "attachment; filename=\"november-findings.csv\"");
    assert_eq!(file.headers["cache-control"], "no-store");
    assert_eq!(file.body.lines().count(), 63, "{}", file.body);
    assert!(file.body.starts_with("\u{feff}line,column,assignment,expected,found,what to do,kind"));
    // It cannot be published, whoever says so.
    press(&mut grace, &place, "publish", &[("when", "now")])
        .await
        .leads_to(&format!("{place}?done=moved-on"));
    assert_eq!(states(&portal).await, ["wrong"]);
});

both_databases!(a_kind_of_warning_is_ticked_off_with_a_reason, |portal| async move {
    let mut grace = payroll(&portal, GRACE).await;
    let mut unusual = rows("2026-11 MAIN", "main", &TWO, None);
    for row in &mut unusual {
        // 3.35 hours at 14.70 are 49.24 and not 2,881.67.
        *row = row.replace("Basic Pay,,,,2881.67", "Overtime,3.35,hours,14.70,2881.67");
    }
    let place = checked(&portal, &mut grace, &with_trailer(&unusual)).await;
    let page = grace.get(&place).await;
    page.is(200)
        .has("1 warning")
        .has("Units times rate is not the amount: 1")
        .has("One kind of warning is still to be ticked off")
        .has_not("Go on to publish it");
    press(&mut grace, &place, "publish", &[("when", "now")])
        .await
        .leads_to(&format!("{place}?done=moved-on"));
    let long = "x".repeat(501);
    for reason in ["", "   ", &long] {
        let refused = press(&mut grace, &place, "tick", &[("kind", "line"), ("reason-line", reason)]).await;
        refused.is(422).has("There is a problem").has("the reason");
        assert!(refused.body.contains("id=\"reason-line\""), "the summary leads to it");
    }
    for (kind, answer) in [("gross", "moved-on"), ("no_such_kind", "moved-on")] {
        let field = format!("reason-{kind}");
        let said = press(&mut grace, &place, "tick", &[("kind", kind), (&field, "right")]).await;
        said.leads_to(&format!("{place}?done={answer}"));
    }
    // What was not seen is not ticked off.
    let other = uuid::Uuid::from_u128(7).to_string();
    let stale = [("seen", other.as_str()), ("kind", "line"), ("reason-line", "right")];
    grace.post(&format!("{place}/tick"), &stale).await.leads_to(&format!("{place}?done=moved-on"));

    let right = [("kind", "line"), ("reason-line", "Paid by agreement")];
    press(&mut grace, &place, "tick", &right).await.leads_to(&format!("{place}?done=ticked"));
    grace
        .get(&format!("{place}?done=ticked"))
        .await
        .has("The warnings are ticked off")
        .has("Ticked off by Grace Okafor")
        .has("Paid by agreement")
        .has("Go on to publish it");
    assert_eq!(trail(&portal).await.iter().filter(|event| event.contains("tick")).count(), 1);
});

both_databases!(without_control_sums_the_totals_of_the_report_are_typed, |portal| async move {
    let mut grace = payroll(&portal, GRACE).await;
    let place = checked(&portal, &mut grace, &plain(&rows("2026-11 MAIN", "main", &TWO, None))).await;
    let page = grace.get(&place).await;
    page.has("Your report's totals").has("still to be typed").has_not("Go on to publish it");
    let typed = |people, gross, deductions, net| {
        [("people", people), ("gross", gross), ("deductions", deductions), ("net", net)]
    };
    let refused = press(&mut grace, &place, "totals", &typed("two", "4,920.84", "9E2", "")).await;
    refused.is(422).has("how many people").has("Enter an amount in pounds and pence");
    assert!(refused.body.contains("value=\"4,920.84\""), "what was typed is kept");
    let refused = press(&mut grace, &place, "totals", &typed("2", "4,920.84", "900.10", "4,020.47")).await;
    refused.is(422).has("There is a problem").has("The file has £4,020.74");
    press(&mut grace, &place, "publish", &[("when", "now")])
        .await
        .leads_to(&format!("{place}?done=moved-on"));
    press(&mut grace, &place, "totals", &typed(" 2 ", "£4,920.84", "900.10", "4020.74"))
        .await
        .leads_to(&format!("{place}?done=totals"));
    grace.get(&place).await.has("Go on to publish it").has_not("Your report's totals");
});

both_databases!(a_run_stands_beside_the_last_one, |portal| async move {
    let mut grace = payroll(&portal, GRACE).await;
    let october =
        november("2026-10 MAIN", &[TWO[0]]).replace("2026-11-", "2026-10-").replace("10-30", "10-31");
    let place = checked(&portal, &mut grace, &october).await;
    published(&portal, &mut grace, &place).await;
    let place = checked(&portal, &mut grace, &november("2026-11 MAIN", &TWO)).await;
    grace
        .get(&place)
        .await
        .has("Last run: 2026-10 MAIN")
        .has("Payslips This run 2 Last run: 2026-10 MAIN 1 Difference +1")
        .has("Gross pay This run £4,920.84 Last run: 2026-10 MAIN £2,881.67 Difference +£2,039.17");
});

both_databases!(a_discarded_run_shows_nothing_to_anybody, |portal| async move {
    let mut grace = payroll(&portal, GRACE).await;
    let place = checked(&portal, &mut grace, &november("2026-11 MAIN", &TWO)).await;
    grace.post(&format!("{place}/discard"), &[]).await.leads_to("/payroll/runs?done=discarded");
    grace.get("/payroll/runs?done=discarded").await.has("The run is discarded").has("Discarded");
    grace.get(&place).await.is(200).has("Nobody sees anything of it").has_not("Go on to publish it");
    grace.post(&format!("{place}/discard"), &[]).await.leads_to(&format!("{place}?done=moved-on"));
    // While it is being checked.
    let place = upload(&mut grace, &november("2026-11 MAIN", &TWO)).await;
    grace.get(&place).await.has("The file is being checked");
    assert_eq!(grace.get(&place).await.headers["refresh"], "5");
    assert!(!grace.get(&format!("{place}?still=yes")).await.headers.contains_key("refresh"));
    grace.post(&format!("{place}/discard"), &[]).await.is(303);
    portal.settle().await;
    assert_eq!(states(&portal).await, ["discarded", "discarded"]);
});

both_databases!(another_employers_run_is_no_page, |portal| async move {
    let (mut grace, mut john) = (payroll(&portal, GRACE).await, payroll(&portal, JOHN).await);
    let place = checked(&portal, &mut grace, &november("2026-11 MAIN", &TWO)).await;
    john.get("/payroll/runs").await.is(200).has_not("2026-11 MAIN");
    for page in ["", "/findings.csv", "/publish", "/withdraw", "/not-reached", "/documents?assignment=10001"]
    {
        john.get(&format!("{place}{page}")).await.is(404);
    }
    for act in ["tick", "totals", "publish", "call-off", "discard", "withdraw", "print"] {
        let fields = [("seen", ""), ("kind", "line"), ("reason", "r"), ("reason-line", "r"), ("when", "now")];
        john.post(&format!("{place}/{act}"), &fields).await.is(404);
    }
    assert_eq!(states(&portal).await, ["checked"]);
    // What his employer's file says of numbers of another employer's people is nobody's.
    let place = checked(&portal, &mut john, &november("2026-11 MAIN", &[Pay("10005", 1000, 0)])).await;
    john.get(&place).await.has("No such assignment at your employer");
});

both_databases!(payroll_pages_are_for_payroll, |portal| async move {
    let mut amina = portal.with_role("427GPUGH01", records::Role::Hr).await;
    amina.get("/payroll/runs").await.is(403);
    let mut helen = portal.logged_in(AMINA).await;
    helen.get("/payroll/runs").await.is(403);
});
