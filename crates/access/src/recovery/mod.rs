//! Getting back in: a request at `/forgotten`, the mail with its links, and the page behind a link.

mod jobs;
mod link;
mod model;
pub(crate) mod pages;
mod service;
pub(crate) mod sql;

pub(crate) use jobs::{handler, has_had_enough};
pub(crate) use link::compose;
pub use link::{LinkError, LinkState, Used, UsedBy, look_at, set_password, unlock};
pub use model::Outcome;
pub(crate) use model::may_be_mailed;
pub(crate) use pages::day_typed;
pub use service::{Request, RequestError, request};
