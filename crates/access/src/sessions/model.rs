use records::Holder;
use store::{Instant, SecretHash};
use uuid::Uuid;
use web::{Factors, ProofKind};

/// A session in which a step is outstanding ends after so many minutes.
const STEP_MINUTES: i64 = 30;
/// A session is written down as seen at most this often.
const TOUCHED_SECONDS: i64 = 30;

store::words! {
    /// Who or what ended a session.
    pub enum EndedBy {
        /// Its holder logged out, or ended it from elsewhere.
        Holder = "holder",
        /// Nothing happened for too long.
        Idle = "idle",
        /// It had lasted as long as a session may.
        Age = "age",
        /// Somebody logged in anew on the same browser.
        Replaced = "replaced",
        /// The password was set anew.
        Password = "password",
        /// Too many wrong answers when asked to confirm.
        Failures = "failures",
        /// Their last day was over.
        Left = "left",
        /// Their second factors were taken off, because they had lost them.
        ReEnrolment = "re_enrolment",
        /// A leaver works here again.
        StaffAgain = "staff_again",
        /// Its holder said that somebody else had set a personal address for them.
        Stopped = "stopped",
    }
}

store::words! {
    /// What somebody who has given their password still has to do before they are in.
    pub enum Step {
        /// Give their second factor.
        SecondFactor = "second_factor",
        /// Set one up.
        SetUp = "set_up",
    }
}

impl Step {
    /// Its page.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::SecondFactor => "/second-factor",
            Self::SetUp => "/second-factor/set-up",
        }
    }
}

/// A session's row.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Session {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub staff_record_id: Uuid,
    /// When it began.
    pub began_at: Instant,
    /// When something last happened, to within half a minute.
    pub seen_at: Instant,
    /// How they last proved themselves in it.
    pub proof: ProofKind,
    /// When they did.
    pub proof_at: Instant,
    /// From where it began.
    pub address: String,
    /// On what.
    pub device: String,
    /// When they had logged in before that.
    pub previous_at: Option<Instant>,
    /// On what.
    pub previous_device: Option<String>,
    /// When it ended.
    pub ended_at: Option<Instant>,
    /// By what.
    pub ended_by: Option<EndedBy>,
    /// What its person still has to do before they are in.
    pub outstanding: Option<Step>,
    /// Whether it began at the leavers' door.
    pub leaver: bool,
}

/// A session with whose it is, and what they can prove themselves by.
pub(crate) struct Asking {
    pub(crate) session: Session,
    pub(crate) holder: Holder,
    pub(crate) factors: Factors,
}

/// What the log-in's last step finds as the session goes on.
#[derive(Clone, Copy, Debug, sqlx::FromRow)]
pub(crate) struct Completed {
    /// Whether the browser is known to the account.
    pub(crate) known_browser: bool,
    /// Whether a form is kept for the account.
    pub(crate) kept_form: bool,
}

/// A session that begins.
#[derive(Clone, Debug)]
pub(crate) struct NewSession {
    pub(crate) id: Uuid,
    pub(crate) staff_record: Uuid,
    pub(crate) secret: SecretHash,
    pub(crate) proof: ProofKind,
    pub(crate) proof_at: Instant,
    pub(crate) address: String,
    pub(crate) device: String,
    pub(crate) previous_at: Option<Instant>,
    pub(crate) previous_device: Option<String>,
    pub(crate) outstanding: Option<Step>,
    /// The identity provider that they came by, and its ID token, sealed.
    pub(crate) provider: Option<(String, Vec<u8>)>,
    /// Whether they came by the leavers' door.
    pub(crate) leaver: bool,
}

/// How a session stands at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It goes on: whether to write down that it was seen, and when it ends if nothing more happens.
    Open { touch: bool, idle_at: Instant },
    /// It has ended; whether that still has to be written down.
    Over { by: EndedBy, recorded: bool, since: Instant },
}

impl Session {
    /// Why whoever came by its door would not come by it today.
    fn wrong_door(&self, holder: &Holder, now: Instant) -> Option<EndedBy> {
        match (self.leaver, holder.record.has_left(holder.employer.today(now))) {
            (false, false) => None,
            (true, true) if holder.is_leaver(now) => None,
            (true, false) => Some(EndedBy::StaffAgain),
            (_, true) => Some(EndedBy::Left),
        }
    }

    /// Whether it still goes on.
    pub(crate) fn is_open(&self, holder: &Holder, now: Instant) -> bool {
        matches!(self.standing(holder, now), Standing::Open { .. })
    }

    pub(super) fn standing(&self, holder: &Holder, now: Instant) -> Standing {
        let policies = &holder.employer.settings.policies;
        let idle = i64::from(policies.session_idle_minutes);
        let most = match self.outstanding {
            Some(_) => STEP_MINUTES,
            None => i64::from(policies.session_most_hours) * 60,
        };
        let over = |by, since| Standing::Over { by, recorded: false, since };
        let (too_old, too_idle) = (self.began_at.plus_minutes(most), self.seen_at.plus_minutes(idle));
        if let Some(by) = self.ended_by {
            Standing::Over { by, recorded: true, since: self.ended_at.unwrap_or(self.began_at) }
        } else if let Some(by) = self.wrong_door(holder, now) {
            over(by, now)
        } else if now >= too_old {
            over(EndedBy::Age, too_old)
        } else if now >= too_idle {
            over(EndedBy::Idle, too_idle)
        } else {
            let touch = now.seconds_since(self.seen_at) >= TOUCHED_SECONDS;
            let seen = if touch { now } else { self.seen_at };
            Standing::Open { touch, idle_at: seen.plus_minutes(idle).min(self.began_at.plus_minutes(most)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{EndedBy, Session, Standing, Step};
    use records::{Employer, Holder, Settings, StaffRecord};
    use store::{Day, Instant};
    use uuid::Uuid;
    use web::ProofKind;

    fn holder(last_day: Option<Day>) -> Holder {
        let id = Uuid::nil();
        let employer = Employer {
            id,
            code: "427".into(),
            name: "Example".into(),
            settings: Settings::default(),
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
            last_day,
            proved_at: None,
        };
        Holder { record, employer, roles: Vec::new() }
    }

    fn session_at(began_at: Instant) -> Session {
        Session {
            id: Uuid::nil(),
            staff_record_id: Uuid::nil(),
            began_at,
            seen_at: began_at,
            proof: ProofKind::Password,
            proof_at: began_at,
            address: "192.0.2.1".into(),
            device: "Chrome on Windows".into(),
            previous_at: None,
            previous_device: None,
            ended_at: None,
            ended_by: None,
            outstanding: None,
            leaver: false,
        }
    }

    #[test]
    fn a_session_ends_by_idleness_age_and_leaving() {
        let at = |text: &str| text.parse::<Instant>().unwrap();
        let began = at("2026-11-24T08:00:00Z");
        let session = |seen_at| Session { seen_at, ..session_at(began) };
        let over = |by, since: &str| Standing::Over { by, recorded: false, since: at(since) };
        let stays = holder(None);
        let open = |touch, idle_at| Standing::Open { touch, idle_at };
        for (seen, now, holder, standing) in [
            ("2026-11-24T08:00:00Z", "2026-11-24T08:00:10Z", &stays, open(false, at("2026-11-24T08:15:00Z"))),
            ("2026-11-24T08:00:00Z", "2026-11-24T08:10:00Z", &stays, open(true, at("2026-11-24T08:25:00Z"))),
            (
                "2026-11-24T08:00:00Z",
                "2026-11-24T08:15:00Z",
                &stays,
                over(EndedBy::Idle, "2026-11-24T08:15:00Z"),
            ),
            ("2026-11-24T19:55:00Z", "2026-11-24T19:59:00Z", &stays, open(true, at("2026-11-24T20:00:00Z"))),
            (
                "2026-11-24T19:55:00Z",
                "2026-11-24T20:00:00Z",
                &stays,
                over(EndedBy::Age, "2026-11-24T20:00:00Z"),
            ),
            // In winter, London's day ends at midnight UTC: the last day is the last with access.
            (
                "2026-11-24T08:00:00Z",
                "2026-11-24T08:01:00Z",
                &holder(Day::new(2026, 11, 24)),
                open(true, at("2026-11-24T08:16:00Z")),
            ),
            (
                "2026-11-24T08:00:00Z",
                "2026-11-24T08:01:00Z",
                &holder(Day::new(2026, 11, 23)),
                over(EndedBy::Left, "2026-11-24T08:01:00Z"),
            ),
        ] {
            assert_eq!(session(at(seen)).standing(holder, at(now)), standing, "{seen} {now}");
        }
        let halfway =
            Session { outstanding: Some(Step::SecondFactor), ..session(at("2026-11-24T08:29:00Z")) };
        let ended = over(EndedBy::Age, "2026-11-24T08:30:00Z");
        assert_eq!(halfway.standing(&stays, at("2026-11-24T08:30:00Z")), ended);
    }

    #[test]
    fn a_leavers_session_ends_when_the_years_are_over_or_they_are_back() {
        let at = |text: &str| text.parse::<Instant>().unwrap();
        for (last_day, years, now, ended) in [
            (Day::new(2026, 11, 23), 7, "2026-11-24T08:00:00Z", None),
            (Day::new(2026, 11, 23), 0, "2026-11-24T08:00:00Z", Some(EndedBy::Left)),
            (Day::new(2025, 11, 23), 1, "2026-11-23T23:59:59Z", None),
            (Day::new(2025, 11, 23), 1, "2026-11-24T00:00:00Z", Some(EndedBy::Left)),
            (Day::new(2026, 11, 24), 7, "2026-11-24T08:00:00Z", Some(EndedBy::StaffAgain)),
            (None, 7, "2026-11-24T08:00:00Z", Some(EndedBy::StaffAgain)),
        ] {
            let mut holder = holder(last_day);
            holder.employer.settings.policies.leavers_years = years;
            let now = at(now);
            let leavers = Session { leaver: true, ..session_at(now) };
            let standing = leavers.standing(&holder, now);
            match ended {
                Some(by) => assert_eq!(standing, Standing::Over { by, recorded: false, since: now }),
                None => assert!(leavers.is_open(&holder, now), "{last_day:?} {years} {now}"),
            }
        }
    }
}
