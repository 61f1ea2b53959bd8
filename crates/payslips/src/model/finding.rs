use serde::{Deserialize, Serialize};

/// What a finding does to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// It keeps the run from being published.
    Error,
    /// It is ticked off, by kind, with a reason.
    Warning,
}

store::words! {
    /// What a check has found. Each kind is one check.
    pub enum FindingKind {
        /// The file cannot be read: its form, a header, a row.
        File = "file",
        /// A cell that holds something else than its column says: an amount, a date, a word.
        Cell = "cell",
        /// A row that a payslip needs is missing, or stands there twice.
        Row = "row",
        /// The rows of one payslip do not stand together, or it is there twice.
        Double = "double",
        /// The count or a control sum at the end is not that of the rows.
        Control = "control",
        /// The totals of payroll's own report differ.
        Report = "report",
        /// No such assignment at this employer, or not in that period.
        Unknown = "unknown",
        /// The payments do not sum to the gross pay.
        Gross = "gross",
        /// The deductions do not sum to their total.
        Deductions = "deductions",
        /// Gross less deductions is not the net pay.
        Net = "net",
        /// The parts of the net pay do not sum to it.
        NetParts = "net_parts",
        /// An NI number that cannot be one.
        NiNumber = "ni_number",
        /// An NI letter that is none.
        NiLetter = "ni_letter",
        /// A tax code that cannot be one.
        TaxCode = "tax_code",
        /// A pay date or period that does not fit.
        Dates = "dates",
        /// A bank account, which is never shown here.
        BankAccount = "bank_account",
        /// The run was published already.
        Published = "published",
        /// What a correction names is not there, or is replaced already.
        Replaces = "replaces",
        /// A P60 whose pay and tax do not agree.
        P60Total = "p60_total",
        /// Units times rate is not the amount.
        Line = "line",
        /// The year to date is not the previous one and this.
        YearToDate = "year_to_date",
        /// There is a year to date and nothing to hold it against.
        NoPrevious = "no_previous",
        /// The net pay has moved much.
        NetMoved = "net_moved",
        /// The net pay is nil or negative.
        NetNil = "net_nil",
        /// A line is paid by time and does not say how many hours.
        Hours = "hours",
        /// An unusual share of pensionable pay.
        Pension = "pension",
        /// Paid last time, and missing now.
        Missing = "missing",
    }
}

impl FindingKind {
    /// What it does to the run.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self {
            Self::Line
            | Self::YearToDate
            | Self::NoPrevious
            | Self::NetMoved
            | Self::NetNil
            | Self::Hours
            | Self::Pension
            | Self::Missing => Severity::Warning,
            _ => Severity::Error,
        }
    }
}

/// One thing that a check has found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Which check.
    pub kind: FindingKind,
    /// The line of the file, the header being 1; none where it is about the whole file.
    pub line: Option<u64>,
    /// The column's name.
    pub column: Option<String>,
    /// The assignment's number.
    pub person: Option<String>,
    /// What would be right.
    pub expected: Option<String>,
    /// What stands there, shortened.
    pub found: Option<String>,
    /// What is wrong and what to do, in a sentence.
    pub text: String,
}
