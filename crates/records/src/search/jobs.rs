//! Keys for names that were loaded before there were keys.

use futures::FutureExt;
use serde::Deserialize;
use serde_json::json;
use store::{
    Clock, Db, Entropy, Tx, Value,
    jobs::{Handler, Job, JobError, NewJob, enqueue, finish},
};
use uuid::Uuid;

use super::{
    key_rows,
    sql::{self, NameRow},
};

/// The job that the migration puts in for each employer, with the employer's id as its own.
const KEYS: &str = "records.search_keys";

/// So many staff records are given keys by one transaction.
const AT_ONCE: i64 = 200;
/// All is looked through once more after so long: until then, a process of the release before may have loaded staff.
const ONCE_MORE_MINUTES: i64 = 24 * 60;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Place {
    /// The job's own id where it is missing.
    employer: Option<Uuid>,
    /// The last employee number that was done.
    after: String,
    /// Whether this is the second time.
    again: bool,
}

/// Gives an employer's staff records their keys, a piece a job: each piece ends its own and puts in the next one's. Keys that are there
/// already stay.
pub(crate) fn keys_handler(db: Db, clock: Clock, entropy: Entropy) -> Handler {
    Handler::new(KEYS, move |job| fill(db.clone(), clock.clone(), entropy.clone(), job))
}

async fn fill(db: Db, clock: Clock, entropy: Entropy, job: Job) -> Result<(), JobError> {
    let place: Place = job.read()?;
    let (now, employer) = (clock.now(), place.employer.unwrap_or(job.id));
    let next = entropy.id(now);
    db.write(move |tx| {
        async move {
            let end = fill_piece(tx, employer, &place.after).await?;
            finish(tx, &job).await?;
            let (after, again, run_at) = match end {
                Some(end) => (end, place.again, now),
                None if place.again => return Ok(()),
                None => (String::new(), true, now.plus_minutes(ONCE_MORE_MINUTES)),
            };
            let payload = json!({ "employer": employer, "after": after, "again": again });
            enqueue(tx, NewJob { id: next, kind: KEYS, payload: &payload, priority: 9, run_at }).await?;
            Ok(())
        }
        .boxed()
    })
    .await
}

/// The last employee number of the piece, where there was one.
async fn fill_piece(tx: &mut Tx<'_>, employer: Uuid, after: &str) -> store::Result<Option<String>> {
    let names = sql::names(tx, employer, after, AT_ONCE).await?;
    let end = names.last().map(|name| name.employee_number.clone());
    sql::add_keys(tx, new_names(employer, &names)).await?;
    Ok(end)
}

/// The keys of each name that differs from the one before it, as a load would have written them. A change that is not switched may
/// never be: it is compared with, but not compared against.
fn new_names(employer: Uuid, names: &[NameRow]) -> Vec<Vec<Value>> {
    let mut rows = Vec::new();
    let mut before: Option<&NameRow> = None;
    for name in names {
        let same = before.is_some_and(|before| {
            before.staff_record_id == name.staff_record_id
                && (&before.first_names, &before.last_name) == (&name.first_names, &name.last_name)
        });
        if !same {
            let (id, number) = (name.staff_record_id, name.number);
            rows.extend(key_rows(employer, id, number, &name.first_names, &name.last_name));
        }
        if name.switched_at.is_some() {
            before = Some(name);
        }
    }
    rows
}
