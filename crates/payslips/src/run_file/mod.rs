//! The run file: how payroll hands a run over. [`read`] reads and checks it as far as the file alone can be checked, one payslip at a time;
//! [`write`] writes one, for the demo, the template and tests. `docs/run-file.md` tells payroll what stands in it.

mod block;
pub(crate) mod form;
mod head;
mod model;
mod number;
mod read;
mod words;
mod write;

pub use model::{Block, Event, Lines, Options, Summary, Sums, tax_year};
pub use number::amount;
pub use read::read;
pub(crate) use words::report_differs;
pub use write::{Writer, template, write};
