use std::num::NonZero;

use futures::{FutureExt, future::join_all};
use pdf::{PdfError, PrintError, Printer, testing::Opened};

use crate::{TEXT, text_of};

fn one_at_a_time() -> Printer {
    Printer::new(NonZero::<usize>::MIN, 1)
}

#[tokio::test]
async fn documents_are_made_beside_each_other_each_for_itself() {
    let printer = Printer::default();
    let wanted = (0..20).map(|number| printer.print(&TEXT, text_of(&format!("number {number}."))));
    for (number, made) in join_all(wanted).await.into_iter().enumerate() {
        assert!(Opened::new(&made.unwrap()).text().ends_with(&format!("number {number}.")));
    }
}

#[tokio::test]
async fn who_comes_to_a_full_queue_is_told_so_and_those_who_wait_are_served() {
    let printer = one_at_a_time();
    let wanted = (0..3).map(|_| printer.print(&TEXT, text_of("")));
    let made = join_all(wanted).await;
    assert!(made[0].is_ok() && made[1].is_ok());
    assert!(matches!(made[2], Err(PrintError::Busy)));
    assert!(printer.print(&TEXT, text_of("")).await.is_ok());
}

#[tokio::test]
async fn who_goes_away_leaves_their_place_to_others() {
    let printer = one_at_a_time();
    let first = printer.print(&TEXT, text_of(""));
    let mut first = std::pin::pin!(first);
    assert!(first.as_mut().now_or_never().is_none(), "it is being made");
    for _ in 0..3 {
        assert!(printer.print(&TEXT, text_of("")).now_or_never().is_none(), "each waits, and goes away");
    }
    let (first, last) = tokio::join!(first, printer.print(&TEXT, text_of("")));
    assert!(first.is_ok() && last.is_ok());
}

#[tokio::test]
async fn what_is_wrong_with_a_document_is_said() {
    let refused = one_at_a_time().print(&TEXT, text_of(&"x".repeat(1 << 20))).await;
    assert!(matches!(refused, Err(PrintError::Pdf(PdfError::TooMuch { .. }))));
}
