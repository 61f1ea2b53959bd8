//! What a payslip, a P60 and a run are: plain types and pure rules.

mod compare;
mod document;
mod finding;
mod money;
mod run;
mod tax_year;

pub use compare::{Block, Compared, Comparison, Reason, Total, compare};
pub use document::{Amount, Detail, Document, Heading, Line, NiEarnings, P60, PayAndTax, Payslip, Period};
pub use finding::{Finding, FindingKind, Severity};
pub use money::{Decimal, Pence};
pub(crate) use money::{MOST_PENCE, PENNY};
pub use run::{Frequency, RunHead, RunKind, WhichDocument};
pub use tax_year::TaxYear;
