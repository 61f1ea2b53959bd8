//! Logging in by username and password.

mod model;
pub(crate) mod pages;
mod service;
pub(crate) mod sql;

pub use model::Outcome;
pub use service::{Attempt, LogInError, LoggedIn, NotFromHere, log_in};
pub(crate) use service::{hold_address, is_inside, make_known};
