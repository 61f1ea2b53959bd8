use audit::{NewEntry, Origin};
use futures::FutureExt;
use mail::NewMail;
use serde_json::json;
use store::{Day, Db, Entropy, Instant, StoreError, Tx};
use uuid::Uuid;

use super::{
    Caller, Held, Permission, Permit, Refused, Role, sql,
    tell::{self, Change},
    waiting,
};
use crate::{Holder, Settings, Username, letters, staff, words};

/// Why [`permit`] gave none.
#[derive(Debug, thiserror::Error)]
pub enum PermitError {
    /// They may not.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The one check: whether `caller` may do this at `employer`. A role counts at the employer where it is held, and from outside its
/// networks only where the employer allows that.
///
/// # Errors
/// [`Refused`], or the store's.
pub async fn permit(
    tx: &mut Tx<'_>,
    caller: &Caller,
    permission: Permission,
    employer: Uuid,
) -> Result<Permit, PermitError> {
    let role = permission.role();
    let Some(settings) = sql::settings_where_held(tx, caller.staff_record, employer, role).await? else {
        return Err(Refused::Role(role).into());
    };
    let settings = Settings::try_from(settings).map_err(|error| StoreError::Damaged(error.to_string()))?;
    // An employer's networks count for its own accounts only.
    let inside = caller.inside && caller.employer == employer;
    if !inside && !settings.policies.roles_from_outside {
        return Err(Refused::Outside.into());
    }
    let roles = sql::roles_of(tx, caller.staff_record, employer).await?;
    Ok(Permit::person(permission, employer, caller.staff_record, roles))
}

/// Whether whoever has a permit still holds the role that it was given for: asked once more in the transaction that writes, since the role
/// may have been withdrawn while the page was being answered.
///
/// # Errors
/// What the store says.
pub async fn still_held(tx: &mut Tx<'_>, permit: &Permit) -> Result<Result<(), Refused>, StoreError> {
    let Some(staff_record) = permit.staff_record() else { return Ok(Ok(())) };
    let role = permit.permission().role();
    let held = sql::roles_of(tx, staff_record, permit.employer()).await?.contains(&role);
    Ok(if held { Ok(()) } else { Err(Refused::Role(role)) })
}

/// Somebody as they are in the transaction that acts on their account. Whoever has the permit must hold its role still; the roles of both
/// are read anew, since either's may have changed while the page was being answered, and judged by [`Permit::check_account`].
///
/// # Errors
/// What the store says.
pub async fn account_still(
    tx: &mut Tx<'_>,
    permit: &Permit,
    permission: Permission,
    holder: Holder,
    now: Instant,
) -> Result<Result<Holder, Refused>, StoreError> {
    if let Err(refused) = still_held(tx, permit).await? {
        return Ok(Err(refused));
    }
    // Records are never deleted.
    let holder = staff::holder(tx, holder.record.id, now).await?.unwrap_or(holder);
    let permit = match permit.staff_record() {
        Some(person) => {
            let roles = sql::roles_of(tx, person, permit.employer()).await?;
            Permit::person(permit.permission(), permit.employer(), person, roles)
        }
        None => permit.clone(),
    };
    Ok(permit.check_account(permission, &holder).map(|()| holder))
}

/// The permit of somebody who asked for what is done later, behind the pages: they have to hold the role still. From where they asked
/// was judged when they did.
///
/// # Errors
/// A refusal, or the store's.
pub async fn permit_later(
    tx: &mut Tx<'_>,
    staff_record: Uuid,
    permission: Permission,
    employer: Uuid,
) -> Result<Permit, PermitError> {
    let role = permission.role();
    let roles = sql::roles_of(tx, staff_record, employer).await?;
    if roles.contains(&role) {
        Ok(Permit::person(permission, employer, staff_record, roles))
    } else {
        Err(Refused::Role(role).into())
    }
}

/// A role to grant.
#[derive(Clone, Debug)]
pub struct Grant {
    /// To whom.
    pub username: Username,
    /// Which.
    pub role: Role,
    /// Why, for the trail.
    pub reason: Option<String>,
    /// The operator insists although the employer has its HR; all HR and auditors are told.
    pub recover: bool,
}

/// What came of a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Granted {
    /// They hold it now; so many people were told.
    Now {
        /// HR, and where the operator granted it auditors, who are mailed.
        told: usize,
    },
    /// They held it before: nothing was changed.
    Before,
    /// A second HR person has to confirm it first; so many could, and are mailed.
    Waits {
        /// How many.
        told: usize,
    },
}

/// Why a role was not granted.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// Nobody has this username.
    #[error("{}", words::unknown_username(.0))]
    UnknownUsername(Username),
    /// They have left, on this day.
    #[error("{}", words::has_left(.0, *.1))]
    Left(Username, Day),
    /// The employer's first role is HR.
    #[error("{}", words::HR_FIRST)]
    HrFirst,
    /// The employer has its HR, who grant roles.
    #[error("{}", words::NEEDS_RECOVER)]
    NeedsRecover,
    /// The same waits for a second HR person already.
    #[error("{}", words::WAITS_ALREADY)]
    WaitsAlready,
    /// A second HR person has to confirm it, and the only other one is whom it is for.
    #[error("{}", words::NOBODY_TO_CONFIRM)]
    NobodyToConfirm,
    /// The reason is longer than 500 characters, or not one line of text.
    #[error("{}", words::REASON_FORM)]
    ReasonForm,
    /// Not by this person.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whether a reason is one line of 500 characters at most.
fn is_reason(text: &str) -> bool {
    text.chars().count() <= 500 && !text.chars().any(char::is_control)
}

/// HR of an employer grants a role: HR, payroll and auditor waits for a second HR person where the employer has two. The operator
/// grants the first HR, and later only with `recover`, which is mailed to all HR and auditors there. It stands on the trail.
///
/// # Errors
/// See [`GrantError`].
pub async fn role_grant(
    db: &Db,
    entropy: &Entropy,
    now: Instant,
    permit: &Permit,
    grant: Grant,
    origin: Origin,
) -> Result<Granted, GrantError> {
    if grant.reason.as_deref().is_some_and(|text| !is_reason(text)) {
        return Err(GrantError::ReasonForm);
    }
    let (permit, entropy) = (permit.clone(), entropy.clone());
    db.write(move |tx| {
        async move {
            let holder = staff::find_by_username(tx, &grant.username, now).await?;
            let Some(holder) = holder.filter(|holder| holder.employer.id == permit.employer()) else {
                return Err(GrantError::UnknownUsername(grant.username));
            };
            let (employer, staff_record) = (holder.employer.id, holder.record.id);
            permit.check(Permission::GrantRole, employer, Some(staff_record))?;
            if let Some(day) =
                holder.record.last_day.filter(|_| holder.record.has_left(holder.employer.today(now)))
            {
                return Err(GrantError::Left(grant.username, day));
            }
            // Whatever changes an employer's roles takes turns: of two operators at once, one grants the first HR.
            sql::hold_employer(tx, employer).await?;
            still_held(tx, &permit).await??;
            if sql::roles_of(tx, staff_record, employer).await?.contains(&grant.role) {
                return Ok(Granted::Before);
            }
            let new = sql::NewGrant {
                id: entropy.id(now),
                employer,
                staff_record,
                role: grant.role,
                by: permit.staff_record(),
                confirmed_by: None,
                reason: grant.reason,
            };
            let writing = Writing { entropy: &entropy, now, permit: &permit, origin };
            let Some(by) = permit.staff_record() else {
                let recovering = sql::ever_had_hr(tx, employer).await?;
                if !recovering && grant.role != Role::Hr {
                    return Err(GrantError::HrFirst);
                }
                if recovering && !grant.recover {
                    return Err(GrantError::NeedsRecover);
                }
                let told = match recovering {
                    true => tell_recovered(tx, &writing, &new, &grant.username).await?,
                    false => 0,
                };
                write(tx, writing, &new, grant.username.as_str(), recovering, told).await?;
                return Ok(Granted::Now { told });
            };
            let lately = now.plus_minutes(-GONE_DAYS * 24 * 60);
            if grant.role.is_sensitive()
                && (!others(tx, employer, &[by], now).await?.is_empty()
                    || sql::hr_gone_since(tx, employer, by, lately).await?)
            {
                return waiting::ask(tx, writing, &new, grant.username.as_str()).await;
            }
            let told = tell::changed(tx, &writing, Change::Granted, &new, grant.username.as_str()).await?;
            write(tx, writing, &new, grant.username.as_str(), false, told).await?;
            Ok(Granted::Now { told })
        }
        .boxed()
    })
    .await
}

/// An HR person who went so lately still counts as a second: nobody gets rid of one to grant alone.
const GONE_DAYS: i64 = 7;

/// What the second half of a use case is done with.
pub(super) struct Writing<'w> {
    pub(super) entropy: &'w Entropy,
    pub(super) now: Instant,
    pub(super) permit: &'w Permit,
    pub(super) origin: Origin,
}

/// Who is HR of an employer and has not left, without some.
pub(super) async fn others(
    tx: &mut Tx<'_>,
    employer: Uuid,
    without: &[Uuid],
    now: Instant,
) -> Result<Vec<Holder>, StoreError> {
    let mut found = Vec::new();
    for staff_record in sql::who_holds(tx, employer, Role::Hr, Role::Hr).await? {
        if without.contains(&staff_record) {
            continue;
        }
        let holder = staff::holder(tx, staff_record, now).await?;
        found.extend(holder.filter(|holder| !holder.record.has_left(holder.employer.today(now))));
    }
    Ok(found)
}

/// Grants the role and puts it on the trail.
pub(super) async fn write(
    tx: &mut Tx<'_>,
    writing: Writing<'_>,
    new: &sql::NewGrant,
    username: &str,
    recover: bool,
    told: usize,
) -> Result<(), StoreError> {
    let Writing { entropy, now, permit, origin } = writing;
    sql::grant(tx, new, now)
        .await
        .map_err(|error| if error.is_duplicate() { StoreError::Busy } else { error })?;
    let mut data = json!({ "role": new.role, "username": username, "recover": recover, "told": told });
    if new.confirmed_by.is_some() {
        data["asked_by"] = json!(new.by);
    }
    let entry = NewEntry {
        id: entropy.id(now),
        at: now,
        actor: permit.actor(),
        about: Some(new.staff_record),
        employer: Some(new.employer),
        event: "records.role_granted",
        reason: new.reason.clone(),
        data,
        origin,
    };
    audit::append(tx, entry).await
}

/// Mails whoever was HR or auditor there before the operator's grant.
async fn tell_recovered(
    tx: &mut Tx<'_>,
    writing: &Writing<'_>,
    new: &sql::NewGrant,
    username: &Username,
) -> Result<usize, StoreError> {
    let Writing { entropy, now, .. } = *writing;
    let mut told = 0;
    for (staff_record, to) in addresses(tx, new.employer, (Role::Hr, Role::Auditor), now).await? {
        let mail = NewMail {
            id: entropy.id(now),
            key: Some(format!("{}:{}:{staff_record}", letters::ROLE_RECOVERED, new.id)),
            to,
            about: Some(staff_record),
            kind: letters::ROLE_RECOVERED,
            data: json!({
                "staff_record": new.staff_record, "username": username.as_str(), "role": new.role, "at": now,
                "reason": new.reason,
            }),
        };
        mail::enqueue(tx, mail, now).await?;
        told += 1;
    }
    Ok(told)
}

/// Why a role was not withdrawn.
#[derive(Debug, thiserror::Error)]
pub enum WithdrawError {
    /// There is no such grant at this employer.
    #[error("{}", words::NO_SUCH_GRANT)]
    NotFound,
    /// It has been withdrawn already.
    #[error("{}", words::NOT_HELD)]
    NotHeld,
    /// Nobody would be HR of the employer any more.
    #[error("{}", words::LAST_HR)]
    LastHr,
    /// There is no reason, or it is longer than 500 characters, or not one line of text.
    #[error("{}", words::REASON_FORM)]
    ReasonForm,
    /// Not by this person.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// One role that somebody at an employer holds.
///
/// # Errors
/// [`WithdrawError::NotFound`], [`WithdrawError::NotHeld`] or the store's.
pub async fn role_held(
    tx: &mut Tx<'_>,
    employer: Uuid,
    grant: Uuid,
    now: Instant,
) -> Result<Held, WithdrawError> {
    match sql::held(tx, employer, grant, now).await? {
        Some(held) => Ok(held),
        None if sql::was_held(tx, employer, grant).await? => Err(WithdrawError::NotHeld),
        None => Err(WithdrawError::NotFound),
    }
}

/// HR of an employer withdraws a role: its pages are shut to its holder from their next request on. They are mailed, and for HR, payroll
/// and auditor so are the other HR. It stands on the trail.
///
/// # Errors
/// See [`WithdrawError`].
pub async fn role_withdraw(
    db: &Db,
    entropy: &Entropy,
    now: Instant,
    permit: &Permit,
    grant: Uuid,
    reason: String,
    origin: Origin,
) -> Result<(), WithdrawError> {
    let reason = crate::reason(&reason).map_err(|_| WithdrawError::ReasonForm)?;
    let (permit, entropy) = (permit.clone(), entropy.clone());
    db.write(move |tx| {
        async move {
            let employer = permit.employer();
            sql::hold_employer(tx, employer).await?;
            let held = role_held(tx, employer, grant, now).await?;
            let staff_record = held.holder.record.id;
            permit.check(Permission::GrantRole, employer, Some(staff_record))?;
            still_held(tx, &permit).await??;
            if held.role == Role::Hr && others(tx, employer, &[staff_record], now).await?.is_empty() {
                return Err(WithdrawError::LastHr);
            }
            if !sql::withdraw(tx, grant, permit.staff_record(), &reason, now).await? {
                return Err(WithdrawError::NotHeld);
            }
            let gone = sql::NewGrant {
                id: grant,
                employer,
                staff_record,
                role: held.role,
                by: permit.staff_record(),
                confirmed_by: None,
                reason: Some(reason),
            };
            let writing = Writing { entropy: &entropy, now, permit: &permit, origin };
            let told = tell::changed(tx, &writing, Change::Withdrawn, &gone, &held.username).await?;
            let entry = NewEntry {
                id: entropy.id(now),
                at: now,
                actor: permit.actor(),
                about: Some(staff_record),
                employer: Some(employer),
                event: "records.role_withdrawn",
                reason: gone.reason,
                data: json!({ "role": held.role, "username": held.username, "told": told }),
                origin: writing.origin,
            };
            audit::append(tx, entry).await?;
            Ok(())
        }
        .boxed()
    })
    .await
}

/// The addresses of all at an employer who hold one of two roles, have not left and have one, each with their staff record.
///
/// # Errors
/// What the store says.
pub async fn addresses(
    tx: &mut Tx<'_>,
    employer: Uuid,
    (one, other): (Role, Role),
    now: Instant,
) -> Result<Vec<(Uuid, String)>, StoreError> {
    let mut addresses = Vec::new();
    for staff_record in sql::who_holds(tx, employer, one, other).await? {
        let Some(holder) = staff::holder(tx, staff_record, now).await? else { continue };
        if !holder.record.has_left(holder.employer.today(now))
            && let Some(email) = holder.record.email
        {
            addresses.push((staff_record, email));
        }
    }
    Ok(addresses)
}
