//! What the content host remembers, so that most of its requests cost no turn to the database. All of it can be forgotten at any moment.

use std::{
    num::NonZeroUsize,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
};

use bytes::Bytes;
use lru::LruCache;
use scorm::Manifest;
use sha2::{Digest, Sha256};
use store::{Instant, SecretHash, StoreError};
use uuid::Uuid;

use super::{letters::Letters, pace::Pace};
use crate::{
    App,
    attempts::{model, sql},
    courses,
};

/// So many launches are remembered.
const LAUNCHES: usize = 8192;
/// For so many microseconds: another process may have closed one.
const LAUNCH_MICROSECONDS: i64 = 5_000_000;
/// So many versions' manifests are.
const COURSES: usize = 64;
/// So many files are, with so many bytes in all, of which the largest has so many.
const FILES: usize = 20_000;
const FILE_BYTES: usize = 32 * 1024 * 1024;
pub(super) const LARGEST_FILE: u64 = 256 * 1024;

/// What the content host remembers for a moment. Cheap to clone.
#[derive(Clone)]
pub struct Hot(Arc<Inner>);

struct Inner {
    launches: Mutex<LruCache<SecretHash, Arc<Opened>>>,
    shared: Mutex<LruCache<Uuid, Arc<Shared>>>,
    people: Mutex<LruCache<Uuid, Arc<Pace>>>,
    courses: Mutex<LruCache<Uuid, Arc<Course>>>,
    files: Mutex<HeldFiles>,
    letters: Letters,
}

/// Files by version and path, and their bytes.
struct HeldFiles {
    files: LruCache<(Uuid, String), Held>,
    bytes: usize,
}

/// A file of a version.
#[derive(Clone)]
pub(super) struct Held {
    pub(super) hash: Arc<str>,
    pub(super) size: u64,
    /// Where it is small.
    pub(super) bytes: Option<Bytes>,
}

/// A version as the content host needs it.
pub(crate) struct Course {
    pub(crate) manifest: Manifest,
    /// See [`model::rolls_up`].
    pub(crate) rolls_up: bool,
}

/// A launch as one of its tokens has found it.
pub(crate) struct Opened {
    /// Whether that token is for more than commits.
    pub(crate) reads: bool,
    pub(crate) launch: sql::LaunchRow,
    pub(crate) course: Arc<Course>,
    /// After so many minutes without anything its session is over.
    pub(crate) idle_minutes: i64,
    read_at: Instant,
    pub(crate) shared: Arc<Shared>,
}

/// What stays of a launch when it is read anew, by whichever token.
pub(crate) struct Shared {
    pace: Pace,
    /// Of all launches of its person.
    persons: Arc<Pace>,
    /// When its session was last kept awake, in microseconds since 1970.
    awake: AtomicI64,
}

impl Shared {
    /// Whether one more of it is taken now.
    pub(super) fn is_in_pace(&self, now: Instant) -> bool {
        self.pace.take(now) && self.persons.take(now)
    }

    /// One that was taken has turned out to have so many bytes.
    pub(super) fn weigh(&self, bytes: usize) {
        self.pace.weigh(bytes);
        self.persons.weigh(bytes);
    }

    pub(crate) fn kept_awake(&self) -> Instant {
        Instant::from_microseconds(self.awake.load(Ordering::Relaxed))
    }

    pub(crate) fn keep_awake(&self, now: Instant) {
        self.awake.store(now.microseconds(), Ordering::Relaxed);
    }
}

impl Opened {
    /// By what the course knows the person: the same in all their courses, and nothing that is known elsewhere.
    pub(crate) fn learner_id(&self) -> String {
        let digest = Sha256::new()
            .chain_update(b"learner")
            .chain_update(self.launch.employer_id)
            .chain_update(self.launch.staff_record_id)
            .finalize();
        digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }
}

fn sized(size: usize) -> NonZeroUsize {
    NonZeroUsize::new(size).unwrap_or(NonZeroUsize::MIN)
}

impl Default for Hot {
    fn default() -> Self {
        Self(Arc::new(Inner {
            launches: Mutex::new(LruCache::new(sized(LAUNCHES))),
            shared: Mutex::new(LruCache::new(sized(LAUNCHES))),
            people: Mutex::new(LruCache::new(sized(LAUNCHES))),
            courses: Mutex::new(LruCache::new(sized(COURSES))),
            files: Mutex::new(HeldFiles { files: LruCache::new(sized(FILES)), bytes: 0 }),
            letters: Letters::default(),
        }))
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Hot {
    /// Somebody's launches have changed.
    pub(crate) fn forget(&self, person: Uuid) {
        let mut launches = locked(&self.0.launches);
        let theirs: Vec<SecretHash> = launches
            .iter()
            .filter(|(_, opened)| opened.launch.staff_record_id == person)
            .map(|(token, _)| token.clone())
            .collect();
        for token in theirs {
            launches.pop(&token);
        }
    }

    /// What PC Checker's frames sent as they were left.
    pub(super) fn letters(&self) -> &Letters {
        &self.0.letters
    }

    /// The launch of a token.
    pub(crate) async fn launch(
        &self,
        app: &App,
        token: &SecretHash,
    ) -> Result<Option<Arc<Opened>>, StoreError> {
        let now = app.clock.now();
        let held = locked(&self.0.launches).get(token).cloned();
        if let Some(opened) = &held
            && now.microseconds() - opened.read_at.microseconds() < LAUNCH_MICROSECONDS
        {
            return Ok(held);
        }
        let mut reader = app.db.read().await?;
        let mut tx = reader.tx();
        let Some(launch) = sql::launch(&mut tx, token).await? else { return Ok(None) };
        let employer = records::employer(&mut tx, launch.employer_id).await?;
        let course = self.course(&mut tx, launch.version_id).await?;
        drop(reader);
        let damaged = || StoreError::Damaged(format!("launch {}", launch.id));
        let (employer, course) = employer.zip(course).ok_or_else(damaged)?;
        let shared = self.shared(&launch, now);
        let idle_minutes = i64::from(employer.settings.policies.session_idle_minutes);
        let reads = launch.token_hash == *token;
        let opened = Arc::new(Opened { reads, launch, course, idle_minutes, read_at: now, shared });
        locked(&self.0.launches).put(token.clone(), opened.clone());
        Ok(Some(opened))
    }

    fn shared(&self, launch: &sql::LaunchRow, now: Instant) -> Arc<Shared> {
        let new = || {
            let pace = || Arc::new(Pace::of_person(now));
            let persons = locked(&self.0.people).get_or_insert(launch.staff_record_id, pace).clone();
            Arc::new(Shared { pace: Pace::of_launch(now), persons, awake: AtomicI64::new(0) })
        };
        locked(&self.0.shared).get_or_insert(launch.id, new).clone()
    }

    async fn course(&self, tx: &mut store::Tx<'_>, version: Uuid) -> Result<Option<Arc<Course>>, StoreError> {
        if let Some(held) = locked(&self.0.courses).get(&version) {
            return Ok(Some(held.clone()));
        }
        let Some(manifest) = courses::sql::manifest(tx, version).await? else { return Ok(None) };
        let course = Arc::new(Course { rolls_up: model::rolls_up(&manifest), manifest });
        locked(&self.0.courses).put(version, course.clone());
        Ok(Some(course))
    }

    /// A file of a version, with its bytes where it is small.
    pub(super) async fn file(&self, app: &App, version: Uuid, path: &str) -> Result<Option<Held>, FileError> {
        let key = (version, path.to_owned());
        if let Some(held) = locked(&self.0.files).files.get(&key) {
            return Ok(Some(held.clone()));
        }
        let mut reader = app.db.read().await?;
        let found = courses::sql::file(&mut reader.tx(), version, path).await?;
        drop(reader);
        let Some((hash, size)) = found else { return Ok(None) };
        let size = u64::try_from(size).unwrap_or_default();
        let bytes = if size <= LARGEST_FILE { Some(app.files.get(&hash).await?) } else { None };
        let held = Held { hash: hash.into(), size, bytes };
        self.keep(key, held.clone());
        Ok(Some(held))
    }

    fn keep(&self, key: (Uuid, String), held: Held) {
        let weight = |held: &Held| held.bytes.as_ref().map_or(0, Bytes::len);
        let mut all = locked(&self.0.files);
        all.bytes += weight(&held);
        if let Some((_, gone)) = all.files.push(key, held) {
            all.bytes -= weight(&gone);
        }
        while all.bytes > FILE_BYTES
            && let Some((_, gone)) = all.files.pop_lru()
        {
            all.bytes -= weight(&gone);
        }
    }
}

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Files(#[from] object_store::Error),
}
