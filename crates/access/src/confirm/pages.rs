use askama::Template;
use axum::{extract::State, response::Response};
use http::header;
use store::Secret;
use web::{
    Audience, FieldErrors, Form, Page, Person, Problem, ProofKind, Route, cookies, see_other,
    ui::{Button, ErrorSummary, PasswordInput},
};

use super::service::{ProofError, confirm, confirm_by_factor};
use crate::{
    App,
    app::Trace,
    factors::{FactorError, ProveView, pages::given},
    log_in::pages::is_own_path,
    words,
};

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
    /// A passkey or a code, where the account has one.
    prove: Option<ProveView>,
    /// The card, where the session began with it: there is nothing stronger.
    card: Option<Button>,
    /// The password, where it is all there is.
    password: Option<PasswordInput>,
    button: Button,
}

async fn show(State(app): State<App>, page: Page, person: Person) -> Result<Response, Problem> {
    view(&app, &page, &person, &page.query("return"), &FieldErrors::none()).await
}

/// By what somebody has to confirm: the strongest that they are known to have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Factor,
    Card,
    Password,
}

fn by(app: &App, person: &Person) -> By {
    if person.proof.kind == ProofKind::Smartcard && app.cards.are_read() {
        By::Card
    } else if person.factors.any() {
        By::Factor
    } else {
        By::Password
    }
}

async fn submit(State(app): State<App>, page: Page, person: Person, form: Form) -> Result<Response, Problem> {
    let back = form.get("return");
    let errors = match by(&app, &person) {
        By::Factor => {
            let place = (page.client(), page.device().to_owned());
            match confirm_by_factor(&app, &person, given(&form), place, Trace::of(&page)).await {
                Ok(secret) => return Ok(go_back(back, &secret)),
                Err(FactorError::Ended) => return Err(Problem::LogIn),
                Err(FactorError::Store(error)) => return Err(error.into()),
                Err(error) => {
                    let says = words::factor_refused(page.language(), &error);
                    FieldErrors::one(error.field(), says.unwrap_or_else(|| error.to_string()))
                }
            }
        }
        By::Card => FieldErrors::none(),
        By::Password => match confirm(&app, &person, &form.password("password"), Trace::of(&page)).await {
            Ok(secret) => return Ok(go_back(back, &secret)),
            Err(ProofError::Wrong { left }) => {
                FieldErrors::one("password", words::wrong_present_password(page.language(), left))
            }
            Err(error) => return Err(error.into()),
        },
    };
    view(&app, &page, &person, back, &errors).await
}

fn go_back(back: &str, secret: &Secret) -> Response {
    let mut response = see_other(if is_own_path(back) { back } else { "/portal" });
    let cookie = cookies::set(cookies::SESSION, &secret.reveal(), None);
    response.headers_mut().append(header::SET_COOKIE, cookie);
    response
}

async fn view(
    app: &App,
    page: &Page,
    person: &Person,
    back: &str,
    errors: &FieldErrors,
) -> Result<Response, Problem> {
    let back = if is_own_path(back) { back } else { "" };
    let by = by(app, person);
    let prove = match by {
        By::Factor => Some(ProveView::of(app, page, person, ("/confirm", back), None, errors).await?),
        By::Card | By::Password => None,
    };
    let to_card = || {
        let back = if back.is_empty() { "/portal" } else { back };
        Button::link("Show your smartcard", format!("/smartcard?return={back}"))
    };
    let body = ConfirmView {
        page,
        errors: errors.summary(),
        back,
        prove,
        card: (by == By::Card).then(to_card),
        password: (by == By::Password)
            .then(|| PasswordInput::new("password", "Password*").error(errors.at("password"))),
        button: Button::submit("Confirm"),
    };
    page.shell("Confirm that it is you").invalid_if(!errors.is_empty()).show(&body)
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
