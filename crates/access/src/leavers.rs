//! The leavers' door: whoever has left, and set a personal address before, gets at their payslips and P60s, and at nothing else.
//! It lets in as the other door does (see [`log_in`](crate::log_in)), so that a refusal tells nothing.

use askama::Template;
use axum::{extract::State, response::Response};
use futures::{FutureExt, future::BoxFuture};
use web::{
    Audience, FieldErrors, Form, Help, Page, Problem, Route, Visitor, see_other,
    ui::{Button, ErrorSummary, NotificationBanner, PasswordInput, TextInput},
};

use crate::{
    App, Door,
    app::Trace,
    browser::browser_of,
    factors::pages::session_here,
    log_in::{
        Attempt, LogInError, LoggedIn, log_in,
        pages::{LONGEST_TYPED, let_in, refused, username_field},
    },
    words,
};

pub(crate) fn routes(app: &App) -> Vec<Route> {
    vec![
        Route::get("/leavers", Audience::Anyone, show, app.clone()),
        Route::post("/leavers", Audience::Anyone, submit, app.clone()).limit(16 * 1024),
    ]
}

#[derive(Template)]
#[template(path = "leavers.html")]
struct LeaversView<'v> {
    page: &'v Page,
    errors: ErrorSummary,
    banner: Option<NotificationBanner>,
    username: TextInput,
    password: PasswordInput,
    button: Button,
    help: Help<'v>,
}

async fn show(State(app): State<App>, page: Page) -> Result<Response, Problem> {
    if page.person().is_some() {
        return Ok(see_other("/portal"));
    }
    view(&app, &page, "", &FieldErrors::none()).await
}

async fn submit(State(app): State<App>, page: Page, form: Form) -> Result<Response, Problem> {
    let typed: String = form.get("username").chars().take(LONGEST_TYPED).collect();
    let no_password = form.get("password").is_empty();
    let attempt = Attempt {
        username: form.get("username").to_owned(),
        password: form.password("password"),
        browser: browser_of(&app, &page),
        client: page.client(),
        device: page.device().to_owned(),
        trace: Trace::stranger(&page),
        replaces: session_here(&page),
        door: Door::Leavers,
    };
    // Many may wait to be let in: each holds no more than it has to.
    drop(form);
    let done = log_in(&app, attempt).await;
    answer(&app, &page, &typed, no_password, done).await
}

/// What became of it, apart from what waits: see the service.
#[inline(never)]
fn answer<'a>(
    app: &'a App,
    page: &'a Page,
    typed: &'a str,
    no_password: bool,
    done: Result<LoggedIn, LogInError>,
) -> BoxFuture<'a, Result<Response, Problem>> {
    async move {
        match done {
            Ok(logged_in) => Ok(let_in(app, &logged_in, "")),
            Err(LogInError::Busy) => Err(Problem::Busy { seconds: 10 }),
            Err(LogInError::Store(error)) => Err(error.into()),
            // The last two are the other door's.
            Err(LogInError::Wrong | LogInError::NotFromHere(_) | LogInError::NoFactor(_)) => {
                let not_let_in = words::leaver_not_let_in(page.language());
                view(app, page, typed, &refused(page, typed, no_password, not_let_in)).await
            }
        }
    }
    .boxed()
}

async fn view(app: &App, page: &Page, typed: &str, errors: &FieldErrors) -> Result<Response, Problem> {
    let desks = app.desks().await?;
    let ended = matches!(page.visitor(), Visitor::Ended(ended) if ended.leaver);
    let body = LeaversView {
        page,
        errors: errors.summary(),
        banner: (ended && page.query("ended") == "yes")
            .then(|| NotificationBanner::important("You have been logged out. Log in again to go on.")),
        username: username_field(typed, errors),
        password: PasswordInput::new("password", "Password*").error(errors.at("password")),
        button: Button::submit("Log in").login(),
        help: Help { desks: &desks, open: false },
    };
    let shell = page.shell("Payslips and P60s after you have left");
    shell.invalid_if(!errors.is_empty()).show(&body)
}
