//! What the pages of this room share, and what other rooms' pages ask of it.

use audit::Origin;
use store::{Clock, Db, Entropy, Instant, StoreError};
use uuid::Uuid;
use web::{Page, Person, Problem};

use crate::{Caller, Holder, Permission, Permit, PermitError, Refused, permit, staff};

/// What the pages of this room need. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// Randomness.
    pub entropy: Entropy,
}

/// Pages of HR.
pub const HR: web::Audience = web::Audience::Role(crate::Role::Hr.as_str());
/// What changes other people's rights asks for a proof that is not older.
pub(crate) const RECENT_MINUTES: i64 = 5;

/// The staff record and employer that the front has read for this request.
///
/// # Errors
/// Where it has read none, which is our fault.
pub fn holder_of(person: &Person) -> Result<&Holder, StoreError> {
    person.record.downcast_ref().ok_or_else(|| StoreError::Damaged("the front read no staff record".into()))
}

/// The permit of whoever asks for a page, at their own employer.
///
/// # Errors
/// A refusal, or the store's.
pub async fn permitted(db: &Db, person: &Person, permission: Permission) -> Result<Permit, Problem> {
    let caller =
        Caller { staff_record: person.staff_record, employer: person.employer, inside: person.inside };
    let mut reader = db.read().await?;
    Ok(permit(&mut reader.tx(), &caller, permission, person.employer).await?)
}

/// Somebody of the employer of whoever asks; whoever else's id it is, there is no such page.
///
/// # Errors
/// [`Problem::NotFound`], or the store's.
pub async fn of_own_employer(db: &Db, person: &Person, id: Uuid) -> Result<Holder, Problem> {
    let mut reader = db.read().await?;
    let holder = staff::holder(&mut reader.tx(), id, person.now).await?;
    holder.filter(|holder| holder.employer.id == person.employer).ok_or(Problem::NotFound)
}

/// What somebody on whom a page says something is called.
///
/// # Errors
/// The store's.
pub async fn name_of(db: &Db, id: Uuid, now: Instant) -> Result<String, StoreError> {
    let holder = staff::holder(&mut db.read().await?.tx(), id, now).await?;
    Ok(holder.map_or_else(|| "somebody".to_owned(), |holder| holder.record.name()))
}

/// From where a page is asked for: for the trail.
#[must_use]
pub fn origin(page: &Page) -> Origin {
    Origin { address: Some(page.client().address.to_string()), request: Some(page.request().to_owned()) }
}

impl From<PermitError> for Problem {
    fn from(error: PermitError) -> Self {
        match error {
            PermitError::Refused(refused) => refused.into(),
            PermitError::Store(error) => error.into(),
        }
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        Self::refused("This is not for you to do", refused.to_string())
    }
}
