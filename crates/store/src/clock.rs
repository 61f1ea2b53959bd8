use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use crate::Instant;

/// Where the time comes from. Everything that needs it is handed one of these, so that tests can set it.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    /// Microseconds since 1970, shared with whoever sets it.
    Set(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands at `at` until it is [set](Self::set); clones stand and move together.
    #[must_use]
    pub fn standing(at: Instant) -> Self {
        Self(Source::Set(Arc::new(AtomicI64::new(at.microseconds()))))
    }

    /// The time now, in whole microseconds.
    #[must_use]
    pub fn now(&self) -> Instant {
        match &self.0 {
            #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine")]
            Source::System => Instant::from(jiff::Timestamp::now()),
            Source::Set(at) => Instant::from_microseconds(at.load(Ordering::SeqCst)),
        }
    }

    /// Moves a standing clock.
    ///
    /// # Panics
    /// On the machine's clock, which nobody here may set.
    pub fn set(&self, to: Instant) {
        match &self.0 {
            Source::System => panic!("the machine's clock is not ours to set"),
            Source::Set(at) => at.store(to.microseconds(), Ordering::SeqCst),
        }
    }

    /// Moves a standing clock forward by whole seconds.
    ///
    /// # Panics
    /// As [`Clock::set`].
    pub fn advance(&self, seconds: i64) {
        self.set(self.now().plus_seconds(seconds));
    }
}
