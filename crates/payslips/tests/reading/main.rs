//! What staff read, through the router, on both databases.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod compare;
mod list;
mod nobody_else;
mod one;
mod p60;
mod printed;
mod standing;

/// Helen's username, whose documents most tests read.
const HELEN: &str = "427HOWSEA01";

/// Amounts as pages show them: two digits after a point.
fn has_figures(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.windows(4).any(|four| {
        four[0].is_ascii_digit() && four[1] == b'.' && four[2].is_ascii_digit() && four[3].is_ascii_digit()
    })
}
