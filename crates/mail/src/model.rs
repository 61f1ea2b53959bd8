//! What a mail is on its way, and the rules of trying again. No I/O.

use store::Instant;
use uuid::Uuid;

store::words! {
    /// Where a mail stands.
    pub enum State {
        /// In the outbox: new, or to be tried again.
        Waiting = "waiting",
        /// The mail server has taken it.
        Sent = "sent",
        /// Refused for good, or given up after two days.
        Failed = "failed",
        /// Its composer said that it is no longer wanted.
        Dropped = "dropped",
    }
}

/// A mail to queue.
#[derive(Clone, Debug)]
pub struct NewMail {
    /// Its id; its Message-ID is made from it.
    pub id: Uuid,
    /// A second mail with the same key is not queued, so that a repeated job tells nobody twice.
    pub key: Option<String>,
    /// The address.
    pub to: String,
    /// The staff record it is about, for `access why`.
    pub about: Option<Uuid>,
    /// Which [`Composer`](crate::Composer) writes it.
    pub kind: &'static str,
    /// What the composer needs to know: ids and plain facts, never a token.
    pub data: serde_json::Value,
}

/// A mail that is being sent, as its composer sees it.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Its id.
    pub id: Uuid,
    /// The address.
    pub to: String,
    /// The staff record it is about.
    pub about: Option<Uuid>,
    /// What was queued.
    pub kind: String,
    /// What was queued with it.
    pub data: serde_json::Value,
    /// Which try this is, from 1. Tries that found no mail server are not counted.
    pub attempt: i64,
    /// When it was queued.
    pub queued_at: Instant,
}

/// How a mail is doing.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Status {
    /// Its id.
    pub id: Uuid,
    /// Its kind.
    pub kind: String,
    /// The address.
    #[sqlx(rename = "to_address")]
    pub to: String,
    /// When it was queued.
    pub queued_at: Instant,
    /// Where it stands.
    pub state: State,
    /// How often it was tried; tries that found no mail server are not counted.
    pub attempts: i64,
    /// Where it is waiting: not tried before this.
    pub next_at: Instant,
    /// When the mail server took it.
    pub sent_at: Option<Instant>,
    /// What the mail server said last, or why it could not be asked.
    pub answer: Option<String>,
}

/// How the outbox is doing, for `check` and the metrics.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Queue {
    /// Mails that wait.
    pub waiting: i64,
    /// When the oldest of them was queued.
    pub oldest: Option<Instant>,
    /// What became of its last try.
    pub answer: Option<String>,
}

/// What came of one try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The server has it, with its answer.
    Accepted(String),
    /// Refused for good, with the answer.
    Refused(String),
    /// Put off, or cut off half-way: this mail waits.
    Deferred(String),
    /// No server to talk to, or it does not let us in: no mail's fault.
    Unreachable(String),
    /// The composer could not write it now.
    Unwritten(String),
    /// The composer says that nobody wants it any more.
    Unwanted,
}

/// A mail whose last try failed when it was this old is given up: two days, in seconds.
const GIVEN_UP_AFTER: i64 = 48 * 3600;
/// A mail that found no server may be taken again after so many seconds: the postman's own pause is what spares the server.
const SOON: i64 = 5;

/// What is written down after a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) state: State,
    pub(crate) attempts: i64,
    pub(crate) next_at: Instant,
    pub(crate) sent_at: Option<Instant>,
    pub(crate) message_id: Option<String>,
    pub(crate) answer: Option<String>,
}

/// What `fate` makes of a mail.
pub(crate) fn mark(fate: &Fate, mail: &Outgoing, message_id: Option<String>, now: Instant) -> Mark {
    let ended = |state, answer: Option<&String>| Mark {
        state,
        attempts: mail.attempt,
        next_at: now,
        sent_at: None,
        message_id: None,
        answer: answer.cloned(),
    };
    let again = |answer, attempts, seconds| {
        if now.seconds_since(mail.queued_at) >= GIVEN_UP_AFTER {
            ended(State::Failed, Some(answer))
        } else {
            Mark { attempts, next_at: now.plus_seconds(seconds), ..ended(State::Waiting, Some(answer)) }
        }
    };
    match fate {
        Fate::Accepted(answer) => Mark { sent_at: Some(now), message_id, ..ended(State::Sent, Some(answer)) },
        Fate::Refused(answer) => ended(State::Failed, Some(answer)),
        Fate::Unwanted => ended(State::Dropped, None),
        Fate::Deferred(answer) | Fate::Unwritten(answer) => {
            again(answer, mail.attempt, (30 << (mail.attempt - 1).clamp(0, 10)).min(3600))
        }
        Fate::Unreachable(answer) => again(answer, mail.attempt - 1, SOON),
    }
}

/// So many mails are on their way at once, at most.
pub(crate) const AT_ONCE: usize = 8;

/// How fast a postman goes: fewer mails at once where the server turns connections away, a pause where nobody is there.
#[derive(Debug)]
pub(crate) struct Pace {
    width: usize,
    /// Whether the server has said anything since the last pause.
    answered: bool,
    /// Tries in a row that found no server.
    unanswered: usize,
    /// Pauses in a row.
    pauses: u32,
    until: Option<Instant>,
}

impl Pace {
    pub(crate) fn new() -> Self {
        Self { width: AT_ONCE, answered: false, unanswered: 0, pauses: 0, until: None }
    }

    /// How many more mails may be taken now, where `flying` are on their way.
    pub(crate) fn free(&self, flying: usize, now: Instant) -> usize {
        if self.pausing(now) { 0 } else { self.width.saturating_sub(flying) }
    }

    fn pausing(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| now < until)
    }

    /// Learns from what came of one try.
    pub(crate) fn note(&mut self, fate: &Fate, now: Instant) {
        match fate {
            Fate::Accepted(_) | Fate::Refused(_) | Fate::Deferred(_) => {
                self.width = (self.width + 1).min(AT_ONCE);
                (self.answered, self.unanswered, self.pauses, self.until) = (true, 0, 0, None);
            }
            Fate::Unreachable(_) => {
                self.width = (self.width / 2).max(1);
                self.unanswered += 1;
                // Those that set out together and failed together make one pause, not eight.
                if !self.pausing(now) && (!self.answered || self.unanswered >= AT_ONCE) {
                    let seconds = (5_i64 << self.pauses.min(4)).min(60);
                    (self.answered, self.unanswered) = (false, 0);
                    self.pauses += 1;
                    self.until = Some(now.plus_seconds(seconds));
                }
            }
            Fate::Unwritten(_) | Fate::Unwanted => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Instant {
        "2026-11-24T09:00:00Z".parse().unwrap()
    }

    fn mail(attempt: i64, queued_at: Instant) -> Outgoing {
        let (to, kind) = ("first.last@nhs.net".into(), "recovery".into());
        Outgoing { id: Uuid::nil(), to, about: None, kind, data: serde_json::Value::Null, attempt, queued_at }
    }

    #[test]
    fn tries_are_30_seconds_apart_doubling_to_an_hour() {
        for fate in [Fate::Deferred("451 later".into()), Fate::Unwritten("the database is busy".into())] {
            let seconds = |attempt| {
                let mark = mark(&fate, &mail(attempt, now()), None, now());
                assert_eq!((mark.state, mark.attempts), (State::Waiting, attempt));
                mark.next_at.seconds_since(now())
            };
            let all: Vec<i64> = (1..=9).map(seconds).collect();
            assert_eq!(all, [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
            assert_eq!(seconds(i64::MAX), 3600);
        }
    }

    #[test]
    fn a_missing_server_is_asked_again_soon_and_is_not_counted() {
        let mark = mark(&Fate::Unreachable("connection refused".into()), &mail(7, now()), None, now());
        assert_eq!((mark.state, mark.attempts, mark.next_at), (State::Waiting, 6, now().plus_seconds(SOON)));
    }

    #[test]
    fn a_mail_is_given_up_after_two_days_with_the_last_answer() {
        let queued = now().plus_seconds(-GIVEN_UP_AFTER);
        for fate in
            [Fate::Deferred("no".into()), Fate::Unwritten("no".into()), Fate::Unreachable("no".into())]
        {
            assert_eq!(mark(&fate, &mail(60, queued.plus_seconds(1)), None, now()).state, State::Waiting);
            let given_up = mark(&fate, &mail(60, queued), None, now());
            assert_eq!((given_up.state, given_up.answer.as_deref()), (State::Failed, Some("no")));
        }
    }

    #[test]
    fn failures_that_set_out_together_make_one_pause() {
        let gone = Fate::Unreachable("connection refused".into());
        let mut pace = Pace::new();
        let mut at = now();
        assert_eq!(pace.free(0, at), AT_ONCE);
        for seconds in [5, 10, 20, 40, 60, 60] {
            (0..AT_ONCE).for_each(|_| pace.note(&gone, at));
            assert_eq!(pace.free(0, at.plus_seconds(seconds - 1)), 0, "{seconds}");
            at = at.plus_seconds(seconds);
            assert_eq!(pace.free(0, at), 1, "after a pause one mail is sent ahead");
        }
        pace.note(&Fate::Accepted("250 ok".into()), at);
        assert_eq!(pace.free(0, at), 2);
    }

    #[test]
    fn a_server_that_turns_some_connections_away_is_given_fewer_at_once() {
        let mut pace = Pace::new();
        pace.note(&Fate::Accepted("250 ok".into()), now());
        for _ in 0..AT_ONCE - 1 {
            pace.note(&Fate::Unreachable("421 too many connections".into()), now());
        }
        assert_eq!(pace.free(0, now()), 1, "it goes on with one at a time");
        assert_eq!(pace.free(1, now()), 0);
        pace.note(&Fate::Unreachable("421 too many connections".into()), now());
        assert_eq!(pace.free(0, now()), 0, "eight in a row are a server that is gone");
    }

    #[test]
    fn what_a_composer_does_says_nothing_about_the_server() {
        let mut pace = Pace::new();
        pace.note(&Fate::Unreachable("connection refused".into()), now());
        pace.note(&Fate::Unwritten("the database is busy".into()), now());
        pace.note(&Fate::Unwanted, now());
        assert_eq!(pace.free(0, now()), 0);
    }
}
