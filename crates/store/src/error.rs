/// What the store's calls return.
pub type Result<T> = std::result::Result<T, StoreError>;

/// Why a read or a write did not happen. After any of these, nothing of the write is in the database.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else holds the database or the rows, or no connection was free in time: worth trying again.
    #[error("the database is busy")]
    Busy,
    /// The disk, or the space the database may take, is full.
    #[error("the database has no space left")]
    Full,
    /// The database is read-only here.
    #[error("the database can only be read")]
    ReadOnly,
    /// A shared commit failed, with the database's words; none of the writes in it is kept.
    #[error("the commit failed: {0}")]
    Commit(String),
    /// The store was shut down.
    #[error("the store is shut down")]
    Gone,
    /// The work itself panicked.
    #[error("the work panicked")]
    Panicked,
    /// Anything else the database says.
    #[error(transparent)]
    Sql(sqlx::Error),
    /// A stored value is not what the code expects; the text says which.
    #[error("stored data is damaged: {0}")]
    Damaged(String),
}

impl StoreError {
    /// Whether this is a row that is there already, by a unique index.
    #[must_use]
    pub fn is_duplicate(&self) -> bool {
        matches!(self, Self::Sql(sqlx::Error::Database(error)) if error.is_unique_violation())
    }

    /// The same error once more, for everybody whom it keeps from what they did.
    pub(crate) fn repeated(&self) -> Self {
        match self {
            Self::Busy => Self::Busy,
            Self::Full => Self::Full,
            Self::ReadOnly => Self::ReadOnly,
            other => Self::Commit(other.to_string()),
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::PoolTimedOut => Self::Busy,
            sqlx::Error::PoolClosed => Self::Gone,
            // SQLite: primary codes 5 BUSY, 6 LOCKED, 8 READONLY, 13 FULL, the extended codes have them in the low byte.
            // PostgreSQL: 40001 and 40P01 serialisation and deadlock, 55P03 lock, 53300 connections, 53100 disk, 25006 read-only.
            sqlx::Error::Database(database) => match database.code().as_deref() {
                Some("40001" | "40P01" | "55P03" | "53300" | "57P03") => Self::Busy,
                Some("53100") => Self::Full,
                Some("25006") => Self::ReadOnly,
                Some(code) if code.len() < 5 => match code.parse::<u32>().map(|code| code & 0xff) {
                    Ok(5 | 6) => Self::Busy,
                    Ok(8) => Self::ReadOnly,
                    Ok(13) => Self::Full,
                    _ => Self::Sql(error),
                },
                _ => Self::Sql(error),
            },
            _ => Self::Sql(error),
        }
    }
}
