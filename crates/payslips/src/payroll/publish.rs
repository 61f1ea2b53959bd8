//! Publishing, calling off and withdrawing.

use askama::Template;
use axum::{extract::State as Room, response::Response};
use records::{Permission, origin, permitted, reason_field};
use web::{
    FieldErrors, Form, Page, PathId, Person, Problem, Route, see_other,
    ui::{BackLink, Button, DateInput, ErrorSummary, Radios, SummaryList, TextInput},
};

use super::{
    PAYROLL, RECENT_MINUTES,
    pages::{acted, back, moved_on, opened, place, seen, was_seen},
    view,
    when::When,
    words,
};
use crate::{
    App,
    runs::{self, PublishError, Published, Run, State},
};

pub(super) fn routes(app: &App) -> Vec<Route> {
    vec![
        Route::get("/payroll/runs/{id}/publish", PAYROLL, publish_form, app.clone()),
        Route::post("/payroll/runs/{id}/publish", PAYROLL, publish, app.clone()),
        Route::post("/payroll/runs/{id}/call-off", PAYROLL, call_off, app.clone()).not_kept(),
        Route::get("/payroll/runs/{id}/withdraw", PAYROLL, withdraw_form, app.clone()),
        Route::post("/payroll/runs/{id}/withdraw", PAYROLL, withdraw, app.clone()),
    ]
}

#[derive(Template)]
#[template(path = "payroll_publish.html")]
struct PublishView<'v> {
    page: &'v Page,
    back: BackLink,
    errors: ErrorSummary,
    name: &'v str,
    facts: SummaryList,
    says: Vec<String>,
    place: String,
    seen: String,
    /// Missing where the first person has chosen already.
    when: Option<(Radios, DateInput, TextInput)>,
    button: Button,
}

async fn publish_form(
    Room(app): Room<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
) -> Result<Response, Problem> {
    let (_, run) = opened(&app, &person, id).await?;
    person.recent_proof(RECENT_MINUTES, page.path())?;
    if !matches!(run.state, State::Checked | State::Waiting) {
        return Ok(see_other(&place(id)));
    }
    publish_view(&app, &page, &person, &run, &FieldErrors::none(), When::default()).await
}

async fn publish_view(
    app: &App,
    page: &Page,
    person: &Person,
    run: &Run,
    errors: &FieldErrors,
    typed: When<'_>,
) -> Result<Response, Problem> {
    let waits = run.state == State::Waiting;
    let mut says = vec![words::what_publishing_does(run.done.unsigned_abs(), run.document)];
    if waits {
        says.push(words::waits(&view::named(app, run.agreed_by, person).await?));
        let at = run.publish_at.map(|at| web::format::day_and_time(at, &person.zone));
        says.push(at.map_or_else(|| words::AT_ONCE.to_owned(), |at| words::scheduled(&at)));
    }
    let body = PublishView {
        page,
        back: back(run.id),
        errors: errors.summary(),
        name: view::name(run),
        facts: view::facts(app, run, person).await?,
        says,
        place: place(run.id),
        seen: seen(run),
        when: (!waits).then(|| typed.fields(errors, &person.zone)),
        button: Button::submit(if waits { "Agree, and publish" } else { "Publish" }),
    };
    page.shell("Publish a run").invalid_if(!errors.is_empty()).show(&body)
}

async fn publish(
    Room(app): Room<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
    form: Form,
) -> Result<Response, Problem> {
    let (_, run) = opened(&app, &person, id).await?;
    let place = place(id);
    person.recent_proof(RECENT_MINUTES, &format!("{place}/publish"))?;
    let Some(seen) = was_seen(&form) else { return Ok(moved_on(id)) };
    let typed = When::typed(&form);
    // The hour is the one that the first person has chosen.
    let at = if run.state == State::Waiting { Ok(None) } else { typed.read(person.now, &person.zone) };
    let at = match at {
        Ok(at) => at,
        Err(errors) => return publish_view(&app, &page, &person, &run, &errors, typed).await,
    };
    let permit = permitted(&app.db, &person, Permission::PublishPayslips).await?;
    match runs::publish(&app, &permit, id, seen, at, origin(&page)).await {
        Ok(Published::Now) => Ok(see_other(&format!("{place}?done=published"))),
        Ok(Published::At(_)) => Ok(see_other(&format!("{place}?done=scheduled"))),
        Ok(Published::Waits) => Ok(see_other(&format!("{place}?done=agreed"))),
        Ok(Published::Again) => Ok(see_other(&place)),
        Err(PublishError::Act(error)) => acted(id, error),
        // What is still to be done stands on the run's own page.
        Err(PublishError::NotTicked(_) | PublishError::TotalsNeeded) => Ok(moved_on(id)),
        Err(error @ PublishError::OwnAlone) => Err(Problem::refused(words::NOT_FOR_YOU, error.to_string())),
        Err(error @ (PublishError::Over | PublishError::TooFar)) => {
            let errors = FieldErrors::one("day-day", error.to_string());
            publish_view(&app, &page, &person, &run, &errors, typed).await
        }
    }
}

async fn call_off(
    Room(app): Room<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
    _: Form,
) -> Result<Response, Problem> {
    opened(&app, &person, id).await?;
    let permit = permitted(&app.db, &person, Permission::PublishPayslips).await?;
    match runs::call_off(&app, &permit, id, origin(&page)).await {
        Ok(()) => Ok(see_other(&format!("{}?done=called-off", place(id)))),
        Err(error) => acted(id, error),
    }
}

#[derive(Template)]
#[template(path = "payroll_withdraw.html")]
struct WithdrawView<'v> {
    page: &'v Page,
    back: BackLink,
    errors: ErrorSummary,
    name: &'v str,
    facts: SummaryList,
    place: String,
    reason: TextInput,
    button: Button,
}

async fn withdraw_form(
    Room(app): Room<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
) -> Result<Response, Problem> {
    let (_, run) = opened(&app, &person, id).await?;
    person.recent_proof(RECENT_MINUTES, page.path())?;
    if run.state != State::Published {
        return Ok(see_other(&place(id)));
    }
    withdraw_view(&app, &page, &person, &run, &FieldErrors::none(), "").await
}

async fn withdraw_view(
    app: &App,
    page: &Page,
    person: &Person,
    run: &Run,
    errors: &FieldErrors,
    typed: &str,
) -> Result<Response, Problem> {
    let body = WithdrawView {
        page,
        back: back(run.id),
        errors: errors.summary(),
        name: view::name(run),
        facts: view::facts(app, run, person).await?,
        place: place(run.id),
        reason: reason_field(typed, errors),
        button: Button::submit("Withdraw this run").warning(),
    };
    page.shell("Withdraw a run").invalid_if(!errors.is_empty()).show(&body)
}

async fn withdraw(
    Room(app): Room<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
    form: Form,
) -> Result<Response, Problem> {
    let (_, run) = opened(&app, &person, id).await?;
    person.recent_proof(RECENT_MINUTES, &format!("{}/withdraw", place(id)))?;
    let typed = form.get("reason");
    let reason = match records::reason(typed) {
        Ok(reason) => reason,
        Err(says) => {
            let errors = FieldErrors::one("reason", says);
            return withdraw_view(&app, &page, &person, &run, &errors, typed).await;
        }
    };
    let permit = permitted(&app.db, &person, Permission::WithdrawPayslips).await?;
    match runs::withdraw(&app, &permit, id, &reason, origin(&page)).await {
        Ok(()) => Ok(see_other(&format!("{}?done=withdrawn", place(id)))),
        Err(error) => acted(id, error),
    }
}
