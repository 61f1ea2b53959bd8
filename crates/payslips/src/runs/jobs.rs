//! What is done with runs behind the pages.

use audit::Origin;
use futures::FutureExt;
use serde::{Deserialize, Serialize};
use store::{
    Instant,
    jobs::{Handler, Job, JobError, LONG, Queued, end, finish},
};
use uuid::Uuid;

use super::{
    State, letters,
    publish::{self as publishing},
    receive::Pieces,
    reseal, sql,
    staging::{self, StageError},
    sweep, words,
};
use crate::App;

const CHECK: &str = "payslips.check";
const PUBLISH: &str = "payslips.publish";
const TELL: &str = "payslips.tell";
const SWEEP: &str = "payslips.sweep";
pub(super) const RESEAL: &str = "payslips.reseal";

/// After so many tries a check has failed.
const TRIES: i64 = 6;
/// A day, in minutes: a run whose upload or command died is looked at after so many.
pub(super) const DAY: i64 = 24 * 60;
/// After so many minutes without anything done, a run that is not published is discarded, and what is left of it removed.
pub(super) const LAPSE: i64 = 14 * DAY;

#[derive(Deserialize, Serialize)]
struct OfRun {
    run: Uuid,
}

#[derive(Deserialize, Serialize)]
struct Publish {
    run: Uuid,
    address: Option<String>,
    request: Option<String>,
}

store::words! {
    /// What people are told of.
    pub(super) enum Told {
        /// It is there.
        Published = "published",
        /// It was withdrawn.
        Withdrawn = "withdrawn",
    }
}

#[derive(Deserialize, Serialize)]
struct Tell {
    run: Uuid,
    what: Told,
}

pub(super) fn check(app: &App, run: Uuid, now: Instant) -> Queued {
    Queued::new(app.entropy.id(now), CHECK, OfRun { run }, LONG, now)
}

/// At its hour the switch is made before all else that is due.
pub(super) fn publish(app: &App, run: Uuid, origin: &Origin, now: Instant, at: Instant) -> Queued {
    let Origin { address, request } = origin.clone();
    Queued::new(app.entropy.id(now), PUBLISH, Publish { run, address, request }, 0, at)
}

pub(super) fn tell(app: &App, run: Uuid, what: Told, now: Instant) -> Queued {
    Queued::new(app.entropy.id(now), TELL, Tell { run, what }, LONG, now)
}

/// Looks, two weeks from now, whether a run has lapsed.
pub(super) fn sweep_run(app: &App, run: Uuid, now: Instant) -> Queued {
    Queued::new(app.entropy.id(now), SWEEP, OfRun { run }, LONG + 1, now.plus_minutes(LAPSE))
}

/// The jobs of runs.
pub(crate) fn handlers(app: &App) -> Vec<Handler> {
    let of = |app: &App| app.clone();
    let (checks, publishes, tells, sweeps, reseals) = (of(app), of(app), of(app), of(app), of(app));
    vec![
        Handler::new(CHECK, move |job| check_run(checks.clone(), job)),
        Handler::new(PUBLISH, move |job| publish_run(publishes.clone(), job)),
        Handler::new(TELL, move |job| tell_of(tells.clone(), job)),
        Handler::new(SWEEP, move |job| sweep_of(sweeps.clone(), job)),
        Handler::new(RESEAL, move |job| reseal::reseal(reseals.clone(), job)),
    ]
}

/// Checks a run. Its result is written by the check itself, so that a process that dies after it finds nothing more to do.
async fn check_run(app: App, job: Job) -> Result<(), JobError> {
    let OfRun { run } = job.read()?;
    let mut reader = app.db.read().await?;
    let held = sql::any_run(&mut reader.tx(), run).await?;
    drop(reader);
    let Some(held) = held.filter(|held| held.state == State::Checking && held.kept) else {
        return end(&app.db, job).await;
    };
    if job.attempt > TRIES {
        return fail(&app, job, run).await;
    }
    let source = Box::new(Pieces::new(&app, run, held.size));
    match staging::stage(&app, run, source, |_| {}).await {
        // Overtaken: another check of it has begun, or it was discarded.
        Ok(()) | Err(StageError::Overtaken) => end(&app.db, job).await,
        Err(error) if job.attempt == TRIES => {
            tracing::error!(%run, %error, "the check of a run failed");
            fail(&app, job, run).await
        }
        Err(StageError::Store(error)) => Err(error.into()),
        Err(error @ (StageError::Panicked | StageError::Source(_))) => {
            Err(JobError::Other(error.to_string()))
        }
    }
}

async fn fail(app: &App, job: Job, run: Uuid) -> Result<(), JobError> {
    let now = app.clock.now();
    let sweep = sweep_run(app, run, now).at(now);
    app.db
        .write(move |tx| {
            async move {
                if sql::hold(tx, run).await?.is_some_and(|held| held.state == State::Checking) {
                    sql::set_state(tx, run, State::Failed, Some(words::CHECK_FAILED), now).await?;
                    sweep.enqueue(tx).await?;
                }
                finish(tx, &job).await
            }
            .boxed()
        })
        .await
}

async fn publish_run(app: App, job: Job) -> Result<(), JobError> {
    let Publish { run, address, request } = job.read()?;
    publishing::at_its_hour(app, job, run, Origin { address, request }).await
}

async fn tell_of(app: App, job: Job) -> Result<(), JobError> {
    let Tell { run, what } = job.read()?;
    letters::tell(app, job, run, what).await
}

async fn sweep_of(app: App, job: Job) -> Result<(), JobError> {
    let OfRun { run } = job.read()?;
    sweep::sweep(app, job, run).await
}
