use store::{Instant, Result, StoreError, Tx, on};
use uuid::Uuid;

use super::{Holder, Username, model::HolderRow};
use crate::employer::is_email;

/// The SQL that reads staff records `s` with their employers `e` and what of them is held at `$2`, as rows of [`HolderRow`]. A room
/// that asks for more in the same turn names its own columns, each with a comma after it, and the table that it comes from.
///
/// ```
/// assert!(records::holders!("n.seen_at, ", "session n JOIN staff s ON s.id = n.staff_record_id", " WHERE n.id = $1")
///     .starts_with("SELECT n.seen_at, s.id AS record_id"));
/// ```
#[macro_export]
macro_rules! holders {
    ($rest:literal) => { $crate::holders!("", "staff s", $rest) };
    ($columns:literal, $from:literal, $rest:literal) => {
        concat!(
            "SELECT ", $columns, "s.id AS record_id, s.employee_number, s.proved_at, s.title, s.first_names, s.last_name,
                s.date_of_birth, s.email, s.smartcard_uuid, s.last_day, he.id AS email_hold, he.old_value AS email_before,
                hb.id AS birth_hold, hb.old_value AS birth_before, hc.id AS card_hold, hc.old_value AS card_before,
                e.id AS employer_id, e.code, e.name, e.settings, e.revision, e.record_change,
                (SELECT STRING_AGG(g.role, ',') FROM role_grant g WHERE g.staff_record_id = s.id AND g.employer_id = e.id
                    AND g.withdrawn_at IS NULL) AS roles
             FROM ", $from, " JOIN employer e ON e.id = s.employer_id",
            $crate::holders!(@hold "he", "email", "s.email"),
            $crate::holders!(@hold "hb", "date_of_birth", "CAST(s.date_of_birth AS TEXT)"),
            $crate::holders!(@hold "hc", "smartcard_uuid", "s.smartcard_uuid"),
            $rest
        )
    };
    // The newest switched hold of one field of `s`, where it is in force at `$2`.
    (@hold $alias:literal, $field:literal, $current:literal) => {
        concat!(
            " LEFT JOIN identity_hold ", $alias, " ON ", $alias, ".id = (SELECT h.id FROM identity_hold h
                JOIN record_change c ON c.employer_id = h.employer_id AND c.number = h.number AND c.switched_at IS NOT NULL
                WHERE h.staff_record_id = s.id AND h.field = '", $field, "' ORDER BY h.number DESC LIMIT 1)
             AND ", $alias, ".stopped_at IS NULL AND ", $alias, ".released_at IS NULL AND ", $alias, ".held_until > $2
             AND ", $alias, ".new_value IS NOT DISTINCT FROM ", $current
        )
    };
}

/// Whoever has this username now, with their employer.
///
/// # Errors
/// What the database says.
pub async fn find_by_username(tx: &mut Tx<'_>, username: &Username, now: Instant) -> Result<Option<Holder>> {
    let row: Option<HolderRow> = on!(tx, c => sqlx::query_as(holders!(" WHERE s.id = (SELECT u.staff_record_id FROM username u
            JOIN record_change c ON c.employer_id = u.employer_id AND c.number = u.number AND c.switched_at IS NOT NULL
            WHERE u.name = $1 AND (u.valid_until IS NULL OR u.valid_until > $2))"))
        .bind(username.as_str()).bind(now).fetch_optional(c).await)?;
    row.map(Holder::try_from).transpose()
}

/// The staff record that has this username now.
///
/// # Errors
/// What the database says.
pub async fn whose_username(tx: &mut Tx<'_>, username: &Username, now: Instant) -> Result<Option<Uuid>> {
    on!(tx, c => sqlx::query_scalar("SELECT u.staff_record_id FROM username u
         JOIN record_change c ON c.employer_id = u.employer_id AND c.number = u.number AND c.switched_at IS NOT NULL
         WHERE u.name = $1 AND (u.valid_until IS NULL OR u.valid_until > $2)")
        .bind(username.as_str()).bind(now).fetch_optional(c).await)
}

/// Any staff record there is.
///
/// # Errors
/// What the database says.
pub async fn any_record(tx: &mut Tx<'_>) -> Result<Option<Uuid>> {
    on!(tx, c => sqlx::query_scalar("SELECT id FROM staff LIMIT 1").fetch_optional(c).await)
}

/// One staff record with its employer.
///
/// # Errors
/// What the database says.
pub async fn holder(tx: &mut Tx<'_>, staff_record: Uuid, now: Instant) -> Result<Option<Holder>> {
    let row: Option<HolderRow> = on!(tx, c => sqlx::query_as(holders!(" WHERE s.id = $1"))
        .bind(staff_record).bind(now).fetch_optional(c).await)?;
    row.map(Holder::try_from).transpose()
}

/// Whoever has this email address in force, at any employer, by employer's code and employee number; fifty that
/// ever had it are looked at.
///
/// # Errors
/// What the database says.
pub async fn holders_by_email(tx: &mut Tx<'_>, email: &str, now: Instant) -> Result<Vec<Holder>> {
    let email = email.trim().to_lowercase();
    // What is no address finds nobody, by the same statement.
    let email = if is_email(&email) { email } else { String::new() };
    // The inner limits keep PostgreSQL, which knows nothing of the table right after a first load, from expecting many.
    let rows: Vec<HolderRow> = on!(tx, c => sqlx::query_as(holders!(" WHERE s.id IN (
                SELECT id FROM (SELECT DISTINCT staff_record_id AS id FROM staff_version WHERE email = $1 LIMIT 50) AS now
                UNION SELECT id FROM (SELECT DISTINCT staff_record_id AS id FROM identity_hold
                    WHERE old_value = $1 AND field = 'email' LIMIT 50) AS before)
             AND CASE WHEN he.id IS NULL THEN s.email ELSE he.old_value END = $1
             ORDER BY e.code, s.employee_number"))
        .bind(&email).bind(now).fetch_all(c).await)?;
    rows.into_iter().map(Holder::try_from).collect()
}

/// Whoever has this smartcard UUID in force, at any employer, by employer's code and employee number; twenty that
/// ever had it are looked at.
///
/// # Errors
/// What the database says.
pub async fn holders_by_smartcard(tx: &mut Tx<'_>, uuid: &str, now: Instant) -> Result<Vec<Holder>> {
    let rows: Vec<HolderRow> = on!(tx, c => sqlx::query_as(holders!(" WHERE s.id IN (
                SELECT id FROM (SELECT DISTINCT staff_record_id AS id FROM staff_version WHERE smartcard_uuid = $1 LIMIT 20) AS now
                UNION SELECT id FROM (SELECT DISTINCT staff_record_id AS id FROM identity_hold
                    WHERE old_value = $1 AND field = 'smartcard_uuid' LIMIT 20) AS before)
             AND CASE WHEN hc.id IS NULL THEN s.smartcard_uuid ELSE hc.old_value END = $1
             ORDER BY e.code, s.employee_number"))
        .bind(uuid).bind(now).fetch_all(c).await)?;
    rows.into_iter().map(Holder::try_from).collect()
}

/// The usernames of one staff record that work now, newest first.
///
/// # Errors
/// What the database says.
pub async fn usernames(tx: &mut Tx<'_>, staff_record: Uuid, now: Instant) -> Result<Vec<Username>> {
    let names: Vec<String> = on!(tx, c => sqlx::query_scalar("SELECT u.name FROM username u
         JOIN record_change c ON c.employer_id = u.employer_id AND c.number = u.number AND c.switched_at IS NOT NULL
         WHERE u.staff_record_id = $1 AND (u.valid_until IS NULL OR u.valid_until > $2) ORDER BY u.allotted_at DESC, u.name DESC")
        .bind(staff_record).bind(now).fetch_all(c).await)?;
    let damaged = |name: String| StoreError::Damaged(format!("username {name}"));
    names.into_iter().map(|name| Username::parse(&name).ok_or_else(|| damaged(name))).collect()
}

/// A change that wrote a version of a staff record.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct RecordChange {
    /// Its number at the employer.
    pub number: i64,
    /// Since when it is seen.
    pub switched_at: Instant,
    /// How it came: `file` by a page, `command`, and whatever pages name.
    pub source: String,
    /// The file's name.
    pub file_name: Option<String>,
    /// Whose change it was; none for the operator and the portal.
    pub by_staff_record: Option<Uuid>,
}

/// The newest changes that wrote a version of a staff record, newest first.
///
/// # Errors
/// What the database says.
pub async fn changes_of(tx: &mut Tx<'_>, staff_record: Uuid, limit: i64) -> Result<Vec<RecordChange>> {
    on!(tx, c => sqlx::query_as("SELECT c.number, c.switched_at, c.source, c.file_name, c.by_staff_record
         FROM staff_version v JOIN staff_record r ON r.id = v.staff_record_id
         JOIN record_change c ON c.employer_id = r.employer_id AND c.number = v.number
         WHERE v.staff_record_id = $1 AND c.switched_at IS NOT NULL ORDER BY v.number DESC LIMIT $2")
        .bind(staff_record).bind(limit).fetch_all(c).await)
}

/// Notes that the record's holder got in for the first time: from now on a change of an identity field is held.
///
/// # Errors
/// What the database says.
pub async fn mark_proved(tx: &mut Tx<'_>, staff_record: Uuid, now: Instant) -> Result<()> {
    on!(tx, c => sqlx::query("UPDATE staff_record SET proved_at = $2 WHERE id = $1 AND proved_at IS NULL")
        .bind(staff_record).bind(now).execute(c).await.map(drop))
}
