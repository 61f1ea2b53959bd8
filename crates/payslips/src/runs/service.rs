use audit::{NewEntry, Origin};
use futures::FutureExt;
use records::{Permission, Permit, Refused, still_held};
use serde_json::json;
use store::StoreError;
use uuid::Uuid;

pub use super::sql::Tick;
use super::{
    Run, RunSummary, State, Totals, jobs,
    sql::{self, FindingRow},
    staging::{finding_bound, summary_bound},
    words,
};
use crate::{App, Finding, FindingKind, body};

/// So many findings of each kind are shown, and kept whatever else there is.
pub const SHOWN_OF_A_KIND: u64 = 50;
/// So many findings are kept beyond those.
pub const MOST_FINDINGS: i64 = 10_000;
/// So many runs are listed.
const LISTED: i64 = 50;
/// So many findings are read by one statement.
const FINDINGS_AT_ONCE: i64 = 500;

/// Why something was not done to a run.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// There is no such run at this employer.
    #[error("{}", words::NO_SUCH_RUN)]
    NotFound,
    /// It is not what was seen any more, or not in a state for this.
    #[error("{}", words::MOVED_ON)]
    MovedOn,
    /// There is no such warning.
    #[error("{}", words::NOT_A_WARNING)]
    NotAWarning,
    /// Not by this person.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A run of the permit's employer, where there is one whose file has arrived.
///
/// # Errors
/// The store's.
pub async fn run(app: &App, permit: &Permit, id: Uuid) -> Result<Option<Run>, StoreError> {
    let mut reader = app.db.read().await?;
    let run = sql::run(&mut reader.tx(), id, permit.employer()).await?;
    Ok(run.filter(|run| run.state != State::Receiving))
}

/// The newest runs of the permit's employer.
///
/// # Errors
/// The store's.
pub async fn recent(app: &App, permit: &Permit) -> Result<Vec<Run>, StoreError> {
    let mut reader = app.db.read().await?;
    sql::recent(&mut reader.tx(), permit.employer(), LISTED).await
}

/// The published main run before this one that is paid as often: what a run's totals are shown beside.
///
/// # Errors
/// The store's.
pub async fn last_run(app: &App, run: &Run) -> Result<Option<Run>, StoreError> {
    let (Some(frequency), Some(day)) = (run.frequency, run.pay_date) else { return Ok(None) };
    let mut reader = app.db.read().await?;
    sql::last_main(&mut reader.tx(), run.employer_id, frequency, day).await
}

/// What a run comes to; `None` before it is checked.
///
/// # Errors
/// The store's.
pub async fn summary(app: &App, run: Uuid) -> Result<Option<RunSummary>, StoreError> {
    let mut reader = app.db.read().await?;
    let sealed = sql::summary(&mut reader.tx(), run).await?;
    sealed.map(|sealed| body::decode(&body::open_alone(&app.keys, &summary_bound(run), &sealed)?)).transpose()
}

/// The first findings of a kind, in the order of the file; see [`SHOWN_OF_A_KIND`].
///
/// # Errors
/// The store's.
pub async fn findings_of(app: &App, run: Uuid, kind: FindingKind) -> Result<Vec<Finding>, StoreError> {
    let mut reader = app.db.read().await?;
    let shown = i64::try_from(SHOWN_OF_A_KIND).unwrap_or(i64::MAX);
    let rows = sql::findings_of(&mut reader.tx(), run, kind, shown).await?;
    rows.iter().map(|row| opened(app, run, row)).collect()
}

/// All findings that are kept, in the order of the file.
///
/// # Errors
/// The store's.
pub async fn findings(app: &App, run: Uuid) -> Result<Vec<Finding>, StoreError> {
    let (mut all, mut after) = (Vec::new(), 0);
    let mut reader = app.db.read().await?;
    loop {
        let rows = sql::findings(&mut reader.tx(), run, after, FINDINGS_AT_ONCE).await?;
        let Some(last) = rows.last() else { return Ok(all) };
        after = last.number;
        for row in &rows {
            all.push(opened(app, run, row)?);
        }
    }
}

fn opened(app: &App, run: Uuid, row: &FindingRow) -> Result<Finding, StoreError> {
    body::decode(&body::open_bytes(&app.keys, &finding_bound(run, row.number), row.key_number, &row.body)?)
}

/// The kinds of warnings that are ticked off.
///
/// # Errors
/// The store's.
pub async fn ticks(app: &App, run: Uuid) -> Result<Vec<Tick>, StoreError> {
    let mut reader = app.db.read().await?;
    sql::ticks(&mut reader.tx(), run).await
}

/// Holds a run of the permit's employer that is in a state for this, and is what was seen.
pub(super) async fn hold(
    tx: &mut store::Tx<'_>,
    permit: &Permit,
    id: Uuid,
    seen: Option<Uuid>,
    fits: impl Fn(State) -> bool,
) -> Result<Run, ActError> {
    let held = sql::hold(tx, id).await?.filter(|held| held.employer_id == permit.employer());
    let held = held.filter(|held| held.state != State::Receiving).ok_or(ActError::NotFound)?;
    still_held(tx, permit).await??;
    let as_seen = seen.is_none_or(|seen| held.staging == Some(seen));
    if as_seen && fits(held.state) { Ok(held) } else { Err(ActError::MovedOn) }
}

/// Ticks a kind of warning off, with a reason; once more with another reason, where somebody thinks better of it. It stands on the trail.
/// `seen` is the [`Run::staging`] of the run as it was shown.
///
/// # Errors
/// See [`ActError`].
pub async fn tick(
    app: &App,
    permit: &Permit,
    id: Uuid,
    seen: Uuid,
    kind: FindingKind,
    reason: &str,
    origin: Origin,
) -> Result<(), ActError> {
    permit.check(Permission::CheckPayslips, permit.employer(), None)?;
    let (app, permit, reason, now) = (app.clone(), permit.clone(), reason.to_owned(), app.clock.now());
    app.db
        .clone()
        .write(move |tx| {
            async move {
                let held = hold(tx, &permit, id, Some(seen), |state| state == State::Checked).await?;
                if !held.warnings().any(|warning| warning == kind) {
                    return Err(ActError::NotAWarning);
                }
                sql::add_tick(tx, id, kind, (permit.staff_record(), &reason), now).await?;
                let count = held.counts().get(&kind).copied().unwrap_or_default();
                let data = json!({ "run": id, "reference": held.reference, "kind": kind, "count": count });
                let entry = app.entry(now, &permit, "payslips.warnings_ticked_off", data, origin);
                audit::append(tx, NewEntry { reason: Some(reason), ..entry }).await?;
                Ok(())
            }
            .boxed()
        })
        .await
}

/// Why the totals of payroll's own report were not taken.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// They differ from these, the file's.
    #[error("the totals differ from the file")]
    Differ(Box<Totals>),
    /// As elsewhere.
    #[error(transparent)]
    Act(#[from] ActError),
}

impl From<StoreError> for ReportError {
    fn from(error: StoreError) -> Self {
        Self::Act(error.into())
    }
}

/// Holds the totals of payroll's own report against a run whose file has no trailer. Where they agree, that stands on the trail.
///
/// # Errors
/// See [`ReportError`]; `Differ` holds the file's own totals.
pub async fn report_totals(
    app: &App,
    permit: &Permit,
    id: Uuid,
    seen: Uuid,
    typed: Totals,
    origin: Origin,
) -> Result<(), ReportError> {
    permit.check(Permission::CheckPayslips, permit.employer(), None).map_err(ActError::from)?;
    let known = match run(app, permit, id).await?.filter(|run| run.staging == Some(seen)) {
        Some(_) => summary(app, id).await?,
        None => return Err(ActError::MovedOn.into()),
    };
    let file = known.ok_or(ActError::MovedOn)?.totals;
    if file != typed {
        return Err(ReportError::Differ(Box::new(file)));
    }
    let (app, permit, now) = (app.clone(), permit.clone(), app.clock.now());
    let agreed: Result<(), ActError> = app
        .db
        .clone()
        .write(move |tx| {
            async move {
                let held = hold(tx, &permit, id, Some(seen), |state| state == State::Checked).await?;
                sql::set_totals_agree(tx, id, now).await?;
                let data = json!({ "run": id, "reference": held.reference, "people": file.people });
                audit::append(tx, app.entry(now, &permit, "payslips.totals_agree", data, origin)).await?;
                Ok(())
            }
            .boxed()
        })
        .await;
    Ok(agreed?)
}

/// Nothing is to come of a run that is not published. It stands on the trail.
///
/// # Errors
/// See [`ActError`].
pub async fn discard(app: &App, permit: &Permit, id: Uuid, origin: Origin) -> Result<(), ActError> {
    permit.check(Permission::CheckPayslips, permit.employer(), None)?;
    let (app, permit, now) = (app.clone(), permit.clone(), app.clock.now());
    let could =
        |state| !matches!(state, State::Published | State::Withdrawn | State::Discarded | State::Scheduled);
    app.db
        .clone()
        .write(move |tx| {
            async move {
                let held = hold(tx, &permit, id, None, could).await?;
                sql::set_state(tx, id, State::Discarded, None, now).await?;
                jobs::sweep_run(&app, id, now).at(now).enqueue(tx).await?;
                let data = json!({ "run": id, "reference": held.reference, "file_name": held.file_name });
                audit::append(tx, app.entry(now, &permit, "payslips.run_discarded", data, origin)).await?;
                Ok(())
            }
            .boxed()
        })
        .await
}
