use audit::{NewEntry, Origin};
use futures::FutureExt;
use mail::NewMail;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use store::{Db, Instant, StoreError, Tx};
use uuid::Uuid;
use web::FormFile;

use super::{Found, Preview, State, Upload, jobs, sql};
use crate::{
    App, Permission, Permit, Refused, Role,
    import::{MOST_BYTES, file_hash, plain_name},
    letters,
    roles::{self, still_held},
    words,
};

/// So many bytes are written by one transaction.
const PIECE: usize = 256 * 1024;
/// So many uploads of an employer may wait at once.
pub const MOST_WAITING: i64 = 10;
/// An upload that is still arriving after so many minutes is taken for dead.
const ARRIVING_MINUTES: i64 = 10;
/// So many uploads are listed.
const LISTED: i64 = 20;

/// Why a file was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// There is nothing in it.
    #[error("{}", tables::FILE_EMPTY)]
    Empty,
    /// It is too large.
    #[error("{}", tables::file_too_large(MOST_BYTES as u64))]
    TooLarge,
    /// Too many wait already.
    #[error("{}", words::too_many_uploads(MOST_WAITING))]
    TooMany,
    /// Not by this person.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Who acts: the operator has a command for this.
fn person(permit: &Permit) -> Result<Uuid, Refused> {
    permit.check(Permission::ImportStaff, permit.employer(), None)?;
    permit.staff_record().ok_or(Refused::OtherPermit)
}

fn entry(
    app: &App,
    now: Instant,
    permit: &Permit,
    event: &'static str,
    data: Value,
    origin: Origin,
) -> NewEntry {
    permit.entry(app.entropy.id(now), now, event, data, origin)
}

/// Takes a file in: its bytes are written in pieces, and a job will check it. It stands on the trail.
///
/// # Errors
/// See [`ReceiveError`].
pub async fn receive(
    app: &App,
    permit: &Permit,
    file: &FormFile,
    origin: Origin,
) -> Result<Uuid, ReceiveError> {
    let by = person(permit)?;
    if file.bytes.is_empty() {
        return Err(ReceiveError::Empty);
    }
    if file.bytes.len() > MOST_BYTES {
        return Err(ReceiveError::TooLarge);
    }
    let (now, employer) = (app.clock.now(), permit.employer());
    let id = app.entropy.id(now);
    let file_name = plain_name(&file.name);
    let new = sql::NewUpload { id, employer, by, file_name: file_name.clone(), size: size(file.bytes.len()) };
    let (sweep, permit_in) = (jobs::sweep_all(&app.entropy, id, now), permit.clone());
    app.db
        .write(move |tx| {
            async move {
                // Of several at once, each counts the ones before.
                roles::sql::hold_employer(tx, employer).await?;
                still_held(tx, &permit_in).await??;
                if sql::waiting(tx, employer, now.plus_minutes(-ARRIVING_MINUTES)).await? >= MOST_WAITING {
                    return Err(ReceiveError::TooMany);
                }
                sql::add(tx, &new, now).await?;
                sweep.enqueue(tx).await?;
                Ok(())
            }
            .boxed()
        })
        .await?;
    let mut hash = Sha256::new();
    for (number, piece) in (0_i64..).zip(file.bytes.chunks(PIECE)) {
        hash.update(piece);
        let piece = piece.to_vec();
        let began = std::time::Instant::now();
        let written: store::Result<()> =
            app.db.write(move |tx| async move { sql::add_piece(tx, id, number, piece).await }.boxed()).await;
        written?;
        // Half of the time is left to other processes that write to the same SQLite file.
        tokio::time::sleep(began.elapsed()).await;
    }
    let (now, hash) = (app.clock.now(), file_hash(hash));
    let data = json!({ "upload": id, "file_name": file_name, "file_hash": hash, "size": file.bytes.len() });
    let entry = entry(app, now, permit, "records.staff_uploaded", data, origin);
    let check = jobs::check(&app.entropy, id, false, now);
    app.db
        .write(move |tx| {
            async move {
                sql::received(tx, id, &hash, now).await?;
                check.enqueue(tx).await?;
                audit::append(tx, entry).await
            }
            .boxed()
        })
        .await
        .map(|()| id)
        .map_err(ReceiveError::Store)
}

fn size(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// An upload of the permit's employer, where there is one whose bytes have arrived.
///
/// # Errors
/// The store's.
pub async fn upload(app: &App, permit: &Permit, id: Uuid) -> Result<Option<Upload>, StoreError> {
    let mut reader = app.db.read().await?;
    let upload = sql::upload(&mut reader.tx(), id, permit.employer()).await?;
    Ok(upload.filter(|upload| upload.state != State::Receiving))
}

/// What the check of an upload found; `None` where it is not checked yet, or that was forgotten.
///
/// # Errors
/// The store's.
pub async fn found(app: &App, upload: &Upload) -> Result<Option<Found>, StoreError> {
    let mut reader = app.db.read().await?;
    let Some(text) = sql::found(&mut reader.tx(), upload.id).await? else { return Ok(None) };
    serde_json::from_str(&text).map(Some).map_err(|error| StoreError::Damaged(error.to_string()))
}

/// The newest uploads of the permit's employer.
///
/// # Errors
/// The store's.
pub async fn recent(app: &App, permit: &Permit) -> Result<Vec<Upload>, StoreError> {
    let mut reader = app.db.read().await?;
    sql::recent(&mut reader.tx(), permit.employer(), LISTED).await
}

/// What came of somebody's yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreed {
    /// It is being applied.
    Applying,
    /// The number is typed; somebody else has to agree.
    Typed,
}

/// Why a yes was not taken.
#[derive(Debug, thiserror::Error)]
pub enum AgreeError {
    /// There is no such upload.
    #[error("{}", words::NO_SUCH_UPLOAD)]
    NotFound,
    /// It is not what was seen any more, or is not waiting for a yes.
    #[error("{}", words::UPLOAD_MOVED_ON)]
    MovedOn,
    /// Another number has to be typed.
    #[error("{}", words::number_differs(*.0))]
    Number(u64),
    /// Not by this person.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Somebody who has seen the preview with this fingerprint says that it is to be applied. Where a number has to be typed, whoever types
/// it says so first, and then somebody who has neither uploaded nor typed. A job applies it. It stands on the trail.
///
/// # Errors
/// See [`AgreeError`].
pub async fn agree(
    app: &App,
    permit: &Permit,
    id: Uuid,
    seen: &str,
    typed: Option<u64>,
    origin: Origin,
) -> Result<Agreed, AgreeError> {
    let by = person(permit)?;
    let upload = upload(app, permit, id).await?.ok_or(AgreeError::NotFound)?;
    let preview = found(app, &upload).await?.and_then(|found| found.preview);
    let Some(preview) = preview.filter(|_| upload.fingerprint.as_deref() == Some(seen)) else {
        return Err(AgreeError::MovedOn);
    };
    if preview.own.contains(&by) {
        return Err(Refused::OwnRecord.into());
    }
    let (app_in, permit, seen, now) = (app.clone(), permit.clone(), seen.to_owned(), app.clock.now());
    app.db
        .write(move |tx| {
            async move {
                let held = sql::hold(tx, id).await?.ok_or(AgreeError::NotFound)?;
                still_held(tx, &permit).await??;
                if !held.state.is_ready() || held.fingerprint.as_ref() != Some(&seen) {
                    return Err(AgreeError::MovedOn);
                }
                let data = json!({ "upload": id, "file_name": held.file_name, "counts": preview.counts });
                if let Some(number) = preview.number_to_type {
                    let Some(typed_by) = held.typed_by else {
                        if typed != Some(number) {
                            return Err(AgreeError::Number(number));
                        }
                        sql::set_typed(tx, id, by, now).await?;
                        let event = "records.staff_upload_number_typed";
                        audit::append(tx, entry(&app_in, now, &permit, event, data, origin)).await?;
                        tell_second(tx, &app_in, &held, by, &preview, now).await?;
                        return Ok(Agreed::Typed);
                    };
                    if by == typed_by || by == held.uploaded_by {
                        return Err(Refused::SecondPerson.into());
                    }
                }
                sql::set_applying(tx, id, by, now).await?;
                jobs::apply(&app_in.entropy, id, &origin, now).enqueue(tx).await?;
                let event = "records.staff_upload_agreed";
                audit::append(tx, entry(&app_in, now, &permit, event, data, origin)).await?;
                Ok(Agreed::Applying)
            }
            .boxed()
        })
        .await
}

/// Mails all HR who can agree to an upload whose number `by` has typed: neither they, nor who uploaded it, nor whose own record it changes.
async fn tell_second(
    tx: &mut Tx<'_>,
    app: &App,
    upload: &Upload,
    by: Uuid,
    preview: &Preview,
    now: Instant,
) -> Result<(), StoreError> {
    let data = json!({ "upload": upload.id, "typed_by": by, "counts": preview.counts, "at": now });
    let seen = upload.fingerprint.as_deref().unwrap_or_default();
    for (about, to) in roles::addresses(tx, upload.employer_id, (Role::Hr, Role::Hr), now).await? {
        if about == by || about == upload.uploaded_by || preview.own.contains(&about) {
            continue;
        }
        let (id, kind) = (app.entropy.id(now), letters::UPLOAD_WAITS);
        let key = Some(format!("{kind}:{}:{seen}:{about}", upload.id));
        mail::enqueue(tx, NewMail { id, key, to, about: Some(about), kind, data: data.clone() }, now).await?;
    }
    Ok(())
}

/// The file's name of an upload that waits for somebody else than `typed_by` to agree; `None` where it does not.
pub(crate) async fn waits_for_second(
    db: &Db,
    id: Uuid,
    typed_by: Uuid,
) -> Result<Option<String>, StoreError> {
    let upload = sql::any_upload(&mut db.read().await?.tx(), id).await?;
    let waits = |upload: &Upload| upload.state.is_ready() && upload.typed_by == Some(typed_by);
    Ok(upload.filter(waits).map(|upload| upload.file_name))
}

/// Why an upload was not discarded.
#[derive(Debug, thiserror::Error)]
pub enum DiscardError {
    /// There is no such upload.
    #[error("{}", words::NO_SUCH_UPLOAD)]
    NotFound,
    /// It is being applied, or is over.
    #[error("{}", words::UPLOAD_MOVED_ON)]
    MovedOn,
    /// Not by this person.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Nothing is to come of an upload. It stands on the trail.
///
/// # Errors
/// See [`DiscardError`].
pub async fn discard(app: &App, permit: &Permit, id: Uuid, origin: Origin) -> Result<(), DiscardError> {
    person(permit)?;
    let (app, permit, now) = (app.clone(), permit.clone(), app.clock.now());
    app.db
        .clone()
        .write(move |tx: &mut Tx<'_>| {
            async move {
                let held = sql::hold(tx, id)
                    .await?
                    .filter(|held| held.employer_id == permit.employer() && held.state != State::Receiving);
                let held = held.ok_or(DiscardError::NotFound)?;
                still_held(tx, &permit).await??;
                if matches!(held.state, State::Applying | State::Applied | State::Discarded) {
                    return Err(DiscardError::MovedOn);
                }
                sql::set_state(tx, id, State::Discarded, now).await?;
                sql::forget_found(tx, id).await?;
                jobs::sweep_pieces(&app.entropy, id, now).enqueue(tx).await?;
                let data = json!({ "upload": id, "file_name": held.file_name });
                audit::append(tx, entry(&app, now, &permit, "records.staff_upload_discarded", data, origin))
                    .await?;
                Ok(())
            }
            .boxed()
        })
        .await
}
