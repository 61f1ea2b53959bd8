use futures::FutureExt;
use serde_json::json;
use store::{
    Instant, StoreError,
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

/// Holds attempts against their commits and completions. What is missing is written, and stands on the trail: it should never be.
async fn repair_all(app: App, job: Job) -> Result<(), JobError> {
    let since = app.clock.now().plus_minutes(-COMMIT_MINUTES - 24 * 60);
    let mut after = Uuid::nil();
    loop {
        let suspects = sql::suspects(&mut app.db.read().await?.tx(), since, after, AT_ONCE).await?;
        let Some(last) = suspects.last() else { break };
        after = last.id;
        for suspect in suspects {
            repair(&app, suspect.id).await?;
        }
    }
    end(&app.db, job).await
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
fn mend(
    manifest: &scorm::Manifest,
    held: &Suspect,
    commits: &[Said],
    written: Option<Status>,
) -> Option<Mended> {
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

async fn repair(app: &App, attempt: Uuid) -> Result<(), JobError> {
    let now = app.clock.now();
    let app_in = app.clone();
    let repaired: bool = app
        .db
        .write(move |tx| {
            async move {
                let Some(held) = sql::hold_suspect(tx, attempt).await? else { return Ok(false) };
                let Some(manifest) = courses::sql::manifest(tx, held.version_id).await? else {
                    return Ok(false);
                };
                let commits = sql::commits(tx, attempt).await?;
                let written = sql::best_completion(tx, attempt).await?;
                let Some(mended) = mend(&manifest, &held, &commits, written) else { return Ok(false) };
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
