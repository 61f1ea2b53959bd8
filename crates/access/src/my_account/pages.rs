use askama::Template;
use axum::{extract::State, response::Response};
use records::{Contact, Hold, HoldError, Holder, IdentityField, PersonalAddress, SecondFactor};
use uuid::Uuid;
use web::{
    Audience, Desk, Form, Page, PathId, Person, Problem, Route, format, see_other,
    ui::{Button, NotificationBanner, SummaryList},
};

use super::done::{Done, done};
use crate::{
    App,
    app::{Trace, holder_of},
    factors::{self, Factor, FactorKind},
    log_in,
    re_enrolment::{self, StopError},
    sessions::{self, EndError, end_one, end_others},
    words,
};

pub(crate) fn routes(app: &App) -> Vec<Route> {
    vec![
        Route::get("/my-account", Audience::Staff, show, app.clone()).in_menu("My account"),
        Route::post("/my-account/sessions/{id}/end", Audience::Staff, end_session, app.clone()),
        Route::post("/my-account/sessions/end-others", Audience::Staff, end_other_sessions, app.clone()),
        Route::post("/my-account/changes/{id}/stop", Audience::Staff, stop_change, app.clone()),
        Route::post("/my-account/re-enrolment/{id}/stop", Audience::Staff, stop_re_enrolment, app.clone()),
    ]
}

#[derive(Template)]
#[template(path = "my_account.html")]
struct MyAccountView<'v> {
    page: &'v Page,
    done: Option<NotificationBanner>,
    facts: SummaryList,
    desk: &'v Contact,
    changes: Vec<ChangeView>,
    re_enrolment: Option<ReEnrolmentView>,
    factors: Option<FactorsView>,
    personal: Option<PersonalView>,
    places: Vec<PlaceView>,
    end_others: Option<Button>,
    tries: Vec<TryView>,
    acts: Vec<ActView>,
}

struct ChangeView {
    id: Uuid,
    field: &'static str,
    to: String,
    from_when: String,
    stop: Button,
}

/// Somebody has said that they lost their factors.
struct ReEnrolmentView {
    id: Uuid,
    due: String,
    stop: Button,
}

struct FactorsView {
    base: &'static str,
    passkeys: bool,
    factors: Vec<FactorView>,
    codes: String,
}

struct FactorView {
    id: Uuid,
    name: String,
    kind: &'static str,
    since: String,
    used: String,
    remove: Button,
}

/// What there is for the time after they have left.
struct PersonalView {
    addresses: Vec<AddressView>,
    years: String,
    has_factor: bool,
}

struct AddressView {
    id: Uuid,
    address: String,
    says: String,
    set: String,
    /// As long as it may be somebody else who has set it.
    stop: Option<Button>,
    remove: Button,
}

struct PlaceView {
    id: Uuid,
    device: String,
    since: String,
    seen: String,
    here: bool,
    end: Button,
}

struct ActView {
    what: String,
    who: String,
    reason: Option<String>,
    reference: String,
}

struct TryView {
    at: String,
    device: String,
    outcome: &'static str,
}

/// So many tries to log in are listed.
const TRIES: i64 = 10;
/// So many acts of others are listed.
const MOST_ACTS: usize = 20;

async fn show(State(app): State<App>, page: Page, person: Person) -> Result<Response, Problem> {
    let (id, now, zone) = (person.staff_record, person.now, &person.zone);
    let holder = holder_of(&person)?;
    let mut reader = app.db.read().await?;
    let usernames = records::usernames(&mut reader.tx(), id, now).await?;
    let holds = records::open_holds(&mut reader.tx(), id, now).await?;
    let open = sessions::sql::open(&mut reader.tx(), id).await?;
    let tries = log_in::sql::log_ins(&mut reader.tx(), id, TRIES).await?;
    let factors = factors::sql::factors(&mut reader.tx(), id).await?;
    let codes = factors::sql::codes_left(&mut reader.tx(), id).await?;
    let re_enrolment = re_enrolment::sql::open(&mut reader.tx(), id).await?;
    let addresses = records::personal_address::open(&mut reader.tx(), id).await?;
    let mut acts = audit::done_by_others(&mut reader.tx(), id, MOST_ACTS as i64).await?;
    acts.extend(audit::about_with(&mut reader.tx(), id, "access.personal_address_", MOST_ACTS as i64).await?);
    let record_changes = records::changes_of(&mut reader.tx(), id, MOST_ACTS as i64).await?;
    drop(reader);
    let record = &holder.record;
    let usernames: Vec<String> = usernames.iter().map(ToString::to_string).collect();
    let places: Vec<PlaceView> = open
        .into_iter()
        .filter(|session| session.is_open(holder, now) && session.outstanding.is_none())
        .map(|session| PlaceView {
            id: session.id,
            since: format::day_and_time(session.began_at, zone),
            seen: format::time(session.seen_at, zone),
            here: session.id == person.session,
            device: session.device,
            end: Button::submit("Log out there").secondary().small(),
        })
        .collect();
    let body = MyAccountView {
        page: &page,
        done: banner(&page.query("done")),
        facts: SummaryList::new()
            .row("Name", record.name())
            .row("Date of birth", format::day_and_month(record.date_of_birth))
            .row("Email", record.email.clone().unwrap_or_else(|| "None held".to_owned()))
            .code("Username", usernames.join(", "))
            .row("Employee number", record.employee_number.clone())
            .row("Employer", holder.employer.name.clone()),
        desk: &holder.employer.settings.service_desk,
        re_enrolment: re_enrolment.and_then(|open| {
            Some(ReEnrolmentView {
                id: open.id,
                due: format::day_and_time(open.due_at?, zone),
                stop: Button::submit("Stop this").warning(),
            })
        }),
        personal: personal_view(&person, holder, addresses),
        factors: factors_view(holder, app.passkeys.is_some(), factors, codes, zone),
        changes: holds.into_iter().map(|hold| change(hold, zone)).collect(),
        acts: done(acts, record_changes).into_iter().take(MOST_ACTS).map(|act| act_view(act, zone)).collect(),
        end_others: (places.len() > 1).then(|| Button::submit("Log out everywhere else").secondary()),
        places,
        tries: tries
            .into_iter()
            .map(|tried| TryView {
                at: format::day_and_time(tried.at, zone),
                device: tried.device,
                outcome: match tried.outcome {
                    log_in::Outcome::LoggedIn => "Logged in",
                    log_in::Outcome::SecondFactor | log_in::Outcome::SetUp => "Password given",
                    _ => "Not let in",
                },
            })
            .collect(),
    };
    page.shell("My account").show(&body)
}

/// Missing where the employer has none and they have none.
fn factors_view(
    holder: &Holder,
    passkeys: bool,
    factors: Vec<Factor>,
    codes: i64,
    zone: &jiff::tz::TimeZone,
) -> Option<FactorsView> {
    let off = holder.employer.settings.policies.second_factor == SecondFactor::Off && !holder.has_role();
    if off && factors.is_empty() {
        return None;
    }
    let view = |factor: Factor| FactorView {
        id: factor.id,
        kind: match factor.kind {
            FactorKind::Passkey => "Passkey",
            FactorKind::Authenticator => "Authenticator app",
        },
        since: format::day_and_time(factor.created_at, zone),
        used: factor.last_used_at.map_or_else(|| "never".to_owned(), |at| format::day_and_time(at, zone)),
        remove: Button::submit(format!("Take off {}", factor.name)).secondary().small(),
        name: factor.name,
    };
    let codes = match codes {
        0 => "none left".to_owned(),
        1 => "1 left".to_owned(),
        left => format!("{left} left"),
    };
    let factors = factors.into_iter().map(view).collect();
    Some(FactorsView { base: "/my-account/second-factors", passkeys, factors, codes })
}

/// Missing where the employer lets no leavers in and they have set no address.
fn personal_view(person: &Person, holder: &Holder, addresses: Vec<PersonalAddress>) -> Option<PersonalView> {
    let years = holder.employer.settings.policies.leavers_years;
    if years == 0 && addresses.is_empty() {
        return None;
    }
    let (now, zone) = (person.now, &person.zone);
    let view = |address: PersonalAddress| AddressView {
        id: address.id,
        set: format::day_and_time(address.set_at, zone),
        says: match (address.works_from(), address.confirm_until) {
            (Some(from), _) if now < from => {
                format!("Works once you have left, from {} at the earliest", format::day_and_time(from, zone))
            }
            (Some(_), _) => "Works once you have left".to_owned(),
            (None, Some(until)) if now >= until => {
                "Not confirmed, and the link has run out: set it once more".to_owned()
            }
            (None, Some(until)) => {
                format!(
                    "Not confirmed yet: press the link in the mail to it by {}",
                    format::time(until, zone)
                )
            }
            (None, None) => "Not confirmed yet: a link is on its way to it".to_owned(),
        },
        stop: address.is_young(now).then(|| Button::submit("Stop this address").warning()),
        remove: Button::submit("Take it off").secondary().small(),
        address: address.address.unwrap_or_default(),
    };
    Some(PersonalView {
        addresses: addresses.into_iter().map(view).collect(),
        years: words::years(person.language, years),
        has_factor: person.factors.any(),
    })
}

fn act_view(act: Done, zone: &jiff::tz::TimeZone) -> ActView {
    ActView {
        what: act.act,
        who: format!("{}, {}", act.who, format::day_and_time(act.at, zone)),
        reason: act.reason,
        reference: act.reference,
    }
}

fn banner(done: &str) -> Option<NotificationBanner> {
    let says = match done {
        "ended" => "That place is logged out.",
        "factor" => "Your second factor is set up.",
        "factor-removed" => "The second factor is taken off.",
        "short-password" => {
            return Some(NotificationBanner::important(
                "Nothing was changed. Your password is too short to be the only way in: reset it to a longer one first, then take \
                 off your last second factor.",
            ));
        }
        "personal-address" => {
            "A link is on its way to your personal address. Press it to confirm that it is yours. The address on your staff record is \
             told as well."
        }
        "personal-address-removed" => "Your personal address is taken off.",
        "personal-address-stopped" => {
            "The personal address is stopped, and you are logged out everywhere else. Reset your password, and ring your service desk."
        }
        "kept-factors" => "Your second factors stay as they are. Ring your service desk and tell them.",
        "others" => "You are logged out everywhere else.",
        "stopped" => {
            "The change is stopped. What is held stays as it was. Tell HR, so that they correct their own records."
        }
        _ => return None,
    };
    Some(NotificationBanner::success(says))
}

fn change(hold: Hold, zone: &jiff::tz::TimeZone) -> ChangeView {
    // The year of a date of birth is not shown, and of a smartcard there is nothing that anybody would know by sight.
    let to = match hold.field {
        IdentityField::Email => hold.new_value.unwrap_or_else(|| "none".to_owned()),
        IdentityField::DateOfBirth => {
            let day = hold.new_value.and_then(|value| value.parse().ok());
            day.map_or_else(|| "none".to_owned(), format::day_and_month)
        }
        IdentityField::SmartcardUuid => {
            hold.new_value.map_or_else(|| "none".to_owned(), |_| "another card".to_owned())
        }
    };
    ChangeView {
        id: hold.id,
        field: match hold.field {
            IdentityField::Email => "email",
            IdentityField::DateOfBirth => "date of birth",
            IdentityField::SmartcardUuid => "smartcard",
        },
        to,
        from_when: format::day_and_time(hold.held_until, zone),
        stop: Button::submit("Stop this change").warning(),
    }
}

async fn end_session(
    State(app): State<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
) -> Result<Response, Problem> {
    match end_one(&app, person.staff_record, id, Trace::of(&page)).await {
        Ok(()) => Ok(see_other("/my-account?done=ended")),
        Err(EndError::NotFound) => Err(Problem::NotFound),
        Err(EndError::Store(error)) => Err(error.into()),
    }
}

async fn end_other_sessions(
    State(app): State<App>,
    page: Page,
    person: Person,
    _: Form,
) -> Result<Response, Problem> {
    end_others(&app, &person, Trace::of(&page)).await?;
    Ok(see_other("/my-account?done=others"))
}

/// The person says that a change of their email, date of birth or smartcard is wrong.
async fn stop_change(
    State(app): State<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
) -> Result<Response, Problem> {
    let Trace { origin, .. } = Trace::of(&page);
    match records::stop_hold(&app.db, &app.entropy, person.now, person.staff_record, id, origin).await {
        Ok(_) => Ok(see_other("/my-account?done=stopped")),
        Err(HoldError::NotOpen | HoldError::Refused(_)) => Err(Problem::NotFound),
        Err(HoldError::Store(error)) => Err(error.into()),
    }
}

/// The person says that they have lost nothing.
async fn stop_re_enrolment(
    State(app): State<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
    _: Form,
) -> Result<Response, Problem> {
    match re_enrolment::stop(&app, &person, id, Trace::of(&page)).await {
        Ok(()) => Ok(see_other("/my-account?done=kept-factors")),
        Err(StopError::NotOpen) => Err(Problem::NotFound),
        Err(StopError::Store(error)) => Err(error.into()),
    }
}
