use std::{
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::{Result, StoreError};

/// A log of so many pages is put into the file (16 MiB): most pages are written many times over, so less often is less to write.
const LARGE: i64 = 4000;
/// So long it rests between two looks at the log.
const REST: Duration = Duration::from_millis(50);

#[derive(Default)]
struct Told {
    /// Something was committed since the last look.
    written: bool,
    stop: bool,
}

type Bell = Arc<(Mutex<Told>, Condvar)>;

/// Puts SQLite's write-ahead log into the file, on a thread and connection of its own: the flush of the whole file takes longer than
/// any transaction may, and nobody waits behind it here. Where it does not keep up, the writer does it (see `lite_options`).
pub(crate) struct Checkpointer {
    bell: Bell,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    pub(crate) fn start(options: SqliteConnectOptions) -> Result<Self> {
        let bell = Bell::default();
        let heard = bell.clone();
        let thread = std::thread::Builder::new()
            .name("checkpointer".into())
            .spawn(move || futures::executor::block_on(work(options, heard)))
            .map_err(|error| StoreError::Sql(sqlx::Error::Io(error)))?;
        Ok(Self { bell, thread: Some(thread) })
    }

    /// Says that something was committed.
    pub(crate) fn committed(&self) {
        let mut told = self.bell.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !told.written {
            told.written = true;
            self.bell.1.notify_one();
        }
    }
}

impl Drop for Checkpointer {
    /// Waits until its connection is closed, so that the writer's is the last.
    fn drop(&mut self) {
        self.bell.0.lock().unwrap_or_else(PoisonError::into_inner).stop = true;
        self.bell.1.notify_one();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

async fn work(options: SqliteConnectOptions, bell: Bell) {
    // The writer is there first, and makes the file what it is to be.
    if !next(&bell) {
        return;
    }
    let mut connection = match options.connect().await {
        Ok(connection) => connection,
        Err(error) => return tracing::warn!(%error, "the write-ahead log is left to the writer"),
    };
    while next(&bell) {
        if let Err(error) = look(&mut connection).await {
            tracing::warn!(%error, "the write-ahead log could not be put into the file");
        }
    }
    drop(connection.close().await);
}

/// Waits for something to do, and rests first. `false` at the end.
fn next((told, changed): &(Mutex<Told>, Condvar)) -> bool {
    let held = told.lock().unwrap_or_else(PoisonError::into_inner);
    let rested = changed.wait_timeout_while(held, REST, |told| !told.stop);
    let (held, _) = rested.unwrap_or_else(PoisonError::into_inner);
    let held = changed.wait_while(held, |told| !told.stop && !told.written);
    let mut held = held.unwrap_or_else(PoisonError::into_inner);
    held.written = false;
    !held.stop
}

async fn look(connection: &mut SqliteConnection) -> sqlx::Result<()> {
    // Pages in the log, and how many of them are in the file.
    let (_, pages, put): (i64, i64, i64) =
        sqlx::query_as("PRAGMA wal_checkpoint(NOOP)").fetch_one(&mut *connection).await?;
    if pages - put >= LARGE {
        sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(connection).await?;
    }
    Ok(())
}
