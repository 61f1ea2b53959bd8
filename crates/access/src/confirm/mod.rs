//! Confirming oneself again: the password once more, before something that a stranger at an unlocked screen must not do.

pub(crate) mod pages;
mod service;

pub use service::{ProofError, confirm};
pub(crate) use service::{prove_password, still_proven};
