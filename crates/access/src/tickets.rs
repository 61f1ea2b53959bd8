//! Tickets: what a browser carries from one request to a later one, sealed, bound to its session or visit, good for a while and
//! once. Nothing is stored of one until it is used, so that nobody can fill the database by asking for them.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use store::{Instant, Result, Tx, on};
use web::Sealed;

use crate::App;

#[derive(Serialize, Deserialize)]
struct Dated<T> {
    until: Instant,
    what: T,
}

/// A ticket that was opened.
#[derive(Clone, Debug)]
pub(crate) struct Opened<T> {
    pub(crate) what: T,
    until: Instant,
    hash: Vec<u8>,
}

/// Seals `what` for `minutes`, for one purpose and the browser that has `binding`.
pub(crate) fn seal<T: Serialize>(app: &App, purpose: &str, binding: &str, minutes: i64, what: T) -> String {
    let dated = Dated { until: app.clock.now().plus_minutes(minutes), what };
    let text = serde_json::to_vec(&dated).expect("what we seal is JSON");
    let bound = bound(purpose, binding);
    URL_SAFE_NO_PAD.encode(app.keys.seal(Sealed::Ticket, &bound, &text, &app.entropy))
}

/// What [`seal`] sealed for the same purpose and browser, unless its time is over.
pub(crate) fn open<T: DeserializeOwned>(
    app: &App,
    purpose: &str,
    binding: &str,
    ticket: &str,
) -> Option<Opened<T>> {
    let sealed = URL_SAFE_NO_PAD.decode(ticket).ok()?;
    let text = app.keys.open_sealed(Sealed::Ticket, &bound(purpose, binding), &sealed)?;
    let dated: Dated<T> = serde_json::from_slice(&text).ok()?;
    let hash = Sha256::digest(&sealed).to_vec();
    (app.clock.now() < dated.until).then_some(Opened { what: dated.what, until: dated.until, hash })
}

impl<T> Opened<T> {
    /// Uses the ticket up, in the transaction of what it was used for; `false` where it has been used before.
    pub(crate) async fn spend(&self, tx: &mut Tx<'_>) -> Result<bool> {
        sql::spend(tx, &self.hash, self.until).await
    }

    /// Whether it has been used before.
    pub(crate) async fn is_spent(&self, tx: &mut Tx<'_>) -> Result<bool> {
        sql::is_spent(tx, &self.hash).await
    }
}

/// The length of the purpose keeps purpose and binding apart.
fn bound(purpose: &str, binding: &str) -> Vec<u8> {
    format!("{}:{purpose}:{binding}", purpose.len()).into_bytes()
}

mod sql {
    use super::{Instant, Result, Tx, on};

    pub(super) async fn spend(tx: &mut Tx<'_>, hash: &[u8], lapses_at: Instant) -> Result<bool> {
        on!(tx, c => sqlx::query("INSERT INTO spent_ticket (hash, lapses_at) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING")
            .bind(hash).bind(lapses_at).execute(c).await.map(|done| done.rows_affected() == 1))
    }

    pub(super) async fn is_spent(tx: &mut Tx<'_>, hash: &[u8]) -> Result<bool> {
        let found: Option<Vec<u8>> = on!(tx, c => sqlx::query_scalar("SELECT hash FROM spent_ticket WHERE hash = $1")
            .bind(hash).fetch_optional(c).await)?;
        Ok(found.is_some())
    }
}
