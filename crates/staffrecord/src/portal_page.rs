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
    learning: Option<LearningView>,
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
        learning: settings.learning.clone().map(learning),
        message: settings.message.clone().map(InsetText::new),
        links: settings.local_links.iter().filter(is_for).collect(),
    };
    page.shell("Portal").show(&body)
}

fn learning(learning: Learning) -> LearningView {
    LearningView {
        message: InsetText::new(learning.message),
        homepage: Button::link("Learner Homepage", learning.homepage),
    }
}
