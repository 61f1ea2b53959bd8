use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};

use audit::Origin;
use futures::FutureExt;
use records::{
    Permission, Permit, Refused,
    import::{file_hash, plain_name},
    still_held,
};
use serde_json::json;
use sha2::{Digest, Sha256};
use store::StoreError;
use tokio::runtime::Handle;
use uuid::Uuid;
use web::FormFile;

use super::{
    jobs,
    sql::{self, NewRun},
    staging::{self, Source, StageError},
    words,
};
use crate::{App, body};

/// An uploaded file has at most so many bytes. The operator's command takes larger ones.
pub const MOST_BYTES: usize = 64 * 1024 * 1024;
/// So many bytes are written by one transaction.
const PIECE: usize = 256 * 1024;
/// So many runs of an employer may wait at once.
pub const MOST_WAITING: i64 = 20;
/// A file that is still arriving after so many minutes is taken for dead.
const ARRIVING_MINUTES: i64 = 10;

/// Why a file was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// There is nothing in it.
    #[error("{}", words::FILE_EMPTY)]
    Empty,
    /// It is too large.
    #[error("{}", words::FILE_TOO_LARGE)]
    TooLarge,
    /// It cannot be read.
    #[error("the file cannot be read: {0}")]
    File(#[from] io::Error),
    /// Too many wait already.
    #[error("{}", words::TOO_MANY_RUNS)]
    TooMany,
    /// Another check of the same run has begun, or it was discarded.
    #[error("{}", words::MOVED_ON)]
    MovedOn,
    /// The check itself failed.
    #[error("{}", words::CHECK_FAILED)]
    Failed,
    /// Not by this person.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Takes an uploaded file in: its bytes are written in pieces, sealed, and a job will check it. It stands on the trail.
///
/// # Errors
/// See [`ReceiveError`].
pub async fn receive(
    app: &App,
    permit: &Permit,
    file: &FormFile,
    origin: Origin,
) -> Result<Uuid, ReceiveError> {
    permit.check(Permission::CheckPayslips, permit.employer(), None)?;
    if file.bytes.is_empty() {
        return Err(ReceiveError::Empty);
    }
    if file.bytes.len() > MOST_BYTES {
        return Err(ReceiveError::TooLarge);
    }
    let id = begin(app, permit, &file.name, file.bytes.len() as u64, true).await?;
    let mut hash = Sha256::new();
    for (number, piece) in (0_i64..).zip(file.bytes.chunks(PIECE)) {
        hash.update(piece);
        let bound = body::bound(b"piece", &[id], number);
        let sealed = body::seal_bytes(&app.keys, &app.entropy, app.settings.encrypt, &bound, piece);
        let began = std::time::Instant::now();
        let written: store::Result<()> =
            app.db.write(move |tx| async move { sql::add_piece(tx, id, number, sealed).await }.boxed()).await;
        written?;
        // Half of the time is left to other processes that write to the same SQLite file.
        tokio::time::sleep(began.elapsed()).await;
    }
    received(app, permit, id, file_hash(hash), true, origin).await?;
    Ok(id)
}

/// Checks and stages a file of the operator's, here and now; its bytes are not kept. `progress` hears how many documents are staged.
///
/// # Errors
/// See [`ReceiveError`].
pub async fn check_file(
    app: &App,
    permit: &Permit,
    path: &Path,
    origin: Origin,
    progress: impl FnMut(u64) + Send,
) -> Result<Uuid, ReceiveError> {
    permit.check(Permission::CheckPayslips, permit.employer(), None)?;
    let size = std::fs::metadata(path)?.len();
    if size == 0 {
        return Err(ReceiveError::Empty);
    }
    let to_hash = path.to_owned();
    let hash =
        tokio::task::spawn_blocking(move || hash_of(&to_hash)).await.map_err(|_| ReceiveError::Failed)??;
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let id = begin(app, permit, &name, size, false).await?;
    received(app, permit, id, hash, false, origin).await?;
    let source: Source = Box::new(File::open(path)?);
    match staging::stage(app, id, source, progress).await {
        Ok(()) => Ok(id),
        Err(StageError::Overtaken) => Err(ReceiveError::MovedOn),
        Err(StageError::Store(error)) => Err(error.into()),
        Err(StageError::Source(error)) => Err(error.into()),
        Err(StageError::Panicked) => {
            tracing::error!(run = %id, "the check of a run ended early");
            Err(ReceiveError::Failed)
        }
    }
}

fn hash_of(path: &Path) -> io::Result<String> {
    let (mut file, mut hash, mut buffer) = (File::open(path)?, Sha256::new(), vec![0; PIECE]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(file_hash(hash)),
            read => hash.update(&buffer[..read]),
        }
    }
}

async fn begin(app: &App, permit: &Permit, name: &str, size: u64, kept: bool) -> Result<Uuid, ReceiveError> {
    let (now, employer) = (app.clock.now(), permit.employer());
    let id = app.entropy.id(now);
    let key_number = if app.settings.encrypt { app.keys.newest_for_pay() } else { body::NOT_SEALED };
    let file_name = plain_name(name);
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    let new = NewRun { id, employer, by: permit.staff_record(), file_name, size, kept, key_number };
    let sweep = jobs::sweep_run(app, id, now).at(now.plus_minutes(jobs::DAY));
    let permit = permit.clone();
    app.db
        .write(move |tx| {
            async move {
                still_held(tx, &permit).await??;
                let waiting = sql::waiting(tx, employer, now.plus_minutes(-ARRIVING_MINUTES)).await?;
                if permit.staff_record().is_some() && waiting >= MOST_WAITING {
                    return Err(ReceiveError::TooMany);
                }
                sql::add(tx, &new, now).await?;
                sweep.enqueue(tx).await?;
                Ok(id)
            }
            .boxed()
        })
        .await
}

async fn received(
    app: &App,
    permit: &Permit,
    id: Uuid,
    hash: String,
    kept: bool,
    origin: Origin,
) -> Result<(), StoreError> {
    let now = app.clock.now();
    let data = json!({ "run": id, "file_hash": hash });
    let entry = app.entry(now, permit, "payslips.run_uploaded", data, origin);
    let check = kept.then(|| jobs::check(app, id, now));
    app.db
        .write(move |tx| {
            async move {
                sql::received(tx, id, &hash, now).await?;
                if let Some(check) = check {
                    check.enqueue(tx).await?;
                }
                audit::append(tx, entry).await
            }
            .boxed()
        })
        .await
}

/// The bytes of an uploaded file, read from its pieces by a thread that may block.
pub(super) struct Pieces {
    app: App,
    run: Uuid,
    size: u64,
    at: u64,
    /// The piece that was read last.
    held: Option<(u64, Vec<u8>)>,
    runtime: Handle,
}

impl Pieces {
    pub(super) fn new(app: &App, run: Uuid, size: i64) -> Self {
        let size = u64::try_from(size).unwrap_or_default();
        Self { app: app.clone(), run, size, at: 0, held: None, runtime: Handle::current() }
    }

    fn piece(&mut self, number: u64) -> io::Result<&[u8]> {
        if self.held.as_ref().is_none_or(|(held, _)| *held != number) {
            let signed = i64::try_from(number).unwrap_or(i64::MAX);
            let read = self.runtime.block_on(async {
                let mut reader = self.app.db.read().await?;
                sql::piece(&mut reader.tx(), self.run, signed).await
            });
            let missing = || io::Error::new(io::ErrorKind::UnexpectedEof, "the file is not whole");
            let (key_number, sealed) = read.map_err(io::Error::other)?.ok_or_else(missing)?;
            let bound = body::bound(b"piece", &[self.run], signed);
            let bytes =
                body::open_bytes(&self.app.keys, &bound, key_number, &sealed).map_err(io::Error::other)?;
            self.held = Some((number, bytes));
        }
        Ok(self.held.as_ref().map(|(_, bytes)| bytes.as_slice()).unwrap_or_default())
    }
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.size || buffer.is_empty() {
            return Ok(0);
        }
        let (number, offset) = (self.at / PIECE as u64, self.at % PIECE as u64);
        let piece = self.piece(number)?;
        let rest = usize::try_from(offset).ok().and_then(|offset| piece.get(offset..)).unwrap_or_default();
        let length = rest.len().min(buffer.len());
        if length == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file is not whole"));
        }
        buffer[..length].copy_from_slice(&rest[..length]);
        self.at += length as u64;
        Ok(length)
    }
}

impl Seek for Pieces {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.size.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "before the beginning"))?;
        Ok(self.at)
    }
}
