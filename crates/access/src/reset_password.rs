//! `Reset Password` of Manage Internet Access: a new password for whoever is logged in and knows the present one.

use futures::FutureExt;
use serde_json::json;
use store::StoreError;
use web::{Password, Person};

use crate::{
    App, account,
    app::Trace,
    confirm::{ProofError, prove_password, still_proven},
    hasher::HashError,
    internet_access, mails,
    passwords::{Known, Weakness},
    sessions::{self, EndedBy},
};

/// Why a password was not set.
#[derive(Debug, thiserror::Error)]
pub enum ResetError {
    /// The present password is not right.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The new password is not good enough.
    #[error("the new password is not good enough")]
    Weak(Weakness),
    /// Too many wait.
    #[error("too many wait")]
    Busy,
    /// There is no such account.
    #[error("there is no account")]
    NoAccount,
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<HashError> for ResetError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::Busy,
            HashError::Failed => Self::Store(StoreError::Gone),
        }
    }
}

/// What everybody knows about the holder of an account.
pub(crate) async fn known(app: &App, staff_record: uuid::Uuid) -> Result<Option<(Known, usize)>, StoreError> {
    let now = app.clock.now();
    let mut reader = app.db.read().await?;
    let Some(holder) = records::holder(&mut reader.tx(), staff_record, now).await? else { return Ok(None) };
    let usernames = records::usernames(&mut reader.tx(), staff_record, now).await?;
    let record = &holder.record;
    let mut known = Known::default()
        .and(&app.site.name)
        .and(&holder.employer.name)
        .and(&record.first_names)
        .and(&record.last_name)
        .and(&record.employee_number)
        .and(&record.date_of_birth.to_string())
        .and(record.email.as_deref().unwrap_or_default());
    for username in usernames {
        known = known.and(username.as_str());
    }
    let least = usize::try_from(holder.employer.settings.policies.password_length).unwrap_or(usize::MAX);
    Ok(Some((known, least)))
}

/// Sets a new password. Every other session ends; the holder is mailed.
///
/// # Errors
/// See [`ResetError`].
pub async fn reset_password(
    app: &App,
    person: &Person,
    present: &Password,
    new: &Password,
    device: String,
    trace: Trace,
) -> Result<(), ResetError> {
    // What is wrong with the new one is said before the present one is asked for: it tells nothing about the account.
    let (known, least) = known(app, person.staff_record).await?.ok_or(ResetError::NoAccount)?;
    if let Some(weakness) = app.judge.weakness(new, least, &known).await {
        return Err(ResetError::Weak(weakness));
    }
    let proven = prove_password(app, person, present, trace.clone()).await?;
    let hash = app.hasher.hash(new).await?;
    let (now, app_in) = (app.clock.now(), app.clone());
    let (staff_record, session) = (person.staff_record, person.session);
    app.db
        .write(move |tx| {
            async move {
                still_proven(tx, &proven, now).await?;
                let holder = records::holder(tx, staff_record, now).await?.ok_or(ResetError::NoAccount)?;
                account::sql::set_password(tx, staff_record, &hash, now).await?;
                internet_access::requested_by_setting_a_password(tx, &app_in, &holder, trace.clone(), now)
                    .await?;
                sessions::sql::end_all(tx, staff_record, Some(session), EndedBy::Password, now).await?;
                mails::tell(
                    tx,
                    &app_in,
                    &holder,
                    mails::PASSWORD_SET,
                    json!({ "at": now, "device": device }),
                    now,
                )
                .await?;
                let mut entry = trace.entry(&app_in, "access.password_set", Some(&holder), now);
                entry.data = json!({ "by": "present password" });
                audit::append(tx, entry).await?;
                Ok(())
            }
            .boxed()
        })
        .await
}
