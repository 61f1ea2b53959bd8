use audit::Origin;
use futures::FutureExt;
use mail::NewMail;
use records::{Holder, Permission, Permit, Refused, Role};
use serde_json::json;
use store::{Day, Instant, StoreError, Tx};
use uuid::Uuid;

use super::sql;
use crate::{App, app::Trace, log_in, mails, recovery};

/// A page that is loaded again within so many minutes is not opened anew.
const SAME_OPENING_MINUTES: i64 = 15;
/// More persons than this in an hour, opened by one, are told to the auditors, once an hour while it lasts.
const MANY_OPENED: i64 = 60;
/// So many dates of birth may be held against one record in a day.
const MOST_CHECKS: i64 = 3;
const DAY_MINUTES: i64 = 24 * 60;

/// The service desk opens somebody's page. It stands on the trail; whoever opens very many is told to the auditors.
///
/// # Errors
/// [`Refused`] or the store's.
pub async fn open(app: &App, permit: &Permit, holder: &Holder, origin: Origin) -> Result<(), OpenError> {
    permit.check(Permission::ReadWhy, holder.employer.id, None)?;
    let Some(by) = permit.staff_record() else { return Err(Refused::OtherPermit.into()) };
    let trace = Trace { actor: permit.actor(), origin };
    let (now, app_in, holder) = (app.clock.now(), app.clone(), holder.clone());
    app.db
        .write(move |tx| {
            async move {
                let id = holder.record.id;
                // Of several at once, each counts the ones before.
                log_in::sql::hold_lock(tx, log_in::made_of("opener:", &by.to_string()), now).await?;
                if sql::opened_since(tx, by, id, now.plus_minutes(-SAME_OPENING_MINUTES)).await? {
                    return Ok(());
                }
                let hour = now.plus_minutes(-60);
                let again = sql::opened_since(tx, by, id, hour).await?;
                let before = sql::persons_opened(tx, by, hour).await?;
                let opening = app_in.entropy.id(now);
                sql::insert_opening(tx, opening, by, id, now).await?;
                audit::append(tx, trace.clone().entry(&app_in, "access.person_opened", Some(&holder), now))
                    .await?;
                // Told once an hour, for as long as it goes on.
                let persons = before + i64::from(!again);
                if persons > MANY_OPENED && !sql::told_since(tx, by, hour).await? {
                    sql::mark_told(tx, opening, now).await?;
                    many_opened(tx, &app_in, &holder, (by, persons), trace, now).await?;
                }
                Ok(())
            }
            .boxed()
        })
        .await
}

/// Why a page was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Not by this person.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Tells the auditors of the employer, or where it has none, its HR.
async fn many_opened(
    tx: &mut Tx<'_>,
    app: &App,
    opened: &Holder,
    (by, persons): (Uuid, i64),
    trace: Trace,
    now: Instant,
) -> Result<(), StoreError> {
    let employer = opened.employer.id;
    let mut to = records::addresses(tx, employer, (Role::Auditor, Role::Auditor), now).await?;
    if to.is_empty() {
        to = records::addresses(tx, employer, (Role::Hr, Role::Hr), now).await?;
    }
    let opener = records::holder(tx, by, now).await?;
    let data = json!({ "opener": by, "persons": persons, "at": now });
    for (about, to) in to {
        let (id, kind) = (app.entropy.id(now), mails::MANY_OPENED);
        mail::enqueue(tx, NewMail { id, key: None, to, about: Some(about), kind, data: data.clone() }, now)
            .await?;
    }
    let mut entry = trace.entry(app, "access.many_persons_opened", opener.as_ref(), now);
    entry.data = json!({ "persons": persons });
    audit::append(tx, entry).await
}

/// Why no link was sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The record has no address that may be mailed.
    #[error(
        "Nothing was sent: no address is held that the employer's mail domains allow. Tell HR that the email address is wrong."
    )]
    NoAddress,
    /// They have left.
    #[error("Nothing was sent: they have left.")]
    Left,
    /// The address has had as many mails as it may have.
    #[error(
        "Nothing was sent: the address has had as many mails as it may have in an hour or a day. Have them look for the newest one, also in junk."
    )]
    TooManyMails,
    /// Not by this person.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Sends a link to the address on `holder`'s record, with their username.
///
/// # Errors
/// See [`SendError`].
pub async fn send_link(
    app: &App,
    permit: &Permit,
    holder: Holder,
    reason: String,
    origin: Origin,
) -> Result<(), SendError> {
    permit.check_account(Permission::SendLink, &holder)?;
    let trace = Trace { actor: permit.actor(), origin };
    let (now, app_in, permit) = (app.clock.now(), app.clone(), permit.clone());
    app.db
        .write(move |tx| {
            async move {
                let holder = records::account_still(tx, &permit, Permission::SendLink, holder, now).await??;
                if holder.record.has_left(holder.employer.today(now)) {
                    return Err(SendError::Left);
                }
                let address = holder.record.email.clone().filter(|_| recovery::may_be_mailed(&holder));
                let to = address.ok_or(SendError::NoAddress)?;
                if recovery::has_had_enough(tx, &to, now).await? {
                    return Err(SendError::TooManyMails);
                }
                let id = holder.record.id;
                let mail = NewMail {
                    id: app_in.entropy.id(now),
                    key: None,
                    to,
                    about: Some(id),
                    kind: mails::RECOVERY,
                    data: json!({ "staff_records": [id], "usernames": true }),
                };
                mail::enqueue(tx, mail, now).await?;
                let mut entry = trace.entry(&app_in, "access.link_sent", Some(&holder), now);
                entry.reason = Some(reason);
                Ok(audit::append(tx, entry).await?)
            }
            .boxed()
        })
        .await
}

store::words! {
    /// What HR is told to be wrong on a record.
    pub enum WrongField {
        /// The email address.
        Email = "email",
        /// The date of birth.
        DateOfBirth = "date_of_birth",
    }
}

/// Why HR was not told.
#[derive(Debug, thiserror::Error)]
pub enum TellError {
    /// Nobody of HR has an address.
    #[error(
        "Nobody was told: the employer has no HR with an email address in this portal. Ring them, and tell the operator."
    )]
    Nobody,
    /// Not by this person.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Tells HR of the employer that a field on `holder`'s record is wrong; says how many were told. Nothing changes by it.
///
/// # Errors
/// See [`TellError`].
pub async fn tell_hr(
    app: &App,
    permit: &Permit,
    holder: Holder,
    field: WrongField,
    reason: String,
    origin: Origin,
) -> Result<usize, TellError> {
    permit.check(Permission::TellHr, holder.employer.id, Some(holder.record.id))?;
    let trace = Trace { actor: permit.actor(), origin };
    let (now, app_in, permit) = (app.clock.now(), app.clone(), permit.clone());
    app.db
        .write(move |tx| {
            async move {
                records::still_held(tx, &permit).await??;
                let hr = records::addresses(tx, holder.employer.id, (Role::Hr, Role::Hr), now).await?;
                if hr.is_empty() {
                    return Err(TellError::Nobody);
                }
                let told = hr.len();
                let data =
                    json!({ "staff_record": holder.record.id, "field": field, "reason": reason, "at": now });
                // Told once a day, however often the desk says it.
                let (record, today) = (holder.record.id, holder.employer.today(now));
                for (about, to) in hr {
                    let (id, kind) = (app_in.entropy.id(now), mails::TELL_HR);
                    let key = Some(format!("{kind}:{record}:{field}:{today}:{about}"));
                    let mail = NewMail { id, key, to, about: Some(about), kind, data: data.clone() };
                    mail::enqueue(tx, mail, now).await?;
                }
                let mut entry = trace.entry(&app_in, "access.hr_told", Some(&holder), now);
                entry.data = json!({ "field": field, "told": told });
                entry.reason = Some(reason);
                audit::append(tx, entry).await?;
                Ok(told)
            }
            .boxed()
        })
        .await
}

/// What came of holding a date of birth against a record's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BirthChecked {
    /// Whether it is the one on the record.
    pub matched: bool,
    /// How many more may be held against it today.
    pub left: i64,
}

/// Why none was.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// Three were, today.
    #[error(
        "Three dates were checked for this person in the last 24 hours. No more can be checked until tomorrow."
    )]
    UsedUp,
    /// Not by this person.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Holds a date of birth that somebody says against the one on `holder`'s record, which is not shown.
///
/// # Errors
/// See [`CheckError`].
pub async fn check_date_of_birth(
    app: &App,
    permit: &Permit,
    holder: Holder,
    said: Day,
    origin: Origin,
) -> Result<BirthChecked, CheckError> {
    permit.check(Permission::CheckDateOfBirth, holder.employer.id, Some(holder.record.id))?;
    let Some(by) = permit.staff_record() else { return Err(Refused::OtherPermit.into()) };
    let trace = Trace { actor: permit.actor(), origin };
    let (now, app_in, permit) = (app.clock.now(), app.clone(), permit.clone());
    app.db
        .write(move |tx| {
            async move {
                records::still_held(tx, &permit).await??;
                let id = holder.record.id;
                // Of several at once, each counts the ones before.
                log_in::sql::hold_lock(tx, log_in::made_of("birth:", &id.to_string()), now).await?;
                let checked = sql::births_checked(tx, id, now.plus_minutes(-DAY_MINUTES)).await?;
                if checked >= MOST_CHECKS {
                    return Err(CheckError::UsedUp);
                }
                let matched = holder.record.date_of_birth == said;
                sql::insert_birth_check(tx, app_in.entropy.id(now), (id, by), matched, now).await?;
                let mut entry = trace.entry(&app_in, "access.date_of_birth_checked", Some(&holder), now);
                entry.data = json!({ "matched": matched });
                audit::append(tx, entry).await?;
                Ok(BirthChecked { matched, left: MOST_CHECKS - checked - 1 })
            }
            .boxed()
        })
        .await
}

/// A page says so long what came of a check: whoever loads it later is on the phone with somebody else.
const CHECK_SHOWN_SECONDS: i64 = 120;

/// What came of the last date of birth that `by` has just held against a record's.
pub(super) async fn just_checked(
    tx: &mut Tx<'_>,
    (staff_record, by): (Uuid, Uuid),
    now: Instant,
) -> Result<Option<bool>, StoreError> {
    sql::last_birth_check(tx, (staff_record, by), now.plus_seconds(-CHECK_SHOWN_SECONDS)).await
}

/// How many more dates of birth may be held against a record's.
pub(super) async fn checks_left(
    tx: &mut Tx<'_>,
    staff_record: Uuid,
    now: Instant,
) -> Result<i64, StoreError> {
    let checked = sql::births_checked(tx, staff_record, now.plus_minutes(-DAY_MINUTES)).await?;
    Ok((MOST_CHECKS - checked).max(0))
}
