//! Staff files that HR uploads: the file is a row and its bytes in pieces; it is checked and applied by jobs, never in a request; what
//! is applied is what was seen. A day later nothing is left of it but that it was there.

mod jobs;
mod model;
pub(crate) mod pages;
mod service;
mod sql;

pub(super) use jobs::Ending;
pub(crate) use jobs::handlers;
pub use model::{Found, Preview, Shown, State, Upload};
pub(crate) use service::waits_for_second;
pub use service::{
    AgreeError, Agreed, DiscardError, MOST_WAITING, ReceiveError, agree, discard, found, receive, recent,
    upload,
};
