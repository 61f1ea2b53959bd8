//! HR's pages: whose internet access has to be decided about, and one person's.

use askama::Template;
use axum::{extract::State, response::Response};
use records::{HR, Holder, Permission, of_own_employer, permitted};
use uuid::Uuid;
use web::{
    FieldErrors, Form, Language, Page, PathId, Person, Problem, Route, format, see_other,
    ui::{BackLink, Button, Checkboxes, ErrorSummary, NotificationBanner, Radios, SummaryList, TextInput},
};

use super::{
    Act, Status,
    service::{DecideError, decide},
    sql::{self, PAGE, Waiting},
};
use crate::{App, account, words};

pub(crate) fn routes(app: &App) -> Vec<Route> {
    vec![
        Route::get("/hr/internet-access", HR, list, app.clone()).in_menu("Internet access requests"),
        Route::post("/hr/internet-access/decide", HR, decide_many, app.clone()),
        Route::get("/hr/internet-access/{id}", HR, show, app.clone()),
        Route::post("/hr/internet-access/{id}/decide", HR, decide_one, app.clone()),
    ]
}

#[derive(Template)]
#[template(path = "hr_internet_access.html")]
struct ListView<'v> {
    page: &'v Page,
    done: Option<NotificationBanner>,
    errors: ErrorSummary,
    status: &'static str,
    word: &'static str,
    others: Vec<(&'static str, &'static str)>,
    list: Option<(Checkboxes, DecideForm)>,
    next: Option<String>,
}

/// What HR decides, and why.
struct DecideForm {
    acts: Radios,
    reason: TextInput,
    button: Button,
}

#[derive(Template)]
#[template(path = "hr_internet_access_person.html")]
struct PersonView<'v> {
    page: &'v Page,
    back: BackLink,
    done: Option<NotificationBanner>,
    errors: ErrorSummary,
    id: Uuid,
    name: String,
    facts: SummaryList,
    form: Result<DecideForm, String>,
}

/// What was typed.
#[derive(Clone, Copy, Default)]
struct Typed<'f> {
    act: &'f str,
    reason: &'f str,
}

impl<'f> Typed<'f> {
    fn of(form: &'f Form) -> Self {
        Self { act: form.get("act"), reason: form.get("reason") }
    }

    fn read(self) -> Result<(Act, String), FieldErrors> {
        let mut errors = FieldErrors::none();
        let act = match self.act {
            "approve" => Some(Act::Approve),
            "refuse" => Some(Act::Refuse),
            "withdraw" => Some(Act::Withdraw),
            _ => None,
        };
        if act.is_none() {
            errors.add("act", "Choose what you decide.");
        }
        let reason = records::reason(self.reason).map_err(|says| errors.add("reason", says));
        match (act, reason) {
            (Some(act), Ok(reason)) => Ok((act, reason)),
            _ => Err(errors),
        }
    }
}

async fn list(State(app): State<App>, page: Page, person: Person) -> Result<Response, Problem> {
    list_view(&app, &page, &person, Typed::default(), (None, &[]), &FieldErrors::none()).await
}

async fn list_view(
    app: &App,
    page: &Page,
    person: &Person,
    typed: Typed<'_>,
    (status, ticked): (Option<Status>, &[Uuid]),
    errors: &FieldErrors,
) -> Result<Response, Problem> {
    let asked = status.or_else(|| page.query("status").parse().ok());
    let status = asked.filter(|status| status.is_listed()).unwrap_or(Status::Requested);
    permitted(&app.db, person, Permission::DecideInternetAccess).await?;
    let mut reader = app.db.read().await?;
    let mut waiting = sql::waiting(&mut reader.tx(), person.employer, status, &page.query("after")).await?;
    drop(reader);
    let more = waiting.len() > PAGE;
    waiting.truncate(PAGE);
    let word = |status: Status| words::status(page.language(), status);
    let next = waiting.last().filter(|_| more).map(|last| {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("status", status.as_str())
            .append_pair("after", &last.employee_number)
            .finish();
        format!("/hr/internet-access?{query}")
    });
    let others = Status::ALL.iter().copied().filter(|other| other.is_listed() && *other != status);
    let body = ListView {
        page,
        done: list_banner(page),
        errors: errors.summary(),
        status: status.as_str(),
        word: word(status),
        others: others.map(|other| (other.as_str(), word(other))).collect(),
        list: (!waiting.is_empty())
            .then(|| (people(waiting, ticked, person, errors), decide_form(status, typed, errors))),
        next,
    };
    page.shell("Internet access requests").invalid_if(!errors.is_empty()).show(&body)
}

fn people(waiting: Vec<Waiting>, ticked: &[Uuid], person: &Person, errors: &FieldErrors) -> Checkboxes {
    let boxes = Checkboxes::new("people", "Whom do you decide about?").error(errors.at("people"));
    let boxes = boxes.values(ticked.iter().map(ToString::to_string));
    waiting.into_iter().fold(boxes, |boxes, one| {
        let label = format!("{} ({})", one.name(), one.employee_number);
        let since = one.since.map(|at| format::day_and_time(at, &person.zone));
        let hint = [one.position, one.department, since].into_iter().flatten().collect::<Vec<_>>().join(", ");
        let id = one.staff_record_id.to_string();
        boxes.named_item(format!("person-{id}"), id, label, hint)
    })
}

fn list_banner(page: &Page) -> Option<NotificationBanner> {
    let count = |name: &str| page.query(name).parse::<u64>().ok();
    let (decided, left) = (count("decided")?, count("left").unwrap_or_default());
    let says = words::decided(page.language(), decided, left);
    Some(if left == 0 { NotificationBanner::success(says) } else { NotificationBanner::important(says) })
}

fn decide_form(status: Status, typed: Typed<'_>, errors: &FieldErrors) -> DecideForm {
    let mut acts = Radios::new("act", "What do you decide?").value(typed.act).error(errors.at("act"));
    let all = [
        (Act::Approve, "approve", "Approve", "They can log in by username and password from anywhere."),
        (Act::Refuse, "refuse", "Refuse", "They can log in at work only, or with a smartcard."),
        (
            Act::Withdraw,
            "withdraw",
            "Withdraw",
            "From now on they can log in at work only, or with a smartcard.",
        ),
    ];
    for (_, value, label, hint) in all.into_iter().filter(|(act, ..)| status.after(*act).is_some()) {
        acts = acts.item_with_hint(value, label, hint);
    }
    DecideForm { acts, reason: records::reason_field(typed.reason, errors), button: Button::submit("Decide") }
}

/// Those whose boxes are ticked.
fn ticked(form: &Form) -> Vec<Uuid> {
    form.fields().filter_map(|(name, _)| name.strip_prefix("person-")?.parse().ok()).take(PAGE).collect()
}

async fn decide_many(
    State(app): State<App>,
    page: Page,
    person: Person,
    form: Form,
) -> Result<Response, Problem> {
    let (typed, ids, status) = (Typed::of(&form), ticked(&form), form.get("status").parse().ok());
    let mut errors = FieldErrors::none();
    if ids.is_empty() {
        errors.add("people", "Tick at least one person.");
    }
    let read = match typed.read() {
        Ok(read) if errors.is_empty() => Ok(read),
        Ok(_) => Err(errors),
        Err(wrong) => Err(wrong.after(errors)),
    };
    let (act, reason) = match read {
        Ok(read) => read,
        Err(errors) => return list_view(&app, &page, &person, typed, (status, &ids), &errors).await,
    };
    let permit = permitted(&app.db, &person, Permission::DecideInternetAccess).await?;
    let mut holders = Vec::with_capacity(ids.len());
    for id in ids {
        holders.push(of_own_employer(&app.db, &person, id).await?);
    }
    let (mut decided, mut left) = (0, 0);
    for holder in holders {
        match decide(&app, &permit, holder, act, Some(reason.clone()), records::origin(&page)).await {
            Ok(_) => decided += 1,
            Err(DecideError::Store(error)) => return Err(error.into()),
            Err(DecideError::NoAccount | DecideError::Overtaken(_) | DecideError::Refused(_)) => left += 1,
        }
    }
    let status = status.unwrap_or(Status::Requested);
    Ok(see_other(&format!("/hr/internet-access?status={status}&decided={decided}&left={left}")))
}

async fn show(
    State(app): State<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
) -> Result<Response, Problem> {
    let holder = of_own_employer(&app.db, &person, id).await?;
    person_view(&app, &page, &person, &holder, Typed::default(), &FieldErrors::none()).await
}

async fn person_view(
    app: &App,
    page: &Page,
    person: &Person,
    holder: &Holder,
    typed: Typed<'_>,
    errors: &FieldErrors,
) -> Result<Response, Problem> {
    let permit = permitted(&app.db, person, Permission::DecideInternetAccess).await?;
    let mut reader = app.db.read().await?;
    let account = account::sql::account(&mut reader.tx(), holder.record.id).await?;
    drop(reader);
    let status = account.as_ref().map(|account| account.internet_access);
    let form = match (permit.check_account(Permission::DecideInternetAccess, holder), status) {
        (Err(refused), _) => Err(refused.to_string()),
        (Ok(()), None) => Err(DecideError::NoAccount.to_string()),
        (Ok(()), Some(status)) => Ok(decide_form(status, typed, errors)),
    };
    let says = words::status(Language::English, status.unwrap_or(Status::NotRequested));
    let body = PersonView {
        page,
        back: BackLink::new("/hr/internet-access").text("Internet access requests"),
        done: (page.query("done") == "decided")
            .then(|| NotificationBanner::success("It is decided, and they are told by mail.")),
        errors: errors.summary(),
        id: holder.record.id,
        name: holder.record.name(),
        facts: SummaryList::new()
            .row("Employee number", holder.record.employee_number.clone())
            .row("Internet access", says),
        form,
    };
    page.shell(format!("Internet access: {}", holder.record.name()))
        .invalid_if(!errors.is_empty())
        .show(&body)
}

async fn decide_one(
    State(app): State<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
    form: Form,
) -> Result<Response, Problem> {
    let holder = of_own_employer(&app.db, &person, id).await?;
    let typed = Typed::of(&form);
    let (act, reason) = match typed.read() {
        Ok(read) => read,
        Err(errors) => return person_view(&app, &page, &person, &holder, typed, &errors).await,
    };
    let permit = permitted(&app.db, &person, Permission::DecideInternetAccess).await?;
    match decide(&app, &permit, holder.clone(), act, Some(reason), records::origin(&page)).await {
        Ok(_) => Ok(see_other(&format!("/hr/internet-access/{id}?done=decided"))),
        Err(DecideError::Store(error)) => Err(error.into()),
        Err(DecideError::Refused(refused)) => Err(refused.into()),
        Err(error @ (DecideError::NoAccount | DecideError::Overtaken(_))) => {
            let errors = FieldErrors::one("act", error.to_string());
            person_view(&app, &page, &person, &holder, typed, &errors).await
        }
    }
}
