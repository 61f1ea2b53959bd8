//! What is said of runs.

use store::Day;
use web::format;

use crate::{Finding, FindingKind, WhichDocument, run_file::Block};

pub(super) const FILE_EMPTY: &str = "The file is empty. Choose the file that payroll has written.";
pub(super) const FILE_TOO_LARGE: &str =
    "The file is larger than 64 MiB. Ask your operator to check and publish it with `staffrecord payslips`.";
pub(super) const TOO_MANY_RUNS: &str =
    "There are 20 runs that are neither published nor discarded. Discard what you do not need first.";
pub(super) const NO_SUCH_RUN: &str = "There is no such run at your employer.";
pub(super) const MOVED_ON: &str =
    "Something has happened to this run in the meantime. Nothing was done; look at it again.";
pub(super) const CHECK_FAILED: &str = "The file could not be checked, by a fault of the portal. Try again; if it fails again, tell the operator.";
pub(super) const CHECK_FILE_AGAIN: &str = "Staff records or published runs have changed since the file was checked, and its bytes are not kept. Check the file again.";
pub(super) const NOT_A_WARNING: &str = "This run has no such warning to tick off.";
pub(super) const TOTALS_NEEDED: &str = "The file has no trailer: type the totals of payroll's own report first, so that they are held against it.";
pub(super) const OWN_ALONE: &str =
    "This run holds nothing but your own pay. Somebody else of payroll has to publish it.";
pub(super) const OVER_ALREADY: &str = "The day and time are over. Choose later ones, or publish at once.";
pub(super) const TOO_FAR: &str = "A run is published within a year. Choose an earlier day.";
pub(super) const NO_SUCH_DOCUMENT: &str = "This run has no such document.";
pub(super) const NOT_STAGED: &str =
    "Documents are looked at while a run is checked. This one is not, or not any more.";
pub(super) const NOT_PUBLISHED: &str = "Only a published run can be printed for the post.";

pub(super) fn not_ticked(kinds: &[FindingKind]) -> String {
    let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
    format!("These kinds of warnings have to be ticked off with a reason first: {}.", kinds.join(", "))
}

fn at(block: &Block, kind: FindingKind, column: &str, text: String) -> Finding {
    Finding {
        kind,
        line: Some(block.line),
        column: Some(column.to_owned()),
        person: Some(block.assignment_number.clone()),
        expected: None,
        found: None,
        text,
    }
}

pub(super) fn unknown(block: &Block) -> Finding {
    let text = "No assignment at your employer has this number. Correct it, or have HR load the person's record first.";
    at(block, FindingKind::Unknown, "Assignment number", text.to_owned())
}

pub(super) fn not_employed(block: &Block, start: Day, left: Option<Day>) -> Finding {
    let when = match left {
        Some(left) if start <= block.period.to => format!("ended on {}", format::day(left)),
        _ => format!("begins on {}", format::day(start)),
    };
    let text = format!(
        "The assignment {when}, and was never paid here. Correct the number or the period, or have HR correct the record."
    );
    let found = format!("{} to {}", format::day(block.period.from), format::day(block.period.to));
    Finding { found: Some(found), ..at(block, FindingKind::Unknown, "Assignment number", text) }
}

pub(super) fn replaces_nothing(block: &Block, reference: &str) -> Finding {
    let text = "No published run of this name has a document of this assignment for the period. Correct the name, or take the rows out.";
    Finding { found: Some(shortened(reference)), ..at(block, FindingKind::Replaces, "Text", text.to_owned()) }
}

pub(super) fn replaced_already(block: &Block, reference: &str) -> Finding {
    let text = "The document that this one would replace is replaced already. Name the run of the correction that is in force.";
    Finding { found: Some(shortened(reference)), ..at(block, FindingKind::Replaces, "Text", text.to_owned()) }
}

pub(super) fn reference_published(reference: &str) -> Finding {
    let text =
        "A published run has this reference already. Give this one another, or withdraw that one first.";
    whole(FindingKind::Published, Some(shortened(reference)), text.to_owned())
}

pub(super) fn file_published() -> Finding {
    whole(FindingKind::Published, None, "This very file is published already.".to_owned())
}

pub(super) fn missing(assignment: &str, reference: &str) -> Finding {
    let text = format!("Was paid in the run {}, and is not in this one.", shortened(reference));
    Finding { person: Some(assignment.to_owned()), ..whole(FindingKind::Missing, None, text) }
}

fn whole(kind: FindingKind, found: Option<String>, text: String) -> Finding {
    Finding { kind, line: None, column: None, person: None, expected: None, found, text }
}

fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// `November 2026`.
fn month(day: Day) -> String {
    day.date().strftime("%B %Y").to_string()
}

/// `November 2026 payslip`, `P60 for 2025 to 2026`.
fn document(which: WhichDocument, pay_date: Day) -> String {
    match which {
        WhichDocument::Payslips => format!("{} payslip", month(pay_date)),
        WhichDocument::P60s => {
            let year = pay_date.date().year();
            format!("P60 for {} to {year}", year - 1)
        }
    }
}

/// The mail to whoever has a new payslip.
pub(super) mod published {
    use super::{Day, WhichDocument, document, where_it_is};

    pub(in crate::runs) fn subject(which: WhichDocument, pay_date: Day) -> String {
        format!("Your {} is there", document(which, pay_date))
    }

    pub(in crate::runs) fn opening(
        which: WhichDocument,
        pay_date: Day,
        employer: &str,
        leaver: bool,
    ) -> String {
        format!("Your {} from {employer} is there. {}.", document(which, pay_date), where_it_is(leaver))
    }

    pub(in crate::runs) fn corrected(
        which: WhichDocument,
        pay_date: Day,
        employer: &str,
        leaver: bool,
    ) -> String {
        format!(
            "{employer} has corrected your {}. {}: the new one is marked, and the old one stays beside it.",
            document(which, pay_date),
            where_it_is(leaver)
        )
    }

    pub(in crate::runs) const SWITCH_OFF: &str = "You can switch these mails off under Payslips. This mail has no link on purpose: nobody asks you for your password by mail.";
    pub(in crate::runs) const NO_LINK: &str =
        "This mail has no link on purpose: nobody asks you for your password by mail.";
}

/// How somebody gets to their payslips, without a link.
fn where_it_is(leaver: bool) -> &'static str {
    if leaver {
        "Log in at the leavers' page, whose address ends in /leavers, and choose Payslips"
    } else {
        "Log in as you always do and choose Payslips"
    }
}

/// The mail to whoever has had a payslip withdrawn.
pub(super) mod withdrawn {
    use super::{Day, WhichDocument, document, where_it_is};

    pub(in crate::runs) fn subject(which: WhichDocument, pay_date: Day) -> String {
        format!("Your {} was withdrawn", document(which, pay_date))
    }

    pub(in crate::runs) fn opening(which: WhichDocument, pay_date: Day, employer: &str) -> String {
        format!(
            "{employer} has withdrawn your {}. Do not rely on it; payroll will put another one in its place where that is needed.",
            document(which, pay_date)
        )
    }

    pub(in crate::runs) fn seen_there(leaver: bool) -> String {
        format!("{} to see what is there now.", where_it_is(leaver))
    }
}

/// The mail to payroll where a run was not published at its hour.
pub(super) mod not_published {
    pub(in crate::runs) const SUBJECT: &str = "A run of payslips was not published";

    pub(in crate::runs) fn opening(reference: &str) -> String {
        format!(
            "The run {reference} was to be published at a set hour, and was not. Nobody has seen anything of it."
        )
    }

    pub(in crate::runs) const AGAIN: &str = "Staff records or published runs have changed since it was checked, so it is being checked again. Log in as you always do, choose Payslip runs, look at it and publish it.";
}
