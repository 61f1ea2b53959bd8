use payslips::{Amount, Detail, Document, Line, Payslip, Pence, RunKind, testing::Made};
use testing::{Portal, both_databases};
use uuid::Uuid;

use crate::HELEN;

/// The payslip adds up again.
fn add_up(payslip: &mut Payslip) {
    payslip.gross = payslip.payments.iter().map(|line| line.amount).sum();
    payslip.total_deductions = payslip.deductions.iter().map(|line| line.amount).sum();
    payslip.net = payslip.gross - payslip.total_deductions;
    payslip.net_parts = vec![Amount { description: "BACS".into(), amount: payslip.net }];
}

async fn published(portal: &Portal, made: Made) -> Uuid {
    portal.pay_run("427", RunKind::Main, "published", &[made]).await.1[0]
}

/// September, and October of which the figures are September's but for what is changed.
async fn two(portal: &Portal, change: impl FnOnce(&mut Payslip)) -> (Uuid, Uuid) {
    let september = portal.payslip(HELEN, (2026, 9), |_| {}).await;
    let Document::Payslip(before) = september.document.clone() else { panic!("a payslip") };
    let october = portal
        .payslip(HELEN, (2026, 10), |payslip| {
            let (pay_date, period) = (payslip.pay_date, payslip.period);
            *payslip = *before;
            (payslip.pay_date, payslip.period) = (pay_date, period);
            change(payslip);
            add_up(payslip);
        })
        .await;
    (published(portal, september).await, published(portal, october).await)
}

both_databases!(it_says_why_it_is_less, |portal| async move {
    let (september, october) = two(&portal, |payslip| {
        let overtime = payslip.payments.iter_mut().find(|line| line.description == "Overtime NP").unwrap();
        // 3.50 hours at £23.86 in September.
        overtime.units = None;
        overtime.amount = Pence(overtime.amount.0 - 1_000);
        payslip.deductions.push(Line {
            description: "Parking".into(),
            units: None,
            unit: None,
            rate: None,
            amount: Pence(2_500),
        });
        payslip.deductions.retain(|line| line.description != "UNISON");
        let code = payslip.details.iter_mut().find(|detail| detail.description == "Tax code").unwrap();
        *code = Detail { description: "Tax code".into(), text: "BR".into() };
    })
    .await;
    let mut browser = portal.logged_in(HELEN).await;
    let link = format!("/payslips/{october}/compare");
    let page = browser.get(&format!("/payslips/{october}")).await;
    assert!(page.body.contains(&link));
    let page = browser.get(&link).await;
    page.is(200)
        .has("Your net pay is £17.40 less than on the September 2026 payslip.")
        .has("Tax code changed from 1257L to BR. HM Revenue and Customs decide on it.")
        .has("New deduction: Parking: -£25.00")
        .has("No deduction for UNISON this time: +£17.60")
        .has("Overtime NP is less: -£10.00")
        .has("Parking (deduction)")
        .has("lines are the same");
    // The largest difference first.
    let text = page.text();
    assert!(
        text.find("Parking:") < text.find("UNISON this time")
            && text.find("UNISON this time") < text.find("Overtime NP is")
    );
    // The other way round.
    let page = browser.get(&format!("/payslips/{september}/compare?with={october}")).await;
    page.is(200)
        .has("Your net pay is £17.40 more than on the October 2026 payslip.")
        .has("No deduction for Parking this time: +£25.00");
});

both_databases!(the_same_is_the_same, |portal| async move {
    let (_, october) = two(&portal, |_| {}).await;
    let mut browser = portal.logged_in(HELEN).await;
    let page = browser.get(&format!("/payslips/{october}/compare")).await;
    page.is(200)
        .has("Your net pay is the same as on the September 2026 payslip.")
        .has("11 lines are the same")
        .has_not("What explains it")
        .has_not("What differs");
});

both_databases!(hours_rates_and_a_new_tax_year_are_named, |portal| async move {
    let march = portal
        .payslip(HELEN, (2026, 3), |payslip| payslip.payments[1] = line("Sat Enh EN", 1_000, 477))
        .await;
    let march = published(&portal, march).await;
    let april =
        portal.payslip(HELEN, (2026, 4), |payslip| payslip.payments[1] = line("Sat Enh EN", 650, 477)).await;
    let april = published(&portal, april).await;
    let mut browser = portal.logged_in(HELEN).await;
    let page = browser.get(&format!("/payslips/{april}/compare?with={march}")).await;
    page.is(200).has("A new tax year began on 6 April 2026").has("Sat Enh EN is 3.5 hours less: -£16.70");
});

fn line(description: &str, hundredths: i64, rate: i64) -> Line {
    Line {
        description: description.into(),
        units: Some(payslips::Decimal(hundredths * 10_000)),
        unit: Some("hours".into()),
        rate: Some(payslips::Decimal(rate * 10_000)),
        amount: Pence(hundredths * rate / 100),
    }
}

both_databases!(any_other_can_be_chosen, |portal| async move {
    let august = portal.payslip(HELEN, (2026, 8), |_| {}).await;
    let august = published(&portal, august).await;
    let mut browser = portal.logged_in(HELEN).await;
    // Nothing to hold it against yet.
    browser
        .get(&format!("/payslips/{august}/compare"))
        .await
        .is(200)
        .has("there is no earlier payslip of this assignment")
        .has_not("Another payslip");
    let (september, october) = two(&portal, |_| {}).await;
    let bank = portal
        .payslip(HELEN, (2026, 10), |payslip| payslip.heading.assignment_number = "10001-2".into())
        .await;
    let bank = published(&portal, bank).await;
    browser
        .get(&format!("/payslips/{october}/compare"))
        .await
        .has("as on the September 2026 payslip")
        .is(200);
    let page = browser.get(&format!("/payslips/{october}/compare?with={august}")).await;
    page.is(200)
        .has("on the August 2026 payslip")
        .has("August 2026 payslip, paid 27 August, assignment 10001");
    assert!(page.body.contains(&format!("<option value=\"{august}\" selected>")), "{}", page.body);
    // Of another assignment only when it is asked for.
    browser.get(&format!("/payslips/{bank}/compare")).await.is(200).has("there is no earlier payslip");
    browser
        .get(&format!("/payslips/{bank}/compare?with={october}"))
        .await
        .is(200)
        .has("October 2026 payslip");
    // With itself, or nothing, it is held against the one before.
    browser.get(&format!("/payslips/{october}/compare?with=")).await.is(200).has("September 2026");
    browser
        .get(&format!("/payslips/{october}/compare?with={october}"))
        .await
        .is(200)
        .has("there is no earlier");
    for wrong in ["x", "1", "00000000-0000-0000-0000-000000000000", "%00"] {
        browser.get(&format!("/payslips/{september}/compare?with={wrong}")).await.is(404);
    }
});
