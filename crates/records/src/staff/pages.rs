//! HR's pages about one of its staff: find, read, correct, allot a new username.

use askama::Template;
use axum::{extract::State, response::Response};
use store::Day;
use uuid::Uuid;
use web::{
    FieldErrors, Form, Page, PathId, Person, Problem, Route, format, see_other,
    ui::{BackLink, Button, ErrorSummary, NotificationBanner, SummaryList, Tag, TagColour, TextInput},
};

use super::{AllotError, Holder, allot_username};
use crate::{
    App, Hold, IdentityField, Permission, StaffSearch, holds,
    import::{Cells, Column, CorrectError, Correction, Editable, correct, editable},
    of_own_employer, origin,
    pages::HR,
    permitted, personal_address, reason, reason_field, words,
};

pub(crate) fn routes(app: &App) -> Vec<Route> {
    vec![
        Route::get("/hr/staff", HR, find, app.clone()).in_menu("Staff"),
        Route::get("/hr/staff/{id}", HR, show, app.clone()),
        Route::get("/hr/staff/{id}/correct", HR, correct_form, app.clone()),
        Route::post("/hr/staff/{id}/correct", HR, submit, app.clone()),
        Route::post("/hr/staff/{id}/username", HR, allot, app.clone()),
    ]
}

#[derive(Template)]
#[template(path = "hr_staff.html")]
struct FindView {
    search: StaffSearch,
}

async fn find(State(app): State<App>, page: Page, person: Person) -> Result<Response, Problem> {
    permitted(&app.db, &person, Permission::CorrectStaff).await?;
    let search = StaffSearch::of(&app.db, &page, &person, "/hr/staff").await?;
    page.shell("Staff").show(&FindView { search })
}

#[derive(Template)]
#[template(path = "hr_staff_person.html")]
struct PersonView<'v> {
    page: &'v Page,
    back: BackLink,
    done: Option<NotificationBanner>,
    errors: ErrorSummary,
    id: Uuid,
    name: String,
    left: Option<Tag>,
    facts: SummaryList,
    held: Vec<String>,
    assignments: Vec<(String, SummaryList)>,
    own: bool,
    reason: TextInput,
    allot: Button,
}

/// Somebody of the employer of whoever asks, and their record as it is written, held or not.
async fn read(app: &App, person: &Person, id: Uuid) -> Result<(Holder, Editable), Problem> {
    let holder = of_own_employer(&app.db, person, id).await?;
    let mut reader = app.db.read().await?;
    let record = editable(&mut reader.tx(), person.employer, id).await?.ok_or(Problem::NotFound)?;
    Ok((holder, record))
}

async fn show(
    State(app): State<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
) -> Result<Response, Problem> {
    permitted(&app.db, &person, Permission::CorrectStaff).await?;
    view(&app, &page, &person, id, "", &FieldErrors::none()).await
}

async fn view(
    app: &App,
    page: &Page,
    person: &Person,
    id: Uuid,
    typed: &str,
    errors: &FieldErrors,
) -> Result<Response, Problem> {
    let (holder, record) = read(app, person, id).await?;
    let mut reader = app.db.read().await?;
    let usernames = super::usernames(&mut reader.tx(), id, person.now).await?;
    let held = holds::open_holds(&mut reader.tx(), id, person.now).await?;
    let personal_address = personal_address::has_confirmed(&mut reader.tx(), id).await?;
    drop(reader);
    let usernames: Vec<String> = usernames.iter().map(ToString::to_string).collect();
    let facts = SummaryList::new()
        .row(words::field(Column::EmployeeNumber), holder.record.employee_number.clone())
        .code("Username", if usernames.is_empty() { "None".to_owned() } else { usernames.join(", ") });
    let facts = record
        .person
        .iter()
        .fold(facts, |facts, (column, cell)| facts.row(words::field(*column), shown(*column, cell)))
        .row(words::PERSONAL_ADDRESS, words::personal_address(personal_address));
    let last_day =
        holder.record.last_day.filter(|_| holder.record.has_left(holder.employer.today(person.now)));
    let body = PersonView {
        page,
        back: BackLink::new("/hr/staff").text("Staff"),
        done: banner(&page.query("done"), &page.query("held")),
        errors: errors.summary(),
        id,
        name: holder.record.name(),
        left: last_day.map(|day| Tag::new(format!("Left {}", format::day(day))).colour(TagColour::Grey)),
        facts,
        held: held.iter().map(|hold| held_words(hold, person)).collect(),
        assignments: assignments(&record),
        own: id == person.staff_record,
        reason: reason_field(typed, errors),
        allot: Button::submit("Allot a new username").secondary(),
    };
    page.shell(holder.record.name()).invalid_if(!errors.is_empty()).show(&body)
}

fn held_words(hold: &Hold, person: &Person) -> String {
    words::held_until(hold.field, &format::day_and_time(hold.held_until, &person.zone))
}

fn is_day(column: Column) -> bool {
    matches!(
        column,
        Column::DateOfBirth | Column::StartDate | Column::LeavingDate | Column::AbsentFrom | Column::AbsentTo
    )
}

fn shown(column: Column, cell: &str) -> String {
    match cell.parse::<Day>() {
        Ok(day) if is_day(column) => format::day(day),
        _ if cell.is_empty() => "None".to_owned(),
        _ => cell.to_owned(),
    }
}

/// Each assignment's number, and what is held of it.
fn assignments(record: &Editable) -> Vec<(String, SummaryList)> {
    let held = record.assignments.iter().map(|cells| {
        let number = cells.first().map(|(_, number)| number.clone()).unwrap_or_default();
        let facts = cells.iter().skip(1).filter(|(_, cell)| !cell.is_empty());
        let list = facts.fold(SummaryList::new(), |list, (column, cell)| {
            list.row(words::field(*column), shown(*column, cell))
        });
        (number, list)
    });
    held.collect()
}

fn banner(done: &str, held: &str) -> Option<NotificationBanner> {
    let says = match (done, held) {
        ("corrected", "yes") => words::CORRECTED_HELD,
        ("corrected", _) => words::CORRECTED,
        ("nothing", _) => return Some(NotificationBanner::important(words::NOTHING_CORRECTED)),
        ("username", _) => words::USERNAME_DONE,
        _ => return None,
    };
    Some(NotificationBanner::success(says))
}

// Correcting a record.

#[derive(Template)]
#[template(path = "hr_staff_correct.html")]
struct CorrectView<'v> {
    page: &'v Page,
    back: BackLink,
    errors: ErrorSummary,
    id: Uuid,
    name: String,
    version: i64,
    person: Vec<TextInput>,
    assignments: Vec<(String, Vec<TextInput>)>,
    reason: TextInput,
    button: Button,
}

async fn correct_form(
    State(app): State<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
) -> Result<Response, Problem> {
    let permit = permitted(&app.db, &person, Permission::CorrectStaff).await?;
    let (holder, record) = read(&app, &person, id).await?;
    permit.check(Permission::CorrectStaff, person.employer, Some(id))?;
    correct_view(&page, &holder, &record, "", &FieldErrors::none())
}

/// A field's name in the form: the column's word, and for an assignment's how many it is.
fn name_of(column: Column, assignment: Option<usize>) -> String {
    match assignment {
        None => column.as_str().to_owned(),
        Some(index) => format!("{}-{index}", column.as_str()),
    }
}

fn correct_view(
    page: &Page,
    holder: &Holder,
    record: &Editable,
    typed_reason: &str,
    errors: &FieldErrors,
) -> Result<Response, Problem> {
    let inputs = |cells: &Cells, assignment| {
        let editable = cells.iter().filter(|(column, _)| *column != Column::AssignmentNumber);
        let inputs = editable.map(|(column, cell)| {
            let name = name_of(*column, assignment);
            let label = if column.is_required() {
                format!("{}*", words::field(*column))
            } else {
                words::field(*column).to_owned()
            };
            let error = errors.at(&name).map(str::to_owned);
            let input = TextInput::new(name, label).value(cell).error(error).autocomplete("off");
            if is_day(*column) { input.hint("Like 17/03/1984") } else { input }
        });
        inputs.collect::<Vec<_>>()
    };
    let assignments = record.assignments.iter().enumerate().map(|(index, cells)| {
        let number = cells.first().map(|(_, number)| number.clone()).unwrap_or_default();
        (number, inputs(cells, Some(index)))
    });
    let body = CorrectView {
        page,
        back: BackLink::new(format!("/hr/staff/{}", holder.record.id)).text(holder.record.name()),
        errors: errors.summary(),
        id: holder.record.id,
        name: holder.record.name(),
        version: record.version,
        person: inputs(&record.person, None),
        assignments: assignments.collect(),
        reason: reason_field(typed_reason, errors),
        button: Button::submit("Save"),
    };
    page.shell(format!("Correct {}", holder.record.name())).invalid_if(!errors.is_empty()).show(&body)
}

/// The record with what was typed in place of what is held. What was not sent stays.
fn typed(record: &Editable, form: &Form) -> Editable {
    let read = |cells: &Cells, assignment| {
        let cells = cells.iter().map(|(column, cell)| {
            let name = name_of(*column, assignment);
            let sent = form.fields().find(|(field, _)| *field == name && *column != Column::AssignmentNumber);
            (*column, sent.map_or_else(|| cell.clone(), |(_, typed)| typed.to_owned()))
        });
        cells.collect()
    };
    Editable {
        // A number that is none is that of no version.
        version: form.get("version").parse().unwrap_or(-1),
        person: read(&record.person, None),
        assignments: (0..).zip(&record.assignments).map(|(index, cells)| read(cells, Some(index))).collect(),
    }
}

async fn submit(
    State(app): State<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
    form: Form,
) -> Result<Response, Problem> {
    let permit = permitted(&app.db, &person, Permission::CorrectStaff).await?;
    let (holder, record) = read(&app, &person, id).await?;
    let typed = typed(&record, &form);
    let typed_reason = form.get("reason");
    let reason = match reason(typed_reason) {
        Ok(reason) => reason,
        Err(says) => {
            return correct_view(&page, &holder, &typed, typed_reason, &FieldErrors::one("reason", says));
        }
    };
    let correction = Correction { staff_record: id, typed: typed.clone(), reason };
    match correct(&app, &permit, correction, origin(&page)).await {
        Ok(corrected) => {
            let done = if corrected.change.is_some() { "corrected" } else { "nothing" };
            let held = if corrected.held.is_empty() { "no" } else { "yes" };
            Ok(see_other(&format!("/hr/staff/{id}?done={done}&held={held}")))
        }
        Err(CorrectError::Findings(findings)) => {
            let mut errors = FieldErrors::none();
            for finding in findings {
                let column = finding.column.and_then(|column| column.parse::<Column>().ok());
                // What is about no column is that nothing more is said of email and smartcard.
                let column = column.unwrap_or(Column::Email);
                let of_person = typed.person.iter().any(|(known, _)| *known == column);
                let line = finding.line.and_then(|line| usize::try_from(line).ok()).unwrap_or(2);
                let assignment = (!of_person).then(|| line.saturating_sub(2));
                let name = name_of(column, assignment);
                if errors.at(&name).is_none() {
                    errors.add(name, words::sentence(&finding.text));
                }
            }
            correct_view(&page, &holder, &typed, typed_reason, &errors)
        }
        Err(CorrectError::NotFound) => Err(Problem::NotFound),
        Err(error @ CorrectError::Overtaken) => Err(Problem::Conflict(error.to_string())),
        Err(CorrectError::Refused(refused)) => Err(refused.into()),
        Err(CorrectError::Store(error)) => Err(error.into()),
    }
}

async fn allot(
    State(app): State<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
    form: Form,
) -> Result<Response, Problem> {
    let permit = permitted(&app.db, &person, Permission::AllotUsername).await?;
    let typed = form.get("reason");
    let allotted = match reason(typed) {
        Ok(reason) => allot_username(&app, &permit, id, reason, origin(&page)).await,
        Err(says) => return view(&app, &page, &person, id, typed, &FieldErrors::one("reason", says)).await,
    };
    match allotted {
        Ok(_) => Ok(see_other(&format!("/hr/staff/{id}?done=username"))),
        Err(AllotError::NotFound) => Err(Problem::NotFound),
        Err(error @ AllotError::Overtaken) => Err(Problem::Conflict(error.to_string())),
        Err(error @ (AllotError::Left | AllotError::Fits(_))) => {
            view(&app, &page, &person, id, typed, &FieldErrors::one("reason", error.to_string())).await
        }
        Err(AllotError::Refused(refused)) => Err(refused.into()),
        Err(AllotError::Store(error)) => Err(error.into()),
    }
}

/// What stands in a held field, as HR may see it.
pub(crate) fn held_value(field: IdentityField, value: Option<&str>) -> String {
    match (field, value) {
        (_, None) => "None".to_owned(),
        (IdentityField::DateOfBirth, Some(value)) => shown(Column::DateOfBirth, value),
        (_, Some(value)) => value.to_owned(),
    }
}
