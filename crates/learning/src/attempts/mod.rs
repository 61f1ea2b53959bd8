//! Attempts: somebody's way through a course, in launches whose commits are stored once each, and what follows from them.

mod commit;
mod fold;
pub mod model;
mod repair;
mod service;
pub(crate) mod sql;

pub(crate) use commit::{Answer, MOST_BYTES, Refusal, commit};
pub use fold::{Progress, Said};
pub use model::{Attempt, Completion, ItemProgress, OpenLaunch, Source, Standing, Status, Verdict};
pub(crate) use repair::{handlers, nightly};
pub(crate) use service::{COMMIT_MINUTES, Loaded, READ_MINUTES, begin};
pub use service::{
    LaunchError, Launched, StartError, attempt, completion, completion_by_code, completions, find, items,
    launch, of_person, open_launches, start_or_resume,
};
