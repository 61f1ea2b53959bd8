use records::{Policies, SecondFactor};
use store::Instant;
use uuid::Uuid;

/// So long after the first password was set by a mailed link, that mail is enough to set up the first factor from outside.
const MAIL_MINUTES: i64 = 60;

store::words! {
    /// What beside a password.
    pub enum FactorKind {
        /// A key kept by a device or security key, for this site alone (WebAuthn).
        Passkey = "passkey",
        /// An app that shows a new code each half minute (TOTP, RFC 6238).
        Authenticator = "authenticator",
    }
}

/// A second factor as its holder sees it.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Factor {
    /// Its id.
    pub id: Uuid,
    /// What it is.
    pub kind: FactorKind,
    /// What its holder calls it.
    pub name: String,
    /// When it was set up.
    pub created_at: Instant,
    /// When it was last used.
    pub last_used_at: Option<Instant>,
}

/// What an account has been through, as far as it decides about second factors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct History {
    /// Whether it has a factor.
    pub has_factor: bool,
    /// When it first logged in.
    pub first_log_in_at: Option<Instant>,
    /// When its first password was set by a mailed link.
    pub first_password_at: Option<Instant>,
    /// When its first factor was set up.
    pub first_factor_at: Option<Instant>,
    /// Until when a re-enrolment lets its holder set one up from anywhere.
    pub enrolment_until: Option<Instant>,
    /// Whether its password is too short to be the only factor.
    pub password_short: bool,
}

/// Who logs in from where, as far as it decides about second factors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'e> {
    pub(crate) policies: &'e Policies,
    /// Whether they hold a role besides being staff.
    pub(crate) has_role: bool,
    pub(crate) inside: bool,
    /// Until when this browser is remembered.
    pub(crate) remembered_until: Option<Instant>,
    pub(crate) history: History,
}

/// What somebody who has given the right password still has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Nothing.
    Nothing,
    /// Give their second factor.
    Give,
    /// Set one up; that can be put off until then.
    SetUp { until: Option<Instant> },
    /// Set one up, but not from here.
    Shut,
}

impl Entry<'_> {
    /// What is asked for beside the password, at `now`.
    pub(crate) fn need(&self, now: Instant) -> Need {
        let policy = self.policies.second_factor;
        let asked = self.has_role || (!self.inside && policy != SecondFactor::Off);
        if !asked {
            return Need::Nothing;
        }
        if self.history.has_factor {
            // Where the employer has stopped it since, none is remembered.
            let lasts = self.remembered_until.is_some_and(|until| now < until);
            let remembered = lasts && self.policies.remember_device_days > 0;
            return if remembered && !self.has_role { Need::Nothing } else { Need::Give };
        }
        // A re-enrolment leaves a password that was set beside a factor: it does not do alone.
        let alone = !self.history.password_short;
        if alone && !self.has_role && policy != SecondFactor::Required {
            return Need::Nothing;
        }
        if self.inside || self.history.enrolment_until.is_some_and(|until| now < until) {
            return Need::SetUp { until: None };
        }
        // What was enough once is not enough again: whoever has taken their factors off sets the next one up inside.
        if self.history.first_factor_at.is_some() {
            return Need::Shut;
        }
        let grace_until = self.grace_until(now);
        let mailed = self.history.first_password_at.is_some_and(|at| now < at.plus_minutes(MAIL_MINUTES));
        if now < grace_until {
            Need::SetUp { until: Some(grace_until).filter(|_| !self.has_role) }
        } else if mailed {
            Need::SetUp { until: None }
        } else {
            Need::Shut
        }
    }

    fn grace_until(&self, now: Instant) -> Instant {
        let first = self.history.first_log_in_at.unwrap_or(now);
        first.plus_minutes(i64::from(self.policies.second_factor_grace_days) * 24 * 60)
    }
}

#[cfg(test)]
mod tests {
    use records::{Policies, SecondFactor};
    use store::Instant;

    use super::{Entry, History, Need};

    fn at(text: &str) -> Instant {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_asked_for_beside_the_password() {
        let now = at("2026-11-24T09:00:00Z");
        let grace = at("2026-12-01T09:00:00Z");
        let policies = |second_factor| Policies {
            second_factor,
            second_factor_grace_days: 14,
            remember_device_days: 30,
            ..Policies::default()
        };
        let forgetful = Policies { remember_device_days: 0, ..policies(SecondFactor::Required) };
        let (off, offered, required) =
            (policies(SecondFactor::Off), policies(SecondFactor::Offered), policies(SecondFactor::Required));
        let entry = |policies| Entry {
            policies,
            has_role: false,
            inside: false,
            remembered_until: None,
            history: History::default(),
        };
        let with = History { has_factor: true, first_factor_at: Some(now), ..History::default() };
        let week = History { first_log_in_at: Some(at("2026-11-17T09:00:00Z")), ..History::default() };
        let late = History { first_log_in_at: Some(at("2026-11-10T09:00:00Z")), ..History::default() };
        let mailed = History { first_password_at: Some(at("2026-11-24T08:30:00Z")), ..late };
        let mailed_long_ago = History { first_password_at: Some(at("2026-11-24T08:00:00Z")), ..late };
        let removed = History { first_factor_at: Some(at("2026-11-18T09:00:00Z")), ..week };
        let reopened = History { enrolment_until: Some(at("2026-11-25T09:00:00Z")), ..removed };
        let short = History { password_short: true, ..removed };
        let short_open = History { password_short: true, ..reopened };
        let set_up = Need::SetUp { until: None };
        for (name, entry, need) in [
            ("off", Entry { history: with, ..entry(&off) }, Need::Nothing),
            ("off, with a role", Entry { history: with, has_role: true, ..entry(&off) }, Need::Give),
            ("offered, none", entry(&offered), Need::Nothing),
            ("offered, one", Entry { history: with, ..entry(&offered) }, Need::Give),
            ("one, inside", Entry { history: with, inside: true, ..entry(&required) }, Need::Nothing),
            (
                "one, inside, role",
                Entry { history: with, inside: true, has_role: true, ..entry(&off) },
                Need::Give,
            ),
            (
                "one, remembered",
                Entry { history: with, remembered_until: Some(grace), ..entry(&required) },
                Need::Nothing,
            ),
            (
                "one, remembered until the employer stopped it",
                Entry { history: with, remembered_until: Some(grace), ..entry(&forgetful) },
                Need::Give,
            ),
            (
                "one, remembered until now",
                Entry { history: with, remembered_until: Some(now), ..entry(&required) },
                Need::Give,
            ),
            (
                "one, remembered, role",
                Entry { history: with, remembered_until: Some(grace), has_role: true, ..entry(&required) },
                Need::Give,
            ),
            ("required, inside", Entry { inside: true, ..entry(&required) }, Need::Nothing),
            ("role, inside", Entry { inside: true, has_role: true, ..entry(&off) }, set_up),
            (
                "required, the first log-in",
                entry(&required),
                Need::SetUp { until: Some(at("2026-12-08T09:00:00Z")) },
            ),
            (
                "required, a week later",
                Entry { history: week, ..entry(&required) },
                Need::SetUp { until: Some(grace) },
            ),
            (
                "a week later, with a role",
                Entry { history: week, has_role: true, ..entry(&required) },
                set_up,
            ),
            ("required, a fortnight later", Entry { history: late, ..entry(&required) }, Need::Shut),
            ("just mailed", Entry { history: mailed, ..entry(&required) }, set_up),
            ("mailed an hour ago", Entry { history: mailed_long_ago, ..entry(&required) }, Need::Shut),
            ("taken off in the days of grace", Entry { history: removed, ..entry(&required) }, Need::Shut),
            (
                "offered, with a short password, later",
                Entry { history: short, ..entry(&offered) },
                Need::Shut,
            ),
            (
                "offered, re-enrolled, with a short password",
                Entry { history: short_open, ..entry(&offered) },
                set_up,
            ),
            ("re-enrolled", Entry { history: reopened, ..entry(&required) }, set_up),
        ] {
            assert_eq!(entry.need(now), need, "{name}");
        }
    }
}
