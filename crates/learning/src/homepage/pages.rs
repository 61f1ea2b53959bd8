use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use store::Instant;
use uuid::Uuid;
use web::{
    Audience, FieldErrors, Page, Person, Problem, Route, format,
    ui::{Button, ErrorSummary, NotificationBanner, Tag, TextInput},
};

use super::{
    attempt,
    model::Sought,
    service::{self, DAYS, Place},
    sql,
};
use crate::{App, attempts::Status, words};

pub(crate) fn routes(app: &App) -> Vec<Route> {
    let pages = vec![Route::get("/e-learning", Audience::Staff, show, app.clone()).in_menu("e-Learning")];
    [pages, attempt::routes(app)].concat()
}

/// The part of the page where courses are found.
const FIND: &str = "find";

#[derive(Template)]
#[template(path = "homepage.html")]
struct HomepageView<'v> {
    page: &'v Page,
    done: Option<NotificationBanner>,
    errors: ErrorSummary,
    not_saved: Vec<NotSavedView>,
    going: Vec<GoingView>,
    have_done: Vec<DoneView>,
    earlier: Option<String>,
    /// Whether this is not the newest of what they have done.
    is_earlier: bool,
    search: TextInput,
    button: Button,
    /// What was looked for; empty where all are shown.
    sought: String,
    found: Vec<CourseView>,
    more: Option<String>,
    is_more: bool,
}

struct NotSavedView {
    launch: Uuid,
    attempt: Uuid,
    title: String,
    says: String,
}

struct GoingView {
    id: Uuid,
    title: String,
    says: String,
    status: Tag,
    button: Button,
}

struct DoneView {
    id: Uuid,
    attempt: Uuid,
    title: String,
    says: String,
    status: Tag,
}

struct CourseView {
    title: String,
    minutes: Option<String>,
    description: String,
    button: Button,
}

async fn show(State(app): State<App>, page: Page, person: Person) -> Result<Response, Problem> {
    let typed = page.query("q").trim().to_owned();
    let mut errors = FieldErrors::none();
    let sought = Sought::parse(&typed);
    if sought.is_none() {
        errors.add("q", words::SEARCH_TOO_LONG);
    }
    let before = page.query("before");
    let before = before
        .split_once('.')
        .and_then(|(at, id)| Some((Instant::of_microseconds(at.parse().ok()?)?, id.parse().ok()?)));
    let place = Place { sought: sought.unwrap_or_default(), after: page.query("after").parse().ok(), before };
    let whose = (person.staff_record, person.employer);
    let found = service::homepage(&app, whose, &place, person.now).await?;
    let earlier = found.done.last().filter(|_| found.more_done);
    let earlier = earlier
        .map(|last| format!("/e-learning?before={}.{}#done", last.completed_at.microseconds(), last.id));
    let more = found.found.last().filter(|_| found.more_found);
    let more = more.map(|last| {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("q", &typed)
            .append_pair("after", &last.id.to_string())
            .finish();
        format!("/e-learning?{query}#{FIND}")
    });
    let body = HomepageView {
        page: &page,
        done: (page.query("done") == "left").then(|| NotificationBanner::important(words::LEFT)),
        errors: errors.summary(),
        not_saved: found.not_saved.into_iter().map(|launch| not_saved(launch, &person)).collect(),
        going: found.going.into_iter().map(|attempt| going(attempt, &person)).collect(),
        have_done: found.done.into_iter().map(|done| have_done(done, &person)).collect(),
        earlier,
        is_earlier: before.is_some(),
        search: TextInput::new("q", "Words of its title or description")
            .value(&typed)
            .error(errors.at("q"))
            .autocomplete("off"),
        button: Button::submit("Find").secondary().repeatable(),
        sought: typed,
        found: found.found.into_iter().map(course).collect(),
        more,
        is_more: place.after.is_some(),
    };
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    page.shell("Learner Homepage").invalid_if(!errors.is_empty()).status(status).show(&body)
}

fn not_saved(launch: sql::NotSaved, person: &Person) -> NotSavedView {
    let at = |at: Instant| format::day_and_time(at, &person.zone);
    let until = launch.created_at.plus_minutes(DAYS * 24 * 60);
    NotSavedView {
        says: words::not_saved(
            &launch.device,
            &at(launch.created_at),
            launch.saved_at.map(at).as_deref(),
            &format::day(until.day_in(&person.zone)),
        ),
        launch: launch.id,
        attempt: launch.attempt_id,
        title: launch.title,
    }
}

fn going(attempt: sql::Going, person: &Person) -> GoingView {
    let touched = format::day_and_time(attempt.touched_at, &person.zone);
    let text = if attempt.status == Status::NotAttempted { "Start" } else { "Resume" };
    GoingView {
        id: attempt.id,
        says: words::so_far(&touched, attempt.seconds, attempt.score),
        status: words::status(attempt.status),
        button: Button::link(text, attempt::place(attempt.id))
            .about(attempt.title.clone())
            .secondary()
            .small(),
        title: attempt.title,
    }
}

fn have_done(done: sql::Done, person: &Person) -> DoneView {
    DoneView {
        id: done.id,
        attempt: done.attempt_id,
        says: words::done(done.completed_at.day_in(&person.zone), done.score, done.seconds),
        status: words::status(done.status),
        title: done.title,
    }
}

fn course(course: sql::Course) -> CourseView {
    CourseView {
        button: Button::submit("Start")
            .about(course.title.clone())
            .action(format!("/e-learning/courses/{}/start", course.id))
            .secondary()
            .small(),
        title: course.title,
        minutes: course.minutes.map(format::minutes),
        description: course.description,
    }
}
