use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use futures::FutureExt;
use store::StoreError;
use uuid::Uuid;
use web::{Ended, Form};

use super::sql::{self, Kept};
use crate::App;

/// How long a form is kept.
const KEPT_MINUTES: i64 = 30;
const NONCE: usize = 24;

/// A form that was kept, opened again.
#[derive(Clone, Debug)]
pub(crate) struct KeptForm {
    pub(crate) path: String,
    pub(crate) form: Form,
}

/// Keeps what was sent to `path` for the account whose session has ended. Fields that hold passwords are left out.
pub(crate) async fn keep(app: &App, ended: &Ended, path: &str, form: &Form) -> Result<bool, StoreError> {
    let now = app.clock.now();
    let text = form.encoded(|field| field != "csrf" && field != "kept" && !field.contains("password"));
    let Some(sealed) = seal(app, ended.staff_record, text.as_bytes()) else { return Ok(false) };
    let kept = Kept { id: app.entropy.id(now), path: path.to_owned(), sealed };
    let staff_record = ended.staff_record;
    app.db
        .write(move |tx| {
            async move {
                sql::remove_all(tx, staff_record).await?;
                sql::insert(tx, &kept, staff_record, now.plus_minutes(KEPT_MINUTES)).await?;
                Ok(true)
            }
            .boxed()
        })
        .await
}

/// What is kept for an account.
pub(crate) async fn newest(app: &App, staff_record: Uuid) -> Result<Option<KeptForm>, StoreError> {
    let mut reader = app.db.read().await?;
    let Some(kept) = sql::newest(&mut reader.tx(), staff_record, app.clock.now()).await? else {
        return Ok(None);
    };
    Ok(open(app, staff_record, &kept.sealed).map(|form| KeptForm { path: kept.path, form }))
}

/// Throws away what is kept for an account.
pub(crate) async fn discard(app: &App, staff_record: Uuid) -> Result<(), StoreError> {
    app.db.write(move |tx| async move { sql::remove_all(tx, staff_record).await }.boxed()).await
}

/// Nonce and ciphertext, bound to the account.
fn seal(app: &App, staff_record: Uuid, text: &[u8]) -> Option<Vec<u8>> {
    let key = app.keys.form().first()?;
    let nonce: [u8; NONCE] = app.entropy.bytes();
    let payload = Payload { msg: text, aad: staff_record.as_bytes() };
    let sealed = XChaCha20Poly1305::new(key.into()).encrypt(XNonce::from_slice(&nonce), payload).ok()?;
    Some([nonce.as_slice(), &sealed].concat())
}

fn open(app: &App, staff_record: Uuid, sealed: &[u8]) -> Option<Form> {
    let (nonce, sealed) = sealed.split_at_checked(NONCE)?;
    let payload = |()| Payload { msg: sealed, aad: staff_record.as_bytes() };
    let opened = app.keys.form().iter().find_map(|key| {
        XChaCha20Poly1305::new(key.into()).decrypt(XNonce::from_slice(nonce), payload(())).ok()
    })?;
    Form::decoded(std::str::from_utf8(&opened).ok()?)
}
