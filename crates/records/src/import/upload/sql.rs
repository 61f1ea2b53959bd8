use store::{Instant, Result, Tx, later, on};
use uuid::Uuid;

use super::{State, Upload};

macro_rules! columns {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            " id, employer_id, uploaded_by, uploaded_at, file_name, size, state, changed_at, fingerprint, typed_by, agreed_by, done, total,
              change_number, failure ",
            $after
        )
    };
}

/// An upload of an employer.
pub(super) async fn upload(tx: &mut Tx<'_>, id: Uuid, employer: Uuid) -> Result<Option<Upload>> {
    on!(tx, c => sqlx::query_as(columns!("SELECT", "FROM staff_upload WHERE id = $1 AND employer_id = $2"))
        .bind(id).bind(employer).fetch_optional(c).await)
}

/// The same, whoever's it is.
pub(super) async fn any_upload(tx: &mut Tx<'_>, id: Uuid) -> Result<Option<Upload>> {
    on!(tx, c => sqlx::query_as(columns!("SELECT", "FROM staff_upload WHERE id = $1")).bind(id).fetch_optional(c).await)
}

/// The same. Holds the row until the commit.
pub(super) async fn hold(tx: &mut Tx<'_>, id: Uuid) -> Result<Option<Upload>> {
    on!(tx, c => sqlx::query_as(columns!("UPDATE staff_upload SET state = state WHERE id = $1 RETURNING", ""))
        .bind(id).fetch_optional(c).await)
}

/// The newest uploads of an employer whose bytes have arrived.
pub(super) async fn recent(tx: &mut Tx<'_>, employer: Uuid, limit: i64) -> Result<Vec<Upload>> {
    on!(tx, c => sqlx::query_as(columns!("SELECT", "FROM staff_upload WHERE employer_id = $1 AND state <> 'receiving'
         ORDER BY uploaded_at DESC, id DESC LIMIT $2"))
        .bind(employer).bind(limit).fetch_all(c).await)
}

/// How many uploads of an employer hold bytes; those that stopped arriving before `arriving_since` apart.
pub(super) async fn waiting(tx: &mut Tx<'_>, employer: Uuid, arriving_since: Instant) -> Result<i64> {
    on!(tx, c => sqlx::query_scalar("SELECT COUNT(*) FROM staff_upload WHERE employer_id = $1
         AND (state IN ('checking', 'checked', 'overtaken', 'applying') OR (state = 'receiving' AND changed_at > $2))")
        .bind(employer).bind(arriving_since).fetch_one(c).await)
}

pub(super) struct NewUpload {
    pub(super) id: Uuid,
    pub(super) employer: Uuid,
    pub(super) by: Uuid,
    pub(super) file_name: String,
    pub(super) size: i64,
}

pub(super) async fn add(tx: &mut Tx<'_>, new: &NewUpload, now: Instant) -> Result<()> {
    on!(tx, c => sqlx::query("INSERT INTO staff_upload (id, employer_id, uploaded_by, uploaded_at, file_name, size, state, changed_at, done, total)
         VALUES ($1, $2, $3, $4, $5, $6, 'receiving', $4, 0, 0)")
        .bind(new.id).bind(new.employer).bind(new.by).bind(now).bind(&new.file_name).bind(new.size)
        .execute(c).await.map(drop))
}

pub(super) async fn add_piece(tx: &mut Tx<'_>, id: Uuid, number: i64, bytes: Vec<u8>) -> Result<()> {
    on!(tx, c => sqlx::query("INSERT INTO staff_upload_piece (upload_id, number, bytes) VALUES ($1, $2, $3)")
        .bind(id).bind(number).bind(bytes).execute(c).await.map(drop))
}

/// The bytes of the pieces after a number, in order.
pub(super) async fn pieces(tx: &mut Tx<'_>, id: Uuid, after: i64, limit: i64) -> Result<Vec<(i64, Vec<u8>)>> {
    on!(tx, c => sqlx::query_as("SELECT number, bytes FROM staff_upload_piece WHERE upload_id = $1 AND number > $2 ORDER BY number LIMIT $3")
        .bind(id).bind(after).bind(limit).fetch_all(c).await)
}

/// Deletes some pieces; says how many there were.
pub(super) async fn remove_pieces(tx: &mut Tx<'_>, id: Uuid, limit: i64) -> Result<u64> {
    on!(tx, c => sqlx::query("DELETE FROM staff_upload_piece WHERE upload_id = $1 AND number IN (
         SELECT number FROM staff_upload_piece WHERE upload_id = $1 ORDER BY number LIMIT $2)")
        .bind(id).bind(limit).execute(c).await.map(|done| done.rows_affected()))
}

/// Its bytes are there.
pub(super) async fn received(tx: &mut Tx<'_>, id: Uuid, hash: &str, now: Instant) -> Result<()> {
    later!(
        tx,
        "UPDATE staff_upload SET state = 'checking', file_hash = $2, changed_at = $3 WHERE id = $1",
        id,
        hash.to_owned(),
        now,
    )
}

pub(super) async fn set_state(tx: &mut Tx<'_>, id: Uuid, state: State, now: Instant) -> Result<()> {
    later!(
        tx,
        "UPDATE staff_upload SET state = $2, changed_at = $3, typed_by = NULL, agreed_by = NULL, done = 0, total = 0 WHERE id = $1",
        id,
        state,
        now,
    )
}

/// What the check found, in place of whatever was found and said before.
pub(super) struct Checked {
    pub(super) state: State,
    pub(super) found: String,
    pub(super) fingerprint: Option<String>,
}

pub(super) async fn set_checked(tx: &mut Tx<'_>, id: Uuid, checked: &Checked, now: Instant) -> Result<()> {
    set_state(tx, id, checked.state, now).await?;
    on!(tx, c => sqlx::query("UPDATE staff_upload SET found = $2, fingerprint = $3 WHERE id = $1")
        .bind(id).bind(&checked.found).bind(&checked.fingerprint).execute(c).await.map(drop))
}

pub(super) async fn found(tx: &mut Tx<'_>, id: Uuid) -> Result<Option<String>> {
    let found: Option<Option<String>> = on!(tx, c => sqlx::query_scalar("SELECT found FROM staff_upload WHERE id = $1")
        .bind(id).fetch_optional(c).await)?;
    Ok(found.flatten())
}

pub(super) async fn forget_found(tx: &mut Tx<'_>, id: Uuid) -> Result<()> {
    later!(tx, "UPDATE staff_upload SET found = NULL, fingerprint = NULL WHERE id = $1", id)
}

pub(super) async fn set_typed(tx: &mut Tx<'_>, id: Uuid, by: Uuid, now: Instant) -> Result<()> {
    later!(tx, "UPDATE staff_upload SET typed_by = $2, changed_at = $3 WHERE id = $1", id, by, now)
}

pub(super) async fn set_applying(tx: &mut Tx<'_>, id: Uuid, by: Uuid, now: Instant) -> Result<()> {
    later!(
        tx,
        "UPDATE staff_upload SET state = 'applying', agreed_by = $2, changed_at = $3 WHERE id = $1",
        id,
        by,
        now,
    )
}

/// How far it is.
pub(super) async fn set_progress(
    tx: &mut Tx<'_>,
    id: Uuid,
    (done, total): (i64, i64),
    now: Instant,
) -> Result<()> {
    later!(
        tx,
        "UPDATE staff_upload SET done = $2, total = $3, changed_at = $4 WHERE id = $1 AND state = 'applying'",
        id,
        done,
        total,
        now,
    )
}

/// Says whether it was being applied until now.
pub(super) async fn set_applied(
    tx: &mut Tx<'_>,
    id: Uuid,
    change: Option<i64>,
    now: Instant,
) -> Result<bool> {
    let applied = on!(tx, c => sqlx::query("UPDATE staff_upload SET state = 'applied', change_number = $2, changed_at = $3
         WHERE id = $1 AND state = 'applying'")
        .bind(id).bind(change).bind(now).execute(c).await.map(|done| done.rows_affected()))?;
    Ok(applied == 1)
}

pub(super) async fn set_failed(tx: &mut Tx<'_>, id: Uuid, failure: &str, now: Instant) -> Result<()> {
    later!(
        tx,
        "UPDATE staff_upload SET state = 'failed', failure = $2, changed_at = $3 WHERE id = $1",
        id,
        failure.to_owned(),
        now,
    )
}

pub(super) async fn remove(tx: &mut Tx<'_>, id: Uuid) -> Result<()> {
    later!(tx, "DELETE FROM staff_upload WHERE id = $1", id)
}
