//! Runs, from the file to what staff read: a run is received, checked and staged at once, its warnings are ticked off, it is published all
//! or nothing, and may be withdrawn.
//!
//! A check reads the file as a stream and stages each document, sealed, in pieces that nobody but payroll can read. Publishing is one short
//! transaction that sets the run's state: what is published is what was staged and seen, nothing is read again. What a check was based on
//! (staff records, other runs) is looked at once more before; where it has changed, the run is checked again and shown again.

mod jobs;
mod letters;
mod look;
mod model;
mod not_reached;
mod publish;
mod receive;
mod reseal;
mod service;
mod sql;
mod staging;
mod sweep;
mod words;

pub(crate) use jobs::handlers;
pub(crate) use letters::composers;
pub use look::{LookError, StagedDocument, documents, find_document, look, staged_document};
pub use model::{Run, RunSummary, State, Totals};
pub use not_reached::{BatchError, NotReached, PART, Unreached, not_reached, print_batch};
pub use publish::{PublishError, Published, WithdrawError, call_off, publish, withdraw};
pub use receive::{MOST_BYTES, MOST_WAITING, ReceiveError, check_file, receive};
pub use reseal::{KeyNeeded, keys_needed, rotated};
pub use service::{
    ActError, MOST_FINDINGS, ReportError, SHOWN_OF_A_KIND, Tick, discard, findings, findings_of, last_run,
    recent, report_totals, run, summary, tick, ticks,
};
