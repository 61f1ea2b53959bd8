use store::{Instant, Result, SecretHash, Tx, later, on};
use uuid::Uuid;
use web::ProofKind;

use super::{EndedBy, NewSession, Session};

pub(crate) async fn begin(tx: &mut Tx<'_>, session: &NewSession, now: Instant) -> Result<()> {
    later!(
        tx,
        "INSERT INTO session (id, secret_hash, staff_record_id, began_at, seen_at, proof, proof_at, proof_failures, address, device,
             previous_at, previous_device, outstanding, provider, provider_token)
         VALUES ($1, $2, $3, $4, $4, $5, $13, 0, $6, $7, $8, $9, $10, $11, $12)",
        session.id,
        &session.secret,
        session.staff_record,
        now,
        session.proof,
        &session.address,
        &session.device,
        session.previous_at,
        &session.previous_device,
        session.outstanding,
        session.provider.as_ref().map(|(id, _)| id),
        session.provider.as_ref().map(|(_, token)| token),
        session.proof_at,
    )
}

/// The session with this secret, also one that has ended.
pub(crate) async fn by_secret(tx: &mut Tx<'_>, secret: &SecretHash) -> Result<Option<Session>> {
    on!(tx, c => sqlx::query_as(
        "SELECT id, staff_record_id, began_at, seen_at, proof, proof_at, address, device, previous_at, previous_device,
             ended_at, ended_by, outstanding,
             EXISTS (SELECT 1 FROM second_factor f WHERE f.staff_record_id = session.staff_record_id) AS has_factor
         FROM session WHERE secret_hash = $1")
        .bind(secret).fetch_optional(c).await)
}

/// The sessions of an account that have not been ended, newest first; some may be over all the same.
pub(crate) async fn open(tx: &mut Tx<'_>, staff_record: Uuid) -> Result<Vec<Session>> {
    on!(tx, c => sqlx::query_as(
        "SELECT id, staff_record_id, began_at, seen_at, proof, proof_at, address, device, previous_at, previous_device,
             ended_at, ended_by, outstanding,
             EXISTS (SELECT 1 FROM second_factor f WHERE f.staff_record_id = session.staff_record_id) AS has_factor
         FROM session WHERE staff_record_id = $1 AND ended_at IS NULL ORDER BY seen_at DESC, id DESC LIMIT 100")
        .bind(staff_record).fetch_all(c).await)
}

pub(crate) async fn touch(tx: &mut Tx<'_>, session: Uuid, now: Instant) -> Result<()> {
    later!(
        tx,
        "UPDATE session SET seen_at = $2 WHERE id = $1 AND ended_at IS NULL AND seen_at < $2",
        session,
        now,
    )
}

pub(crate) async fn end(tx: &mut Tx<'_>, session: Uuid, by: EndedBy, now: Instant) -> Result<()> {
    later!(
        tx,
        "UPDATE session SET ended_at = $2, ended_by = $3 WHERE id = $1 AND ended_at IS NULL",
        session,
        now,
        by,
    )
}

/// Whether a session has not been ended.
pub(crate) async fn is_open(tx: &mut Tx<'_>, session: Uuid) -> Result<bool> {
    let open: Option<Uuid> = on!(tx, c => sqlx::query_scalar("SELECT id FROM session WHERE id = $1 AND ended_at IS NULL")
        .bind(session).fetch_optional(c).await)?;
    Ok(open.is_some())
}

/// Ends one session of an account; `false` where it has no such open session.
pub(crate) async fn end_own(
    tx: &mut Tx<'_>,
    session: Uuid,
    staff_record: Uuid,
    now: Instant,
) -> Result<bool> {
    on!(tx, c => sqlx::query(
        "UPDATE session SET ended_at = $3, ended_by = $4 WHERE id = $1 AND staff_record_id = $2 AND ended_at IS NULL")
        .bind(session).bind(staff_record).bind(now).bind(EndedBy::Holder).execute(c).await.map(|done| done.rows_affected() == 1))
}

/// Ends all sessions of an account but `except`; says how many.
pub(crate) async fn end_all(
    tx: &mut Tx<'_>,
    staff_record: Uuid,
    except: Option<Uuid>,
    by: EndedBy,
    now: Instant,
) -> Result<u64> {
    on!(tx, c => sqlx::query(
        "UPDATE session SET ended_at = $3, ended_by = $4 WHERE staff_record_id = $1 AND id <> $2 AND ended_at IS NULL")
        .bind(staff_record).bind(except.unwrap_or_default()).bind(now).bind(by).execute(c).await.map(|done| done.rows_affected()))
}

/// A proof was given, at that time: the session goes on under a new secret.
pub(crate) async fn prove(
    tx: &mut Tx<'_>,
    session: Uuid,
    secret: &SecretHash,
    (proof, proof_at): (ProofKind, Instant),
    now: Instant,
) -> Result<bool> {
    on!(tx, c => sqlx::query(
        "UPDATE session SET secret_hash = $2, proof = $3, proof_at = $5, proof_failures = 0, seen_at = $4
         WHERE id = $1 AND ended_at IS NULL")
        .bind(session).bind(secret).bind(proof).bind(now).bind(proof_at).execute(c).await.map(|done| done.rows_affected() == 1))
}

/// The outstanding step is done: the session goes on under a new secret, and its person is in.
pub(crate) async fn complete(
    tx: &mut Tx<'_>,
    session: Uuid,
    secret: &SecretHash,
    proof: ProofKind,
    now: Instant,
) -> Result<bool> {
    on!(tx, c => sqlx::query(
        "UPDATE session SET secret_hash = $2, proof = $3, proof_at = $4, proof_failures = 0, seen_at = $4, outstanding = NULL
         WHERE id = $1 AND ended_at IS NULL")
        .bind(session).bind(secret).bind(proof).bind(now).execute(c).await.map(|done| done.rows_affected() == 1))
}

/// The identity provider that a session began with, and its sealed ID token.
pub(crate) async fn provider(tx: &mut Tx<'_>, session: Uuid) -> Result<Option<(String, Vec<u8>)>> {
    on!(tx, c => sqlx::query_as("SELECT provider, provider_token FROM session WHERE id = $1 AND provider IS NOT NULL")
        .bind(session).fetch_optional(c).await)
}

/// A wrong answer was given when asked to confirm; how many there are now in a row.
pub(crate) async fn count_proof_failure(tx: &mut Tx<'_>, session: Uuid) -> Result<i64> {
    let failures: Option<i64> = on!(tx, c => sqlx::query_scalar(
        "UPDATE session SET proof_failures = proof_failures + 1 WHERE id = $1 AND ended_at IS NULL RETURNING proof_failures")
        .bind(session).fetch_optional(c).await)?;
    Ok(failures.unwrap_or(i64::MAX))
}
