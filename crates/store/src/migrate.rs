use sqlx::{ConnectOptions, Connection as _, migrate::Migrator};

use crate::{
    Db, Result, StoreError,
    db::{Pools, lite_options},
};

/// A set of migrations, as sqlx embeds it.
pub type Migrations = Migrator;

/// One migration that this database has not seen yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// Its number.
    pub version: i64,
    /// What it is for.
    pub description: String,
}

static OURS: Migrator = Migrator { ignore_missing: true, ..sqlx::migrate!("./migrations") };

impl Db {
    /// Brings the schema up to date. Each migration is one transaction: one that fails leaves the schema before it.
    /// Migrations that a newer release made are left alone, so that the last release runs on the next one's schema.
    ///
    /// # Errors
    /// What the database says of the migration that failed.
    pub async fn migrate(&self) -> Result<()> {
        self.migrate_with(&OURS).await
    }

    /// [`Db::migrate`] with other migrations.
    ///
    /// # Errors
    /// As there.
    pub async fn migrate_with(&self, migrations: &Migrations) -> Result<()> {
        let ran = match &self.pools {
            Pools::Lite { file, .. } => {
                let mut connection = lite_options(file).connect().await?;
                migrations.run_direct(None, &mut connection, false).await
            }
            Pools::Pg(pool) => {
                // A connection of its own: the lock that keeps two processes from migrating at once belongs to the connection,
                // and one that fails would take it back to the pool.
                let mut connection = pool.acquire().await?.detach();
                let ran = migrations.run_direct(None, &mut connection, false).await;
                let _ = connection.close().await;
                ran
            }
        };
        ran.map_err(|error| StoreError::Sql(sqlx::Error::Migrate(Box::new(error))))
    }

    /// The migrations that [`Db::migrate`] would run.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn pending_migrations(&self) -> Result<Vec<Migration>> {
        let applied = self.applied_versions().await?;
        let pending = OURS.iter().filter(|migration| !applied.contains(&migration.version));
        Ok(pending
            .map(|m| Migration { version: m.version, description: m.description.to_string() })
            .collect())
    }

    async fn applied_versions(&self) -> Result<Vec<i64>> {
        let mut reader = self.read().await?;
        let versions: Result<Vec<i64>> = crate::on!(reader.tx(), c => {
            sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success").fetch_all(c).await
        });
        match versions {
            // A database without the table has seen no migration.
            Err(StoreError::Sql(sqlx::Error::Database(error)))
                if error.code().as_deref() == Some("42P01") || error.message().contains("no such table") =>
            {
                Ok(Vec::new())
            }
            other => other,
        }
    }
}

/// A number that changes with any migration.
#[cfg(feature = "testing")]
pub(crate) fn fingerprint() -> u64 {
    OURS.iter()
        .flat_map(|migration| migration.checksum.iter())
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
