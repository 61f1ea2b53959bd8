use askama::Template;
use axum::{extract::State, response::Response};
use web::{
    Audience, FieldErrors, Form, Page, Person, Problem, ProofKind, Route, see_other,
    ui::{Button, ErrorSummary, NotificationBanner, PasswordInput, SummaryList},
};

use super::{
    Status,
    service::{RequestError, request},
};
use crate::{
    App, account,
    app::Trace,
    confirm::ProofError,
    reset_password::{self, Present, ResetError, reset_password},
    smartcard, words,
};

pub(crate) fn routes(app: &App) -> Vec<Route> {
    vec![
        Route::get("/internet-access", Audience::Staff, show, app.clone()).in_menu("Manage Internet Access"),
        Route::post("/internet-access/request", Audience::Staff, ask, app.clone()),
        Route::get("/internet-access/reset-password", Audience::Staff, reset_form, app.clone()),
        Route::post("/internet-access/reset-password", Audience::Staff, reset, app.clone()),
    ]
}

#[derive(Template)]
#[template(path = "internet_access.html")]
struct InternetAccessView<'v> {
    page: &'v Page,
    done: Option<NotificationBanner>,
    facts: SummaryList,
    means: &'static str,
    reset: Button,
    request: Option<Button>,
}

/// P5.
async fn show(State(app): State<App>, page: Page, person: Person) -> Result<Response, Problem> {
    let mut reader = app.db.read().await?;
    let usernames = records::usernames(&mut reader.tx(), person.staff_record, person.now).await?;
    let account = account::sql::account(&mut reader.tx(), person.staff_record).await?;
    drop(reader);
    let status = account.as_ref().map_or(Status::NotRequested, |account| account.internet_access);
    let password =
        if account.is_some_and(|account| account.password_hash.is_some()) { "*****" } else { "Not set" };
    let username = usernames.first().map(ToString::to_string).unwrap_or_default();
    let done = match page.query("done").as_str() {
        "password" => Some(NotificationBanner::success(
            "Your password is set. You have been logged out everywhere else.",
        )),
        "requested" => Some(NotificationBanner::success("Your request is made.")),
        _ => None,
    };
    let can_ask = matches!(status, Status::NotRequested | Status::Refused | Status::Withdrawn);
    let body = InternetAccessView {
        page: &page,
        done,
        facts: SummaryList::new()
            .code("ESR Username", username)
            .row("Password", password)
            .row("Status", words::status(person.language, status)),
        means: words::status_means(person.language, status),
        reset: Button::link("Reset Password", "/internet-access/reset-password"),
        request: can_ask.then(|| Button::submit("Request internet access").secondary()),
    };
    page.shell("Manage Internet Access").show(&body)
}

async fn ask(State(app): State<App>, page: Page, person: Person) -> Result<Response, Problem> {
    match request(&app, person.staff_record, Trace::of(&page)).await {
        Ok(_) => Ok(see_other("/internet-access?done=requested")),
        // Pressed twice, or in two tabs: it is as they wanted.
        Err(RequestError::Already(_)) => Ok(see_other("/internet-access")),
        Err(RequestError::NoAccount) => Err(Problem::NotFound),
        Err(RequestError::Store(error)) => Err(error.into()),
    }
}

#[derive(Template)]
#[template(path = "reset_password.html")]
struct ResetView<'v> {
    page: &'v Page,
    errors: ErrorSummary,
    /// Missing where a smartcard was shown instead.
    present: Option<PasswordInput>,
    new: PasswordInput,
    button: Button,
}

/// What is to be shown before a new password is set: the present one, or the card that this session began with.
fn shows_card(person: &Person) -> Result<bool, Problem> {
    if person.proof.kind != ProofKind::Smartcard {
        return Ok(false);
    }
    if person.now.seconds_since(person.proof.at) > smartcard::RECENT_MINUTES * 60 {
        return Err(Problem::Confirm { back: "/internet-access/reset-password".to_owned() });
    }
    Ok(true)
}

async fn reset_form(State(app): State<App>, page: Page, person: Person) -> Result<Response, Problem> {
    reset_view(&app, &page, &person, shows_card(&person)?, &FieldErrors::none()).await
}

async fn reset(State(app): State<App>, page: Page, person: Person, form: Form) -> Result<Response, Problem> {
    let by_card = shows_card(&person)?;
    let (present, new) = (form.password("present_password"), form.password("new_password"));
    let shown = if by_card { Present::Smartcard } else { Present::Password(&present) };
    let set = reset_password(&app, &person, shown, &new, page.device().to_owned(), Trace::of(&page)).await;
    let errors = match set {
        Ok(()) => return Ok(see_other("/internet-access?done=password")),
        Err(ResetError::Weak(weakness)) => FieldErrors::one("new_password", weakness.words(person.language)),
        Err(ResetError::Proof(ProofError::Wrong { left })) => {
            FieldErrors::one("present_password", words::wrong_present_password(person.language, left))
        }
        Err(ResetError::Proof(error)) => return Err(error.into()),
        Err(ResetError::Busy) => return Err(Problem::Busy { seconds: 10 }),
        Err(ResetError::NoAccount) => return Err(Problem::NotFound),
        Err(ResetError::Store(error)) => return Err(error.into()),
    };
    reset_view(&app, &page, &person, by_card, &errors).await
}

async fn reset_view(
    app: &App,
    page: &Page,
    person: &Person,
    by_card: bool,
    errors: &FieldErrors,
) -> Result<Response, Problem> {
    let rules = reset_password::rules(app, person.staff_record).await?.ok_or(Problem::NotFound)?;
    let body = ResetView {
        page,
        errors: errors.summary(),
        present: (!by_card).then(|| {
            PasswordInput::new("present_password", "Present password*").error(errors.at("present_password"))
        }),
        new: PasswordInput::new("new_password", "New password*")
            .choosing()
            .hint(words::password_advice(person.language, rules.least))
            .error(errors.at("new_password")),
        button: Button::submit("Reset Password"),
    };
    page.shell("Reset Password").invalid_if(!errors.is_empty()).show(&body)
}
