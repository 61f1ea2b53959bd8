use futures::FutureExt;
use store::StoreError;
use uuid::Uuid;
use web::{Ended, Form, Sealed};

use super::sql::{self, Kept};
use crate::App;

/// How long a form is kept.
const KEPT_MINUTES: i64 = 30;

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
    let sealed = app.keys.seal(Sealed::Form, ended.staff_record.as_bytes(), text.as_bytes(), &app.entropy);
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

fn open(app: &App, staff_record: Uuid, sealed: &[u8]) -> Option<Form> {
    let opened = app.keys.open_sealed(Sealed::Form, staff_record.as_bytes(), sealed)?;
    Form::decoded(std::str::from_utf8(&opened).ok()?)
}
