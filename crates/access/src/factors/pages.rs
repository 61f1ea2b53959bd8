use askama::Template;
use axum::{extract::State, response::Response};
use http::{StatusCode, header};
use records::Holder;
use second_factors::passkeys::PasskeyError;
use uuid::Uuid;
use web::{
    Audience, FieldErrors, Form, Halfway, Help, Page, PathId, Person, Problem, ProofKind, Route, Visitor,
    format, see_other,
    ui::{Button, ErrorSummary, TextInput},
};

use super::{
    Entry, FactorError, FactorKind, Given, Need,
    prove::{ask_for_any_passkey, log_in_by_passkey},
    set_up::{
        After, AuthenticatorOffer, LONGEST_NAME, SetUp, SetUpError, add_authenticator, add_passkey,
        new_codes, offer_authenticator, offer_passkey, open_codes, proof_by, remove, seal_codes,
    },
    sql, step,
    views::{PasskeyForm, ProveView},
};
use crate::{
    App, Door, account,
    app::{Trace, desk, holder_of},
    browser::browser_of,
    log_in::{
        Arrival, Completion,
        pages::{let_in, not_from_here_page},
    },
    sessions::Step,
    words,
};

/// A passkey's answer with its certificates, and the sealed question.
const PASSKEY_BYTES: usize = 64 * 1024;
/// A change of a factor asks for a proof not older than this, in minutes.
pub(crate) const RECENT_MINUTES: i64 = 5;

pub(crate) fn routes(app: &App) -> Vec<Route> {
    use Audience::{Anyone, Halfway, Staff};
    vec![
        Route::get("/passkey", Anyone, passkey_page, app.clone()),
        Route::post("/passkey", Anyone, passkey_log_in, app.clone()).limit(PASSKEY_BYTES),
        Route::get("/second-factor", Halfway, show, app.clone()),
        Route::post("/second-factor", Halfway, give, app.clone()).limit(PASSKEY_BYTES).not_kept(),
        Route::get("/second-factor/set-up", Halfway, choose, app.clone()),
        Route::post("/second-factor/set-up/later", Halfway, put_off, app.clone()).not_kept(),
        Route::get("/second-factor/set-up/passkey", Halfway, first_passkey, app.clone()),
        Route::post("/second-factor/set-up/passkey", Halfway, add_first_passkey, app.clone())
            .limit(PASSKEY_BYTES)
            .not_kept(),
        Route::get("/second-factor/set-up/authenticator", Halfway, first_authenticator, app.clone()),
        Route::post("/second-factor/set-up/authenticator", Halfway, add_first_authenticator, app.clone())
            .not_kept(),
        Route::get("/my-account/second-factors/passkey", Staff, another_passkey, app.clone()),
        Route::post("/my-account/second-factors/passkey", Staff, add_another_passkey, app.clone())
            .limit(PASSKEY_BYTES)
            .not_kept(),
        Route::get("/my-account/second-factors/authenticator", Staff, another_authenticator, app.clone()),
        Route::post(
            "/my-account/second-factors/authenticator",
            Staff,
            add_another_authenticator,
            app.clone(),
        )
        .not_kept(),
        Route::post("/my-account/second-factors/{id}/remove", Staff, take_off, app.clone()).not_kept(),
        Route::get("/my-account/recovery-codes", Staff, codes_page, app.clone()),
        Route::post("/my-account/recovery-codes", Staff, make_codes, app.clone()).not_kept(),
    ]
}

// Logging in by a passkey alone.

#[derive(Template)]
#[template(path = "passkey_log_in.html")]
struct PasskeyLogInView<'v> {
    errors: ErrorSummary,
    form: PasskeyForm,
    help: Help<'v>,
}

async fn passkey_page(State(app): State<App>, page: Page) -> Result<Response, Problem> {
    if app.passkeys.is_none() {
        return Err(Problem::NotFound);
    }
    if page.person().is_some() {
        return Ok(see_other("/portal"));
    }
    passkey_view(&app, &page, &FieldErrors::none()).await
}

async fn passkey_view(app: &App, page: &Page, errors: &FieldErrors) -> Result<Response, Problem> {
    let desks = app.desks().await?;
    let body = PasskeyLogInView {
        errors: errors.summary(),
        form: PasskeyForm {
            csrf: page.csrf(),
            action: "/passkey",
            act: "get",
            question: ask_for_any_passkey(app, page.visit())?,
            back: String::new(),
            name: None,
            remember: None,
            button: "Log in with a passkey",
            login: true,
        },
        help: Help { desks: &desks, open: false },
    };
    page.shell("Log in with a passkey").invalid_if(!errors.is_empty()).show(&body)
}

async fn passkey_log_in(State(app): State<App>, page: Page, form: Form) -> Result<Response, Problem> {
    let arrival = Arrival {
        browser: browser_of(&app, &page),
        address: page.client().address.to_string(),
        device: page.device().to_owned(),
        replaces: session_here(&page),
        proof: ProofKind::Passkey,
        proof_at: None,
        step: None,
        inside: false,
        provider: None,
        leaver: false,
    };
    let given = (form.get("ticket"), form.get("answer"));
    let trace = Trace::stranger(&page);
    match log_in_by_passkey(&app, given, page.visit(), page.client(), arrival, trace).await {
        Ok(logged_in) => Ok(let_in(&app, &logged_in, "")),
        Err(FactorError::NotFromHere(status, holder)) => {
            let username = username_of(&app, holder.record.id).await?;
            not_from_here_page(&app, &page, &username, status, &holder).await
        }
        Err(error) => {
            let says = words::factor_refused(page.language(), &error);
            let Some(says) = says else { return Err(problem(error)) };
            passkey_view(&app, &page, &FieldErrors::one("passkey", says)).await
        }
    }
}

/// The session that a log-in on this browser puts an end to.
pub(crate) fn session_here(page: &Page) -> Option<Uuid> {
    match page.visitor() {
        Visitor::Person(person) => Some(person.session),
        Visitor::Halfway(halfway) => Some(halfway.person.session),
        Visitor::Ended(_) | Visitor::Stranger => None,
    }
}

fn problem(error: FactorError) -> Problem {
    match error {
        FactorError::Ended => Problem::LogIn,
        FactorError::Store(error) => error.into(),
        error => Problem::Invalid(error.to_string()),
    }
}

// The second factor, once the password was given.

#[derive(Template)]
#[template(path = "second_factor.html")]
struct SecondFactorView<'v> {
    errors: ErrorSummary,
    prove: ProveView,
    name: &'v str,
    leaver: bool,
    /// Where they start again.
    log_in: &'static str,
    help: Help<'v>,
}

async fn show(State(app): State<App>, page: Page, halfway: Halfway) -> Result<Response, Problem> {
    if halfway.next != Step::SecondFactor.path() {
        return Ok(see_other(halfway.next));
    }
    step_view(&app, &page, &halfway.person, &FieldErrors::none()).await
}

async fn step_view(
    app: &App,
    page: &Page,
    person: &Person,
    errors: &FieldErrors,
) -> Result<Response, Problem> {
    let holder = holder_of(person)?;
    let desks = [desk(&holder.employer)];
    let days = holder.employer.settings.policies.remember_device_days;
    let offered = days > 0 && !person.inside && !holder.has_role() && !person.leaver;
    let remember = offered.then(|| words::remember(page.language(), days));
    let prove = ProveView::of(app, page, person, (Step::SecondFactor.path(), ""), remember, errors).await?;
    let body = SecondFactorView {
        errors: errors.summary(),
        prove,
        name: &person.name,
        leaver: person.leaver,
        log_in: Door::of(person.leaver).log_in(),
        help: Help { desks: &desks, open: false },
    };
    page.shell("One more step").invalid_if(!errors.is_empty()).show(&body)
}

pub(crate) fn given(form: &Form) -> Given {
    if form.get("answer").is_empty() {
        Given::Code(form.get("code").to_owned())
    } else {
        Given::Passkey { ticket: form.get("ticket").to_owned(), answer: form.get("answer").to_owned() }
    }
}

fn completion(app: &App, page: &Page, proof: ProofKind, remember: bool) -> Completion {
    Completion {
        browser: browser_of(app, page),
        client: page.client(),
        device: page.device().to_owned(),
        proof,
        remember,
        trace: Trace::stranger(page),
    }
}

async fn give(State(app): State<App>, page: Page, halfway: Halfway, form: Form) -> Result<Response, Problem> {
    if halfway.next != Step::SecondFactor.path() {
        return Ok(see_other(halfway.next));
    }
    let person = halfway.person;
    let completion = completion(&app, &page, ProofKind::Password, form.get("remember") == "yes");
    let trace = Trace::holder(&page, person.staff_record);
    match step::give(&app, &person, given(&form), completion, trace).await {
        Ok(logged_in) => Ok(let_in(&app, &logged_in, "")),
        Err(FactorError::Ended) if person.leaver => Ok(see_other(Door::Leavers.log_in())),
        Err(error) => {
            let Some(says) = words::factor_refused(page.language(), &error) else {
                return Err(problem(error));
            };
            step_view(&app, &page, &person, &FieldErrors::one(error.field(), says)).await
        }
    }
}

// Setting one up.

/// Whether somebody may set up their first factor from where they are, and until when they may put it off.
async fn need(app: &App, person: &Person) -> Result<Need, Problem> {
    let mut reader = app.db.read().await?;
    let account = account::sql::account(&mut reader.tx(), person.staff_record).await?;
    drop(reader);
    let holder = holder_of(person)?;
    let entry = Entry {
        policies: &holder.employer.settings.policies,
        has_role: holder.has_role(),
        inside: person.inside,
        remembered_until: None,
        history: account.ok_or(Problem::LogIn)?.history,
    };
    Ok(entry.need(person.now))
}

#[derive(Template)]
#[template(path = "set_up.html")]
struct SetUpView<'v> {
    page: &'v Page,
    base: &'static str,
    passkeys: bool,
    until: Option<String>,
    later: Option<Button>,
    help: Help<'v>,
}

#[derive(Template)]
#[template(path = "factor_needed.html")]
struct FactorNeededView<'v> {
    employer: &'v str,
    help: Help<'v>,
}

async fn choose(State(app): State<App>, page: Page, halfway: Halfway) -> Result<Response, Problem> {
    if halfway.next != Step::SetUp.path() {
        return Ok(see_other(halfway.next));
    }
    let person = &halfway.person;
    let need = need(&app, person).await?;
    let desks = [desk(&holder_of(person)?.employer)];
    let until = match need {
        Need::SetUp { until } => until,
        Need::Shut => return factor_needed(&page, holder_of(person)?),
        Need::Nothing | Need::Give => None,
    };
    let put_off = until.is_some() || need == Need::Nothing;
    let body = SetUpView {
        page: &page,
        base: Step::SetUp.path(),
        passkeys: app.passkeys.is_some(),
        until: until.map(|until| format::day_and_time(until, &person.zone)),
        later: put_off.then(|| Button::submit("Not now").secondary()),
        help: Help { desks: &desks, open: false },
    };
    page.shell("Set up a second factor").show(&body)
}

/// More than a password is needed, and nothing can be set up from here.
pub(crate) fn factor_needed(page: &Page, holder: &Holder) -> Result<Response, Problem> {
    let desks = [desk(&holder.employer)];
    let body = FactorNeededView { employer: &holder.employer.name, help: Help { desks: &desks, open: true } };
    page.shell("You need a second factor").status(StatusCode::FORBIDDEN).show(&body)
}

async fn put_off(State(app): State<App>, page: Page, halfway: Halfway) -> Result<Response, Problem> {
    let person = halfway.person;
    let may = match need(&app, &person).await? {
        Need::SetUp { until } => until.is_some(),
        Need::Nothing => true,
        Need::Give | Need::Shut => false,
    };
    if !may || halfway.next != Step::SetUp.path() {
        return Ok(see_other(halfway.next));
    }
    let completion = completion(&app, &page, ProofKind::Password, false);
    let logged_in = step::put_off(&app, person, completion).await?.ok_or(Problem::LogIn)?;
    Ok(let_in(&app, &logged_in, ""))
}

/// Where a factor is set up: on the way in, or in `My account`.
#[derive(Clone, Copy)]
struct Place {
    passkey: &'static str,
    authenticator: &'static str,
    back: &'static str,
}

const ON_THE_WAY: Place = Place {
    passkey: "/second-factor/set-up/passkey",
    authenticator: "/second-factor/set-up/authenticator",
    back: Step::SetUp.path(),
};
const IN_MY_ACCOUNT: Place = Place {
    passkey: "/my-account/second-factors/passkey",
    authenticator: "/my-account/second-factors/authenticator",
    back: "/my-account",
};

/// Whoever may set up a first factor here. Whoever has one gives it, and nobody sets up another one instead.
async fn who_sets_up(app: &App, halfway: &Halfway) -> Result<Option<Person>, Problem> {
    if halfway.next != Step::SetUp.path() {
        return Ok(None);
    }
    let may = match need(app, &halfway.person).await? {
        Need::SetUp { .. } | Need::Nothing => true,
        Need::Give | Need::Shut => false,
    };
    Ok(may.then(|| halfway.person.clone()))
}

async fn first_passkey(State(app): State<App>, page: Page, halfway: Halfway) -> Result<Response, Problem> {
    let Some(person) = who_sets_up(&app, &halfway).await? else { return Ok(see_other(halfway.next)) };
    passkey_set_up_view(&app, &page, &person, ON_THE_WAY, &FieldErrors::none()).await
}

async fn add_first_passkey(
    State(app): State<App>,
    page: Page,
    halfway: Halfway,
    form: Form,
) -> Result<Response, Problem> {
    let Some(person) = who_sets_up(&app, &halfway).await? else { return Ok(see_other(halfway.next)) };
    let after = completion(&app, &page, proof_by(FactorKind::Passkey), false);
    save_passkey(&app, &page, &person, &form, ON_THE_WAY, After::ComeIn(Box::new(after))).await
}

async fn another_passkey(State(app): State<App>, page: Page, person: Person) -> Result<Response, Problem> {
    person.recent_proof(RECENT_MINUTES, IN_MY_ACCOUNT.passkey)?;
    passkey_set_up_view(&app, &page, &person, IN_MY_ACCOUNT, &FieldErrors::none()).await
}

async fn add_another_passkey(
    State(app): State<App>,
    page: Page,
    person: Person,
    form: Form,
) -> Result<Response, Problem> {
    person.recent_proof(RECENT_MINUTES, IN_MY_ACCOUNT.passkey)?;
    save_passkey(&app, &page, &person, &form, IN_MY_ACCOUNT, After::Stay).await
}

#[derive(Template)]
#[template(path = "set_up_passkey.html")]
struct PasskeySetUpView {
    errors: ErrorSummary,
    form: PasskeyForm,
    back: &'static str,
}

async fn passkey_set_up_view(
    app: &App,
    page: &Page,
    person: &Person,
    place: Place,
    errors: &FieldErrors,
) -> Result<Response, Problem> {
    let username = username_of(app, person.staff_record).await?;
    let question = offer_passkey(app, person, &username).await.map_err(set_up_problem)?;
    let body = PasskeySetUpView {
        errors: errors.summary(),
        form: PasskeyForm {
            csrf: page.csrf(),
            action: place.passkey,
            act: "create",
            question,
            back: String::new(),
            name: Some(name_input(format!("Passkey, {}", page.device()), errors)),
            remember: None,
            button: "Set up a passkey",
            login: false,
        },
        back: place.back,
    };
    page.shell("Set up a passkey").invalid_if(!errors.is_empty()).show(&body)
}

async fn username_of(app: &App, staff_record: Uuid) -> Result<String, Problem> {
    let mut reader = app.db.read().await?;
    let names = records::usernames(&mut reader.tx(), staff_record, app.clock.now()).await?;
    Ok(names.first().map(ToString::to_string).unwrap_or_default())
}

fn name_input(value: String, errors: &FieldErrors) -> TextInput {
    TextInput::new("name", "What you call it*")
        .hint("So that you know it again in a list.")
        .value(value)
        .error(errors.at("name"))
}

/// The name that was typed, or what is wrong with it.
fn name_of(form: &Form) -> Result<String, FieldErrors> {
    let name = form.get("name").trim();
    if name.is_empty() {
        Err(FieldErrors::one("name", "Enter a name by which you will know it again."))
    } else if name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
        Err(FieldErrors::one("name", format!("Use at most {LONGEST_NAME} characters for the name.")))
    } else {
        Ok(name.to_owned())
    }
}

async fn save_passkey(
    app: &App,
    page: &Page,
    person: &Person,
    form: &Form,
    place: Place,
    after: After,
) -> Result<Response, Problem> {
    let name = match name_of(form) {
        Ok(name) => name,
        Err(errors) => return passkey_set_up_view(app, page, person, place, &errors).await,
    };
    let given = (form.get("ticket"), form.get("answer"));
    match add_passkey(app, person, given, name, after, Trace::holder(page, person.staff_record)).await {
        Ok(done) => Ok(set_up_done(app, page, done)),
        Err(error) => {
            let Some(says) = words::set_up_refused(page.language(), &error) else {
                return Err(set_up_problem(error));
            };
            passkey_set_up_view(app, page, person, place, &FieldErrors::one("passkey", says)).await
        }
    }
}

/// The codes are shown next, where there are new ones; otherwise on to where they were going.
fn set_up_done(app: &App, page: &Page, done: SetUp) -> Response {
    let place = match done.codes {
        Some(codes) => {
            let ticket = seal_codes(app, page.binding(), codes);
            format!("/my-account/recovery-codes?codes={ticket}")
        }
        None => "/my-account?done=factor".to_owned(),
    };
    match done.logged_in {
        Some(logged_in) => {
            let mut response = let_in(app, &logged_in, "");
            if let Ok(place) = place.parse() {
                response.headers_mut().insert(header::LOCATION, place);
            }
            response
        }
        None => see_other(&place),
    }
}

fn set_up_problem(error: SetUpError) -> Problem {
    match error {
        SetUpError::Ended => Problem::LogIn,
        SetUpError::NotFound => Problem::NotFound,
        SetUpError::Store(error) => error.into(),
        SetUpError::Passkey(PasskeyError::Unreadable) => {
            Problem::Invalid("The passkey could not be read.".into())
        }
        error => Problem::Conflict(error.to_string()),
    }
}

async fn first_authenticator(
    State(app): State<App>,
    page: Page,
    halfway: Halfway,
) -> Result<Response, Problem> {
    let Some(person) = who_sets_up(&app, &halfway).await? else { return Ok(see_other(halfway.next)) };
    authenticator_view(&app, &page, &person, ON_THE_WAY, None, &FieldErrors::none()).await
}

async fn add_first_authenticator(
    State(app): State<App>,
    page: Page,
    halfway: Halfway,
    form: Form,
) -> Result<Response, Problem> {
    let Some(person) = who_sets_up(&app, &halfway).await? else { return Ok(see_other(halfway.next)) };
    let after = completion(&app, &page, proof_by(FactorKind::Authenticator), false);
    save_authenticator(&app, &page, &person, &form, ON_THE_WAY, After::ComeIn(Box::new(after))).await
}

async fn another_authenticator(
    State(app): State<App>,
    page: Page,
    person: Person,
) -> Result<Response, Problem> {
    person.recent_proof(RECENT_MINUTES, IN_MY_ACCOUNT.authenticator)?;
    authenticator_view(&app, &page, &person, IN_MY_ACCOUNT, None, &FieldErrors::none()).await
}

async fn add_another_authenticator(
    State(app): State<App>,
    page: Page,
    person: Person,
    form: Form,
) -> Result<Response, Problem> {
    person.recent_proof(RECENT_MINUTES, IN_MY_ACCOUNT.authenticator)?;
    save_authenticator(&app, &page, &person, &form, IN_MY_ACCOUNT, After::Stay).await
}

#[derive(Template)]
#[template(path = "set_up_authenticator.html")]
struct AuthenticatorView<'v> {
    page: &'v Page,
    errors: ErrorSummary,
    offer: AuthenticatorOffer,
    action: &'static str,
    code: TextInput,
    name: TextInput,
    button: Button,
    back: &'static str,
}

async fn authenticator_view(
    app: &App,
    page: &Page,
    person: &Person,
    place: Place,
    again: Option<&Form>,
    errors: &FieldErrors,
) -> Result<Response, Problem> {
    let username = username_of(app, person.staff_record).await?;
    let offer = offer_authenticator(app, person, &username, again.map(|form| form.get("ticket")));
    let name = again.map_or("Authenticator app", |form| form.get("name")).to_owned();
    let body = AuthenticatorView {
        page,
        errors: errors.summary(),
        offer,
        action: place.authenticator,
        code: TextInput::new("code", "Code*")
            .hint("The six digits that the app shows now.")
            .autocomplete("one-time-code")
            .without_spellcheck()
            .error(errors.at("code")),
        name: name_input(name, errors),
        button: Button::submit("Set up the app"),
        back: place.back,
    };
    page.shell("Set up an authenticator app").invalid_if(!errors.is_empty()).show(&body)
}

async fn save_authenticator(
    app: &App,
    page: &Page,
    person: &Person,
    form: &Form,
    place: Place,
    after: After,
) -> Result<Response, Problem> {
    let name = match name_of(form) {
        Ok(name) => name,
        Err(errors) => return authenticator_view(app, page, person, place, Some(form), &errors).await,
    };
    let given = (form.get("ticket"), form.get("code"));
    match add_authenticator(app, person, given, name, after, Trace::holder(page, person.staff_record)).await {
        Ok(done) => Ok(set_up_done(app, page, done)),
        Err(error) => {
            let Some(says) = words::set_up_refused(page.language(), &error) else {
                return Err(set_up_problem(error));
            };
            let errors = FieldErrors::one("code", says);
            authenticator_view(app, page, person, place, Some(form), &errors).await
        }
    }
}

async fn take_off(
    State(app): State<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
    _: Form,
) -> Result<Response, Problem> {
    person.recent_proof(RECENT_MINUTES, "/my-account")?;
    match remove(&app, &person, id, Trace::of(&page)).await {
        Ok(()) => Ok(see_other("/my-account?done=factor-removed")),
        Err(SetUpError::ShortPassword) => Ok(see_other("/my-account?done=short-password")),
        Err(error) => Err(set_up_problem(error)),
    }
}

// Recovery codes.

#[derive(Template)]
#[template(path = "recovery_codes.html")]
struct CodesView<'v> {
    page: &'v Page,
    codes: Option<Vec<String>>,
    left: i64,
    go_on: Button,
    make: Button,
}

async fn codes_page(State(app): State<App>, page: Page, person: Person) -> Result<Response, Problem> {
    let codes = open_codes(&app, &person, &page.query("codes"));
    if codes.is_none() {
        person.recent_proof(RECENT_MINUTES, "/my-account/recovery-codes")?;
    }
    let mut reader = app.db.read().await?;
    let left = sql::codes_left(&mut reader.tx(), person.staff_record).await?;
    drop(reader);
    if !person.factors.any() {
        return Ok(see_other("/my-account"));
    }
    let body = CodesView {
        page: &page,
        codes,
        left,
        go_on: Button::link("Go on", "/portal"),
        make: Button::submit("Make new recovery codes"),
    };
    page.shell("Recovery codes").show(&body)
}

async fn make_codes(
    State(app): State<App>,
    page: Page,
    person: Person,
    _: Form,
) -> Result<Response, Problem> {
    person.recent_proof(RECENT_MINUTES, "/my-account/recovery-codes")?;
    match new_codes(&app, &person, Trace::of(&page)).await {
        Ok(codes) => {
            let ticket = seal_codes(&app, page.binding(), codes);
            Ok(see_other(&format!("/my-account/recovery-codes?codes={ticket}")))
        }
        Err(SetUpError::NotFound) => Ok(see_other("/my-account")),
        Err(error) => Err(set_up_problem(error)),
    }
}
