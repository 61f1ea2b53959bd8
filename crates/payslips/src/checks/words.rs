//! What a check that has found something tells payroll.

pub(super) const NI_NUMBER: &str = "this cannot be an NI number, which has two letters, six digits and A, B, C or D; leave the row out where there is none yet";
pub(super) const NI_LETTER: &str = "this is no National Insurance category letter";
pub(super) const TAX_CODE: &str =
    "this cannot be a tax code; write one such as 1257L, S1257L, K475, BR or 1257L M1";
pub(super) const BANK_ACCOUNT: &str =
    "this looks like a bank account, which is never shown here; write only how it is paid, such as BACS";
pub(super) const LINE: &str = "units times rate is not the amount";
pub(super) const HOURS: &str =
    "this is paid by time, and a payslip has to say for how much of it: the column Units is empty";
pub(super) const PENSION: &str = "this share of pensionable pay is none of the usual ones";
pub(super) const GROSS: &str = "the payments do not sum to the gross pay";
pub(super) const DEDUCTIONS: &str = "the deductions do not sum to their total";
pub(super) const NET: &str = "the gross pay less the total deductions is not the net pay";
pub(super) const NET_PARTS: &str = "the parts of the net pay do not sum to it";
pub(super) const NET_NIL: &str = "nothing is paid";
pub(super) const NET_NEGATIVE: &str = "the net pay is negative";
pub(super) const P60_PAY: &str = "the pay in both employments is not the total";
pub(super) const P60_TAX: &str = "the tax in both employments is not the total";
pub(super) const OTHER_PAY_DATE: &str =
    "this pay date is not that of the first payslip; only a correction has several";
pub(super) const OTHER_PERIOD: &str =
    "this period is not that of the first payslip; only a correction has several";
pub(super) const P60_DATES: &str = "a P60 is for a tax year: its pay date is 5 April of the year that it ends in, its period from 6 April to 5 April";
pub(super) const P60_EARLY: &str = "this tax year is not over yet";
pub(super) const PERIOD_ENDS_EARLY: &str = "the period ends before it begins";
pub(super) const PERIOD_LENGTH: &str = "the period is not as long as the run's frequency says";
pub(super) const PAY_DATE_FAR: &str = "the pay date is before the period or long after it";
pub(super) const PAY_DATE_AHEAD: &str = "the pay date is more than two months ahead";
pub(super) const YEAR_TO_DATE: &str = "the year to date is not the previous payslip's and this period's";
pub(super) const NO_PREVIOUS: &str =
    "the year to date is not this period's alone, and there is no previous payslip to hold it against";

/// `9.80 %`.
pub(super) fn percent(basis_points: i64) -> String {
    let sign = if basis_points < 0 { "-" } else { "" };
    format!("{sign}{}.{:02} %", basis_points.unsigned_abs() / 100, basis_points.unsigned_abs() % 100)
}

pub(super) fn net_moved(percent: u32) -> String {
    format!("the net pay differs by more than {percent} % from the previous payslip's")
}

pub(super) fn year_to_date_gone(description: &str) -> String {
    format!("the previous payslip has a year to date of {description}, and this one has none")
}
