//! Sentences of this room that do not stand in a template.

use web::{Language, format};

use crate::{hasher::LONGEST, internet_access::Status, passwords::Weakness};

/// The words of a status, as pages show them.
#[must_use]
pub fn status(language: Language, status: Status) -> &'static str {
    match (language, status) {
        (Language::English, Status::NotRequested) => "Not requested",
        (Language::English, Status::Requested) => "Requested",
        (Language::English, Status::Approved) => "Approved",
        (Language::English, Status::Refused) => "Refused",
        (Language::English, Status::Withdrawn) => "Withdrawn",
    }
}

/// What a status means for its holder.
pub(crate) fn status_means(language: Language, status: Status) -> &'static str {
    match (language, status) {
        (Language::English, Status::NotRequested) => {
            "You can log in on your employer's network only. Request internet access to log in from anywhere."
        }
        (Language::English, Status::Requested) => {
            "HR has your request. Until they have decided, you can log in on your employer's network only."
        }
        (Language::English, Status::Approved) => {
            "You can log in with your username and password from anywhere."
        }
        (Language::English, Status::Refused) => {
            "HR has refused your request, so you can log in on your employer's network only. You can ask again."
        }
        (Language::English, Status::Withdrawn) => {
            "HR has withdrawn your internet access, so you can log in on your employer's network only. You can ask again."
        }
    }
}

pub(crate) fn weakness(language: Language, weakness: Weakness) -> String {
    match (language, weakness) {
        (Language::English, Weakness::Short { least }) => {
            format!("The password is too short. Use {least} characters or more: three or four words that do not belong together are good.")
        }
        (Language::English, Weakness::Long) => format!("The password is too long. Use at most {LONGEST} characters."),
        (Language::English, Weakness::Common) => {
            "This password is one that many people use, or a simple pattern, so it is soon guessed. Choose another.".into()
        }
        (Language::English, Weakness::Breached) => {
            "This password is on a list of passwords that were stolen from other sites. Choose another, and change it where else you use it.".into()
        }
        (Language::English, Weakness::Personal) => {
            "This password is made of your name, your username, your employer or the like, so it is soon guessed. Choose another.".into()
        }
    }
}

pub(crate) fn not_let_in(language: Language) -> &'static str {
    match language {
        Language::English => {
            "You could not be logged in. Check your username and password and try again, or use the link below the password."
        }
    }
}

pub(crate) fn no_username(language: Language) -> &'static str {
    match language {
        Language::English => "Enter your username.",
    }
}

pub(crate) fn no_password(language: Language) -> &'static str {
    match language {
        Language::English => "Enter your password.",
    }
}

/// What a good password is, beside the field for a new one.
pub(crate) fn password_advice(language: Language, least: impl std::fmt::Display) -> String {
    match language {
        Language::English => format!(
            "Use {least} characters or more. Three or four words that do not belong together are easy to remember and hard to \
             guess. Spaces and any characters are fine. It never expires."
        ),
    }
}

pub(crate) fn wrong_present_password(language: Language, left: i64) -> String {
    match (language, left) {
        (Language::English, 1) => {
            "This is not your present password. After one more wrong one you will be logged out.".into()
        }
        (Language::English, _) => "This is not your present password. Type it again.".into(),
    }
}

/// How long a link works, for its mail.
pub(crate) fn link_works(language: Language, several: bool, minutes: i64) -> String {
    match (language, several) {
        (Language::English, false) => format!("The link works once, for {}.", format::minutes(minutes)),
        (Language::English, true) => format!("Each link works once, for {}.", format::minutes(minutes)),
    }
}
