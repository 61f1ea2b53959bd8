use store::{Instant, Result, Tx, later, on};
use uuid::Uuid;

/// A check as it is kept.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Kept {
    pub(super) device: String,
    pub(super) checked_at: Instant,
    /// `Vec<Found>` as JSON.
    pub(super) results: String,
}

/// Somebody's checks, newest first.
pub(super) async fn checks(tx: &mut Tx<'_>, holder: Uuid, limit: i64) -> Result<Vec<Kept>> {
    on!(tx, c => sqlx::query_as("SELECT device, checked_at, results FROM device_check
         WHERE staff_record_id = $1 ORDER BY checked_at DESC, id DESC LIMIT $2")
        .bind(holder).bind(limit).fetch_all(c).await)
}

/// Keeps a check, in the place of an earlier one of the same kind of device.
pub(super) async fn keep(tx: &mut Tx<'_>, id: Uuid, holder: Uuid, kept: Kept) -> Result<()> {
    later!(
        tx,
        "DELETE FROM device_check WHERE staff_record_id = $1 AND device = $2",
        holder,
        kept.device.clone()
    )?;
    later!(
        tx,
        "INSERT INTO device_check (id, staff_record_id, checked_at, device, results) VALUES ($1, $2, $3, $4, $5)",
        id,
        holder,
        kept.checked_at,
        kept.device,
        kept.results,
    )
}

/// Takes somebody's oldest checks away, so that so many stay.
pub(super) async fn trim(tx: &mut Tx<'_>, holder: Uuid, stay: i64) -> Result<()> {
    later!(
        tx,
        "DELETE FROM device_check WHERE staff_record_id = $1 AND id NOT IN (SELECT id FROM device_check
             WHERE staff_record_id = $1 ORDER BY checked_at DESC, id DESC LIMIT $2)",
        holder,
        stay,
    )
}
