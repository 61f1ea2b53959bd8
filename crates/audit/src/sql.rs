use sqlx::{ColumnIndex, Decode, FromRow, QueryBuilder, Row, Type};
use store::{Instant, Result, Tx, later, on};
use uuid::Uuid;

use crate::model::{Entry, Hash, Head, Seal};

pub(crate) async fn insert(tx: &mut Tx<'_>, entry: &Entry) -> Result<()> {
    later!(
        tx,
        "INSERT INTO audit_entry (id, at, actor, actor_staff_record, actor_role, about, employer, event, reason, data, address, request)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        entry.id,
        entry.at,
        &entry.actor,
        entry.actor_staff_record,
        &entry.actor_role,
        entry.about,
        entry.employer,
        &entry.event,
        &entry.reason,
        &entry.data,
        &entry.address,
        &entry.request,
    )
}

/// The newest entries about a staff record, sealed or not.
pub(crate) async fn about(tx: &mut Tx<'_>, staff_record: Uuid, limit: i64) -> Result<Vec<Entry>> {
    on!(tx, c => sqlx::query_as(
        "SELECT id, at, actor, actor_staff_record, actor_role, about, employer, event, reason, data, address, request
         FROM audit_entry WHERE about = $1 ORDER BY at DESC, id DESC LIMIT $2")
        .bind(staff_record).bind(limit).fetch_all(c).await)
}

/// The newest entries about a staff record of what others did in a role, or as the operator, sealed or not.
pub(crate) async fn done_by_others(tx: &mut Tx<'_>, staff_record: Uuid, limit: i64) -> Result<Vec<Entry>> {
    on!(tx, c => sqlx::query_as(
        "SELECT id, at, actor, actor_staff_record, actor_role, about, employer, event, reason, data, address, request
         FROM audit_entry WHERE about = $1 AND (actor = 'operator' OR (actor_role IS NOT NULL AND actor_staff_record <> $1))
         ORDER BY at DESC, id DESC LIMIT $2")
        .bind(staff_record).bind(limit).fetch_all(c).await)
}

pub(crate) async fn about_with(
    tx: &mut Tx<'_>,
    staff_record: Uuid,
    event: &str,
    limit: i64,
) -> Result<Vec<Entry>> {
    on!(tx, c => sqlx::query_as(
        "SELECT id, at, actor, actor_staff_record, actor_role, about, employer, event, reason, data, address, request
         FROM audit_entry WHERE about = $1 AND SUBSTR(event, 1, LENGTH($2)) = $2 ORDER BY at DESC, id DESC LIMIT $3")
        .bind(staff_record).bind(event).bind(limit).fetch_all(c).await)
}

pub(crate) async fn count_unsealed(tx: &mut Tx<'_>) -> Result<i64> {
    on!(tx, c => sqlx::query_scalar("SELECT COUNT(*) FROM audit_entry WHERE number IS NULL").fetch_one(c).await)
}

/// The oldest entries without a number. Rows that others have not committed yet are not seen.
pub(crate) async fn oldest_unsealed(tx: &mut Tx<'_>, limit: i64) -> Result<Vec<Entry>> {
    on!(tx, c => sqlx::query_as(
        "SELECT id, at, actor, actor_staff_record, actor_role, about, employer, event, reason, data, address, request
         FROM audit_entry WHERE number IS NULL ORDER BY at, id LIMIT $1")
        .bind(limit).fetch_all(c).await)
}

/// The head's number and the bytes that should be its hash, or `None` where its row is missing.
pub(crate) async fn head(tx: &mut Tx<'_>) -> Result<Option<(i64, Vec<u8>)>> {
    let row: Option<(i64, Option<Vec<u8>>)> =
        on!(tx, c => sqlx::query_as("SELECT number, hash FROM audit_head").fetch_optional(c).await)?;
    Ok(row.map(|(number, hash)| (number, hash.unwrap_or_else(|| Hash::BEGINNING.as_bytes().to_vec()))))
}

/// Moves the head, if it still is where it was; `false` where another sealer has moved it.
pub(crate) async fn move_head(tx: &mut Tx<'_>, from: Head, to: Head) -> Result<bool> {
    let moved = on!(tx, c => sqlx::query(
        "UPDATE audit_head SET number = $1, hash = $2 WHERE number = $3 AND (hash = $4 OR (hash IS NULL AND number = 0))")
        .bind(to.number).bind(to.hash.as_bytes().to_vec()).bind(from.number).bind(from.hash.as_bytes().to_vec())
        .execute(c).await.map(|done| done.rows_affected()))?;
    Ok(moved == 1)
}

/// Gives entries their number and hash, by one statement; says how many were without.
pub(crate) async fn seal(tx: &mut Tx<'_>, seals: &[Seal]) -> Result<u64> {
    on!(tx, c => {
        let mut query = QueryBuilder::new("UPDATE audit_entry SET number = sealed.column2, hash = sealed.column3 FROM (");
        query.push_values(seals, |mut row, seal| {
            row.push_bind(seal.id).push_bind(seal.number).push_bind(seal.hash.as_bytes().to_vec());
        });
        query.push(") AS sealed WHERE audit_entry.id = sealed.column1 AND audit_entry.number IS NULL");
        // Its text differs with the number of rows: kept prepared, two hundred of them would crowd out the others.
        query.build().persistent(false).execute(c).await.map(|done| done.rows_affected())
    })
}

/// Whether somebody other than `holder` holds the lease `name` now.
pub(crate) async fn leased_elsewhere(
    tx: &mut Tx<'_>,
    name: &str,
    holder: Uuid,
    now: Instant,
) -> Result<bool> {
    let other: Option<Uuid> = on!(tx, c => sqlx::query_scalar(
        "SELECT holder FROM lease WHERE name = $1 AND holder <> $2 AND held_until >= $3")
        .bind(name).bind(holder).bind(now).fetch_optional(c).await)?;
    Ok(other.is_some())
}

/// A row that has a number. What cannot be read of the rest is a finding, no error: somebody may have written it.
pub(crate) struct Sealed {
    pub(crate) number: i64,
    pub(crate) id: Option<Uuid>,
    pub(crate) hash: Option<Hash>,
    pub(crate) entry: std::result::Result<Entry, String>,
}

impl<'r, R> FromRow<'r, R> for Sealed
where
    R: Row,
    Entry: FromRow<'r, R>,
    &'static str: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    Uuid: Decode<'r, R::Database> + Type<R::Database>,
    Vec<u8>: Decode<'r, R::Database> + Type<R::Database>,
{
    fn from_row(row: &'r R) -> std::result::Result<Self, sqlx::Error> {
        Ok(Self {
            number: row.try_get("number")?,
            id: row.try_get("id").ok(),
            hash: row.try_get::<Vec<u8>, _>("hash").ok().and_then(|bytes| Hash::from_bytes(&bytes)),
            entry: Entry::from_row(row).map_err(|error| error.to_string()),
        })
    }
}

/// The sealed entries from this number on but for the first `skip`, in the order of their numbers. No second key: for it,
/// PostgreSQL would at times sort the whole trail for each page.
pub(crate) async fn sealed_from(tx: &mut Tx<'_>, number: i64, skip: i64, limit: i64) -> Result<Vec<Sealed>> {
    on!(tx, c => sqlx::query_as(
        "SELECT number, hash, id, at, actor, actor_staff_record, actor_role, about, employer, event, reason, data, address, request
         FROM audit_entry WHERE number >= $1 ORDER BY number LIMIT $3 OFFSET $2")
        .bind(number).bind(skip).bind(limit).fetch_all(c).await)
}

/// The entry with this number, if there is one.
pub(crate) async fn sealed(tx: &mut Tx<'_>, number: i64) -> Result<Option<Sealed>> {
    on!(tx, c => sqlx::query_as(
        "SELECT number, hash, id, at, actor, actor_staff_record, actor_role, about, employer, event, reason, data, address, request
         FROM audit_entry WHERE number = $1 LIMIT 1")
        .bind(number).fetch_optional(c).await)
}
