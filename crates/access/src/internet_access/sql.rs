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
    pub(super) internet_access_at: Option<Instant>,
}

impl Waiting {
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.first_names, self.last_name).trim().to_owned()
    }
}

/// Those of an employer with this status, by employee number after `after`.
pub(super) async fn waiting(
    tx: &mut Tx<'_>,
    employer: Uuid,
    status: Status,
    after: &str,
    most: i64,
) -> Result<Vec<Waiting>> {
    on!(tx, c => sqlx::query_as(
        "SELECT a.staff_record_id, s.employee_number, s.first_names, s.last_name, p.position, p.department, a.internet_access_at
         FROM account a JOIN staff s ON s.id = a.staff_record_id
         LEFT JOIN assignment p ON p.staff_record_id = s.id AND p.number = s.number AND p.assignment_number = (
             SELECT MIN(x.assignment_number) FROM assignment x WHERE x.staff_record_id = s.id AND x.number = s.number)
         WHERE a.internet_access = $2 AND s.employer_id = $1 AND s.employee_number > $3
         ORDER BY s.employee_number LIMIT $4")
        .bind(employer).bind(status).bind(after).bind(most).fetch_all(c).await)
}
