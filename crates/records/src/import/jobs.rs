//! What is done after a load was switched: whoever it concerns is told.

use futures::FutureExt;
use mail::NewMail;
use serde::Deserialize;
use serde_json::json;
use store::{
    Clock, Db, Entropy, Instant, StoreError, Tx,
    jobs::{Handler, Job, JobError, finish},
};
use uuid::Uuid;

use super::{Counts, sql};
use crate::{Role, letters, roles, staff};

/// The job of a switched load.
pub(super) const LOADED: &str = "records.loaded";

/// So many people are told by one transaction.
const TOLD_AT_ONCE: i64 = 50;

#[derive(Clone, Copy, Debug, Deserialize)]
struct Loaded {
    employer: Uuid,
    number: i64,
    /// Whether the number of leavers and changed identity fields had to be typed.
    many: bool,
}

/// Mails the old address of everybody with a held identity field, and all HR where the load changed many. A repeated try tells nobody
/// twice.
pub(crate) fn loaded_handler(db: Db, clock: Clock, entropy: Entropy) -> Handler {
    Handler::new(LOADED, move |job| tell(db.clone(), clock.clone(), entropy.clone(), job))
}

async fn tell(db: Db, clock: Clock, entropy: Entropy, job: Job) -> Result<(), JobError> {
    let loaded: Loaded = job.read()?;
    let mut after = Uuid::nil();
    loop {
        let mut reader = db.read().await?;
        let page =
            sql::with_holds(&mut reader.tx(), loaded.employer, loaded.number, after, TOLD_AT_ONCE).await?;
        drop(reader);
        let last = page.last().copied();
        let (entropy, now, job) = (entropy.clone(), clock.now(), job.clone());
        db.write(move |tx| {
            async move {
                for staff_record in page {
                    tell_holder(tx, &entropy, now, loaded, staff_record).await?;
                }
                if last.is_none() {
                    if loaded.many {
                        tell_hr(tx, &entropy, now, loaded).await?;
                    }
                    finish(tx, &job).await?;
                }
                Ok::<_, JobError>(())
            }
            .boxed()
        })
        .await?;
        match last {
            Some(last) => after = last,
            None => return Ok(()),
        }
    }
}

/// To the address that is in force: where the email is held, the old one.
async fn tell_holder(
    tx: &mut Tx<'_>,
    entropy: &Entropy,
    now: Instant,
    loaded: Loaded,
    id: Uuid,
) -> store::Result<()> {
    let Some(to) = staff::holder(tx, id, now).await?.and_then(|holder| holder.record.email) else {
        return Ok(());
    };
    let mail = NewMail {
        id: entropy.id(now),
        key: Some(format!("{}:{id}:{}", letters::IDENTITY_HELD, loaded.number)),
        to,
        about: Some(id),
        kind: letters::IDENTITY_HELD,
        data: json!({ "change": loaded.number }),
    };
    mail::enqueue(tx, mail, now).await
}

async fn tell_hr(tx: &mut Tx<'_>, entropy: &Entropy, now: Instant, loaded: Loaded) -> store::Result<()> {
    let (file_name, counts) = sql::change(tx, loaded.employer, loaded.number).await?;
    let counts: Counts =
        serde_json::from_str(&counts).map_err(|error| StoreError::Damaged(error.to_string()))?;
    for (staff_record, to) in roles::addresses(tx, loaded.employer, (Role::Hr, Role::Hr), now).await? {
        let mail = NewMail {
            id: entropy.id(now),
            key: Some(format!(
                "{}:{}:{}:{staff_record}",
                letters::MASS_CHANGE,
                loaded.employer,
                loaded.number
            )),
            to,
            about: Some(staff_record),
            kind: letters::MASS_CHANGE,
            data: json!({ "file_name": file_name, "counts": counts, "at": now }),
        };
        mail::enqueue(tx, mail, now).await?;
    }
    Ok(())
}
