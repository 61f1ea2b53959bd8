use std::collections::HashMap;

use askama::Template;
use axum::{extract::State, response::Response};
use store::{Instant, StoreError, Tx};
use uuid::Uuid;
use web::{
    FieldErrors, Form, Page, PathId, Person, Problem, Route, format, see_other,
    ui::{
        Button, ErrorSummary, InsetText, NotificationBanner, Radios, RowAction, SummaryList, TextInput, Width,
    },
};

use super::{
    Grant, GrantError, Granted, Held, Permission, Refused, Role, WaitingError, WaitingGrant, WithdrawError,
    role_confirm, role_grant, role_held, role_refuse, role_withdraw, sql, waiting_grant, waiting_grants,
};
use crate::{
    App, Holder, Username,
    pages::{HR, RECENT_MINUTES, origin, permitted},
    reason, staff, words,
};

pub(crate) fn routes(app: &App) -> Vec<Route> {
    vec![
        Route::get("/hr/roles", HR, list, app.clone()).in_menu("Roles"),
        Route::get(GRANT, HR, grant_form, app.clone()),
        Route::post(GRANT, HR, grant, app.clone()),
        Route::get("/hr/roles/{id}/withdraw", HR, withdraw_form, app.clone()),
        Route::post("/hr/roles/{id}/withdraw", HR, withdraw, app.clone()),
        Route::get("/hr/roles/waiting/{id}", HR, show_waiting, app.clone()),
        Route::post("/hr/roles/waiting/{id}/confirm", HR, confirm, app.clone()),
        Route::post("/hr/roles/waiting/{id}/refuse", HR, refuse, app.clone()),
    ]
}

const GRANT: &str = "/hr/roles/grant";
/// So many roles are on a page.
const PAGE: usize = 50;
/// So many of those that wait are listed.
const WAITING: i64 = 50;

#[derive(Template)]
#[template(path = "roles.html")]
struct RolesView {
    done: Option<NotificationBanner>,
    grant: Button,
    waiting: Vec<RowView>,
    held: Vec<RowView>,
    more: Option<Uuid>,
}

/// A role that somebody holds, or is to be given.
struct RowView {
    who: String,
    says: String,
    /// Missing at one's own.
    act: Option<RowAction>,
}

async fn list(State(app): State<App>, page: Page, person: Person) -> Result<Response, Problem> {
    permitted(&app.db, &person, Permission::GrantRole).await?;
    let (employer, now) = (person.employer, person.now);
    let mut reader = app.db.read().await?;
    let tx = &mut reader.tx();
    let after = match page.query("after").parse() {
        Ok(after) => sql::held(tx, employer, after, now).await?,
        Err(_) => None,
    };
    let waiting = waiting_grants(tx, employer, WAITING, now).await?;
    let mut held = sql::roles_held(tx, employer, after.as_ref(), PAGE as i64 + 1, now).await?;
    let more = held.len() > PAGE;
    held.truncate(PAGE);
    let mut by: Vec<Uuid> = waiting.iter().map(|waiting| waiting.asked_by).collect();
    for held in &held {
        by.extend([held.granted_by, held.confirmed_by].into_iter().flatten());
    }
    let names = names(tx, by, now).await?;
    drop(reader);
    let body = RolesView {
        done: banner(&page.query("done")),
        grant: Button::link("Grant a role", GRANT),
        waiting: waiting.iter().map(|waiting| waiting_row(&person, waiting, &names)).collect(),
        more: held.last().map(|last| last.grant).filter(|_| more),
        held: held.iter().map(|held| held_row(&person, held, &names)).collect(),
    };
    page.shell("Roles").show(&body)
}

fn banner(done: &str) -> Option<NotificationBanner> {
    let says = match done {
        "granted" => "The role is granted. They are told by mail.",
        "before" => {
            return Some(NotificationBanner::important("They held this role already. Nothing was changed."));
        }
        "waits" => {
            "A second HR person has to confirm this role. The others are told by mail; it runs out after seven days."
        }
        "withdrawn" => "The role is withdrawn. They are told by mail.",
        "confirmed" => "The role is confirmed and granted. They are told by mail.",
        "refused" => "The role is not granted.",
        _ => return None,
    };
    Some(NotificationBanner::success(says))
}

/// The names of some staff records.
async fn names(tx: &mut Tx<'_>, of: Vec<Uuid>, now: Instant) -> Result<HashMap<Uuid, String>, StoreError> {
    let mut names = HashMap::new();
    for id in of {
        if !names.contains_key(&id)
            && let Some(holder) = staff::holder(tx, id, now).await?
        {
            names.insert(id, holder.record.name());
        }
    }
    Ok(names)
}

fn who(holder: &Holder, username: &str, now: Instant) -> String {
    words::who(&holder.record.name(), username, holder.record.has_left(holder.employer.today(now)))
}

fn granted_by(held: &Held, names: &HashMap<Uuid, String>) -> String {
    let name = |id: &Uuid| names.get(id).map_or("", String::as_str);
    let by = held.granted_by.as_ref().map_or(words::OPERATOR, name);
    words::granted_by(by, held.confirmed_by.as_ref().map(name))
}

fn held_row(person: &Person, held: &Held, names: &HashMap<Uuid, String>) -> RowView {
    let who = who(&held.holder, &held.username, person.now);
    let since = format::day(held.granted_at.day_in(&person.zone));
    let withdraw = || {
        let place = format!("/hr/roles/{}/withdraw", held.grant);
        RowAction::link("Withdraw", place, format!("{} of {who}", words::role_name(held.role)))
    };
    RowView {
        says: words::held_since(words::role_choice(held.role).0, &since, &granted_by(held, names)),
        act: (held.holder.record.id != person.staff_record).then(withdraw),
        who,
    }
}

fn waiting_row(person: &Person, waiting: &WaitingGrant, names: &HashMap<Uuid, String>) -> RowView {
    let who = who(&waiting.holder, &waiting.username, person.now);
    let act = if waiting.asked_by == person.staff_record { "Look or take back" } else { "Confirm or refuse" };
    let about = format!("{} of {who}", words::role_name(waiting.role));
    let by = names.get(&waiting.asked_by).map_or("", String::as_str);
    let until = format::day_and_time(waiting.lapses_at, &person.zone);
    RowView {
        says: words::waits_until(words::role_choice(waiting.role).0, by, &until),
        act: Some(RowAction::link(act, format!("/hr/roles/waiting/{}", waiting.id), about)),
        who,
    }
}

#[derive(Template)]
#[template(path = "role_grant.html")]
struct GrantView<'v> {
    page: &'v Page,
    errors: ErrorSummary,
    username: TextInput,
    role: Radios,
    reason: TextInput,
    button: Button,
}

async fn grant_form(State(app): State<App>, page: Page, person: Person) -> Result<Response, Problem> {
    permitted(&app.db, &person, Permission::GrantRole).await?;
    person.recent_proof(RECENT_MINUTES, GRANT)?;
    grant_view(&page, &Form::default(), &FieldErrors::none())
}

fn reason_input(value: &str, errors: &FieldErrors) -> TextInput {
    TextInput::new("reason", "Reason*")
        .hint("It stands on the trail and in the mails; they can read it.")
        .max_length(500)
        .value(value)
        .error(errors.at("reason"))
}

/// A reason that pages insist on; empty where something is wrong with it.
fn reason_of(form: &Form, errors: &mut FieldErrors) -> String {
    reason(form.get("reason")).unwrap_or_else(|says| {
        errors.add("reason", says);
        String::new()
    })
}

fn grant_view(page: &Page, form: &Form, errors: &FieldErrors) -> Result<Response, Problem> {
    let mut role = Radios::new("role", "Role*").value(form.get("role")).error(errors.at("role"));
    for &each in Role::ALL {
        let (name, means) = words::role_choice(each);
        role = role.item_with_hint(each.as_str(), name, means);
    }
    let body = GrantView {
        page,
        errors: errors.summary(),
        username: TextInput::new("username", "Username*")
            .hint("Of a member of your own staff, such as 999JSMITH01")
            .value(form.get("username"))
            .error(errors.at("username"))
            .autocomplete("off")
            .autocapitalize("characters")
            .without_spellcheck()
            .width(Width::W20),
        role,
        reason: reason_input(form.get("reason"), errors),
        button: Button::submit("Grant the role"),
    };
    page.shell("Grant a role").invalid_if(!errors.is_empty()).show(&body)
}

async fn grant(State(app): State<App>, page: Page, person: Person, form: Form) -> Result<Response, Problem> {
    person.recent_proof(RECENT_MINUTES, GRANT)?;
    let permit = permitted(&app.db, &person, Permission::GrantRole).await?;
    let mut errors = FieldErrors::none();
    let username = Username::parse(form.get("username"));
    if username.is_none() {
        errors.add("username", words::USERNAME_FIELD);
    }
    let role = form.get("role").parse::<Role>().ok();
    if role.is_none() {
        errors.add("role", words::ROLE_FIELD);
    }
    let reason = reason_of(&form, &mut errors);
    let (Some(username), Some(role), true) = (username, role, errors.is_empty()) else {
        return grant_view(&page, &form, &errors);
    };
    let grant = Grant { username, role, reason: Some(reason), recover: false };
    let granted = role_grant(&app.db, &app.entropy, person.now, &permit, grant, origin(&page)).await;
    let errors = match granted {
        Ok(Granted::Now { .. }) => return Ok(see_other("/hr/roles?done=granted")),
        Ok(Granted::Before) => return Ok(see_other("/hr/roles?done=before")),
        Ok(Granted::Waits { .. }) => return Ok(see_other("/hr/roles?done=waits")),
        Err(GrantError::Store(error)) => return Err(error.into()),
        Err(GrantError::Refused(refused)) if refused != Refused::OwnRecord => return Err(refused.into()),
        Err(error) => {
            let field = match error {
                GrantError::UnknownUsername(_) | GrantError::Left(..) | GrantError::Refused(_) => "username",
                GrantError::ReasonForm => "reason",
                _ => "role",
            };
            FieldErrors::one(field, error.to_string())
        }
    };
    grant_view(&page, &form, &errors)
}

#[derive(Template)]
#[template(path = "role_withdraw.html")]
struct WithdrawView<'v> {
    page: &'v Page,
    errors: ErrorSummary,
    grant: Uuid,
    facts: SummaryList,
    reason: TextInput,
    button: Button,
}

async fn withdraw_form(
    State(app): State<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
) -> Result<Response, Problem> {
    withdraw_view(&app, &page, &person, id, "", &FieldErrors::none()).await
}

async fn withdraw_view(
    app: &App,
    page: &Page,
    person: &Person,
    id: Uuid,
    typed: &str,
    errors: &FieldErrors,
) -> Result<Response, Problem> {
    permitted(&app.db, person, Permission::GrantRole).await?;
    let mut reader = app.db.read().await?;
    let held = role_held(&mut reader.tx(), person.employer, id, person.now).await?;
    person.recent_proof(RECENT_MINUTES, &format!("/hr/roles/{id}/withdraw"))?;
    let by = [held.granted_by, held.confirmed_by].into_iter().flatten().collect();
    let names = names(&mut reader.tx(), by, person.now).await?;
    drop(reader);
    let body = WithdrawView {
        page,
        errors: errors.summary(),
        grant: id,
        facts: SummaryList::new()
            .row("Name", held.holder.record.name())
            .code("Username", held.username.clone())
            .row("Role", words::role_choice(held.role).0)
            .row("Since", format::day_and_time(held.granted_at, &person.zone))
            .row("Granted by", granted_by(&held, &names))
            .row("Reason", held.reason.unwrap_or_else(|| words::NONE_GIVEN.to_owned())),
        reason: reason_input(typed, errors),
        button: Button::submit("Withdraw the role").warning(),
    };
    page.shell("Withdraw a role").invalid_if(!errors.is_empty()).show(&body)
}

async fn withdraw(
    State(app): State<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
    form: Form,
) -> Result<Response, Problem> {
    let mut errors = FieldErrors::none();
    let reason = reason_of(&form, &mut errors);
    if !errors.is_empty() {
        return withdraw_view(&app, &page, &person, id, form.get("reason"), &errors).await;
    }
    person.recent_proof(RECENT_MINUTES, &format!("/hr/roles/{id}/withdraw"))?;
    let permit = permitted(&app.db, &person, Permission::GrantRole).await?;
    role_withdraw(&app.db, &app.entropy, person.now, &permit, id, reason, origin(&page)).await?;
    Ok(see_other("/hr/roles?done=withdrawn"))
}

impl From<WithdrawError> for Problem {
    fn from(error: WithdrawError) -> Self {
        match error {
            WithdrawError::NotFound => Self::NotFound,
            WithdrawError::NotHeld | WithdrawError::LastHr => Self::Conflict(error.to_string()),
            WithdrawError::ReasonForm => Self::Invalid(error.to_string()),
            WithdrawError::Refused(refused) => refused.into(),
            WithdrawError::Store(error) => error.into(),
        }
    }
}

#[derive(Template)]
#[template(path = "role_waiting.html")]
struct WaitingView<'v> {
    page: &'v Page,
    id: Uuid,
    facts: SummaryList,
    own: Option<InsetText>,
    confirm: Option<Button>,
    refuse: Option<Button>,
}

async fn show_waiting(
    State(app): State<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
) -> Result<Response, Problem> {
    permitted(&app.db, &person, Permission::GrantRole).await?;
    let mut reader = app.db.read().await?;
    let waiting = waiting_grant(&mut reader.tx(), person.employer, id, person.now).await?;
    person.recent_proof(RECENT_MINUTES, &format!("/hr/roles/waiting/{id}"))?;
    let names = names(&mut reader.tx(), vec![waiting.asked_by], person.now).await?;
    drop(reader);
    let (asked, about) =
        (waiting.asked_by == person.staff_record, waiting.holder.record.id == person.staff_record);
    let own = match (asked, about) {
        (_, true) => Some(words::WAITS_FOR_YOURSELF),
        (true, false) => Some(words::ASKED_YOURSELF),
        (false, false) => None,
    };
    let refuse = if asked { "Take it back" } else { "Refuse" };
    let body = WaitingView {
        page: &page,
        id,
        facts: SummaryList::new()
            .row("Name", waiting.holder.record.name())
            .code("Username", waiting.username.clone())
            .row("Role", words::role_choice(waiting.role).0)
            .row("Asked for by", names.get(&waiting.asked_by).cloned().unwrap_or_default())
            .row("Asked for on", format::day_and_time(waiting.asked_at, &person.zone))
            .row("Reason", waiting.reason.unwrap_or_else(|| words::NONE_GIVEN.to_owned()))
            .row("Runs out", format::day_and_time(waiting.lapses_at, &person.zone)),
        own: own.map(InsetText::new),
        confirm: own.is_none().then(|| Button::submit("Confirm the role")),
        refuse: (!about).then(|| Button::submit(refuse).secondary()),
    };
    page.shell("Confirm a role").show(&body)
}

async fn confirm(
    State(app): State<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
) -> Result<Response, Problem> {
    decide(&app, &page, &person, id, true).await
}

async fn refuse(
    State(app): State<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
) -> Result<Response, Problem> {
    decide(&app, &page, &person, id, false).await
}

async fn decide(
    app: &App,
    page: &Page,
    person: &Person,
    id: Uuid,
    confirms: bool,
) -> Result<Response, Problem> {
    person.recent_proof(RECENT_MINUTES, &format!("/hr/roles/waiting/{id}"))?;
    let permit = permitted(&app.db, person, Permission::GrantRole).await?;
    let (now, origin) = (person.now, origin(page));
    if confirms {
        role_confirm(&app.db, &app.entropy, now, &permit, id, origin).await?;
        return Ok(see_other("/hr/roles?done=confirmed"));
    }
    role_refuse(&app.db, &app.entropy, now, &permit, id, origin).await?;
    Ok(see_other("/hr/roles?done=refused"))
}

impl From<WaitingError> for Problem {
    fn from(error: WaitingError) -> Self {
        match error {
            WaitingError::NotFound => Self::NotFound,
            WaitingError::NotWaiting | WaitingError::AskerGone | WaitingError::HolderGone => {
                Self::Conflict(error.to_string())
            }
            WaitingError::Refused(refused) => refused.into(),
            WaitingError::Store(error) => error.into(),
        }
    }
}
