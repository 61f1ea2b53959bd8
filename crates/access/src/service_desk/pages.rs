use askama::Template;
use audit::Origin;
use axum::{extract::State, response::Response};
use records::{Holder, Permission, Permit, Refused, StaffSearch, of_own_employer, permitted};
use store::StoreError;
use uuid::Uuid;
use web::{
    Audience, FieldErrors, Form, Page, PathId, Person, Problem, Route, format, see_other,
    ui::{
        BackLink, Button, DateInput, ErrorSummary, InsetText, NotificationBanner, Radios, SummaryList, Table,
        TextInput,
    },
};

use super::service::{
    CheckError, OpenError, SendError, TellError, WrongField, check_date_of_birth, checks_left, just_checked,
    open, send_link, tell_hr,
};
use crate::{
    App,
    re_enrolment::{self, AskError},
    recovery::day_typed,
    unlock::{UnlockError, unlock},
    why::{Reason, Remedy, Why, explain, why},
    words,
};

const ROLE: Audience = Audience::Role("service_desk");
/// So much of what happened is shown.
const EVENTS: usize = 30;

pub(crate) fn routes(app: &App) -> Vec<Route> {
    vec![
        Route::get("/service-desk", ROLE, find, app.clone()).in_menu("Service desk"),
        Route::get("/service-desk/{id}", ROLE, show, app.clone()),
        Route::post("/service-desk/{id}/help", ROLE, help, app.clone()),
        Route::post("/service-desk/{id}/date-of-birth", ROLE, check, app.clone()).not_kept(),
    ]
}

#[derive(Template)]
#[template(path = "service_desk.html")]
struct FindView {
    search: StaffSearch,
}

async fn find(State(app): State<App>, page: Page, person: Person) -> Result<Response, Problem> {
    permitted(&app.db, &person, Permission::ReadWhy).await?;
    let search = StaffSearch::of(&app.db, &page, &person, "/service-desk").await?;
    page.shell("Service desk").show(&FindView { search })
}

#[derive(Template)]
#[template(path = "service_desk_person.html")]
struct PersonView<'v> {
    page: &'v Page,
    back: BackLink,
    done: Option<NotificationBanner>,
    errors: ErrorSummary,
    id: Uuid,
    name: String,
    facts: SummaryList,
    why: InsetText,
    birth: Option<DateInput>,
    checks: String,
    check: Button,
    help: Result<HelpView, String>,
    standing: Vec<String>,
    events: Option<Table>,
}

/// What can be done, by whoever may.
struct HelpView {
    acts: Radios,
    reason: TextInput,
    button: Button,
}

#[derive(Template)]
#[template(path = "service_desk_why.html")]
struct WhyView<'v> {
    says: &'v str,
    does: &'v str,
}

impl askama::filters::HtmlSafe for WhyView<'_> {}

/// What was typed into the page's forms.
#[derive(Clone, Copy, Default)]
struct Typed<'f> {
    act: &'f str,
    reason: &'f str,
    day: [&'f str; 3],
}

/// The same, opened: whoever sends a form without having asked for the page sees as much of it, or does as much.
async fn opened(app: &App, page: &Page, person: &Person, id: Uuid) -> Result<Holder, Problem> {
    let permit = permitted(&app.db, person, Permission::ReadWhy).await?;
    let holder = of_own_employer(&app.db, person, id).await?;
    match open(app, &permit, &holder, records::origin(page)).await {
        Ok(()) => Ok(holder),
        Err(OpenError::Refused(refused)) => Err(refused.into()),
        Err(OpenError::Store(error)) => Err(error.into()),
    }
}

async fn show(
    State(app): State<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
) -> Result<Response, Problem> {
    let holder = opened(&app, &page, &person, id).await?;
    view(&app, &page, &person, &holder, Typed::default(), &FieldErrors::none()).await
}

async fn view(
    app: &App,
    page: &Page,
    person: &Person,
    holder: &Holder,
    typed: Typed<'_>,
    errors: &FieldErrors,
) -> Result<Response, Problem> {
    let (id, record, zone) = (holder.record.id, &holder.record, holder.employer.zone());
    let acting = permitted(&app.db, person, Permission::SendLink).await?;
    let found = why(app, holder).await?;
    let mut reader = app.db.read().await?;
    let usernames = records::usernames(&mut reader.tx(), id, person.now).await?;
    let left = checks_left(&mut reader.tx(), id, person.now).await?;
    let checked = just_checked(&mut reader.tx(), (id, person.staff_record), person.now).await?;
    drop(reader);
    let beside = app.beside.lines(id, &zone).await?;
    let usernames: Vec<String> = usernames.iter().map(ToString::to_string).collect();
    let (says, does) = explain(page.language(), &found.reason, &zone);
    let own = record.id == person.staff_record;
    let happened = Table::new("What happened").head(["When", "What"]).responsive();
    let rows = found.events.iter().take(EVENTS);
    let happened =
        rows.fold(happened, |table, (at, what)| table.row([format::day_and_time(*at, &zone), what.clone()]));
    let day = typed.day;
    let facts = SummaryList::new()
        .code("Username", if usernames.is_empty() { "None".to_owned() } else { usernames.join(", ") })
        .row("Employee number", record.employee_number.clone())
        .row("Email", record.email.clone().unwrap_or_else(|| "None held".to_owned()));
    let body = PersonView {
        page,
        back: BackLink::new("/service-desk").text("Search again"),
        done: banner(&page.query("done"), checked),
        errors: errors.summary(),
        id,
        name: record.name(),
        facts: beside.into_iter().fold(facts, |facts, (name, line)| facts.row(name, line)),
        why: InsetText::new(web::ui::Content::html(WhyView { says: &says, does })),
        birth: (left > 0 && !own).then(|| {
            DateInput::new("date-of-birth", "Date of birth, as they say it*")
                .value(day[0], day[1], day[2])
                .error(errors.at("date-of-birth-day"))
        }),
        checks: words::checks_left(page.language(), left),
        check: Button::submit("Check").secondary(),
        help: match acting.check_account(Permission::SendLink, holder) {
            Ok(()) => Ok(help_view(&found, holder, typed, errors)),
            Err(refused) => Err(refused.to_string()),
        },
        events: (!found.events.is_empty()).then_some(happened),
        standing: found.standing,
    };
    page.shell(record.name()).invalid_if(!errors.is_empty()).show(&body)
}

fn help_view(found: &Why, holder: &Holder, typed: Typed<'_>, errors: &FieldErrors) -> HelpView {
    let first = match found.reason.remedy() {
        Some(Remedy::SendLink) => "link",
        Some(Remedy::Unlock) => "unlock",
        Some(Remedy::ReEnrol) => "re-enrol",
        Some(Remedy::TellEmail) => "tell-email",
        Some(Remedy::TellDateOfBirth) => "tell-date-of-birth",
        None => "",
    };
    let chosen = if typed.act.is_empty() { first } else { typed.act };
    let mut acts = Radios::new("act", "What will you do?").value(chosen).error(errors.at("act"));
    if let Some(email) = holder.record.email.as_ref().filter(|_| !matches!(found.reason, Reason::Left(_))) {
        acts = acts.item_with_hint(
            "link",
            "Send a link",
            format!("To {email}. With it they set a password, or unlock."),
        );
    }
    if found.locked {
        acts = acts.item_with_hint("unlock", "Unlock", "Their password stays as it is.");
    }
    if found.has_factors && found.to_agree.is_none() {
        acts = acts.item_with_hint(
            "re-enrol",
            "Have their second factors taken off",
            "They are told at once, and can stop it until then.",
        );
    }
    if let Some(by) = &found.to_agree {
        acts = acts.item_with_hint(
            "agree",
            "Agree that their second factors are taken off",
            format!("{by} has asked for it."),
        );
    }
    acts = acts
        .item("tell-email", "Tell HR that the email address is wrong")
        .item("tell-date-of-birth", "Tell HR that the date of birth is wrong");
    HelpView {
        acts,
        reason: TextInput::new("reason", "Reason*")
            .hint("What they told you, and how you know that it is them. They can read it.")
            .value(typed.reason)
            .error(errors.at("reason")),
        button: Button::submit("Do this"),
    }
}

fn banner(done: &str, checked: Option<bool>) -> Option<NotificationBanner> {
    let says = match done {
        "link" => "A link is on its way to the address on their record. It arrives within 10 minutes.",
        "unlock" => "It is unlocked. Their password is as it was.",
        "re-enrol" => {
            "They are told that their second factors will be taken off. Below stands when. If they hold a role, a second person has to agree first."
        }
        "agree" => {
            "You have agreed. They are told that their second factors will be taken off; below stands when."
        }
        "tell-email" | "tell-date-of-birth" => "HR is told by mail.",
        // Said by what is on record, and not by the address alone.
        "checked" if checked? => "That is the date of birth on the record.",
        "checked" => {
            return Some(NotificationBanner::important(
                "That is not the date of birth on the record. If you are sure that it is them, tell HR.",
            ));
        }
        _ => return None,
    };
    Some(NotificationBanner::success(says))
}

/// Why one of the acts was not done: at a field, or as a page.
enum NotDone {
    Said(String),
    Problem(Problem),
}

impl From<Refused> for NotDone {
    fn from(refused: Refused) -> Self {
        Self::Problem(refused.into())
    }
}

impl From<StoreError> for NotDone {
    fn from(error: StoreError) -> Self {
        Self::Problem(error.into())
    }
}

macro_rules! not_done {
    ($($error:ident),*) => {$(
        impl From<$error> for NotDone {
            fn from(error: $error) -> Self {
                match error {
                    $error::Refused(refused) => refused.into(),
                    $error::Store(error) => error.into(),
                    error => Self::Said(error.to_string()),
                }
            }
        }
    )*};
}
not_done!(SendError, TellError, UnlockError, AskError, CheckError);

async fn help(
    State(app): State<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
    form: Form,
) -> Result<Response, Problem> {
    let holder = opened(&app, &page, &person, id).await?;
    let (act, reason) = (form.get("act"), form.get("reason"));
    let typed = Typed { act, reason, ..Typed::default() };
    let mut errors = FieldErrors::none();
    let known = ["link", "unlock", "re-enrol", "agree", "tell-email", "tell-date-of-birth"];
    if !known.contains(&act) {
        errors.add("act", "Choose what you will do.");
    }
    let reason = records::reason(reason).map_err(|says| errors.add("reason", says));
    let Ok(reason) = reason.and_then(|reason| if errors.is_empty() { Ok(reason) } else { Err(()) }) else {
        return view(&app, &page, &person, &holder, typed, &errors).await;
    };
    match do_act(&app, &person, holder.clone(), (act, reason), records::origin(&page)).await {
        Ok(()) => Ok(see_other(&format!("/service-desk/{id}?done={act}"))),
        Err(NotDone::Problem(problem)) => Err(problem),
        Err(NotDone::Said(says)) => {
            view(&app, &page, &person, &holder, typed, &FieldErrors::one("act", says)).await
        }
    }
}

async fn do_act(
    app: &App,
    person: &Person,
    holder: Holder,
    (act, reason): (&str, String),
    origin: Origin,
) -> Result<(), NotDone> {
    let permit = async |permission| -> Result<Permit, NotDone> {
        permitted(&app.db, person, permission).await.map_err(NotDone::Problem)
    };
    let own = records::holder_of(person)?;
    let by = format!("{} ({})", own.record.name(), own.record.employee_number);
    match act {
        "link" => send_link(app, &permit(Permission::SendLink).await?, holder, reason, origin).await?,
        "unlock" => unlock(app, &permit(Permission::Unlock).await?, holder, Some(reason), origin).await?,
        "re-enrol" => {
            let permit = permit(Permission::ReEnrol).await?;
            re_enrolment::ask(app, &permit, holder, &reason, by, origin).await?;
        }
        "agree" => {
            let permit = permit(Permission::ReEnrol).await?;
            re_enrolment::agree(app, &permit, holder, by, Some(reason), origin).await?;
        }
        "tell-email" => {
            let permit = permit(Permission::TellHr).await?;
            tell_hr(app, &permit, holder, WrongField::Email, reason, origin).await?;
        }
        _ => {
            let permit = permit(Permission::TellHr).await?;
            tell_hr(app, &permit, holder, WrongField::DateOfBirth, reason, origin).await?;
        }
    }
    Ok(())
}

async fn check(
    State(app): State<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
    form: Form,
) -> Result<Response, Problem> {
    let holder = opened(&app, &page, &person, id).await?;
    let day = [form.get("day"), form.get("month"), form.get("year")];
    let typed = Typed { day, ..Typed::default() };
    let Some(said) = day_typed(day) else {
        let errors =
            FieldErrors::one("date-of-birth-day", "Enter a day that is in the calendar, like 27 3 1980.");
        return view(&app, &page, &person, &holder, typed, &errors).await;
    };
    let permit = permitted(&app.db, &person, Permission::CheckDateOfBirth).await?;
    let checked = check_date_of_birth(&app, &permit, holder.clone(), said, records::origin(&page)).await;
    match checked.map_err(NotDone::from) {
        Ok(_) => Ok(see_other(&format!("/service-desk/{id}?done=checked"))),
        Err(NotDone::Problem(problem)) => Err(problem),
        Err(NotDone::Said(says)) => {
            let errors = FieldErrors::one("date-of-birth-day", says);
            view(&app, &page, &person, &holder, typed, &errors).await
        }
    }
}
