//! What a person reads of their own: the list, a payslip, two beside each other, a P60, and how they want to be told.
//!
//! No page here takes a person's id: whatever is asked for is looked for among the documents of whoever asks.

pub(crate) mod pages;
mod printed;
mod service;
mod sql;

use store::{Day, Instant};
use uuid::Uuid;

use crate::{Frequency, Period, RunKind, WhichDocument, words};

pub use printed::Printing;
pub use service::{Newest, newest};

/// A document of somebody's own that was published, without what stands in it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Listed {
    id: Uuid,
    assignment_number: String,
    pay_date: Day,
    period: Period,
    /// None for a P60.
    frequency: Option<Frequency>,
    document: WhichDocument,
    kind: RunKind,
    /// When its run was withdrawn.
    withdrawn_at: Option<Instant>,
    /// The document in whose place it stands.
    replaces: Option<Uuid>,
    published_at: Instant,
}

impl Listed {
    /// `November 2026 payslip`.
    fn name(&self) -> String {
        match self.document {
            WhichDocument::P60s => words::p60(crate::TaxYear::of(self.pay_date)),
            WhichDocument::Payslips => {
                let frequency = self.frequency.unwrap_or(Frequency::Month);
                words::payslip(frequency, self.kind, self.period, self.pay_date)
            }
        }
    }
}
