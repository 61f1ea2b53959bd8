use store::{Instant, Result, StoreError, Tx, later, on};
use uuid::Uuid;

use super::Outcome;
use crate::{factors::History, internet_access::Status, lock::Lock};

/// The lock of `subject`, made where there is none. Holds the row until the commit, so that of many tries at once each sees
/// what the one before left.
pub(crate) async fn hold_lock(tx: &mut Tx<'_>, subject: Uuid, now: Instant) -> Result<Lock> {
    on!(tx, c => sqlx::query_as(
        "INSERT INTO log_in_lock (subject, failures, lockings, changed_at) VALUES ($1, 0, 0, $2)
         ON CONFLICT (subject) DO UPDATE SET subject = excluded.subject
         RETURNING failures, lockings, locked_until")
        .bind(subject).bind(now).fetch_one(c).await)
}

/// Holds the locks of two subjects, in this order; the second one's is handed over.
pub(crate) async fn hold_two_locks(tx: &mut Tx<'_>, first: Uuid, second: Uuid, now: Instant) -> Result<Lock> {
    let held: Vec<HeldLock> = on!(tx, c => sqlx::query_as(
        "INSERT INTO log_in_lock (subject, failures, lockings, changed_at) VALUES ($1, 0, 0, $3), ($2, 0, 0, $3)
         ON CONFLICT (subject) DO UPDATE SET subject = excluded.subject
         RETURNING subject, failures, lockings, locked_until")
        .bind(first).bind(second).bind(now).fetch_all(c).await)?;
    let second = held.into_iter().find(|held| held.subject == second);
    second.map(|held| held.lock).ok_or_else(|| StoreError::Damaged("a lock could not be held".into()))
}

#[derive(sqlx::FromRow)]
struct HeldLock {
    subject: Uuid,
    #[sqlx(flatten)]
    lock: Lock,
}

pub(crate) async fn set_lock(tx: &mut Tx<'_>, subject: Uuid, lock: &Lock, now: Instant) -> Result<()> {
    later!(
        tx,
        "UPDATE log_in_lock SET failures = $2, lockings = $3, locked_until = $4, changed_at = $5 WHERE subject = $1",
        subject,
        lock.failures,
        lock.lockings,
        lock.locked_until,
        now,
    )
}

/// The lock of `subject` as it is.
pub(crate) async fn lock(tx: &mut Tx<'_>, subject: Uuid) -> Result<Lock> {
    let found: Option<Lock> = on!(tx, c => sqlx::query_as("SELECT failures, lockings, locked_until FROM log_in_lock WHERE subject = $1")
        .bind(subject).fetch_optional(c).await)?;
    Ok(found.unwrap_or_default())
}

/// What a try to log in is judged by, beside the lock.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Found {
    pub(crate) password_hash: Option<String>,
    pub(crate) internet_access: Option<Status>,
    pub(crate) last_log_in_at: Option<Instant>,
    pub(crate) last_log_in_device: Option<String>,
    /// This browser, if it is known to the account.
    pub(crate) known_browser: Option<Uuid>,
    browser_failures: Option<i64>,
    browser_lockings: Option<i64>,
    browser_locked_until: Option<Instant>,
    /// Failures of the network since the moment asked for.
    pub(crate) network_failures: i64,
    /// Whether a form is kept for the account.
    pub(crate) kept_form: bool,
    /// Until when this browser is remembered.
    pub(crate) remembered_until: Option<Instant>,
    /// What decides about second factors.
    #[sqlx(flatten)]
    pub(crate) history: History,
}

impl Found {
    /// The lock of this browser, if it is known to the account.
    pub(crate) fn browser_lock(&self) -> Option<Lock> {
        let (failures, lockings) = self.browser_failures.zip(self.browser_lockings)?;
        Some(Lock { failures, lockings, locked_until: self.browser_locked_until })
    }
}

/// What is known of an account, a browser and a network, in one turn to the database. Whoever holds the account's lock sees
/// it as it stays until the commit.
pub(crate) async fn found(
    tx: &mut Tx<'_>,
    subject: Uuid,
    browser: Uuid,
    (network, since): (&str, Instant),
    now: Instant,
) -> Result<Found> {
    on!(tx, c => sqlx::query_as(
        "SELECT a.password_hash, a.internet_access, a.last_log_in_at, a.last_log_in_device, k.id AS known_browser,
             k.failures AS browser_failures, k.lockings AS browser_lockings, k.locked_until AS browser_locked_until,
             (SELECT COALESCE(CAST(SUM(n.failures) AS BIGINT), 0) FROM network_failure n
              WHERE n.network = $3 AND n.began_at >= $4) AS network_failures,
             EXISTS (SELECT 1 FROM kept_form f WHERE f.staff_record_id = $1 AND f.kept_until > $5) AS kept_form,
             k.remembered_until, a.first_log_in_at, a.first_password_at, a.first_factor_at, a.enrolment_until,
             COALESCE(a.password_short, FALSE) AS password_short,
             EXISTS (SELECT 1 FROM second_factor s WHERE s.staff_record_id = $1) AS has_factor
         FROM (SELECT 1 AS one) one
         LEFT JOIN account a ON a.staff_record_id = $1
         LEFT JOIN known_browser k ON k.staff_record_id = $1 AND k.browser = $2")
        .bind(subject).bind(browser).bind(network).bind(since).bind(now).fetch_one(c).await)
}

pub(crate) async fn set_browser_lock(tx: &mut Tx<'_>, known_browser: Uuid, lock: &Lock) -> Result<()> {
    later!(
        tx,
        "UPDATE known_browser SET failures = $2, lockings = $3, locked_until = $4 WHERE id = $1",
        known_browser,
        lock.failures,
        lock.lockings,
        lock.locked_until,
    )
}

/// The browsers that an account is locked for, of those known to it: until when, and what they are.
pub(crate) async fn locked_browsers(
    tx: &mut Tx<'_>,
    staff_record: Uuid,
    now: Instant,
) -> Result<Vec<(Instant, String)>> {
    on!(tx, c => sqlx::query_as(
        "SELECT locked_until, device FROM known_browser WHERE staff_record_id = $1 AND locked_until > $2 ORDER BY locked_until DESC")
        .bind(staff_record).bind(now).fetch_all(c).await)
}

/// Lifts the locks of all browsers that are known to an account.
pub(crate) async fn unlock_browsers(tx: &mut Tx<'_>, staff_record: Uuid) -> Result<()> {
    on!(tx, c => sqlx::query(
        "UPDATE known_browser SET failures = 0, lockings = 0, locked_until = NULL
         WHERE staff_record_id = $1 AND (failures > 0 OR lockings > 0)")
        .bind(staff_record).execute(c).await.map(drop))
}

/// Makes a browser known, or a known one fresh again.
pub(crate) async fn know_browser(
    tx: &mut Tx<'_>,
    id: Uuid,
    browser: Uuid,
    staff_record: Uuid,
    device: &str,
    now: Instant,
) -> Result<()> {
    later!(
        tx,
        "INSERT INTO known_browser (id, browser, staff_record_id, device, known_at, used_at, failures, lockings)
         VALUES ($1, $2, $3, $4, $5, $5, 0, 0)
         ON CONFLICT (browser, staff_record_id) DO UPDATE SET device = excluded.device, used_at = excluded.used_at,
             failures = 0, lockings = 0, locked_until = NULL",
        id,
        browser,
        staff_record,
        device,
        now,
    )
}

/// Remembers a known browser until then, so that no second factor is asked for on it.
pub(crate) async fn remember_browser(
    tx: &mut Tx<'_>,
    browser: Uuid,
    staff_record: Uuid,
    until: Instant,
) -> Result<()> {
    later!(
        tx,
        "UPDATE known_browser SET remembered_until = $3 WHERE browser = $1 AND staff_record_id = $2",
        browser,
        staff_record,
        until,
    )
}

/// Remembers no browser of an account any more.
pub(crate) async fn forget_browsers(tx: &mut Tx<'_>, staff_record: Uuid) -> Result<()> {
    on!(tx, c => sqlx::query(
        "UPDATE known_browser SET remembered_until = NULL WHERE staff_record_id = $1 AND remembered_until IS NOT NULL")
        .bind(staff_record).execute(c).await.map(drop))
}

/// Counts failures in the piece of time that began at `began_at`.
pub(crate) async fn count_network_failures(
    tx: &mut Tx<'_>,
    network: &str,
    began_at: Instant,
    failures: i64,
) -> Result<()> {
    later!(
        tx,
        "INSERT INTO network_failure (network, began_at, failures) VALUES ($1, $2, $3)
         ON CONFLICT (network, began_at) DO UPDATE SET failures = network_failure.failures + excluded.failures",
        network,
        began_at,
        failures,
    )
}

/// One try, for the record.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct LogIn {
    pub(crate) at: Instant,
    pub(crate) outcome: Outcome,
    pub(crate) address: String,
    pub(crate) device: String,
}

pub(crate) async fn insert_log_in(
    tx: &mut Tx<'_>,
    id: Uuid,
    staff_record: Option<Uuid>,
    tried: &LogIn,
) -> Result<()> {
    later!(
        tx,
        "INSERT INTO log_in (id, staff_record_id, at, outcome, address, device) VALUES ($1, $2, $3, $4, $5, $6)",
        id,
        staff_record,
        tried.at,
        tried.outcome,
        &tried.address,
        &tried.device,
    )
}

/// The newest tries on an account.
pub(crate) async fn log_ins(tx: &mut Tx<'_>, staff_record: Uuid, most: i64) -> Result<Vec<LogIn>> {
    on!(tx, c => sqlx::query_as(
        "SELECT at, outcome, address, device FROM log_in WHERE staff_record_id = $1 ORDER BY at DESC, id DESC LIMIT $2")
        .bind(staff_record).bind(most).fetch_all(c).await)
}
