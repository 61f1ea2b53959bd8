use audit::Origin;
use futures::FutureExt;
use records::{Holder, Permission, Permit, Refused};
use serde_json::json;
use store::{Instant, StoreError, Tx, jobs::NewJob};
use uuid::Uuid;
use web::Person;

use super::{
    jobs::KIND,
    sql::{self, NewReEnrolment},
};
use crate::{App, app::Trace, factors, log_in, mails};

/// Reasons are read by people.
const LONGEST_REASON: usize = 500;

/// Why nothing was asked for, or agreed to.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// There is nothing to take off.
    #[error("Nothing was changed: this account has no second factors.")]
    NoFactors,
    /// It was asked for before.
    #[error("Nothing was changed: this was asked for before and is not done yet.")]
    Already,
    /// There is nothing to agree to.
    #[error("Nothing was changed: nobody has asked for this, or it needs no second person.")]
    NotAsked,
    /// Whoever asked cannot agree as well.
    #[error("Nothing was changed: somebody else than who asked for it has to agree.")]
    SamePerson,
    /// A reason is missing or too long.
    #[error(
        "Give a reason of at most {LONGEST_REASON} characters: it stands on the trail and in the mail to the person."
    )]
    Reason,
    /// Not by this person.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// When the factors go; `None` as long as a second person has to agree.
    pub due_at: Option<Instant>,
}

/// Asks that the second factors of `holder`'s account be taken off. Who holds a role needs a second person's word; from then on
/// the holder has the policy's hours to stop it. `by` names who asks, so that somebody else can agree.
///
/// # Errors
/// See [`AskError`].
pub async fn ask(
    app: &App,
    permit: &Permit,
    holder: Holder,
    reason: &str,
    by: String,
    origin: Origin,
) -> Result<Asked, AskError> {
    permit.check_account(Permission::ReEnrol, &holder)?;
    let reason = reason.trim().to_owned();
    if reason.is_empty() || reason.chars().count() > LONGEST_REASON {
        return Err(AskError::Reason);
    }
    let trace = Trace { actor: permit.actor(), origin };
    let (now, app_in, permit) = (app.clock.now(), app.clone(), permit.clone());
    app.db
        .write(move |tx| {
            async move {
                log_in::sql::hold_lock(tx, holder.record.id, now).await?;
                let holder = records::account_still(tx, &permit, Permission::ReEnrol, holder, now).await??;
                if factors::sql::factors(tx, holder.record.id).await?.is_empty() {
                    return Err(AskError::NoFactors);
                }
                if sql::open(tx, holder.record.id).await?.is_some() {
                    return Err(AskError::Already);
                }
                let due_at = (!holder.has_role()).then(|| due(&holder, now));
                let new = NewReEnrolment {
                    id: app_in.entropy.id(now),
                    asked_by: by,
                    asked_by_staff_record: permit.staff_record(),
                    reason: reason.clone(),
                    due_at,
                };
                sql::insert(tx, holder.record.id, &new, now).await?;
                if let Some(due_at) = due_at {
                    begin(tx, &app_in, &holder, new.id, due_at, now).await?;
                }
                let mut entry = trace.entry(&app_in, "access.re_enrolment_asked", Some(&holder), now);
                entry.data = json!({ "re_enrolment": new.id, "by": new.asked_by, "due_at": due_at });
                entry.reason = Some(reason);
                audit::append(tx, entry).await?;
                Ok(Asked { due_at })
            }
            .boxed()
        })
        .await
}

/// A second person agrees.
///
/// # Errors
/// See [`AskError`].
pub async fn agree(
    app: &App,
    permit: &Permit,
    holder: Holder,
    by: String,
    reason: Option<String>,
    origin: Origin,
) -> Result<Asked, AskError> {
    permit.check_account(Permission::ReEnrol, &holder)?;
    let trace = Trace { actor: permit.actor(), origin };
    let (now, app_in, permit) = (app.clock.now(), app.clone(), permit.clone());
    app.db
        .write(move |tx| {
            async move {
                log_in::sql::hold_lock(tx, holder.record.id, now).await?;
                let holder = records::account_still(tx, &permit, Permission::ReEnrol, holder, now).await??;
                let open = sql::open(tx, holder.record.id).await?.ok_or(AskError::NotAsked)?;
                if open.due_at.is_some() {
                    return Err(AskError::NotAsked);
                }
                let same_person = match (open.asked_by_staff_record, permit.staff_record()) {
                    (None, None) => open.asked_by == by,
                    (asked, agrees) => asked == agrees,
                };
                if same_person {
                    return Err(AskError::SamePerson);
                }
                let due_at = due(&holder, now);
                if !sql::agree(tx, open.id, &by, due_at, now).await? {
                    return Err(AskError::NotAsked);
                }
                begin(tx, &app_in, &holder, open.id, due_at, now).await?;
                let mut entry = trace.entry(&app_in, "access.re_enrolment_agreed", Some(&holder), now);
                entry.data = json!({ "re_enrolment": open.id, "by": by, "due_at": due_at });
                entry.reason = reason;
                audit::append(tx, entry).await?;
                Ok(Asked { due_at: Some(due_at) })
            }
            .boxed()
        })
        .await
}

fn due(holder: &Holder, now: Instant) -> Instant {
    now.plus_minutes(i64::from(holder.employer.settings.policies.re_enrolment_hours) * 60)
}

/// The delay begins: the notice now, the work when it is over.
async fn begin(
    tx: &mut Tx<'_>,
    app: &App,
    holder: &Holder,
    id: Uuid,
    due_at: Instant,
    now: Instant,
) -> Result<(), StoreError> {
    let payload = json!({ "re_enrolment": id });
    let job = NewJob { id: app.entropy.id(now), kind: KIND, payload: &payload, priority: 0, run_at: due_at };
    store::jobs::enqueue(tx, job).await?;
    mails::tell(tx, app, holder, mails::RE_ENROLMENT, json!({ "at": due_at }), now).await
}

/// Why a re-enrolment was not stopped.
#[derive(Debug, thiserror::Error)]
pub enum StopError {
    /// There is none, or it is done.
    #[error("there is nothing to stop")]
    NotOpen,
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Its holder stops it.
pub(crate) async fn stop(app: &App, person: &Person, id: Uuid, trace: Trace) -> Result<(), StopError> {
    let (now, app_in, staff_record) = (app.clock.now(), app.clone(), person.staff_record);
    app.db
        .write(move |tx| {
            async move {
                log_in::sql::hold_lock(tx, staff_record, now).await?;
                if !sql::stop(tx, id, staff_record, now).await? {
                    return Err(StopError::NotOpen);
                }
                let holder = records::holder(tx, staff_record, now).await?;
                let mut entry = trace.entry(&app_in, "access.re_enrolment_stopped", holder.as_ref(), now);
                entry.data = json!({ "re_enrolment": id });
                Ok(audit::append(tx, entry).await?)
            }
            .boxed()
        })
        .await
}
