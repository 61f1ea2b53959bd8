//! `Reset Password` of Manage Internet Access: a new password for whoever is logged in and knows the present one.

use futures::FutureExt;
use serde_json::json;
use store::StoreError;
use web::{Password, Person};

use crate::{
    App,
    account::{self, NewPassword},
    app::Trace,
    confirm::{ProofError, Proven, prove_password, still_proven},
    hasher::HashError,
    internet_access, log_in, mails,
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

/// What a new password of an account is judged by.
pub(crate) struct Rules {
    /// What everybody knows about its holder.
    known: Known,
    /// The fewest characters.
    pub(crate) least: usize,
    /// The fewest where it is the only factor.
    alone: usize,
}

fn size(characters: u32) -> usize {
    usize::try_from(characters).unwrap_or(usize::MAX)
}

impl Rules {
    /// What is wrong with a new password.
    pub(crate) async fn weakness(&self, app: &App, new: &Password) -> Option<Weakness> {
        app.judge.weakness(new, self.least, &self.known).await
    }

    /// A password that has passed, hashed.
    pub(crate) async fn hash(&self, app: &App, new: &Password) -> Result<NewPassword, HashError> {
        let short = new.reveal().chars().count() < self.alone;
        Ok(NewPassword { hash: app.hasher.hash(new).await?, short })
    }
}

/// The rules for an account's password.
pub(crate) async fn rules(app: &App, staff_record: uuid::Uuid) -> Result<Option<Rules>, StoreError> {
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
    let account = account::sql::account(&mut reader.tx(), staff_record).await?;
    let policies = &holder.employer.settings.policies;
    let has_factor = account.is_some_and(|account| account.history.has_factor);
    let least = if has_factor { policies.password_length_beside_factor } else { policies.password_length };
    Ok(Some(Rules { known, least: size(least), alone: size(policies.password_length) }))
}

/// What is shown before a new password is set.
pub enum Present<'p> {
    /// The present password.
    Password(&'p Password),
    /// A smartcard, which this session has shown a short while ago.
    Smartcard,
}

/// What the new password was let through by.
enum Proof {
    Password(Proven),
    Smartcard,
}

/// Sets a new password. Every other session ends; the holder is mailed.
///
/// # Errors
/// See [`ResetError`].
pub async fn reset_password(
    app: &App,
    person: &Person,
    present: Present<'_>,
    new: &Password,
    device: String,
    trace: Trace,
) -> Result<(), ResetError> {
    // What is wrong with the new one is said before the present one is asked for: it tells nothing about the account.
    let rules = rules(app, person.staff_record).await?.ok_or(ResetError::NoAccount)?;
    if let Some(weakness) = rules.weakness(app, new).await {
        return Err(ResetError::Weak(weakness));
    }
    let proof = match present {
        Present::Password(present) => {
            Proof::Password(prove_password(app, person, present, trace.clone()).await?)
        }
        Present::Smartcard => Proof::Smartcard,
    };
    let new = rules.hash(app, new).await?;
    let (now, app_in) = (app.clock.now(), app.clone());
    let (staff_record, session) = (person.staff_record, person.session);
    app.db
        .write(move |tx| {
            async move {
                let by = match &proof {
                    Proof::Password(proven) => {
                        still_proven(tx, proven, now).await?;
                        "present password"
                    }
                    Proof::Smartcard => {
                        log_in::sql::hold_lock(tx, staff_record, now).await?;
                        if !sessions::sql::is_open(tx, session).await? {
                            return Err(ProofError::Ended.into());
                        }
                        "smartcard"
                    }
                };
                let holder = records::holder(tx, staff_record, now).await?.ok_or(ResetError::NoAccount)?;
                account::sql::set_password(tx, staff_record, &new, now).await?;
                log_in::sql::forget_browsers(tx, staff_record).await?;
                internet_access::requested_by_setting_a_password(tx, &app_in, &holder, trace.clone(), now)
                    .await?;
                sessions::sql::end_all(tx, staff_record, Some(session), EndedBy::Password, now).await?;
                let data = json!({ "at": now, "device": device });
                mails::tell(tx, &app_in, &holder, mails::PASSWORD_SET, data, now).await?;
                let mut entry = trace.entry(&app_in, "access.password_set", Some(&holder), now);
                entry.data = json!({ "by": by });
                audit::append(tx, entry).await?;
                Ok(())
            }
            .boxed()
        })
        .await
}
