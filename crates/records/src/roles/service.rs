use audit::{NewEntry, Origin};
use futures::FutureExt;
use mail::NewMail;
use serde_json::json;
use store::{Day, Db, Entropy, Instant, StoreError, Tx};
use uuid::Uuid;

use super::{Caller, Permission, Permit, Refused, Role, sql};
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

/// The permit of somebody who asked for what is done later, behind the pages: they have to hold the role still. From where they asked
/// was judged when they did.
pub(crate) async fn permit_later(
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
        /// HR and auditors who are mailed.
        told: usize,
    },
    /// They held it before: nothing was changed.
    Before,
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

/// HR of an employer grants a role; the operator grants the first HR, and later only with `recover`, which is mailed to all HR and
/// auditors there. It stands on the trail.
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
    if grant
        .reason
        .as_ref()
        .is_some_and(|text| text.chars().count() > 500 || text.chars().any(char::is_control))
    {
        return Err(GrantError::ReasonForm);
    }
    let (permit, entropy) = (permit.clone(), entropy.clone());
    db.write(move |tx| {
        async move {
            let holder = staff::find_by_username(tx, &grant.username, now).await?;
            let Some(holder) = holder.filter(|holder| holder.employer.id == permit.employer()) else {
                return Err(GrantError::UnknownUsername(grant.username));
            };
            permit.check(Permission::GrantRole, holder.employer.id, Some(holder.record.id))?;
            if let Some(day) =
                holder.record.last_day.filter(|_| holder.record.has_left(holder.employer.today(now)))
            {
                return Err(GrantError::Left(grant.username, day));
            }
            if sql::roles_of(tx, holder.record.id, holder.employer.id).await?.contains(&grant.role) {
                return Ok(Granted::Before);
            }
            // Of two operators at once, one grants the first HR.
            sql::hold_employer(tx, holder.employer.id).await?;
            let operator = permit.staff_record().is_none();
            let recovering = operator && sql::ever_had_hr(tx, holder.employer.id).await?;
            if operator && !recovering && grant.role != Role::Hr {
                return Err(GrantError::HrFirst);
            }
            if recovering && !grant.recover {
                return Err(GrantError::NeedsRecover);
            }
            write(tx, &entropy, now, &permit, &holder, &grant, recovering, origin).await
        }
        .boxed()
    })
    .await
}

#[expect(clippy::too_many_arguments, reason = "the second half of one use case")]
async fn write(
    tx: &mut Tx<'_>,
    entropy: &Entropy,
    now: Instant,
    permit: &Permit,
    holder: &Holder,
    grant: &Grant,
    recovering: bool,
    origin: Origin,
) -> Result<Granted, GrantError> {
    let (employer, staff_record) = (holder.employer.id, holder.record.id);
    let new = sql::NewGrant {
        id: entropy.id(now),
        employer,
        staff_record,
        role: grant.role,
        by: permit.staff_record(),
        reason: grant.reason.clone(),
    };
    let told = if recovering { tell(tx, entropy, now, &new, holder, &grant.username).await? } else { 0 };
    sql::grant(tx, &new, now)
        .await
        .map_err(|error| if error.is_duplicate() { StoreError::Busy } else { error })?;
    let entry = NewEntry {
        id: entropy.id(now),
        at: now,
        actor: permit.actor(),
        about: Some(staff_record),
        employer: Some(employer),
        event: "records.role_granted",
        reason: grant.reason.clone(),
        data: json!({ "role": grant.role, "username": grant.username.as_str(), "recover": recovering, "told": told }),
        origin,
    };
    audit::append(tx, entry).await?;
    Ok(Granted::Now { told })
}

/// Mails whoever was HR or auditor there before this grant.
async fn tell(
    tx: &mut Tx<'_>,
    entropy: &Entropy,
    now: Instant,
    new: &sql::NewGrant,
    holder: &Holder,
    username: &Username,
) -> Result<usize, StoreError> {
    let mut told = 0;
    for (staff_record, to) in addresses(tx, new.employer, (Role::Hr, Role::Auditor), now).await? {
        let mail = NewMail {
            id: entropy.id(now),
            key: Some(format!("{}:{}:{staff_record}", letters::ROLE_RECOVERED, new.id)),
            to,
            about: Some(staff_record),
            kind: letters::ROLE_RECOVERED,
            data: json!({
                "staff_record": holder.record.id, "username": username.as_str(), "role": new.role, "at": now,
                "reason": new.reason,
            }),
        };
        mail::enqueue(tx, mail, now).await?;
        told += 1;
    }
    Ok(told)
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
