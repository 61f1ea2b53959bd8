//! From cells to a row that is right in itself.

use store::Day;

use super::{Column, Finding, file::Cells, finding::Findings};
use crate::{employer::is_email, words};

/// `None` where the file has no such column, so that what is held stays; `Some(None)` where the cell is empty.
pub(super) type Cell<T> = Option<Option<T>>;

/// What a row says of the person. All rows of one employee number have to say the same.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Person {
    pub(super) title: Cell<String>,
    pub(super) first_names: String,
    pub(super) last_name: String,
    pub(super) date_of_birth: Day,
    pub(super) email: Cell<String>,
    pub(super) smartcard_uuid: Cell<String>,
}

/// What a row says of one assignment.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Post {
    pub(super) line: u64,
    pub(super) assignment_number: Option<String>,
    pub(super) position: Cell<String>,
    pub(super) department: Cell<String>,
    pub(super) location: Cell<String>,
    pub(super) manager: Cell<String>,
    pub(super) start_date: Day,
    pub(super) leaving_date: Cell<Day>,
    pub(super) absent_from: Cell<Day>,
    pub(super) absent_to: Cell<Day>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) employee_number: String,
    pub(super) person: Person,
    pub(super) post: Post,
}

/// Reads a row; all its errors are found, and it is `None` where there is one.
pub(super) fn read(cells: &Cells<'_>, today: Day, findings: &mut Findings) -> Option<Row> {
    let mut check = Check { cells, findings, right: true };
    let employee_number = check.number(Column::EmployeeNumber).flatten();
    if employee_number.is_none() && check.cells.get(Column::EmployeeNumber).is_none_or(|cell| cell.is_empty())
    {
        check.refuse(Column::EmployeeNumber, "", words::CELL_NEEDED);
    }
    let first_names = check.text(Column::FirstNames).flatten();
    let last_name = check.text(Column::LastName).flatten();
    if check.right && first_names.is_none() && last_name.is_none() {
        check.refuse(Column::LastName, "", words::NAME_NEEDED);
    }
    let date_of_birth = check.needed_day(Column::DateOfBirth);
    if let Some(day) = date_of_birth {
        check.birth(day, today);
    }
    let start_date = check.needed_day(Column::StartDate);
    let title = check.text(Column::Title);
    let email = check.email();
    let smartcard_uuid = check.smartcard();
    let assignment_number = check.number(Column::AssignmentNumber).flatten();
    let position = check.text(Column::Position);
    let department = check.text(Column::Department);
    let location = check.text(Column::Location);
    let manager = check.number(Column::Manager);
    let leaving_date = check.day(Column::LeavingDate);
    let absent_from = check.day(Column::AbsentFrom);
    let absent_to = check.day(Column::AbsentTo);
    if !check.right {
        return None;
    }
    Some(Row {
        employee_number: employee_number?,
        person: Person {
            title,
            first_names: first_names.unwrap_or_default(),
            last_name: last_name.unwrap_or_default(),
            date_of_birth: date_of_birth?,
            email,
            smartcard_uuid,
        },
        post: Post {
            line: cells.line(),
            assignment_number,
            position,
            department,
            location,
            manager,
            start_date: start_date?,
            leaving_date,
            absent_from,
            absent_to,
        },
    })
}

struct Check<'a, 'c> {
    cells: &'a Cells<'c>,
    findings: &'a mut Findings,
    right: bool,
}

impl Check<'_, '_> {
    fn refuse(&mut self, column: Column, value: &str, text: &str) {
        self.findings.push(Finding::of_value(self.cells.line(), column, value, text));
        self.right = false;
    }

    /// One line of text, not too long.
    fn text(&mut self, column: Column) -> Cell<String> {
        let cell = self.cells.get(column)?;
        if cell.is_empty() {
            return Some(None);
        }
        if cell.chars().any(char::is_control) {
            self.refuse(column, &cell, words::CELL_OF_ONE_LINE);
            return Some(None);
        }
        // A character has four bytes at most: only a long cell needs counting.
        if cell.len() > column.most() && cell.chars().count() > column.most() {
            self.refuse(column, &cell, &words::cell_too_long(column.most()));
            return Some(None);
        }
        Some(Some(cell.into_owned()))
    }

    /// An employee's or assignment's number: letters, digits, and marks between them.
    fn number(&mut self, column: Column) -> Cell<String> {
        let text = self.text(column)?;
        let Some(text) = text else { return Some(None) };
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-/._".contains(&byte)) {
            self.refuse(column, &text, words::NUMBER_FORM);
            return Some(None);
        }
        Some(Some(text))
    }

    fn day(&mut self, column: Column) -> Cell<Day> {
        let cell = self.cells.get(column)?;
        if cell.is_empty() {
            return Some(None);
        }
        match tables::day(&cell) {
            Ok(day) => Some(Some(day.into())),
            Err(text) => {
                self.refuse(column, &cell, text);
                Some(None)
            }
        }
    }

    fn needed_day(&mut self, column: Column) -> Option<Day> {
        if self.cells.get(column).is_none_or(|cell| cell.is_empty()) {
            self.refuse(column, "", words::CELL_NEEDED);
            return None;
        }
        self.day(column).flatten()
    }

    fn birth(&mut self, day: Day, today: Day) {
        let years_ago = |years: i16| {
            let date = today.date();
            // 29 February is 1 March in the years that have none.
            Day::new(date.year() - years, date.month(), date.day())
                .or_else(|| Day::new(date.year() - years, 3, 1))
                .unwrap_or(today)
        };
        let wrong = if day > today {
            words::BORN_LATER
        } else if day > years_ago(14) {
            words::TOO_YOUNG
        } else if day < years_ago(110) {
            words::TOO_OLD
        } else {
            return;
        };
        self.refuse(Column::DateOfBirth, &day.to_string(), wrong);
    }

    fn email(&mut self) -> Cell<String> {
        let text = self.text(Column::Email)?;
        let Some(text) = text else { return Some(None) };
        let email = text.to_ascii_lowercase();
        if !is_email(&email) {
            self.refuse(Column::Email, &text, words::EMAIL_FORM);
            return Some(None);
        }
        Some(Some(email))
    }

    fn smartcard(&mut self) -> Cell<String> {
        let text = self.text(Column::SmartcardUuid)?;
        let Some(text) = text else { return Some(None) };
        let uuid: String = text.chars().filter(|c| *c != ' ').collect();
        if uuid.len() != 12 || !uuid.bytes().all(|byte| byte.is_ascii_digit()) {
            self.refuse(Column::SmartcardUuid, &text, words::SMARTCARD_FORM);
            return Some(None);
        }
        Some(Some(uuid))
    }
}
