use askama::Template;
use axum::{extract::State, response::Response};
use web::{
    Audience, Form, Page, Person, Problem, Route, format, see_other,
    ui::{Button, InsetText, NotificationBanner, Tag},
};

use super::{
    model::{Check, Found, worst},
    service::{self, Checked},
    words,
};
use crate::App;

pub(crate) fn routes(app: &App) -> Vec<Route> {
    vec![
        Route::get("/pc-checker", Audience::Staff, show, app.clone()),
        Route::post("/pc-checker", Audience::Staff, keep, app.clone()).not_kept(),
    ]
}

#[derive(Template)]
#[template(path = "pc_checker.html")]
struct CheckerView<'v> {
    page: &'v Page,
    done: Option<NotificationBanner>,
    /// Where the checks' frame comes from; none where courses are not set up.
    check: Option<String>,
    fields: Vec<&'static str>,
    button: Button,
    script: &'static str,
    no_script: bool,
    checks: Vec<CheckedView>,
}

struct CheckedView {
    device: String,
    at: String,
    summary: InsetText,
    found: Vec<FoundView>,
}

struct FoundView {
    name: &'static str,
    outcome: Tag,
    /// What was measured, and what to do.
    says: String,
}

async fn show(State(app): State<App>, page: Page, person: Person) -> Result<Response, Problem> {
    let done = match page.query("done").as_str() {
        "kept" => Some(NotificationBanner::success(words::KEPT)),
        _ => None,
    };
    view(&app, &page, &person, done, false).await
}

/// What the script has found; or, where none has filled the form in, that there is none.
async fn keep(State(app): State<App>, page: Page, person: Person, form: Form) -> Result<Response, Problem> {
    if form.get(Check::Script.as_str()).is_empty() {
        return view(&app, &page, &person, None, true).await;
    }
    let found: Option<Vec<Found>> =
        Check::ALL.iter().map(|check| check.read(form.get(check.as_str()))).collect();
    let found = found.ok_or_else(|| Problem::Invalid(words::WRONG_FORM.to_owned()))?;
    service::keep(&app, person.staff_record, page.device(), &found, person.now).await?;
    Ok(see_other("/pc-checker?done=kept"))
}

async fn view(
    app: &App,
    page: &Page,
    person: &Person,
    done: Option<NotificationBanner>,
    no_script: bool,
) -> Result<Response, Problem> {
    let checks = service::checks(app, person.staff_record).await?;
    let body = CheckerView {
        page,
        done,
        check: app.settings.check_origin(&app.site),
        fields: Check::ALL.iter().map(|check| check.as_str()).collect(),
        button: Button::submit("Check this device"),
        script: web::assets::PC_CHECKER,
        no_script,
        checks: checks.into_iter().map(|checked| checked_view(checked, person)).collect(),
    };
    page.shell("PC Checker").show(&body)
}

/// What there is to do stands first.
fn checked_view(mut checked: Checked, person: &Person) -> CheckedView {
    checked.found.sort_by_key(|found| found.outcome.rank());
    let found = |found: &Found| FoundView {
        name: words::name(found.check),
        outcome: words::outcome(found.outcome),
        says: words::advice(found),
    };
    CheckedView {
        at: format::day_and_time(checked.at, &person.zone),
        summary: InsetText::new(words::summary(worst(&checked.found))),
        found: checked.found.iter().map(found).collect(),
        device: checked.device,
    }
}
