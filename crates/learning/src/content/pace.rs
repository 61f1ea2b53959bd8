use std::sync::{Mutex, PoisonError};

use store::Instant;

/// So many commits of a launch a second are taken, averaged over a while.
const A_SECOND: f64 = 20.0;
/// So many at once.
const AT_ONCE: f64 = 60.0;

/// How fast a launch sends: what floods is put off.
pub(crate) struct Pace(Mutex<Places>);

struct Places {
    free: f64,
    at: Instant,
}

impl Pace {
    pub(crate) fn new(now: Instant) -> Self {
        Self(Mutex::new(Places { free: AT_ONCE, at: now }))
    }

    /// Whether one more is taken now.
    pub(crate) fn take(&self, now: Instant) -> bool {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back gives nothing, and takes nothing away.
        let passed = now.microseconds().saturating_sub(places.at.microseconds()).clamp(0, 60_000_000);
        #[expect(clippy::cast_precision_loss, reason = "a minute in microseconds is exact")]
        let seconds = passed as f64 / 1_000_000.0;
        places.free = (places.free + seconds * A_SECOND).min(AT_ONCE);
        places.at = now;
        if places.free < 1.0 {
            return false;
        }
        places.free -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use store::Instant;

    use super::Pace;

    #[test]
    fn sixty_at_once_and_twenty_a_second() {
        let at = |milliseconds: i64| Instant::from_microseconds(milliseconds * 1000);
        let pace = Pace::new(at(0));
        let taken = |now: Instant| (0..1000).filter(|_| pace.take(now)).count();
        assert_eq!(taken(at(0)), 60);
        assert_eq!(taken(at(500)), 10);
        assert_eq!(taken(at(400)), 0, "a clock that was set back gives nothing");
        assert_eq!(taken(at(3_600_000)), 60, "and no more after an hour");
    }
}
