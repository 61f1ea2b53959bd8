//! The lock: password log-in stopped after too many failures in a row, for a while that doubles each time.

use store::Instant;

/// Days without a failure after which earlier lockings no longer count.
const FORGIVEN_AFTER_DAYS: i64 = 7;

/// When and for how long to lock: from the employer's policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockPolicy {
    /// Failures in a row that lock.
    pub failures: i64,
    /// Minutes of the first locking.
    pub minutes: i64,
    /// Minutes of the longest.
    pub most_minutes: i64,
}

impl LockPolicy {
    /// The small allowance of a browser that is known: half as many failures.
    #[must_use]
    pub fn of_known_browser(self) -> Self {
        Self { failures: (self.failures / 2).max(3), ..self }
    }
}

impl From<&records::Policies> for LockPolicy {
    fn from(policies: &records::Policies) -> Self {
        Self {
            failures: policies.lock_failures.into(),
            minutes: policies.lock_minutes.into(),
            most_minutes: policies.lock_most_minutes.into(),
        }
    }
}

/// Failures in a row of one account, or of one browser that is known to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Lock {
    /// Failures since the last success or locking.
    pub failures: i64,
    /// How often it was locked, one after the other.
    pub lockings: i64,
    /// Until when password log-in is stopped.
    pub locked_until: Option<Instant>,
}

impl Lock {
    /// Whether password log-in is stopped now.
    #[must_use]
    pub fn is_locked(&self, now: Instant) -> bool {
        self.locked_until.is_some_and(|until| now < until)
    }

    /// After one more failure. While it is locked nothing counts: nobody is kept out for longer by somebody who goes on.
    #[must_use]
    pub fn after_failure(&self, policy: LockPolicy, now: Instant) -> Self {
        if self.is_locked(now) {
            return self.clone();
        }
        let forgiven =
            self.locked_until.is_some_and(|until| now.seconds_since(until) > FORGIVEN_AFTER_DAYS * 86_400);
        let before = if forgiven { Self::default() } else { self.clone() };
        let failures = before.failures + 1;
        if failures < policy.failures {
            return Self { failures, ..before };
        }
        let doubled = policy.minutes.saturating_mul(1 << before.lockings.clamp(0, 20));
        let until = now.plus_minutes(doubled.min(policy.most_minutes));
        Self { failures: 0, lockings: before.lockings + 1, locked_until: Some(until) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Lock, LockPolicy};
    use store::Instant;

    const POLICY: LockPolicy = LockPolicy { failures: 10, minutes: 15, most_minutes: 240 };

    fn start() -> Instant {
        "2026-11-24T08:00:00Z".parse().unwrap()
    }

    fn failed(mut lock: Lock, times: usize, now: Instant) -> Lock {
        for _ in 0..times {
            lock = lock.after_failure(POLICY, now);
        }
        lock
    }

    #[test]
    fn ten_in_a_row_lock_and_the_time_doubles_to_four_hours() {
        let mut now = start();
        let mut lock = Lock::default();
        for minutes in [15, 30, 60, 120, 240, 240] {
            lock = failed(lock, 9, now);
            assert!(!lock.is_locked(now), "nine are forgiven");
            lock = lock.after_failure(POLICY, now);
            assert_eq!(lock.locked_until, Some(now.plus_minutes(minutes)));
            now = now.plus_minutes(minutes);
            assert!(!lock.is_locked(now), "it opens at the minute");
        }
    }

    #[test]
    fn a_thousand_more_failures_do_not_prolong_it() {
        let now = start();
        let locked = failed(Lock::default(), 10, now);
        assert_eq!(failed(locked.clone(), 1000, now.plus_minutes(14)), locked);
    }

    #[test]
    fn a_week_of_peace_makes_the_next_locking_short_again() {
        let now = start();
        let twice = failed(failed(Lock::default(), 10, now), 10, now.plus_minutes(15));
        assert_eq!(twice.lockings, 2);
        let later = now.plus_minutes(60 * 24 * 8);
        assert_eq!(failed(twice, 10, later).locked_until, Some(later.plus_minutes(15)));
    }
}
