use askama::Template;
use axum::{extract::State, response::Response};
use http::header;
use web::{
    Audience, FieldErrors, Form, Page, Person, Problem, Route, cookies, see_other,
    ui::{Button, ErrorSummary, PasswordInput},
};

use super::service::{ProofError, confirm};
use crate::{App, app::Trace, log_in::pages::is_own_path, words};

pub(crate) fn routes(app: &App) -> Vec<Route> {
    vec![
        Route::get("/confirm", Audience::Staff, show, app.clone()),
        Route::post("/confirm", Audience::Staff, submit, app.clone()).not_kept(),
    ]
}

#[derive(Template)]
#[template(path = "confirm.html")]
struct ConfirmView<'v> {
    page: &'v Page,
    errors: ErrorSummary,
    back: &'v str,
    password: PasswordInput,
    button: Button,
}

async fn show(page: Page) -> Result<Response, Problem> {
    view(&page, &page.query("return"), &FieldErrors::none())
}

async fn submit(State(app): State<App>, page: Page, person: Person, form: Form) -> Result<Response, Problem> {
    let back = form.get("return");
    match confirm(&app, &person, &form.password("password"), Trace::of(&page)).await {
        Ok(secret) => {
            let mut response = see_other(if is_own_path(back) { back } else { "/portal" });
            response
                .headers_mut()
                .append(header::SET_COOKIE, cookies::set(cookies::SESSION, &secret.reveal(), None));
            Ok(response)
        }
        Err(ProofError::Wrong { left }) => view(
            &page,
            back,
            &FieldErrors::one("password", words::wrong_present_password(page.language(), left)),
        ),
        Err(error) => Err(error.into()),
    }
}

fn view(page: &Page, back: &str, errors: &FieldErrors) -> Result<Response, Problem> {
    let wrong = errors.at("password");
    let body = ConfirmView {
        page,
        errors: errors.summary(),
        back: if is_own_path(back) { back } else { "" },
        password: PasswordInput::new("password", "Password*").error(wrong),
        button: Button::submit("Confirm"),
    };
    let shell = page.shell("Confirm that it is you");
    if errors.is_empty() { shell.show(&body) } else { shell.invalid().show(&body) }
}

impl From<ProofError> for Problem {
    fn from(error: ProofError) -> Self {
        match error {
            ProofError::Wrong { .. } => Self::Invalid(error.to_string()),
            ProofError::Ended => Self::LogIn,
            ProofError::Busy => Self::Busy { seconds: 10 },
            ProofError::Store(error) => error.into(),
        }
    }
}
