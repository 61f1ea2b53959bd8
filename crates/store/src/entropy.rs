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

    /// A new 256-bit secret.
    #[must_use]
    pub fn secret(&self) -> Secret {
        Secret::from(self.bytes())
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
