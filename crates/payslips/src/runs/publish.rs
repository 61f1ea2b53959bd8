use audit::{NewEntry, Origin};
use futures::FutureExt;
use records::{Permission, Permit, PermitError, Refused, permit_later};
use serde_json::json;
use store::{
    Instant, StoreError, Tx,
    jobs::{Job, JobError, end, finish},
};
use uuid::Uuid;

use super::{
    ActError, Run, State,
    jobs::{self, Told},
    letters,
    service::{hold, run},
    sql::{self, Agreement},
    words,
};
use crate::{App, FindingKind};

/// A run is scheduled for at most so many days ahead.
const MOST_DAYS: i64 = 366;

/// What came of somebody's yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Published {
    /// Staff read it.
    Now,
    /// It will be published then.
    At(Instant),
    /// Another person has to agree.
    Waits,
    /// Something has changed that its check was based on: it is checked again.
    Again,
}

/// Why a run was not published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// As elsewhere.
    #[error(transparent)]
    Act(#[from] ActError),
    /// Warnings of these kinds are not ticked off.
    #[error("{}", words::not_ticked(.0))]
    NotTicked(Vec<FindingKind>),
    /// The file has no trailer, and no totals were typed.
    #[error("{}", words::TOTALS_NEEDED)]
    TotalsNeeded,
    /// It holds nothing but the pay of whoever asks.
    #[error("{}", words::OWN_ALONE)]
    OwnAlone,
    /// The hour is over.
    #[error("{}", words::OVER_ALREADY)]
    Over,
    /// The hour is more than a year ahead.
    #[error("{}", words::TOO_FAR)]
    TooFar,
}

impl From<StoreError> for PublishError {
    fn from(error: StoreError) -> Self {
        Self::Act(error.into())
    }
}

impl From<Refused> for PublishError {
    fn from(refused: Refused) -> Self {
        Self::Act(refused.into())
    }
}

/// What has to be true of the database when the switch is made.
#[derive(Clone, Copy)]
struct Base {
    record_change: i64,
    pay_change: i64,
}

/// What a check was based on, where it still holds; `None` where another run was published or withdrawn since, or a change of staff records
/// touches somebody in it.
async fn base(app: &App, run: &Run) -> Result<Option<Base>, StoreError> {
    let mut reader = app.db.read().await?;
    let tx = &mut reader.tx();
    let pay_change = sql::pay_change(tx, run.employer_id).await?;
    let Some(employer) = records::employer(tx, run.employer_id).await? else { return Ok(None) };
    let holds = pay_change == run.pay_change
        && (employer.record_change == run.record_change
            || !sql::touched(tx, run.id, run.employer_id, run.record_change).await?);
    Ok(holds.then_some(Base { record_change: employer.record_change, pay_change }))
}

/// Whether nothing has changed since [`base`] looked, while the employer's runs are held.
async fn still(tx: &mut Tx<'_>, run: &Run, base: Base) -> Result<bool, StoreError> {
    let pay_change = sql::hold_pay_change(tx, run.employer_id).await?;
    let employer = records::employer(tx, run.employer_id).await?;
    Ok(pay_change == base.pay_change && employer.is_some_and(|of| of.record_change == base.record_change))
}

/// Somebody who has seen a run says that it is to be published: at once, or at an hour. Where the employer wants two people, the second one's
/// yes counts, at the hour that the first has chosen. It stands on the trail.
///
/// # Errors
/// See [`PublishError`].
pub async fn publish(
    app: &App,
    permit: &Permit,
    id: Uuid,
    seen: Uuid,
    at: Option<Instant>,
    origin: Origin,
) -> Result<Published, PublishError> {
    permit.check(Permission::PublishPayslips, permit.employer(), None)?;
    let now = app.clock.now();
    if at.is_some_and(|at| at <= now) {
        return Err(PublishError::Over);
    }
    if at.is_some_and(|at| at > now.plus_minutes(MOST_DAYS * 24 * 60)) {
        return Err(PublishError::TooFar);
    }
    let shown = run(app, permit, id).await?.ok_or(ActError::NotFound)?;
    if shown.staging != Some(seen) {
        return Err(ActError::MovedOn.into());
    }
    let base = base(app, &shown).await?;
    let (app, permit) = (app.clone(), permit.clone());
    app.db
        .clone()
        .write(move |tx| {
            async move {
                let fits = |state| matches!(state, State::Checked | State::Waiting);
                let held = hold(tx, &permit, id, Some(seen), fits).await?;
                ready(tx, &permit, &held).await?;
                let as_it_was = match base {
                    Some(base) => still(tx, &held, base).await?,
                    None => false,
                };
                if !as_it_was {
                    again(tx, &app, &held, now).await?;
                    return Ok(Published::Again);
                }
                let agreed = agreed(tx, &permit, &held, at).await?;
                let Some(Agreed { first, second, at }) = agreed else {
                    let agreement = Agreement {
                        state: State::Waiting,
                        agreed_by: permit.staff_record(),
                        second_by: None,
                        publish_at: at,
                        publish_job: None,
                    };
                    sql::set_agreement(tx, id, &agreement, now).await?;
                    let data = json!({ "run": id, "reference": held.reference, "at": at });
                    audit::append(tx, app.entry(now, &permit, "payslips.run_agreed", data, origin)).await?;
                    return Ok(Published::Waits);
                };
                match at.filter(|at| *at > now) {
                    Some(at) => {
                        let job = jobs::publish(&app, id, &origin, now, at);
                        let agreement = Agreement {
                            state: State::Scheduled,
                            agreed_by: first,
                            second_by: second,
                            publish_at: Some(at),
                            publish_job: Some(job.id()),
                        };
                        sql::set_agreement(tx, id, &agreement, now).await?;
                        job.enqueue(tx).await?;
                        let data = json!({ "run": id, "reference": held.reference, "at": at });
                        audit::append(tx, app.entry(now, &permit, "payslips.run_scheduled", data, origin))
                            .await?;
                        Ok(Published::At(at))
                    }
                    None => {
                        let by = permit.clone();
                        switch(tx, &app, &by, &held, (first, second), origin, now).await?;
                        Ok(Published::Now)
                    }
                }
            }
            .boxed()
        })
        .await
}

/// Whether a run may be published by this person at all.
async fn ready(tx: &mut Tx<'_>, permit: &Permit, held: &Run) -> Result<(), PublishError> {
    let ticked = sql::ticks(tx, held.id).await?;
    let open: Vec<FindingKind> =
        held.warnings().filter(|kind| !ticked.iter().any(|tick| tick.kind == *kind)).collect();
    if !open.is_empty() {
        return Err(PublishError::NotTicked(open));
    }
    if !held.totals_agree {
        return Err(PublishError::TotalsNeeded);
    }
    if let Some(own) = permit.staff_record()
        && !sql::holds_others(tx, held.id, own).await?
    {
        return Err(PublishError::OwnAlone);
    }
    Ok(())
}

/// Who has agreed, and to which hour.
struct Agreed {
    first: Option<Uuid>,
    second: Option<Uuid>,
    at: Option<Instant>,
}

/// `None` where somebody else has to agree as well. The operator's command has no second person.
async fn agreed(
    tx: &mut Tx<'_>,
    permit: &Permit,
    held: &Run,
    at: Option<Instant>,
) -> Result<Option<Agreed>, PublishError> {
    let by = permit.staff_record();
    if held.state == State::Waiting && by.is_some() {
        if held.agreed_by == by {
            return Err(Refused::SecondPerson.into());
        }
        return Ok(Some(Agreed { first: held.agreed_by, second: by, at: held.publish_at }));
    }
    let employer = records::employer(tx, held.employer_id).await?.ok_or(ActError::NotFound)?;
    let two = employer.settings.policies.payslips_two_persons && by.is_some();
    Ok((!two).then_some(Agreed { first: by, second: None, at }))
}

/// From now on staff read it: the only place where a run becomes published.
async fn switch(
    tx: &mut Tx<'_>,
    app: &App,
    permit: &Permit,
    held: &Run,
    by: (Option<Uuid>, Option<Uuid>),
    origin: Origin,
    now: Instant,
) -> Result<(), StoreError> {
    sql::set_published(tx, held.id, by, now).await?;
    sql::next_pay_change(tx, held.employer_id).await?;
    jobs::tell(app, held.id, Told::Published, now).enqueue(tx).await?;
    // Its bytes are of no use any more.
    jobs::sweep_run(app, held.id, now).at(now).enqueue(tx).await?;
    let data = json!({
        "run": held.id, "reference": held.reference, "kind": held.kind, "document": held.document, "documents": held.done,
        "file_hash": held.file_hash, "agreed_by": by.0, "second_by": by.1,
    });
    audit::append(tx, app.entry(now, permit, "payslips.run_published", data, origin)).await
}

/// Has a run checked again; one whose bytes are not kept has failed.
async fn again(tx: &mut Tx<'_>, app: &App, held: &Run, now: Instant) -> Result<(), StoreError> {
    if held.kept {
        sql::set_again(tx, held.id, now).await?;
        jobs::check(app, held.id, now).enqueue(tx).await
    } else {
        sql::set_state(tx, held.id, State::Failed, Some(words::CHECK_FILE_AGAIN), now).await?;
        jobs::sweep_run(app, held.id, now).at(now).enqueue(tx).await
    }
}

/// A run that waits for a second person or its hour is not to be published for now. It stands on the trail.
///
/// # Errors
/// See [`ActError`].
pub async fn call_off(app: &App, permit: &Permit, id: Uuid, origin: Origin) -> Result<(), ActError> {
    permit.check(Permission::PublishPayslips, permit.employer(), None)?;
    let (app, permit, now) = (app.clone(), permit.clone(), app.clock.now());
    app.db
        .clone()
        .write(move |tx| {
            async move {
                let fits = |state| matches!(state, State::Waiting | State::Scheduled);
                let held = hold(tx, &permit, id, None, fits).await?;
                set_back(tx, id, now).await?;
                let data = json!({ "run": id, "reference": held.reference });
                audit::append(tx, app.entry(now, &permit, "payslips.run_called_off", data, origin)).await?;
                Ok(())
            }
            .boxed()
        })
        .await
}

/// As it was when it was checked. A job that would have published it finds that it is not meant any more.
async fn set_back(tx: &mut Tx<'_>, id: Uuid, now: Instant) -> Result<(), StoreError> {
    let agreement = Agreement {
        state: State::Checked,
        agreed_by: None,
        second_by: None,
        publish_at: None,
        publish_job: None,
    };
    sql::set_agreement(tx, id, &agreement, now).await
}

/// Why a run was not withdrawn.
pub type WithdrawError = ActError;

/// Takes a published run back: its people see that it was withdrawn, and are mailed so, without any figure. It stands on the trail.
///
/// # Errors
/// See [`ActError`].
pub async fn withdraw(
    app: &App,
    permit: &Permit,
    id: Uuid,
    reason: &str,
    origin: Origin,
) -> Result<(), WithdrawError> {
    permit.check(Permission::WithdrawPayslips, permit.employer(), None)?;
    let (app, permit, reason, now) = (app.clone(), permit.clone(), reason.to_owned(), app.clock.now());
    app.db
        .clone()
        .write(move |tx| {
            async move {
                // In the order in which publishing holds them.
                let held = hold(tx, &permit, id, None, |state| state == State::Published).await?;
                sql::hold_pay_change(tx, held.employer_id).await?;
                sql::set_withdrawn(tx, id, &reason, now).await?;
                sql::next_pay_change(tx, held.employer_id).await?;
                jobs::tell(&app, id, Told::Withdrawn, now).enqueue(tx).await?;
                let data = json!({ "run": id, "reference": held.reference, "documents": held.done });
                let entry = app.entry(now, &permit, "payslips.run_withdrawn", data, origin);
                audit::append(tx, NewEntry { reason: Some(reason), ..entry }).await?;
                Ok(())
            }
            .boxed()
        })
        .await
}

/// Publishes a run whose hour has come, where whoever agreed may still do so and nothing has changed; else they are told that it was not.
pub(super) async fn at_its_hour(app: App, job: Job, id: Uuid, origin: Origin) -> Result<(), JobError> {
    let mut reader = app.db.read().await?;
    let run = sql::any_run(&mut reader.tx(), id).await?;
    let meant = |run: &Run| run.state == State::Scheduled && run.publish_job == Some(job.id);
    let Some(run) = run.filter(meant) else {
        drop(reader);
        return end(&app.db, job).await;
    };
    let employer = run.employer_id;
    let mut permit = Ok(Permit::operator(Permission::PublishPayslips, employer));
    for by in [run.agreed_by, run.second_by].into_iter().flatten() {
        permit = permit_later(&mut reader.tx(), by, Permission::PublishPayslips, employer).await;
        if permit.is_err() {
            break;
        }
    }
    drop(reader);
    let permit = match permit {
        Ok(permit) => Some(permit),
        Err(PermitError::Refused(_)) => None,
        Err(PermitError::Store(error)) => return Err(error.into()),
    };
    let base = base(&app, &run).await?;
    let now = app.clock.now();
    app.db
        .clone()
        .write(move |tx| {
            async move {
                let held = sql::hold(tx, id).await?;
                let Some(held) =
                    held.filter(|held| held.state == State::Scheduled && held.publish_job == Some(job.id))
                else {
                    return finish(tx, &job).await;
                };
                let as_it_was = match base {
                    Some(base) => still(tx, &held, base).await?,
                    None => false,
                };
                match permit {
                    Some(permit) if as_it_was => {
                        let by = (held.agreed_by, held.second_by);
                        switch(tx, &app, &permit, &held, by, origin, now).await?;
                    }
                    permit => {
                        letters::tell_not_published(tx, &app, &held, now).await?;
                        if permit.is_some() {
                            again(tx, &app, &held, now).await?;
                        } else {
                            set_back(tx, id, now).await?;
                        }
                        let data = json!({ "run": id, "reference": held.reference });
                        audit::append(tx, app.own_entry(now, employer, "payslips.run_not_published", data))
                            .await?;
                    }
                }
                finish(tx, &job).await
            }
            .boxed()
        })
        .await
}
