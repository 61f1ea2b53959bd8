//! For tests: the same body on both databases, each with a fresh schema of its own.

use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use crate::{Db, Options};

static NEXT: AtomicU64 = AtomicU64::new(0);

/// A migrated database of its own for one test; what it needs is dropped with it.
pub struct Fresh {
    /// The database.
    pub db: Db,
    /// How to open it once more.
    pub options: Options,
    _folder: Option<tempfile::TempDir>,
}

/// Runs `body` on SQLite, then on PostgreSQL. `name` is for the messages.
///
/// # Panics
/// Where the databases cannot be made.
pub async fn both<F, R>(name: &str, body: F)
where
    F: Fn(Db) -> R,
    R: Future<Output = ()>,
{
    for fresh in [lite().await, pg().await] {
        eprintln!("{name}: {}", fresh.db.kind());
        body(fresh.db.clone()).await;
        fresh.db.close().await;
    }
}

/// A migrated SQLite database in a temporary folder.
///
/// # Panics
/// Where it cannot be made.
pub async fn lite() -> Fresh {
    lite_of(None).await
}

/// A migrated SQLite database that may grow to so many pages of 4 KiB.
///
/// # Panics
/// Where it cannot be made.
pub async fn lite_of_pages(pages: u32) -> Fresh {
    lite_of(Some(pages)).await
}

async fn lite_of(most_pages: Option<u32>) -> Fresh {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let address = format!("sqlite:{}", folder.path().join("staffrecord.sqlite").display());
    let options = Options { most_pages, ..Options::new(address) };
    let db = Db::open(&options).await.expect("SQLite opens");
    db.migrate().await.expect("SQLite migrates");
    Fresh { db, options, _folder: Some(folder) }
}

/// A PostgreSQL database cloned from a migrated template, in the cluster that `cargo xtask test` starts.
///
/// # Panics
/// Where there is no such cluster.
pub async fn pg() -> Fresh {
    let address = pg_address().await;
    let options = Options { connections: 4, ..Options::new(address) };
    let db = Db::open(&options).await.expect("PostgreSQL opens");
    Fresh { db, options, _folder: None }
}

/// The address of a fresh, migrated PostgreSQL database.
///
/// # Panics
/// As [`pg`].
pub async fn pg_address() -> String {
    let server = std::env::var("STAFFRECORD_TEST_POSTGRES")
        .expect("STAFFRECORD_TEST_POSTGRES names a PostgreSQL server for tests; `cargo xtask test` starts one and sets it");
    let mut connection =
        PgConnection::connect(&format!("{server}/postgres")).await.expect("the test server is reached");
    // The template's name says which migrations it has seen, so that a cluster left running never serves a stale one.
    let template = format!("template_{:016x}", crate::migrate::fingerprint());
    connection.execute("SELECT pg_advisory_lock(4711)").await.expect("the lock is had");
    let exists: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)")
        .bind(&template)
        .fetch_one(&mut connection)
        .await
        .expect("the catalogue is read");
    if !exists {
        let making = format!("{template}_making");
        run(&mut connection, format!("DROP DATABASE IF EXISTS {making}")).await;
        run(&mut connection, format!("CREATE DATABASE {making}")).await;
        let db = Db::open(&Options::new(format!("{server}/{making}"))).await.expect("the template opens");
        db.migrate().await.expect("PostgreSQL migrates");
        db.close().await;
        run(&mut connection, format!("ALTER DATABASE {making} RENAME TO {template}")).await;
    }
    let name = format!("test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    run(&mut connection, format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
    connection.execute("SELECT pg_advisory_unlock(4711)").await.expect("the lock is given back");
    connection.close().await.expect("the connection ends");
    format!("{server}/{name}")
}

async fn run(connection: &mut PgConnection, text: String) {
    connection.execute(AssertSqlSafe(text)).await.expect("the test server does it");
}

/// The first column of a query, which is text.
///
/// # Panics
/// Where the query fails.
pub async fn strings(db: &Db, text: &'static str) -> Vec<String> {
    let mut reader = db.read().await.expect("a connection");
    crate::on!(reader.tx(), c => sqlx::query_scalar(text).fetch_all(c).await).expect("the query runs")
}

/// All that a database holds, as text: the bytes of SQLite's files, the rows of PostgreSQL's tables.
///
/// # Panics
/// Where it cannot be read.
pub async fn dump(db: &Db, options: &Options) -> Vec<String> {
    if let Some(file) = options.file() {
        let beside = |ending: &str| std::path::PathBuf::from(format!("{}{ending}", file.display()));
        let files = [file.to_owned(), beside("-wal")];
        return files
            .iter()
            .map(|path| String::from_utf8_lossy(&std::fs::read(path).expect("a file")).into_owned())
            .collect();
    }
    let tables =
        strings(db, "SELECT CAST(tablename AS TEXT) FROM pg_tables WHERE schemaname = 'public'").await;
    let mut rows = Vec::new();
    for table in tables {
        let mut connection = PgConnection::connect(&options.address).await.expect("PostgreSQL is reached");
        let text = AssertSqlSafe(format!("SELECT CAST(t AS TEXT) FROM {table} t"));
        rows.extend(
            sqlx::query_scalar::<_, String>(text)
                .fetch_all(&mut connection)
                .await
                .expect("the rows are read"),
        );
    }
    rows
}
