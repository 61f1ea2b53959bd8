use std::sync::Arc;

use audit::{NewEntry, Origin};
use records::Permit;
use serde_json::Value;
use store::{Clock, Db, Entropy, Instant};
use uuid::Uuid;
use web::Keys;

use crate::{Printing, Settings};

/// What the use cases and pages of this room need. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// Randomness.
    pub entropy: Entropy,
    /// The site's keys.
    pub keys: Keys,
    /// The `[payslips]` table.
    pub settings: Arc<Settings>,
    /// What makes PDFs.
    pub printing: Printing,
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
        event: &'static str,
        data: Value,
    ) -> NewEntry {
        NewEntry::own(self.entropy.id(now), now, employer, event, data)
    }
}
