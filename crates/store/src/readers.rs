use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{Result, StoreError, db::lite_options};

/// So long a reader may wait for a connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// SQLite's connections to read from. A pool of sqlx asks each connection whether it is still there, whenever it is given back;
/// for a file that is a change of threads for nothing, and pages are made of few others.
#[derive(Clone)]
pub(crate) struct Readers(Arc<Inner>);

struct Inner {
    options: SqliteConnectOptions,
    places: Arc<Semaphore>,
    idle: Mutex<Vec<SqliteConnection>>,
}

/// A connection that goes back when it is dropped.
pub(crate) struct Lent {
    connection: Option<SqliteConnection>,
    readers: Readers,
    _place: OwnedSemaphorePermit,
}

impl Readers {
    pub(crate) fn new(file: &Path, most: u32) -> Self {
        let most = usize::try_from(most).unwrap_or(usize::MAX).clamp(1, Semaphore::MAX_PERMITS);
        Self(Arc::new(Inner {
            options: lite_options(file).read_only(true),
            places: Arc::new(Semaphore::new(most)),
            idle: Mutex::default(),
        }))
    }

    /// A connection that waits for work, or a new one.
    pub(crate) async fn lend(&self) -> Result<Lent> {
        let place = tokio::time::timeout(PATIENCE, self.0.places.clone().acquire_owned()).await;
        let place = place.map_err(|_| StoreError::Busy)?.map_err(|_| StoreError::Gone)?;
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.0.options.connect().await?,
        };
        Ok(Lent { connection: Some(connection), readers: self.clone(), _place: place })
    }

    /// Ends the connections, and lends none any more.
    pub(crate) async fn close(&self) {
        self.0.places.close();
        let idle = std::mem::take(&mut *self.idle());
        for connection in idle {
            let _ = connection.close().await;
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<SqliteConnection>> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lent {
    pub(crate) fn connection(&mut self) -> &mut SqliteConnection {
        self.connection.as_mut().expect("it is lent until it is dropped")
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take()
            && !self.readers.0.places.is_closed()
        {
            self.readers.idle().push(connection);
        }
    }
}
