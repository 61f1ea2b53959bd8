use store::{Instant, Result, StoreError, Tx, later, on};
use uuid::Uuid;

use super::{Role, WaitingGrant};
use crate::{Holder, HolderRow, holders};

/// The roles that somebody holds at an employer now.
///
/// # Errors
/// What the database says.
pub async fn roles_of(tx: &mut Tx<'_>, staff_record: Uuid, employer: Uuid) -> Result<Vec<Role>> {
    on!(tx, c => sqlx::query_scalar("SELECT role FROM role_grant
         WHERE staff_record_id = $1 AND employer_id = $2 AND withdrawn_at IS NULL ORDER BY role")
        .bind(staff_record).bind(employer).fetch_all(c).await)
}

/// The settings of the employer where somebody holds `role`; `None` where they do not.
pub(super) async fn settings_where_held(
    tx: &mut Tx<'_>,
    staff_record: Uuid,
    employer: Uuid,
    role: Role,
) -> Result<Option<String>> {
    on!(tx, c => sqlx::query_scalar("SELECT e.settings FROM role_grant g JOIN employer e ON e.id = g.employer_id
         WHERE g.staff_record_id = $1 AND g.employer_id = $2 AND g.role = $3 AND g.withdrawn_at IS NULL")
        .bind(staff_record).bind(employer).bind(role).fetch_optional(c).await)
}

/// Holds an employer until the commit.
pub(crate) async fn hold_employer(tx: &mut Tx<'_>, employer: Uuid) -> Result<()> {
    on!(tx, c => sqlx::query("UPDATE employer SET revision = revision WHERE id = $1").bind(employer).execute(c).await.map(drop))
}

/// Whether anybody was ever HR there.
pub(super) async fn ever_had_hr(tx: &mut Tx<'_>, employer: Uuid) -> Result<bool> {
    let found: Option<Uuid> = on!(tx, c => sqlx::query_scalar("SELECT id FROM role_grant WHERE employer_id = $1 AND role = 'hr' LIMIT 1")
        .bind(employer).fetch_optional(c).await)?;
    Ok(found.is_some())
}

/// Who holds one of two roles at an employer now: staff records.
pub(crate) async fn who_holds(tx: &mut Tx<'_>, employer: Uuid, one: Role, other: Role) -> Result<Vec<Uuid>> {
    on!(tx, c => sqlx::query_scalar("SELECT DISTINCT staff_record_id FROM role_grant
         WHERE employer_id = $1 AND role IN ($2, $3) AND withdrawn_at IS NULL ORDER BY staff_record_id")
        .bind(employer).bind(one).bind(other).fetch_all(c).await)
}

/// Whether somebody other than `but` was HR there whose role was withdrawn, or whose record got its leaving date, since then.
pub(super) async fn hr_gone_since(
    tx: &mut Tx<'_>,
    employer: Uuid,
    but: Uuid,
    since: Instant,
) -> Result<bool> {
    let found: Option<Uuid> = on!(tx, c => sqlx::query_scalar("SELECT g.staff_record_id FROM role_grant g
         JOIN staff s ON s.id = g.staff_record_id
         JOIN record_change c ON c.employer_id = s.employer_id AND c.number = s.number
         WHERE g.employer_id = $1 AND g.role = 'hr' AND g.staff_record_id <> $2
            AND (g.withdrawn_at >= $3 OR (g.withdrawn_at IS NULL AND s.last_day IS NOT NULL AND c.switched_at >= $3)) LIMIT 1")
        .bind(employer).bind(but).bind(since).fetch_optional(c).await)?;
    Ok(found.is_some())
}

pub(super) struct NewGrant {
    pub(super) id: Uuid,
    pub(super) employer: Uuid,
    pub(super) staff_record: Uuid,
    pub(super) role: Role,
    pub(super) by: Option<Uuid>,
    pub(super) confirmed_by: Option<Uuid>,
    pub(super) reason: Option<String>,
}

pub(super) async fn grant(
    tx: &mut Tx<'_>,
    new: &NewGrant,
    now: Instant,
) -> std::result::Result<(), StoreError> {
    on!(tx, c => sqlx::query("INSERT INTO role_grant (id, employer_id, staff_record_id, role, granted_at, granted_by, reason,
            confirmed_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(new.id).bind(new.employer).bind(new.staff_record).bind(new.role).bind(now).bind(new.by).bind(&new.reason)
        .bind(new.confirmed_by).execute(c).await.map(drop))
}

/// `false` where nobody holds it any more.
pub(super) async fn withdraw(
    tx: &mut Tx<'_>,
    grant: Uuid,
    by: Option<Uuid>,
    reason: &str,
    now: Instant,
) -> Result<bool> {
    on!(tx, c => sqlx::query("UPDATE role_grant SET withdrawn_at = $2, withdrawn_by = $3, withdrawn_reason = $4
         WHERE id = $1 AND withdrawn_at IS NULL")
        .bind(grant).bind(now).bind(by).bind(reason).execute(c).await.map(|done| done.rows_affected() == 1))
}

/// A role that somebody holds.
#[derive(Clone, Debug)]
pub struct Held {
    /// The grant's id.
    pub grant: Uuid,
    /// Which.
    pub role: Role,
    /// Who holds it.
    pub holder: Holder,
    /// Their newest username.
    pub username: String,
    /// Since when.
    pub granted_at: Instant,
    /// The staff record of who granted it; none for the operator.
    pub granted_by: Option<Uuid>,
    /// The second HR person, where one had to agree.
    pub confirmed_by: Option<Uuid>,
    /// Why.
    pub reason: Option<String>,
}

#[derive(sqlx::FromRow)]
struct HeldRow {
    grant_id: Uuid,
    role: Role,
    granted_at: Instant,
    granted_by: Option<Uuid>,
    confirmed_by: Option<Uuid>,
    reason: Option<String>,
    username: Option<String>,
    #[sqlx(flatten)]
    holder: HolderRow,
}

impl TryFrom<HeldRow> for Held {
    type Error = StoreError;

    fn try_from(row: HeldRow) -> Result<Self> {
        Ok(Self {
            grant: row.grant_id,
            role: row.role,
            holder: row.holder.try_into()?,
            username: row.username.unwrap_or_default(),
            granted_at: row.granted_at,
            granted_by: row.granted_by,
            confirmed_by: row.confirmed_by,
            reason: row.reason,
        })
    }
}

/// The SQL of [`HeldRow`]s.
macro_rules! held {
    ($rest:literal) => {
        holders!(
            "g.id AS grant_id, g.role, g.granted_at, g.granted_by, g.confirmed_by, g.reason,
                (SELECT u.name FROM username u JOIN record_change c
                    ON c.employer_id = u.employer_id AND c.number = u.number AND c.switched_at IS NOT NULL
                    WHERE u.staff_record_id = s.id AND u.valid_until IS NULL
                    ORDER BY u.allotted_at DESC, u.name DESC LIMIT 1) AS username, ",
            "role_grant g JOIN staff s ON s.id = g.staff_record_id",
            $rest
        )
    };
}

/// Who holds which role at an employer, by role and since when: so many after one of them.
///
/// # Errors
/// What the database says.
pub async fn roles_held(
    tx: &mut Tx<'_>,
    employer: Uuid,
    after: Option<&Held>,
    limit: i64,
    now: Instant,
) -> Result<Vec<Held>> {
    let (role, grant) = after.map_or(("", Uuid::nil()), |held| (held.role.as_str(), held.grant));
    let rows: Vec<HeldRow> = on!(tx, c => sqlx::query_as(held!(" WHERE g.employer_id = $1 AND g.withdrawn_at IS NULL
             AND (g.role, g.id) > ($3, $4) ORDER BY g.role, g.id LIMIT $5"))
        .bind(employer).bind(now).bind(role).bind(grant).bind(limit).fetch_all(c).await)?;
    rows.into_iter().map(Held::try_from).collect()
}

/// One role that somebody at an employer holds.
pub(super) async fn held(tx: &mut Tx<'_>, employer: Uuid, grant: Uuid, now: Instant) -> Result<Option<Held>> {
    let row: Option<HeldRow> = on!(tx, c => sqlx::query_as(held!(" WHERE g.id = $1 AND g.employer_id = $3 AND g.withdrawn_at IS NULL"))
        .bind(grant).bind(now).bind(employer).fetch_optional(c).await)?;
    row.map(Held::try_from).transpose()
}

/// Whether somebody at the employer ever held a role by this grant.
pub(super) async fn was_held(tx: &mut Tx<'_>, employer: Uuid, grant: Uuid) -> Result<bool> {
    let found: Option<Uuid> = on!(tx, c => sqlx::query_scalar("SELECT id FROM role_grant WHERE id = $1 AND employer_id = $2")
        .bind(grant).bind(employer).fetch_optional(c).await)?;
    Ok(found.is_some())
}

#[derive(sqlx::FromRow)]
struct WaitingRow {
    waiting_id: Uuid,
    role: Role,
    username: String,
    reason: Option<String>,
    asked_at: Instant,
    asked_by: Uuid,
    lapses_at: Instant,
    #[sqlx(flatten)]
    holder: HolderRow,
}

impl TryFrom<WaitingRow> for WaitingGrant {
    type Error = StoreError;

    fn try_from(row: WaitingRow) -> Result<Self> {
        Ok(Self {
            id: row.waiting_id,
            role: row.role,
            holder: row.holder.try_into()?,
            username: row.username,
            reason: row.reason,
            asked_at: row.asked_at,
            asked_by: row.asked_by,
            lapses_at: row.lapses_at,
        })
    }
}

/// The SQL of [`WaitingRow`]s.
macro_rules! waiting {
    ($rest:literal) => {
        holders!(
            "w.id AS waiting_id, w.role, w.username, w.reason, w.asked_at, w.asked_by, w.lapses_at, ",
            "waiting_grant w JOIN staff s ON s.id = w.staff_record_id",
            $rest
        )
    };
}

pub(super) async fn waiting(
    tx: &mut Tx<'_>,
    employer: Uuid,
    limit: i64,
    now: Instant,
) -> Result<Vec<WaitingGrant>> {
    let rows: Vec<WaitingRow> = on!(tx, c => sqlx::query_as(waiting!(" WHERE w.employer_id = $1 AND w.closed_at IS NULL
             AND w.lapses_at > $2 ORDER BY w.asked_at, w.id LIMIT $3"))
        .bind(employer).bind(now).bind(limit).fetch_all(c).await)?;
    rows.into_iter().map(WaitingGrant::try_from).collect()
}

pub(super) async fn one_waiting(
    tx: &mut Tx<'_>,
    employer: Uuid,
    id: Uuid,
    now: Instant,
) -> Result<Option<WaitingGrant>> {
    let row: Option<WaitingRow> = on!(tx, c => sqlx::query_as(waiting!(" WHERE w.id = $1 AND w.employer_id = $3
             AND w.closed_at IS NULL AND w.lapses_at > $2"))
        .bind(id).bind(now).bind(employer).fetch_optional(c).await)?;
    row.map(WaitingGrant::try_from).transpose()
}

/// Whether this ever waited at the employer.
pub(super) async fn was_waiting(tx: &mut Tx<'_>, employer: Uuid, id: Uuid) -> Result<bool> {
    let found: Option<Uuid> = on!(tx, c => sqlx::query_scalar("SELECT id FROM waiting_grant WHERE id = $1 AND employer_id = $2")
        .bind(id).bind(employer).fetch_optional(c).await)?;
    Ok(found.is_some())
}

/// Whether this grant waits already.
pub(super) async fn is_waiting(tx: &mut Tx<'_>, new: &NewGrant) -> Result<bool> {
    let found: Option<Uuid> = on!(tx, c => sqlx::query_scalar("SELECT id FROM waiting_grant
         WHERE staff_record_id = $1 AND employer_id = $2 AND role = $3 AND closed_at IS NULL")
        .bind(new.staff_record).bind(new.employer).bind(new.role).fetch_optional(c).await)?;
    Ok(found.is_some())
}

pub(super) async fn ask(
    tx: &mut Tx<'_>,
    new: &NewGrant,
    username: &str,
    lapses_at: Instant,
    now: Instant,
) -> Result<()> {
    on!(tx, c => sqlx::query("INSERT INTO waiting_grant (id, employer_id, staff_record_id, role, username, reason, asked_at, asked_by, lapses_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)")
        .bind(new.id).bind(new.employer).bind(new.staff_record).bind(new.role).bind(username).bind(&new.reason).bind(now)
        .bind(new.by).bind(lapses_at).execute(c).await.map(drop))
}

/// Closes what has run out, so that it can be asked for again.
pub(super) async fn close_lapsed(tx: &mut Tx<'_>, employer: Uuid, now: Instant) -> Result<()> {
    later!(
        tx,
        "UPDATE waiting_grant SET closed_at = $2 WHERE employer_id = $1 AND closed_at IS NULL AND lapses_at <= $2",
        employer,
        now,
    )
}

/// It has been confirmed, refused or taken back.
pub(super) async fn close(tx: &mut Tx<'_>, id: Uuid, by: Option<Uuid>, now: Instant) -> Result<()> {
    later!(
        tx,
        "UPDATE waiting_grant SET closed_at = $2, closed_by = $3 WHERE id = $1 AND closed_at IS NULL",
        id,
        now,
        by,
    )
}
