use std::sync::LazyLock;

use store::{Day, Instant, Result, Tx, later, on};
use uuid::Uuid;

use super::{Run, State, model::Counts};
use crate::{FindingKind, Frequency, RunHead};

macro_rules! columns {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            " id, employer_id, uploaded_by, uploaded_at, file_name, file_hash, size, kept, state, changed_at, reference, document, kind, frequency,
              pay_date, period_from, period_to, staging, done, record_change, pay_change, again, counts, key_number, totals_agree, agreed_by,
              second_by, publish_at, publish_job, published_at, withdrawn_at, says ",
            $after
        )
    };
}

/// A run of an employer.
pub(super) async fn run(tx: &mut Tx<'_>, id: Uuid, employer: Uuid) -> Result<Option<Run>> {
    on!(tx, c => sqlx::query_as(columns!("SELECT", "FROM pay_run WHERE id = $1 AND employer_id = $2"))
        .bind(id).bind(employer).fetch_optional(c).await)
}

/// The same, whoever's it is.
pub(super) async fn any_run(tx: &mut Tx<'_>, id: Uuid) -> Result<Option<Run>> {
    on!(tx, c => sqlx::query_as(columns!("SELECT", "FROM pay_run WHERE id = $1")).bind(id).fetch_optional(c).await)
}

/// The same. Holds the row until the commit.
pub(super) async fn hold(tx: &mut Tx<'_>, id: Uuid) -> Result<Option<Run>> {
    on!(tx, c => sqlx::query_as(columns!("UPDATE pay_run SET state = state WHERE id = $1 RETURNING", ""))
        .bind(id).fetch_optional(c).await)
}

/// The newest runs of an employer whose files have arrived.
pub(super) async fn recent(tx: &mut Tx<'_>, employer: Uuid, limit: i64) -> Result<Vec<Run>> {
    on!(tx, c => sqlx::query_as(columns!("SELECT", "FROM pay_run WHERE employer_id = $1 AND state <> 'receiving'
         ORDER BY uploaded_at DESC, id DESC LIMIT $2"))
        .bind(employer).bind(limit).fetch_all(c).await)
}

/// How many runs of an employer are neither published nor given up; those that stopped arriving, or being checked by a command, before
/// `since` apart.
pub(super) async fn waiting(tx: &mut Tx<'_>, employer: Uuid, since: Instant) -> Result<i64> {
    on!(tx, c => sqlx::query_scalar("SELECT COUNT(*) FROM pay_run WHERE employer_id = $1
         AND (state IN ('checked', 'waiting', 'scheduled') OR (state = 'checking' AND kept)
            OR (state IN ('receiving', 'checking') AND changed_at > $2))")
        .bind(employer).bind(since).fetch_one(c).await)
}

/// The newest published main run before a day, of payslips that are paid so often.
pub(super) async fn last_main(
    tx: &mut Tx<'_>,
    employer: Uuid,
    frequency: Frequency,
    before: Day,
) -> Result<Option<Run>> {
    on!(tx, c => sqlx::query_as(columns!("SELECT", "FROM pay_run WHERE employer_id = $1 AND state = 'published' AND document = 'payslips'
         AND kind = 'main' AND frequency = $2 AND pay_date < $3 ORDER BY pay_date DESC, published_at DESC LIMIT 1"))
        .bind(employer).bind(frequency).bind(before).fetch_optional(c).await)
}

/// A published run of an employer by payroll's name for it.
pub(super) async fn published_as(tx: &mut Tx<'_>, employer: Uuid, reference: &str) -> Result<Option<Uuid>> {
    on!(tx, c => sqlx::query_scalar("SELECT id FROM pay_run WHERE employer_id = $1 AND state = 'published' AND reference = $2 LIMIT 1")
        .bind(employer).bind(reference).fetch_optional(c).await)
}

/// A published run of an employer by its file.
pub(super) async fn published_from(tx: &mut Tx<'_>, employer: Uuid, hash: &str) -> Result<Option<Uuid>> {
    on!(tx, c => sqlx::query_scalar("SELECT id FROM pay_run WHERE employer_id = $1 AND state = 'published' AND file_hash = $2 LIMIT 1")
        .bind(employer).bind(hash).fetch_optional(c).await)
}

pub(super) struct NewRun {
    pub(super) id: Uuid,
    pub(super) employer: Uuid,
    pub(super) by: Option<Uuid>,
    pub(super) file_name: String,
    pub(super) size: i64,
    pub(super) kept: bool,
    pub(super) key_number: i64,
}

pub(super) async fn add(tx: &mut Tx<'_>, new: &NewRun, now: Instant) -> Result<()> {
    on!(tx, c => sqlx::query("INSERT INTO pay_run (id, employer_id, uploaded_by, uploaded_at, file_name, size, kept, state, changed_at, done,
            record_change, pay_change, again, counts, key_number, totals_agree)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'receiving', $4, 0, 0, 0, FALSE, '{}', $8, FALSE)")
        .bind(new.id).bind(new.employer).bind(new.by).bind(now).bind(&new.file_name).bind(new.size).bind(new.kept).bind(new.key_number)
        .execute(c).await.map(drop))
}

/// Its bytes are there.
pub(super) async fn received(tx: &mut Tx<'_>, id: Uuid, hash: &str, now: Instant) -> Result<()> {
    later!(
        tx,
        "UPDATE pay_run SET state = 'checking', file_hash = $2, changed_at = $3 WHERE id = $1",
        id,
        hash.to_owned(),
        now,
    )
}

/// Forgets what an earlier check has found, and who has agreed to it.
pub(super) async fn begin_check(
    tx: &mut Tx<'_>,
    id: Uuid,
    staging: Uuid,
    (record_change, pay_change): (i64, i64),
    now: Instant,
) -> Result<()> {
    later!(
        tx,
        "UPDATE pay_run SET staging = $2, record_change = $3, pay_change = $4, changed_at = $5, done = 0, counts = '{}', summary = NULL,
            totals_agree = FALSE, agreed_by = NULL, second_by = NULL, publish_at = NULL, publish_job = NULL, reference = NULL, document = NULL,
            kind = NULL, frequency = NULL, pay_date = NULL, period_from = NULL, period_to = NULL WHERE id = $1",
        id,
        staging,
        record_change,
        pay_change,
        now,
    )?;
    later!(tx, "DELETE FROM pay_tick WHERE run_id = $1", id)
}

/// Says whether this check has its turn still; how far it is.
pub(super) async fn go_on(
    tx: &mut Tx<'_>,
    (id, staging): (Uuid, Uuid),
    done: i64,
    now: Instant,
) -> Result<bool> {
    let going = on!(tx, c => sqlx::query("UPDATE pay_run SET done = $3, changed_at = $4 WHERE id = $1 AND staging = $2 AND state = 'checking'")
        .bind(id).bind(staging).bind(done).bind(now).execute(c).await.map(|done| done.rows_affected()))?;
    Ok(going == 1)
}

/// What a check came to.
#[derive(Clone)]
pub(super) struct Checked {
    pub(super) state: State,
    pub(super) head: Option<RunHead>,
    pub(super) pay_date: Option<Day>,
    pub(super) period: Option<(Day, Day)>,
    pub(super) counts: Counts,
    pub(super) key_number: i64,
    pub(super) summary: Option<Vec<u8>>,
    pub(super) totals_agree: bool,
}

pub(super) async fn set_checked(tx: &mut Tx<'_>, id: Uuid, checked: &Checked, now: Instant) -> Result<()> {
    let head = checked.head.as_ref();
    let counts = serde_json::json!(checked.counts).to_string();
    on!(tx, c => sqlx::query("UPDATE pay_run SET state = $2, reference = $3, document = $4, kind = $5, frequency = $6, pay_date = $7,
            period_from = $8, period_to = $9, counts = $10, key_number = $11, summary = $12, totals_agree = $13, changed_at = $14 WHERE id = $1")
        .bind(id).bind(checked.state).bind(head.map(|head| head.reference.clone())).bind(head.map(|head| head.document))
        .bind(head.map(|head| head.kind)).bind(head.and_then(|head| head.frequency)).bind(checked.pay_date)
        .bind(checked.period.map(|period| period.0)).bind(checked.period.map(|period| period.1)).bind(&counts).bind(checked.key_number)
        .bind(&checked.summary).bind(checked.totals_agree).bind(now)
        .execute(c).await.map(drop))
}

/// What it comes to, sealed.
pub(super) async fn summary(tx: &mut Tx<'_>, id: Uuid) -> Result<Option<Vec<u8>>> {
    on!(tx, c => sqlx::query_scalar("SELECT summary FROM pay_run WHERE id = $1 AND summary IS NOT NULL")
        .bind(id).fetch_optional(c).await)
}

pub(super) async fn set_totals_agree(tx: &mut Tx<'_>, id: Uuid, now: Instant) -> Result<()> {
    later!(tx, "UPDATE pay_run SET totals_agree = TRUE, changed_at = $2 WHERE id = $1", id, now)
}

pub(super) async fn set_state(
    tx: &mut Tx<'_>,
    id: Uuid,
    state: State,
    says: Option<&str>,
    now: Instant,
) -> Result<()> {
    later!(
        tx,
        "UPDATE pay_run SET state = $2, says = $3, changed_at = $4 WHERE id = $1",
        id,
        state,
        says.map(str::to_owned),
        now,
    )
}

/// It is to be checked again, since something has changed that its check was based on.
pub(super) async fn set_again(tx: &mut Tx<'_>, id: Uuid, now: Instant) -> Result<()> {
    later!(tx, "UPDATE pay_run SET state = 'checking', again = TRUE, changed_at = $2 WHERE id = $1", id, now)
}

/// Who has agreed to what; the state that it is in by that.
pub(super) struct Agreement {
    pub(super) state: State,
    pub(super) agreed_by: Option<Uuid>,
    pub(super) second_by: Option<Uuid>,
    pub(super) publish_at: Option<Instant>,
    pub(super) publish_job: Option<Uuid>,
}

pub(super) async fn set_agreement(
    tx: &mut Tx<'_>,
    id: Uuid,
    agreement: &Agreement,
    now: Instant,
) -> Result<()> {
    later!(
        tx,
        "UPDATE pay_run SET state = $2, agreed_by = $3, second_by = $4, publish_at = $5, publish_job = $6, changed_at = $7 WHERE id = $1",
        id,
        agreement.state,
        agreement.agreed_by,
        agreement.second_by,
        agreement.publish_at,
        agreement.publish_job,
        now,
    )
}

/// The switch: from now on staff read it.
pub(super) async fn set_published(
    tx: &mut Tx<'_>,
    id: Uuid,
    (agreed_by, second_by): (Option<Uuid>, Option<Uuid>),
    now: Instant,
) -> Result<()> {
    later!(
        tx,
        "UPDATE pay_run SET state = 'published', published_at = $2, changed_at = $2, agreed_by = $3, second_by = $4, publish_job = NULL
         WHERE id = $1",
        id,
        now,
        agreed_by,
        second_by,
    )
}

pub(super) async fn set_withdrawn(tx: &mut Tx<'_>, id: Uuid, reason: &str, now: Instant) -> Result<()> {
    later!(
        tx,
        "UPDATE pay_run SET state = 'withdrawn', withdrawn_at = $2, changed_at = $2, says = $3 WHERE id = $1",
        id,
        now,
        reason.to_owned(),
    )
}

/// The number of an employer's newest change of published runs. Holds the row until the commit: the mutex of publishing.
pub(super) async fn hold_pay_change(tx: &mut Tx<'_>, employer: Uuid) -> Result<i64> {
    on!(tx, c => sqlx::query_scalar("INSERT INTO pay_employer (employer_id, pay_change) VALUES ($1, 0)
         ON CONFLICT (employer_id) DO UPDATE SET pay_change = pay_employer.pay_change RETURNING pay_change")
        .bind(employer).fetch_one(c).await)
}

/// The same, without holding it.
pub(super) async fn pay_change(tx: &mut Tx<'_>, employer: Uuid) -> Result<i64> {
    let found: Option<i64> = on!(tx, c => sqlx::query_scalar("SELECT pay_change FROM pay_employer WHERE employer_id = $1")
        .bind(employer).fetch_optional(c).await)?;
    Ok(found.unwrap_or_default())
}

pub(super) async fn next_pay_change(tx: &mut Tx<'_>, employer: Uuid) -> Result<()> {
    later!(tx, "UPDATE pay_employer SET pay_change = pay_change + 1 WHERE employer_id = $1", employer)
}

/// Whether a change of staff records after a number touches somebody in a run.
pub(super) async fn touched(tx: &mut Tx<'_>, run: Uuid, employer: Uuid, after: i64) -> Result<bool> {
    let found: Option<i64> = on!(tx, c => sqlx::query_scalar("SELECT v.number FROM pay_document d
         JOIN staff_version v ON v.staff_record_id = d.staff_record_id AND v.number > $3
         JOIN record_change x ON x.employer_id = $2 AND x.number = v.number AND x.switched_at IS NOT NULL
         WHERE d.run_id = $1 LIMIT 1")
        .bind(run).bind(employer).bind(after).fetch_optional(c).await)?;
    Ok(found.is_some())
}

/// Whether a run holds anybody's document but this person's.
pub(super) async fn holds_others(tx: &mut Tx<'_>, run: Uuid, staff_record: Uuid) -> Result<bool> {
    let found: Option<Uuid> = on!(tx, c => sqlx::query_scalar("SELECT id FROM pay_document WHERE run_id = $1 AND staff_record_id <> $2 LIMIT 1")
        .bind(run).bind(staff_record).fetch_optional(c).await)?;
    Ok(found.is_some())
}

pub(super) async fn add_piece(
    tx: &mut Tx<'_>,
    run: Uuid,
    number: i64,
    (key_number, bytes): (i64, Vec<u8>),
) -> Result<()> {
    on!(tx, c => sqlx::query("INSERT INTO pay_run_piece (run_id, number, key_number, bytes) VALUES ($1, $2, $3, $4)")
        .bind(run).bind(number).bind(key_number).bind(bytes).execute(c).await.map(drop))
}

pub(super) async fn piece(tx: &mut Tx<'_>, run: Uuid, number: i64) -> Result<Option<(i64, Vec<u8>)>> {
    on!(tx, c => sqlx::query_as("SELECT key_number, bytes FROM pay_run_piece WHERE run_id = $1 AND number = $2")
        .bind(run).bind(number).fetch_optional(c).await)
}

/// Deletes some pieces; says how many there were.
pub(super) async fn remove_pieces(tx: &mut Tx<'_>, run: Uuid, limit: i64) -> Result<u64> {
    on!(tx, c => sqlx::query("DELETE FROM pay_run_piece WHERE run_id = $1 AND number IN (
         SELECT number FROM pay_run_piece WHERE run_id = $1 ORDER BY number LIMIT $2)")
        .bind(run).bind(limit).execute(c).await.map(|done| done.rows_affected()))
}

/// Deletes some findings; says how many there were.
pub(super) async fn remove_findings(tx: &mut Tx<'_>, run: Uuid, limit: i64) -> Result<u64> {
    on!(tx, c => sqlx::query("DELETE FROM pay_finding WHERE run_id = $1 AND number IN (
         SELECT number FROM pay_finding WHERE run_id = $1 ORDER BY number LIMIT $2)")
        .bind(run).bind(limit).execute(c).await.map(|done| done.rows_affected()))
}

/// Deletes some documents of a run that was never published; says how many there were.
pub(super) async fn remove_documents(tx: &mut Tx<'_>, run: Uuid, limit: i64) -> Result<u64> {
    on!(tx, c => sqlx::query("DELETE FROM pay_document WHERE run_id = $1 AND id IN (
         SELECT id FROM pay_document WHERE run_id = $1 ORDER BY id LIMIT $2)
         AND EXISTS (SELECT 1 FROM pay_run r WHERE r.id = $1 AND r.published_at IS NULL)")
        .bind(run).bind(limit).execute(c).await.map(|done| done.rows_affected()))
}

/// The row of a run that was never published, and its ticks.
pub(super) async fn remove(tx: &mut Tx<'_>, run: Uuid) -> Result<()> {
    later!(
        tx,
        "DELETE FROM pay_tick WHERE run_id = $1 AND EXISTS (SELECT 1 FROM pay_run r WHERE r.id = $1 AND r.published_at IS NULL)",
        run,
    )?;
    later!(tx, "DELETE FROM pay_run WHERE id = $1 AND published_at IS NULL", run)
}

/// A finding as it is stored.
#[derive(sqlx::FromRow)]
pub(super) struct FindingRow {
    pub(super) number: i64,
    pub(super) key_number: i64,
    pub(super) body: Vec<u8>,
}

/// The findings after a number, in order.
pub(super) async fn findings(tx: &mut Tx<'_>, run: Uuid, after: i64, limit: i64) -> Result<Vec<FindingRow>> {
    on!(tx, c => sqlx::query_as("SELECT number, key_number, body FROM pay_finding WHERE run_id = $1 AND number > $2 ORDER BY number LIMIT $3")
        .bind(run).bind(after).bind(limit).fetch_all(c).await)
}

/// The first findings of a kind.
pub(super) async fn findings_of(
    tx: &mut Tx<'_>,
    run: Uuid,
    kind: FindingKind,
    limit: i64,
) -> Result<Vec<FindingRow>> {
    on!(tx, c => sqlx::query_as("SELECT number, key_number, body FROM pay_finding WHERE run_id = $1 AND kind = $2 ORDER BY number LIMIT $3")
        .bind(run).bind(kind).bind(limit).fetch_all(c).await)
}

/// A kind of warning that somebody has ticked off.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Tick {
    /// Which.
    pub kind: FindingKind,
    /// Who; none for the operator.
    pub by_staff_record: Option<Uuid>,
    /// When.
    pub at: Instant,
    /// Why.
    pub reason: String,
}

pub(super) async fn ticks(tx: &mut Tx<'_>, run: Uuid) -> Result<Vec<Tick>> {
    on!(tx, c => sqlx::query_as("SELECT kind, by_staff_record, at, reason FROM pay_tick WHERE run_id = $1 ORDER BY kind")
        .bind(run).fetch_all(c).await)
}

pub(super) async fn add_tick(
    tx: &mut Tx<'_>,
    run: Uuid,
    kind: FindingKind,
    (by, reason): (Option<Uuid>, &str),
    now: Instant,
) -> Result<()> {
    later!(
        tx,
        "INSERT INTO pay_tick (run_id, kind, by_staff_record, at, reason) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (run_id, kind) DO UPDATE SET by_staff_record = excluded.by_staff_record, at = excluded.at, reason = excluded.reason",
        run,
        kind,
        by,
        now,
        reason.to_owned(),
    )
}

/// An assignment and the staff record that it belongs to now.
#[derive(sqlx::FromRow)]
pub(super) struct AssignmentOf {
    pub(super) employee_number: String,
    pub(super) staff_record_id: Uuid,
    pub(super) assignment_number: String,
}

/// The assignments of an employer's staff records after an employee number, those of `records` records.
pub(super) async fn assignments(
    tx: &mut Tx<'_>,
    employer: Uuid,
    after: &str,
    records: i64,
) -> Result<Vec<AssignmentOf>> {
    on!(tx, c => sqlx::query_as("SELECT s.employee_number, s.id AS staff_record_id, a.assignment_number
         FROM (SELECT id, employee_number, number FROM staff WHERE employer_id = $1 AND employee_number > $2
            ORDER BY employee_number LIMIT $3) AS s
         JOIN assignment a ON a.staff_record_id = s.id AND a.number = s.number
         ORDER BY s.employee_number")
        .bind(employer).bind(after).bind(records).fetch_all(c).await)
}

/// So many are asked for by one statement of those below.
pub(super) const ASKED_AT_ONCE: usize = 250;

/// `WITH wanted (…) AS (VALUES …)`: a place for each of [`ASKED_AT_ONCE`] rows.
fn wanted(columns: &[&str]) -> String {
    let width = columns.len();
    let row = |at: usize| {
        let places: Vec<String> = (1..=width).map(|n| format!("${}", at * width + n)).collect();
        format!("({})", places.join(", "))
    };
    let rows: Vec<String> = (0..ASKED_AT_ONCE).map(row).collect();
    format!("WITH wanted ({}) AS (VALUES {})", columns.join(", "), rows.join(", "))
}

/// Fills what is left of the places with the last.
fn filled<T: Copy>(asked: &[T]) -> impl Iterator<Item = T> {
    debug_assert!(asked.len() <= ASKED_AT_ONCE, "there are no more places");
    asked.iter().copied().chain(asked.last().copied().into_iter().cycle()).take(ASKED_AT_ONCE)
}

/// An assignment as it stands on its record now.
#[derive(sqlx::FromRow)]
pub(super) struct Post {
    pub(super) staff_record_id: Uuid,
    pub(super) employee_number: String,
    pub(super) title: Option<String>,
    pub(super) first_names: String,
    pub(super) last_name: String,
    pub(super) assignment_number: String,
    pub(super) position: Option<String>,
    pub(super) department: Option<String>,
    pub(super) location: Option<String>,
    pub(super) start_date: Day,
    pub(super) leaving_date: Option<Day>,
}

static POSTS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "{} SELECT s.id AS staff_record_id, s.employee_number, s.title, s.first_names, s.last_name, a.assignment_number, a.position,
            a.department, a.location, a.start_date, a.leaving_date
         FROM (SELECT DISTINCT id FROM wanted) AS w JOIN staff s ON s.id = w.id
         JOIN assignment a ON a.staff_record_id = s.id AND a.number = s.number",
        wanted(&["id"])
    )
});

/// The assignments of some staff records.
pub(super) async fn posts(tx: &mut Tx<'_>, staff_records: &[Uuid]) -> Result<Vec<Post>> {
    if staff_records.is_empty() {
        return Ok(Vec::new());
    }
    on!(tx, c => {
        let mut query = sqlx::query_as(POSTS.as_str());
        for id in filled(staff_records) {
            query = query.bind(id);
        }
        query.fetch_all(c).await
    })
}

/// A document with its body.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct DocumentRow {
    pub(super) id: Uuid,
    pub(super) staff_record_id: Uuid,
    pub(super) run_id: Uuid,
    pub(super) assignment_number: String,
    pub(super) key_number: i64,
    pub(super) body: Vec<u8>,
}

// CROSS JOIN, here and below: SQLite would read all documents there are and look for each among those few.
static PREVIOUS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "{}, found AS MATERIALIZED (SELECT w.staff_record_id, (SELECT d.id FROM pay_document d JOIN pay_run r ON r.id = d.run_id
            WHERE d.staff_record_id = w.staff_record_id AND d.assignment_number = w.assignment_number AND d.pay_date <= w.until
            AND r.state = 'published' AND r.document = 'payslips'
            AND NOT EXISTS (SELECT 1 FROM pay_document x JOIN pay_run y ON y.id = x.run_id AND y.state = 'published' WHERE x.replaces = d.id)
            ORDER BY d.pay_date DESC, r.published_at DESC LIMIT 1) AS id
            FROM (SELECT DISTINCT staff_record_id, assignment_number, until FROM wanted) AS w)
         SELECT d.id, d.staff_record_id, d.run_id, d.assignment_number, d.key_number, d.body
         FROM found f CROSS JOIN pay_document d WHERE d.staff_record_id = f.staff_record_id AND d.id = f.id",
        wanted(&["staff_record_id", "assignment_number", "until"])
    )
});

/// The newest payslip of each assignment until a day that is published, neither withdrawn nor replaced.
pub(super) async fn previous(tx: &mut Tx<'_>, asked: &[(Uuid, &str, Day)]) -> Result<Vec<DocumentRow>> {
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    on!(tx, c => {
        let mut query = sqlx::query_as(PREVIOUS.as_str());
        for (staff_record, assignment, until) in filled(asked) {
            query = query.bind(staff_record).bind(assignment).bind(until);
        }
        query.fetch_all(c).await
    })
}

/// What a correction may stand in the place of.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Replaceable {
    pub(super) id: Uuid,
    pub(super) run_id: Uuid,
    pub(super) assignment_number: String,
    pub(super) pay_date: Day,
    pub(super) period_from: Day,
    pub(super) period_to: Day,
    pub(super) replaced: bool,
}

static REPLACEABLE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "{} SELECT d.id, d.run_id, d.assignment_number, d.pay_date, d.period_from, d.period_to,
            EXISTS (SELECT 1 FROM pay_document x JOIN pay_run y ON y.id = x.run_id AND y.state = 'published' WHERE x.replaces = d.id) AS replaced
         FROM (SELECT DISTINCT staff_record_id, assignment_number, run_id FROM wanted) AS w
         CROSS JOIN pay_document d WHERE d.staff_record_id = w.staff_record_id AND d.run_id = w.run_id AND d.assignment_number = w.assignment_number",
        wanted(&["staff_record_id", "assignment_number", "run_id"])
    )
});

/// The documents of some assignments in the runs that corrections name.
pub(super) async fn replaceable(tx: &mut Tx<'_>, asked: &[(Uuid, &str, Uuid)]) -> Result<Vec<Replaceable>> {
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    on!(tx, c => {
        let mut query = sqlx::query_as(REPLACEABLE.as_str());
        for (staff_record, assignment, run) in filled(asked) {
            query = query.bind(staff_record).bind(assignment).bind(run);
        }
        query.fetch_all(c).await
    })
}

/// Whose document of an earlier run has none of the same assignment in this one, after an id: the document's, the record's and the
/// assignment's.
pub(super) async fn missing(
    tx: &mut Tx<'_>,
    (last, this): (Uuid, Uuid),
    pay_date: Day,
    after: Uuid,
) -> Result<Vec<(Uuid, Uuid, String)>> {
    on!(tx, c => sqlx::query_as("SELECT d.id, d.staff_record_id, d.assignment_number FROM pay_document d
         WHERE d.run_id = $1 AND d.id > $4 AND NOT EXISTS (SELECT 1 FROM pay_document x WHERE x.staff_record_id = d.staff_record_id
            AND x.pay_date = $3 AND x.run_id = $2 AND x.assignment_number = d.assignment_number)
         ORDER BY d.id LIMIT 250")
        .bind(last).bind(this).bind(pay_date).bind(after).fetch_all(c).await)
}

/// A document of a run with its body.
pub(super) async fn document(tx: &mut Tx<'_>, run: Uuid, id: Uuid) -> Result<Option<DocumentRow>> {
    on!(tx, c => sqlx::query_as("SELECT id, staff_record_id, run_id, assignment_number, key_number, body FROM pay_document
         WHERE run_id = $1 AND id = $2").bind(run).bind(id).fetch_optional(c).await)
}

/// A document of a run by its assignment.
pub(super) async fn document_of(tx: &mut Tx<'_>, run: Uuid, assignment: &str) -> Result<Option<Uuid>> {
    on!(tx, c => sqlx::query_scalar("SELECT id FROM pay_document WHERE run_id = $1 AND assignment_number = $2 ORDER BY id LIMIT 1")
        .bind(run).bind(assignment).fetch_optional(c).await)
}

/// A document of a run without what is in it.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct StagedDocument {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub staff_record_id: Uuid,
    /// The employee number.
    pub employee_number: String,
    /// First names.
    pub first_names: String,
    /// Last name.
    pub last_name: String,
    /// The assignment's number.
    pub assignment_number: String,
}

/// The documents of a run after an id, in the order of the file.
pub(super) async fn documents(
    tx: &mut Tx<'_>,
    run: Uuid,
    after: Uuid,
    limit: i64,
) -> Result<Vec<StagedDocument>> {
    on!(tx, c => sqlx::query_as("SELECT d.id, d.staff_record_id, s.employee_number, s.first_names, s.last_name, d.assignment_number
         FROM pay_document d JOIN staff s ON s.id = d.staff_record_id
         WHERE d.run_id = $1 AND d.id > $2 ORDER BY d.id LIMIT $3")
        .bind(run).bind(after).bind(limit).fetch_all(c).await)
}

/// One of them.
pub(super) async fn staged_document(tx: &mut Tx<'_>, run: Uuid, id: Uuid) -> Result<Option<StagedDocument>> {
    on!(tx, c => sqlx::query_as("SELECT d.id, d.staff_record_id, s.employee_number, s.first_names, s.last_name, d.assignment_number
         FROM pay_document d JOIN staff s ON s.id = d.staff_record_id
         WHERE d.run_id = $1 AND d.id = $2")
        .bind(run).bind(id).fetch_optional(c).await)
}

/// Whose documents of a run come after an id, and whether they are mailed when one is there.
pub(super) async fn whom_to_tell(
    tx: &mut Tx<'_>,
    run: Uuid,
    after: Uuid,
    limit: i64,
) -> Result<Vec<(Uuid, Uuid, bool)>> {
    on!(tx, c => sqlx::query_as("SELECT d.id, d.staff_record_id, COALESCE(c.mail, TRUE) FROM pay_document d
         LEFT JOIN pay_choice c ON c.staff_record_id = d.staff_record_id
         WHERE d.run_id = $1 AND d.id > $2 ORDER BY d.id LIMIT $3")
        .bind(run).bind(after).bind(limit).fetch_all(c).await)
}

/// Somebody whom a run may not reach.
#[derive(sqlx::FromRow)]
pub(super) struct UnreachedRow {
    pub(super) id: Uuid,
    pub(super) staff_record_id: Uuid,
    pub(super) employee_number: String,
    pub(super) first_names: String,
    pub(super) last_name: String,
    pub(super) assignment_number: String,
    pub(super) proved_at: Option<Instant>,
    pub(super) last_day: Option<Day>,
}

/// Whoever of a run never logged in, asked for paper, or has left before a day without a personal address that was confirmed by a time; after
/// an id.
pub(super) async fn unreached(
    tx: &mut Tx<'_>,
    run: Uuid,
    (today, confirmed_by): (Day, Instant),
    after: Uuid,
    limit: i64,
) -> Result<Vec<UnreachedRow>> {
    on!(tx, c => sqlx::query_as("SELECT d.id, d.staff_record_id, s.employee_number, s.first_names, s.last_name, d.assignment_number,
            s.proved_at, s.last_day
         FROM pay_document d JOIN staff s ON s.id = d.staff_record_id
         LEFT JOIN pay_choice c ON c.staff_record_id = d.staff_record_id
         WHERE d.run_id = $1 AND d.id > $3 AND (s.proved_at IS NULL OR c.paper OR (s.last_day < $2 AND NOT EXISTS (
             SELECT 1 FROM personal_address a WHERE a.staff_record_id = d.staff_record_id AND a.ended_at IS NULL AND a.confirmed_at <= $5)))
         ORDER BY d.id LIMIT $4")
        .bind(run).bind(today).bind(after).bind(limit).bind(confirmed_by).fetch_all(c).await)
}

/// Somebody of payroll looked at a document that is not theirs.
pub(super) struct NewLook {
    pub(super) id: Uuid,
    pub(super) document: Uuid,
    pub(super) staff_record: Uuid,
    pub(super) by: Option<Uuid>,
    pub(super) reason: String,
}

pub(super) async fn add_look(tx: &mut Tx<'_>, look: NewLook, now: Instant) -> Result<()> {
    later!(
        tx,
        "INSERT INTO pay_look (id, document_id, staff_record_id, by_staff_record, at, reason) VALUES ($1, $2, $3, $4, $5, $6)",
        look.id,
        look.document,
        look.staff_record,
        look.by,
        now,
        look.reason,
    )
}

/// A run that something sealed with an older key belongs to, after an id; those that are being checked apart, since a check ends with a
/// look of its own.
pub(super) async fn sealed_before(
    tx: &mut Tx<'_>,
    (newest, least): (i64, i64),
    after: Uuid,
) -> Result<Option<Uuid>> {
    on!(tx, c => sqlx::query_scalar("SELECT id FROM pay_run WHERE key_number < $1 AND key_number >= $2 AND id > $3
         AND state NOT IN ('receiving', 'checking') ORDER BY id LIMIT 1")
        .bind(newest).bind(least).bind(after).fetch_optional(c).await)
}

/// Some documents of a run, after an id.
pub(super) async fn bodies(tx: &mut Tx<'_>, run: Uuid, after: Uuid, limit: i64) -> Result<Vec<DocumentRow>> {
    on!(tx, c => sqlx::query_as("SELECT id, staff_record_id, run_id, assignment_number, key_number, body FROM pay_document
         WHERE run_id = $1 AND id > $2 ORDER BY id LIMIT $3")
        .bind(run).bind(after).bind(limit).fetch_all(c).await)
}

/// Some pieces of a run, after a number.
pub(super) async fn pieces(tx: &mut Tx<'_>, run: Uuid, after: i64, limit: i64) -> Result<Vec<FindingRow>> {
    on!(tx, c => sqlx::query_as("SELECT number, key_number, bytes AS body FROM pay_run_piece WHERE run_id = $1 AND number > $2
         ORDER BY number LIMIT $3")
        .bind(run).bind(after).bind(limit).fetch_all(c).await)
}

pub(super) async fn reseal_document(
    tx: &mut Tx<'_>,
    (run, id): (Uuid, Uuid),
    (key_number, body): (i64, Vec<u8>),
) -> Result<()> {
    later!(
        tx,
        "UPDATE pay_document SET key_number = $3, body = $4 WHERE run_id = $1 AND id = $2 AND key_number < $3",
        run,
        id,
        key_number,
        body,
    )
}

pub(super) async fn reseal_finding(
    tx: &mut Tx<'_>,
    (run, number): (Uuid, i64),
    (key_number, body): (i64, Vec<u8>),
) -> Result<()> {
    later!(
        tx,
        "UPDATE pay_finding SET key_number = $3, body = $4 WHERE run_id = $1 AND number = $2 AND key_number < $3",
        run,
        number,
        key_number,
        body,
    )
}

pub(super) async fn reseal_piece(
    tx: &mut Tx<'_>,
    (run, number): (Uuid, i64),
    (key_number, bytes): (i64, Vec<u8>),
) -> Result<()> {
    later!(
        tx,
        "UPDATE pay_run_piece SET key_number = $3, bytes = $4 WHERE run_id = $1 AND number = $2 AND key_number < $3",
        run,
        number,
        key_number,
        bytes,
    )
}

/// All of a run is sealed with this key now.
pub(super) async fn set_key(
    tx: &mut Tx<'_>,
    run: Uuid,
    key_number: i64,
    summary: Option<Vec<u8>>,
) -> Result<()> {
    later!(
        tx,
        "UPDATE pay_run SET key_number = $2, summary = $3 WHERE id = $1 AND key_number < $2",
        run,
        key_number,
        summary,
    )
}

/// The numbers of the keys that runs need, and how many runs need each.
pub(super) async fn keys_needed(tx: &mut Tx<'_>) -> Result<Vec<(i64, i64)>> {
    on!(tx, c => sqlx::query_as("SELECT key_number, COUNT(*) FROM pay_run GROUP BY key_number ORDER BY key_number").fetch_all(c).await)
}
