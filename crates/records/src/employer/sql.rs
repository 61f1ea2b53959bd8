use store::{Instant, Result, Tx, on};
use uuid::Uuid;

use super::{Employer, NewEmployer};

/// One employer.
///
/// # Errors
/// What the database says.
pub async fn employer(tx: &mut Tx<'_>, id: Uuid) -> Result<Option<Employer>> {
    on!(tx, c => sqlx::query_as("SELECT id, code, name, settings, revision, record_change FROM employer WHERE id = $1")
        .bind(id).fetch_optional(c).await)
}

/// The employer with this three-digit code.
///
/// # Errors
/// What the database says.
pub async fn employer_by_code(tx: &mut Tx<'_>, code: &str) -> Result<Option<Employer>> {
    on!(tx, c => sqlx::query_as("SELECT id, code, name, settings, revision, record_change FROM employer WHERE code = $1")
        .bind(code).fetch_optional(c).await)
}

/// Every employer, by code.
///
/// # Errors
/// What the database says.
pub async fn employers(tx: &mut Tx<'_>) -> Result<Vec<Employer>> {
    on!(tx, c => sqlx::query_as("SELECT id, code, name, settings, revision, record_change FROM employer ORDER BY code")
        .fetch_all(c).await)
}

/// A number that rises whenever an employer is added or changed: what was read under an older one is stale.
///
/// # Errors
/// What the database says.
pub async fn employers_revision(tx: &mut Tx<'_>) -> Result<i64> {
    on!(tx, c => sqlx::query_scalar("SELECT CAST(COALESCE(SUM(revision), 0) AS BIGINT) FROM employer").fetch_one(c).await)
}

pub(super) async fn add(
    tx: &mut Tx<'_>,
    id: Uuid,
    new: &NewEmployer,
    settings: &str,
    now: Instant,
) -> Result<()> {
    on!(tx, c => sqlx::query("INSERT INTO employer (id, code, name, settings, revision, record_change, change_numbered, created_at, changed_at)
         VALUES ($1, $2, $3, $4, 1, 0, 0, $5, $5)")
        .bind(id).bind(&new.code).bind(&new.name).bind(settings).bind(now).execute(c).await.map(drop))
}

/// `false` where the employer was changed since `revision` was read.
pub(super) async fn set(
    tx: &mut Tx<'_>,
    id: Uuid,
    revision: i64,
    name: &str,
    settings: &str,
    now: Instant,
) -> Result<bool> {
    on!(tx, c => sqlx::query("UPDATE employer SET name = $3, settings = $4, changed_at = $5, revision = revision + 1
         WHERE id = $1 AND revision = $2")
        .bind(id).bind(revision).bind(name).bind(settings).bind(now).execute(c).await.map(|done| done.rows_affected() == 1))
}

/// Gives the next number for a change of its staff records; on PostgreSQL others wait for this transaction.
pub(crate) async fn number_change(tx: &mut Tx<'_>, id: Uuid) -> Result<i64> {
    on!(tx, c => sqlx::query_scalar("UPDATE employer SET change_numbered = change_numbered + 1 WHERE id = $1 RETURNING change_numbered")
        .bind(id).fetch_one(c).await)
}

/// Makes `number` the newest switched change; `false` where `base` no longer is.
pub(crate) async fn switch(tx: &mut Tx<'_>, id: Uuid, base: i64, number: i64) -> Result<bool> {
    on!(tx, c => sqlx::query("UPDATE employer SET record_change = $3 WHERE id = $1 AND record_change = $2")
        .bind(id).bind(base).bind(number).execute(c).await.map(|done| done.rows_affected() == 1))
}
