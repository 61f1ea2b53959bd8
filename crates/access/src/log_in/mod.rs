//! Logging in by username and password, and what every way in has in common.

mod arrival;
mod model;
pub(crate) mod pages;
mod service;
pub(crate) mod sql;

pub use arrival::LoggedIn;
pub(crate) use arrival::{Arrival, Completion, complete, let_in, make_known};
pub use model::Outcome;
pub use service::{Attempt, LogInError, NotFromHere, log_in};
pub(crate) use service::{hold_address, is_inside, made_of};
