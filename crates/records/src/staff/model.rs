use store::{Day, Instant, StoreError};
use uuid::Uuid;

use crate::{Employer, Role, Settings};

/// One person's employment at one employer, as it is in force: while an identity field is held, its old value stands here.
#[derive(Clone, Debug, PartialEq)]
pub struct StaffRecord {
    /// Its id.
    pub id: Uuid,
    /// Its employer.
    pub employer: Uuid,
    /// The employer's number for it.
    pub employee_number: String,
    /// `Dr`, `Ms`, …
    pub title: Option<String>,
    /// May be empty where the person has one name only.
    pub first_names: String,
    /// May be empty where the person has one name only.
    pub last_name: String,
    /// Only narrows a search, never authorises.
    pub date_of_birth: Day,
    /// In lower case.
    pub email: Option<String>,
    /// Twelve digits.
    pub smartcard_uuid: Option<String>,
    /// The last day of the last assignment, where all have one: the last day with access.
    pub last_day: Option<Day>,
    /// When its holder first got in.
    pub proved_at: Option<Instant>,
}

impl StaffRecord {
    /// First names and last name.
    #[must_use]
    pub fn name(&self) -> String {
        full_name(&self.first_names, &self.last_name)
    }

    /// Whether its last day lies before `today`.
    #[must_use]
    pub fn has_left(&self, today: Day) -> bool {
        self.last_day.is_some_and(|last| last < today)
    }
}

pub(crate) fn full_name(first_names: &str, last_name: &str) -> String {
    format!("{first_names} {last_name}").trim().to_owned()
}

/// A staff record with its employer, read by one statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Holder {
    /// The record.
    pub record: StaffRecord,
    /// Its employer.
    pub employer: Employer,
    /// The roles that they hold there, besides being staff.
    pub roles: Vec<Role>,
}

impl Holder {
    /// Whether they have left, and not longer ago than their employer lets leavers in.
    #[must_use]
    pub fn is_leaver(&self, now: Instant) -> bool {
        let years = self.employer.settings.policies.leavers_years;
        let today = self.employer.today(now);
        let last = self.record.last_day.filter(|_| years > 0 && self.record.has_left(today));
        last.is_some_and(|last| today <= last.plus_years(years))
    }

    /// Whether they hold a role besides being staff there.
    #[must_use]
    pub fn has_role(&self) -> bool {
        !self.roles.is_empty()
    }
}

/// A row of a statement on holders, made by [`holders!`](crate::holders).
#[derive(Debug, sqlx::FromRow)]
pub struct HolderRow {
    record_id: Uuid,
    employee_number: String,
    proved_at: Option<Instant>,
    title: Option<String>,
    first_names: String,
    last_name: String,
    date_of_birth: Day,
    email: Option<String>,
    smartcard_uuid: Option<String>,
    last_day: Option<Day>,
    /// The hold in force on each identity field, and the value before it.
    email_hold: Option<Uuid>,
    email_before: Option<String>,
    birth_hold: Option<Uuid>,
    birth_before: Option<String>,
    card_hold: Option<Uuid>,
    card_before: Option<String>,
    employer_id: Uuid,
    code: String,
    name: String,
    #[sqlx(try_from = "String")]
    settings: Settings,
    revision: i64,
    record_change: i64,
    roles: Option<String>,
}

impl TryFrom<HolderRow> for Holder {
    type Error = StoreError;

    fn try_from(row: HolderRow) -> Result<Self, StoreError> {
        let in_force = |hold: Option<Uuid>, before, now| if hold.is_some() { before } else { now };
        let date_of_birth = match (row.birth_hold, row.birth_before) {
            (Some(_), Some(before)) => before
                .parse()
                .map_err(|_| StoreError::Damaged(format!("held date of birth of {}", row.record_id)))?,
            _ => row.date_of_birth,
        };
        let roles = row.roles.as_deref().unwrap_or_default().split(',').filter(|role| !role.is_empty());
        let roles = roles.map(str::parse).collect::<Result<_, _>>().map_err(StoreError::Damaged)?;
        Ok(Self {
            record: StaffRecord {
                id: row.record_id,
                employer: row.employer_id,
                employee_number: row.employee_number,
                title: row.title,
                first_names: row.first_names,
                last_name: row.last_name,
                date_of_birth,
                email: in_force(row.email_hold, row.email_before, row.email),
                smartcard_uuid: in_force(row.card_hold, row.card_before, row.smartcard_uuid),
                last_day: row.last_day,
                proved_at: row.proved_at,
            },
            employer: Employer {
                id: row.employer_id,
                code: row.code,
                name: row.name,
                settings: row.settings,
                revision: row.revision,
                record_change: row.record_change,
            },
            roles,
        })
    }
}
