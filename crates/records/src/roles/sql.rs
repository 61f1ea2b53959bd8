use store::{Instant, Result, StoreError, Tx, on};
use uuid::Uuid;

use super::Role;

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
pub(super) async fn hold_employer(tx: &mut Tx<'_>, employer: Uuid) -> Result<()> {
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

pub(super) struct NewGrant {
    pub(super) id: Uuid,
    pub(super) employer: Uuid,
    pub(super) staff_record: Uuid,
    pub(super) role: Role,
    pub(super) by: Option<Uuid>,
    pub(super) reason: Option<String>,
}

pub(super) async fn grant(
    tx: &mut Tx<'_>,
    new: &NewGrant,
    now: Instant,
) -> std::result::Result<(), StoreError> {
    on!(tx, c => sqlx::query("INSERT INTO role_grant (id, employer_id, staff_record_id, role, granted_at, granted_by, reason)
         VALUES ($1, $2, $3, $4, $5, $6, $7)")
        .bind(new.id).bind(new.employer).bind(new.staff_record).bind(new.role).bind(now).bind(new.by).bind(&new.reason)
        .execute(c).await.map(drop))
}
