//! The service desk's sentences: why somebody cannot get in, and what to do about it.

use jiff::tz::TimeZone;
use web::{Language, format};

use super::Reason;
use crate::internet_access::Status;

/// What keeps them out, and what to do: two sentences or more each.
#[must_use]
pub fn explain(language: Language, reason: &Reason, zone: &TimeZone) -> (String, &'static str) {
    let Language::English = language;
    let when = |at| format::day_and_time(at, zone);
    match reason {
        Reason::Left(day) => (
            format!("They have left: {} was their last day with access.", format::day(*day)),
            "If they still work here, HR has to correct the leaving date: nobody else can let them in. If not, Help to log in leads them to the page \
             for people who have left, and payroll sends payslips and P60s on paper.",
        ),
        Reason::Locked(until) => (
            format!("Too many wrong passwords were typed. Their account is locked until {}.", when(*until)),
            "Unlock it if they know their password. If they do not, send a link: it unlocks as well.",
        ),
        Reason::CodesLocked(until) => (
            format!("Too many wrong codes were typed. No code is taken until {}.", when(*until)),
            "Unlock it, and have them wait for the next code of their app. Did they lose their phone? Have their second factors taken off.",
        ),
        Reason::NoEmail => (
            "No email address is held for them, so no link can be sent.".into(),
            "Tell HR, who have to add it. If they have a smartcard, they can log in with it at once.",
        ),
        Reason::OutsideMailDomains(email) => (
            format!(
                "The address held, {email}, is in none of the employer's mail domains, so nothing is sent to it."
            ),
            "Tell HR, who have to put the work address there. If they have a smartcard, they can log in with it at once.",
        ),
        Reason::MailRefused(answer) if answer.is_empty() => (
            "The mail server refused the mail with their link, and gave no reason.".into(),
            "Read the address out to them: is it right? If it is not, tell HR. If it is, their mailbox may be full or closed.",
        ),
        Reason::MailRefused(answer) => (
            format!("The mail server refused the mail with their link. It said: {answer}"),
            "Read the address out to them: is it right? If it is not, tell HR. If it is, their mailbox may be full or closed.",
        ),
        Reason::MailWaiting => (
            "A mail with a link waits to be sent.".into(),
            "Have them wait ten minutes and look in junk. If it still waits then, the mail server is down: tell the operator.",
        ),
        Reason::WrongDateOfBirth(at) => (
            format!(
                "On {} they asked for a link with the right email address and another date of birth than the record's. Nothing was sent.",
                when(*at)
            ),
            "Ask them for their date of birth and check it below. Wrong? They mistyped it: send a link. Right, by their word, but not on the record? Tell HR.",
        ),
        Reason::OtherUsername(at) => (
            format!(
                "On {} they asked for a link with a username that is not theirs. Nothing was sent for this one.",
                when(*at)
            ),
            "Send a link: the mail says their username.",
        ),
        Reason::TooManyMails(at) => (
            format!("On {} they asked for more mails than an address may have.", when(*at)),
            "Have them look for the newest mail, also in junk: only its link works. Otherwise they can ask again in an hour.",
        ),
        Reason::LinkUnused(sent, until) => (
            format!(
                "A link was sent on {} and has not been used yet. It works until {}.",
                when(*sent),
                format::time(*until, zone)
            ),
            "Have them look in junk. If it is not there, send another: the newest one works.",
        ),
        Reason::LinkRanOut(sent) => (
            format!("The link that was sent on {} was never used and has run out.", when(*sent)),
            "Send another, and have them open it while you are on the phone.",
        ),
        Reason::InternetAccess(status) => internet_access(*status),
        Reason::SecondFactor(at) => (
            format!("On {} their password was right. What is outstanding is their second factor.", when(*at)),
            "Have them use their passkey, the code that their app shows, or a recovery code. Lost all of them? Have their second factors taken off.",
        ),
        Reason::SetUp(at) => (
            format!(
                "On {} their password was right. They have to set up a second factor before they are in.",
                when(*at)
            ),
            "Have them log in again and set up a passkey or an authenticator app; the page leads them through it.",
        ),
        Reason::NoFactor(at) => (
            format!(
                "On {} their password was right, but outside more than a password is needed, and the first second factor cannot be set up from there.",
                when(*at)
            ),
            "They set it up at a computer at work, or log in with their smartcard.",
        ),
        Reason::WrongFactor(at) => (
            format!("On {} their password was right, and their second factor was not.", when(*at)),
            "Is the clock of their phone right? A recovery code works too. Lost all of them? Have their second factors taken off.",
        ),
        Reason::WrongPassword(at) => (
            format!("The last password that they typed, on {}, was wrong.", when(*at)),
            "Send a link, with which they set a new one. It ends the guessing before the account is locked.",
        ),
        Reason::NetworkLimit(at) => (
            format!(
                "On {} too many log-ins had failed from their network, so theirs was not looked at.",
                when(*at)
            ),
            "Send a link: it works at once. If others there cannot get in either, tell the operator.",
        ),
        Reason::NeverSet => (
            "They have never set a password.".into(),
            "Send a link, with which they set one. If they have a smartcard, they can log in with it as well.",
        ),
        Reason::Nothing(Some(at)) => (
            format!("Nothing on record keeps them out. They last got in on {}.", when(*at)),
            "Ask them what the page says, word by word, and for the reference on it.",
        ),
        Reason::Nothing(None) => (
            "Nothing on record keeps them out, and they have not been in yet.".into(),
            "Ask them what the page says, word by word, and which address they typed.",
        ),
    }
}

fn internet_access(status: Status) -> (String, &'static str) {
    match status {
        Status::NotRequested | Status::Approved => (
            "They have no internet access, so their password works at work only.".into(),
            "Send a link: setting a password asks for internet access in the same act. At work they can log in as they are.",
        ),
        Status::Requested => (
            "They have asked for internet access, and HR has not decided yet. Until then their password works at work only.".into(),
            "HR has to decide. At work, or with a smartcard, they can log in as they are.",
        ),
        Status::Refused => (
            "HR has refused them internet access, so their password works at work only.".into(),
            "Only HR can change that. At work, or with a smartcard, they can log in as they are.",
        ),
        Status::Withdrawn => (
            "HR has withdrawn their internet access, so their password works at work only.".into(),
            "Only HR can change that. At work, or with a smartcard, they can log in as they are.",
        ),
    }
}
