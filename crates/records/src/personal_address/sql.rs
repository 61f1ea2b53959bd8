use store::{Instant, Result, SecretHash, Tx, on};
use uuid::Uuid;

use super::{EndedBy, PersonalAddress};

/// The addresses of a staff record that have not ended: one that is confirmed, and one that waits to be, where there are.
///
/// # Errors
/// What the database says.
pub async fn open(tx: &mut Tx<'_>, staff_record: Uuid) -> Result<Vec<PersonalAddress>> {
    on!(tx, c => sqlx::query_as(
        "SELECT id, staff_record_id, address, set_at, confirmed_at, ended_at, ended_by, confirm_until
         FROM personal_address WHERE staff_record_id = $1 AND ended_at IS NULL ORDER BY set_at, id")
        .bind(staff_record).fetch_all(c).await)
}

/// The confirmed address of a staff record.
///
/// # Errors
/// What the database says.
pub async fn confirmed(tx: &mut Tx<'_>, staff_record: Uuid) -> Result<Option<PersonalAddress>> {
    on!(tx, c => sqlx::query_as(
        "SELECT id, staff_record_id, address, set_at, confirmed_at, ended_at, ended_by, confirm_until
         FROM personal_address WHERE staff_record_id = $1 AND ended_at IS NULL AND confirmed_at IS NOT NULL")
        .bind(staff_record).fetch_optional(c).await)
}

/// Whether a staff record has a confirmed address: all that anybody else may know of it.
///
/// # Errors
/// What the database says.
pub async fn has_confirmed(tx: &mut Tx<'_>, staff_record: Uuid) -> Result<bool> {
    on!(tx, c => sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM personal_address
            WHERE staff_record_id = $1 AND ended_at IS NULL AND confirmed_at IS NOT NULL)")
        .bind(staff_record).fetch_one(c).await)
}

/// How often one was set for a staff record since then.
///
/// # Errors
/// What the database says.
pub async fn set_since(tx: &mut Tx<'_>, staff_record: Uuid, since: Instant) -> Result<i64> {
    on!(tx, c => sqlx::query_scalar("SELECT COUNT(*) FROM personal_address WHERE staff_record_id = $1 AND set_at >= $2")
        .bind(staff_record).bind(since).fetch_one(c).await)
}

/// Sets an address, which waits to be confirmed. Another that waits goes; a confirmed one stays until this one is.
///
/// # Errors
/// What the database says.
pub async fn set(tx: &mut Tx<'_>, id: Uuid, staff_record: Uuid, address: &str, now: Instant) -> Result<()> {
    on!(tx, c => sqlx::query(
        "UPDATE personal_address SET ended_at = $2, ended_by = $3, address = NULL
         WHERE staff_record_id = $1 AND ended_at IS NULL AND confirmed_at IS NULL")
        .bind(staff_record).bind(now).bind(EndedBy::Replaced).execute(c).await.map(drop))?;
    on!(tx, c => sqlx::query("INSERT INTO personal_address (id, staff_record_id, address, set_at) VALUES ($1, $2, $3, $4)")
        .bind(id).bind(staff_record).bind(address).bind(now).execute(c).await.map(drop))
}

/// Confirms an address that waits to be, in the place of the one before. `false` where it has ended, or was confirmed.
///
/// # Errors
/// What the database says.
pub async fn confirm(tx: &mut Tx<'_>, address: &PersonalAddress, now: Instant) -> Result<bool> {
    on!(tx, c => sqlx::query(
        "UPDATE personal_address SET ended_at = $3, ended_by = $4, address = NULL
         WHERE staff_record_id = $1 AND id <> $2 AND ended_at IS NULL AND confirmed_at IS NOT NULL")
        .bind(address.staff_record_id).bind(address.id).bind(now).bind(EndedBy::Replaced).execute(c).await.map(drop))?;
    on!(tx, c => sqlx::query(
        "UPDATE personal_address SET confirmed_at = $2 WHERE id = $1 AND ended_at IS NULL AND confirmed_at IS NULL")
        .bind(address.id).bind(now).execute(c).await.map(|done| done.rows_affected() == 1))
}

/// Ends an address of a staff record, for good. `false` where it has none with this id that has not ended.
///
/// # Errors
/// What the database says.
pub async fn end(tx: &mut Tx<'_>, staff_record: Uuid, id: Uuid, by: EndedBy, now: Instant) -> Result<bool> {
    on!(tx, c => sqlx::query(
        "UPDATE personal_address SET ended_at = $3, ended_by = $4, address = NULL
         WHERE id = $2 AND staff_record_id = $1 AND ended_at IS NULL")
        .bind(staff_record).bind(id).bind(now).bind(by).execute(c).await.map(|done| done.rows_affected() == 1))
}

/// A link that confirms it was minted: no older one does any more. `false` where there is nothing to confirm.
///
/// # Errors
/// What the database says.
pub async fn set_confirm_link(
    tx: &mut Tx<'_>,
    id: Uuid,
    secret: &SecretHash,
    until: Instant,
) -> Result<bool> {
    on!(tx, c => sqlx::query(
        "UPDATE personal_address SET confirm_hash = $2, confirm_until = $3
         WHERE id = $1 AND ended_at IS NULL AND confirmed_at IS NULL")
        .bind(id).bind(secret).bind(until).execute(c).await.map(|done| done.rows_affected() == 1))
}

/// A link that stops it was minted: no older one does any more. `false` where there is nothing to stop.
///
/// # Errors
/// What the database says.
pub async fn set_stop_link(tx: &mut Tx<'_>, id: Uuid, secret: &SecretHash) -> Result<bool> {
    on!(tx, c => sqlx::query("UPDATE personal_address SET stop_hash = $2 WHERE id = $1 AND ended_at IS NULL")
        .bind(id).bind(secret).execute(c).await.map(|done| done.rows_affected() == 1))
}

/// The address that a link confirms, whatever has become of it.
///
/// # Errors
/// What the database says.
pub async fn by_confirm_link(tx: &mut Tx<'_>, secret: &SecretHash) -> Result<Option<PersonalAddress>> {
    on!(tx, c => sqlx::query_as(
        "SELECT id, staff_record_id, address, set_at, confirmed_at, ended_at, ended_by, confirm_until
         FROM personal_address WHERE confirm_hash = $1")
        .bind(secret).fetch_optional(c).await)
}

/// The address that a link stops, whatever has become of it.
///
/// # Errors
/// What the database says.
pub async fn by_stop_link(tx: &mut Tx<'_>, secret: &SecretHash) -> Result<Option<PersonalAddress>> {
    on!(tx, c => sqlx::query_as(
        "SELECT id, staff_record_id, address, set_at, confirmed_at, ended_at, ended_by, confirm_until
         FROM personal_address WHERE stop_hash = $1")
        .bind(secret).fetch_optional(c).await)
}

/// Removes at most `most` addresses that have ended before then, or were set before then and never confirmed; says how many.
///
/// # Errors
/// What the database says.
pub async fn sweep(tx: &mut Tx<'_>, before: Instant, most: i64) -> Result<u64> {
    on!(tx, c => sqlx::query(
        "DELETE FROM personal_address WHERE id IN (SELECT id FROM personal_address
            WHERE set_at < $1 AND (ended_at IS NOT NULL OR confirmed_at IS NULL) AND COALESCE(ended_at, set_at) < $1 LIMIT $2)")
        .bind(before).bind(most).execute(c).await.map(|done| done.rows_affected()))
}
