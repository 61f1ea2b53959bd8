use store::Instant;
use uuid::Uuid;

use crate::{Holder, Settings, is_email};

/// So many days after it was confirmed it works at the earliest: time to hear of one that somebody else has set.
pub const WAIT_DAYS: i64 = 14;

store::words! {
    /// What became of an address that is none any more.
    pub enum EndedBy {
        /// Another was set.
        Replaced = "replaced",
        /// Its holder took it off.
        Removed = "removed",
        /// Its holder said that it was not they who had set it.
        Stopped = "stopped",
    }
}

/// An email address of a person's own.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct PersonalAddress {
    /// Its id.
    pub id: Uuid,
    /// Whose record.
    pub staff_record_id: Uuid,
    /// In lower case; gone where it has ended.
    pub address: Option<String>,
    /// When it was typed.
    pub set_at: Instant,
    /// When the button behind the link that was mailed to it was pressed.
    pub confirmed_at: Option<Instant>,
    /// When it ended.
    pub ended_at: Option<Instant>,
    /// By what.
    pub ended_by: Option<EndedBy>,
    /// Until when its link works.
    pub confirm_until: Option<Instant>,
}

impl PersonalAddress {
    /// When it works at the earliest, once its holder has left; `None` as long as it is not confirmed.
    #[must_use]
    pub fn works_from(&self) -> Option<Instant> {
        self.confirmed_at.map(|at| at.plus_minutes(WAIT_DAYS * 24 * 60))
    }

    /// Whether `holder`, whose it is, gets in by it now.
    #[must_use]
    pub fn works(&self, holder: &Holder, now: Instant) -> bool {
        let waited = self.works_from().is_some_and(|from| now >= from);
        waited && self.ended_at.is_none() && self.address.is_some() && holder.is_leaver(now)
    }

    /// Whether it may still be somebody else who has set it, so that a press of a button stops it.
    #[must_use]
    pub fn is_young(&self, now: Instant) -> bool {
        self.works_from().is_none_or(|from| now < from)
    }

    /// Whether mail with this address in it is theirs.
    #[must_use]
    pub fn is(&self, address: &str) -> bool {
        self.address.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(address.trim()))
    }
}

/// Why an address is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing was typed.
    Empty,
    /// It is no email address.
    Form,
    /// It is in a mail domain of the employer: that mailbox ends with the job.
    EmployersOwn,
}

/// An address as it was typed, in lower case.
///
/// # Errors
/// What is wrong with it.
pub fn judge(typed: &str, settings: &Settings) -> Result<String, Refusal> {
    let address = typed.trim().to_lowercase();
    if address.is_empty() {
        return Err(Refusal::Empty);
    }
    if !is_email(&address) {
        return Err(Refusal::Form);
    }
    let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
    let below =
        |ours: &str| domain.strip_suffix(ours).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    if settings.mail_domains.iter().any(|ours| below(&ours.to_lowercase())) {
        return Err(Refusal::EmployersOwn);
    }
    Ok(address)
}

#[cfg(test)]
mod tests {
    use store::Day;

    use super::*;
    use crate::{Employer, StaffRecord};

    fn at(text: &str) -> Instant {
        text.parse().unwrap()
    }

    fn holder(last_day: Option<&str>, leavers_years: u32) -> Holder {
        let mut settings = Settings::default();
        settings.policies.leavers_years = leavers_years;
        let id = Uuid::nil();
        let employer = Employer {
            id,
            code: "427".into(),
            name: "Example".into(),
            settings,
            revision: 1,
            record_change: 1,
        };
        let record = StaffRecord {
            id,
            employer: id,
            employee_number: "1".into(),
            title: None,
            first_names: "Helen".into(),
            last_name: "O'Wsea".into(),
            date_of_birth: Day::new(1980, 1, 1).unwrap(),
            email: None,
            smartcard_uuid: None,
            last_day: last_day.map(|day| day.parse().unwrap()),
            proved_at: None,
        };
        Holder { record, employer, roles: Vec::new() }
    }

    #[test]
    fn it_works_after_leaving_and_fourteen_days_and_for_some_years() {
        let confirmed = PersonalAddress {
            id: Uuid::nil(),
            staff_record_id: Uuid::nil(),
            address: Some("helen@home.example".into()),
            set_at: at("2026-11-01T09:00:00Z"),
            confirmed_at: Some(at("2026-11-01T09:05:00Z")),
            ended_at: None,
            ended_by: None,
            confirm_until: None,
        };
        let waiting = PersonalAddress { confirmed_at: None, ..confirmed.clone() };
        let stopped = PersonalAddress { ended_at: Some(at("2026-11-02T09:00:00Z")), ..confirmed.clone() };
        let (soon, leap) = (Some("2026-11-10"), Some("2028-02-29"));
        for (name, address, last_day, years, now, works) in [
            ("a second too early", &confirmed, soon, 7, "2026-11-15T09:04:59Z", false),
            ("fourteen days later", &confirmed, soon, 7, "2026-11-15T09:05:00Z", true),
            ("still here", &confirmed, None, 7, "2026-12-01T09:00:00Z", false),
            ("the last day", &confirmed, Some("2026-12-01"), 7, "2026-12-01T23:59:59Z", false),
            ("the day after", &confirmed, Some("2026-12-01"), 7, "2026-12-02T00:00:00Z", true),
            ("never confirmed", &waiting, soon, 7, "2026-12-01T09:00:00Z", false),
            ("stopped", &stopped, soon, 7, "2026-12-01T09:00:00Z", false),
            ("the last day of seven years", &confirmed, soon, 7, "2033-11-10T12:00:00Z", true),
            ("after seven years", &confirmed, soon, 7, "2033-11-11T00:00:00Z", false),
            ("after one, where one is all", &confirmed, soon, 1, "2027-11-11T00:00:00Z", false),
            ("a year from a leap day", &confirmed, leap, 1, "2029-02-28T12:00:00Z", true),
            ("a year and a day from it", &confirmed, leap, 1, "2029-03-01T12:00:00Z", false),
            ("the door is shut", &confirmed, soon, 0, "2026-12-01T09:00:00Z", false),
        ] {
            assert_eq!(address.works(&holder(last_day, years), at(now)), works, "{name}");
        }
        assert!(
            waiting.is_young(at("2027-01-01T00:00:00Z")) && !confirmed.is_young(at("2026-11-15T09:05:00Z"))
        );
    }

    #[test]
    fn it_is_not_the_employers_own() {
        let settings = Settings { mail_domains: vec!["nhs.net".into()], ..Settings::default() };
        let judged = |typed| judge(typed, &settings);
        assert_eq!(judged(" Helen.O@Home.example "), Ok("helen.o@home.example".into()));
        assert_eq!(judged("helen@notnhs.net"), Ok("helen@notnhs.net".into()));
        for (typed, refusal) in [
            ("  ", Refusal::Empty),
            ("helen", Refusal::Form),
            ("helen@home", Refusal::Form),
            ("helen@home.example\r\nBcc: x@y.example", Refusal::Form),
            ("Helen@NHS.net", Refusal::EmployersOwn),
            ("helen@ward7.nhs.net", Refusal::EmployersOwn),
        ] {
            assert_eq!(judged(typed), Err(refusal), "{typed}");
        }
    }
}
