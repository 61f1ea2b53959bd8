//! Loading staff from a file: [`plan`] reads and checks all of it against what is held, [`apply`] writes it, all or nothing.
//!
//! The file is CSV or an Excel workbook (`.xlsx`). Its columns are [`Column`]s, in any order; [`template`] is an example and [`help`] says what each holds. A
//! column that is missing leaves what is held, an empty cell clears it. Several rows with one employee number are the person's
//! assignments. A row that is missing changes nothing: only leaving dates end a staff record.
//!
//! What HR uploads on a page is an [`upload`].

mod alike;
mod apply;
mod column;
mod compare;
mod elsewhere;
mod file;
mod finding;
mod groups;
mod jobs;
mod matching;
mod one;
mod piece;
mod plan;
mod row;
mod sql;
mod state;
pub mod upload;

pub use apply::{Applied, ApplyError, Options, apply};
pub use column::{Column, help, template};
pub use file::{MOST_BYTES, MOST_COLUMNS, MOST_LINES};
pub use finding::MOST_FINDINGS;
pub(crate) use jobs::loaded_handler;
pub use one::{Cells, CorrectError, Corrected, Correction, Editable, correct, editable};
pub use plan::{Change, Counts, Plan, PlanError, Planned, file_hash, plain_name, plan};
pub use tables::Finding;
