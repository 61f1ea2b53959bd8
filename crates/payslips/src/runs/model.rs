use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use store::{Day, Instant, StoreError};
use uuid::Uuid;

use crate::{FindingKind, Frequency, Pence, RunKind, Severity, WhichDocument};

store::words! {
    /// Where a run stands.
    pub enum State {
        /// Its file is arriving.
        Receiving = "receiving",
        /// It is being checked, and its documents staged.
        Checking = "checking",
        /// It has errors.
        Wrong = "wrong",
        /// It can be published.
        Checked = "checked",
        /// One person has said that it is to be published, and another one has to.
        Waiting = "waiting",
        /// It will be published at a set hour.
        Scheduled = "scheduled",
        /// Staff read it.
        Published = "published",
        /// It was published, and taken back.
        Withdrawn = "withdrawn",
        /// It could not be checked or published.
        Failed = "failed",
        /// Somebody has discarded it, or nobody did anything with it for two weeks.
        Discarded = "discarded",
    }
}

impl State {
    /// Whether something goes on behind the pages.
    #[must_use]
    pub fn is_at_work(self) -> bool {
        matches!(self, Self::Receiving | Self::Checking)
    }

    /// Whether its documents are staged and not published yet.
    #[must_use]
    pub fn is_staged(self) -> bool {
        matches!(self, Self::Checked | Self::Waiting | Self::Scheduled)
    }

    /// Whether nothing will be made of its documents any more, which were never published.
    #[must_use]
    pub fn is_given_up(self) -> bool {
        matches!(self, Self::Wrong | Self::Failed | Self::Discarded)
    }
}

/// A run.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Run {
    /// Its id.
    pub id: Uuid,
    /// Whose.
    pub employer_id: Uuid,
    /// Who uploaded it: a staff record; none for the operator's command.
    pub uploaded_by: Option<Uuid>,
    /// When.
    pub uploaded_at: Instant,
    /// The file's name.
    pub file_name: String,
    /// The SHA-256 of its bytes, once they are there.
    pub file_hash: Option<String>,
    /// So many bytes.
    pub size: i64,
    /// Whether its bytes are kept, so that it can be checked again.
    pub kept: bool,
    /// Where it stands.
    pub state: State,
    /// When something was last done with it.
    pub changed_at: Instant,
    /// Payroll's own name for it, once its first rows are read.
    pub reference: Option<String>,
    /// Payslips or P60s.
    pub document: Option<WhichDocument>,
    /// Main, supplementary or correction.
    pub kind: Option<RunKind>,
    /// How often.
    pub frequency: Option<Frequency>,
    /// The newest pay date in it.
    pub pay_date: Option<Day>,
    /// The first day of that one's period.
    pub period_from: Option<Day>,
    /// The last day of it.
    pub period_to: Option<Day>,
    /// The check that has staged its documents: pages hand it back with each act, so that what was seen is what is done.
    pub staging: Option<Uuid>,
    /// So many documents are staged.
    pub done: i64,
    /// What the check was based on: the employer's newest change of staff records …
    pub(crate) record_change: i64,
    /// … and of its published runs.
    pub(crate) pay_change: i64,
    /// Whether it was checked again since something has changed.
    pub again: bool,
    #[sqlx(try_from = "String")]
    pub(crate) counts: Counts,
    /// The oldest key that anything of it is sealed with.
    pub(crate) key_number: i64,
    /// Whether the file has a trailer, or the totals of payroll's own report were typed and agree.
    pub totals_agree: bool,
    /// Who said that it is to be published; none for the operator.
    pub agreed_by: Option<Uuid>,
    /// Who said so after them, where there have to be two.
    pub second_by: Option<Uuid>,
    /// When it is to be published, where that is not at once.
    pub publish_at: Option<Instant>,
    pub(crate) publish_job: Option<Uuid>,
    /// When it was published.
    pub published_at: Option<Instant>,
    /// When it was withdrawn.
    pub withdrawn_at: Option<Instant>,
    /// Why it was withdrawn, or could not be checked or published, in a sentence.
    pub says: Option<String>,
}

impl Run {
    /// How many findings there are of each kind; exact, also where not all are kept.
    #[must_use]
    pub fn counts(&self) -> &BTreeMap<FindingKind, u64> {
        &self.counts.0
    }

    /// The kinds of warnings that have to be ticked off.
    pub fn warnings(&self) -> impl Iterator<Item = FindingKind> {
        self.counts.0.keys().copied().filter(|kind| kind.severity() == Severity::Warning)
    }

    /// Whether a finding keeps it from being published.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.counts.has_errors()
    }
}

/// How many findings of each kind there are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts(pub(crate) BTreeMap<FindingKind, u64>);

impl Counts {
    pub(crate) fn has_errors(&self) -> bool {
        self.0.keys().any(|kind| kind.severity() == Severity::Error)
    }
}

impl TryFrom<String> for Counts {
    type Error = StoreError;

    fn try_from(json: String) -> Result<Self, StoreError> {
        serde_json::from_str(&json).map_err(|error| StoreError::Damaged(error.to_string()))
    }
}

/// What a run comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// So many payslips or P60s.
    pub people: u64,
    /// All gross pay.
    pub gross: Pence,
    /// All deductions.
    pub deductions: Pence,
    /// All net pay.
    pub net: Pence,
}

/// What is known of all of a run once it is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSummary {
    /// So many rows, the header apart.
    pub rows: u64,
    /// Whether the file ends with a trailer. Where it does not, the totals of payroll's own report are typed.
    pub trailer: bool,
    /// What it comes to.
    pub totals: Totals,
}
