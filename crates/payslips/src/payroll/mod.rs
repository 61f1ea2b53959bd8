//! The pages of payroll: runs are uploaded, looked at, published and withdrawn here.

mod documents;
mod pages;
mod publish;
mod view;
mod when;
mod words;

use web::{Audience, Route};

use crate::App;

/// Pages of payroll.
const PAYROLL: Audience = Audience::Role(records::Role::Payroll.as_str());
/// What publishes and withdraws asks for a proof that is not older, in minutes.
const RECENT_MINUTES: i64 = 5;

pub(crate) fn routes(app: &App) -> Vec<Route> {
    [pages::routes(app), publish::routes(app), documents::routes(app)].concat()
}
