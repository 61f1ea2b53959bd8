use store::{Instant, Result, Tx, later, on};
use uuid::Uuid;

use super::Status;

/// The status of one account, or `None` where that staff record has no account yet. Holds the row until the commit.
pub(super) async fn hold_status(tx: &mut Tx<'_>, holder: Uuid) -> Result<Option<Status>> {
    on!(tx, c => sqlx::query_scalar(
        "UPDATE account SET internet_access = internet_access WHERE staff_record_id = $1 RETURNING internet_access")
        .bind(holder).fetch_optional(c).await)
}

/// Also HR's list says it.
pub(super) async fn set_status(tx: &mut Tx<'_>, holder: Uuid, status: Status, now: Instant) -> Result<()> {
    later!(
        tx,
        "UPDATE account SET internet_access = $2, internet_access_at = $3 WHERE staff_record_id = $1",
        holder,
        status,
        now,
    )?;
    later!(tx, "DELETE FROM internet_access_list WHERE staff_record_id = $1", holder)?;
    if status.is_listed() {
        later!(
            tx,
            "INSERT INTO internet_access_list (staff_record_id, employer_id, employee_number, status, since)
             SELECT id, employer_id, employee_number, $2, $3 FROM staff_record WHERE id = $1",
            holder,
            status,
            now,
        )?;
    }
    Ok(())
}

/// Somebody in HR's list.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Waiting {
    pub(super) staff_record_id: Uuid,
    pub(super) employee_number: String,
    first_names: String,
    last_name: String,
    /// Of the first assignment.
    pub(super) position: Option<String>,
    pub(super) department: Option<String>,
    pub(super) since: Option<Instant>,
}

impl Waiting {
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.first_names, self.last_name).trim().to_owned()
    }
}

/// So many are shown, and decided about, at once.
pub(super) const PAGE: usize = 50;

/// Those of an employer with this status, by employee number after `after`: a page, and one more where there are more. How many stands in
/// the text itself: PostgreSQL takes a bound number for very many, and reads everybody.
pub(super) async fn waiting(
    tx: &mut Tx<'_>,
    employer: Uuid,
    status: Status,
    after: &str,
) -> Result<Vec<Waiting>> {
    on!(tx, c => sqlx::query_as(
        "SELECT l.staff_record_id, l.employee_number, s.first_names, s.last_name, p.position, p.department, l.since
         FROM (SELECT staff_record_id, employee_number, since FROM internet_access_list
             WHERE employer_id = $1 AND status = $2 AND employee_number > $3 ORDER BY employee_number LIMIT 51) AS l
         JOIN staff s ON s.id = l.staff_record_id
         LEFT JOIN assignment p ON p.staff_record_id = s.id AND p.number = s.number AND p.assignment_number = (
             SELECT MIN(x.assignment_number) FROM assignment x WHERE x.staff_record_id = s.id AND x.number = s.number)
         ORDER BY l.employee_number")
        .bind(employer).bind(status).bind(after).fetch_all(c).await)
}
