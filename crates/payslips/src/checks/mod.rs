//! The rules that a run is checked by: pure, in whole pennies, without a database. [`run_file::read`](crate::run_file::read) applies those that a
//! file can be checked by alone; [`against_previous`] holds a payslip against the one before, [`against_report`] a file without trailer against
//! the totals of payroll's own report. Nothing here computes pay: it only asks whether what payroll says agrees with itself.

mod forms;
mod limits;
mod previous;
mod words;

use store::Day;
pub(crate) use tables::shortened;

pub use limits::{Limits, PensionTiers};
pub use previous::against_previous;

use crate::{
    Detail, Finding, FindingKind, Frequency, Line, P60, Payslip, Pence, Period, RunHead, RunKind,
    WhichDocument,
    model::PENNY,
    run_file::{Lines, Options, Summary, form::names, report_differs, tax_year},
};

/// A pay date is so many days behind its period at most, in a main run; a supplementary one or a correction may be for long ago.
const MOST_DAYS_LATE: i32 = 62;
const MOST_DAYS_LATER: i32 = 3 * 366;
/// A pay date is so many days ahead at most.
const MOST_DAYS_AHEAD: i32 = 62;

/// A finding at a cell.
pub(crate) fn at(
    kind: FindingKind,
    line: u64,
    column: &str,
    person: Option<&str>,
    text: impl Into<String>,
) -> Finding {
    Finding {
        kind,
        line: Some(line).filter(|line| *line > 0),
        column: Some(column.to_owned()),
        person: person.map(str::to_owned),
        expected: None,
        found: None,
        text: text.into(),
    }
}

/// A finding about the whole file.
pub(crate) fn of_file(kind: FindingKind, text: impl Into<String>) -> Finding {
    Finding { line: None, column: None, ..at(kind, 0, "", None, text) }
}

/// The totals of payroll's own report, which somebody types where a file has no trailer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// Payslips or P60s.
    pub people: u64,
    /// The sum of their gross pay; of P60s, of the pay in this employment.
    pub gross: Pence,
    /// The sum of their deductions; of P60s, of the tax in this employment.
    pub deductions: Pence,
    /// The sum of their net pay; of P60s, of pay less tax.
    pub net: Pence,
}

/// Where a file comes to something else than payroll's report.
#[must_use]
pub fn against_report(summary: &Summary, report: &Report) -> Vec<Finding> {
    let differs = |what: &str, expected: String, found: String| {
        (expected != found).then(|| Finding {
            expected: Some(expected),
            found: Some(found),
            ..of_file(FindingKind::Report, report_differs(what))
        })
    };
    let money = |what, expected: Pence, found: Pence| differs(what, expected.to_string(), found.to_string());
    let all = [
        differs("payslips or P60s", report.people.to_string(), summary.people.to_string()),
        money("gross pay", report.gross, summary.gross),
        money("deductions", report.deductions, summary.deductions),
        money("net pay", report.net, summary.net),
    ];
    all.into_iter().flatten().collect()
}

/// What is collected about one document.
struct Check<'a> {
    person: &'a str,
    findings: Vec<Finding>,
}

impl Check<'_> {
    fn found(&mut self, kind: FindingKind, line: u64, column: &str, text: impl Into<String>) -> &mut Finding {
        let finding = at(kind, line, column, Some(self.person), text);
        self.findings.push(finding);
        // It was just put there.
        let last = self.findings.len() - 1;
        &mut self.findings[last]
    }

    /// Two amounts that have to be one.
    fn same(&mut self, kind: FindingKind, line: u64, expected: Pence, found: Pence, text: &str) {
        if expected != found {
            let finding = self.found(kind, line, names::AMOUNT, text);
            (finding.expected, finding.found) = (Some(expected.to_string()), Some(found.to_string()));
        }
    }

    fn value(&mut self, kind: FindingKind, line: u64, column: &str, value: &str, text: &str) {
        self.found(kind, line, column, text).found = Some(shortened(value));
    }

    /// NI number, tax code and the like.
    fn details(&mut self, details: &[Detail], lines: &[u64], options: &Options) {
        for (Detail { description, text }, line) in details.iter().zip(places(lines)) {
            if is_named(description, &["NI number", "National Insurance number"]) {
                if !forms::is_ni_number(text, options.demo_numbers) {
                    self.value(FindingKind::NiNumber, line, names::TEXT, text, words::NI_NUMBER);
                }
            } else if is_named(description, &["NI letter", "NI category", "NI category letter"]) {
                if !forms::is_ni_letter(text) {
                    self.value(FindingKind::NiLetter, line, names::TEXT, text, words::NI_LETTER);
                }
            } else if is_named(description, &["Tax code", "Final tax code"]) {
                if !forms::is_tax_code(text) {
                    self.value(FindingKind::TaxCode, line, names::TEXT, text, words::TAX_CODE);
                }
            } else if forms::tells_account(description, text) {
                self.found(FindingKind::BankAccount, line, names::TEXT, words::BANK_ACCOUNT);
            }
        }
    }

    /// A payment or deduction that says what it was computed from.
    fn line(&mut self, line: &Line, place: u64) {
        let Some((units, rate)) = line.units.zip(line.rate) else { return };
        // Payroll writes the units and rate of what is taken back with either sign.
        let amount = line.amount;
        let off = units.times_less(rate, amount).abs();
        let other_way = units.times_less(rate, -amount).abs();
        if off.min(other_way) > PENNY {
            let product = i128::from(units.0) * i128::from(rate.0);
            let pence = (product.abs() + PENNY / 2) / PENNY * product.signum();
            let finding = self.found(FindingKind::Line, place, names::AMOUNT, words::LINE);
            finding.expected = i64::try_from(pence).ok().map(|pence| Pence(pence).to_string());
            finding.found = Some(amount.to_string());
        }
    }

    /// The share of pensionable pay.
    fn pension(&mut self, payslip: &Payslip, lines: &Lines, limits: &Limits) {
        let Some(tiers) = limits.tiers(payslip.pay_date) else { return };
        let pay = payslip.this_period.iter().find(|pay| is_named(&pay.description, &["Pensionable pay"]));
        let Some(pay) = pay.map(|pay| pay.amount.0).filter(|pay| *pay > 0) else { return };
        let is_usual = |line: &Line| {
            let name = line.description.to_lowercase();
            let other = ["avc", "added", "additional", "arrears", "arrs", "refund", "buy"];
            name.contains("pension") && !other.iter().any(|other| name.contains(other))
        };
        let paid: Vec<(&Line, u64)> = payslip
            .deductions
            .iter()
            .zip(places(&lines.deductions))
            .filter(|(line, _)| is_usual(line))
            .collect();
        let Some((_, place)) = paid.first() else { return };
        let sum: i64 = paid.iter().map(|(line, _)| line.amount.0).sum();
        // In hundredths of a percent, times the pay: a tenth of a point is ten of them, and a penny is rounding.
        let off = |tier: &u16| (sum * 10_000 - i64::from(*tier) * pay).abs();
        if !tiers.iter().any(|tier| off(tier) <= 10 * pay + 10_000) {
            let share = (sum * 10_000 + pay / 2).div_euclid(pay);
            let shares: Vec<String> = tiers.iter().map(|tier| words::percent(i64::from(*tier))).collect();
            let finding = self.found(FindingKind::Pension, *place, names::AMOUNT, words::PENSION);
            finding.expected = Some(shares.join(", "));
            finding.found = Some(words::percent(share));
        }
    }
}

/// The lines of a list, and 0 where the document was not read from a file.
fn places(lines: &[u64]) -> impl Iterator<Item = u64> {
    lines.iter().copied().chain(std::iter::repeat(0))
}

/// Whether a description is one of these names, in any case.
fn is_named(description: &str, names: &[&str]) -> bool {
    names.iter().any(|name| name.eq_ignore_ascii_case(description))
}

fn sum(amounts: impl Iterator<Item = Pence>) -> Pence {
    amounts.sum()
}

/// What is wrong with a payslip, or unusual. Its sums are held against each other only where all its rows were read.
pub(crate) fn payslip(
    payslip: &Payslip,
    lines: &Lines,
    person: &str,
    options: &Options,
    whole: bool,
) -> Vec<Finding> {
    let mut check = Check { person, findings: Vec::new() };
    check.details(&payslip.details, &lines.details, options);
    for (part, line) in payslip.net_parts.iter().zip(places(&lines.net_parts)) {
        if forms::names_account(&part.description) {
            check.found(FindingKind::BankAccount, line, names::DESCRIPTION, words::BANK_ACCOUNT);
        }
    }
    for (message, line) in payslip.messages.iter().zip(places(&lines.messages)) {
        if forms::tells_account("", message) {
            check.found(FindingKind::BankAccount, line, names::TEXT, words::BANK_ACCOUNT);
        }
    }
    for (line, place) in payslip.payments.iter().zip(places(&lines.payments)) {
        check.line(line, place);
        let timed = line.units.is_none() && forms::is_paid_by_time(&line.description, line.unit.as_deref());
        // Units that could not be read are no missing ones.
        if timed && whole {
            check.value(FindingKind::Hours, place, names::UNITS, &line.description, words::HOURS);
        }
    }
    for (line, place) in payslip.deductions.iter().zip(places(&lines.deductions)) {
        check.line(line, place);
    }
    if !whole {
        return check.findings;
    }
    let gross = sum(payslip.payments.iter().map(|line| line.amount));
    check.same(FindingKind::Gross, lines.gross, gross, payslip.gross, words::GROSS);
    let deductions = sum(payslip.deductions.iter().map(|line| line.amount));
    let total = payslip.total_deductions;
    check.same(FindingKind::Deductions, lines.total_deductions, deductions, total, words::DEDUCTIONS);
    check.same(FindingKind::Net, lines.net, payslip.gross - total, payslip.net, words::NET);
    if let Some(line) = lines.net_parts.first().copied().or(payslip.net_parts.first().map(|_| 0)) {
        let parts = sum(payslip.net_parts.iter().map(|part| part.amount));
        check.same(FindingKind::NetParts, line, payslip.net, parts, words::NET_PARTS);
    }
    if payslip.net <= Pence(0) {
        let text = if payslip.net == Pence(0) { words::NET_NIL } else { words::NET_NEGATIVE };
        check.found(FindingKind::NetNil, lines.net, names::AMOUNT, text).found =
            Some(payslip.net.to_string());
    }
    check.pension(payslip, lines, &options.limits);
    check.findings
}

/// What is wrong with a P60. A file may say pay and tax of both employments together.
pub(crate) fn p60(
    p60: &P60,
    total: Option<[Option<Pence>; 2]>,
    lines: &Lines,
    person: &str,
    options: &Options,
) -> Vec<Finding> {
    let mut check = Check { person, findings: Vec::new() };
    check.details(&p60.details, &lines.details, options);
    for (ni, line) in p60.ni.iter().zip(places(&lines.ni)) {
        if !forms::is_ni_letter(&ni.letter) {
            check.value(FindingKind::NiLetter, line, names::DESCRIPTION, &ni.letter, words::NI_LETTER);
        }
    }
    let both = [
        (p60.previous.pay + p60.this.pay, lines.gross, words::P60_PAY),
        (p60.previous.tax + p60.this.tax, lines.total_deductions, words::P60_TAX),
    ];
    for (total, (both, line, text)) in total.into_iter().flatten().zip(both) {
        if let Some(total) = total {
            check.same(FindingKind::P60Total, line, both, total, text);
        }
    }
    check.findings
}

/// What is wrong with a document's pay date and period. All but corrections have those of the first document.
pub(crate) fn dates(
    head: &RunHead,
    pay_date: Day,
    period: Period,
    first: Option<(Day, Period)>,
    today: Day,
    line: u64,
    person: &str,
) -> Vec<Finding> {
    let mut check = Check { person, findings: Vec::new() };
    let mut found = |column: &str, day: Day, expected: Option<String>, text: &str| {
        let finding = check.found(FindingKind::Dates, line, column, text);
        (finding.expected, finding.found) = (expected, Some(day.to_string()));
    };
    if let Some((first_date, first_period)) = first {
        if first_date != pay_date {
            found(names::PAY_DATE, pay_date, Some(first_date.to_string()), words::OTHER_PAY_DATE);
        }
        if first_period != period {
            let expected = format!("{} to {}", first_period.from, first_period.to);
            found(names::PERIOD, period.to, Some(expected), words::OTHER_PERIOD);
        }
    }
    if head.document == WhichDocument::P60s {
        let year = tax_year(pay_date.date().year());
        if year.is_none_or(|year| year.to != pay_date || year != period) {
            found(names::PAY_DATE, pay_date, None, words::P60_DATES);
        } else if pay_date > today {
            found(names::PAY_DATE, pay_date, None, words::P60_EARLY);
        }
        return check.findings;
    }
    let days = (period.to.date() - period.from.date()).get_days() + 1;
    let late = if head.kind == RunKind::Main { MOST_DAYS_LATE } else { MOST_DAYS_LATER };
    let right = match head.frequency {
        Some(Frequency::Month) => (28..=31).contains(&days),
        Some(Frequency::FourWeeks) => days == 28,
        Some(Frequency::Week) => days == 7,
        None => days >= 1,
    };
    if period.from > period.to {
        found(names::PERIOD, period.to, None, words::PERIOD_ENDS_EARLY);
    } else if !right {
        found(names::PERIOD, period.to, None, words::PERIOD_LENGTH);
    } else if pay_date < period.from || pay_date > period.to.plus_days(late) {
        found(names::PAY_DATE, pay_date, None, words::PAY_DATE_FAR);
    } else if pay_date > today.plus_days(MOST_DAYS_AHEAD) {
        found(names::PAY_DATE, pay_date, None, words::PAY_DATE_AHEAD);
    }
    check.findings
}
