//! The columns of a run file and the sections of its rows.

use tables::{Column, Form, Kind, Limits};

use super::Options;
use crate::WhichDocument;

/// The columns, by their place in [`COLUMNS`].
pub(super) const ASSIGNMENT: usize = 0;
pub(super) const PAY_DATE: usize = 1;
pub(super) const FROM: usize = 2;
pub(super) const TO: usize = 3;
pub(super) const SECTION: usize = 4;
pub(super) const DESCRIPTION: usize = 5;
pub(super) const UNITS: usize = 6;
pub(super) const UNIT: usize = 7;
pub(super) const RATE: usize = 8;
pub(super) const AMOUNT: usize = 9;
pub(super) const TEXT: usize = 10;

/// The columns of a run file. Each is there, in any order.
pub(super) const COLUMNS: [Column; 11] = [
    column("Assignment number", Kind::Text),
    column("Pay date", Kind::Day),
    column("Period from", Kind::Day),
    column("Period to", Kind::Day),
    column("Section", Kind::Text),
    column("Description", Kind::Text),
    column("Units", Kind::Number),
    column("Unit", Kind::Text),
    column("Rate", Kind::Number),
    column("Amount", Kind::Number),
    column("Text", Kind::Text),
];

const fn column(name: &'static str, kind: Kind) -> Column {
    Column { name, required: true, kind }
}

/// What a column is called.
pub(crate) fn name(column: usize) -> &'static str {
    COLUMNS[column].name
}

pub(crate) mod names {
    //! What columns are called where a check names one.
    pub(crate) const PAY_DATE: &str = super::COLUMNS[super::PAY_DATE].name;
    pub(crate) const PERIOD: &str = super::COLUMNS[super::TO].name;
    pub(crate) const DESCRIPTION: &str = super::COLUMNS[super::DESCRIPTION].name;
    pub(crate) const UNITS: &str = super::COLUMNS[super::UNITS].name;
    pub(crate) const AMOUNT: &str = super::COLUMNS[super::AMOUNT].name;
    pub(crate) const TEXT: &str = super::COLUMNS[super::TEXT].name;
}

/// A row's cells have so many bytes at most.
const MOST_ROW: usize = 64 * 1024;
/// A workbook has so many columns at most.
const MOST_COLUMNS: usize = 100;

/// The table of a run file.
pub(super) fn form(options: &Options) -> Form<'static> {
    let limits =
        Limits { bytes: options.most_bytes, lines: options.most_rows, columns: MOST_COLUMNS, row: MOST_ROW };
    Form { columns: &COLUMNS, sheet: "payslips", limits }
}

/// What a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Run,
    Details,
    Payment,
    Deduction,
    Employer,
    ThisPeriod,
    YearToDate,
    Total,
    Net,
    Message,
    Replaces,
    PreviousEmployment,
    ThisEmployment,
    Ni,
    Statutory,
    Loan,
    Trailer,
}

impl Section {
    const ALL: [Self; 17] = [
        Self::Payment,
        Self::Deduction,
        Self::YearToDate,
        Self::ThisPeriod,
        Self::Employer,
        Self::Details,
        Self::Total,
        Self::Net,
        Self::Message,
        Self::Replaces,
        Self::Ni,
        Self::ThisEmployment,
        Self::PreviousEmployment,
        Self::Statutory,
        Self::Loan,
        Self::Run,
        Self::Trailer,
    ];

    /// How it is written.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Details => "details",
            Self::Payment => "payment",
            Self::Deduction => "deduction",
            Self::Employer => "employer",
            Self::ThisPeriod => "this period",
            Self::YearToDate => "year to date",
            Self::Total => "total",
            Self::Net => "net",
            Self::Message => "message",
            Self::Replaces => "replaces",
            Self::PreviousEmployment => "previous employment",
            Self::ThisEmployment => "this employment",
            Self::Ni => "ni",
            Self::Statutory => "statutory",
            Self::Loan => "loan",
            Self::Trailer => "trailer",
        }
    }

    /// A section by its name in any case.
    pub(super) fn read(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|section| same(section.as_str(), text))
    }

    /// Whether documents of this kind have it.
    pub(super) const fn is_of(self, document: WhichDocument) -> bool {
        match self {
            Self::Details | Self::Replaces | Self::Total => true,
            Self::Payment
            | Self::Deduction
            | Self::Employer
            | Self::ThisPeriod
            | Self::YearToDate
            | Self::Net
            | Self::Message => matches!(document, WhichDocument::Payslips),
            Self::PreviousEmployment | Self::ThisEmployment | Self::Ni | Self::Statutory | Self::Loan => {
                matches!(document, WhichDocument::P60s)
            }
            Self::Run | Self::Trailer => false,
        }
    }

    /// Which cells its rows have to have, and which they may.
    pub(super) const fn cells(self) -> (&'static [usize], &'static [usize]) {
        match self {
            Self::Run | Self::Details => (&[DESCRIPTION, TEXT], &[]),
            Self::Payment | Self::Deduction => (&[DESCRIPTION, AMOUNT], &[UNITS, UNIT, RATE]),
            Self::Message | Self::Replaces => (&[TEXT], &[]),
            Self::Ni => (&[DESCRIPTION, AMOUNT, TEXT], &[]),
            Self::Trailer => (&[TEXT], &[UNITS, RATE, AMOUNT]),
            _ => (&[DESCRIPTION, AMOUNT], &[]),
        }
    }
}

/// Whether two words are one, in any case and with `_` or `-` for a space.
pub(super) fn same(one: &str, other: &str) -> bool {
    let plain = |byte: u8| match byte {
        b'_' | b'-' => b' ',
        other => other.to_ascii_lowercase(),
    };
    one.len() == other.len() && one.bytes().zip(other.bytes()).all(|(one, other)| plain(one) == plain(other))
}
