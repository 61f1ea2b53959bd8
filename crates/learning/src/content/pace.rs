use std::sync::{Mutex, PoisonError};

use store::Instant;

/// How fast somebody sends: what floods is put off.
pub(crate) struct Pace {
    /// So many are taken a second, averaged over a while.
    a_second: f64,
    /// So many at once.
    at_once: f64,
    places: Mutex<Places>,
}

struct Places {
    free: f64,
    at: Instant,
}

/// What is longer than so many bytes counts for as many as fit into it.
const BYTES: usize = 64 * 1024;

impl Pace {
    /// Of one launch.
    pub(crate) fn of_launch(now: Instant) -> Self {
        Self::new(20.0, 60.0, now)
    }

    /// Of all launches of one person.
    pub(crate) fn of_person(now: Instant) -> Self {
        Self::new(40.0, 120.0, now)
    }

    fn new(a_second: f64, at_once: f64, now: Instant) -> Self {
        Self { a_second, at_once, places: Mutex::new(Places { free: at_once, at: now }) }
    }

    /// Whether one more is taken now.
    pub(crate) fn take(&self, now: Instant) -> bool {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back gives nothing, and takes nothing away.
        let passed = now.microseconds().saturating_sub(places.at.microseconds()).clamp(0, 60_000_000);
        #[expect(clippy::cast_precision_loss, reason = "a minute in microseconds is exact")]
        let seconds = passed as f64 / 1_000_000.0;
        places.free = (places.free + seconds * self.a_second).min(self.at_once);
        places.at = now;
        if places.free < 1.0 {
            return false;
        }
        places.free -= 1.0;
        true
    }

    /// One that was taken has turned out to have so many bytes: the next ones wait for that.
    pub(crate) fn weigh(&self, bytes: usize) {
        #[expect(clippy::cast_precision_loss, reason = "what is taken has less than a gigabyte")]
        let more = (bytes / BYTES) as f64;
        self.places.lock().unwrap_or_else(PoisonError::into_inner).free -= more;
    }
}

#[cfg(test)]
mod tests {
    use store::Instant;

    use super::Pace;

    fn at(milliseconds: i64) -> Instant {
        Instant::from_microseconds(milliseconds * 1000)
    }

    #[test]
    fn sixty_at_once_and_twenty_a_second() {
        let pace = Pace::of_launch(at(0));
        let taken = |now: Instant| (0..1000).filter(|_| pace.take(now)).count();
        assert_eq!(taken(at(0)), 60);
        assert_eq!(taken(at(500)), 10);
        assert_eq!(taken(at(400)), 0, "a clock that was set back gives nothing");
        assert_eq!(taken(at(3_600_000)), 60, "and no more after an hour");
    }

    #[test]
    fn what_is_long_counts_for_many() {
        let pace = Pace::of_launch(at(0));
        let taken = |now: Instant| {
            let one = || {
                let taken = pace.take(now);
                if taken {
                    pace.weigh(512 * 1024);
                }
                taken
            };
            (0..1000).filter(|_| one()).count()
        };
        assert_eq!(taken(at(0)), 7);
        assert_eq!(taken(at(1000)), 2);
    }
}
