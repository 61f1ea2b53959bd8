use audit::Origin;
use futures::FutureExt;
use records::Holder;
use serde_json::{Map, Value, json};
use store::{Instant, StoreError, Tx};
use uuid::Uuid;

use super::{
    model::{self, Attempt, Completion, ItemProgress, OpenLaunch, Status},
    sql,
};
use crate::{App, content::Opened, courses};

/// Lists show so many at most.
const LISTED: i64 = 200;
/// The commits of a launch are taken for so many minutes: 14 days.
pub(crate) const COMMIT_MINUTES: i64 = 14 * 24 * 60;
/// What is in a course can be read for so many minutes after its launch.
pub(crate) const READ_MINUTES: i64 = 12 * 60;

/// A person opens so many at most within an hour.
const LAUNCHES_AN_HOUR: i64 = 60;
const HOUR: i64 = 3600;

/// Somebody's attempts, the one touched last first.
///
/// # Errors
/// What the database says.
pub async fn of_person(tx: &mut Tx<'_>, staff_record: Uuid) -> Result<Vec<Attempt>, StoreError> {
    sql::of_person(tx, staff_record, LISTED).await
}

/// Somebody's own attempt.
///
/// # Errors
/// What the database says.
pub async fn attempt(tx: &mut Tx<'_>, staff_record: Uuid, id: Uuid) -> Result<Option<Attempt>, StoreError> {
    sql::attempt(tx, staff_record, id).await
}

/// Somebody's newest attempt at a course.
///
/// # Errors
/// What the database says.
pub async fn find(tx: &mut Tx<'_>, staff_record: Uuid, course: Uuid) -> Result<Option<Attempt>, StoreError> {
    sql::newest(tx, staff_record, course).await
}

/// How far an attempt is in each item of which something was said.
///
/// # Errors
/// What the database says.
pub async fn items(tx: &mut Tx<'_>, attempt: Uuid) -> Result<Vec<ItemProgress>, StoreError> {
    sql::items(tx, attempt).await
}

/// Somebody's launches of the last 14 days whose last commit has not come: what was done last in them may lie on that device still.
///
/// # Errors
/// What the database says.
pub async fn open_launches(
    tx: &mut Tx<'_>,
    staff_record: Uuid,
    now: Instant,
) -> Result<Vec<OpenLaunch>, StoreError> {
    sql::open_launches(tx, staff_record, now.plus_minutes(-COMMIT_MINUTES)).await
}

/// What somebody has done, newest first.
///
/// # Errors
/// What the database says.
pub async fn completions(tx: &mut Tx<'_>, staff_record: Uuid) -> Result<Vec<Completion>, StoreError> {
    sql::completions(tx, staff_record, LISTED).await
}

/// Something that somebody has done.
///
/// # Errors
/// What the database says.
pub async fn completion(
    tx: &mut Tx<'_>,
    staff_record: Uuid,
    id: Uuid,
) -> Result<Option<Completion>, StoreError> {
    sql::completion(tx, staff_record, id).await
}

/// The completion that a code verifies, as [`Code`](crate::Code) has it.
///
/// # Errors
/// What the database says.
pub async fn completion_by_code(tx: &mut Tx<'_>, code: &str) -> Result<Option<Completion>, StoreError> {
    sql::completion_by_code(tx, code).await
}

/// Why no attempt was begun.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Their employer has no such course, or it cannot be begun.
    #[error("there is no such course to begin")]
    NotFound,
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<StartError> for web::Problem {
    fn from(error: StartError) -> Self {
        match error {
            StartError::NotFound => Self::NotFound,
            StartError::Store(error) => error.into(),
        }
    }
}

/// Somebody goes on with the attempt that they are in, on the version that it was begun on; where there is none, or what they had begun is
/// done, a new one is begun, on the version that is published.
///
/// # Errors
/// See [`StartError`].
pub async fn start_or_resume(
    app: &App,
    holder: &Holder,
    course: Uuid,
    origin: Origin,
) -> Result<Uuid, StartError> {
    match start(app, holder, course, origin.clone()).await {
        // Two at once: the other one has begun it.
        Err(StartError::Store(error)) if error.is_duplicate() => start(app, holder, course, origin).await,
        other => other,
    }
}

async fn start(app: &App, holder: &Holder, course: Uuid, origin: Origin) -> Result<Uuid, StartError> {
    let now = app.clock.now();
    let (person, employer) = (holder.record.id, holder.employer.id);
    let id = app.entropy.id(now);
    let app_in = app.clone();
    app.db
        .write(move |tx| {
            async move {
                let course = courses::course(tx, employer, course).await?.ok_or(StartError::NotFound)?;
                let newest = sql::newest(tx, person, course.id).await?;
                let going_on = newest.as_ref().filter(|newest| newest.ended_at.is_none());
                if let Some(held) = going_on.filter(|held| !held.status.is_done()) {
                    return Ok(held.id);
                }
                let version = course.current_version.ok_or(StartError::NotFound)?;
                let number = newest.as_ref().map_or(1, |newest| newest.number + 1);
                if let Some(before) = going_on {
                    sql::end(tx, before.id, now).await?;
                }
                sql::add(tx, &sql::NewAttempt { id, person, course: course.id, version, number }, now)
                    .await?;
                let data =
                    json!({ "attempt": id, "course": course.id, "version": version, "number": number });
                let entry =
                    app_in.persons_entry(now, (employer, person), "learning.attempt_begun", data, origin);
                audit::append(tx, entry).await?;
                Ok(id)
            }
            .boxed()
        })
        .await
        .inspect(|_| app.hot.forget(person))
}

/// Why an attempt was not launched.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// They have no such attempt.
    #[error("there is no such attempt")]
    NotFound,
    /// A newer attempt at the course was begun.
    #[error("a newer attempt at this course was begun")]
    Ended,
    /// Courses are not set up here.
    #[error("no host name for courses is set")]
    NotSetUp,
    /// They have opened courses very often in the last hour.
    #[error("too many launches until {0}")]
    TooMany(Instant),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An attempt that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launched {
    /// The launch.
    pub id: Uuid,
    /// The origin of the course's own host name, which is the only one that may speak to the page.
    pub origin: String,
    /// The player's address, with the token in it: it is shown this once.
    pub address: String,
    /// Where its commits go, with a token that does nothing else: pages of the portal keep it for as long as something waits there.
    pub commit_address: String,
}

/// Opens somebody's attempt in the session that they are in, on this kind of device. An earlier launch of it is closed: nothing that is done
/// there from now on counts.
///
/// # Errors
/// See [`LaunchError`].
pub async fn launch(
    app: &App,
    holder: &Holder,
    attempt: Uuid,
    session: Uuid,
    device: &str,
) -> Result<Launched, LaunchError> {
    let origin = app.settings.content_origin(&app.site, attempt).ok_or(LaunchError::NotSetUp)?;
    let now = app.clock.now();
    let person = holder.record.id;
    let id = app.entropy.id(now);
    let (token, commit_token) = (app.entropy.secret(), app.entropy.secret());
    let device: String = device.chars().take(100).collect();
    let new = sql::NewLaunch {
        id,
        attempt,
        token: token.hash(),
        commit_token: commit_token.hash(),
        session,
        device,
    };
    let launched: Result<(), LaunchError> = app
        .db
        .write(move |tx| {
            async move {
                let since = now.plus_seconds(-HOUR);
                if let Some(first) = sql::earlier_launch(tx, person, since, LAUNCHES_AN_HOUR - 1).await? {
                    return Err(LaunchError::TooMany(first.plus_seconds(HOUR)));
                }
                let Some(number) = sql::count_launch(tx, person, attempt, now).await? else {
                    let held = sql::attempt(tx, person, attempt).await?;
                    return Err(if held.is_some() { LaunchError::Ended } else { LaunchError::NotFound });
                };
                sql::close_launches(tx, attempt, now).await?;
                sql::add_launch(tx, new, number, now).await?;
                Ok(())
            }
            .boxed()
        })
        .await;
    launched?;
    app.hot.forget(person);
    let base = format!("{origin}/launch");
    let address = format!("{base}/{}/", token.reveal());
    let commit_address = format!("{base}/{}/commit", commit_token.reveal());
    Ok(Launched { id, address, commit_address, origin })
}

/// What the player begins with; `None` where the launch was closed meanwhile.
pub(crate) struct Loaded(pub(crate) Value);

/// Counts one load of a launch's page and hands over all that the player needs.
///
/// # Errors
/// What the database says.
pub(crate) async fn begin(app: &App, opened: &Opened) -> Result<Option<Loaded>, StoreError> {
    let now = app.clock.now();
    let (launch, attempt, person) =
        (opened.launch.id, opened.launch.attempt_id, opened.launch.staff_record_id);
    let loads: Option<i64> =
        app.db.write(move |tx| async move { sql::count_load(tx, launch, now).await }.boxed()).await?;
    let Some(loads) = loads else { return Ok(None) };
    let mut reader = app.db.read().await?;
    let held = sql::to_load(&mut reader.tx(), attempt).await?;
    let holder = records::holder(&mut reader.tx(), person, now).await?;
    drop(reader);
    let whole = held.status.ok_or_else(|| StoreError::Damaged(format!("launch {launch} has no attempt")))?;
    let progress: Vec<(&str, Status)> =
        held.items.iter().map(|item| (item.item.as_str(), item.status)).collect();
    let manifest = &opened.course.manifest;
    let mut states = Map::new();
    for item in &held.items {
        let damaged = |_| StoreError::Damaged(format!("state of {} in attempt {attempt}", item.item));
        let mut state: Value = serde_json::from_str(&item.state).map_err(damaged)?;
        carry_time_over(opened, &mut state, item.seconds);
        states.insert(item.item.clone(), state);
    }
    let mut root = serde_json::to_value(&manifest.root).unwrap_or_default();
    add_standing(&mut root, &progress);
    let openable = |identifier: &str| {
        model::items(manifest).any(|item| item.identifier == identifier && item.launch.is_some())
    };
    let first = || {
        let required = model::required(manifest);
        required.first().map(|item| item.identifier.clone())
    };
    let start = held.item.filter(|item| openable(item)).or_else(first);
    let name = holder.map_or_else(String::new, |holder| {
        format!("{}, {}", holder.record.last_name, holder.record.first_names)
    });
    Ok(Some(Loaded(json!({
        "launch": launch,
        "attempt": attempt,
        "standard": manifest.standard,
        "now": now.to_string(),
        "sequence_from": loads.saturating_mul(super::commit::SEQUENCES_PER_LOAD),
        "learner": { "id": opened.learner_id(), "name": name },
        "title": held.title,
        "portal": app.site.origin(),
        "root": root,
        "start": start,
        "states": states,
        "sequencing": held.sequencing,
        "mode": if whole == Status::Passed { "review" } else { "normal" },
        "commit_bytes": super::commit::MOST_BYTES,
        "every_ms": 5000,
    }))))
}

/// A session that was cut off has not been added to the total: it is now, so that the next one counts on from there.
fn carry_time_over(opened: &Opened, state: &mut Value, seconds: i64) {
    let standard = opened.course.manifest.standard;
    let total = model::total_time(standard, seconds);
    let none = model::total_time(standard, 0);
    let inner = if state.get("cmi").is_some() { state.get_mut("cmi") } else { Some(state) };
    let place = match standard {
        scorm::Standard::Scorm12 => inner.and_then(|cmi| cmi.get_mut("core")),
        scorm::Standard::Scorm2004 => inner,
    };
    if let Some(place) = place.and_then(Value::as_object_mut) {
        place.insert("total_time".into(), total.into());
        if place.contains_key("session_time") {
            place.insert("session_time".into(), none.into());
        }
    }
}

/// Each item of the tree says how it stands.
fn add_standing(item: &mut Value, progress: &[(&str, Status)]) {
    let identifier = item.get("identifier").and_then(Value::as_str).unwrap_or_default();
    let status = progress.iter().find(|(held, _)| *held == identifier).map(|(_, status)| *status);
    let (completion, success) = words_of(status.unwrap_or(Status::NotAttempted));
    let Some(object) = item.as_object_mut() else { return };
    object.insert("status".into(), json!({ "completion": completion, "success": success }));
    let children = object.get_mut("children").and_then(Value::as_array_mut);
    for child in children.into_iter().flatten() {
        add_standing(child, progress);
    }
}

fn words_of(status: Status) -> (&'static str, &'static str) {
    match status {
        Status::NotAttempted => ("not attempted", "unknown"),
        Status::Incomplete => ("incomplete", "unknown"),
        Status::Failed => ("completed", "failed"),
        Status::Completed => ("completed", "unknown"),
        Status::Passed => ("completed", "passed"),
    }
}
