use store::{Instant, Result, Tx, on};
use uuid::Uuid;

use super::Status;

/// The status of one account, or `None` where that staff record has no account yet. Holds the row until the commit.
pub(super) async fn hold_status(tx: &mut Tx<'_>, holder: Uuid) -> Result<Option<Status>> {
    on!(tx, c => sqlx::query_scalar(
        "UPDATE account SET internet_access = internet_access WHERE staff_record_id = $1 RETURNING internet_access")
        .bind(holder).fetch_optional(c).await)
}

pub(super) async fn set_status(tx: &mut Tx<'_>, holder: Uuid, status: Status, now: Instant) -> Result<()> {
    on!(tx, c => sqlx::query("UPDATE account SET internet_access = $2, internet_access_at = $3 WHERE staff_record_id = $1")
        .bind(holder).bind(status).bind(now).execute(c).await.map(drop))
}
