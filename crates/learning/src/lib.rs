//! e-Learning: courses, which are packages of SCORM 1.2 and 2004; how somebody gets through one, and that it counts.
//!
//! This room knows `records` and all below it, and not `access`: it sees a `web::Person`. Its words:
//!
//! - a *course* is what an employer teaches; its *versions* are packages, each as it was uploaded, published and retired;
//! - an *attempt* is one person's way through one version; an *item* is a part of it;
//! - a *launch* is one opening of an attempt in one place, with tokens that reach this attempt and nothing else: one that reads and commits,
//!   one that only commits;
//! - a *commit* is what a course has said during a launch, by a number that the launch counts; each is stored once and answered when it is;
//! - a *completion* is that somebody has done a course. It is written once and never changed.
//!
//! Course content is untrusted: it is served from host names of its own, where no cookie of the portal ever goes.

mod app;
pub mod attempts;
mod certificates;
pub mod content;
pub mod courses;
mod homepage;
mod parts;
mod pc_checker;
mod settings;
mod words;

pub use app::{App, Awake};
pub use certificates::Code;
pub use pc_checker::last_check;
pub use pdf::Printer;
pub use settings::Settings;
pub use words::ADVICE;

/// The pages of this room.
#[must_use]
pub fn routes(app: &App) -> Vec<web::Route> {
    [
        homepage::pages::routes(app),
        certificates::pages::routes(app),
        pc_checker::pages::routes(app),
        courses::pages::routes(app),
    ]
    .concat()
}

/// The jobs of this room.
#[must_use]
pub fn handlers(app: &App) -> Vec<store::jobs::Handler> {
    [courses::handlers(app), attempts::handlers(app)].concat()
}

/// Queues what is done once a night, if it is due. Asked every few minutes.
///
/// # Errors
/// What the database says.
pub async fn keep_up(app: &App) -> store::Result<()> {
    attempts::nightly(app).await
}
