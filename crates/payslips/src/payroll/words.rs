//! What payroll's pages say.

use store::Day;
use web::{format, ui::SummaryList};

use crate::{FindingKind, Frequency, RunKind, WhichDocument, runs::Unreached};

pub(super) const CHOOSE_FILE: &str = "Choose a file";
pub(super) const DISCARDED: &str = "The run is discarded. Nobody sees anything of it.";
pub(super) const MOVED_ON: &str =
    "Something has happened to this run in the meantime. Nothing was done; look at it again.";
pub(super) const TICKED: &str = "The warnings are ticked off. Your name and reason stand on the trail.";
pub(super) const TOTALS_AGREE: &str = "The totals agree with the file.";
pub(super) const AGREED: &str =
    "You have agreed. Somebody else of payroll has to agree as well: ask a colleague to open this page.";
pub(super) const CALLED_OFF: &str = "The run will not be published by itself any more.";
pub(super) const WITHDRAWN: &str = "The run is withdrawn. The people of it are told, without any figure.";
pub(super) const AGAIN: &str = "Staff records or published runs have changed since this run was checked, so it was checked again. Look at \
    it once more. What was ticked off before has to be ticked off again.";
pub(super) const CHOOSE_WHEN: &str = "Choose when the run is to be published";
pub(super) const DAY_FORM: &str = "Enter a day that is in the calendar";
pub(super) const TIME_FORM: &str = "Enter a time such as 07:00";
pub(super) const TIME_PAST: &str = "Enter a day and time that are not over";
pub(super) const PEOPLE_FORM: &str = "Enter how many people your report has, such as 1,204";
pub(super) const AMOUNT_FORM: &str = "Enter an amount in pounds and pence, such as 1,234,567.89";
pub(super) const ASSIGNMENT_NEEDED: &str = "Enter an assignment number";
pub(super) const ASSIGNMENT_UNKNOWN: &str = "This run has no document for that assignment number";
pub(super) const OWN_DOCUMENT: &str =
    "This is your own. You see it under Payslips like everybody else, once the run is published.";
pub(super) const OWN_ALONE: &str = "This run holds nothing but your own pay. Somebody else of payroll has to publish it: ask a colleague to \
    open this page.";

/// What a kind of finding is called.
pub(super) const fn kind(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::File => "The file cannot be read",
        FindingKind::Cell => "A cell holds something else than its column says",
        FindingKind::Row => "A row is missing, or is there twice",
        FindingKind::Double => "A payslip is there twice, or its rows do not stand together",
        FindingKind::Control => "The count or control sums at the end differ from the rows",
        FindingKind::Report => "The totals of your report differ from the file",
        FindingKind::Unknown => "No such assignment at your employer, or not in that period",
        FindingKind::Gross => "The payments do not sum to the gross pay",
        FindingKind::Deductions => "The deductions do not sum to their total",
        FindingKind::Net => "Gross pay less deductions is not the net pay",
        FindingKind::NetParts => "The parts of the net pay do not sum to it",
        FindingKind::NiNumber => "An NI number that cannot be one",
        FindingKind::NiLetter => "An NI letter that does not exist",
        FindingKind::TaxCode => "A tax code that cannot be one",
        FindingKind::Dates => "A pay date or period that does not fit",
        FindingKind::BankAccount => "A bank account, which is never shown here",
        FindingKind::Published => "The run is published already",
        FindingKind::Replaces => "What a correction names is not there, or is replaced already",
        FindingKind::P60Total => "Pay and tax of a P60 do not agree",
        FindingKind::Line => "Units times rate is not the amount",
        FindingKind::YearToDate => "The year to date is not the last one and this",
        FindingKind::NoPrevious => "A year to date, and no earlier payslip here",
        FindingKind::NetMoved => "The net pay has moved much",
        FindingKind::NetNil => "The net pay is nil or negative",
        FindingKind::Hours => "Paid by time, and no hours are given",
        FindingKind::Pension => "An unusual share for the pension",
        FindingKind::Missing => "Paid last time, and missing now",
    }
}

/// `Main run of payslips, every month`.
pub(super) fn what(document: WhichDocument, kind: RunKind, frequency: Option<Frequency>) -> String {
    let kind = match kind {
        RunKind::Main => "Main run",
        RunKind::Supplementary => "Supplementary run",
        RunKind::Correction => "Correction",
    };
    let documents = match document {
        WhichDocument::Payslips => "payslips",
        WhichDocument::P60s => "P60s",
    };
    let often = match frequency {
        Some(Frequency::Month) => ", every month",
        Some(Frequency::FourWeeks) => ", every four weeks",
        Some(Frequency::Week) => ", every week",
        None => "",
    };
    format!("{kind} of {documents}{often}")
}

/// `1 error`, `1,204 errors`.
pub(super) fn errors(number: u64) -> String {
    counted(number, "error")
}

/// `1 warning`, `1,204 warnings`.
pub(super) fn warnings(number: u64) -> String {
    counted(number, "warning")
}

/// `1 payslip`, `1,204 P60s`.
pub(super) fn documents(number: u64, document: Option<WhichDocument>) -> String {
    let one = if document == Some(WhichDocument::P60s) { "P60" } else { "payslip" };
    counted(number, one)
}

fn counted(number: u64, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{} {one}s", format::number(number)) }
}

pub(super) const OPERATOR: &str = "the people who run the portal";

/// `24 November 2026 at 09:00, by Grace Okafor`.
pub(super) fn at_by(at: &str, by: &str) -> String {
    format!("{at}, by {by}")
}

/// `1 November 2026 to 30 November 2026`.
pub(super) fn period(from: Day, to: Day) -> String {
    format!("{} to {}", format::day(from), format::day(to))
}

/// The head of a column.
pub(super) fn last(name: &str) -> String {
    format!("Last run: {name}")
}

/// `All 3 of them`, `The first 50 of 1,204`.
pub(super) fn first(shown: usize, all: u64) -> String {
    if all > shown as u64 {
        format!("The first {shown} of {}", format::number(all))
    } else if all == 1 {
        "The one of them".to_owned()
    } else {
        format!("All {} of them", format::number(all))
    }
}

/// What has been said about a kind of warning.
pub(super) fn ticked(by: &str, at: &str, reason: &str) -> String {
    format!("Ticked off by {by} on {at}: {reason}")
}

/// What is to be done before a run can be published.
pub(super) fn first_tick(kinds: usize) -> String {
    match kinds {
        1 => "One kind of warning is still to be ticked off.".to_owned(),
        kinds => format!("{kinds} kinds of warnings are still to be ticked off."),
    }
}

/// It will be published by itself.
pub(super) fn scheduled(at: &str) -> String {
    format!("It will be published on {at}, all of it or nothing. Until then it can be called off.")
}

/// Somebody has agreed.
pub(super) fn waits(by: &str) -> String {
    format!("{by} has agreed. Somebody else of payroll has to agree as well, then it is published.")
}

pub(super) const PUBLISHED: &str =
    "The run is published. Its people are told by mail, and read it from now on.";
pub(super) const SCHEDULED: &str = "The run is set to be published.";
pub(super) const IS_DISCARDED: &str = "Nobody sees anything of it. Upload the file again if you need it.";
pub(super) const FIRST_TOTALS: &str = "Your report's totals are still to be typed.";
pub(super) const WAITS_FOR_OTHERS: &str = "You have agreed already. Ask a colleague to open this page.";
pub(super) const PUBLISH: &str = "Go on to publish it";
pub(super) const AT_ONCE: &str = "It will be published at once.";

/// Why it was withdrawn.
pub(super) fn withdrawn(why: &str) -> String {
    format!("Nobody sees it any more. The reason given: {why}")
}

/// Why it could not be checked or published.
pub(super) fn failed(why: &str) -> String {
    format!("Nobody sees anything of it. {why}")
}

/// `1,204 payslips are checked so far`.
pub(super) fn prepared(number: u64, document: Option<WhichDocument>) -> String {
    let are = if number == 1 { "is" } else { "are" };
    format!("{} {are} checked so far.", documents(number, document))
}

/// A run in a list.
pub(super) fn paid(pay_date: &str, uploaded: &str) -> String {
    format!("Pay date {pay_date}. Uploaded {uploaded}")
}

/// What may be uploaded.
pub(super) fn file_hint(most_bytes: usize) -> String {
    format!(
        "A CSV file or an Excel workbook (.xlsx) of at most {} MiB. Larger ones are checked by a command: ask the people who run the portal.",
        most_bytes / (1024 * 1024)
    )
}

/// The label of the field for why a kind of warning is right.
pub(super) fn reason_for(kind: &str) -> String {
    format!("Why this is right: {}*", kind.to_lowercase())
}

/// The button beside it.
pub(super) fn tick_off(number: u64) -> String {
    if number == 1 {
        "Tick off this one".to_owned()
    } else {
        format!("Tick off all {}", format::number(number))
    }
}

/// What a press of the button does.
pub(super) fn what_publishing_does(number: u64, document: Option<WhichDocument>) -> String {
    format!(
        "{} will be there for their people to read, all of them or none. Their people are told by mail, without any figure.",
        documents(number, document)
    )
}

/// A typed total that is not the file's.
pub(super) fn differs(held: &str) -> String {
    format!(
        "The file has {held}. If your report is right, something is missing in the file or there twice: discard it and export it again"
    )
}

/// The sections of a run file.
pub(super) fn sections() -> SummaryList {
    [
        ("run", "About all of it, at the top: Reference, Document, Kind, Frequency, PAYE reference, Employer address"),
        ("details", "NI number, NI letter, Tax code, Tax period, Job title and whatever else the payslip shows"),
        ("payment, deduction", "One line each, with units, unit, rate and amount where it is paid by time"),
        ("employer", "What the employer pays beside it, such as its pension contribution"),
        ("this period, year to date", "Taxable pay, Pensionable pay and the like"),
        ("total", "Gross pay, Total deductions, Net pay"),
        ("net", "The parts of the net pay, by how each is paid"),
        ("message", "What the employer wants to say"),
        ("replaces", "In a correction: the reference of the run whose payslip is wrong"),
        ("trailer", "The last row: how many rows there are, and the sums of Units, Rate and Amount"),
    ]
    .into_iter()
    .fold(SummaryList::new(), |list, (section, holds)| list.row(section, holds))
}

pub(super) const NOT_FOR_YOU: &str = "This is not for you to do";
pub(super) const NOT_STAGED: &str =
    "Payslips are looked at while their run is checked. This run is not, or not any more.";
pub(super) const WILL_SEE: &str = "It stands on their payslip that payroll looked at it, when, and the reason that you give; your name stands on \
    the trail. Look only where the check of this run needs it.";

/// Why somebody is not reached.
pub(super) const fn unreached(why: Unreached) -> &'static str {
    match why {
        Unreached::NeverLoggedIn => "Has never logged in",
        Unreached::Left => "Has left",
        Unreached::Paper => "Asked for paper",
    }
}

pub(super) const SHOWN: &str = "You are looking at somebody's pay. They will see that you did, and why. To see it again, give a reason again.";

/// `a payslip`, `a P60`.
pub(super) fn one(document: Option<WhichDocument>) -> &'static str {
    if document == Some(WhichDocument::P60s) { "a P60" } else { "a payslip" }
}

/// `Net pay £2,281.67, paid 27 November 2026 for 1 to 30 November 2026`.
pub(super) fn net(net: &str, pay_date: &str, period: &str) -> String {
    format!("Net pay {net}, paid {pay_date} for {period}")
}

/// Which year a P60 is for.
pub(super) fn year_to(day: &str) -> String {
    format!("End of Year Certificate: tax year to {day}")
}

/// The employer's number at HMRC.
pub(super) fn paye(reference: &str) -> String {
    format!("PAYE reference: {reference}")
}

/// The button that opens so many for printing.
pub(super) fn print(people: usize) -> String {
    if people == 1 { "Open it for printing".to_owned() } else { format!("Open these {people} for printing") }
}

/// Where in a file something is: `Line 12, Amount`.
pub(super) fn place(line: Option<u64>, column: Option<&str>) -> String {
    match (line, column) {
        (Some(line), Some(column)) => format!("Line {line}, {column}"),
        (Some(line), None) => format!("Line {line}"),
        (None, _) => "Whole file".to_owned(),
    }
}

/// What stands there, and what should.
pub(super) fn found(expected: Option<&str>, found: Option<&str>) -> String {
    match (expected, found) {
        (Some(expected), Some(found)) => format!("{found}, expected {expected}"),
        (Some(expected), None) => format!("Nothing, expected {expected}"),
        (None, found) => found.unwrap_or_default().to_owned(),
    }
}
