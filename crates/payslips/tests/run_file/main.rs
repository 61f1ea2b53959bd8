//! Run files, read and checked.

#![expect(clippy::unwrap_used, reason = "a test that goes wrong here has failed")]

mod checking;
mod forms;
mod previous;
mod round_trip;
mod world;
