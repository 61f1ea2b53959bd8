//! One email or smartcard UUID on records of two employers, whose date of birth differs.
//!
//! That it is an error answers a question: whoever knows the address of somebody at another employer could put it on a record of their
//! own, with one date of birth after another, until there is no error any more. No such answer can be kept from HR, who have to
//! mend their file. So there are few of them: what differs is not said; a person is told of so many values in a day, and each stands on the
//! trail of the other employer, with the record that it is about; and whoever has used them up may not bring a value that
//! stands on another employer's record at all, since that it is taken would be an answer, too. That it is taken costs nothing
//! before: people with two employers are common, and whoever is right at once did not guess.
//!
//! The operator, whose command loads files as well, sees all employers and is told everything.

use std::collections::BTreeMap;

use audit::{Actor, NewEntry, Origin};
use futures::FutureExt;
use serde_json::json;
use sha2::{Digest, Sha256};
use store::{Day, Db, Entropy, Instant, StoreError, Tx};
use uuid::Uuid;

use super::{Column, Finding, finding::Findings, plan::file_hash, sql};
use crate::{roles, words};

/// So many values a person is told of …
const MOST_TOLD: i64 = 20;
/// … in so many minutes.
const DAY_MINUTES: i64 = 24 * 60;
/// After so many days it is forgotten what somebody was told.
const KEPT_DAYS: i64 = 30;

/// Who is told.
#[derive(Clone, Debug)]
pub(super) struct Asker {
    pub(super) entropy: Entropy,
    /// An HR person's staff record.
    pub(super) person: Uuid,
    /// Where they are HR.
    pub(super) employer: Uuid,
    pub(super) actor: Actor,
    pub(super) origin: Origin,
    /// Whether the same was all right before, and is only looked at once more: that is no guess.
    pub(super) again: bool,
}

/// A value that stands on a record of another employer.
#[derive(Clone, Debug)]
pub(super) struct Elsewhere {
    pub(super) line: u64,
    pub(super) column: Column,
    pub(super) value: String,
    /// The date of birth that it comes with here.
    pub(super) born: Day,
    /// Whether the other record's is another one.
    pub(super) differs: bool,
    /// The other record …
    pub(super) staff_record: Uuid,
    /// … and its employer, with its code.
    pub(super) employer: Uuid,
    pub(super) code: String,
}

impl Elsewhere {
    fn said(&self) -> String {
        let said = format!("{}|{}|{}|{}", self.column.as_str(), self.value, self.born, self.staff_record);
        file_hash(Sha256::new_with_prefix(said))
    }

    fn finding(&self, says: String) -> Finding {
        Finding::of_value(self.line, self.column, &self.value, says)
    }
}

/// Whether a person has been told so much that no value may be held against records of other employers any more.
pub(super) async fn used_up(tx: &mut Tx<'_>, person: Uuid, now: Instant) -> Result<bool, StoreError> {
    Ok(left(tx, person, now).await? <= 0)
}

async fn left(tx: &mut Tx<'_>, person: Uuid, now: Instant) -> Result<i64, StoreError> {
    Ok(MOST_TOLD - sql::told_since(tx, person, now.plus_minutes(-DAY_MINUTES)).await?)
}

/// Adds what was found to the errors, as far as it may be told.
pub(super) async fn tell(
    db: &Db,
    asker: Option<Asker>,
    found: Vec<Elsewhere>,
    now: Instant,
    errors: &mut Findings,
) -> Result<(), StoreError> {
    let Some(asker) = asker else {
        let wrong = found.iter().filter(|one| one.differs);
        wrong.for_each(|one| errors.push(one.finding(words::alike_elsewhere(&one.code))));
        return Ok(());
    };
    if found.is_empty() {
        return Ok(());
    }
    let told: Vec<Finding> =
        db.write(move |tx| async move { told(tx, &asker, &found, now).await }.boxed()).await?;
    told.into_iter().for_each(|finding| errors.push(finding));
    Ok(())
}

async fn told(
    tx: &mut Tx<'_>,
    asker: &Asker,
    found: &[Elsewhere],
    now: Instant,
) -> Result<Vec<Finding>, StoreError> {
    // Of several files at once, each counts the ones before.
    roles::sql::hold_employer(tx, asker.employer).await?;
    sql::forget_told(tx, now.plus_minutes(-KEPT_DAYS * DAY_MINUTES)).await?;
    let mut left = left(tx, asker.person, now).await?;
    let used_up = left <= 0;
    let (mut told, mut refused) = (Vec::new(), BTreeMap::<Uuid, u64>::new());
    for one in found.iter().filter(|one| one.differs || used_up) {
        let said = one.said();
        let again = !used_up && sql::was_told(tx, asker.person, &said).await?;
        if !again && left <= 0 {
            *refused.entry(one.employer).or_default() += 1;
            continue;
        }
        if !again {
            left -= 1;
            sql::add_told(tx, asker.person, &said, now).await?;
            let data = json!({ "field": one.column.as_str(), "by_employer": asker.employer });
            let entry = entry(asker, one.employer, Some(one.staff_record), TOLD, data, now);
            audit::append(tx, entry).await?;
        }
        told.push(one.finding(words::unlike_elsewhere(&one.code)));
    }
    if !refused.is_empty() {
        told.push(Finding::of_file(words::told_too_much(MOST_TOLD)));
    }
    for (employer, values) in refused {
        let data = json!({ "values": values, "by_employer": asker.employer });
        audit::append(tx, entry(asker, employer, None, REFUSED, data, now)).await?;
    }
    Ok(told)
}

const TOLD: &str = "records.told_elsewhere";
const REFUSED: &str = "records.elsewhere_refused";

/// On the trail of the other employer: it is about its staff.
fn entry(
    asker: &Asker,
    employer: Uuid,
    about: Option<Uuid>,
    event: &'static str,
    data: serde_json::Value,
    at: Instant,
) -> NewEntry {
    NewEntry {
        id: asker.entropy.id(at),
        at,
        actor: asker.actor.clone(),
        about,
        employer: Some(employer),
        event,
        reason: None,
        data,
        origin: asker.origin.clone(),
    }
}
