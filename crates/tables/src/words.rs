//! What people are told about a file.

use std::fmt::Write as _;

use crate::{Finding, Form};

/// Nothing stands in the file.
pub const FILE_EMPTY: &str = "the file is empty";
/// What stands there is no day in either form.
pub const DATE_FORM: &str = "this is not a date; write it as 1984-03-17 or 17/03/1984";
/// 31 February and the like.
pub const NO_SUCH_DAY: &str = "the calendar has no such day";
/// Beyond what anybody can mean.
pub const YEAR_UNLIKELY: &str = "the year has to be one from 1900 to 2200";

pub(crate) const BOOK_OLD: &str = "this is an Excel workbook of the old kind (.xls); in Excel, save it as an Excel Workbook (.xlsx) or as `CSV UTF-8`";
pub(crate) const BOOK_BINARY: &str = "this is a binary Excel workbook (.xlsb); in Excel, save it as an Excel Workbook (.xlsx) or as `CSV UTF-8`";
pub(crate) const BOOK_OPEN: &str =
    "this is an OpenDocument file (.ods); save it as an Excel Workbook (.xlsx) or as CSV";
pub(crate) const BOOK_LOCKED: &str =
    "this workbook is protected by a password; in Excel, take the password off and save it again";
pub(crate) const BOOK_MACROS: &str =
    "this workbook has macros; in Excel, save it as an Excel Workbook (.xlsx), which has none";
pub(crate) const BOOK_NONE: &str = "this is a ZIP file, not an Excel workbook or a CSV file; unpack it first";
pub(crate) const BOOK_UNPACKS: &str = "this workbook unpacks to more than such a file may hold; save only the sheet that is needed, or save it as `CSV UTF-8`";
pub(crate) const BOOK_BROKEN: &str = "this Excel workbook cannot be read, it may be damaged; open it in Excel and save it again, or save it as `CSV UTF-8`";
pub(crate) const BOOK_WITHOUT_SHEET: &str = "this workbook has no sheet that is not hidden";
pub(crate) const CELL_MERGED: &str =
    "these cells are merged; in Excel, choose Unmerge Cells and fill in each";
pub(crate) const CELL_WITHOUT_RESULT: &str =
    "this formula has no result in the file; open it in Excel and save it again, or paste the value itself";
pub(crate) const CELL_FROM_ELSEWHERE: &str =
    "this formula takes its value from another workbook; paste the value itself";
pub(crate) const CELL_IS_ERROR: &str = "this cell shows an error instead of a value";
pub(crate) const CELL_IS_DATE: &str =
    "Excel has made a date of this; format the cell as Text and write the value again";
pub(crate) const CELL_TOO_PRECISE: &str =
    "Excel keeps only fifteen digits of a number; format the cell as Text and write the value again";
pub(crate) const DATE_WITH_TIME: &str = "there is a time of day with this date; leave it away";
pub(crate) const FILE_IS_PAGE: &str =
    "this is a web page or XML, not a CSV file; the export may have failed or asked for a log-in";
pub(crate) const FILE_IS_UTF16: &str = "this text is in UTF-16; save it as `CSV UTF-8`";
pub(crate) const FILE_IS_BINARY: &str = "this is not a CSV file: it holds characters that no text has";
pub(crate) const NO_ROWS: &str = "the file has a header and nothing under it";
pub(crate) const QUOTE_NOT_CLOSED: &str = "a quotation mark is opened in this row and never closed";
pub(crate) const ROW_TOO_LONG: &str =
    "this row is longer than a row may be; the ends of lines may be missing, or a quotation mark left open";
pub(crate) const CELL_WITHOUT_NAME: &str =
    "this stands under a column without a name; name the column or clear the cell";
pub(crate) const COLUMN_TWICE: &str = "the header has this column twice";
pub(crate) const COLUMN_MISSING: &str = "the header lacks this column";

/// A finding with its place, in one line.
pub(crate) fn finding(finding: &Finding) -> String {
    let mut text = String::new();
    let mut place = Vec::new();
    if let Some(line) = finding.line {
        place.push(format!("line {line}"));
    }
    place.extend(finding.column.clone());
    if let Some(value) = finding.value.as_ref().filter(|value| !value.is_empty()) {
        place.push(format!("{value:?}"));
    }
    if !place.is_empty() {
        let _ = write!(text, "{}: ", place.join(", "));
    }
    text.push_str(&finding.text);
    text
}

/// The beginning of a value, for a message.
#[must_use]
pub fn shortened(value: &str) -> String {
    match value.char_indices().nth(60) {
        Some((at, _)) => format!("{}…", &value[..at]),
        None => value.to_owned(),
    }
}

/// The file has more bytes than are read.
#[must_use]
pub fn file_too_large(most: u64) -> String {
    format!("the file is larger than {} MiB; split it", number(most / 1024 / 1024))
}

pub(crate) fn too_many_lines(most: u64) -> String {
    format!("the file has more than {} lines; split it", number(most))
}

pub(crate) fn cell_count(has: usize, width: usize) -> String {
    format!(
        "this row has {has} cells where the header has {width}; a separator may be missing or too many, or a quotation mark left open"
    )
}

pub(crate) fn too_many_columns(most: usize) -> String {
    format!("there are more than {most} columns; delete those that do not belong to this table")
}

pub(crate) fn only_sheet(name: &str, others: usize) -> String {
    let others =
        if others == 1 { "1 other sheet was".to_owned() } else { format!("{others} other sheets were") };
    format!("only the sheet {:?} was read; {others} not", shortened(name))
}

pub(crate) fn unknown_column(nearest: usize, form: &Form<'_>) -> String {
    let nearest = form.columns.get(nearest).map_or("", |column| column.name);
    format!("there is no such column; the nearest is {nearest}")
}

/// `250,000`.
fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
