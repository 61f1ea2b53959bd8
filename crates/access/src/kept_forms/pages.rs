use askama::Template;
use axum::{extract::State, response::Response};
use web::{Audience, Page, Person, Problem, Route, see_other, ui::Button};

use super::service::{discard, newest};
use crate::App;

pub(crate) fn routes(app: &App) -> Vec<Route> {
    vec![
        Route::get("/kept", Audience::Staff, show, app.clone()),
        Route::post("/kept/discard", Audience::Staff, throw_away, app.clone()).not_kept(),
    ]
}

#[derive(Template)]
#[template(path = "kept.html")]
struct KeptView<'v> {
    page: &'v Page,
    path: &'v str,
    fields: Vec<(&'v str, &'v str)>,
    send: Button,
    discard: Button,
}

/// What was sent after the session had ended, to be sent again or thrown away. Nothing is sent by itself.
async fn show(State(app): State<App>, page: Page, person: Person) -> Result<Response, Problem> {
    let Some(kept) = newest(&app, person.staff_record).await? else { return Ok(see_other("/portal")) };
    let body = KeptView {
        page: &page,
        path: &kept.path,
        fields: kept.form.fields().collect(),
        send: Button::submit("Send it now"),
        discard: Button::submit("Throw it away").secondary(),
    };
    page.shell("You were logged out before this was sent").show(&body)
}

async fn throw_away(State(app): State<App>, person: Person) -> Result<Response, Problem> {
    discard(&app, person.staff_record).await?;
    Ok(see_other("/portal"))
}
