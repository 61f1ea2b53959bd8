use store::{Instant, Result, SecretHash, Tx, later, on};
use uuid::Uuid;

use super::{
    fold::Said,
    model::{Attempt, Completion, ItemProgress, OpenLaunch, Standing, Status, Verdict},
};

macro_rules! attempts {
    ($after:literal) => {
        concat!(
            "SELECT a.id, a.staff_record_id, a.course_id, k.title, a.version_id, a.number, a.began_at, a.touched_at, a.ended_at, a.status,
                 a.completed_at, a.score, a.seconds, a.item, a.launches
             FROM attempt a JOIN course k ON k.id = a.course_id ",
            $after
        )
    };
}

macro_rules! completions {
    ($after:literal) => {
        concat!(
            "SELECT id, staff_record_id, course_id, attempt_id, status, completed_at, recorded_at, score, seconds, source, name, title, code
             FROM completion ",
            $after
        )
    };
}

pub(super) async fn of_person(tx: &mut Tx<'_>, person: Uuid, limit: i64) -> Result<Vec<Attempt>> {
    on!(tx, c => sqlx::query_as(attempts!("WHERE a.staff_record_id = $1 ORDER BY a.touched_at DESC, a.id DESC LIMIT $2"))
        .bind(person).bind(limit).fetch_all(c).await)
}

pub(super) async fn attempt(tx: &mut Tx<'_>, person: Uuid, id: Uuid) -> Result<Option<Attempt>> {
    on!(tx, c => sqlx::query_as(attempts!("WHERE a.id = $1 AND a.staff_record_id = $2")).bind(id).bind(person).fetch_optional(c).await)
}

/// The newest attempt of somebody at a course.
pub(super) async fn newest(tx: &mut Tx<'_>, person: Uuid, course: Uuid) -> Result<Option<Attempt>> {
    on!(tx, c => sqlx::query_as(attempts!("WHERE a.staff_record_id = $1 AND a.course_id = $2 ORDER BY a.number DESC LIMIT 1"))
        .bind(person).bind(course).fetch_optional(c).await)
}

pub(super) async fn items(tx: &mut Tx<'_>, attempt: Uuid) -> Result<Vec<ItemProgress>> {
    on!(tx, c => sqlx::query_as("SELECT item, launch_number, sequence, status, score, seconds FROM attempt_item WHERE attempt_id = $1 ORDER BY item")
        .bind(attempt).fetch_all(c).await)
}

/// The state of each item, as JSON, and the time in it.
pub(super) async fn states(tx: &mut Tx<'_>, attempt: Uuid) -> Result<Vec<(String, String, i64)>> {
    on!(tx, c => sqlx::query_as("SELECT item, state, seconds FROM attempt_item WHERE attempt_id = $1")
        .bind(attempt).fetch_all(c).await)
}

pub(super) async fn open_launches(tx: &mut Tx<'_>, person: Uuid, since: Instant) -> Result<Vec<OpenLaunch>> {
    on!(tx, c => sqlx::query_as("SELECT l.id, l.attempt_id, k.title, l.device, l.created_at, l.seen_at, l.closed_at
         FROM attempt a JOIN launch l ON l.attempt_id = a.id JOIN course k ON k.id = a.course_id
         WHERE a.staff_record_id = $1 AND a.touched_at >= $2 AND l.created_at >= $2 AND l.loads > 0 AND l.final_at IS NULL
         ORDER BY l.created_at DESC, l.id DESC LIMIT 50")
        .bind(person).bind(since).fetch_all(c).await)
}

pub(super) struct NewAttempt {
    pub(super) id: Uuid,
    pub(super) person: Uuid,
    pub(super) course: Uuid,
    pub(super) version: Uuid,
    pub(super) number: i64,
}

pub(super) async fn add(tx: &mut Tx<'_>, new: &NewAttempt, now: Instant) -> Result<()> {
    on!(tx, c => sqlx::query("INSERT INTO attempt (id, staff_record_id, course_id, version_id, number, began_at, touched_at, status, seconds,
            launches, state_launch, state_sequence)
         VALUES ($1, $2, $3, $4, $5, $6, $6, 'not_attempted', 0, 0, 0, 0)")
        .bind(new.id).bind(new.person).bind(new.course).bind(new.version).bind(new.number).bind(now).execute(c).await.map(drop))
}

/// A newer attempt is begun.
pub(super) async fn end(tx: &mut Tx<'_>, attempt: Uuid, now: Instant) -> Result<()> {
    later!(tx, "UPDATE attempt SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL", attempt, now)?;
    close_launches(tx, attempt, now).await
}

pub(super) async fn close_launches(tx: &mut Tx<'_>, attempt: Uuid, now: Instant) -> Result<()> {
    later!(tx, "UPDATE launch SET closed_at = $2 WHERE attempt_id = $1 AND closed_at IS NULL", attempt, now)
}

/// Counts one launch more of somebody's attempt, which must not have ended. Holds its row until the commit.
pub(super) async fn count_launch(
    tx: &mut Tx<'_>,
    person: Uuid,
    attempt: Uuid,
    now: Instant,
) -> Result<Option<i64>> {
    on!(tx, c => sqlx::query_scalar("UPDATE attempt SET launches = launches + 1, touched_at = $3
         WHERE id = $1 AND staff_record_id = $2 AND ended_at IS NULL RETURNING launches")
        .bind(attempt).bind(person).bind(now).fetch_optional(c).await)
}

pub(super) struct NewLaunch {
    pub(super) id: Uuid,
    pub(super) attempt: Uuid,
    pub(super) token: SecretHash,
    pub(super) commit_token: SecretHash,
    pub(super) session: Uuid,
    pub(super) device: String,
}

pub(super) async fn add_launch(tx: &mut Tx<'_>, new: NewLaunch, number: i64, now: Instant) -> Result<()> {
    later!(
        tx,
        "INSERT INTO launch (id, attempt_id, number, token_hash, commit_token_hash, session_id, device, created_at, loads)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)",
        new.id,
        new.attempt,
        number,
        new.token,
        new.commit_token,
        new.session,
        new.device,
        now,
    )
}

/// A launch as either of its tokens finds it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct LaunchRow {
    pub(crate) id: Uuid,
    pub(crate) attempt_id: Uuid,
    pub(crate) number: i64,
    pub(crate) token_hash: SecretHash,
    pub(crate) session_id: Uuid,
    pub(crate) created_at: Instant,
    pub(crate) closed_at: Option<Instant>,
    pub(crate) staff_record_id: Uuid,
    pub(crate) course_id: Uuid,
    pub(crate) version_id: Uuid,
    pub(crate) employer_id: Uuid,
}

pub(crate) async fn launch(tx: &mut Tx<'_>, token: &SecretHash) -> Result<Option<LaunchRow>> {
    on!(tx, c => sqlx::query_as("SELECT l.id, l.attempt_id, l.number, l.token_hash, l.session_id, l.created_at, l.closed_at, a.staff_record_id,
            a.course_id, a.version_id, k.employer_id
         FROM launch l JOIN attempt a ON a.id = l.attempt_id JOIN course k ON k.id = a.course_id
         WHERE l.token_hash = $1 OR l.commit_token_hash = $1")
        .bind(token).fetch_optional(c).await)
}

/// Counts one load of a launch's page; none where the launch was closed.
pub(super) async fn count_load(tx: &mut Tx<'_>, launch: Uuid, now: Instant) -> Result<Option<i64>> {
    on!(tx, c => sqlx::query_scalar("UPDATE launch SET loads = loads + 1, seen_at = $2 WHERE id = $1 AND closed_at IS NULL RETURNING loads")
        .bind(launch).bind(now).fetch_optional(c).await)
}

#[derive(sqlx::FromRow)]
pub(super) struct ToLoad {
    pub(super) status: Status,
    pub(super) item: Option<String>,
    pub(super) sequencing: Option<String>,
    pub(super) objectives: Option<String>,
    pub(super) title: String,
}

pub(super) async fn to_load(tx: &mut Tx<'_>, attempt: Uuid) -> Result<Option<ToLoad>> {
    on!(tx, c => sqlx::query_as("SELECT a.status, a.item, a.sequencing, a.objectives, k.title FROM attempt a JOIN course k ON k.id = a.course_id
         WHERE a.id = $1").bind(attempt).fetch_optional(c).await)
}

/// What a commit finds.
#[derive(sqlx::FromRow)]
pub(super) struct Found {
    pub(super) status: Status,
    pub(super) score: Option<i64>,
    pub(super) began_at: Instant,
    pub(super) state_launch: i64,
    pub(super) state_sequence: i64,
    pub(super) loads: i64,
    pub(super) closed_at: Option<Instant>,
    /// The newest number of this launch that there is.
    pub(super) newest: Option<i64>,
    /// The hash of the commit with this very number.
    pub(super) hash: Option<Vec<u8>>,
}

/// Holds an attempt's row until the commit, so that what is folded into it is folded one after another.
pub(super) async fn hold(
    tx: &mut Tx<'_>,
    attempt: Uuid,
    launch: Uuid,
    sequence: i64,
    now: Instant,
) -> Result<Option<Found>> {
    on!(tx, c => sqlx::query_as("UPDATE attempt SET touched_at = $2 WHERE id = $1
         RETURNING status, score, began_at, state_launch, state_sequence,
            (SELECT loads FROM launch WHERE id = $3) AS loads,
            (SELECT closed_at FROM launch WHERE id = $3) AS closed_at,
            (SELECT MAX(sequence) FROM launch_commit WHERE launch_id = $3) AS newest,
            (SELECT hash FROM launch_commit WHERE launch_id = $3 AND sequence = $4) AS hash")
        .bind(attempt).bind(now).bind(launch).bind(sequence).fetch_optional(c).await)
}

pub(super) struct NewCommit {
    pub(super) launch: Uuid,
    pub(super) sequence: i64,
    pub(super) at: Instant,
    pub(super) item: String,
    pub(super) ended: bool,
    pub(super) body: Vec<u8>,
    pub(super) hash: Vec<u8>,
    pub(super) status: Status,
    pub(super) score: Option<i64>,
    pub(super) whole_status: Option<Status>,
    pub(super) whole_score: Option<i64>,
}

pub(super) async fn add_commit(
    tx: &mut Tx<'_>,
    new: NewCommit,
    verdict: Verdict,
    now: Instant,
) -> Result<()> {
    later!(
        tx,
        "INSERT INTO launch_commit (launch_id, sequence, received_at, at, item, final, body, hash, verdict, status, score, whole_status,
             whole_score)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        new.launch,
        new.sequence,
        now,
        new.at,
        new.item,
        new.ended,
        new.body,
        new.hash,
        verdict,
        new.status,
        new.score,
        new.whole_status,
        new.whole_score,
    )
}

/// `state`: none where a newer one is there.
pub(super) async fn set_item(
    tx: &mut Tx<'_>,
    attempt: Uuid,
    held: &ItemProgress,
    state: Option<String>,
) -> Result<()> {
    match state {
        Some(state) => later!(
            tx,
            "INSERT INTO attempt_item (attempt_id, item, launch_number, sequence, state, status, score, seconds)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (attempt_id, item) DO UPDATE SET launch_number = excluded.launch_number, sequence = excluded.sequence,
                 state = excluded.state, status = excluded.status, score = excluded.score, seconds = excluded.seconds",
            attempt,
            held.item.clone(),
            held.launch_number,
            held.sequence,
            state,
            held.status,
            held.score,
            held.seconds,
        ),
        None => later!(
            tx,
            "UPDATE attempt_item SET status = $3, score = $4, seconds = $5 WHERE attempt_id = $1 AND item = $2",
            attempt,
            held.item.clone(),
            held.status,
            held.score,
            held.seconds,
        ),
    }
}

pub(super) struct AttemptState {
    pub(super) status: Status,
    pub(super) score: Option<i64>,
    pub(super) seconds: i64,
    /// Where it is done now and was not before.
    pub(super) completed_at: Option<Instant>,
}

pub(super) async fn set_standing(tx: &mut Tx<'_>, attempt: Uuid, new: &AttemptState) -> Result<()> {
    later!(
        tx,
        "UPDATE attempt SET status = $2, score = $3, seconds = $4, completed_at = COALESCE(completed_at, $5) WHERE id = $1",
        attempt,
        new.status,
        new.score,
        new.seconds,
        new.completed_at,
    )
}

/// The newest that was said of the attempt as a whole. What it leaves out stays as it is.
pub(super) async fn set_place(
    tx: &mut Tx<'_>,
    attempt: Uuid,
    (launch, sequence): (i64, i64),
    item: String,
    sequencing: Option<String>,
    objectives: Option<String>,
) -> Result<()> {
    later!(
        tx,
        "UPDATE attempt SET state_launch = $2, state_sequence = $3, item = $4, sequencing = COALESCE($5, sequencing),
             objectives = COALESCE($6, objectives) WHERE id = $1",
        attempt,
        launch,
        sequence,
        item,
        sequencing,
        objectives,
    )
}

/// Something of a launch has come; `last`: where it is the newest, whether the course says that it is its last.
pub(super) async fn see_launch(
    tx: &mut Tx<'_>,
    launch: Uuid,
    last: Option<bool>,
    now: Instant,
) -> Result<()> {
    match last {
        Some(last) => {
            let final_at = last.then_some(now);
            later!(tx, "UPDATE launch SET seen_at = $2, final_at = $3 WHERE id = $1", launch, now, final_at)
        }
        None => later!(tx, "UPDATE launch SET seen_at = $2 WHERE id = $1", launch, now),
    }
}

pub(super) async fn course_title(tx: &mut Tx<'_>, course: Uuid) -> Result<Option<String>> {
    on!(tx, c => sqlx::query_scalar("SELECT title FROM course WHERE id = $1").bind(course).fetch_optional(c).await)
}

pub(super) async fn add_completion(tx: &mut Tx<'_>, new: &Completion) -> Result<()> {
    on!(tx, c => sqlx::query("INSERT INTO completion (id, staff_record_id, course_id, attempt_id, status, completed_at, recorded_at, score, seconds,
            source, name, title, code) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)")
        .bind(new.id).bind(new.staff_record_id).bind(new.course_id).bind(new.attempt_id).bind(new.status).bind(new.completed_at)
        .bind(new.recorded_at).bind(new.score).bind(new.seconds).bind(new.source).bind(&new.name).bind(&new.title).bind(&new.code)
        .execute(c).await.map(drop))
}

pub(super) async fn completions(tx: &mut Tx<'_>, person: Uuid, limit: i64) -> Result<Vec<Completion>> {
    on!(tx, c => sqlx::query_as(completions!("WHERE staff_record_id = $1 ORDER BY completed_at DESC, id DESC LIMIT $2"))
        .bind(person).bind(limit).fetch_all(c).await)
}

pub(super) async fn completion(tx: &mut Tx<'_>, person: Uuid, id: Uuid) -> Result<Option<Completion>> {
    on!(tx, c => sqlx::query_as(completions!("WHERE id = $1 AND staff_record_id = $2")).bind(id).bind(person).fetch_optional(c).await)
}

pub(super) async fn completion_by_code(tx: &mut Tx<'_>, code: &str) -> Result<Option<Completion>> {
    on!(tx, c => sqlx::query_as(completions!("WHERE code = $1")).bind(code).fetch_optional(c).await)
}

/// Whether somebody holds a lease.
pub(super) async fn is_leased(tx: &mut Tx<'_>, name: &str, now: Instant) -> Result<bool> {
    let held: Option<Uuid> = on!(tx, c => sqlx::query_scalar("SELECT holder FROM lease WHERE name = $1 AND held_until >= $2")
        .bind(name).bind(now).fetch_optional(c).await)?;
    Ok(held.is_some())
}

/// An attempt that is looked at.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Suspect {
    pub(super) id: Uuid,
    pub(super) staff_record_id: Uuid,
    pub(super) course_id: Uuid,
    pub(super) version_id: Uuid,
    pub(super) employer_id: Uuid,
    pub(super) status: Status,
    pub(super) score: Option<i64>,
    pub(super) seconds: i64,
    pub(super) completed_at: Option<Instant>,
    pub(super) touched_at: Instant,
}

macro_rules! suspects {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            " a.id, a.staff_record_id, a.course_id, a.version_id,
             (SELECT k.employer_id FROM course k WHERE k.id = a.course_id) AS employer_id, a.status, a.score, a.seconds, a.completed_at,
             a.touched_at ",
            $after
        )
    };
}

/// Attempts in the order of their ids of which something may be missing: those that are done without a completion that says so, and those
/// that are not and of which some commit since `since` says that something is.
pub(super) async fn suspects(
    tx: &mut Tx<'_>,
    since: Instant,
    after: Uuid,
    limit: i64,
) -> Result<Vec<Suspect>> {
    on!(tx, c => sqlx::query_as(suspects!("SELECT", "FROM attempt a WHERE a.id > $2 AND (
            (a.status IN ('completed', 'passed') AND NOT EXISTS (SELECT 1 FROM completion c
                WHERE c.attempt_id = a.id AND (c.status = a.status OR c.status = 'passed')))
            OR (a.status <> 'passed' AND a.touched_at >= $1 AND EXISTS (SELECT 1 FROM launch l JOIN launch_commit m ON m.launch_id = l.id
                WHERE l.attempt_id = a.id AND (m.status IN ('completed', 'passed') OR m.whole_status IN ('completed', 'passed')))))
         ORDER BY a.id LIMIT $3"))
        .bind(since).bind(after).bind(limit).fetch_all(c).await)
}

/// One of them as it is now. Holds the row until the commit.
pub(super) async fn hold_suspect(tx: &mut Tx<'_>, id: Uuid) -> Result<Option<Suspect>> {
    on!(tx, c => sqlx::query("UPDATE attempt SET status = status WHERE id = $1").bind(id).execute(c).await.map(drop))?;
    on!(tx, c => sqlx::query_as(suspects!("SELECT", "FROM attempt a WHERE a.id = $1")).bind(id).fetch_optional(c).await)
}

#[derive(sqlx::FromRow)]
struct CommitRow {
    number: i64,
    sequence: i64,
    at: Instant,
    item: String,
    status: Status,
    score: Option<i64>,
    whole_status: Option<Status>,
    whole_score: Option<i64>,
}

/// What the commits of an attempt say, in the order of the person's time.
pub(super) async fn commits(tx: &mut Tx<'_>, attempt: Uuid) -> Result<Vec<Said>> {
    let rows: Vec<CommitRow> = on!(tx, c => sqlx::query_as("SELECT l.number, m.sequence, m.at, m.item, m.status, m.score, m.whole_status, m.whole_score
         FROM launch l JOIN launch_commit m ON m.launch_id = l.id WHERE l.attempt_id = $1 ORDER BY m.at, l.number, m.sequence")
        .bind(attempt).fetch_all(c).await)?;
    let said = |row: CommitRow| Said {
        launch: row.number,
        sequence: row.sequence,
        at: row.at,
        item: row.item,
        standing: Standing { status: row.status, score: row.score },
        seconds: 0,
        whole: row.whole_status.map(|status| Standing { status, score: row.whole_score }),
    };
    Ok(rows.into_iter().map(said).collect())
}

/// The best that is written down of an attempt.
pub(super) async fn best_completion(tx: &mut Tx<'_>, attempt: Uuid) -> Result<Option<Status>> {
    let all: Vec<Status> = on!(tx, c => sqlx::query_scalar("SELECT status FROM completion WHERE attempt_id = $1")
        .bind(attempt).fetch_all(c).await)?;
    Ok(all.into_iter().max())
}

/// An item stands as its commits say.
pub(super) async fn raise_item(tx: &mut Tx<'_>, attempt: Uuid, held: &ItemProgress) -> Result<()> {
    later!(
        tx,
        "UPDATE attempt_item SET status = $3, score = $4 WHERE attempt_id = $1 AND item = $2",
        attempt,
        held.item.clone(),
        held.status,
        held.score,
    )
}
