use store::{Instant, Result, SecretHash, Tx, later, on};
use uuid::Uuid;

use super::{
    fold::{End, Said},
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

/// When the one of somebody's launches was made that is `before` behind their newest, if that was after `since`.
pub(super) async fn earlier_launch(
    tx: &mut Tx<'_>,
    person: Uuid,
    since: Instant,
    before: i64,
) -> Result<Option<Instant>> {
    // No attempt has more of those than so many.
    on!(tx, c => sqlx::query_scalar("SELECT l.created_at FROM attempt a JOIN launch l ON l.attempt_id = a.id AND l.number >= a.launches - $3
         WHERE a.staff_record_id = $1 AND a.touched_at > $2 AND l.created_at > $2 ORDER BY l.created_at DESC LIMIT 1 OFFSET $3")
        .bind(person).bind(since).bind(before).fetch_optional(c).await)
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

/// Counts one load of a launch's page; none where the launch was closed. What it does from now on is awaited again.
pub(super) async fn count_load(tx: &mut Tx<'_>, launch: Uuid, now: Instant) -> Result<Option<i64>> {
    on!(tx, c => sqlx::query_scalar("UPDATE launch SET loads = loads + 1, seen_at = $2, final_at = NULL, final_awaits = NULL
         WHERE id = $1 AND closed_at IS NULL RETURNING loads")
        .bind(launch).bind(now).fetch_optional(c).await)
}

/// What a player goes on with.
#[derive(Default)]
pub(super) struct ToLoad {
    pub(super) title: String,
    pub(super) status: Option<Status>,
    pub(super) item: Option<String>,
    pub(super) sequencing: Option<String>,
    pub(super) items: Vec<ItemToLoad>,
}

/// One item of it.
pub(super) struct ItemToLoad {
    pub(super) item: String,
    pub(super) status: Status,
    pub(super) seconds: i64,
    /// The run-time's data, as JSON.
    pub(super) state: String,
}

#[derive(sqlx::FromRow)]
struct LoadedRow {
    /// Only of the attempt itself.
    title: Option<String>,
    item: Option<String>,
    status: Status,
    seconds: i64,
    kept: Option<String>,
}

/// All that an attempt goes on with; nothing of it where there is none. One statement, so that its parts are of one moment.
pub(super) async fn to_load(tx: &mut Tx<'_>, attempt: Uuid) -> Result<ToLoad> {
    let rows: Vec<LoadedRow> = on!(tx, c => sqlx::query_as("SELECT k.title, a.item, a.status, a.seconds, s.sequencing AS kept
         FROM attempt a JOIN course k ON k.id = a.course_id LEFT JOIN attempt_state s ON s.attempt_id = a.id WHERE a.id = $1
         UNION ALL SELECT CAST(NULL AS TEXT), i.item, i.status, i.seconds, i.state
         FROM attempt_item i WHERE i.attempt_id = $1")
        .bind(attempt).fetch_all(c).await)?;
    let mut loaded = ToLoad::default();
    for row in rows {
        let LoadedRow { title, item, status, seconds, kept } = row;
        match (title, item) {
            (Some(title), item) => {
                loaded = ToLoad { title, status: Some(status), item, sequencing: kept, ..loaded };
            }
            (None, item) => {
                let (item, state) = (item.unwrap_or_default(), kept.unwrap_or_default());
                loaded.items.push(ItemToLoad { item, status, seconds, state });
            }
        }
    }
    Ok(loaded)
}

/// An attempt that a commit is folded into.
#[derive(sqlx::FromRow)]
pub(super) struct Held {
    pub(super) status: Status,
    pub(super) score: Option<i64>,
    pub(super) began_at: Instant,
    pub(super) state_launch: i64,
    pub(super) state_sequence: i64,
}

/// Holds an attempt's row until the commit, so that what is folded into it is folded one after another. What stands beside the row is read
/// by the next statement: PostgreSQL shows this one the other tables as they were before it had waited for the row.
pub(super) async fn hold(tx: &mut Tx<'_>, attempt: Uuid) -> Result<Option<Held>> {
    on!(tx, c => sqlx::query_as("UPDATE attempt SET launches = launches WHERE id = $1
         RETURNING status, score, began_at, state_launch, state_sequence")
        .bind(attempt).fetch_optional(c).await)
}

/// What a commit finds beside its attempt.
pub(super) struct Found {
    pub(super) loads: i64,
    pub(super) closed_at: Option<Instant>,
    pub(super) seen_at: Option<Instant>,
    pub(super) end: End,
    /// The newest number of this launch that there is.
    pub(super) newest: Option<i64>,
    /// The hash of the commit with this very number.
    pub(super) hash: Option<Vec<u8>>,
    pub(super) items: Vec<ItemProgress>,
    /// So many bytes have the states of all items but this one together.
    pub(super) others_bytes: i64,
}

#[derive(sqlx::FromRow)]
struct FoundRow {
    loads: i64,
    closed_at: Option<Instant>,
    seen_at: Option<Instant>,
    final_at: Option<Instant>,
    final_awaits: Option<String>,
    newest: Option<i64>,
    hash: Option<Vec<u8>>,
    item: Option<String>,
    launch_number: Option<i64>,
    sequence: Option<i64>,
    status: Option<Status>,
    score: Option<i64>,
    seconds: Option<i64>,
    size: Option<i64>,
}

/// What a commit of this number and item finds; none where there is no such launch.
pub(super) async fn found(tx: &mut Tx<'_>, launch: Uuid, sequence: i64, item: &str) -> Result<Option<Found>> {
    let rows: Vec<FoundRow> = on!(tx, c => sqlx::query_as("SELECT l.loads, l.closed_at, l.seen_at, l.final_at, l.final_awaits,
            (SELECT MAX(m.sequence) FROM launch_commit m WHERE m.launch_id = $1) AS newest,
            (SELECT m.hash FROM launch_commit m WHERE m.launch_id = $1 AND m.sequence = $2) AS hash,
            i.item, i.launch_number, i.sequence, i.status, i.score, i.seconds, i.size
         FROM launch l LEFT JOIN attempt_item i ON i.attempt_id = l.attempt_id WHERE l.id = $1")
        .bind(launch).bind(sequence).fetch_all(c).await)?;
    let mut found: Option<Found> = None;
    for row in rows {
        let found = found.get_or_insert_with(|| Found {
            loads: row.loads,
            closed_at: row.closed_at,
            seen_at: row.seen_at,
            end: End::stored(row.final_at.is_some(), row.final_awaits.as_deref()),
            newest: row.newest,
            hash: row.hash,
            items: Vec::new(),
            others_bytes: 0,
        });
        let (Some(name), Some(launch_number), Some(sequence), Some(status), Some(seconds)) =
            (row.item, row.launch_number, row.sequence, row.status, row.seconds)
        else {
            continue;
        };
        if name != item {
            found.others_bytes = found.others_bytes.saturating_add(row.size.unwrap_or_default());
        }
        found.items.push(ItemProgress {
            item: name,
            launch_number,
            sequence,
            status,
            score: row.score,
            seconds,
        });
    }
    Ok(found)
}

/// The newest number from `from` on and before `to` that had come before a launch was closed.
pub(super) async fn newest_before(
    tx: &mut Tx<'_>,
    launch: Uuid,
    (from, to): (i64, i64),
    closed_at: Instant,
) -> Result<Option<i64>> {
    on!(tx, c => sqlx::query_scalar("SELECT sequence FROM launch_commit WHERE launch_id = $1 AND sequence >= $2 AND sequence < $3 AND received_at < $4
         ORDER BY sequence DESC LIMIT 1")
        .bind(launch).bind(from).bind(to).bind(closed_at).fetch_optional(c).await)
}

/// Numbers of a launch from `from` on and before `to` that have come; the newest of them, where they are very many.
pub(super) async fn numbers(tx: &mut Tx<'_>, launch: Uuid, (from, to): (i64, i64)) -> Result<Vec<i64>> {
    on!(tx, c => sqlx::query_scalar("SELECT sequence FROM launch_commit WHERE launch_id = $1 AND sequence >= $2 AND sequence < $3
         ORDER BY sequence DESC LIMIT 1000")
        .bind(launch).bind(from).bind(to).fetch_all(c).await)
}

pub(super) struct NewCommit {
    pub(super) launch: Uuid,
    pub(super) sequence: i64,
    pub(super) at: Instant,
    pub(super) item: String,
    pub(super) ended: bool,
    pub(super) hash: Vec<u8>,
    pub(super) status: Status,
    pub(super) score: Option<i64>,
    pub(super) whole_status: Option<Status>,
    pub(super) whole_score: Option<i64>,
    pub(super) body: Vec<u8>,
}

pub(super) async fn add_commit(
    tx: &mut Tx<'_>,
    new: NewCommit,
    verdict: Verdict,
    now: Instant,
) -> Result<()> {
    later!(
        tx,
        "INSERT INTO launch_commit (launch_id, sequence, received_at, at, item, final, hash, verdict, status, score, whole_status, whole_score,
             body)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        new.launch,
        new.sequence,
        now,
        new.at,
        new.item,
        new.ended,
        new.hash,
        verdict,
        new.status,
        new.score,
        new.whole_status,
        new.whole_score,
        new.body,
    )
}

/// So many bytes a text has.
pub(super) fn bytes(text: &str) -> i64 {
    i64::try_from(text.len()).unwrap_or(i64::MAX)
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
            "INSERT INTO attempt_item (attempt_id, item, launch_number, sequence, status, score, seconds, size, state)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             ON CONFLICT (attempt_id, item) DO UPDATE SET launch_number = excluded.launch_number, sequence = excluded.sequence,
                 status = excluded.status, score = excluded.score, seconds = excluded.seconds, size = excluded.size,
                 state = excluded.state",
            attempt,
            held.item.clone(),
            held.launch_number,
            held.sequence,
            held.status,
            held.score,
            held.seconds,
            bytes(&state),
            state,
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

/// How an attempt stands.
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

/// What a commit changes in its attempt's row, all at once.
pub(super) struct Moved {
    pub(super) standing: AttemptState,
    /// The launch and sequence that its place is of.
    pub(super) at: (i64, i64),
    /// The item that was open last; none where a newer commit has said it.
    pub(super) item: Option<String>,
}

pub(super) async fn move_on(tx: &mut Tx<'_>, attempt: Uuid, new: Moved, now: Instant) -> Result<()> {
    later!(
        tx,
        "UPDATE attempt SET touched_at = $2, status = $3, score = $4, seconds = $5, completed_at = COALESCE(completed_at, $6),
             state_launch = $7, state_sequence = $8, item = COALESCE($9, item) WHERE id = $1",
        attempt,
        now,
        new.standing.status,
        new.standing.score,
        new.standing.seconds,
        new.standing.completed_at,
        new.at.0,
        new.at.1,
        new.item,
    )
}

/// The newest state of sequencing.
pub(super) async fn set_state(tx: &mut Tx<'_>, attempt: Uuid, sequencing: String) -> Result<()> {
    later!(
        tx,
        "INSERT INTO attempt_state (attempt_id, sequencing) VALUES ($1, $2)
         ON CONFLICT (attempt_id) DO UPDATE SET sequencing = excluded.sequencing",
        attempt,
        sequencing,
    )
}

/// Something of a launch has come.
pub(super) async fn see_launch(tx: &mut Tx<'_>, launch: Uuid, now: Instant) -> Result<()> {
    later!(tx, "UPDATE launch SET seen_at = $2 WHERE id = $1", launch, now)
}

/// The same, and its end stands otherwise than before.
pub(super) async fn set_end(tx: &mut Tx<'_>, launch: Uuid, end: &End, now: Instant) -> Result<()> {
    let final_at = (*end == End::Come).then_some(now);
    later!(
        tx,
        "UPDATE launch SET seen_at = $2, final_at = $3, final_awaits = $4 WHERE id = $1",
        launch,
        now,
        final_at,
        end.awaits(),
    )
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

/// Attempts in the order of their ids of which something may be missing: those that are done without a completion that says so, and those
/// that are not and of which some commit since `since` says that something is.
pub(super) async fn suspects(tx: &mut Tx<'_>, since: Instant, after: Uuid, limit: i64) -> Result<Vec<Uuid>> {
    on!(tx, c => sqlx::query_scalar("SELECT a.id FROM attempt a WHERE a.id > $2 AND (
            (a.status IN ('completed', 'passed') AND NOT EXISTS (SELECT 1 FROM completion c
                WHERE c.attempt_id = a.id AND (c.status = a.status OR c.status = 'passed')))
            OR (a.status <> 'passed' AND a.touched_at >= $1 AND EXISTS (SELECT 1 FROM launch l JOIN launch_commit m ON m.launch_id = l.id
                WHERE l.attempt_id = a.id AND (m.status IN ('completed', 'passed') OR m.whole_status IN ('completed', 'passed')))))
         ORDER BY a.id LIMIT $3")
        .bind(since).bind(after).bind(limit).fetch_all(c).await)
}

pub(super) async fn suspect(tx: &mut Tx<'_>, id: Uuid) -> Result<Option<Suspect>> {
    on!(tx, c => sqlx::query_as("SELECT a.staff_record_id, a.course_id, a.version_id, k.employer_id, a.status, a.score, a.seconds, a.completed_at,
            a.touched_at FROM attempt a JOIN course k ON k.id = a.course_id WHERE a.id = $1").bind(id).fetch_optional(c).await)
}

/// Whose attempt it is: employer and person. Reads nothing that may be damaged.
pub(super) async fn whose(tx: &mut Tx<'_>, attempt: Uuid) -> Result<Option<(Uuid, Uuid)>> {
    on!(tx, c => sqlx::query_as("SELECT k.employer_id, a.staff_record_id FROM attempt a JOIN course k ON k.id = a.course_id WHERE a.id = $1")
        .bind(attempt).fetch_optional(c).await)
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

/// A launch that was made before `before` and whose commits have their bodies still, the oldest first.
pub(super) async fn with_bodies(tx: &mut Tx<'_>, before: Instant) -> Result<Option<Uuid>> {
    on!(tx, c => sqlx::query_scalar("SELECT id FROM launch WHERE bodies_gone_at IS NULL AND created_at < $1 ORDER BY created_at LIMIT 1")
        .bind(before).fetch_optional(c).await)
}

/// Deletes the bodies of so many commits of a launch. With the last of them it is written down.
pub(super) async fn drop_bodies(tx: &mut Tx<'_>, launch: Uuid, limit: u32, now: Instant) -> Result<()> {
    let gone = on!(tx, c => sqlx::query("UPDATE launch_commit SET body = NULL WHERE launch_id = $1 AND sequence IN
            (SELECT sequence FROM launch_commit WHERE launch_id = $1 AND body IS NOT NULL ORDER BY sequence LIMIT $2)")
        .bind(launch).bind(i64::from(limit)).execute(c).await.map(|done| done.rows_affected()))?;
    if gone < u64::from(limit) {
        later!(tx, "UPDATE launch SET bodies_gone_at = $2 WHERE id = $1", launch, now)?;
    }
    Ok(())
}
