//! Sentences of this room that do not stand in a template.

use web::{Language, format};

use second_factors::passkeys::PasskeyError;
use smartcards::provider::ProviderError;

use crate::{
    factors::{FactorError, SetUpError},
    hasher::LONGEST,
    internet_access::Status,
    passwords::Weakness,
    smartcard::CardError,
};

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

/// The same, at the leavers' door.
pub(crate) fn leaver_not_let_in(language: Language) -> &'static str {
    match language {
        Language::English => {
            "You could not be logged in. Check your username and password and try again. This page lets in people who have left, set a \
             personal address 14 days ago or longer while they worked here, and have a second factor. Nobody else: ask payroll of your \
             employer for your payslips and P60s on paper."
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

/// Beside the box that asks for it.
pub(crate) fn remember(language: Language, days: u32) -> String {
    match language {
        Language::English => {
            format!("This is my own device: do not ask here again for {}", format::days(days.into()))
        }
    }
}

/// So many years, in words.
pub(crate) fn years(language: Language, years: u32) -> String {
    match (language, years) {
        (Language::English, 1) => "1 year".into(),
        (Language::English, years) => format!("{years} years"),
    }
}

/// Why a factor was not taken; `None` where that is another page's matter.
pub(crate) fn factor_refused(language: Language, error: &FactorError) -> Option<String> {
    let Language::English = language;
    Some(match error {
        FactorError::Wrong { left: 1 } => {
            "This code is not right, or was used before. After one more wrong one you start again at the log-in.".into()
        }
        FactorError::Wrong { .. } => {
            "This code is not right, or was used before. Wait for the next one and type that.".into()
        }
        FactorError::Locked { .. } => {
            "There were too many wrong codes for your account, so none is taken for a while. Use your passkey or smartcard, or wait and try again.".into()
        }
        FactorError::Passkey(error) => passkey_refused(language, *error),
        FactorError::Stale => "The page was open too long. Try again now.".into(),
        FactorError::Left => passkey_refused(language, PasskeyError::Unknown),
        FactorError::NotFromHere(..) | FactorError::Ended | FactorError::Store(_) => return None,
    })
}

fn passkey_refused(language: Language, error: PasskeyError) -> String {
    let Language::English = language;
    match error {
        PasskeyError::Cloned => {
            "This passkey was used somewhere else since, as if it had been copied. It was not taken. Ring your service desk.".into()
        }
        PasskeyError::NotVerified => {
            "The passkey did not check that it was you. Use one that asks for your finger, face or PIN.".into()
        }
        PasskeyError::Unknown => "This passkey is not one of this portal, or was taken off. Log in another way.".into(),
        PasskeyError::WrongOrigin => {
            "The passkey was asked for by another site, so it was not taken. Type the address of the portal yourself.".into()
        }
        PasskeyError::Unreadable | PasskeyError::Failed => {
            "The passkey was not taken. Try again, or log in another way.".into()
        }
    }
}

/// Why a factor was not set up; `None` where that is another page's matter.
pub(crate) fn set_up_refused(language: Language, error: &SetUpError) -> Option<String> {
    let Language::English = language;
    Some(match error {
        SetUpError::WrongCode => {
            "This is not the code that the app shows now. Check that the clock of your phone is right, and type the newest code.".into()
        }
        SetUpError::Passkey(PasskeyError::NotVerified) => passkey_refused(language, PasskeyError::NotVerified),
        SetUpError::Passkey(_) => "The passkey was not set up. Try again, or set up an authenticator app instead.".into(),
        SetUpError::Stale => "The page was open too long, or it was set up already. Try again now.".into(),
        SetUpError::Many => "You have as many of these as an account can have. Take one off first, under My account.".into(),
        SetUpError::ShortPassword | SetUpError::NotFound | SetUpError::Ended | SetUpError::Store(_) => return None,
    })
}

pub(crate) fn log_in_by(language: Language, provider: &str) -> String {
    match language {
        Language::English => format!("Use {provider}"),
    }
}

/// Title and sentence of the page that says why a card was not taken. `name` is what a provider is called.
pub(crate) fn card_refused(
    language: Language,
    error: &CardError,
    name: impl Fn(&str) -> String,
) -> (&'static str, String) {
    let Language::English = language;
    match error {
        CardError::NoSuchWay => (
            "Smartcards cannot be used in this way here",
            "Log in with your username and password, or ask your service desk.".into(),
        ),
        CardError::Stale => (
            "This took too long",
            "The log-in with your smartcard was begun in another window, too long ago, or finished before. Start again.".into(),
        ),
        CardError::Card(word) => certificate_refused(word),
        CardError::BrokenOff(id) => (
            "The log-in was broken off",
            format!("{} sent you back without logging you in. Try again, or log in another way.", name(id)),
        ),
        CardError::Provider(error, id) => provider_refused(*error, &name(id)),
        CardError::Nobody => (
            "Your smartcard is not on a staff record",
            "The card is good, but its number stands on nobody's record here. Ask HR to put it on yours, or log in with your username and password.".into(),
        ),
        CardError::Left => (
            "Your smartcard does not let you in any more",
            "The staff record that it stands on has ended. If you still work there, ask HR to correct it.".into(),
        ),
        CardError::Another => (
            "This is somebody else's smartcard",
            "The card is not the one on the staff record that you are using. Put in your own card and try again.".into(),
        ),
        CardError::Store(_) => ("Try again", String::new()),
    }
}

fn certificate_refused(word: &str) -> (&'static str, String) {
    let (title, says) = match word {
        "no_certificate" => (
            "No smartcard was read",
            "Put your card into the reader, close all windows of the browser, open it again and choose your card when it asks. Does it not ask? The card may have expired, or the computer may have no card software: ring your service desk.",
        ),
        "expired" => (
            "Your smartcard has expired",
            "Ask whoever issued it to renew it. Until then log in with your username and password.",
        ),
        "not_yet_valid" => (
            "Your smartcard is not valid yet",
            "Its first day has not come, or the clock of the portal is wrong. Ask whoever issued it.",
        ),
        "revoked" => (
            "Your smartcard was cancelled",
            "It was reported lost, replaced or taken back. Ask whoever issued it for a new one.",
        ),
        "revocation_unknown" => (
            "Smartcards cannot be checked at the moment",
            "Whether your card was cancelled is not known here, so it is not taken. Nothing is wrong with it. Log in with your username and password, or try again later.",
        ),
        "wrong_use" => (
            "This certificate is not for logging in",
            "Your card holds several. Close all windows of the browser, try again and choose the one for logging in.",
        ),
        "no_uuid" => (
            "This smartcard has no number that we can read",
            "Choose the certificate of your NHS smartcard, or ask whoever issued it.",
        ),
        "unknown_issuer" => (
            "This smartcard is not one that is taken here",
            "It was issued by somebody whom the portal does not know. Close all windows of the browser, try again and choose the certificate of your NHS smartcard.",
        ),
        _ => (
            "This smartcard could not be read",
            "Close all windows of the browser, put the card in again and try once more.",
        ),
    };
    (title, says.to_owned())
}

fn provider_refused(error: ProviderError, name: &str) -> (&'static str, String) {
    match error {
        ProviderError::Down => (
            "The card log-in does not answer",
            format!(
                "{name} cannot be reached just now. Try again in a few minutes, or log in with your username and password."
            ),
        ),
        ProviderError::Refused => (
            "The log-in was used before, or took too long",
            format!("{name} does not confirm it any more. Start again."),
        ),
        ProviderError::AcrTooLow | ProviderError::AssuranceTooLow => (
            "This way of logging in is not strong enough",
            format!(
                "Log in at {name} with your smartcard, not in another way. If you did, ask whoever issued it whether your identity was checked in full."
            ),
        ),
        ProviderError::TooOld => (
            "Your smartcard has to be shown again",
            format!("{name} did not ask for your card anew. Log out there and try again."),
        ),
        ProviderError::NoUuid => (
            "This smartcard has no number that we can read",
            format!("{name} did not say which card it was. Ask your service desk."),
        ),
        ProviderError::BadToken | ProviderError::WrongNonce => (
            "The answer could not be trusted",
            format!(
                "What came back from {name} was not right, so you were not logged in. Start again; if it goes on, ring your service desk."
            ),
        ),
    }
}

/// How often the service desk may still hold a date of birth against a record's.
pub(crate) fn checks_left(language: Language, left: i64) -> String {
    let Language::English = language;
    match left {
        0 => "Three dates of birth were checked for this person in the last 24 hours. No more can be checked until tomorrow.".into(),
        1 => "You can check one more date of birth for this person today. The one on the record is not shown.".into(),
        left => format!("You can check {left} dates of birth for this person today. The one on the record is not shown."),
    }
}

/// What came of HR's decision on several people.
pub(crate) fn decided(language: Language, decided: u64, left: u64) -> String {
    let Language::English = language;
    let done = match decided {
        0 => "Nothing was decided.".to_owned(),
        1 => "It is decided for one person, who is told by mail.".to_owned(),
        many => format!("It is decided for {many} people, who are told by mail."),
    };
    match left {
        0 => done,
        1 => format!("{done} One stays as it is: a colleague decided meanwhile, or it is your own."),
        many => format!("{done} {many} stay as they are: colleagues decided meanwhile, or one is your own."),
    }
}
