//! Logging in by username and password.

mod model;
pub(crate) mod pages;
mod service;
pub(crate) mod sql;

pub use model::Outcome;
pub(crate) use service::make_known;
pub use service::{Attempt, LogInError, LoggedIn, NotFromHere, log_in};
