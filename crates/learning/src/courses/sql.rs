use scorm::{Manifest, Standard};
use store::{Instant, Result, StoreError, Tx, Value, insert_many, later, on};
use uuid::Uuid;

use super::{Course, Version, VersionState, model::words_of};

macro_rules! course_columns {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            " id, employer_id, code, title, description, minutes, created_at, created_by, current_version ",
            $after
        )
    };
}

macro_rules! version_columns {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            " id, course_id, number, state, standard, findings, file_name, file_hash, size, uploaded_at, uploaded_by, published_at,
              retired_at, tested_on ",
            $after
        )
    };
}

pub(super) async fn course(tx: &mut Tx<'_>, employer: Uuid, id: Uuid) -> Result<Option<Course>> {
    on!(tx, c => sqlx::query_as(course_columns!("SELECT", "FROM course WHERE id = $1 AND employer_id = $2"))
        .bind(id).bind(employer).fetch_optional(c).await)
}

pub(super) async fn course_by_code(tx: &mut Tx<'_>, employer: Uuid, code: &str) -> Result<Option<Course>> {
    on!(tx, c => sqlx::query_as(course_columns!("SELECT", "FROM course WHERE employer_id = $1 AND code = $2"))
        .bind(employer).bind(code).fetch_optional(c).await)
}

/// The same. Holds the row until the commit.
pub(super) async fn hold_course(tx: &mut Tx<'_>, id: Uuid) -> Result<Option<Course>> {
    on!(tx, c => sqlx::query_as(course_columns!("UPDATE course SET code = code WHERE id = $1 RETURNING", ""))
        .bind(id).fetch_optional(c).await)
}

pub(super) async fn of_employer(
    tx: &mut Tx<'_>,
    employer: Uuid,
    after: Option<&Course>,
    limit: i64,
) -> Result<Vec<Course>> {
    let (title, id) = after.map_or(("", Uuid::nil()), |course| (course.title.as_str(), course.id));
    on!(tx, c => sqlx::query_as(course_columns!("SELECT", "FROM course WHERE employer_id = $1 AND (title, id) > ($2, $3)
         ORDER BY title, id LIMIT $4"))
        .bind(employer).bind(title).bind(id).bind(limit).fetch_all(c).await)
}

/// `like` is a pattern in small letters, with `!` before what stands for itself.
pub(super) async fn published(
    tx: &mut Tx<'_>,
    employer: Uuid,
    like: &str,
    after: Option<&Course>,
    limit: i64,
) -> Result<Vec<Course>> {
    let (title, id) = after.map_or(("", Uuid::nil()), |course| (course.title.as_str(), course.id));
    on!(tx, c => sqlx::query_as(course_columns!("SELECT", "FROM course WHERE employer_id = $1 AND current_version IS NOT NULL
         AND words LIKE $2 ESCAPE '!' AND (title, id) > ($3, $4) ORDER BY title, id LIMIT $5"))
        .bind(employer).bind(like).bind(title).bind(id).bind(limit).fetch_all(c).await)
}

pub(super) async fn versions(tx: &mut Tx<'_>, course: Uuid) -> Result<Vec<Version>> {
    on!(tx, c => sqlx::query_as(version_columns!("SELECT", "FROM course_version WHERE course_id = $1 AND state <> 'arriving'
         ORDER BY number DESC LIMIT 500"))
        .bind(course).fetch_all(c).await)
}

pub(super) async fn version(tx: &mut Tx<'_>, employer: Uuid, id: Uuid) -> Result<Option<Version>> {
    on!(tx, c => sqlx::query_as(version_columns!("SELECT", "FROM course_version WHERE id = $1 AND state <> 'arriving'
         AND EXISTS (SELECT 1 FROM course k WHERE k.id = course_id AND k.employer_id = $2)"))
        .bind(id).bind(employer).fetch_optional(c).await)
}

/// A version of the course that is this very package.
pub(super) async fn same_package(tx: &mut Tx<'_>, course: Uuid, hash: &str) -> Result<Option<Version>> {
    on!(tx, c => sqlx::query_as(version_columns!("SELECT", "FROM course_version WHERE course_id = $1 AND file_hash = $2 AND state <> 'arriving'
         ORDER BY number DESC LIMIT 1"))
        .bind(course).bind(hash).fetch_optional(c).await)
}

pub(crate) async fn manifest(tx: &mut Tx<'_>, version: Uuid) -> Result<Option<Manifest>> {
    let held: Option<String> = on!(tx, c => sqlx::query_scalar("SELECT manifest FROM course_version WHERE id = $1")
        .bind(version).fetch_optional(c).await)?;
    let damaged = || StoreError::Damaged(format!("manifest of version {version}"));
    held.map(|json| serde_json::from_str(&json).map_err(|_| damaged())).transpose()
}

pub(super) async fn add_course(tx: &mut Tx<'_>, course: &Course) -> Result<()> {
    on!(tx, c => sqlx::query("INSERT INTO course (id, employer_id, code, title, description, words, minutes, created_at, created_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)")
        .bind(course.id).bind(course.employer_id).bind(&course.code).bind(&course.title).bind(&course.description)
        .bind(words_of(&course.code, &course.title, &course.description)).bind(course.minutes)
        .bind(course.created_at).bind(course.created_by).execute(c).await.map(drop))
}

pub(super) async fn describe(
    tx: &mut Tx<'_>,
    course: &Course,
    title: &str,
    description: &str,
    minutes: Option<i64>,
) -> Result<()> {
    later!(
        tx,
        "UPDATE course SET title = $2, description = $3, words = $4, minutes = $5 WHERE id = $1",
        course.id,
        title.to_owned(),
        description.to_owned(),
        words_of(&course.code, title, description),
        minutes,
    )
}

pub(super) async fn set_tested(tx: &mut Tx<'_>, version: Uuid, on: String) -> Result<()> {
    later!(tx, "UPDATE course_version SET tested_on = $2 WHERE id = $1", version, on)
}

pub(super) struct NewRow {
    pub(super) id: Uuid,
    pub(super) course: Uuid,
    pub(super) standard: Standard,
    pub(super) manifest: String,
    pub(super) findings: String,
    pub(super) file_name: String,
    pub(super) file_hash: String,
    pub(super) size: i64,
    pub(super) by: Option<Uuid>,
    pub(super) tested_on: String,
}

/// A version whose files are written next. Its course's row is held.
pub(super) async fn add_version(tx: &mut Tx<'_>, new: &NewRow, now: Instant) -> Result<i64> {
    on!(tx, c => sqlx::query_scalar("INSERT INTO course_version (id, course_id, number, state, standard, manifest, findings, file_name, file_hash, size,
            uploaded_at, uploaded_by, tested_on)
         VALUES ($1, $2, (SELECT COALESCE(MAX(number), 0) + 1 FROM course_version WHERE course_id = $2), 'arriving', $3, $4, $5, $6, $7, $8, $9,
            $10, $11) RETURNING number")
        .bind(new.id).bind(new.course).bind(new.standard.as_str()).bind(&new.manifest).bind(&new.findings).bind(&new.file_name)
        .bind(&new.file_hash).bind(new.size).bind(now).bind(new.by).bind(&new.tested_on).fetch_one(c).await)
}

/// A file of a version: its path, hash and size.
pub(super) type FileRow = (String, String, i64);

pub(super) async fn add_files(tx: &mut Tx<'_>, version: Uuid, files: &[FileRow]) -> Result<()> {
    let row = |(path, hash, size): &FileRow| {
        vec![version.into(), path.as_str().into(), hash.as_str().into(), Value::Number(*size)]
    };
    insert_many(tx, "course_file", &["version_id", "path", "hash", "size"], files.iter().map(row).collect())
        .await
}

/// Its files are there.
pub(super) async fn arrived(tx: &mut Tx<'_>, version: Uuid) -> Result<bool> {
    let arrived = on!(tx, c => sqlx::query("UPDATE course_version SET state = 'uploaded' WHERE id = $1 AND state = 'arriving'")
        .bind(version).execute(c).await.map(|done| done.rows_affected()))?;
    Ok(arrived == 1)
}

pub(super) async fn set_current(tx: &mut Tx<'_>, course: Uuid, version: Option<Uuid>) -> Result<()> {
    later!(tx, "UPDATE course SET current_version = $2 WHERE id = $1", course, version)
}

pub(super) async fn set_state(
    tx: &mut Tx<'_>,
    version: Uuid,
    state: VersionState,
    now: Instant,
) -> Result<()> {
    if state == VersionState::Published {
        later!(
            tx,
            "UPDATE course_version SET state = 'published', published_at = $2, retired_at = NULL WHERE id = $1",
            version,
            now,
        )
    } else {
        later!(tx, "UPDATE course_version SET state = $2, retired_at = $3 WHERE id = $1", version, state, now)
    }
}

/// A file of a version by its path: hash and size.
pub(crate) async fn file(tx: &mut Tx<'_>, version: Uuid, path: &str) -> Result<Option<(String, i64)>> {
    on!(tx, c => sqlx::query_as("SELECT hash, size FROM course_file WHERE version_id = $1 AND path = $2")
        .bind(version).bind(path).fetch_optional(c).await)
}

/// The hashes of files that some version has, in their order, behind `after`.
pub(super) async fn hashes(tx: &mut Tx<'_>, after: &str, limit: i64) -> Result<Vec<String>> {
    on!(tx, c => sqlx::query_scalar("SELECT DISTINCT hash FROM course_file WHERE hash > $1 ORDER BY hash LIMIT $2")
        .bind(after).bind(limit).fetch_all(c).await)
}

/// Gives up a version whose files did not all arrive: so many of its rows go, and with the last of them the version, and its course where
/// that has no other.
pub(super) async fn give_up(tx: &mut Tx<'_>, version: Uuid, limit: i64) -> Result<bool> {
    let gone = on!(tx, c => sqlx::query("DELETE FROM course_file WHERE version_id = $1 AND path IN
            (SELECT path FROM course_file WHERE version_id = $1 LIMIT $2)
         AND EXISTS (SELECT 1 FROM course_version v WHERE v.id = $1 AND v.state = 'arriving')")
        .bind(version).bind(limit).execute(c).await.map(|done| done.rows_affected()))?;
    if gone > 0 {
        return Ok(true);
    }
    let course: Option<Uuid> = on!(tx, c => sqlx::query_scalar("DELETE FROM course_version WHERE id = $1 AND state = 'arriving' RETURNING course_id")
        .bind(version).fetch_optional(c).await)?;
    if let Some(course) = course {
        later!(
            tx,
            "DELETE FROM course WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM course_version v WHERE v.course_id = $1)",
            course,
        )?;
    }
    Ok(false)
}
