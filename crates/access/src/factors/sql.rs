use store::{Instant, Result, Tx, later, on};
use uuid::Uuid;

use super::{Factor, FactorKind};

/// The factors of an account, oldest first.
pub(crate) async fn factors(tx: &mut Tx<'_>, staff_record: Uuid) -> Result<Vec<Factor>> {
    on!(tx, c => sqlx::query_as(
        "SELECT id, kind, name, created_at, last_used_at FROM second_factor WHERE staff_record_id = $1 ORDER BY created_at, id")
        .bind(staff_record).fetch_all(c).await)
}

/// A factor with what it is checked by.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Keyed {
    pub(super) id: Uuid,
    pub(super) credential: Option<Vec<u8>>,
    pub(super) secret: Vec<u8>,
    pub(super) last_step: Option<i64>,
}

pub(super) async fn keyed(tx: &mut Tx<'_>, staff_record: Uuid, kind: FactorKind) -> Result<Vec<Keyed>> {
    on!(tx, c => sqlx::query_as(
        "SELECT id, credential, secret, last_step FROM second_factor WHERE staff_record_id = $1 AND kind = $2
         ORDER BY created_at, id")
        .bind(staff_record).bind(kind).fetch_all(c).await)
}

pub(super) struct NewFactor {
    pub(super) id: Uuid,
    pub(super) kind: FactorKind,
    pub(super) name: String,
    pub(super) credential: Option<Vec<u8>>,
    pub(super) secret: Vec<u8>,
    pub(super) last_step: Option<i64>,
}

/// `false` where a passkey is somebody's already.
pub(super) async fn insert(
    tx: &mut Tx<'_>,
    staff_record: Uuid,
    new: &NewFactor,
    now: Instant,
) -> Result<bool> {
    on!(tx, c => sqlx::query(
        "INSERT INTO second_factor (id, staff_record_id, kind, name, created_at, credential, secret, last_step)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (credential) DO NOTHING")
        .bind(new.id).bind(staff_record).bind(new.kind).bind(&new.name).bind(now).bind(&new.credential).bind(&new.secret)
        .bind(new.last_step).execute(c).await.map(|done| done.rows_affected() == 1))
}

/// An authenticator's code was used. Whoever holds the lock of the account's codes has read that neither it nor a later one was.
pub(super) async fn use_step(tx: &mut Tx<'_>, factor: Uuid, step: i64, now: Instant) -> Result<()> {
    later!(tx, "UPDATE second_factor SET last_step = $2, last_used_at = $3 WHERE id = $1", factor, step, now,)
}

/// A passkey was used; `false` where it was used or removed in the meantime, so that its counter is another now.
pub(super) async fn use_passkey(
    tx: &mut Tx<'_>,
    factor: Uuid,
    (before, after): (&[u8], &[u8]),
    now: Instant,
) -> Result<bool> {
    on!(tx, c => sqlx::query("UPDATE second_factor SET secret = $3, last_used_at = $4 WHERE id = $1 AND secret = $2")
        .bind(factor).bind(before).bind(after).bind(now).execute(c).await.map(|done| done.rows_affected() == 1))
}

pub(super) async fn remove(
    tx: &mut Tx<'_>,
    staff_record: Uuid,
    factor: Uuid,
) -> Result<Option<(FactorKind, String)>> {
    on!(tx, c => sqlx::query_as("DELETE FROM second_factor WHERE id = $1 AND staff_record_id = $2 RETURNING kind, name")
        .bind(factor).bind(staff_record).fetch_optional(c).await)
}

pub(crate) async fn remove_all(tx: &mut Tx<'_>, staff_record: Uuid) -> Result<u64> {
    on!(tx, c => sqlx::query("DELETE FROM second_factor WHERE staff_record_id = $1")
        .bind(staff_record).execute(c).await.map(|done| done.rows_affected()))
}

pub(super) async fn insert_code(
    tx: &mut Tx<'_>,
    staff_record: Uuid,
    hash: &[u8],
    now: Instant,
) -> Result<()> {
    on!(tx, c => sqlx::query("INSERT INTO recovery_code (hash, staff_record_id, made_at) VALUES ($1, $2, $3)")
        .bind(hash).bind(staff_record).bind(now).execute(c).await.map(drop))
}

pub(crate) async fn remove_codes(tx: &mut Tx<'_>, staff_record: Uuid) -> Result<()> {
    on!(tx, c => sqlx::query("DELETE FROM recovery_code WHERE staff_record_id = $1").bind(staff_record).execute(c).await.map(drop))
}

/// `false` where it is none of the account's, or was used before.
pub(super) async fn use_code(tx: &mut Tx<'_>, staff_record: Uuid, hash: &[u8], now: Instant) -> Result<bool> {
    on!(tx, c => sqlx::query("UPDATE recovery_code SET used_at = $3 WHERE hash = $1 AND staff_record_id = $2 AND used_at IS NULL")
        .bind(hash).bind(staff_record).bind(now).execute(c).await.map(|done| done.rows_affected() == 1))
}

/// Recovery codes that have not been used.
pub(crate) async fn codes_left(tx: &mut Tx<'_>, staff_record: Uuid) -> Result<i64> {
    on!(tx, c => sqlx::query_scalar("SELECT COUNT(*) FROM recovery_code WHERE staff_record_id = $1 AND used_at IS NULL")
        .bind(staff_record).fetch_one(c).await)
}
