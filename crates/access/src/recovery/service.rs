use futures::FutureExt;
use serde_json::json;
use store::{Day, StoreError, jobs};
use web::Client;

use super::{jobs::KIND, sql};
use crate::{App, Door};

/// Requests from the employers' own networks go before all others.
const OUTSIDE: i64 = 1_000_000;
/// So many of one network are dealt with as they come; the rest of that network's wait behind other people's.
const AT_ONCE: i64 = 100;

/// What somebody typed at `/forgotten` or `/leavers/forgotten`, read.
#[derive(Clone, Debug)]
pub struct Request {
    /// An email address, in lower case.
    pub email: String,
    /// A date of birth.
    pub date_of_birth: Day,
    /// A username, if they know it, as typed.
    pub username: Option<String>,
    /// From where.
    pub client: Client,
    /// At which door.
    pub door: Door,
}

/// Why a request was not taken.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Takes a request: a row and a job in one transaction. Nobody is looked up here, so that the answer is the same, in the same
/// time, whether or not anything matches.
///
/// # Errors
/// See [`RequestError`].
pub async fn request(app: &App, request: Request) -> Result<(), RequestError> {
    let now = app.clock.now();
    let employers = app.employers().await?;
    let inside =
        !request.client.hidden && employers.iter().any(|employer| employer.inside(request.client.address));
    let row = sql::RequestRow {
        id: app.entropy.id(now),
        email: Some(request.email),
        date_of_birth: Some(request.date_of_birth),
        username: request.username,
        network: request.client.network(),
        requested_at: now,
        leaver: request.door == Door::Leavers,
    };
    let job_id = app.entropy.id(now);
    metrics::counter!("staffrecord_access_recovery_requests_total").increment(1);
    app.db
        .write(move |tx| {
            async move {
                let ahead = sql::waiting(tx, &row.network).await?;
                sql::insert_request(tx, &row).await?;
                let priority = (ahead - AT_ONCE).max(0) + if inside { 0 } else { OUTSIDE };
                let payload = json!({ "request": row.id });
                jobs::enqueue(
                    tx,
                    jobs::NewJob { id: job_id, kind: KIND, payload: &payload, priority, run_at: now },
                )
                .await?;
                Ok(())
            }
            .boxed()
        })
        .await
}
