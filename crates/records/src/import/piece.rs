//! A piece of a load: rows of several tables that are written by one transaction.

use store::{Ids, Instant, Tx, Value, insert_many};
use uuid::Uuid;

use super::compare::Outcome;
use crate::search;

/// So many rows are written by one transaction, so that nobody waits long behind it; keys for the search, which are small, apart.
const MOST_ROWS: usize = 500;
const MOST_KEYS: usize = 500;

/// What all rows of a load have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    pub(super) employer: Uuid,
    pub(super) number: i64,
    pub(super) at: Instant,
    pub(super) held_until: Instant,
}

type Rows = Vec<Vec<Value>>;

#[derive(Debug, Default)]
pub(super) struct Piece {
    records: Rows,
    versions: Rows,
    assignments: Rows,
    usernames: Rows,
    holds: Rows,
    keys: Rows,
    /// How many staff records are in it.
    pub(super) people: u64,
}

fn rows_of(outcome: &Outcome) -> usize {
    let new = if outcome.is_new() { 2 } else { 0 };
    1 + new + outcome.assignments.len() + outcome.holds.len()
}

impl Piece {
    pub(super) fn has_room_for(&self, outcome: &Outcome) -> bool {
        let tables = [&self.records, &self.versions, &self.assignments, &self.usernames, &self.holds];
        let rows: usize = tables.iter().map(|rows| rows.len()).sum();
        let room = rows + rows_of(outcome) <= MOST_ROWS && self.keys.len() + search::MOST_KEYS <= MOST_KEYS;
        rows == 0 || room
    }

    pub(super) fn add(&mut self, outcome: Outcome, load: Load, ids: &mut Ids) {
        let number = Value::Number(load.number);
        let id = outcome.id.unwrap_or_else(|| ids.draw());
        if outcome.is_new() || outcome.changes_name() {
            let (first_names, last_name) = (&outcome.fields.first_names, &outcome.fields.last_name);
            self.keys.extend(search::key_rows(load.employer, id, load.number, first_names, last_name));
        }
        if outcome.is_new() {
            let employee_number = Value::Text(Some(outcome.employee_number));
            self.records.push(vec![id.into(), load.employer.into(), employee_number, number.clone()]);
        }
        let fields = outcome.fields;
        self.versions.push(vec![
            id.into(),
            number.clone(),
            fields.title.into(),
            Value::Text(Some(fields.first_names)),
            Value::Text(Some(fields.last_name)),
            Value::Day(Some(fields.date_of_birth)),
            fields.email.into(),
            fields.smartcard_uuid.into(),
        ]);
        for assignment in outcome.assignments {
            self.assignments.push(vec![
                id.into(),
                number.clone(),
                Value::Text(Some(assignment.assignment_number)),
                assignment.position.into(),
                assignment.department.into(),
                assignment.location.into(),
                assignment.manager.into(),
                Value::Day(Some(assignment.start_date)),
                Value::Day(assignment.leaving_date),
                Value::Day(assignment.absent_from),
                Value::Day(assignment.absent_to),
            ]);
        }
        if let Some(username) = outcome.username {
            let (name, at) = (username.as_str().into(), Value::At(Some(load.at)));
            self.usernames.push(vec![name, id.into(), load.employer.into(), number.clone(), at]);
        }
        for hold in outcome.holds {
            self.holds.push(vec![
                ids.draw().into(),
                id.into(),
                load.employer.into(),
                number.clone(),
                hold.field.as_str().into(),
                hold.old.into(),
                hold.new.into(),
                Value::At(Some(load.held_until)),
            ]);
        }
        self.people += 1;
    }

    pub(super) async fn write(self, tx: &mut Tx<'_>) -> store::Result<()> {
        let records = &["id", "employer_id", "employee_number", "created_number"];
        let versions = &[
            "staff_record_id",
            "number",
            "title",
            "first_names",
            "last_name",
            "date_of_birth",
            "email",
            "smartcard_uuid",
        ];
        let assignments = &[
            "staff_record_id",
            "number",
            "assignment_number",
            "position",
            "department",
            "location",
            "manager",
            "start_date",
            "leaving_date",
            "absent_from",
            "absent_to",
        ];
        let usernames = &["name", "staff_record_id", "employer_id", "number", "allotted_at"];
        let holds = &[
            "id",
            "staff_record_id",
            "employer_id",
            "number",
            "field",
            "old_value",
            "new_value",
            "held_until",
        ];
        insert_many(tx, "staff_record", records, self.records).await?;
        insert_many(tx, "staff_version", versions, self.versions).await?;
        insert_many(tx, "assignment", assignments, self.assignments).await?;
        insert_many(tx, "username", usernames, self.usernames).await?;
        insert_many(tx, "identity_hold", holds, self.holds).await?;
        insert_many(tx, search::TABLE, search::COLUMNS, self.keys).await
    }
}
