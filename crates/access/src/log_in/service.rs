use futures::{FutureExt, future::BoxFuture};
use records::{Holder, Policies, Username};
use serde_json::json;
use sha2::{Digest, Sha256};
use store::{Instant, StoreError, Tx};
use uuid::Uuid;
use web::{Client, Password, ProofKind};

use super::{
    Arrival, LoggedIn, Outcome,
    arrival::arrive,
    model::{Facts, decide},
    sql::{self, LogIn},
};
use crate::{
    App, Door, account,
    app::Trace,
    factors::{Entry, Need},
    hasher::HashError,
    internet_access::Status,
    lock::{Lock, LockPolicy},
    sessions::Step,
};

/// Failures of a network are counted in pieces of so many minutes, and looked at for three of them.
const NETWORK_PIECE_MINUTES: i64 = 5;
/// Of a username that is none, the same statements ask for this one. Numbers are allotted from 01, so nobody has it.
const NOBODY: &str = "000X00";

/// A try to log in.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// As it was typed.
    pub username: String,
    /// As it was typed.
    pub password: Password,
    /// The browser, by its signed cookie.
    pub browser: Option<Uuid>,
    /// From where.
    pub client: Client,
    /// On what, in words.
    pub device: String,
    /// For the trail.
    pub trace: Trace,
    /// A session of this browser that ends when somebody logs in anew.
    pub replaces: Option<Uuid>,
    /// By which door.
    pub door: Door,
}

/// The password was right, but log-in from outside is not approved: the page says how to get it.
#[derive(Clone, Debug)]
pub struct NotFromHere {
    /// How it stands.
    pub status: Status,
    /// The username that was typed.
    pub username: Username,
    /// Whose it is.
    pub holder: Box<Holder>,
}

/// Why nobody was let in.
#[derive(Debug, thiserror::Error)]
pub enum LogInError {
    /// Unknown, wrong, left or locked: the same to whoever asks.
    #[error("not let in")]
    Wrong,
    /// Right, but not from here.
    #[error("not from outside")]
    NotFromHere(NotFromHere),
    /// Right, but more than a password is needed, which this account does not have and cannot set up from here.
    #[error("no second factor")]
    NoFactor(Box<Holder>),
    /// Too many wait to be let in.
    #[error("too many wait")]
    Busy,
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<HashError> for LogInError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::Busy,
            HashError::Failed => Self::Store(StoreError::Gone),
        }
    }
}

/// Lets somebody in by username and password, or does not.
///
/// Every refusal runs the same statements and one password hash, whatever its reason.
///
/// # Errors
/// See [`LogInError`].
pub async fn log_in(app: &App, attempt: Attempt) -> Result<LoggedIn, LogInError> {
    let attempt = Box::new(attempt);
    let tried = look_up(app, &attempt).await?;
    let right = app.hasher.verify(&attempt.password, tried.hash.clone()).await?;
    conclude(app, tried, right, attempt).await
}

/// Whose password it is held against.
struct Tried {
    username: Username,
    subject: Subject,
    hash: Option<String>,
}

/// Whose account it is, or what stands for one that nobody has.
#[derive(Clone, Copy)]
struct Subject {
    id: Uuid,
    exists: bool,
}

// Many may wait for the hash, so what comes before and after it has memory of its own, and only while it lasts. Never inlined, or the
// optimiser puts all of it into the one that waits: 15 KiB each.
#[inline(never)]
fn look_up<'a>(app: &'a App, attempt: &'a Attempt) -> BoxFuture<'a, Result<Tried, LogInError>> {
    async move {
        let now = app.clock.now();
        let username = Username::parse(&attempt.username)
            .or_else(|| Username::parse(NOBODY))
            .ok_or(LogInError::Wrong)?;
        let mut reader = app.db.read().await?;
        let found = records::whose_username(&mut reader.tx(), &username, now).await?;
        let id = found.unwrap_or_else(|| nobody(&attempt.username));
        let subject = Subject { id, exists: found.is_some() };
        let hash = account::sql::password_hash(&mut reader.tx(), id).await?;
        Ok(Tried { username, subject, hash })
    }
    .boxed()
}

/// While it waited to be hashed, time has passed and the account may have changed: it is judged as it is now.
#[inline(never)]
fn conclude(
    app: &App,
    tried: Tried,
    right: bool,
    attempt: Box<Attempt>,
) -> BoxFuture<'_, Result<LoggedIn, LogInError>> {
    async move {
        let Tried { username, subject, hash } = tried;
        let now = app.clock.now();
        let password = attempt.password.clone();
        let (app_in, verified) = (app.clone(), hash.clone().filter(|_| right));
        let done: Result<LoggedIn, LogInError> = app
            .db
            .write(move |tx| {
                async move {
                    let judged = judge(tx, &app_in, subject, verified, &attempt, now).await?;
                    record(tx, &app_in, judged, username, attempt, now).await
                }
                .boxed()
            })
            .await?;
        let logged_in = done?;
        if let Some(old) = hash.filter(|hash| app.hasher.is_outdated(hash)) {
            rehash(app, logged_in.staff_record, old, &password).await?;
        }
        Ok(logged_in)
    }
    .boxed()
}

struct Judged {
    outcome: Outcome,
    step: Option<Step>,
    subject: Uuid,
    holder: Option<Box<Holder>>,
    lock: Lock,
    found: sql::Found,
    policy: LockPolicy,
    inside: bool,
    status: Status,
}

/// Gathers the facts and decides. `verified` is the hash that the password was held against and found right.
async fn judge(
    tx: &mut Tx<'_>,
    app: &App,
    Subject { id: subject, exists }: Subject,
    verified: Option<String>,
    attempt: &Attempt,
    now: Instant,
) -> Result<Judged, StoreError> {
    let lock = sql::hold_lock(tx, subject, now).await?;
    // Where there is none, another's is read, and forgotten: it takes as long.
    let read = if exists { subject } else { app.any_record().unwrap_or(subject) };
    let holder = records::holder(tx, read, now).await?.map(Box::new).filter(|_| exists);
    let network = attempt.client.network();
    let since = piece(now).plus_minutes(-2 * NETWORK_PIECE_MINUTES);
    let browser = attempt.browser.unwrap_or_default();
    let found = sql::found(tx, subject, browser, (&network, since), now).await?;
    let right = verified.is_some() && found.password_hash == verified;
    let status = found.internet_access.unwrap_or(Status::NotRequested);
    let inside = holder.as_ref().is_some_and(|holder| is_inside(holder, attempt.client));
    let personal_address = match attempt.door {
        Door::Staff => None,
        Door::Leavers => records::personal_address::confirmed(tx, subject).await?,
    };
    let personal_address =
        personal_address.zip(holder.as_deref()).is_some_and(|(address, holder)| address.works(holder, now));
    let mut outcome = decide(
        &Facts {
            known_name: holder.is_some(),
            right,
            left: holder.as_ref().is_some_and(|holder| holder.record.has_left(holder.employer.today(now))),
            inside,
            internet_access: status,
            account: lock.clone(),
            browser: found.browser_lock(),
            network_over_limit: found.network_failures >= app.settings.network_failures,
            door: attempt.door,
            personal_address,
            has_factor: found.history.has_factor,
        },
        now,
    );
    let policies =
        holder.as_ref().map_or_else(Policies::default, |holder| holder.employer.settings.policies.clone());
    // Leavers always give it.
    let mut step = (outcome == Outcome::SecondFactor).then_some(Step::SecondFactor);
    if outcome == Outcome::LoggedIn {
        let entry = Entry {
            policies: &policies,
            has_role: holder.as_ref().is_some_and(|holder| holder.has_role()),
            inside,
            remembered_until: found.remembered_until,
            history: found.history,
        };
        (outcome, step) = match entry.need(now) {
            Need::Nothing => (Outcome::LoggedIn, None),
            Need::Give => (Outcome::SecondFactor, Some(Step::SecondFactor)),
            Need::SetUp { .. } => (Outcome::SetUp, Some(Step::SetUp)),
            Need::Shut => (Outcome::NoFactor, None),
        };
    }
    let policy = LockPolicy::from(&policies);
    Ok(Judged { outcome, step, subject, holder, lock, found, policy, inside, status })
}

/// Writes down what became of the try. An inner error is an answer too: it is committed with its consequences.
async fn record(
    tx: &mut Tx<'_>,
    app: &App,
    judged: Judged,
    username: Username,
    attempt: Box<Attempt>,
    now: Instant,
) -> Result<Result<LoggedIn, LogInError>, LogInError> {
    let Judged { outcome, step, subject, holder, lock, found, policy, inside, status } = judged;
    count(outcome, attempt.door);
    let staff_record = holder.as_ref().map(|holder| holder.record.id);
    let tried = LogIn {
        at: now,
        outcome,
        address: attempt.client.address.to_string(),
        device: attempt.device.clone(),
    };
    sql::insert_log_in(tx, app.entropy.id(now), staff_record, &tried).await?;
    let trace = match (outcome.is_failure(), staff_record) {
        (false, Some(staff_record)) => {
            Trace { actor: audit::Actor::Person { staff_record, role: None }, ..attempt.trace.clone() }
        }
        _ => attempt.trace.clone(),
    };
    let event = match outcome {
        Outcome::LoggedIn => "access.logged_in",
        Outcome::SecondFactor | Outcome::SetUp => "access.password_given",
        _ => "access.log_in_refused",
    };
    let mut entry = trace.entry(app, event, holder.as_deref(), now);
    entry.data = json!({ "outcome": outcome, "device": tried.device, "door": attempt.door });
    audit::append(tx, entry).await?;
    if outcome.is_failure() {
        // A limit on the network says nothing about the account, and must not feed itself; its statements are the same.
        let counts = outcome != Outcome::NetworkLimit;
        if let Some((known, lock)) = found.known_browser.zip(found.browser_lock()) {
            let after = lock.after_failure(policy.of_known_browser(), now);
            sql::set_browser_lock(tx, known, &after).await?;
        } else {
            let after = if counts { lock.after_failure(policy, now) } else { lock };
            sql::set_lock(tx, subject, &after, now).await?;
        }
        sql::count_network_failures(tx, &attempt.client.network(), piece(now), counts.into()).await?;
        return Ok(Err(LogInError::Wrong));
    }
    let Some(holder) = holder else { return Ok(Err(LogInError::Wrong)) };
    // A known browser's success says nothing about the strangers who guess elsewhere.
    if found.known_browser.is_none() && lock != Lock::default() {
        sql::set_lock(tx, subject, &Lock::default(), now).await?;
    }
    match outcome {
        Outcome::NotFromHere => {
            return Ok(Err(LogInError::NotFromHere(NotFromHere { status, username, holder })));
        }
        Outcome::NoFactor => return Ok(Err(LogInError::NoFactor(holder))),
        _ => {}
    }
    let arrival = Arrival {
        browser: attempt.browser,
        address: tried.address,
        device: tried.device,
        replaces: attempt.replaces,
        proof: ProofKind::Password,
        proof_at: None,
        step,
        inside,
        provider: None,
        leaver: attempt.door == Door::Leavers,
    };
    Ok(Ok(arrive(tx, app, &holder, found, arrival, now).await?))
}

pub(super) fn count(outcome: Outcome, door: Door) {
    metrics::counter!("staffrecord_access_log_ins_total", "outcome" => outcome.as_str(), "door" => door.as_str())
        .increment(1);
}

/// Whether somebody is in their employer's networks. A proxy that does not say for whom it asks is nowhere.
pub(crate) fn is_inside(holder: &Holder, client: Client) -> bool {
    !client.hidden && holder.employer.inside(client.address)
}

async fn rehash(app: &App, staff_record: Uuid, old: String, password: &Password) -> Result<(), LogInError> {
    // Whoever is in stays in where the queue is full: the next log-in does it.
    let Ok(new) = app.hasher.hash(password).await else { return Ok(()) };
    app.db
        .write(move |tx| async move { Ok(account::sql::rehash(tx, staff_record, &old, &new).await?) }.boxed())
        .await
}

/// The piece of time that `now` lies in.
fn piece(now: Instant) -> Instant {
    let length = NETWORK_PIECE_MINUTES * 60 * 1_000_000;
    Instant::from_microseconds(now.microseconds().div_euclid(length) * length)
}

/// A number for a username that nobody has, always the same one: its failures are counted and locked like everybody's.
fn nobody(typed: &str) -> Uuid {
    let plain: String =
        typed.chars().filter(|c| !c.is_whitespace()).take(100).collect::<String>().to_uppercase();
    made_of("nobody:", &plain)
}

/// A number for a lock that is no account's.
pub(crate) fn made_of(kind: &str, text: &str) -> Uuid {
    let digest = Sha256::new().chain_update(kind).chain_update(text).finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// Holds an email address until the commit, by a lock row of its own.
pub(crate) async fn hold_address(tx: &mut Tx<'_>, email: &str, now: Instant) -> Result<(), StoreError> {
    sql::hold_lock(tx, made_of("address:", &email.to_lowercase()), now).await.map(drop)
}
