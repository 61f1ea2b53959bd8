//! Why somebody cannot get in, for the service desk: the reason to begin with, how things stand, and what happened, newest first.

mod reason;
mod words;

use records::{Hold, Holder};
use store::{Instant, StoreError};
use web::{Language, format};

use crate::{
    App,
    account::{self, Account},
    factors,
    internet_access::Status,
    log_in::{self, Outcome},
    mails,
    re_enrolment::{self, sql::ReEnrolment},
    recovery::{self, Outcome as Recovered},
    words::status,
};
pub use reason::{Reason, Remedy};
pub use words::explain;

/// So many tries, requests and mails are looked at.
const LOOKED_AT: i64 = 200;

/// All that bears on whether somebody can get in.
#[derive(Clone, Debug)]
pub struct Why {
    /// Name, employee number and employer.
    pub who: String,
    /// What to begin with.
    pub reason: Reason,
    /// Whether something can be unlocked.
    pub locked: bool,
    /// Whether there are second factors that could be taken off.
    pub has_factors: bool,
    /// Who has asked that they be taken off, where somebody else has to agree.
    pub to_agree: Option<String>,
    /// How things stand now.
    pub standing: Vec<String>,
    /// What happened, newest first.
    pub events: Vec<(Instant, String)>,
}

/// Collects the reasons for one staff record. The date of birth is never among them.
///
/// # Errors
/// What the store says.
pub async fn why(app: &App, holder: &Holder) -> Result<Why, StoreError> {
    let (now, zone) = (app.clock.now(), holder.employer.zone());
    let id = holder.record.id;
    let mut reader = app.db.read().await?;
    let account = account::sql::account(&mut reader.tx(), id).await?;
    let lock = log_in::sql::lock(&mut reader.tx(), id).await?;
    let browsers = log_in::sql::locked_browsers(&mut reader.tx(), id, now).await?;
    let holds = records::open_holds(&mut reader.tx(), id, now).await?;
    let link = recovery::sql::newest_link(&mut reader.tx(), id).await?;
    let tries = log_in::sql::log_ins(&mut reader.tx(), id, LOOKED_AT).await?;
    let requests = recovery::sql::outcomes(&mut reader.tx(), id, LOOKED_AT).await?;
    let factors = factors::sql::factors(&mut reader.tx(), id).await?;
    let codes = factors::sql::codes_left(&mut reader.tx(), id).await?;
    let codes_lock = log_in::sql::lock(&mut reader.tx(), factors::codes_lock(id)).await?;
    let re_enrolment = re_enrolment::sql::open(&mut reader.tx(), id).await?;
    let personal_address = records::personal_address::has_confirmed(&mut reader.tx(), id).await?;
    let mut mailed = mail::about(&mut reader.tx(), id, LOOKED_AT).await?;
    for request in &requests {
        if let Some(mail_id) =
            request.mail_id.filter(|mail_id| mailed.iter().all(|known| known.id != *mail_id))
        {
            mailed.extend(mail::status(&mut reader.tx(), mail_id).await?);
        }
    }
    drop(reader);

    let has_factors = !factors.is_empty();
    let to_agree =
        re_enrolment.as_ref().filter(|open| open.due_at.is_none()).map(|open| open.asked_by.clone());
    let locked_until = browsers.iter().map(|(until, _)| *until).chain(lock.locked_until).max();
    let locked = [locked_until, codes_lock.locked_until].into_iter().flatten().any(|until| now < until);
    let mut standing = Vec::new();
    let left = holder.record.last_day.filter(|_| holder.record.has_left(holder.employer.today(now)));
    if let Some(last) = left {
        standing.push(format!("They left: {} was the last day with access.", format::day(last)));
        standing.push(if personal_address {
            "They have set a personal address: with it they see payslips and P60s at the page for people who have left.".into()
        } else {
            "They have set no personal address, so payroll sends them payslips and P60s on paper.".into()
        });
    }
    match (&holder.record.email, recovery::may_be_mailed(holder)) {
        (None, _) => standing.push("No email address is held, so no link can be sent. HR has to add one.".into()),
        (Some(email), false) => standing.push(format!(
            "The email address held, {email}, is in none of the employer's mail domains, so nothing is sent to it. HR has to correct it."
        )),
        (Some(email), true) => standing.push(format!("Links go to {email}.")),
    }
    standing.extend(holds.iter().map(|hold| held(hold, &zone)));
    match &account {
        None => standing.push("They have never set a password: they do so by a link, at Forgotten.".into()),
        Some(account) => {
            for (until, device) in &browsers {
                standing.push(format!(
                    "Locked until {} on a browser of theirs ({device}).",
                    format::day_and_time(*until, &zone)
                ));
            }
            if let Some(until) = lock.locked_until.filter(|until| now < *until) {
                standing.push(format!(
                    "Locked until {}, for browsers that they have not logged in on before.",
                    format::day_and_time(until, &zone)
                ));
            }
            standing.extend(second_factors(
                account,
                factors.len(),
                codes,
                codes_lock.locked_until,
                re_enrolment,
                now,
                &zone,
            ));
            if account.internet_access != Status::Approved {
                let status = status(Language::English, account.internet_access);
                standing.push(format!(
                    "Internet access: {status}. They can log in on the employer's network only."
                ));
            }
        }
    }
    // What was sent to an address that is no longer theirs, and its link, are of no use to them.
    let email = holder.record.email.as_deref();
    let last_mail = mailed
        .iter()
        .filter(|mail| mail.kind == mails::RECOVERY)
        .filter(|mail| email.is_some_and(|email| email.eq_ignore_ascii_case(&mail.to)))
        .max_by_key(|mail| mail.queued_at);
    let facts = reason::Facts {
        now,
        left,
        email,
        may_be_mailed: recovery::may_be_mailed(holder),
        password: account
            .filter(|account| account.password_hash.is_some())
            .map(|account| account.internet_access),
        locked_until,
        codes_locked_until: codes_lock.locked_until,
        tries: &tries,
        requests: &requests,
        mail: last_mail,
        link: link.as_ref(),
    };
    let reason = reason::reason(&facts);
    let link = link.filter(|link| link.used_at.is_none() && email.is_some_and(|email| link.went_to(email)));
    match (last_mail, link) {
        (Some(mail), _) if mail.state == mail::State::Failed => {
            let answer = mail.answer.as_deref().unwrap_or("it gave no reason");
            standing.push(format!(
                "The last link never reached them: the mail server refused the mail. It said: {answer}"
            ));
        }
        (Some(mail), _) if mail.state == mail::State::Waiting => {
            standing.push("A mail with a link waits to be sent.".into());
        }
        (_, Some(link)) => {
            let (sent, expires) =
                (format::day_and_time(link.sent_at, &zone), format::time(link.expires_at, &zone));
            standing.push(if now < link.expires_at {
                format!("The link sent on {sent} has not been used yet. It works until {expires}.")
            } else {
                format!("The link sent on {sent} was never used and ran out at {expires}.")
            });
        }
        (_, None) => {}
    }

    let mut events: Vec<(Instant, String)> = Vec::new();
    events.extend(tries.into_iter().map(|tried| {
        let said = format!("{}: {} from {}.", tried_words(tried.outcome), tried.device, tried.address);
        (tried.at, said)
    }));
    events.extend(requests.iter().map(|request| (request.at, request_words(request.outcome).to_owned())));
    events.extend(mailed.into_iter().map(mail_words));
    events.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let events = folded(events);
    let record = &holder.record;
    let who =
        format!("{}, employee number {}, {}", record.name(), record.employee_number, holder.employer.name);
    Ok(Why { who, reason, locked, has_factors, to_agree, standing, events })
}

/// What happened several times in a row is said once, with its last time.
fn folded(events: Vec<(Instant, String)>) -> Vec<(Instant, String)> {
    let mut folded: Vec<(Instant, String, usize)> = Vec::new();
    for (at, event) in events {
        match folded.last_mut() {
            Some((_, last, times)) if *last == event => *times += 1,
            _ => folded.push((at, event, 1)),
        }
    }
    let say = |(at, event, times)| (at, if times == 1 { event } else { format!("{event} ({times} times)") });
    folded.into_iter().map(say).collect()
}

fn held(hold: &Hold, zone: &jiff::tz::TimeZone) -> String {
    let until = format::day_and_time(hold.held_until, zone);
    format!(
        "A new {} stands on the record and works from {until}; until then the old one does.",
        hold.field.as_str().replace('_', " ")
    )
}

/// How an account stands with its second factors.
fn second_factors(
    account: &Account,
    factors: usize,
    codes: i64,
    codes_locked_until: Option<Instant>,
    re_enrolment: Option<ReEnrolment>,
    now: Instant,
    zone: &jiff::tz::TimeZone,
) -> Vec<String> {
    let mut says = Vec::new();
    if factors > 0 {
        says.push(format!("Second factors set up: {factors}; recovery codes left: {codes}."));
    }
    if let Some(until) = codes_locked_until.filter(|until| now < *until) {
        let until = format::day_and_time(until, zone);
        says.push(format!(
            "After wrong codes, none is taken until {until}. A passkey or smartcard still works."
        ));
    }
    if let Some(until) = account.history.enrolment_until.filter(|until| now < *until) {
        let until = format::day_and_time(until, zone);
        says.push(format!("They can set up a second factor from anywhere until {until}."));
    }
    if let Some(open) = re_enrolment {
        says.push(match open.due_at {
            Some(due) => {
                format!("Their second factors are taken off on {}.", format::day_and_time(due, zone))
            }
            None => "Their second factors are to be taken off; a second person has to agree first.".into(),
        });
    }
    says
}

fn tried_words(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::LoggedIn => "Logged in",
        Outcome::Unknown => "Unknown username",
        Outcome::WrongPassword => "Wrong password, or none set",
        Outcome::Left => "Right, but they have left",
        Outcome::Locked => "Refused because of the lock",
        Outcome::NetworkLimit => "Refused because too many had failed from that network",
        Outcome::NotFromHere => "Right, but outside without internet access",
        Outcome::SecondFactor => "Right password; the second factor was asked for",
        Outcome::SetUp => "Right password; asked to set up a second factor",
        Outcome::NoFactor => {
            "Right password, but more is needed outside, and no second factor could be set up from there"
        }
        Outcome::WrongFactor => "Wrong second factor",
        Outcome::StillEmployed => "Right at the page for people who have left, but they work here",
        Outcome::NoPersonalAddress => {
            "Right at the page for people who have left, without a personal address that works there"
        }
        Outcome::NoLeaversFactor => "Right at the page for people who have left, without a second factor",
    }
}

fn request_words(outcome: Recovered) -> &'static str {
    match outcome {
        Recovered::Mailed => "Asked for a link: a mail was queued.",
        Recovered::WrongDateOfBirth => {
            "Asked for a link with this email address and another date of birth: nothing was sent."
        }
        Recovered::OtherUsername => "Asked for a link with another username: nothing was sent for this one.",
        Recovered::OutsideMailDomains => {
            "Asked for a link: nothing was sent, since the address is in none of the employer's mail domains."
        }
        Recovered::Left => "Asked for a link: nothing was sent, since they have left.",
        Recovered::TooManyMails => {
            "Asked for a link: nothing was sent, since the address has had as many mails as it may have."
        }
        Recovered::LeaverMailed => "Asked for a link as somebody who has left: a mail was queued.",
        Recovered::LeaverRefused => {
            "Asked for a link as somebody who has left: nothing was sent, since something did not match."
        }
    }
}

fn mail_words(mail: mail::Status) -> (Instant, String) {
    let what = match mail.kind.as_str() {
        mails::RECOVERY => "Mail with a link",
        mails::PASSWORD_SET => "Mail that the password was set",
        mails::UNLOCKED => "Mail that the account was unlocked",
        mails::NEW_DEVICE => "Mail about a new device",
        mails::SECOND_FACTOR => "Mail that the second factors were changed",
        mails::RE_ENROLMENT => "Mail that the second factors will be taken off",
        mails::RE_ENROLLED => "Mail that the second factors were taken off",
        mails::INTERNET_ACCESS => "Mail about internet access",
        mails::PERSONAL_ADDRESS_SET => "Mail that a personal address was set",
        mails::PERSONAL_ADDRESS_ENDED => "Mail that a personal address was taken off",
        _ => "Mail",
    };
    let answer = mail.answer.map(|answer| format!(": {answer}")).unwrap_or_default();
    match mail.state {
        mail::State::Sent => {
            (mail.sent_at.unwrap_or(mail.queued_at), format!("{what} was taken by the mail server{answer}"))
        }
        mail::State::Failed => (mail.queued_at, format!("{what} was refused by the mail server{answer}")),
        mail::State::Dropped => (mail.queued_at, format!("{what} was no longer wanted and not sent.")),
        mail::State::Waiting => {
            (mail.queued_at, format!("{what} waits to be sent, after {} tries{answer}", mail.attempts))
        }
    }
}
