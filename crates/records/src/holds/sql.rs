use store::{Instant, Result, Tx, on};
use uuid::Uuid;

use super::Hold;

/// What is held on one staff record now: the newest switched hold of each field, neither stopped nor released nor over.
///
/// # Errors
/// What the database says.
pub async fn open_holds(tx: &mut Tx<'_>, staff_record: Uuid, now: Instant) -> Result<Vec<Hold>> {
    on!(tx, c => sqlx::query_as("SELECT h.id, h.staff_record_id, h.employer_id, h.number, h.field, h.old_value, h.new_value, h.held_until
         FROM staff s JOIN identity_hold h ON h.staff_record_id = s.id
         WHERE s.id = $1 AND h.held_until > $2 AND h.stopped_at IS NULL AND h.released_at IS NULL
            AND h.number = (SELECT MAX(x.number) FROM identity_hold x
                JOIN record_change c ON c.employer_id = x.employer_id AND c.number = x.number AND c.switched_at IS NOT NULL
                WHERE x.staff_record_id = h.staff_record_id AND x.field = h.field)
            AND h.new_value IS NOT DISTINCT FROM CASE h.field WHEN 'email' THEN s.email
                WHEN 'smartcard_uuid' THEN s.smartcard_uuid ELSE CAST(s.date_of_birth AS TEXT) END
         ORDER BY h.field")
        .bind(staff_record).bind(now).fetch_all(c).await)
}

/// Whether somebody had a hand in a change of staff records: made it, or uploaded, typed for or agreed to its file.
pub(super) async fn had_a_hand(tx: &mut Tx<'_>, employer: Uuid, number: i64, person: Uuid) -> Result<bool> {
    let found: Option<Uuid> = on!(tx, c => sqlx::query_scalar("SELECT c.id FROM record_change c
         LEFT JOIN staff_upload u ON u.employer_id = c.employer_id AND u.change_number = c.number
         WHERE c.employer_id = $1 AND c.number = $2
            AND (c.by_staff_record = $3 OR u.uploaded_by = $3 OR u.typed_by = $3 OR u.agreed_by = $3) LIMIT 1")
        .bind(employer).bind(number).bind(person).fetch_optional(c).await)?;
    Ok(found.is_some())
}

/// The staff record that a hold is on, and its employer.
pub(super) async fn whose(tx: &mut Tx<'_>, hold: Uuid) -> Result<Option<(Uuid, Uuid)>> {
    on!(tx, c => sqlx::query_as("SELECT staff_record_id, employer_id FROM identity_hold WHERE id = $1").bind(hold).fetch_optional(c).await)
}

/// `false` where it was ended in the meantime.
pub(super) async fn stop(tx: &mut Tx<'_>, hold: Uuid, now: Instant) -> Result<bool> {
    on!(tx, c => sqlx::query("UPDATE identity_hold SET stopped_at = $2 WHERE id = $1 AND stopped_at IS NULL AND released_at IS NULL")
        .bind(hold).bind(now).execute(c).await.map(|done| done.rows_affected() == 1))
}

/// `false` where it was ended in the meantime.
pub(super) async fn release(tx: &mut Tx<'_>, hold: Uuid, now: Instant) -> Result<bool> {
    on!(tx, c => sqlx::query("UPDATE identity_hold SET released_at = $2 WHERE id = $1 AND stopped_at IS NULL AND released_at IS NULL")
        .bind(hold).bind(now).execute(c).await.map(|done| done.rows_affected() == 1))
}

/// What a person's own change writes down of itself.
pub(super) async fn add_change(
    tx: &mut Tx<'_>,
    id: Uuid,
    hold: &Hold,
    number: i64,
    now: Instant,
) -> Result<()> {
    on!(tx, c => sqlx::query("INSERT INTO record_change (id, employer_id, number, source, by_staff_record, counts, staged_at, switched_at)
         VALUES ($1, $2, $3, 'person', $4, '{}', $5, $5)")
        .bind(id).bind(hold.employer_id).bind(number).bind(hold.staff_record_id).bind(now).execute(c).await.map(drop))
}

/// Copies the record's version `from` to `number` with the old email or card in it.
pub(super) async fn copy_version(tx: &mut Tx<'_>, hold: &Hold, from: i64, number: i64) -> Result<()> {
    on!(tx, c => sqlx::query("INSERT INTO staff_version
            (staff_record_id, number, title, first_names, last_name, date_of_birth, email, smartcard_uuid)
         SELECT staff_record_id, $3, title, first_names, last_name, date_of_birth,
            CASE WHEN $4 = 'email' THEN $5 ELSE email END, CASE WHEN $4 = 'smartcard_uuid' THEN $5 ELSE smartcard_uuid END
         FROM staff_version WHERE staff_record_id = $1 AND number = $2")
        .bind(hold.staff_record_id).bind(from).bind(number).bind(hold.field).bind(&hold.old_value)
        .execute(c).await.map(drop))
}

pub(super) async fn set_date_of_birth(
    tx: &mut Tx<'_>,
    staff_record: Uuid,
    number: i64,
    day: store::Day,
) -> Result<()> {
    on!(tx, c => sqlx::query("UPDATE staff_version SET date_of_birth = $3 WHERE staff_record_id = $1 AND number = $2")
        .bind(staff_record).bind(number).bind(day).execute(c).await.map(drop))
}

pub(super) async fn copy_assignments(
    tx: &mut Tx<'_>,
    staff_record: Uuid,
    from: i64,
    number: i64,
) -> Result<()> {
    on!(tx, c => sqlx::query("INSERT INTO assignment (staff_record_id, number, assignment_number, position, department, location, manager,
            start_date, leaving_date, absent_from, absent_to)
         SELECT staff_record_id, $3, assignment_number, position, department, location, manager, start_date, leaving_date,
            absent_from, absent_to
         FROM assignment WHERE staff_record_id = $1 AND number = $2")
        .bind(staff_record).bind(from).bind(number).execute(c).await.map(drop))
}

/// The number of the version that is seen now, and of the employer's newest switched change.
pub(crate) async fn numbers(tx: &mut Tx<'_>, staff_record: Uuid) -> Result<(i64, i64)> {
    on!(tx, c => sqlx::query_as("SELECT s.number, e.record_change FROM staff s JOIN employer e ON e.id = s.employer_id WHERE s.id = $1")
        .bind(staff_record).fetch_one(c).await)
}

/// A hold in HR's list.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct OpenHold {
    #[sqlx(flatten)]
    pub(super) hold: Hold,
    first_names: String,
    last_name: String,
    /// Whose change it was.
    pub(super) by_staff_record: Option<Uuid>,
}

impl OpenHold {
    pub(super) fn name(&self) -> String {
        crate::staff::full_name(&self.first_names, &self.last_name)
    }
}

/// What is held at an employer, soonest over first, behind the one that ends then and has this id.
pub(super) async fn open_at(
    tx: &mut Tx<'_>,
    employer: Uuid,
    (after, id): (Instant, Uuid),
    now: Instant,
    most: i64,
) -> Result<Vec<OpenHold>> {
    on!(tx, c => sqlx::query_as("SELECT h.id, h.staff_record_id, h.employer_id, h.number, h.field, h.old_value, h.new_value, h.held_until,
            s.first_names, s.last_name, b.by_staff_record
         FROM identity_hold h JOIN staff s ON s.id = h.staff_record_id
         JOIN record_change b ON b.employer_id = h.employer_id AND b.number = h.number AND b.switched_at IS NOT NULL
         WHERE h.employer_id = $1 AND h.held_until > $3 AND (h.held_until > $2 OR (h.held_until = $2 AND h.id > $4)) AND h.stopped_at IS NULL AND h.released_at IS NULL
            AND h.number = (SELECT MAX(x.number) FROM identity_hold x
                JOIN record_change c ON c.employer_id = x.employer_id AND c.number = x.number AND c.switched_at IS NOT NULL
                WHERE x.staff_record_id = h.staff_record_id AND x.field = h.field)
            AND h.new_value IS NOT DISTINCT FROM CASE h.field WHEN 'email' THEN s.email
                WHEN 'smartcard_uuid' THEN s.smartcard_uuid ELSE CAST(s.date_of_birth AS TEXT) END
         ORDER BY h.held_until, h.id LIMIT $5")
        .bind(employer).bind(after).bind(now).bind(id).bind(most).fetch_all(c).await)
}
