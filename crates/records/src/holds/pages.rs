//! HR's page of identity fields that are held, and their early release by a second person.

use askama::Template;
use axum::{extract::State, response::Response};
use store::Instant;
use uuid::Uuid;
use web::{
    Form, Page, PathId, Person, Problem, Route, format, see_other,
    ui::{Button, NotificationBanner},
};

use super::{HoldError, release_hold, sql};
use crate::{App, Permission, origin, pages::HR, permitted, staff::pages::held_value, words};

/// So many are shown at once.
const PAGE: i64 = 50;

pub(crate) fn routes(app: &App) -> Vec<Route> {
    vec![
        Route::get("/hr/held-changes", HR, list, app.clone()).in_menu("Held changes"),
        Route::post("/hr/held-changes/{id}/release", HR, release, app.clone()),
    ]
}

#[derive(Template)]
#[template(path = "hr_held_changes.html")]
struct ListView<'v> {
    page: &'v Page,
    done: Option<NotificationBanner>,
    held: Vec<HeldView>,
    next: Option<String>,
}

struct HeldView {
    id: Uuid,
    staff_record: Uuid,
    name: String,
    field: &'static str,
    from: String,
    to: String,
    until: String,
    /// Missing where it is their own record, or their own change.
    release: Option<Button>,
}

async fn list(State(app): State<App>, page: Page, person: Person) -> Result<Response, Problem> {
    permitted(&app.db, &person, Permission::ReleaseHold).await?;
    let after = page.query("after");
    let after = after
        .split_once('.')
        .and_then(|(at, id)| Some((Instant::of_microseconds(at.parse().ok()?)?, id.parse().ok()?)));
    let after = after.unwrap_or((person.now, Uuid::nil()));
    let mut reader = app.db.read().await?;
    let found = sql::open_at(&mut reader.tx(), person.employer, after, person.now, PAGE + 1).await?;
    drop(reader);
    let more = found.len() > usize::try_from(PAGE).unwrap_or(usize::MAX);
    let shown = if more { &found[..found.len() - 1] } else { &found[..] };
    let next = shown.last().filter(|_| more);
    let next = next.map(|last| {
        format!("/hr/held-changes?after={}.{}", last.hold.held_until.microseconds(), last.hold.id)
    });
    let held = shown.iter().map(|open| {
        let value = |value: &Option<String>| held_value(open.hold.field, value.as_deref());
        let own =
            [Some(open.hold.staff_record_id), open.by_staff_record].contains(&Some(person.staff_record));
        HeldView {
            id: open.hold.id,
            staff_record: open.hold.staff_record_id,
            name: open.name(),
            field: words::identity_held::field(open.hold.field),
            from: value(&open.hold.old_value),
            to: value(&open.hold.new_value),
            until: format::day_and_time(open.hold.held_until, &person.zone),
            release: (!own).then(|| Button::submit("Let it work now").secondary().small()),
        }
    });
    let done = match page.query("done").as_str() {
        "released" => Some(NotificationBanner::success(words::RELEASED)),
        _ => None,
    };
    page.shell("Held changes").show(&ListView { page: &page, done, held: held.collect(), next })
}

async fn release(
    State(app): State<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
    _: Form,
) -> Result<Response, Problem> {
    let permit = permitted(&app.db, &person, Permission::ReleaseHold).await?;
    let mut reader = app.db.read().await?;
    let whose = sql::whose(&mut reader.tx(), id).await?;
    drop(reader);
    if whose.is_none_or(|(_, employer)| employer != person.employer) {
        return Err(Problem::NotFound);
    }
    match release_hold(&app.db, &app.entropy, app.clock.now(), &permit, id, origin(&page)).await {
        Ok(_) => Ok(see_other("/hr/held-changes?done=released")),
        Err(error @ HoldError::NotOpen) => Err(Problem::Conflict(error.to_string())),
        Err(HoldError::Refused(refused)) => Err(refused.into()),
        Err(HoldError::Store(error)) => Err(error.into()),
    }
}
