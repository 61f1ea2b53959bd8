use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use futures::{FutureExt, future::BoxFuture};
use sqlx::{
    ConnectOptions as _, PgConnection, PgPool, SqliteConnection,
    pool::PoolConnection,
    postgres::PgPoolOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use crate::{
    Result, Statement, StoreError,
    put_off::PutOff,
    readers::{Lent, Readers},
    statements::Statements,
    writer::{Counts, Writer},
};

/// A connection of either database.
pub enum Connection<'c> {
    /// SQLite.
    Lite(&'c mut SqliteConnection),
    /// PostgreSQL.
    Pg(&'c mut PgConnection),
}

/// What a statement runs on: inside [`Db::write`] a transaction, from [`Db::read`] a plain connection.
pub struct Tx<'c> {
    connection: Connection<'c>,
    statements: &'c Statements,
    /// Only in SQLite's writer, which runs it before it commits.
    put_off: Option<PutOff>,
}

impl<'c> Tx<'c> {
    pub(crate) fn new(connection: Connection<'c>, statements: &'c Statements) -> Self {
        Self { connection, statements, put_off: None }
    }

    /// In SQLite's writer: what is put off and left is for it to run.
    pub(crate) fn writing(connection: &'c mut SqliteConnection, statements: &'c Statements) -> Self {
        Self { connection: Connection::Lite(connection), statements, put_off: Some(PutOff::default()) }
    }

    /// Puts off the statement at `place`, where that is possible. For [`later!`](crate::later).
    pub fn put_off(&mut self, place: Statement, text: &str) -> Option<&mut PutOff> {
        let put_off = self.put_off.as_mut()?;
        self.statements.note(place);
        Some(put_off.push(text))
    }

    pub(crate) fn left(&mut self) -> Option<PutOff> {
        self.put_off.take().filter(|put_off| !put_off.is_empty())
    }

    /// Runs what was put off, so that the next statement sees it. For [`on!`](crate::on).
    ///
    /// # Errors
    /// What the database says.
    pub async fn catch_up(&mut self) -> Result<()> {
        let waiting = self.put_off.as_mut().filter(|put_off| !put_off.is_empty());
        match (waiting, &mut self.connection) {
            (Some(put_off), Connection::Lite(connection)) => put_off.catch_up(connection).boxed().await,
            _ => Ok(()),
        }
    }

    /// Counts the statement at `place` and hands over the connection to run it on. For [`on!`](crate::on).
    pub fn at(&mut self, place: Statement) -> &mut Connection<'c> {
        self.statements.note(place);
        &mut self.connection
    }

    /// Whether this is SQLite: for the few places in this crate that have two texts.
    pub(crate) fn is_lite(&self) -> bool {
        matches!(self.connection, Connection::Lite(_))
    }
}

/// Runs one query text on whichever database it is, and gives [`store::Result`](crate::Result). Only `sql.rs` files use it.
///
/// ```ignore
/// on!(tx, c => sqlx::query_scalar("SELECT name FROM employer WHERE id = $1").bind(id).fetch_optional(c).await)
/// ```
#[macro_export]
macro_rules! on {
    ($tx:expr, $c:ident => $query:expr) => {
        match $tx.catch_up().await {
            Err(error) => Err(error),
            Ok(()) => (match $tx.at(concat!(module_path!(), ":", line!())) {
                $crate::Connection::Lite($c) => {
                    let $c = &mut **$c;
                    $query
                }
                $crate::Connection::Pg($c) => {
                    let $c = &mut **$c;
                    $query
                }
            })
            .map_err($crate::StoreError::from),
        }
    };
}

/// Runs one statement whose result nobody looks at, and gives [`store::Result`](crate::Result). On SQLite it is put off: it goes in
/// one turn with the next statement or with the commit, and what is wrong with it (a row that is there already) is said there, so it
/// is not for statements whose error is an answer.
///
/// ```ignore
/// later!(tx, "UPDATE employer SET name = $2 WHERE id = $1", id, name)
/// ```
#[macro_export]
macro_rules! later {
    ($tx:expr, $text:expr $(, $value:expr)* $(,)?) => {
        match $tx.put_off(concat!(module_path!(), ":", line!()), $text) {
            Some(put_off) => put_off$(.bind($value))*.done(),
            None => $crate::on!($tx, c => $crate::sqlx::query($text)$(.bind($value))*.execute(c).await.map(drop)),
        }
    };
}

/// How to open a database.
#[derive(Clone, Debug)]
pub struct Options {
    /// `sqlite:PATH` or `postgres://…`.
    pub address: String,
    /// Connections of this process at most: readers on SQLite (its one writer apart), all on PostgreSQL.
    pub connections: u32,
    /// SQLite: pages of 4 KiB that the database may grow to; `None` for what the disk holds.
    pub most_pages: Option<u32>,
}

impl Options {
    /// The defaults for `address`.
    #[must_use]
    pub fn new(address: impl Into<String>) -> Self {
        Self { address: address.into(), connections: 8, most_pages: None }
    }

    /// The file of a SQLite address, `None` for PostgreSQL.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        let path = self.address.strip_prefix("sqlite:")?;
        Some(Path::new(path.strip_prefix("//").unwrap_or(path)))
    }
}

#[derive(Clone)]
pub(crate) enum Pools {
    Lite { read: Readers, writer: Writer, file: PathBuf },
    Pg(PgPool),
}

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    pub(crate) pools: Pools,
    pub(crate) statements: Arc<Statements>,
    counts: Arc<Counts>,
}

/// What this process has done to its database so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statistics {
    /// Statements run through [`on!`](crate::on).
    pub statements: u64,
    /// Pieces of work that [`Db::write`] kept.
    pub writes: u64,
    /// Commits made for them; on SQLite many writes share one.
    pub commits: u64,
    /// Transactions that held SQLite's writer for more than 50 ms.
    pub long: u64,
}

impl Db {
    /// Opens the database without touching its schema; creates the file of a SQLite address (readable by its owner only).
    ///
    /// # Errors
    /// Where the address is neither kind, the file cannot be opened or the server not reached.
    pub async fn open(options: &Options) -> Result<Self> {
        let statements = Arc::new(Statements::default());
        let counts = Arc::new(Counts::default());
        let pools = if let Some(file) = options.file() {
            create_private(file).map_err(|error| StoreError::Sql(sqlx::Error::Io(error)))?;
            let mut lite = lite_options(file);
            if let Some(pages) = options.most_pages {
                lite = lite.pragma("max_page_count", pages.to_string());
            }
            let writer = Writer::start(lite, statements.clone(), counts.clone()).await?;
            let read = Readers::new(file, options.connections);
            // Whatever keeps the file from being read is said now.
            drop(read.lend().await?);
            Pools::Lite { read, writer, file: file.to_owned() }
        } else if options.address.starts_with("postgres:") || options.address.starts_with("postgresql:") {
            let pool = PgPoolOptions::new()
                .max_connections(options.connections)
                .acquire_timeout(Duration::from_secs(10))
                .connect(&options.address)
                .await?;
            Pools::Pg(pool)
        } else {
            let text = "a database address begins with sqlite: or postgres:";
            return Err(StoreError::Sql(sqlx::Error::Configuration(text.into())));
        };
        Ok(Self { pools, statements, counts })
    }

    /// Runs `work` in one transaction and answers once its commit is durable.
    ///
    /// On SQLite, writes that wait share a commit, each in a savepoint of its own: an error or a panic undoes its own work
    /// alone. A caller that goes away cancels nothing. Inside `work` only SQL is awaited: no hash, file, network or clock.
    ///
    /// # Errors
    /// What `work` returns, or the [`StoreError`] that kept it from being committed; nothing of it is kept then.
    pub async fn write<T, E, F>(&self, work: F) -> std::result::Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: for<'t, 'c> FnOnce(&'t mut Tx<'c>) -> BoxFuture<'t, std::result::Result<T, E>> + Send + 'static,
    {
        match &self.pools {
            Pools::Lite { writer, .. } => writer.run(work).await,
            Pools::Pg(pool) => {
                let (pool, statements, counts) = (pool.clone(), self.statements.clone(), self.counts.clone());
                let written = tokio::spawn(async move {
                    let mut transaction = pool.begin().boxed().await.map_err(StoreError::from)?;
                    let answer = work(&mut Tx::new(Connection::Pg(&mut transaction), &statements)).await?;
                    transaction.commit().await.map_err(StoreError::from)?;
                    counts.committed(1);
                    Ok(answer)
                });
                written
                    .await
                    .map_err(|ended| if ended.is_panic() { StoreError::Panicked } else { StoreError::Gone })?
            }
        }
    }

    /// A connection to read from. On SQLite it cannot write.
    ///
    /// # Errors
    /// [`StoreError::Busy`] where none is free within ten seconds.
    pub async fn read(&self) -> Result<Reader> {
        let connection = match &self.pools {
            Pools::Lite { read, .. } => Pooled::Lite(read.lend().await?),
            // On its own: sqlx's future is 14 KiB, which each request would hold for as long as it waits for anything.
            Pools::Pg(pool) => Pooled::Pg(pool.acquire().boxed().await?),
        };
        Ok(Reader { connection, statements: self.statements.clone() })
    }

    /// What this process has done so far.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.counts.statistics(self.statements.count())
    }

    /// Which statements ran since the last call, by place in the code and number. The first call starts the record.
    #[must_use]
    pub fn recorded_statements(&self) -> BTreeMap<Statement, u64> {
        self.statements.record()
    }

    /// `sqlite` or `postgres`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.pools {
            Pools::Lite { .. } => "sqlite",
            Pools::Pg(_) => "postgres",
        }
    }

    /// Ends the connections; what is queued is written first.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Lite { read, writer, .. } => {
                // The last connection to go puts the log into the file and removes it; a reader could not.
                read.close().await;
                writer.close().await;
            }
            Pools::Pg(pool) => pool.close().await,
        }
    }
}

enum Pooled {
    Lite(Lent),
    Pg(PoolConnection<sqlx::Postgres>),
}

/// A connection to read from; see [`Db::read`].
pub struct Reader {
    connection: Pooled,
    statements: Arc<Statements>,
}

impl Reader {
    /// What the functions of a `sql.rs` take.
    pub fn tx(&mut self) -> Tx<'_> {
        let connection = match &mut self.connection {
            Pooled::Lite(lent) => Connection::Lite(lent.connection()),
            Pooled::Pg(connection) => Connection::Pg(connection),
        };
        Tx::new(connection, &self.statements)
    }
}

pub(crate) fn lite_options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        // Another process holds the file for a moment only, but a disk can make that moment long: one that was killed keeps its lock
        // until its last write has reached the disk.
        .busy_timeout(Duration::from_secs(15))
        // The checkpointer does it long before, unless it cannot keep up. 64 MiB of log.
        .pragma("wal_autocheckpoint", "16000")
        .statement_cache_capacity(256)
        .disable_statement_logging()
}

fn create_private(file: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(file).map(drop)
}
