//! Giving a factor: a passkey, a code of an authenticator app, or one of the codes that were written down.

use futures::{FutureExt, future::BoxFuture};
use records::Holder;
use second_factors::{
    authenticator::Authenticator,
    passkeys::{PasskeyError, Passkeys},
    recovery_codes,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Instant, StoreError, Tx};
use uuid::Uuid;
use web::{Client, Person, ProofKind, Sealed};

use super::{
    FactorKind,
    sql::{self, Keyed},
};
use crate::{
    App, account,
    app::{Trace, holder_of},
    internet_access::Status,
    lock::{Lock, LockPolicy},
    log_in::{self, Arrival, LoggedIn},
    sessions::{self, EndedBy},
    tickets,
};

/// So many wrong answers in a row end the session.
const MOST_FAILURES: i64 = 5;
/// So long the browser may take to ask its holder.
const CEREMONY_MINUTES: i64 = 10;
/// What is longer is no code.
const LONGEST_CODE: usize = 64;

/// What was given, as it came.
#[derive(Clone, Debug)]
pub enum Given {
    /// A code of the authenticator app, or a recovery code.
    Code(String),
    /// A passkey's answer, and the ticket of the question.
    Passkey {
        /// The sealed question.
        ticket: String,
        /// The browser's answer, JSON.
        answer: String,
    },
}

/// Why a factor was not taken.
#[derive(Debug, thiserror::Error)]
pub enum FactorError {
    /// It is not right; so many tries are left.
    #[error("wrong code")]
    Wrong {
        /// Tries left before the session ends.
        left: i64,
    },
    /// Too many wrong codes: none is looked at until then.
    #[error("codes are locked")]
    Locked {
        /// Until when.
        until: Instant,
    },
    /// The passkey was not taken.
    #[error(transparent)]
    Passkey(#[from] PasskeyError),
    /// The question was too old, or answered before.
    #[error("the question is too old")]
    Stale,
    /// The session has ended.
    #[error("the session has ended")]
    Ended,
    /// The passkey is right, but not from here.
    #[error("not from outside")]
    NotFromHere(Status, Box<Holder>),
    /// The passkey is right, but its holder has left.
    #[error("their last day is over")]
    Left,
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl FactorError {
    /// For the trail.
    pub(crate) fn as_str(&self) -> &'static str {
        match self {
            Self::Wrong { .. } => "wrong_code",
            Self::Locked { .. } => "locked",
            Self::Passkey(error) => error.as_str(),
            Self::Stale => "stale",
            Self::Ended => "ended",
            Self::NotFromHere(..) => "not_from_here",
            Self::Left => "left",
            Self::Store(_) => "store",
        }
    }

    /// Where on the page it stands: at the field for codes, or at the button of the passkey.
    pub(crate) fn field(&self) -> &'static str {
        match self {
            Self::Wrong { .. } | Self::Locked { .. } => "code",
            _ => "passkey",
        }
    }

    /// Among the holder's tries to log in.
    fn outcome(&self) -> log_in::Outcome {
        match self {
            Self::NotFromHere(..) => log_in::Outcome::NotFromHere,
            Self::Left => log_in::Outcome::Left,
            _ => log_in::Outcome::WrongFactor,
        }
    }
}

/// A question to a passkey: what the browser is asked, and the ticket that comes back with its answer.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) options: String,
    pub(crate) ticket: String,
}

#[derive(Serialize, Deserialize)]
struct Asked {
    state: String,
}

/// Asks for one of the account's passkeys; `None` where it has none.
pub(crate) async fn ask_for_passkey(app: &App, person: &Person) -> Result<Option<Question>, StoreError> {
    let mut reader = app.db.read().await?;
    let stored = sql::keyed(&mut reader.tx(), person.staff_record, FactorKind::Passkey).await?;
    drop(reader);
    if stored.is_empty() || app.passkeys.is_none() {
        return Ok(None);
    }
    let ceremony =
        app.passkeys().and_then(|passkeys| passkeys.begin_authentication(&texts(&stored))).map_err(broken)?;
    let asked = Asked { state: ceremony.state };
    let ticket = tickets::seal(app, "passkey", &person.session.to_string(), CEREMONY_MINUTES, asked);
    Ok(Some(Question { options: ceremony.options, ticket }))
}

/// Asks for any passkey of this site: nobody has said who they are.
pub(crate) fn ask_for_any_passkey(app: &App, visit: &str) -> Result<Question, StoreError> {
    let ceremony = app.passkeys().and_then(Passkeys::begin_log_in).map_err(broken)?;
    let ticket =
        tickets::seal(app, "passkey-log-in", visit, CEREMONY_MINUTES, Asked { state: ceremony.state });
    Ok(Question { options: ceremony.options, ticket })
}

fn broken(error: PasskeyError) -> StoreError {
    StoreError::Damaged(format!("the passkeys of an account: {error}"))
}

fn texts(stored: &[Keyed]) -> Vec<String> {
    stored.iter().filter_map(|keyed| String::from_utf8(keyed.secret.clone()).ok()).collect()
}

/// Takes what was given and does, in the same transaction, what it is given for. That says `None` where the session has ended
/// meanwhile, and then nothing is used up.
///
/// # Errors
/// See [`FactorError`].
pub(crate) async fn prove_for<T, F>(
    app: &App,
    person: &Person,
    given: Given,
    (client, device): (Client, String),
    trace: Trace,
    purpose: F,
) -> Result<T, FactorError>
where
    T: Send + 'static,
    F: for<'t, 'c> FnOnce(
            &'t mut Tx<'c>,
            Person,
            ProofKind,
            Instant,
        ) -> BoxFuture<'t, Result<Option<T>, StoreError>>
        + Send
        + 'static,
{
    let now = app.clock.now();
    let checked = check(app, person, given).await?;
    let (app_in, person) = (app.clone(), person.clone());
    app.db
        .write(move |tx| {
            async move {
                match prove(tx, &app_in, &person, checked, (client, &device), trace, now).await? {
                    Ok(proof) => {
                        let done = purpose(tx, person, proof, now).await?;
                        Ok::<_, FactorError>(Ok(done.ok_or(FactorError::Ended)?))
                    }
                    Err(error) => Ok(Err(error)),
                }
            }
            .boxed()
        })
        .await?
}

/// What was given, as far as it can be looked at without the account being held.
enum Checked {
    Code(String),
    Passkey(Box<CheckedPasskey>),
}

/// A passkey's answer that is right for what was stored when it was looked at.
struct CheckedPasskey {
    ticket: tickets::Opened<Asked>,
    factor: Uuid,
    before: Vec<u8>,
    after: Vec<u8>,
}

/// Looks at what was given. What is wrong with it is not said before [`prove`] has written it down.
///
/// # Errors
/// What the store says.
async fn check(app: &App, person: &Person, given: Given) -> Result<Result<Checked, FactorError>, StoreError> {
    match look_at(app, person, given).await {
        Err(FactorError::Store(error)) => Err(error),
        looked => Ok(looked),
    }
}

async fn look_at(app: &App, person: &Person, given: Given) -> Result<Checked, FactorError> {
    let (ticket, answer) = match given {
        Given::Code(code) => return Ok(Checked::Code(code)),
        Given::Passkey { ticket, answer } => (ticket, answer),
    };
    let ticket: tickets::Opened<Asked> =
        tickets::open(app, "passkey", &person.session.to_string(), &ticket).ok_or(FactorError::Stale)?;
    let mut reader = app.db.read().await?;
    let stored = sql::keyed(&mut reader.tx(), person.staff_record, FactorKind::Passkey).await?;
    // Sent twice, its counter has not gone on: that is no copy of the passkey. Asked after what is stored was read, which may
    // have that counter already.
    if ticket.is_spent(&mut reader.tx()).await? {
        return Err(FactorError::Stale);
    }
    drop(reader);
    let used = app.passkeys()?.finish_authentication(&answer, &ticket.what.state, &texts(&stored))?;
    let of = stored.into_iter().find(|keyed| keyed.credential.as_ref() == Some(&used.credential));
    let keyed = of.ok_or(PasskeyError::Unknown)?;
    let after = used.passkey.map_or_else(|| keyed.secret.clone(), String::into_bytes);
    Ok(Checked::Passkey(Box::new(CheckedPasskey { ticket, factor: keyed.id, before: keyed.secret, after })))
}

/// Takes what was given, in the transaction of what it is given for, or writes down why not. The outer error undoes the
/// transaction; the inner one is committed with its consequences.
async fn prove(
    tx: &mut Tx<'_>,
    app: &App,
    person: &Person,
    checked: Result<Checked, FactorError>,
    (client, device): (Client, &str),
    trace: Trace,
    now: Instant,
) -> Result<Result<ProofKind, FactorError>, StoreError> {
    let proven = match checked {
        Ok(checked) => take(tx, app, person, &checked, now).await?,
        Err(error) => Err(error),
    };
    if let Err(error) = &proven {
        note_refused(tx, app, holder_of(person)?, (client, device), error, trace, now).await?;
    }
    Ok(proven)
}

async fn take(
    tx: &mut Tx<'_>,
    app: &App,
    person: &Person,
    checked: &Checked,
    now: Instant,
) -> Result<Result<ProofKind, FactorError>, StoreError> {
    match checked {
        Checked::Passkey(passkey) => {
            // Whatever else changes the account waits.
            log_in::sql::hold_lock(tx, person.staff_record, now).await?;
            let taken = passkey.ticket.spend(tx).await?
                && sql::use_passkey(tx, passkey.factor, (&passkey.before, &passkey.after), now).await?;
            Ok(if taken { Ok(ProofKind::Passkey) } else { Err(FactorError::Stale) })
        }
        Checked::Code(code) => prove_code(tx, app, person, code, now).await,
    }
}

/// Wrong codes are counted and locked apart from wrong passwords: strangers who know a password can stop codes for a while, but no
/// passkey, no card, and nobody who is in.
async fn prove_code(
    tx: &mut Tx<'_>,
    app: &App,
    person: &Person,
    typed: &str,
    now: Instant,
) -> Result<Result<ProofKind, FactorError>, StoreError> {
    let subject = codes_lock(person.staff_record);
    // Whatever else changes the account waits as well.
    let lock = log_in::sql::hold_two_locks(tx, person.staff_record, subject, now).await?;
    if let Some(until) = lock.locked_until.filter(|_| lock.is_locked(now)) {
        return Ok(Err(FactorError::Locked { until }));
    }
    if let Some(kind) = take_code(tx, app, person.staff_record, typed, now).await? {
        if lock != Lock::default() {
            log_in::sql::set_lock(tx, subject, &Lock::default(), now).await?;
        }
        return Ok(Ok(kind));
    }
    let policy = LockPolicy::from(&holder_of(person)?.employer.settings.policies);
    let after = lock.after_failure(policy, now);
    log_in::sql::set_lock(tx, subject, &after, now).await?;
    let failures = sessions::sql::count_proof_failure(tx, person.session).await?;
    if failures >= MOST_FAILURES {
        sessions::sql::end(tx, person.session, EndedBy::Failures, now).await?;
        return Ok(Err(FactorError::Ended));
    }
    Ok(Err(FactorError::Wrong { left: MOST_FAILURES - failures }))
}

/// The lock of an account's codes.
pub(crate) fn codes_lock(staff_record: Uuid) -> Uuid {
    log_in::made_of("codes:", &staff_record.to_string())
}

async fn take_code(
    tx: &mut Tx<'_>,
    app: &App,
    staff_record: Uuid,
    typed: &str,
    now: Instant,
) -> Result<Option<ProofKind>, StoreError> {
    if typed.len() > LONGEST_CODE {
        return Ok(None);
    }
    for keyed in sql::keyed(tx, staff_record, FactorKind::Authenticator).await? {
        let secret = app.keys.open_sealed(Sealed::Factor, staff_record.as_bytes(), &keyed.secret);
        let known = secret.and_then(|secret| Authenticator::from_secret(&secret));
        let step = known.and_then(|known| known.step(typed, now, keyed.last_step));
        if let Some(step) = step {
            sql::use_step(tx, keyed.id, step, now).await?;
            return Ok(Some(ProofKind::Authenticator));
        }
    }
    let Some(hash) = recovery_codes::hash(staff_record, typed) else { return Ok(None) };
    let used = sql::use_code(tx, staff_record, &hash, now).await?;
    Ok(used.then_some(ProofKind::RecoveryCode))
}

/// An entry about a factor that was not taken, and the try among the holder's log-ins.
async fn note_refused(
    tx: &mut Tx<'_>,
    app: &App,
    holder: &Holder,
    (client, device): (Client, &str),
    error: &FactorError,
    trace: Trace,
    now: Instant,
) -> Result<(), StoreError> {
    let tried = log_in::sql::LogIn {
        at: now,
        outcome: error.outcome(),
        address: client.address.to_string(),
        device: device.to_owned(),
    };
    log_in::sql::insert_log_in(tx, app.entropy.id(now), Some(holder.record.id), &tried).await?;
    let mut entry = trace.entry(app, "access.second_factor_refused", Some(holder), now);
    entry.data = json!({ "outcome": error.as_str(), "device": device });
    audit::append(tx, entry).await
}

/// Somebody logs in by a passkey alone.
///
/// # Errors
/// See [`FactorError`].
pub(crate) async fn log_in_by_passkey(
    app: &App,
    (ticket, answer): (&str, &str),
    visit: &str,
    client: Client,
    arrival: Arrival,
    trace: Trace,
) -> Result<LoggedIn, FactorError> {
    let now = app.clock.now();
    let ticket: tickets::Opened<Asked> =
        tickets::open(app, "passkey-log-in", visit, ticket).ok_or(FactorError::Stale)?;
    let (staff_record, _) = app.passkeys()?.who(answer)?;
    let mut reader = app.db.read().await?;
    let stored = sql::keyed(&mut reader.tx(), staff_record, FactorKind::Passkey).await?;
    let holder = records::holder(&mut reader.tx(), staff_record, now).await?;
    if ticket.is_spent(&mut reader.tx()).await? {
        return Err(FactorError::Stale);
    }
    drop(reader);
    let holder = holder.ok_or(PasskeyError::Unknown)?;
    let used = match app.passkeys()?.finish_log_in(answer, &ticket.what.state, &texts(&stored)) {
        Ok(used) => used,
        Err(error) => {
            let error = FactorError::from(error);
            let (app_in, device) = (app.clone(), arrival.device);
            let noted = app.db.write(move |tx| {
                async move {
                    note_refused(tx, &app_in, &holder, (client, &device), &error, trace, now).await?;
                    Ok::<_, StoreError>(error)
                }
                .boxed()
            });
            return Err(noted.await?);
        }
    };
    let of = stored.into_iter().find(|keyed| keyed.credential.as_ref() == Some(&used.credential));
    let keyed = of.ok_or(PasskeyError::Unknown)?;
    let after = used.passkey.map_or_else(|| keyed.secret.clone(), String::into_bytes);
    let app_in = app.clone();
    app.db
        .write(move |tx| {
            async move {
                log_in::sql::hold_lock(tx, staff_record, now).await?;
                let taken = ticket.spend(tx).await?
                    && sql::use_passkey(tx, keyed.id, (&keyed.secret, &after), now).await?;
                let inside = log_in::is_inside(&holder, client);
                // A passkey stands for username and password, so it is good where they are.
                let account = account::sql::account(tx, staff_record).await?;
                let status = account.map_or(Status::NotRequested, |account| account.internet_access);
                let error = if !taken {
                    FactorError::Stale
                } else if holder.record.has_left(holder.employer.today(now)) {
                    FactorError::Left
                } else if !inside && status != Status::Approved {
                    FactorError::NotFromHere(status, Box::new(holder.clone()))
                } else {
                    let arrival = Arrival { inside, ..arrival };
                    return Ok(Ok(log_in::let_in(tx, &app_in, &holder, client, arrival, trace, now).await?));
                };
                note_refused(tx, &app_in, &holder, (client, &arrival.device), &error, trace, now).await?;
                Ok::<_, FactorError>(Err(error))
            }
            .boxed()
        })
        .await?
}
