//! The portal page: what somebody sees when they have logged in. It meets every room, so it lives here.

use askama::Template;
use axum::{extract::State, response::Response};
use payslips::Newest;
use records::{Learning, LocalLink};
use store::Db;
use web::{
    Audience, Page, Person, Problem, Route, format,
    ui::{Button, InsetText},
};

/// Where e-learning is: on this portal, unless an employer's is elsewhere.
const LEARNER_HOMEPAGE: &str = "/e-learning";

pub(crate) fn routes(db: &Db) -> Vec<Route> {
    vec![Route::get("/portal", Audience::Staff, show, db.clone()).in_menu("Portal")]
}

#[derive(Template)]
#[template(path = "portal.html")]
struct PortalView<'v> {
    name: &'v str,
    last_log_in: Option<String>,
    changes: usize,
    message: Option<InsetText>,
    payslips: Vec<Newest>,
    learning: LearningView,
    links: Vec<&'v LocalLink>,
}

struct LearningView {
    message: InsetText,
    homepage: Button,
}

/// P4.
async fn show(State(db): State<Db>, page: Page, person: Person) -> Result<Response, Problem> {
    let holder = records::holder_of(&person)?;
    let mut reader = db.read().await?;
    let changes = records::open_holds(&mut reader.tx(), person.staff_record, person.now).await?.len();
    let today = person.now.day_in(&person.zone);
    let payslips = payslips::newest(&mut reader.tx(), person.staff_record, today).await?;
    drop(reader);
    let settings = &holder.employer.settings;
    let is_for = |link: &&LocalLink| link.only_for.is_none_or(|role| holder.roles.contains(&role));
    let last_log_in = person
        .last_log_in
        .as_ref()
        .map(|(at, device)| format!("{}, {device}", format::day_and_time(*at, &person.zone)));
    let body = PortalView {
        name: &person.name,
        last_log_in,
        changes,
        payslips,
        learning: learning(settings.learning.clone()),
        message: settings.message.clone().map(InsetText::new),
        links: settings.local_links.iter().filter(is_for).collect(),
    };
    page.shell("Portal").show(&body)
}

/// The employer's own message, where it has one; the guide's words where not.
fn learning(elsewhere: Option<Learning>) -> LearningView {
    let (message, homepage) = match elsewhere {
        Some(Learning { message, homepage }) => (message, homepage),
        None => (learning::ADVICE.to_owned(), LEARNER_HOMEPAGE.to_owned()),
    };
    LearningView { message: InsetText::new(message), homepage: Button::link("Learner Homepage", homepage) }
}
