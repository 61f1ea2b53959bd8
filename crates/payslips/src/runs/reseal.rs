//! After a new key was made: what older ones sealed is sealed anew, in pieces, while everybody goes on reading.

use audit::{Actor, NewEntry, Origin};
use futures::FutureExt;
use serde_json::{Value, json};
use store::{
    Db, Entropy, Instant, StoreError, Tx,
    jobs::{Job, JobError, LONG, Queued, finish},
};
use uuid::Uuid;

use super::{
    jobs::RESEAL,
    sql,
    staging::{finding_bound, summary_bound},
};
use crate::{
    App,
    body::{self, NOT_SEALED, Place},
};

/// So many rows are sealed anew by one transaction.
const ROWS_AT_ONCE: i64 = 200;
/// So many pieces of files.
const PIECES_AT_ONCE: i64 = 8;

/// A key that something is sealed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyNeeded {
    /// Its number, 0 for what is not sealed.
    pub number: i64,
    /// So many runs need it.
    pub runs: i64,
}

/// Which keys are needed still. A file in `keys/` with a smaller number than the least of these opens nothing any more.
///
/// # Errors
/// The store's.
pub async fn keys_needed(tx: &mut Tx<'_>) -> Result<Vec<KeyNeeded>, StoreError> {
    let needed = sql::keys_needed(tx).await?;
    Ok(needed.into_iter().map(|(number, runs)| KeyNeeded { number, runs }).collect())
}

pub(super) fn queued(entropy: &Entropy, now: Instant) -> Queued {
    Queued::new(entropy.id(now), RESEAL, Value::Null, LONG + 1, now)
}

/// Has all that older keys sealed sealed anew: for whoever has just made new keys.
///
/// # Errors
/// The store's.
pub async fn rotated(db: &Db, entropy: &Entropy, now: Instant) -> Result<(), StoreError> {
    let job = queued(entropy, now);
    db.write(move |tx| async move { job.enqueue(tx).await }.boxed()).await
}

/// The job: run by run, until none is left that an older key is needed for. A process that dies is followed by another that goes on.
pub(super) async fn reseal(app: App, job: Job) -> Result<(), JobError> {
    app.keys.refresh().map_err(|error| JobError::Other(error.to_string()))?;
    let newest = app.keys.newest_for_pay();
    // What is not sealed is sealed too, where it is to be now; where it is not to be any more, what is sealed stays so.
    let least = if app.settings.encrypt { NOT_SEALED } else { NOT_SEALED + 1 };
    let (mut after, mut runs) = (Uuid::nil(), 0_u64);
    loop {
        let mut reader = app.db.read().await?;
        let next = sql::sealed_before(&mut reader.tx(), (newest, least), after).await?;
        drop(reader);
        let Some(run) = next else { break };
        documents(&app, run, newest).await?;
        findings(&app, run, newest).await?;
        pieces(&app, run, newest).await?;
        summary(&app, run, newest).await?;
        (after, runs) = (run, runs + 1);
    }
    tracing::info!(
        key = newest,
        runs,
        "pay is sealed with the newest key; `staffrecord check` says which others are needed"
    );
    let now = app.clock.now();
    let entry = NewEntry {
        id: app.entropy.id(now),
        at: now,
        actor: Actor::System,
        about: None,
        employer: None,
        event: "payslips.sealed_anew",
        reason: None,
        data: json!({ "key": newest, "runs": runs }),
        origin: Origin::default(),
    };
    app.db
        .write(move |tx| {
            async move {
                audit::append(tx, entry).await?;
                finish(tx, &job).await
            }
            .boxed()
        })
        .await
}

/// Opens with the old key and seals with the newest.
fn anew(app: &App, bound: &[u8], key_number: i64, sealed: &[u8]) -> Result<(i64, Vec<u8>), StoreError> {
    let bytes = body::open_bytes(&app.keys, bound, key_number, sealed)?;
    Ok(app.keys.seal_pay(bound, &bytes, &app.entropy))
}

async fn documents(app: &App, run: Uuid, newest: i64) -> Result<(), JobError> {
    let mut after = Uuid::nil();
    loop {
        let mut reader = app.db.read().await?;
        let page = sql::bodies(&mut reader.tx(), run, after, ROWS_AT_ONCE).await?;
        drop(reader);
        let Some(last) = page.last() else { return Ok(()) };
        after = last.id;
        let mut rows = Vec::new();
        for row in page.iter().filter(|row| row.key_number < newest) {
            let place = Place { document: row.id, staff_record: row.staff_record_id, run: row.run_id };
            rows.push((row.id, anew(app, &place.bound(), row.key_number, &row.body)?));
        }
        let written: Result<(), StoreError> = app
            .db
            .write(move |tx| {
                async move {
                    for (id, sealed) in rows {
                        sql::reseal_document(tx, (run, id), sealed).await?;
                    }
                    Ok(())
                }
                .boxed()
            })
            .await;
        written?;
    }
}

async fn findings(app: &App, run: Uuid, newest: i64) -> Result<(), JobError> {
    let mut after = 0;
    loop {
        let mut reader = app.db.read().await?;
        let page = sql::findings(&mut reader.tx(), run, after, ROWS_AT_ONCE).await?;
        drop(reader);
        let Some(last) = page.last() else { return Ok(()) };
        after = last.number;
        let mut rows = Vec::new();
        for row in page.iter().filter(|row| row.key_number < newest) {
            rows.push((row.number, anew(app, &finding_bound(run, row.number), row.key_number, &row.body)?));
        }
        let written: Result<(), StoreError> = app
            .db
            .write(move |tx| {
                async move {
                    for (number, sealed) in rows {
                        sql::reseal_finding(tx, (run, number), sealed).await?;
                    }
                    Ok(())
                }
                .boxed()
            })
            .await;
        written?;
    }
}

async fn pieces(app: &App, run: Uuid, newest: i64) -> Result<(), JobError> {
    let mut after = -1;
    loop {
        let mut reader = app.db.read().await?;
        let page = sql::pieces(&mut reader.tx(), run, after, PIECES_AT_ONCE).await?;
        drop(reader);
        let Some(last) = page.last() else { return Ok(()) };
        after = last.number;
        let mut rows = Vec::new();
        for row in page.iter().filter(|row| row.key_number < newest) {
            let bound = body::bound(b"piece", &[run], row.number);
            rows.push((row.number, anew(app, &bound, row.key_number, &row.body)?));
        }
        let written: Result<(), StoreError> = app
            .db
            .write(move |tx| {
                async move {
                    for (number, sealed) in rows {
                        sql::reseal_piece(tx, (run, number), sealed).await?;
                    }
                    Ok(())
                }
                .boxed()
            })
            .await;
        written?;
    }
}

/// The summary and, with it, that all of the run is sealed anew. A run that was checked again meanwhile is left to that check.
async fn summary(app: &App, run: Uuid, newest: i64) -> Result<(), JobError> {
    let mut reader = app.db.read().await?;
    let held = sql::any_run(&mut reader.tx(), run).await?;
    let sealed = sql::summary(&mut reader.tx(), run).await?;
    drop(reader);
    let Some(held) = held else { return Ok(()) };
    let bound = summary_bound(run);
    let sealed = match sealed {
        Some(sealed) => {
            let bytes = body::open_alone(&app.keys, &bound, &sealed)?;
            Some(body::seal_alone(&app.keys, &app.entropy, true, &bound, &bytes))
        }
        None => None,
    };
    app.db
        .write(move |tx| {
            async move {
                let now = sql::hold(tx, run).await?;
                if now.is_some_and(|now| now.staging == held.staging && !now.state.is_at_work()) {
                    sql::set_key(tx, run, newest, sealed).await?;
                }
                Ok(())
            }
            .boxed()
        })
        .await
}
