use std::sync::LazyLock;

use store::{Day, Instant, Result, Tx, later, on};
use uuid::Uuid;

use super::state::{Assignment, FieldHold, Fields, Held};
use crate::IdentityField;

/// An employer's staff records after an employee number, in order.
pub(super) async fn records(tx: &mut Tx<'_>, employer: Uuid, after: &str, limit: i64) -> Result<Vec<Held>> {
    on!(tx, c => sqlx::query_as("SELECT id, employee_number, proved_at, title, first_names, last_name, date_of_birth, email, smartcard_uuid
         FROM staff WHERE employer_id = $1 AND employee_number > $2 ORDER BY employee_number LIMIT $3")
        .bind(employer).bind(after).bind(limit).fetch_all(c).await)
}

/// One staff record of an employer, with its assignments.
pub(super) async fn record(tx: &mut Tx<'_>, employer: Uuid, staff_record: Uuid) -> Result<Option<Held>> {
    let held: Option<Held> = on!(tx, c => sqlx::query_as(
        "SELECT id, employee_number, proved_at, title, first_names, last_name, date_of_birth, email, smartcard_uuid
         FROM staff WHERE id = $1 AND employer_id = $2").bind(staff_record).bind(employer).fetch_optional(c).await)?;
    let Some(mut held) = held else { return Ok(None) };
    held.assignments = on!(tx, c => sqlx::query_as(
        "SELECT a.assignment_number, a.position, a.department, a.location, a.manager, a.start_date, a.leaving_date, a.absent_from,
            a.absent_to
         FROM staff s JOIN assignment a ON a.staff_record_id = s.id AND a.number = s.number
         WHERE s.id = $1 ORDER BY a.assignment_number").bind(staff_record).fetch_all(c).await)?;
    Ok(Some(held))
}

/// Every switched hold of one record, older ones first.
pub(super) async fn holds_of(tx: &mut Tx<'_>, staff_record: Uuid) -> Result<Vec<FieldHold>> {
    on!(tx, c => sqlx::query_as("SELECT h.staff_record_id, h.field, h.old_value, h.new_value, h.held_until, h.stopped_at, h.released_at
         FROM identity_hold h
         JOIN record_change c ON c.employer_id = h.employer_id AND c.number = h.number AND c.switched_at IS NOT NULL
         WHERE h.staff_record_id = $1 ORDER BY h.number").bind(staff_record).fetch_all(c).await)
}

/// Whether an employer has a record with this employee number.
pub(super) async fn has_number(tx: &mut Tx<'_>, employer: Uuid, employee_number: &str) -> Result<bool> {
    let found: Option<Uuid> = on!(tx, c => sqlx::query_scalar("SELECT id FROM staff WHERE employer_id = $1 AND employee_number = $2")
        .bind(employer).bind(employee_number).fetch_optional(c).await)?;
    Ok(found.is_some())
}

#[derive(sqlx::FromRow)]
pub(super) struct AssignmentRow {
    pub(super) staff_record_id: Uuid,
    #[sqlx(flatten)]
    pub(super) assignment: Assignment,
}

/// The assignments of the same records.
pub(super) async fn assignments(
    tx: &mut Tx<'_>,
    employer: Uuid,
    after: &str,
    last: &str,
) -> Result<Vec<AssignmentRow>> {
    on!(tx, c => sqlx::query_as("SELECT a.staff_record_id, a.assignment_number, a.position, a.department, a.location, a.manager,
            a.start_date, a.leaving_date, a.absent_from, a.absent_to
         FROM staff s JOIN assignment a ON a.staff_record_id = s.id AND a.number = s.number
         WHERE s.employer_id = $1 AND s.employee_number > $2 AND s.employee_number <= $3
         ORDER BY s.employee_number, a.assignment_number")
        .bind(employer).bind(after).bind(last).fetch_all(c).await)
}

/// Every switched hold of an employer's records, older ones first.
pub(super) async fn holds(tx: &mut Tx<'_>, employer: Uuid) -> Result<Vec<FieldHold>> {
    on!(tx, c => sqlx::query_as("SELECT h.staff_record_id, h.field, h.old_value, h.new_value, h.held_until, h.stopped_at, h.released_at
         FROM identity_hold h
         JOIN record_change c ON c.employer_id = h.employer_id AND c.number = h.number AND c.switched_at IS NOT NULL
         WHERE h.employer_id = $1 ORDER BY h.number")
        .bind(employer).fetch_all(c).await)
}

/// Every username that the employer has given.
pub(super) async fn taken_usernames(tx: &mut Tx<'_>, employer: Uuid) -> Result<Vec<String>> {
    on!(tx, c => sqlx::query_scalar("SELECT u.name FROM username u
         JOIN record_change c ON c.employer_id = u.employer_id AND c.number = u.number AND c.switched_at IS NOT NULL
         WHERE u.employer_id = $1")
        .bind(employer).fetch_all(c).await)
}

pub(super) async fn others_have_staff(tx: &mut Tx<'_>, employer: Uuid) -> Result<bool> {
    let found: Option<Uuid> = on!(tx, c => sqlx::query_scalar("SELECT e.id FROM employer e
         WHERE e.id <> $1 AND EXISTS (SELECT 1 FROM staff_record r WHERE r.employer_id = e.id) LIMIT 1")
        .bind(employer).fetch_optional(c).await)?;
    Ok(found.is_some())
}

/// So many values are looked for by one statement.
pub(super) const LOOKED_FOR: usize = 100;

static UNLIKE_BY_EMAIL: LazyLock<String> = LazyLock::new(|| standing("email", UNLIKE));
static UNLIKE_BY_SMARTCARD: LazyLock<String> = LazyLock::new(|| standing("smartcard_uuid", UNLIKE));
static ANY_BY_EMAIL: LazyLock<String> = LazyLock::new(|| standing("email", ""));
static ANY_BY_SMARTCARD: LazyLock<String> = LazyLock::new(|| standing("smartcard_uuid", ""));
const UNLIKE: &str = " AND v.date_of_birth <> w.born";

/// A count for each value makes either database look into the index once for each, also right after a first load, when PostgreSQL
/// knows nothing of the table yet and would read all of it for a list.
fn standing(column: &'static str, but: &'static str) -> String {
    let places: Vec<String> = (1..=LOOKED_FOR).map(|n| format!("(${}, ${})", 2 * n - 1, 2 * n)).collect();
    format!(
        "WITH wanted (value, born) AS (VALUES {})
         SELECT DISTINCT value FROM (SELECT w.value,
            (SELECT COUNT(*) FROM staff_version v WHERE v.{column} = w.value{but}) AS versions
            FROM wanted w) AS counted WHERE versions > 0",
        places.join(", ")
    )
}

/// Those of the values that stand on any version of any staff record, whoever's; `unlike` means with another date of birth.
pub(super) async fn standing_anywhere(
    tx: &mut Tx<'_>,
    field: IdentityField,
    wanted: &[(&str, Day)],
    unlike: bool,
) -> Result<Vec<String>> {
    let text = match (field, unlike) {
        (IdentityField::SmartcardUuid, true) => UNLIKE_BY_SMARTCARD.as_str(),
        (IdentityField::SmartcardUuid, false) => ANY_BY_SMARTCARD.as_str(),
        (_, true) => UNLIKE_BY_EMAIL.as_str(),
        (_, false) => ANY_BY_EMAIL.as_str(),
    };
    let Some(last) = wanted.last() else { return Ok(Vec::new()) };
    let wanted = wanted.iter().chain(std::iter::repeat(last)).take(LOOKED_FOR);
    on!(tx, c => {
        let mut query = sqlx::query_scalar(text);
        for (value, born) in wanted {
            query = query.bind((*value).to_owned()).bind(*born);
        }
        query.fetch_all(c).await
    })
}

/// Staff records with a version that has this email or smartcard UUID.
pub(super) async fn with_value(tx: &mut Tx<'_>, field: IdentityField, value: &str) -> Result<Vec<Uuid>> {
    let text = match field {
        IdentityField::SmartcardUuid => {
            "SELECT DISTINCT staff_record_id FROM staff_version WHERE smartcard_uuid = $1 LIMIT 100"
        }
        _ => "SELECT DISTINCT staff_record_id FROM staff_version WHERE email = $1 LIMIT 100",
    };
    on!(tx, c => sqlx::query_scalar(text).bind(value).fetch_all(c).await)
}

/// A staff record as it is now, with its employer.
#[derive(sqlx::FromRow)]
pub(super) struct AtEmployer {
    pub(super) employer_id: Uuid,
    pub(super) code: String,
    #[sqlx(flatten)]
    pub(super) fields: Fields,
}

/// A staff record as it is now, whoever's.
pub(super) async fn at_employer(tx: &mut Tx<'_>, id: Uuid) -> Result<Option<AtEmployer>> {
    on!(tx, c => sqlx::query_as("SELECT s.employer_id, e.code, s.title, s.first_names, s.last_name, s.date_of_birth, s.email, s.smartcard_uuid
         FROM staff s JOIN employer e ON e.id = s.employer_id WHERE s.id = $1").bind(id).fetch_optional(c).await)
}

/// How many values on records of other employers a person was told of since then.
pub(super) async fn told_since(tx: &mut Tx<'_>, person: Uuid, since: Instant) -> Result<i64> {
    on!(tx, c => sqlx::query_scalar("SELECT COUNT(*) FROM told_elsewhere WHERE told_to = $1 AND told_at > $2")
        .bind(person).bind(since).fetch_one(c).await)
}

pub(super) async fn was_told(tx: &mut Tx<'_>, person: Uuid, said: &str) -> Result<bool> {
    let found: Option<String> = on!(tx, c => sqlx::query_scalar("SELECT said FROM told_elsewhere WHERE told_to = $1 AND said = $2")
        .bind(person).bind(said).fetch_optional(c).await)?;
    Ok(found.is_some())
}

pub(super) async fn add_told(tx: &mut Tx<'_>, person: Uuid, said: &str, now: Instant) -> Result<()> {
    on!(tx, c => sqlx::query("INSERT INTO told_elsewhere (told_to, said, told_at) VALUES ($1, $2, $3)")
        .bind(person).bind(said).bind(now).execute(c).await.map(drop))
}

/// Forgets what was told before `oldest`.
pub(super) async fn forget_told(tx: &mut Tx<'_>, oldest: Instant) -> Result<()> {
    later!(tx, "DELETE FROM told_elsewhere WHERE told_at < $1", oldest)
}

/// Changes of an employer that were staged and never switched, by number.
pub(super) async fn unswitched(tx: &mut Tx<'_>, employer: Uuid) -> Result<Vec<i64>> {
    on!(tx, c => sqlx::query_scalar("SELECT number FROM record_change WHERE employer_id = $1 AND switched_at IS NULL ORDER BY number")
        .bind(employer).fetch_all(c).await)
}

pub(super) struct NewChange {
    pub(super) id: Uuid,
    pub(super) employer: Uuid,
    pub(super) number: i64,
    pub(super) source: &'static str,
    pub(super) by: Option<Uuid>,
    pub(super) file_name: Option<String>,
    pub(super) file_hash: Option<String>,
    pub(super) counts: String,
}

pub(super) async fn add_change(tx: &mut Tx<'_>, new: &NewChange, now: Instant) -> Result<()> {
    on!(tx, c => sqlx::query("INSERT INTO record_change (id, employer_id, number, source, by_staff_record, file_name, file_hash, counts, staged_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)")
        .bind(new.id).bind(new.employer).bind(new.number).bind(new.source).bind(new.by).bind(&new.file_name)
        .bind(&new.file_hash).bind(&new.counts).bind(now).execute(c).await.map(drop))
}

pub(super) async fn mark_switched(tx: &mut Tx<'_>, employer: Uuid, number: i64, now: Instant) -> Result<()> {
    on!(tx, c => sqlx::query("UPDATE record_change SET switched_at = $3 WHERE employer_id = $1 AND number = $2")
        .bind(employer).bind(number).bind(now).execute(c).await.map(drop))
}

/// Records of an employer whose holder first got in at or after `since`.
pub(super) async fn proved_since(tx: &mut Tx<'_>, employer: Uuid, since: Instant) -> Result<Vec<Uuid>> {
    on!(tx, c => sqlx::query_scalar("SELECT id FROM staff_record WHERE employer_id = $1 AND proved_at >= $2")
        .bind(employer).bind(since).fetch_all(c).await)
}

/// The last of a page of an employer's records after an employee number, switched or not.
pub(super) async fn page_end(
    tx: &mut Tx<'_>,
    employer: Uuid,
    after: &str,
    limit: i64,
) -> Result<Option<String>> {
    on!(tx, c => sqlx::query_scalar("SELECT MAX(employee_number) FROM (SELECT employee_number FROM staff_record
         WHERE employer_id = $1 AND employee_number > $2 ORDER BY employee_number LIMIT $3) AS page")
        .bind(employer).bind(after).bind(limit).fetch_one(c).await)
}

/// A page of an employer's records, for the sweep of one change.
pub(super) struct Sweep<'a> {
    pub(super) employer: Uuid,
    pub(super) number: i64,
    pub(super) after: &'a str,
    pub(super) last: &'a str,
}

macro_rules! sweep {
    ($(#[$doc:meta])* $name:ident, $table:literal) => {
        $(#[$doc])*
        pub(super) async fn $name(tx: &mut Tx<'_>, page: &Sweep<'_>) -> Result<()> {
            on!(tx, c => sqlx::query(concat!("DELETE FROM ", $table, " WHERE number = $2 AND staff_record_id IN (
                SELECT id FROM staff_record WHERE employer_id = $1 AND employee_number > $3 AND employee_number <= $4)"))
                .bind(page.employer).bind(page.number).bind(page.after).bind(page.last).execute(c).await.map(drop))
        }
    };
}

sweep!(sweep_assignments, "assignment");
sweep!(sweep_usernames, "username");
sweep!(sweep_holds, "identity_hold");
sweep!(sweep_versions, "staff_version");

/// After everything that hangs on them.
pub(super) async fn sweep_records(tx: &mut Tx<'_>, page: &Sweep<'_>) -> Result<()> {
    on!(tx, c => sqlx::query("DELETE FROM staff_record
         WHERE employer_id = $1 AND created_number = $2 AND employee_number > $3 AND employee_number <= $4")
        .bind(page.employer).bind(page.number).bind(page.after).bind(page.last).execute(c).await.map(drop))
}

pub(super) async fn sweep_change(tx: &mut Tx<'_>, employer: Uuid, number: i64) -> Result<()> {
    on!(tx, c => sqlx::query("DELETE FROM record_change WHERE employer_id = $1 AND number = $2 AND switched_at IS NULL")
        .bind(employer).bind(number).execute(c).await.map(drop))
}

/// The staff records on which a change put holds, after an id, in order.
pub(super) async fn with_holds(
    tx: &mut Tx<'_>,
    employer: Uuid,
    number: i64,
    after: Uuid,
    limit: i64,
) -> Result<Vec<Uuid>> {
    on!(tx, c => sqlx::query_scalar("SELECT DISTINCT staff_record_id FROM identity_hold
         WHERE employer_id = $1 AND number = $2 AND staff_record_id > $3 ORDER BY staff_record_id LIMIT $4")
        .bind(employer).bind(number).bind(after).bind(limit).fetch_all(c).await)
}

/// What a change noted of itself: file name and counts.
pub(super) async fn change(tx: &mut Tx<'_>, employer: Uuid, number: i64) -> Result<(Option<String>, String)> {
    on!(tx, c => sqlx::query_as("SELECT file_name, counts FROM record_change WHERE employer_id = $1 AND number = $2")
        .bind(employer).bind(number).fetch_one(c).await)
}
