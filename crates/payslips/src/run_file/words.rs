//! What payroll is told about a run file.

use super::form::Section;
use crate::WhichDocument;

pub(super) const NUMBER_FORM: &str =
    "this is not a number; write it as 1234.50 or 1,234.50, and a negative one as -1.00, (1.00) or 1.00-";
pub(super) const NO_WHOLE_PENNIES: &str =
    "an amount has two digits after the point at most; round it in payroll";
pub(super) const TOO_MANY_PLACES: &str =
    "a number has six digits after the point at most; round it in payroll, or in Excel with ROUND";
pub(super) const TOO_LARGE: &str = "this is more than any pay; a point may be missing";
pub(super) const SHORTENED: &str = "Excel has shortened this number, and digits may be lost; format the column as a number with two digits and save the file again";
pub(super) const HASHES: &str = "Excel has written # for this number because its column was too narrow; make it wider and save the file again";
pub(super) const FORMULA: &str = "this is a formula; paste the value itself";

pub(super) const NEEDED: &str = "this has to be filled in";
pub(super) const CONTROL: &str =
    "there is a line break or another control character in it; a quotation mark may be left open";
pub(super) const NO_SUCH_SECTION: &str =
    "there is no such section; the documentation of the run file lists them";
pub(super) const RUN_LATE: &str = "rows of the section run stand at the top, before the first payslip or P60";
pub(super) const RUN_OF_SOMEBODY: &str = "rows of the section run have no assignment number";
pub(super) const NOT_IN_RUN: &str = "the section run has no such row; it has Reference, Document, Kind, Frequency, PAYE reference and Employer address";
pub(super) const NUMBER_NEEDED: &str =
    "every row of a payslip or P60 has the assignment number of its person";
pub(super) const DOCUMENT_FORM: &str = "write payslips or P60s";
pub(super) const KIND_FORM: &str = "write main, supplementary or correction";
pub(super) const FREQUENCY_FORM: &str = "write month, four weeks or week";
pub(super) const REFERENCE_FORM: &str = "write payroll's own name for the run in 1 to 60 characters";
pub(super) const PAYE_FORM: &str = "write the employer's PAYE reference such as 123/A246";
pub(super) const NO_RUN: &str = "the file says nothing about its run: rows of the section run come first";
pub(super) const NO_DOCUMENTS: &str = "the file has no payslip and no P60";
pub(super) const FREQUENCY_NEEDED: &str =
    "a run of payslips says how often they are paid: the row Frequency is missing";
pub(super) const FREQUENCY_OF_P60S: &str = "P60s are for a year: leave the row Frequency out";
pub(super) const SUPPLEMENTARY_P60S: &str = "a run of P60s is main or a correction";
pub(super) const PAYE_NEEDED: &str =
    "P60s show the employer's PAYE reference: the row PAYE reference is missing";
pub(super) const ADDRESS_NEEDED: &str =
    "P60s show the employer's address: rows Employer address are missing, one for each line of it";
pub(super) const AFTER_TRAILER: &str = "the trailer is the last row; nothing may follow it";
pub(super) const TRAILER_OF_SOMEBODY: &str = "the trailer has no assignment number";
pub(super) const COUNT_FORM: &str = "write the number of rows before this one, the header apart";
pub(super) const COUNT_DIFFERS: &str =
    "the trailer counts other rows than there are; the file may be cut off, or rows were added or deleted";
pub(super) const SUM_DIFFERS: &str =
    "the trailer's control sum is not that of the rows; a number was changed, or rows were added or deleted";
pub(super) const DOUBLE: &str = "this assignment has a payslip or P60 for this period already further up; its rows stand together, and it is there once";
pub(super) const TWICE: &str = "this stands here twice for the same person";
pub(super) const TWICE_IN_RUN: &str = "the section run says this twice";
pub(super) const ADDRESS_LONG: &str = "an address has ten lines at most";
pub(super) const REPLACES_NEEDED: &str =
    "in a correction each payslip or P60 names the run that it corrects, in a row of the section replaces";
pub(super) const REPLACES_ELSEWHERE: &str = "only a correction replaces payslips or P60s; leave this row out";
pub(super) const TOTAL_NAME: &str = "the section total has Gross pay, Total deductions and Net pay";
pub(super) const P60_TOTAL_NAME: &str = "this section has Pay and Tax";
pub(super) const NI_NAME: &str =
    "the text says which: lower limit, primary threshold, upper limit or contributions";
pub(super) const WHOLE_POUNDS: &str = "loan deductions stand on a P60 in whole pounds";
pub(super) const TOO_MANY_ROWS: &str = "one payslip or P60 has more than 1,000 rows";
pub(super) const NOT_WHOLE: &str = "the rest of the file was not read";

pub(super) fn needed(what: &str) -> String {
    format!("the row {what} is missing")
}

pub(super) fn not_of(section: Section, document: WhichDocument) -> String {
    match document {
        WhichDocument::Payslips => format!("payslips have no section {}", section.as_str()),
        WhichDocument::P60s => format!("P60s have no section {}", section.as_str()),
    }
}

pub(super) fn empty_here(section: Section, column: &str) -> String {
    format!("rows of the section {} have nothing in the column {column}", section.as_str())
}

pub(super) fn at_most(most: usize) -> String {
    format!("write {most} characters at most")
}

pub(crate) fn report_differs(what: &str) -> String {
    format!("the file's {what} differ from your report's; one of them is not of this run")
}
