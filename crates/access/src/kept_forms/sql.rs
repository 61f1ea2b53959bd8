use store::{Instant, Result, Tx, on};
use uuid::Uuid;

#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Kept {
    pub(super) id: Uuid,
    pub(super) path: String,
    pub(super) sealed: Vec<u8>,
}

pub(super) async fn insert(tx: &mut Tx<'_>, kept: &Kept, staff_record: Uuid, until: Instant) -> Result<()> {
    on!(tx, c => sqlx::query("INSERT INTO kept_form (id, staff_record_id, path, sealed, kept_until) VALUES ($1, $2, $3, $4, $5)")
        .bind(kept.id).bind(staff_record).bind(&kept.path).bind(&kept.sealed).bind(until).execute(c).await.map(drop))
}

pub(super) async fn newest(tx: &mut Tx<'_>, staff_record: Uuid, now: Instant) -> Result<Option<Kept>> {
    on!(tx, c => sqlx::query_as(
        "SELECT id, path, sealed FROM kept_form WHERE staff_record_id = $1 AND kept_until > $2 ORDER BY kept_until DESC, id DESC LIMIT 1")
        .bind(staff_record).bind(now).fetch_optional(c).await)
}

/// Removes all that is kept for an account: only the newest is ever offered.
pub(super) async fn remove_all(tx: &mut Tx<'_>, staff_record: Uuid) -> Result<()> {
    on!(tx, c => sqlx::query("DELETE FROM kept_form WHERE staff_record_id = $1").bind(staff_record).execute(c).await.map(drop))
}
