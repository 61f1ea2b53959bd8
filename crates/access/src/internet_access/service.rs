use audit::Origin;
use futures::FutureExt;
use records::{Holder, Permission, Permit, Refused};
use serde_json::json;
use store::{Instant, StoreError, Tx};
use uuid::Uuid;

use super::{Act, Status, sql};
use crate::{App, account, app::Trace, log_in, mails};

/// Why a decision on internet access was not taken.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// There is nothing to decide about.
    #[error(
        "Nothing was changed: this person has no account yet. They get one when they set a password, at Forgotten."
    )]
    NoAccount,
    /// Somebody else decided in the meantime, or the act makes no sense on what stands there.
    #[error("Nothing was changed: internet access is {0} now.")]
    Overtaken(Status),
    /// Not by this person.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// HR approves, refuses or withdraws `holder`'s internet access. The holder is mailed; it stands on the trail.
///
/// # Errors
/// See [`DecideError`].
pub async fn decide(
    app: &App,
    permit: &Permit,
    holder: Holder,
    act: Act,
    reason: Option<String>,
    origin: Origin,
) -> Result<Status, DecideError> {
    permit.check_account(Permission::DecideInternetAccess, &holder)?;
    let trace = Trace { actor: permit.actor(), origin };
    let (now, app_in, permit) = (app.clock.now(), app.clone(), permit.clone());
    app.db
        .write(move |tx| {
            async move {
                log_in::sql::hold_lock(tx, holder.record.id, now).await?;
                let may = Permission::DecideInternetAccess;
                let holder = records::account_still(tx, &permit, may, holder, now).await??;
                let before = sql::hold_status(tx, holder.record.id).await?.ok_or(DecideError::NoAccount)?;
                let after = before.after(act).ok_or(DecideError::Overtaken(before))?;
                sql::set_status(tx, holder.record.id, after, now).await?;
                mails::tell(tx, &app_in, &holder, mails::INTERNET_ACCESS, json!({ "status": after }), now)
                    .await?;
                let mut entry = trace.entry(&app_in, "access.internet_access_decided", Some(&holder), now);
                entry.data = json!({ "before": before, "after": after });
                entry.reason = reason;
                audit::append(tx, entry).await?;
                Ok(after)
            }
            .boxed()
        })
        .await
}

/// Why a request was not made.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// It is there already.
    #[error("internet access is {0} already")]
    Already(Status),
    /// There is no such account.
    #[error("there is no account")]
    NoAccount,
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The holder asks for internet access.
///
/// # Errors
/// See [`RequestError`].
pub async fn request(app: &App, staff_record: Uuid, trace: Trace) -> Result<Status, RequestError> {
    let (now, app_in) = (app.clock.now(), app.clone());
    app.db
        .write(move |tx| {
            async move {
                let holder = records::holder(tx, staff_record, now).await?.ok_or(RequestError::NoAccount)?;
                let before = sql::hold_status(tx, staff_record).await?.ok_or(RequestError::NoAccount)?;
                let policy = holder.employer.settings.policies.internet_access;
                let after = before.after_request(policy).ok_or(RequestError::Already(before))?;
                set(tx, &app_in, &holder, (before, after), trace, now).await?;
                Ok(after)
            }
            .boxed()
        })
        .await
}

/// Setting a password asks for internet access in the same act, where nobody has asked yet. The status after it.
pub(crate) async fn requested_by_setting_a_password(
    tx: &mut Tx<'_>,
    app: &App,
    holder: &Holder,
    trace: Trace,
    now: Instant,
) -> Result<Status, StoreError> {
    account::sql::ensure(tx, holder.record.id, now).await?;
    let before = sql::hold_status(tx, holder.record.id).await?.unwrap_or(Status::NotRequested);
    let policy = holder.employer.settings.policies.internet_access;
    let wanted = before == Status::NotRequested;
    let Some(after) = before.after_request(policy).filter(|_| wanted) else { return Ok(before) };
    set(tx, app, holder, (before, after), trace, now).await?;
    Ok(after)
}

async fn set(
    tx: &mut Tx<'_>,
    app: &App,
    holder: &Holder,
    (before, after): (Status, Status),
    trace: Trace,
    now: Instant,
) -> Result<(), StoreError> {
    sql::set_status(tx, holder.record.id, after, now).await?;
    let mut entry = trace.entry(app, "access.internet_access_requested", Some(holder), now);
    entry.data = json!({ "before": before, "after": after });
    audit::append(tx, entry).await
}
