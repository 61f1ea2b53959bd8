use std::{
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
};

use lru::LruCache;
use store::Instant;

/// So many are remembered, the newest.
const MOST: usize = 4096;
/// For so many microseconds.
const MICROSECONDS: i64 = 120_000_000;

/// What pages sent as they were left: PC Checker asks afterwards whether it came. Anybody may send some, so they hold nothing but when they
/// came. Each process knows of its own only; who is told that nothing came asks again, and is not stopped by it.
pub(super) struct Letters(Mutex<LruCache<u128, Instant>>);

impl Default for Letters {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(NonZeroUsize::new(MOST).unwrap_or(NonZeroUsize::MIN))))
    }
}

impl Letters {
    /// The number of a letter: 32 lower-case hexadecimal digits.
    pub(super) fn parse(number: &str) -> Option<u128> {
        let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (number.len() == 32 && number.bytes().all(digit)).then_some(())?;
        u128::from_str_radix(number, 16).ok()
    }

    pub(super) fn keep(&self, number: u128, now: Instant) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).put(number, now);
    }

    pub(super) fn came(&self, number: u128, now: Instant) -> bool {
        let letters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        letters.peek(&number).is_some_and(|at| now.microseconds() - at.microseconds() < MICROSECONDS)
    }
}

#[cfg(test)]
mod tests {
    use store::Instant;

    use super::{Letters, MICROSECONDS, MOST};

    #[test]
    fn a_letter_is_known_for_two_minutes() {
        let (letters, at) = (Letters::default(), Instant::from_microseconds);
        assert!(!letters.came(7, at(0)));
        letters.keep(7, at(0));
        assert!(letters.came(7, at(MICROSECONDS - 1)) && !letters.came(8, at(0)));
        assert!(!letters.came(7, at(MICROSECONDS)));
    }

    #[test]
    fn a_flood_takes_no_more_room() {
        let (letters, now) = (Letters::default(), Instant::from_microseconds(0));
        for number in 0..=MOST as u128 {
            letters.keep(number, now);
        }
        assert!(!letters.came(0, now) && letters.came(MOST as u128, now));
    }

    #[test]
    fn a_number_is_read_in_one_way() {
        assert_eq!(Letters::parse(&"0f".repeat(16)), Some(0x0f0f_0f0f_0f0f_0f0f_0f0f_0f0f_0f0f_0f0f));
        for wrong in
            ["", "0f", &"0F".repeat(16), &"0g".repeat(16), &"0f".repeat(17), &format!("+{}", "0".repeat(31))]
        {
            assert_eq!(Letters::parse(wrong), None, "{wrong}");
        }
    }
}
