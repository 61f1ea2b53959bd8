//! The pages of the role learning: courses are taken in, looked at, published and retired.

use std::io::Cursor;

use askama::Template;
use axum::{extract::State, response::Response};
use records::{Permission, Permit, Role, name_of, origin, permitted};
use scorm::Refused;
use store::Instant;
use uuid::Uuid;
use web::{
    Audience, FieldErrors, Form, Page, PathId, PathIds, Person, Problem, Route, format, see_other,
    ui::{
        BackLink, Button, ErrorSummary, FileInput, InputMode, NotificationBanner, SummaryList, Tag, TextArea,
        TextInput, Width,
    },
};

use super::{
    Course, ImportError, NewVersion, OpenError, Unfit, Version, VersionState, import, service, words,
};
use crate::{App, parts::Parts};

const LEARNING: Audience = Audience::Role(Role::Learning.as_str());
const COURSES: &str = "/learning/courses";
/// So large a package may be uploaded: it is held in memory until it is taken in.
const MOST_BYTES: usize = 64 * 1024 * 1024;
/// So many of the reasons are told that keep a package out.
const MOST_ERRORS: usize = 10;

pub(crate) fn routes(app: &App) -> Vec<Route> {
    vec![
        Route::get(COURSES, LEARNING, list, app.clone()).in_menu("Courses"),
        Route::post(COURSES, LEARNING, upload, app.clone()).files(MOST_BYTES),
        Route::get("/learning/courses/{id}", LEARNING, show, app.clone()),
        Route::post("/learning/courses/{id}/describe", LEARNING, describe, app.clone()),
        Route::get("/learning/courses/{id}/versions/{version}", LEARNING, version, app.clone()),
        Route::post("/learning/courses/{id}/versions/{version}/tested", LEARNING, tested, app.clone()),
        Route::post("/learning/courses/{id}/versions/{version}/publish", LEARNING, publish, app.clone())
            .not_kept(),
        Route::post("/learning/courses/{id}/versions/{version}/retire", LEARNING, retire, app.clone())
            .not_kept(),
    ]
}

fn place(course: Uuid) -> String {
    format!("{COURSES}/{course}")
}

fn version_place(course: Uuid, version: Uuid) -> String {
    format!("{COURSES}/{course}/versions/{version}")
}

#[derive(Template)]
#[template(path = "courses.html")]
struct ListView<'v> {
    page: &'v Page,
    errors: ErrorSummary,
    courses: Vec<RowView>,
    more: Option<String>,
    file: FileInput,
    code: TextInput,
    title: TextInput,
    description: TextArea,
    minutes: TextInput,
    tested: TextArea,
    button: Button,
}

struct RowView {
    id: Uuid,
    title: String,
    code: String,
    state: Tag,
}

async fn list(State(app): State<App>, page: Page, person: Person) -> Result<Response, Problem> {
    let permit = permitted(&app.db, &person, Permission::PublishCourses).await?;
    list_view(&app, &page, &permit, &Form::default(), &FieldErrors::none()).await
}

async fn list_view(
    app: &App,
    page: &Page,
    permit: &Permit,
    typed: &Form,
    errors: &FieldErrors,
) -> Result<Response, Problem> {
    let mut reader = app.db.read().await?;
    let after = match page.query("after").parse() {
        Ok(after) => service::course(&mut reader.tx(), permit.employer(), after).await?,
        Err(_) => None,
    };
    let courses = service::of_employer(&mut reader.tx(), permit.employer(), after.as_ref()).await?;
    drop(reader);
    let full = i64::try_from(courses.len()).is_ok_and(|courses| courses == super::PAGE);
    let more = courses.last().filter(|_| full).map(|last| format!("{COURSES}?after={}", last.id));
    let row = |course: Course| RowView {
        id: course.id,
        state: words::course(course.current_version.is_some()),
        title: course.title,
        code: course.code,
    };
    let body = ListView {
        page,
        errors: errors.summary(),
        courses: courses.into_iter().map(row).collect(),
        more,
        file: FileInput::new("file", "Package*")
            .hint(words::file_hint(MOST_BYTES))
            .accept(".zip,application/zip")
            .error(errors.at("file")),
        code: TextInput::new("code", "Course code*")
            .hint("Your own short name for the course, such as fire-safety. A package with the code of a course that is here is a new version of it.")
            .value(typed.get("code"))
            .error(errors.at("code"))
            .autocomplete("off")
            .autocapitalize("none")
            .without_spellcheck()
            .width(Width::W20),
        title: TextInput::new("title", "Title")
            .hint("Leave it empty to take the package's own.")
            .value(typed.get("title"))
            .error(errors.at("title"))
            .autocomplete("off"),
        description: description(typed.get("description"), errors),
        minutes: minutes(typed.get("minutes"), errors),
        tested: tested_on(typed.get("tested"), errors),
        button: Button::submit("Upload and check"),
    };
    page.shell("Courses").invalid_if(!errors.is_empty()).show(&body)
}

fn description(typed: &str, errors: &FieldErrors) -> TextArea {
    TextArea::new("description", "Description")
        .hint("What it is about and who it is for. Staff see it and find the course by its words.")
        .rows(3)
        .value(typed)
        .error(errors.at("description"))
}

fn minutes(typed: &str, errors: &FieldErrors) -> TextInput {
    TextInput::new("minutes", "How many minutes it takes")
        .value(typed)
        .error(errors.at("minutes"))
        .autocomplete("off")
        .input_mode(InputMode::Numeric)
        .width(Width::W4)
}

fn tested_on(typed: &str, errors: &FieldErrors) -> TextArea {
    TextArea::new("tested", "Tested on")
        .hint("On which devices and browsers you have tried this version, such as Edge on Windows, iPad. Staff see it.")
        .rows(2)
        .value(typed)
        .error(errors.at("tested"))
}

/// The minutes that were typed; none where the field is empty.
fn minutes_typed(form: &Form) -> Result<Option<i64>, &'static str> {
    match form.get("minutes").trim() {
        "" => Ok(None),
        typed => typed.parse().map(Some).map_err(|_| words::MINUTES_FORM),
    }
}

fn given(form: &Form, name: &str) -> Option<String> {
    Some(form.get(name).trim().to_owned()).filter(|text| !text.is_empty())
}

/// The field that is wrong.
fn field(unfit: Unfit) -> &'static str {
    match unfit {
        Unfit::Code => "code",
        Unfit::Title => "title",
        Unfit::Description => "description",
        Unfit::Minutes => "minutes",
        Unfit::TestedOn => "tested",
    }
}

async fn upload(State(app): State<App>, page: Page, person: Person, form: Form) -> Result<Response, Problem> {
    let permit = permitted(&app.db, &person, Permission::PublishCourses).await?;
    let errors = match send(&app, &page, &permit, &form).await? {
        Ok(place) => return Ok(see_other(&place)),
        Err(errors) => errors,
    };
    list_view(&app, &page, &permit, &form, &errors).await
}

/// Where the version is that was taken in, or what is wrong with which field.
async fn send(
    app: &App,
    page: &Page,
    permit: &Permit,
    form: &Form,
) -> Result<Result<String, FieldErrors>, Problem> {
    let Some(file) = form.file("file") else {
        return Ok(Err(FieldErrors::one("file", words::CHOOSE_FILE)));
    };
    let minutes = match minutes_typed(form) {
        Ok(minutes) => minutes,
        Err(says) => return Ok(Err(FieldErrors::one("minutes", says))),
    };
    let new = NewVersion {
        code: form.get("code").to_owned(),
        title: given(form, "title"),
        description: given(form, "description"),
        minutes,
        tested_on: form.get("tested").to_owned(),
        file_name: file.name.clone(),
    };
    let new = match new.fit() {
        Ok(new) => new,
        Err(unfit) => return Ok(Err(FieldErrors::one(field(unfit), unfit.to_string()))),
    };
    let contents = match super::open(app, Cursor::new(file.bytes.clone())).await {
        Ok(contents) => contents,
        Err(OpenError::Refused(refused)) => return Ok(Err(refusals(&refused))),
        Err(OpenError::Io(error)) => return Err(Problem::broken(error)),
    };
    match import(app, permit, new, contents, origin(page)).await {
        Ok(imported) => {
            let done = if imported.is_new { "uploaded" } else { "same" };
            Ok(Ok(format!("{}?done={done}", version_place(imported.course, imported.version))))
        }
        Err(ImportError::Refused(refused)) => Err(refused.into()),
        Err(ImportError::Store(error)) => Err(error.into()),
        Err(error @ (ImportError::Ended | ImportError::Folder(_))) => Err(Problem::broken(error)),
        Err(error) => Ok(Err(FieldErrors::one("file", error.to_string()))),
    }
}

/// What keeps a package out, each as a line at the field.
fn refusals(refused: &Refused) -> FieldErrors {
    let mut errors = FieldErrors::none();
    for error in refused.errors().take(MOST_ERRORS) {
        errors.add("file", error.to_string());
    }
    errors
}

#[derive(Template)]
#[template(path = "course.html")]
struct CourseView<'v> {
    page: &'v Page,
    back: BackLink,
    done: Option<NotificationBanner>,
    errors: ErrorSummary,
    course: &'v Course,
    state: Tag,
    place: String,
    versions: Vec<VersionRow>,
    title: TextInput,
    description: TextArea,
    minutes: TextInput,
    button: Button,
}

struct VersionRow {
    place: String,
    number: i64,
    says: String,
    state: Tag,
}

/// A course of the person's employer, and the permit to work on it.
async fn opened(app: &App, person: &Person, id: Uuid) -> Result<(Permit, Course), Problem> {
    let permit = permitted(&app.db, person, Permission::PublishCourses).await?;
    let course = service::course(&mut app.db.read().await?.tx(), permit.employer(), id).await?;
    Ok((permit, course.ok_or(Problem::NotFound)?))
}

async fn show(
    State(app): State<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
) -> Result<Response, Problem> {
    let (_, course) = opened(&app, &person, id).await?;
    course_view(&app, &page, &person, &course, None, &FieldErrors::none()).await
}

async fn course_view(
    app: &App,
    page: &Page,
    person: &Person,
    course: &Course,
    typed: Option<&Form>,
    errors: &FieldErrors,
) -> Result<Response, Problem> {
    let versions = service::versions(&mut app.db.read().await?.tx(), course.id).await?;
    let row = |version: Version| VersionRow {
        place: version_place(course.id, version.id),
        number: version.number,
        says: format!(
            "{}, {}. Uploaded {}",
            words::standard(version.standard()),
            words::size(version.size),
            format::day_and_time(version.uploaded_at, &person.zone)
        ),
        state: words::state(version.state),
    };
    let held = course.minutes.map(|minutes| minutes.to_string()).unwrap_or_default();
    let value =
        |name: &str, held: &str| typed.map_or_else(|| held.to_owned(), |form| form.get(name).to_owned());
    let body = CourseView {
        page,
        back: BackLink::new(COURSES).text("Courses"),
        done: (page.query("done") == "kept").then(|| NotificationBanner::success(words::KEPT)),
        errors: errors.summary(),
        state: words::course(course.current_version.is_some()),
        place: place(course.id),
        versions: versions.into_iter().map(row).collect(),
        title: TextInput::new("title", "Title*")
            .value(value("title", &course.title))
            .error(errors.at("title"))
            .autocomplete("off"),
        description: description(&value("description", &course.description), errors),
        minutes: minutes(&value("minutes", &held), errors),
        button: Button::submit("Save").secondary(),
        course,
    };
    page.shell(course.title.clone()).invalid_if(!errors.is_empty()).show(&body)
}

async fn describe(
    State(app): State<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
    form: Form,
) -> Result<Response, Problem> {
    let (permit, course) = opened(&app, &person, id).await?;
    let errors = match described(&course, &form) {
        Ok(new) => {
            service::describe(&app, &permit, id, new, origin(&page)).await?;
            return Ok(see_other(&format!("{}?done=kept", place(id))));
        }
        Err(errors) => errors,
    };
    course_view(&app, &page, &person, &course, Some(&form), &errors).await
}

/// What was typed about a course, where it can be taken.
fn described(course: &Course, form: &Form) -> Result<NewVersion, FieldErrors> {
    let minutes = minutes_typed(form).map_err(|says| FieldErrors::one("minutes", says))?;
    let new = NewVersion {
        code: course.code.clone(),
        title: given(form, "title"),
        description: given(form, "description"),
        minutes,
        ..NewVersion::default()
    };
    let new = new.fit().map_err(|unfit| FieldErrors::one(field(unfit), unfit.to_string()))?;
    if new.title.is_none() { Err(FieldErrors::one("title", words::TITLE_NEEDED)) } else { Ok(new) }
}

#[derive(Template)]
#[template(path = "course_version.html")]
struct VersionView<'v> {
    page: &'v Page,
    back: BackLink,
    done: Option<NotificationBanner>,
    errors: ErrorSummary,
    title: &'v str,
    number: i64,
    place: String,
    facts: SummaryList,
    findings: Vec<String>,
    parts: Option<Parts>,
    tested: TextArea,
    keep: Button,
    publish: Option<Button>,
    retire: Option<Button>,
}

/// A version of that course, where it has arrived.
async fn opened_version(
    app: &App,
    person: &Person,
    (course, id): (Uuid, Uuid),
) -> Result<(Permit, Course, Version), Problem> {
    let (permit, course) = opened(app, person, course).await?;
    let version = service::version(&mut app.db.read().await?.tx(), permit.employer(), id).await?;
    let version =
        version.filter(|version| version.course_id == course.id && version.state != VersionState::Arriving);
    Ok((permit, course, version.ok_or(Problem::NotFound)?))
}

async fn version(
    State(app): State<App>,
    page: Page,
    person: Person,
    PathIds(course, id): PathIds,
) -> Result<Response, Problem> {
    let (_, course, version) = opened_version(&app, &person, (course, id)).await?;
    version_view(&app, &page, &person, (&course, &version), None, &FieldErrors::none()).await
}

async fn version_view(
    app: &App,
    page: &Page,
    person: &Person,
    (course, version): (&Course, &Version),
    typed: Option<&str>,
    errors: &FieldErrors,
) -> Result<Response, Problem> {
    let manifest = service::manifest(&mut app.db.read().await?.tx(), version.id).await?;
    let manifest = manifest.ok_or(Problem::NotFound)?;
    let done = match page.query("done").as_str() {
        "uploaded" => Some(words::UPLOADED),
        "same" => Some(words::SAME),
        "published" => Some(words::PUBLISHED),
        "retired" => Some(words::RETIRED),
        "kept" => Some(words::KEPT),
        _ => None,
    };
    let is_published = version.state == VersionState::Published;
    let body = VersionView {
        page,
        back: BackLink::new(place(course.id)).text(course.title.clone()),
        done: done.map(NotificationBanner::success),
        errors: errors.summary(),
        title: &course.title,
        number: version.number,
        place: version_place(course.id, version.id),
        facts: facts(app, version, manifest.edition.as_deref(), person).await?,
        findings: version.findings()?.iter().map(ToString::to_string).collect(),
        parts: Parts::of(&manifest, None),
        tested: tested_on(typed.unwrap_or(&version.tested_on), errors),
        keep: Button::submit("Save").secondary(),
        publish: (!is_published).then(|| Button::submit("Publish this version")),
        retire: is_published.then(|| Button::submit("Retire this version").warning()),
    };
    page.shell(course.title.clone()).invalid_if(!errors.is_empty()).show(&body)
}

async fn facts(
    app: &App,
    version: &Version,
    edition: Option<&str>,
    person: &Person,
) -> Result<SummaryList, Problem> {
    let at = |at: Instant| format::day_and_time(at, &person.zone);
    let by = match version.uploaded_by {
        Some(by) => name_of(&app.db, by, person.now).await?,
        None => words::OPERATOR.to_owned(),
    };
    let mut facts = SummaryList::new()
        .row("State", words::state(version.state))
        .row("Standard", words::standard(version.standard()));
    if let Some(edition) = edition {
        facts = facts.row("Edition, as it says", edition.to_owned());
    }
    facts = facts
        .row("File", format!("{}, {}", version.file_name, words::size(version.size)))
        .row("Uploaded", words::at_by(&at(version.uploaded_at), &by));
    if let Some(published) = version.published_at {
        facts = facts.row("Published", at(published));
    }
    if let Some(retired) = version.retired_at.filter(|_| version.state == VersionState::Retired) {
        facts = facts.row("Retired", at(retired));
    }
    Ok(facts)
}

async fn tested(
    State(app): State<App>,
    page: Page,
    person: Person,
    PathIds(course, id): PathIds,
    form: Form,
) -> Result<Response, Problem> {
    let (permit, course, version) = opened_version(&app, &person, (course, id)).await?;
    let typed = form.get("tested");
    let new = NewVersion { code: course.code.clone(), tested_on: typed.to_owned(), ..NewVersion::default() };
    match new.fit() {
        Ok(new) => {
            service::tested(&app, &permit, id, new.tested_on, origin(&page)).await?;
            Ok(see_other(&format!("{}?done=kept", version_place(course.id, id))))
        }
        Err(unfit) => {
            let errors = FieldErrors::one(field(unfit), unfit.to_string());
            version_view(&app, &page, &person, (&course, &version), Some(typed), &errors).await
        }
    }
}

async fn publish(
    State(app): State<App>,
    page: Page,
    person: Person,
    PathIds(course, id): PathIds,
    _: Form,
) -> Result<Response, Problem> {
    let (permit, course, _) = opened_version(&app, &person, (course, id)).await?;
    service::publish(&app, &permit, id, origin(&page)).await?;
    Ok(see_other(&format!("{}?done=published", version_place(course.id, id))))
}

async fn retire(
    State(app): State<App>,
    page: Page,
    person: Person,
    PathIds(course, id): PathIds,
    _: Form,
) -> Result<Response, Problem> {
    let (permit, course, _) = opened_version(&app, &person, (course, id)).await?;
    service::retire(&app, &permit, id, origin(&page)).await?;
    Ok(see_other(&format!("{}?done=retired", version_place(course.id, id))))
}
