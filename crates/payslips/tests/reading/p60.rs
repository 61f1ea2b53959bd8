use payslips::{Document, P60View, PayAndTax, Pence, RunKind};
use testing::both_databases;

use crate::HELEN;

both_databases!(a_p60_says_what_the_form_asks_for, |portal| async move {
    let mut made = portal.p60(HELEN, 2026).await;
    let Document::P60(p60) = &mut made.document else { panic!("a P60") };
    p60.previous = PayAndTax { pay: Pence(100_000), tax: Pence(-1_240) };
    let view = P60View::of((**p60).clone());
    let (_, ids) = portal.pay_run("427", RunKind::Main, "published", &[made]).await;
    let mut browser = portal.logged_in(HELEN).await;
    let page = browser.get(&format!("/payslips/p60/{}", ids[0])).await;
    page.is(200)
        .has("P60 for the tax year 2025-26")
        .has("This is a printed copy of an eP60")
        .has("tax year to 5 April 2026")
        .has("In previous employment 1,000.00 12.40 R")
        .has("In this employment 30,128.77 3,471.60")
        .has("Total for the year 31,128.77 3,459.20")
        .has("PAYE reference: 123/A246")
        .has("Keep this certificate in a safe place")
        .has_not("Replacement");
    let facts = [&view.who, &view.statutory, &view.loans];
    let facts = facts.into_iter().flatten().flat_map(|fact| [&fact.name, &fact.text]);
    let ni = view.ni.iter().flat_map(|ni| {
        [&ni.letter, &ni.at_lower_limit, &ni.to_primary_threshold, &ni.to_upper_limit, &ni.contributions]
    });
    for text in facts.chain(ni).chain(&view.employer_address).chain([&view.name, &view.employer]) {
        page.has(text);
    }
    assert_eq!(view.file_name, "P60 2025-26");
});

both_databases!(a_replacement_is_marked_on_both, |portal| async move {
    let first = portal.p60(HELEN, 2026).await;
    let (_, first) = portal.pay_run("427", RunKind::Main, "published", &[first]).await;
    let mut second = portal.p60(HELEN, 2026).await;
    second.replaces = Some(first[0]);
    let Document::P60(p60) = &mut second.document else { panic!("a P60") };
    p60.replacement = true;
    let (_, second) = portal.pay_run("427", RunKind::Correction, "published", &[second]).await;
    let mut browser = portal.logged_in(HELEN).await;
    let page = browser.get(&format!("/payslips/p60/{}", first[0])).await;
    page.is(200).has("Replaced on 24 November 2026");
    assert!(page.body.contains(&format!("href=\"/payslips/p60/{}\"", second[0])));
    browser
        .get(&format!("/payslips/p60/{}", second[0]))
        .await
        .is(200)
        .has("It replaces an earlier one since 24 November 2026.")
        .has("Replacement");
});
