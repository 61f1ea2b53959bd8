//! Tables that people send: CSV files and Excel workbooks (`.xlsx`), read row by row into cells of text.
//!
//! A room says in a [`Form`] which columns its table has and how much of it is read; [`read`] finds out what a file is, and calls back with
//! each [`Event`]: a row, or a [`Finding`] that says in plain words what is wrong and where. Nothing in a file decides how much room is made:
//! it is read twice and never held, a CSV file piece by piece, a workbook part by part, each within limits.
//!
//! What a cell means is the room's to say; only days are read here ([`day`]), since a workbook has numbers for them.

mod csv;
mod day;
mod file;
mod finding;
mod form;
mod header;
mod rows;
mod words;
mod workbook;

pub use day::day;
pub use file::{read, read_text};
pub use finding::Finding;
pub use form::{Column, Form, Kind, Limits};
pub use rows::{Cells, Event};
pub use words::{DATE_FORM, FILE_EMPTY, NO_SUCH_DAY, YEAR_UNLIKELY, file_too_large, shortened};
