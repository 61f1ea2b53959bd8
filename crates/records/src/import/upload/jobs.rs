//! What is done with an upload behind the pages: it is checked, applied and swept.

use std::{convert::Infallible, time::Duration};

use audit::{Actor, NewEntry, Origin};
use futures::FutureExt;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{
    Db, Entropy, Instant, Tx,
    jobs::{Handler, Job, JobError, LONG, Queued, end, finish},
};
use tokio::sync::watch;
use uuid::Uuid;

use super::{Found, Preview, State, Upload, sql};
use crate::{
    App, Permission, Permit, PermitError, Refused, Role,
    import::{
        ApplyError, Options, Plan, PlanError,
        apply::{Surroundings, apply_in},
        elsewhere::Asker,
        plan::plan_for,
    },
    roles, words,
};

const CHECK: &str = "records.check_upload";
const APPLY: &str = "records.apply_upload";
const SWEEP: &str = "records.sweep_upload";

/// After so many tries an upload has failed.
const TRIES: i64 = 6;
/// So many seconds later it is looked again whether another load is over.
const AGAIN_SECONDS: i64 = 5;
/// So often it is written down how far a load is.
const REPORTED_AFTER: Duration = Duration::from_secs(1);
/// So many minutes after it came, what is left of an upload is swept, and its row so much later.
const DAY: i64 = 24 * 60;
const ROW_KEPT: i64 = 29 * DAY;
/// So many pieces are deleted by one transaction, and read by one statement.
const PIECES_AT_ONCE: i64 = 8;

#[derive(Deserialize, Serialize)]
struct Check {
    upload: Uuid,
    /// Because the records have changed since it was checked before.
    again: bool,
}

#[derive(Deserialize, Serialize)]
struct Apply {
    upload: Uuid,
    address: Option<String>,
    request: Option<String>,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
struct Sweep {
    upload: Uuid,
    what: Swept,
}

store::words! {
    /// What is swept.
    enum Swept {
        /// The bytes, of which nothing more is made.
        Pieces = "pieces",
        /// Whatever is left after a day.
        All = "all",
        /// The row itself.
        Row = "row",
    }
}

fn queued(
    entropy: &Entropy,
    kind: &'static str,
    payload: impl Serialize,
    now: Instant,
    run_at: Instant,
) -> Queued {
    let priority = if kind == SWEEP { LONG + 1 } else { LONG };
    Queued::new(entropy.id(now), kind, payload, priority, run_at)
}

pub(super) fn check(entropy: &Entropy, upload: Uuid, again: bool, now: Instant) -> Queued {
    queued(entropy, CHECK, Check { upload, again }, now, now)
}

pub(super) fn apply(entropy: &Entropy, upload: Uuid, origin: &Origin, now: Instant) -> Queued {
    let Origin { address, request } = origin.clone();
    queued(entropy, APPLY, Apply { upload, address, request }, now, now)
}

pub(super) fn sweep_pieces(entropy: &Entropy, upload: Uuid, now: Instant) -> Queued {
    queued(entropy, SWEEP, Sweep { upload, what: Swept::Pieces }, now, now)
}

pub(super) fn sweep_all(entropy: &Entropy, upload: Uuid, now: Instant) -> Queued {
    queued(entropy, SWEEP, Sweep { upload, what: Swept::All }, now, now.plus_minutes(DAY))
}

/// The jobs of uploads.
pub(crate) fn handlers(app: &App) -> Vec<Handler> {
    let (checks, applies, sweeps) = (app.clone(), app.clone(), app.clone());
    vec![
        Handler::new(CHECK, move |job| check_upload(checks.clone(), job)),
        Handler::new(APPLY, move |job| apply_upload(applies.clone(), job)),
        Handler::new(SWEEP, move |job| sweep_upload(sweeps.clone(), job)),
    ]
}

/// Tries `work`; where that has failed so often that it will not get better, the upload has failed. A file that kills the process with
/// each try is not tried for ever either.
async fn tried(
    app: App,
    job: Job,
    upload: Uuid,
    work: impl Future<Output = Result<(), JobError>>,
) -> Result<(), JobError> {
    let attempt = job.attempt;
    let error = if attempt > TRIES {
        JobError::Other("it was tried too often".into())
    } else {
        match work.await {
            Err(error @ (JobError::Store(_) | JobError::Other(_))) if attempt == TRIES => error,
            other => return other,
        }
    };
    tracing::error!(%upload, %error, "an upload failed");
    fail(&app, job, upload, words::UPLOAD_FAILED.to_owned()).await
}

async fn fail(app: &App, job: Job, upload: Uuid, says: String) -> Result<(), JobError> {
    let (app_in, now) = (app.clone(), app.clock.now());
    app.db
        .write(move |tx| {
            async move {
                if sql::hold(tx, upload).await?.is_some_and(|held| !held.state.is_over()) {
                    sql::set_failed(tx, upload, &says, now).await?;
                    sweep_pieces(&app_in.entropy, upload, now).enqueue(tx).await?;
                }
                finish(tx, &job).await
            }
            .boxed()
        })
        .await
}

async fn held(db: &Db, id: Uuid, state: State) -> Result<Option<Upload>, JobError> {
    let mut reader = db.read().await?;
    let upload = sql::any_upload(&mut reader.tx(), id).await?;
    Ok(upload.filter(|upload| upload.state == state))
}

async fn check_upload(app: App, job: Job) -> Result<(), JobError> {
    let Check { upload, again } = job.read()?;
    let Some(upload) = held(&app.db, upload, State::Checking).await? else { return end(&app.db, job).await };
    let ready = if again { State::Overtaken } else { State::Checked };
    tried(app.clone(), job.clone(), upload.id, async {
        let (checked, _) = look(&app, &upload, ready).await?;
        show(&app, job, upload.id, State::Checking, checked).await
    })
    .await
}

/// Makes the plan of an upload, and what is shown of it. The plan is made on a thread of its own: it takes a processor for seconds.
async fn look(
    app: &App,
    upload: &Upload,
    ready: State,
) -> Result<(sql::Checked, Option<Box<Plan>>), JobError> {
    let bytes = bytes(&app.db, upload).await?;
    let (db, now, runtime) = (app.db.clone(), app.clock.now(), tokio::runtime::Handle::current());
    let (employer, file_name) = (upload.employer_id, upload.file_name.clone());
    // Whoever uploads asks, also where others agree.
    let asker = Asker {
        entropy: app.entropy.clone(),
        person: upload.uploaded_by,
        employer,
        actor: Actor::Person { staff_record: upload.uploaded_by, role: Some(Role::Hr.as_str().to_owned()) },
        origin: Origin::default(),
        again: ready == State::Overtaken,
    };
    let hr = roles::sql::who_holds(&mut app.db.read().await?.tx(), employer, Role::Hr, Role::Hr).await?;
    let looked = tokio::task::spawn_blocking(move || {
        let planned = runtime.block_on(plan_for(&db, employer, &bytes, &file_name, Some(asker), now));
        let (state, found, plan) = match planned {
            Ok(plan) => {
                let preview = Some(Preview::of(&plan, &hr));
                (ready, Found { preview, findings: plan.warnings.clone() }, Some(Box::new(plan)))
            }
            Err(PlanError::Findings(findings)) => (State::Wrong, Found { preview: None, findings }, None),
            Err(PlanError::Store(error)) => return Err(error.into()),
            Err(error @ PlanError::NoEmployer) => return Err(JobError::Other(error.to_string())),
        };
        let fingerprint = plan.as_ref().map(|plan| plan.fingerprint());
        Ok((sql::Checked { state, found: json!(found).to_string(), fingerprint }, plan))
    });
    looked.await.map_err(|_| JobError::Other("the plan could not be made".into()))?
}

async fn bytes(db: &Db, upload: &Upload) -> Result<Vec<u8>, JobError> {
    let size = usize::try_from(upload.size).unwrap_or_default();
    let mut bytes = Vec::with_capacity(size);
    let mut reader = db.read().await?;
    let mut after = -1;
    loop {
        let page = sql::pieces(&mut reader.tx(), upload.id, after, PIECES_AT_ONCE).await?;
        let Some((last, _)) = page.last() else { break };
        after = *last;
        page.iter().for_each(|(_, piece)| bytes.extend_from_slice(piece));
    }
    if bytes.len() == size { Ok(bytes) } else { Err(JobError::Other("the file is not whole".into())) }
}

/// Writes down what was found of an upload in this state, and ends the job.
async fn show(
    app: &App,
    job: Job,
    upload: Uuid,
    state: State,
    checked: sql::Checked,
) -> Result<(), JobError> {
    let (app_in, now) = (app.clone(), app.clock.now());
    app.db
        .write(move |tx| {
            async move {
                if sql::hold(tx, upload).await?.is_some_and(|held| held.state == state) {
                    sql::set_checked(tx, upload, &checked, now).await?;
                    if checked.state.is_over() {
                        sweep_pieces(&app_in.entropy, upload, now).enqueue(tx).await?;
                    }
                }
                finish(tx, &job).await
            }
            .boxed()
        })
        .await
}

/// What ends an upload in the transaction in which its load is switched on.
pub(crate) struct Ending {
    upload: Uuid,
    job: Job,
}

impl Ending {
    pub(crate) async fn end(
        &self,
        tx: &mut Tx<'_>,
        entropy: &Entropy,
        change: Option<i64>,
        now: Instant,
    ) -> Result<(), ApplyError> {
        if !sql::set_applied(tx, self.upload, change, now).await? {
            return Err(ApplyError::Overtaken);
        }
        sweep_pieces(entropy, self.upload, now).enqueue(tx).await?;
        finish(tx, &self.job).await.map_err(|error| match error {
            JobError::Store(error) => error.into(),
            JobError::Overtaken | JobError::Other(_) => ApplyError::Overtaken,
        })
    }
}

async fn apply_upload(app: App, job: Job) -> Result<(), JobError> {
    let Apply { upload, address, request } = job.read()?;
    let Some(upload) = held(&app.db, upload, State::Applying).await? else { return end(&app.db, job).await };
    let origin = Origin { address, request };
    tried(app.clone(), job.clone(), upload.id, apply_as_seen(&app, job, &upload, origin)).await
}

/// Plans anew from the same bytes, and applies that if it is what was seen; else it is shown again.
async fn apply_as_seen(app: &App, job: Job, upload: &Upload, origin: Origin) -> Result<(), JobError> {
    let (checked, plan) = look(app, upload, State::Overtaken).await?;
    let as_seen = checked.fingerprint.is_some() && checked.fingerprint == upload.fingerprint;
    let Some(plan) = plan.filter(|_| as_seen) else {
        return show(app, job, upload.id, State::Applying, checked).await;
    };
    let permit = match permit(app, upload, &plan).await {
        Ok(permit) => permit,
        Err(PermitError::Refused(refused)) => return fail(app, job, upload.id, refused.to_string()).await,
        Err(PermitError::Store(error)) => return Err(error.into()),
    };
    let (tell, told) = watch::channel((0, 0));
    let surroundings = Surroundings {
        options: Options { confirm: plan.number_to_type() },
        origin: origin.clone(),
        ending: Some(Ending { upload: upload.id, job: job.clone() }),
    };
    let progress = move |done, total| {
        tell.send_replace((done, total));
    };
    let applied = tokio::select! {
        applied = apply_in(app, &permit, *plan, surroundings, progress) => applied,
        never = report(app, upload.id, told) => match never {},
    };
    match applied {
        Ok(_) => Ok(()),
        Err(ApplyError::Overtaken | ApplyError::Confirm { .. }) => {
            let next = check(&app.entropy, upload.id, true, app.clock.now());
            go_on(app, job, upload.id, State::Checking, next).await
        }
        // Another load is under way, or one that was killed still has its lease.
        Err(ApplyError::Loading) => {
            let now = app.clock.now();
            let next = apply(&app.entropy, upload.id, &origin, now).at(now.plus_seconds(AGAIN_SECONDS));
            go_on(app, job, upload.id, State::Applying, next).await
        }
        Err(ApplyError::Refused(refused)) => fail(app, job, upload.id, refused.to_string()).await,
        Err(ApplyError::Store(error)) => Err(error.into()),
    }
}

/// The permit of who said that it is to be applied. Whoever typed the number must hold the role still, too, and must not have done so
/// for their own record.
async fn permit(app: &App, upload: &Upload, plan: &Plan) -> Result<Permit, PermitError> {
    let mut reader = app.db.read().await?;
    let tx = &mut reader.tx();
    if let Some(typed_by) = upload.typed_by {
        roles::permit_later(tx, typed_by, Permission::ImportStaff, upload.employer_id).await?;
        if plan.existing().any(|id| id == typed_by) {
            return Err(Refused::OwnRecord.into());
        }
    }
    let by = upload.agreed_by.ok_or(Refused::OtherPermit)?;
    roles::permit_later(tx, by, Permission::ImportStaff, upload.employer_id).await
}

/// Writes down how far it is, once a second.
async fn report(app: &App, upload: Uuid, mut told: watch::Receiver<(u64, u64)>) -> Infallible {
    while told.changed().await.is_ok() {
        let (done, total) = *told.borrow_and_update();
        let progress = (done.cast_signed(), total.cast_signed());
        let now = app.clock.now();
        let written: store::Result<()> = app
            .db
            .write(move |tx| async move { sql::set_progress(tx, upload, progress, now).await }.boxed())
            .await;
        if let Err(error) = written {
            tracing::warn!(%upload, %error, "progress could not be written");
        }
        tokio::time::sleep(REPORTED_AFTER).await;
    }
    std::future::pending().await
}

/// Ends the job of an upload that is being applied and queues another one for it.
async fn go_on(app: &App, job: Job, upload: Uuid, state: State, next: Queued) -> Result<(), JobError> {
    let now = app.clock.now();
    app.db
        .write(move |tx| {
            async move {
                if sql::hold(tx, upload).await?.is_some_and(|held| held.state == State::Applying) {
                    if state != State::Applying {
                        sql::set_state(tx, upload, state, now).await?;
                    }
                    next.enqueue(tx).await?;
                }
                finish(tx, &job).await
            }
            .boxed()
        })
        .await
}

async fn sweep_upload(app: App, job: Job) -> Result<(), JobError> {
    let Sweep { upload, what } = job.read()?;
    if what == Swept::All && lapse(&app, &job, upload).await? {
        return Ok(());
    }
    loop {
        let removed: store::Result<u64> = app
            .db
            .write(move |tx| async move { sql::remove_pieces(tx, upload, PIECES_AT_ONCE).await }.boxed())
            .await;
        if removed? == 0 {
            break;
        }
    }
    let (entropy, now) = (app.entropy.clone(), app.clock.now());
    app.db
        .write(move |tx| {
            async move {
                match what {
                    Swept::Pieces => {}
                    Swept::All => {
                        sql::forget_found(tx, upload).await?;
                        let row = Sweep { upload, what: Swept::Row };
                        queued(&entropy, SWEEP, row, now, now.plus_minutes(ROW_KEPT)).enqueue(tx).await?;
                    }
                    Swept::Row => sql::remove(tx, upload).await?,
                }
                finish(tx, &job).await
            }
            .boxed()
        })
        .await
}

/// An upload with which nobody did anything for a day is discarded. One that is being worked on is looked at again in an hour: then this
/// job is ended, and `true`.
async fn lapse(app: &App, job: &Job, upload: Uuid) -> Result<bool, JobError> {
    let (entropy, now, job) = (app.entropy.clone(), app.clock.now(), job.clone());
    app.db
        .write(move |tx| {
            async move {
                let Some(held) = sql::hold(tx, upload).await?.filter(|held| !held.state.is_over()) else {
                    return Ok(false);
                };
                if held.state.is_at_work() {
                    let all = Sweep { upload, what: Swept::All };
                    queued(&entropy, SWEEP, all, now, now.plus_minutes(60)).enqueue(tx).await?;
                    finish(tx, &job).await?;
                    return Ok(true);
                }
                sql::set_state(tx, upload, State::Discarded, now).await?;
                let entry = NewEntry {
                    id: entropy.id(now),
                    at: now,
                    actor: Actor::System,
                    about: None,
                    employer: Some(held.employer_id),
                    event: "records.staff_upload_discarded",
                    reason: None,
                    data: json!({ "upload": upload, "file_name": held.file_name }),
                    origin: Origin::default(),
                };
                audit::append(tx, entry).await?;
                Ok(false)
            }
            .boxed()
        })
        .await
}
