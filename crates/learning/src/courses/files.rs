use std::{
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use futures::{TryStreamExt, stream::BoxStream};
use object_store::{
    GetOptions, GetRange, ObjectStore, ObjectStoreExt, PutPayload, WriteMultipart, local::LocalFileSystem,
    path::Path as Place,
};
use store::Instant;

/// Where the bytes of courses' files lie, each once under its SHA-256: nothing that was written is ever changed.
#[derive(Clone)]
pub struct Files {
    store: Arc<dyn ObjectStore>,
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
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true).mode(0o700).create(folder).map_err(|error| failed(error.to_string()))?;
        let store = LocalFileSystem::new_with_prefix(folder).map_err(|error| failed(error.to_string()))?;
        // What is answered as taken has to outlive a power cut.
        Ok(Self { store: Arc::new(store.with_fsync(true)) })
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

    /// Which files were last written before `before`: those by hash, and those that never got one.
    pub(crate) async fn written_before(&self, before: Instant) -> Result<Vec<Stale>> {
        let mut found = Vec::new();
        let mut all = self.store.list(None);
        while let Some(held) = all.try_next().await? {
            if held.last_modified.timestamp_micros() >= before.microseconds() {
                continue;
            }
            let parts: Vec<_> = held.location.parts().map(|part| part.as_ref().to_owned()).collect();
            let hash = match parts.as_slice() {
                [folder, first, rest] if folder == BY_HASH => Some(format!("{first}{rest}")),
                [folder, _] if folder == INCOMING => None,
                // Something of somebody else's.
                _ => continue,
            };
            found.push(Stale { place: held.location, hash });
        }
        Ok(found)
    }

    /// Removes a file.
    pub(crate) async fn remove(&self, stale: &Stale) -> Result<()> {
        match self.store.delete(&stale.place).await {
            Err(object_store::Error::NotFound { .. }) => Ok(()),
            other => other,
        }
    }
}

/// A file that may be needed no more.
pub(crate) struct Stale {
    place: Place,
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
