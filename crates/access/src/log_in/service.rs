use futures::FutureExt;
use records::{Holder, Policies, Username};
use serde_json::json;
use sha2::{Digest, Sha256};
use store::{Instant, Secret, StoreError, Tx};
use uuid::Uuid;
use web::{Client, Password, ProofKind};

use super::{
    Outcome,
    model::{Facts, decide},
    sql::{self, LogIn},
};
use crate::{
    App,
    account::{self, Account},
    app::Trace,
    hasher::HashError,
    internet_access::Status,
    lock::{Lock, LockPolicy},
    mails, sessions,
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
}

/// Somebody is in.
#[derive(Clone, Debug)]
pub struct LoggedIn {
    /// Who.
    pub staff_record: Uuid,
    /// Their session's secret, for the cookie.
    pub secret: Secret,
    /// The browser, for its cookie.
    pub browser: Uuid,
}

/// The password was right, but log-in from outside is not approved: the page says how to get it.
#[derive(Clone, Debug)]
pub struct NotFromHere {
    /// How it stands.
    pub status: Status,
    /// The username that was typed.
    pub username: Username,
    /// Whose it is.
    pub holder: Holder,
}

/// Why nobody was let in.
#[derive(Debug, thiserror::Error)]
pub enum LogInError {
    /// Unknown, wrong, left or locked: the same to whoever asks.
    #[error("not let in")]
    Wrong,
    /// Right, but not from here.
    #[error("not from outside")]
    NotFromHere(Box<NotFromHere>),
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
    let now = app.clock.now();
    let username =
        Username::parse(&attempt.username).or_else(|| Username::parse(NOBODY)).ok_or(LogInError::Wrong)?;
    let mut reader = app.db.read().await?;
    let holder = records::find_by_username(&mut reader.tx(), &username, now).await?;
    if holder.is_none() {
        app.read_in_vain();
    }
    let subject = holder.as_ref().map_or_else(|| nobody(&attempt.username), |holder| holder.record.id);
    let account = account::sql::account(&mut reader.tx(), subject).await?;
    drop(reader);
    let hash = account.and_then(|account| account.password_hash);
    let right = app.hasher.verify(&attempt.password, hash.clone()).await?;

    // While it waited to be hashed, time has passed and the account may have changed: it is judged as it is now.
    let now = app.clock.now();
    let password = attempt.password.clone();
    let (app_in, verified) = (app.clone(), hash.clone().filter(|_| right));
    let done: Result<LoggedIn, LogInError> = app
        .db
        .write(move |tx| {
            async move {
                let judged = judge(tx, &app_in, holder, subject, verified, &attempt, now).await?;
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

struct Judged {
    outcome: Outcome,
    subject: Uuid,
    holder: Option<Holder>,
    lock: Lock,
    known_browser: Option<sql::KnownBrowser>,
    policy: LockPolicy,
    inside: bool,
    status: Status,
    account: Option<Account>,
}

/// Gathers the facts and decides. `verified` is the hash that the password was held against and found right.
async fn judge(
    tx: &mut Tx<'_>,
    app: &App,
    holder: Option<Holder>,
    subject: Uuid,
    verified: Option<String>,
    attempt: &Attempt,
    now: Instant,
) -> Result<Judged, StoreError> {
    let lock = sql::hold_lock(tx, subject, now).await?;
    let account = account::sql::account(tx, subject).await?;
    let right =
        verified.is_some() && account.as_ref().is_some_and(|account| account.password_hash == verified);
    let known_browser =
        sql::hold_known_browser(tx, attempt.browser.unwrap_or_default(), subject, now).await?;
    let network = attempt.client.network();
    let since = piece(now).plus_minutes(-2 * NETWORK_PIECE_MINUTES);
    let failures = sql::network_failures(tx, &network, since).await?;
    let status = account.as_ref().map_or(Status::NotRequested, |account| account.internet_access);
    let inside = holder.as_ref().is_some_and(|holder| is_inside(holder, attempt.client));
    let outcome = decide(
        &Facts {
            known_name: holder.is_some(),
            right,
            left: holder.as_ref().is_some_and(|holder| holder.record.has_left(holder.employer.today(now))),
            inside,
            internet_access: status,
            account: lock.clone(),
            browser: known_browser.as_ref().map(|known| known.lock.clone()),
            network_over_limit: failures >= app.settings.network_failures,
        },
        now,
    );
    let policies =
        holder.as_ref().map_or_else(Policies::default, |holder| holder.employer.settings.policies.clone());
    let policy = LockPolicy::from(&policies);
    Ok(Judged { outcome, subject, holder, lock, known_browser, policy, inside, status, account })
}

/// Writes down what became of the try. An inner error is an answer too: it is committed with its consequences.
async fn record(
    tx: &mut Tx<'_>,
    app: &App,
    judged: Judged,
    username: Username,
    attempt: Attempt,
    now: Instant,
) -> Result<Result<LoggedIn, LogInError>, LogInError> {
    let Judged { outcome, subject, holder, lock, known_browser, policy, inside, status, account } = judged;
    metrics::counter!("staffrecord_access_log_ins_total", "outcome" => outcome.as_str()).increment(1);
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
            Trace { actor: audit::Actor::Person { staff_record, role: None }, ..attempt.trace }
        }
        _ => attempt.trace,
    };
    let event = if outcome == Outcome::LoggedIn { "access.logged_in" } else { "access.log_in_refused" };
    let mut entry = trace.entry(app, event, holder.as_ref(), now);
    entry.data = json!({ "outcome": outcome, "device": tried.device });
    audit::append(tx, entry).await?;
    if outcome.is_failure() {
        // A limit on the network says nothing about the account, and must not feed itself; its statements are the same.
        let counts = outcome != Outcome::NetworkLimit;
        if let Some(known) = &known_browser {
            let after = known.lock.after_failure(policy.of_known_browser(), now);
            sql::set_browser_lock(tx, known.id, &after).await?;
        } else {
            let after = if counts { lock.after_failure(policy, now) } else { lock };
            sql::set_lock(tx, subject, &after).await?;
        }
        sql::count_network_failures(tx, &attempt.client.network(), piece(now), counts.into()).await?;
        return Ok(Err(LogInError::Wrong));
    }
    let Some(holder) = holder else { return Ok(Err(LogInError::Wrong)) };
    // A known browser's success says nothing about the strangers who guess elsewhere.
    if known_browser.is_none() {
        sql::set_lock(tx, subject, &Lock::default()).await?;
    }
    if outcome == Outcome::NotFromHere {
        return Ok(Err(LogInError::NotFromHere(Box::new(NotFromHere { status, username, holder }))));
    }
    let browser = attempt.browser.unwrap_or_else(|| app.entropy.id(now));
    make_known(tx, app, browser, subject, &attempt.device, now).await?;
    account::sql::set_last_log_in(tx, subject, &attempt.device, now).await?;
    if let Some(old) = attempt.replaces {
        sessions::sql::end(tx, old, sessions::EndedBy::Replaced, now).await?;
    }
    let secret = app.entropy.secret();
    let begun = sessions::NewSession {
        id: app.entropy.id(now),
        staff_record: subject,
        secret: secret.hash(),
        proof: ProofKind::Password,
        address: tried.address,
        device: tried.device.clone(),
        previous_at: account.as_ref().and_then(|account| account.last_log_in_at),
        previous_device: account.and_then(|account| account.last_log_in_device),
    };
    sessions::sql::begin(tx, &begun, now).await?;
    if !inside && known_browser.is_none() {
        let data = json!({ "at": now, "device": tried.device });
        mails::tell(tx, app, &holder, mails::NEW_DEVICE, data, now).await?;
    }
    Ok(Ok(LoggedIn { staff_record: subject, secret, browser }))
}

/// Whether somebody is in their employer's networks. A proxy that does not say for whom it asks is nowhere.
pub(crate) fn is_inside(holder: &Holder, client: Client) -> bool {
    !client.hidden && holder.employer.inside(client.address)
}

/// Makes a browser known to an account: whoever has proved themselves on it once keeps an allowance of their own.
pub(crate) async fn make_known(
    tx: &mut Tx<'_>,
    app: &App,
    browser: Uuid,
    staff_record: Uuid,
    device: &str,
    now: Instant,
) -> Result<(), StoreError> {
    sql::know_browser(tx, app.entropy.id(now), browser, staff_record, device, now).await
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

fn made_of(kind: &str, text: &str) -> Uuid {
    let digest = Sha256::new().chain_update(kind).chain_update(text).finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// Holds an email address until the commit, by a lock row of its own.
pub(crate) async fn hold_address(tx: &mut Tx<'_>, email: &str, now: Instant) -> Result<(), StoreError> {
    sql::hold_lock(tx, made_of("address:", &email.to_lowercase()), now).await.map(drop)
}
