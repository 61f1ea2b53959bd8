use audit::{NewEntry, Origin};
use futures::FutureExt;
use records::{Permission, Permit, Refused, personal_address};
use serde_json::json;
use store::{Day, StoreError};
use uuid::Uuid;

use super::{
    ActError, State,
    service::hold,
    sql::{self, DocumentRow, NewLook, UnreachedRow},
    words,
};
use crate::{
    App, Document,
    body::{self, Place},
};

/// So many are listed, and printed by one batch.
pub const PART: usize = 200;

store::words! {
    /// Why somebody may not have been reached.
    pub enum Unreached {
        /// They never logged in.
        NeverLoggedIn = "never_logged_in",
        /// They have left.
        Left = "left",
        /// They asked for paper.
        Paper = "paper",
    }
}

/// Somebody whom a published run may not reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotReached {
    /// Their document; the last one of a part is what the next part comes after.
    pub document: Uuid,
    /// Their staff record.
    pub staff_record: Uuid,
    /// Their employee number.
    pub employee_number: String,
    /// First names and last name.
    pub name: String,
    /// The assignment's number.
    pub assignment_number: String,
    /// Why.
    pub why: Unreached,
}

impl NotReached {
    fn of(row: UnreachedRow, today: Day) -> Self {
        let why = match row.last_day {
            Some(last) if last < today => Unreached::Left,
            _ if row.proved_at.is_none() => Unreached::NeverLoggedIn,
            _ => Unreached::Paper,
        };
        Self {
            document: row.id,
            staff_record: row.staff_record_id,
            employee_number: row.employee_number,
            name: format!("{} {}", row.first_names, row.last_name).trim().to_owned(),
            assignment_number: row.assignment_number,
            why,
        }
    }
}

/// Why there is no list or batch.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// As elsewhere.
    #[error(transparent)]
    Act(#[from] ActError),
    /// The run is not published.
    #[error("{}", words::NOT_PUBLISHED)]
    NotPublished,
}

impl From<StoreError> for BatchError {
    fn from(error: StoreError) -> Self {
        Self::Act(error.into())
    }
}

impl From<Refused> for BatchError {
    fn from(refused: Refused) -> Self {
        Self::Act(refused.into())
    }
}

/// Whoever a published run may not reach, after a document: a part of 200 at most.
///
/// # Errors
/// See [`BatchError`].
pub async fn not_reached(
    app: &App,
    permit: &Permit,
    id: Uuid,
    after: Option<Uuid>,
) -> Result<Vec<NotReached>, BatchError> {
    permit.check(Permission::PrintPayslips, permit.employer(), None)?;
    let mut reader = app.db.read().await?;
    let tx = &mut reader.tx();
    let run = sql::run(tx, id, permit.employer()).await?.ok_or(ActError::NotFound)?;
    if run.state != State::Published {
        return Err(BatchError::NotPublished);
    }
    let employer = records::employer(tx, permit.employer()).await?.ok_or(ActError::NotFound)?;
    let (now, today) = (app.clock.now(), employer.today(app.clock.now()));
    let confirmed_by = now.plus_minutes(-personal_address::WAIT_DAYS * 24 * 60);
    let rows = sql::unreached(tx, id, (today, confirmed_by), after.unwrap_or_default(), PART as i64).await?;
    Ok(rows.into_iter().map(|row| NotReached::of(row, today)).collect())
}

/// The documents of one part of those, to be printed for the post. That payroll has them in hand stands on the trail for each, and is shown
/// to its person. Whoever prints is left out: their own they see under Payslips.
///
/// # Errors
/// See [`BatchError`].
pub async fn print_batch(
    app: &App,
    permit: &Permit,
    id: Uuid,
    after: Option<Uuid>,
    reason: &str,
    origin: Origin,
) -> Result<Vec<(NotReached, Document)>, BatchError> {
    let part = not_reached(app, permit, id, after).await?;
    let part: Vec<NotReached> =
        part.into_iter().filter(|one| Some(one.staff_record) != permit.staff_record()).collect();
    let (app_in, permit, reason, now) = (app.clone(), permit.clone(), reason.to_owned(), app.clock.now());
    let rows: Result<Vec<(NotReached, DocumentRow)>, BatchError> = app
        .db
        .write(move |tx| {
            async move {
                let held = hold(tx, &permit, id, None, |state| state == State::Published).await?;
                let mut rows = Vec::with_capacity(part.len());
                for one in part {
                    let Some(row) = sql::document(tx, id, one.document).await? else { continue };
                    let new = NewLook {
                        id: app_in.entropy.id(now),
                        document: row.id,
                        staff_record: row.staff_record_id,
                        by: permit.staff_record(),
                        reason: reason.clone(),
                    };
                    sql::add_look(tx, new, now).await?;
                    let data = json!({ "run": id, "reference": held.reference, "document": row.id });
                    let entry = app_in.entry(now, &permit, "payslips.printed", data, origin.clone());
                    let (about, reason) = (Some(row.staff_record_id), Some(reason.clone()));
                    audit::append(tx, NewEntry { about, reason, ..entry }).await?;
                    rows.push((one, row));
                }
                Ok(rows)
            }
            .boxed()
        })
        .await;
    let mut opened = Vec::new();
    for (one, row) in rows? {
        let place = Place { document: row.id, staff_record: row.staff_record_id, run: row.run_id };
        opened.push((one, body::open(&app.keys, place, row.key_number, &row.body)?));
    }
    Ok(opened)
}
