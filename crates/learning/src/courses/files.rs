use std::{
    fs::{self, File, TryLockError},
    io,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::{
    GetOptions, GetRange, ObjectStore, ObjectStoreExt, PutPayload, WriteMultipart, local::LocalFileSystem,
    path::Path as Place,
};
use store::Instant;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Where the bytes of courses' files lie, each once under its SHA-256: nothing that was written is ever changed.
#[derive(Clone)]
pub struct Files {
    store: Arc<dyn ObjectStore>,
    folder: Arc<Path>,
    turns: Arc<Semaphore>,
}

/// Why the folder of courses' files cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("[learning] files: {path:?} cannot be used: {says}")]
pub struct FilesError {
    path: PathBuf,
    says: String,
}

/// The store's own error.
pub(crate) type Result<T> = object_store::Result<T>;

/// Below here lie files by their hash, and below `INCOMING` those that are being written.
const BY_HASH: &str = "sha256";
const INCOMING: &str = "incoming";
/// Who writes files holds a lock on this one together with others, and who sweeps them by himself. It ends with its process.
const LOCK: &str = "lock";
/// So many packages are opened and unpacked at once: each takes a thread, and more of them while it writes.
const AT_ONCE: usize = 4;
/// Letters of a SHA-256 behind those that its folder is named by.
const REST_OF_HASH: usize = 62;

fn place(hash: &str) -> Place {
    let (first, rest) = hash.split_at_checked(2).unwrap_or((hash, ""));
    Place::from_iter([BY_HASH, first, rest])
}

impl Files {
    /// The files of a folder, which is made where there is none.
    ///
    /// # Errors
    /// Where it cannot be made or read.
    pub fn open(folder: &Path) -> std::result::Result<Self, FilesError> {
        use std::os::unix::fs::DirBuilderExt;
        let failed = |says: String| FilesError { path: folder.to_owned(), says };
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true).mode(0o700).create(folder).map_err(|error| failed(error.to_string()))?;
        let store = LocalFileSystem::new_with_prefix(folder).map_err(|error| failed(error.to_string()))?;
        // What is answered as taken has to outlive a power cut.
        let store = Arc::new(store.with_fsync(true));
        Ok(Self { store, folder: folder.into(), turns: Arc::new(Semaphore::new(AT_ONCE)) })
    }

    /// Waits for one's turn to work on a package, which lasts until this is given back.
    pub(crate) async fn turn(&self) -> io::Result<OwnedSemaphorePermit> {
        self.turns.clone().acquire_owned().await.map_err(io::Error::other)
    }

    /// Waits until nobody sweeps. Nothing is swept until this is given back.
    pub(crate) async fn hold(&self) -> io::Result<Held> {
        self.locked(|lock| lock.lock_shared().map(|()| Some(Held(lock)))).await?.ok_or_else(ended)
    }

    /// Keeps everybody from writing files; none where somebody does.
    pub(crate) async fn hold_alone(&self) -> io::Result<Option<Held>> {
        self.locked(|lock| match lock.try_lock() {
            Ok(()) => Ok(Some(Held(lock))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        })
        .await
    }

    async fn locked(
        &self,
        how: impl FnOnce(File) -> io::Result<Option<Held>> + Send + 'static,
    ) -> io::Result<Option<Held>> {
        use std::os::unix::fs::OpenOptionsExt;
        let place = self.folder.join(LOCK);
        blocking(move || {
            let lock = File::options().create(true).write(true).truncate(false).mode(0o600).open(place)?;
            how(lock)
        })
        .await
    }

    /// Whether a file with this hash and so many bytes is there.
    pub(crate) async fn has(&self, hash: &str, size: u64) -> Result<bool> {
        match self.store.head(&place(hash)).await {
            Ok(held) => Ok(held.size == size),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Keeps these bytes under their hash.
    pub(crate) async fn put(&self, hash: &str, bytes: Bytes) -> Result<()> {
        self.store.put(&place(hash), PutPayload::from(bytes)).await.map(drop)
    }

    /// Begins a file whose hash is not known yet, under a name that nothing else has.
    pub(crate) async fn begin(&self, name: &str) -> Result<Incoming> {
        let place = Place::from_iter([INCOMING, name]);
        let upload = self.store.put_multipart(&place).await?;
        Ok(Incoming { files: self.clone(), place, upload: WriteMultipart::new(upload) })
    }

    /// All of a file.
    pub(crate) async fn get(&self, hash: &str) -> Result<Bytes> {
        self.store.get(&place(hash)).await?.bytes().await
    }

    /// A part of a file, as it is read.
    pub(crate) async fn stream(
        &self,
        hash: &str,
        range: Range<u64>,
    ) -> Result<BoxStream<'static, Result<Bytes>>> {
        let options = GetOptions { range: Some(GetRange::Bounded(range)), ..GetOptions::default() };
        Ok(self.store.get_opts(&place(hash), options).await?.into_stream())
    }

    /// Which files were last written before `before`, of one of their folders: those whose hash begins with a byte, with what broke off
    /// on the way to there; or those that never got a hash.
    pub(crate) async fn written_before(&self, first: Option<u8>, before: Instant) -> io::Result<Vec<Stale>> {
        let letters = first.map(|first| format!("{first:02x}"));
        let folder = match &letters {
            Some(letters) => self.folder.join(BY_HASH).join(letters),
            None => self.folder.join(INCOMING),
        };
        blocking(move || {
            let listed = match fs::read_dir(&folder) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
                other => other?,
            };
            let mut found = Vec::new();
            for entry in listed {
                let entry = entry?;
                let Some(hash) =
                    entry.file_name().to_str().and_then(|name| held_as(name, letters.as_deref()))
                else {
                    // Something of somebody else's.
                    continue;
                };
                let about = entry.metadata()?;
                if about.is_file() && microseconds(about.modified()?) < before.microseconds() {
                    found.push(Stale { path: entry.path(), hash });
                }
            }
            Ok(found)
        })
        .await
    }

    /// Removes files.
    pub(crate) async fn remove(&self, stale: Vec<Stale>) -> io::Result<()> {
        blocking(move || {
            for Stale { path, .. } in stale {
                match fs::remove_file(path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
            Ok(())
        })
        .await
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(ended()))
}

fn ended() -> io::Error {
    io::Error::other("what was done to files ended early")
}

fn microseconds(at: SystemTime) -> i64 {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// What a name in a folder of files means: the file's hash, where it has one. `letters`: those that the hashes in this folder begin with.
/// The store puts `#` and a number behind the name of what it has not written to its end.
fn held_as(name: &str, letters: Option<&str>) -> Option<Option<String>> {
    let own = name.split_once('#').map_or(name, |(own, _)| own);
    let is_hash = |own: &str| {
        own.len() == REST_OF_HASH && own.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    match letters {
        None => Some(None),
        Some(_) if !is_hash(own) => None,
        Some(letters) => Some((own == name).then(|| format!("{letters}{name}"))),
    }
}

/// A lock on all files, which ends with this value.
pub(crate) struct Held(#[expect(dead_code, reason = "it is held")] File);

/// A file that may be needed no more.
pub(crate) struct Stale {
    path: PathBuf,
    /// None for one that was never written to its end.
    pub(crate) hash: Option<String>,
}

/// A file that is being written.
pub(crate) struct Incoming {
    files: Files,
    place: Place,
    upload: WriteMultipart,
}

impl Incoming {
    /// Its next bytes.
    pub(crate) async fn write(&mut self, bytes: Bytes) -> Result<()> {
        self.upload.wait_for_capacity(4).await?;
        self.upload.put(bytes);
        Ok(())
    }

    /// Ends it, and keeps it under its hash.
    pub(crate) async fn finish(self, hash: &str) -> Result<()> {
        self.upload.finish().await?;
        self.files.store.rename(&self.place, &place(hash)).await
    }

    /// Gives it up.
    pub(crate) async fn abort(self) -> Result<()> {
        self.upload.abort().await
    }
}
