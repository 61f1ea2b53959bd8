//! Leases: one process at a time does what must not be done twice (seal the trail, load staff of one employer).

use uuid::Uuid;

use crate::{Instant, Result, Tx, on};

/// Takes or prolongs the lease `name` for `holder` until `until`; `false` where somebody else holds it still.
///
/// # Errors
/// What the database says.
pub async fn take(tx: &mut Tx<'_>, name: &str, holder: Uuid, until: Instant, now: Instant) -> Result<bool> {
    let taken: Option<Uuid> = on!(tx, c => sqlx::query_scalar(
        "INSERT INTO lease (name, holder, held_until) VALUES ($1, $2, $3)
         ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until
         WHERE lease.holder = excluded.holder OR lease.held_until < $4
         RETURNING holder")
        .bind(name).bind(holder).bind(until).bind(now).fetch_optional(c).await)?;
    Ok(taken.is_some())
}

/// Gives the lease back before its time, if `holder` has it.
///
/// # Errors
/// What the database says.
pub async fn release(tx: &mut Tx<'_>, name: &str, holder: Uuid) -> Result<()> {
    on!(tx, c => sqlx::query("DELETE FROM lease WHERE name = $1 AND holder = $2")
        .bind(name).bind(holder).execute(c).await.map(drop))
}
