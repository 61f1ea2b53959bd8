//! Reasons: whoever acts on somebody else's record says why.

use web::{FieldErrors, ui::TextInput};

use crate::words;

/// Reasons are read by people.
const LONGEST: usize = 500;

/// A reason as it was typed, in one line.
///
/// # Errors
/// What is wrong with it, in a sentence.
pub fn reason(typed: &str) -> Result<String, &'static str> {
    let typed = typed.trim();
    if typed.is_empty() {
        Err(words::REASON_NEEDED)
    } else if typed.chars().count() > LONGEST || typed.chars().any(char::is_control) {
        Err(words::REASON_FORM)
    } else {
        Ok(typed.to_owned())
    }
}

/// The field for it, named `reason`, with what was typed and what is wrong with it.
#[must_use]
pub fn reason_field(typed: &str, errors: &FieldErrors) -> TextInput {
    TextInput::new("reason", "Reason*")
        .hint("It stands on the trail, and they can read it.")
        .value(typed)
        .error(errors.at("reason"))
}
