use std::sync::Arc;

use audit::{Actor, NewEntry, Origin};
use futures::future::BoxFuture;
use pdf::Printer;
use records::Permit;
use serde_json::Value;
use store::{Clock, Db, Entropy, Instant, Tx};
use uuid::Uuid;
use web::{Keys, Site};

use crate::{Settings, content::Hot, courses::Files};

/// What keeps somebody's session awake while a course of theirs goes on. This room knows no sessions.
pub trait Awake: Send + Sync {
    /// Something was done in a session: it was not idle, unless nothing was seen of it since `seen_since`, when it is over.
    fn keep<'t>(
        &self,
        tx: &'t mut Tx<'_>,
        session: Uuid,
        seen_since: Instant,
        now: Instant,
    ) -> BoxFuture<'t, store::Result<()>>;
}

/// What the use cases and pages of this room need. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// Randomness.
    pub entropy: Entropy,
    /// Where people reach the portal.
    pub site: Arc<Site>,
    /// The site's keys.
    pub keys: Keys,
    /// The `[learning]` table.
    pub settings: Arc<Settings>,
    /// What makes certificates.
    pub printer: Printer,
    /// The bytes of courses' files.
    pub files: Files,
    /// What keeps sessions awake.
    pub awake: Arc<dyn Awake>,
    /// What the content host remembers for a moment.
    pub hot: Hot,
}

impl App {
    /// An entry on the trail of the permit's employer.
    pub(crate) fn entry(
        &self,
        now: Instant,
        permit: &Permit,
        event: &'static str,
        data: Value,
        origin: Origin,
    ) -> NewEntry {
        permit.entry(self.entropy.id(now), now, event, data, origin)
    }

    /// An entry of the portal's own doing.
    pub(crate) fn own_entry(
        &self,
        now: Instant,
        employer: Uuid,
        about: Option<Uuid>,
        event: &'static str,
        data: Value,
    ) -> NewEntry {
        NewEntry { about, ..NewEntry::own(self.entropy.id(now), now, employer, event, data) }
    }

    /// An entry of what somebody did with their own.
    pub(crate) fn persons_entry(
        &self,
        now: Instant,
        (employer, person): (Uuid, Uuid),
        event: &'static str,
        data: Value,
        origin: Origin,
    ) -> NewEntry {
        NewEntry {
            actor: Actor::Person { staff_record: person, role: None },
            origin,
            ..self.own_entry(now, employer, Some(person), event, data)
        }
    }
}
