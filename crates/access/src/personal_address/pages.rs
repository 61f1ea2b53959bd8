use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use records::personal_address::{EndedBy, Refusal, WAIT_DAYS};
use store::Secret;
use uuid::Uuid;
use web::{
    Audience, FieldErrors, Form, Help, Page, PathId, Person, Problem, Route, format, see_other,
    ui::{BackLink, Button, ErrorSummary, TextInput},
};

use super::service::{
    ConfirmState, EndError, SetError, StopState, confirm, end, look_at_confirm, look_at_stop, set, stop,
};
use crate::{
    App,
    app::{Trace, holder_of},
    factors::pages::RECENT_MINUTES,
    words,
};

const FORM: &str = "/my-account/personal-address";

pub(crate) fn routes(app: &App) -> Vec<Route> {
    use Audience::{Anyone, Staff};
    vec![
        Route::get(FORM, Staff, show, app.clone()),
        Route::post(FORM, Staff, submit, app.clone()).not_kept(),
        Route::post("/my-account/personal-address/{id}/stop", Staff, stop_it, app.clone()).not_kept(),
        Route::post("/my-account/personal-address/{id}/remove", Staff, remove, app.clone()).not_kept(),
        Route::get("/personal-address/confirm", Anyone, confirm_page, app.clone()),
        Route::post("/personal-address/confirm", Anyone, press_confirm, app.clone()),
        Route::get("/personal-address/stop", Anyone, stop_page, app.clone()),
        Route::post("/personal-address/stop", Anyone, press_stop, app.clone()),
    ]
}

#[derive(Template)]
#[template(path = "personal_address.html")]
struct FormView<'v> {
    page: &'v Page,
    back: BackLink,
    errors: ErrorSummary,
    years: String,
    wait_days: i64,
    has_factor: bool,
    address: TextInput,
    button: Button,
}

async fn show(page: Page, person: Person) -> Result<Response, Problem> {
    may_set(&person)?;
    view(&page, &person, "", &FieldErrors::none())
}

/// Where the employer lets no leavers in, there is nothing to set an address for.
fn may_set(person: &Person) -> Result<(), Problem> {
    if holder_of(person)?.employer.settings.policies.leavers_years == 0 {
        return Err(Problem::refused(
            "Your employer does not let people in who have left",
            "So there is no use for a personal address. When you leave, ask payroll for your payslips and P60s on paper.",
        ));
    }
    person.recent_proof(RECENT_MINUTES, FORM)
}

fn view(page: &Page, person: &Person, typed: &str, errors: &FieldErrors) -> Result<Response, Problem> {
    let policies = &holder_of(person)?.employer.settings.policies;
    let body = FormView {
        page,
        back: BackLink::new("/my-account").text("My account"),
        errors: errors.summary(),
        years: words::years(page.language(), policies.leavers_years),
        wait_days: WAIT_DAYS,
        has_factor: person.factors.any(),
        address: TextInput::email("address", "Your own email address*")
            .hint("One that stays yours when you leave. Your employer and your colleagues do not see it.")
            .value(typed)
            .error(errors.at("address")),
        button: Button::submit("Set this address"),
    };
    let shell = page.shell("Set a personal address");
    shell.invalid_if(!errors.is_empty()).show(&body)
}

async fn submit(State(app): State<App>, page: Page, person: Person, form: Form) -> Result<Response, Problem> {
    may_set(&person)?;
    let typed = form.get("address");
    let says = match set(&app, &person, typed, page.device().to_owned(), Trace::of(&page)).await {
        Ok(()) => return Ok(see_other("/my-account?done=personal-address")),
        Err(SetError::Ended) => return Err(Problem::LogIn),
        Err(SetError::Store(error)) => return Err(error.into()),
        Err(SetError::Refused(Refusal::Empty)) => "Enter your own email address.",
        Err(SetError::Refused(Refusal::Form)) => "Enter an email address like first.last@domain.com.",
        Err(SetError::Refused(Refusal::EmployersOwn)) => {
            "This mailbox belongs to your employer and ends with your job. Enter one that stays yours when you leave."
        }
        Err(SetError::Same) => "This is your personal address already.",
        Err(SetError::TooOften) => {
            "An address was set too often lately. Wait an hour; after ten times in a day, wait until tomorrow."
        }
        Err(SetError::NoNotice) => {
            "Your staff record holds no email address of your employer's at which you could be told of this. Ask HR to add one first."
        }
    };
    let typed: String = typed.chars().take(LONGEST_TYPED).collect();
    view(&page, &person, &typed, &FieldErrors::one("address", says))
}

/// No email address is longer.
const LONGEST_TYPED: usize = 254;

async fn stop_it(
    State(app): State<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
    _: Form,
) -> Result<Response, Problem> {
    ended(&app, &page, &person, id, EndedBy::Stopped).await
}

async fn remove(
    State(app): State<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
    _: Form,
) -> Result<Response, Problem> {
    person.recent_proof(RECENT_MINUTES, "/my-account")?;
    ended(&app, &page, &person, id, EndedBy::Removed).await
}

async fn ended(app: &App, page: &Page, person: &Person, id: Uuid, by: EndedBy) -> Result<Response, Problem> {
    match end(app, person, id, by, Trace::of(page)).await {
        Ok(()) => Ok(see_other(&format!("/my-account?done=personal-address-{by}"))),
        Err(EndError::NotFound) => Err(Problem::NotFound),
        Err(EndError::Store(error)) => Err(error.into()),
    }
}

// The pages behind the mailed links.

#[derive(Template)]
#[template(path = "personal_address_link.html")]
struct LinkView<'v> {
    page: &'v Page,
    title: &'static str,
    action: &'static str,
    link: &'v str,
    says: String,
    button: Button,
    help: Help<'v>,
}

#[derive(Template)]
#[template(path = "personal_address_said.html")]
struct SaidView<'v> {
    title: &'static str,
    says: String,
    help: Help<'v>,
}

async fn said(
    app: &App,
    page: &Page,
    status: StatusCode,
    title: &'static str,
    says: String,
) -> Result<Response, Problem> {
    let desks = app.desks().await?;
    let body = SaidView { title, says, help: Help { desks: &desks, open: false } };
    page.shell(title).status(status).show(&body)
}

const DEAD: &str = "This link does not work any more";

async fn confirm_page(State(app): State<App>, page: Page) -> Result<Response, Problem> {
    let text = page.query("link");
    let open = match look_at_confirm(&app, Secret::parse(&text).as_ref()).await? {
        ConfirmState::Open(open) => open,
        dead => return not_confirmed(&app, &page, &dead).await,
    };
    let desks = app.desks().await?;
    let body = LinkView {
        page: &page,
        title: "Confirm your personal address",
        action: "/personal-address/confirm",
        link: &text,
        says: format!(
            "Did you give this address at {} as your own? It is used only after you have left.",
            open.1.employer.name
        ),
        button: Button::submit("Confirm this address"),
        help: Help { desks: &desks, open: false },
    };
    page.shell("Confirm your personal address").show(&body)
}

async fn press_confirm(State(app): State<App>, page: Page, form: Form) -> Result<Response, Problem> {
    let secret = Secret::parse(form.get("link"));
    let open = match look_at_confirm(&app, secret.as_ref()).await? {
        ConfirmState::Open(open) => open,
        dead => return not_confirmed(&app, &page, &dead).await,
    };
    let Some(secret) = secret else { return Err(Problem::NotFound) };
    // Whoever reads that mailbox need not be who set the address.
    let own = page.person().is_some_and(|person| person.staff_record == open.0.staff_record_id);
    let trace = if own { Trace::of(&page) } else { Trace::stranger(&page) };
    match confirm(&app, &secret, trace).await? {
        Ok(address) => {
            let from = address.works_from().unwrap_or(address.set_at);
            let says = format!(
                "Once you have left, and from {} at the earliest, you can log in at {} with your username, password and second factor.",
                format::day_and_time(from, &open.1.employer.zone()),
                app.site.link("/leavers")
            );
            said(&app, &page, StatusCode::OK, "Your personal address is confirmed", says).await
        }
        Err(dead) => not_confirmed(&app, &page, &dead).await,
    }
}

async fn not_confirmed(app: &App, page: &Page, state: &ConfirmState) -> Result<Response, Problem> {
    let says = match state {
        ConfirmState::Confirmed(at, zone) => {
            format!("The address was confirmed on {}.", format::day_and_time(*at, zone))
        }
        ConfirmState::Expired(at, zone) => format!(
            "It ran out on {}. Log in, and set the address once more under My account.",
            format::day_and_time(*at, zone)
        ),
        ConfirmState::Ended => {
            "The address was taken off, stopped or replaced. You can set one again under My account.".to_owned()
        }
        ConfirmState::Left => "The last day at this employer is over: an address is set before that.".to_owned(),
        ConfirmState::Unknown | ConfirmState::Open(_) => {
            "Use the link in the newest mail: only that one works. Or it was cut off in the mail: copy the whole address into the browser."
                .to_owned()
        }
    };
    said(app, page, StatusCode::GONE, DEAD, says).await
}

async fn stop_page(State(app): State<App>, page: Page) -> Result<Response, Problem> {
    let text = page.query("link");
    let open = match look_at_stop(&app, Secret::parse(&text).as_ref()).await? {
        StopState::Open(open) => open,
        dead => return not_stopped(&app, &page, &dead).await,
    };
    let desks = app.desks().await?;
    let body = LinkView {
        page: &page,
        title: "Stop the personal address",
        action: "/personal-address/stop",
        link: &text,
        says: format!(
            "Was it not you who set a personal address at {}? Then stop it: nobody will get in by it. Everybody who is logged in as you \
             is logged out.",
            open.0.employer.name
        ),
        button: Button::submit("Stop this address").warning(),
        help: Help { desks: &desks, open: false },
    };
    page.shell("Stop the personal address").show(&body)
}

async fn press_stop(State(app): State<App>, page: Page, form: Form) -> Result<Response, Problem> {
    let secret = Secret::parse(form.get("link"));
    let open = match look_at_stop(&app, secret.as_ref()).await? {
        StopState::Open(open) => open,
        dead => return not_stopped(&app, &page, &dead).await,
    };
    let Some(secret) = secret else { return Err(Problem::NotFound) };
    let holder = open.0.record.id;
    let own = page.person().filter(|person| person.staff_record == holder).map(|person| person.session);
    match stop(&app, &secret, own, Trace::holder(&page, holder)).await? {
        Ok(()) => {
            let says = "Nobody gets in by it. Whoever was logged in as you elsewhere is logged out. Reset your password now, and ring \
                        your service desk: somebody may know it, or has used a screen that you had left open.";
            said(&app, &page, StatusCode::OK, "The personal address is stopped", says.to_owned()).await
        }
        Err(dead) => not_stopped(&app, &page, &dead).await,
    }
}

async fn not_stopped(app: &App, page: &Page, state: &StopState) -> Result<Response, Problem> {
    let says = match state {
        StopState::Ended => {
            "There is nothing to stop: the address was stopped, taken off or never confirmed."
        }
        StopState::Unknown | StopState::Open(_) => {
            "It may have been cut off in the mail. Copy the whole address from the mail into the browser, or stop it under My account."
        }
    };
    said(app, page, StatusCode::GONE, DEAD, says.to_owned()).await
}
