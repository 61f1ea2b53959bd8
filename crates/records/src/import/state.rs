//! What an employer's staff records hold before a load.

use std::collections::HashMap;

use store::{Day, Instant, Result, Tx};
use uuid::Uuid;

use super::sql;
use crate::{Employer, IdentityField};

/// The person's part of a version, without the holds: the raw values.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub(super) struct Fields {
    pub(super) title: Option<String>,
    pub(super) first_names: String,
    pub(super) last_name: String,
    pub(super) date_of_birth: Day,
    pub(super) email: Option<String>,
    pub(super) smartcard_uuid: Option<String>,
}

impl Fields {
    /// An identity field as it stands in a hold.
    pub(super) fn identity(&self, field: IdentityField) -> Option<String> {
        match field {
            IdentityField::Email => self.email.clone(),
            IdentityField::DateOfBirth => Some(self.date_of_birth.to_string()),
            IdentityField::SmartcardUuid => self.smartcard_uuid.clone(),
        }
    }

    /// Puts one identity field back to how it is in `from`.
    pub(super) fn keep(&mut self, field: IdentityField, from: &Self) {
        match field {
            IdentityField::Email => self.email.clone_from(&from.email),
            IdentityField::DateOfBirth => self.date_of_birth = from.date_of_birth,
            IdentityField::SmartcardUuid => self.smartcard_uuid.clone_from(&from.smartcard_uuid),
        }
    }
}

/// A post within a staff record.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub(super) struct Assignment {
    pub(super) assignment_number: String,
    pub(super) position: Option<String>,
    pub(super) department: Option<String>,
    pub(super) location: Option<String>,
    pub(super) manager: Option<String>,
    pub(super) start_date: Day,
    pub(super) leaving_date: Option<Day>,
    pub(super) absent_from: Option<Day>,
    pub(super) absent_to: Option<Day>,
}

/// The last day of the last assignment, where all have one.
pub(super) fn last_day(assignments: &[Assignment]) -> Option<Day> {
    let days: Option<Vec<Day>> = assignments.iter().map(|assignment| assignment.leaving_date).collect();
    days?.into_iter().max()
}

/// A staff record as it is held.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub(super) struct Held {
    pub(super) id: Uuid,
    pub(super) employee_number: String,
    pub(super) proved_at: Option<Instant>,
    #[sqlx(flatten)]
    pub(super) fields: Fields,
    #[sqlx(skip)]
    pub(super) assignments: Vec<Assignment>,
}

/// The newest hold of a field.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub(super) struct FieldHold {
    pub(super) staff_record_id: Uuid,
    pub(super) field: IdentityField,
    pub(super) old_value: Option<String>,
    pub(super) new_value: Option<String>,
    pub(super) held_until: Instant,
    pub(super) stopped_at: Option<Instant>,
    pub(super) released_at: Option<Instant>,
}

impl FieldHold {
    pub(super) fn in_force(&self, value: Option<&String>, now: Instant) -> bool {
        self.stopped_at.is_none()
            && self.released_at.is_none()
            && now < self.held_until
            && self.new_value.as_ref() == value
    }
}

/// What all of an employer's staff records are held against, besides the records themselves.
#[derive(Debug)]
pub(super) struct State {
    pub(super) employer: Employer,
    pub(super) holds: HashMap<(Uuid, IdentityField), FieldHold>,
}

impl State {
    /// `holds` are in the order of their numbers, so that the newest of a field stays.
    pub(super) fn new(employer: Employer, holds: Vec<FieldHold>) -> Self {
        let holds = holds.into_iter().map(|hold| ((hold.staff_record_id, hold.field), hold)).collect();
        Self { employer, holds }
    }
}

/// So many records are read by one statement.
const PAGE: i64 = 2000;

/// The employer's staff records after an employee number, with their assignments; empty where there are no more. Changes between
/// pages are found when the load is switched: it is no longer based on the newest.
pub(super) async fn page(tx: &mut Tx<'_>, employer: Uuid, after: &str) -> Result<Vec<Held>> {
    let mut page = sql::records(tx, employer, after, PAGE).await?;
    let Some(last) = page.last().map(|held| held.employee_number.clone()) else { return Ok(page) };
    let at: HashMap<Uuid, usize> = page.iter().enumerate().map(|(at, held)| (held.id, at)).collect();
    for row in sql::assignments(tx, employer, after, &last).await? {
        if let Some(at) = at.get(&row.staff_record_id) {
            page[*at].assignments.push(row.assignment);
        }
    }
    Ok(page)
}
