use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use store::Instant;
use uuid::Uuid;

use crate::import::{Counts, Finding, Plan, Planned};

store::words! {
    /// Where an uploaded file stands.
    pub enum State {
        /// Its bytes are arriving.
        Receiving = "receiving",
        /// It is being checked.
        Checking = "checking",
        /// It has errors.
        Wrong = "wrong",
        /// It can be applied.
        Checked = "checked",
        /// The records have changed since it was checked: it was checked again, and can be applied.
        Overtaken = "overtaken",
        /// It is being applied.
        Applying = "applying",
        /// It is applied.
        Applied = "applied",
        /// It could not be checked or applied.
        Failed = "failed",
        /// Somebody has discarded it, or nobody did anything with it for a day.
        Discarded = "discarded",
    }
}

impl State {
    /// Whether something goes on behind the pages.
    #[must_use]
    pub fn is_at_work(self) -> bool {
        matches!(self, Self::Checking | Self::Applying)
    }

    /// Whether it waits for somebody to say that it is to be applied.
    #[must_use]
    pub fn is_ready(self) -> bool {
        matches!(self, Self::Checked | Self::Overtaken)
    }

    /// Whether nothing more will be done with its bytes.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Wrong | Self::Applied | Self::Failed | Self::Discarded)
    }
}

/// A staff file that somebody has uploaded.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Upload {
    /// Its id.
    pub id: Uuid,
    /// For which employer.
    pub employer_id: Uuid,
    /// By whom: a staff record.
    pub uploaded_by: Uuid,
    /// When.
    pub uploaded_at: Instant,
    /// The file's name.
    pub file_name: String,
    /// So many bytes.
    pub size: i64,
    /// Where it stands.
    pub state: State,
    /// When something was last done with it.
    pub changed_at: Instant,
    /// Tells its preview from every other.
    pub fingerprint: Option<String>,
    /// Who typed the number, where it has to be typed.
    pub typed_by: Option<Uuid>,
    /// Who said that it is to be applied.
    pub agreed_by: Option<Uuid>,
    /// So many staff records are staged …
    pub done: i64,
    /// … of so many.
    pub total: i64,
    /// The number of the change that it became.
    pub change_number: Option<i64>,
    /// Why it failed, in a sentence.
    pub failure: Option<String>,
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// What the file would do; none where it has errors.
    pub preview: Option<Preview>,
    /// Its errors, or else its warnings.
    pub findings: Vec<Finding>,
}

/// What a file would do, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// In numbers.
    pub counts: Counts,
    /// What has to be typed.
    pub number_to_type: Option<u64>,
    /// The first records that are not held yet.
    pub new: Vec<Shown>,
    /// The first that change.
    pub changed: Vec<Shown>,
    /// The first that end.
    pub leavers: Vec<Shown>,
    /// The first with a changed identity field.
    pub identity: Vec<Shown>,
    /// Who of HR cannot say that it is to be applied, since it changes their own record.
    pub own: Vec<Uuid>,
}

/// A record of a preview, with not more of its fields than anybody would read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// The record.
    pub planned: Planned,
    /// So many more of its fields change.
    pub more: usize,
}

/// So many records of each kind are shown.
const SHOWN: usize = 50;
/// So many changed fields of one record are shown.
const SHOWN_CHANGES: usize = 20;

impl Shown {
    fn of(mut planned: Planned) -> Self {
        let more = planned.changes.len().saturating_sub(SHOWN_CHANGES);
        // Identity fields are among the first six.
        planned.changes.truncate(SHOWN_CHANGES);
        Self { planned, more }
    }

    fn first(planned: impl Iterator<Item = Planned>) -> Vec<Self> {
        planned.take(SHOWN).map(Self::of).collect()
    }
}

impl Preview {
    /// The preview of a plan, where these staff records are HR's.
    pub(super) fn of(plan: &Plan, hr: &[Uuid]) -> Self {
        let touched: HashSet<Uuid> = plan.existing().collect();
        Self {
            counts: plan.counts,
            number_to_type: plan.number_to_type(),
            new: Shown::first(plan.new_records()),
            changed: Shown::first(plan.changed_records()),
            leavers: Shown::first(plan.leavers()),
            identity: Shown::first(plan.identity_changes()),
            own: hr.iter().copied().filter(|id| touched.contains(id)).collect(),
        }
    }
}
