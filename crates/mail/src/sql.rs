use store::{Instant, Result, Tx, later, on};
use uuid::Uuid;

use crate::{NewMail, Outgoing, Queue, State, Status, model::Mark};

/// A mail that a postman has taken.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    pub(crate) mail: Outgoing,
    /// The postman's proof that the mail is still its own.
    pub(crate) lease: Uuid,
}

/// Queues a mail in the transaction of what it tells. One whose key is there already is ignored.
///
/// # Errors
/// What the database says.
pub async fn enqueue(tx: &mut Tx<'_>, mail: NewMail, now: Instant) -> Result<()> {
    later!(
        tx,
        "INSERT INTO outbox (id, key, to_address, to_folded, about, kind, data, queued_at, state, attempts, next_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $8) ON CONFLICT (key) DO NOTHING",
        mail.id,
        &mail.key,
        &mail.to,
        mail.to.to_lowercase(),
        mail.about,
        mail.kind,
        mail.data.to_string(),
        now,
        State::Waiting,
    )
}

/// The newest mails about a staff record, at most `limit`.
///
/// # Errors
/// What the database says.
pub async fn about(tx: &mut Tx<'_>, staff_record: Uuid, limit: i64) -> Result<Vec<Status>> {
    on!(tx, c => sqlx::query_as(
        "SELECT id, kind, to_address, queued_at, state, attempts, next_at, sent_at, answer FROM outbox
         WHERE about = $1 ORDER BY queued_at DESC, id DESC LIMIT $2")
        .bind(staff_record).bind(limit).fetch_all(c).await)
}

/// How one mail is doing.
///
/// # Errors
/// What the database says.
pub async fn status(tx: &mut Tx<'_>, id: Uuid) -> Result<Option<Status>> {
    on!(tx, c => sqlx::query_as(
        "SELECT id, kind, to_address, queued_at, state, attempts, next_at, sent_at, answer FROM outbox WHERE id = $1")
        .bind(id).fetch_optional(c).await)
}

/// How many mails of these kinds were queued to an address since `since`, whatever became of them; the case of the address
/// does not matter.
///
/// # Errors
/// What the database says.
pub async fn sent_to(tx: &mut Tx<'_>, address: &str, kinds: &[&str], since: Instant) -> Result<i64> {
    let by_kind: Vec<(String, i64)> = on!(tx, c => sqlx::query_as(
        "SELECT kind, COUNT(*) FROM outbox WHERE to_folded = $1 AND queued_at >= $2 GROUP BY kind")
        .bind(address.to_lowercase()).bind(since).fetch_all(c).await)?;
    Ok(by_kind.iter().filter(|(kind, _)| kinds.contains(&kind.as_str())).map(|(_, count)| count).sum())
}

/// How the outbox is doing.
///
/// # Errors
/// What the database says.
pub async fn queue(tx: &mut Tx<'_>) -> Result<Queue> {
    on!(tx, c => sqlx::query_as(
        "SELECT COUNT(*) AS waiting, MIN(queued_at) AS oldest,
            (SELECT answer FROM outbox WHERE state = 'waiting' ORDER BY queued_at, id LIMIT 1) AS answer
         FROM outbox WHERE state = 'waiting'")
        .fetch_one(c).await)
}

/// Deletes mails that have ended and were queued before `before`, at most `limit`; says how many.
///
/// # Errors
/// What the database says.
pub async fn forget(tx: &mut Tx<'_>, before: Instant, limit: i64) -> Result<u64> {
    on!(tx, c => sqlx::query(
        "DELETE FROM outbox WHERE id IN (
            SELECT id FROM outbox WHERE state <> 'waiting' AND queued_at < $1 ORDER BY queued_at LIMIT $2)")
        .bind(before).bind(limit).execute(c).await.map(|done| done.rows_affected()))
}

pub(crate) async fn any_due(tx: &mut Tx<'_>, now: Instant) -> Result<bool> {
    let found: Option<Uuid> = on!(tx, c => sqlx::query_scalar(
        "SELECT id FROM outbox WHERE state = 'waiting' AND next_at <= $1 AND (leased_until IS NULL OR leased_until < $1)
         LIMIT 1")
        .bind(now).fetch_optional(c).await)?;
    Ok(found.is_some())
}

type TakenRow = (Uuid, String, Option<Uuid>, String, String, i64, Instant);

/// Takes at most `limit` mails that are due. Of two postmen that choose the same mail on PostgreSQL, the second waits for the
/// first's commit, sees the lease as the outer condition is looked at once more, and leaves it.
pub(crate) async fn take(
    tx: &mut Tx<'_>,
    lease: Uuid,
    until: Instant,
    now: Instant,
    limit: i64,
) -> Result<Vec<Taken>> {
    let rows: Vec<TakenRow> = on!(tx, c => sqlx::query_as(
        "UPDATE outbox SET lease = $1, leased_until = $2, attempts = attempts + 1
         WHERE state = 'waiting' AND (leased_until IS NULL OR leased_until < $3) AND id IN (
            SELECT id FROM outbox WHERE state = 'waiting' AND next_at <= $3 AND (leased_until IS NULL OR leased_until < $3)
            ORDER BY next_at, id LIMIT $4)
         RETURNING id, to_address, about, kind, data, attempts, queued_at")
        .bind(lease).bind(until).bind(now).bind(limit).fetch_all(c).await)?;
    let taken = rows.into_iter().map(|(id, to, about, kind, data, attempt, queued_at)| {
        // Damaged data is for the composer to refuse; failing here would hold up the rest.
        let data = serde_json::from_str(&data).unwrap_or_default();
        Taken { mail: Outgoing { id, to, about, kind, data, attempt, queued_at }, lease }
    });
    Ok(taken.collect())
}

pub(crate) async fn any_ended(tx: &mut Tx<'_>, before: Instant) -> Result<bool> {
    let found: Option<Uuid> = on!(tx, c => sqlx::query_scalar(
        "SELECT id FROM outbox WHERE state <> 'waiting' AND queued_at < $1 LIMIT 1")
        .bind(before).fetch_optional(c).await)?;
    Ok(found.is_some())
}

/// Notes what came of a try; `false` where the lease is no longer the postman's.
pub(crate) async fn mark(tx: &mut Tx<'_>, id: Uuid, lease: Uuid, mark: Mark) -> Result<bool> {
    let marked = on!(tx, c => sqlx::query(
        "UPDATE outbox SET state = $3, attempts = $4, next_at = $5, sent_at = $6, message_id = $7, answer = $8,
            lease = NULL, leased_until = NULL
         WHERE id = $1 AND lease = $2")
        .bind(id).bind(lease).bind(mark.state).bind(mark.attempts).bind(mark.next_at).bind(mark.sent_at)
        .bind(&mark.message_id).bind(&mark.answer)
        .execute(c).await.map(|done| done.rows_affected()))?;
    Ok(marked == 1)
}
