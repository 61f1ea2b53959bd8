use askama::Template;
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::header;
use serde_json::json;
use store::Secret;
use web::{Audience, Form, Page, Person, Problem, Route, Visitor, cookies, see_other, ui::Button};

use super::service::log_out;
use crate::{App, Door, app::Trace, tickets};

pub(crate) fn routes(app: &App) -> Vec<Route> {
    vec![
        Route::post("/log-out", Audience::Anyone, submit, app.clone()),
        Route::get("/logged-out", Audience::Anyone, logged_out, app.clone()),
        Route::post("/session/stay", Audience::Staff, stay, app.clone()).not_kept().for_leavers(),
    ]
}

/// Ends the session here. A mailed link that was opened where somebody else is logged in leads back to itself.
async fn submit(State(app): State<App>, page: Page, form: Form) -> Result<Response, Problem> {
    let (mut elsewhere, mut leaver) = (None, false);
    let halfway = page.halfway().map(|halfway| &halfway.person);
    if let Some(person) = page.person().or(halfway) {
        elsewhere = log_out(&app, person, Trace::of(&page)).await?;
        leaver = person.leaver;
    }
    let reset = form.get("door").parse().unwrap_or(Door::Staff).reset();
    let link = Secret::parse(form.get("link")).map(|link| format!("{reset}?link={}", link.reveal()));
    // A form may not lead to another site, so the page that it leads to sends the browser on.
    let on = elsewhere.filter(|_| link.is_none()).map(|address| {
        format!("/logged-out?provider={}", tickets::seal(&app, "log-out", page.visit(), 2, address))
    });
    let plain = if leaver { "/logged-out?door=leavers" } else { "/logged-out" };
    let mut response = see_other(link.or(on).as_deref().unwrap_or(plain));
    response.headers_mut().append(header::SET_COOKIE, cookies::remove(cookies::SESSION));
    Ok(response)
}

#[derive(Template)]
#[template(path = "logged_out.html")]
struct LoggedOutView {
    idle: bool,
    /// Where the identity provider logs them out too.
    provider: Option<String>,
    button: Button,
}

async fn logged_out(State(app): State<App>, page: Page) -> Result<Response, Problem> {
    if page.person().is_some() {
        return Ok(see_other("/portal"));
    }
    let provider = tickets::open(&app, "log-out", page.visit(), &page.query("provider"));
    let provider: Option<String> = provider.map(|opened| opened.what);
    let onward = provider.as_ref().and_then(|address| format!("0; url={address}").parse().ok());
    let was_leaver = matches!(page.visitor(), Visitor::Ended(ended) if ended.leaver);
    let door = if was_leaver { Door::Leavers } else { page.query("door").parse().unwrap_or(Door::Staff) };
    let body = LoggedOutView {
        idle: page.query("why") == "idle",
        provider,
        button: Button::link("Log in", door.log_in()).login(),
    };
    let mut shell = page.shell("You are logged out");
    if let Some(onward) = onward {
        shell = shell.header(header::REFRESH, onward);
    }
    shell.show(&body)
}

/// The person is still there: asked for by script before the idle limit. Like every request it counts as activity.
async fn stay(person: Person) -> Response {
    Json(json!({ "seconds": person.idle_at.seconds_since(person.now) })).into_response()
}
