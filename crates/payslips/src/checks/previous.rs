//! A payslip and the one before.

use store::Day;

use super::{Check, is_named, places, words};
use crate::{
    Amount, Document, Finding, FindingKind, Line, Payslip, Pence,
    checks::Limits,
    run_file::{Block, form::names},
};

/// What is unusual about a payslip beside its person's previous one, if there is any: a year to date that is not the previous one and this, and a
/// net pay that has moved much. All of it are warnings. A P60 has nothing before it.
#[must_use]
pub fn against_previous(block: &Block, previous: Option<&Payslip>, limits: &Limits) -> Vec<Finding> {
    let Document::Payslip(payslip) = &block.document else { return Vec::new() };
    let mut check = Check { person: &block.assignment_number, findings: Vec::new() };
    year_to_date(&mut check, payslip, previous, &block.lines.year_to_date);
    if let Some(previous) = previous.filter(|previous| previous.frequency == payslip.frequency) {
        let (before, now) = (i128::from(previous.net.0), i128::from(payslip.net.0));
        if (now - before).abs() * 100 > before.abs() * i128::from(limits.net_moved_percent) {
            let text = words::net_moved(limits.net_moved_percent);
            let finding = check.found(FindingKind::NetMoved, block.lines.net, names::AMOUNT, text);
            (finding.expected, finding.found) =
                (Some(previous.net.to_string()), Some(payslip.net.to_string()));
        }
    }
    check.findings
}

fn year_to_date(check: &mut Check<'_>, payslip: &Payslip, previous: Option<&Payslip>, lines: &[u64]) {
    let same_year = previous.filter(|previous| year_begun(previous.pay_date) == year_begun(payslip.pay_date));
    let before = |name: &str| same_year.and_then(|previous| named(&previous.year_to_date, name));
    let mut without = None;
    for (amount, line) in payslip.year_to_date.iter().zip(places(lines)) {
        let (name, before) = (amount.description.as_str(), before(&amount.description));
        let this = of_period(payslip, name);
        // What neither payslip tells of its own period cannot be added up.
        if this.is_none() && previous.is_none_or(|previous| of_period(previous, name).is_none()) {
            continue;
        }
        let expected = before.unwrap_or_default() + this.unwrap_or_default();
        if expected == amount.amount {
            continue;
        }
        if previous.is_none() {
            without.get_or_insert((line, expected, amount.amount));
            continue;
        }
        let finding = check.found(FindingKind::YearToDate, line, names::AMOUNT, words::YEAR_TO_DATE);
        (finding.expected, finding.found) = (Some(expected.to_string()), Some(amount.amount.to_string()));
    }
    // One for all: nothing is there to hold any of them against.
    if let Some((line, expected, found)) = without {
        let finding = check.found(FindingKind::NoPrevious, line, names::AMOUNT, words::NO_PREVIOUS);
        (finding.expected, finding.found) = (Some(expected.to_string()), Some(found.to_string()));
    }
    for gone in same_year.iter().flat_map(|previous| &previous.year_to_date) {
        if gone.amount != Pence(0) && named(&payslip.year_to_date, &gone.description).is_none() {
            let finding = check.found(
                FindingKind::YearToDate,
                0,
                names::AMOUNT,
                words::year_to_date_gone(&gone.description),
            );
            finding.expected =
                Some((gone.amount + of_period(payslip, &gone.description).unwrap_or_default()).to_string());
        }
    }
}

/// The year in which the tax year of a day began.
fn year_begun(day: Day) -> i16 {
    let date = day.date();
    let before = (date.month(), date.day()) < (4, 6);
    date.year() - i16::from(before)
}

fn named(amounts: &[Amount], name: &str) -> Option<Pence> {
    sum_named(amounts.iter().map(|amount| (amount.description.as_str(), amount.amount)), name)
}

/// What a payslip says of its own period under a name: a total, pay by kind, or lines of that name.
fn of_period(payslip: &Payslip, name: &str) -> Option<Pence> {
    let totals = [
        ("Gross pay", payslip.gross),
        ("Total deductions", payslip.total_deductions),
        ("Net pay", payslip.net),
    ];
    let lines =
        |lines: &[Line]| sum_named(lines.iter().map(|line| (line.description.as_str(), line.amount)), name);
    named(&payslip.this_period, name)
        .or_else(|| sum_named(totals.into_iter(), name))
        .or_else(|| lines(&payslip.deductions))
        .or_else(|| lines(&payslip.payments))
        .or_else(|| named(&payslip.employer, name))
}

fn sum_named<'a>(amounts: impl Iterator<Item = (&'a str, Pence)>, name: &str) -> Option<Pence> {
    amounts.filter(|(other, _)| is_named(other, &[name])).map(|(_, amount)| amount).reduce(|a, b| a + b)
}
