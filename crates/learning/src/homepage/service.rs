use futures::FutureExt;
use store::{Instant, StoreError};
use uuid::Uuid;

use super::{model::Sought, sql};
use crate::{App, attempts::Status};

/// So much of each list stands on the page.
const GOING: i64 = 50;
pub(super) const DONE: usize = 20;
pub(super) const COURSES: usize = 20;
/// What a course said is taken for so long after it was opened.
pub(super) const DAYS: i64 = 14;
const DAY: i64 = 24 * 3600;
/// A course that was heard of within so many seconds is still open, most likely.
const QUIET: i64 = 60;

/// What Learner Homepage shows.
pub(super) struct Homepage {
    pub(super) going: Vec<sql::Going>,
    pub(super) not_saved: Vec<sql::NotSaved>,
    pub(super) done: Vec<sql::Done>,
    /// Whether there is more behind that.
    pub(super) more_done: bool,
    pub(super) found: Vec<sql::Course>,
    pub(super) more_found: bool,
}

/// Where somebody stands in the lists of the page.
pub(super) struct Place {
    pub(super) sought: Sought,
    /// The last course that was shown.
    pub(super) after: Option<Uuid>,
    /// The last that was shown of what they have done.
    pub(super) before: Option<(Instant, Uuid)>,
}

/// All of Learner Homepage.
pub(super) async fn homepage(
    app: &App,
    (holder, employer): (Uuid, Uuid),
    place: &Place,
    now: Instant,
) -> Result<Homepage, StoreError> {
    let mut reader = app.db.read().await?;
    let mut tx = reader.tx();
    let going = sql::going(&mut tx, holder, GOING).await?;
    let since = now.plus_seconds(-DAYS * DAY);
    let not_saved = sql::not_saved(&mut tx, holder, since, now.plus_seconds(-QUIET)).await?;
    // Clocks of what people used may go fast.
    let before = place.before.unwrap_or((now.plus_seconds(DAY), Uuid::max()));
    let (done, more_done) = cut(sql::done(&mut tx, holder, before, limit(DONE)).await?, DONE);
    let found = sql::find(&mut tx, employer, &place.sought, place.after, limit(COURSES)).await?;
    let (found, more_found) = cut(found, COURSES);
    Ok(Homepage { going, not_saved, done, more_done, found, more_found })
}

/// One more is asked for than is shown.
fn limit(shown: usize) -> i64 {
    i64::try_from(shown + 1).unwrap_or(i64::MAX)
}

fn cut<T>(mut list: Vec<T>, shown: usize) -> (Vec<T>, bool) {
    let more = list.len() > shown;
    list.truncate(shown);
    (list, more)
}

/// An attempt of somebody's own, with where its items stand.
pub(super) async fn attempt(
    app: &App,
    holder: Uuid,
    id: Uuid,
) -> Result<Option<(sql::Own, Vec<(String, Status)>)>, StoreError> {
    let mut reader = app.db.read().await?;
    let Some(own) = sql::own(&mut reader.tx(), holder, id).await? else { return Ok(None) };
    let items = sql::items(&mut reader.tx(), id).await?;
    Ok(Some((own, items)))
}

/// The title of the course that somebody's own attempt is at.
pub(super) async fn title(app: &App, holder: Uuid, id: Uuid) -> Result<Option<String>, StoreError> {
    sql::title(&mut app.db.read().await?.tx(), holder, id).await
}

/// Somebody is shown once that phones are not recommended.
pub(super) async fn told(app: &App, holder: Uuid, now: Instant) -> Result<(), StoreError> {
    app.db.write(move |tx| async move { sql::told(tx, holder, now).await }.boxed()).await
}
