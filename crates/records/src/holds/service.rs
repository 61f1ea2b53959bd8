use audit::{Actor, NewEntry, Origin};
use futures::FutureExt;
use serde_json::json;
use store::{Db, Entropy, Instant, StoreError, Tx};
use uuid::Uuid;

use super::{Hold, IdentityField, open_holds, sql};
use crate::{Permission, Permit, Refused, employer, roles::still_held, words};

/// Why a hold was not ended.
#[derive(Debug, thiserror::Error)]
pub enum HoldError {
    /// There is no such hold on this record, or it is over, stopped or released.
    #[error("{}", words::HOLD_NOT_OPEN)]
    NotOpen,
    /// Not by this person.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The person stops a change of their own record: the old value stays, and a load that brings the same new one again is told to
/// ask them. It stands on the trail.
///
/// # Errors
/// See [`HoldError`].
pub async fn stop_hold(
    db: &Db,
    entropy: &Entropy,
    now: Instant,
    staff_record: Uuid,
    hold: Uuid,
    origin: Origin,
) -> Result<IdentityField, HoldError> {
    let (change, entry) = (entropy.id(now), entropy.id(now));
    db.write(move |tx| {
        async move {
            let (_, at) = sql::whose(tx, hold)
                .await?
                .filter(|whose| whose.0 == staff_record)
                .ok_or(HoldError::NotOpen)?;
            // Taking the number first lets nobody else change this employer's records until the commit.
            let number = employer::sql::number_change(tx, at).await?;
            let open = find(tx, staff_record, hold, now).await?;
            let (from, base) = sql::numbers(tx, staff_record).await?;
            if !sql::stop(tx, hold, now).await? {
                return Err(HoldError::NotOpen);
            }
            restore(tx, change, &open, from, number, now).await?;
            if !employer::sql::switch(tx, open.employer_id, base, number).await? {
                return Err(StoreError::Busy.into());
            }
            let actor = Actor::Person { staff_record, role: None };
            audit::append(tx, on_trail(entry, now, actor, &open, "records.identity_stopped", origin)).await?;
            Ok(open.field)
        }
        .boxed()
    })
    .await
}

/// A second HR person, or the operator, lets the new value work early. It stands on the trail.
///
/// # Errors
/// See [`HoldError`].
pub async fn release_hold(
    db: &Db,
    entropy: &Entropy,
    now: Instant,
    permit: &Permit,
    hold: Uuid,
    origin: Origin,
) -> Result<IdentityField, HoldError> {
    let (entry, permit) = (entropy.id(now), permit.clone());
    db.write(move |tx| {
        async move {
            let (staff_record, _) = sql::whose(tx, hold).await?.ok_or(HoldError::NotOpen)?;
            let open = find(tx, staff_record, hold, now).await?;
            permit.check(Permission::ReleaseHold, open.employer_id, Some(staff_record))?;
            still_held(tx, &permit).await??;
            if let Some(person) = permit.staff_record()
                && sql::had_a_hand(tx, open.employer_id, open.number, person).await?
            {
                return Err(Refused::SecondPerson.into());
            }
            if !sql::release(tx, hold, now).await? {
                return Err(HoldError::NotOpen);
            }
            audit::append(
                tx,
                on_trail(entry, now, permit.actor(), &open, "records.identity_released", origin),
            )
            .await?;
            Ok(open.field)
        }
        .boxed()
    })
    .await
}

async fn find(tx: &mut Tx<'_>, staff_record: Uuid, hold: Uuid, now: Instant) -> Result<Hold, HoldError> {
    open_holds(tx, staff_record, now)
        .await?
        .into_iter()
        .find(|open| open.id == hold)
        .ok_or(HoldError::NotOpen)
}

/// A new version of the record, with the old value in the held field.
async fn restore(
    tx: &mut Tx<'_>,
    change: Uuid,
    hold: &Hold,
    from: i64,
    number: i64,
    now: Instant,
) -> Result<(), StoreError> {
    sql::add_change(tx, change, hold, number, now).await?;
    sql::copy_version(tx, hold, from, number).await?;
    sql::copy_assignments(tx, hold.staff_record_id, from, number).await?;
    if let (IdentityField::DateOfBirth, Some(old)) = (hold.field, &hold.old_value) {
        let day = old.parse().map_err(|_| StoreError::Damaged(format!("old value of hold {}", hold.id)))?;
        sql::set_date_of_birth(tx, hold.staff_record_id, number, day).await?;
    }
    Ok(())
}

/// The values themselves stay off the trail: a date of birth or an address is nobody's business there.
fn on_trail(
    id: Uuid,
    at: Instant,
    actor: Actor,
    hold: &Hold,
    event: &'static str,
    origin: Origin,
) -> NewEntry {
    let data = json!({ "hold": hold.id, "field": hold.field, "change": hold.number });
    let (about, employer) = (Some(hold.staff_record_id), Some(hold.employer_id));
    NewEntry { id, at, actor, about, employer, event, reason: None, data, origin }
}
