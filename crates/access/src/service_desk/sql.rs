use store::{Instant, Result, Tx, later, on};
use uuid::Uuid;

/// Whether `by` has opened this page since then.
pub(super) async fn opened_since(
    tx: &mut Tx<'_>,
    by: Uuid,
    staff_record: Uuid,
    since: Instant,
) -> Result<bool> {
    let found: Option<Uuid> = on!(tx, c => sqlx::query_scalar(
        "SELECT id FROM person_opening WHERE opened_by = $1 AND staff_record_id = $2 AND opened_at >= $3 LIMIT 1")
        .bind(by).bind(staff_record).bind(since).fetch_optional(c).await)?;
    Ok(found.is_some())
}

/// How many persons `by` has opened since then, each once.
pub(super) async fn persons_opened(tx: &mut Tx<'_>, by: Uuid, since: Instant) -> Result<i64> {
    on!(tx, c => sqlx::query_scalar(
        "SELECT COUNT(DISTINCT staff_record_id) FROM person_opening WHERE opened_by = $1 AND opened_at >= $2")
        .bind(by).bind(since).fetch_one(c).await)
}

pub(super) async fn insert_opening(
    tx: &mut Tx<'_>,
    id: Uuid,
    by: Uuid,
    staff_record: Uuid,
    now: Instant,
) -> Result<()> {
    later!(
        tx,
        "INSERT INTO person_opening (id, opened_by, staff_record_id, opened_at) VALUES ($1, $2, $3, $4)",
        id,
        by,
        staff_record,
        now,
    )
}

/// Whether it was told since then that `by` has opened many.
pub(super) async fn told_since(tx: &mut Tx<'_>, by: Uuid, since: Instant) -> Result<bool> {
    let found: Option<Uuid> = on!(tx, c => sqlx::query_scalar(
        "SELECT id FROM person_opening WHERE opened_by = $1 AND opened_at > $2 AND told_at IS NOT NULL LIMIT 1")
        .bind(by).bind(since).fetch_optional(c).await)?;
    Ok(found.is_some())
}

/// With this opening it is told that somebody has opened many.
pub(super) async fn mark_told(tx: &mut Tx<'_>, id: Uuid, now: Instant) -> Result<()> {
    later!(tx, "UPDATE person_opening SET told_at = $2 WHERE id = $1", id, now)
}

/// How many dates of birth were held against this record's since then.
pub(super) async fn births_checked(tx: &mut Tx<'_>, staff_record: Uuid, since: Instant) -> Result<i64> {
    on!(tx, c => sqlx::query_scalar("SELECT COUNT(*) FROM birth_check WHERE staff_record_id = $1 AND checked_at >= $2")
        .bind(staff_record).bind(since).fetch_one(c).await)
}

pub(super) async fn insert_birth_check(
    tx: &mut Tx<'_>,
    id: Uuid,
    (staff_record, by): (Uuid, Uuid),
    matched: bool,
    now: Instant,
) -> Result<()> {
    later!(
        tx,
        "INSERT INTO birth_check (id, staff_record_id, checked_by, checked_at, matched) VALUES ($1, $2, $3, $4, $5)",
        id,
        staff_record,
        by,
        now,
        matched,
    )
}

/// What came of the last date of birth that `by` has held against a record's since then.
pub(super) async fn last_birth_check(
    tx: &mut Tx<'_>,
    (staff_record, by): (Uuid, Uuid),
    since: Instant,
) -> Result<Option<bool>> {
    on!(tx, c => sqlx::query_scalar("SELECT matched FROM birth_check
         WHERE staff_record_id = $1 AND checked_by = $2 AND checked_at >= $3 ORDER BY checked_at DESC, id DESC LIMIT 1")
        .bind(staff_record).bind(by).bind(since).fetch_optional(c).await)
}
