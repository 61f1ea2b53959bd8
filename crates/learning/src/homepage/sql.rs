use store::{Instant, Result, Tx, later, on};
use uuid::Uuid;

use super::model::Sought;
use crate::attempts::Status;

/// An attempt that goes on.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Going {
    pub(super) id: Uuid,
    pub(super) title: String,
    pub(super) status: Status,
    pub(super) touched_at: Instant,
    pub(super) score: Option<i64>,
    pub(super) seconds: i64,
}

/// What somebody is on, what they opened last first.
pub(super) async fn going(tx: &mut Tx<'_>, holder: Uuid, limit: i64) -> Result<Vec<Going>> {
    on!(tx, c => sqlx::query_as("SELECT a.id, c.title, a.status, a.touched_at, a.score, a.seconds
         FROM attempt a JOIN course c ON c.id = a.course_id
         WHERE a.staff_record_id = $1 AND a.ended_at IS NULL AND a.status NOT IN ('completed', 'passed')
         ORDER BY a.touched_at DESC, a.id DESC LIMIT $2")
        .bind(holder).bind(limit).fetch_all(c).await)
}

/// A launch whose end has not arrived.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct NotSaved {
    pub(super) id: Uuid,
    pub(super) attempt_id: Uuid,
    pub(super) title: String,
    pub(super) device: String,
    pub(super) created_at: Instant,
    /// When the newest of what arrived was done, by the person's time.
    pub(super) saved_at: Option<Instant>,
}

/// Launches since `since` that were opened, were last heard of before `quiet`, and of which not all has come, newest first: also those that
/// were gone on with elsewhere, since what is missing of them may be what counts. What was passed cannot become more.
pub(super) async fn not_saved(
    tx: &mut Tx<'_>,
    holder: Uuid,
    since: Instant,
    quiet: Instant,
) -> Result<Vec<NotSaved>> {
    on!(tx, c => sqlx::query_as("SELECT l.id, l.attempt_id, c.title, l.device, l.created_at,
             (SELECT MAX(m.at) FROM launch_commit m WHERE m.launch_id = l.id) AS saved_at
         FROM attempt a JOIN launch l ON l.attempt_id = a.id JOIN course c ON c.id = a.course_id
         WHERE a.staff_record_id = $1 AND a.touched_at > $2 AND a.status <> 'passed'
             AND l.final_at IS NULL AND l.loads > 0 AND l.created_at > $2 AND COALESCE(l.seen_at, l.created_at) < $3
         ORDER BY l.created_at DESC, l.id DESC LIMIT 20")
        .bind(holder).bind(since).bind(quiet).fetch_all(c).await)
}

/// Something that somebody has done.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Done {
    pub(super) id: Uuid,
    pub(super) attempt_id: Uuid,
    pub(super) title: String,
    pub(super) status: Status,
    pub(super) completed_at: Instant,
    pub(super) score: Option<i64>,
    pub(super) seconds: i64,
}

/// What somebody has done before a place in the list, newest first; where an attempt was completed and then passed, that it was passed.
pub(super) async fn done(
    tx: &mut Tx<'_>,
    holder: Uuid,
    (before, id): (Instant, Uuid),
    limit: i64,
) -> Result<Vec<Done>> {
    on!(tx, c => sqlx::query_as("SELECT k.id, k.attempt_id, k.title, k.status, k.completed_at, k.score, k.seconds
         FROM completion k WHERE k.staff_record_id = $1 AND (k.completed_at, k.id) < ($2, $3)
             AND NOT EXISTS (SELECT 1 FROM completion n
                 WHERE n.attempt_id = k.attempt_id AND n.status = 'passed' AND k.status <> 'passed')
         ORDER BY k.completed_at DESC, k.id DESC LIMIT $4")
        .bind(holder).bind(before).bind(id).bind(limit).fetch_all(c).await)
}

/// A course that can be begun.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Course {
    pub(super) id: Uuid,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) minutes: Option<i64>,
}

/// An employer's published courses that match all patterns, by title, behind the course `after`.
pub(super) async fn find(
    tx: &mut Tx<'_>,
    employer: Uuid,
    sought: &Sought,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Course>> {
    let [one, two, three, four] = &sought.0;
    on!(tx, c => sqlx::query_as("SELECT f.id, f.title, f.description, f.minutes
         FROM course f WHERE f.employer_id = $1 AND f.current_version IS NOT NULL
             AND ($6 IS NULL OR (f.title, f.id) > (SELECT a.title, a.id FROM course a WHERE a.id = $6 AND a.employer_id = $1))
             AND f.words LIKE $2 ESCAPE '\\' AND f.words LIKE $3 ESCAPE '\\' AND f.words LIKE $4 ESCAPE '\\'
             AND f.words LIKE $5 ESCAPE '\\'
         ORDER BY f.title, f.id LIMIT $7")
        .bind(employer).bind(one).bind(two).bind(three).bind(four).bind(after).bind(limit).fetch_all(c).await)
}

/// An attempt of somebody's own, with its course and version.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Own {
    pub(super) course_id: Uuid,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) minutes: Option<i64>,
    pub(super) manifest: String,
    pub(super) tested_on: String,
    pub(super) status: Status,
    pub(super) touched_at: Instant,
    pub(super) ended_at: Option<Instant>,
    pub(super) score: Option<i64>,
    pub(super) seconds: i64,
    pub(super) launches: i64,
    /// What it was completed or passed by, the better where it was both.
    pub(super) completion: Option<Uuid>,
    /// When its person was told that phones are not recommended.
    pub(super) told_at: Option<Instant>,
}

pub(super) async fn own(tx: &mut Tx<'_>, holder: Uuid, id: Uuid) -> Result<Option<Own>> {
    on!(tx, c => sqlx::query_as("SELECT a.course_id, c.title, c.description, c.minutes, v.manifest, v.tested_on, a.status, a.touched_at,
             a.ended_at, a.score, a.seconds, a.launches,
             (SELECT k.id FROM completion k WHERE k.attempt_id = a.id ORDER BY k.status DESC LIMIT 1) AS completion,
             (SELECT d.told_at FROM device_advice d WHERE d.staff_record_id = a.staff_record_id) AS told_at
         FROM attempt a JOIN course c ON c.id = a.course_id JOIN course_version v ON v.id = a.version_id
         WHERE a.staff_record_id = $1 AND a.id = $2")
        .bind(holder).bind(id).fetch_optional(c).await)
}

pub(super) async fn title(tx: &mut Tx<'_>, holder: Uuid, id: Uuid) -> Result<Option<String>> {
    on!(tx, c => sqlx::query_scalar("SELECT c.title FROM attempt a JOIN course c ON c.id = a.course_id
         WHERE a.staff_record_id = $1 AND a.id = $2")
        .bind(holder).bind(id).fetch_optional(c).await)
}

/// The items of an attempt that were opened: which, and where each stands.
pub(super) async fn items(tx: &mut Tx<'_>, attempt: Uuid) -> Result<Vec<(String, Status)>> {
    on!(tx, c => sqlx::query_as("SELECT item, status FROM attempt_item WHERE attempt_id = $1")
        .bind(attempt).fetch_all(c).await)
}

/// Keeps that somebody was told what is recommended.
pub(super) async fn told(tx: &mut Tx<'_>, holder: Uuid, now: Instant) -> Result<()> {
    later!(
        tx,
        "INSERT INTO device_advice (staff_record_id, told_at) VALUES ($1, $2) ON CONFLICT (staff_record_id) DO NOTHING",
        holder,
        now,
    )
}
