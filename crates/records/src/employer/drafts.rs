//! Settings as somebody would have them: shown first, then applied exactly as shown.

use audit::Origin;
use futures::FutureExt;
use store::{Db, Entropy, Instant, StoreError, Tx};
use uuid::Uuid;

use super::{Employer, EmployerError, Settings, service::Change, sql};
use crate::{Permission, Permit, Refused, roles::still_held, words};

store::words! {
    /// A part of an employer's settings, with a page of its own.
    pub enum Section {
        /// Service desks.
        Contacts = "contacts",
        /// Its own networks.
        Networks = "networks",
        /// Where mail may go.
        MailDomains = "mail-domains",
        /// Local links.
        Links = "links",
        /// What stands on the portal page.
        Messages = "messages",
        /// Its policies.
        Policies = "policies",
        /// Its logo.
        Logo = "logo",
    }
}

/// Settings that would be.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Its id.
    pub id: Uuid,
    /// The part that was changed.
    pub section: Section,
    /// The employer's revision that it was made from.
    pub revision: i64,
    /// All settings, as they would be.
    pub settings: Settings,
}

/// A draft is forgotten after so many minutes.
const MINUTES: i64 = 60;

/// Why nothing came of a draft.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    /// This person has no such draft: it is somebody else's, was applied, or is older than an hour.
    #[error("{}", words::NO_SUCH_DRAFT)]
    NotFound,
    /// It is the same as what there is.
    #[error("{}", words::NOTHING_CHANGED)]
    Unchanged,
    /// The change itself.
    #[error(transparent)]
    Change(#[from] EmployerError),
}

impl From<StoreError> for DraftError {
    fn from(error: StoreError) -> Self {
        Self::Change(error.into())
    }
}

impl From<Refused> for DraftError {
    fn from(refused: Refused) -> Self {
        Self::Change(refused.into())
    }
}

/// Keeps `settings` of one section as a draft of whoever has the permit, made from how `employer` was read. Says its id.
///
/// # Errors
/// See [`DraftError`].
pub async fn draft_make(
    db: &Db,
    entropy: &Entropy,
    now: Instant,
    permit: &Permit,
    employer: &Employer,
    section: Section,
    settings: Settings,
) -> Result<Uuid, DraftError> {
    permit.check(Permission::ChangeSettings, employer.id, None)?;
    let staff_record = permit.staff_record().ok_or(DraftError::NotFound)?;
    let change = Change::new(entropy, now, employer.clone(), employer.name.clone(), settings)?;
    if change.is_none() {
        return Err(DraftError::Unchanged);
    }
    let row = sql::DraftRow {
        id: entropy.id(now),
        employer_id: employer.id,
        revision: employer.revision,
        section,
        settings: change.into_json(),
    };
    let permit = permit.clone();
    db.write(move |tx| {
        async move {
            still_held(tx, &permit).await??;
            sql::forget_drafts(tx, now.plus_minutes(-MINUTES)).await?;
            sql::add_draft(tx, &row, staff_record, now).await?;
            Ok(row.id)
        }
        .boxed()
    })
    .await
}

/// A draft of one's own.
///
/// # Errors
/// What the database says.
pub async fn draft(tx: &mut Tx<'_>, permit: &Permit, id: Uuid, now: Instant) -> store::Result<Option<Draft>> {
    let Some(staff_record) = permit.staff_record() else { return Ok(None) };
    let row = sql::draft(tx, id, staff_record, now.plus_minutes(-MINUTES)).await?;
    let Some(row) = row.filter(|row| row.employer_id == permit.employer()) else { return Ok(None) };
    let settings =
        Settings::try_from(row.settings).map_err(|error| StoreError::Damaged(error.to_string()))?;
    Ok(Some(Draft { id: row.id, section: row.section, revision: row.revision, settings }))
}

/// HR applies a draft of their own, exactly as it is, unless the employer was changed since it was made; what changed stands on the trail.
///
/// # Errors
/// See [`DraftError`].
pub async fn draft_apply(
    db: &Db,
    entropy: &Entropy,
    now: Instant,
    permit: &Permit,
    id: Uuid,
    origin: Origin,
) -> Result<Section, DraftError> {
    permit.check(Permission::ChangeSettings, permit.employer(), None)?;
    let (permit, entropy) = (permit.clone(), entropy.clone());
    db.write(move |tx| {
        async move {
            let draft = draft(tx, &permit, id, now).await?.ok_or(DraftError::NotFound)?;
            still_held(tx, &permit).await??;
            let employer = sql::employer(tx, permit.employer()).await?.ok_or(DraftError::NotFound)?;
            if employer.revision != draft.revision {
                return Err(EmployerError::Overtaken.into());
            }
            let name = employer.name.clone();
            let change = Change::new(&entropy, now, employer, name, draft.settings)?;
            change.write(tx, permit.actor(), origin).await?;
            sql::forget_draft(tx, id).await?;
            Ok(draft.section)
        }
        .boxed()
    })
    .await
}
