use payslips::{
    Amount, Decimal, Document, Line, PayslipView, Pence, RunKind,
    testing::{Made, heading},
};
use testing::both_databases;

use crate::HELEN;

fn view(made: &Made) -> PayslipView {
    let Document::Payslip(payslip) = &made.document else { panic!("a payslip") };
    PayslipView::of((**payslip).clone(), RunKind::Main)
}

both_databases!(a_payslip_says_all_that_stands_on_it, |portal| async move {
    let made = portal
        .payslip(HELEN, (2026, 10), |payslip| {
            payslip.payments.push(Line {
                description: "R Student Loan".into(),
                units: Some(Decimal(1_234_567)),
                unit: None,
                rate: None,
                amount: Pence(-123),
            });
            payslip.net_parts.push(Amount { description: "Cheque".into(), amount: Pence(1) });
        })
        .await;
    let view = view(&made);
    let (_, ids) = portal.pay_run("427", RunKind::Main, "published", &[made]).await;
    let mut browser = portal.logged_in(HELEN).await;
    let page = browser.get(&format!("/payslips/{}", ids[0])).await;
    page.is(200)
        .has("Net pay £")
        .has("R Student Loan 1.234567 -1.23")
        .has("Pay date: 27 October 2026, for 1 to 31 October 2026")
        .has("Cheque: £0.01")
        .has("Ring ESR Service Desk")
        .has("Messages from your employer")
        .has_not("Who has looked at it");
    let figures = view.payments.iter().chain(&view.deductions).map(|line| &line.amount);
    let facts = [&view.who, &view.year_to_date, &view.this_period, &view.contributions, &view.meanings];
    let facts = facts.into_iter().flatten().flat_map(|fact| [&fact.name, &fact.text]);
    let whole =
        [&view.title, &view.name, &view.employer, &view.gross, &view.total_deductions, &view.net, &view.sum];
    for text in figures.chain(facts).chain(whole).chain(&view.messages) {
        page.has(text);
    }
    for (name, meaning) in [("PAYE", "Income tax."), ("R", "A refund"), ("Enhancements (EN)", "evenings")] {
        let fact = view.meanings.iter().find(|fact| fact.name == name).unwrap();
        assert!(fact.text.contains(meaning), "{fact:?}");
    }
    // What is not on it is not explained.
    assert!(view.meanings.iter().all(|fact| fact.name != "SMP"));
    assert_eq!(view.file_name, "Payslip 2026-10");
    // What a program that reads it aloud needs.
    assert_eq!(page.body.matches("<h1").count(), 1);
    assert!(page.body.contains("scope=\"row\"") && page.body.contains("scope=\"col\""));
    assert!(page.body.contains("<title>October 2026 payslip - "));
});

both_databases!(what_payroll_wrote_is_text_and_nothing_else, |portal| async move {
    let evil = "<script>alert(1)</script>\"'&";
    let made = portal
        .payslip(HELEN, (2026, 10), |payslip| {
            payslip.heading = heading(evil, "10001");
            payslip.heading.position = Some(evil.into());
            payslip.payments[0].description = evil.into();
            payslip.payments[1].unit = Some(evil.into());
            payslip.deductions[0].description = evil.into();
            payslip.year_to_date[0].description = evil.into();
            payslip.details[0].text = evil.into();
            payslip.messages = vec![evil.into()];
        })
        .await;
    let before = portal.payslip(HELEN, (2026, 9), |_| {}).await;
    portal.pay_run("427", RunKind::Main, "published", &[before]).await;
    let (_, ids) = portal.pay_run("427", RunKind::Main, "published", &[made]).await;
    let mut browser = portal.logged_in(HELEN).await;
    for path in ["", "/compare"] {
        let page = browser.get(&format!("/payslips/{}{path}", ids[0])).await;
        page.is(200).has(evil);
        assert!(!page.body.contains("<script>"), "{}", page.body);
    }
});

both_databases!(nothing_but_a_net_pay_is_shown_too, |portal| async move {
    let made = portal
        .payslip(HELEN, (2026, 10), |payslip| {
            payslip.payments.clear();
            payslip.deductions.clear();
            payslip.employer.clear();
            payslip.this_period.clear();
            payslip.year_to_date.clear();
            payslip.details.clear();
            payslip.net_parts.clear();
            payslip.messages.clear();
            (payslip.gross, payslip.total_deductions, payslip.net) = (Pence(0), Pence(0), Pence(-5));
        })
        .await;
    let (_, ids) = portal.pay_run("427", RunKind::Supplementary, "published", &[made]).await;
    let mut browser = portal.logged_in(HELEN).await;
    let page = browser.get(&format!("/payslips/{}", ids[0])).await;
    page.is(200)
        .has("October 2026 supplementary payslip")
        .has("Net pay -£0.05")
        .has_not("Since 6 April")
        .has_not("Messages from your employer")
        .has_not("What the words on this payslip mean");
});
