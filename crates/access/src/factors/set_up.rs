//! Setting factors up, and taking them off. Each change is mailed, and no browser is remembered after it.

use futures::FutureExt;
use second_factors::{
    authenticator::{Authenticator, Qr, qr},
    passkeys::PasskeyError,
    recovery_codes,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Instant, StoreError, Tx};
use uuid::Uuid;
use web::{Person, ProofKind, Sealed};

use super::{
    FactorKind,
    prove::Question,
    sql::{self, NewFactor},
};
use crate::{
    App, account,
    app::Trace,
    log_in::{self, Completion, LoggedIn},
    mails, sessions, tickets,
};

/// So long it may take to set one up.
const CEREMONY_MINUTES: i64 = 30;
/// So many characters its name may have.
pub(crate) const LONGEST_NAME: usize = 60;
/// So many of each kind an account may have.
const MOST: usize = 10;

/// Why a factor was not set up or taken off.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    /// The code is not the one that the app shows now.
    #[error("wrong code")]
    WrongCode,
    /// The passkey was not taken.
    #[error(transparent)]
    Passkey(#[from] PasskeyError),
    /// The page was too old.
    #[error("the page is too old")]
    Stale,
    /// There are too many already.
    #[error("too many factors")]
    Many,
    /// It is the last one, and the password is too short to be the only factor.
    #[error("the password is too short to stand alone")]
    ShortPassword,
    /// There is no such factor.
    #[error("no such factor")]
    NotFound,
    /// The session has ended.
    #[error("the session has ended")]
    Ended,
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is done with the session once a factor is set up.
#[derive(Clone, Debug)]
pub(crate) enum After {
    /// It goes on.
    Stay,
    /// Its person is in.
    ComeIn(Box<Completion>),
}

/// A factor was set up.
#[derive(Clone, Debug)]
pub(crate) struct SetUp {
    /// The recovery codes, where it is the first: shown once.
    pub(crate) codes: Option<Vec<String>>,
    /// The session, where its person is in by it.
    pub(crate) logged_in: Option<LoggedIn>,
}

#[derive(Serialize, Deserialize)]
struct Registration {
    state: String,
}

/// Asks the browser for a new passkey.
pub(crate) async fn offer_passkey(
    app: &App,
    person: &Person,
    username: &str,
) -> Result<Question, SetUpError> {
    let mut reader = app.db.read().await?;
    let stored = sql::keyed(&mut reader.tx(), person.staff_record, FactorKind::Passkey).await?;
    drop(reader);
    let texts: Vec<String> =
        stored.into_iter().filter_map(|keyed| String::from_utf8(keyed.secret).ok()).collect();
    let ceremony = app.passkeys()?.begin_registration(person.staff_record, username, &person.name, &texts)?;
    let registration = Registration { state: ceremony.state };
    let ticket =
        tickets::seal(app, "new-passkey", &person.session.to_string(), CEREMONY_MINUTES, registration);
    Ok(Question { options: ceremony.options, ticket })
}

/// Sets up a passkey.
pub(crate) async fn add_passkey(
    app: &App,
    person: &Person,
    (ticket, answer): (&str, &str),
    name: String,
    after: After,
    trace: Trace,
) -> Result<SetUp, SetUpError> {
    let ticket: tickets::Opened<Registration> =
        tickets::open(app, "new-passkey", &person.session.to_string(), ticket).ok_or(SetUpError::Stale)?;
    let stored = app.passkeys()?.finish_registration(answer, &ticket.what.state)?;
    let new = NewFactor {
        id: app.entropy.id(app.clock.now()),
        kind: FactorKind::Passkey,
        name,
        credential: Some(stored.credential),
        secret: stored.passkey.into_bytes(),
        last_step: None,
    };
    add(app, person, ticket, new, after, trace).await
}

/// What an authenticator app has to be told.
pub(crate) struct AuthenticatorOffer {
    pub(crate) ticket: String,
    pub(crate) address: String,
    pub(crate) typed: String,
    pub(crate) qr: Option<Qr>,
}

#[derive(Serialize, Deserialize)]
struct Shared {
    secret: Vec<u8>,
}

/// Offers a new secret to an authenticator app, or once more the one of an earlier page.
pub(crate) fn offer_authenticator(
    app: &App,
    person: &Person,
    username: &str,
    again: Option<&str>,
) -> AuthenticatorOffer {
    let binding = person.session.to_string();
    let opened = again.and_then(|ticket| tickets::open::<Shared>(app, "new-authenticator", &binding, ticket));
    let earlier = opened.and_then(|ticket| Authenticator::from_secret(&ticket.what.secret));
    let (authenticator, ticket) = match (earlier, again) {
        (Some(earlier), Some(ticket)) => (earlier, ticket.to_owned()),
        _ => {
            let new = Authenticator::new(&app.entropy);
            let shared = Shared { secret: new.secret().to_vec() };
            let ticket = tickets::seal(app, "new-authenticator", &binding, CEREMONY_MINUTES, shared);
            (new, ticket)
        }
    };
    let address = authenticator.address(&app.site.name, username);
    AuthenticatorOffer { ticket, typed: authenticator.typed(), qr: qr(&address), address }
}

/// Sets up an authenticator app, which shows by a code that it has the secret.
pub(crate) async fn add_authenticator(
    app: &App,
    person: &Person,
    (ticket, code): (&str, &str),
    name: String,
    after: After,
    trace: Trace,
) -> Result<SetUp, SetUpError> {
    let ticket: tickets::Opened<Shared> =
        tickets::open(app, "new-authenticator", &person.session.to_string(), ticket)
            .ok_or(SetUpError::Stale)?;
    let now = app.clock.now();
    let known = Authenticator::from_secret(&ticket.what.secret).ok_or(SetUpError::Stale)?;
    let step = known.step(code, now, None).ok_or(SetUpError::WrongCode)?;
    let bound = person.staff_record;
    let new = NewFactor {
        id: app.entropy.id(now),
        kind: FactorKind::Authenticator,
        name,
        credential: None,
        secret: app.keys.seal(Sealed::Factor, bound.as_bytes(), &ticket.what.secret, &app.entropy),
        last_step: Some(step),
    };
    add(app, person, ticket, new, after, trace).await
}

async fn add<T: Send + Sync + 'static>(
    app: &App,
    person: &Person,
    ticket: tickets::Opened<T>,
    new: NewFactor,
    after: After,
    trace: Trace,
) -> Result<SetUp, SetUpError> {
    let (now, app_in, person) = (app.clock.now(), app.clone(), person.clone());
    app.db
        .write(move |tx| {
            async move {
                let staff_record = person.staff_record;
                hold(tx, &person, now).await?;
                if !ticket.spend(tx).await? {
                    return Err(SetUpError::Stale);
                }
                let had = sql::factors(tx, staff_record).await?;
                // Set up in another window meanwhile: from then on that one is given, and no other instead.
                if matches!(after, After::ComeIn(_)) && !had.is_empty() {
                    return Err(SetUpError::Stale);
                }
                if had.iter().filter(|factor| factor.kind == new.kind).count() >= MOST {
                    return Err(SetUpError::Many);
                }
                if !sql::insert(tx, staff_record, &new, now).await? {
                    return Err(SetUpError::Stale);
                }
                account::sql::note_factor(tx, staff_record, now).await?;
                let codes = if had.is_empty() {
                    Some(make_codes(tx, &app_in, staff_record, now).await?)
                } else {
                    None
                };
                let what = json!({ "change": "set_up", "kind": new.kind, "name": new.name });
                note(tx, &app_in, &person, what, trace, now).await?;
                let logged_in = match after {
                    After::Stay => None,
                    After::ComeIn(completion) => {
                        let done = log_in::complete(tx, &app_in, &person, *completion, now).await?;
                        Some(done.ok_or(SetUpError::Ended)?)
                    }
                };
                Ok(SetUp { codes, logged_in })
            }
            .boxed()
        })
        .await
}

/// Takes a factor off; with the last one the recovery codes go too.
pub(crate) async fn remove(app: &App, person: &Person, factor: Uuid, trace: Trace) -> Result<(), SetUpError> {
    let (now, app_in, person) = (app.clock.now(), app.clone(), person.clone());
    app.db
        .write(move |tx| {
            async move {
                let staff_record = person.staff_record;
                hold(tx, &person, now).await?;
                let (kind, name) =
                    sql::remove(tx, staff_record, factor).await?.ok_or(SetUpError::NotFound)?;
                if sql::factors(tx, staff_record).await?.is_empty() {
                    let account = account::sql::account(tx, staff_record).await?;
                    if account.is_some_and(|account| account.history.password_short) {
                        return Err(SetUpError::ShortPassword);
                    }
                    sql::remove_codes(tx, staff_record).await?;
                }
                let what = json!({ "change": "removed", "kind": kind, "name": name });
                note(tx, &app_in, &person, what, trace, now).await
            }
            .boxed()
        })
        .await
}

/// Makes ten new recovery codes; the old ones are gone.
pub(crate) async fn new_codes(app: &App, person: &Person, trace: Trace) -> Result<Vec<String>, SetUpError> {
    let (now, app_in, person) = (app.clock.now(), app.clone(), person.clone());
    app.db
        .write(move |tx| {
            async move {
                hold(tx, &person, now).await?;
                if sql::factors(tx, person.staff_record).await?.is_empty() {
                    return Err(SetUpError::NotFound);
                }
                let codes = make_codes(tx, &app_in, person.staff_record, now).await?;
                note(tx, &app_in, &person, json!({ "change": "recovery_codes" }), trace, now).await?;
                Ok(codes)
            }
            .boxed()
        })
        .await
}

/// Holds the account, as long as the session goes on.
async fn hold(tx: &mut Tx<'_>, person: &Person, now: Instant) -> Result<(), SetUpError> {
    log_in::sql::hold_lock(tx, person.staff_record, now).await?;
    if sessions::sql::is_open(tx, person.session).await? { Ok(()) } else { Err(SetUpError::Ended) }
}

async fn make_codes(
    tx: &mut Tx<'_>,
    app: &App,
    staff_record: Uuid,
    now: Instant,
) -> Result<Vec<String>, StoreError> {
    sql::remove_codes(tx, staff_record).await?;
    let codes = recovery_codes::ten(&app.entropy);
    for code in &codes {
        let hash = recovery_codes::hash(staff_record, code);
        let hash = hash.ok_or_else(|| StoreError::Damaged("a recovery code that is none".into()))?;
        sql::insert_code(tx, staff_record, &hash, now).await?;
    }
    Ok(codes)
}

/// The notice, the trail, and no browser remembered any more.
async fn note(
    tx: &mut Tx<'_>,
    app: &App,
    person: &Person,
    what: serde_json::Value,
    trace: Trace,
    now: Instant,
) -> Result<(), SetUpError> {
    log_in::sql::forget_browsers(tx, person.staff_record).await?;
    let holder = records::holder(tx, person.staff_record, now).await?.ok_or(SetUpError::Ended)?;
    let mut data = what.clone();
    data["at"] = json!(now);
    mails::tell(tx, app, &holder, mails::SECOND_FACTOR, data, now).await?;
    let mut entry = trace.entry(app, "access.second_factor_changed", Some(&holder), now);
    entry.data = what;
    Ok(audit::append(tx, entry).await?)
}

#[derive(Serialize, Deserialize)]
struct Shown {
    codes: Vec<String>,
}

/// Codes on their way to the page that shows them, which can be loaded again but in no other session.
pub(crate) fn seal_codes(app: &App, binding: &str, codes: Vec<String>) -> String {
    tickets::seal(app, "recovery-codes", binding, CEREMONY_MINUTES, Shown { codes })
}

/// The codes that were sealed.
pub(crate) fn open_codes(app: &App, person: &Person, ticket: &str) -> Option<Vec<String>> {
    let opened: tickets::Opened<Shown> =
        tickets::open(app, "recovery-codes", &person.session.to_string(), ticket)?;
    Some(opened.what.codes)
}

/// The proof that setting up this kind is.
pub(crate) fn proof_by(kind: FactorKind) -> ProofKind {
    match kind {
        FactorKind::Passkey => ProofKind::Passkey,
        FactorKind::Authenticator => ProofKind::Authenticator,
    }
}
