//! What an employer's staff records hold before a load.

use std::collections::HashMap;

use store::{Day, Db, Instant, Result};
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

/// All of an employer's staff records.
#[derive(Debug)]
pub(super) struct State {
    pub(super) employer: Employer,
    pub(super) records: HashMap<String, Held>,
    pub(super) holds: HashMap<(Uuid, IdentityField), FieldHold>,
    pub(super) usernames: Vec<String>,
    /// Whether another employer has staff records.
    pub(super) others: bool,
}

/// So many records are read by one statement.
const PAGE: i64 = 2000;

impl State {
    /// Reads it page by page. A change in between is found when the load is switched: it is no longer based on the newest.
    pub(super) async fn load(db: &Db, employer: Employer) -> Result<Self> {
        let id = employer.id;
        let mut reader = db.read().await?;
        let tx = &mut reader.tx();
        let mut records = HashMap::new();
        let mut after = String::new();
        loop {
            let page = sql::records(tx, id, &after, PAGE).await?;
            let Some(last) = page.last().map(|held| held.employee_number.clone()) else { break };
            let mut numbers: HashMap<Uuid, String> = HashMap::with_capacity(page.len());
            for held in page {
                numbers.insert(held.id, held.employee_number.clone());
                records.insert(held.employee_number.clone(), held);
            }
            for row in sql::assignments(tx, id, &after, &last).await? {
                if let Some(held) =
                    numbers.get(&row.staff_record_id).and_then(|number| records.get_mut(number))
                {
                    held.assignments.push(row.assignment);
                }
            }
            after = last;
        }
        // In the order of their numbers, so that the newest of a field stays.
        let holds = sql::holds(tx, id)
            .await?
            .into_iter()
            .map(|hold| ((hold.staff_record_id, hold.field), hold))
            .collect();
        let usernames = sql::taken_usernames(tx, id).await?;
        let others = sql::others_have_staff(tx, id).await?;
        Ok(Self { employer, records, holds, usernames, others })
    }
}
