use mail::State;
use store::{Day, Instant};

use crate::{
    internet_access::Status,
    log_in::{Outcome, sql::LogIn},
    recovery::{
        self,
        sql::{LinkRow, OutcomeRow},
    },
};

/// The one thing that keeps somebody from getting in, as far as is on record: what to begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// That was their last day with access.
    Left(Day),
    /// Password log-in is locked until then.
    Locked(Instant),
    /// No code is taken until then.
    CodesLocked(Instant),
    /// No email address is held.
    NoEmail,
    /// The address held is in none of the employer's mail domains.
    OutsideMailDomains(String),
    /// The mail server refused the last mail with a link; what it said.
    MailRefused(String),
    /// The last mail with a link waits to be sent.
    MailWaiting,
    /// They asked for a link with another date of birth than the record's.
    WrongDateOfBirth(Instant),
    /// They asked for a link with a username that is not theirs.
    OtherUsername(Instant),
    /// They asked for more mails than an address may have.
    TooManyMails(Instant),
    /// A link was sent, works until then and has not been used.
    LinkUnused(Instant, Instant),
    /// A link was sent and ran out unused.
    LinkRanOut(Instant),
    /// They are outside, and internet access stands so.
    InternetAccess(Status),
    /// The password was right, and the second factor is outstanding.
    SecondFactor(Instant),
    /// The password was right, and a second factor has to be set up.
    SetUp(Instant),
    /// The password was right, more is needed outside, and nothing could be set up from there.
    NoFactor(Instant),
    /// A code or passkey was wrong.
    WrongFactor(Instant),
    /// The password was wrong.
    WrongPassword(Instant),
    /// Too many had failed from their network.
    NetworkLimit(Instant),
    /// They have never set a password.
    NeverSet,
    /// Nothing that is on record; when they last got in.
    Nothing(Option<Instant>),
}

/// What the service desk can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Send a link to the address on the record.
    SendLink,
    /// Lift the lock.
    Unlock,
    /// Have the second factors taken off.
    ReEnrol,
    /// Tell HR that the email address is wrong.
    TellEmail,
    /// Tell HR that the date of birth is wrong.
    TellDateOfBirth,
}

impl Reason {
    /// What is offered first; `None` where only the person, HR or time can do something.
    #[must_use]
    pub fn remedy(&self) -> Option<Remedy> {
        match self {
            Self::Locked(_) | Self::CodesLocked(_) => Some(Remedy::Unlock),
            Self::NoEmail | Self::OutsideMailDomains(_) | Self::MailRefused(_) => Some(Remedy::TellEmail),
            Self::WrongDateOfBirth(_) => Some(Remedy::TellDateOfBirth),
            Self::LinkUnused(..)
            | Self::LinkRanOut(_)
            | Self::OtherUsername(_)
            | Self::WrongPassword(_)
            | Self::NeverSet
            | Self::NetworkLimit(_) => Some(Remedy::SendLink),
            Self::SecondFactor(_) | Self::WrongFactor(_) => Some(Remedy::ReEnrol),
            Self::Left(_)
            | Self::MailWaiting
            | Self::TooManyMails(_)
            | Self::InternetAccess(_)
            | Self::SetUp(_)
            | Self::NoFactor(_)
            | Self::Nothing(_) => None,
        }
    }
}

/// What a reason is found by.
pub(super) struct Facts<'f> {
    pub(super) now: Instant,
    pub(super) left: Option<Day>,
    pub(super) email: Option<&'f str>,
    pub(super) may_be_mailed: bool,
    /// Internet access, where there is an account with a password.
    pub(super) password: Option<Status>,
    pub(super) locked_until: Option<Instant>,
    pub(super) codes_locked_until: Option<Instant>,
    /// Newest first.
    pub(super) tries: &'f [LogIn],
    /// Newest first.
    pub(super) requests: &'f [OutcomeRow],
    /// The newest mail with a link to the address that is held now.
    pub(super) mail: Option<&'f mail::Status>,
    /// The newest link, used or not.
    pub(super) link: Option<&'f LinkRow>,
}

/// What keeps them out: what holds now goes before what happened, and of what happened the newest counts, unless they got in since.
pub(super) fn reason(facts: &Facts<'_>) -> Reason {
    if let Some(day) = facts.left {
        return Reason::Left(day);
    }
    if let Some(until) = facts.locked_until.filter(|until| facts.now < *until) {
        return Reason::Locked(until);
    }
    if let Some(until) = facts.codes_locked_until.filter(|until| facts.now < *until) {
        return Reason::CodesLocked(until);
    }
    let got_in = facts.tries.iter().find(|tried| tried.outcome == Outcome::LoggedIn).map(|tried| tried.at);
    let used = facts.link.and_then(|link| link.used_at);
    let since = |at: Instant, done: Option<Instant>| done.is_none_or(|done| at > done);
    // Whoever has used a link, or got in otherwise, has no need of what they had asked for before, and another password.
    let open = |at| since(at, got_in) && since(at, used);
    let tried = facts.tries.first().filter(|tried| match tried.outcome {
        Outcome::WrongPassword | Outcome::Locked | Outcome::Unknown | Outcome::Left => open(tried.at),
        _ => since(tried.at, got_in),
    });
    let asked = facts.requests.first().filter(|asked| open(asked.at));
    let mailed = facts.mail.filter(|mail| open(mail.queued_at) && mail.state != State::Dropped);
    let signs = [
        tried.and_then(|tried| Some((tried.at, after_trying(tried, facts)?))),
        asked.and_then(|asked| Some((asked.at, after_asking(asked, facts)?))),
        mailed.map(|mail| (mail.queued_at, after_mail(mail, facts))),
    ];
    let newest = signs.into_iter().flatten().max_by_key(|(at, _)| *at);
    let found = newest.map_or_else(
        || match facts.password {
            None => Reason::NeverSet,
            Some(status) if status != Status::Approved => Reason::InternetAccess(status),
            Some(_) => Reason::Nothing(got_in),
        },
        |(_, reason)| reason,
    );
    let by_mail = found.remedy() == Some(Remedy::SendLink) || matches!(found, Reason::Nothing(None));
    match facts.email {
        None if by_mail => Reason::NoEmail,
        Some(email) if by_mail && !facts.may_be_mailed => Reason::OutsideMailDomains(email.to_owned()),
        _ => found,
    }
}

/// `None` for what no longer holds.
fn after_trying(tried: &LogIn, facts: &Facts<'_>) -> Option<Reason> {
    Some(match tried.outcome {
        Outcome::NotFromHere if facts.password == Some(Status::Approved) => return None,
        Outcome::NotFromHere => Reason::InternetAccess(facts.password.unwrap_or(Status::NotRequested)),
        Outcome::SecondFactor => Reason::SecondFactor(tried.at),
        Outcome::SetUp => Reason::SetUp(tried.at),
        Outcome::NoFactor => Reason::NoFactor(tried.at),
        Outcome::WrongFactor => Reason::WrongFactor(tried.at),
        Outcome::NetworkLimit => Reason::NetworkLimit(tried.at),
        // The other door.
        Outcome::StillEmployed | Outcome::NoPersonalAddress | Outcome::NoLeaversFactor => return None,
        // A lock that has run out: what had locked it was wrong passwords.
        Outcome::WrongPassword | Outcome::Locked | Outcome::Unknown | Outcome::Left | Outcome::LoggedIn => {
            if facts.password.is_none() {
                Reason::NeverSet
            } else {
                Reason::WrongPassword(tried.at)
            }
        }
    })
}

/// `None` where a mail was queued, which says more by itself, and for what no longer holds.
fn after_asking(asked: &OutcomeRow, facts: &Facts<'_>) -> Option<Reason> {
    Some(match asked.outcome {
        recovery::Outcome::WrongDateOfBirth => Reason::WrongDateOfBirth(asked.at),
        recovery::Outcome::OtherUsername => Reason::OtherUsername(asked.at),
        recovery::Outcome::TooManyMails => Reason::TooManyMails(asked.at),
        recovery::Outcome::OutsideMailDomains if facts.may_be_mailed => return None,
        recovery::Outcome::OutsideMailDomains => {
            Reason::OutsideMailDomains(facts.email.unwrap_or_default().to_owned())
        }
        recovery::Outcome::Mailed
        | recovery::Outcome::Left
        | recovery::Outcome::LeaverMailed
        | recovery::Outcome::LeaverRefused => return None,
    })
}

fn after_mail(mail: &mail::Status, facts: &Facts<'_>) -> Reason {
    match (mail.state, facts.link) {
        (State::Failed, _) => Reason::MailRefused(mail.answer.clone().unwrap_or_default()),
        (State::Sent | State::Dropped, Some(link)) if facts.now < link.expires_at => {
            Reason::LinkUnused(link.sent_at, link.expires_at)
        }
        (State::Sent | State::Dropped, Some(link)) => Reason::LinkRanOut(link.sent_at),
        // Links are forgotten sooner than mails.
        (State::Sent | State::Dropped, None) => Reason::LinkRanOut(mail.sent_at.unwrap_or(mail.queued_at)),
        (State::Waiting, _) => Reason::MailWaiting,
    }
}

#[cfg(test)]
mod tests {
    use mail::State;
    use store::{Day, Instant};
    use uuid::Uuid;

    use super::{Facts, Reason, Remedy, reason};
    use crate::{
        internet_access::Status,
        log_in::{Outcome, sql::LogIn},
        recovery::{
            self,
            sql::{LinkRow, OutcomeRow},
        },
    };

    fn at(minute: i64) -> Instant {
        "2026-11-24T09:00:00Z".parse::<Instant>().unwrap().plus_minutes(minute)
    }

    fn tried(minute: i64, outcome: Outcome) -> LogIn {
        LogIn { at: at(minute), outcome, address: "203.0.113.9".into(), device: "Chrome".into() }
    }

    fn asked(minute: i64, outcome: recovery::Outcome) -> OutcomeRow {
        OutcomeRow { at: at(minute), outcome, mail_id: None }
    }

    fn mailed(minute: i64, state: State) -> mail::Status {
        mail::Status {
            id: Uuid::nil(),
            kind: "access.recovery".into(),
            to: "helen@nhs.net".into(),
            queued_at: at(minute),
            state,
            attempts: 1,
            next_at: at(minute),
            sent_at: None,
            answer: Some("550 no such mailbox".into()),
        }
    }

    fn link(minute: i64, used: Option<i64>) -> LinkRow {
        LinkRow {
            id: Uuid::nil(),
            staff_record_id: Uuid::nil(),
            sent_at: at(minute),
            expires_at: at(minute + 30),
            used_at: used.map(at),
            address_hash: Vec::new(),
            leaver: false,
        }
    }

    /// Somebody with a password and internet access, about whom nothing is on record, an hour later.
    fn nothing() -> Facts<'static> {
        Facts {
            now: at(60),
            left: None,
            email: Some("helen@nhs.net"),
            may_be_mailed: true,
            password: Some(Status::Approved),
            locked_until: None,
            codes_locked_until: None,
            tries: &[],
            requests: &[],
            mail: None,
            link: None,
        }
    }

    #[test]
    fn the_reason_is_right_for_everything_that_is_on_record() {
        use Outcome::{
            LoggedIn, NetworkLimit, NoFactor, NotFromHere, SecondFactor, SetUp, WrongFactor, WrongPassword,
        };
        use recovery::Outcome as Asked;
        let day = Day::new(2026, 10, 31).unwrap();
        let (sent, failed, waiting) =
            (mailed(50, State::Sent), mailed(50, State::Failed), mailed(50, State::Waiting));
        let (fresh, old, used) = (link(50, None), link(20, None), link(50, Some(55)));
        let old_mail = mailed(20, State::Sent);
        let one = |tried| -> &'static [LogIn] { Box::leak(Box::new([tried])) };
        let request = |asked| -> &'static [OutcomeRow] { Box::leak(Box::new([asked])) };
        let tries = |outcome| one(tried(55, outcome));
        for (what, facts, expected) in [
            ("nothing", nothing(), Reason::Nothing(None)),
            (
                "left goes before all",
                Facts { left: Some(day), locked_until: Some(at(70)), ..nothing() },
                Reason::Left(day),
            ),
            (
                "locked",
                Facts { locked_until: Some(at(61)), tries: tries(WrongPassword), ..nothing() },
                Reason::Locked(at(61)),
            ),
            (
                "no longer locked",
                Facts { locked_until: Some(at(60)), tries: tries(WrongPassword), ..nothing() },
                Reason::WrongPassword(at(55)),
            ),
            (
                "codes locked",
                Facts { codes_locked_until: Some(at(61)), ..nothing() },
                Reason::CodesLocked(at(61)),
            ),
            ("never set", Facts { password: None, ..nothing() }, Reason::NeverSet),
            (
                "never set, no address",
                Facts { password: None, email: None, may_be_mailed: false, ..nothing() },
                Reason::NoEmail,
            ),
            (
                "never set, private address",
                Facts { password: None, may_be_mailed: false, ..nothing() },
                Reason::OutsideMailDomains("helen@nhs.net".into()),
            ),
            (
                "wrong date of birth",
                Facts { requests: request(asked(55, Asked::WrongDateOfBirth)), ..nothing() },
                Reason::WrongDateOfBirth(at(55)),
            ),
            (
                "another's username",
                Facts { requests: request(asked(55, Asked::OtherUsername)), ..nothing() },
                Reason::OtherUsername(at(55)),
            ),
            (
                "too many mails",
                Facts { requests: request(asked(55, Asked::TooManyMails)), ..nothing() },
                Reason::TooManyMails(at(55)),
            ),
            (
                "outside the mail domains",
                Facts {
                    requests: request(asked(55, Asked::OutsideMailDomains)),
                    may_be_mailed: false,
                    ..nothing()
                },
                Reason::OutsideMailDomains("helen@nhs.net".into()),
            ),
            (
                "corrected since",
                Facts { requests: request(asked(55, Asked::OutsideMailDomains)), ..nothing() },
                Reason::Nothing(None),
            ),
            (
                "mail refused",
                Facts { mail: Some(&failed), ..nothing() },
                Reason::MailRefused("550 no such mailbox".into()),
            ),
            ("mail waits", Facts { mail: Some(&waiting), ..nothing() }, Reason::MailWaiting),
            (
                "link unused",
                Facts { mail: Some(&sent), link: Some(&fresh), ..nothing() },
                Reason::LinkUnused(at(50), at(80)),
            ),
            (
                "link ran out",
                Facts { mail: Some(&old_mail), link: Some(&old), ..nothing() },
                Reason::LinkRanOut(at(20)),
            ),
            (
                "nothing, no address",
                Facts { email: None, may_be_mailed: false, ..nothing() },
                Reason::NoEmail,
            ),
            ("link used", Facts { mail: Some(&sent), link: Some(&used), ..nothing() }, Reason::Nothing(None)),
            (
                "in since the link",
                Facts { mail: Some(&sent), link: Some(&fresh), tries: tries(LoggedIn), ..nothing() },
                Reason::Nothing(Some(at(55))),
            ),
            (
                "the newest counts",
                Facts {
                    tries: tries(WrongPassword),
                    requests: request(asked(50, Asked::WrongDateOfBirth)),
                    ..nothing()
                },
                Reason::WrongPassword(at(55)),
            ),
            (
                "requested",
                Facts { password: Some(Status::Requested), ..nothing() },
                Reason::InternetAccess(Status::Requested),
            ),
            (
                "refused, tried from outside",
                Facts { password: Some(Status::Refused), tries: tries(NotFromHere), ..nothing() },
                Reason::InternetAccess(Status::Refused),
            ),
            (
                "second factor",
                Facts { tries: tries(SecondFactor), ..nothing() },
                Reason::SecondFactor(at(55)),
            ),
            ("to set one up", Facts { tries: tries(SetUp), ..nothing() }, Reason::SetUp(at(55))),
            ("none could be set up", Facts { tries: tries(NoFactor), ..nothing() }, Reason::NoFactor(at(55))),
            ("wrong code", Facts { tries: tries(WrongFactor), ..nothing() }, Reason::WrongFactor(at(55))),
            ("network", Facts { tries: tries(NetworkLimit), ..nothing() }, Reason::NetworkLimit(at(55))),
            (
                "wrong password, no address",
                Facts { tries: tries(WrongPassword), email: None, may_be_mailed: false, ..nothing() },
                Reason::NoEmail,
            ),
        ] {
            assert_eq!(reason(&facts), expected, "{what}");
        }
    }

    #[test]
    fn what_is_offered_first_fits_the_reason() {
        assert_eq!(Reason::Locked(at(1)).remedy(), Some(Remedy::Unlock));
        assert_eq!(Reason::NoEmail.remedy(), Some(Remedy::TellEmail));
        assert_eq!(Reason::WrongDateOfBirth(at(1)).remedy(), Some(Remedy::TellDateOfBirth));
        assert_eq!(Reason::SecondFactor(at(1)).remedy(), Some(Remedy::ReEnrol));
        assert_eq!(Reason::NeverSet.remedy(), Some(Remedy::SendLink));
        assert_eq!(Reason::InternetAccess(Status::Refused).remedy(), None);
    }
}
