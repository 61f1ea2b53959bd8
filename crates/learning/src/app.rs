use std::sync::Arc;

use pdf::Printer;
use store::{Clock, Db, Entropy};
use web::{Keys, Site};

use crate::Settings;

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
}
