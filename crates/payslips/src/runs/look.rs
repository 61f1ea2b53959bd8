use audit::{NewEntry, Origin};
use futures::FutureExt;
use records::{Permission, Permit, Refused};
use serde_json::json;
use store::StoreError;
use uuid::Uuid;

pub use super::sql::StagedDocument;
use super::{
    ActError,
    service::{hold, run},
    sql::{self, DocumentRow, NewLook},
    words,
};
use crate::{
    App, Document,
    body::{self, Place},
};

/// So many documents are listed.
const LISTED: i64 = 50;

/// Why somebody was not shown a document.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// As elsewhere; [`ActError::MovedOn`] where the run is not being checked.
    #[error(transparent)]
    Act(#[from] ActError),
    /// There is no such document in it.
    #[error("{}", words::NO_SUCH_DOCUMENT)]
    NoDocument,
    /// Only while a run is checked.
    #[error("{}", words::NOT_STAGED)]
    NotStaged,
}

impl From<StoreError> for LookError {
    fn from(error: StoreError) -> Self {
        Self::Act(error.into())
    }
}

impl From<Refused> for LookError {
    fn from(refused: Refused) -> Self {
        Self::Act(refused.into())
    }
}

/// The documents of a run after one, in the order of the file and without what is in them.
///
/// # Errors
/// The store's.
pub async fn documents(
    app: &App,
    permit: &Permit,
    id: Uuid,
    after: Option<Uuid>,
) -> Result<Vec<StagedDocument>, StoreError> {
    if run(app, permit, id).await?.is_none() {
        return Ok(Vec::new());
    }
    let mut reader = app.db.read().await?;
    sql::documents(&mut reader.tx(), id, after.unwrap_or_default(), LISTED).await
}

/// The document of an assignment in a run.
///
/// # Errors
/// The store's.
pub async fn find_document(
    app: &App,
    permit: &Permit,
    id: Uuid,
    assignment_number: &str,
) -> Result<Option<Uuid>, StoreError> {
    if run(app, permit, id).await?.is_none() {
        return Ok(None);
    }
    let mut reader = app.db.read().await?;
    sql::document_of(&mut reader.tx(), id, assignment_number.trim()).await
}

/// A document of a run without what is in it.
///
/// # Errors
/// The store's.
pub async fn staged_document(
    app: &App,
    permit: &Permit,
    id: Uuid,
    document: Uuid,
) -> Result<Option<StagedDocument>, StoreError> {
    if run(app, permit, id).await?.is_none() {
        return Ok(None);
    }
    let mut reader = app.db.read().await?;
    sql::staged_document(&mut reader.tx(), id, document).await
}

/// Payroll looks at one document while its run is checked: it stands on the trail and is shown to its person. Nobody looks at their own
/// here.
///
/// # Errors
/// See [`LookError`].
pub async fn look(
    app: &App,
    permit: &Permit,
    id: Uuid,
    document: Uuid,
    reason: &str,
    origin: Origin,
) -> Result<Document, LookError> {
    permit.check(Permission::LookAtPayslip, permit.employer(), None)?;
    let (app_in, permit, reason, now) = (app.clone(), permit.clone(), reason.to_owned(), app.clock.now());
    let row: Result<DocumentRow, LookError> = app
        .db
        .write(move |tx| {
            async move {
                let held = hold(tx, &permit, id, None, |_| true).await?;
                if !held.state.is_staged() {
                    return Err(LookError::NotStaged);
                }
                let row = sql::document(tx, id, document).await?.ok_or(LookError::NoDocument)?;
                permit.check(Permission::LookAtPayslip, permit.employer(), Some(row.staff_record_id))?;
                let new = NewLook {
                    id: app_in.entropy.id(now),
                    document,
                    staff_record: row.staff_record_id,
                    by: permit.staff_record(),
                    reason: reason.clone(),
                };
                sql::add_look(tx, new, now).await?;
                let data = json!({ "run": id, "reference": held.reference, "document": document });
                let entry = app_in.entry(now, &permit, "payslips.looked_at", data, origin);
                let about = Some(row.staff_record_id);
                audit::append(tx, NewEntry { about, reason: Some(reason), ..entry }).await?;
                Ok(row)
            }
            .boxed()
        })
        .await;
    let row = row?;
    let place = Place { document: row.id, staff_record: row.staff_record_id, run: row.run_id };
    Ok(body::open(&app.keys, place, row.key_number, &row.body)?)
}
