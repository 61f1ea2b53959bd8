//! One person of the file against what is held of them.

use store::{Day, Instant};
use uuid::Uuid;

use super::{
    Change, Column, Finding,
    finding::Findings,
    groups::Group,
    row::{Cell, Person, Post},
    state::{Assignment, FieldHold, Fields, Held, State, last_day},
};
use crate::{IdentityField, Username, words};

/// A change of an identity field that does not work at once.
#[derive(Debug)]
pub(super) struct NewHold {
    pub(super) field: IdentityField,
    pub(super) old: Option<String>,
    pub(super) new: Option<String>,
}

/// How a person's staff record will be.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) id: Option<Uuid>,
    pub(super) employee_number: String,
    /// The username that is allotted, where the record is new and all is well.
    pub(super) username: Option<Username>,
    pub(super) line: u64,
    pub(super) fields: Fields,
    pub(super) assignments: Vec<Assignment>,
    /// Field by field; empty where nothing changes, and for a new record.
    pub(super) changes: Vec<Change>,
    pub(super) holds: Vec<NewHold>,
    /// Whether an identity field changes at once, since nobody has been in yet.
    pub(super) unheld: bool,
    /// The last day, where the record ends now, or earlier than before.
    pub(super) leaves: Option<Day>,
}

impl Outcome {
    pub(super) fn is_new(&self) -> bool {
        self.id.is_none()
    }

    pub(super) fn changes_name(&self) -> bool {
        let name = [Column::FirstNames, Column::LastName].map(Column::as_str);
        self.changes.iter().any(|change| name.contains(&change.field.as_str()))
    }

    pub(super) fn changes_identity(&self) -> bool {
        self.changes.iter().any(|change| change.identity)
    }
}

/// What `group` makes of a record that is not held yet; errors are found on the way.
pub(super) fn new_record(group: Group, errors: &mut Findings) -> Outcome {
    let fields = merge_person(&group.person, None);
    let assignments = merge_posts(&group, None, errors);
    Outcome {
        id: None,
        employee_number: group.employee_number,
        username: None,
        line: group.line,
        fields,
        assignments,
        changes: Vec::new(),
        holds: Vec::new(),
        unheld: false,
        leaves: None,
    }
}

/// What `group` makes of the record that is held; errors and warnings are found on the way.
pub(super) fn compare(
    group: Group,
    held: &Held,
    state: &State,
    now: Instant,
    errors: &mut Findings,
    warnings: &mut Findings,
) -> Outcome {
    let mut fields = merge_person(&group.person, Some(held));
    let (mut holds, mut unheld) = (Vec::new(), false);
    for &field in IdentityField::ALL {
        let (old, new) = (held.fields.identity(field), fields.identity(field));
        if old == new {
            continue;
        }
        let newest = state.holds.get(&(held.id, field));
        if let Some(stopped) = newest.filter(|hold| hold.new_value == new).and_then(|hold| hold.stopped_at) {
            let (value, day) = (new.unwrap_or_default(), state.employer.today(stopped));
            warnings.push(Finding::of_value(
                group.line,
                column(field),
                &value,
                words::stopped_by_person(day),
            ));
            fields.keep(field, &held.fields);
        } else if held.proved_at.is_some() {
            let old = in_force(newest, old, now);
            if old != new {
                holds.push(NewHold { field, old, new });
            }
        } else {
            unheld = true;
        }
    }
    let assignments = merge_posts(&group, Some(held), errors);
    let changes = changes(held, &fields, &assignments);
    let before = last_day(&held.assignments);
    let leaves = last_day(&assignments).filter(|last| before.is_none_or(|before| *last < before));
    Outcome {
        id: Some(held.id),
        employee_number: group.employee_number,
        username: None,
        line: group.line,
        fields,
        assignments,
        changes,
        holds,
        unheld,
        leaves,
    }
}

/// The value that works at `now`, where `raw` is what the record says.
fn in_force(newest: Option<&FieldHold>, raw: Option<String>, now: Instant) -> Option<String> {
    match newest {
        Some(hold) if hold.in_force(raw.as_ref(), now) => hold.old_value.clone(),
        _ => raw,
    }
}

fn column(field: IdentityField) -> Column {
    match field {
        IdentityField::Email => Column::Email,
        IdentityField::DateOfBirth => Column::DateOfBirth,
        IdentityField::SmartcardUuid => Column::SmartcardUuid,
    }
}

/// The cell, or what is held where the file has no such column.
fn merge<T: Clone>(cell: &Cell<T>, held: Option<&Option<T>>) -> Option<T> {
    cell.as_ref().or(held).cloned().flatten()
}

fn merge_person(person: &Person, held: Option<&Held>) -> Fields {
    let held = held.map(|held| &held.fields);
    Fields {
        title: merge(&person.title, held.map(|held| &held.title)),
        first_names: person.first_names.clone(),
        last_name: person.last_name.clone(),
        date_of_birth: person.date_of_birth,
        email: merge(&person.email, held.map(|held| &held.email)),
        smartcard_uuid: merge(&person.smartcard_uuid, held.map(|held| &held.smartcard_uuid)),
    }
}

/// The file's assignments over the held ones; those that the file does not name stay. In the order of their numbers.
fn merge_posts(group: &Group, held: Option<&Held>, errors: &mut Findings) -> Vec<Assignment> {
    let mut assignments = held.map_or_else(Vec::new, |held| held.assignments.clone());
    let mut lines: Vec<(String, u64)> = Vec::with_capacity(group.posts.len());
    let mut unnumbered = 0;
    for post in &group.posts {
        let number = post.assignment_number.clone().unwrap_or_else(|| {
            unnumbered += 1;
            let number = &group.employee_number;
            if unnumbered == 1 { number.clone() } else { format!("{number}-{unnumbered}") }
        });
        if let Some((_, other)) = lines.iter().find(|(taken, _)| *taken == number) {
            let text = words::assignment_twice(*other);
            errors.push(Finding::of_value(post.line, Column::AssignmentNumber, &number, text));
            continue;
        }
        let at = assignments.iter().position(|assignment| assignment.assignment_number == number);
        let assignment = merge_post(post, number.clone(), at.map(|at| &assignments[at]));
        check_days(&assignment, post.line, errors);
        match at {
            Some(at) => assignments[at] = assignment,
            None => assignments.push(assignment),
        }
        lines.push((number, post.line));
    }
    assignments.sort_by(|a, b| a.assignment_number.cmp(&b.assignment_number));
    assignments
}

fn merge_post(post: &Post, assignment_number: String, held: Option<&Assignment>) -> Assignment {
    Assignment {
        assignment_number,
        position: merge(&post.position, held.map(|held| &held.position)),
        department: merge(&post.department, held.map(|held| &held.department)),
        location: merge(&post.location, held.map(|held| &held.location)),
        manager: merge(&post.manager, held.map(|held| &held.manager)),
        start_date: post.start_date,
        leaving_date: merge(&post.leaving_date, held.map(|held| &held.leaving_date)),
        absent_from: merge(&post.absent_from, held.map(|held| &held.absent_from)),
        absent_to: merge(&post.absent_to, held.map(|held| &held.absent_to)),
    }
}

fn check_days(assignment: &Assignment, line: u64, errors: &mut Findings) {
    let mut refuse =
        |column, day: Day, text: &str| errors.push(Finding::of_value(line, column, &day.to_string(), text));
    if let Some(day) = assignment.leaving_date.filter(|day| *day < assignment.start_date) {
        refuse(Column::LeavingDate, day, words::LEFT_BEFORE_START);
    }
    match (assignment.absent_from, assignment.absent_to) {
        (None, Some(to)) => refuse(Column::AbsentTo, to, words::ABSENCE_WITHOUT_START),
        (Some(from), Some(to)) if to < from => refuse(Column::AbsentTo, to, words::ABSENCE_ENDS_EARLY),
        _ => {}
    }
}

fn changes(held: &Held, fields: &Fields, assignments: &[Assignment]) -> Vec<Change> {
    let mut changes = Vec::new();
    let name = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let birth = |fields: &Fields| Some(fields.date_of_birth.to_string());
    let before = &held.fields;
    let mut note = |field: String, before: Option<String>, after: Option<String>, identity| {
        if before != after {
            changes.push(Change { field, before, after, identity });
        }
    };
    let word = |column: Column| column.as_str().to_owned();
    note(word(Column::Title), before.title.clone(), fields.title.clone(), false);
    note(word(Column::FirstNames), name(&before.first_names), name(&fields.first_names), false);
    note(word(Column::LastName), name(&before.last_name), name(&fields.last_name), false);
    note(word(Column::DateOfBirth), birth(before), birth(fields), true);
    note(word(Column::Email), before.email.clone(), fields.email.clone(), true);
    note(word(Column::SmartcardUuid), before.smartcard_uuid.clone(), fields.smartcard_uuid.clone(), true);
    for after in assignments {
        let before =
            held.assignments.iter().find(|before| before.assignment_number == after.assignment_number);
        if before == Some(after) {
            continue;
        }
        type Read = fn(&Assignment) -> Option<String>;
        let read: [(Column, Read); 8] = [
            (Column::Position, |a| a.position.clone()),
            (Column::Department, |a| a.department.clone()),
            (Column::Location, |a| a.location.clone()),
            (Column::Manager, |a| a.manager.clone()),
            (Column::StartDate, |a| Some(a.start_date.to_string())),
            (Column::LeavingDate, |a| a.leaving_date.map(|day| day.to_string())),
            (Column::AbsentFrom, |a| a.absent_from.map(|day| day.to_string())),
            (Column::AbsentTo, |a| a.absent_to.map(|day| day.to_string())),
        ];
        for (column, read) in read {
            note(column.of_assignment(&after.assignment_number), before.and_then(read), read(after), false);
        }
    }
    changes
}
