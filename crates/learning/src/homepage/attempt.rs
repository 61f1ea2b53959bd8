//! The page of an attempt, and the page that the player stands in.

use askama::{Template, filters::HtmlSafe};
use axum::{extract::State, response::Response};
use scorm::{Item, Manifest};
use uuid::Uuid;
use web::{
    Audience, Page, PathId, Person, Problem, Route, format,
    ui::{BackLink, Button, Content, InsetText, SummaryList, Tag, WarningCallout},
};

use super::{model::is_phone, service, sql};
use crate::{App, words};

pub(super) fn routes(app: &App) -> Vec<Route> {
    vec![Route::get("/e-learning/attempts/{id}", Audience::Staff, show, app.clone())]
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

/// A part of a course, with the parts below it.
#[derive(Template)]
#[template(path = "attempt_parts.html")]
struct Parts {
    parts: Vec<(String, Option<Tag>, Option<Parts>)>,
}

impl HtmlSafe for Parts {}

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
        status: words::status(&own.status),
        facts: facts(&own, &person),
        completion: own.completion,
        ended: own.ended_at.map(|_| InsetText::new(words::ENDED)),
        button: own.ended_at.is_none().then(|| Button::submit(words::open(&own.status, own.launches))),
        again: own.completion.map(|_| Button::submit("Do the course once more").secondary()),
        parts: parts(&manifest, &items),
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

/// The parts of a course, where it has several.
fn parts(manifest: &Manifest, items: &[(String, String)]) -> Option<Parts> {
    let parts = below(&manifest.root, items)?;
    let only = parts.parts.len() == 1 && parts.parts.iter().all(|(_, _, below)| below.is_none());
    (!only).then_some(parts)
}

fn below(item: &Item, items: &[(String, String)]) -> Option<Parts> {
    let visible = item.children.iter().filter(|child| child.visible);
    let parts: Vec<_> = visible
        .map(|child| {
            let status = items.iter().find(|(id, _)| *id == child.identifier);
            let status = status.map_or("", |(_, status)| status.as_str());
            let tag = child.launch.as_ref().map(|_| words::status(status));
            (child.title.clone(), tag, below(child, items))
        })
        .collect();
    (!parts.is_empty()).then_some(Parts { parts })
}
