//! The page of an attempt, and the page that the player stands in.

use askama::{Template, filters::HtmlSafe};
use axum::{extract::State, response::Response};
use records::{holder_of, origin};
use scorm::Manifest;
use uuid::Uuid;
use web::{
    Audience, Form, Page, PathId, Person, Problem, Route, format, see_other,
    ui::{BackLink, Button, Content, InsetText, SummaryList, Tag, WarningCallout},
};

use super::{model::is_phone, service, sql};
use crate::{
    App,
    attempts::{self, LaunchError, Launched},
    parts::Parts,
    words,
};

pub(super) fn routes(app: &App) -> Vec<Route> {
    vec![
        Route::post("/e-learning/courses/{id}/start", Audience::Staff, start, app.clone()).not_kept(),
        Route::get("/e-learning/attempts/{id}", Audience::Staff, show, app.clone()),
        Route::post("/e-learning/attempts/{id}/launch", Audience::Staff, launch, app.clone()).not_kept(),
    ]
}

pub(super) fn place(id: Uuid) -> String {
    format!("/e-learning/attempts/{id}")
}

pub(super) fn back() -> BackLink {
    BackLink::new("/e-learning").text("Learner Homepage")
}

#[derive(Template)]
#[template(path = "attempt.html")]
struct AttemptView<'v> {
    page: &'v Page,
    back: BackLink,
    id: Uuid,
    course: Uuid,
    title: &'v str,
    description: &'v str,
    advice: Option<WarningCallout>,
    status: Tag,
    facts: SummaryList,
    /// Where a certificate of it is.
    completion: Option<Uuid>,
    /// Why it is not opened any more.
    ended: Option<InsetText>,
    button: Option<Button>,
    /// Where it was done: to do it once more.
    again: Option<Button>,
    parts: Option<Parts>,
}

#[derive(Template)]
#[template(
    source = "{% for line in self.0 %}<p>{{ line }}</p>{% endfor %}<p>You can go on all the same.</p>",
    ext = "html"
)]
struct Advice(&'static [&'static str]);

impl HtmlSafe for Advice {}

async fn show(
    State(app): State<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
) -> Result<Response, Problem> {
    let found = service::attempt(&app, person.staff_record, id).await?;
    let (own, items) = found.ok_or(Problem::NotFound)?;
    let manifest: Manifest = serde_json::from_str(&own.manifest).map_err(Problem::broken)?;
    let warned = is_phone(page.device()) && own.told_at.is_none();
    if warned {
        service::told(&app, person.staff_record, person.now).await?;
    }
    let body = AttemptView {
        page: &page,
        back: back(),
        id,
        course: own.course_id,
        title: &own.title,
        description: &own.description,
        advice: warned.then(|| {
            let advice = Content::html(Advice(&words::PHONE_ADVICE));
            WarningCallout::new("You are on a phone", advice).level(2)
        }),
        status: words::status(own.status),
        facts: facts(&own, &person),
        completion: own.completion,
        ended: own.ended_at.map(|_| InsetText::new(words::ENDED)),
        button: own.ended_at.is_none().then(|| Button::submit(words::open(own.status, own.launches))),
        again: own.completion.map(|_| Button::submit("Do the course once more").secondary()),
        parts: Parts::of(&manifest, Some(&items)),
    };
    page.shell(own.title.clone()).show(&body)
}

fn facts(own: &sql::Own, person: &Person) -> SummaryList {
    let mut facts = SummaryList::new();
    if own.launches > 0 {
        facts = facts.row("Last opened", format::day_and_time(own.touched_at, &person.zone));
    }
    if own.seconds >= 60 {
        facts = facts.row("Time so far", format::minutes(own.seconds / 60));
    }
    if let Some(score) = own.score {
        facts = facts.row("Score", words::percent(score));
    }
    if let Some(minutes) = own.minutes {
        facts = facts.row("It takes about", format::minutes(minutes));
    }
    if !own.tested_on.is_empty() {
        facts = facts.row("Tested on", own.tested_on.clone());
    }
    facts
}

/// Somebody begins a course, or goes on with it.
async fn start(
    State(app): State<App>,
    page: Page,
    person: Person,
    PathId(course): PathId,
    _: Form,
) -> Result<Response, Problem> {
    let id = attempts::start_or_resume(&app, holder_of(&person)?, course, origin(&page)).await?;
    Ok(see_other(&place(id)))
}

#[derive(Template)]
#[template(path = "player.html")]
struct PlayerView {
    back: BackLink,
    title: String,
    launched: Launched,
    script: &'static str,
}

/// Opens an attempt: the page with the player in it. The token in it is shown this once; where the page is loaded again, it is another
/// launch.
async fn launch(
    State(app): State<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
    _: Form,
) -> Result<Response, Problem> {
    let title = service::title(&app, person.staff_record, id).await?.ok_or(Problem::NotFound)?;
    let holder = holder_of(&person)?;
    match attempts::launch(&app, holder, id, person.session, page.device()).await {
        Ok(launched) => {
            let script = web::assets::PLAYER_PAGE;
            page.shell(title.clone()).show(&PlayerView { back: back(), title, launched, script })
        }
        Err(LaunchError::NotFound) => Err(Problem::NotFound),
        // Its page says so.
        Err(LaunchError::Ended) => Ok(see_other(&place(id))),
        Err(LaunchError::TooMany(until)) => {
            let until = format::day_and_time(until.plus_minutes(1), &person.zone);
            Err(Problem::refused(words::OPENED_OFTEN, words::opened_often(&until)))
        }
        Err(LaunchError::NotSetUp) => Err(Problem::refused(words::NOT_SET_UP.0, words::NOT_SET_UP.1)),
        Err(LaunchError::Store(error)) => Err(error.into()),
    }
}
