use store::{Instant, Result, Tx, on};
use uuid::Uuid;

use crate::attempts::Status;

/// A completion as a certificate says it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Completed {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) status: Status,
    pub(super) completed_at: Instant,
    pub(super) score: Option<i64>,
    pub(super) code: String,
}

/// One of somebody's own.
pub(super) async fn own(tx: &mut Tx<'_>, holder: Uuid, id: Uuid) -> Result<Option<Completed>> {
    on!(tx, c => sqlx::query_as("SELECT name, title, status, completed_at, score, code FROM completion
         WHERE id = $1 AND staff_record_id = $2")
        .bind(id).bind(holder).fetch_optional(c).await)
}

/// What a code stands for: name, course, when, and at whose calendar.
pub(super) async fn verified(tx: &mut Tx<'_>, code: &str) -> Result<Option<(String, String, Instant, Uuid)>> {
    on!(tx, c => sqlx::query_as("SELECT c.name, c.title, c.completed_at, s.employer_id
         FROM completion c JOIN staff_record s ON s.id = c.staff_record_id WHERE c.code = $1")
        .bind(code).fetch_optional(c).await)
}
