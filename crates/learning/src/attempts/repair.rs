use std::{collections::HashMap, sync::Arc};

use futures::{FutureExt, future::join_all};
use scorm::Manifest;
use serde_json::json;
use store::{
    Instant, StoreError, Tx,
    jobs::{Handler, Job, JobError, LONG, Queued, end},
};
use uuid::Uuid;

use super::{
    commit::{complete, new_completion},
    fold::{Progress, Said},
    model::{self, Completion, Source, Standing, Status},
    service::COMMIT_MINUTES,
    sql::{self, AttemptState, Suspect},
};
use crate::{App, courses};

const REPAIR: &str = "learning.repair";
/// Who holds it has queued this night's look; see `store::lease`.
const LEASE: &str = "learning-repair";
/// It is done from then on, in minutes after midnight UTC.
const AT_NIGHT: i64 = 2 * 60 + 30;
/// So many attempts are listed at once.
const AT_ONCE: i64 = 200;
/// So many are repaired at once: SQLite takes them into one commit.
const TOGETHER: usize = 16;
/// What a commit held stays for so many days after its launch was made.
const BODY_DAYS: i64 = 90;
/// The bodies of so many commits are deleted by one transaction.
const BODIES_AT_ONCE: u32 = 200;

pub(crate) fn handlers(app: &App) -> Vec<Handler> {
    let app = app.clone();
    vec![Handler::new(REPAIR, move |job| repair_all(app.clone(), job))]
}

/// The next half past two after `now`.
fn next_night(now: Instant) -> Instant {
    const DAY: i64 = 24 * 3600 * 1_000_000;
    let since = now.microseconds() - AT_NIGHT * 60 * 1_000_000;
    Instant::from_microseconds((since.div_euclid(DAY) + 1) * DAY + AT_NIGHT * 60 * 1_000_000)
}

/// Queues the nightly look at attempts, once a night whoever asks.
pub(crate) async fn nightly(app: &App) -> store::Result<()> {
    let now = app.clock.now();
    let is_queued = sql::is_leased(&mut app.db.read().await?.tx(), LEASE, now).await?;
    if is_queued {
        return Ok(());
    }
    let (holder, until) = (app.entropy.id(now), next_night(now));
    let job = Queued::new(app.entropy.id(now), REPAIR, json!({}), LONG + 1, now);
    app.db
        .write(move |tx| {
            async move {
                if store::lease::take(tx, LEASE, holder, until, now).await? {
                    job.enqueue(tx).await?;
                }
                Ok::<_, StoreError>(())
            }
            .boxed()
        })
        .await
}

/// Holds attempts against their commits and completions. What is missing is written, and stands on the trail: it should never be. Then what
/// commits held goes, where it is old.
async fn repair_all(app: App, job: Job) -> Result<(), JobError> {
    let since = app.clock.now().plus_minutes(-COMMIT_MINUTES - 24 * 60);
    let mut manifests = HashMap::new();
    let mut after = Uuid::nil();
    loop {
        let suspects = sql::suspects(&mut app.db.read().await?.tx(), since, after, AT_ONCE).await?;
        let Some(last) = suspects.last() else { break };
        after = *last;
        let mut amiss = Vec::new();
        for attempt in suspects {
            match look(&app, attempt, &mut manifests).await {
                Ok(found) => amiss.extend(found),
                Err(error) => put_aside(&app, attempt, error).await?,
            }
        }
        for some in amiss.chunks(TOGETHER) {
            let repairs = some.iter().map(|(attempt, manifest)| repair(&app, *attempt, manifest.clone()));
            for ((attempt, _), repaired) in some.iter().zip(join_all(repairs).await) {
                if let Err(error) = repaired {
                    put_aside(&app, *attempt, error).await?;
                }
            }
        }
    }
    drop_bodies(&app).await?;
    end(&app.db, job).await
}

/// Whether an attempt stands otherwise than its commits say, and by which manifest. Nothing is held or written: hardly any does.
async fn look(
    app: &App,
    attempt: Uuid,
    manifests: &mut HashMap<Uuid, Arc<Manifest>>,
) -> Result<Option<(Uuid, Arc<Manifest>)>, StoreError> {
    let mut reader = app.db.read().await?;
    let mut tx = reader.tx();
    let Some(suspect) = sql::suspect(&mut tx, attempt).await? else { return Ok(None) };
    let manifest = match manifests.get(&suspect.version_id) {
        Some(manifest) => manifest.clone(),
        None => {
            let manifest = courses::sql::manifest(&mut tx, suspect.version_id).await?;
            let damaged = || StoreError::Damaged(format!("attempt {attempt} has no version"));
            let manifest = Arc::new(manifest.ok_or_else(damaged)?);
            manifests.insert(suspect.version_id, manifest.clone());
            manifest
        }
    };
    let mended = examine(&mut tx, attempt, &suspect, &manifest).await?;
    Ok(mended.map(|_| (attempt, manifest)))
}

async fn examine(
    tx: &mut Tx<'_>,
    attempt: Uuid,
    held: &Suspect,
    manifest: &Manifest,
) -> Result<Option<Mended>, StoreError> {
    let commits = sql::commits(tx, attempt).await?;
    let written = sql::best_completion(tx, attempt).await?;
    Ok(mend(manifest, held, &commits, written))
}

/// An attempt that cannot be read is told, and keeps nobody from looking at the others. Any other trouble is the job's, which is done again.
async fn put_aside(app: &App, attempt: Uuid, error: StoreError) -> Result<(), StoreError> {
    let unread =
        |error: &sqlx::Error| matches!(error, sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_));
    match &error {
        StoreError::Damaged(_) => {}
        StoreError::Sql(sql) if unread(sql) => {}
        _ => return Err(error),
    }
    metrics::counter!("staffrecord_learning_attempts_damaged_total").increment(1);
    tracing::error!(%attempt, %error, "an attempt cannot be read, so nobody knows whether it stands as its commits say");
    let now = app.clock.now();
    let app_in = app.clone();
    app.db
        .write(move |tx| {
            async move {
                let Some((employer, person)) = sql::whose(tx, attempt).await? else { return Ok(()) };
                let data = json!({ "attempt": attempt });
                let entry = app_in.own_entry(now, employer, Some(person), "learning.attempt_damaged", data);
                audit::append(tx, entry).await
            }
            .boxed()
        })
        .await
}

/// Deletes what commits held, where their launch was made long ago.
async fn drop_bodies(app: &App) -> Result<(), StoreError> {
    let now = app.clock.now();
    let before = now.plus_minutes(-BODY_DAYS * 24 * 60);
    while let Some(launch) = sql::with_bodies(&mut app.db.read().await?.tx(), before).await? {
        app.db
            .write(move |tx| async move { sql::drop_bodies(tx, launch, BODIES_AT_ONCE, now).await }.boxed())
            .await?;
    }
    Ok(())
}

/// What is to be mended of an attempt.
struct Mended {
    progress: Progress,
    /// Which completion is missing.
    fact: Option<Status>,
    /// When it was done, by what its commits say.
    done_at: Option<Instant>,
}

/// What an attempt's commits say, taken in the order of the person's time, against what is written of it.
fn mend(manifest: &Manifest, held: &Suspect, commits: &[Said], written: Option<Status>) -> Option<Mended> {
    let rolls_up = model::rolls_up(manifest);
    let stored = Standing { status: held.status, score: held.score };
    let (mut progress, mut done_at) = (Progress::default(), None);
    for said in commits {
        progress.take(manifest, rolls_up, said);
        if progress.whole.status.is_done() && done_at.is_none() {
            done_at = Some(said.at);
        }
    }
    // What is written stays, also where nothing says it any more.
    if progress.whole.status < stored.status {
        progress.whole = stored;
    }
    let fact = progress.fact(written);
    (fact.is_some() || progress.whole.status > stored.status).then_some(Mended { progress, fact, done_at })
}

/// Brings an attempt up to its commits, if it is still so that it has to be.
async fn repair(app: &App, attempt: Uuid, manifest: Arc<Manifest>) -> Result<(), StoreError> {
    let now = app.clock.now();
    let app_in = app.clone();
    let repaired: bool = app
        .db
        .write(move |tx| {
            async move {
                sql::hold(tx, attempt).await?;
                let Some(held) = sql::suspect(tx, attempt).await? else { return Ok(false) };
                let Some(mended) = examine(tx, attempt, &held, &manifest).await? else { return Ok(false) };
                let completed_at = mended.done_at.or(held.completed_at).unwrap_or(held.touched_at);
                for item in mended.progress.items.values() {
                    sql::raise_item(tx, attempt, item).await?;
                }
                let whole = mended.progress.whole;
                let standing = AttemptState {
                    status: whole.status,
                    score: whole.score,
                    seconds: held.seconds,
                    completed_at: mended.fact.map(|_| completed_at),
                };
                sql::set_standing(tx, attempt, &standing).await?;
                let employer = held.employer_id;
                let data = json!({
                    "attempt": attempt,
                    "course": held.course_id,
                    "was": held.status,
                    "is": whole.status,
                    "completion_missing": mended.fact,
                });
                let about = Some(held.staff_record_id);
                let entry = app_in.own_entry(now, employer, about, "learning.attempt_repaired", data);
                audit::append(tx, entry).await?;
                if let Some(status) = mended.fact {
                    let (person, course) = (held.staff_record_id, held.course_id);
                    let new = new_completion(&app_in, person, course, attempt, Source::Repair, now);
                    let (score, seconds) = (whole.score, held.seconds);
                    complete(
                        tx,
                        &app_in,
                        employer,
                        Completion { status, completed_at, score, seconds, ..new },
                    )
                    .await?;
                }
                Ok::<_, StoreError>(true)
            }
            .boxed()
        })
        .await?;
    if repaired {
        metrics::counter!("staffrecord_learning_repairs_total").increment(1);
        tracing::error!(%attempt, "an attempt did not stand as its commits say: it was repaired");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use store::Instant;

    use super::next_night;

    #[test]
    fn the_next_night_is_always_later() {
        let at = |text: &str| text.parse::<Instant>().unwrap();
        for (now, night) in [
            ("2026-11-24T09:00:00Z", "2026-11-25T02:30:00Z"),
            ("2026-11-25T02:29:59Z", "2026-11-25T02:30:00Z"),
            ("2026-11-25T02:30:00Z", "2026-11-26T02:30:00Z"),
        ] {
            assert_eq!(next_night(at(now)), at(night), "{now}");
        }
    }
}
