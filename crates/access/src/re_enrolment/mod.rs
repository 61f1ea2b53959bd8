//! Re-enrolment: somebody has lost all their second factors. The service desk has them taken off; their holder is told at once,
//! and can stop it for a while.

mod jobs;
mod service;
pub(crate) mod sql;

pub(crate) use jobs::handler;
pub(crate) use service::stop;
pub use service::{AskError, Asked, StopError, agree, ask};
