//! A new username for somebody who asks for one, most often after a change of name.

use audit::{NewEntry, Origin};
use futures::FutureExt;
use mail::NewMail;
use serde_json::json;
use store::StoreError;
use uuid::Uuid;

use super::{Allotment, Username, sql, stem};
use crate::{App, Permission, Permit, Refused, employer, holds, letters, roles::still_held, staff, words};

/// So long the old one works as well.
const OLD_WORKS_DAYS: i64 = 90;

/// Why none was allotted.
#[derive(Debug, thiserror::Error)]
pub enum AllotError {
    /// There is no such record at the permit's employer.
    #[error("{}", words::NO_SUCH_RECORD)]
    NotFound,
    /// They have left.
    #[error("{}", words::LEFT_NO_USERNAME)]
    Left,
    /// Their username fits their name.
    #[error("{}", words::username_fits(.0))]
    Fits(Username),
    /// The records changed in the same moment.
    #[error("{}", words::RECORD_OVERTAKEN)]
    Overtaken,
    /// Not by this person.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// HR allots a new username, made of the name as it is now; the old one works for 90 days. The person is mailed.
///
/// # Errors
/// See [`AllotError`].
pub async fn allot_username(
    app: &App,
    permit: &Permit,
    staff_record: Uuid,
    reason: String,
    origin: Origin,
) -> Result<Username, AllotError> {
    permit.check(Permission::AllotUsername, permit.employer(), Some(staff_record))?;
    let (app_in, permit, now) = (app.clone(), permit.clone(), app.clock.now());
    app.db
        .write(move |tx| {
            async move {
                // Taking the number first lets nobody else change this employer's records, and so the name, until the commit.
                let number = employer::sql::number_change(tx, permit.employer()).await?;
                still_held(tx, &permit).await??;
                let holder = staff::holder(tx, staff_record, now).await?;
                let holder = holder.filter(|holder| holder.employer.id == permit.employer());
                let holder = holder.ok_or(AllotError::NotFound)?;
                let (record, employer) = (&holder.record, &holder.employer);
                if record.has_left(employer.today(now)) {
                    return Err(AllotError::Left);
                }
                let (_, base) = holds::sql::numbers(tx, staff_record).await?;
                let stem = stem(&employer.code, &record.first_names, &record.last_name);
                let newest = sql::usernames(tx, staff_record, now).await?.into_iter().next();
                if let Some(newest) = newest.filter(|name| name.stem() == stem) {
                    return Err(AllotError::Fits(newest));
                }
                let new = Allotment::after(sql::usernames_of_stem(tx, &stem).await?).next(&stem);
                sql::expire_usernames(tx, staff_record, now.plus_minutes(OLD_WORKS_DAYS * 24 * 60)).await?;
                let change = (app_in.entropy.id(now), employer.id, number);
                sql::add_allotment(tx, change, (staff_record, permit.staff_record()), &new, now).await?;
                if !employer::sql::switch(tx, employer.id, base, number).await? {
                    return Err(AllotError::Overtaken);
                }
                let entry = NewEntry {
                    id: app_in.entropy.id(now),
                    at: now,
                    actor: permit.actor(),
                    about: Some(staff_record),
                    employer: Some(employer.id),
                    event: "records.username_allotted",
                    reason: Some(reason),
                    data: json!({ "username": new.as_str(), "change": number }),
                    origin,
                };
                audit::append(tx, entry).await?;
                let to = record.email.clone().filter(|email| employer.settings.mails_to(email));
                if let Some(to) = to {
                    let (id, kind) = (app_in.entropy.id(now), letters::USERNAME_ALLOTTED);
                    let data = json!({ "username": new.as_str() });
                    mail::enqueue(
                        tx,
                        NewMail { id, key: None, to, about: Some(staff_record), kind, data },
                        now,
                    )
                    .await?;
                }
                Ok(new)
            }
            .boxed()
        })
        .await
}
