//! Who is paid: the demo's staff, and some whose dates depend on today, so that there always is a starter, a leaver and somebody with two
//! posts.

use payslips::Pence;
use store::Day;

use super::{
    month::Month,
    tariff::{Post, TaxCode, WHOLE_TIME, post_of},
};
use crate::Example;

/// One assignment, and how it is paid.
#[derive(Clone, Debug)]
pub(super) struct Worker {
    pub(super) assignment_number: String,
    pub(super) post: &'static Post,
    /// A bank post: paid by the shift.
    pub(super) bank: bool,
    /// A week's, in hundredths.
    pub(super) hours: i64,
    pub(super) start: Day,
    pub(super) leaves: Option<Day>,
    pub(super) ni_number: String,
    pub(super) tax_code: TaxCode,
    pub(super) student_loan: bool,
    /// Who gets it, and how much.
    pub(super) union: Option<(&'static str, Pence)>,
    /// Given up of the gross pay for a bicycle.
    pub(super) bicycle: Option<Pence>,
    /// Tells this worker's chances from everybody's.
    pub(super) seed: u64,
}

/// Rows of a staff file for those whose dates depend on today, without a header: for the first employer only.
pub(super) fn more_staff(example: &Example, newest: Month) -> String {
    if example.code != "427" {
        return String::new();
    }
    let long_ago = newest.minus(40).first();
    let (starts, leaves) = (newest.minus(4).first().plus_days(9), newest.minus(2).first().plus_days(4));
    [
        format!("20101,20101,Ms,Sunita,Joshi,1986-05-17,sunita.joshi@nhs.net,Healthcare Assistant,Ward 12,Main Site,10001,{long_ago},"),
        format!("20101,20101-2,Ms,Sunita,Joshi,1986-05-17,sunita.joshi@nhs.net,Healthcare Assistant,Bank,Main Site,10001,{long_ago},"),
        format!("20102,20102,Mr,Dylan,Price,2003-01-08,dylan.price@nhs.net,Staff Nurse,Ward 7,Main Site,10001,{starts},"),
        format!("20103,20103,Mrs,Beatriz,Costa,1974-11-30,beatriz.costa@nhs.net,Physiotherapist,Outpatients,Hill House,10001,{long_ago},{leaves}"),
    ]
    .map(|row| row + "\n")
    .concat()
}

/// The columns of [`more_staff`].
pub(super) const MORE_HEADER: &str = "employee_number,assignment_number,title,first_names,last_name,date_of_birth,email,position,department,\
                                      location,manager,start_date,leaving_date\n";

/// Everybody of an employer who is paid.
pub(super) fn workers(example: &Example, newest: Month) -> Vec<Worker> {
    let more = more_staff(example, newest);
    // Its columns are those of the demo's files, but for the assignment's number in the second.
    let rows = example.staff.lines().skip(1).filter_map(|line| row(line, false));
    rows.chain(more.lines().filter_map(|line| row(line, true))).collect()
}

/// What a row of a staff file says about pay: the demo's files quote nothing.
fn row(line: &str, numbered: bool) -> Option<Worker> {
    let cells: Vec<&str> = line.split(',').collect();
    let employee_number = *cells.first()?;
    let [.., position, department, _, _, start, leaves] = cells.as_slice() else { return None };
    let assignment_number = if numbered { *cells.get(1)? } else { employee_number };
    let (bank, leaves) = (*department == "Bank", leaves.parse().ok());
    let post = post_of(position);
    // Both posts of a person have one NI number.
    let person = seed(employee_number);
    let start: Day = start.parse().ok()?;
    let one_in = |many: u64, salt: u64| mixed(person ^ salt).is_multiple_of(many);
    Some(Worker {
        assignment_number: assignment_number.to_owned(),
        post,
        bank,
        hours: if !bank && one_in(4, 1) { WHOLE_TIME * 3 / 5 } else { WHOLE_TIME },
        start,
        leaves,
        ni_number: ni_number(person),
        tax_code: match (bank && assignment_number != employee_number, post.band, employee_number) {
            (true, _, _) => TaxCode::Basic,
            (_, "Consultant", _) => TaxCode::Allowance(765),
            (_, _, "20102") => TaxCode::MonthOne(1257),
            _ if one_in(6, 2) => TaxCode::Allowance(1183),
            _ => TaxCode::Allowance(1257),
        },
        student_loan: !bank && (one_in(3, 3) || employee_number == "20102"),
        union: match (bank, post.position) {
            (true, _) => None,
            (_, "Staff Nurse") => Some(("RCN", Pence(1_726))),
            _ if one_in(2, 4) => Some(("UNISON", Pence(1_435))),
            _ => None,
        },
        bicycle: (!bank && one_in(7, 5)).then_some(Pence(4_166)),
        seed: seed(assignment_number),
    })
}

/// HMRC's made-up prefix: no such number is ever given to anybody.
fn ni_number(seed: u64) -> String {
    let letter = ["A", "B", "C", "D"][usize::try_from(seed % 4).unwrap_or_default()];
    format!("QQ{:06}{letter}", mixed(seed) % 1_000_000)
}

fn seed(text: &str) -> u64 {
    text.bytes().fold(0x0427_0999, |seed, byte| mixed(seed ^ u64::from(byte)))
}

/// The next of a row of numbers that look like chance and are the same each time (splitmix64).
pub(super) fn mixed(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
