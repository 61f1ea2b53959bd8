use std::net::IpAddr;

use jiff::tz::TimeZone;
use store::{Day, Instant};
use uuid::Uuid;

use super::{Fault, Settings};
use crate::words;

/// An organisation whose staff log in here.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct Employer {
    /// Its id.
    pub id: Uuid,
    /// Three digits; usernames begin with it.
    pub code: String,
    /// Its name, as pages show it.
    pub name: String,
    /// What it has chosen.
    #[sqlx(try_from = "String")]
    pub settings: Settings,
    /// Rises with each change of name or settings.
    pub revision: i64,
    /// The number of the newest switched change of its staff records.
    pub record_change: i64,
}

impl Employer {
    /// Its time zone.
    #[must_use]
    pub fn zone(&self) -> TimeZone {
        self.settings.zone()
    }

    /// The calendar day there.
    #[must_use]
    pub fn today(&self, now: Instant) -> Day {
        now.day_in(&self.zone())
    }

    /// Whether `address` lies in one of its own networks.
    #[must_use]
    pub fn inside(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.settings.networks.iter().any(|network| network.contains(&address))
    }
}

/// An employer to add.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEmployer {
    /// Three digits.
    pub code: String,
    /// Its name.
    pub name: String,
    /// What it has chosen.
    pub settings: Settings,
}

impl NewEmployer {
    /// What is wrong with it, field by field; empty where nothing is.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        if self.code.len() != 3 || !self.code.bytes().all(|byte| byte.is_ascii_digit()) {
            faults.push(Fault::new("code", &self.code, words::CODE_FORM));
        }
        faults.extend(name_fault(&self.name));
        faults.extend(self.settings.validate());
        faults
    }
}

pub(super) fn name_fault(name: &str) -> Option<Fault> {
    let right = !name.trim().is_empty() && name.chars().count() <= 100 && !name.chars().any(char::is_control);
    (!right).then(|| Fault::new("name", name, words::EMPLOYER_NAME_FORM))
}
