use askama::Template;
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::header;
use serde_json::json;
use store::Secret;
use web::{Audience, Form, Page, Person, Problem, Route, cookies, see_other, ui::Button};

use super::service::log_out;
use crate::{App, app::Trace};

pub(crate) fn routes(app: &App) -> Vec<Route> {
    vec![
        Route::post("/log-out", Audience::Anyone, submit, app.clone()),
        Route::get("/logged-out", Audience::Anyone, logged_out, app.clone()),
        Route::post("/session/stay", Audience::Staff, stay, app.clone()).not_kept(),
    ]
}

/// Ends the session here. A mailed link that was opened where somebody else is logged in leads back to itself.
async fn submit(State(app): State<App>, page: Page, form: Form) -> Result<Response, Problem> {
    if let Some(person) = page.person() {
        log_out(&app, person, Trace::of(&page)).await?;
    }
    let link = Secret::parse(form.get("link")).map(|link| format!("/reset?link={}", link.reveal()));
    let mut response = see_other(link.as_deref().unwrap_or("/logged-out"));
    response.headers_mut().append(header::SET_COOKIE, cookies::remove(cookies::SESSION));
    Ok(response)
}

#[derive(Template)]
#[template(path = "logged_out.html")]
struct LoggedOutView {
    idle: bool,
    button: Button,
}

async fn logged_out(page: Page) -> Result<Response, Problem> {
    if page.person().is_some() {
        return Ok(see_other("/portal"));
    }
    let body =
        LoggedOutView { idle: page.query("why") == "idle", button: Button::link("Log in", "/").login() };
    page.shell("You are logged out").show(&body)
}

/// The person is still there: asked for by script before the idle limit. Like every request it counts as activity.
async fn stay(person: Person) -> Response {
    Json(json!({ "seconds": person.idle_at.seconds_since(person.now) })).into_response()
}
