use futures::FutureExt;
use serde_json::json;
use store::{Instant, Secret, StoreError, Tx};
use uuid::Uuid;
use web::{Client, Password, Person, ProofKind};

use crate::{
    App, account,
    app::{Trace, holder_of},
    factors::{FactorError, Given, prove_for},
    hasher::HashError,
    log_in,
    sessions::{self, EndedBy},
};

/// So many wrong answers in a row end the session.
const MOST_FAILURES: i64 = 5;

/// Why a proof was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// It is not the account's password; so many tries are left.
    #[error("wrong password")]
    Wrong {
        /// Tries left before the session ends.
        left: i64,
    },
    /// That was one too many: the session has ended.
    #[error("the session has ended")]
    Ended,
    /// Too many wait.
    #[error("too many wait")]
    Busy,
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<HashError> for ProofError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::Busy,
            HashError::Failed => Self::Store(StoreError::Gone),
        }
    }
}

/// A password that was right when it was looked at.
pub(crate) struct Proven {
    staff_record: Uuid,
    session: Uuid,
    hash: Option<String>,
}

/// Holds the account, and asks whether the proof still stands: while it was hashed, the session may have ended by other wrong
/// answers, and the password may have been set anew.
pub(crate) async fn still_proven(tx: &mut Tx<'_>, proven: &Proven, now: Instant) -> Result<(), ProofError> {
    log_in::sql::hold_lock(tx, proven.staff_record, now).await?;
    let account = account::sql::account(tx, proven.staff_record).await?;
    let same = account.is_some_and(|account| account.password_hash == proven.hash);
    if same && sessions::sql::is_open(tx, proven.session).await? { Ok(()) } else { Err(ProofError::Ended) }
}

/// Holds `password` against the account's. A wrong one counts against the session.
///
/// The hash that it was found right by goes to [`still_proven`], in the transaction of what was proven for.
pub(crate) async fn prove_password(
    app: &App,
    person: &Person,
    password: &Password,
    trace: Trace,
) -> Result<Proven, ProofError> {
    let mut reader = app.db.read().await?;
    let account = account::sql::account(&mut reader.tx(), person.staff_record).await?;
    drop(reader);
    let hash = account.and_then(|account| account.password_hash);
    if app.hasher.verify(password, hash.clone()).await? {
        return Ok(Proven { staff_record: person.staff_record, session: person.session, hash });
    }
    let (now, app_in) = (app.clock.now(), app.clone());
    let (staff_record, session) = (person.staff_record, person.session);
    let failures = app
        .db
        .write(move |tx| {
            async move {
                let holder = records::holder(tx, staff_record, now).await?;
                let failures = sessions::sql::count_proof_failure(tx, session).await?;
                if failures >= MOST_FAILURES {
                    sessions::sql::end(tx, session, EndedBy::Failures, now).await?;
                }
                let mut entry = trace.entry(&app_in, "access.confirmation_failed", holder.as_ref(), now);
                entry.data = json!({ "failures": failures.min(MOST_FAILURES) });
                audit::append(tx, entry).await?;
                Ok::<_, StoreError>(failures)
            }
            .boxed()
        })
        .await?;
    if failures >= MOST_FAILURES {
        Err(ProofError::Ended)
    } else {
        Err(ProofError::Wrong { left: MOST_FAILURES - failures })
    }
}

/// Somebody confirms by their password that it is still they. Their session goes on under the new secret.
///
/// # Errors
/// See [`ProofError`].
pub async fn confirm(
    app: &App,
    person: &Person,
    password: &Password,
    trace: Trace,
) -> Result<Secret, ProofError> {
    let proven = prove_password(app, person, password, trace.clone()).await?;
    let (now, app_in, person) = (app.clock.now(), app.clone(), person.clone());
    app.db
        .write(move |tx| {
            async move {
                still_proven(tx, &proven, now).await?;
                go_on(tx, &app_in, &person, ProofKind::Password, trace, now).await?.ok_or(ProofError::Ended)
            }
            .boxed()
        })
        .await
}

/// Somebody confirms by a passkey or a code that it is still they.
///
/// # Errors
/// See [`FactorError`].
pub(crate) async fn confirm_by_factor(
    app: &App,
    person: &Person,
    given: Given,
    place: (Client, String),
    trace: Trace,
) -> Result<Secret, FactorError> {
    let (app_in, confirmed) = (app.clone(), trace.clone());
    prove_for(app, person, given, place, trace, move |tx, person, kind, now| {
        async move { go_on(tx, &app_in, &person, kind, confirmed, now).await }.boxed()
    })
    .await
}

/// The session goes on under a new secret; `None` where it has ended.
async fn go_on(
    tx: &mut Tx<'_>,
    app: &App,
    person: &Person,
    kind: ProofKind,
    trace: Trace,
    now: Instant,
) -> Result<Option<Secret>, StoreError> {
    let secret = app.entropy.secret();
    if !sessions::sql::prove(tx, person.session, &secret.hash(), (kind, now), now).await? {
        return Ok(None);
    }
    let mut entry = trace.entry(app, "access.confirmed", Some(holder_of(person)?), now);
    entry.data = json!({ "by": kind });
    audit::append(tx, entry).await?;
    Ok(Some(secret))
}
