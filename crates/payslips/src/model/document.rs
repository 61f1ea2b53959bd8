use serde::{Deserialize, Serialize};
use store::Day;

use super::{Decimal, Frequency, Pence};

/// From the first to the last day that pay is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Period {
    /// The first day.
    pub from: Day,
    /// The last day.
    pub to: Day,
}

/// Whose document it is, as it stood when payroll published it: a payslip does not change with its person's name. A document that was just
/// read from a file has an empty one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heading {
    /// The employer's name.
    pub employer: String,
    /// The person's title, first names and last name.
    pub name: String,
    /// The employee number.
    pub employee_number: String,
    /// The assignment's number.
    pub assignment_number: String,
    /// The position, where the record has one.
    pub position: Option<String>,
    /// The department.
    pub department: Option<String>,
    /// The location.
    pub location: Option<String>,
}

/// Something that payroll says about the person or the pay, in words: `Tax code`, `1257L`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    /// What it is.
    pub description: String,
    /// What it says.
    pub text: String,
}

/// A named amount.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    /// What it is.
    pub description: String,
    /// How much.
    pub amount: Pence,
}

/// A payment or a deduction, with what it was computed from, where payroll says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What it is.
    pub description: String,
    /// How many units.
    pub units: Option<Decimal>,
    /// What a unit is: `hours` where it is paid by time.
    pub unit: Option<String>,
    /// The rate, in pounds.
    pub rate: Option<Decimal>,
    /// How much.
    pub amount: Pence,
}

/// One assignment's pay of one period in one run (ERA 1996 s.8 says what has to stand on it).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payslip {
    /// Whose it is.
    pub heading: Heading,
    /// How often this assignment is paid.
    pub frequency: Frequency,
    /// The period.
    pub period: Period,
    /// The day it is paid.
    pub pay_date: Day,
    /// NI number, tax code and the like, in payroll's order.
    pub details: Vec<Detail>,
    /// Payments, one by one.
    pub payments: Vec<Line>,
    /// Deductions, one by one.
    pub deductions: Vec<Line>,
    /// The employer's contributions.
    pub employer: Vec<Amount>,
    /// Pay of this period by kind: taxable, pensionable and the like.
    pub this_period: Vec<Amount>,
    /// Since 6 April.
    pub year_to_date: Vec<Amount>,
    /// All payments.
    pub gross: Pence,
    /// All deductions.
    pub total_deductions: Pence,
    /// What is paid.
    pub net: Pence,
    /// How it is paid: parts by method. Never a bank account.
    pub net_parts: Vec<Amount>,
    /// The employer's messages.
    pub messages: Vec<String>,
}

/// Pay and the tax on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayAndTax {
    /// The pay.
    pub pay: Pence,
    /// The tax; negative for a refund.
    pub tax: Pence,
}

/// A year's earnings under one National Insurance letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NiEarnings {
    /// The letter.
    pub letter: String,
    /// Earnings at the lower earnings limit.
    pub at_lower_limit: Pence,
    /// Earnings from there to the primary threshold.
    pub to_primary_threshold: Pence,
    /// Earnings from there to the upper earnings limit.
    pub to_upper_limit: Pence,
    /// The employee's contributions.
    pub contributions: Pence,
}

/// A person's tax year: what HMRC's form RD1 asks of a substitute P60.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct P60 {
    /// Whose it is.
    pub heading: Heading,
    /// The tax year that ended on 5 April of this year.
    pub year_ended: i16,
    /// The employer's PAYE reference.
    pub paye_reference: String,
    /// The employer's address, line by line.
    pub employer_address: Vec<String>,
    /// NI number, final tax code and the like.
    pub details: Vec<Detail>,
    /// In previous employments.
    pub previous: PayAndTax,
    /// In this employment.
    pub this: PayAndTax,
    /// National Insurance by letter.
    pub ni: Vec<NiEarnings>,
    /// Statutory payments that are in the pay of this employment.
    pub statutory: Vec<Amount>,
    /// Student and postgraduate loan deductions, in whole pounds.
    pub loans: Vec<Amount>,
    /// Whether it stands in the place of an earlier one, and is marked so.
    pub replacement: bool,
}

/// What one row of `pay_document` holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Document {
    /// A payslip.
    Payslip(Box<Payslip>),
    /// A P60.
    P60(Box<P60>),
}
