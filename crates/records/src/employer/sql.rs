use store::{Day, Instant, Result, Tx, later, on};
use uuid::Uuid;

use super::{Employer, NewEmployer, Section};

/// One employer.
///
/// # Errors
/// What the database says.
pub async fn employer(tx: &mut Tx<'_>, id: Uuid) -> Result<Option<Employer>> {
    on!(tx, c => sqlx::query_as("SELECT id, code, name, settings, revision, record_change FROM employer WHERE id = $1")
        .bind(id).fetch_optional(c).await)
}

/// The employer with this three-digit code.
///
/// # Errors
/// What the database says.
pub async fn employer_by_code(tx: &mut Tx<'_>, code: &str) -> Result<Option<Employer>> {
    on!(tx, c => sqlx::query_as("SELECT id, code, name, settings, revision, record_change FROM employer WHERE code = $1")
        .bind(code).fetch_optional(c).await)
}

/// Every employer, by code.
///
/// # Errors
/// What the database says.
pub async fn employers(tx: &mut Tx<'_>) -> Result<Vec<Employer>> {
    on!(tx, c => sqlx::query_as("SELECT id, code, name, settings, revision, record_change FROM employer ORDER BY code")
        .fetch_all(c).await)
}

/// A number that rises whenever an employer is added or changed: what was read under an older one is stale.
///
/// # Errors
/// What the database says.
pub async fn employers_revision(tx: &mut Tx<'_>) -> Result<i64> {
    on!(tx, c => sqlx::query_scalar("SELECT CAST(COALESCE(SUM(revision), 0) AS BIGINT) FROM employer").fetch_one(c).await)
}

pub(super) async fn add(
    tx: &mut Tx<'_>,
    id: Uuid,
    new: &NewEmployer,
    settings: &str,
    now: Instant,
) -> Result<()> {
    on!(tx, c => sqlx::query("INSERT INTO employer (id, code, name, settings, revision, record_change, change_numbered, created_at, changed_at)
         VALUES ($1, $2, $3, $4, 1, 0, 0, $5, $5)")
        .bind(id).bind(&new.code).bind(&new.name).bind(settings).bind(now).execute(c).await.map(drop))
}

/// `false` where the employer was changed since `revision` was read.
pub(super) async fn set(
    tx: &mut Tx<'_>,
    id: Uuid,
    revision: i64,
    name: &str,
    settings: &str,
    now: Instant,
) -> Result<bool> {
    on!(tx, c => sqlx::query("UPDATE employer SET name = $3, settings = $4, changed_at = $5, revision = revision + 1
         WHERE id = $1 AND revision = $2")
        .bind(id).bind(revision).bind(name).bind(settings).bind(now).execute(c).await.map(|done| done.rows_affected() == 1))
}

/// Gives the next number for a change of its staff records; on PostgreSQL others wait for this transaction.
pub(crate) async fn number_change(tx: &mut Tx<'_>, id: Uuid) -> Result<i64> {
    on!(tx, c => sqlx::query_scalar("UPDATE employer SET change_numbered = change_numbered + 1 WHERE id = $1 RETURNING change_numbered")
        .bind(id).fetch_one(c).await)
}

/// Makes `number` the newest switched change; `false` where `base` no longer is.
pub(crate) async fn switch(tx: &mut Tx<'_>, id: Uuid, base: i64, number: i64) -> Result<bool> {
    on!(tx, c => sqlx::query("UPDATE employer SET record_change = $3 WHERE id = $1 AND record_change = $2")
        .bind(id).bind(base).bind(number).execute(c).await.map(|done| done.rows_affected() == 1))
}

/// A draft of settings, as JSON.
#[derive(sqlx::FromRow)]
pub(super) struct DraftRow {
    pub(super) id: Uuid,
    pub(super) employer_id: Uuid,
    pub(super) revision: i64,
    pub(super) section: Section,
    pub(super) settings: String,
}

pub(super) async fn add_draft(
    tx: &mut Tx<'_>,
    draft: &DraftRow,
    staff_record: Uuid,
    now: Instant,
) -> Result<()> {
    on!(tx, c => sqlx::query("INSERT INTO settings_draft (id, employer_id, revision, staff_record_id, section, settings, made_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)")
        .bind(draft.id).bind(draft.employer_id).bind(draft.revision).bind(staff_record).bind(draft.section)
        .bind(&draft.settings).bind(now).execute(c).await.map(drop))
}

/// A draft that somebody made after `oldest`.
pub(super) async fn draft(
    tx: &mut Tx<'_>,
    id: Uuid,
    staff_record: Uuid,
    oldest: Instant,
) -> Result<Option<DraftRow>> {
    on!(tx, c => sqlx::query_as("SELECT id, employer_id, revision, section, settings FROM settings_draft
         WHERE id = $1 AND staff_record_id = $2 AND made_at > $3")
        .bind(id).bind(staff_record).bind(oldest).fetch_optional(c).await)
}

pub(super) async fn forget_draft(tx: &mut Tx<'_>, id: Uuid) -> Result<()> {
    later!(tx, "DELETE FROM settings_draft WHERE id = $1", id)
}

/// Forgets what was made before `oldest`.
pub(super) async fn forget_drafts(tx: &mut Tx<'_>, oldest: Instant) -> Result<()> {
    later!(tx, "DELETE FROM settings_draft WHERE made_at <= $1", oldest)
}

/// So many are counted.
pub(super) const MOST_COUNTED: i64 = 1000;

/// How many of an employer's staff have not left and have an address that ends so, up to [`MOST_COUNTED`]. Addresses are read first, and
/// nothing else of those whose address ends otherwise.
pub(super) async fn count_mailed(tx: &mut Tx<'_>, employer: Uuid, domain: &str, today: Day) -> Result<i64> {
    // A mail domain has none of the characters that LIKE knows.
    let ending = format!("%@{}", domain.to_lowercase());
    on!(tx, c => sqlx::query_scalar("SELECT COUNT(*) FROM (SELECT 1 FROM staff_version m CROSS JOIN staff s
         WHERE m.email LIKE $2 AND s.id = m.staff_record_id AND s.number = m.number AND s.employer_id = $1
            AND (s.last_day IS NULL OR s.last_day >= $3) LIMIT $4) AS found")
        .bind(employer).bind(&ending).bind(today).bind(MOST_COUNTED).fetch_one(c).await)
}

/// Whether there is a logo with this hash.
pub(super) async fn has_logo(tx: &mut Tx<'_>, hash: &str) -> Result<bool> {
    let found: Option<String> = on!(tx, c => sqlx::query_scalar("SELECT hash FROM logo WHERE hash = $1")
        .bind(hash).fetch_optional(c).await)?;
    Ok(found.is_some())
}

pub(super) async fn keep_logo(tx: &mut Tx<'_>, hash: &str, picture: &[u8], now: Instant) -> Result<()> {
    on!(tx, c => sqlx::query("INSERT INTO logo (hash, picture, kept_at) VALUES ($1, $2, $3)
         ON CONFLICT (hash) DO UPDATE SET kept_at = $3")
        .bind(hash).bind(picture).bind(now).execute(c).await.map(drop))
}

/// Forgets what was kept before `oldest` and is no employer's.
pub(super) async fn forget_logos(tx: &mut Tx<'_>, oldest: Instant) -> Result<()> {
    later!(
        tx,
        "DELETE FROM logo WHERE kept_at < $1
         AND NOT EXISTS (SELECT 1 FROM employer e WHERE e.settings LIKE '%' || logo.hash || '%')",
        oldest,
    )
}

/// A logo by its hash, as PNG; none where there is none any more.
///
/// # Errors
/// What the store says.
pub async fn logo_picture(tx: &mut Tx<'_>, hash: &str) -> Result<Option<Vec<u8>>> {
    on!(tx, c => sqlx::query_scalar("SELECT picture FROM logo WHERE hash = $1").bind(hash).fetch_optional(c).await)
}
