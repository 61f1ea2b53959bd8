//! Learner Homepage: what somebody is on, what of it has not arrived, what they have done, and what there is to find; the page of an
//! attempt, and the page that the player stands in.
//!
//! No page here takes a person's id: whatever is asked for is looked for among what is theirs, or their employer's.

mod attempt;
mod model;
pub(crate) mod pages;
mod service;
mod sql;
