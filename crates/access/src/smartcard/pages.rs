use askama::Template;
use axum::{extract::State, response::Response};
use http::{StatusCode, header};
use records::Holder;
use uuid::Uuid;
use web::{
    Audience, Form, Help, Page, Problem, ProofKind, Route, cookies, see_other,
    ui::{Button, ErrorSummary, Radios},
};

use super::{
    BY_CERTIFICATE,
    service::{Asker, CardError, Outcome, Purpose, begin, choices, choose, returned, returned_from_provider},
};
use crate::{
    App,
    app::Trace,
    browser::browser_of,
    factors::pages::session_here,
    log_in::{
        Arrival,
        pages::{is_own_path, let_in},
    },
    words,
};

pub(crate) fn routes(app: &App) -> Vec<Route> {
    vec![
        Route::get("/smartcard", Audience::Anyone, ways, app.clone()),
        Route::get("/smartcard/begin", Audience::Anyone, start, app.clone()),
        Route::get("/smartcard/return", Audience::Anyone, from_card_host, app.clone()),
        Route::get("/smartcard/provider", Audience::Anyone, from_provider, app.clone()),
        Route::post("/smartcard/choose", Audience::Anyone, chosen, app.clone()),
    ]
}

/// The address that providers send the browser back to.
pub const RETURN_PATH: &str = "/smartcard/provider";

#[derive(Template)]
#[template(path = "smartcard.html")]
struct WaysView<'v> {
    ways: Vec<Button>,
    help: Help<'v>,
}

/// How a card can be shown; straight on where there is one way only.
async fn ways(State(app): State<App>, page: Page) -> Result<Response, Problem> {
    let certificate =
        app.cards.certificates.iter().map(|_| (BY_CERTIFICATE, "Use the card in this computer".to_owned()));
    let providers = app
        .cards
        .providers
        .iter()
        .map(|provider| (provider.id(), words::log_in_by(page.language(), provider.name())));
    let all: Vec<(&str, String)> = certificate.chain(providers).collect();
    let confirming = page.person().is_some() && !page.query("return").is_empty();
    let more = if confirming {
        let back = page.query("return");
        format!("&return={}", if is_own_path(&back) { back } else { "/portal".to_owned() })
    } else {
        String::new()
    };
    if let [(by, _)] = all.as_slice() {
        return Ok(see_other(&format!("/smartcard/begin?by={by}{more}")));
    }
    let desks = app.desks().await?;
    let way = |(by, says)| Button::link(says, format!("/smartcard/begin?by={by}{more}")).login();
    let ways = all.into_iter().map(way);
    let body = WaysView { ways: ways.collect(), help: Help { desks: &desks, open: false } };
    page.shell("Log in via Smartcard").show(&body)
}

async fn start(State(app): State<App>, page: Page) -> Result<Response, Problem> {
    let back = page.query("return");
    let purpose = match page.person() {
        Some(person) if is_own_path(&back) => Purpose::Confirm { session: person.session, back },
        Some(_) => return Ok(see_other("/portal")),
        None => Purpose::LogIn,
    };
    match begin(&app, page.visit(), &page.query("by"), purpose, Trace::of(&page)).await {
        Ok(address) => Ok(see_other(&address)),
        Err(error) => refused(&app, &page, error).await,
    }
}

fn asker(app: &App, page: &Page) -> Asker {
    Asker {
        visit: page.visit().to_owned(),
        person: page.person().cloned(),
        client: page.client(),
        arrival: Arrival {
            browser: browser_of(app, page),
            address: page.client().address.to_string(),
            device: page.device().to_owned(),
            replaces: session_here(page),
            proof: ProofKind::Smartcard,
            proof_at: None,
            step: None,
            inside: false,
            provider: None,
            leaver: false,
        },
        trace: Trace::of(page),
    }
}

async fn from_card_host(State(app): State<App>, page: Page) -> Result<Response, Problem> {
    let done = returned(&app, &page.query("ticket"), &page.query("code"), asker(&app, &page)).await;
    outcome(&app, &page, done).await
}

async fn from_provider(State(app): State<App>, page: Page) -> Result<Response, Problem> {
    let (code, error) = (page.query("code"), page.query("error"));
    let code = if error.is_empty() { Ok(code.as_str()) } else { Err(error.as_str()) };
    let done = returned_from_provider(&app, &page.query("state"), code, asker(&app, &page)).await;
    outcome(&app, &page, done).await
}

async fn outcome(app: &App, page: &Page, done: Result<Outcome, CardError>) -> Result<Response, Problem> {
    match done {
        Ok(Outcome::LoggedIn(logged_in)) => Ok(let_in(app, &logged_in, "")),
        Ok(Outcome::Confirmed { secret, back }) => {
            let mut response = see_other(&back);
            let cookie = cookies::set(cookies::SESSION, &secret.reveal(), None);
            response.headers_mut().append(header::SET_COOKIE, cookie);
            Ok(response)
        }
        Ok(Outcome::Choose { ticket, holders }) => choice(page, &ticket, &holders, false),
        Err(error) => refused(app, page, error).await,
    }
}

#[derive(Template)]
#[template(path = "smartcard_choice.html")]
struct ChoiceView<'v> {
    page: &'v Page,
    errors: ErrorSummary,
    ticket: &'v str,
    records: Radios,
    button: Button,
}

fn choice(page: &Page, ticket: &str, holders: &[Holder], missing: bool) -> Result<Response, Problem> {
    let says = missing.then_some("Choose where you want to log in.");
    let mut records = Radios::new("staff_record", "Where do you want to log in?").error(says);
    for holder in holders {
        let label = format!("{}, {}", holder.employer.name, holder.record.name());
        records = records.item(holder.record.id.to_string(), label);
    }
    let errors = match says {
        Some(says) => web::FieldErrors::one("staff_record", says),
        None => web::FieldErrors::none(),
    };
    let body = ChoiceView {
        page,
        errors: errors.summary(),
        ticket,
        records,
        button: Button::submit("Go on").login(),
    };
    page.shell("Your smartcard is on several staff records").invalid_if(missing).show(&body)
}

async fn chosen(State(app): State<App>, page: Page, form: Form) -> Result<Response, Problem> {
    let ticket = form.get("ticket");
    let Ok(staff_record) = form.get("staff_record").parse::<Uuid>() else {
        return match choices(&app, page.visit(), ticket).await {
            Ok(holders) => choice(&page, ticket, &holders, true),
            Err(error) => refused(&app, &page, error).await,
        };
    };
    match choose(&app, ticket, staff_record, asker(&app, &page)).await {
        Ok(logged_in) => Ok(let_in(&app, &logged_in, "")),
        Err(error) => refused(&app, &page, error).await,
    }
}

#[derive(Template)]
#[template(path = "smartcard_refused.html")]
struct RefusedView<'v> {
    title: &'static str,
    says: String,
    reference: &'v str,
    back: &'static str,
    help: Help<'v>,
}

async fn refused(app: &App, page: &Page, error: CardError) -> Result<Response, Problem> {
    if let CardError::Store(error) = error {
        return Err(error.into());
    }
    let desks = app.desks().await?;
    let (title, says) = words::card_refused(page.language(), &error, |id| {
        app.cards.provider(id).map_or(id, |provider| provider.name()).to_owned()
    });
    let status = match error {
        CardError::NoSuchWay => StatusCode::NOT_FOUND,
        CardError::Provider(smartcards::provider::ProviderError::Down, _) => StatusCode::BAD_GATEWAY,
        _ => StatusCode::FORBIDDEN,
    };
    let back = if page.person().is_some() { "/portal" } else { "/" };
    let help = Help { desks: &desks, open: true };
    let body = RefusedView { title, says, reference: page.request(), back, help };
    page.shell(title).status(status).show(&body)
}
