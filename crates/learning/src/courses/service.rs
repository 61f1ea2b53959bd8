use audit::Origin;
use futures::{FutureExt, future::BoxFuture};
use records::{Permission, Permit, Refused, still_held};
use scorm::Manifest;
use serde_json::json;
use store::{Instant, StoreError, Tx};
use uuid::Uuid;

use super::{Course, NewVersion, Version, VersionState, model::plain, sql};
use crate::App;

/// A list shows so many courses at once.
pub const PAGE: i64 = 50;
/// So many letters are searched for at most.
pub const MOST_QUERY: usize = 100;

/// A course of an employer.
///
/// # Errors
/// What the database says.
pub async fn course(tx: &mut Tx<'_>, employer: Uuid, id: Uuid) -> Result<Option<Course>, StoreError> {
    sql::course(tx, employer, id).await
}

/// A course of an employer by its code.
///
/// # Errors
/// What the database says.
pub async fn course_by_code(
    tx: &mut Tx<'_>,
    employer: Uuid,
    code: &str,
) -> Result<Option<Course>, StoreError> {
    sql::course_by_code(tx, employer, code).await
}

/// The courses of an employer in order of their titles, [`PAGE`] of them, those that cannot be begun as well.
///
/// # Errors
/// What the database says.
pub async fn of_employer(
    tx: &mut Tx<'_>,
    employer: Uuid,
    after: Option<&Course>,
) -> Result<Vec<Course>, StoreError> {
    sql::of_employer(tx, employer, after, PAGE).await
}

/// The courses of an employer that can be begun and have these words in title, code or description, in order of their titles, [`PAGE`]
/// of them; all where there are no words.
///
/// # Errors
/// What the database says.
pub async fn find(
    tx: &mut Tx<'_>,
    employer: Uuid,
    words: &str,
    after: Option<&Course>,
) -> Result<Vec<Course>, StoreError> {
    let mut like = String::from("%");
    for letter in plain(&words.trim().chars().take(MOST_QUERY).collect::<String>()).chars() {
        if matches!(letter, '%' | '_' | '!') {
            like.push('!');
        }
        like.push(letter);
    }
    like.push('%');
    sql::published(tx, employer, &like, after, PAGE).await
}

/// The versions of a course, newest first.
///
/// # Errors
/// What the database says.
pub async fn versions(tx: &mut Tx<'_>, course: Uuid) -> Result<Vec<Version>, StoreError> {
    sql::versions(tx, course).await
}

/// A version of a course of an employer.
///
/// # Errors
/// What the database says.
pub async fn version(tx: &mut Tx<'_>, employer: Uuid, id: Uuid) -> Result<Option<Version>, StoreError> {
    sql::version(tx, employer, id).await
}

/// What is in a version.
///
/// # Errors
/// What the database says, and where the row is damaged.
pub async fn manifest(tx: &mut Tx<'_>, version: Uuid) -> Result<Option<Manifest>, StoreError> {
    sql::manifest(tx, version).await
}

/// Why a version was not published or retired.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The employer has no such version.
    #[error("there is no such version of a course")]
    NotFound,
    /// Not by this person.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ChangeError> for web::Problem {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::NotFound => Self::NotFound,
            ChangeError::Refused(refused) => refused.into(),
            ChangeError::Store(error) => error.into(),
        }
    }
}

/// From now on a version is what is begun; the one before it is retired. Who is in another goes on with that. Published once more, it
/// stays as it is.
///
/// # Errors
/// See [`ChangeError`].
pub async fn publish(app: &App, permit: &Permit, version: Uuid, origin: Origin) -> Result<(), ChangeError> {
    change(app, permit, version, true, origin).await
}

/// A version is begun no more. Who is in it goes on with it. Retired once more, it stays as it is.
///
/// # Errors
/// See [`ChangeError`].
pub async fn retire(app: &App, permit: &Permit, version: Uuid, origin: Origin) -> Result<(), ChangeError> {
    change(app, permit, version, false, origin).await
}

/// What staff read of a course is changed. `new` has been found fit and has a title.
///
/// # Errors
/// See [`ChangeError`].
pub(super) async fn describe(
    app: &App,
    permit: &Permit,
    course: Uuid,
    new: NewVersion,
    origin: Origin,
) -> Result<(), ChangeError> {
    act(app, permit, move |tx, app, permit, now| {
        async move {
            let held = sql::course(tx, permit.employer(), course).await?.ok_or(ChangeError::NotFound)?;
            let title = new.title.unwrap_or_else(|| held.title.clone());
            let description = new.description.unwrap_or_default();
            sql::describe(tx, &held, &title, &description, new.minutes).await?;
            let data = json!({ "course": course, "code": held.code, "title": title });
            audit::append(tx, app.entry(now, &permit, "learning.course_described", data, origin)).await?;
            Ok(())
        }
        .boxed()
    })
    .await
}

/// What a version was tested on is changed. `on` has been found fit.
///
/// # Errors
/// See [`ChangeError`].
pub(super) async fn tested(
    app: &App,
    permit: &Permit,
    version: Uuid,
    on: String,
    origin: Origin,
) -> Result<(), ChangeError> {
    act(app, permit, move |tx, app, permit, now| {
            async move {
                let held = sql::version(tx, permit.employer(), version).await?.ok_or(ChangeError::NotFound)?;
                let data = json!({ "course": held.course_id, "version": version, "number": held.number, "tested_on": on });
                sql::set_tested(tx, version, on).await?;
                audit::append(tx, app.entry(now, &permit, "learning.course_tested", data, origin)).await?;
                Ok(())
            }
            .boxed()
    })
    .await
}

/// Does something that its permit is for in one transaction, once it is clear there that its holder has the role still.
async fn act<F>(app: &App, permit: &Permit, work: F) -> Result<(), ChangeError>
where
    F: for<'t, 'c> FnOnce(&'t mut Tx<'c>, App, Permit, Instant) -> BoxFuture<'t, Result<(), ChangeError>>
        + Send
        + 'static,
{
    permit.check(Permission::PublishCourses, permit.employer(), None)?;
    let now = app.clock.now();
    let (app_in, permit) = (app.clone(), permit.clone());
    app.db
        .write(move |tx| {
            async move {
                still_held(tx, &permit).await??;
                work(tx, app_in, permit, now).await
            }
            .boxed()
        })
        .await
}

async fn change(
    app: &App,
    permit: &Permit,
    version: Uuid,
    publish: bool,
    origin: Origin,
) -> Result<(), ChangeError> {
    act(app, permit, move |tx, app, permit, now| {
            async move {
                let found = sql::version(tx, permit.employer(), version).await?;
                let found = found.ok_or(ChangeError::NotFound)?;
                let course = sql::hold_course(tx, found.course_id).await?.ok_or(ChangeError::NotFound)?;
                // Read again: whoever held the course before may have changed it.
                let found = sql::version(tx, permit.employer(), version).await?.ok_or(ChangeError::NotFound)?;
                let (state, event) = if publish {
                    (VersionState::Published, "learning.course_published")
                } else {
                    (VersionState::Retired, "learning.course_retired")
                };
                if found.state == state {
                    return Ok(());
                }
                if publish {
                    if let Some(before) = course.current_version.filter(|before| *before != version) {
                        sql::set_state(tx, before, VersionState::Retired, now).await?;
                    }
                    sql::set_current(tx, course.id, Some(version)).await?;
                } else if course.current_version == Some(version) {
                    sql::set_current(tx, course.id, None).await?;
                }
                sql::set_state(tx, version, state, now).await?;
                let data = json!({ "course": course.id, "code": course.code, "version": version, "number": found.number });
                audit::append(tx, app.entry(now, &permit, event, data, origin)).await?;
                Ok(())
            }
            .boxed()
    })
    .await
}
