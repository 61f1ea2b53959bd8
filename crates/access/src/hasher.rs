//! Password hashing on threads of its own: one per core, at lower priority than the pages, with a queue that is never longer
//! than what can be hashed in ten seconds.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use argon2::{
    ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};
use store::Entropy;
use subtle::ConstantTimeEq;
use tokio::sync::oneshot;
use web::Password;

use crate::settings::{Settings, SettingsError};

/// The longest password, in characters (NIST SP 800-63B-4 §3.1.1.2 asks for at least 64).
pub const LONGEST: usize = 128;
/// So long the last in the queue may wait.
const LONGEST_QUEUE: Duration = Duration::from_secs(10);

/// Hashes and verifies passwords. Cheap to clone.
#[derive(Clone)]
pub struct Hasher(Arc<Inner>);

struct Inner {
    argon2: Argon2<'static>,
    /// The hash of nobody's password: what a try for an unknown username is held against.
    nobody: String,
    entropy: Entropy,
    queue: Mutex<VecDeque<Order>>,
    waiting: Condvar,
    capacity: usize,
    hashes: AtomicU64,
}

struct Order {
    task: Task,
    answer: oneshot::Sender<Answer>,
}

enum Task {
    Verify { password: Password, hash: Option<String> },
    Hash { password: Password, salt: [u8; 16] },
}

enum Answer {
    Verified(bool),
    Hashed(Option<String>),
}

/// Why a password was not hashed.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// More people wait than can be served in ten seconds.
    #[error("too many wait")]
    Busy,
    /// The hasher itself failed.
    #[error("hashing failed")]
    Failed,
}

impl Hasher {
    /// Starts the threads.
    ///
    /// # Errors
    /// Where the parameters are out of the algorithm's range.
    pub fn start(settings: &Settings, entropy: Entropy) -> Result<Self, SettingsError> {
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, settings.params()?);
        let mut memory = Vec::new();
        let mut each = LONGEST_QUEUE;
        let mut nobody = None;
        // The first is slow, since its memory is new.
        for _ in 0..3 {
            let began = Instant::now();
            nobody = hash(&argon2, &Password::new("nobody's"), &entropy.bytes(), &mut memory);
            each = each.min(began.elapsed());
        }
        drop(memory);
        let each = each.max(Duration::from_micros(100));
        let nobody = nobody.ok_or_else(|| SettingsError {
            key: "hash_memory_kib",
            says: "the password hash cannot be computed".into(),
        })?;
        let threads = settings
            .hash_threads
            .unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from))
            .max(1);
        let capacity = usize::try_from(LONGEST_QUEUE.as_micros() / each.as_micros())
            .unwrap_or(usize::MAX)
            .saturating_mul(threads);
        let inner = Arc::new(Inner {
            argon2,
            nobody,
            entropy,
            queue: Mutex::default(),
            waiting: Condvar::new(),
            capacity,
            hashes: AtomicU64::new(0),
        });
        for number in 0..threads {
            let inner = Arc::downgrade(&inner);
            let spawned = thread::Builder::new().name(format!("hasher-{number}")).spawn(move || work(&inner));
            spawned.map_err(|error| SettingsError { key: "hash_threads", says: error.to_string() })?;
        }
        Ok(Self(inner))
    }

    /// Whether `password` is the one that `hash` was made of. Costs exactly one hash also where there is no hash to hold it
    /// against, and where it is empty or too long to be anybody's.
    ///
    /// # Errors
    /// [`HashError::Busy`] where too many wait.
    pub async fn verify(&self, password: &Password, hash: Option<String>) -> Result<bool, HashError> {
        match self.order(Task::Verify { password: password.clone(), hash }).await? {
            Answer::Verified(right) => Ok(right),
            Answer::Hashed(_) => Err(HashError::Failed),
        }
    }

    /// The hash of a password, as a PHC string.
    ///
    /// # Errors
    /// [`HashError::Busy`] where too many wait.
    pub async fn hash(&self, password: &Password) -> Result<String, HashError> {
        match self.order(Task::Hash { password: password.clone(), salt: self.0.entropy.bytes() }).await? {
            Answer::Hashed(Some(hash)) => Ok(hash),
            _ => Err(HashError::Failed),
        }
    }

    /// Whether a hash was made with other parameters than today's, so that it is to be made anew.
    #[must_use]
    pub fn is_outdated(&self, hash: &str) -> bool {
        let today = self.0.argon2.params();
        PasswordHash::new(hash).ok().and_then(|hash| Params::try_from(&hash).ok()).is_none_or(|made| {
            (made.m_cost(), made.t_cost(), made.p_cost()) != (today.m_cost(), today.t_cost(), today.p_cost())
        })
    }

    /// Hashes computed so far.
    #[must_use]
    pub fn hashes(&self) -> u64 {
        self.0.hashes.load(Ordering::SeqCst)
    }

    /// Passwords that wait to be hashed.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    async fn order(&self, task: Task) -> Result<Answer, HashError> {
        let (answer, wait) = oneshot::channel();
        {
            let mut queue = self.0.queue.lock().unwrap_or_else(PoisonError::into_inner);
            if queue.len() >= self.0.capacity {
                metrics::counter!("staffrecord_access_hashes_refused_total").increment(1);
                return Err(HashError::Busy);
            }
            queue.push_back(Order { task, answer });
        }
        self.0.waiting.notify_one();
        wait.await.map_err(|_| HashError::Failed)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.waiting.notify_all();
    }
}

fn work(inner: &std::sync::Weak<Inner>) {
    // On Linux this is the calling thread's own priority. Where it is refused, pages wait a little longer.
    let _ = rustix::process::setpriority_process(None, 10);
    // Kept from one hash to the next: the system would take it back and clear it anew each time.
    let mut memory = Vec::new();
    while let Some(inner) = inner.upgrade() {
        let mut queue = inner.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let order = match queue.pop_front() {
            Some(order) => Some(order),
            // Wakes now and then, to see whether the hasher is still wanted.
            None => {
                let waited = inner.waiting.wait_timeout(queue, Duration::from_millis(500));
                queue = waited.unwrap_or_else(PoisonError::into_inner).0;
                queue.pop_front()
            }
        };
        drop(queue);
        if let Some(Order { task, answer }) = order
            && !answer.is_closed()
        {
            inner.hashes.fetch_add(1, Ordering::SeqCst);
            metrics::counter!("staffrecord_access_hashes_total").increment(1);
            let _ = answer.send(done(&inner, task, &mut memory));
        }
    }
}

fn done(inner: &Inner, task: Task, memory: &mut Vec<Block>) -> Answer {
    match task {
        Task::Hash { password, salt } => Answer::Hashed(hash(&inner.argon2, &password, &salt, memory)),
        Task::Verify { password, hash } => {
            // What is too long for a password is cut, so that it costs neither less nor more.
            let long = password.reveal().chars().count() > LONGEST;
            let password = if long { Password::new("too long") } else { password };
            let known = hash.as_deref().and_then(|hash| PasswordHash::new(hash).ok()).filter(|_| !long);
            let right = known.as_ref().and_then(|hash| is_of(hash, &password, memory));
            if right.is_none() {
                // Where there is none to hold it against, nobody's costs the same.
                let nobody = PasswordHash::new(&inner.nobody).ok();
                let _ = nobody.and_then(|hash| is_of(&hash, &password, memory));
            }
            Answer::Verified(right == Some(true))
        }
    }
}

/// Whether a hash was made of this password; `None` where it is none of ours.
fn is_of(hash: &PasswordHash, password: &Password, memory: &mut Vec<Block>) -> Option<bool> {
    if hash.algorithm != ARGON2ID_IDENT || hash.version != Some(Version::V0x13.into()) {
        return None;
    }
    let (salt, expected) = (hash.salt?, hash.hash?);
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::try_from(hash).ok()?);
    let found = compute(&argon2, password, &salt, memory)?;
    Some(expected.as_bytes().ct_eq(&found).into())
}

fn hash(
    argon2: &Argon2<'_>,
    password: &Password,
    salt: &[u8; 16],
    memory: &mut Vec<Block>,
) -> Option<String> {
    let computed = compute(argon2, password, salt, memory)?;
    let hash = PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(argon2.params()).ok()?,
        salt: Some(Salt::new(salt).ok()?),
        hash: Some(Output::new(&computed).ok()?),
    };
    Some(hash.to_string())
}

fn compute(
    argon2: &Argon2<'_>,
    password: &Password,
    salt: &[u8],
    memory: &mut Vec<Block>,
) -> Option<[u8; 32]> {
    let blocks = argon2.params().block_count();
    if memory.len() < blocks {
        memory.resize(blocks, Block::default());
    }
    let mut computed = [0; 32];
    argon2
        .hash_password_into_with_memory(
            normal(password).as_bytes(),
            salt,
            &mut computed,
            &mut memory[..blocks],
        )
        .ok()?;
    Some(computed)
}

/// The same characters however a keyboard composes them (NIST SP 800-63B-4 §3.1.1.2).
fn normal(password: &Password) -> zeroize::Zeroizing<String> {
    use unicode_normalization::UnicodeNormalization;
    zeroize::Zeroizing::new(password.reveal().nfkc().collect())
}

#[cfg(test)]
mod tests {
    use store::Entropy;
    use web::Password;

    use super::Hasher;
    use crate::settings::Settings;

    fn cheap() -> Hasher {
        let settings =
            Settings { hash_memory_kib: 8, hash_passes: 1, hash_threads: Some(1), ..Settings::default() };
        Hasher::start(&settings, Entropy::seeded(1)).unwrap()
    }

    #[tokio::test]
    async fn every_verification_costs_one_hash() {
        let hasher = cheap();
        let hash = hasher.hash(&Password::new("correct horse battery")).await.unwrap();
        let overlong = "x".repeat(60_000);
        for (password, hash, right) in [
            ("correct horse battery", Some(hash.clone()), true),
            ("wrong", Some(hash.clone()), false),
            ("", Some(hash.clone()), false),
            (&overlong, Some(hash.clone()), false),
            ("anything", None, false),
            ("nobody's", None, false),
            ("anything", Some("not a hash at all".into()), false),
        ] {
            let before = hasher.hashes();
            assert_eq!(hasher.verify(&Password::new(password), hash).await.unwrap(), right, "{password:.20}");
            assert_eq!(hasher.hashes() - before, 1, "{password:.20}");
        }
    }

    #[tokio::test]
    async fn composed_and_decomposed_letters_are_the_same() {
        let hasher = cheap();
        let hash = hasher.hash(&Password::new("Åström sits here")).await.unwrap();
        assert!(hasher.verify(&Password::new("A\u{30a}stro\u{308}m sits here"), Some(hash)).await.unwrap());
    }

    #[tokio::test]
    async fn a_hash_of_other_parameters_is_outdated() {
        let settings =
            Settings { hash_memory_kib: 16, hash_passes: 1, hash_threads: Some(1), ..Settings::default() };
        let dearer = Hasher::start(&settings, Entropy::seeded(1)).unwrap();
        let hash = cheap().hash(&Password::new("x")).await.unwrap();
        assert!(dearer.is_outdated(&hash) && !cheap().is_outdated(&hash) && cheap().is_outdated("nonsense"));
    }
}
