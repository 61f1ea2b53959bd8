use futures::FutureExt;
use serde_json::json;
use store::{Instant, StoreError, Tx};
use uuid::Uuid;
use web::{Person, Sealed};

use super::{EndedBy, sql};
use crate::{App, app::Trace, log_in};

/// Why a session was not ended.
#[derive(Debug, thiserror::Error)]
pub enum EndError {
    /// It is not theirs, or has ended.
    #[error("no such session")]
    NotFound,
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Something was done in a session that came by no page of the portal: what was saved in a course. One of which nothing was seen since
/// `seen_since` is over and stays so.
///
/// # Errors
/// What the store says.
pub async fn keep_awake(
    tx: &mut Tx<'_>,
    session: Uuid,
    seen_since: Instant,
    now: Instant,
) -> Result<(), StoreError> {
    sql::touch_if_seen_since(tx, session, seen_since, now).await
}

/// Somebody logs out here. Says where the identity provider that they came by logs them out too.
///
/// # Errors
/// What the store says.
pub async fn log_out(app: &App, person: &Person, trace: Trace) -> Result<Option<String>, StoreError> {
    let (now, app_in) = (app.clock.now(), app.clone());
    let (staff_record, session) = (person.staff_record, person.session);
    let provider: Option<(String, Vec<u8>)> = app
        .db
        .write(move |tx| {
            async move {
                let holder = records::holder(tx, staff_record, now).await?;
                let provider = sql::provider(tx, session).await?;
                sql::end(tx, session, EndedBy::Holder, now).await?;
                audit::append(tx, trace.entry(&app_in, "access.logged_out", holder.as_ref(), now)).await?;
                Ok::<_, StoreError>(provider)
            }
            .boxed()
        })
        .await?;
    let Some((id, sealed)) = provider else { return Ok(None) };
    let token = app.keys.open_sealed(Sealed::Ticket, staff_record.as_bytes(), &sealed);
    let token = token.and_then(|token| String::from_utf8(token).ok());
    let (Some(token), Some(provider)) = (token, app.cards.provider(&id)) else { return Ok(None) };
    Ok(provider.log_out(&token, &app.site.link("/logged-out")).await.map(Into::into))
}

/// Somebody ends one of their sessions elsewhere.
///
/// # Errors
/// See [`EndError`].
pub async fn end_one(app: &App, staff_record: Uuid, session: Uuid, trace: Trace) -> Result<(), EndError> {
    let (now, app_in) = (app.clock.now(), app.clone());
    app.db
        .write(move |tx| {
            async move {
                let holder = records::holder(tx, staff_record, now).await?;
                if !sql::end_own(tx, session, staff_record, now).await? {
                    return Err(EndError::NotFound);
                }
                let mut entry = trace.entry(&app_in, "access.session_ended", holder.as_ref(), now);
                entry.data = json!({ "session": session });
                Ok(audit::append(tx, entry).await?)
            }
            .boxed()
        })
        .await
}

/// Somebody ends all their sessions but this one; says how many that were.
///
/// # Errors
/// What the store says.
pub async fn end_others(app: &App, person: &Person, trace: Trace) -> Result<u64, StoreError> {
    let (now, app_in) = (app.clock.now(), app.clone());
    let (staff_record, session) = (person.staff_record, person.session);
    app.db
        .write(move |tx| {
            async move {
                let holder = records::holder(tx, staff_record, now).await?;
                log_in::sql::hold_lock(tx, staff_record, now).await?;
                let ended = sql::end_all(tx, staff_record, Some(session), EndedBy::Holder, now).await?;
                let mut entry = trace.entry(&app_in, "access.other_sessions_ended", holder.as_ref(), now);
                entry.data = json!({ "ended": ended });
                audit::append(tx, entry).await?;
                Ok(ended)
            }
            .boxed()
        })
        .await
}
