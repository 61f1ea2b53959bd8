//! Kept forms: what somebody sent after their session had ended. Kept encrypted for half an hour, without passwords, and
//! offered to the same account after it has logged in again.

pub(crate) mod pages;
mod service;
mod sql;

pub(crate) use service::{discard, keep};
