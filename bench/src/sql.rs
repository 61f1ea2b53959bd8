//! The plain inserts that loading a staff file is held against: the same rows, each by a statement of its own. And what the search's
//! figure writes beside its many rows.

use std::{path::Path, time::Duration};

use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use store::{Day, Instant, Result, Tx, on};
use uuid::Uuid;

use crate::Failed;

#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct RecordRow {
    pub(crate) id: Uuid,
    pub(crate) employee_number: String,
    pub(crate) title: Option<String>,
    pub(crate) first_names: String,
    pub(crate) last_name: String,
    pub(crate) date_of_birth: Day,
    pub(crate) email: Option<String>,
    pub(crate) smartcard_uuid: Option<String>,
    pub(crate) name: String,
    pub(crate) allotted_at: Instant,
}

/// Staff record, version and username of everybody whom a change brought, in the order of the file.
pub(crate) async fn records(tx: &mut Tx<'_>, number: i64) -> Result<Vec<RecordRow>> {
    on!(tx, c => sqlx::query_as("SELECT r.id, r.employee_number, v.title, v.first_names, v.last_name, v.date_of_birth, v.email,
            v.smartcard_uuid, u.name, u.allotted_at
         FROM staff_record r
         JOIN staff_version v ON v.staff_record_id = r.id
         JOIN username u ON u.staff_record_id = r.id
         WHERE r.created_number = $1 ORDER BY r.employee_number")
        .bind(number).fetch_all(c).await)
}

#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct AssignmentRow {
    pub(crate) staff_record_id: Uuid,
    pub(crate) assignment_number: String,
    pub(crate) position: Option<String>,
    pub(crate) department: Option<String>,
    pub(crate) location: Option<String>,
    pub(crate) manager: Option<String>,
    pub(crate) start_date: Day,
}

/// The assignments of the same people, in the order of the file.
pub(crate) async fn assignments(tx: &mut Tx<'_>, number: i64) -> Result<Vec<AssignmentRow>> {
    on!(tx, c => sqlx::query_as("SELECT a.staff_record_id, a.assignment_number, a.position, a.department, a.location, a.manager, a.start_date
         FROM staff_record r JOIN assignment a ON a.staff_record_id = r.id
         WHERE r.created_number = $1 ORDER BY r.employee_number, a.assignment_number")
        .bind(number).fetch_all(c).await)
}

pub(crate) async fn insert_record(
    tx: &mut Tx<'_>,
    row: &RecordRow,
    employer: Uuid,
    number: i64,
) -> Result<()> {
    on!(tx, c => sqlx::query("INSERT INTO staff_record (id, employer_id, employee_number, created_number) VALUES ($1, $2, $3, $4)")
        .bind(row.id).bind(employer).bind(&row.employee_number).bind(number).execute(c).await.map(drop))
}

pub(crate) async fn insert_version(tx: &mut Tx<'_>, row: &RecordRow, number: i64) -> Result<()> {
    on!(tx, c => sqlx::query("INSERT INTO staff_version (staff_record_id, number, title, first_names, last_name, date_of_birth, email,
            smartcard_uuid) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(row.id).bind(number).bind(&row.title).bind(&row.first_names).bind(&row.last_name).bind(row.date_of_birth)
        .bind(&row.email).bind(&row.smartcard_uuid).execute(c).await.map(drop))
}

pub(crate) async fn insert_username(
    tx: &mut Tx<'_>,
    row: &RecordRow,
    employer: Uuid,
    number: i64,
) -> Result<()> {
    on!(tx, c => sqlx::query("INSERT INTO username (name, staff_record_id, employer_id, number, allotted_at) VALUES ($1, $2, $3, $4, $5)")
        .bind(&row.name).bind(row.id).bind(employer).bind(number).bind(row.allotted_at).execute(c).await.map(drop))
}

pub(crate) async fn insert_assignment(tx: &mut Tx<'_>, row: &AssignmentRow, number: i64) -> Result<()> {
    on!(tx, c => sqlx::query("INSERT INTO assignment (staff_record_id, number, assignment_number, position, department, location,
            manager, start_date) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(row.staff_record_id).bind(number).bind(&row.assignment_number).bind(&row.position).bind(&row.department)
        .bind(&row.location).bind(&row.manager).bind(row.start_date).execute(c).await.map(drop))
}

pub(crate) async fn insert_key(
    tx: &mut Tx<'_>,
    row: &RecordRow,
    key: String,
    employer: Uuid,
    number: i64,
) -> Result<()> {
    let key = key.into_bytes();
    on!(tx, c => sqlx::query("INSERT INTO staff_key (employer_id, key, staff_record_id, number) VALUES ($1, $2, $3, $4)")
        .bind(employer).bind(key).bind(row.id).bind(number).execute(c).await.map(drop))
}

/// Adds a change that is switched.
pub(crate) async fn add_change(
    tx: &mut Tx<'_>,
    id: Uuid,
    employer: Uuid,
    number: i64,
    now: Instant,
) -> Result<()> {
    on!(tx, c => sqlx::query("INSERT INTO record_change (id, employer_id, number, source, counts, staged_at, switched_at)
         VALUES ($1, $2, $3, 'file', '{}', $4, $4)")
        .bind(id).bind(employer).bind(number).bind(now).execute(c).await.map(drop))?;
    on!(tx, c => sqlx::query("UPDATE employer SET record_change = $2, change_numbered = $2 WHERE id = $1")
        .bind(employer).bind(number).execute(c).await.map(drop))
}

/// Lets the database count what its tables hold.
pub(crate) async fn analyse(tx: &mut Tx<'_>) -> Result<()> {
    on!(tx, c => sqlx::query("ANALYZE").execute(c).await.map(drop))
}

/// The variable that says where tests and benchmarks find a server of PostgreSQL's.
pub(crate) const SERVER: &str = "STAFFRECORD_TEST_POSTGRES";

/// Does what a server does by itself in the minutes after very much was written, so that it is not at that while something is measured.
pub(crate) async fn settle(server: &str, database: &str) -> std::result::Result<(), Failed> {
    run_in(server, database, &["VACUUM (ANALYZE)".to_owned(), "CHECKPOINT".to_owned()]).await
}

/// Runs statements on a server of PostgreSQL's, outside any database of the portal's.
pub(crate) async fn run(server: &str, texts: &[String]) -> std::result::Result<(), Failed> {
    run_in(server, "postgres", texts).await
}

async fn run_in(server: &str, database: &str, texts: &[String]) -> std::result::Result<(), Failed> {
    let mut connection = PgConnection::connect(&format!("{server}/{database}")).await?;
    for text in texts {
        connection.execute(AssertSqlSafe(text.clone())).await?;
    }
    Ok(connection.close().await?)
}

/// The processes of a server of PostgreSQL's that work for a database: those that answer for it, and those that write for all.
pub(crate) async fn processes(server: &str, database: &str) -> std::result::Result<Vec<i32>, Failed> {
    let mut connection = PgConnection::connect(&format!("{server}/postgres")).await?;
    let found = sqlx::query_scalar(
        "SELECT pid FROM pg_stat_activity
         WHERE datname = $1 OR backend_type IN ('background writer', 'checkpointer', 'walwriter')",
    );
    let found = found.bind(database).fetch_all(&mut connection).await?;
    connection.close().await?;
    Ok(found)
}

/// Inserts bytes into a SQLite file of its own, each time in a transaction by itself that is on the disk before the next begins, for so long:
/// how many a second that were.
pub(crate) async fn one_after_another(
    file: &Path,
    bytes: &[u8],
    lasting: Duration,
) -> std::result::Result<f64, Failed> {
    // As the portal's own, but for the sharing.
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("wal_autocheckpoint", "16000")
        .disable_statement_logging();
    let mut connection = SqliteConnection::connect_with(&options).await?;
    connection.execute("CREATE TABLE plain (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL)").await?;
    let (began, mut inserted) = (std::time::Instant::now(), 0_u32);
    while began.elapsed() < lasting {
        let insert = sqlx::query("INSERT INTO plain (bytes) VALUES ($1)").bind(bytes);
        insert.execute(&mut connection).await?;
        inserted += 1;
    }
    let seconds = began.elapsed().as_secs_f64();
    connection.close().await?;
    Ok(f64::from(inserted) / seconds)
}

/// Everybody at an employer by employee number: staff record and number.
pub(crate) async fn everybody(tx: &mut Tx<'_>, employer: Uuid) -> Result<Vec<(Uuid, String)>> {
    on!(tx, c => sqlx::query_as("SELECT id, employee_number FROM staff_record WHERE employer_id = $1 ORDER BY employee_number")
        .bind(employer).fetch_all(c).await)
}

/// A payslip as it is stored, but for whose it is and in which run.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct DocumentRow {
    pub(crate) pay_date: Day,
    pub(crate) id: Uuid,
    pub(crate) assignment_number: String,
    pub(crate) period_from: Day,
    pub(crate) period_to: Day,
    pub(crate) key_number: i64,
    pub(crate) body: Vec<u8>,
}

/// Every payslip, in the order of assignments.
pub(crate) async fn documents(tx: &mut Tx<'_>) -> Result<Vec<DocumentRow>> {
    on!(tx, c => sqlx::query_as("SELECT pay_date, id, assignment_number, period_from, period_to, key_number, body FROM pay_document
         ORDER BY assignment_number").fetch_all(c).await)
}

/// Every staff record, by employee number.
pub(crate) async fn records_by_number(tx: &mut Tx<'_>) -> Result<Vec<Uuid>> {
    on!(tx, c => sqlx::query_scalar("SELECT id FROM staff_record ORDER BY employee_number").fetch_all(c).await)
}

pub(crate) async fn insert_document(
    tx: &mut Tx<'_>,
    row: &DocumentRow,
    staff_record: Uuid,
    run: Uuid,
) -> Result<()> {
    on!(tx, c => sqlx::query("INSERT INTO pay_document (staff_record_id, pay_date, run_id, id, assignment_number, period_from, period_to,
            key_number, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)")
        .bind(staff_record).bind(row.pay_date).bind(run).bind(row.id).bind(&row.assignment_number).bind(row.period_from)
        .bind(row.period_to).bind(row.key_number).bind(row.body.clone())
        .execute(c).await.map(drop))
}

/// A run without anything in it.
pub(crate) async fn add_run(db: &store::Db, employer: &'static str) -> Result<Uuid> {
    let (now, entropy) = (store::Clock::system().now(), store::Entropy::system());
    let id = entropy.id(now);
    let added: Result<()> = db
        .write(move |tx| {
            Box::pin(async move {
                on!(tx, c => sqlx::query("INSERT INTO pay_run (id, employer_id, uploaded_at, file_name, size, kept, state, changed_at, done,
                        record_change, pay_change, again, counts, key_number, totals_agree)
                     SELECT $1, id, $2, 'plain', 0, FALSE, 'published', $2, 0, 0, 0, FALSE, '{}', 0, TRUE FROM employer WHERE code = $3")
                    .bind(id).bind(now).bind(employer).execute(c).await.map(drop))
            })
        })
        .await;
    added.map(|()| id)
}
