use store::{Instant, Result, Tx, on};
use uuid::Uuid;

/// A re-enrolment.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct ReEnrolment {
    pub(crate) id: Uuid,
    pub(crate) staff_record_id: Uuid,
    pub(crate) asked_by: String,
    /// Their staff record; none for the operator.
    pub(crate) asked_by_staff_record: Option<Uuid>,
    /// When the factors go; missing until a second person has agreed.
    pub(crate) due_at: Option<Instant>,
}

pub(super) struct NewReEnrolment {
    pub(super) id: Uuid,
    pub(super) asked_by: String,
    pub(super) asked_by_staff_record: Option<Uuid>,
    pub(super) reason: String,
    pub(super) due_at: Option<Instant>,
}

pub(super) async fn insert(
    tx: &mut Tx<'_>,
    staff_record: Uuid,
    new: &NewReEnrolment,
    now: Instant,
) -> Result<()> {
    on!(tx, c => sqlx::query(
        "INSERT INTO re_enrolment (id, staff_record_id, asked_at, asked_by, reason, due_at, asked_by_staff_record)
         VALUES ($1, $2, $3, $4, $5, $6, $7)")
        .bind(new.id).bind(staff_record).bind(now).bind(&new.asked_by).bind(&new.reason).bind(new.due_at).bind(new.asked_by_staff_record)
        .execute(c).await.map(drop))
}

/// The re-enrolment of an account that is neither done nor stopped.
pub(crate) async fn open(tx: &mut Tx<'_>, staff_record: Uuid) -> Result<Option<ReEnrolment>> {
    on!(tx, c => sqlx::query_as(
        "SELECT id, staff_record_id, asked_by, asked_by_staff_record, due_at FROM re_enrolment
         WHERE staff_record_id = $1 AND stopped_at IS NULL AND done_at IS NULL ORDER BY asked_at DESC LIMIT 1")
        .bind(staff_record).fetch_optional(c).await)
}

pub(super) async fn by_id(tx: &mut Tx<'_>, id: Uuid) -> Result<Option<ReEnrolment>> {
    on!(tx, c => sqlx::query_as(
        "SELECT id, staff_record_id, asked_by, asked_by_staff_record, due_at FROM re_enrolment WHERE id = $1")
        .bind(id).fetch_optional(c).await)
}

pub(super) async fn agree(
    tx: &mut Tx<'_>,
    id: Uuid,
    by: &str,
    due_at: Instant,
    now: Instant,
) -> Result<bool> {
    on!(tx, c => sqlx::query(
        "UPDATE re_enrolment SET confirmed_at = $2, confirmed_by = $3, due_at = $4
         WHERE id = $1 AND due_at IS NULL AND stopped_at IS NULL")
        .bind(id).bind(now).bind(by).bind(due_at).execute(c).await.map(|done| done.rows_affected() == 1))
}

/// `false` where it is done or was stopped before.
pub(super) async fn stop(tx: &mut Tx<'_>, id: Uuid, staff_record: Uuid, now: Instant) -> Result<bool> {
    on!(tx, c => sqlx::query(
        "UPDATE re_enrolment SET stopped_at = $3 WHERE id = $1 AND staff_record_id = $2 AND stopped_at IS NULL AND done_at IS NULL")
        .bind(id).bind(staff_record).bind(now).execute(c).await.map(|done| done.rows_affected() == 1))
}

pub(super) async fn set_done(tx: &mut Tx<'_>, id: Uuid, now: Instant) -> Result<bool> {
    on!(tx, c => sqlx::query(
        "UPDATE re_enrolment SET done_at = $2 WHERE id = $1 AND stopped_at IS NULL AND done_at IS NULL AND due_at <= $2")
        .bind(id).bind(now).execute(c).await.map(|done| done.rows_affected() == 1))
}
