//! Sweeping: what is over and of no more use goes, a little at a time.

mod sql;

use futures::FutureExt;
use store::{Result, Tx};

use crate::App;

const DAY: i64 = 24 * 60;
/// So many rows go in one transaction.
const PIECE: i64 = 500;

/// Removes what is past its time; says how many rows went. Called every few minutes, by any process.
///
/// # Errors
/// What the store says.
pub async fn sweep(app: &App) -> Result<u64> {
    let now = app.clock.now();
    let before = |minutes: i64| now.plus_minutes(-minutes);
    let mut gone = 0;
    for (what, before) in [
        (sql::Swept::KeptForms, now),
        (sql::Swept::Tickets, now),
        (sql::Swept::NetworkFailures, before(DAY)),
        (sql::Swept::Openings, before(2 * DAY)),
        (sql::Swept::BirthChecks, before(2 * DAY)),
        (sql::Swept::Locks, before(8 * DAY)),
        (sql::Swept::Sessions, before(30 * DAY)),
        (sql::Swept::Links, before(30 * DAY)),
        (sql::Swept::Requests, before(30 * DAY)),
        (sql::Swept::PersonalAddresses, before(30 * DAY)),
        (sql::Swept::Outcomes, before(90 * DAY)),
        (sql::Swept::LogIns, before(180 * DAY)),
        (sql::Swept::Browsers, before(400 * DAY)),
    ] {
        loop {
            let swept = app
                .db
                .write(move |tx: &mut Tx<'_>| {
                    async move { sql::remove(tx, what, before, PIECE).await }.boxed()
                })
                .await?;
            gone += swept;
            if swept < PIECE.unsigned_abs() {
                break;
            }
        }
    }
    Ok(gone)
}
