use std::sync::{Arc, Mutex, PoisonError};

use audit::{Actor, NewEntry, Origin};
use futures::future::BoxFuture;
use jiff::tz::TimeZone;
pub(crate) use records::holder_of;
use records::{Employer, Holder, origin};
use second_factors::passkeys::{PasskeyError, Passkeys};
use store::{Clock, Db, Entropy, Instant, StoreError};
use uuid::Uuid;
use web::{Desk, Keys, Page, Site};

use crate::{hasher::Hasher, passwords::Judge, settings::Settings, smartcard::Cards};

/// What the use cases and pages of this room need. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

/// The parts of an [`App`].
pub struct Inner {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// Randomness.
    pub entropy: Entropy,
    /// The site.
    pub site: Arc<Site>,
    /// The site's keys.
    pub keys: Keys,
    /// Password hashing.
    pub hasher: Hasher,
    /// The password rules.
    pub judge: Judge,
    /// Passkeys, where the site has an address that they can be bound to.
    pub passkeys: Option<Passkeys>,
    /// Smartcards.
    pub cards: Cards,
    /// The `[access]` table.
    pub settings: Settings,
    /// The employers as they were at a revision, so that pages do not read them all each time.
    pub employers: EmployersSeen,
    /// What other rooms tell the service desk.
    pub beside: Arc<dyn Beside>,
}

/// What another room knows of somebody that helps the service desk. This room knows none of them: who wires them together says it.
pub trait Beside: Send + Sync + 'static {
    /// Lines of the service desk's page on somebody, each with what it is called, times in their employer's zone.
    fn lines<'a>(
        &'a self,
        staff_record: Uuid,
        zone: &'a TimeZone,
    ) -> BoxFuture<'a, Result<Vec<(&'static str, String)>, StoreError>>;
}

/// What was last read of all employers.
#[derive(Default)]
pub struct EmployersSeen(Mutex<Option<Seen>>);

#[derive(Clone)]
struct Seen {
    revision: i64,
    employers: Arc<Vec<Employer>>,
    desks: Arc<Vec<Desk>>,
    /// Any staff record, once there is one.
    any_record: Option<Uuid>,
}

impl std::ops::Deref for App {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl App {
    /// The room's needs, together.
    #[must_use]
    pub fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// Passkeys; where there can be none, nobody has one.
    pub(crate) fn passkeys(&self) -> Result<&Passkeys, PasskeyError> {
        self.passkeys.as_ref().ok_or(PasskeyError::Unknown)
    }

    /// All employers, as they are now: read anew when one has changed.
    pub(crate) async fn employers(&self) -> Result<Arc<Vec<Employer>>, StoreError> {
        Ok(self.seen().await?.employers)
    }

    /// The service desks of all employers.
    pub(crate) async fn desks(&self) -> Result<Arc<Vec<Desk>>, StoreError> {
        Ok(self.seen().await?.desks)
    }

    /// A staff record to be read in vain, so that a username that nobody has takes as long as another.
    pub(crate) fn any_record(&self) -> Option<Uuid> {
        self.employers.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref()?.any_record
    }

    async fn seen(&self) -> Result<Seen, StoreError> {
        let mut reader = self.db.read().await?;
        let revision = records::employers_revision(&mut reader.tx()).await?;
        let last = self.employers.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(seen) = last.filter(|seen| seen.revision == revision && seen.any_record.is_some()) {
            return Ok(seen);
        }
        let employers = records::employers(&mut reader.tx()).await?;
        let desks = employers.iter().map(desk).collect();
        let any_record = records::any_record(&mut reader.tx()).await?;
        let seen = Seen { revision, employers: Arc::new(employers), desks: Arc::new(desks), any_record };
        *self.employers.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen.clone());
        Ok(seen)
    }
}

/// An employer's service desk, as pages show it.
pub(crate) fn desk(employer: &Employer) -> Desk {
    let settings = &employer.settings;
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    Desk {
        employer: employer.name.clone(),
        name: settings.service_desk.name.clone(),
        phone: given(&settings.service_desk.phone),
        email: given(&settings.service_desk.email),
        hours: given(&settings.service_desk.hours),
        mail_accounts: settings.it_service_desk.as_ref().map(|desk| (desk.name.clone(), given(&desk.phone))),
    }
}

/// Who does something, and from where: for the trail.
#[derive(Clone, Debug)]
pub struct Trace {
    /// Who.
    pub actor: Actor,
    /// From where.
    pub origin: Origin,
}

impl Trace {
    /// Whoever asks for this page, as themselves.
    #[must_use]
    pub fn of(page: &Page) -> Self {
        let actor = page.person().map_or(Actor::Stranger, |person| Actor::Person {
            staff_record: person.staff_record,
            role: None,
        });
        Self { actor, origin: origin(page) }
    }

    /// Nobody that we know yet, whoever else may be logged in here.
    pub(crate) fn stranger(page: &Page) -> Self {
        Self { actor: Actor::Stranger, origin: origin(page) }
    }

    /// The person themselves, whom this page has just proved.
    pub(crate) fn holder(page: &Page, staff_record: Uuid) -> Self {
        Self { actor: Actor::Person { staff_record, role: None }, origin: origin(page) }
    }

    /// The operator, at the command line.
    #[must_use]
    pub fn operator() -> Self {
        Self { actor: Actor::Operator, origin: Origin::default() }
    }

    /// The portal itself.
    #[must_use]
    pub fn system() -> Self {
        Self { actor: Actor::System, origin: Origin::default() }
    }

    /// An entry about a staff record.
    pub(crate) fn entry(
        self,
        app: &App,
        event: &'static str,
        about: Option<&Holder>,
        now: Instant,
    ) -> NewEntry {
        NewEntry {
            id: app.entropy.id(now),
            at: now,
            actor: self.actor,
            about: about.map(|holder| holder.record.id),
            employer: about.map(|holder| holder.employer.id),
            event,
            reason: None,
            data: serde_json::Value::Null,
            origin: self.origin,
        }
    }
}
