use crate::{Door, internet_access::Status, lock::Lock};

store::words! {
    /// What became of a try to log in.
    pub enum Outcome {
        /// They are in.
        LoggedIn = "logged_in",
        /// Nobody has this username.
        Unknown = "unknown",
        /// The password is not theirs, or they have none.
        WrongPassword = "wrong_password",
        /// Their last day is over.
        Left = "left",
        /// Too many failures; the password was not even looked at.
        Locked = "locked",
        /// Too many failures from this network.
        NetworkLimit = "network_limit",
        /// The right password, from outside, without internet access.
        NotFromHere = "not_from_here",
        /// The right password; a second factor is outstanding.
        SecondFactor = "second_factor",
        /// The right password; a second factor has to be set up.
        SetUp = "set_up",
        /// The right password; a second factor is needed, and can't be set up from here.
        NoFactor = "no_factor",
        /// The second factor was wrong.
        WrongFactor = "wrong_factor",
        /// The right password at the leavers' door, of somebody who works here.
        StillEmployed = "still_employed",
        /// The right password at the leavers' door, without a personal address that works, or too long after leaving.
        NoPersonalAddress = "no_personal_address",
        /// The right password at the leavers' door, without a second factor.
        NoLeaversFactor = "no_leavers_factor",
    }
}

/// All that a decision on one try rests on.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    /// Whether the staff record exists.
    pub known_name: bool,
    /// Whether the password is right.
    pub right: bool,
    /// Whether their last day is over.
    pub left: bool,
    /// Whether they are inside their employer's networks.
    pub inside: bool,
    /// May they log in from outside?
    pub internet_access: Status,
    /// The account's lock, for browsers that are not known to it.
    pub account: Lock,
    /// The lock of this browser, if it is known to the account.
    pub browser: Option<Lock>,
    /// Whether too many have failed from this network lately.
    pub network_over_limit: bool,
    /// The door.
    pub door: Door,
    /// Whether they have left and have a personal address that works.
    pub personal_address: bool,
    /// Whether they have a second factor.
    pub has_factor: bool,
}

/// What becomes of the try.
pub(super) fn decide(facts: &Facts, now: store::Instant) -> Outcome {
    let stopped = facts.browser.as_ref().unwrap_or(&facts.account).is_locked(now);
    let unknown_browser = facts.browser.is_none();
    if stopped {
        Outcome::Locked
    } else if facts.network_over_limit && unknown_browser && !facts.inside {
        Outcome::NetworkLimit
    } else if !facts.known_name {
        Outcome::Unknown
    } else if !facts.right {
        Outcome::WrongPassword
    } else if facts.door == Door::Leavers {
        of_leaver(facts)
    } else if facts.left {
        Outcome::Left
    } else if !facts.inside && facts.internet_access != Status::Approved {
        Outcome::NotFromHere
    } else {
        Outcome::LoggedIn
    }
}

/// Of somebody who knows the password and says that they have left. Internet access and roles are not asked for.
fn of_leaver(facts: &Facts) -> Outcome {
    if !facts.left {
        Outcome::StillEmployed
    } else if !facts.personal_address {
        Outcome::NoPersonalAddress
    } else if !facts.has_factor {
        Outcome::NoLeaversFactor
    } else {
        Outcome::SecondFactor
    }
}

impl Outcome {
    /// Whether nobody is let in, with the same words for all of these.
    pub(super) fn is_failure(self) -> bool {
        match self {
            Self::Unknown
            | Self::WrongPassword
            | Self::Left
            | Self::Locked
            | Self::NetworkLimit
            | Self::StillEmployed
            | Self::NoPersonalAddress
            | Self::NoLeaversFactor => true,
            Self::LoggedIn
            | Self::NotFromHere
            | Self::SecondFactor
            | Self::SetUp
            | Self::NoFactor
            | Self::WrongFactor => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use store::Instant;

    use super::{Facts, Outcome, decide};
    use crate::{Door, internet_access::Status, lock::Lock};

    fn good() -> Facts {
        Facts {
            known_name: true,
            right: true,
            left: false,
            inside: false,
            internet_access: Status::Approved,
            account: Lock::default(),
            browser: None,
            network_over_limit: false,
            door: Door::Staff,
            personal_address: false,
            has_factor: false,
        }
    }

    /// Somebody who has left and has all that the leavers' door asks for.
    fn leaver() -> Facts {
        Facts {
            left: true,
            door: Door::Leavers,
            personal_address: true,
            has_factor: true,
            internet_access: Status::Withdrawn,
            ..good()
        }
    }

    #[test]
    fn who_gets_in() {
        let now: Instant = "2026-11-24T08:00:00Z".parse().unwrap();
        let locked = || Lock { failures: 0, lockings: 1, locked_until: Some(now.plus_minutes(5)) };
        for (name, facts, outcome) in [
            ("good", good(), Outcome::LoggedIn),
            ("no such name", Facts { known_name: false, right: false, ..good() }, Outcome::Unknown),
            ("wrong", Facts { right: false, ..good() }, Outcome::WrongPassword),
            ("left", Facts { left: true, ..good() }, Outcome::Left),
            ("left and wrong", Facts { left: true, right: false, ..good() }, Outcome::WrongPassword),
            ("locked", Facts { account: locked(), ..good() }, Outcome::Locked),
            (
                "locked, known browser",
                Facts { account: locked(), browser: Some(Lock::default()), ..good() },
                Outcome::LoggedIn,
            ),
            ("this browser locked", Facts { browser: Some(locked()), ..good() }, Outcome::Locked),
            ("network", Facts { network_over_limit: true, ..good() }, Outcome::NetworkLimit),
            (
                "network, known browser",
                Facts { network_over_limit: true, browser: Some(Lock::default()), ..good() },
                Outcome::LoggedIn,
            ),
            (
                "network, inside",
                Facts { network_over_limit: true, inside: true, ..good() },
                Outcome::LoggedIn,
            ),
            (
                "outside, not approved",
                Facts { internet_access: Status::Requested, ..good() },
                Outcome::NotFromHere,
            ),
            (
                "inside, not approved",
                Facts { internet_access: Status::Refused, inside: true, ..good() },
                Outcome::LoggedIn,
            ),
            ("leaver", leaver(), Outcome::SecondFactor),
            ("leaver at the other door", Facts { door: Door::Staff, ..leaver() }, Outcome::Left),
            ("still here", Facts { left: false, ..leaver() }, Outcome::StillEmployed),
            ("no address", Facts { personal_address: false, ..leaver() }, Outcome::NoPersonalAddress),
            ("no factor", Facts { has_factor: false, ..leaver() }, Outcome::NoLeaversFactor),
            ("leaver, wrong", Facts { right: false, ..leaver() }, Outcome::WrongPassword),
            ("leaver, locked", Facts { account: locked(), ..leaver() }, Outcome::Locked),
        ] {
            assert_eq!(decide(&facts, now), outcome, "{name}");
        }
    }
}
