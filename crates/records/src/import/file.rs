//! From a staff file to rows of cells.

use std::borrow::Cow;

use tables::{Form, Kind, Limits};

use super::Column;

/// A staff file has so many bytes at most.
pub const MOST_BYTES: usize = 64 * 1024 * 1024;
/// A staff file has so many lines at most, the header apart.
pub const MOST_LINES: usize = 250_000;
/// A staff file has so many columns at most.
pub const MOST_COLUMNS: usize = 100;

const COLUMNS: [tables::Column; Column::ALL.len()] = {
    let mut columns = [tables::Column { name: "", required: false, kind: Kind::Text }; Column::ALL.len()];
    let mut at = 0;
    while at < columns.len() {
        let column = Column::ALL[at];
        let kind = if column.is_date() { Kind::Day } else { Kind::Text };
        columns[at] = tables::Column { name: column.as_str(), required: column.is_required(), kind };
        at += 1;
    }
    columns
};

/// What a staff file looks like.
pub(super) const FORM: Form<'static> = Form {
    columns: &COLUMNS,
    sheet: "staff",
    limits: Limits {
        bytes: MOST_BYTES as u64,
        lines: MOST_LINES as u64,
        columns: MOST_COLUMNS,
        row: MOST_BYTES,
    },
};

/// One row of the file.
pub(super) struct Cells<'a>(tables::Cells<'a>);

impl<'a> Cells<'a> {
    pub(super) fn new(cells: tables::Cells<'a>) -> Self {
        Self(cells)
    }

    pub(super) fn line(&self) -> u64 {
        self.0.line()
    }

    /// What stands in a column; `None` where the file has no such column.
    pub(super) fn get(&self, column: Column) -> Option<Cow<'a, str>> {
        self.0.get(column as usize)
    }
}
