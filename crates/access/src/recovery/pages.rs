use askama::Template;
use axum::{extract::State, response::Response};
use http::{StatusCode, header};
use jiff::tz::TimeZone;
use records::Employer;
use store::{Day, Instant, Secret};
use web::{
    Audience, FieldErrors, Form, Help, Language, Page, Problem, Route, format, see_other,
    ui::{Button, DateInput, ErrorSummary, PasswordInput, TextInput},
};

use super::{
    link::{LinkError, LinkState, OpenLink, Used, UsedBy, look_at, set_password, unlock},
    service::{Request, RequestError, request},
};
use crate::{
    App, Door,
    app::Trace,
    browser::{browser_cookie, browser_of},
    hasher::HashError,
    internet_access::Status,
    reset_password, words,
};

pub(crate) fn routes(app: &App) -> Vec<Route> {
    vec![
        Route::get("/forgotten", Audience::Anyone, show, app.clone()),
        Route::post("/forgotten", Audience::Anyone, submit, app.clone()),
        Route::get("/forgotten/sent", Audience::Anyone, sent, app.clone()),
        Route::get("/reset", Audience::Anyone, link, app.clone()),
        Route::post("/reset", Audience::Anyone, use_link, app.clone()),
        Route::get("/leavers/forgotten", Audience::Anyone, show_to_leavers, app.clone()),
        Route::post("/leavers/forgotten", Audience::Anyone, submit_of_leaver, app.clone()),
        Route::get("/leavers/forgotten/sent", Audience::Anyone, sent_to_leaver, app.clone()),
        Route::get("/leavers/reset", Audience::Anyone, leavers_link, app.clone()),
        Route::post("/leavers/reset", Audience::Anyone, use_leavers_link, app.clone()),
    ]
}

const LONGEST_USERNAME: usize = 100;

#[derive(Template)]
#[template(path = "forgotten.html")]
struct ForgottenView<'v> {
    page: &'v Page,
    leaver: bool,
    action: &'static str,
    errors: ErrorSummary,
    email: TextInput,
    date_of_birth: DateInput,
    username: TextInput,
    button: Button,
    help: Help<'v>,
}

/// What was typed, to be shown again.
#[derive(Default)]
struct Typed<'f> {
    email: &'f str,
    day: &'f str,
    month: &'f str,
    year: &'f str,
    username: &'f str,
}

impl<'f> Typed<'f> {
    fn of(form: &'f Form) -> Self {
        Self {
            email: form.get("email"),
            day: form.get("day"),
            month: form.get("month"),
            year: form.get("year"),
            username: form.get("username"),
        }
    }

    /// Email, date of birth and username, or what is wrong with them. Leavers name the account.
    fn read(&self, today: Day, door: Door) -> Result<(String, Day, Option<String>), FieldErrors> {
        let mut errors = FieldErrors::none();
        let (leaver, username) = (door == Door::Leavers, self.username.trim());
        if leaver && username.is_empty() {
            errors.add("username", words::no_username(Language::English));
        } else if leaver && username.chars().count() > LONGEST_USERNAME {
            errors.add("username", "This is too long for a username. It looks like 999JSMITH01.");
        }
        let email = self.email.trim().to_lowercase();
        if email.is_empty() {
            errors.add("email", "Enter your email address.");
        } else if !records::is_email(&email) {
            errors.add("email", "Enter an email address like first.last@domain.com.");
        }
        let date_of_birth = self.date_of_birth(today);
        if let Err(says) = date_of_birth {
            errors.add("date-of-birth-day", says);
        }
        if !leaver && username.chars().count() > LONGEST_USERNAME {
            errors.add("username", "This is too long for a username. Leave it empty if you do not know it.");
        }
        match date_of_birth {
            Ok(day) if errors.is_empty() => {
                Ok((email, day, Some(username.to_owned()).filter(|name| !name.is_empty())))
            }
            _ => Err(errors),
        }
    }

    fn date_of_birth(&self, today: Day) -> Result<Day, &'static str> {
        let parts = [self.day, self.month, self.year].map(str::trim);
        if parts.iter().all(|part| part.is_empty()) {
            return Err("Enter your date of birth.");
        }
        let [day, month, year] = parts;
        if year.len() != 4 {
            return Err("Enter the year of your date of birth with four digits, like 1980.");
        }
        let found = day_typed([day, month, year])
            .ok_or("Enter a date of birth that is in the calendar, like 27 3 1980.")?;
        if found >= today {
            return Err("Enter a date of birth that lies in the past.");
        }
        Ok(found)
    }
}

/// A day of the calendar, typed as day, month and year in digits.
pub(crate) fn day_typed(parts: [&str; 3]) -> Option<Day> {
    let read = |part: &str| {
        let part = part.trim();
        part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<i16>().ok()).flatten()
    };
    let [day, month, year] = parts.map(read);
    Day::new(year?, i8::try_from(month?).ok()?, i8::try_from(day?).ok()?)
}

/// P2.
async fn show(State(app): State<App>, page: Page) -> Result<Response, Problem> {
    forgotten_view(&app, &page, Door::Staff, &Typed::default(), &FieldErrors::none()).await
}

async fn show_to_leavers(State(app): State<App>, page: Page) -> Result<Response, Problem> {
    forgotten_view(&app, &page, Door::Leavers, &Typed::default(), &FieldErrors::none()).await
}

async fn submit(State(app): State<App>, page: Page, form: Form) -> Result<Response, Problem> {
    ask(&app, &page, Door::Staff, &form).await
}

async fn submit_of_leaver(State(app): State<App>, page: Page, form: Form) -> Result<Response, Problem> {
    ask(&app, &page, Door::Leavers, &form).await
}

async fn ask(app: &App, page: &Page, door: Door, form: &Form) -> Result<Response, Problem> {
    let typed = Typed::of(form);
    let today = app.clock.now().day_in(&TimeZone::UTC).plus_days(1);
    let (email, date_of_birth, username) = match typed.read(today, door) {
        Ok(read) => read,
        Err(errors) => return forgotten_view(app, page, door, &typed, &errors).await,
    };
    match request(app, Request { email, date_of_birth, username, client: page.client(), door }).await {
        Ok(()) => Ok(see_other(&format!("{}/sent", door.forgotten()))),
        Err(RequestError::Store(error)) => Err(error.into()),
    }
}

async fn forgotten_view(
    app: &App,
    page: &Page,
    door: Door,
    typed: &Typed<'_>,
    errors: &FieldErrors,
) -> Result<Response, Problem> {
    let desks = app.desks().await?;
    let leaver = door == Door::Leavers;
    let email = if leaver {
        TextInput::email("email", "Personal address*").hint("The email address that you set before you left")
    } else {
        TextInput::email("email", "Email*").hint("(Example : first.last@domain.com)")
    };
    let username = TextInput::new("username", if leaver { "Username*" } else { "Username" });
    let body = ForgottenView {
        page,
        leaver,
        action: door.forgotten(),
        errors: errors.summary(),
        email: email.value(typed.email).error(errors.at("email")),
        date_of_birth: DateInput::new("date-of-birth", "Date of Birth*")
            .birthday()
            .value(typed.day, typed.month, typed.year)
            .error(errors.at("date-of-birth-day")),
        username: username
            .value(typed.username)
            .autocomplete("username")
            .autocapitalize("characters")
            .without_spellcheck()
            .error(errors.at("username")),
        button: Button::submit("Submit"),
        help: Help { desks: &desks, open: false },
    };
    let shell = page.shell(if leaver {
        "Set a new password after you have left"
    } else {
        "Forgotten | Request Username/Password | Unlock Account"
    });
    shell.invalid_if(!errors.is_empty()).show(&body)
}

#[derive(Template)]
#[template(path = "forgotten_sent.html")]
struct SentView<'v> {
    leaver: bool,
    log_in: &'static str,
    help: Help<'v>,
}

/// The answer to Submit, the same whether or not anything matched.
async fn sent(State(app): State<App>, page: Page) -> Result<Response, Problem> {
    sent_view(&app, &page, Door::Staff).await
}

async fn sent_to_leaver(State(app): State<App>, page: Page) -> Result<Response, Problem> {
    sent_view(&app, &page, Door::Leavers).await
}

async fn sent_view(app: &App, page: &Page, door: Door) -> Result<Response, Problem> {
    let desks = app.desks().await?;
    let body = SentView {
        leaver: door == Door::Leavers,
        log_in: door.log_in(),
        help: Help { desks: &desks, open: true },
    };
    page.shell("Look in your mail").show(&body)
}

#[derive(Template)]
#[template(path = "reset.html")]
struct OpenView<'v> {
    page: &'v Page,
    errors: ErrorSummary,
    action: &'static str,
    link: &'v str,
    username: String,
    employer: &'v str,
    first: bool,
    locked_until: Option<String>,
    new: PasswordInput,
    set: Button,
    keep: Option<Button>,
    help: Help<'v>,
}

#[derive(Template)]
#[template(path = "reset_elsewhere.html")]
struct SomebodyElseView<'v> {
    page: &'v Page,
    name: &'v str,
    link: &'v str,
    door: Door,
    log_out: Button,
}

#[derive(Template)]
#[template(path = "reset_dead.html")]
struct DeadView<'v> {
    says: String,
    forgotten: &'static str,
    help: Help<'v>,
}

/// The page behind a link. Opening it changes nothing.
async fn link(State(app): State<App>, page: Page) -> Result<Response, Problem> {
    link_page(&app, &page, Door::Staff).await
}

async fn leavers_link(State(app): State<App>, page: Page) -> Result<Response, Problem> {
    link_page(&app, &page, Door::Leavers).await
}

async fn link_page(app: &App, page: &Page, door: Door) -> Result<Response, Problem> {
    let text = page.query("link");
    let state = look_at_its_door(app, Secret::parse(&text).as_ref(), door).await?;
    link_view(app, page, door, &text, &state, &FieldErrors::none()).await
}

/// A link is good at the door that it was asked for at.
async fn look_at_its_door(
    app: &App,
    secret: Option<&Secret>,
    door: Door,
) -> Result<LinkState, store::StoreError> {
    Ok(match look_at(app, secret).await? {
        LinkState::Open(open) if open.door() != door => LinkState::Unknown,
        state => state,
    })
}

async fn link_view(
    app: &App,
    page: &Page,
    door: Door,
    text: &str,
    state: &LinkState,
    errors: &FieldErrors,
) -> Result<Response, Problem> {
    let open = match state {
        LinkState::Open(open) => open,
        dead => return dead_view(app, page, door, dead).await,
    };
    match page.person() {
        Some(person) if person.staff_record != open.holder.record.id => {
            let log_out = Button::submit("Log them out and go on");
            let body = SomebodyElseView { page, name: &person.name, link: text, door, log_out };
            page.shell("Somebody else is logged in here").status(StatusCode::CONFLICT).show(&body)
        }
        _ => open_view(app, page, text, open, errors).await,
    }
}

async fn open_view(
    app: &App,
    page: &Page,
    text: &str,
    open: &OpenLink,
    errors: &FieldErrors,
) -> Result<Response, Problem> {
    let desks = app.desks().await?;
    let Employer { name, settings, .. } = &open.holder.employer;
    let rules = reset_password::rules(app, open.holder.record.id).await?;
    let least = rules.map_or(usize::MAX, |rules| rules.least);
    let body = OpenView {
        page,
        errors: errors.summary(),
        action: open.door().reset(),
        link: text,
        username: open.username.as_ref().map(ToString::to_string).unwrap_or_default(),
        employer: name,
        first: !open.has_password,
        locked_until: open.locked_until.map(|until| format::time(until, &settings.zone())),
        new: PasswordInput::new("new_password", "New password*")
            .choosing()
            .hint(words::password_advice(page.language(), least))
            .error(errors.at("new_password")),
        set: Button::submit("Set password").says("act", "set"),
        keep: open
            .has_password
            .then(|| Button::submit("Unlock and keep my password").says("act", "unlock").secondary()),
        help: Help { desks: &desks, open: false },
    };
    page.shell(if open.has_password { "Reset your password" } else { "Set your password" })
        .invalid_if(!errors.is_empty())
        .show(&body)
}

async fn dead_view(app: &App, page: &Page, door: Door, state: &LinkState) -> Result<Response, Problem> {
    let desks = app.desks().await?;
    let at = |at: &Instant, zone: &TimeZone| format::day_and_time(*at, zone);
    let says = match state {
        LinkState::Used(when, zone) => format!("It was used on {}. A link works once.", at(when, zone)),
        LinkState::Superseded(when, zone) => {
            format!(
                "A newer one was sent on {}. Use the link in the newest mail: only that one works.",
                at(when, zone)
            )
        }
        LinkState::PasswordSet(when, zone) => {
            format!("The password was set on {}, after this link was sent.", at(when, zone))
        }
        LinkState::Expired(when, zone) => format!("It ran out on {}.", at(when, zone)),
        LinkState::AddressChanged if door == Door::Leavers => {
            "The personal address that it was sent to was taken off or replaced.".to_owned()
        }
        LinkState::AddressChanged => {
            "The email address on the staff record has changed since it was sent. Ask for a new link at the new address.".to_owned()
        }
        LinkState::Left => "The last day at this employer is over.".to_owned(),
        LinkState::NoLeaver => {
            "It is for people who have left: you work there again, or left longer ago than your employer lets you log in.".to_owned()
        }
        LinkState::Unknown | LinkState::Open(_) => {
            "It may have been cut off in the mail. Copy the whole address from the mail into the browser."
                .to_owned()
        }
    };
    let body = DeadView { says, forgotten: door.forgotten(), help: Help { desks: &desks, open: false } };
    page.shell("This link does not work any more").status(StatusCode::GONE).show(&body)
}

/// The press of a button: the one thing that uses a link.
async fn use_link(State(app): State<App>, page: Page, form: Form) -> Result<Response, Problem> {
    press(&app, &page, Door::Staff, &form).await
}

async fn use_leavers_link(State(app): State<App>, page: Page, form: Form) -> Result<Response, Problem> {
    press(&app, &page, Door::Leavers, &form).await
}

async fn press(app: &App, page: &Page, door: Door, form: &Form) -> Result<Response, Problem> {
    let text = form.get("link");
    let secret = Secret::parse(text);
    let state = look_at_its_door(app, secret.as_ref(), door).await?;
    let (Some(secret), LinkState::Open(open)) = (secret, &state) else {
        return link_view(app, page, door, text, &state, &FieldErrors::none()).await;
    };
    let staff_record = open.holder.record.id;
    if page.person().is_some_and(|person| person.staff_record != staff_record) {
        return link_view(app, page, door, text, &state, &FieldErrors::none()).await;
    }
    let browser = browser_of(app, page).unwrap_or_else(|| app.entropy.id(app.clock.now()));
    let session = page.person().map(|person| person.session);
    let by = UsedBy {
        browser,
        device: page.device().to_owned(),
        session,
        trace: Trace::holder(page, staff_record),
    };
    let used = match form.get("act") {
        "unlock" => unlock(app, &secret, by).await,
        _ => {
            let rules = reset_password::rules(app, staff_record).await?.ok_or(Problem::NotFound)?;
            let password = form.password("new_password");
            if let Some(weakness) = rules.weakness(app, &password).await {
                let errors = FieldErrors::one("new_password", weakness.words(page.language()));
                return link_view(app, page, door, text, &state, &errors).await;
            }
            let hash = match rules.hash(app, &password).await {
                Ok(hash) => hash,
                Err(HashError::Busy) => return Err(Problem::Busy { seconds: 10 }),
                Err(HashError::Failed) => return Err(Problem::broken("hashing failed")),
            };
            set_password(app, &secret, hash, by).await
        }
    };
    match used {
        Ok(used) => used_view(app, page, (browser, door), form.get("act") == "unlock", &used),
        Err(LinkError::Dead(state)) => dead_view(app, page, door, &state).await,
        Err(LinkError::NoPassword) => {
            Err(Problem::Invalid("There is no password yet that could be kept. Go back and set one.".into()))
        }
        Err(LinkError::Store(error)) => Err(error.into()),
    }
}

#[derive(Template)]
#[template(path = "reset_done.html")]
struct DoneView {
    unlocked: bool,
    username: String,
    employer: String,
    outside: &'static str,
    log_in: Button,
}

fn used_view(
    app: &App,
    page: &Page,
    (browser, door): (uuid::Uuid, Door),
    unlocked: bool,
    used: &Used,
) -> Result<Response, Problem> {
    let outside = match used.status {
        _ if door == Door::Leavers => "Log in with your username, your password and your second factor.",
        Status::Approved => "You can log in from anywhere.",
        Status::Requested => {
            "You can log in on your employer's network now, and from anywhere once HR has approved your request."
        }
        _ => "You can log in on your employer's network.",
    };
    let body = DoneView {
        unlocked,
        username: used.username.as_ref().map(ToString::to_string).unwrap_or_default(),
        employer: used.holder.employer.name.clone(),
        outside,
        log_in: Button::link("Log in", door.log_in()).login(),
    };
    let title = if unlocked { "Your account is unlocked" } else { "Your password is set" };
    page.shell(title).header(header::SET_COOKIE, browser_cookie(app, browser)).show(&body)
}

#[cfg(test)]
mod tests {
    use store::Day;

    use super::{Door, Typed};

    #[test]
    fn what_is_typed_is_read_or_said_to_be_wrong() {
        let today = Day::new(2026, 11, 24).unwrap();
        let good = Typed {
            email: " First.Last@NHS.net ",
            day: "7",
            month: "03",
            year: "1980",
            username: " 999jsmith01 ",
        };
        let (email, born, username) = good.read(today, Door::Staff).unwrap();
        assert_eq!((email.as_str(), born.to_string().as_str()), ("first.last@nhs.net", "1980-03-07"));
        assert_eq!(username.as_deref(), Some("999jsmith01"));
        for (day, month, year) in [
            ("31", "02", "1980"),
            ("0", "1", "1980"),
            ("1", "13", "1980"),
            ("x", "1", "1980"),
            ("-1", "1", "1980"),
            ("1", "1", "80"),
            ("1", "1", "2027"),
            ("", "", ""),
            ("１", "1", "1980"),
            ("999999999999", "1", "1980"),
        ] {
            let errors = Typed { email: "a@b.net", day, month, year, username: "" }
                .read(today, Door::Staff)
                .unwrap_err();
            assert!(errors.at("date-of-birth-day").is_some(), "{day}/{month}/{year}");
        }
        let long = format!("{}@nhs.net", "a".repeat(250));
        for email in ["", "first.last", "@nhs.net", "a@nhs", "a b@nhs.net", "a@.net", "a@nhs.", long.as_str()]
        {
            let errors = Typed { email, day: "1", month: "1", year: "1980", username: "" }
                .read(today, Door::Staff)
                .unwrap_err();
            assert!(errors.at("email").is_some(), "{email}");
        }
    }
}
