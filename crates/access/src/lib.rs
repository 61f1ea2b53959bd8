//! Access: accounts and every way into them.
//!
//! It knows `records` (whose account it is, at which employer, under which policies), and below that `mail`, `audit`, `web` and
//! `store`. The other rooms do not know it: they see a [`web::Person`], which its [`web::Front`] finds by a session's cookie.
//!
//! By word: [`log_in`] and its [`lock`], [`sessions`], [`recovery`] (`/forgotten` and the mailed link), [`internet_access`],
//! [`passwords`] and the [`hasher`], [`smartcard`], second [`factors`] and their [`re_enrolment`], [`confirm`], kept forms, `My account`, the
//! personal address and the leavers' door, [`mod@why`] for the service desk.
//!
//! To add a page: its route in the `pages.rs` of its word, one use case in `service.rs`, its statements in `sql.rs`, its
//! sentences in a template; then its line in the table of routes and callers in the program's tests.

mod account;
mod app;
mod browser;
pub mod confirm;
mod door;
pub mod factors;
pub mod hasher;
pub mod internet_access;
mod kept_forms;
mod leavers;
pub mod lock;
pub mod log_in;
mod mails;
mod my_account;
pub mod passwords;
mod personal_address;
pub mod re_enrolment;
pub mod recovery;
mod reset_password;
pub mod service_desk;
pub mod sessions;
mod settings;
pub mod smartcard;
mod sweep;
mod tickets;
mod unlock;
mod why;
mod words;

pub use account::NewPassword;
pub use app::{App, Beside, EmployersSeen, Inner, Trace};
pub use door::Door;
pub use mails::composers;
pub use reset_password::{Present, ResetError, reset_password};
pub use settings::{Settings, SettingsError};
pub use sweep::sweep;
pub use unlock::{UnlockError, unlock};
pub use why::{Reason, Remedy, Why, explain, why};
pub use words::status as status_words;

/// The pages of this room.
#[must_use]
pub fn routes(app: &App) -> Vec<web::Route> {
    [
        log_in::pages::routes(app),
        smartcard::pages::routes(app),
        factors::pages::routes(app),
        recovery::pages::routes(app),
        sessions::pages::routes(app),
        kept_forms::pages::routes(app),
        confirm::pages::routes(app),
        internet_access::pages::routes(app),
        internet_access::hr_pages::routes(app),
        my_account::pages::routes(app),
        personal_address::pages::routes(app),
        leavers::routes(app),
        service_desk::pages::routes(app),
    ]
    .concat()
}

/// The jobs of this room.
#[must_use]
pub fn handlers(app: &App) -> Vec<store::jobs::Handler> {
    vec![recovery::handler(app.clone()), re_enrolment::handler(app.clone())]
}
