use futures::FutureExt;
use serde::{Deserialize, Serialize};
use store::{
    Instant, StoreError,
    jobs::{Handler, Job, JobError, LONG, Queued, end},
};
use uuid::Uuid;

use super::sql;
use crate::App;

const SWEEP: &str = "learning.sweep_import";
/// A day, in minutes: what an import has left is cleared away after so many.
const DAY: i64 = 24 * 60;
/// So many rows are deleted by one transaction.
const AT_ONCE: i64 = 500;

#[derive(Deserialize, Serialize)]
struct OfVersion {
    version: Uuid,
}

/// Looks, a day from now, whether an import has come to its end, and which files nothing needs.
pub(super) fn sweep(app: &App, version: Uuid, now: Instant) -> Queued {
    Queued::new(app.entropy.id(now), SWEEP, OfVersion { version }, LONG, now.plus_minutes(DAY))
}

pub(crate) fn handlers(app: &App) -> Vec<Handler> {
    let app = app.clone();
    vec![Handler::new(SWEEP, move |job| sweep_import(app.clone(), job))]
}

async fn sweep_import(app: App, job: Job) -> Result<(), JobError> {
    let OfVersion { version } = job.read()?;
    give_up(&app, version).await?;
    let failed = |error: object_store::Error| JobError::Other(error.to_string());
    // A file is written before the rows that name it, by an import that takes less than a day.
    let before = app.clock.now().plus_minutes(-DAY);
    for stale in app.files.written_before(before).await.map_err(failed)? {
        let needed = match &stale.hash {
            Some(hash) => sql::is_file(&mut app.db.read().await?.tx(), hash).await?,
            None => false,
        };
        if !needed {
            app.files.remove(&stale).await.map_err(failed)?;
        }
    }
    end(&app.db, job).await
}

/// Clears away a version whose files did not all arrive; any other stays.
pub(super) async fn give_up(app: &App, version: Uuid) -> Result<(), StoreError> {
    loop {
        let more: bool =
            app.db.write(move |tx| async move { sql::give_up(tx, version, AT_ONCE).await }.boxed()).await?;
        if !more {
            return Ok(());
        }
    }
}
