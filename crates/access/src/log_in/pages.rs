use askama::Template;
use axum::{extract::State, response::Response};
use futures::{FutureExt, future::BoxFuture};
use http::{StatusCode, header};
use records::Holder;
use web::{
    Audience, Desks, FieldErrors, Form, Help, Page, Problem, Route, Visitor, cookies, see_other,
    ui::{Button, ErrorSummary, NotificationBanner, PasswordInput, TextInput},
};

use super::{
    LoggedIn,
    service::{Attempt, LogInError, log_in},
};
use crate::{
    App, Door,
    app::Trace,
    browser::{browser_cookie, browser_of},
    factors::pages::{factor_needed, session_here},
    internet_access::Status,
    words,
};

/// More of a username is not shown again: no real one is half as long.
pub(crate) const LONGEST_TYPED: usize = 100;

pub(crate) fn routes(app: &App) -> Vec<Route> {
    vec![
        Route::get("/", Audience::Anyone, show, app.clone()),
        Route::post("/", Audience::Anyone, submit, app.clone()).limit(16 * 1024),
        Route::get("/help-to-log-in", Audience::Anyone, help, app.clone()),
    ]
}

#[derive(Template)]
#[template(path = "log_in.html")]
struct LogInView<'v> {
    page: &'v Page,
    errors: ErrorSummary,
    banner: Option<NotificationBanner>,
    next: &'v str,
    username: TextInput,
    password: PasswordInput,
    button: Button,
    smartcard: Option<Button>,
    passkeys: bool,
    help: Help<'v>,
}

/// P1. Whoever is logged in is led to the portal page.
async fn show(State(app): State<App>, page: Page) -> Result<Response, Problem> {
    if page.person().is_some() {
        return Ok(see_other("/portal"));
    }
    let next = page.query("next");
    view(&app, &page, "", &next, &FieldErrors::none()).await
}

async fn submit(State(app): State<App>, page: Page, form: Form) -> Result<Response, Problem> {
    let typed: String = form.get("username").chars().take(LONGEST_TYPED).collect();
    let (next, no_password) = (form.get("next").to_owned(), form.get("password").is_empty());
    let attempt = Attempt {
        username: form.get("username").to_owned(),
        password: form.password("password"),
        browser: browser_of(&app, &page),
        client: page.client(),
        device: page.device().to_owned(),
        trace: Trace::stranger(&page),
        replaces: session_here(&page),
        door: Door::Staff,
    };
    // Many may wait to be let in: each holds no more than it has to.
    drop(form);
    let done = log_in(&app, attempt).await;
    answer(&app, &page, (&typed, &next, no_password), done).await
}

/// What became of it. Apart from what waits, and never inlined into it: see the service.
#[inline(never)]
fn answer<'a>(
    app: &'a App,
    page: &'a Page,
    (typed, next, no_password): (&'a str, &'a str, bool),
    done: Result<LoggedIn, LogInError>,
) -> BoxFuture<'a, Result<Response, Problem>> {
    async move {
        match done {
            Ok(logged_in) => Ok(let_in(app, &logged_in, next)),
            Err(LogInError::Wrong) => {
                view(
                    app,
                    page,
                    typed,
                    next,
                    &refused(page, typed, no_password, words::not_let_in(page.language())),
                )
                .await
            }
            Err(LogInError::NotFromHere(why)) => {
                not_from_here_page(app, page, why.username.as_str(), why.status, &why.holder).await
            }
            Err(LogInError::NoFactor(holder)) => factor_needed(page, &holder),
            Err(LogInError::Busy) => Err(Problem::Busy { seconds: 10 }),
            Err(LogInError::Store(error)) => Err(error.into()),
        }
    }
    .boxed()
}

/// The same words for whatever was wrong. Only where no username was typed at all is it said what is missing, since that is
/// nobody's account.
pub(crate) fn refused(
    page: &Page,
    username: &str,
    no_password: bool,
    not_let_in: &'static str,
) -> FieldErrors {
    let language = page.language();
    if !username.trim().is_empty() {
        return FieldErrors::one("username", not_let_in);
    }
    let mut errors = FieldErrors::one("username", words::no_username(language));
    if no_password {
        errors.add("password", words::no_password(language));
    }
    errors
}

pub(crate) fn username_field(typed: &str, errors: &FieldErrors) -> TextInput {
    TextInput::new("username", "Username*")
        .hint("(Example: 999JSMITH01)")
        .value(typed)
        .autocomplete("username")
        .autocapitalize("characters")
        .without_spellcheck()
        .error(errors.at("username"))
}

async fn view(
    app: &App,
    page: &Page,
    typed: &str,
    next: &str,
    errors: &FieldErrors,
) -> Result<Response, Problem> {
    let desks = app.desks().await?;
    let wrong = errors.at("username");
    let body = LogInView {
        page,
        errors: errors.summary(),
        banner: banner(page),
        next: if is_own_path(next) { next } else { "" },
        username: username_field(typed, errors),
        password: PasswordInput::new("password", "Password*").error(errors.at("password")),
        button: Button::submit("Log in via Username Password").login(),
        passkeys: app.passkeys.is_some(),
        smartcard: app
            .cards
            .are_read()
            .then(|| Button::link("Log in via Smartcard", "/smartcard").secondary()),
        help: Help { desks: &desks, open: false },
    };
    page.shell("Log in").invalid_if(wrong.is_some()).show(&body)
}

/// Why somebody who was logged in sees this page.
fn banner(page: &Page) -> Option<NotificationBanner> {
    let (Visitor::Ended(ended), reason) = (page.visitor(), page.query("ended")) else { return None };
    let why = if ended.idle {
        "You were logged out because nothing had happened for a while."
    } else {
        "You have been logged out."
    };
    match reason.as_str() {
        "kept" => Some(NotificationBanner::important(format!(
            "{why} What you were sending is kept for 30 minutes: log in again to send it."
        ))),
        "yes" => Some(NotificationBanner::important(format!("{why} Log in again to go on."))),
        _ => None,
    }
}

/// The session's cookie and the browser's, and on to where they wanted to go.
pub(crate) fn let_in(app: &App, logged_in: &LoggedIn, next: &str) -> Response {
    let place = if is_own_path(next) { next } else { "/portal" };
    let place = match logged_in.step {
        Some(step) => step.path(),
        None if logged_in.kept_form => "/kept",
        None => place,
    };
    let mut response = see_other(place);
    let headers = response.headers_mut();
    headers.append(header::SET_COOKIE, cookies::set(cookies::SESSION, &logged_in.secret.reveal(), None));
    // Until they are in, this browser is no more known than before.
    if logged_in.step.is_none() {
        headers.append(header::SET_COOKIE, browser_cookie(app, logged_in.browser));
    }
    response
}

/// Whether a path leads to a page of ours and nowhere else.
pub(crate) fn is_own_path(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && path.len() <= 200
        && path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-_".contains(&byte))
}

#[derive(Template)]
#[template(path = "not_from_here.html")]
struct NotFromHereView<'v> {
    username: String,
    status: &'static str,
    explains: &'static str,
    help: Help<'v>,
}

/// The password was right: now it can be said why it does not help here, and how to get internet access.
pub(crate) async fn not_from_here_page(
    app: &App,
    page: &Page,
    username: &str,
    status: Status,
    holder: &Holder,
) -> Result<Response, Problem> {
    let explains = match status {
        Status::Requested => "HR has your request. You are mailed when they have decided.",
        Status::Refused | Status::Withdrawn => {
            "Log in at work and ask again under Manage Internet Access, or ask HR why."
        }
        Status::NotRequested | Status::Approved => {
            "Log in at work and request it under Manage Internet Access."
        }
    };
    let desks = app.desks().await?;
    let theirs: Vec<_> = desks.iter().filter(|desk| desk.employer == holder.employer.name).cloned().collect();
    let body = NotFromHereView {
        username: username.to_owned(),
        status: words::status(page.language(), status),
        explains,
        help: Help { desks: &theirs, open: true },
    };
    page.shell("You cannot log in from here yet").status(StatusCode::FORBIDDEN).show(&body)
}

#[derive(Template)]
#[template(path = "help_to_log_in.html")]
struct HelpView<'v> {
    desks: Desks<'v>,
}

async fn help(State(app): State<App>, page: Page) -> Result<Response, Problem> {
    let desks = app.desks().await?;
    page.shell("Help to log in").show(&HelpView { desks: Desks { desks: &desks } })
}

#[cfg(test)]
mod tests {
    use super::is_own_path;

    #[test]
    fn nobody_is_led_to_another_site() {
        for good in ["/portal", "/internet-access", "/my-account/sessions"] {
            assert!(is_own_path(good), "{good}");
        }
        for bad in [
            "",
            "portal",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a?b",
            "/a\r\nSet-Cookie: x",
            "/%2f",
        ] {
            assert!(!is_own_path(bad), "{bad}");
        }
    }
}
