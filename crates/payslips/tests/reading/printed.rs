use std::io::Cursor;

use futures::FutureExt;
use image::ImageFormat;
use payslips::{Document, Line, P60View, Payslip, PayslipView, Pence, RunKind};
use pdf::testing::Opened;
use serde_json::Value;
use store::on;
use testing::{Answer, PASSWORD, Portal, both_databases};
use uuid::Uuid;

use crate::{HELEN, has_figures};

/// A logo's hash.
const BLUE: &str = "b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1";

/// Publishes a payslip of Helen's, and says what its page shows.
async fn payslip(portal: &Portal, change: impl FnOnce(&mut Payslip)) -> (Uuid, PayslipView) {
    let made = portal.payslip(HELEN, (2026, 11), change).await;
    let Document::Payslip(payslip) = made.document.clone() else { panic!("a payslip") };
    let (_, ids) = portal.pay_run("427", RunKind::Main, "published", &[made]).await;
    (ids[0], PayslipView::of(*payslip, RunKind::Main))
}

fn opened(answer: &Answer) -> Opened {
    assert_eq!(answer.status, 200, "{}", answer.text());
    Opened::new(&answer.bytes)
}

/// Every text of a view, but for the name of its file and what is only explained on the page.
fn texts(view: &Value) -> Vec<&str> {
    match view {
        Value::String(text) => vec![text],
        Value::Array(views) => views.iter().flat_map(texts).collect(),
        Value::Object(fields) => {
            let shown = fields.iter().filter(|(name, _)| !["file_name", "meanings"].contains(&name.as_str()));
            shown.flat_map(|(_, view)| texts(view)).collect()
        }
        _ => Vec::new(),
    }
}

/// Where lines break, and how wide a space is, a page and a document decide for themselves.
fn says_all(document: &Opened, view: &Value) {
    let without_spaces = |text: &str| text.split_whitespace().collect::<String>();
    let told = without_spaces(&document.text());
    for text in texts(view) {
        assert!(told.contains(&without_spaces(text)), "{text}\nis not in\n{told}");
    }
}

both_databases!(a_payslip_on_paper_says_what_its_page_says, |portal| async move {
    let (id, view) = payslip(&portal, |payslip| {
        payslip.heading.name = "Ms Siân Ŵyn-Żółć #[evil] $x$".into();
        payslip.messages.push("=1+1 \\ \" ` <b>".into());
        payslip.deductions.push(Line { amount: Pence(-1_234), ..payslip.deductions[0].clone() });
    })
    .await;
    let mut browser = portal.logged_in(HELEN).await;
    browser.get(&format!("/payslips/{id}")).await.is(200).has("£");
    let answer = browser.get(&format!("/payslips/{id}/pdf")).await;
    let document = opened(&answer);
    let shown = serde_json::to_value(&view).unwrap();
    assert!(texts(&shown).len() > 60);
    says_all(&document, &shown);
    assert_eq!(document.info("Title"), "November 2026 payslip");
    assert_eq!(document.info("Pages"), "1");
    assert_eq!(document.info("CreationDate"), "2026-11-24T09:00:00Z");
    assert!(document.claims_to_be_accessible() && document.has("/Lang(en-GB)"));
    let tree = document.told("pdfinfo", &["-struct"]);
    for tag in ["H1", "Table", "THead", "TH", "TD", "TFoot"] {
        assert!(tree.contains(tag), "{tag}: {tree}");
    }
});

both_databases!(it_opens_inside_and_is_a_file_outside, |portal| async move {
    let (id, _) = payslip(&portal, |_| {}).await;
    portal.set_password(HELEN).await;
    for (mut browser, how) in [(portal.inside(), "inline"), (portal.browser(), "attachment")] {
        browser.log_in(HELEN, PASSWORD).await.leads_to("/portal");
        let answer = browser.get(&format!("/payslips/{id}/pdf")).await;
        let header = |name: &str| answer.headers[name].to_str().unwrap();
        assert_eq!(header("content-type"), "application/pdf");
        assert_eq!(header("content-disposition"), format!("{how}; filename=\"Payslip 2026-11.pdf\""));
        assert_eq!(header("cache-control"), "no-store");
    }
});

both_databases!(thirty_lines_have_room_on_one_page_and_hundreds_on_more, |portal| async move {
    let lines = |payslip: &mut Payslip, payments: usize, deductions: usize| {
        let (payment, deduction) = (payslip.payments[1].clone(), payslip.deductions[0].clone());
        payslip.payments.truncate(2);
        payslip.payments.resize(payments, payment);
        payslip.deductions.resize(deductions, deduction);
    };
    let mut browser = portal.logged_in(HELEN).await;
    for (payments, deductions, pages) in [(20, 10, 1), (10, 20, 1), (300, 3, 6)] {
        let (id, _) = payslip(&portal, |payslip| lines(payslip, payments, deductions)).await;
        let document = opened(&browser.get(&format!("/payslips/{id}/pdf")).await);
        assert!(document.info("Pages").parse::<u32>().unwrap() <= pages, "{payments}, {deductions}");
        assert_eq!(document.text().matches("Sat Enh EN").count(), payments - 1);
    }
    let (id, _) = payslip(&portal, |payslip| lines(payslip, 9_000, 1)).await;
    let refused = browser.get(&format!("/payslips/{id}/pdf")).await;
    refused.is(403).has("It is too long for a PDF").has("print its page instead");
});

both_databases!(a_p60_on_paper_says_what_its_page_says, |portal| async move {
    let first = portal.p60(HELEN, 2026).await;
    let (_, first) = portal.pay_run("427", RunKind::Main, "published", &[first]).await;
    let mut made = portal.p60(HELEN, 2026).await;
    made.replaces = Some(first[0]);
    let Document::P60(p60) = &mut made.document else { panic!("a P60") };
    p60.replacement = true;
    p60.previous.tax = Pence(-1_240);
    let view = P60View::of((**p60).clone());
    let (_, ids) = portal.pay_run("427", RunKind::Correction, "published", &[made]).await;
    let mut browser = portal.logged_in(HELEN).await;
    let answer = browser.get(&format!("/payslips/p60/{}/pdf", ids[0])).await;
    let document = opened(&answer);
    assert_eq!(answer.headers["content-disposition"], "attachment; filename=\"P60 2025-26.pdf\"");
    says_all(&document, &serde_json::to_value(&view).unwrap());
    let text = document.text();
    for told in [
        "This is a printed copy of an eP60",
        "Replacement",
        "It replaces an earlier one since 24 November 2026",
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
    assert_eq!(document.info("Pages"), "1");
    assert!(document.claims_to_be_accessible());
    let old = opened(&browser.get(&format!("/payslips/p60/{}/pdf", first[0])).await);
    assert!(old.text().contains("Replaced on 24 November 2026"), "{}", old.text());
});

both_databases!(the_employers_logo_stands_on_it, |portal| async move {
    let (id, _) = payslip(&portal, |_| {}).await;
    let pictures = |answer: &Answer| opened(answer).told("pdfimages", &["-list"]).lines().count() - 2;
    let mut browser = portal.logged_in(HELEN).await;
    let path = format!("/payslips/{id}/pdf");
    assert_eq!(pictures(&browser.get(&path).await), 0);
    let mut file = Cursor::new(Vec::new());
    image::RgbImage::from_pixel(600, 200, image::Rgb([0, 94, 184]))
        .write_to(&mut file, ImageFormat::Png)
        .unwrap();
    let (picture, now) = (file.into_inner(), portal.clock.now());
    let kept = portal.db.write(move |tx| {
        async move {
            on!(tx, c => sqlx::query("INSERT INTO logo (hash, picture, kept_at) VALUES ($1, $2, $3)")
                .bind(BLUE).bind(&picture).bind(now).execute(c).await.map(drop))
        }
        .boxed()
    });
    kept.await.unwrap();
    portal.set("427", |settings| settings.logo = Some(BLUE.into())).await;
    for _ in 0..2 {
        let answer = browser.get(&path).await;
        assert_eq!(pictures(&answer), 1);
        let tree = opened(&answer).told("pdfinfo", &["-struct"]);
        assert!(tree.contains("Figure"), "{tree}");
    }
});

both_databases!(nobody_else_gets_it_and_nothing_of_what_was_withdrawn, |portal| async move {
    let (id, _) = payslip(&portal, |_| {}).await;
    let path = format!("/payslips/{id}/pdf");
    let mut stranger = portal.browser();
    assert_eq!(stranger.get(&path).await.status, 303);
    for other in ["427ADELAC01", "999JSMITH01"] {
        let mut browser = portal.logged_in(other).await;
        browser.get(&path).await.is(404);
        browser.get(&format!("/payslips/p60/{id}/pdf")).await.is(404);
    }
    let mut browser = portal.logged_in(HELEN).await;
    browser.get(&format!("/payslips/p60/{id}/pdf")).await.is(404);
    let made = portal.payslip(HELEN, (2026, 10), |_| {}).await;
    let (run, ids) = portal.pay_run("427", RunKind::Main, "checked", &[made]).await;
    let path = format!("/payslips/{}/pdf", ids[0]);
    browser.get(&path).await.is(404);
    portal.set_pay_run(run, "published").await;
    portal.set_pay_run(run, "withdrawn").await;
    let withdrawn = browser.get(&path).await;
    withdrawn.is(410).has("Withdrawn on 24 November 2026");
    assert!(!has_figures(&withdrawn.text()));
});
