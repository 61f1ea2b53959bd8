use futures::FutureExt;
use jiff::tz::TimeZone;
use store::{Instant, StoreError, Tx};
use uuid::Uuid;
use web::format;

use super::{
    model::Found,
    sql::{self, Kept},
    words,
};
use crate::App;

/// So many kinds of devices are kept for each person.
const MOST_DEVICES: i64 = 10;

/// A check of a kind of device.
pub(super) struct Checked {
    pub(super) device: String,
    pub(super) at: Instant,
    pub(super) found: Vec<Found>,
}

impl TryFrom<Kept> for Checked {
    type Error = StoreError;

    fn try_from(kept: Kept) -> Result<Self, StoreError> {
        let found = serde_json::from_str(&kept.results);
        let found = found.map_err(|error| StoreError::Damaged(format!("a device check: {error}")))?;
        Ok(Self { device: kept.device, at: kept.checked_at, found })
    }
}

/// Keeps what was found on a device.
pub(super) async fn keep(
    app: &App,
    holder: Uuid,
    device: &str,
    found: &[Found],
    now: Instant,
) -> Result<(), StoreError> {
    let results = serde_json::to_string(found).map_err(|error| StoreError::Damaged(error.to_string()))?;
    let (id, kept) = (app.entropy.id(now), Kept { device: device.to_owned(), checked_at: now, results });
    app.db
        .write(move |tx| {
            async move {
                sql::keep(tx, id, holder, kept).await?;
                sql::trim(tx, holder, MOST_DEVICES).await
            }
            .boxed()
        })
        .await
}

/// What was found on somebody's devices, newest first.
pub(super) async fn checks(app: &App, holder: Uuid) -> Result<Vec<Checked>, StoreError> {
    let mut reader = app.db.read().await?;
    let kept = sql::checks(&mut reader.tx(), holder, MOST_DEVICES).await?;
    kept.into_iter().map(Checked::try_from).collect()
}

/// What was found last on a device of somebody's, in a line for their service desk; none where they have checked nothing.
///
/// # Errors
/// The store's.
pub async fn last_check(
    tx: &mut Tx<'_>,
    staff_record: Uuid,
    zone: &TimeZone,
) -> Result<Option<String>, StoreError> {
    let Some(kept) = sql::checks(tx, staff_record, 1).await?.pop() else { return Ok(None) };
    let checked = Checked::try_from(kept)?;
    Ok(Some(words::line(&checked.device, &format::day_and_time(checked.at, zone), &checked.found)))
}
