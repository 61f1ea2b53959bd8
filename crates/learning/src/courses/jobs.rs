use std::{collections::HashSet, io};

use futures::FutureExt;
use serde::{Deserialize, Serialize};
use store::{
    Instant, StoreError,
    jobs::{Handler, Job, JobError, LONG, Queued, end, finish},
};
use uuid::Uuid;

use super::sql;
use crate::App;

const SWEEP: &str = "learning.sweep_import";
/// A day, in minutes: what an import has left is cleared away after so many.
const DAY: i64 = 24 * 60;
const HOUR: i64 = 60;
/// So many rows are deleted by one transaction, and read by one statement.
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
    let failed = |error: io::Error| JobError::Other(error.to_string());
    let Some(alone) = app.files.hold_alone().await.map_err(failed)? else {
        return look_later(&app, job, version).await;
    };
    // Nothing is being taken in, so a version that has not arrived never will.
    give_up(&app, version).await?;
    let before = app.clock.now().plus_minutes(-DAY);
    for first in 0..=u8::MAX {
        let mut stale = app.files.written_before(Some(first), before).await.map_err(failed)?;
        if stale.is_empty() {
            continue;
        }
        let named = named(&app, first).await?;
        stale.retain(|stale| stale.hash.as_ref().is_none_or(|hash| !named.contains(hash)));
        app.files.remove(stale).await.map_err(failed)?;
    }
    let broken_off = app.files.written_before(None, before).await.map_err(failed)?;
    app.files.remove(broken_off).await.map_err(failed)?;
    drop(alone);
    end(&app.db, job).await
}

/// Something is being taken in, perhaps this very version, and relies on files that are there: another look in an hour.
async fn look_later(app: &App, job: Job, version: Uuid) -> Result<(), JobError> {
    let now = app.clock.now();
    let again = Queued::new(app.entropy.id(now), SWEEP, OfVersion { version }, LONG, now.plus_minutes(HOUR));
    app.db
        .write(move |tx| {
            async move {
                finish(tx, &job).await?;
                again.enqueue(tx).await?;
                Ok(())
            }
            .boxed()
        })
        .await
}

/// The hashes with this first byte that some version names.
async fn named(app: &App, first: u8) -> Result<HashSet<String>, StoreError> {
    let letters = format!("{first:02x}");
    let (mut named, mut after) = (HashSet::new(), letters.clone());
    loop {
        let hashes = sql::hashes(&mut app.db.read().await?.tx(), &after, AT_ONCE).await?;
        let Some(last) = hashes.last().filter(|last| last.starts_with(&letters)) else {
            named.extend(hashes.into_iter().filter(|hash| hash.starts_with(&letters)));
            return Ok(named);
        };
        after.clone_from(last);
        named.extend(hashes);
    }
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
