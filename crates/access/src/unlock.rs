//! Unlocking by the service desk: the lock goes, nothing else changes.

use audit::Origin;
use futures::FutureExt;
use records::{Holder, Permission, Permit, Refused};
use serde_json::json;
use store::StoreError;

use crate::{App, app::Trace, factors, lock::Lock, log_in, mails};

/// Why an account was not unlocked.
#[derive(Debug, thiserror::Error)]
pub enum UnlockError {
    /// It is not locked.
    #[error("Nothing was changed: the account is not locked.")]
    NotLocked,
    /// Not by this person.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Lifts the lock of `holder`'s account. The holder is mailed.
///
/// # Errors
/// See [`UnlockError`].
pub async fn unlock(
    app: &App,
    permit: &Permit,
    holder: Holder,
    reason: Option<String>,
    origin: Origin,
) -> Result<(), UnlockError> {
    permit.check_account(Permission::Unlock, &holder)?;
    let trace = Trace { actor: permit.actor(), origin };
    let (now, app_in, permit) = (app.clock.now(), app.clone(), permit.clone());
    app.db
        .write(move |tx| {
            async move {
                let lock = log_in::sql::hold_lock(tx, holder.record.id, now).await?;
                let holder = records::account_still(tx, &permit, Permission::Unlock, holder, now).await??;
                let browsers = log_in::sql::locked_browsers(tx, holder.record.id, now).await?;
                let codes = factors::codes_lock(holder.record.id);
                let codes_locked = log_in::sql::hold_lock(tx, codes, now).await?.is_locked(now);
                if !lock.is_locked(now) && browsers.is_empty() && !codes_locked {
                    return Err(UnlockError::NotLocked);
                }
                log_in::sql::set_lock(tx, codes, &Lock::default(), now).await?;
                log_in::sql::unlock_browsers(tx, holder.record.id).await?;
                log_in::sql::set_lock(tx, holder.record.id, &Lock::default(), now).await?;
                mails::tell(tx, &app_in, &holder, mails::UNLOCKED, json!({ "at": now }), now).await?;
                let mut entry = trace.entry(&app_in, "access.unlocked", Some(&holder), now);
                entry.data = json!({ "by": "service desk" });
                entry.reason = reason;
                audit::append(tx, entry).await?;
                Ok(())
            }
            .boxed()
        })
        .await
}
