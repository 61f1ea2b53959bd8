use std::io::{self, Read, Seek, SeekFrom, Write};

use audit::Origin;
use bytes::Bytes;
use futures::FutureExt;
use records::{Permission, Permit, Refused, still_held};
use scorm::{Finding, Manifest, Package};
use serde_json::json;
use sha2::{Digest, Sha256};
use store::{Instant, StoreError};
use tokio::runtime::Handle;
use tracing::Instrument;
use uuid::Uuid;

use super::{
    Course, NewVersion, Unfit,
    files::{Files, Incoming},
    jobs,
    model::title_of,
    sql::{self, FileRow, NewRow},
};
use crate::App;

/// So many files are written down by one transaction.
const ROWS_AT_ONCE: usize = 500;
/// A file is held in memory up to so many bytes, and written in pieces of them from there on.
const PIECE: usize = 8 * 1024 * 1024;

/// Unpacks a file of a package by its path.
type Unpack = Box<dyn FnMut(&str, &mut dyn Write) -> io::Result<()> + Send + Sync>;

/// A package that was opened and checked.
pub struct Contents {
    /// What its manifest says.
    pub manifest: Manifest,
    /// What is wrong with it and can be lived with.
    pub findings: Vec<Finding>,
    /// SHA-256 of the package, in hexadecimal.
    pub file_hash: String,
    /// Its bytes.
    pub size: u64,
    /// Its files.
    pub paths: Vec<String>,
    /// Unpacks one of them.
    pub unpack: Unpack,
}

/// Why a package was not opened: in words for whoever uploads it, with all that was found where it is the package's fault.
pub use scorm::ReadError as OpenError;

/// Opens and checks a package: a zip file, uploaded or on disk.
///
/// # Errors
/// Where it is refused or cannot be read.
pub async fn open<R: Read + Seek + Send + Sync + 'static>(
    app: &App,
    mut source: R,
) -> Result<Contents, OpenError> {
    let limits = app.settings.limits;
    let turn = app.files.turn().await?;
    let opened = tokio::task::spawn_blocking(move || -> Result<Contents, OpenError> {
        let _turn = turn;
        // Not hashed where it is too large anyway.
        let size = source.seek(SeekFrom::End(0))?;
        let file_hash = if size > limits.packed_bytes { String::new() } else { hash_of(&mut source)? };
        let mut package = Package::open(source, &limits)?;
        let (manifest, findings) = (package.manifest.clone(), package.findings.clone());
        let paths = package.files().map(|file| file.path.clone()).collect();
        let unpack: Unpack = Box::new(move |path, sink| match package.read_file(path, sink) {
            Ok(_) => Ok(()),
            Err(OpenError::Io(error)) => Err(error),
            Err(OpenError::Refused(refused)) => Err(io::Error::other(refused.to_string())),
        });
        Ok(Contents { manifest, findings, file_hash, size, paths, unpack })
    });
    opened
        .await
        .unwrap_or_else(|_| Err(OpenError::Io(io::Error::other("the check of the package ended early"))))
}

fn hash_of(source: &mut (impl Read + Seek)) -> io::Result<String> {
    let mut hash = Sha256::new();
    source.seek(SeekFrom::Start(0))?;
    io::copy(source, &mut hash)?;
    Ok(records::import::file_hash(hash))
}

/// Why a package was not taken in.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// What is said of it cannot be.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// It cannot be read to its end, or its files not be written.
    #[error("{0}")]
    File(String),
    /// Another import of the course was quicker.
    #[error("the same course was being changed: try again")]
    Overtaken,
    /// It ended early, which is our fault.
    #[error("the import ended early")]
    Ended,
    /// Not by this person.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A package that was taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Its course.
    pub course: Uuid,
    /// The version.
    pub version: Uuid,
    /// Its number.
    pub number: i64,
    /// Whether it is new: the same package for the same course makes no second version.
    pub is_new: bool,
}

/// Takes a package in as the next version of the course with this code, which is made where there is none. Nobody can begin it before it is
/// published. It comes to its end though nobody waits for it any more; a process that is killed meanwhile leaves nothing that anybody
/// sees.
///
/// # Errors
/// See [`ImportError`].
pub async fn import(
    app: &App,
    permit: &Permit,
    new: NewVersion,
    contents: Contents,
    origin: Origin,
) -> Result<Imported, ImportError> {
    permit.check(Permission::PublishCourses, permit.employer(), None)?;
    let new = new.fit()?;
    let (app, permit) = (app.clone(), permit.clone());
    // A request that is cut off takes its handler with it, and no task.
    let task = async move { take_in(&app, &permit, &new, contents, origin).await }.in_current_span();
    tokio::spawn(task).await.unwrap_or(Err(ImportError::Ended))
}

async fn take_in(
    app: &App,
    permit: &Permit,
    new: &NewVersion,
    contents: Contents,
    origin: Origin,
) -> Result<Imported, ImportError> {
    let failed = |error: io::Error| ImportError::File(error.to_string());
    let turn = app.files.turn().await.map_err(failed)?;
    // Files that are there already are relied on until the version that names them has arrived.
    let held = app.files.hold().await.map_err(failed)?;
    let begun = match begin(app, permit, new, &contents).await {
        // Two at once have made the same course.
        Err(ImportError::Store(error)) if error.is_duplicate() => begin(app, permit, new, &contents).await,
        other => other,
    }?;
    let imported = match begun {
        Begun::There(imported) => return Ok(imported),
        Begun::Arriving(imported) => imported,
    };
    let (app_in, version, runtime) = (app.clone(), imported.version, Handle::current());
    let (manifest, hash) = (contents.manifest.clone(), contents.file_hash.clone());
    let written = tokio::task::spawn_blocking(move || write(&app_in, &runtime, version, contents)).await;
    let arrived = match written {
        Ok(Ok(())) => arrive(app, permit, new, &manifest, &hash, imported, origin).await,
        Ok(Err(error)) => Err(error),
        Err(_) => Err(ImportError::Ended),
    };
    if !matches!(&arrived, Ok(arrived) if arrived.version == version) {
        // What was written goes at once, where it can; else within a day.
        if let Err(error) = jobs::give_up(app, version).await {
            tracing::warn!(%version, %error, "what an import left is cleared away later");
        }
    }
    drop((held, turn));
    arrived
}

enum Begun {
    /// Its files are written next.
    Arriving(Imported),
    /// It is there already.
    There(Imported),
}

async fn begin(
    app: &App,
    permit: &Permit,
    new: &NewVersion,
    contents: &Contents,
) -> Result<Begun, ImportError> {
    let now = app.clock.now();
    let (version, employer) = (app.entropy.id(now), permit.employer());
    let course = Course {
        id: app.entropy.id(now),
        employer_id: employer,
        code: new.code.clone(),
        title: new.title.clone().unwrap_or_else(|| title_of(&contents.manifest, &new.code)),
        description: new.description.clone().unwrap_or_default(),
        minutes: new.minutes,
        created_at: now,
        created_by: permit.staff_record(),
        current_version: None,
    };
    let damaged = |error: serde_json::Error| StoreError::Damaged(error.to_string());
    let mut row = NewRow {
        id: version,
        course: course.id,
        standard: contents.manifest.standard,
        manifest: serde_json::to_string(&contents.manifest).map_err(damaged)?,
        findings: serde_json::to_string(&contents.findings).map_err(damaged)?,
        file_name: records::import::plain_name(&new.file_name),
        file_hash: contents.file_hash.clone(),
        size: i64::try_from(contents.size).unwrap_or(i64::MAX),
        by: permit.staff_record(),
        tested_on: new.tested_on.clone(),
    };
    let (permit, sweep) = (permit.clone(), jobs::sweep(app, version, now));
    app.db
        .write(move |tx| {
            async move {
                still_held(tx, &permit).await??;
                let held = match sql::course_by_code(tx, employer, &course.code).await? {
                    Some(held) => sql::hold_course(tx, held.id).await?.unwrap_or(held),
                    None => {
                        sql::add_course(tx, &course).await?;
                        course
                    }
                };
                if let Some(same) = sql::same_package(tx, held.id, &row.file_hash).await? {
                    let (version, number) = (same.id, same.number);
                    return Ok(Begun::There(Imported { course: held.id, version, number, is_new: false }));
                }
                row.course = held.id;
                let number = sql::add_version(tx, &row, now).await?;
                sweep.enqueue(tx).await?;
                Ok(Begun::Arriving(Imported { course: held.id, version, number, is_new: true }))
            }
            .boxed()
        })
        .await
}

/// Unpacks all files and writes them: first their bytes, then the rows that name them.
fn write(app: &App, runtime: &Handle, version: Uuid, mut contents: Contents) -> Result<(), ImportError> {
    let mut rows: Vec<FileRow> = Vec::new();
    let flush = |rows: Vec<FileRow>| {
        let began = std::time::Instant::now();
        let written: store::Result<()> = runtime.block_on(
            app.db.write(move |tx| async move { sql::add_files(tx, version, &rows).await }.boxed()),
        );
        // Half of the time is left to others that write.
        std::thread::sleep(began.elapsed());
        written
    };
    for path in std::mem::take(&mut contents.paths) {
        let mut sink = Sink::new(app, runtime);
        (contents.unpack)(&path, &mut sink).map_err(|error| ImportError::File(error.to_string()))?;
        let (hash, size) = sink.finish()?;
        rows.push((path, hash, size));
        if rows.len() == ROWS_AT_ONCE {
            flush(std::mem::take(&mut rows))?;
        }
    }
    if rows.is_empty() { Ok(()) } else { Ok(flush(rows)?) }
}

async fn arrive(
    app: &App,
    permit: &Permit,
    new: &NewVersion,
    manifest: &Manifest,
    hash: &str,
    imported: Imported,
    origin: Origin,
) -> Result<Imported, ImportError> {
    let now: Instant = app.clock.now();
    let data = json!({
        "course": imported.course,
        "code": new.code,
        "version": imported.version,
        "number": imported.number,
        "standard": manifest.standard,
        "file_hash": hash,
    });
    let entry = app.entry(now, permit, "learning.course_imported", data, origin);
    let (new, hash, permit) = (new.clone(), hash.to_owned(), permit.clone());
    app.db
        .write(move |tx| {
            async move {
                still_held(tx, &permit).await??;
                let Some(course) = sql::hold_course(tx, imported.course).await? else {
                    return Err(ImportError::Overtaken);
                };
                if let Some(same) = sql::same_package(tx, course.id, &hash).await? {
                    let (version, number) = (same.id, same.number);
                    return Ok(Imported { version, number, is_new: false, ..imported });
                }
                if !sql::arrived(tx, imported.version).await? {
                    return Err(ImportError::Overtaken);
                }
                let title = new.title.as_deref().unwrap_or(&course.title);
                let description = new.description.as_deref().unwrap_or(&course.description);
                sql::describe(tx, &course, title, description, new.minutes.or(course.minutes)).await?;
                audit::append(tx, entry).await?;
                Ok(imported)
            }
            .boxed()
        })
        .await
}

/// Where a file is unpacked to: hashed as it comes, and kept under its hash at its end.
struct Sink<'a> {
    app: &'a App,
    runtime: &'a Handle,
    hash: Sha256,
    size: u64,
    held: Vec<u8>,
    /// Where it is larger than what is held.
    incoming: Option<Incoming>,
}

impl<'a> Sink<'a> {
    fn new(app: &'a App, runtime: &'a Handle) -> Self {
        Self { app, runtime, hash: Sha256::new(), size: 0, held: Vec::new(), incoming: None }
    }

    fn files(&self) -> &'a Files {
        &self.app.files
    }

    fn finish(mut self) -> Result<(String, i64), ImportError> {
        let hash: String = self.hash.clone().finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        let size = i64::try_from(self.size).unwrap_or(i64::MAX);
        let held = Bytes::from(std::mem::take(&mut self.held));
        let (files, bytes, incoming) = (self.files(), self.size, self.incoming.take());
        let written = self.runtime.block_on(async {
            // What lies under its hash was written whole.
            let is_there = files.has(&hash, bytes).await?;
            match incoming {
                Some(incoming) if is_there => incoming.abort().await,
                Some(mut incoming) => {
                    incoming.write(held).await?;
                    incoming.finish(&hash).await
                }
                None if is_there => Ok(()),
                None => files.put(&hash, held).await,
            }
        });
        written.map_err(|error| ImportError::File(error.to_string()))?;
        Ok((hash, size))
    }
}

impl Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
        self.held.extend_from_slice(bytes);
        if self.held.len() >= PIECE {
            let piece = Bytes::from(std::mem::take(&mut self.held));
            let (files, name) = (self.files(), self.app.entropy.id(self.app.clock.now()).to_string());
            let mut incoming = self.incoming.take();
            let written = self.runtime.block_on(async {
                let mut open = match incoming.take() {
                    Some(open) => open,
                    None => files.begin(&name).await?,
                };
                open.write(piece).await?;
                Ok::<_, object_store::Error>(open)
            });
            self.incoming = Some(written.map_err(io::Error::other)?);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
