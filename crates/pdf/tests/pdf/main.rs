//! What becomes of data and templates, in documents that are opened as whoever gets them would.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod accessible;
mod hostile;
mod letters;
mod limits;
mod printer;
mod templates;

use jiff::Timestamp;
use pdf::{Data, Template, render, testing::Opened};

/// A page with a bit of everything.
static PAGE: Template = Template::new("page.typ", include_str!("page.typ"), 3);
/// A text and nothing else.
static TEXT: Template = Template::new("text.typ", "#title()\n#sys.inputs.text", 2);

fn created() -> Timestamp {
    "2026-11-27T09:30:05Z".parse().unwrap()
}

fn data() -> Data {
    Data::new("Payslip of November 2026", created())
}

fn text_of(text: &str) -> Data {
    data().with("text", &text).unwrap()
}

/// A document with just this text.
fn saying(text: &str) -> Opened {
    Opened::new(&render(&TEXT, &text_of(text)).unwrap())
}
