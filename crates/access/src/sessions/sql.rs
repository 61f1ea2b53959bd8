use records::HolderRow;
use store::{Instant, Result, SecretHash, Tx, later, on};
use uuid::Uuid;
use web::{Factors, ProofKind};

use super::{Completed, EndedBy, NewSession, Session, model::Asking};

pub(crate) async fn begin(tx: &mut Tx<'_>, session: &NewSession, now: Instant) -> Result<()> {
    later!(
        tx,
        "INSERT INTO session (id, secret_hash, staff_record_id, began_at, seen_at, proof, proof_at, proof_failures, address, device,
             previous_at, previous_device, outstanding, provider, provider_token, leaver)
         VALUES ($1, $2, $3, $4, $4, $5, $13, 0, $6, $7, $8, $9, $10, $11, $12, $14)",
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
        session.leaver,
    )
}

#[derive(sqlx::FromRow)]
struct AskingRow {
    #[sqlx(flatten)]
    session: Session,
    #[sqlx(flatten)]
    holder: HolderRow,
    has_passkey: bool,
    has_authenticator: bool,
}

/// The session with this secret, also one that has ended, and whose it is: one turn to the database for each page.
pub(super) async fn by_secret(tx: &mut Tx<'_>, secret: &SecretHash, now: Instant) -> Result<Option<Asking>> {
    let row: Option<AskingRow> = on!(tx, c => sqlx::query_as(records::holders!(
        "n.id, n.staff_record_id, n.began_at, n.seen_at, n.proof, n.proof_at, n.address, n.device, n.previous_at,
             n.previous_device, n.ended_at, n.ended_by, n.outstanding, n.leaver,
             EXISTS (SELECT 1 FROM second_factor f WHERE f.staff_record_id = s.id AND f.kind = 'passkey') AS has_passkey,
             EXISTS (SELECT 1 FROM second_factor f WHERE f.staff_record_id = s.id AND f.kind = 'authenticator')
                 AS has_authenticator, ",
        "session n JOIN staff s ON s.id = n.staff_record_id",
        " WHERE n.secret_hash = $1"))
        .bind(secret).bind(now).fetch_optional(c).await)?;
    let asking = row.map(|row| {
        let factors = Factors { passkey: row.has_passkey, authenticator: row.has_authenticator };
        Ok(Asking { session: row.session, holder: row.holder.try_into()?, factors })
    });
    asking.transpose()
}

/// The sessions of an account that have not been ended, newest first; some may be over all the same.
pub(crate) async fn open(tx: &mut Tx<'_>, staff_record: Uuid) -> Result<Vec<Session>> {
    on!(tx, c => sqlx::query_as(
        "SELECT id, staff_record_id, began_at, seen_at, proof, proof_at, address, device, previous_at, previous_device,
             ended_at, ended_by, outstanding, leaver
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

/// The same of a session that was seen since `seen_since`: one that was idle for longer is over, though nobody has written that down.
pub(super) async fn touch_if_seen_since(
    tx: &mut Tx<'_>,
    session: Uuid,
    seen_since: Instant,
    now: Instant,
) -> Result<()> {
    later!(
        tx,
        "UPDATE session SET seen_at = $2 WHERE id = $1 AND ended_at IS NULL AND seen_at < $2 AND seen_at > $3",
        session,
        now,
        seen_since,
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

/// The outstanding step is done on `browser`: the session goes on under a new secret, and its person is in. `None` where it has ended.
pub(crate) async fn complete(
    tx: &mut Tx<'_>,
    session: Uuid,
    secret: &SecretHash,
    proof: ProofKind,
    browser: Option<Uuid>,
    now: Instant,
) -> Result<Option<Completed>> {
    on!(tx, c => sqlx::query_as(
        "UPDATE session SET secret_hash = $2, proof = $3, proof_at = $4, proof_failures = 0, seen_at = $4, outstanding = NULL
         WHERE id = $1 AND ended_at IS NULL
         RETURNING EXISTS (SELECT 1 FROM known_browser k
                 WHERE k.staff_record_id = session.staff_record_id AND k.browser = $5) AS known_browser,
             EXISTS (SELECT 1 FROM kept_form f WHERE f.staff_record_id = session.staff_record_id AND f.kept_until > $4) AS kept_form")
        .bind(session).bind(secret).bind(proof).bind(now).bind(browser).fetch_optional(c).await)
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
