//! Sessions: who is logged in, where, until when. They live in the database and can be ended from anywhere.

mod front;
mod model;
pub(crate) mod pages;
mod service;
pub(crate) mod sql;

pub(crate) use model::{Completed, NewSession};
pub use model::{EndedBy, Session, Step};
pub use service::{EndError, end_one, end_others, keep_awake, log_out};
