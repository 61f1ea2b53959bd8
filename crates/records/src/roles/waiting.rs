//! Roles that wait for a second HR person.

use audit::{NewEntry, Origin};
use futures::FutureExt;
use serde_json::json;
use store::{Db, Entropy, Instant, StoreError, Tx};
use uuid::Uuid;

use super::{
    Granted, Permission, Permit, Refused, Role,
    service::{GrantError, Writing, others, still_held, write},
    sql,
    tell::{self, Change},
};
use crate::{Holder, staff, words};

/// So many days a role waits; whoever still wants it asks again.
const DAYS: i64 = 7;

/// A role that one HR person has asked to grant and another has yet to confirm.
#[derive(Clone, Debug)]
pub struct WaitingGrant {
    /// Its id.
    pub id: Uuid,
    /// Which role.
    pub role: Role,
    /// Whom it is for.
    pub holder: Holder,
    /// The username that was typed.
    pub username: String,
    /// Why.
    pub reason: Option<String>,
    /// When it was asked for.
    pub asked_at: Instant,
    /// The staff record of who asked.
    pub asked_by: Uuid,
    /// When it runs out.
    pub lapses_at: Instant,
}

/// Why nothing came of a decision on a role that waits.
#[derive(Debug, thiserror::Error)]
pub enum WaitingError {
    /// There is no such grant at this employer.
    #[error("{}", words::NO_SUCH_GRANT)]
    NotFound,
    /// It was decided on, or has run out.
    #[error("{}", words::NOT_WAITING)]
    NotWaiting,
    /// Whoever asked is no longer HR.
    #[error("{}", words::ASKER_GONE)]
    AskerGone,
    /// Whom it is for has left.
    #[error("{}", words::HOLDER_GONE)]
    HolderGone,
    /// Not by this person.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The roles that wait at an employer, the oldest first; so many at most.
///
/// # Errors
/// What the database says.
pub async fn waiting_grants(
    tx: &mut Tx<'_>,
    employer: Uuid,
    limit: i64,
    now: Instant,
) -> store::Result<Vec<WaitingGrant>> {
    sql::waiting(tx, employer, limit, now).await
}

/// One role that waits at an employer.
///
/// # Errors
/// [`WaitingError::NotFound`], [`WaitingError::NotWaiting`] or the store's.
pub async fn waiting_grant(
    tx: &mut Tx<'_>,
    employer: Uuid,
    id: Uuid,
    now: Instant,
) -> Result<WaitingGrant, WaitingError> {
    match sql::one_waiting(tx, employer, id, now).await? {
        Some(waiting) => Ok(waiting),
        None if sql::was_waiting(tx, employer, id).await? => Err(WaitingError::NotWaiting),
        None => Err(WaitingError::NotFound),
    }
}

/// Puts a grant before the other HR.
pub(super) async fn ask(
    tx: &mut Tx<'_>,
    writing: Writing<'_>,
    new: &sql::NewGrant,
    username: &str,
) -> Result<Granted, GrantError> {
    let now = writing.now;
    let involved: Vec<Uuid> = [Some(new.staff_record), new.by].into_iter().flatten().collect();
    let second = others(tx, new.employer, &involved, now).await?;
    if second.is_empty() {
        return Err(GrantError::NobodyToConfirm);
    }
    sql::close_lapsed(tx, new.employer, now).await?;
    if sql::is_waiting(tx, new).await? {
        return Err(GrantError::WaitsAlready);
    }
    sql::ask(tx, new, username, now.plus_minutes(DAYS * 24 * 60), now).await?;
    let told = tell::mail(tx, &writing, Change::Asked, new, username, second).await?;
    let data = json!({ "role": new.role, "username": username, "told": told });
    on_trail(tx, writing, new, "records.role_asked", data).await?;
    Ok(Granted::Waits { told })
}

async fn on_trail(
    tx: &mut Tx<'_>,
    writing: Writing<'_>,
    grant: &sql::NewGrant,
    event: &'static str,
    data: serde_json::Value,
) -> Result<(), StoreError> {
    let entry = NewEntry {
        id: writing.entropy.id(writing.now),
        at: writing.now,
        actor: writing.permit.actor(),
        about: Some(grant.staff_record),
        employer: Some(grant.employer),
        event,
        reason: grant.reason.clone(),
        data,
        origin: writing.origin,
    };
    audit::append(tx, entry).await
}

/// The grant that waits, once nobody else can decide on it until the commit.
async fn hold(
    tx: &mut Tx<'_>,
    permit: &Permit,
    id: Uuid,
    now: Instant,
) -> Result<WaitingGrant, WaitingError> {
    let employer = permit.employer();
    sql::hold_employer(tx, employer).await?;
    let waiting = waiting_grant(tx, employer, id, now).await?;
    permit.check(Permission::GrantRole, employer, Some(waiting.holder.record.id))?;
    still_held(tx, permit).await??;
    Ok(waiting)
}

/// A second HR person confirms a role that waits. Its holder and all other HR are mailed; it stands on the trail.
///
/// # Errors
/// See [`WaitingError`].
pub async fn role_confirm(
    db: &Db,
    entropy: &Entropy,
    now: Instant,
    permit: &Permit,
    id: Uuid,
    origin: Origin,
) -> Result<(), WaitingError> {
    let (permit, entropy) = (permit.clone(), entropy.clone());
    db.write(move |tx| {
        async move {
            let waiting = hold(tx, &permit, id, now).await?;
            let (employer, holder) = (permit.employer(), &waiting.holder);
            if permit.staff_record().is_none_or(|second| second == waiting.asked_by) {
                return Err(Refused::SecondPerson.into());
            }
            let hr = others(tx, employer, &[], now).await?;
            if !hr.iter().any(|hr| hr.record.id == waiting.asked_by) {
                return Err(WaitingError::AskerGone);
            }
            if holder.record.has_left(holder.employer.today(now)) {
                return Err(WaitingError::HolderGone);
            }
            sql::close(tx, id, permit.staff_record(), now).await?;
            if sql::roles_of(tx, holder.record.id, employer).await?.contains(&waiting.role) {
                // The operator was quicker.
                return Ok(());
            }
            let new = sql::NewGrant {
                id,
                employer,
                staff_record: holder.record.id,
                role: waiting.role,
                by: Some(waiting.asked_by),
                confirmed_by: permit.staff_record(),
                reason: waiting.reason,
            };
            let writing = Writing { entropy: &entropy, now, permit: &permit, origin };
            let told = tell::changed(tx, &writing, Change::Granted, &new, &waiting.username).await?;
            write(tx, writing, &new, &waiting.username, false, told).await?;
            Ok(())
        }
        .boxed()
    })
    .await
}

/// An HR person refuses a role that waits, or takes back what they asked for. Whoever asked is mailed where it was somebody else; it
/// stands on the trail.
///
/// # Errors
/// See [`WaitingError`].
pub async fn role_refuse(
    db: &Db,
    entropy: &Entropy,
    now: Instant,
    permit: &Permit,
    id: Uuid,
    origin: Origin,
) -> Result<(), WaitingError> {
    let (permit, entropy) = (permit.clone(), entropy.clone());
    db.write(move |tx| {
        async move {
            let waiting = hold(tx, &permit, id, now).await?;
            sql::close(tx, id, permit.staff_record(), now).await?;
            let refused = sql::NewGrant {
                id,
                employer: permit.employer(),
                staff_record: waiting.holder.record.id,
                role: waiting.role,
                by: Some(waiting.asked_by),
                confirmed_by: None,
                reason: waiting.reason,
            };
            let writing = Writing { entropy: &entropy, now, permit: &permit, origin };
            let own = permit.staff_record() == Some(waiting.asked_by);
            if !own {
                let asker = staff::holder(tx, waiting.asked_by, now).await?;
                tell::mail(tx, &writing, Change::Refused, &refused, &waiting.username, asker).await?;
            }
            let data = json!({ "role": waiting.role, "username": waiting.username, "taken_back": own });
            on_trail(tx, writing, &refused, "records.role_refused", data).await?;
            Ok(())
        }
        .boxed()
    })
    .await
}
