use askama::Template;
use axum::{extract::State as Room, response::Response};
use uuid::Uuid;
use web::{
    FieldErrors, Form, Page, PathId, Person, Problem, Route, export, format, see_other,
    ui::{
        BackLink, Button, Cell, Details, ErrorSummary, FileInput, InputMode, InsetText, NotificationBanner,
        Size, SummaryList, Table, Tag, TagColour, TextInput, WarningCallout, Width,
    },
};

use super::{
    AgreeError, Agreed, DiscardError, Found, Preview, ReceiveError, Shown, State, Upload, agree, discard,
    found, receive, recent, upload,
};
use crate::{
    App, IdentityField, Permission, Permit, holder_of,
    import::{Column, Finding, MOST_BYTES, Planned, template},
    name_of, origin,
    pages::HR,
    permitted, words,
};

pub(crate) fn routes(app: &App) -> Vec<Route> {
    vec![
        Route::get("/hr/staff-upload", HR, list, app.clone()).in_menu("Upload staff"),
        Route::post("/hr/staff-upload", HR, send, app.clone()).files(MOST_BYTES),
        Route::get("/hr/staff-upload/template.csv", HR, example, app.clone()),
        Route::get("/hr/staff-upload/{id}", HR, show, app.clone()),
        Route::get("/hr/staff-upload/{id}/errors.csv", HR, errors, app.clone()),
        Route::post("/hr/staff-upload/{id}/apply", HR, apply, app.clone()).not_kept(),
        Route::post("/hr/staff-upload/{id}/discard", HR, throw_away, app.clone()).not_kept(),
    ]
}

#[derive(Template)]
#[template(path = "staff_upload.html")]
struct ListView<'v> {
    page: &'v Page,
    done: Option<NotificationBanner>,
    errors: ErrorSummary,
    file: FileInput,
    button: Button,
    columns: Details,
    uploads: Vec<UploadView>,
}

struct UploadView {
    id: Uuid,
    file_name: String,
    at: String,
    by: String,
    state: Tag,
}

async fn list(Room(app): Room<App>, page: Page, person: Person) -> Result<Response, Problem> {
    list_view(&app, &page, &person, &FieldErrors::none()).await
}

async fn list_view(
    app: &App,
    page: &Page,
    person: &Person,
    errors: &FieldErrors,
) -> Result<Response, Problem> {
    let permit = permitted(&app.db, person, Permission::ImportStaff).await?;
    let mut uploads = Vec::new();
    for upload in recent(app, &permit).await? {
        uploads.push(UploadView {
            id: upload.id,
            at: format::day_and_time(upload.uploaded_at, &person.zone),
            by: name_of(&app.db, upload.uploaded_by, person.now).await?,
            state: tag(upload.state),
            file_name: upload.file_name,
        });
    }
    let done = (page.query("done") == "discarded")
        .then(|| NotificationBanner::success("The upload is discarded. No staff record was changed by it."));
    let body = ListView {
        page,
        done,
        errors: errors.summary(),
        file: FileInput::new("file", "Staff file*")
            .hint("A CSV file or an Excel workbook (.xlsx) of at most 64 MiB and 250,000 lines.")
            .accept(".csv,.xlsx,text/csv")
            .error(errors.at("file")),
        button: Button::submit("Upload and check"),
        columns: Details::new("What each column holds", columns()),
        uploads,
    };
    page.shell("Upload staff").invalid_if(!errors.is_empty()).show(&body)
}

fn columns() -> SummaryList {
    Column::ALL.iter().fold(SummaryList::new(), |list, column| {
        let needed = if column.is_required() { words::COLUMN_REQUIRED } else { "" };
        list.row(column.as_str(), format!("{}{needed}", words::column(*column)))
    })
}

fn tag(state: State) -> Tag {
    let (text, colour) = match state {
        State::Receiving | State::Checking => ("Being checked", TagColour::Blue),
        State::Wrong => ("Has errors", TagColour::Red),
        State::Checked | State::Overtaken => ("Waits for you", TagColour::Yellow),
        State::Applying => ("Being loaded", TagColour::Blue),
        State::Applied => ("Loaded", TagColour::Green),
        State::Failed => ("Failed", TagColour::Red),
        State::Discarded => ("Discarded", TagColour::Grey),
    };
    Tag::new(text).colour(colour)
}

async fn example() -> Response {
    export::file("staff.csv", template())
}

async fn send(Room(app): Room<App>, page: Page, person: Person, form: Form) -> Result<Response, Problem> {
    let permit = permitted(&app.db, &person, Permission::ImportStaff).await?;
    let says = match form.file("file") {
        None => "Choose a file".to_owned(),
        Some(file) => match receive(&app, &permit, file, origin(&page)).await {
            Ok(id) => return Ok(see_other(&place(id))),
            Err(ReceiveError::Empty) => "The file is empty. Choose the file that holds your staff".to_owned(),
            Err(ReceiveError::TooLarge) => {
                "The file is larger than 64 MiB. Split it and upload the parts".to_owned()
            }
            Err(error @ ReceiveError::TooMany) => error.to_string(),
            Err(ReceiveError::Refused(refused)) => return Err(refused.into()),
            Err(ReceiveError::Store(error)) => return Err(error.into()),
        },
    };
    list_view(&app, &page, &person, &FieldErrors::one("file", says)).await
}

fn place(id: Uuid) -> String {
    format!("/hr/staff-upload/{id}")
}

#[derive(Template)]
#[template(path = "staff_upload_one.html")]
struct OneView<'v> {
    page: &'v Page,
    back: BackLink,
    done: Option<NotificationBanner>,
    errors: ErrorSummary,
    file_name: &'v str,
    facts: SummaryList,
    at_work: Option<AtWorkView>,
    wrong: Option<WrongView>,
    ready: Option<ReadyView>,
    says: Option<InsetText>,
    place: String,
    discard: Option<Button>,
}

struct AtWorkView {
    applying: bool,
    done: i64,
    total: i64,
    counted: String,
    reloads: bool,
}

struct WrongView {
    number: String,
    errors: Table,
}

struct ReadyView {
    again: Option<InsetText>,
    counts: SummaryList,
    tables: Vec<Table>,
    /// Whether there are warnings to download.
    warnings: bool,
    many: Option<WarningCallout>,
    seen: String,
    number: Option<TextInput>,
    says: Option<InsetText>,
    button: Option<Button>,
}

async fn show(
    Room(app): Room<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
) -> Result<Response, Problem> {
    let permit = permitted(&app.db, &person, Permission::ImportStaff).await?;
    one_view(&app, &page, &person, &permit, id, &FieldErrors::none(), "").await
}

async fn one_view(
    app: &App,
    page: &Page,
    person: &Person,
    permit: &Permit,
    id: Uuid,
    errors: &FieldErrors,
    typed: &str,
) -> Result<Response, Problem> {
    let upload = upload(app, permit, id).await?.ok_or(Problem::NotFound)?;
    let found = found(app, &upload).await?;
    let by = name_of(&app.db, upload.uploaded_by, person.now).await?;
    let typed_by = match upload.typed_by {
        Some(id) => Some(name_of(&app.db, id, person.now).await?),
        None => None,
    };
    let reloads = upload.state.is_at_work() && page.may_reload(upload.changed_at, person.now);
    let (mut wrong, mut ready) = (None, None);
    match found {
        Some(Found { preview: None, findings }) if upload.state == State::Wrong => {
            wrong = Some(wrong_view(&findings));
        }
        Some(Found { preview: Some(preview), findings }) if upload.state.is_ready() => {
            let hours = holder_of(person)?.employer.settings.policies.identity_hold_hours;
            let people = People { caller: person.staff_record, by: &by, typed_by: typed_by.as_deref() };
            ready = Some(ready_view(&upload, &preview, &findings, hours, &people, errors, typed));
        }
        _ => {}
    }
    let could_discard =
        upload.state.is_ready() || matches!(upload.state, State::Checking | State::Wrong | State::Failed);
    let body = OneView {
        page,
        back: BackLink::new("/hr/staff-upload").text("Upload staff"),
        done: banner(&page.query("done")),
        errors: errors.summary(),
        file_name: &upload.file_name,
        facts: SummaryList::new()
            .row("Uploaded", format::day_and_time(upload.uploaded_at, &person.zone))
            .row("By", by.clone())
            .row("State", tag(upload.state)),
        at_work: upload.state.is_at_work().then(|| AtWorkView {
            applying: upload.state == State::Applying,
            done: upload.done,
            total: upload.total,
            counted: format!(
                "{} of {} staff records are prepared",
                format::number(upload.done.unsigned_abs()),
                format::number(upload.total.unsigned_abs())
            ),
            reloads,
        }),
        wrong,
        ready,
        says: says(&upload),
        place: place(id),
        discard: could_discard.then(|| Button::submit("Discard this upload").secondary()),
    };
    page.shell("Staff file").reloads_if(reloads).invalid_if(!errors.is_empty()).show(&body)
}

fn banner(done: &str) -> Option<NotificationBanner> {
    match done {
        "typed" => {
            Some(NotificationBanner::success("The number is noted. Somebody else in HR has to agree now."))
        }
        "moved-on" => Some(NotificationBanner::important(words::UPLOAD_MOVED_ON)),
        _ => None,
    }
}

/// What there is to say of an upload of which nothing else is shown.
fn says(upload: &Upload) -> Option<InsetText> {
    let text = match upload.state {
        State::Applied => match upload.change_number {
            Some(number) => {
                format!("All of it is loaded, as change {number} of your employer's staff records.")
            }
            None => "Nothing had to be changed: all of it was held already.".to_owned(),
        },
        State::Failed => format!("Nothing was changed. {}", upload.failure.as_deref().unwrap_or_default()),
        State::Discarded => {
            "No staff record was changed by this upload. Upload the file again if you need it.".to_owned()
        }
        _ => return None,
    };
    Some(InsetText::new(text))
}

/// So many findings are shown.
const SHOWN: usize = 50;

fn wrong_view(findings: &[Finding]) -> WrongView {
    let number = match findings.len() {
        1 => "1 error".to_owned(),
        number => format!("{} errors", format::number(number as u64)),
    };
    WrongView { number, errors: findings_table("Errors", findings) }
}

fn caption(of: &str, all: u64, shown: usize) -> String {
    if all > shown as u64 {
        format!("{of}: the first {shown} of {}", format::number(all))
    } else {
        of.to_owned()
    }
}

fn table<T: Into<Cell>>(caption: String, head: impl IntoIterator<Item = T>) -> Table {
    Table::new(caption).caption_size(Size::M).head(head).responsive()
}

fn findings_table(of: &str, findings: &[Finding]) -> Table {
    let head = ["Line", "Column", "Value", "What is wrong"];
    let table = table(caption(of, findings.len() as u64, SHOWN), head);
    findings.iter().take(SHOWN).fold(table, |table, finding| {
        let line = finding.line.map_or_else(|| "Whole file".to_owned(), |line| line.to_string());
        let (column, value) = (finding.column.clone(), finding.value.clone());
        table.row([line, column.unwrap_or_default(), value.unwrap_or_default(), finding.text.clone()])
    })
}

/// Who is who in an upload.
struct People<'v> {
    caller: Uuid,
    by: &'v str,
    typed_by: Option<&'v str>,
}

fn ready_view(
    upload: &Upload,
    preview: &Preview,
    warnings: &[Finding],
    hours: u32,
    people: &People<'_>,
    errors: &FieldErrors,
    typed: &str,
) -> ReadyView {
    let again = (upload.state == State::Overtaken).then(|| {
        InsetText::new(
            "Staff records have changed since this file was checked. Nothing was loaded. It was checked again: look at it once more.",
        )
    });
    let counts = counts(preview);
    let tables = tables(preview, warnings, hours);
    let mut view = ReadyView {
        again,
        counts,
        tables,
        warnings: !warnings.is_empty(),
        many: None,
        seen: upload.fingerprint.clone().unwrap_or_default(),
        number: None,
        says: None,
        button: None,
    };
    let many = preview.number_to_type;
    if preview.counts.new + preview.counts.changed == 0 {
        view.says = Some(InsetText::new("Nothing would change: all of it is held already."));
        return view;
    }
    view.many = many.map(|number| {
        let text = format!(
            "{} staff records would end, or get another email, date of birth or smartcard. That is more than 2 in 100 of your staff. Is \
             it the right file? Two people in HR have to say so.",
            format::number(number)
        );
        WarningCallout::new("Important: many people at once", text).level(2)
    });
    if preview.own.contains(&people.caller) {
        view.says = Some(InsetText::new(
            "This file changes your own staff record, so somebody else in HR has to load it. Ask a colleague to open this page.",
        ));
        return view;
    }
    match (many, people.typed_by) {
        (None, _) => view.button = Some(Button::submit("Load these changes")),
        (Some(number), None) => {
            let others = if people.caller == upload.uploaded_by {
                "Then somebody else in HR opens this page and agrees.".to_owned()
            } else {
                format!("Then somebody else in HR opens this page and agrees, who is not {}.", people.by)
            };
            view.number = Some(
                TextInput::new("number", format!("Type {number} if that is right*"))
                    .hint(others)
                    .value(typed)
                    .error(errors.at("number"))
                    .input_mode(InputMode::Numeric)
                    .autocomplete("off")
                    .width(Width::W10),
            );
            view.button = Some(Button::submit("Confirm the number"));
        }
        (Some(_), Some(name))
            if [Some(upload.uploaded_by), upload.typed_by].contains(&Some(people.caller)) =>
        {
            view.says = Some(InsetText::new(format!(
                "The number was typed by {name}. Somebody else in HR has to agree, who neither uploaded the file nor typed the number. Ask a \
                 colleague to open this page; if there is nobody, the people who run the portal can load the file by a command."
            )));
        }
        (Some(_), Some(name)) => {
            view.says = Some(InsetText::new(format!(
                "The number was typed by {name}. If you agree, the changes are loaded, and all of HR are told by mail."
            )));
            view.button = Some(Button::submit("Agree, and load these changes"));
        }
    }
    view
}

fn counts(preview: &Preview) -> SummaryList {
    let counts = &preview.counts;
    [
        ("Staff records in the file", counts.records),
        ("New", counts.new),
        ("Changed", counts.changed),
        ("Unchanged", counts.unchanged),
        ("Leavers", counts.leavers),
        ("Changed email, date of birth or smartcard", counts.identity),
    ]
    .into_iter()
    .fold(SummaryList::new(), |list, (key, number)| list.row(key, format::number(number)))
}

fn tables(preview: &Preview, warnings: &[Finding], hours: u32) -> Vec<Table> {
    let counts = &preview.counts;
    let mut tables = Vec::new();
    if !warnings.is_empty() {
        tables.push(findings_table("Look at these, they do not stop you", warnings));
    }
    if !preview.leavers.is_empty() {
        let all = table(caption("Leavers", counts.leavers, preview.leavers.len()), ["Who", "Last day"]);
        tables.push(preview.leavers.iter().fold(all, |table, Shown { planned, .. }| {
            table.row([who(planned), planned.leaves.map(format::day).unwrap_or_default()])
        }));
    }
    if !preview.identity.is_empty() {
        let caption = caption("Email, date of birth or smartcard", counts.identity, preview.identity.len());
        let all = table(caption, ["Who", "Field", "When it works"]);
        tables.push(preview.identity.iter().fold(all, |all, Shown { planned, .. }| {
            planned.changes.iter().filter(|change| change.identity).fold(all, |all, change| {
                let held = planned.held.iter().any(|field: &IdentityField| field.as_str() == change.field);
                let when = if held {
                    format!("After {hours} hours. They are told, and can stop it")
                } else {
                    "At once: they have not logged in yet".to_owned()
                };
                all.row([who(planned), change.field.clone(), when])
            })
        }));
    }
    if !preview.new.is_empty() {
        let all = table(caption("New", counts.new, preview.new.len()), ["Who", "Username"]);
        tables.push(preview.new.iter().fold(all, |table, Shown { planned, .. }| {
            let username = planned.username.as_ref().map(ToString::to_string).unwrap_or_default();
            table.row([who(planned), username])
        }));
    }
    if !preview.changed.is_empty() {
        let caption = caption("Changed", counts.changed, preview.changed.len());
        tables.push(
            preview.changed.iter().fold(table(caption, ["Who", "Field", "Before", "After"]), changed_rows),
        );
    }
    tables
}

fn changed_rows(all: Table, Shown { planned, more }: &Shown) -> Table {
    let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
    let all = planned.changes.iter().fold(all, |all, change| {
        all.row([who(planned), change.field.clone(), value(&change.before), value(&change.after)])
    });
    if *more == 0 {
        return all;
    }
    all.row([who(planned), format!("and {more} more fields"), String::new(), String::new()])
}

fn who(planned: &Planned) -> String {
    format!("{} {} (line {})", planned.employee_number, planned.name, planned.line)
}

/// What was found, as a file: the errors, or the warnings of a file without.
async fn errors(Room(app): Room<App>, person: Person, PathId(id): PathId) -> Result<Response, Problem> {
    let permit = permitted(&app.db, &person, Permission::ImportStaff).await?;
    let upload = upload(&app, &permit, id).await?.ok_or(Problem::NotFound)?;
    let findings = found(&app, &upload).await?.map(|found| found.findings);
    let findings = findings.filter(|findings| !findings.is_empty()).ok_or(Problem::NotFound)?;
    let lines: Vec<String> = findings
        .iter()
        .map(|finding| finding.line.map(|line| line.to_string()).unwrap_or_default())
        .collect();
    let rows = lines.iter().zip(&findings).map(|(line, finding)| {
        let (column, value) = (finding.column.as_deref(), finding.value.as_deref());
        [line.as_str(), column.unwrap_or_default(), value.unwrap_or_default(), finding.text.as_str()]
    });
    let head = ["line", "column", "value", "what is wrong"];
    let stem = upload.file_name.rsplit_once('.').map_or(upload.file_name.as_str(), |(stem, _)| stem);
    Ok(export::csv(&format!("{stem}-errors.csv"), std::iter::once(head).chain(rows)))
}

async fn apply(
    Room(app): Room<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
    form: Form,
) -> Result<Response, Problem> {
    let permit = permitted(&app.db, &person, Permission::ImportStaff).await?;
    let typed = form.get("number");
    let number: String = typed.chars().filter(|c| !c.is_whitespace() && *c != ',').collect();
    match agree(&app, &permit, id, form.get("seen"), number.parse().ok(), origin(&page)).await {
        Ok(Agreed::Applying) => Ok(see_other(&place(id))),
        Ok(Agreed::Typed) => Ok(see_other(&format!("{}?done=typed", place(id)))),
        Err(AgreeError::NotFound) => Err(Problem::NotFound),
        Err(AgreeError::MovedOn) => Ok(see_other(&format!("{}?done=moved-on", place(id)))),
        Err(error @ AgreeError::Number(_)) => {
            let errors = FieldErrors::one("number", error.to_string());
            one_view(&app, &page, &person, &permit, id, &errors, typed).await
        }
        Err(AgreeError::Refused(refused)) => Err(refused.into()),
        Err(AgreeError::Store(error)) => Err(error.into()),
    }
}

async fn throw_away(
    Room(app): Room<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
    _: Form,
) -> Result<Response, Problem> {
    let permit = permitted(&app.db, &person, Permission::ImportStaff).await?;
    match discard(&app, &permit, id, origin(&page)).await {
        Ok(()) => Ok(see_other("/hr/staff-upload?done=discarded")),
        Err(DiscardError::NotFound) => Err(Problem::NotFound),
        Err(DiscardError::MovedOn) => Ok(see_other(&format!("{}?done=moved-on", place(id)))),
        Err(DiscardError::Refused(refused)) => Err(refused.into()),
        Err(DiscardError::Store(error)) => Err(error.into()),
    }
}
