use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use http::{HeaderName, HeaderValue, StatusCode};
use web::{
    Audience, FieldErrors, Page, Problem, Route, see_other,
    ui::{Button, ErrorSummary, Panel, SummaryList, TextInput, Width},
};

use super::{Code, printed, service};
use crate::{App, words};

pub(crate) fn routes(app: &App) -> Vec<Route> {
    vec![
        Route::get(
            "/e-learning/completions/{id}/certificate",
            Audience::Staff,
            printed::certificate,
            app.clone(),
        ),
        Route::get("/verify", Audience::Anyone, ask, app.clone()),
        Route::get("/verify/{code}", Audience::Anyone, verify, app.clone()),
    ]
}

#[derive(Template)]
#[template(path = "verify.html")]
struct VerifyView {
    found: Option<(Panel, SummaryList)>,
    unknown: bool,
    errors: ErrorSummary,
    code: TextInput,
    button: Button,
}

/// The form, or on to the page of the code that was typed into it.
async fn ask(page: Page) -> Result<Response, Problem> {
    let typed = page.query("code");
    match Code::parse(&typed) {
        Some(code) => Ok(see_other(&format!("/verify/{code}"))),
        None if typed.is_empty() && page.query("asked").is_empty() => {
            view(&page, None, false, "", &FieldErrors::none(), StatusCode::OK)
        }
        None => {
            let errors = FieldErrors::one("code", words::CODE_FORM);
            view(&page, None, false, &typed, &errors, StatusCode::UNPROCESSABLE_ENTITY)
        }
    }
}

/// Nothing limits guessing: there are too many codes for that.
async fn verify(State(app): State<App>, page: Page, code: Option<Path<String>>) -> Result<Response, Problem> {
    let typed = code.map(|Path(code)| code).unwrap_or_default();
    let found = match Code::parse(&typed) {
        Some(code) => service::verify(&app, &code).await?.map(|verified| (code, verified)),
        None => None,
    };
    let status = if found.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
    let unknown = found.is_none();
    let found = found.map(|(code, verified)| {
        let facts = SummaryList::new()
            .row("Name", verified.name)
            .row("Course", verified.course)
            .row("Completed on", verified.completed)
            .code("Code", code.to_string());
        (Panel::new("This certificate is genuine"), facts)
    });
    view(&page, found, unknown, "", &FieldErrors::none(), status)
}

fn view(
    page: &Page,
    found: Option<(Panel, SummaryList)>,
    unknown: bool,
    typed: &str,
    errors: &FieldErrors,
    status: StatusCode,
) -> Result<Response, Problem> {
    let label = if found.is_some() { "Another code" } else { "Code*" };
    let body = VerifyView {
        found,
        unknown,
        errors: errors.summary(),
        code: TextInput::new("code", label)
            .hint(words::CODE_HINT)
            .value(typed)
            .error(errors.at("code"))
            .autocomplete("off")
            .autocapitalize("characters")
            .without_spellcheck()
            .code()
            .width(Width::W30),
        button: Button::submit("Verify").says("asked", "yes").repeatable(),
    };
    page.shell("Verify a certificate")
        .invalid_if(!errors.is_empty())
        .status(status)
        .header(HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex, nofollow"))
        .show(&body)
}
