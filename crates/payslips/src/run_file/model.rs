use std::fmt;

use store::Day;

use crate::{Document, Finding, Heading, P60, Payslip, Pence, Period, RunHead, checks::Limits};

/// How a run file is read.
#[derive(Clone, Debug)]
pub struct Options {
    /// The day on which it is read, for the pay dates that make sense.
    pub today: Day,
    /// Whether NI numbers that begin with `QQ` are let in: HMRC's samples, which are nobody's. For demos.
    pub demo_numbers: bool,
    /// So many bytes are read at most.
    pub most_bytes: u64,
    /// So many rows are read at most.
    pub most_rows: u64,
    /// What is usual.
    pub limits: Limits,
}

impl Options {
    /// What is read where no setting says otherwise.
    pub const MOST_BYTES: u64 = 2 * 1024 * 1024 * 1024;
    /// What is read where no setting says otherwise: some 400,000 payslips.
    pub const MOST_ROWS: u64 = 10_000_000;

    /// With the limits that hold where no setting says otherwise, and without made-up numbers.
    #[must_use]
    pub fn new(today: Day) -> Self {
        Self {
            today,
            demo_numbers: false,
            most_bytes: Self::MOST_BYTES,
            most_rows: Self::MOST_ROWS,
            limits: Limits::default(),
        }
    }
}

/// What reading a run file comes upon: its head first, then each payslip or P60.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// What the file says about all of the run.
    Head(RunHead),
    /// The rows of one payslip or P60.
    Block(Box<Block>),
}

/// A payslip or P60 as it stands in a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// The line that it begins on.
    pub line: u64,
    /// Whose it is.
    pub assignment_number: String,
    /// The day it is paid; of a P60, 5 April of the year ended.
    pub pay_date: Day,
    /// The period; of a P60, the tax year.
    pub period: Period,
    /// In a correction, the reference of the run whose document it replaces.
    pub replaces: Option<String>,
    /// The document, whose heading is empty: the file does not know the person's name.
    pub document: Document,
    /// On which lines its rows stand.
    pub lines: Lines,
    /// What is wrong with it, or unusual, as far as the file alone shows it.
    pub findings: Vec<Finding>,
}

impl Block {
    /// A payslip to be written into a file.
    #[must_use]
    pub fn of_payslip(assignment_number: &str, replaces: Option<&str>, payslip: Payslip) -> Self {
        Self {
            line: 0,
            assignment_number: assignment_number.to_owned(),
            pay_date: payslip.pay_date,
            period: payslip.period,
            replaces: replaces.map(str::to_owned),
            document: Document::Payslip(Box::new(Payslip { heading: Heading::default(), ..payslip })),
            lines: Lines::default(),
            findings: Vec::new(),
        }
    }

    /// A P60 to be written into a file; none where its year is beyond the calendar.
    #[must_use]
    pub fn of_p60(assignment_number: &str, replaces: Option<&str>, p60: P60) -> Option<Self> {
        let period = tax_year(p60.year_ended)?;
        Some(Self {
            line: 0,
            assignment_number: assignment_number.to_owned(),
            pay_date: period.to,
            period,
            replaces: replaces.map(str::to_owned),
            document: Document::P60(Box::new(P60 { heading: Heading::default(), ..p60 })),
            lines: Lines::default(),
            findings: Vec::new(),
        })
    }
}

/// The tax year that ended on 5 April of a year.
#[must_use]
pub fn tax_year(ended: i16) -> Option<Period> {
    Some(Period { from: Day::new(ended.checked_sub(1)?, 4, 6)?, to: Day::new(ended, 4, 5)? })
}

/// On which line of the file each row of a document stands, in the order of the document's own lists; 0 where it stands in none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// NI number, tax code and the like.
    pub details: Vec<u64>,
    /// Payments.
    pub payments: Vec<u64>,
    /// Deductions.
    pub deductions: Vec<u64>,
    /// The employer's contributions.
    pub employer: Vec<u64>,
    /// Pay of this period by kind.
    pub this_period: Vec<u64>,
    /// Since 6 April.
    pub year_to_date: Vec<u64>,
    /// Parts of the net pay.
    pub net_parts: Vec<u64>,
    /// Messages.
    pub messages: Vec<u64>,
    /// National Insurance, where each letter begins.
    pub ni: Vec<u64>,
    /// All payments; of a P60, the pay of both employments.
    pub gross: u64,
    /// All deductions; of a P60, the tax in both employments.
    pub total_deductions: u64,
    /// What is paid.
    pub net: u64,
    /// Which run's document it replaces.
    pub replaces: u64,
}

/// Control sums, exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Of the column Units, in millionths.
    pub units: i128,
    /// Of the column Rate, in millionths.
    pub rate: i128,
    /// Of the column Amount, in pence.
    pub amount: i128,
}

/// What a file comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rows, the header and the trailer apart.
    pub rows: u64,
    /// Payslips or P60s.
    pub people: u64,
    /// The sum of their gross pay; of P60s, of the pay in this employment.
    pub gross: Pence,
    /// The sum of their deductions; of P60s, of the tax in this employment.
    pub deductions: Pence,
    /// The sum of their net pay; of P60s, of pay less tax.
    pub net: Pence,
    /// The control sums of all rows.
    pub sums: Sums,
    /// Whether there is a trailer, against which rows and sums were held. Where there is none, somebody has to type the totals of payroll's own
    /// report, which [`checks::against_report`](crate::checks::against_report) holds against this.
    pub trailer: bool,
    /// What is wrong with the file as a whole, or with rows that belong to no document; at most [`Self::MOST_FINDINGS`].
    pub findings: Vec<Finding>,
    /// How many more there are.
    pub more: u64,
}

impl Summary {
    /// So many findings are listed.
    pub const MOST_FINDINGS: usize = 1000;

    pub(super) fn found(&mut self, finding: Finding) {
        if self.findings.len() < Self::MOST_FINDINGS {
            self.findings.push(finding);
        } else {
            self.more += 1;
        }
    }
}

/// Millionths as a file writes them: `1234.5`.
pub(super) struct Millionths(pub(super) i128);

impl fmt::Display for Millionths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, parts) = (self.0.unsigned_abs() / 1_000_000, self.0.unsigned_abs() % 1_000_000);
        let digits = format!("{parts:06}");
        let more = digits[2..].trim_end_matches('0');
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{whole}.{}{more}", &digits[..2])
    }
}
