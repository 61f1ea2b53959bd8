use futures::FutureExt;
use records::Holder;
use serde::{Deserialize, Serialize};
use serde_json::json;
use smartcards::provider::{Asked, ProviderError};
use store::{Instant, Secret, StoreError, Tx};
use uuid::Uuid;
use web::{Client, Person, ProofKind, Sealed};

use super::{BY_CERTIFICATE, card_host::Presented};
use crate::{
    App,
    app::Trace,
    log_in::{self, Arrival, LoggedIn},
    sessions, tickets,
};

/// `Reset Password` takes a card that was shown so many minutes ago at most.
pub(crate) const RECENT_MINUTES: i64 = 5;
/// So long it may take to find the card, and to log in at a provider.
const BEGUN_MINUTES: i64 = 15;
/// What the card host says is good for so long.
const CODE_MINUTES: i64 = 2;
/// So long somebody may take to choose one of their records.
const CHOICE_MINUTES: i64 = 10;

/// What a card is shown for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Purpose {
    /// To log in.
    LogIn,
    /// To confirm in this session who one is, and to go back there.
    Confirm {
        /// The session.
        session: Uuid,
        /// Where to go on.
        back: String,
    },
}

/// A card log-in that has begun.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Begun {
    pub(crate) purpose: Purpose,
    /// The provider that was asked, and with what.
    provider: Option<(String, Asked)>,
}

/// Where the browser is sent to show the card.
///
/// # Errors
/// [`CardError::Provider`] where the provider cannot be asked, which stands on the trail.
pub(crate) async fn begin(
    app: &App,
    visit: &str,
    by: &str,
    purpose: Purpose,
    trace: Trace,
) -> Result<String, CardError> {
    let fresh = purpose != Purpose::LogIn;
    if by == BY_CERTIFICATE {
        let certificates = app.cards.certificates.as_ref().ok_or(CardError::NoSuchWay)?;
        let ticket = tickets::seal(app, "card", visit, BEGUN_MINUTES, Begun { purpose, provider: None });
        return Ok(format!("{}/present?ticket={ticket}", certificates.origin));
    }
    let provider = app.cards.provider(by).ok_or(CardError::NoSuchWay)?;
    let asked = Asked::new(&app.entropy, String::new(), fresh);
    let begun = Begun { purpose, provider: Some((by.to_owned(), asked.clone())) };
    let state = tickets::seal(app, "card", visit, BEGUN_MINUTES, begun);
    let address = provider.begin(&Asked { state, ..asked }).await;
    let address = address.map_err(|error| CardError::Provider(error, by.to_owned()));
    Ok(noted(app, address, by, trace).await?.into())
}

/// What the card host hands to the portal: bound to the ticket that it was shown.
pub(crate) fn card_ticket(app: &App, ticket: &str, presented: Presented) -> String {
    tickets::seal(app, "presented", ticket, CODE_MINUTES, presented)
}

/// Why a card did not let anybody in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CardError {
    /// Cards are not read in this way here.
    #[error("no such way")]
    NoSuchWay,
    /// It was begun elsewhere, too long ago, or used before.
    #[error("begun elsewhere or too long ago")]
    Stale,
    /// The card host did not take the card, in its word.
    #[error("card refused: {0}")]
    Card(String),
    /// The provider, and which.
    #[error("{1}: {0}")]
    Provider(ProviderError, String),
    /// The person broke it off at the provider.
    #[error("broken off at the provider")]
    BrokenOff(String),
    /// The UUID stands on nobody's record.
    #[error("no record")]
    Nobody,
    /// All who have it have left.
    #[error("left")]
    Left,
    /// It is not the card of whoever is logged in.
    #[error("another's card")]
    Another,
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl CardError {
    /// For the trail.
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::NoSuchWay => "no_such_way",
            Self::Stale => "stale",
            Self::Card(word) => word,
            Self::Provider(error, _) => error.as_str(),
            Self::BrokenOff(_) => "broken_off",
            Self::Nobody => "nobody",
            Self::Left => "left",
            Self::Another => "another",
            Self::Store(_) => "store",
        }
    }
}

/// A card that proved something.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Shown {
    uuid: String,
    at: Instant,
    /// `card`, or the provider's id.
    by: String,
    /// For the trail: the certificate's issuer and number, or the provider's subject.
    issuer: String,
    serial: String,
    /// The provider's ID token.
    id_token: Option<String>,
}

/// What came of showing a card.
pub(crate) enum Outcome {
    /// Somebody is in.
    LoggedIn(Box<LoggedIn>),
    /// The session goes on, proved anew.
    Confirmed {
        /// Its new secret.
        secret: Secret,
        /// Where to go on.
        back: String,
    },
    /// The card stands on several records: its holder chooses.
    Choose {
        /// The ticket that comes back with the choice.
        ticket: String,
        /// The records.
        holders: Vec<Holder>,
    },
}

/// Who asks, from where.
#[derive(Clone, Debug)]
pub(crate) struct Asker {
    pub(crate) visit: String,
    pub(crate) person: Option<Person>,
    pub(crate) client: Client,
    /// As far as it is known before.
    pub(crate) arrival: Arrival,
    pub(crate) trace: Trace,
}

/// The browser comes back from the card host.
///
/// # Errors
/// See [`CardError`]; each refusal stands on the trail.
pub(crate) async fn returned(
    app: &App,
    ticket: &str,
    code: &str,
    asker: Asker,
) -> Result<Outcome, CardError> {
    let trace = asker.trace.clone();
    let done = async {
        let begun: tickets::Opened<Begun> =
            tickets::open(app, "card", &asker.visit, ticket).ok_or(CardError::Stale)?;
        let presented: tickets::Opened<Presented> =
            tickets::open(app, "presented", ticket, code).ok_or(CardError::Stale)?;
        let shown = match presented.what {
            Presented::Card { uuid, issuer, serial } => Shown {
                uuid,
                at: app.clock.now(),
                by: BY_CERTIFICATE.to_owned(),
                issuer,
                serial,
                id_token: None,
            },
            Presented::Refused(word) => return Err(CardError::Card(word)),
        };
        judge(app, begun, shown, asker).await
    };
    noted(app, done.await, BY_CERTIFICATE, trace).await
}

/// The browser comes back from a provider, with a code or with what went wrong.
///
/// # Errors
/// See [`CardError`]; each refusal stands on the trail.
pub(crate) async fn returned_from_provider(
    app: &App,
    state: &str,
    code: Result<&str, &str>,
    asker: Asker,
) -> Result<Outcome, CardError> {
    let trace = asker.trace.clone();
    let begun: Option<tickets::Opened<Begun>> = tickets::open(app, "card", &asker.visit, state);
    let by =
        begun.as_ref().and_then(|begun| Some(begun.what.provider.as_ref()?.0.clone())).unwrap_or_default();
    let done = async {
        let begun = begun.ok_or(CardError::Stale)?;
        let (id, asked) = begun.what.provider.clone().ok_or(CardError::Stale)?;
        let provider = app.cards.provider(&id).ok_or(CardError::NoSuchWay)?;
        let code = code.map_err(|_| CardError::BrokenOff(id.clone()))?;
        let asked = Asked { state: state.to_owned(), ..asked };
        let proven =
            provider.finish(code, &asked).await.map_err(|error| CardError::Provider(error, id.clone()))?;
        let shown = Shown {
            uuid: proven.uuid,
            at: proven.at,
            by: id,
            issuer: proven.acr,
            serial: proven.subject,
            id_token: Some(proven.id_token),
        };
        judge(app, begun, shown, asker).await
    };
    noted(app, done.await, &by, trace).await
}

async fn judge(
    app: &App,
    begun: tickets::Opened<Begun>,
    shown: Shown,
    asker: Asker,
) -> Result<Outcome, CardError> {
    match begun.what.purpose.clone() {
        Purpose::Confirm { session, back } => confirm(app, begun, shown, asker, session, back).await,
        Purpose::LogIn => {
            let now = app.clock.now();
            let mut reader = app.db.read().await?;
            let holders = records::holders_by_smartcard(&mut reader.tx(), &shown.uuid, now).await?;
            drop(reader);
            let known = !holders.is_empty();
            let mut here: Vec<Holder> = holders
                .into_iter()
                .filter(|holder| !holder.record.has_left(holder.employer.today(now)))
                .collect();
            match (here.len(), known) {
                (0, false) => Err(CardError::Nobody),
                (0, true) => Err(CardError::Left),
                (1, _) => {
                    let holder = here.remove(0);
                    let logged_in = let_in(app, begun, shown, holder.record.id, asker).await?;
                    Ok(Outcome::LoggedIn(Box::new(logged_in)))
                }
                _ => {
                    // Used up here: what goes on is the choice.
                    let spent = app.db.write(move |tx| async move { begun.spend(tx).await }.boxed()).await?;
                    if !spent {
                        return Err(CardError::Stale);
                    }
                    let ticket = tickets::seal(app, "card-choice", &asker.visit, CHOICE_MINUTES, shown);
                    Ok(Outcome::Choose { ticket, holders: here })
                }
            }
        }
    }
}

/// The holder of a card that stands on several records has chosen one.
///
/// # Errors
/// See [`CardError`]; each refusal stands on the trail.
pub(crate) async fn choose(
    app: &App,
    ticket: &str,
    staff_record: Uuid,
    asker: Asker,
) -> Result<LoggedIn, CardError> {
    let trace = asker.trace.clone();
    let opened: Option<tickets::Opened<Shown>> = tickets::open(app, "card-choice", &asker.visit, ticket);
    let by = opened.as_ref().map(|opened| opened.what.by.clone()).unwrap_or_default();
    let done = async {
        let opened = opened.ok_or(CardError::Stale)?;
        let shown = opened.what.clone();
        let_in(app, opened, shown, staff_record, asker).await
    };
    noted(app, done.await, &by, trace).await
}

/// The records between which the holder of a ticket chooses, to show them again.
pub(crate) async fn choices(app: &App, visit: &str, ticket: &str) -> Result<Vec<Holder>, CardError> {
    let opened: tickets::Opened<Shown> =
        tickets::open(app, "card-choice", visit, ticket).ok_or(CardError::Stale)?;
    let now = app.clock.now();
    let mut reader = app.db.read().await?;
    let mut holders = records::holders_by_smartcard(&mut reader.tx(), &opened.what.uuid, now).await?;
    holders.retain(|holder| !holder.record.has_left(holder.employer.today(now)));
    Ok(holders)
}

async fn let_in<T: Send + Sync + 'static>(
    app: &App,
    ticket: tickets::Opened<T>,
    shown: Shown,
    staff_record: Uuid,
    asker: Asker,
) -> Result<LoggedIn, CardError> {
    let (now, app_in) = (app.clock.now(), app.clone());
    app.db
        .write(move |tx| {
            async move {
                log_in::sql::hold_lock(tx, staff_record, now).await?;
                if !ticket.spend(tx).await? {
                    return Err(CardError::Stale);
                }
                let holder = holder_of_card(tx, &shown.uuid, staff_record, now).await?;
                let provider = shown.id_token.as_ref().map(|token| {
                    let bound = staff_record.as_bytes();
                    (
                        shown.by.clone(),
                        app_in.keys.seal(Sealed::Ticket, bound, token.as_bytes(), &app_in.entropy),
                    )
                });
                let inside = log_in::is_inside(&holder, asker.client);
                let arrival = Arrival { inside, provider, proof_at: Some(shown.at), ..asker.arrival };
                note_card(tx, &app_in, &holder, &shown, asker.trace.clone(), now).await?;
                Ok(log_in::let_in(tx, &app_in, &holder, asker.client, arrival, asker.trace, now).await?)
            }
            .boxed()
        })
        .await
}

/// A record that the card stands on, whose holder has not left.
async fn holder_of_card(
    tx: &mut Tx<'_>,
    uuid: &str,
    staff_record: Uuid,
    now: Instant,
) -> Result<Holder, CardError> {
    let holder = records::holder(tx, staff_record, now).await?.ok_or(CardError::Nobody)?;
    if holder.record.smartcard_uuid.as_deref() != Some(uuid) {
        Err(CardError::Another)
    } else if holder.record.has_left(holder.employer.today(now)) {
        Err(CardError::Left)
    } else {
        Ok(holder)
    }
}

async fn confirm(
    app: &App,
    ticket: tickets::Opened<Begun>,
    shown: Shown,
    asker: Asker,
    session: Uuid,
    back: String,
) -> Result<Outcome, CardError> {
    let person = asker.person.filter(|person| person.session == session).ok_or(CardError::Stale)?;
    let (now, app_in) = (app.clock.now(), app.clone());
    app.db
        .write(move |tx| {
            async move {
                log_in::sql::hold_lock(tx, person.staff_record, now).await?;
                if !ticket.spend(tx).await? {
                    return Err(CardError::Stale);
                }
                let holder = holder_of_card(tx, &shown.uuid, person.staff_record, now).await?;
                let secret = app_in.entropy.secret();
                let proof = (ProofKind::Smartcard, shown.at);
                if !sessions::sql::prove(tx, session, &secret.hash(), proof, now).await? {
                    return Err(CardError::Stale);
                }
                note_card(tx, &app_in, &holder, &shown, asker.trace.clone(), now).await?;
                let mut entry = asker.trace.entry(&app_in, "access.confirmed", Some(&holder), now);
                entry.data = json!({ "by": ProofKind::Smartcard });
                audit::append(tx, entry).await?;
                Ok(Outcome::Confirmed { secret, back })
            }
            .boxed()
        })
        .await
}

/// Which card it was: for whoever asks later.
async fn note_card(
    tx: &mut Tx<'_>,
    app: &App,
    holder: &Holder,
    shown: &Shown,
    trace: Trace,
    now: Instant,
) -> Result<(), StoreError> {
    let actor = audit::Actor::Person { staff_record: holder.record.id, role: None };
    let mut entry = Trace { actor, ..trace }.entry(app, "access.smartcard_shown", Some(holder), now);
    entry.data = json!({ "by": shown.by, "issuer": shown.issuer, "number": shown.serial, "at": shown.at });
    audit::append(tx, entry).await
}

/// Writes a refusal on the trail.
async fn noted<T>(app: &App, done: Result<T, CardError>, by: &str, trace: Trace) -> Result<T, CardError> {
    let error = match done {
        Ok(done) => return Ok(done),
        Err(CardError::Store(error)) => return Err(error.into()),
        Err(error) => error,
    };
    metrics::counter!("staffrecord_access_smartcards_refused_total").increment(1);
    let now = app.clock.now();
    let mut entry = trace.entry(app, "access.smartcard_refused", None, now);
    entry.data = json!({ "outcome": error.as_str(), "by": by });
    let written: Result<(), StoreError> =
        app.db.write(move |tx| async move { audit::append(tx, entry).await }.boxed()).await;
    written?;
    Err(error)
}
