use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{Instant, Secret};

/// Where randomness comes from. Everything that needs it is handed one of these, so that tests can seed it.
#[derive(Clone)]
pub struct Entropy(Source);

#[derive(Clone)]
enum Source {
    System,
    /// SHA-256 of the seed and a counter: repeatable, for tests.
    Seeded {
        seed: u64,
        drawn: Arc<AtomicU64>,
    },
}

impl Entropy {
    /// The operating system's generator.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// The same bytes for the same seed, in the order they are drawn. For tests only.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(Source::Seeded { seed, drawn: Arc::default() })
    }

    /// `N` random bytes.
    ///
    /// # Panics
    /// Where the operating system has no randomness to give: nothing safe can be done then.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        match &self.0 {
            Source::System => getrandom::fill(&mut bytes).expect("the operating system gives randomness"),
            Source::Seeded { seed, drawn } => {
                for piece in bytes.chunks_mut(32) {
                    let count = drawn.fetch_add(1, Ordering::Relaxed);
                    let block =
                        Sha256::new().chain_update(seed.to_be_bytes()).chain_update(count.to_be_bytes());
                    piece.copy_from_slice(&block.finalize()[..piece.len()]);
                }
            }
        }
        bytes
    }

    /// A new id (UUID version 7: in the order of time).
    #[must_use]
    pub fn id(&self, now: Instant) -> Uuid {
        let milliseconds = u64::try_from(now.milliseconds()).unwrap_or_default();
        let rest: [u8; 10] = match &self.0 {
            Source::System => self.bytes(),
            // Where a test's clock stands still, ids keep the order in which they are drawn.
            Source::Seeded { drawn, .. } => {
                let mut rest = [0; 10];
                rest[2..].copy_from_slice(&drawn.fetch_add(1, Ordering::Relaxed).to_be_bytes());
                rest
            }
        };
        uuid::Builder::from_unix_timestamp_millis(milliseconds, &rest).into_uuid()
    }

    /// New ids of one time that rise: rows that are written together lie together, however many there are.
    #[must_use]
    pub fn ids(&self, now: Instant) -> Ids {
        let last = match self.0 {
            Source::System => Some(u128::from_be_bytes(self.bytes()) & (MOST_OF_ID >> 1)),
            Source::Seeded { .. } => None,
        };
        Ids { entropy: self.clone(), at: now, last }
    }

    /// A new 256-bit secret.
    #[must_use]
    pub fn secret(&self) -> Secret {
        Secret::from(self.bytes())
    }
}

/// What stands in an id beside its time, its version and its variant: 74 bits.
const MOST_OF_ID: u128 = (1 << 74) - 1;

/// Ids of one time, each greater than the one before; see [`Entropy::ids`].
#[derive(Clone, Debug)]
pub struct Ids {
    entropy: Entropy,
    at: Instant,
    /// The last one's 74 bits. None where the source's own ids rise.
    last: Option<u128>,
}

impl Ids {
    /// The next one.
    pub fn draw(&mut self) -> Uuid {
        let Some(last) = &mut self.last else { return self.entropy.id(self.at) };
        // What comes next cannot be told from the one before.
        *last = (*last + 1 + u128::from(u32::from_be_bytes(self.entropy.bytes()))) & MOST_OF_ID;
        let milliseconds = u64::try_from(self.at.milliseconds()).unwrap_or_default();
        let (high, low) = (*last >> 62, *last & ((1 << 62) - 1));
        let mut rest = [0; 10];
        rest.copy_from_slice(&(high << 64 | low).to_be_bytes()[6..]);
        uuid::Builder::from_unix_timestamp_millis(milliseconds, &rest).into_uuid()
    }
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::System => "Entropy(system)",
            Source::Seeded { .. } => "Entropy(seeded)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Entropy;
    use crate::{Clock, Instant};

    #[test]
    fn ids_of_one_time_rise_and_say_their_time() {
        let at: Instant = Clock::system().now();
        for entropy in [Entropy::system(), Entropy::seeded(1)] {
            let mut ids = entropy.ids(at);
            let drawn: Vec<_> = (0..10_000).map(|_| ids.draw()).collect();
            assert!(drawn.is_sorted_by(|a, b| a < b));
            for id in drawn {
                assert_eq!((id.get_version_num(), id.get_variant()), (7, uuid::Variant::RFC4122));
                assert_eq!(id.as_u128() >> 80, u128::try_from(at.milliseconds()).unwrap());
            }
        }
        assert_ne!(Entropy::system().ids(at).draw(), Entropy::system().ids(at).draw());
    }
}
